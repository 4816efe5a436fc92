"""Where a round stands: what a unit's task waits for, and the table that people see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dinhky.domain.assignment import Assignment, Rates, State, rates
from dinhky.domain.plan import Plan
from dinhky.domain.schedule import Round, year_of
from dinhky.rounds.lookup import round_of
from dinhky.rounds.ports import Office


class Outcome(StrEnum):
    """What has become of a unit's part, as its task in the run shows it."""

    WAITING = "waiting"
    ANSWERED = "answered"
    WAIVED = "waived"
    MISSING = "missing"
    """The round locked without it."""


def outcome(office: Office, round_id: str, unit: str, now: datetime) -> Outcome:
    """What a unit's task should show at `now`. Raises LookupError if nothing is asked of the unit in that round."""
    _, round_ = round_of(office, round_id)
    with office.ledger.snapshot() as ledger:
        assignment = ledger.assignment(round_id, unit)
    if assignment is None:
        raise LookupError(f"{unit} has no part in {round_id}")
    if assignment.state is State.WAIVED:
        return Outcome.WAIVED
    if assignment.answered:
        return Outcome.ANSWERED
    return Outcome.MISSING if round_.is_over(now) else Outcome.WAITING


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
