"""The five shipped plans say what their documents oblige whom to do, row by row: nothing missing, nothing invented.

`ROWS` is transcribed from the documents and not from the plan files. A date that a document does not set is marked as
assumed in the plan, so that no deadline of ours ever passes for the document's word.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from dinhky import bootstrap
from dinhky.calendar_files import working_calendar
from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.local_time import VIETNAM, local
from dinhky.domain.period import Cadence
from dinhky.domain.plan import Kind, Obligation, Plan
from dinhky.domain.schedule import Round, feasibility, rounds_of, year_of
from dinhky.plan_files import assumptions, read_plan
from dinhky.wording import TemplateWords

INCLUDE = Path(__file__).parents[2] / "include"
WORDS = TemplateWords(INCLUDE / "templates/messages")
NAMES = ("phuc-loi-2026", "canh-vinh-2026", "vung-ang-2026", "chi-minh-2026", "xuan-dam-2025")

REPORT, POSTS, MILESTONE, CONTEST = Kind.REPORT, Kind.POSTS, Kind.MILESTONE, Kind.CONTEST
MONTHLY, QUARTERLY, HALF_YEARLY = Cadence.MONTHLY, Cadence.QUARTERLY, Cadence.HALF_YEARLY
YEARLY, ONCE = Cadence.YEARLY, Cadence.ONCE

WITHIN_PERIOD = "within the period"
"""The document sets how many a month or quarter, so they are due by its last working day."""
ASSUMED = "assumed"
"""The document does not say when."""


@dataclass(frozen=True)
class Row:
    """A row of a document. `units` is who is asked if that is not the lead alone; `due` the days that it sets itself,
    as day/month of each round; `open` what it leaves open beside the dates."""

    ref: str
    kind: Kind
    cadence: Cadence | None
    lead: str
    units: str = ""
    count: int | None = None
    of_each: bool = False
    due: str = ASSUMED
    open: str = ""


def standing(ref: str, lead: str, units: str = "") -> Row:
    return Row(ref, Kind.CONTINUOUS, None, lead, units, due="")


PL = "vhxh vp kthtdt pvhcc vhtttt mttq bxdd"
CV = "vhxh ttcu vp pvhcc kt thon"
VA = "vhxh kthtdt vp pvhcc mttq"
CM = "vhxh vp kt ttdv mttq pcm"
XD = "vhxh vptk tpht dtt mttq"

ROWS = {
    "phuc-loi-2026": [
        Row("PL-1", MILESTONE, ONCE, "vhxh", due="5/3"),
        Row("PL-2", POSTS, MONTHLY, "vhxh", PL, count=2, due=WITHIN_PERIOD, open="units"),
        Row("PL-3", POSTS, MONTHLY, "vhtttt vhxh", count=2, due=WITHIN_PERIOD),
        Row("PL-4", POSTS, MONTHLY, "vhxh", PL, count=1, due=WITHIN_PERIOD, open="units"),
        Row("PL-5", REPORT, QUARTERLY, "vhxh", PL, due="16/3 15/6 15/9 15/12", open="unit_due locks opens units"),
        Row("PL-6", CONTEST, YEARLY, "vhxh", f"{PL} tdp th", due="29/4"),
        Row("PL-7", MILESTONE, ONCE, "vhxh", "vhxh th", due="30/9"),
        Row("PL-8", POSTS, QUARTERLY, PL, count=2, of_each=True, due=WITHIN_PERIOD, open="window"),
        Row("PL-9", POSTS, QUARTERLY, PL, count=1, of_each=True, due=WITHIN_PERIOD, open="window channel"),
        Row("PL-10", POSTS, MONTHLY, "vp", count=1, due=WITHIN_PERIOD, open="count"),
        Row("PL-11", POSTS, QUARTERLY, "kthtdt", count=1, due=WITHIN_PERIOD, open="count window"),
        standing("PL-12", "pvhcc bxdd mttq"),
    ],
    "canh-vinh-2026": [
        standing("CV-1", "vhxh ttcu"),
        standing("CV-2", "vhxh ttcu"),
        standing("CV-3", "ttcu"),
        Row("CV-4.1", POSTS, QUARTERLY, "vp", count=1, of_each=True, open="cadence window"),
        Row("CV-4.2", POSTS, QUARTERLY, "pvhcc", count=1, of_each=True, due=WITHIN_PERIOD, open="window"),
        Row("CV-4.3", POSTS, QUARTERLY, "vhxh", count=1, of_each=True, open="cadence window"),
        Row("CV-4.4", POSTS, QUARTERLY, "kt", count=1, of_each=True, open="cadence window"),
        standing("CV-5", "ttcu", "ttcu thon"),
        standing("CV-6", "kt"),
        standing("CV-7", "pvhcc", "pvhcc thon"),
        Row("CV-8", POSTS, QUARTERLY, "ttcu", count=1, due=WITHIN_PERIOD, open="window channel"),
        Row("CV-9", REPORT, QUARTERLY, "vhxh", CV, open="cadence due unit_due locks opens units"),
        standing("CV-10", "vhxh"),
    ],
    "vung-ang-2026": [
        Row("VA-1", REPORT, QUARTERLY, "vhxh", VA, open="due unit_due locks opens units"),
        Row("VA-2", REPORT, HALF_YEARLY, "vhxh", VA, open="due locks units"),
        Row("VA-3", REPORT, YEARLY, "vhxh", VA, open="due locks units"),
        Row("VA-4", MILESTONE, ONCE, VA, of_each=True, open="due units"),
        Row("VA-5", MILESTONE, ONCE, "kthtdt", open="due"),
        standing("VA-6", "vhxh vp pvhcc mttq"),
    ],
    "chi-minh-2026": [
        Row("CM-1", REPORT, QUARTERLY, "vhxh", CM, open="cadence due unit_due locks opens units"),
        standing("CM-2", "vp"),
        Row("CM-3", MILESTONE, ONCE, "kt", open="due"),
        Row("CM-4", MILESTONE, ONCE, "ttdv", open="due"),
        Row("CM-5", CONTEST, YEARLY, "vhxh", CM, open="due units"),
        standing("CM-6", "vhxh pcm mttq ttdv"),
    ],
    "xuan-dam-2025": [
        Row(
            "XD-1", REPORT, QUARTERLY, "vhxh", "vhxh vptk tpht dtt mttq", open="cadence due unit_due locks opens units"
        ),
        Row("XD-2", MILESTONE, ONCE, "tckt", open="due"),
        Row("XD-3", MILESTONE, ONCE, "mttq", open="due"),
        standing("XD-4", "vhxh tpht dtt mttq"),
    ],
}

EVERY_ROW = [pytest.param(plan, row, id=row.ref) for plan, rows in ROWS.items() for row in rows]


@pytest.fixture(scope="module")
def plans() -> dict[str, Plan]:
    """The shipped plans, read as the service reads them: forms, users and years must exist."""
    around = bootstrap.surroundings()
    return {name: read_plan(INCLUDE / f"data/plans/{name}.yaml", around) for name in NAMES}


@pytest.fixture(scope="module")
def calendar() -> WorkingCalendar:
    return working_calendar(INCLUDE / "data/calendars", 2024, 2027)


def due_days(rounds: list[Round]) -> list[date]:
    return [local(round_.due).date() for round_ in rounds]


def duties(plan: Plan, kind: Kind) -> list[Obligation]:
    return [duty for duty in plan.obligations if duty.kind is kind]


# --- Row by row ---


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_has_every_row_of_its_document_and_no_other(name: str, plans: dict[str, Plan]) -> None:
    assert [duty.ref for duty in plans[name].obligations] == [row.ref for row in ROWS[name]]


@pytest.mark.parametrize(("name", "row"), EVERY_ROW)
def test_a_row_obliges_whom_the_document_obliges_to_what_it_says(name: str, row: Row, plans: dict[str, Plan]) -> None:
    duty = plans[name].obligation(row.ref)

    assert (duty.kind, duty.cadence) == (row.kind, row.cadence)
    assert duty.lead == tuple(row.lead.split())
    assert duty.units == tuple((row.units or row.lead).split())
    assert (duty.count, duty.per_unit) == (row.count, row.of_each)
    assert duty.source, "an officer must find the place in the document"


@pytest.mark.parametrize(("name", "row"), EVERY_ROW)
def test_a_date_is_the_documents_or_told_as_assumed(
    name: str, row: Row, plans: dict[str, Plan], calendar: WorkingCalendar
) -> None:
    plan = plans[name]
    duty = plan.obligation(row.ref)
    rounds = rounds_of(plan, duty, calendar)
    if row.kind is Kind.CONTINUOUS:
        assert not rounds
    elif row.due == ASSUMED:
        assert duty.is_assumed("due", "cadence")
    elif row.due == WITHIN_PERIOD:
        assert due_days(rounds) == [calendar.on_or_before(round_.period.window(duty.window).end) for round_ in rounds]
        assert duty.quote
    else:
        days = [day.split("/") for day in row.due.split()]
        assert due_days(rounds) == [date(plan.year, int(month), int(day)) for day, month in days]
        assert duty.quote


@pytest.mark.parametrize(("name", "row"), EVERY_ROW)
def test_what_a_row_leaves_open_is_assumed_with_a_reason(name: str, row: Row, plans: dict[str, Plan]) -> None:
    told = {item.field: item.reason for item in plans[name].obligation(row.ref).assumed}

    assert set(row.open.split()) <= set(told)
    assert all(told.values())


# --- The year of each plan ---


def test_every_plan_runs_its_whole_year_from_the_day_it_takes_effect(
    plans: dict[str, Plan], calendar: WorkingCalendar
) -> None:
    for plan in plans.values():
        quarters = [duty for duty in duties(plan, REPORT) if duty.cadence is QUARTERLY]
        assert [len(rounds_of(plan, duty, calendar)) for duty in quarters] == [4], plan.id
        assert min(due_days(year_of(plan, calendar))) >= plan.effective_from


def test_only_a_clash_that_the_document_itself_makes_is_left(plans: dict[str, Plan], calendar: WorkingCalendar) -> None:
    """Phúc Lợi's "15 tháng cuối quý" leaves no working day in March; dates of our own choosing leave room."""
    found = {name: [problem.code for problem in feasibility(plan, calendar)] for name, plan in plans.items()}

    assert found.pop("phuc-loi-2026") == [
        "no_working_day_before_due",
        "units_due_before_close",
        "units_due_before_close",
    ]
    assert not any(found.values()), found


