"""What changes during the year: units come, go and are renamed; due dates move; duties are amended."""

from dataclasses import replace
from datetime import date

import pytest

from dinhky import bootstrap
from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.local_time import local
from dinhky.domain.plan import (
    Amendment,
    CancelledRound,
    DueRule,
    FormerName,
    MovedDue,
    Obligation,
    Plan,
    Unit,
)
from dinhky.domain.schedule import Round, phases_in, rounds_of


@pytest.fixture(scope="module")
def plan() -> Plan:
    return bootstrap.plans(bootstrap.settings({}))[0]["phuc-loi-2026"]


@pytest.fixture(scope="module")
def calendar() -> WorkingCalendar:
    return bootstrap.calendar_of(bootstrap.settings({}))


def with_units(plan: Plan, *units: Unit) -> Plan:
    """The plan with these units in place of those of the same code, new ones at the end."""
    changed = {unit.code: unit for unit in units}
    kept = [changed.pop(unit.code, unit) for unit in plan.units]
    return replace(plan, units=(*kept, *changed.values()))


def rounds(plan: Plan, calendar: WorkingCalendar, ref: str, **changes: object) -> dict[str, Round]:
    obligation = replace(plan.obligation(ref), **changes)
    return {round_.period.label: round_ for round_ in rounds_of(plan, obligation, calendar)}


def test_two_merged_units_are_one_from_the_day_after_they_ended(plan: Plan, calendar: WorkingCalendar) -> None:
    merged = with_units(
        plan,
        replace(plan.unit("mttq"), until=date(2026, 6, 30), succeeded_by=("khoi",)),
        replace(plan.unit("bxdd"), until=date(2026, 6, 30), succeeded_by=("khoi",)),
        Unit("khoi", "Khối Dân vận - Mặt trận", since=date(2026, 7, 1)),
    )
    found = rounds(merged, calendar, "PL-5")
    assert found["2026-Q2"].asked == plan.obligation("PL-5").units, "Q2 is due on 12 June: both still exist"
    assert found["2026-Q3"].asked == ("vhxh", "vp", "kthtdt", "pvhcc", "vhtttt", "khoi"), (
        "once, in the first one's place"
    )


def test_a_split_unit_is_asked_as_its_parts(plan: Plan, calendar: WorkingCalendar) -> None:
    split = with_units(
        plan,
        replace(plan.unit("kthtdt"), until=date(2026, 8, 31), succeeded_by=("kt", "htdt")),
        Unit("kt", "Phòng Kinh tế", since=date(2026, 9, 1)),
        Unit("htdt", "Phòng Hạ tầng và Đô thị", since=date(2026, 9, 1)),
    )
    assert rounds(split, calendar, "PL-11")["2026-Q2"].asked == ("kthtdt",)
    assert rounds(split, calendar, "PL-11")["2026-Q3"].asked == ("kt", "htdt")


def test_nothing_is_asked_of_a_unit_that_closed_or_does_not_exist_yet(plan: Plan, calendar: WorkingCalendar) -> None:
    closed = with_units(plan, replace(plan.unit("vp"), until=date(2026, 7, 31)))
    assert rounds(closed, calendar, "PL-10")["2026-07"].asked == ("vp",)
    assert rounds(closed, calendar, "PL-10")["2026-08"].asked == ()
    new = with_units(plan, replace(plan.unit("vp"), since=date(2026, 8, 1)))
    assert rounds(new, calendar, "PL-10")["2026-07"].asked == ()
    assert rounds(new, calendar, "PL-10")["2026-08"].asked == ("vp",)


def test_units_that_succeed_each_other_in_a_circle_stand_for_nobody(plan: Plan) -> None:
    day = date(2026, 6, 30)
    circle = with_units(
        plan,
        replace(plan.unit("mttq"), until=day, succeeded_by=("bxdd",)),
        replace(plan.unit("bxdd"), until=day, succeeded_by=("mttq",)),
    )
    assert circle.existing(("mttq", "vp"), date(2026, 7, 1)) == ("vp",)


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2026, 3, 31), "Văn phòng"),
        (date(2026, 4, 1), "Văn phòng HĐND"),
        (date(2026, 6, 30), "Văn phòng HĐND"),
        (date(2026, 7, 1), "Văn phòng HĐND và UBND"),
    ],
)
def test_a_renamed_unit_has_the_name_of_the_day(day: date, name: str) -> None:
    former = (FormerName(date(2026, 6, 30), "Văn phòng HĐND"), FormerName(date(2026, 3, 31), "Văn phòng"))
    assert Unit("vp", "Văn phòng HĐND và UBND", former_names=former).name_on(day) == name


