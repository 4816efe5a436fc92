"""Opening the ledger: one engine a process, transactions that serialise writers, and migrations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from dinhky.ledger.transaction import SqlTransaction

SQLITE_BUSY_MILLISECONDS = 30_000


class SqlLedger:
    """The ledger in the database at `url` (SQLite or PostgreSQL). Call `migrate` once before first use.

    `pooled` is False where processes fork with the ledger open or hold it for weeks: a connection a transaction.
    A ledger that need not be `durable` (SQLite only) is faster and may lose everything if the machine stops.
    """

    def __init__(self, url: str, *, pooled: bool = False, durable: bool = True) -> None:
        self.url = url
        self._engine = _engine(url, pooled=True, durable=durable) if pooled else _engine_for_all(url, durable)

    def migrate(self) -> None:
        """Bring the database to the newest schema; does nothing if it is there already."""
        from alembic import command  # 0.3 s of imports that no task needs
        from alembic.config import Config

        database = make_url(self.url).database
        if self._engine.dialect.name == "sqlite" and database:
            Path(database).parent.mkdir(parents=True, exist_ok=True)
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        with self._engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()

    def dispose(self) -> None:
        """Close the connections that are kept open; the next transaction opens new ones."""
        self._engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[SqlTransaction]:
        """One atomic transaction; on SQLite it holds the write lock from its first moment, so it can never deadlock."""
        with self._engine.connect().execution_options(dinhky_writes=True) as connection, connection.begin():
            yield SqlTransaction(connection)

    @contextmanager
    def snapshot(self) -> Iterator[SqlTransaction]:
        """A read-only look: never waits for a writer on SQLite (WAL) or PostgreSQL."""
        with self._engine.connect() as connection, connection.begin():
            yield SqlTransaction(connection)


@lru_cache(maxsize=8)
def _engine_for_all(url: str, durable: bool) -> Engine:
    """An engine without connections of its own, so that a fork may inherit it. What it has compiled is kept, and that
    is half of the cost of a small query."""
    return _engine(url, pooled=False, durable=durable)


def _engine(url: str, *, pooled: bool, durable: bool) -> Engine:
    options: dict[str, Any] = {} if pooled else {"poolclass": NullPool}
    engine = create_engine(url, **options)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        if not durable:
            event.listen(engine, "connect", _forgo_durability)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we emit BEGIN ourselves: the driver's own comes too late to serialise writers
    for pragma in (f"busy_timeout={SQLITE_BUSY_MILLISECONDS}", "journal_mode=WAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _forgo_durability(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF")


def _begin_sqlite(connection: Any) -> None:
    writes = connection.get_execution_options().get("dinhky_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
