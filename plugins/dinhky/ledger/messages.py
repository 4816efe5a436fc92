"""The outbox: messages decided, claimed, sent. Its unique key is what makes deciding twice harmless.

States: queued → claimed → sending → sent, with failed (for good), missed (its time passed unsent), cancelled (it became
pointless before it was sent) and unknown (the dispatcher died between the server's answer and our commit: it may or may
not have gone out, so a person decides).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select, update

from dinhky.ledger import schema
from dinhky.ledger.rows import Rows
from dinhky.rounds.correspondence import message_id_of
from dinhky.rounds.ports import Attachment, Message, QueuedMessage


class MessageRows(Rows):
    """Reads and writes of the outbox."""

    def queue(self, message: Message, at: datetime, *, is_answer: bool = False) -> bool:
        """Put a message in the outbox; False if one with its key was ever there.

        A message about a round that is history is not queued either, unless it answers what somebody sent: whoever
        decides a message need not know that rule, and cannot forget it.
        """
        if message.round_id and not is_answer and self.is_history(message.round_id):
            return False
        return self._add(message, state="queued", at=at)

    def record_missed(self, message: Message, at: datetime) -> bool:
        """Note that a message's time passed unsent; takes its key, so it cannot go out afterwards."""
        if message.round_id and self.is_history(message.round_id):
            return False  # what was never due was not missed
        return self._add(message, state="missed", at=at)

    def is_history(self, round_id: str) -> bool:
        """Whether the round was past its lock when it was opened: no message about it is ever queued."""
        table = schema.rounds
        query = select(table.c.id).where(table.c.id == round_id, table.c.opened_at > table.c.locks)
        return self._connection.execute(query).first() is not None

    def message_keys(self, prefix: str) -> set[str]:
        """The keys in the outbox that begin so."""
        key = schema.outbox.c.key
        return set(self._connection.scalars(select(key).where(key.startswith(prefix, autoescape=True))))

    def claim(
        self, *, by: str, now: datetime, lease: timedelta, limit: int, office_hours: bool = True
    ) -> list[QueuedMessage]:
        """Take up to `limit` messages that are due, oldest first, until `now + lease`; outside office hours only those
        that need not wait for them.

        Of what a dead dispatcher left behind, `claimed` returns to the queue (nothing was said to any server yet) and
        `sending` becomes `unknown`.
        """
        table = schema.outbox
        self._recover(now)
        may_go = table.c.office_hours_only.in_([False, True] if office_hours else [False])
        due = (
            select(table.c.id)
            .where(table.c.state == "queued", table.c.not_before <= now, may_go)
            .order_by(table.c.not_before, table.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        ids = list(self._connection.scalars(due))
        if not ids:
            return []
        self._connection.execute(
            update(table)
            .where(table.c.id.in_(ids))
            .values(state="claimed", claimed_by=by, lease_until=now + lease, attempts=table.c.attempts + 1)
        )
        rows = self._connection.execute(
            select(table).where(table.c.id.in_(ids)).order_by(table.c.not_before, table.c.id)
        )
        return [_queued(row) for row in rows]

    def _recover(self, now: datetime) -> None:
        """Take back what a dead dispatcher holds; nearly always nothing, and then nothing is written."""
        table = schema.outbox
        expired = table.c.lease_until < now
        held = select(table.c.id).where(table.c.state.in_(["claimed", "sending"]), expired).limit(1)
        if self._connection.execute(held).first() is None:
            return
        self._connection.execute(
            update(table)
            .where(table.c.state == "claimed", expired)
            .values(state="queued", claimed_by=None, attempts=table.c.attempts - 1)  # it was never tried
        )
        self._connection.execute(
            update(table).where(table.c.state == "sending", expired).values(state="unknown", settled_at=now)
        )

    def mark_sending(self, message_id: int, by: str) -> bool:
        """The last word before the wire; False if the claim was lost meanwhile."""
        table = schema.outbox
        changed = self._connection.execute(
            update(table)
            .where(table.c.id == message_id, table.c.state == "claimed", table.c.claimed_by == by)
            .values(state="sending")
        )
        return changed.rowcount == 1

    def mark_sent(self, message_id: int, at: datetime, answer: str) -> None:
        """The server has taken the message; `answer` is what it said."""
        self._settle(message_id, state="sent", settled_at=at, answer=answer)

    def mark_failed(self, message_id: int, at: datetime, error: str, retry_at: datetime | None) -> None:
        """Back in the queue from `retry_at` on, or failed for good."""
        if retry_at:
            self._settle(message_id, state="queued", not_before=retry_at, answer=error)
        else:
            self._settle(message_id, state="failed", settled_at=at, answer=error)

    def mark_unknown(self, message_id: int, at: datetime, answer: str) -> None:
        """It may or may not have gone out: kept out of the queue until a person decides."""
        self._settle(message_id, state="unknown", settled_at=at, answer=answer)

    def cancel(self, message_id: int, at: datetime, reason: str, *, missed: bool = False) -> None:
        """It has become pointless before it was sent, or (`missed`) its time has passed."""
        self._settle(message_id, state="missed" if missed else "cancelled", settled_at=at, answer=reason)

    def cancel_queued(self, round_id: str, at: datetime, reason: str, unit: str | None = None) -> int:
        """Settle unsent what still waits for a round's office hours, or one unit's part of it; how many that was."""
        table = schema.outbox
        query = update(table).where(
            table.c.round_id == round_id, table.c.state == "queued", table.c.office_hours_only.is_(True)
        )
        if unit is not None:
            query = query.where(table.c.unit == unit)
        return self._connection.execute(query.values(state="cancelled", settled_at=at, answer=reason)).rowcount

    def rewrite(self, message_id: int, subject: str, body: str, section: str) -> None:
        """Give a message that has not gone out the text of today."""
        table = schema.outbox
        today = {"subject": subject, "body": body, "section": section}
        self._connection.execute(update(table).where(table.c.id == message_id).values(today))

    def messages(self, round_id: str | None = None) -> list[dict[str, Any]]:
        """The outbox for people, oldest first: all of it, or one round's."""
        table = schema.outbox
        query = select(table).order_by(table.c.id)
        if round_id:
            query = query.where(table.c.round_id == round_id)
        return [dict(row._mapping) for row in self._connection.execute(query)]

    def _add(self, message: Message, *, state: str, at: datetime) -> bool:
        return self._insert_unless_present(
            schema.outbox,
            {
                "key": message.key,
                "kind": message.kind,
                "channel": message.channel,
                "address": message.address,
                "recipient": message.recipient,
                "subject": message.subject,
                "body": message.body,
                "attachments": [{"name": file.name, "sha256": file.sha256} for file in message.attachments],
                "round_id": message.round_id,
                "unit": message.unit,
                "message_id": message_id_of(message.key),
                "state": state,
                "attempts": 0,
                "not_before": message.not_before,
                "office_hours_only": message.office_hours_only,
                "in_reply_to": message.in_reply_to,
                "section": message.section,
                "created_at": at,
                "settled_at": at if state == "missed" else None,
            },
        )

    def _settle(self, message_id: int, **values: Any) -> None:
        table = schema.outbox
        self._connection.execute(
            update(table).where(table.c.id == message_id).values(claimed_by=None, lease_until=None, **values)
        )


def _queued(row: Row[Any]) -> QueuedMessage:
    return QueuedMessage(
        id=row.id,
        message=Message(
            key=row.key,
            kind=row.kind,
            channel=row.channel,
            address=row.address,
            recipient=row.recipient,
            subject=row.subject,
            body=row.body,
            not_before=row.not_before,
            round_id=row.round_id,
            unit=row.unit,
            attachments=tuple(Attachment(**file) for file in row.attachments),
            office_hours_only=row.office_hours_only,
            in_reply_to=row.in_reply_to,
            section=row.section,
        ),
        message_id=row.message_id,
        attempts=row.attempts,
    )
