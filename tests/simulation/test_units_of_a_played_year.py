"""When the units of a year under the real scheduler hand in their files: after what is decided before it."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

from dinhky.domain.local_time import at
from dinhky.orchestration.handed_in import HandedIn
from dinhky.service.year_units import Units
from dinhky.simulation.behaviour import Behaviour, Delivery, Fault
from dinhky.simulation.played import Closed, Played

PLAN, ROUND, MONTH = "phuc-loi-2026", "phuc-loi-2026/PL-5/2026-Q1", "phuc-loi-2026/PL-2/2026-03"
NEXT = "phuc-loi-2026/PL-5/2026-Q2"
FIRST = datetime.fromisoformat("2026-03-05T00:00+07:00")
EVENING = datetime.fromisoformat("2026-03-12T20:00+07:00")
MORNING = datetime.fromisoformat("2026-03-12T08:00+07:00")
NIGHT = EVENING + timedelta(hours=2)


@pytest.fixture
def notes(tmp_path: Path) -> HandedIn:
    return HandedIn(tmp_path)


def units_of(commune, notes: HandedIn, *deliveries: Delivery, closed: tuple[Closed, ...] = ()) -> Units:
    behaviour = Behaviour(PLAN, 1, {}, deliveries, {})
    played = Played(commune.office.plans[PLAN], behaviour, commune.office.rounds, closed=list(closed))
    return Units(commune.office, notes, {PLAN: behaviour}, {PLAN: played}, FIRST)


def file_of(unit: str, round_id: str = ROUND) -> Delivery:
    return Delivery(EVENING, unit, round_id, unit, {"posts": ()}, fault=Fault.NOTHING_IN_IT)


def received(commune, round_id: str = ROUND) -> dict[str, tuple[str, ...]]:
    """What is wrong with the files that came, by unit."""
    with commune.office.ledger.snapshot() as ledger:
        return {one.unit: tuple(problem.code for problem in one.problems) for one in ledger.submissions(round_id)}


def awaited(notes: HandedIn, moment: datetime, monkeypatch) -> bool:
    """Whether the tick that stands for that moment would wait."""
    naps: list[float] = []
    monkeypatch.setattr("dinhky.orchestration.handed_in.sleep", naps.append)
    monkeypatch.setattr("dinhky.orchestration.handed_in.LONGEST_SECONDS", 0.05)
    notes.wait_for(moment)
    return bool(naps)


def test_a_file_of_the_evening_comes_after_that_days_tick_and_before_the_next(commune, notes, monkeypatch):
    units = units_of(commune, notes, file_of("vhxh"))
    units.act(NIGHT)
    assert received(commune) == {}, "the day's tick has not looked"
    assert not awaited(notes, MORNING, monkeypatch)
    assert awaited(notes, MORNING + timedelta(days=1), monkeypatch)
    notes.tell_tick(MORNING)
    units.act(NIGHT)
    assert set(received(commune)) == {"vhxh"}
    assert not awaited(notes, MORNING + timedelta(days=1), monkeypatch)


def test_a_file_is_not_handed_in_before_its_day(commune, notes):
    units = units_of(commune, notes, file_of("vhxh"))
    units.act(at(EVENING.date(), time(7, 59)))
    notes.tell_tick(MORNING)
    units.act(at(EVENING.date(), time(7, 59)))
    assert received(commune) == {}


def test_a_file_that_comes_after_a_quotas_end_waits_for_its_tally_and_no_tick_for_it(commune, notes, monkeypatch):
    commune.open(MONTH)
    units = units_of(commune, notes, file_of("vhxh"), closed=(Closed(MONTH, EVENING - timedelta(hours=1), None),))
    units.act(FIRST)
    notes.tell_tick(MORNING)
    units.act(NIGHT)
    assert received(commune) == {}
    assert not awaited(notes, MORNING + timedelta(days=1), monkeypatch)
    assert notes.complete_until(NIGHT) == EVENING, "a lock waits for it"
    with commune.office.ledger.transaction() as ledger:
        ledger.event("tally_sent", at=NIGHT, actor="dinhky", round_id=MONTH)
    units.act(NIGHT)
    assert set(received(commune)) == {"vhxh"}
    assert notes.complete_until(NIGHT) == NIGHT


def test_a_file_whose_round_has_not_opened_holds_up_neither_tick_nor_lock(commune, notes, monkeypatch):
    units = units_of(commune, notes, Delivery(EVENING, "vhxh", NEXT, "vhxh", {"posts": ()}))
    units.act(FIRST)
    notes.tell_tick(MORNING)
    units.act(NIGHT)
    assert received(commune, NEXT) == {}
    assert not awaited(notes, MORNING + timedelta(days=1), monkeypatch)
    assert notes.complete_until(NIGHT) == NIGHT


def test_files_of_one_moment_are_each_their_own_units(commune, notes):
    """The first one's workbook is not there yet when the second one's is filled in ahead."""
    units = units_of(commune, notes, file_of("vhxh", round_id=NEXT), file_of("vp"))
    units.act(FIRST + timedelta(days=5))
    commune.open(NEXT)
    notes.tell_tick(MORNING)
    units.act(NIGHT)
    assert received(commune) == {"vp": ("workbook_empty",)}
    assert received(commune, NEXT) == {"vhxh": ("workbook_empty",)}


@pytest.mark.parametrize(
    ("ticked", "following"),
    [
        ("2026-03-12T00:00", "2026-03-12T08:00"),
        ("2026-03-12T07:59", "2026-03-13T08:00"),  # a tick's moment, rounded off
        ("2026-03-12T08:00", "2026-03-13T08:00"),
        ("2026-03-13T08:00", "2026-03-16T08:00"),
    ],
)
def test_which_tick_is_the_next(commune, notes, ticked, following):
    assert units_of(commune, notes).tick_after(office_time(ticked)) == office_time(following)


def office_time(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+07:00")
