"""Everything a person reads has its wording, and the wording can be filled in."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import Environment, UndefinedError, meta

import dinhky
from dinhky import bootstrap
from dinhky.cli.message_samples import Samples
from dinhky.domain import errors
from dinhky.domain.assignment import State
from dinhky.domain.content import Content, ScoreRow
from dinhky.domain.contest import PhaseKind
from dinhky.domain.errors import DinhKyError, Problem
from dinhky.domain.plan import Kind
from dinhky.rounds.kept_messages import Attachment
from dinhky.rounds.lookup import round_of
from dinhky.wording import TemplateWords

PACKAGE = Path(dinhky.__file__).parent
INCLUDE = PACKAGE.parents[1] / "include"
MESSAGES = INCLUDE / "templates" / "messages"
WORDS = TemplateWords(MESSAGES)
NOW = datetime.fromisoformat("2026-03-12T09:00+07:00")


def every(subclass_of: type) -> Iterator[type]:
    yield subclass_of
    for child in subclass_of.__subclasses__():
        yield from every(child)


def codes_in_the_source() -> dict[str, list[tuple[str, set[str] | None]]]:
    """Every code given to a Problem or one of our errors: where, and what fills its sentence if that is plain."""
    names = {kind.__name__ for kind in every(DinhKyError)} | {"Problem", "refused", "unknown", "_error", "kind"}
    found: dict[str, list[tuple[str, set[str] | None]]] = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        if "migrations" in file.parts or "orchestration" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.func, ast.Name):
                continue
            code = node.args[0]
            if node.func.id in names and isinstance(code, ast.Constant) and isinstance(code.value, str):
                where = f"{file.relative_to(PACKAGE)}:{node.lineno}"
                found.setdefault(code.value, []).append((where, filled_by(node)))
    return found


def filled_by(call: ast.Call) -> set[str] | None:
    """The names a call fills a sentence with; None where the source does not spell them out."""
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    if name == "Problem":
        given = keywords.get("params") or (call.args[2] if len(call.args) > 2 else ast.Dict([], []))
        if not isinstance(given, ast.Dict) or not all(isinstance(key, ast.Constant) for key in given.keys):
            return None
        return {"where", *(key.value for key in given.keys)}  # type: ignore[union-attr]
    if name in {"refused", "unknown", "_error", "kind"} or None in keywords:
        return None
    return {"where", *keywords}


SENTENCES: dict[str, str] = {
    code: sentence
    for file in sorted((MESSAGES / "problems").glob("*.yaml"))
    for code, sentence in yaml.safe_load(file.read_text("utf-8")).items()
}
CONSOLE: dict[str, Any] = yaml.safe_load((INCLUDE / "templates/operators/console.yaml").read_text("utf-8"))
CODES = codes_in_the_source()


def test_the_scan_of_the_source_finds_the_codes_it_should():
    assert len(CODES) > 60
    assert {"identity_missing", "unknown_unit", "not_approved", "smtp_refused", "calendar_gap"} <= set(CODES)


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_problem_and_error_has_a_sentence_that_its_facts_can_fill(code):
    if code in CONSOLE:
        return
    assert code in SENTENCES, CODES[code]
    environment = Environment()
    environment.filters |= WORDS.filters
    needed = meta.find_undeclared_variables(environment.parse(SENTENCES[code]))
    for where, given in CODES[code]:
        assert given is None or needed <= given, where


@pytest.mark.parametrize("file", sorted((MESSAGES / "problems").glob("*.yaml")), ids=lambda file: file.stem)
def test_no_two_files_word_the_same_code(file):
    others = [other for other in (MESSAGES / "problems").glob("*.yaml") if other != file]
    elsewhere = {code for other in others for code in yaml.safe_load(other.read_text("utf-8"))}
    assert not elsewhere & set(yaml.safe_load(file.read_text("utf-8")))


SAMPLES = Samples(bootstrap.office(bootstrap.settings({}))).all()
FACTS = SAMPLES["file_refused"] | SAMPLES["file_returned.unmarked"] | {"keeps_accepted": False}
VARIANTS: list[dict[str, Any]] = [
    {},
    {"keeps_accepted": True},
    {"is_sent": True, "is_late": True, "links": {}},
    {"questions": ["Ô E6 ghi 03/04, hiểu là ngày 03/4/2026."], "marked": Attachment("can-sua.xlsx", "0" * 64)},
    {"sentences": [], "questions": [], "is_late": True, "marked": None, "keeps_accepted": True},
]
"""What answers to files can be about."""


def test_a_fact_that_is_missing_is_an_error_and_not_a_blank():
    with pytest.raises(UndefinedError):
        WORDS.message("reminder", unit=FACTS["unit"])
    with pytest.raises(UndefinedError):
        WORDS.sentence(Problem("smtp_refused"))


def test_a_code_without_wording_is_an_error():
    with pytest.raises(KeyError):
        WORDS.sentence(Problem("no_such_code"))


UNSEEN = "A\u202eB\u200bC\x07D\x00E\ufeffF\u2028G"
"""What a sender's file may say: characters that turn a line round, break it, or cannot be seen."""


