"""The sender's own workbook back, with every place marked; and the names under which files are shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import PurePosixPath

from dinhky.domain.errors import Problem
from dinhky.domain.local_time import local
from dinhky.domain.plan import Unit
from dinhky.domain.schedule import Round
from dinhky.intake.receipt import Receipt
from dinhky.rounds.kept_messages import Attachment
from dinhky.rounds.ports import Mark, Office
from dinhky.rounds.succession import named_on

LONGEST_NAME = 120
"""Characters of a file's name as it is shown and kept: a mail's header must hold it, three bytes a letter."""
LONGEST_ENDING = 12


def shown_name(office: Office, file_name: str) -> str:
    """A sender's file name as it can be kept and shown: its last part, on one line of text, of bounded length."""
    text = "".join(char if char.isprintable() else " " for char in _decoded(file_name))
    text = text.replace("\\", "/").rpartition("/")[2]
    text = " ".join(text.split()).lstrip(".")
    if len(text) > LONGEST_NAME:
        ending = PurePosixPath(text).suffix
        ending = ending if len(ending) <= LONGEST_ENDING else ""
        text = f"{text[: LONGEST_NAME - len(ending) - 1]}…{ending}"
    return text or office.words.file_name("unnamed")


def _decoded(file_name: str) -> str:
    """A name whose bytes are no text, or which has half a sign in it, with marks in their place."""
    try:
        raw = file_name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = file_name.encode("utf-8", "replace")
    return raw.decode("utf-8", "replace")


def sentences_of(office: Office, problems: Sequence[Problem]) -> list[str]:
    """The problems in words, as they are listed in messages."""
    return [office.words.sentence(problem) for problem in problems]


def in_words(office: Office, receipt: Receipt, marked_name: str = "") -> str:
    """The whole answer as one text, for a folder or a terminal. `marked_name`: what the marked-up workbook is called
    there, if it is there."""
    subject, body = office.words.message(
        "folder_answer",
        receipt=receipt,
        sentences=sentences_of(office, receipt.problems),
        questions=sentences_of(office, receipt.questions),
        marked_name=marked_name,
    )
    return f"{subject}\n\n{body}"


def marked_up(
    office: Office,
    data: bytes,
    file_name: str,
    round_: Round,
    unit: Unit,
    problems: Sequence[Problem],
    questions: Sequence[Problem],
    now: datetime,
) -> Attachment | None:
    """The sender's own workbook with every place marked, stored; None where no place can be, or it cannot be done."""
    errors = list(_marks(office, problems, is_question=False))
    asked = list(_marks(office, questions, is_question=True))
    if not any(mark.cell for mark in [*errors, *asked]):
        return None
    texts = office.words.texts(
        "marked_up",
        errors=sum(mark.is_listed for mark in errors),
        questions=len(asked),
        unit=named_on(unit, local(now).date()).name,
        period=round_.period.label,
        file_name=file_name,
        received_at=now,
    )
    marked = office.workbooks.marked(data, [*errors, *asked], texts)
    return Attachment(answer_name(office, file_name), office.files.put(marked)) if marked else None


def answer_name(office: Office, file_name: str) -> str:
    """The name of the workbook that goes back: the sender's own, with an ending that stays one however often."""
    ending = PurePosixPath(office.words.file_name("marked_up", stem="")).stem
    stem = PurePosixPath(file_name).stem.removesuffix(ending)
    return office.words.file_name("marked_up", stem=stem)


def _marks(office: Office, problems: Sequence[Problem], *, is_question: bool) -> Iterator[Mark]:
    for problem in problems:
        for one, is_listed in _by_cell(problem):
            sentence, params = office.words.sentence(one), one.params
            needed = sentence.removeprefix(f"{one.where}: ") if one.where else sentence
            found = params.get("found")
            yield Mark(
                sheet=str(params.get("sheet", "")),
                cell=str(params.get("cell", "")) if "sheet" in params else "",
                found=found if isinstance(found, str) else "",
                needed=needed[:1].upper() + needed[1:],
                is_question=is_question,
                is_listed=is_listed,
            )


def _by_cell(problem: Problem) -> Iterator[tuple[Problem, bool]]:
    """What is said of several cells together, cell by cell, and whether the list tells it too.

    Each of `cells` is listed by itself: what it says stands in place of what all say. Those of `also` are marked only:
    the list tells of them with the first.
    """
    if not problem.params.get("cells"):
        yield problem, True
    for name, is_listed in (("cells", True), ("also", False)):
        for cell in problem.params.get(name, ()):
            yield replace(problem, params={**problem.params, **cell, "cells": [cell]}), is_listed