def test_what_is_assumed_is_told_in_a_sentence_for_an_officer_to_confirm(plans: dict[str, Plan]) -> None:
    for plan in plans.values():
        told = assumptions(plan)
        assert len(told) == len(plan.assumed) + sum(len(duty.assumed) for duty in plan.obligations) > 0
        assert all(WORDS.sentence(problem) for problem in told)


def test_the_day_a_plan_takes_effect_is_assumed_where_its_document_leaves_it_open(plans: dict[str, Plan]) -> None:
    assumed = {name for name, plan in plans.items() if any(one.field == "effective_from" for one in plan.assumed)}
    assert assumed == set(plans) - {"phuc-loi-2026"}


def test_units_of_vung_ang_are_asked_once_for_what_longer_reports_need_too(
    plans: dict[str, Plan], calendar: WorkingCalendar
) -> None:
    plan = plans["vung-ang-2026"]
    last_lock = {
        round_.period.last_month: round_.locks for round_ in rounds_of(plan, plan.obligation("VA-1"), calendar)
    }
    for ref in ("VA-2", "VA-3"):
        longer = plan.obligation(ref)
        assert longer.compiled_from == "VA-1"
        for round_ in rounds_of(plan, longer, calendar):
            assert round_.asked == ()
            assert last_lock[round_.period.last_month] <= round_.locks


