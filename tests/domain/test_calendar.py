"""Counting working days over any calendar (Labour Code 2019, art. 112; Civil Code 2015, art. 148)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.errors import CalendarGap

# 2026 around two holidays: Saturday 22/8 is worked so that Monday 31/8 is off before National Day.
AROUND_NATIONAL_DAY = WorkingCalendar(
    2026,
    2026,
    days_off=frozenset({date(2026, 8, 31), date(2026, 9, 1), date(2026, 9, 2), date(2026, 4, 30)}),
    worked_weekend_days=frozenset({date(2026, 8, 22)}),
)
YEAR = st.dates(date(2026, 1, 1), date(2026, 12, 31))
MIDYEAR = st.dates(date(2026, 3, 1), date(2026, 10, 31))
calendars = st.builds(
    lambda off, worked: WorkingCalendar(
        2025, 2027, frozenset(off), frozenset(day for day in worked if day.weekday() >= 5)
    ),
    st.sets(YEAR, max_size=20),
    st.sets(YEAR, max_size=20),
)


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (date(2026, 8, 21), True),  # an ordinary Friday
        (date(2026, 8, 22), True),  # a Saturday worked in exchange
        (date(2026, 8, 23), False),  # a Sunday
        (date(2026, 8, 29), False),  # an ordinary Saturday
        (date(2026, 8, 31), False),  # a Monday swapped away
        (date(2026, 9, 2), False),  # a public holiday
        (date(2026, 9, 3), True),
    ],
)
def test_offices_work_on_weekdays_that_are_not_off_and_on_weekends_worked_in_exchange(day: date, worked: bool) -> None:
    assert AROUND_NATIONAL_DAY.is_working_day(day) is worked


@pytest.mark.parametrize(
    ("day", "forward", "backward"),
    [
        (date(2026, 3, 15), date(2026, 3, 16), date(2026, 3, 13)),  # a Sunday
        (date(2026, 6, 15), date(2026, 6, 15), date(2026, 6, 15)),  # already worked
        (date(2026, 8, 31), date(2026, 9, 3), date(2026, 8, 28)),  # over the whole holiday
        (date(2026, 4, 30), date(2026, 5, 1), date(2026, 4, 29)),
    ],
)
def test_a_deadline_on_a_day_off_moves_to_the_next_working_day_or_the_one_before(
    day: date, forward: date, backward: date
) -> None:
    assert AROUND_NATIONAL_DAY.on_or_after(day) == forward
    assert AROUND_NATIONAL_DAY.on_or_before(day) == backward


@pytest.mark.parametrize(
    ("day", "working_days", "expected"),
    [
        (date(2026, 3, 16), -1, date(2026, 3, 13)),
        (date(2026, 3, 16), 0, date(2026, 3, 16)),
        (date(2026, 3, 16), 3, date(2026, 3, 19)),
        (date(2026, 8, 21), 1, date(2026, 8, 22)),
        (date(2026, 8, 28), 1, date(2026, 9, 3)),
        (date(2026, 9, 3), -3, date(2026, 8, 26)),
    ],
)
def test_shifting_counts_working_days_only(day: date, working_days: int, expected: date) -> None:
    assert AROUND_NATIONAL_DAY.shift(day, working_days) == expected


@pytest.mark.parametrize(
    ("start", "end", "count"),
    [
        (date(2026, 3, 14), date(2026, 3, 15), 0),  # Saturday to Sunday: the clash of quarter I
        (date(2026, 3, 14), date(2026, 3, 16), 1),
        (date(2026, 6, 14), date(2026, 6, 15), 1),
        (date(2026, 8, 28), date(2026, 9, 3), 1),
        (date(2026, 3, 16), date(2026, 3, 16), 0),
        (date(2026, 3, 16), date(2026, 3, 1), 0),
    ],
)
def test_working_days_between_two_dates_exclude_the_first_and_include_the_last(
    start: date, end: date, count: int
) -> None:
    assert AROUND_NATIONAL_DAY.working_days_after(start, end) == count


@pytest.mark.parametrize("day", [date(2025, 12, 31), date(2027, 1, 1)])
def test_a_year_whose_days_off_are_unknown_is_never_guessed(day: date) -> None:
    with pytest.raises(CalendarGap) as gap:
        AROUND_NATIONAL_DAY.is_working_day(day)
    assert gap.value.params == {"day": day, "first_year": 2026, "last_year": 2026}


@given(calendars, MIDYEAR)
def test_rolling_lands_on_the_nearest_working_day_of_its_side(calendar: WorkingCalendar, day: date) -> None:
    after, before = calendar.on_or_after(day), calendar.on_or_before(day)

    assert before <= day <= after
    assert calendar.is_working_day(after)
    assert calendar.is_working_day(before)
    assert not any(calendar.is_working_day(day + timedelta(n)) for n in range((after - day).days))
    assert not any(calendar.is_working_day(day - timedelta(n)) for n in range((day - before).days))


@given(calendars, MIDYEAR, st.integers(-20, 20))
def test_shifting_and_shifting_back_returns_to_the_same_working_day(
    calendar: WorkingCalendar, day: date, working_days: int
) -> None:
    start = calendar.on_or_after(day)
    there = calendar.shift(start, working_days)

    assert calendar.shift(there, -working_days) == start
    assert calendar.working_days_after(min(start, there), max(start, there)) == abs(working_days)
