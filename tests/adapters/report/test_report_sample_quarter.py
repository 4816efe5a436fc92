"""The report of Phúc Lợi's sample quarter says what a clerk counts by hand from the file of what the units typed."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pytest
import yaml

from dinhky.calendar_files import working_calendar
from dinhky.domain.assignment import Assignment, State
from dinhky.domain.schedule import find_round
from dinhky.plan_files import read_plan
from dinhky.report.form_reports import FormReports
from dinhky.rounds.kept_reports import CompiledReport
from dinhky.rounds.ports import UnitAnswer
from dinhky.signing import HmacSigner
from dinhky.wording import TemplateWords
from dinhky.workbook import Forms, FormWorkbooks
from dinhky.workbook.sample import fill

INCLUDE = Path(__file__).parents[3] / "include"

# Counted by hand, on paper, from the last delivery of each unit.
POSTS_BY_CHANNEL = {
    "Cổng thông tin điện tử phường": 11,
    "Đài truyền thanh phường": 7,
    "Trang thông tin CCHC của thành phố": 3,
    "Trang Zalo OA của phường": 1,
}
POSTS_BY_UNIT = {"vhxh": 5, "vp": 4, "kthtdt": 3, "pvhcc": 4, "vhtttt": 4, "mttq": 2}
PORTAL_AND_CITY_PAGE_BY_UNIT = {
    "vhxh": (2, 1),
    "vp": (2, 1),
    "kthtdt": (2, 0),
    "pvhcc": (2, 1),
    "vhtttt": (2, 0),
    "mttq": (1, 0),
}
POSTS_BY_FORM = {"Tin": 6, "Bài viết": 6, "Bài phát thanh": 6, "Phóng sự": 2, "Video": 1, "Đồ họa thông tin": 1}
POSTS_BY_FIELD = {
    "Cải cách thể chế": 2,
    "Cải cách thủ tục hành chính": 11,
    "Cải cách chế độ công vụ": 2,
    "Cải cách tài chính công": 1,
    "Xây dựng, phát triển chính quyền điện tử, chính quyền số": 5,
    "Chung": 1,
}
ACTIVITIES = {  # form: how many, how many people
    "Hội nghị": (1, 42),
    "Tập huấn, bồi dưỡng": (1, 86),
    "Tuyên truyền trực quan": (2, 0),
    "Đối thoại": (1, 120),
    "Tọa đàm, hội thảo": (1, 65),
    "Lồng ghép tại cuộc họp, giao ban": (1, 38),
}
REMARKS = {"Khó khăn, vướng mắc": 3, "Đề xuất, kiến nghị": 3}


@pytest.fixture(scope="module")
def typed() -> dict[str, list[dict[str, Any]]]:
    """By unit, its deliveries as they stand in the sample file."""
    sample = (INCLUDE / "data" / "samples" / "phuc-loi-2026-Q1.yaml").read_text("utf-8")
    return yaml.safe_load(sample)["units"]


@pytest.fixture(scope="module")
def report(typed) -> CompiledReport:
    """The report of the real plan, each unit's workbook built, filled and read."""
    plan = read_plan(INCLUDE / "data" / "plans" / "phuc-loi-2026.yaml")
    calendar = working_calendar(INCLUDE / "data" / "calendars", 2024, 2028)
    round_ = find_round(plan, "PL-5", "2026-Q1", calendar)
    workbooks = FormWorkbooks(Forms(INCLUDE / "templates" / "workbooks"), str, HmacSigner(b"a secret of the tests"))
    answers = []
    for code, deliveries in typed.items():
        unit = plan.unit(code)
        assignment, content = Assignment(round_.id, code, unit.name, State.OPEN), None
        if deliveries:
            filled = fill(workbooks.build(plan, round_, unit), deliveries[-1]["rows"])
            content = workbooks.read(filled, plan, round_, unit).content
            at = datetime.fromisoformat(deliveries[-1]["at"])
            assignment = Assignment(
                round_.id, code, unit.name, State.ACCEPTED, None, len(deliveries), at, at > round_.unit_due
            )
        answers.append(UnitAnswer(unit, assignment, content, None))
    words = TemplateWords(INCLUDE / "templates" / "messages")
    return FormReports(INCLUDE / "templates", calendar, words).compile(plan, round_, answers)


