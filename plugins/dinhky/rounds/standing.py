"""Where a round stands: what a unit's task waits for, and the table that people see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dinhky.domain.assignment import Assignment, Rates, State, rates
from dinhky.domain.errors import Problem
from dinhky.domain.plan import Plan
from dinhky.domain.schedule import Round, year_of
from dinhky.rounds.asking import is_invitation
from dinhky.rounds.lookup import round_of
from dinhky.rounds.ports import Office


class Outcome(StrEnum):
    """What has become of a unit's part, as its task in the run shows it."""

    WAITING = "waiting"
    ANSWERED = "answered"
    WAIVED = "waived"
    MISSING = "missing"
    """The round locked without it, and so did what longer it was given."""
    HISTORY = "history"
    """The round was past its lock when it was opened: nobody was asked."""
    DECLINED = "declined"
    """It was invited and did not take part."""


def outcome(office: Office, round_id: str, unit: str, now: datetime) -> Outcome:
    """What a unit's task should show at `now`. Raises LookupError if nothing is asked of the unit in that round."""
    with office.ledger.snapshot() as ledger:
        assignment = ledger.assignment(round_id, unit)
        is_history = ledger.is_history(round_id)
    if assignment is None:
        raise LookupError(f"{unit} has no part in {round_id}")
    if assignment.state is State.WAIVED:
        return Outcome.WAIVED
    if assignment.answered:
        return Outcome.ANSWERED
    if is_history:
        return Outcome.HISTORY
    _, round_ = round_of(office, round_id)
    if assignment.is_awaited(round_.locks, now):
        return Outcome.WAITING
    return Outcome.DECLINED if is_invitation(round_) and assignment.state is State.OPEN else Outcome.MISSING


def is_owed_something(office: Office, round_id: str, now: datetime) -> bool:
    """Whether a unit has not done its part, whenever it was asked, and may still do it."""
    _, round_ = round_of(office, round_id)
    with office.ledger.snapshot() as ledger:
        return any(one.is_awaited(round_.locks, now) for one in ledger.assignments(round_id))


def why_waived(office: Office, round_id: str, unit: str) -> str:
    """The reason for which nothing is expected of a unit; empty if something is."""
    with office.ledger.snapshot() as ledger:
        assignment = ledger.assignment(round_id, unit)
    return (assignment.reason or "") if assignment and assignment.state is State.WAIVED else ""


def why_idle(office: Office, round_id: str) -> Problem | None:
    """Why nothing is to be done for a round any more: it is not held, or is history; None for any other."""
    planned = office.rounds.get(round_id)
    with office.ledger.snapshot() as ledger:
        opened = ledger.opened_round(round_id)
    cancelled = planned.cancelled if planned else opened.cancelled if opened else ""
    if cancelled:
        return Problem("round_not_held", params={"reason": cancelled})
    return Problem("round_is_history") if opened and opened.is_history else None


@dataclass(frozen=True)
class Standing:
    """A round at a moment: its assignments and rates. `opened` is False while it is still to come."""

    plan: Plan
    round: Round
    opened: bool
    assignments: tuple[Assignment, ...]
    rates: Rates


def standings(office: Office, plan: Plan) -> list[Standing]:
    """Every round of the plan's year with what the ledger knows of it, by due date."""
    with office.ledger.snapshot() as ledger:
        found = []
        for round_ in year_of(plan, office.calendar):
            opened = ledger.round_is_open(round_.id)
            assignments = tuple(ledger.assignments(round_.id)) if opened else ()
            found.append(Standing(plan, round_, opened, assignments, rates(assignments)))
        return found
