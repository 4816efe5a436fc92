"""The dates of rounds: when the data close, when a round opens, when units and the report are due, when it locks."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.errors import CalendarGap, UnknownName
from dinhky.domain.local_time import VIETNAM, local
from dinhky.domain.people import Person
from dinhky.domain.period import Cadence, Dates, Window, last_day_of_month
from dinhky.domain.plan import DueRule, Kind, Letterhead, Obligation, Plan, Roll, Unit
from dinhky.domain.schedule import Round, feasibility, find_round, quota_months, rounds_of, year_of

# Vietnam's weekdays off around the dates used here.
CALENDAR = WorkingCalendar(
    2025,
    2027,
    frozenset(
        {
            *(date(2026, 1, 1), date(2026, 1, 2), *(date(2026, 2, day) for day in range(16, 21))),
            *(date(2026, 4, 27), date(2026, 4, 30), date(2026, 5, 1)),
            *(date(2026, 8, 31), date(2026, 9, 1), date(2026, 9, 2), date(2026, 11, 24), date(2027, 1, 1)),
        }
    ),
    frozenset({date(2026, 1, 10), date(2026, 8, 22)}),
)
QUARTERLY_REPORT = Obligation(
    ref="PL-5",
    source="Phụ lục, mục 5",
    name="Báo cáo quý",
    kind=Kind.REPORT,
    cadence=Cadence.QUARTERLY,
    window=Window.DECREE,
    due=DueRule(day_of_last_month=15, roll=Roll.FORWARD),
    unit_due_working_days_before=1,
    locks_at=time(10, 0),
    lead=("vhxh",),
    units=("vhxh",),
)
MONTHLY_POSTS = Obligation(
    ref="PL-2",
    source="Phụ lục, mục 2",
    name="Tin bài",
    kind=Kind.POSTS,
    cadence=Cadence.MONTHLY,
    count=2,
    lead=("vhxh",),
    units=("vhxh",),
)


def plan_of(*obligations: Obligation, effective_from: date = date(2026, 3, 5)) -> Plan:
    return Plan(
        id="phuc-loi-2026",
        title="Kế hoạch",
        commune="phường Phúc Lợi",
        year=2026,
        effective_from=effective_from,
        document="Kế hoạch",
        subject="tuyên truyền",
        letterhead=Letterhead(("UBND",), "Phúc Lợi", "BC-UBND", ("TM.",), "Người ký", ("Sở Nội vụ",), "VT"),
        approver=Person("lanhdao", "Lãnh đạo", "lanhdao@phucloi.example"),
        compiler="vhxh",
        report_to=(),
        channels={},
        units=(Unit("vhxh", "Phòng Văn hóa - Xã hội"),),
        obligations=obligations,
    )


def rounds(obligation: Obligation, effective_from: date = date(2026, 1, 1)) -> list[Round]:
    return rounds_of(plan_of(obligation, effective_from=effective_from), obligation, CALENDAR)


def due_days(obligation: Obligation, effective_from: date = date(2026, 1, 1)) -> list[date]:
    return [local(round_.due).date() for round_ in rounds(obligation, effective_from)]


def test_the_15th_of_a_quarters_last_month_moves_forward_off_a_day_off() -> None:
    assert due_days(QUARTERLY_REPORT) == [
        date(2026, 3, 16),  # the 15th is a Sunday
        date(2026, 6, 15),
        date(2026, 9, 15),
        date(2026, 12, 15),
    ]


def test_a_reports_five_dates_and_its_lock_hour() -> None:
    first, second = rounds(QUARTERLY_REPORT, date(2026, 3, 5))[:2]

    assert first.id == "phuc-loi-2026/PL-5/2026-Q1"
    assert first.window == Dates(date(2025, 12, 15), date(2026, 3, 14))
    assert first.opens == datetime(2026, 3, 5, 7, 30, tzinfo=VIETNAM)  # the plan takes effect inside the window
    assert first.unit_due == datetime(2026, 3, 13, 23, 59, 59, tzinfo=VIETNAM)
    assert first.nominal_due == date(2026, 3, 15)
    assert first.due == datetime(2026, 3, 16, 23, 59, 59, tzinfo=VIETNAM)
    assert first.locks == datetime(2026, 3, 16, 10, 0, tzinfo=VIETNAM)
    assert second.opens == datetime(2026, 3, 16, 7, 30, tzinfo=VIETNAM)  # 15/3 is a Sunday


def test_a_report_without_an_hour_locks_at_the_end_of_its_due_day() -> None:
    for round_ in rounds(replace(QUARTERLY_REPORT, locks_at=None)):
        assert round_.locks == round_.due


def test_other_rounds_take_evidence_for_three_working_days_after_they_are_due() -> None:
    april = rounds(MONTHLY_POSTS)[3]

    assert local(april.due).date() == date(2026, 4, 29)
    assert april.locks == datetime(2026, 5, 6, 23, 59, 59, tzinfo=VIETNAM)  # 30/4 and 1/5 are off


@pytest.mark.parametrize(
    ("month", "due"),
    [
        (4, date(2026, 4, 29)),  # 30/4 is a holiday and 1/5 is outside the month
        (5, date(2026, 5, 29)),
        (8, date(2026, 8, 28)),
        (9, date(2026, 9, 30)),
    ],
)
def test_a_duty_within_a_month_is_due_on_its_last_working_day(month: int, due: date) -> None:
    duty = replace(MONTHLY_POSTS, kind=Kind.MILESTONE, cadence=Cadence.ONCE, due=DueRule(within_month=month))

    assert due_days(duty) == [due]
    assert rounds(duty)[0].period.label == "2026"


def test_a_quota_is_due_on_the_last_working_day_of_its_month() -> None:
    assert due_days(MONTHLY_POSTS) == [CALENDAR.on_or_before(last_day_of_month(2026, month)) for month in range(1, 13)]


def test_a_duty_on_a_named_day_is_due_on_that_day() -> None:
    issue = replace(MONTHLY_POSTS, kind=Kind.MILESTONE, cadence=Cadence.ONCE, due=DueRule(on=date(2026, 3, 5)))

    assert due_days(issue, date(2026, 3, 5)) == [date(2026, 3, 5)]
    assert due_days(issue, date(2026, 3, 6)) == []


def test_rounds_due_before_the_plan_takes_effect_do_not_exist() -> None:
    labels = [round_.period.label for round_ in rounds(MONTHLY_POSTS, date(2026, 3, 5))]

    assert labels == [f"2026-{month:02d}" for month in range(3, 13)]


def test_a_standing_duty_has_no_rounds() -> None:
    assert rounds(replace(MONTHLY_POSTS, kind=Kind.CONTINUOUS, cadence=None)) == []


def test_only_the_first_quarter_of_2026_has_no_working_day_between_close_and_due_date() -> None:
    found = feasibility(plan_of(QUARTERLY_REPORT, MONTHLY_POSTS), CALENDAR)

    assert [(problem.code, problem.where) for problem in found] == [
        ("no_working_day_before_due", "phuc-loi-2026/PL-5/2026-Q1"),
        ("units_due_before_close", "phuc-loi-2026/PL-5/2026-Q1"),  # 13/3, data until Saturday 14/3
        ("units_due_before_close", "phuc-loi-2026/PL-5/2026-Q2"),  # 12/6, data until Sunday 14/6
    ]
    assert found[0].params["nominal_due"] == date(2026, 3, 15)
    assert found[0].params["due"] == date(2026, 3, 16)


def test_a_report_due_days_after_its_close_raises_no_doubt() -> None:
    later = replace(QUARTERLY_REPORT, due=DueRule(day_of_last_month=20, roll=Roll.FORWARD))

    assert feasibility(plan_of(later), CALENDAR) == []


def test_a_report_that_opens_on_its_due_date_leaves_its_units_no_time_before_the_lock() -> None:
    issued_on_the_due_day = replace(plan_of(QUARTERLY_REPORT), effective_from=date(2026, 3, 16))

    found = [problem.where for problem in feasibility(issued_on_the_due_day, CALENDAR) if "lock" in problem.code]

    assert found == ["phuc-loi-2026/PL-5/2026-Q1"]


def test_the_year_is_told_in_order_of_due_dates() -> None:
    year = year_of(plan_of(MONTHLY_POSTS, QUARTERLY_REPORT), CALENDAR)

    assert len(year) == 10 + 4
    assert [round_.due for round_ in year] == sorted(round_.due for round_ in year)


def test_a_round_is_found_by_ref_and_period_and_a_wrong_name_gets_the_nearest_right_one() -> None:
    plan = plan_of(QUARTERLY_REPORT)

    assert find_round(plan, "PL-5", "2026-Q3", CALENDAR).period.label == "2026-Q3"
    with pytest.raises(UnknownName) as wrong_period:
        find_round(plan, "PL-5", "2026-Q5", CALENDAR)
    assert wrong_period.value.code == "unknown_period"
    assert wrong_period.value.params["expected"] == ["2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4"]
    with pytest.raises(UnknownName) as wrong_ref:
        find_round(plan, "PL5", "2026-Q1", CALENDAR)
    assert (wrong_ref.value.code, wrong_ref.value.params["nearest"]) == ("unknown_obligation", "PL-5")


def test_a_quarter_counts_only_the_months_whose_data_closed_after_the_plan_took_effect() -> None:
    plan, (first, second, *_) = plan_of(QUARTERLY_REPORT), rounds(QUARTERLY_REPORT, date(2026, 3, 5))

    assert [month.label for month in quota_months(plan, first.window)] == ["2026-03"]
    assert [month.label for month in quota_months(plan, second.window)] == ["2026-04", "2026-05", "2026-06"]


def test_dates_are_not_guessed_in_a_year_without_known_days_off() -> None:
    with pytest.raises(CalendarGap):
        rounds_of(plan_of(MONTHLY_POSTS), MONTHLY_POSTS, replace(CALENDAR, last_year=2026))


due_rules = st.one_of(
    st.builds(DueRule, roll=st.sampled_from(Roll)),
    st.builds(DueRule, day_of_last_month=st.integers(1, 31), roll=st.sampled_from(Roll)),
)
yearly_due_rules = st.one_of(
    st.builds(DueRule, within_month=st.integers(1, 12), roll=st.sampled_from(Roll)),
    st.builds(DueRule, on=st.dates(date(2026, 1, 1), date(2026, 12, 31)), roll=st.sampled_from(Roll)),
)
obligations = st.one_of(
    st.tuples(st.sampled_from([Cadence.MONTHLY, Cadence.QUARTERLY, Cadence.HALF_YEARLY, Cadence.YEARLY]), due_rules),
    st.tuples(st.sampled_from([Cadence.YEARLY, Cadence.ONCE]), yearly_due_rules),
).flatmap(
    lambda pair: st.builds(
        replace,
        st.sampled_from([QUARTERLY_REPORT, MONTHLY_POSTS]),
        cadence=st.just(pair[0]),
        due=st.just(pair[1]),
        window=st.sampled_from(Window),
        unit_due_working_days_before=st.integers(0, 10),
    )
)
effective_days = st.dates(date(2025, 12, 1), date(2026, 12, 31))


def test_a_deadline_that_rolls_back_out_of_its_window_still_finds_its_round_open_and_nobody_late() -> None:
    first_of_month = replace(
        MONTHLY_POSTS, due=DueRule(day_of_last_month=1, roll=Roll.BACKWARD), unit_due_working_days_before=2
    )
    march = rounds(first_of_month)[1]

    assert march.nominal_due == date(2026, 3, 1)  # a Sunday, and the first day of its own window
    assert local(march.due).date() == date(2026, 2, 27)
    assert march.opens == datetime(2026, 2, 27, 7, 30, tzinfo=VIETNAM)
    assert march.unit_due == march.due


@settings(max_examples=500, deadline=None)
@given(obligations, effective_days)
def test_every_round_opens_before_its_units_are_due_and_they_before_the_report(
    obligation: Obligation, effective_from: date
) -> None:
    for round_ in rounds(obligation, effective_from):
        assert round_.opens < round_.unit_due <= round_.due
        assert round_.opens < round_.locks


@given(obligations, effective_days)
def test_every_due_date_is_a_working_day_not_before_the_plan_takes_effect(
    obligation: Obligation, effective_from: date
) -> None:
    for round_ in rounds(obligation, effective_from):
        assert CALENDAR.is_working_day(local(round_.due).date())
        assert CALENDAR.is_working_day(local(round_.unit_due).date())
        assert local(round_.due).date() >= effective_from


@given(obligations, effective_days)
def test_a_deadline_moves_only_over_days_off_and_only_its_own_way(obligation: Obligation, effective_from: date) -> None:
    for round_ in rounds(obligation, effective_from):
        due, nominal = local(round_.due).date(), round_.nominal_due
        passed_over = [min(due, nominal) + timedelta(n) for n in range(abs((due - nominal).days) + 1)]
        assert (due >= nominal) if obligation.due.roll is Roll.FORWARD else (due <= nominal)
        assert [day for day in passed_over if CALENDAR.is_working_day(day)] == [due]


@given(st.integers(1, 12), effective_days)
def test_a_duty_within_a_month_never_leaves_it(month: int, effective_from: date) -> None:
    duty = replace(MONTHLY_POSTS, cadence=Cadence.ONCE, due=DueRule(within_month=month))
    assume(rounds(duty, effective_from))

    assert [(day.year, day.month) for day in due_days(duty, effective_from)] == [(2026, month)]


@given(obligations)
def test_every_instant_carries_vietnamese_time(obligation: Obligation) -> None:
    for round_ in rounds(obligation):
        for instant in (round_.opens, round_.unit_due, round_.due, round_.locks):
            assert instant.utcoffset() == timedelta(hours=7)