def test_a_moved_due_date_is_exactly_the_day_decided(plan: Plan, calendar: WorkingCalendar) -> None:
    moved = (MovedDue("2026-Q2", date(2026, 6, 19), "Sở Nội vụ cho lùi hạn"),)
    found = rounds(plan, calendar, "PL-5", moved=moved)
    assert local(found["2026-Q2"].due).date() == date(2026, 6, 19)
    assert local(found["2026-Q2"].unit_due).date() == date(2026, 6, 18)
    assert found["2026-Q2"].nominal_due == date(2026, 6, 15), "the document's own date stays known"
    assert found["2026-Q2"].moved == "Sở Nội vụ cho lùi hạn"
    assert local(found["2026-Q3"].due).date() == date(2026, 9, 15)
    assert found["2026-Q3"].moved == ""


def test_a_cancelled_round_is_still_there_with_its_reason(plan: Plan, calendar: WorkingCalendar) -> None:
    found = rounds(plan, calendar, "PL-3", cancelled=(CancelledRound("2026-08", "Đài ngừng phát để sửa chữa"),))
    assert found["2026-08"].cancelled == "Đài ngừng phát để sửa chữa"
    assert found["2026-09"].cancelled == ""


def test_an_amendment_counts_for_what_is_due_from_its_day_on(plan: Plan, calendar: WorkingCalendar) -> None:
    amended = (
        Amendment(date(2026, 7, 15), "Kế hoạch 120/KH-UBND", "tăng chỉ tiêu", count=3),
        Amendment(date(2026, 10, 1), "Kế hoạch 150/KH-UBND", "đổi kênh", channel="zalo", name="Bài trên Zalo"),
    )
    found = rounds(plan, calendar, "PL-3", amended=amended)
    assert [found[month].count for month in ("2026-06", "2026-07", "2026-10")] == [2, 3, 3]
    assert found["2026-09"].obligation != "Bài trên Zalo"
    assert found["2026-10"].obligation == "Bài trên Zalo"


def test_an_amended_deadline_replaces_the_old_one_from_the_first_round_it_leads_past_its_day(
    plan: Plan, calendar: WorkingCalendar
) -> None:
    amended = (Amendment(date(2026, 6, 18), "CV 9/UBND", "theo thành phố", due=DueRule(day_of_last_month=20)),)
    found = rounds(plan, calendar, "PL-5", amended=amended)
    assert [local(found[f"2026-Q{number}"].due).date().day for number in (1, 2, 3, 4)] == [16, 19, 18, 18]


def test_a_duty_exists_only_while_it_is_in_force(plan: Plan, calendar: WorkingCalendar) -> None:
    found = rounds(plan, calendar, "PL-3", since=date(2026, 5, 1), until=date(2026, 10, 15))
    assert [*found] == ["2026-05", "2026-06", "2026-07", "2026-08", "2026-09"]


def test_a_report_compiled_from_shorter_ones_asks_nobody(plan: Plan, calendar: WorkingCalendar) -> None:
    longer: Obligation = replace(plan.obligation("PL-5"), compiled_from="PL-5", ref="PL-5.1")
    assert {round_.asked for round_ in rounds_of(plan, longer, calendar)} == {()}
    assert {len(round_.units) for round_ in rounds_of(plan, longer, calendar)} == {7}


@pytest.mark.parametrize(
    ("changes", "is_held"),
    [
        ({}, True),
        ({"until": date(2026, 4, 29)}, True),  # within April, and the 30th is a day off
        ({"until": date(2026, 4, 28)}, False),
        ({"since": date(2026, 4, 11)}, True),  # after the entries: all of it is held, or nothing
        ({"since": date(2026, 4, 30)}, False),
        ({"until": date(2026, 4, 29), "moved": (MovedDue("2026", date(2026, 5, 8), "Lùi hạn"),)}, False),
    ],
)
def test_a_contest_exists_with_all_of_its_phases_or_not_at_all(
    plan: Plan, calendar: WorkingCalendar, changes: dict[str, object], is_held: bool
) -> None:
    contest = replace(plan.obligation("PL-6"), **changes)
    others = (one for one in plan.obligations if one.ref != "PL-6")
    changed = replace(plan, obligations=(*others, contest))
    assert len(rounds_of(changed, contest, calendar)) == is_held
    assert len(phases_in(changed, contest, calendar)) == (7 if is_held else 0)
