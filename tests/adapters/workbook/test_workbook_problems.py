"""Every mistake a person makes is answered with the cell, what was found and what is expected."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path

import pytest

from dinhky.domain.content import Identity
from dinhky.domain.period import Period
from dinhky.domain.plan import Kind
from dinhky.signing import HmacSigner
from dinhky.workbook import Forms, FormWorkbooks
from dinhky.workbook.identity import IDENTITY_SHEET, identity_rows

PROBLEMS = Path(__file__).parents[3] / "include/templates/messages/problems"
FORMS = Path(__file__).parents[3] / "include" / "templates" / "workbooks"
LINK = "https://phucloi.example/tin"
CELL_MISTAKES = [
    # code, sheet key, what is typed instead, cell, what the sentence must say
    ("value_missing", "posts", {"title": ""}, "B5", ["Tin bài", "Tiêu đề"]),
    ("value_missing", "posts", {"title": " \u00a0\u200b"}, "B5", ["bắt buộc"]),
    ("value_missing", "activities", {"held": None}, "D5", ["Hoạt động", "Ngày tổ chức"]),
    ("text_too_long", "posts", {"author": "a" * 151}, "G5", ["151", "150"]),
    ("choice_unknown", "posts", {"channel": "Cổng thông tin điện tử phừơng"}, "D5", ["Cổng thông tin điện tử phường"]),
    ("choice_unknown", "posts", {"channel": "Đài"}, "D5", ["Có phải ý là “Đài truyền thanh phường”"]),
    ("choice_unknown", "posts", {"channel": "Cổng TTĐT"}, "D5", ["Có phải ý là “Cổng thông tin điện tử phường”"]),
    ("choice_unknown", "posts", {"field": "TTHC"}, "H5", ["Có phải ý là “Cải cách thủ tục hành chính”"]),
    ("choice_unknown", "posts", {"field": "Cải cách thủ tục"}, "H5", ["ý là “Cải cách thủ tục hành chính”"]),
    ("choice_unknown", "posts", {"form": "xyz"}, "C5", ["xyz", "Phóng sự"]),
    ("choice_unknown", "posts", {"field": 3}, "H5", ["“3”", "Cải cách thể chế"]),
    ("date_unclear", "posts", {"published": "03/13/2026"}, "E5", ["“03/13/2026”", "có phải là ngày 13/3/2026?"]),
    (
        "date_unclear",
        "posts",
        {"published": date(2026, 4, 3)},
        "E5",
        ["ghi “03/4/2026”, là ngày 04/3/2026 hay ngày 03/4/2026?"],
    ),
    ("date_unclear", "posts", {"published": "3/4/2026"}, "E5", ["“3/4/2026”, là ngày 04/3/2026 hay ngày 03/4/2026?"]),
    ("date_unreadable", "posts", {"published": "15/3"}, "E5", ["“15/3”"]),
    ("date_unreadable", "posts", {"published": "tháng 3/2026"}, "E5", ["“tháng 3/2026”", "đủ ngày/tháng/năm"]),
    ("date_unreadable", "posts", {"published": "hôm qua"}, "E5", ["hôm qua", "15/12/2025"]),
    ("date_unreadable", "posts", {"published": time(8, 30)}, "E5", ["08:30"]),
    ("date_unreadable", "posts", {"published": True}, "E5", ["True"]),
    ("date_outside_window", "posts", {"published": date(2026, 3, 15)}, "E5", ["15/3/2026", "15/12/2025", "14/3/2026"]),
    ("date_outside_window", "posts", {"published": datetime(2025, 12, 14, 23, 59)}, "E5", ["14/12/2025"]),  # noqa: DTZ001
    ("date_outside_window", "activities", {"held": "20.03.2026"}, "D5", ["20/3/2026"]),
    ("number_unreadable", "activities", {"participants": "45 người"}, "F5", ["45 người", "số nguyên"]),
    ("number_unreadable", "activities", {"participants": 12.5}, "F5", ["12.5"]),
    ("number_unreadable", "activities", {"participants": "1e999"}, "F5", ["1e999"]),
    ("number_unclear", "activities", {"participants": 10.361}, "F5", ["“10.361”, có phải là 10361?"]),
    ("number_unclear", "activities", {"participants": "10,361"}, "F5", ["“10,361”, có phải là 10361?"]),
    ("number_too_large", "activities", {"participants": 912345678}, "F5", ["“912345678”", "trên 100.000.000"]),
    ("number_too_large", "activities", {"participants": "0912345678"}, "F5", ["“0912345678”", "số điện thoại"]),
    ("number_negative", "activities", {"participants": -3}, "F5", ["-3"]),
    ("number_negative", "activities", {"participants": "-3"}, "F5", ["-3"]),
    ("link_not_web", "posts", {"link": "phucloi.example/tin/1"}, "F5", ["phucloi.example/tin/1", "https://"]),
    ("link_not_web", "posts", {"link": "javascript:alert(1)"}, "F5", ["javascript"]),
    ("link_not_web", "posts", {"link": "http://["}, "F5", ["http://["]),
    ("link_not_web", "posts", {"link": "=HYPERLINK(1)"}, "F5", ["=HYPERLINK(1)"]),
    ("link_several", "posts", {"link": f"{LINK}/1;{LINK}/2"}, "F5", ["tin/1;https", "cần một đường dẫn"]),
    ("link_several", "posts", {"link": f"{LINK}/1\n{LINK}/2"}, "F5", ["nhiều đường dẫn"]),
    ("link_several", "posts", {"link": f"Bài 1: {LINK}/1, bài 2: {LINK}/2"}, "F5", ["nhiều đường dẫn"]),
    ("cell_error", "posts", {"title": "#REF!"}, "B5", ["lỗi công thức"]),
    ("cell_error", "activities", {"participants": "#DIV/0!"}, "F5", ["Số người tham gia"]),
]


@pytest.mark.parametrize(("code", "sheet", "typed", "cell", "said"), CELL_MISTAKES)
def test_a_wrong_cell_is_named(desk, post, activity, code, sheet, typed, cell, said):
    good = {"posts": post, "activities": activity}
    rows = {sheet: [good[sheet] | typed]}
    data = desk.filled(**rows)
    if code == "cell_error":
        data = desk.edited(lambda book: setattr(_cell(book, sheet, cell), "data_type", "e"), data)
    reading = desk.read(data)
    assert [problem.code for problem in reading.problems] == [code]
    [problem] = reading.problems
    assert problem.params["cell"] == cell
    assert problem.params["sheet"] in problem.where
    assert cell in problem.where
    sentence = desk.words.sentence(problem)
    assert sentence.startswith(problem.where)
    for words in said:
        assert words in sentence
    assert reading.content.posts == ()
    assert reading.content.activities == ()


def _cell(book, sheet, cell):
    return book[{"posts": "Tin bài", "activities": "Hoạt động"}[sheet]][cell]


def test_several_mistakes_in_one_row_are_all_told_in_the_order_of_the_columns(desk, post):
    wrong = post | {"title": "", "published": "?", "link": "?", "field": "?"}
    problems = desk.read(desk.filled(posts=[post | {"link": "https://a.example/2"}, wrong])).problems
    assert [problem.params["cell"] for problem in problems] == ["B6", "E6", "F6", "H6"]


def test_the_same_link_twice_is_told_even_with_another_query_string(desk, post):
    again = post | {"title": "Khác", "link": "http://www.phucloi.example/tin/1/?utm_source=zalo#top"}
    [problem] = desk.read(desk.filled(posts=[post, again])).problems
    assert (problem.code, problem.params["cell"], problem.params["earlier"]) == ("duplicate_link", "F6", "F5")
    assert "ô F5" in desk.words.sentence(problem)


def test_links_that_differ_in_what_names_the_page_are_two(desk, post):
    first, second = (post | {"title": f"Bài {n}", "link": f"https://phucloi.example/?id={n}"} for n in (1, 2))
    assert desk.codes(desk.filled(posts=[first, second])) == []


def test_the_same_title_on_the_same_day_and_channel_is_told(desk, post):
    again = post | {"title": post["title"].upper(), "link": "https://phucloi.example/tin/2"}
    [problem] = desk.read(desk.filled(posts=[post, again])).problems
    assert (problem.code, problem.params["earlier"]) == ("duplicate_row", "B5")
    assert desk.words.sentence(problem).startswith("Trang tính “Tin bài”, ô B6")
    elsewhere = again | {"channel": "Trang Zalo OA của phường"}
    assert desk.codes(desk.filled(posts=[post, elsewhere])) == []


def test_an_empty_workbook_is_told(desk):
    [problem] = desk.read(desk.built).problems
    assert problem.code == "workbook_empty"
    assert "đề nghị báo “không phát sinh” kèm lý do trên trang riêng của đơn vị" in desk.words.sentence(problem)


def test_where_a_product_is_owed_that_there_is_none_is_no_answer(desk):
    plan, round_ = desk.plan, replace(desk.round, ref="PL-1", kind=Kind.MILESTONE)
    unit = plan.unit("vhxh")
    [problem] = desk.workbooks.read(desk.workbooks.build(plan, round_, unit), plan, round_, unit).problems
    sentence = desk.words.sentence(problem)
    assert (problem.code, "không phát sinh" in sentence) == ("workbook_empty", False)
    assert "chưa có nội dung nào ở trang “Kết quả”" in sentence


def test_what_a_row_lacks_is_told_together_as_it_may_be_no_row_of_figures_at_all(desk, post):
    rows = [post, {"title": "I. Tin trên Cổng"}, post | {"title": "", "link": "https://a.example/2"}]
    together, alone = desk.read(desk.filled(posts=rows)).problems
    sentence = desk.words.sentence(together)
    assert (together.code, together.params["cell"]) == ("value_missing", "C6")
    assert "các cột “Thể loại”, “Kênh đăng”, “Ngày đăng”, “Đường dẫn / minh chứng”, “Lĩnh vực CCHC”" in sentence
    assert sentence.endswith("nếu dòng này không phải là số liệu (tiêu đề mục, người lập biểu), vui lòng xóa cả dòng.")
    assert (alone.code, alone.params["cell"]) == ("value_missing", "B7")
    assert "xóa cả dòng" not in desk.words.sentence(alone)


def test_a_row_that_repeats_a_wrong_one_is_told_at_once(desk, post):
    """Else mending the first would only bring the second to light, a day later."""
    wrong = post | {"form": "Tin tức"}
    reading = desk.read(
        desk.filled(posts=[wrong, post | {"title": "Tên khác"}, wrong | {"link": "https://a.example/9"}])
    )
    assert [(one.code, one.params["cell"]) for one in reading.problems] == [
        ("choice_unknown", "C5"),
        ("duplicate_link", "F6"),
        ("choice_unknown", "C7"),
        ("duplicate_row", "B7"),
    ]
    assert f"“{post['title']}, " in desk.words.sentence(reading.problems[3]), "it says what is the same"


def test_a_sheet_that_lacks_a_column_is_not_called_a_stranger(desk, post):
    data = desk.edited(lambda book: book["Tin bài"].delete_cols(4), desk.filled(posts=[post]))
    reading = desk.read(data)
    assert [one.code for one in reading.problems] == ["column_missing"]
    assert reading.questions == ()


def test_a_missing_sheet_is_told_with_the_one_that_looks_like_it(desk, post):
    def edit(book):
        book["Tin bài"].title = "Tin bải 2"
        book["Tin bải 2"].delete_rows(3)

    [problem] = desk.read(desk.edited(edit, desk.filled(posts=[post]))).problems
    assert problem.code == "sheet_missing"
    assert "“Tin bài”" in problem.where
    assert "tên gần giống: “Tin bải 2”" in desk.words.sentence(problem)


def test_a_missing_column_is_told(desk, post):
    data = desk.edited(lambda book: book["Tin bài"].delete_cols(4), desk.filled(posts=[post]))
    [problem] = desk.read(data).problems
    assert (problem.code, problem.params["expected"], problem.params["cell"]) == ("column_missing", "Kênh đăng", "A3")
    assert "Kênh đăng" in desk.words.sentence(problem)


def test_a_sheet_without_any_header_is_told_column_by_column(desk):
    data = desk.edited(lambda book: book["Khó khăn, đề xuất"].delete_rows(1, 250))
    problems = [problem for problem in desk.read(data).problems if problem.code == "column_missing"]
    assert [problem.params["expected"] for problem in problems] == ["Loại", "Nội dung", "Hướng xử lý / kiến nghị"]
    assert all(desk.words.sentence(problem) for problem in problems)


OTHERS = {
    # code: what is asked for instead, and what the sentence says
    "other_plan": "không phải của kế hoạch “Kế hoạch Việt Hưng”",
    "other_obligation": (
        "Đây là tệp quý I/2026 của Phòng Văn hóa - Xã hội cho nhiệm vụ “Báo cáo công tác thông tin tuyên truyền hàng "
        "quý”; cần tệp cho nhiệm vụ “Báo cáo khác”."
    ),
    "other_period": "Đây là tệp quý I/2026 của Phòng Văn hóa - Xã hội; cần tệp quý II/2026.",
    "other_unit": (
        "Đây là tệp quý I/2026 của Phòng Văn hóa - Xã hội; cần tệp quý I/2026 của Văn phòng HĐND và UBND phường."
    ),
}


@pytest.mark.parametrize("code", OTHERS)
def test_workbooks_of_another_plan_duty_period_or_unit_are_refused_by_name(desk, post, code):
    twin = replace(desk.plan.obligation("PL-5"), ref="PL-9", name="Báo cáo khác")
    plan = replace(desk.plan, obligations=(*desk.plan.obligations, twin))
    plan, round_, unit = {
        "other_plan": (replace(desk.plan, id="viet-hung-2026", title="Kế hoạch Việt Hưng"), desk.round, desk.unit),
        "other_obligation": (plan, replace(desk.round, obligation="Báo cáo khác", ref="PL-9"), desk.unit),
        "other_period": (desk.plan, replace(desk.round, period=Period.parse("2026-Q2")), desk.unit),
        "other_unit": (desk.plan, desk.round, desk.plan.unit("vp")),
    }[code]
    reading = desk.workbooks.read(desk.filled(posts=[post]), plan, round_, unit)
    assert [problem.code for problem in reading.problems] == [code]
    assert reading.content.posts == ()
    assert OTHERS[code] in desk.words.sentence(reading.problems[0])


def test_a_file_that_is_wrong_in_period_and_unit_is_named_in_one_sentence(desk):
    other_quarter = replace(desk.round, period=Period.parse("2026-Q2"))
    [problem] = desk.workbooks.read(desk.built, desk.plan, other_quarter, desk.plan.unit("vp")).problems
    assert desk.words.sentence(problem).startswith(
        "Đây là tệp quý I/2026 của Phòng Văn hóa - Xã hội; cần tệp quý II/2026 của Văn phòng HĐND và UBND phường."
    )


@pytest.mark.parametrize("damage", ["no sheet", "no unit", "not a period"])
def test_a_workbook_without_identity_is_told_and_still_checked(desk, post, damage):
    def edit(book):
        if damage == "no sheet":
            del book[IDENTITY_SHEET]
        elif damage == "no unit":
            book[IDENTITY_SHEET]["B4"] = ""
        else:
            book[IDENTITY_SHEET]["B3"] = "2026-Q9"

    data = desk.edited(edit, desk.filled(posts=[post | {"form": "xyz"}]))
    assert desk.codes(data) == ["identity_missing", "choice_unknown"]
    identity, [problem] = desk.workbooks.identity(data)
    assert identity is None
    assert desk.words.sentence(problem)


@pytest.mark.parametrize("cell", ["B1", "B2", "B3", "B4", "B5", "B6"])
def test_a_hidden_code_that_was_changed_is_told_whatever_it_says(desk, post, cell):
    """A claim that says another unit or period is believed only under our signature."""
    other = {"B1": "viet-hung-2026", "B2": "PL-2", "B3": "2026-Q2", "B4": "vp", "B5": "9", "B6": "A" * 20}[cell]
    data = desk.edited(
        lambda book: setattr(book[IDENTITY_SHEET][cell], "value", other), desk.filled(posts=[post | {"form": "xyz"}])
    )
    assert desk.codes(data) == ["identity_tampered", "choice_unknown"]
    identity, [problem] = desk.workbooks.identity(data)
    assert identity is None
    assert "tải lại biểu số liệu" in desk.words.sentence(problem)


def test_a_workbook_of_another_office_is_not_ours(desk, post):
    elsewhere = FormWorkbooks(Forms(FORMS), str, HmacSigner(b"the secret of another office"))
    data = elsewhere.build(desk.plan, desk.round, desk.unit)
    assert [problem.code for problem in desk.workbooks.identity(data)[1]] == ["identity_tampered"]


def test_an_old_template_is_told(desk, post):
    old = Identity(desk.plan.id, desk.round.ref, desk.round.period.label, desk.unit.code, "0")

    def edit(book):
        for row, (_, value) in enumerate(identity_rows(old, desk.workbooks._signer), 1):
            book[IDENTITY_SHEET].cell(row, 2, value)

    [problem] = desk.read(desk.edited(edit, desk.filled(posts=[post]))).problems
    assert problem.code == "template_outdated"
    assert "phiên bản 0" in desk.words.sentence(problem)


def test_a_flood_of_problems_is_cut_and_counted(desk, post):
    rows = [post | {"form": "xyz", "link": f"https://a.example/{n}", "title": f"Bài {n}"} for n in range(130)]
    problems = desk.read(desk.filled(posts=rows)).problems
    assert len(problems) == 101
    assert (problems[-1].code, problems[-1].params) == ("more_problems", {"count": 30})
    assert "30" in desk.words.sentence(problems[-1])


def _zip_with(data: bytes, **parts: bytes) -> bytes:
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            target.writestr(entry.filename, source.read(entry))
        for name, content in parts.items():
            target.writestr(name, content)
    return changed.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
WHOLE_FILES = [
    ("file_empty", lambda built: b"", "không có nội dung"),
    ("file_empty", lambda built: b"\0" * 4096, "không có nội dung"),
    ("file_too_large", lambda built: built + b"\0" * 11_000_000, "10 MB"),
    ("file_not_xlsx", lambda built: OLE, ".xls)"),
    ("file_not_xlsx", lambda built: "STT;Tiêu đề\n1;Bài\n".encode(), ".csv"),
    ("file_not_xlsx", lambda built: "STT\tTiêu đề".encode("utf-16"), ".csv"),
    ("file_not_xlsx", lambda built: b"%PDF-1.7 ...", "PDF"),
    ("file_not_xlsx", lambda built: b"\xef\xbb\xbf<html><table></table></html>", "trang web"),
    ("file_not_xlsx", lambda built: b"\x89PNG\r\n\x1a\n\0\0", "hình ảnh"),
    ("file_not_xlsx", lambda built: b"\x01\x02\x03\0\x04", "không rõ định dạng"),
    ("file_password", lambda built: OLE + "EncryptedPackage".encode("utf-16-le"), "mật khẩu"),
    ("file_damaged", lambda built: built[: len(built) // 2], "hỏng"),
    ("file_damaged", lambda built: b"PK\x03\x04 not really", "hỏng"),
    ("file_damaged", lambda built: _zip_with(built, **{"../evil.xml": b"<a/>"}), "hỏng"),
    ("file_damaged", lambda built: _zip_with(built, **{"xl/extra.xml": b"<!DOCTYPE a><a/>"}), "hỏng"),
    ("file_damaged", lambda built: _zip_with(built, **{"xl/extra.xml": b"<a>"}), "hỏng"),
    ("file_damaged", lambda built: _zip_with(built, **{"XL/workbook.xml": b"<a/>"}), "hỏng"),
    ("file_macros", lambda built: _zip_with(built, **{"xl/vbaProject.bin": b"x"}), "macro"),
    (
        "file_external_links",
        lambda built: _zip_with(built, **{"xl/externalLinks/externalLink1.xml": b"<a/>"}),
        "liên kết",
    ),
    ("file_embedded", lambda built: _zip_with(built, **{"xl/embeddings/oleObject1.bin": b"x"}), "nhúng"),
    ("file_expands", lambda built: _zip_with(built, **{"xl/extra.xml": b" " * 5_000_000}), "bất thường"),
]


@pytest.mark.parametrize(("code", "make", "said"), WHOLE_FILES)
def test_a_file_that_is_no_workbook_is_told(desk, code, make, said):
    data = make(desk.built)
    reading = desk.read(data)
    assert [problem.code for problem in reading.problems] == [code]
    assert said in desk.words.sentence(reading.problems[0])
    assert reading.identity is None
    assert desk.workbooks.identity(data) == (None, reading.problems)


def test_a_workbook_for_a_duty_without_a_form_is_answered(desk):
    reading = desk.workbooks.read(desk.built, desk.plan, replace(desk.round, ref="PL-12"), desk.unit)
    assert [problem.code for problem in reading.problems] == ["unknown_form"]
    assert desk.words.sentence(reading.problems[0])
