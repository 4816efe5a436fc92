"""Days: the ways in which officials write them, and that what can be read in two ways is asked about, not guessed."""

from __future__ import annotations

import math
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinhky.domain.period import Dates
from dinhky.workbook.typed_days import NO_DAY, TypedDay, read_day, write_day

QUARTER = Dates(date(2025, 12, 15), date(2026, 3, 14))
TWO_YEARS = Dates(date(2025, 1, 1), date(2026, 12, 31))
DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
ANYTHING = st.one_of(
    st.text(), st.integers(), st.floats(), st.booleans(), st.dates(), st.datetimes(), st.times(), st.timedeltas()
)
DATE_LIKE = st.from_regex(r"(ng\u00e0y )?\d{1,2}[/.\- ](th\u00e1ng )?\d{1,2}([/.\-]\d{2}(\d{2})?)?", fullmatch=True)


@st.composite
def windows(draw) -> Dates:
    start, length = draw(DAYS), draw(st.integers(0, 800))
    return Dates(start, start + timedelta(length))


@given(st.dates(date(1000, 1, 1)))
def test_a_day_is_read_back_however_it_is_written(day):
    around = Dates(day, day)
    for separator in "/.-":
        assert read_day(f"{day.day}{separator}{day.month}{separator}{day.year}", around) == TypedDay(day)
        assert read_day(f" {day.day:02d}{separator}{day.month:02d}{separator}{day.year} ", around) == TypedDay(day)
    assert read_day(day.isoformat(), around) == TypedDay(day)
    assert read_day(f"{day.isoformat()} 00:00:00", around) == TypedDay(day)
    assert read_day(write_day(day), around) == TypedDay(day)
    assert read_day(f"ngày {day.day} tháng {day.month} năm {day.year}", around) == TypedDay(day)
    assert read_day(datetime.combine(day, time(23, 59)), around) == TypedDay(day)
    assert read_day(f"{day.day}/{day.month}", around) == TypedDay(day, has_own_year=False)


@given(DAYS)
def test_a_day_of_this_century_is_read_without_its_first_digits_and_without_its_format(day):
    around, serial = Dates(day, day), (day - date(1899, 12, 30)).days
    assert read_day(f"{day.day}/{day.month}/{day.year % 100:02d}", around) == TypedDay(day)
    assert read_day(serial, around) == read_day(float(serial), around) == TypedDay(day)


@pytest.mark.parametrize(
    "typed",
    ["2/3/2026", "02.03.2026", "2-3-26", "2/3", "02-03", "ngày 02/3/2026", "ngày 2 tháng 3 năm 2026", "02 tháng 3/2026",
     "2 tháng 3", "Ngày 2 tháng ba năm 2026", "thứ Hai, 02/3/2026", "Thứ 2 ngày 2/3/2026", "T2, 2/3", "2/3/2026 8:30",
     "8h30 ngày 02/3/2026", "8 giờ 00 phút, ngày 2/3/2026", "02/3/2026, 14h", "2 / 3 / 2026", "2. 3. 2026",
     "02/03/2026.", "2026-03-02", "2026/3/2", "2026-03-02T00:00:00", 46083, date(2026, 3, 2), datetime(2026, 3, 2, 9)],  # noqa: DTZ001
)  # fmt: skip
def test_the_ways_in_which_officials_write_the_second_of_march(typed):
    assert read_day(typed, QUARTER).day == date(2026, 3, 2)


@pytest.mark.parametrize(
    ("typed", "could_be"),
    [
        (date(2026, 4, 3), (date(2026, 3, 4), date(2026, 4, 3))),
        (datetime(2026, 4, 3, 8), (date(2026, 3, 4), date(2026, 4, 3))),  # noqa: DTZ001
        (46115, (date(2026, 3, 4), date(2026, 4, 3))),
        ("3/4/2026", (date(2026, 3, 4), date(2026, 4, 3))),
        ("03/13/2026", (date(2026, 3, 13),)),
        ("03/13", (date(2026, 3, 13),)),
        ("3/15/2026", (date(2026, 3, 15),)),
        ("3/4", (date(2026, 3, 4),)),
    ],
)
def test_american_order_is_asked_about_not_guessed(typed, could_be):
    assert read_day(typed, QUARTER) == TypedDay(could_be=could_be)


def test_a_missing_year_is_taken_only_where_one_year_fits():
    assert read_day("31/12", QUARTER) == TypedDay(date(2025, 12, 31), has_own_year=False)
    assert read_day("01/01", QUARTER) == TypedDay(date(2026, 1, 1), has_own_year=False)
    assert read_day("15/5", QUARTER) == NO_DAY
    assert read_day("15/5", TWO_YEARS) == TypedDay(could_be=(date(2025, 5, 15), date(2026, 5, 15)))
    assert read_day("ngày 15 tháng 5", TWO_YEARS) == TypedDay(could_be=(date(2025, 5, 15), date(2026, 5, 15)))


def test_a_day_outside_that_can_be_read_in_one_way_only_is_certain():
    assert read_day("20/3/2026", QUARTER) == TypedDay(date(2026, 3, 20))
    assert read_day("15/3/25", QUARTER) == TypedDay(date(2025, 3, 15))
    assert read_day("5/6/2026", QUARTER) == TypedDay(date(2026, 6, 5)), "neither order lies inside"


@given(st.one_of(ANYTHING, DATE_LIKE), windows())
def test_nothing_makes_the_parser_fail_and_it_never_says_two_things(value, allowed):
    typed = read_day(value, allowed)
    assert typed.day is None or type(typed.day) is date
    assert not (typed.day and typed.could_be)
    assert typed.has_own_year or typed.day in allowed


@given(DAYS, windows())
def test_a_full_date_is_never_turned_into_another(day, allowed):
    """It is taken as it stands, or both readings are named, of which it is one."""
    for value in (day, write_day(day), f"{day:%d/%m/%y}"):
        typed = read_day(value, allowed)
        assert typed.day == day or (day in typed.could_be and len(typed.could_be) == 2)
        assert typed.day == day or day not in allowed


@given(DAYS, windows())
def test_a_date_in_american_order_is_taken_for_no_other_day(day, allowed):
    typed = read_day(f"{day.month}/{day.day}/{day.year}", allowed)
    if typed.day != day:
        read_as_written = day.day <= 12 and typed.day == date(day.year, day.day, day.month)
        assert read_as_written or day in typed.could_be


@pytest.mark.parametrize(
    "value",
    ["", "31/2/2026", "15/3.2026", "15 3 2026", "tháng 3/2026", "3/2026", "Quý I", "15-17/3/2026", "hôm qua", "2026",
     "١٥/٣/٢٠٢٦", "ngày ١٥/٣/٢٠٢٦", "0/0/0000", "15/3/2026 và 16/3/2026", "1/3/2026 - 5/3/2026", "1" * 5000,
     "." * 40000, 20260315, 15032026, "15032026", -1, 15.3, math.nan, math.inf, 46083.5, True, time(8),
     timedelta(days=1)],
)  # fmt: skip
def test_what_is_not_one_certain_day_is_no_day(value):
    assert read_day(value, QUARTER) == NO_DAY
