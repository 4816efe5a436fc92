"""Mail received: one row each, claimed by the reader that handles it, never removed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select, update

from dinhky.ledger import schema
from dinhky.ledger.rows import Rows
from dinhky.rounds.kept_mails import KeptMail


class MailRows(Rows):
    """Reads and writes of received mails: see `dinhky.rounds.kept_mails`."""

    def begin_mail(self, mail: KeptMail, *, by: str, now: datetime, lease: timedelta) -> KeptMail | None:
        """The mail as it is kept, from now on `by`'s to handle; None while another reader is at it."""
        table = schema.mails
        self._insert_unless_present(
            table,
            {
                "key": mail.key,
                "message_id": mail.message_id,
                "sender": mail.sender,
                "subject": mail.subject,
                "received_at": mail.received_at,
                "outcome": "",
                "detail": {},
            },
        )
        is_free = or_(table.c.claimed_by.is_(None), table.c.claimed_by == by, table.c.lease_until < now)
        claimed = self._connection.execute(
            update(table)
            .where(table.c.key == mail.key, table.c.handled_at.is_(None), is_free)
            .values(claimed_by=by, lease_until=now + lease)
        ).rowcount
        row = self._connection.execute(select(table).where(table.c.key == mail.key)).one()
        if not claimed and row.handled_at is None:
            return None
        files = row.detail.get("files", {})
        return KeptMail(row.key, row.message_id, row.sender, row.subject, row.received_at, row.outcome, files)

    def note_file(self, key: str, sha256: str, verdict: str) -> None:
        """One file of the mail has been dealt with."""
        detail = self._detail(key)
        self._change(key, detail=detail | {"files": detail.get("files", {}) | {sha256: verdict}})

    def finish_mail(self, key: str, outcome: str, at: datetime, **detail: Any) -> None:
        """All of the mail has been dealt with."""
        self._change(
            key,
            outcome=outcome,
            handled_at=at,
            claimed_by=None,
            lease_until=None,
            detail=self._detail(key) | detail,
        )

    def count_mails(self, sender: str, since: datetime) -> int:
        """How many mails of that address have come since, but for those that came from somebody else in its name."""
        table = schema.mails
        query = select(func.count()).select_from(table).where(table.c.sender == sender, table.c.received_at >= since)
        query = query.where(table.c.outcome != "forged")
        return self._connection.scalar(query) or 0

    def is_answered(self, thread: str, key_prefix: str) -> bool:
        """Whether the outbox holds a message that answers that mail, and whose key begins so."""
        table = schema.outbox
        query = select(table.c.id).where(
            table.c.key.startswith(key_prefix, autoescape=True), table.c.in_reply_to == thread
        )
        return self._connection.execute(query.limit(1)).first() is not None

    def message_with(self, message_id: str) -> dict[str, Any] | None:
        """The outbox message that went out under that Message-ID."""
        table = schema.outbox
        found = self._connection.execute(select(table).where(table.c.message_id == message_id)).first()
        return dict(found._mapping) if found else None

    def _detail(self, key: str) -> dict[str, Any]:
        table = schema.mails
        found: dict[str, Any] = self._connection.execute(select(table.c.detail).where(table.c.key == key)).scalar_one()
        return found

    def _change(self, key: str, **values: Any) -> None:
        table = schema.mails
        self._connection.execute(update(table).where(table.c.key == key).values(**values))