def test_each_unit_of_vung_ang_owes_a_plan_of_its_own(plans: dict[str, Plan], calendar: WorkingCalendar) -> None:
    plan = plans["vung-ang-2026"]
    [round_] = rounds_of(plan, plan.obligation("VA-4"), calendar)

    assert round_.asked == tuple(unit.code for unit in plan.units)


def test_the_closed_year_of_xuan_dam_is_all_past(plans: dict[str, Plan], calendar: WorkingCalendar) -> None:
    rounds = year_of(plans["xuan-dam-2025"], calendar)

    assert [round_.period.label for round_ in rounds if round_.ref == "XD-1"] == [f"2025-Q{n}" for n in (1, 2, 3, 4)]
    assert all(round_.is_over(datetime(2026, 1, 1, tzinfo=VIETNAM)) for round_ in rounds)


# --- Who is asked, and how ---


def test_whoever_has_a_standing_duty_is_asked_about_it_in_the_quarters_workbook(plans: dict[str, Plan]) -> None:
    for plan in plans.values():
        [asked] = [duty.units for duty in duties(plan, REPORT) if duty.cadence is QUARTERLY]
        told_of = {unit for duty in duties(plan, Kind.CONTINUOUS) for unit in duty.units}
        assert told_of <= set(asked), plan.id