def test_what_a_file_says_reaches_people_as_one_visible_line():
    params = {"found": [UNSEEN], "sheet": UNSEEN, "cell": "", "nearest": UNSEEN}
    sentence = WORDS.sentence(Problem("sheet_missing", f"Trang tính “{UNSEEN}”\nBcc: x", params))
    subject, body = WORDS.message("file_refused", **FACTS | {"file_name": UNSEEN, "sentences": [UNSEEN, sentence]})
    name = WORDS.file_name("marked_up", stem=UNSEEN)
    assert all(text.isprintable() for text in (sentence, subject, name, *body.split("\n")))
    assert len(body.split("\n")) == len(WORDS.message("file_refused", **FACTS)[1].split("\n"))


@pytest.mark.parametrize(
    "said", ["{{ unit.contacts }}", "{% raw %}", "{# x", "${7*7}", "<script>alert(1)</script>", "%s%n"]
)
def test_what_a_file_says_is_never_taken_for_a_template(said):
    params = {"column": said, "found": said, "expected": [said], "nearest": ""}
    sentence = WORDS.sentence(Problem("choice_unknown", said, params))
    _, body = WORDS.message("file_returned", **FACTS | {"sentences": [sentence]})
    assert sentence.count(said) == 4
    assert sentence in body


def test_a_line_break_in_a_file_name_does_not_cut_the_subject():
    subject, _ = WORDS.message("file_refused", **SAMPLES["file_refused"] | {"file_name": "biểu\nBcc: x.xlsx"})
    assert subject == "[Định Kỳ] Chưa ghi nhận được tệp “biểu Bcc: x.xlsx”"


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("2026-Q1", "quý I/2026"),
        ("2026-Q4", "quý IV/2026"),
        ("2026-H1", "6 tháng đầu năm 2026"),
        ("2026-H2", "6 tháng cuối năm 2026"),
        ("2026-02", "tháng 02/2026"),
        ("2026-03", "tháng 3/2026"),
        ("2026-12", "tháng 12/2026"),
        ("2026", "năm 2026"),
    ],
)
def test_a_period_is_named_as_people_name_it(label, name):
    assert WORDS.period_name(label) == name


@pytest.mark.parametrize("rubbish", ["", "-", "2026-", "2026-Q", "2026-Q5", "2026-H3", "2026-13", "2026-ab", "quý {x}"])
def test_a_text_that_names_no_period_is_shown_as_it_is(rubbish):
    assert WORDS.period_name(rubbish) == rubbish
    sentence = WORDS.sentence(Problem("round_unknown", params={"ref": "PL-5", "period": rubbish}))
    assert f"nhiệm vụ PL-5, {rubbish}, nhưng" in sentence


def test_a_file_of_an_unknown_round_is_told_its_period_as_people_name_it():
    sentence = WORDS.sentence(Problem("round_unknown", params={"ref": "PL-5", "period": "2027-Q1"}))
    assert "nhiệm vụ PL-5, quý I/2027, nhưng" in sentence


ON_TIME, OVERDUE, LOCKED = "Hạn nộp của đơn vị: ", "Đã quá hạn nộp của đơn vị (", "Đợt đã khóa lúc "


def returned(received_at: datetime, *, keeps_accepted: bool = False) -> str:
    submission = replace(FACTS["submission"], received_at=received_at)
    changed = {"submission": submission, "keeps_accepted": keeps_accepted, "questions": [], "marked": None}
    return WORDS.message("file_returned", **FACTS | changed)[1]


@pytest.mark.parametrize(
    ("received_at", "told"),
    [
        (FACTS["round"].opens, ON_TIME),
        (FACTS["round"].unit_due, ON_TIME),
        (FACTS["round"].unit_due + timedelta(seconds=1), OVERDUE),
        (FACTS["round"].locks, OVERDUE),
        (FACTS["round"].locks + timedelta(seconds=1), LOCKED),
    ],
)
def test_a_returned_file_is_told_the_date_that_still_counts(received_at, told):
    body = returned(received_at)
    assert [sentence for sentence in (ON_TIME, OVERDUE, LOCKED) if sentence in body] == [told]


def test_what_is_still_possible_with_a_returned_file_is_told():
    locks = WORDS.filters["moment"](FACTS["round"].locks)
    compiler = FACTS["plan"].unit(FACTS["plan"].compiler).name
    assert f"đề nghị nộp lại trước {locks}." in returned(FACTS["round"].locks)
    after = returned(FACTS["round"].locks + timedelta(minutes=1))
    assert f"{LOCKED}{locks}; bản nộp lại sẽ được giữ lại chờ {compiler} quyết định." in after
    assert "rồi nộp lại" not in after


