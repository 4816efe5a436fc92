"""Lets Airflow show unreadable plan files, with their lines, as import errors of this file; good plans' DAGs stay."""

from dinhky import bootstrap
from dinhky.orchestration.texts import plan_problems


class UnreadablePlans(Exception):
    """One or more plan files cannot be used; the text lists every problem with file and line."""


if problems := plan_problems(bootstrap.plans()[1]):
    raise UnreadablePlans(problems)
