"""The ledger's tables. Changes to them go through a migration; a test keeps the two equal.

Keys are the business's own (plan/obligation/period, unit), so that a second write of the same fact meets the first.
`events` and `decisions` are append-only.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
)


class UtcInstant(TypeDecorator[datetime]):
    """An aware datetime, stored as UTC. SQLite has no time zones, so they are taken off and put back here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"the ledger takes aware datetimes only, not {value!r}")
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: Any, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        instant: datetime = value
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

rounds = Table(
    "rounds",
    metadata,
    Column("id", String(120), primary_key=True),
    Column("plan_id", String(80), nullable=False),
    Column("ref", String(20), nullable=False),
    Column("period", String(10), nullable=False),
    Column("window_start", Date, nullable=False),
    Column("window_end", Date, nullable=False),
    Column("opens", UtcInstant, nullable=False),
    Column("unit_due", UtcInstant, nullable=False),
    Column("due", UtcInstant, nullable=False),
    Column("locks", UtcInstant, nullable=False),
    Column("opened_at", UtcInstant, nullable=False),
    Column("cancelled", Text, nullable=False, server_default=""),
    UniqueConstraint("plan_id", "ref", "period"),
)

assignments = Table(
    "assignments",
    metadata,
    Column("round_id", ForeignKey("rounds.id"), primary_key=True),
    Column("unit", String(40), primary_key=True),
    Column("unit_name", String(200), nullable=False),
    Column("position", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("reason", Text),
    Column("submission_id", Integer),
    Column("accepted_at", UtcInstant),
    Column("late", Boolean),
    Column("locks_until", UtcInstant),
)

submissions = Table(
    "submissions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("round_id", String(120), nullable=False),
    Column("unit", String(40), nullable=False),
    Column("number", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("file_name", Text, nullable=False),
    Column("route", String(20), nullable=False),
    Column("received_at", UtcInstant, nullable=False),
    Column("state", String(12), nullable=False),
    Column("late", Boolean, nullable=False),
    Column("problems", JSON, nullable=False),
    Column("questions", JSON, nullable=False, server_default="[]"),
    Column("content", JSON),
    Column("answer_sha256", String(64)),
    ForeignKeyConstraint(["round_id", "unit"], ["assignments.round_id", "assignments.unit"]),
    UniqueConstraint("round_id", "unit", "number"),
)

items = Table(
    "items",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(120), nullable=False, unique=True),
    Column("plan_id", String(80), nullable=False),
    Column("unit", String(40), nullable=False),
    Column("channel", String(40), nullable=False),
    Column("title", Text, nullable=False),
    Column("published", Date, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("evidence_kind", String(10), nullable=False),
    Column("field", Text, nullable=False),
    Column("form", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("duty", String(20), nullable=False),
    Column("told_at", UtcInstant, nullable=False),
    Column("source", String(20), nullable=False),
    Column("submission_id", ForeignKey("submissions.id")),
    Column("withdrawn_at", UtcInstant),
    Index(None, "plan_id", "published"),
    Index(None, "submission_id"),
)

reports = Table(
    "reports",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("round_id", ForeignKey("rounds.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("document_sha256", String(64), nullable=False),
    Column("annex_sha256", String(64), nullable=False),
    Column("document_name", Text, nullable=False),
    Column("annex_name", Text, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("parts", JSON, nullable=False, server_default="{}"),
    Column("compiled_at", UtcInstant, nullable=False),
    Column("state", String(12), nullable=False),
    UniqueConstraint("round_id", "version"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("report_id", ForeignKey("reports.id"), nullable=False),
    Column("document_sha256", String(64), nullable=False),
    Column("annex_sha256", String(64), nullable=False),
    Column("approved", Boolean, nullable=False),
    Column("comment", Text, nullable=False),
    Column("by", String(120), nullable=False),
    Column("at", UtcInstant, nullable=False),
    UniqueConstraint("report_id", "at", "by"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(250), nullable=False, unique=True),
    Column("kind", String(40), nullable=False),
    Column("channel", String(20), nullable=False),
    Column("address", String(250), nullable=False),
    Column("recipient", String(250), nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("attachments", JSON, nullable=False),
    Column("round_id", String(120)),
    Column("unit", String(40)),
    Column("message_id", String(120), nullable=False, unique=True),
    Column("state", String(12), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("not_before", UtcInstant, nullable=False),
    Column("office_hours_only", Boolean, nullable=False, server_default=false()),
    Column("claimed_by", String(120)),
    Column("lease_until", UtcInstant),
    Column("created_at", UtcInstant, nullable=False),
    Column("settled_at", UtcInstant),
    Column("answer", Text),
    Column("in_reply_to", Text),
    Column("section", Text, nullable=False, server_default=""),
    Column("refusals", Integer, nullable=False, server_default="0"),
    Column("carried_by", Integer),
    Column("combined", JSON),
    Index(None, "state", "not_before"),
    Index(None, "address", "state", "not_before"),
    Index(None, "round_id"),
)
"""Every message that was ever decided. `attempts` counts how often it was taken up, `refusals` how often a server has
refused this very message. Of messages that went out as one, `carried_by` names the one whose Message-ID that had, and
`combined` of that one holds the words that it had: `{"subject": …, "body": …}`."""

mails = Table(
    "mails",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("message_id", Text, nullable=False),
    Column("sender", String(250), nullable=False),
    Column("subject", Text, nullable=False),
    Column("received_at", UtcInstant, nullable=False),
    Column("handled_at", UtcInstant),
    Column("outcome", String(20), nullable=False),
    Column("detail", JSON, nullable=False),
    Column("claimed_by", String(120)),
    Column("lease_until", UtcInstant),
    Index(None, "sender", "received_at"),
)
"""Every mail that reached the intake mailbox, once: `key` is the digest of its sender, Message-ID and body."""

link_serials = Table(
    "link_serials",
    metadata,
    Column("plan_id", String(80), primary_key=True),
    Column("unit", String(40), primary_key=True),
    Column("serial", Integer, nullable=False),
)
"""Whose personal links were revoked, and how often: a link names the serial it was made with, 0 without a row."""

chats = Table(
    "chats",
    metadata,
    Column("plan_id", String(80), primary_key=True),
    Column("unit", String(40), primary_key=True),
    Column("email", String(200), primary_key=True),
    Column("address", String(250), nullable=False),
    Column("state", String(12), nullable=False),
    Column("enrolled_at", UtcInstant, nullable=False),
    Column("changed_at", UtcInstant, nullable=False),
    Column("reason", Text, nullable=False),
    Index(None, "address"),
)
"""The chat of each contact who has enrolled one, and whether it is still written to."""

chat_updates = Table(
    "chat_updates",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("address", String(250), nullable=False),
    Column("heard_at", UtcInstant, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("answered", Boolean, nullable=False),
    Index(None, "address", "heard_at"),
)
"""Everything that the chat bot has heard, once, without the words: `key` is the digest of the chat's own id for it."""

events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcInstant, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("actor", String(120), nullable=False),
    Column("round_id", String(120), nullable=False),
    Column("unit", String(40), nullable=False),
    Column("detail", JSON, nullable=False),
    Index(None, "round_id", "id"),
)
