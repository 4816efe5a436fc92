"""The contest's two forms: entries as units tell them, and score sheets with a column for every criterion."""

from __future__ import annotations

import io
from dataclasses import replace
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from dinhky.domain.content import ContestEntry, ScoreRow
from dinhky.domain.contest import Contest, Criterion
from dinhky.domain.plan import Kind

CONTEST = Contest(
    phases=(),
    criteria=(Criterion("novelty", "Tính mới, sáng tạo", 40), Criterion("effect", "Tính hiệu quả", 60)),
    jurors=(),
    finalists=1,
    prizes=(),
    sent_on_to="",
    sent_on_count=1,
)
ENTRIES = [
    {"entry": "01", "title": "Số hóa hồ sơ", "summary": "Quét hồ sơ giấy.\nhttps://phucloi.example/bai/1"},
    {"entry": "02", "title": "=1+1", "summary": "Tóm tắt"},
]


def using(desk, form: str):
    """The desk with its milestone turned into a contest that is asked about with this form."""
    asked = replace(desk.plan.obligation(desk.round.ref), kind=Kind.CONTEST, form=form, contest=CONTEST)
    others = tuple(other for other in desk.plan.obligations if other.ref != asked.ref)
    return replace(desk, plan=replace(desk.plan, obligations=(*others, asked)))


@pytest.fixture(scope="module")
def entries(desk):
    held = using(desk, "contest_entry")
    return replace(held, built=held.workbooks.build(held.plan, held.round, held.unit))


@pytest.fixture(scope="module")
def scores(desk):
    held = using(desk, "contest_score")
    return replace(held, built=held.workbooks.build(held.plan, held.round, held.unit, {"scores": ENTRIES}))


def entry(**more):
    told = {"title": "Số hóa hồ sơ", "author": "Nguyễn Văn A", "group": "Tổ dân phố số 5", "summary": "Quét hồ sơ."}
    return {**told, "link": "", **more}


def test_entries_are_told_row_by_row(entries):
    reading = entries.read(entries.filled(entries=[entry(), entry(group="Tổ dân phố số 6")]))
    assert reading.problems == ()
    assert reading.content.entries == (
        ContestEntry(5, "Số hóa hồ sơ", "Nguyễn Văn A", "Quét hồ sơ.", "", "Tổ dân phố số 5"),
        ContestEntry(6, "Số hóa hồ sơ", "Nguyễn Văn A", "Quét hồ sơ.", "", "Tổ dân phố số 6"),
    )


@pytest.mark.parametrize(
    ("rows", "codes"),
    [
        ([entry(), entry()], ["duplicate_row"]),
        ([entry(author="")], ["value_missing"]),
        ([entry(summary="x" * 2001)], ["text_too_long"]),
        ([entry(link="trên mạng")], ["link_not_web"]),
        ([entry(link="https://a.example/1; https://a.example/2")], ["link_several"]),
        ([], ["workbook_empty"]),
    ],
)
def test_what_an_entry_needs(entries, rows, codes):
    problems = entries.read(entries.filled(entries=rows)).problems
    assert [problem.code for problem in problems] == codes
    assert all(entries.words.sentence(problem) for problem in problems)


def test_a_jurors_sheet_shows_the_entries_and_asks_for_every_criterion(scores):
    sheet = load_workbook(io.BytesIO(scores.built))["Chấm điểm"]
    assert [cell.value for cell in sheet[3]] == [
        "STT", "Mã bài", "Tên bài dự thi", "Tóm tắt nội dung", "Tính mới, sáng tạo (tối đa 40 điểm) (*)",
        "Tính hiệu quả (tối đa 60 điểm) (*)", "Nhận xét",
    ]  # fmt: skip
    assert [[cell.value for cell in row] for row in sheet["B5:D6"]] == [list(row.values()) for row in ENTRIES]
    assert [cell.protection.locked for cell in sheet[5]] == [False, True, True, True, False, False, False]


def test_points_are_read_and_every_entry_is_owed_them(scores):
    good = {"points.novelty": "35,5", "points.effect": 50, "comment": "Tốt"}
    reading = scores.read(scores.filled(scores=[good, good | {"comment": ""}]))
    assert reading.problems == ()
    points = {"novelty": Decimal("35.5"), "effect": Decimal(50)}
    first, second = reading.content.scores
    assert first == ScoreRow(5, "01", "Số hóa hồ sơ", points, "Tốt", "Quét hồ sơ giấy. https://phucloi.example/bai/1")
    assert (second.entry, second.title) == ("02", "=1+1")
    lacking = scores.read(scores.filled(scores=[good, {"points.novelty": 0}])).problems
    assert [(problem.code, problem.params["cell"]) for problem in lacking] == [("value_missing", "F6")]


@pytest.mark.parametrize("points", ["40,5", -1])
def test_points_out_of_range_are_sent_back(scores, points):
    row = {"points.novelty": points, "points.effect": 1}
    assert scores.codes(scores.filled(scores=[row, {"points.novelty": 1, "points.effect": 1}])) == [
        "number_out_of_range"
    ]
