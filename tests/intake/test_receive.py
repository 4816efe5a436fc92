"""The one door for units' files. Units due Friday 13/3 23:59:59, the round locks Monday 16/3 at 10:00."""

from __future__ import annotations

import io
from dataclasses import fields, replace
from datetime import datetime

import pytest
from openpyxl import load_workbook

from dinhky.domain.assignment import State
from dinhky.domain.content import Identity
from dinhky.domain.errors import UnknownName
from dinhky.intake.receive import Verdict, receive
from dinhky.rounds.lookup import round_of
from dinhky.rounds.opening import open_round
from dinhky.workbook.identity import identity_rows
from dinhky.workbook.sample import fill

ROUND = "phuc-loi-2026/PL-5/2026-Q1"
ONE_POST = {
    "posts": [
        {
            "title": "Một tin khác hẳn",
            "form": "Tin",
            "channel": "Cổng thông tin điện tử phường",
            "published": datetime.fromisoformat("2026-03-04T00:00").date(),
            "link": "https://phucloi.example/tin/khac",
            "author": "Lê Quốc Hưng",
            "field": "Cải cách thể chế",
        }
    ]
}


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-{text}+07:00")


def empty(commune, unit: str = "vp", round_id: str = ROUND) -> bytes:
    plan, round_ = round_of(commune.office, round_id)
    return commune.office.workbooks.build(plan, round_, plan.unit(unit))


def another_good_file(commune) -> bytes:
    """A second good workbook of the HĐND office."""
    return fill(empty(commune), ONE_POST)


def with_identity(commune, data: bytes, **claims: str) -> bytes:
    """The workbook as we might have signed it once: other claims on its hidden sheet."""
    book = load_workbook(io.BytesIO(data))
    found = {row[0].value: row[1].value for row in book["_dinhky"].iter_rows()}
    claimed = Identity(**{field.name: claims.get(field.name, found[field.name]) for field in fields(Identity)})
    for number, (name, value) in enumerate(identity_rows(claimed, commune.office.signer), 1):
        book["_dinhky"].cell(number, 1).value = name
        book["_dinhky"].cell(number, 2).value = value
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def without_identity(data: bytes) -> bytes:
    book = load_workbook(io.BytesIO(data))
    del book["_dinhky"]
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def test_a_good_file_is_accepted_numbered_kept_and_answered(commune):
    receipt = commune.answer("vp")
    assert (receipt.verdict, receipt.number, receipt.late, receipt.again) == (Verdict.ACCEPTED, 1, False, False)
    assignment = commune.assignment("vp")
    assert (assignment.state, assignment.accepted_at, assignment.late) == (State.ACCEPTED, at("12T10:05"), False)
    assert commune.office.files.get(receipt.sha256) == commune.sample["vp"][-1].data
    (answer,) = commune.messages("accepted-1")
    assert (answer["address"], answer["attachments"]) == ("vanphong@phucloi.example", [])
    assert "4 tin bài, 1 hoạt động, 1 khó khăn, đề xuất" in answer["body"]


def test_a_wrong_file_is_returned_with_every_sentence_and_with_its_places_marked(commune):
    wrong = commune.sample["kthtdt"][0]
    receipt = commune.receive("kthtdt", wrong.data, wrong.at)
    sentences = [commune.office.words.sentence(problem) for problem in receipt.problems]
    assert (receipt.verdict, len(sentences)) == (Verdict.RETURNED, 3)
    (answer,) = commune.messages("returned-1")
    for number, sentence in enumerate(sentences, start=1):
        assert f"{number}. {sentence}" in answer["body"]
    assert "3 điểm" in answer["subject"]
    assert answer["attachments"] == [{"name": "biểu số liệu_can-sua.xlsx", "sha256": receipt.answer.sha256}]
    assignment = commune.assignment("kthtdt")
    assert (assignment.state, assignment.reason) == (State.RETURNED, sentences[0])


def test_what_was_returned_and_mended_is_accepted_under_the_next_number(commune):
    for sending in commune.sample["kthtdt"]:
        receipt = commune.receive("kthtdt", sending.data, sending.at)
    assert (receipt.verdict, receipt.number) == (Verdict.ACCEPTED, 2)
    assert commune.assignment("kthtdt").reason is None


@pytest.mark.parametrize("unit", ["vp", "kthtdt"])
def test_the_same_bytes_again_get_the_same_answer_and_change_nothing(commune, unit):
    first_file = commune.sample[unit][0].data
    first = commune.receive(unit, first_file, at("12T09:00"))
    before = commune.messages(), commune.events(), commune.assignment(unit)
    again = commune.receive(unit, first_file, at("20T09:00"))
    assert again == replace(first, again=True)
    assert (commune.messages(), commune.events(), commune.assignment(unit)) == before


