"""What people do to a workbook without meaning harm is understood."""

from __future__ import annotations

import io
import subprocess
import sys
import unicodedata
from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from dinhky.domain.content import Activity, Content, Post, Remark
from dinhky.signing import HmacSigner
from dinhky.workbook import Forms, form_workbooks
from dinhky.workbook.read import parse
from dinhky.workbook.sample import fill

FORMS = Path(__file__).parents[3] / "include" / "templates" / "workbooks"


def test_what_was_typed_is_what_is_read(desk, post, activity):
    remarks = [
        {"kind": "Khó khăn, vướng mắc", "text": "Thiếu máy quét.\nHồ sơ giấy còn nhiều.", "remedy": ""},
        {"kind": "Đề xuất, kiến nghị", "text": "Bổ sung máy quét.", "remedy": "UBND phường"},
    ]
    reading = desk.read(desk.filled(posts=[post], activities=[activity], remarks=remarks))
    assert reading.problems == ()
    title, link = "Phường tập huấn dịch vụ công trực tuyến", "https://phucloi.example/tin/1"
    field = "Cải cách thủ tục hành chính"
    assert reading.content == Content(
        posts=(Post(5, title, "Tin", "portal", date(2026, 3, 2), link, "Trần Thu Hà", field),),
        activities=(Activity(5, "Hội nghị", "Hội nghị triển khai", date(2026, 3, 9), "Hội trường", 42),),
        remarks=(
            Remark(5, "difficulty", "Thiếu máy quét.\nHồ sơ giấy còn nhiều.", ""),
            Remark(6, "proposal", "Bổ sung máy quét.", "UBND phường"),
        ),
    )
    assert Content.from_json(reading.content.to_json()) == reading.content


@pytest.mark.parametrize(
    ("key", "typed", "read"),
    [
        ("title", "  Tin\u00a0\u200bmới\t hôm\u202e nay ", "Tin mới hôm nay"),
        ("title", unicodedata.normalize("NFD", "Đường Phúc Lợi"), "Đường Phúc Lợi"),
        ("title", 2026, "2026"),
        ("form", "  BÀI   viết ", "Bài viết"),
        ("channel", unicodedata.normalize("NFD", "đài truyền thanh PHƯỜNG"), "radio"),
        ("published", "02/3/2026", date(2026, 3, 2)),
        ("published", "2.3.2026", date(2026, 3, 2)),
        ("published", " 2-3-2026 ", date(2026, 3, 2)),
        ("published", "2026-03-02", date(2026, 3, 2)),
        ("published", 46083, date(2026, 3, 2)),
        ("published", datetime(2026, 3, 2, 17, 30), date(2026, 3, 2)),  # noqa: DTZ001
        ("published", date(2025, 12, 15), date(2025, 12, 15)),
        ("published", date(2026, 3, 14), date(2026, 3, 14)),
        ("author", None, ""),
        ("link", "HTTP://phucloi.example/tin/1?id=2", "HTTP://phucloi.example/tin/1?id=2"),
    ],
)
def test_a_value_is_understood_in_the_forms_people_use(desk, post, key, typed, read):
    reading = desk.read(desk.filled(posts=[post | {key: typed}]))
    assert reading.problems == ()
    assert getattr(reading.content.posts[0], key) == read


def test_evidence_may_be_text_where_the_channel_has_no_web_page(desk, post):
    broadcast = post | {"channel": "Đài truyền thanh phường", "link": "Phát 17 giờ ngày 02/3/2026"}
    assert desk.read(desk.filled(posts=[broadcast])).content.posts[0].link == "Phát 17 giờ ngày 02/3/2026"
    assert desk.codes(desk.filled(posts=[broadcast | {"channel": "Trang Zalo OA của phường"}])) == ["link_not_web"]


@pytest.mark.parametrize(("typed", "read"), [("10.361", 10361), ("045", 45), (0, 0), (120.0, 120), (None, None)])
def test_numbers_of_people(desk, activity, typed, read):
    reading = desk.read(desk.filled(activities=[activity | {"participants": typed}]))
    assert reading.problems == ()
    assert reading.content.activities[0].participants == read


