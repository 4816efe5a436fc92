"""How long the days of a year under the real scheduler take: as long as what happens on them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from dinhky.clock import Clock
from dinhky.domain.local_time import at
from dinhky.service.year_days import FREE_DAY, TASK, TASKS_AT_A_LOCK, TASKS_AT_AN_OPENING, paces

FIRST, LAST = at(date(2026, 3, 30), time()), at(date(2026, 7, 10), time())
STARTED = datetime(2026, 11, 22, 9, tzinfo=UTC)
QUIET = timedelta(seconds=4)


@pytest.fixture
def clock(commune) -> Clock:
    office = commune.office
    return Clock.running(STARTED, paces(office.rounds.values(), office.calendar, FIRST, LAST, QUIET))


def length(clock: Clock, day: date) -> float:
    """Of a day, in quiet working days."""
    return (clock.real(at(day + timedelta(days=1), time())) - clock.real(at(day, time()))) / QUIET


def test_a_day_without_work_is_short_and_one_with_many_rounds_is_long(clock, commune):
    quiet, sunday, opening = date(2026, 4, 8), date(2026, 4, 12), date(2026, 4, 1)
    begun = [round_ for round_ in commune.office.rounds.values() if round_.opens.date() == opening]
    assert len(begun) > 1
    units = sum(len(round_.units) for round_ in begun)
    assert length(clock, quiet) == pytest.approx(1)
    assert length(clock, sunday) == pytest.approx(FREE_DAY)
    assert length(clock, opening) == pytest.approx(1 + TASK * (TASKS_AT_AN_OPENING * len(begun) + units))


def test_what_was_open_before_is_opened_on_the_first_day_and_what_had_locked_is_not(clock, commune):
    still_open = [round_ for round_ in commune.office.rounds.values() if round_.opens <= FIRST < round_.locks]
    had_locked = [round_ for round_ in commune.office.rounds.values() if round_.locks <= FIRST]
    assert still_open
    assert had_locked
    units = sum(len(round_.units) for round_ in still_open)
    begun = TASK * (TASKS_AT_AN_OPENING * len(still_open) + units)
    locked = [round_ for round_ in commune.office.rounds.values() if FIRST < round_.locks < FIRST + timedelta(days=1)]
    locking = TASK * sum(TASKS_AT_A_LOCK + len(round_.units) for round_ in locked)
    assert length(clock, FIRST.date()) == pytest.approx(1 + begun + locking)


def test_it_begins_at_the_first_day_and_goes_on_at_the_usual_pace_after_the_last(clock):
    assert clock.real(FIRST) == STARTED
    end = clock.real(LAST)
    assert clock.at(end + timedelta(seconds=5)) - LAST == timedelta(seconds=5)
    assert clock.real(LAST - timedelta(days=1)) < end
