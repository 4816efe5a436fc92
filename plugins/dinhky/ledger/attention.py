"""What may need a person: see `dinhky.rounds.kept_attention`. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, bindparam, func, or_, select

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


_BY_KEY = _GLIMPSES.where(_OUTBOX.key.in_(bindparam("keys", expanding=True)))
_STUCK = _GLIMPSES.where(
    or_(
        _OUTBOX.state.in_(["failed", "unknown"]),
        and_(_OUTBOX.state == "queued", _OUTBOX.attempts > 0, _OUTBOX.answer.is_not(None)),
        and_(_OUTBOX.state == "missed", _OUTBOX.settled_at >= bindparam("since")),
    )
)
_BOUNCES = (
    select(schema.events)
    .where(schema.events.c.kind == "mail_bounced", schema.events.c.at >= bindparam("since"))
    .order_by(schema.events.c.id)
)
_MAILS = (
    select(schema.mails)
    .where(
        schema.mails.c.outcome.in_(bindparam("outcomes", expanding=True)),
        schema.mails.c.handled_at >= bindparam("since"),
    )
    .order_by(schema.mails.c.id)
)
_UNDECIDED = (
    select(*(column for column in schema.reports.c if column.name != "facts"))  # which are long
    .where(
        schema.reports.c.id.in_(select(func.max(schema.reports.c.id)).group_by(schema.reports.c.round_id)),
        schema.reports.c.state.in_(["draft", "returned"]),
    )
    .order_by(schema.reports.c.id)
)
"""Statements that every morning needs, put together once."""


class AttentionRows(Rows):
    """Reads of what is stuck somewhere."""

    def glimpses(self, keys: Sequence[str]) -> Mapping[str, MessageGlimpse]:
        """The messages with these keys, by key; one that is not there is left out."""
        return {found.key: found for found in self._glimpses(_BY_KEY, {"keys": list(keys)})}

    def stuck_messages(self, missed_since: datetime) -> list[MessageGlimpse]:
        """Oldest first: what failed or may or may not have arrived; what was tried, did not go out and is in the queue
        again; what was not sent because its time had passed, noted since then."""
        return self._glimpses(_STUCK, {"since": missed_since})

    def bounces(self, since: datetime) -> list[Bounce]:
        """What came back since then, oldest first."""
        self.write_events()
        found = self._connection.execute(_BOUNCES, {"since": since})
        return [Bounce(row.detail["address"], row.detail["reason"], row.at) for row in found]

    def unmatched_mails(self, outcomes: Sequence[str], since: datetime) -> list[UnmatchedMail]:
        """The mails with one of these outcomes, handled since then, oldest first."""
        found = self._connection.execute(_MAILS, {"outcomes": list(outcomes), "since": since})
        return [UnmatchedMail(row.sender, row.subject, row.received_at) for row in found]

    def undecided_reports(self) -> list[ReportVersion]:
        """Of every round, the newest version of its report, where that is neither approved nor sent; oldest first."""
        return [version_of(row) for row in self._connection.execute(_UNDECIDED)]

    def _glimpses(self, query: Select[Any], given: Mapping[str, Any]) -> list[MessageGlimpse]:
        found = (dict(row._mapping) for row in self._connection.execute(query, given))
        return [MessageGlimpse(**row | {"address": masked(row["address"])}) for row in found]
