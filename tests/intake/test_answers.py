"""What a sender gets back: what was counted, what is asked, the own workbook with its places marked, and how it goes on
from there. Units due Friday 13/3, the round locks Monday 16/3 at 10:00."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

import pytest
from openpyxl import Workbook, load_workbook

from dinhky.domain.assignment import State
from dinhky.domain.errors import Problem
from dinhky.intake.receive import Verdict, receive
from dinhky.rounds.lookup import round_of
from dinhky.workbook.cell_styles import ERROR_FILL, QUESTION_FILL
from dinhky.workbook.sample import fill

ROUND = "phuc-loi-2026/PL-5/2026-Q1"
LIST = "Cần sửa"
DAYS = {"expected_start": "15/12/2025", "expected_end": "14/3/2026"}
QUESTION = Problem(
    "date_outside_window",  # any sentence does: what is asked is not what is tried here
    "Trang tính “Tin bài”, ô E5",
    {"sheet": "Tin bài", "cell": "E5", "column": "Ngày đăng", "found": "04/3/2026", **DAYS},
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-{text}+07:00")


def opened(data: bytes) -> Workbook:
    return load_workbook(io.BytesIO(data))


def saved(book: Workbook) -> bytes:
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def marks(book: Workbook) -> dict[str, str]:
    """The marked cells of the sender's own sheets and their colours."""
    return {
        f"{sheet.title}!{cell.coordinate}": cell.fill.fgColor.rgb
        for sheet in book
        if sheet.title != LIST
        for row in sheet.iter_rows()
        for cell in row
        if cell.fill.fgColor.rgb in {ERROR_FILL, QUESTION_FILL}
    }


def comments(book: Workbook) -> list[str]:
    cells = (cell for sheet in book for row in sheet.iter_rows() for cell in row)
    return [f"{cell.parent.title}!{cell.coordinate}" for cell in cells if cell.comment]


class Asking:
    """The real workbooks, with one question about every file that has no problem."""

    def __init__(self, workbooks) -> None:
        self._workbooks = workbooks

    def __getattr__(self, name):
        return getattr(self._workbooks, name)

    def read(self, *arguments):
        return replace(self._workbooks.read(*arguments), questions=(QUESTION,))


def returned(commune):
    sending = commune.sample["kthtdt"][0]
    receipt = commune.receive("kthtdt", sending.data, sending.at)
    return receipt, commune.office.files.get(receipt.answer.sha256)


def test_a_wrong_file_comes_back_with_its_cells_marked_and_a_list_that_leads_to_them(commune):
    receipt, data = returned(commune)
    book = opened(data)
    assert book.sheetnames[0] == LIST
    assert marks(book) == dict.fromkeys(("Tin bài!E5", "Tin bài!C6", "Tin bài!B7"), ERROR_FILL)
    assert sorted(comments(book)) == sorted(marks(book))
    listed = [[cell.value for cell in row] for row in book[LIST].iter_rows(min_row=6)]
    assert [(row[1], row[2], row[3]) for row in listed] == [
        ("Tin bài", "E5", "20/3/2026"),
        ("Tin bài", "C6", "Tin tức tổng hợp"),
        ("Tin bài", "B7", "(để trống)"),
    ]
    sentences = [commune.office.words.sentence(problem) for problem in receipt.problems]
    for row, sentence in zip(listed, sentences, strict=True):
        assert sentence.lower().endswith(row[4].lower())
    cells = (cell for row in book[LIST].iter_rows() for cell in row)
    links = {cell.coordinate: cell.hyperlink.location for cell in cells if cell.hyperlink}
    leads = {6: "E5", 7: "C6", 8: "B7"}
    assert links == {f"{column}{row}": f"'Tin bài'!{cell}" for row, cell in leads.items() for column in "BC"}
    with commune.office.ledger.snapshot() as ledger:
        assert ledger.newest_submission(ROUND, "kthtdt").answer_sha256 == receipt.answer.sha256


def test_the_marked_workbook_mended_and_sent_back_is_accepted(commune):
    _, data = returned(commune)
    book = opened(data)
    posts = book["Tin bài"]
    posts["E5"] = at("02T00:00").replace(tzinfo=None)
    posts["C6"], posts["B7"] = "Tin", "Bản tin cải cách hành chính tuần 9"
    receipt = commune.receive("kthtdt", saved(book), at("12T15:00"))
    assert (receipt.verdict, receipt.number, receipt.problems, receipt.answer) == (Verdict.ACCEPTED, 2, (), None)
    assert receipt.questions == (), "our own list is no sheet that anybody added"
    assert dict(receipt.counted)["Tin bài"] == 3


