"""The two things that every part of the ledger does: insert unless present, and append an event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, TextClause, bindparam, select, text

from dinhky.ledger import schema

_ADD_EVENT = schema.events.insert()
"""Statements that every file and every message needs are put together once: SQLAlchemy takes longer to put one together
than the database to execute it."""


class Rows:
    """Base of the ledger's parts: holds the connection of one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._unwritten: list[dict[str, Any]] = []

    def _insert_unless_present(self, table: Table, values: dict[str, Any]) -> bool:
        """Insert a row; False, and nothing written, if a unique key of it is taken."""
        statement = _insert_unless_present(table, tuple(values))
        return self._connection.execute(statement, values).rowcount == 1

    def _insert_all_unless_present(self, table: Table, rows: list[dict[str, Any]]) -> None:
        """Insert rows of the same columns in one go, leaving out those of which a unique key is taken."""
        self._connection.execute(_insert_unless_present(table, tuple(rows[0])), rows)

    def event(self, kind: str, *, at: datetime, actor: str, round_id: str = "", unit: str = "", **detail: Any) -> None:
        """Append who, what, when, why. Events are never changed or removed."""
        values = {"kind": kind, "at": at, "actor": actor, "round_id": round_id, "unit": unit, "detail": detail}
        self._unwritten.append(values)

    def write_events(self) -> None:
        """Write the events noted so far, in one go: as the transaction ends, and before anything here reads events."""
        if self._unwritten:
            self._connection.execute(_ADD_EVENT, self._unwritten)
            self._unwritten.clear()

    def events(self, round_id: str) -> list[dict[str, Any]]:
        """The round's events, oldest first."""
        self.write_events()
        found = self._connection.execute(
            select(schema.events).where(schema.events.c.round_id == round_id).order_by(schema.events.c.id)
        )
        return [dict(row._mapping) for row in found]

    def last_events(self, kind: str, round_ids: Sequence[str]) -> dict[tuple[str, str], dict[str, Any]]:
        """The newest event of that kind for each of these rounds and units; the unit is empty for a whole round."""
        if not round_ids:
            return {}
        self.write_events()
        events = schema.events.c
        found = self._connection.execute(
            select(schema.events).where(events.round_id.in_(round_ids), events.kind == kind).order_by(events.id)
        )
        return {(row.round_id, row.unit): dict(row._mapping) for row in found}


@cache
def _insert_unless_present(table: Table, columns: tuple[str, ...]) -> TextClause:
    """The statement, in words that both databases know: SQLAlchemy compiles its own form of it anew every time."""
    names, values = ", ".join(f'"{name}"' for name in columns), ", ".join(f":{name}" for name in columns)
    statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({values}) ON CONFLICT DO NOTHING'  # noqa: S608 - no data in it
    return text(statement).bindparams(*(bindparam(name, type_=table.c[name].type) for name in columns))
