"""How long the days of a year under the real scheduler take: as long as what happens on them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from dinhky import bootstrap
from dinhky.clock import Clock
from dinhky.domain.local_time import at, local
from dinhky.service.year_days import TASK, TASKS_AT_AN_OPENING, paces

FIRST, LAST = at(date(2026, 3, 30), time()), at(date(2026, 7, 10), time())
STARTED = datetime(2026, 11, 22, 9, tzinfo=UTC)
QUIET = timedelta(seconds=4)
QUIET_DAY, SUNDAY = date(2026, 4, 8), date(2026, 4, 12)


@pytest.fixture(scope="module")
def office():
    """All five communes."""
    return bootstrap.office(bootstrap.settings({}))


@pytest.fixture(scope="module")
def clock(office) -> Clock:
    return Clock.running(STARTED, paces(office, FIRST, LAST, QUIET))


def length(clock: Clock, day: date) -> float:
    """Of a day, in quiet working days."""
    return (clock.real(at(day + timedelta(days=1), time())) - clock.real(at(day, time()))) / QUIET


def test_a_working_day_on_which_only_the_tick_comes_is_the_measure(clock):
    assert length(clock, QUIET_DAY) == pytest.approx(1)


def test_a_day_off_on_which_nothing_happens_is_short_and_not_nothing(clock):
    assert 0.05 < length(clock, SUNDAY) < 0.3


@pytest.mark.parametrize(
    ("event", "when", "day"),
    [
        ("opens", date(2026, 4, 1), date(2026, 4, 1)),
        ("locks", date(2026, 4, 3), date(2026, 4, 4)),  # at its last second, and the day after is a Saturday
        ("locks", date(2026, 7, 3), date(2026, 7, 4)),
    ],
)
def test_where_many_rounds_open_or_have_locked_there_is_room_for_all_their_units(office, clock, event, when, day):
    then = [round_ for round_ in office.rounds.values() if local(getattr(round_, event)).date() == when]
    assert len(then) > 5
    assert length(clock, day) > 0.1 + 0.1 * sum(len(round_.units) for round_ in then)


def test_where_a_report_locks_its_standing_duties_have_room_too(office, clock):
    alone = [round_ for round_ in office.rounds.values() if local(round_.locks).date() == date(2026, 6, 18)]
    without = sum(len(round_.units) + 5 for round_ in alone)
    assert length(clock, date(2026, 6, 18)) > 1.5 + 0.12 * without


def test_what_was_open_before_is_opened_on_the_first_day_and_what_had_locked_is_not(office, clock):
    still_open = [round_ for round_ in office.rounds.values() if round_.opens <= FIRST < round_.locks]
    before = [round_ for round_ in office.rounds.values() if round_.opens <= FIRST]
    assert 0 < len(still_open) < len(before)
    tasks = [sum(TASKS_AT_AN_OPENING + len(round_.units) for round_ in opened) for opened in (still_open, before)]
    assert 1 + TASK * tasks[0] <= length(clock, FIRST.date()) < 1 + TASK * tasks[1]


def test_a_quarter_takes_hardly_longer_than_if_all_its_days_were_twice_as_long_as_a_quiet_one(clock):
    assert clock.real(LAST) - STARTED < 2.2 * QUIET * (LAST - FIRST).days


def test_it_begins_at_the_first_day_and_goes_on_at_the_usual_pace_after_the_last(clock):
    assert clock.real(FIRST) == STARTED
    end = clock.real(LAST)
    assert clock.at(end + timedelta(seconds=5)) - LAST == timedelta(seconds=5)