def test_what_is_mended_in_part_comes_back_with_the_rest_alone_and_nothing_piles_up(commune):
    _, data = returned(commune)
    before = opened(commune.sample["kthtdt"][0].data)
    for number, (cell, value) in enumerate((("E5", at("02T00:00").replace(tzinfo=None)), ("C6", "Tin")), 2):
        book = opened(data)
        book["Tin bài"][cell] = value
        receipt = commune.receive("kthtdt", saved(book), at(f"12T1{number}:00"))
        data = commune.office.files.get(receipt.answer.sha256)
    book = opened(data)
    assert receipt.number == 3
    assert book.sheetnames == [LIST, *before.sheetnames]
    assert marks(book) == {"Tin bài!B7": ERROR_FILL}
    assert comments(book) == ["Tin bài!B7"]
    assert book["Tin bài"]["E5"].fill.fgColor.rgb == before["Tin bài"]["E5"].fill.fgColor.rgb
    assert book[LIST].max_row == 6
    assert receipt.answer.name == "biểu số liệu_can-sua.xlsx"


def test_a_file_whose_name_says_that_it_was_marked_keeps_one_such_ending(commune):
    sending = commune.sample["kthtdt"][0]
    name = "biểu số liệu_can-sua.xlsx"
    receipt = receive(commune.office, sending.data, file_name=name, unit_code="kthtdt", now=sending.at, route="test")
    assert receipt.answer.name == name


def test_where_marking_up_fails_the_answer_is_the_file_itself_and_the_list(commune, monkeypatch):
    monkeypatch.setattr(commune.office.workbooks, "marked", lambda *_: None)
    sending = commune.sample["kthtdt"][0]
    receipt = commune.receive("kthtdt", sending.data, sending.at)
    (answer,) = commune.messages("returned-1")
    assert (receipt.verdict, receipt.answer) == (Verdict.RETURNED, None)
    assert answer["attachments"] == [{"name": "biểu số liệu.xlsx", "sha256": receipt.sha256}]
    assert "tô màu" not in answer["body"]
    for problem in receipt.problems:
        assert commune.office.words.sentence(problem) in answer["body"]


def test_what_is_asked_stops_nothing_and_is_marked_in_another_colour(commune):
    asking = commune.using(workbooks=Asking(commune.office.workbooks))
    receipt = asking.answer("vp")
    (answer,) = asking.messages("accepted-1")
    assert (receipt.verdict, receipt.questions) == (Verdict.ACCEPTED, (QUESTION,))
    assert asking.assignment("vp").state == State.ACCEPTED
    assert "đề nghị xem lại 1 điểm" in answer["subject"]
    assert f"1. {asking.office.words.sentence(QUESTION)}" in answer["body"]
    assert answer["attachments"] == [{"name": "biểu số liệu_can-sua.xlsx", "sha256": receipt.answer.sha256}]
    book = opened(asking.office.files.get(receipt.answer.sha256))
    assert marks(book) == {"Tin bài!E5": QUESTION_FILL}
    with asking.office.ledger.snapshot() as ledger:
        assert ledger.newest_submission(ROUND, "vp").questions == (QUESTION,)
    assert asking.answer("vp") == replace(receipt, again=True)


def test_every_cell_that_is_asked_about_is_marked_with_what_it_was_taken_for(commune):
    plan, round_ = round_of(commune.office, ROUND)
    rows = [
        {
            "title": f"Tin {day}",
            "form": "Tin",
            "channel": "Cổng thông tin điện tử phường",
            "published": f"{day}/2",
            "link": f"https://phucloi.example/{day}",
            "field": "Chung",
        }
        for day in (15, 16)
    ]
    data = fill(commune.office.workbooks.build(plan, round_, plan.unit("vp")), {"posts": rows})
    receipt = commune.receive("vp", data, at("12T09:00"))
    book = opened(commune.office.files.get(receipt.answer.sha256))
    assert (receipt.verdict, [question.code for question in receipt.questions]) == (
        Verdict.ACCEPTED,
        ["date_year_added"],
    )
    assert marks(book) == {"Tin bài!E5": QUESTION_FILL, "Tin bài!E6": QUESTION_FILL}
    assert [("15/02/2026" in book["Tin bài"][cell].comment.text) for cell in ("E5", "E6")] == [True, False]
    assert book[LIST]["A1"].value == "2 ĐIỂM ĐỀ NGHỊ XEM LẠI"


