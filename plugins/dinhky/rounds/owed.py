"""What a plan asks of one unit now, most urgent first, and what it asked before: the unit's own affairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dinhky.domain.assignment import NIL_IS_AN_ANSWER, Assignment, State
from dinhky.domain.local_time import local
from dinhky.domain.plan import Kind, Plan
from dinhky.domain.posts import Tally, ToldPost, told_by
from dinhky.domain.schedule import Round
from dinhky.rounds.asking import is_invitation
from dinhky.rounds.contest_answers import takes_until
from dinhky.rounds.kept_rounds import OpenedRound
from dinhky.rounds.ports import LedgerTransaction, Office
from dinhky.rounds.posting import tally_of

SOON_WORKING_DAYS = 3
"""From when on a due date is near: when the first reminder goes out."""


class Urgency(StrEnum):
    """How pressing an affair is, most pressing first."""

    OVERDUE = "overdue"
    TODAY = "today"
    """The last day is today."""
    SOON = "soon"
    CALM = "calm"
    DONE = "done"
    """The unit has done its part, or was let off, and the round is not over."""
    CLOSED = "closed"
    """Nothing is asked any more."""


@dataclass(frozen=True)
class Affair:
    """One unit's part of one opened round at a moment.

    `taken_until` is until when the round takes something from the unit without an officer's decision;
    `working_days_left` counts after today, to the unit's due day. `tally` is there where items are counted.
    """

    round: Round
    part: Assignment
    urgency: Urgency
    taken_until: datetime
    working_days_left: int
    is_history: bool
    tally: Tally | None = None

    @property
    def is_owed(self) -> bool:
        """Whether the unit is asked to do something now."""
        return self.urgency not in {Urgency.DONE, Urgency.CLOSED}

    @property
    def is_overdue(self) -> bool:
        return self.urgency is Urgency.OVERDUE

    @property
    def takes_files(self) -> bool:
        """Whether a file sent now may still count, be it by an officer's decision."""
        return not (self.round.cancelled or self.is_history or self.part.state is State.WAIVED)

    @property
    def takes_posts(self) -> bool:
        """Whether single items can be told for it."""
        return self.round.kind is Kind.POSTS and self.takes_files and self.urgency is not Urgency.CLOSED

    @property
    def may_say_nil(self) -> bool:
        """Whether "nothing to report" is an answer to it: where figures or items are asked, and none were told."""
        has_told = self.tally is not None and self.tally.of(self.part.unit).counted
        return self.round.kind in NIL_IS_AN_ANSWER and self.is_owed and not has_told

    @property
    def is_invitation(self) -> bool:
        return is_invitation(self.round)


def affairs_of(office: Office, ledger: LedgerTransaction, plan: Plan, unit: str, now: datetime) -> list[Affair]:
    """Every round ever opened in which the unit has a part: what it owes by due date, then the rest, newest first."""
    found = [
        _affair(office, ledger, plan, round_, opened, part, now)
        for opened, part in ledger.parts_of(plan.id, unit)
        if (round_ := office.rounds.get(opened.id)) is not None
    ]
    owed = sorted((one for one in found if one.is_owed), key=lambda one: (one.round.unit_due, one.round.ref))
    rest = sorted((one for one in found if not one.is_owed), key=lambda one: (one.round.unit_due, one.round.ref))
    return [*owed, *reversed(rest)]


def affair_of(
    office: Office, ledger: LedgerTransaction, plan: Plan, round_: Round, unit: str, now: datetime
) -> Affair | None:
    """The unit's part of one round; None if the round was never opened or asks nothing of the unit."""
    opened, part = ledger.opened_round(round_.id), ledger.assignment(round_.id, unit)
    if opened is None or part is None:
        return None
    return _affair(office, ledger, plan, round_, opened, part, now)


def told_by_unit(ledger: LedgerTransaction, plan: Plan, affair: Affair) -> Sequence[ToldPost]:
    """The items of the round's window that the unit told and that serve the duty, in order of publication."""
    if affair.tally is None:
        return ()
    told = ledger.told(plan.id, affair.round.window)
    own = [post for post in told if post.unit == affair.part.unit and affair.tally.quota.takes(post)]
    return sorted(own, key=lambda post: (post.published, post.told_at))


def _affair(
    office: Office,
    ledger: LedgerTransaction,
    plan: Plan,
    round_: Round,
    opened: OpenedRound,
    part: Assignment,
    now: datetime,
) -> Affair:
    until = part.closes(takes_until(office, round_))
    today, last_day = local(now).date(), local(round_.unit_due).date()
    days_left = office.calendar.working_days_after(today, last_day) if today <= last_day else 0
    is_asked = not (round_.cancelled or opened.is_history) and now <= until
    counts = round_.kind is Kind.POSTS and not opened.is_history
    return Affair(
        round=round_,
        part=part,
        urgency=_urgency(round_, part, is_asked, days_left, now),
        taken_until=until,
        working_days_left=days_left,
        is_history=opened.is_history,
        tally=tally_of(office, ledger, plan, round_) if counts else None,
    )


def _urgency(round_: Round, part: Assignment, is_asked: bool, days_left: int, now: datetime) -> Urgency:
    if not is_asked:
        return Urgency.CLOSED
    if part.settled:
        return Urgency.DONE
    if now > (told_by(round_) if round_.kind is Kind.POSTS else round_.unit_due):
        return Urgency.OVERDUE
    if local(now).date() == local(round_.unit_due).date():
        return Urgency.TODAY
    return Urgency.SOON if days_left <= SOON_WORKING_DAYS else Urgency.CALM
