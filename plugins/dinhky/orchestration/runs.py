"""From a DAG run to the round it plays, and from a refusal to the red task that says why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from dinhky import bootstrap
from dinhky.domain.errors import DinhKyError, UnknownName
from dinhky.domain.local_time import local
from dinhky.domain.plan import Obligation, Plan
from dinhky.domain.schedule import rounds_of
from dinhky.orchestration.texts import label
from dinhky.rounds.opening import open_round
from dinhky.rounds.standing import why_idle
from dinhky.rounds.standing_duties import carrying_report


def this_round(plan: Plan, obligation: Obligation) -> tuple[str, datetime]:
    """The id of the round that the current run plays, and the office time now (UTC).

    The run's data interval is the round's window. A run triggered through the API without one plays the round that is
    open now. Raises UnknownName if there is none.
    """
    context = get_current_context()
    now = bootstrap.settings().clock.now()
    rounds = rounds_of(plan, obligation, bootstrap.calendar_of())
    window_start = context["dag_run"].data_interval_start
    if window_start is not None:
        day = local(window_start).date()
        found = [round_ for round_ in rounds if round_.window.start == day]
    else:
        found = [round_ for round_ in rounds if round_.opens <= now and not round_.is_over(now)]
    if not found:
        raise UnknownName(
            "run_without_round", run=context["dag_run"].run_id, expected=[round_.period.label for round_ in rounds]
        )
    return found[0].id, now


def held_round(plan: Plan, obligation: Obligation) -> tuple[str, datetime]:
    """The same as `this_round`, for the steps that follow the units': skips the task, with the reason, where the round
    is not held or is history."""
    try:
        round_id, now = this_round(plan, obligation)
    except UnknownName:
        round_id, now = this_round(plan, replace(obligation, since=None, until=None))
        if not why_idle(bootstrap.office(), round_id):
            raise
    if problem := why_idle(bootstrap.office(), round_id):
        raise AirflowSkipException(bootstrap.words_of().sentence(problem))
    return round_id, now


def this_standing_period(plan: Plan) -> tuple[str, datetime]:
    """The label of the period that a run of a standing duty looks at, and the office time now (UTC).

    Raises UnknownName if it looks at none. Skips the task, with the reason, where nobody was asked in that period.
    """
    report = carrying_report(plan)
    if report is None:
        raise UnknownName("run_without_round", run=get_current_context()["dag_run"].run_id, expected=[])
    round_id, now = held_round(plan, report)
    with bootstrap.office().ledger.snapshot() as ledger:
        if not ledger.round_is_open(round_id):  # the service was set up after that
            raise AirflowSkipException(label("standing_not_asked"))
    return round_id.rpartition("/")[2], now


def opened_units(plan: Plan, obligation: Obligation) -> list[dict[str, str]]:
    """Open the round that the current run plays; for each unit asked, what its task needs to know."""
    with explained():
        round_id, now = this_round(plan, obligation)
        units = open_round(bootstrap.office(), round_id, now)
    return [{"round_id": round_id, "unit": unit.code, "unit_name": unit.name} for unit in units]


@contextmanager
def explained() -> Iterator[None]:
    """Fail the task at once, without retries, with our error as a sentence for the operator."""
    try:
        yield
    except DinhKyError as error:
        raise AirflowFailException(bootstrap.words_of().explain(error)) from error