@pytest.mark.parametrize("template", ["file_accepted", "file_held", "file_refused", "file_returned"])
def test_a_juror_is_a_person_and_no_unit(template):
    person = replace(FACTS["unit"], name=FACTS["contact"].name)
    score = ScoreRow(5, "01", "Số hóa")
    for variant in VARIANTS:
        changed = {
            "unit": person,
            "content": Content(scores=(score,)),
            "round": replace(FACTS["round"], kind=Kind.CONTEST, phase=PhaseKind.FINAL),
        }
        subject, body = WORDS.message(template, **FACTS | variant | changed)
        assert "đơn vị" not in f"{subject}{body}".replace(FACTS["plan"].unit(FACTS["plan"].compiler).name, "")
        assert "biểu số liệu" not in f"{subject}{body}"


@pytest.mark.parametrize(("round_id", "of_a_report"), [("PL-5/2026-Q1", True), ("PL-3/2026-03", False)])
def test_the_answer_to_a_file_speaks_of_a_report_only_where_one_is_compiled(round_id, of_a_report):
    plan, round_ = round_of(bootstrap.office(bootstrap.settings({})), f"phuc-loi-2026/{round_id}")
    changed = FACTS | {"plan": plan, "round": round_}
    texts = [WORDS.message(name, **changed)[1] for name in ("file_accepted", "file_held")]
    assert [("báo cáo được gửi" in texts[0]), ("đưa vào báo cáo" in texts[1])] == [of_a_report, of_a_report]


def test_a_unit_whose_figures_are_kept_is_not_pressed_and_learns_of_the_lock():
    kept = "Số liệu đơn vị đã nộp đúng trước đó vẫn được giữ nguyên."
    before, after = (returned(FACTS["round"].locks + timedelta(hours=hours), keeps_accepted=True) for hours in (-1, 1))
    assert kept in before
    assert not any(sentence in before for sentence in (ON_TIME, OVERDUE, LOCKED))
    assert kept in after
    assert LOCKED in after


def test_one_thing_has_one_name():
    """A quarter's figures come in a "biểu"; a "phiếu" tells of a product, enters a contest or scores one."""
    texts = [file for file in (INCLUDE / "templates").rglob("*") if file.suffix in {".txt", ".md", ".yaml"}]
    assert len(texts) > 20
    of_figures = [file for file in texts if not file.stem.startswith(("contest", "evidence"))]
    of_figures = [file for file in of_figures if not file.stem.endswith(("_milestone", "_entries", "_scores"))]
    told = {file.name: file.read_text("utf-8").lower().replace("phiếu chấm", "") for file in of_figures}
    assert [name for name, text in told.items() if "phiếu" in text] == []


@pytest.mark.parametrize(
    ("day", "shown"),
    [
        (date(2026, 3, 16), "thứ Hai, 16/3/2026"),
        (date(2026, 2, 1), "Chủ nhật, 01/02/2026"),
        (date(2026, 10, 9), "thứ Sáu, 09/10/2026"),
        (datetime.fromisoformat("2026-03-15T17:00+00:00"), "thứ Hai, 16/3/2026"),
    ],
)
def test_a_day_is_the_one_in_vietnam_and_padded_as_documents_pad_it(day, shown):
    assert WORDS.weekday_and_day(day) == shown


@pytest.mark.parametrize("state", [*State])
def test_a_state_is_named_in_vietnamese_where_it_leads_nowhere(state):
    for code in ("illegal_transition", "reason_missing"):
        sentence = WORDS.sentence(Problem(code, params={"current": "open", "wanted": state.value}))
        assert not {word.strip("“”.") for word in sentence.split()} & {*State}
        assert sentence == " ".join(sentence.split())


@pytest.mark.parametrize(
    ("plan_id", "round_id", "sender"),
    [
        ("phuc-loi-2026", "PL-5/2026-Q1", "UBND phường Phúc Lợi"),
        ("canh-vinh-2026", "CV-9/2026-Q1", "Phòng Văn hóa - Xã hội"),
    ],
)
def test_a_report_is_sent_by_the_body_whose_letterhead_it_bears(plan_id, round_id, sender):
    plan, round_ = round_of(bootstrap.office(bootstrap.settings({})), f"{plan_id}/{round_id}")
    changed = {"plan": plan, "round": round_, "name": plan.report_to[0].name}
    subject, body = WORDS.message("report", **SAMPLES["report"] | changed)
    assert subject.startswith(f"{sender}: ")
    assert f"\n{sender} trân trọng gửi " in body
    assert body.endswith(f"\n{sender}\n")


def test_our_errors_are_one_tree():
    ours = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert all(issubclass(kind, DinhKyError) for kind in ours)
