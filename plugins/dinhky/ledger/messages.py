"""The outbox: messages decided, claimed, sent. Its unique key is what makes deciding twice harmless.

States: queued → claimed → sending → sent, with failed (for good), missed (its time passed unsent), cancelled (it became
pointless before it was sent) and unknown (the dispatcher died between the server's answer and our commit: it may or may
not have gone out, so a person decides).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, func, or_, select, text, true, update

from dinhky.domain.local_time import at, end_of
from dinhky.ledger import schema
from dinhky.ledger.rows import Rows
from dinhky.rounds.correspondence import message_id_of
from dinhky.rounds.kept_messages import Attachment, Message, QueuedMessage

_ROWS = schema.outbox.c
_THESE = _ROWS.id.in_(bindparam("ids", expanding=True))
_MARK_SENDING = (
    update(schema.outbox)
    .where(_THESE, _ROWS.state == "claimed", _ROWS.claimed_by == bindparam("holder"))
    .values(state="sending", lease_until=bindparam("until"), carried_by=None, combined=None)
)
_SENT_BY = select(_ROWS.id).where(_THESE, _ROWS.state == "sending", _ROWS.claimed_by == bindparam("holder"))
_SETTLE = (
    update(schema.outbox)
    .where(_THESE)
    .values(
        state=bindparam("to"), settled_at=bindparam("at"), answer=bindparam("said"), claimed_by=None, lease_until=None
    )
)
_HISTORY = select(schema.rounds.c.id).where(
    schema.rounds.c.id == bindparam("of_round"), schema.rounds.c.opened_at > schema.rounds.c.locks
)
_KEYS = select(_ROWS.key).where(_ROWS.key.startswith(bindparam("beginning"), autoescape=False, escape="/"))
_KEYS_OF_ROUND = _KEYS.where(_ROWS.round_id == bindparam("of_round"))
_SETTLE_OURS = _SETTLE.where(_ROWS.claimed_by == bindparam("holder"))
"""Statements that every message needs, put together once."""
_SPECIAL_IN_LIKE = re.compile(r"[%_/]")


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
        return self._connection.execute(_HISTORY, {"of_round": round_id}).first() is not None

    def message_keys(self, prefix: str) -> set[str]:
        """The keys in the outbox that begin so."""
        about = prefix.partition("|")[0]
        beginning = {"beginning": _SPECIAL_IN_LIKE.sub(r"/\g<0>", prefix)}
        if about.count("/") == 2:  # a round's id, and its messages are found by that: no index knows of prefixes
            return set(self._connection.scalars(_KEYS_OF_ROUND, beginning | {"of_round": about}))
        return set(self._connection.scalars(_KEYS, beginning))

    def recover(self, now: datetime, reason: str) -> int:
        """Take back what a dead dispatcher holds: `claimed` returns to the queue (nothing was said to any server yet),
        `sending` becomes `unknown` for that `reason`. Returns how many became unknown.

        Nearly always there is nothing, and then nothing is written.
        """
        table = schema.outbox
        expired = table.c.lease_until < now
        held = select(table.c.id).where(table.c.state.in_(["claimed", "sending"]), expired).limit(1)
        if self._connection.execute(held).first() is None:
            return 0
        self._connection.execute(
            update(table)
            .where(table.c.state == "claimed", expired)
            .values(state="queued", claimed_by=None, attempts=table.c.attempts - 1)  # it was never tried
        )
        lost = update(table).where(table.c.state == "sending", expired)
        return self._connection.execute(lost.values(state="unknown", settled_at=now, answer=reason)).rowcount

    def claim(
        self,
        *,
        by: str,
        now: datetime,
        lease: timedelta,
        limit: int,
        office_hours: bool = True,
        gathered_by: datetime | None = None,
    ) -> list[QueuedMessage]:
        """Take messages that are due, oldest first, until `now + lease`; outside office hours only those that need not
        wait for them.

        They are `limit` or a few more: with a message for office hours comes all that waits for the same recipient. Of
        those messages, one that was decided after `gathered_by` does not go by itself yet.
        """
        table = schema.outbox
        self.lock_outbox()
        due = [table.c.state == "queued", table.c.not_before <= now]
        gathered = table.c.created_at <= gathered_by if gathered_by else true()
        may_go = or_(table.c.office_hours_only.is_(False), gathered) if office_hours else ~table.c.office_hours_only
        oldest = (
            select(table.c.id, table.c.address, table.c.office_hours_only)
            .where(*due, may_go)
            .order_by(table.c.not_before, table.c.id)
            .limit(limit)
        )
        first = self._connection.execute(oldest).all()
        if not first:
            return []
        addresses = {row.address for row in first if row.office_hours_only}
        along = select(table.c.id).where(*due, table.c.office_hours_only, table.c.address.in_(addresses))
        ids = {row.id for row in first} | set(self._connection.scalars(along) if addresses else ())
        self._connection.execute(
            update(table)
            .where(table.c.id.in_(ids))
            .values(state="claimed", claimed_by=by, lease_until=now + lease, attempts=table.c.attempts + 1)
        )
        rows = self._connection.execute(
            select(table).where(table.c.id.in_(ids)).order_by(table.c.not_before, table.c.id)
        )
        return [queued_message(row) for row in rows]

    def lock_outbox(self) -> None:
        """Let no other dispatcher claim until this transaction ends: what goes to one recipient is claimed by one.

        SQLite's writers are alone anyway.
        """
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('outbox'))"))

    def mark_sending(self, message_ids: Sequence[int], by: str, until: datetime) -> set[int]:
        """The last word before the wire. Returns those that are still ours, held until then; the claim of the others
        was lost meanwhile."""
        ids = list(message_ids)
        held = {"ids": ids, "holder": by}
        if self._connection.execute(_MARK_SENDING, held | {"until": until}).rowcount == len(ids):
            return set(ids)
        return set(self._connection.scalars(_SENT_BY, held))

    def combine(self, lead: int, others: Sequence[int], subject: str, body: str) -> None:
        """Note that the `others` go out within `lead`, and the words that they have together."""
        table = schema.outbox
        self._connection.execute(
            update(table).where(table.c.id == lead).values(combined={"subject": subject, "body": body})
        )
        self._connection.execute(update(table).where(table.c.id.in_(others)).values(carried_by=lead))

    def mark_sent(self, message_ids: Sequence[int], at: datetime, answer: str) -> None:
        """The server has taken them; `answer` is what it said."""
        self._connection.execute(_SETTLE, {"ids": list(message_ids), "to": "sent", "at": at, "said": answer})

    def put_off(self, message_ids: Sequence[int], by: str, until: datetime, reason: str, *, refused: bool) -> None:
        """Back in the queue from then on; `refused` if a server has said no to these very messages. What another
        dispatcher has taken over meanwhile is left to it."""
        table = schema.outbox
        self._connection.execute(
            update(table)
            .where(table.c.id.in_(message_ids), table.c.claimed_by == by)
            .values(
                state="queued",
                not_before=until,
                settled_at=None,
                answer=reason,
                claimed_by=None,
                lease_until=None,
                refusals=table.c.refusals + int(refused),
                carried_by=None,
                combined=None,
            )
        )

    def mark_failed(self, message_ids: Sequence[int], by: str, at: datetime, error: str) -> None:
        """They did not go out, and will not; but for what another dispatcher has taken over meanwhile."""
        settled = {"ids": list(message_ids), "holder": by, "to": "failed", "at": at, "said": error}
        self._connection.execute(_SETTLE_OURS, settled)

    def mark_unknown(self, message_ids: Sequence[int], by: str, at: datetime, answer: str) -> None:
        """They may or may not have gone out: kept out of the queue until a person decides."""
        settled = {"ids": list(message_ids), "holder": by, "to": "unknown", "at": at, "said": answer}
        self._connection.execute(_SETTLE_OURS, settled)

    def cancel(self, message_id: int, at: datetime, reason: str, *, missed: bool = False) -> None:
        """It has become pointless before it was sent, or (`missed`) its time has passed."""
        state = "missed" if missed else "cancelled"
        self._connection.execute(_SETTLE, {"ids": [message_id], "to": state, "at": at, "said": reason})

    def requeue(self, message_ids: Sequence[int], at: datetime) -> None:
        """Begin anew with messages that a person wants to be tried again."""
        table = schema.outbox
        self._connection.execute(
            update(table)
            .where(table.c.id.in_(message_ids))
            .values(
                state="queued",
                not_before=at,
                attempts=0,
                refusals=0,
                settled_at=None,
                claimed_by=None,
                lease_until=None,
                carried_by=None,
                combined=None,
            )
        )

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

    def waiting_for_office_hours(self) -> int:
        """How many messages are in the queue that go out in office hours only."""
        table = schema.outbox
        waiting = select(func.count()).where(table.c.state == "queued", table.c.office_hours_only)
        return self._connection.execute(waiting).scalar_one()

    def outbox_row(self, message_id: int) -> dict[str, Any] | None:
        """One message with all that is known of it."""
        row = self._connection.execute(select(schema.outbox).where(schema.outbox.c.id == message_id)).first()
        return dict(row._mapping) if row else None

    def went_together(self, message_id: int) -> list[dict[str, Any]]:
        """The message and those that it went out with as one, in the order of their ids; empty if there is none."""
        table = schema.outbox
        lead = self._connection.scalars(
            select(func.coalesce(table.c.carried_by, table.c.id)).where(table.c.id == message_id)
        ).first()
        query = select(table).where(or_(table.c.id == lead, table.c.carried_by == lead)).order_by(table.c.id)
        return [dict(row._mapping) for row in self._connection.execute(query)] if lead else []

    def messages(
        self,
        round_id: str | None = None,
        *,
        unit: str | None = None,
        state: str | None = None,
        day: date | None = None,
    ) -> list[dict[str, Any]]:
        """The outbox for people, oldest first: all of it, or a round's, a unit's, those in a state, those of a day.

        A message is of the day in Vietnam on which it was settled, or may go out if it still waits.
        """
        table = schema.outbox
        query = select(table).order_by(table.c.id)
        for column, wanted in ((table.c.round_id, round_id), (table.c.unit, unit), (table.c.state, state)):
            if wanted is not None:
                query = query.where(column == wanted)
        if day is not None:
            moment = func.coalesce(table.c.settled_at, table.c.not_before)
            query = query.where(moment >= at(day, time.min), moment <= end_of(day))
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


def queued_message(row: Row[Any]) -> QueuedMessage:
    """A row of the outbox as the dispatcher knows it."""
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
        refusals=row.refusals,
    )
