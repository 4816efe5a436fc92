"""The two things that every part of the ledger does: insert unless present, and append an event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from dinhky.ledger import schema


class Rows:
    """Base of the ledger's parts: holds the connection of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _insert_unless_present(self, table: Table, values: dict[str, Any]) -> bool:
        """Insert a row; False, and nothing written, if a unique key of it is taken."""
        insert = sqlite.insert if self._connection.dialect.name == "sqlite" else postgresql.insert
        return self._connection.execute(insert(table).values(values).on_conflict_do_nothing()).rowcount == 1

    def event(self, kind: str, *, at: datetime, actor: str, round_id: str = "", unit: str = "", **detail: Any) -> None:
        """Append who, what, when, why. Events are never changed or removed."""
        self._connection.execute(
            schema.events.insert().values(kind=kind, at=at, actor=actor, round_id=round_id, unit=unit, detail=detail)
        )

    def events(self, round_id: str) -> list[dict[str, Any]]:
        """The round's events, oldest first."""
        found = self._connection.execute(
            select(schema.events).where(schema.events.c.round_id == round_id).order_by(schema.events.c.id)
        )
        return [dict(row._mapping) for row in found]

    def last_events(self, kind: str, round_ids: Sequence[str]) -> dict[tuple[str, str], dict[str, Any]]:
        """The newest event of that kind for each of these rounds and units; the unit is empty for a whole round."""
        if not round_ids:
            return {}
        table = schema.events
        found = self._connection.execute(
            select(table).where(table.c.round_id.in_(round_ids), table.c.kind == kind).order_by(table.c.id)
        )
        return {(row.round_id, row.unit): dict(row._mapping) for row in found}
