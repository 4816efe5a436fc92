"""What is late at this moment: past its units' due date, still asked for, still owed. For one look of the operator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from dinhky.domain.errors import UnknownName
from dinhky.domain.local_time import local
from dinhky.domain.plan import Plan
from dinhky.domain.schedule import Round
from dinhky.rounds.asking import extended, is_invitation
from dinhky.rounds.contest_answers import takes_until
from dinhky.rounds.lookup import round_of
from dinhky.rounds.ports import Office

LONGEST_WAIT = timedelta(days=120)
"""How long after its lock a round may still wait for somebody: a contest's phase does until the contest is over."""


@dataclass(frozen=True)
class OverdueRound:
    """A round with the names of the units that still owe their part, and by how many working days.

    `extended` says until when those were given longer to whom an officer gave it, by name.
    """

    plan: Plan
    round: Round
    units: tuple[str, ...]
    working_days: int
    extended: Mapping[str, datetime]


def overdue(office: Office, now: datetime) -> list[OverdueRound]:
    """Every round of every plan that is overdue at `now`, the longest overdue first."""
    return sorted(_overdue(office, now), key=lambda late: (late.round.unit_due, late.round.id))


def _overdue(office: Office, now: datetime) -> Iterator[OverdueRound]:
    with office.ledger.snapshot() as ledger:
        waiting = ledger.waiting(not_over_before=now - LONGEST_WAIT)
    for round_id, parts in groupby(waiting, key=lambda assignment: assignment.round_id):
        try:
            plan, round_ = round_of(office, round_id)
        except UnknownName:
            continue  # its plan is unreadable just now
        awaited = [part for part in parts if part.is_awaited(takes_until(office, round_), now)]
        if awaited and round_.unit_due < now and not round_.cancelled and not is_invitation(round_):
            days = office.calendar.working_days_after(local(round_.unit_due).date(), local(now).date())
            names = tuple(part.unit_name for part in awaited)
            yield OverdueRound(plan, round_, names, days, extended(awaited, round_))
