"""Rounds and assignments: what is asked of whom, and how far they have come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from typing import Any

from sqlalchemy import bindparam, or_, select, text, update

from dinhky.domain.assignment import SETTLED, Assignment, State, check_move
from dinhky.domain.plan import Unit
from dinhky.domain.schedule import Round
from dinhky.ledger import schema
from dinhky.ledger.from_rows import as_assignment, as_opened_round
from dinhky.ledger.rows import Rows
from dinhky.rounds.kept_rounds import OpenedRound
from dinhky.rounds.kept_submissions import Submission

_ROUND_IDS = select(schema.rounds.c.id).order_by(schema.rounds.c.id)
_ROUND_IDS_NOT_OVER = _ROUND_IDS.where(
    or_(
        schema.rounds.c.locks >= bindparam("moment"),
        schema.rounds.c.id.in_(
            select(schema.assignments.c.round_id).where(schema.assignments.c.locks_until >= bindparam("moment"))
        ),
    )
)
_ASSIGNMENT = select(schema.assignments).where(
    schema.assignments.c.round_id == bindparam("of_round"), schema.assignments.c.unit == bindparam("of_unit")
)
_ASSIGNMENTS = (
    select(schema.assignments)
    .where(schema.assignments.c.round_id == bindparam("of_round"))
    .order_by(schema.assignments.c.position, schema.assignments.c.unit)
)
_ASSIGNMENTS_OF = (
    select(schema.assignments)
    .where(schema.assignments.c.round_id.in_(bindparam("of_rounds", expanding=True)))
    .order_by(schema.assignments.c.position, schema.assignments.c.unit)
)
_UNIT_DUE = select(schema.rounds.c.unit_due).where(schema.rounds.c.id == bindparam("of_round"))
_CHANGES = (
    select(schema.events.c.detail)
    .where(schema.events.c.round_id == bindparam("of_round"), schema.events.c.kind == "round_changed")
    .order_by(schema.events.c.id)
)
_MOVE = update(schema.assignments).where(
    schema.assignments.c.round_id == bindparam("of_round"), schema.assignments.c.unit == bindparam("of_unit")
)
_WAITING = (
    select(schema.assignments)
    .join(schema.rounds, schema.rounds.c.id == schema.assignments.c.round_id)
    .where(
        or_(
            schema.rounds.c.locks >= bindparam("moment"),
            schema.assignments.c.locks_until >= bindparam("moment"),
        ),
        schema.rounds.c.cancelled == "",
        schema.rounds.c.opened_at <= schema.rounds.c.locks,  # of history nothing is asked
        schema.assignments.c.state.not_in([state.value for state in SETTLED]),
    )
    .order_by(schema.assignments.c.round_id, schema.assignments.c.position, schema.assignments.c.unit)
)
_WAITING_OF_UNIT = _WAITING.where(
    schema.assignments.c.unit == bindparam("of_unit"), schema.rounds.c.plan_id == bindparam("of_plan")
)


class WorkRows(Rows):
    """Reads and writes of rounds and assignments."""

    def lock_round(self, round_id: str) -> None:
        """Let no other transaction work on this round until this one ends. SQLite's writers are alone anyway."""
        if round_id in self._locked:
            return
        self._locked.add(round_id)
        self._parts.clear()  # whoever held the lock may have changed them
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:id))"), {"id": round_id})

    def open_round(self, round_: Round, units: Sequence[Unit], at: datetime) -> bool:
        """Record a round and its assignments; False if it was open. A unit new to the plan is added, none removed."""
        is_new = self._insert_unless_present(
            schema.rounds,
            {
                "id": round_.id,
                "plan_id": round_.plan_id,
                "ref": round_.ref,
                "period": round_.period.label,
                "window_start": round_.window.start,
                "window_end": round_.window.end,
                "opens": round_.opens,
                "unit_due": round_.unit_due,
                "due": round_.due,
                "locks": round_.locks,
                "opened_at": at,
                "cancelled": round_.cancelled,
            },
        )
        self._parts.clear()
        for position, unit in enumerate(units):
            self._insert_unless_present(
                schema.assignments,
                {
                    "round_id": round_.id,
                    "unit": unit.code,
                    "unit_name": unit.name,
                    "position": position,
                    "state": State.OPEN.value,
                },
            )
        if is_new:
            self.event("round_opened", at=at, actor="dinhky", round_id=round_.id, units=[unit.code for unit in units])
        return is_new

    def round_is_open(self, round_id: str) -> bool:
        """Whether the round was ever opened."""
        query = select(schema.rounds.c.id).where(schema.rounds.c.id == round_id)
        return self._connection.execute(query).first() is not None

    def opened_round_ids(self, not_over_before: datetime | None = None) -> list[str]:
        """Every round ever opened, or those that take something at that moment or later, be it from one unit; by id."""
        if not_over_before is None:
            return list(self._connection.scalars(_ROUND_IDS))
        return list(self._connection.scalars(_ROUND_IDS_NOT_OVER, {"moment": not_over_before}))

    def opened_rounds(self) -> list[OpenedRound]:
        """Every round ever opened, by id."""
        return [
            as_opened_round(row) for row in self._connection.execute(select(schema.rounds).order_by(schema.rounds.c.id))
        ]

    def opened_round(self, round_id: str) -> OpenedRound | None:
        """One of them, or None if it was never opened."""
        row = self._connection.execute(select(schema.rounds).where(schema.rounds.c.id == round_id)).first()
        return as_opened_round(row) if row else None

    def first_unit_due(self, round_id: str) -> datetime:
        """The units' due date that the round opened with, whatever it is now. Raises LookupError if never opened."""
        self.write_events()
        for detail in self._connection.scalars(_CHANGES, {"of_round": round_id}):
            if "unit_due" in detail["was"]:
                return datetime.fromisoformat(detail["was"]["unit_due"])
        return self._unit_due(round_id)

    def update_round(self, round_: Round, at: datetime, reason: str) -> bool:
        """Let an opened round have these dates, and be cancelled or not; False if it had them all."""
        table = schema.rounds
        values: dict[str, Any] = {
            "opens": round_.opens,
            "unit_due": round_.unit_due,
            "due": round_.due,
            "locks": round_.locks,
            "cancelled": round_.cancelled,
        }
        row = self._connection.execute(select(table).where(table.c.id == round_.id)).one()
        changed = {name: value for name, value in values.items() if getattr(row, name) != value}
        if not changed:
            return False
        self._connection.execute(update(table).where(table.c.id == round_.id).values(changed))
        self.event(
            "round_changed",
            at=at,
            actor="plan",
            round_id=round_.id,
            reason=reason,
            was={name: _as_text(getattr(row, name)) for name in changed},
            now={name: _as_text(value) for name, value in changed.items()},
        )
        return True

    def rename_unit(self, round_id: str, unit: str, name: str, at: datetime) -> None:
        """Let the round show the unit under its new name."""
        self._parts.clear()
        table = schema.assignments
        was = self._connection.scalar(
            select(table.c.unit_name).where(table.c.round_id == round_id, table.c.unit == unit)
        )
        self._connection.execute(
            update(table).where(table.c.round_id == round_id, table.c.unit == unit).values(unit_name=name)
        )
        self.event("unit_renamed", at=at, actor="plan", round_id=round_id, unit=unit, was=was, now=name)

    def waiting(
        self, not_over_before: datetime, *, plan_id: str | None = None, unit: str | None = None
    ) -> list[Assignment]:
        """Of the opened, uncancelled rounds that lock at that moment or later, the parts that are not settled: of all,
        or of one unit of a plan.

        Of a round that has locked before, those whose own lock is at that moment or later.
        """
        moment: dict[str, Any] = {"moment": not_over_before}
        if unit is None:
            found = self._connection.execute(_WAITING, moment)
        else:
            found = self._connection.execute(_WAITING_OF_UNIT, moment | {"of_unit": unit, "of_plan": plan_id})
        return [as_assignment(row) for row in found]

    def assignments_of(self, round_ids: Sequence[str]) -> dict[str, list[Assignment]]:
        """The assignments of several rounds in one go, by round; a round without any is left out."""
        found: dict[str, list[Assignment]] = {}
        if not round_ids:
            return found
        for row in self._connection.execute(_ASSIGNMENTS_OF, {"of_rounds": list(round_ids)}):
            found.setdefault(row.round_id, []).append(as_assignment(row))
        return found

    def assignments(self, round_id: str) -> list[Assignment]:
        """The round's assignments, in the order in which the plan lists the units."""
        return [as_assignment(row) for row in self._connection.execute(_ASSIGNMENTS, {"of_round": round_id})]

    def assignment(self, round_id: str, unit: str) -> Assignment | None:
        """One unit's part of a round, or None if nothing is asked of it.

        Read once a transaction, as long as it does not change it.
        """
        if (round_id, unit) not in self._parts:
            row = self._connection.execute(_ASSIGNMENT, {"of_round": round_id, "of_unit": unit}).first()
            self._parts[round_id, unit] = as_assignment(row) if row else None
        return self._parts[round_id, unit]

    @cached_property
    def _locked(self) -> set[str]:
        """What this transaction holds until it ends."""
        return set()

    @cached_property
    def _parts(self) -> dict[tuple[str, str], Assignment | None]:
        """What this transaction has read: a file's way through the rules asks for its unit's part again and again."""
        return {}

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
        """Move an assignment and record the event. Raises IllegalTransition, and KeyError for a unit not asked.

        `late` says whether what was answered without a submission came late, where that is not a matter of `at`.
        `through` is a state that it passes on the way, with an event of its own.
        """
        current = self.assignment(round_id, unit)
        if current is None:
            raise KeyError((round_id, unit))
        passed = [through] if through else []
        for before, after in pairwise([current.state, *passed, state]):
            check_move(before, after, reason)
        values: dict[str, Any] = {"state": state.value, "reason": reason}
        if state is State.ACCEPTED and submission:
            values |= {
                "submission_id": submission.id,
                "accepted_at": submission.received_at,
                # Stamped once: a correction after the due date does not make a punctual unit late.
                "late": submission.late if current.late is None else current.late,
            }
        elif state is State.ACCEPTED:
            values |= {
                "accepted_at": at,
                "late": at > self._unit_due(round_id) if current.late is None else current.late,
            }
            if late is not None:
                values["late"] = late
        elif state in {State.RETURNED, State.NIL, State.WAIVED}:
            values |= {"submission_id": None, "accepted_at": None, "late": None}
            if state is State.NIL:
                values |= {"accepted_at": at, "late": at > self._unit_due(round_id) if late is None else late}
        self._connection.execute(_MOVE, {"of_round": round_id, "of_unit": unit, **values})
        self._parts[round_id, unit] = replace(current, **values | {"state": state})
        for before, after in pairwise([current.state, *passed, state]):
            self.event(
                f"assignment_{after.value}",
                at=at,
                actor=actor,
                round_id=round_id,
                unit=unit,
                was=before.value,
                reason=reason if after is state else None,
                submission=submission.number if submission else None,
            )

    def extend_lock(self, round_id: str, unit: str, until: datetime, *, at: datetime, actor: str, reason: str) -> None:
        """Let this unit's part lock then, if the round's own lock is not later. Records the event."""
        self._parts.clear()
        table = schema.assignments
        self.event(
            "lock_extended",
            at=at,
            actor=actor,
            round_id=round_id,
            unit=unit,
            until=until.isoformat(),
            reason=reason,
        )
        self._connection.execute(
            update(table).where(table.c.round_id == round_id, table.c.unit == unit).values(locks_until=until)
        )

    def _unit_due(self, round_id: str) -> datetime:
        due: datetime = self._connection.execute(_UNIT_DUE, {"of_round": round_id}).scalar_one()
        return due


def _as_text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
