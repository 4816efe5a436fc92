"""The other forms: logs of posts, evidence, standing duties, and sheets that the plan's contest gives its columns."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from openpyxl import Workbook, load_workbook

from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.content import Content, Evidence, ScoreRow, StandingAnswer
from dinhky.domain.contest import Criterion
from dinhky.domain.plan import Unit
from dinhky.domain.schedule import find_round
from dinhky.signing import HmacSigner
from dinhky.workbook.build import build
from dinhky.workbook.check import SheetCheck
from dinhky.workbook.form import Form, load_form
from dinhky.workbook.found_sheet import find_sheets
from dinhky.workbook.read import parse
from dinhky.workbook.sample import fill

SIGNER = HmacSigner(b"a secret of the tests")
FORMS = Path(__file__).parents[3] / "include" / "templates" / "workbooks"
CALENDAR = WorkingCalendar(2025, 2027, frozenset())
CRITERIA = (
    Criterion("new", "Tính mới, tính sáng tạo của ý tưởng", 30),
    Criterion("use-1", "Khả năng áp dụng", 20),
    Criterion("effect", "Hiệu quả", 50),
)


@pytest.fixture(scope="module")
def milestone(desk):
    round_ = find_round(desk.plan, "PL-1", "2026", CALENDAR)
    return replace(desk, round=round_, built=desk.workbooks.build(desk.plan, round_, desk.unit))


@pytest.fixture(scope="module")
def month(desk):
    plan = replace(desk.plan, effective_from=date(2026, 1, 1))
    round_ = find_round(plan, "PL-2", "2026-04", CALENDAR)
    return replace(desk, plan=plan, round=round_, built=desk.workbooks.build(plan, round_, desk.unit))


def proof(**more: Any) -> dict[str, Any]:
    told = {"title": "Kế hoạch tuyên truyền CCHC", "number": "15/KH-UBND", "issued": date(2026, 3, 5)}
    return {**told, "link": "", "note": "", **more}


def test_milestones_and_posts_have_a_form_of_their_own_unless_the_plan_names_one(desk):
    assert desk.workbooks.form(desk.plan, "PL-1").code == "evidence"
    assert desk.workbooks.form(desk.plan, "PL-2").code == "post_log"
    assert desk.workbooks.form(desk.plan, "PL-5").code == "communication_quarter"


def test_a_milestone_is_told_by_number_and_day(milestone):
    reading = milestone.read(milestone.filled(evidence=[proof()]))
    assert reading.problems == ()
    told = Evidence(5, "Kế hoạch tuyên truyền CCHC", "15/KH-UBND", date(2026, 3, 5), "", "")
    assert reading.content == Content(evidence=(told,)) == Content.from_json(reading.content.to_json())


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"number": "", "link": "https://phucloi.example/anh"}, []),
        ({"number": "", "note": "Lưu tại Văn phòng"}, []),
        ({"issued": date(2025, 12, 30)}, []),
        ({"issued": date(2027, 1, 5)}, []),
        ({"number": ""}, ["one_value_missing"]),
        ({"number": "", "link": "xem trên mạng"}, ["link_not_web"]),
        ({"issued": date(2024, 12, 30)}, ["date_outside_window"]),
        ({"issued": None}, ["value_missing"]),
        ({"title": "", "number": "", "issued": None}, ["workbook_empty"]),
    ],
)
def test_what_counts_as_evidence(milestone, change, codes):
    problems = milestone.read(milestone.filled(evidence=[proof(**change)])).problems
    assert [problem.code for problem in problems] == codes
    assert all(milestone.words.sentence(problem) for problem in problems)


def test_the_sentence_for_missing_evidence_names_the_columns(milestone):
    problem = milestone.read(milestone.filled(evidence=[proof(number="")])).problems[0]
    assert milestone.words.sentence(problem) == (
        "Trang tính “Kết quả”, ô C5: vui lòng điền ít nhất một trong các cột “Số, ký hiệu văn bản”, “Đường dẫn”, "
        "“Nơi lưu, ghi chú”."
    )


def test_a_months_log_says_its_month_and_takes_its_posts(month, post):
    guide = load_workbook(io.BytesIO(month.built))["Hướng dẫn"]
    assert [guide[f"C{row}"].value for row in range(6, 11)] == [
        "Tin, bài hằng tháng",
        "Tháng 4/2026",
        "Từ ngày 01/4/2026 đến hết ngày 30/4/2026",
        "Hết ngày 30/4/2026",
        "02 tin, bài.",
    ]
    reading = month.read(month.filled(posts=[post | {"published": date(2026, 4, 9)}]))
    assert reading.problems == ()
    assert [told.title for told in reading.content.posts] == [post["title"]]
    assert month.codes(month.filled(posts=[post])) == ["date_outside_window"]


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        (
            {"own_target": 2, "own_counted": 1, "own_missing": 1},
            "Đơn vị cần 02 tin, bài: đã ghi nhận 01, còn thiếu 01.",
        ),
        ({"own_target": 2, "own_counted": 3, "own_missing": 0}, "Đơn vị cần 02 tin, bài: đã ghi nhận 03, đã đủ."),
        (
            {"target": 4, "counted": 3, "missing": 1, "own_counted": 2},
            "Chỉ tiêu chung 04 tin, bài: đã ghi nhận 03 (của đơn vị: 02), còn thiếu 01.",
        ),
        (
            {"target": 4, "counted": 4, "own_counted": 0, "carried": 1},
            "Chỉ tiêu chung 04 tin, bài: đã ghi nhận 04 (của đơn vị: 00), đã đủ. Kỳ trước vượt, được tính bù 01.",
        ),
    ],
)
def test_a_months_log_says_how_the_quota_stands(month, numbers, said):
    known = dict.fromkeys(("target", "counted", "missing", "own_counted", "own_missing", "carried"), 0)
    row = known | {"own_target": None} | numbers
    data = month.workbooks.build(month.plan, month.round, month.unit, {"quota": [row]})
    assert load_workbook(io.BytesIO(data))["Hướng dẫn"]["C10"].value == said


def test_standing_duties_stand_in_the_workbook_already(desk):
    sheet = load_workbook(io.BytesIO(desk.built))["Nhiệm vụ thường xuyên"]
    assert [[cell.value for cell in row] for row in sheet["B5:C6"]] == [
        ["PL-12", "Hướng dẫn dịch vụ công"],
        ["PL-13", "Định hướng tuyên truyền"],
    ]


def test_only_duties_with_an_answer_are_told_and_silence_is_no_content(desk, post):
    reading = desk.read(desk.filled(posts=[post], standing=[{}, {"text": "Đã định hướng 03 chủ đề."}]))
    assert reading.problems == ()
    assert reading.content.standing == (
        StandingAnswer(6, "PL-13", "Định hướng tuyên truyền", "Đã định hướng 03 chủ đề."),
    )
    assert desk.codes(desk.built) == ["workbook_empty"]
    assert desk.codes(desk.filled(standing=[{"text": "Có làm."}])) == []


def test_what_happened_to_prefilled_cells_is_not_the_senders_mistake(desk):
    def spoil(book):
        book["Nhiệm vụ thường xuyên"]["B5"].value = None
        book["Nhiệm vụ thường xuyên"]["C5"].value = "#N/A"

    data = desk.edited(spoil, desk.filled(standing=[{"text": "Có làm."}]))
    assert desk.read(data).problems == ()


def test_a_unit_without_standing_duties_reads_so(desk):
    built = desk.workbooks.build(desk.plan, desk.round, desk.plan.unit("vp"))
    sheet = load_workbook(io.BytesIO(built))["Nhiệm vụ thường xuyên"]
    assert "không giao" in sheet["C5"].value
    assert all(cell.protection.locked for row in sheet.iter_rows() for cell in row)


# --- Columns from a contest's criteria


@pytest.fixture(scope="module")
def score_form(tmp_path_factory) -> Form:
    """A score sheet as small as one can be; the real one is `contest_score`."""
    folder = tmp_path_factory.mktemp("forms")
    described = {
        "code": "scores",
        "version": "1",
        "filled": {},
        "where": {"cell": "{sheet} {cell}", "sheet": "{sheet}"},
        "total_words": ["cộng"],
        "input_rows": 40,
        "validation": {"title": "Sai", "number": "Từ {minimum} đến {maximum}.", "text": "Dài quá {max_length}."},
        "sheets": {
            "scores": {
                "name": "Chấm",
                "columns_from": "criteria",
                "same_when": ["entry"],
                "when_empty": "(Không có bài)",
                "columns": [
                    {"key": "entry", "header": "Mã số", "kind": "code", "required": False, "prefilled": True},
                    {"key": "title", "header": "Tên", "kind": "text", "required": False, "prefilled": True},
                    {"key": "points", "header": "{name} (tối đa {max})", "kind": "number", "required": True},
                    {"key": "comment", "header": "Nhận xét", "kind": "text", "required": False},
                ],
            }
        },
    }
    (folder / "scores.yaml").write_text(yaml.safe_dump(described, allow_unicode=True), "utf-8")
    book = Workbook()
    sheet = book.active
    sheet.title = "Chấm"
    for row, texts in ((1, ["CHẤM ĐIỂM"]), (3, ["STT", "Mã số", "Tên", "{name} (tối đa {max}) (*)", "Nhận xét"])):
        for column, text in enumerate(texts, 1):
            sheet.cell(row, column, text)
    sheet.merge_cells("A1:E1")
    for row in range(5, 45):
        for column in range(1, 6):
            sheet.cell(row, column).number_format = "0.0" if column == 4 else "@"
    for letter, width in zip("ABCDE", (6, 8, 40, 14, 50), strict=True):
        sheet.column_dimensions[letter].width = width
    book.save(folder / "scores.xlsx")
    return load_form(folder / "scores.yaml").judged_by(CRITERIA)


ENTRIES = [{"entry": "BT-01", "title": "Một cửa lưu động"}, {"entry": "BT-02", "title": "=1+1"}]


@pytest.fixture(scope="module")
def score_sheet(desk, score_form) -> bytes:
    return build(
        score_form,
        desk.plan,
        desk.round,
        Unit("gk1", "Giám khảo"),
        period="x",
        prefilled={"scores": ENTRIES},
        signer=SIGNER,
    )


def scores(desk, form, data):
    [found], missing = find_sheets(parse(data), form)
    assert missing == []
    return SheetCheck(form, found, desk.plan, desk.round)


def test_every_criterion_has_its_column_and_what_follows_moves_on(score_sheet):
    sheet = load_workbook(io.BytesIO(score_sheet))["Chấm"]
    assert [cell.value for cell in sheet[3]] == [
        "STT",
        "Mã số",
        "Tên",
        "Tính mới, tính sáng tạo của ý tưởng (tối đa 30) (*)",
        "Khả năng áp dụng (tối đa 20) (*)",
        "Hiệu quả (tối đa 50) (*)",
        "Nhận xét",
    ]
    assert [sheet.column_dimensions[letter].width for letter in "CDEFG"] == [40, 14, 14, 14, 50]
    assert [cell.number_format for cell in sheet[5]] == ["@", "@", "@", "0.0", "0.0", "0.0", "@"]
    assert [str(merged) for merged in sheet.merged_cells.ranges] == ["A1:G1"]
    assert sheet.row_dimensions[3].height >= 72
    assert (sheet["B6"].value, sheet["C6"].value, sheet["C6"].data_type) == ("BT-02", "=1+1", "s")
    rules = {str(rule.sqref): (rule.type, rule.formula2) for rule in sheet.data_validations.dataValidation}
    assert rules["E5:E6"] == ("decimal", "20")


def test_points_come_back_exact_and_by_criterion(desk, score_form, score_sheet):
    rows = [{}, {"points.new": "7,5", "points.use-1": 8.1, "points.effect": "40.25", "comment": "Tốt"}]
    check = scores(desk, score_form, fill(score_sheet, {"scores": rows}))
    assert check.problems == []
    points = {"new": Decimal("7.5"), "use-1": Decimal("8.1"), "effect": Decimal("40.25")}
    assert check.records == [ScoreRow(6, "BT-02", "=1+1", points, "Tốt")]
    content = Content(scores=tuple(check.records))
    assert Content.from_json(content.to_json()) == content


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        ("31", "number_out_of_range", "ghi 31, cần một số từ 0 đến 30"),
        ("-0,5", "number_out_of_range", "ghi -0,5"),
        ("tám", "decimal_unreadable", "ghi “tám”"),
        ("1.500", "decimal_unreadable", "1.500"),
        ("", "value_missing", "để trống"),
    ],
)
def test_points_that_cannot_be_are_told(desk, score_form, score_sheet, typed, code, said):
    row = {"points.new": typed, "points.use-1": 1, "points.effect": 2}
    check = scores(desk, score_form, fill(score_sheet, {"scores": [row]}))
    assert [problem.code for problem in check.problems] == [code]
    assert said in desk.words.sentence(check.problems[0])


def test_where_every_row_is_owed_an_empty_one_is_told(desk, score_form, score_sheet):
    owed = replace(score_form, sheets=(replace(score_form.sheets[0], every_row=True),))
    row = {"points.new": 1, "points.use-1": 1, "points.effect": 2}
    check = scores(desk, owed, fill(score_sheet, {"scores": [row]}))
    [problem] = check.problems
    assert (problem.code, problem.params["cell"]) == ("value_missing", "D6")
    assert [one["cell"] for one in problem.params["also"]] == ["E6", "F6"]
    assert "xóa cả dòng" not in desk.words.sentence(problem), "an entry is not a juror's to remove"


def test_a_contest_without_criteria_or_with_too_many_entries_builds_nothing(desk, score_form):
    unjudged = load_form(score_form.template.with_suffix(".yaml")).judged_by(())
    for form, rows in ((unjudged, ENTRIES), (score_form, ENTRIES * 21)):
        with pytest.raises(ValueError, match=r"criterion|room"):
            build(form, desk.plan, desk.round, desk.unit, period="x", prefilled={"scores": rows}, signer=SIGNER)


# --- Other programs


@pytest.mark.skipif(not shutil.which("soffice") and not os.environ.get("CI"), reason="no LibreOffice here")
def test_libreoffice_opens_every_form_and_what_it_saves_reads_the_same(
    desk, milestone, month, post, score_form, score_sheet, tmp_path
):
    files = {
        "quarter": desk.filled(posts=[post], standing=[{"text": "Có làm."}]),
        "evidence": milestone.filled(evidence=[proof()]),
        "log": month.filled(posts=[post | {"published": date(2026, 4, 9)}]),
        "scores": fill(score_sheet, {"scores": [{"points.new": "7,5", "points.use-1": 8.1, "points.effect": 9}]}),
    }
    for name, data in files.items():
        (tmp_path / f"{name}.xlsx").write_bytes(data)
    subprocess.run(
        ["soffice", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless", "--convert-to",
         "xlsx:Calc MS Excel 2007 XML", "--outdir", str(tmp_path / "again"),
         *(str(tmp_path / f"{name}.xlsx") for name in files)],
        check=True, capture_output=True, timeout=180, env=os.environ | {"HOME": str(tmp_path)},
    )  # fmt: skip
    again = {name: (tmp_path / "again" / f"{name}.xlsx").read_bytes() for name in files}
    for held, name in ((desk, "quarter"), (milestone, "evidence"), (month, "log")):
        assert held.read(again[name]) == held.read(files[name])
        assert held.read(again[name]).problems == ()
    assert scores(desk, score_form, again["scores"]).records == scores(desk, score_form, files["scores"]).records != []
