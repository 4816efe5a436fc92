"""What is kept of rounds: their dates as they were opened, and every unit's part.

Instants that cross these lines are aware datetimes; the ledger stores and returns UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from dinhky.domain.assignment import Assignment, State
from dinhky.domain.plan import Unit
from dinhky.domain.schedule import Round
from dinhky.rounds.kept_submissions import Submission


@dataclass(frozen=True)
class OpenedRound:
    """What the ledger holds of a round that was opened: its dates as last told; why it is not held, if it is not."""

    id: str
    plan_id: str
    ref: str
    opens: datetime
    unit_due: datetime
    due: datetime
    locks: datetime
    opened_at: datetime
    cancelled: str

    @property
    def is_history(self) -> bool:
        """Whether it was past its lock when it was opened: recorded for the year's sake, and nobody is written to."""
        return self.opened_at > self.locks

    def has_dates_of(self, round_: Round) -> bool:
        """Whether the round is known with these very dates."""
        return (self.opens, self.unit_due, self.due, self.locks) == (
            round_.opens,
            round_.unit_due,
            round_.due,
            round_.locks,
        )


class RoundsKept(Protocol):
    """Rounds and assignments in a transaction. Every write is idempotent: repeating it changes nothing."""

    def lock_round(self, round_id: str) -> None:
        """Let no other transaction work on this round until this one ends."""

    def open_round(self, round_: Round, units: Sequence[Unit], at: datetime) -> bool:
        """Record a round and its assignments; False if it was there already (then only new units are added)."""

    def round_is_open(self, round_id: str) -> bool:
        """Whether the round was ever opened."""

    def opened_round_ids(self, not_over_before: datetime | None = None) -> list[str]:
        """Every round ever opened, or those that take something at that moment or later, be it from one unit."""

    def opened_rounds(self) -> list[OpenedRound]:
        """Every round ever opened, by id."""

    def opened_round(self, round_id: str) -> OpenedRound | None:
        """One of them, or None if it was never opened."""

    def is_history(self, round_id: str) -> bool:
        """Whether the round was past its lock when it was opened: no message about it is ever queued."""

    def first_unit_due(self, round_id: str) -> datetime:
        """The units' due date that the round opened with, whatever it is now."""

    def update_round(self, round_: Round, at: datetime, reason: str) -> bool:
        """Let an opened round have these dates, and be cancelled or not; False if it had them. Records the event."""

    def rename_unit(self, round_id: str, unit: str, name: str, at: datetime) -> None:
        """Let the round show the unit under its new name. Records the event."""

    def waiting(
        self, not_over_before: datetime, *, plan_id: str | None = None, unit: str | None = None
    ) -> list[Assignment]:
        """Of the opened, uncancelled rounds that lock at that moment or later, the parts that are not settled: of all,
        or of one unit of a plan; by round."""

    def assignments_of(self, round_ids: Sequence[str]) -> dict[str, list[Assignment]]:
        """The assignments of several rounds in one go, by round; a round without any is left out."""

    def assignments(self, round_id: str) -> list[Assignment]:
        """The round's assignments, in the plan's order of units."""

    def assignment(self, round_id: str, unit: str) -> Assignment | None: ...

    def move(
        self,
        round_id: str,
        unit: str,
        state: State,
        *,
        at: datetime,
        actor: str,
        reason: str | None = None,
        submission: Submission | None = None,
        late: bool | None = None,
        through: State | None = None,
    ) -> None:
        """Move an assignment and record the event. Raises IllegalTransition.

        `late` says whether what was answered without a submission came late, where that is not a matter of `at`.
        `through` is a state that it passes on the way, with an event of its own.
        """

    def extend_lock(self, round_id: str, unit: str, until: datetime, *, at: datetime, actor: str, reason: str) -> None:
        """Let this unit's part lock then, if the round's own lock is not later. Records the event."""

    def parts_of(self, plan_id: str, unit: str) -> list[tuple[OpenedRound, Assignment]]:
        """Every round of the plan, ever opened, in which the unit has a part, with that part."""