def last_rows(typed, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Unit and row, of one sheet of every unit's last delivery."""
    for unit, deliveries in typed.items():
        for row in deliveries[-1]["rows"].get(kind, []) if deliveries else []:
            yield unit, row


def test_the_hand_count_is_that_of_the_file(typed):
    posts = list(last_rows(typed, "posts"))
    assert Counter(row["channel"] for _, row in posts) == POSTS_BY_CHANNEL
    assert Counter(unit for unit, _ in posts) == POSTS_BY_UNIT
    assert Counter(row["form"] for _, row in posts) == POSTS_BY_FORM
    assert Counter(row["field"] for _, row in posts) == POSTS_BY_FIELD
    held = [row for _, row in last_rows(typed, "activities")]
    people = {form: [row.get("participants", 0) for row in held if row["form"] == form] for form in ACTIVITIES}
    assert {form: (len(counts), sum(counts)) for form, counts in people.items()} == ACTIVITIES
    assert len(held) == sum(count for count, _ in ACTIVITIES.values()) == 7
    assert Counter(row["kind"] for _, row in last_rows(typed, "remarks")) == REMARKS


def test_the_facts_are_the_hand_count(report):
    facts = report.facts
    assert {channel["name"]: channel["posts"] for channel in facts["channels"] if channel["posts"]} == POSTS_BY_CHANNEL
    assert {unit["code"]: unit["posts"] for unit in facts["units"] if unit["answered"]} == POSTS_BY_UNIT
    assert {row["name"]: row["posts"] for row in facts["forms"]} == POSTS_BY_FORM
    assert {row["name"]: row["posts"] for row in facts["fields"]} == POSTS_BY_FIELD
    assert {row["name"]: (row["activities"], row["participants"]) for row in facts["activity_forms"]} == ACTIVITIES
    assert (len(facts["difficulties"]), len(facts["proposals"])) == tuple(REMARKS.values())
    assert facts["totals"]["posts"] == 22
    assert (facts["totals"]["activities"], facts["totals"]["participants"], facts["totals"]["uncounted"]) == (7, 351, 2)


def test_each_units_quota_is_the_hand_count(report):
    done = {unit["code"]: tuple(duty["posts"] for duty in unit["duties"]) for unit in report.facts["units"]}
    assert done.pop("bxdd") == (None, None)
    assert done == PORTAL_AND_CITY_PAGE_BY_UNIT
    assert all([duty["target"] for duty in unit["duties"]] == [2, 1] for unit in report.facts["units"])
    assert [unit["code"] for unit in report.facts["units"] if unit["fulfilled"]] == ["vhxh", "vp", "pvhcc"]


def test_the_documents_sentences_say_the_hand_count(report):
    text = "\n".join(paragraph.text for paragraph in docx.Document(io.BytesIO(report.document)).paragraphs)
    text = text.replace("\u00a0", " ")
    for sentence in (
        "Kính gửi: Sở Nội vụ thành phố Hà Nội",
        "các đơn vị đã đăng, phát 22 tin, bài về CCHC; tổ chức 07 hoạt động tuyên truyền với 351 lượt người tham gia.",
        "số liệu tính từ ngày 15/12/2025 đến hết ngày 14/3/2026",
        "Tin: 06; Bài viết: 06; Bài phát thanh: 06; Phóng sự: 02; Video: 01; Đồ họa thông tin: 01.",
        "hết ngày 13/3/2026. Số đơn vị phải báo cáo: 07; đã nộp: 06 đơn vị (đạt 85,7%);"
        " nộp đúng hạn: 05 đơn vị (đạt 71,4%).",
        "Nộp muộn: 01 đơn vị, gồm: Ủy ban Mặt trận Tổ quốc Việt Nam phường (nộp ngày 14/3/2026).",
        "Chưa nộp: 01 đơn vị, gồm: Ban Xây dựng đảng.",
        "chậm nhất ngày 12/6/2026",
    ):
        assert sentence in text


def test_a_proposal_is_followed_by_whom_it_is_made_to(report):
    text = "\n".join(paragraph.text for paragraph in docx.Document(io.BytesIO(report.document)).paragraphs)
    assert "tự nộp hồ sơ. Kiến nghị UBND phường bố trí kinh phí năm 2026." in text
    assert text.count("Hướng xử lý: ") == REMARKS["Khó khăn, vướng mắc"]


def test_the_annex_adds_up_to_the_hand_count(report):
    book = openpyxl.load_workbook(io.BytesIO(report.annex), data_only=True)
    totals = {sheet.title: [cell.value for cell in sheet[sheet.max_row]] for sheet in book}
    assert totals["Theo kênh"][1:5] == ["Tổng cộng", None, 5, 22]
    assert totals["Theo đơn vị"][1:5] == ["Tổng cộng", 22, 7, 351]
    assert totals["Hoạt động"][6] == 351
    assert [cell.value for cell in book["Tin bài"]["A"]][-1] == 22
    shown = {row[1]: row[4] for row in book["Theo đơn vị"].iter_rows(min_row=6, values_only=True)}
    assert shown["Điểm phục vụ hành chính công phường"] is None, "nobody counted the people at its one activity"
