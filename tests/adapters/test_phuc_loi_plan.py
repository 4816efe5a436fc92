"""The shipped plan of Phúc Lợi 2026 says what its document says: every row of it, and nothing else."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from dinhky.calendar_files import working_calendar
from dinhky.domain.errors import CalendarGap, Problem
from dinhky.domain.local_time import local
from dinhky.domain.period import Cadence, Window
from dinhky.domain.plan import Kind, unknown
from dinhky.domain.schedule import feasibility, rounds_of, year_of
from dinhky.plan_files import assumptions, read_plan
from dinhky.wording import TemplateWords

ROOT = Path(__file__).parents[2]
PLAN = read_plan(ROOT / "include/data/plans/phuc-loi-2026.yaml")
CALENDAR = working_calendar(ROOT / "include/data/calendars", 2025, 2027)
WORDS = TemplateWords(ROOT / "include/templates/messages")

OFFICES = ("vhxh", "vp", "kthtdt", "pvhcc", "vhtttt", "mttq", "bxdd")
EVERYONE = (*OFFICES, "tdp", "th")

# ref, kind, cadence, count, of each unit, channel, lead, units
OBLIGATIONS = [
    ("PL-1", Kind.MILESTONE, Cadence.ONCE, None, False, None, ("vhxh",), ("vhxh",)),
    ("PL-2", Kind.POSTS, Cadence.MONTHLY, 2, False, "portal", ("vhxh",), OFFICES),
    ("PL-3", Kind.POSTS, Cadence.MONTHLY, 2, False, "radio", ("vhtttt", "vhxh"), ("vhtttt", "vhxh")),
    ("PL-4", Kind.POSTS, Cadence.MONTHLY, 1, False, "city_page", ("vhxh",), OFFICES),
    ("PL-5", Kind.REPORT, Cadence.QUARTERLY, None, False, None, ("vhxh",), OFFICES),
    ("PL-6", Kind.CONTEST, Cadence.YEARLY, None, False, None, ("vhxh",), EVERYONE),
    ("PL-7", Kind.MILESTONE, Cadence.ONCE, None, False, None, ("vhxh",), ("vhxh", "th")),
    ("PL-8", Kind.POSTS, Cadence.QUARTERLY, 2, True, "portal", OFFICES, OFFICES),
    ("PL-9", Kind.POSTS, Cadence.QUARTERLY, 1, True, "city_page", OFFICES, OFFICES),
    ("PL-10", Kind.POSTS, Cadence.MONTHLY, 1, False, None, ("vp",), ("vp",)),
    ("PL-11", Kind.POSTS, Cadence.QUARTERLY, 1, False, None, ("kthtdt",), ("kthtdt",)),
    ("PL-12", Kind.CONTINUOUS, None, None, False, None, ("pvhcc", "bxdd", "mttq"), ("pvhcc", "bxdd", "mttq")),
]


def due_days(ref: str) -> list[date]:
    return [local(round_.due).date() for round_ in rounds_of(PLAN, PLAN.obligation(ref), CALENDAR)]


def test_every_row_of_the_document_is_in_the_plan_and_nothing_else() -> None:
    assert [
        (item.ref, item.kind, item.cadence, item.count, item.per_unit, item.channel, item.lead, item.units)
        for item in PLAN.obligations
    ] == OBLIGATIONS


@pytest.mark.parametrize(
    ("ref", "days"),
    [
        ("PL-1", [date(2026, 3, 5)]),
        ("PL-5", [date(2026, 3, 16), date(2026, 6, 15), date(2026, 9, 15), date(2026, 12, 15)]),
        ("PL-6", [date(2026, 4, 29)]),
        ("PL-7", [date(2026, 9, 30)]),
        ("PL-8", [date(2026, 3, 31), date(2026, 6, 30), date(2026, 9, 30), date(2026, 12, 31)]),
        ("PL-12", []),
    ],
)
def test_duties_are_due_on_the_days_that_the_document_means(ref: str, days: list[date]) -> None:
    assert due_days(ref) == days


def test_monthly_duties_begin_with_march_when_the_plan_was_issued() -> None:
    for ref in ("PL-2", "PL-3", "PL-4", "PL-10"):
        rounds = rounds_of(PLAN, PLAN.obligation(ref), CALENDAR)
        assert [round_.period.index for round_ in rounds] == list(range(3, 13))


def test_no_round_is_due_before_the_plan_was_issued() -> None:
    assert min(local(round_.due).date() for round_ in year_of(PLAN, CALENDAR)) == date(2026, 3, 5)


def test_units_report_one_working_day_earlier_and_the_lock_is_at_ten() -> None:
    for round_ in rounds_of(PLAN, PLAN.obligation("PL-5"), CALENDAR):
        due = local(round_.due).date()
        assert local(round_.unit_due).date() == CALENDAR.on_or_before(due - timedelta(days=1))
        assert f"{local(round_.locks):%Y-%m-%d %H:%M}" == f"{due} 10:00"


def test_the_clash_of_quarter_one_is_told_in_words_when_the_plan_is_checked() -> None:
    clashes = [found for found in feasibility(PLAN, CALENDAR) if found.code == "no_working_day_before_due"]

    assert [WORDS.sentence(clash) for clash in clashes] == [
        "PL-5, quý I/2026: số liệu chốt thứ Bảy, 14/3/2026, báo cáo phải gửi Chủ nhật, 15/3/2026, ở giữa không có "
        "ngày làm việc nào (Nghị định 09/2019/NĐ-CP, Điều 8 khoản 5 điểm b yêu cầu ít nhất 01 ngày). "
        "Thời hạn đang áp dụng: thứ Hai, 16/3/2026."
    ]


def test_data_that_close_on_a_weekend_after_the_units_due_date_are_told_too() -> None:
    early = [WORDS.sentence(found) for found in feasibility(PLAN, CALENDAR) if found.code == "units_due_before_close"]

    assert len(early) == 2
    assert early[1].startswith("PL-5, quý II/2026: các đơn vị phải nộp trước hết thứ Sáu, 12/6/2026")


def test_only_the_report_covers_the_decrees_window() -> None:
    assert [item.ref for item in PLAN.obligations if item.window is Window.DECREE] == ["PL-5"]


def test_what_the_document_does_not_say_is_told_as_assumed_with_a_reason() -> None:
    assumed = {(problem.params["ref"], problem.params["field"]) for problem in assumptions(PLAN)}

    assert {("PL-10", "count"), ("PL-11", "count"), ("PL-5", "unit_due"), ("PL-5", "locks")} <= assumed
    assert all(WORDS.sentence(problem) for problem in assumptions(PLAN))


def test_every_obligation_names_its_place_and_every_deadline_the_documents_words() -> None:
    assert all(item.source for item in PLAN.obligations)
    assert [item.ref for item in PLAN.obligations if not item.quote] == ["PL-12"]


def test_contacts_are_invented_and_write_to_nobody() -> None:
    addresses = [contact.email for unit in PLAN.units for contact in unit.contacts]
    addresses += [PLAN.approver.email, *(recipient.email for recipient in PLAN.report_to)]

    assert {unit.code for unit in PLAN.units if unit.contacts} == set(EVERYONE)
    assert all(address.endswith(".example") for address in addresses)
    assert PLAN.unit("vhtttt").contacts[0].chat == "DINHKY_CHAT_VHTTTT"


@pytest.mark.parametrize("code", ["unknown_plan", "unknown_obligation", "unknown_period", "unknown_unit"])
def test_a_name_that_does_not_exist_is_answered_with_the_nearest_one(code: str) -> None:
    assert "Có phải là “PL-5”?" in WORDS.explain(unknown(code, "PL5", ["PL-5", "PL-6"]))
    assert "Có phải" not in WORDS.explain(unknown(code, "xyz", ["PL-5"]))


def test_a_gap_of_the_calendar_is_told_with_the_years_that_are_known() -> None:
    gap = CalendarGap("calendar_gap", day=date(2028, 1, 3), first_year=2025, last_year=2027)

    assert WORDS.explain(gap).startswith("Chưa có lịch nghỉ lễ cho ngày 03/01/2028: chỉ biết từ năm 2025 đến năm 2027.")


def test_a_problem_without_a_sentence_is_an_error() -> None:
    with pytest.raises(KeyError):
        WORDS.sentence(Problem("no_such_code"))