def test_a_moved_and_renamed_table_is_found(desk, post):
    def edit(book):
        worksheet = book["Tin bài"]
        worksheet.unmerge_cells("A1:H1")
        worksheet.unmerge_cells("A2:H2")
        worksheet.insert_rows(1, 2)
        worksheet.insert_cols(2)
        worksheet["B5"] = "Ghi chú của đơn vị"
        worksheet["C5"] = unicodedata.normalize("NFD", "  TIÊU   đề(*) ")
        worksheet.title = unicodedata.normalize("NFD", " tin  BÀI ")

    reading = desk.read(desk.edited(edit, desk.filled(posts=[post, post | {"title": "", "link": "https://b.example"}])))
    assert [post.row for post in reading.content.posts] == [7]
    [problem] = reading.problems
    assert problem.params["cell"] == "C8"


def test_total_rows_stray_spaces_and_gaps_are_passed_over(desk, post):
    def edit(book):
        worksheet = book["Tin bài"]
        worksheet["A9"], worksheet["B9"] = "", "TỔNG CỘNG:"
        worksheet["C9"] = 2
        worksheet["B900"] = " "
        worksheet["J50"] = "ghi chú ngoài bảng"

    second = dict.fromkeys(post)
    third = post | {"title": "Bài ba", "link": "https://phucloi.example/3"}
    reading = desk.read(desk.edited(edit, desk.filled(posts=[post, second, third])))
    assert reading.problems == ()
    assert [one.row for one in reading.content.posts] == [5, 7]


def test_hidden_rows_and_hidden_sheets_count(desk, post):
    def edit(book):
        book["Tin bài"].row_dimensions[5].hidden = True
        book["Tin bài"].sheet_state = "hidden"

    assert len(desk.read(desk.edited(edit, desk.filled(posts=[post]))).content.posts) == 1


def test_a_title_that_begins_with_a_total_word_is_still_a_title(desk, post):
    rows = [post | {"title": "Tổng số hồ sơ trực tuyến tăng 20%"}]
    assert len(desk.read(desk.filled(posts=rows)).content.posts) == 1


def test_all_200_rows_can_be_used(desk, post):
    rows = [post | {"title": f"Bài {n}", "link": f"https://phucloi.example/{n}"} for n in range(200)]
    reading = desk.read(desk.filled(posts=rows))
    assert reading.problems == ()
    assert [one.row for one in reading.content.posts] == list(range(5, 205))


def test_formulas_typed_as_text_stay_text(desk, post):
    filled = desk.filled(posts=[post | {"title": "=1+1"}])
    assert load_workbook(io.BytesIO(filled))["Tin bài"]["B5"].quotePrefix
    assert desk.read(filled).content.posts[0].title == "=1+1"


def test_filling_names_a_column_that_is_not_there(desk):
    with pytest.raises(KeyError):
        fill(desk.built, {"posts": [{"nope": 1}]})


def test_reading_imports_neither_openpyxl_nor_pandas(desk, tmp_path):
    file = tmp_path / "built.xlsx"
    file.write_bytes(desk.built)
    program = (
        "import sys, pathlib; from dinhky.workbook import FormWorkbooks, Forms; from dinhky.signing import HmacSigner; "
        "w = FormWorkbooks(Forms(pathlib.Path('nowhere')), str, HmacSigner(b'a secret of the tests')); "
        f"assert w.identity(pathlib.Path({str(file)!r}).read_bytes())[0]; "
        "print([name for name in ('openpyxl', 'pandas', 'xlsxwriter') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_column_names_are_excels():
    from dinhky.workbook.cell_text import cell_name

    assert [cell_name(7, column) for column in (1, 26, 27, 52, 53, 702, 703)] == [
        f"{get_column_letter(column)}7" for column in (1, 26, 27, 52, 53, 702, 703)
    ]


def test_a_file_asked_whom_it_is_for_and_then_read_is_parsed_once(desk, post, monkeypatch):
    parsed = []
    monkeypatch.setattr(form_workbooks, "parse", lambda data: parsed.append(data) or parse(data))
    workbooks = form_workbooks.FormWorkbooks(Forms(FORMS), str, HmacSigner(b"a secret of the tests"))
    mine, other = desk.filled(posts=[post]), desk.built
    for data in (mine, other, mine):
        identity, _ = workbooks.identity(data)
        assert workbooks.read(data, desk.plan, desk.round, desk.unit).identity == identity
    assert parsed == [mine, other, mine]
