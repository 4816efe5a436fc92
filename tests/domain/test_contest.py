"""Entries are numbered once, scores are asked for and never made up, jurors keep from their own unit's entries."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.content import ContestEntry, ScoreRow
from dinhky.domain.contest import Contest, Criterion, Juror, Phase, PhaseKind, Prize, contest_feasibility
from dinhky.domain.contest_entries import Entry, numbered
from dinhky.domain.errors import UnknownName
from dinhky.domain.scoring import (
    Conflict,
    MissingScore,
    Score,
    conflicts,
    decimal_text,
    exact,
    missing_scores,
    score_problems,
    sheet_rows,
    to_score,
    told_scores,
)

CONTEST = Contest(
    phases=(Phase(PhaseKind.ENTRIES, date(2026, 3, 17), date(2026, 4, 10)),),
    criteria=(Criterion("novelty", "Tính mới", 40), Criterion("use", "Tính hiệu quả", 60)),
    jurors=(
        Juror("gk1", "Giám khảo Một", "gk1@phucloi.example"),
        Juror("gk2", "Giám khảo Hai", "gk2@phucloi.example", unit="vp"),
        Juror("gk3", "Giám khảo Ba", "gk3@phucloi.example"),
    ),
    finalists=2,
    prizes=(Prize("Nhất", 1), Prize("Nhì", 2)),
    sent_on_to="Cuộc thi của thành phố",
    sent_on_count=1,
)
CALENDAR = WorkingCalendar(2026, 2026, frozenset({date(2026, 4, 30)}))


def entry(code: str, unit: str = "vhxh") -> Entry:
    return Entry(code, f"Ý tưởng {code}", "Nguyễn Văn A", unit, "Tóm tắt")


def told(unit: str, row: int, title: str, group: str = "") -> tuple[str, ContestEntry]:
    return unit, ContestEntry(row, title, "Nguyễn Văn A", "Tóm tắt", "", group)


def score(juror: str, code: str, novelty: int = 30, use: int = 50) -> Score:
    return Score(juror, code, {"novelty": Fraction(novelty), "use": Fraction(use)})


def test_entries_are_numbered_by_unit_and_row():
    arrivals = [told("tdp", 9, "C"), told("vp", 11, "B"), told("vp", 9, "A")]
    assert [(one.code, one.title) for one in numbered(arrivals, ["vp", "tdp"])] == [
        ("01", "A"),
        ("02", "B"),
        ("03", "C"),
    ]


def test_the_same_title_of_the_same_unit_is_one_entry():
    arrivals = [
        told("tdp", 9, "Số hóa hồ sơ", "Tổ dân phố số 1"),
        told("tdp", 10, " SỐ HÓA  hồ sơ. ", "Tổ dân phố số 1"),
        told("tdp", 11, "Số hóa hồ sơ", "Tổ dân phố số 2"),
        told("th", 9, "Số hóa hồ sơ"),
    ]
    kept = numbered(arrivals, ["tdp", "th"])
    assert [(one.code, one.unit, one.group) for one in kept] == [
        ("01", "tdp", "Tổ dân phố số 1"), ("02", "tdp", "Tổ dân phố số 2"), ("03", "th", ""),
    ]  # fmt: skip
    assert kept[0].title == "Số hóa hồ sơ"


@given(st.permutations([told(unit, row, f"{unit} {row % 3}") for unit in ("a", "b", "c") for row in range(9, 14)]))
def test_the_order_of_arrival_numbers_nothing_differently(arrivals):
    entries = numbered(arrivals, ["c", "a"])
    assert [one.code for one in entries] == [f"{n:02d}" for n in range(1, 10)]
    assert [one.unit for one in entries] == ["c"] * 3 + ["a"] * 3 + ["b"] * 3
    assert len({(one.unit, one.title) for one in entries}) == 9


def test_a_hundred_entries_have_codes_of_one_length():
    codes = [one.code for one in numbered([told("vp", row, str(row)) for row in range(120)], ["vp"])]
    assert codes == sorted(codes)
    assert (codes[0], codes[-1]) == ("001", "120")


def test_a_juror_is_not_asked_for_their_own_units_entries():
    entries = [entry("01"), entry("02", "vp")]
    assert to_score(CONTEST, entries, "gk2") == (entries[0],)
    assert conflicts(CONTEST, entries) == (Conflict("gk2", "02"),)
    assert ("gk2", "02") not in [(missing.juror, missing.entry) for missing in missing_scores(CONTEST, entries, [])]


def test_what_a_juror_is_asked_for_does_not_depend_on_the_others():
    entries = [entry("01"), entry("02")]
    others = [score("gk2", "01"), score("gk3", "02")]
    asked = [missing for missing in missing_scores(CONTEST, entries, others) if missing.juror == "gk1"]
    assert asked == [missing for missing in missing_scores(CONTEST, entries, []) if missing.juror == "gk1"]


def test_a_missing_score_is_asked_for_by_entry_and_criterion():
    entries = [entry("01"), entry("02", "vp")]
    scores = [
        score("gk1", "01"),
        Score("gk1", "02", {"novelty": Fraction(0)}),
        score("gk2", "01"),
    ]
    assert missing_scores(CONTEST, entries, scores) == (
        MissingScore("gk1", "02", ("use",)),
        MissingScore("gk3", "01", ("novelty", "use")),
        MissingScore("gk3", "02", ("novelty", "use")),
    )
    assert {missing.juror for missing in missing_scores(CONTEST, entries, scores, {"gk3"})} == {"gk1"}


def test_what_cannot_be_counted_is_a_problem():
    entries = [entry("01"), entry("02", "vp")]
    scores = [
        score("gk1", "01", novelty=41),
        score("gk1", "01", novelty=40, use=-1),
        score("gk2", "02"),
        score("gk9", "01"),
        score("gk3", "77"),
        Score("gk3", "01", {"beauty": Fraction(1)}),
    ]
    assert [(problem.code, problem.where) for problem in score_problems(CONTEST, entries, scores)] == [
        ("score_out_of_range", "01"),
        ("score_twice", "01"),
        ("score_out_of_range", "01"),
        ("score_of_own_unit", "02"),
        ("score_unknown_juror", "01"),
        ("score_unknown_entry", "77"),
        ("score_unknown_criterion", "01"),
    ]


def test_a_sheet_shows_what_is_judged_and_not_whose_it_is():
    entries = [
        Entry("01", "Tên bài", "Nguyễn Văn A", "tdp", "Tóm tắt", "https://phucloi.example/bai"),
        entry("02", "vp"),
    ]
    rows = sheet_rows(CONTEST, entries, "gk2")
    assert rows == [{"entry": "01", "title": "Tên bài", "summary": "Tóm tắt\nhttps://phucloi.example/bai"}]


def test_a_sheet_that_came_back_is_the_jurors_scores():
    row = ScoreRow(5, "01", "Tên bài", {"novelty": Decimal("7.5")}, "Tốt")
    (told_score,) = told_scores("gk1", [row])
    assert told_score == Score("gk1", "01", {"novelty": Fraction(15, 2)}, "Tốt")
    assert told_score.total == Fraction(15, 2)


def test_points_are_exact_as_typed():
    assert exact(8.1) == exact("8.1") == Fraction(81, 10)
    with pytest.raises(ValueError, match="inf"):
        exact(float("inf"))


@pytest.mark.parametrize(
    ("points", "shown"),
    [
        ("85.6", "85,6"),
        ("85.605", "85,61"),
        ("80", "80"),
        ("0", "0"),
        ("0.05", "0,05"),
        ("-0.001", "0"),
        ("-1.5", "-1,5"),
    ],
)
def test_points_are_shown_with_a_comma(points, shown):
    assert decimal_text(exact(points)) == shown


def test_names_that_do_not_exist_are_told():
    for ask in (CONTEST.juror, CONTEST.criterion):
        with pytest.raises(UnknownName):
            ask("không có")
    with pytest.raises(UnknownName):
        CONTEST.phase(PhaseKind.FINAL)
    assert not CONTEST.has_phase(PhaseKind.FINAL)


def test_days_off_late_phases_and_an_even_jury_are_told_before_the_contest_starts():
    late = Phase(PhaseKind.FINAL, date(2026, 4, 27), date(2026, 4, 30))
    contest = replace(CONTEST, phases=(*CONTEST.phases, late), jurors=CONTEST.jurors[:2])
    found = contest_feasibility("p/PL-6/2026", contest, CALENDAR, date(2026, 3, 5), date(2026, 4, 29))
    assert [problem.code for problem in found] == [
        "contest_phase_on_day_off", "contest_phase_after_due", "contest_jury_size",
    ]  # fmt: skip
    assert contest_feasibility("p/PL-6/2026", CONTEST, CALENDAR, date(2026, 4, 10), date(2026, 4, 29)) == []


def test_a_phase_that_is_over_before_the_duty_is_in_force_is_told():
    found = contest_feasibility("p/PL-6/2026", CONTEST, CALENDAR, date(2026, 4, 11), date(2026, 4, 29))
    assert [(problem.code, problem.params["phase"]) for problem in found] == [("contest_phase_before_force", "entries")]


def test_a_code_once_given_is_kept_and_never_anothers():
    units = ["a", "b"]
    first = numbered([told("a", 5, "Một"), told("a", 6, "Hai"), told("b", 5, "Ba")], units)
    second = numbered([told("a", 5, "MỘT."), told("a", 6, "Bốn"), told("b", 5, "Ba")], units, first)
    assert [(one.code, one.title) for one in second] == [("01", "MỘT."), ("03", "Ba"), ("04", "Bốn")]
    ever = [*first, second[-1]]
    assert [one.code for one in numbered([told("b", 5, "Hai")], units, ever)] == ["05"]
    assert [one.code for one in numbered([told("a", 5, "Hai")], units, ever)] == ["02"]
