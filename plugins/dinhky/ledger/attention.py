"""What may need a person: see `dinhky.rounds.kept_attention`. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from dinhky.ledger import schema
from dinhky.ledger.reports import version_of
from dinhky.ledger.rows import Rows
from dinhky.rounds.chatting import masked
from dinhky.rounds.kept_attention import Bounce, MessageGlimpse, UnmatchedMail
from dinhky.rounds.kept_reports import ReportVersion

_OUTBOX = schema.outbox.c
_GLIMPSES = select(
    _OUTBOX.id,
    _OUTBOX.key,
    _OUTBOX.state,
    _OUTBOX.channel,
    _OUTBOX.address,
    _OUTBOX.recipient,
    _OUTBOX.subject,
    func.coalesce(_OUTBOX.answer, "").label("reason"),
    _OUTBOX.created_at.label("decided_at"),
    func.coalesce(_OUTBOX.settled_at, _OUTBOX.created_at).label("at"),
).order_by(_OUTBOX.id)


class AttentionRows(Rows):
    """Reads of what is stuck somewhere."""

    def glimpses(self, keys: Sequence[str]) -> Mapping[str, MessageGlimpse]:
        """The messages with these keys, by key; one that is not there is left out."""
        return {found.key: found for found in self._glimpses(_GLIMPSES.where(_OUTBOX.key.in_(keys)))}

    def troubled_messages(self) -> list[MessageGlimpse]:
        """What failed, and what may or may not have arrived, oldest first."""
        return self._glimpses(_GLIMPSES.where(_OUTBOX.state.in_(["failed", "unknown"])))

    def held_up_messages(self) -> list[MessageGlimpse]:
        """What was tried, did not go out and is in the queue again, oldest first."""
        is_tried = (_OUTBOX.attempts > 0, _OUTBOX.answer.is_not(None))
        return self._glimpses(_GLIMPSES.where(_OUTBOX.state == "queued", *is_tried))

    def missed_messages(self, since: datetime) -> list[MessageGlimpse]:
        """What was not sent because its time had passed, noted since then, oldest first."""
        return self._glimpses(_GLIMPSES.where(_OUTBOX.state == "missed", _OUTBOX.settled_at >= since))

    def bounces(self, since: datetime) -> list[Bounce]:
        """What came back since then, oldest first."""
        table = schema.events
        query = select(table).where(table.c.kind == "mail_bounced", table.c.at >= since).order_by(table.c.id)
        return [Bounce(row.detail["address"], row.detail["reason"], row.at) for row in self._connection.execute(query)]

    def unmatched_mails(self, outcomes: Sequence[str], since: datetime) -> list[UnmatchedMail]:
        """The mails with one of these outcomes, handled since then, oldest first."""
        table = schema.mails
        query = select(table).where(table.c.outcome.in_(outcomes), table.c.handled_at >= since).order_by(table.c.id)
        return [UnmatchedMail(row.sender, row.subject, row.received_at) for row in self._connection.execute(query)]

    def undecided_reports(self) -> list[ReportVersion]:
        """Of every round, the newest version of its report, where that is neither approved nor sent; oldest first."""
        table = schema.reports
        newest = select(func.max(table.c.id)).group_by(table.c.round_id)
        query = select(*(column for column in table.c if column.name != "facts")).where(
            table.c.id.in_(newest), table.c.state.in_(["draft", "returned"])
        )
        return [version_of(row) for row in self._connection.execute(query.order_by(table.c.id))]

    def _glimpses(self, query: Select[Any]) -> list[MessageGlimpse]:
        found = (dict(row._mapping) for row in self._connection.execute(query))
        return [MessageGlimpse(**row | {"address": masked(row["address"])}) for row in found]