@pytest.mark.parametrize(
    ("moment", "verdict", "late"),
    [
        ("13T23:59:59", Verdict.ACCEPTED, False),
        ("14T00:00:00", Verdict.ACCEPTED, True),
        ("16T10:00:00", Verdict.ACCEPTED, True),
        ("16T10:00:01", Verdict.HELD, True),
    ],
)
def test_a_file_is_late_after_the_units_due_second_and_held_after_the_lock(commune, moment, verdict, late):
    receipt = commune.answer("vp", at(moment))
    assert (receipt.verdict, receipt.late) == (verdict, late)
    assert commune.assignment("vp").state == ("accepted" if verdict is Verdict.ACCEPTED else "open")
    (answer,) = commune.messages(f"{verdict.value}-1")
    assert ("nộp muộn" in answer["body"]) == (verdict is Verdict.ACCEPTED and late)


def test_a_wrong_file_after_the_lock_is_answered_and_moves_nothing(commune):
    wrong = commune.sample["kthtdt"][0]
    assert commune.receive("kthtdt", wrong.data, at("16T11:00")).verdict is Verdict.RETURNED
    assert commune.assignment("kthtdt").state == "open"
    assert len(commune.messages("returned-1")) == 1


def test_a_wrong_file_never_takes_away_an_accepted_one(commune):
    commune.answer("kthtdt")
    before = commune.assignment("kthtdt")
    wrong = commune.receive("kthtdt", commune.sample["kthtdt"][0].data, at("13T10:00"))
    assert wrong.verdict is Verdict.RETURNED
    assert commune.assignment("kthtdt") == before
    (answer,) = commune.messages("returned-2")
    assert "vẫn được giữ nguyên" in answer["body"]


def test_a_later_good_file_replaces_the_accepted_one(commune):
    commune.answer("vp")
    receipt = commune.receive("vp", another_good_file(commune), at("14T09:00"))
    assignment = commune.assignment("vp")
    assert (receipt.verdict, receipt.number) == (Verdict.ACCEPTED, 2)
    with commune.office.ledger.snapshot() as ledger:
        assert [post.title for post in ledger.content_of(assignment.submission_id).posts] == ["Một tin khác hẳn"]
    assert (assignment.accepted_at, assignment.late) == (at("14T09:00"), False), "punctual once is punctual"


def test_a_unit_that_goes_back_to_its_first_file_gets_its_first_file(commune):
    first, second = commune.sample["vp"][0].data, another_good_file(commune)
    commune.receive("vp", first, at("10T09:00"))
    commune.receive("vp", second, at("11T09:00"))
    receipt = commune.receive("vp", first, at("12T09:00"))
    assert (receipt.verdict, receipt.number, receipt.again) == (Verdict.ACCEPTED, 3, False)
    with commune.office.ledger.snapshot() as ledger:
        content = ledger.content_of(commune.assignment("vp").submission_id)
    assert [post.title for post in content.posts] != ["Một tin khác hẳn"]


def test_a_waived_unit_that_answers_all_the_same_stays_waived(commune):
    with commune.office.ledger.transaction() as ledger:
        ledger.move(ROUND, "vp", State.WAIVED, at=at("09T09:00"), actor="vhxh", reason="Sáp nhập")
    assert commune.answer("vp").verdict is Verdict.ACCEPTED
    assert commune.assignment("vp").state == "waived"


def test_another_units_file_is_returned_and_names_both_units(commune):
    receipt = commune.receive("vp", commune.sample["vhxh"][0].data, at("12T09:00"))
    assert (receipt.verdict, [problem.code for problem in receipt.problems]) == (Verdict.RETURNED, ["other_unit"])
    (answer,) = commune.messages("returned-1")
    assert "Phòng Văn hóa - Xã hội" in answer["body"]
    assert commune.assignment("vhxh").state == "open"


