"""What a unit's task and a round's lock take for known: a file from before the lock may still be on its way."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dinhky import bootstrap
from dinhky.orchestration.handed_in import HandedIn
from dinhky.rounds.opening import open_round

ROUND, UNIT = "phuc-loi-2026/PL-5/2026-Q1", "vhxh"
A_BREATH = timedelta(seconds=30)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+07:00")


LOCKS = at("2026-03-16T10:00")


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """On a fast clock that shows a quarter of an hour past the lock. The round is open; nobody has answered."""
    monkeypatch.setenv("DINHKY_HOME", str(tmp_path))
    monkeypatch.delenv("DINHKY_LEDGER", raising=False)
    monkeypatch.setenv("DINHKY_CLOCK", f"{(LOCKS + timedelta(minutes=15)).isoformat()}@2")
    monkeypatch.setenv("DINHKY_CLOCK_STARTED", datetime.now(UTC).isoformat())
    office = bootstrap.office()
    office.ledger.migrate()
    open_round(office, ROUND, at("2026-03-05T07:30"))
    return office


def test_in_earnest_a_file_has_three_minutes_to_come_through_the_intake(tmp_path):
    from dinhky.orchestration.waiting import received_until

    current = bootstrap.settings({"DINHKY_HOME": str(tmp_path)})
    behind = datetime.now(UTC) - timedelta(minutes=3) - received_until(current)
    assert abs(behind) < A_BREATH


def test_on_a_fast_clock_a_unit_is_not_missing_while_a_file_from_before_the_lock_is_still_to_come(office, tmp_path):
    from dinhky.orchestration.data_closed import NothingOwedTrigger
    from dinhky.orchestration.waiting import UnitSubmissionTrigger

    unit, lock = UnitSubmissionTrigger(ROUND, UNIT), NothingOwedTrigger(ROUND)
    HandedIn(tmp_path).tell(LOCKS - timedelta(hours=14))
    assert unit.look() is None
    assert lock.look() is None
    HandedIn(tmp_path).tell(LOCKS + timedelta(days=4))
    assert unit.look().payload == "missing"
    assert lock.look() is not None


def test_on_a_fast_clock_a_moment_has_come_when_the_files_from_before_it_have(office, tmp_path):
    from dinhky.orchestration.waiting import has_come

    assert has_come(LOCKS)
    assert not has_come(LOCKS + timedelta(hours=1))
    HandedIn(tmp_path).tell(LOCKS - timedelta(hours=14))
    assert not has_come(LOCKS)
    HandedIn(tmp_path).tell(LOCKS + timedelta(days=4), all_until=LOCKS - timedelta(hours=14))
    assert not has_come(LOCKS), "a file for which no tick waits is awaited by a lock"


def test_the_task_that_waits_for_a_moment_goes_on_when_the_files_from_before_it_are_in(office, tmp_path, monkeypatch):
    from airflow.sdk.exceptions import TaskDeferred

    from dinhky.orchestration import waiting

    monkeypatch.setattr(waiting, "LOOK_EVERY_SECONDS_ON_A_FAST_CLOCK", 0.01)
    units = HandedIn(tmp_path)
    units.tell(LOCKS - timedelta(hours=14))
    with pytest.raises(TaskDeferred) as deferred:
        waiting.WaitUntilOperator(task_id="close", moment=LOCKS.isoformat()).execute({})

    async def fired(within: float) -> object:
        return await asyncio.wait_for(anext(deferred.value.trigger.run()), within)

    with pytest.raises(TimeoutError):
        asyncio.run(fired(within=0.2))
    units.tell(LOCKS + timedelta(days=4))
    assert asyncio.run(fired(within=20)) is not None
    waiting.WaitUntilOperator(task_id="close", moment=LOCKS.isoformat()).execute({})
