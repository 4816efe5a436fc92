"""Every rule has one place with its wording, a line in the documentation made from it, and a file that triggers it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from make_corpus import CORPUS

from dinhky.cli import rules_document
from dinhky.domain.plan import Kind
from dinhky.rounds.ports import Reading
from dinhky.workbook.identity import IDENTITY_SHEET
from dinhky.workbook.sample import fill

MESSAGES = Path(__file__).parents[3] / "include" / "templates" / "messages"


def _beside(name: str) -> SimpleNamespace:
    """The tables of a test module beside this one."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return SimpleNamespace(**vars(module))


PROBLEMS, QUESTIONS, CONTESTS = map(
    _beside, ("test_workbook_problems", "test_workbook_questions", "test_contest_forms")
)
TRIED_ELSEWHERE = {
    *(row[0] for row in PROBLEMS.CELL_MISTAKES),
    *(row[0] for row in PROBLEMS.WHOLE_FILES),
    *PROBLEMS.OTHERS,
    *(row[0] for row in QUESTIONS.QUESTIONS),
    *(code for file in CORPUS for code in file.codes),
}
"""The codes of the tables by which the reader is tested, there and with hostile files."""

STOPS_THE_CHILD = {"file_parser_stopped", "file_parser_memory", "file_parser_crashed"}
"""What no file is known to do any more; `test_workbook_cells.py` lets the child process do it instead."""

REMARK = {"kind": "Đề xuất, kiến nghị", "text": "Bổ sung máy quét."}
TOLD = {"title": "Bài", "channel": "Đài", "published": "02/3/2026", "evidence": "Phát 17 giờ"}


def edited(edit: Callable[[Any], None]) -> Callable[[Any], Reading]:
    """Reads a workbook with one remark, after somebody has changed it by hand."""
    return lambda desk: desk.read(desk.edited(edit, desk.filled(remarks=[REMARK])))


def under_another_form(desk: Any, form: str, prefilled: dict[str, Any], **rows: Any) -> Reading:
    asked = replace(desk.plan.obligation("PL-5"), form=form, kind=Kind.CONTEST, contest=CONTESTS.CONTEST)
    plan = replace(desk.plan, obligations=(asked,))
    built = desk.workbooks.build(plan, desk.round, desk.unit, prefilled)
    return desk.workbooks.read(fill(built, rows), plan, desk.round, desk.unit)


def scored(points: Any) -> Callable[[Any], Reading]:
    """Reads a juror's sheet with these points."""
    entry = {"entry": "01", "title": "Số hóa", "summary": ""}
    row = {"points.novelty": points, "points.effect": 1}
    return lambda desk: under_another_form(desk, "contest_score", {"scores": [entry]}, scores=[row])


def of_another_version(desk: Any) -> Reading:
    current = desk.workbooks.form
    desk.workbooks.form = lambda plan, ref: replace(current(plan, ref), version="0")
    try:
        old = desk.workbooks.build(desk.plan, desk.round, desk.unit)
    finally:
        del desk.workbooks.form
    return desk.read(fill(old, {"remarks": [REMARK]}))


def only_recorded(desk: Any) -> Reading:
    return desk.read(desk.workbooks.build(desk.plan, desk.round, desk.unit, {"recorded": [TOLD]}))


def posts_of(desk: Any, *changes: dict[str, Any]) -> Reading:
    post = {"title": "Bài", "form": "Tin", "channel": "Đài truyền thanh phường", "published": "02/3/2026",
            "link": "https://a.example/1", "field": "Chung"}  # fmt: skip
    return desk.read(desk.filled(posts=[post | change for change in changes]))


TRIED_HERE: dict[str, Callable[[Any], Reading]] = {
    "identity_missing": edited(lambda book: book.remove(book[IDENTITY_SHEET])),
    "identity_tampered": edited(lambda book: setattr(book[IDENTITY_SHEET]["B4"], "value", "vp")),
    "template_outdated": of_another_version,
    "unknown_form": lambda desk: desk.workbooks.read(
        desk.built, desk.plan, replace(desk.round, ref="PL-12"), desk.unit
    ),
    "sheet_missing": edited(lambda book: book.remove(book["Tin bài"])),
    "column_missing": edited(lambda book: book["Tin bài"].delete_cols(4)),
    "workbook_empty": lambda desk: desk.read(desk.built),
    "only_recorded": only_recorded,
    "more_problems": lambda desk: posts_of(desk, *({"form": "?", "title": f"Bài {n}"} for n in range(120))),
    "duplicate_link": lambda desk: posts_of(desk, {}, {"title": "Khác"}),
    "duplicate_row": lambda desk: posts_of(desk, {}, {"link": "https://a.example/2"}),
    "log_of_several_links": lambda desk: posts_of(desk, {"link": "https://a.example/1; https://a.example/2"}),
    "decimal_unreadable": scored("tám"),
    "number_out_of_range": scored(41),
    "one_value_missing": lambda desk: under_another_form(
        desk, "evidence", {}, evidence=[{"title": "Kế hoạch", "issued": "05/3/2026"}]
    ),
}


@pytest.mark.parametrize("code", TRIED_HERE)
def test_a_rule_without_a_table_is_triggered_by_a_file(desk, code):
    reading = TRIED_HERE[code](desk)
    assert code in {found.code for found in (*reading.problems, *reading.questions)}
    assert all(desk.words.sentence(found) for found in (*reading.problems, *reading.questions))


@pytest.mark.parametrize("file", rules_document.CHAPTERS)
def test_every_rule_is_triggered_by_some_file(file):
    worded = yaml.safe_load((MESSAGES / "problems" / f"{file}.yaml").read_text("utf-8"))
    assert set(worded) - TRIED_ELSEWHERE - TRIED_HERE.keys() - STOPS_THE_CHILD == set()


def test_what_is_said_to_be_tried_with_the_child_process_is():
    source = Path(__file__).with_name("test_workbook_cells.py").read_text("utf-8")
    assert {code for code in STOPS_THE_CHILD if f'"{code}"' not in source} == set()


def test_the_document_says_what_the_wording_says():
    """`make docs` writes it."""
    assert rules_document.DOCUMENT.read_text("utf-8") == rules_document.document(MESSAGES)


def test_a_sentence_without_a_rule_or_a_rule_without_a_sentence_is_told(tmp_path):
    rules = yaml.safe_load((MESSAGES / "rules.yaml").read_text("utf-8"))
    for name in ("problems", "words.yaml"):
        (tmp_path / name).symlink_to(MESSAGES / name)
    for changed in (rules | {"made_up": {"rule": "?"}}, {code: rules[code] for code in rules if code != "file_empty"}):
        (tmp_path / "rules.yaml").write_text(yaml.safe_dump(changed, allow_unicode=True), "utf-8")
        with pytest.raises(KeyError, match=r"made_up|file_empty"):
            rules_document.document(tmp_path)