def test_what_is_odd_about_rows_and_columns_is_marked_where_it_stands_each_with_what_is_said_of_it_alone(commune):
    book = opened(commune.sample["vp"][-1].data)
    posts = book["Tin bài"]
    posts["I3"], posts["I5"], posts["J3"], posts["J6"] = "Ghi chú", "đã duyệt", "Người nhập", "Lan"
    posts.merge_cells("D5:D6")
    for row in (12, 13, 16):
        posts[f"A{row}"] = "TỔNG CỘNG"
        posts[f"C{row}"] = 4
    receipt = commune.receive("vp", saved(book), at("12T09:00"))
    assert (receipt.verdict, receipt.problems) == (Verdict.ACCEPTED, ())
    answer = opened(commune.office.files.get(receipt.answer.sha256))
    listed = {row[2].value: row[4].value for row in answer[LIST].iter_rows(min_row=7)}
    assert set(marks(answer)) == {f"Tin bài!{cell}" for cell in listed}
    assert sorted(listed) == ["A12", "A16", "D5", "I3", "J3"]
    assert "dòng 12–13 là dòng cộng" in listed["A12"]
    assert "dòng 16 là dòng cộng" in listed["A16"]
    assert ("“Ghi chú”" in listed["I3"], "“Ghi chú”" in listed["J3"]) == (True, False)
    assert "ô gộp D5:D6" in answer["Tin bài"]["D5"].comment.text


def test_what_a_row_lacks_is_one_line_of_the_list_and_colours_every_cell(commune):
    book = opened(commune.sample["vp"][-1].data)
    book["Tin bài"]["B12"] = "II. Tin trên Đài truyền thanh"
    book["Hoạt động"]["F5"] = -5
    receipt = commune.receive("vp", saved(book), at("12T09:00"))
    (message,) = commune.messages("returned-1")
    answer = opened(commune.office.files.get(receipt.answer.sha256))
    assert set(marks(answer)) == {*(f"Tin bài!{column}12" for column in "CDEFH"), "Hoạt động!F5"}
    listed = [[cell.value for cell in row][1:4] for row in answer[LIST].iter_rows(min_row=6)]
    assert listed == [["Tin bài", "C12", "(để trống)"], ["Hoạt động", "F5", "-5"]]
    assert answer[LIST]["A1"].value == "2 ĐIỂM CẦN SỬA"
    assert "2 điểm" in message["subject"], "the letter counts as the list does"
    texts = [answer["Tin bài"][f"{column}12"].comment.text for column in "CD"]
    assert ["vui lòng xóa cả dòng" in text for text in texts] == [True, False]


def test_a_file_with_questions_after_the_lock_waits_and_asks(commune):
    asking = commune.using(workbooks=Asking(commune.office.workbooks))
    receipt = asking.answer("vp", at("16T10:00:01"))
    (answer,) = asking.messages("held-1")
    assert receipt.verdict is Verdict.HELD
    assert asking.office.words.sentence(QUESTION) in answer["body"]


def test_a_receipt_counts_by_sheet(commune):
    assert commune.answer("vp").counted == (
        ("Tin bài", 4),
        ("Hoạt động", 1),
        ("Khó khăn, đề xuất", 1),
        ("Nhiệm vụ thường xuyên", 0),
    )


def test_a_receipt_for_posts_says_how_the_quota_stands(commune):
    plan, round_ = round_of(commune.office, "phuc-loi-2026/PL-3/2026-03")
    commune.open(round_.id)
    unit = plan.unit(round_.asked[0])
    post = {
        "title": "Niêm yết thủ tục",
        "form": "Tin",
        "channel": plan.channels[plan.obligation("PL-3").channel],
        "published": round_.window.start,
        "link": "https://phucloi.example/tin/1",
        "field": "Chung",
    }
    receipt = commune.send(round_.id, unit.code, round_.unit_due - timedelta(days=1), posts=[post])
    assert receipt.verdict is Verdict.ACCEPTED, [commune.office.words.sentence(one) for one in receipt.problems]
    assert receipt.tally is not None
    assert receipt.tally.progress in commune.messages("accepted-1")[0]["body"]
    assert receipt.tally.done == 1


