"""On a fast clock a tick, or a lock, waits for the files that came before it; in earnest it does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dinhky.orchestration import handed_in
from dinhky.orchestration.handed_in import HandedIn

MORNING = datetime(2026, 6, 17, 1, tzinfo=UTC)


def test_where_nobody_plays_the_units_nothing_waits(tmp_path, monkeypatch):
    monkeypatch.setattr(handed_in, "sleep", None)
    HandedIn(tmp_path).wait_for(MORNING)


def test_a_tick_waits_until_what_came_before_it_is_there(tmp_path, monkeypatch):
    units = HandedIn(tmp_path)
    units.tell(MORNING - timedelta(hours=12))
    naps = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 3:
            units.tell(MORNING + timedelta(hours=12))

    monkeypatch.setattr(handed_in, "sleep", nap)
    HandedIn(tmp_path).wait_for(MORNING)
    assert len(naps) == 3


def test_what_never_comes_is_not_awaited_for_ever(tmp_path, monkeypatch):
    HandedIn(tmp_path).tell(MORNING - timedelta(days=1))
    clock = iter([0.0, *(handed_in.LONGEST_SECONDS * part for part in (0.5, 0.9, 1.1))])
    naps = []
    monkeypatch.setattr(handed_in, "monotonic", lambda: next(clock))
    monkeypatch.setattr(handed_in, "sleep", naps.append)
    HandedIn(tmp_path).wait_for(MORNING)
    assert len(naps) == 2


def test_the_last_tick_is_known_where_somebody_plays_the_units(tmp_path):
    units, tick = HandedIn(tmp_path), HandedIn(tmp_path)
    tick.tell_tick(MORNING)
    assert units.last_tick() is None
    units.tell(MORNING)
    tick.tell_tick(MORNING)
    assert units.last_tick() == MORNING


def test_what_has_come_is_complete_until_now_unless_something_is_still_awaited(tmp_path):
    units = HandedIn(tmp_path)
    assert units.complete_until(MORNING) == MORNING
    units.tell(MORNING + timedelta(days=4))
    assert units.complete_until(MORNING) == MORNING
    units.tell(MORNING - timedelta(hours=12))
    assert units.complete_until(MORNING) == MORNING - timedelta(hours=12)
