"""Opening the ledger: one engine a process, transactions that serialise writers, and migrations."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import NullPool, Pool, QueuePool

from dinhky.ledger.transaction import SqlTransaction

SQLITE_BUSY_MILLISECONDS = 30_000
KEPT_CONNECTIONS = 4
DURABLE = "durable"

_engines: weakref.WeakSet[Engine] = weakref.WeakSet()
_left_to_parent: list[Pool] = []


class SqlLedger:
    """The ledger in the database at `url` (SQLite or PostgreSQL). Call `migrate` once before first use.

    Connections to SQLite are kept and used again: closing the last one costs as much as everything else that a file
    needs. A process that forks leaves them to the parent, and a database that was put back from a copy is opened anew.
    PostgreSQL gets a connection a transaction, for a service that holds them for weeks sees its server come and go.
    A ledger that need not be `durable` (SQLite only; in a URL, `?durable=no`) is faster and may lose everything if the
    machine stops.
    """

    def __init__(self, url: str, *, durable: bool = True) -> None:
        asked = make_url(url)
        self.url = asked.difference_update_query([DURABLE]).render_as_string(hide_password=False)
        self._engine = _engine_for_all(self.url, durable and asked.query.get(DURABLE) != "no")

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
            transaction = SqlTransaction(connection)
            yield transaction
            transaction.write_events()

    @contextmanager
    def snapshot(self) -> Iterator[SqlTransaction]:
        """A read-only look: never waits for a writer on SQLite (WAL) or PostgreSQL."""
        with self._engine.connect() as connection, connection.begin():
            yield SqlTransaction(connection)


@lru_cache(maxsize=8)
def _engine_for_all(url: str, durable: bool) -> Engine:
    """One engine for everybody in the process: what it has compiled is half of the cost of a small query."""
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, poolclass=NullPool)
    engine = create_engine(url, poolclass=QueuePool, pool_size=KEPT_CONNECTIONS, max_overflow=-1)
    file = make_url(url).database or ""
    event.listen(engine, "connect", partial(_prepare_sqlite, file, "FULL" if durable else "OFF"))
    event.listen(engine, "checkout", partial(_check_file, file))
    event.listen(engine, "begin", _begin_sqlite)
    _engines.add(engine)
    return engine


def _prepare_sqlite(file: str, synchronous: str, connection: Any, record: Any) -> None:
    """`synchronous` is FULL and not NORMAL: a sender who was told "received" must find it so after a power cut, and a
    message marked as sent must not be sent again."""
    connection.isolation_level = None  # we emit BEGIN ourselves: the driver's own comes too late to serialise writers
    for pragma in (
        f"busy_timeout={SQLITE_BUSY_MILLISECONDS}",
        "journal_mode=WAL",
        "foreign_keys=ON",
        f"synchronous={synchronous}",
    ):
        connection.execute(f"PRAGMA {pragma}")
    record.info["file"] = _identity_of(file)


def _check_file(file: str, _connection: Any, record: Any, _proxy: Any) -> None:
    """A kept connection is of no use once another file lies in the place of the database."""
    if record.info["file"] != _identity_of(file):
        raise DisconnectionError("another file lies in the place of the ledger")


def _identity_of(file: str) -> tuple[int, int] | None:
    with suppress(FileNotFoundError):
        status = os.stat(file)
        return status.st_dev, status.st_ino
    return None


def _leave_to_parent() -> None:
    """In a process just forked. SQLite forbids to use, and even to close, a connection on this side of a fork."""
    for engine in list(_engines):
        _left_to_parent.append(engine.pool)
        engine.dispose(close=False)


os.register_at_fork(after_in_child=_leave_to_parent)


def _begin_sqlite(connection: Any) -> None:
    writes = connection.get_execution_options().get("dinhky_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
