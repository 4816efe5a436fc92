"""Shows unreadable plan files as import errors of this file, with their lines; the good plans' DAGs are not touched."""

from dinhky import bootstrap
from dinhky.orchestration.texts import plan_problems


class UnreadablePlans(Exception):
    """One or more plan files cannot be used; the text lists every problem with file and line."""


if problems := plan_problems(bootstrap.plans()[1]):
    raise UnreadablePlans(problems)