def test_every_unit_of_a_plan_owes_something(plans: dict[str, Plan]) -> None:
    for plan in plans.values():
        assert {unit.code for unit in plan.units} == {code for duty in plan.obligations for code in duty.units}


def test_pieces_that_the_whole_ward_owes_are_written_in_turn(plans: dict[str, Plan]) -> None:
    assert [duty.ref for plan in plans.values() for duty in plan.obligations if duty.rota] == ["PL-2", "PL-4"]


def test_fields_are_those_that_units_can_choose_in_the_workbook(plans: dict[str, Plan]) -> None:
    form = yaml.safe_load((INCLUDE / "templates/workbooks/communication_quarter.yaml").read_text("utf-8"))
    options = form["choices"]["reform_fields"]["options"]
    duties_of_fields = {duty.ref: duty.fields for plan in plans.values() for duty in plan.obligations if duty.fields}
    assert set(duties_of_fields) == {"PL-10", "CV-4.1", "CV-4.2", "CV-4.3", "CV-4.4"}
    assert {name for fields in duties_of_fields.values() for name in fields} <= set(options)


def test_people_are_invented_and_no_address_leads_anywhere(plans: dict[str, Plan]) -> None:
    for plan in plans.values():
        addresses = [contact.email for unit in plan.units for contact in unit.contacts]
        addresses += [plan.approver.email, *(recipient.email for recipient in plan.report_to)]
        assert all(unit.contacts for unit in plan.units)
        assert all(address.endswith(".example") for address in addresses)
        assert plan.approver.user == "lanhdao"


# --- The days off of the closed year ---


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2025, 1, 1), date(2025, 1, 1)),  # Tết Dương lịch
        (date(2025, 1, 25), date(2025, 2, 2)),  # Tết Nguyên đán
        (date(2025, 4, 5), date(2025, 4, 7)),  # Giỗ Tổ Hùng Vương
        (date(2025, 4, 30), date(2025, 5, 4)),  # 30/4 and 1/5, Friday 2/5 swapped for Saturday 26/4
        (date(2025, 8, 30), date(2025, 9, 2)),  # Quốc khánh
    ],
)
def test_the_holidays_of_2025_are_as_they_were_decided(first: date, last: date, calendar: WorkingCalendar) -> None:
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]

    assert not any(calendar.is_working_day(day) for day in days)
    assert calendar.is_working_day(last + timedelta(days=1))


def test_2025_has_twelve_weekdays_off_and_one_saturday_worked(calendar: WorkingCalendar) -> None:
    days = [date(2025, 1, 1) + timedelta(days=number) for number in range(365)]

    assert sum(day.weekday() < 5 and not calendar.is_working_day(day) for day in days) == 12
    assert [day for day in days if day.weekday() >= 5 and calendar.is_working_day(day)] == [date(2025, 4, 26)]
