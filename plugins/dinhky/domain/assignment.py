"""One unit's part of one round: its states, who may move it where, and how a round's rates are counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dinhky.domain.errors import IllegalTransition
from dinhky.domain.plan import Kind


class State(StrEnum):
    """Where an assignment stands. Late and overdue are not states: they are computed from dates."""

    OPEN = "open"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    COMPILED = "compiled"
    RETURNED = "returned"
    """Sent back with a reason; open again, and out of the totals."""
    NIL = "nil"
    """Nothing to report, with a reason: answered, with no rows."""
    WAIVED = "waived"
    """Not expected, with a reason: leaves the denominator too."""


_LEADS_TO = {
    State.OPEN: {State.SUBMITTED, State.NIL, State.WAIVED},
    State.SUBMITTED: {State.SUBMITTED, State.ACCEPTED, State.RETURNED, State.NIL, State.WAIVED},
    State.RETURNED: {State.SUBMITTED, State.NIL, State.WAIVED},
    State.ACCEPTED: {State.SUBMITTED, State.COMPILED, State.RETURNED, State.WAIVED},
    State.COMPILED: {State.COMPILED, State.SUBMITTED, State.RETURNED},
    State.NIL: {State.SUBMITTED, State.RETURNED, State.WAIVED},
    State.WAIVED: {State.OPEN},
}

NEEDS_REASON = frozenset({State.RETURNED, State.NIL, State.WAIVED})
ANSWERED = frozenset({State.ACCEPTED, State.COMPILED, State.NIL})
"""The unit has done its part: it is not reminded and its task is green."""
SETTLED = ANSWERED | {State.WAIVED}
"""Nothing more is asked of the unit."""
NIL_IS_AN_ANSWER = frozenset({Kind.REPORT, Kind.POSTS})
"""The kinds of duty to which "nothing to report" is an answer: they ask for figures or items, not for a product."""


def check_move(current: State, wanted: State, reason: str | None) -> None:
    """Raise IllegalTransition if an assignment may not go from `current` to `wanted`, or not without a reason."""
    if wanted not in _LEADS_TO[current]:
        raise IllegalTransition("illegal_transition", current=current.value, wanted=wanted.value)
    if wanted in NEEDS_REASON and not (reason and reason.strip()):
        raise IllegalTransition("reason_missing", current=current.value, wanted=wanted.value)


@dataclass(frozen=True)
class Assignment:
    """A unit's part of a round as the ledger knows it.

    `unit_name` is the name the unit had when the round opened. `accepted_at` is when the accepted file arrived, in
    UTC; `late` is stamped at that moment and never recomputed. `locks_until` is set where an officer gave this unit
    longer than the round's lock.
    """

    round_id: str
    unit: str
    unit_name: str
    state: State
    reason: str | None = None
    submission_id: int | None = None
    accepted_at: datetime | None = None
    late: bool | None = None
    locks_until: datetime | None = None

    @property
    def answered(self) -> bool:
        return self.state in ANSWERED

    @property
    def settled(self) -> bool:
        return self.state in SETTLED

    def closes(self, locks: datetime) -> datetime:
        """Until when this unit's part is taken, in a round that locks at `locks`."""
        return max(locks, self.locks_until) if self.locks_until else locks

    def is_awaited(self, locks: datetime, now: datetime) -> bool:
        """Whether the unit still owes its part, and may still bring it, in a round that locks at `locks`."""
        return not self.settled and now <= self.closes(locks)

    def overdue(self, unit_due: datetime, now: datetime) -> bool:
        """Whether the unit still owes its part although its due date has passed."""
        return not self.settled and now > unit_due


@dataclass(frozen=True)
class Rates:
    """A round's figures as DHIS2 defines them: completeness is `actual / expected`, timeliness `on_time / expected`."""

    expected: int
    actual: int
    on_time: int

    @property
    def reporting_rate(self) -> float | None:
        """Share of expected answers received, 0 to 1; None when nobody is expected."""
        return self.actual / self.expected if self.expected else None

    @property
    def on_time_rate(self) -> float | None:
        """Share of expected answers received by the units' due date, 0 to 1; None when nobody is expected."""
        return self.on_time / self.expected if self.expected else None


def rates(assignments: Iterable[Assignment]) -> Rates:
    """The rates over a round's assignments; a waived unit counts nowhere."""
    expected = [assignment for assignment in assignments if assignment.state is not State.WAIVED]
    answered = [assignment for assignment in expected if assignment.answered]
    return Rates(len(expected), len(answered), sum(not assignment.late for assignment in answered))
