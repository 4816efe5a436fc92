"""What a unit receives."""

from __future__ import annotations

import io
import time
import zipfile
from dataclasses import replace
from datetime import date, datetime
from unittest.mock import patch

import pytest
from openpyxl import load_workbook

from dinhky.domain.content import Identity
from dinhky.domain.errors import UnknownName
from dinhky.domain.plan import Unit
from dinhky.workbook.identity import IDENTITY_SHEET
from dinhky.workbook.sample import fill


def date_of(*parts: int) -> datetime:
    """A day as openpyxl gives it back."""
    return datetime(*parts)  # noqa: DTZ001


@pytest.fixture(scope="module")
def book(desk):
    return load_workbook(io.BytesIO(desk.built))


def test_identity_comes_back(desk):
    assert desk.workbooks.identity(desk.built) == (Identity("phuc-loi-2026", "PL-5", "2026-Q1", "vhxh", "2"), ())


def test_identity_sheet_is_very_hidden(book):
    assert book[IDENTITY_SHEET].sheet_state == "veryHidden"
    assert [sheet.title for sheet in book if sheet.sheet_state == "visible"] == [
        "Hướng dẫn",
        "Tin bài",
        "Hoạt động",
        "Khó khăn, đề xuất",
        "Nhiệm vụ thường xuyên",
        "Đã ghi nhận",
        "Danh mục",
    ]


def test_the_guide_names_unit_period_dates_and_deadline(book):
    texts = {cell.value for row in book["Hướng dẫn"].iter_rows() for cell in row if cell.value}
    assert {
        "Phòng Văn hóa - Xã hội",
        "Phường Phúc Lợi",
        "Quý I/2026",
        "Từ ngày 15/12/2025 đến hết ngày 14/3/2026",
        "Hết ngày 13/3/2026",
    } <= texts
    assert "(hệ thống điền)" not in {cell.value for sheet in book for row in sheet.iter_rows() for cell in row}


def test_the_same_input_gives_the_same_bytes_whenever_it_is_built(desk, post):
    filled = desk.filled(posts=[post])
    with patch("zipfile.time.time", return_value=time.time() + 86_400):  # what a zip entry is stamped with
        assert desk.workbooks.build(desk.plan, desk.round, desk.unit) == desk.built
        assert desk.filled(posts=[post]) == filled != desk.built


def test_another_unit_gets_other_bytes(desk):
    assert desk.workbooks.build(desk.plan, desk.round, desk.plan.unit("vp")) != desk.built


def test_dates_are_held_to_the_window_and_the_message_names_it(book):
    dates = [rule for rule in book["Tin bài"].data_validations.dataValidation if rule.type == "date"]
    assert [(rule.formula1, rule.formula2, str(rule.sqref)) for rule in dates] == [
        ("DATE(2025,12,15)", "DATE(2026,3,14)", "E5:E504")
    ]
    assert "từ 15/12/2025 đến 14/3/2026" in dates[0].error
    assert dates[0].showErrorMessage
    assert dates[0].errorStyle in (None, "stop")


def test_choices_are_dropped_down_from_the_sheet_of_choices(desk, book):
    lists = {str(rule.sqref): rule for rule in book["Tin bài"].data_validations.dataValidation if rule.type == "list"}
    channels = lists["D5:D504"]
    sheet, _, cells = channels.formula1.rpartition("!")
    offered = [row[0].value for row in book[sheet.strip("'")][cells.replace("$", "")]]
    assert offered == list(desk.plan.channels.values())
    assert channels.prompt
    assert channels.promptTitle
    assert channels.error


def test_every_input_column_is_validated_and_only_input_cells_are_unlocked(desk, book):
    form = desk.workbooks.form(desk.plan, "PL-5")
    for sheet in form.sheets:
        worksheet = book[sheet.name]
        assert worksheet.protection.sheet
        typed = [position for position, column in enumerate(sheet.columns, 2) if not column.prefilled]
        assert len(worksheet.data_validations.dataValidation) == len(typed)
        for row in worksheet.iter_rows():
            for cell in row:
                if cell.column in typed:
                    assert cell.protection.locked == (cell.row < 5), cell.coordinate
                elif 1 < cell.column <= len(sheet.columns) + 1:
                    assert cell.protection.locked, cell.coordinate
        if sheet.is_prefilled:
            assert worksheet.max_row == 6
        else:
            rules = worksheet.data_validations.dataValidation
            assert {one.max_row for rule in rules for one in rule.sqref.ranges} == {4 + form.input_rows}
            assert max(one.max_row for format_ in worksheet.conditional_formatting for one in format_.sqref.ranges) == (
                4 + form.input_rows
            )


