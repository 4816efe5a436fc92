"""Periods: their labels, and the days whose data they cover (Decree 09/2019/NĐ-CP, art. 12)."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinhky.domain.period import Cadence, Dates, Period, Window, last_day_of_month, periods_of

RECURRING = [Cadence.MONTHLY, Cadence.QUARTERLY, Cadence.HALF_YEARLY, Cadence.YEARLY]
years = st.integers(2000, 2099)
recurring_periods = st.builds(
    lambda year, cadence, position: periods_of(cadence, year)[position % len(periods_of(cadence, year))],
    years,
    st.sampled_from(RECURRING),
    st.integers(0, 11),
)


@pytest.mark.parametrize(
    ("label", "start", "end"),
    [
        ("2026-01", date(2025, 12, 15), date(2026, 1, 14)),
        ("2026-03", date(2026, 2, 15), date(2026, 3, 14)),
        ("2026-Q1", date(2025, 12, 15), date(2026, 3, 14)),
        ("2026-Q2", date(2026, 3, 15), date(2026, 6, 14)),
        ("2026-Q4", date(2026, 9, 15), date(2026, 12, 14)),
        ("2026-H1", date(2025, 12, 15), date(2026, 6, 14)),
        ("2026-H2", date(2026, 6, 15), date(2026, 12, 14)),
        ("2026", date(2025, 12, 15), date(2026, 12, 14)),
    ],
)
def test_data_of_a_reporting_period_run_from_the_15th_to_the_14th(label: str, start: date, end: date) -> None:
    assert Period.parse(label).window(Window.DECREE) == Dates(start, end)


@pytest.mark.parametrize(
    ("label", "start", "end"),
    [
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28)),
        ("2028-02", date(2028, 2, 1), date(2028, 2, 29)),
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 31)),
        ("2026-12", date(2026, 12, 1), date(2026, 12, 31)),
        ("2026-H2", date(2026, 7, 1), date(2026, 12, 31)),
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_a_calendar_period_is_its_whole_months(label: str, start: date, end: date) -> None:
    assert Period.parse(label).window(Window.CALENDAR) == Dates(start, end)


def test_a_post_of_20_march_belongs_to_calendar_quarter_one_and_to_reporting_quarter_two() -> None:
    post, first, second = date(2026, 3, 20), Period.parse("2026-Q1"), Period.parse("2026-Q2")

    assert post in first.window(Window.CALENDAR)
    assert post not in first.window(Window.DECREE)
    assert post in second.window(Window.DECREE)


@given(years, st.sampled_from(RECURRING), st.sampled_from(list(Window)))
def test_the_periods_of_a_year_tile_it_without_gap_or_overlap(year: int, cadence: Cadence, window: Window) -> None:
    whole = Period(year, Cadence.YEARLY, 1).window(window)
    windows = [period.window(window) for period in periods_of(cadence, year)]

    assert windows[0].start == whole.start
    assert windows[-1].end == whole.end
    assert all(earlier.end + timedelta(days=1) == later.start for earlier, later in pairwise(windows))


@given(years, st.sampled_from(list(Window)))
def test_one_year_ends_the_day_before_the_next_begins(year: int, window: Window) -> None:
    this, following = Period(year, Cadence.YEARLY, 1), Period(year + 1, Cadence.YEARLY, 1)

    assert this.window(window).end + timedelta(days=1) == following.window(window).start


@given(recurring_periods)
def test_a_label_reads_back_as_the_period_it_names(period: Period) -> None:
    assert Period.parse(period.label) == period


@given(recurring_periods)
def test_the_period_before_the_following_one_is_this_one(period: Period) -> None:
    assert period.following().previous() == period
    assert period.previous().following() == period
    assert period.previous().window(Window.DECREE).end + timedelta(days=1) == period.window(Window.DECREE).start


@pytest.mark.parametrize(
    "text", ["", "2026-Q5", "2026-Q0", "2026-13", "2026-00", "2026-H3", "26-Q1", "2026-q1", "2026-3"]
)
def test_any_other_text_is_no_period(text: str) -> None:
    with pytest.raises(ValueError, match="expected 2026, 2026-H1, 2026-Q1 or 2026-03"):
        Period.parse(text)


@pytest.mark.parametrize(
    ("cadence", "index"), [(Cadence.QUARTERLY, 5), (Cadence.MONTHLY, 13), (Cadence.YEARLY, 2), (Cadence.HALF_YEARLY, 0)]
)
def test_a_year_has_no_fifth_quarter(cadence: Cadence, index: int) -> None:
    with pytest.raises(ValueError, match="in a year"):
        Period(2026, cadence, index)


def test_a_duty_done_once_is_labelled_with_its_year() -> None:
    assert [period.label for period in periods_of(Cadence.ONCE, 2026)] == ["2026"]


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_the_day_after_a_months_last_is_a_first(day: date) -> None:
    last = last_day_of_month(day.year, day.month)

    assert (last.year, last.month) == (day.year, day.month)
    assert (last + timedelta(days=1)).day == 1