REFUSED = {
    "no workbook at all": (lambda commune: b"\x89PNG\r\n", None),
    "an empty file": (lambda commune: b"", None),
    "no identity": (lambda commune: without_identity(commune.sample["vp"][0].data), "identity_missing"),
    "an obligation that does not exist": (
        lambda commune: with_identity(commune, commune.sample["vp"][0].data, ref="PL-55"),
        "round_unknown",
    ),
    "an obligation with strokes in its name": (
        lambda commune: with_identity(commune, commune.sample["vp"][0].data, ref="PL-5/../x"),
        "round_unknown",
    ),
    "a year that is not the plan's": (
        lambda commune: with_identity(commune, commune.sample["vp"][0].data, period="2031-Q1"),
        "round_unknown",
    ),
    "a round not yet open": (lambda commune: empty(commune, "vp", "phuc-loi-2026/PL-5/2026-Q2"), "round_not_open"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_file_that_matches_nothing_owed_is_refused_with_a_reason_and_kept(commune, what):
    make, code = REFUSED[what]
    data = make(commune)
    receipt = commune.receive("vp", data, at("12T09:00"))
    assert receipt.verdict is Verdict.REFUSED
    assert code in {None, *(problem.code for problem in receipt.problems)}
    assert commune.office.files.get(receipt.sha256) == data
    (answer,) = [row for row in commune.messages() if row["kind"].startswith("refused-")]
    for problem in receipt.problems:
        assert commune.office.words.sentence(problem) in answer["body"]
    assert commune.assignment("vp").state == "open"
    with commune.office.ledger.snapshot() as ledger:
        assert [event["kind"] for event in ledger.events("")] == ["file_refused"]


def test_a_file_refused_twice_is_answered_once(commune):
    for _ in range(2):
        commune.receive("vp", b"nothing", at("12T09:00"))
    assert len([row for row in commune.messages() if row["kind"].startswith("refused-")]) == 1


def test_a_unit_that_no_plan_has_is_told_the_nearest_one_and_its_file_is_kept(commune):
    with pytest.raises(UnknownName) as unknown:
        commune.receive("vhxhh", b"some bytes", at("12T09:00"))
    assert "có phải “vhxh”" in commune.office.words.explain(unknown.value)
    assert any(path.is_file() for path in (commune.home / "files").rglob("*"))


def test_a_unit_outside_the_round_is_refused(commune):
    assert commune.receive("tdp", commune.sample["vp"][0].data, at("12T09:00")).verdict is Verdict.REFUSED


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("biểu\nsố liệu\r.xlsx", "biểu số liệu .xlsx"),
        ("bi\udce1u.xlsx", "bi�u.xlsx"),
        ("a\x00b\u202excod.xlsx", "a b xcod.xlsx"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\vp\\biểu.xlsx", "biểu.xlsx"),
        ("/", "tep-gui"),
        ("", "tep-gui"),
        ("...xlsx", "xlsx"),
        ("ữ" * 300 + ".xlsx", "ữ" * 114 + "….xlsx"),
        ("a." + "b" * 300, "a." + "b" * 117 + "…"),
        ('x"; filename="y.exe', 'x"; filename="y.exe'),
        ("{{ unit.contacts }}{% raw %}.xlsx", "{{ unit.contacts }}{% raw %}.xlsx"),
    ],
    ids=[
        *("line breaks", "bytes that are no text", "direction marks", "folders above", "a path of Windows", "a slash"),
        *("nothing", "dots", "a long name", "a long ending", "a header's quotes", "a template's braces"),
    ],
)
def test_a_file_name_is_kept_as_one_line_of_text_without_folders(commune, sent, shown):
    data = commune.sample["kthtdt"][0].data
    receipt = receive(commune.office, data, file_name=sent, unit_code="kthtdt", now=at("12T09:00"), route="test")
    with commune.office.ledger.snapshot() as ledger:
        assert [submission.file_name for submission in ledger.submissions(ROUND)] == [shown]
    (answer,) = commune.messages("returned-1")
    assert f"Hệ thống đã nhận tệp “{shown}” (lần nộp 1" in answer["body"]
    assert answer["attachments"][0]["name"] == receipt.answer.name
    assert receipt.answer.name.endswith("_can-sua.xlsx")
    assert len(receipt.answer.name) <= 140


@pytest.fixture
def neighbours(commune):
    """Two communes on one machine whose plans use the same unit codes, both with an open round."""
    plan = commune.office.plans["phuc-loi-2026"]
    neighbour = replace(plan, id="ward-b-2026", title="Kế hoạch của phường B")
    both = commune.using(plans={plan.id: plan, neighbour.id: neighbour})
    open_round(both.office, "ward-b-2026/PL-5/2026-Q1", at("05T08:00"))
    return both


def test_of_two_plans_with_the_same_unit_the_file_says_which(neighbours):
    assert neighbours.answer("vp").round_id == ROUND
    other = fill(empty(neighbours, "vp", "ward-b-2026/PL-5/2026-Q1"), ONE_POST)
    assert neighbours.receive("vp", other, at("12T09:00")).round_id == "ward-b-2026/PL-5/2026-Q1"


def test_what_the_route_says_counts_for_more_than_what_the_file_claims(neighbours):
    data = neighbours.sample["vp"][0].data
    receipt = receive(
        neighbours.office,
        data,
        file_name="x.xlsx",
        unit_code="vp",
        plan_id="ward-b-2026",
        now=at("12T09:00"),
        route="test",
    )
    assert (receipt.verdict, receipt.round_id) == (Verdict.RETURNED, "ward-b-2026/PL-5/2026-Q1")
    assert [problem.code for problem in receipt.problems] == ["other_plan"]
    assert neighbours.assignment("vp").state == "open"


def test_a_file_that_does_not_say_which_of_two_plans_it_is_for_is_not_guessed_at(neighbours):
    with pytest.raises(UnknownName):
        neighbours.receive("vp", b"no workbook", at("12T09:00"))
