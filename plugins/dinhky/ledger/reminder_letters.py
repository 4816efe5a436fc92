"""The reminders in the outbox by recipient: what has gone, what waits beside it, and what has to wait longer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import Row, bindparam, or_, select, update

from dinhky.domain.chase import is_overdue_reminder, is_reminder
from dinhky.domain.local_time import at, local
from dinhky.domain.reminder_budget import ReminderLetter
from dinhky.ledger import schema
from dinhky.ledger.messages import queued_message
from dinhky.ledger.rows import Rows
from dinhky.rounds.kept_messages import QueuedMessage

_ROWS = schema.outbox.c
_TO_READER = (
    _ROWS.address == bindparam("reader"),
    _ROWS.unit == bindparam("for_unit"),
    _ROWS.round_id.startswith(bindparam("of_plan")),
)
_GONE_SINCE = select(_ROWS.id, _ROWS.kind, _ROWS.carried_by, _ROWS.settled_at).where(
    *_TO_READER,
    _ROWS.state.in_(["sent", "sending", "unknown"]),
    or_(_ROWS.state == "sending", _ROWS.settled_at >= bindparam("begin", type_=schema.UtcInstant())),
    _ROWS.id.not_in(bindparam("besides", expanding=True)),
)
"""What has reached its reader, may have, or is just about to."""
_WAITING = select(_ROWS.id, _ROWS.kind).where(*_TO_READER, _ROWS.state == "queued", _ROWS.office_hours_only)


class ReminderRows(Rows):
    """Reads and writes of the outbox that concern reminders to one recipient."""

    def reminder_letters(
        self, plan_id: str, unit: str, address: str, *, since: date, now: datetime, but: Sequence[int]
    ) -> list[ReminderLetter]:
        """The letters of reminders that have gone to an address, in the unit's name, from the day `since` on; `but`
        are messages that are about to go, and no letter yet."""
        reader = _reader(plan_id, unit, address) | {"begin": at(since, time.min), "besides": list(but)}
        gone = self._connection.execute(_GONE_SINCE, reader)
        letters: dict[int, list[Row[tuple[object, ...]]]] = {}
        for row in gone:
            if is_reminder(row.kind):
                letters.setdefault(row.carried_by or row.id, []).append(row)
        return [
            ReminderLetter(
                local(rows[0].settled_at or now).date(),
                is_overdue=any(is_overdue_reminder(row.kind) for row in rows),
            )
            for rows in letters.values()
        ]

    def take_along(self, plan_id: str, unit: str, address: str, by: str, until: datetime) -> list[QueuedMessage]:
        """Let the reminders to that recipient that wait go with the one that is about to: marked as `sending`, held
        until then, whenever they were to be tried."""
        table = schema.outbox
        ids = [
            row.id
            for row in self._connection.execute(_WAITING, _reader(plan_id, unit, address))
            if is_reminder(row.kind)
        ]
        if not ids:
            return []
        self._connection.execute(
            update(table)
            .where(table.c.id.in_(ids), table.c.state == "queued")
            .values(state="sending", claimed_by=by, lease_until=until, attempts=table.c.attempts + 1)
        )
        ours = select(table).where(table.c.id.in_(ids), table.c.claimed_by == by).order_by(table.c.id)
        return [queued_message(row) for row in self._connection.execute(ours)]

    def hold(self, message_ids: Sequence[int], by: str, until: datetime, reason: str) -> None:
        """Back in the queue from then on, as if it had not been taken up; what another dispatcher has taken over
        meanwhile is left to it."""
        table = schema.outbox
        self._connection.execute(
            update(table)
            .where(table.c.id.in_(message_ids), table.c.claimed_by == by)
            .values(
                state="queued",
                not_before=until,
                attempts=table.c.attempts - 1,
                answer=reason,
                claimed_by=None,
                lease_until=None,
            )
        )


def _reader(plan_id: str, unit: str, address: str) -> dict[str, Any]:
    """Whose messages are meant: a plan's id has no character that means anything in a pattern."""
    return {"reader": address, "for_unit": unit, "of_plan": f"{plan_id}/"}
