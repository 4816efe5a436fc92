"""The working calendar of Vietnam, from the `holidays` package and the year's own file."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from dinhky.calendar_files import working_calendar
from dinhky.domain.errors import CalendarGap, PlanError
from dinhky.wording import TemplateWords

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "include/data/calendars"
WORDS = TemplateWords(ROOT / "include/templates/messages")

WEEKDAYS_OFF_IN_2026 = {
    *(date(2026, 1, 1), date(2026, 1, 2)),
    *(date(2026, 2, day) for day in range(16, 21)),  # Tết
    date(2026, 4, 27),  # for the Hung Kings' Sunday
    *(date(2026, 4, 30), date(2026, 5, 1)),
    *(date(2026, 8, 31), date(2026, 9, 1), date(2026, 9, 2)),
    date(2026, 11, 24),
}
WEEKENDS_WORKED_IN_2026 = {date(2026, 1, 10), date(2026, 8, 22)}


def test_2026_has_exactly_the_days_off_and_worked_weekends_that_were_decided() -> None:
    calendar = working_calendar(SHIPPED, 2026, 2026)
    year = [date(2026, 1, 1) + timedelta(n) for n in range(365)]

    assert {day for day in year if day.weekday() < 5 and not calendar.is_working_day(day)} == WEEKDAYS_OFF_IN_2026
    assert {day for day in year if day.weekday() >= 5 and calendar.is_working_day(day)} == WEEKENDS_WORKED_IN_2026


def test_the_package_alone_does_not_know_the_swap_of_2_january_2026(tmp_path: Path) -> None:
    calendar = working_calendar(tmp_path, 2026, 2026)

    assert calendar.is_working_day(date(2026, 1, 2))
    assert not calendar.is_working_day(date(2026, 1, 10))


def test_a_years_own_file_has_the_last_word(tmp_path: Path) -> None:
    entry = "{day: %s, reason: Quyết định của địa phương, source: Công văn thử}"
    (tmp_path / "vn-2026.yaml").write_text(
        "year: 2026\n"
        f"days_off: [{entry % '2026-03-16'}]\n"
        f"not_days_off: [{entry % '2026-11-24'}]\n"
        f"worked_weekend_days: [{entry % '2026-03-14'}]\n",
        "utf-8",
    )
    calendar = working_calendar(tmp_path, 2026, 2026)

    assert not calendar.is_working_day(date(2026, 3, 16))
    assert calendar.is_working_day(date(2026, 11, 24))
    assert calendar.is_working_day(date(2026, 3, 14))


def test_a_calendar_covers_the_years_asked_for_and_no_others() -> None:
    calendar = working_calendar(SHIPPED, 2025, 2027)

    assert not calendar.is_working_day(date(2025, 5, 2))
    assert calendar.is_working_day(date(2025, 4, 26))
    assert calendar.is_working_day(date(2027, 1, 4))
    with pytest.raises(CalendarGap):
        calendar.is_working_day(date(2028, 1, 3))


@pytest.mark.parametrize(("first", "last"), [(2100, 2101), (1900, 1950), (2027, 2026)])
def test_years_of_which_nothing_is_known_are_refused(first: int, last: int) -> None:
    with pytest.raises(CalendarGap) as gap:
        working_calendar(SHIPPED, first, last)
    assert "Chưa có lịch nghỉ lễ" in WORDS.explain(gap.value)


@pytest.mark.parametrize(
    ("line", "text", "code", "said"),
    [
        (1, "year: 2025", "calendar_year_is_not_file_name", "2026"),
        (
            3,
            "year: 2026\ndays_off:\n  - {day: 2027-01-04, reason: a, source: b}",
            "calendar_day_outside_year",
            "04/01/2027",
        ),
        (
            3,
            "year: 2026\nworked_weekend_days:\n  - {day: 2026-03-16, reason: a, source: b}",
            "calendar_not_a_weekend",
            "thứ Hai",
        ),
        (
            3,
            "year: 2026\ndays_off: [{day: 2026-03-16, reason: a, source: b}]\n"
            "not_days_off: [{day: 2026-03-16, reason: a, source: b}]",
            "calendar_day_on_and_off",
            "16/3/2026",
        ),
        (2, "year: 2026\nday_off: []", "yaml_unknown_key", "Có phải là “days_off”?"),
        (2, "year: 2026\ndays_off: [{day: 2026-02-30, reason: a, source: b}]", "yaml_expected_day", "2026-02-30"),
        (2, "year: 2026\ndays_off: [{day: 2026-01-02, reason: a}]", "yaml_missing_key", "source"),
    ],
)
def test_a_bad_calendar_file_is_told_by_line(tmp_path: Path, line: int, text: str, code: str, said: str) -> None:
    (tmp_path / "vn-2026.yaml").write_text(text, "utf-8")

    with pytest.raises(PlanError) as refused:
        working_calendar(tmp_path, 2026, 2026)

    [problem] = refused.value.problems
    assert (problem.code, problem.params["line"]) == (code, line)
    assert WORDS.sentence(problem).startswith(f"vn-2026.yaml, dòng {line}: ")
    assert said in WORDS.sentence(problem)
