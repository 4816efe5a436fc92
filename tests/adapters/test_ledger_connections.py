"""Connections to SQLite are kept; neither a fork nor a database put back from a copy may be harmed by that."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest

from dinhky.ledger import SqlLedger

NOW = datetime(2026, 3, 12, 2, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> SqlLedger:
    made = SqlLedger(f"sqlite:///{tmp_path / 'ledger.db'}")
    made.migrate()
    return made


def note(ledger: SqlLedger, kind: str) -> None:
    with ledger.transaction() as transaction:
        transaction.event(kind, at=NOW, actor="test")


def notes(ledger: SqlLedger) -> list[str]:
    with ledger.snapshot() as snapshot:
        return [event["kind"] for event in snapshot.events("")]


def test_a_forked_process_and_its_parent_both_write(ledger):
    note(ledger, "before")
    child = os.fork()
    if child == 0:
        try:
            for number in range(20):
                note(ledger, f"child {number}")
            os._exit(0)
        finally:
            os._exit(1)
    for number in range(20):
        note(ledger, f"parent {number}")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    found = notes(ledger)
    assert len(found) == 41
    assert {one for one in found if one.startswith("child")} == {f"child {number}" for number in range(20)}


def test_a_fork_in_the_middle_of_a_transaction_leaves_it_to_the_parent(ledger):
    with ledger.transaction() as transaction:
        transaction.event("kept by the parent", at=NOW, actor="test")
        child = os.fork()
        if child == 0:
            os._exit(0 if notes(ledger) == [] else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert notes(ledger) == ["kept by the parent"]


def test_a_database_put_back_from_a_copy_is_the_one_that_is_read_and_written(ledger, tmp_path):
    file = tmp_path / "ledger.db"
    note(ledger, "kept in the copy")
    ledger.dispose()
    shutil.copy(file, tmp_path / "copy.db")
    note(ledger, "lost with the disk")
    for gone in tmp_path.glob("ledger.db*"):
        gone.unlink()
    shutil.move(tmp_path / "copy.db", file)
    assert notes(ledger) == ["kept in the copy"]
    note(ledger, "after")
    assert notes(SqlLedger(ledger.url)) == ["kept in the copy", "after"]


def test_more_threads_than_kept_connections_all_get_one(ledger):
    threads = [Thread(target=note, args=(ledger, f"thread {number}")) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(notes(ledger)) == sorted(f"thread {number}" for number in range(30))


def test_what_was_committed_is_on_the_disk(ledger):
    """A sender was told so: it must outlive a power cut, and a message marked as sent must stay so."""
    with ledger.snapshot() as snapshot:
        assert snapshot._connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert snapshot._connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