def test_one_unit_that_was_given_longer_is_taken_until_then_and_told_so(commune):
    with commune.office.ledger.transaction() as ledger:
        ledger.extend_lock(ROUND, "vp", at("20T17:00"), at=at("16T10:30"), actor="vhxh", reason="Mất điện")
    receipt = commune.answer("vp", at("18T09:00"))
    assert receipt.verdict is Verdict.ACCEPTED
    (answer,) = commune.messages("accepted-1")
    assert commune.office.words.filters["moment"](at("20T17:00")) in answer["body"]


def test_what_was_held_and_is_sent_again_after_the_unit_was_given_longer_counts(commune):
    assert commune.answer("vp", at("16T11:00")).verdict is Verdict.HELD
    assert commune.answer("vp", at("16T12:00")).again
    with commune.office.ledger.transaction() as ledger:
        ledger.extend_lock(ROUND, "vp", at("20T17:00"), at=at("16T10:30"), actor="vhxh", reason="Mất điện")
    receipt = commune.answer("vp", at("17T09:00"))
    assert (receipt.verdict, receipt.number, receipt.again) == (Verdict.ACCEPTED, 2, False)


def test_what_a_person_sent_back_is_not_taken_again_unchanged(commune):
    """The rules find nothing wrong with it; the officer did."""
    commune.answer("vp")
    reason = (Problem("identity_missing"),)
    with commune.office.ledger.transaction() as ledger:
        newest = ledger.newest_submission(ROUND, "vp")
        ledger.decide_submission(newest, "returned", reason)
        ledger.move(ROUND, "vp", State.RETURNED, at=at("12T11:00"), actor="vhxh", reason="Thiếu ảnh")
    receipt = commune.answer("vp", at("12T12:00"))
    assert (receipt.verdict, receipt.number, receipt.again, receipt.problems) == (Verdict.RETURNED, 1, True, reason)
    assert commune.assignment("vp").state == State.RETURNED


@pytest.mark.parametrize("data", [b"\x89PNG\r\n", b"PK\x03\x04 broken", b"=cmd|' /C calc'!A0,\n1,2"])
def test_what_cannot_be_read_is_kept_and_not_sent_on_to_anybody(commune, data):
    receipt = commune.receive("vp", data, at("12T09:00"))
    assert receipt.verdict is Verdict.REFUSED
    (answer,) = [row for row in commune.messages() if row["kind"].startswith("refused-")]
    assert answer["attachments"] == []
    assert commune.office.files.get(receipt.sha256) == data


HOSTILE = {
    "a formula": '=HYPERLINK("https://evil.example","Bấm")',
    "a command": "=cmd|' /C calc'!A0",
    "a plus": "+1+1",
    "line breaks": "Tin\r\nBcc: all@evil.example",
    "direction marks": "Tin \u202egpj.exe",
    "a template": "{{ unit.contacts }}{% for x in range(10**9) %}",
    "a page": "<script>alert(1)</script>",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_what_a_cell_says_is_quoted_as_visible_text_and_computes_nothing(commune, what):
    plan, round_ = round_of(commune.office, ROUND)
    row = {"title": "Một tin", "form": HOSTILE[what], "link": HOSTILE[what]}
    data = fill(commune.office.workbooks.build(plan, round_, plan.unit("vp")), {"posts": [MappingProxyType(row)]})
    receipt = commune.receive("vp", data, at("12T09:00"))
    (answer,) = commune.messages("returned-1")
    assert receipt.verdict is Verdict.RETURNED
    assert all(line.isprintable() for line in [answer["subject"], *answer["body"].split("\n")])
    book = opened(commune.office.files.get(receipt.answer.sha256))
    shown = " ".join("".join(one if one.isprintable() else " " for one in HOSTILE[what].replace("\u202e", "")).split())
    listed = {row[3].value: row[3] for row in book[LIST].iter_rows(min_row=6)}
    assert shown in {value and " ".join(value.split()) for value in listed}
    assert all(cell.data_type != "f" for row in book[LIST].iter_rows() for cell in row)
    assert all(row[3].quotePrefix for row in book[LIST].iter_rows(min_row=6))