@pytest.mark.parametrize("name", ['=HYPERLINK("http://x.example")', "+1+1", "-2", "@SUM(A1)", "{braces}"])
def test_what_looks_like_a_formula_stays_text(desk, name):
    unit = Unit("vhxh", name)
    plan = replace(desk.plan, channels={"portal": name, "radio": "Đài"})
    data = desk.workbooks.build(plan, desk.round, unit)
    cells = [cell for sheet in load_workbook(io.BytesIO(data)) for row in sheet.iter_rows() for cell in row]
    assert [cell for cell in cells if cell.value == name and cell.data_type == "s"]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheets = [archive.read(entry) for entry in archive.namelist() if entry.startswith("xl/worksheets/")]
    assert not any(b"<f>" in xml.split(b"</sheetData>")[0] for xml in sheets)


def test_rows_beyond_those_laid_out_are_as_open_and_as_formatted(desk, book):
    """A column's own style holds for every cell of it that the file does not have."""
    for sheet in desk.workbooks.form(desk.plan, "PL-5").sheets:
        if sheet.is_prefilled:
            continue
        worksheet = book[sheet.name]
        for cell in worksheet[worksheet.max_row][: len(sheet.columns) + 1]:
            style = worksheet.column_dimensions[cell.column_letter]
            assert not style.protection.locked
            assert (style.number_format, style.font.name) == (cell.number_format, "Times New Roman")
            assert style.alignment.wrap_text


TOLD = {
    "title": "=Loa phát thanh",
    "channel": "Đài truyền thanh phường",
    "published": date(2026, 3, 1),
    "evidence": "Phát 17 giờ",
}


def test_posts_told_in_other_ways_are_shown_and_need_not_be_typed_again(desk, post):
    data = desk.workbooks.build(desk.plan, desk.round, desk.unit, {"recorded": [TOLD, TOLD | {"title": "Bài hai"}]})
    sheet = load_workbook(io.BytesIO(data))["Đã ghi nhận"]
    assert [cell.value for cell in sheet[5]][1:] == [
        "=Loa phát thanh", "Đài truyền thanh phường", date_of(2026, 3, 1), "Phát 17 giờ",
    ]  # fmt: skip
    assert sheet["B5"].data_type == "s"
    assert sheet.max_row == 6
    assert all(cell.protection.locked for row in sheet.iter_rows() for cell in row)
    reading = desk.read(fill(data, {"posts": [post]}))
    assert (reading.problems, reading.questions) == ((), ())
    assert [one.title for one in reading.content.posts] == [post["title"]]
    [question] = desk.read(data).questions
    assert (desk.read(data).problems, question.code) == ((), "only_recorded")
    assert "ngoài 2 tin, bài đã được ghi nhận" in desk.words.sentence(question)


def test_without_such_posts_the_sheet_says_so(desk, book):
    assert book["Đã ghi nhận"]["B5"].value.startswith("(Đến khi lập biểu này chưa có")
    assert book["Đã ghi nhận"].max_row == 5
    assert desk.codes(desk.built) == ["workbook_empty"]


def test_rows_that_count_already_stand_in_the_workbook_as_they_were_typed(desk, post, activity):
    """They come as codes and dates, and are shown as a person would type them; further down than the rows laid out."""
    good = desk.filled(posts=[post | {"title": f"Bài {n}", "link": f"https://a.example/{n}"} for n in range(60)],
                       activities=[activity | {"participants": None}, activity | {"title": "Khác"}])  # fmt: skip
    content = desk.read(good).content
    carried = {group: [vars(one) for one in getattr(content, group)] for group in ("posts", "activities")}
    again = desk.workbooks.build(desk.plan, desk.round, desk.unit, carried)
    assert desk.read(again).problems == ()
    assert desk.read(again).content == content
    assert load_workbook(io.BytesIO(again))["Tin bài"]["E64"].number_format == "dd/mm/yyyy"


def test_an_obligation_without_a_form_has_no_workbook(desk):
    with pytest.raises(UnknownName) as raised:
        desk.workbooks.form(desk.plan, "PL-12")
    assert raised.value.code == "unknown_form"
    assert "communication_quarter" in desk.words.explain(raised.value)


def test_nothing_is_left_of_the_moment_of_saving(desk):
    with zipfile.ZipFile(io.BytesIO(desk.built)) as archive:
        assert {entry.date_time[:3] for entry in archive.infolist()} == {(1980, 1, 1)}
        assert str(date.today().year) not in archive.read("docProps/core.xml").decode().partition("modified")[2]  # noqa: DTZ011
