"""The unit's workbook as the use cases know it: build it, read it, ask whom it is for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any

from dinhky.domain.assignment import NIL_IS_AN_ANSWER
from dinhky.domain.content import Content, Identity
from dinhky.domain.errors import DinhKyError, Problem, UnknownName
from dinhky.domain.plan import Kind, Plan, Unit
from dinhky.domain.schedule import Round
from dinhky.domain.standing import standing_rows
from dinhky.rounds.ports import Mark, Reading, Signer
from dinhky.sandbox.pool import ChildStopped, Limits, Sandbox
from dinhky.workbook.check import SheetCheck
from dinhky.workbook.form import Form, Forms
from dinhky.workbook.found_sheet import find_sheets, recorded_count
from dinhky.workbook.identity import mismatch
from dinhky.workbook.marking import marking_job
from dinhky.workbook.oddities import odd_about_sheet, odd_about_workbook
from dinhky.workbook.read import RawWorkbook, parse
from dinhky.workbook.refused import WorkbookRefusedError

MAX_PROBLEMS = 100
"""A file with more is answered with the first of them: nobody reads on."""
MOST_ROWS = 2_000
"""Filled rows of one sheet: four times as many as a form has ready."""

_MARKING = Sandbox(
    "dinhky.workbook.marking:mark",
    Limits(memory_mb=300, cpu_seconds=2, wall_seconds=20, answer_mb=20, open_files=3),
)

_USUAL_FORMS = {Kind.POSTS: "post_log", Kind.MILESTONE: "evidence"}
"""The form of a kind of duty whose plan names none."""

Parsed = Callable[[bytes], RawWorkbook]
"""Reads the cells of a file. Raises WorkbookRefusedError."""


class FormWorkbooks:
    """Workbooks after `forms`; which of them, the plan's obligation says.

    `period_name` puts a period's label into the commune's words; `signer` signs whom a workbook is for; `parsed` reads
    the cells, by default as Excel writes them.
    """

    def __init__(
        self, forms: Forms, period_name: Callable[[str], str], signer: Signer, parsed: Parsed | None = None
    ) -> None:
        self._forms = forms
        self._period_name = period_name
        self._signer = signer
        # A file is asked whom it is for, then read.
        self._open = lru_cache(maxsize=1)(partial(_opened, parsed or parse, signer))

    def form(self, plan: Plan, ref: str) -> Form:
        """The obligation's form, or the usual one of its kind, with the columns that the plan gives it.

        Raises UnknownName for an obligation that has neither, or one that does not exist.
        """
        obligation = plan.obligation(ref)
        form = self._forms.named(obligation.form or _USUAL_FORMS.get(obligation.kind, ""))
        return form.judged_by(obligation.contest.criteria if obligation.contest else ())

    def build(
        self,
        plan: Plan,
        round_: Round,
        unit: Unit,
        prefilled: Mapping[str, Sequence[Mapping[str, Any]]] = MappingProxyType({}),
    ) -> bytes:
        """The empty workbook for one unit and round; the same bytes for the same input. Raises UnknownName.

        `prefilled` holds, by sheet, the rows that stand in it already. The unit's standing duties do so without asking.
        """
        from dinhky.workbook.build import build

        form = self.form(plan, round_.ref)
        rows = {"standing": standing_rows(plan, unit.code, round_.window), **prefilled}
        period = self._period_name(round_.period.label)
        return build(form, plan, round_, unit, period=period, prefilled=rows, signer=self._signer)

    def identity(self, data: bytes) -> tuple[Identity | None, tuple[Problem, ...]]:
        """Whom the file says it is for, and why that cannot be told; never raises for what a file contains."""
        try:
            _, claimed = self._open(data)
        except WorkbookRefusedError as refused:
            return None, (_problem(refused),)
        return (None, (claimed,)) if isinstance(claimed, Problem) else (claimed, ())

    def read(self, data: bytes, plan: Plan, round_: Round, unit: Unit) -> Reading:
        """The file's content and every problem in it; never raises for what a file contains.

        A workbook that belongs to another plan, period or unit is not checked further: every date would be wrong.
        """
        try:
            form = self.form(plan, round_.ref)
            raw, claimed = self._open(data)
        except (UnknownName, WorkbookRefusedError) as refused:
            return Reading(None, Content(), (_problem(refused),))
        identity = claimed if isinstance(claimed, Identity) else None
        problems = [claimed] if isinstance(claimed, Problem) else []
        if identity and (other := mismatch(identity, plan, round_, unit)):
            return Reading(identity, Content(), (other,))
        if identity and identity.template_version != form.version:
            params = {"found": identity.template_version, "expected": form.version}
            problems.append(Problem("template_outdated", params=params))
        try:
            content, found, questions = _content(raw, form, plan, round_)
        except WorkbookRefusedError as refused:
            return Reading(identity, Content(), (_problem(refused),))
        problems += found
        if len(problems) > MAX_PROBLEMS:
            left_out = len(problems) - MAX_PROBLEMS
            problems = [*problems[:MAX_PROBLEMS], Problem("more_problems", params={"count": left_out})]
        return Reading(identity, content, tuple(problems), tuple(questions))

    def counted(self, plan: Plan, round_: Round, content: Content) -> tuple[tuple[str, int], ...]:
        """How many rows of each of the form's sheets were understood, by the sheet's name and in its order."""
        form = self.form(plan, round_.ref)
        return tuple((sheet.name, len(getattr(content, sheet.key))) for sheet in form.sheets)

    def marked(self, data: bytes, marks: Sequence[Mark], texts: Mapping[str, str]) -> bytes | None:
        """The sender's own workbook with every marked cell coloured and commented, and a first sheet that lists them.

        None for a file that cannot be marked up within the limits.
        """
        try:
            return _MARKING.run(marking_job(data, marks, texts))
        except ChildStopped:
            return None


def _opened(parsed: Parsed, signer: Signer, data: bytes) -> tuple[RawWorkbook, Identity | Problem]:
    """What stands in a file, and whom it is for, as far as we said so ourselves. Raises WorkbookRefusedError."""
    raw = parsed(data)
    claim = raw.claim()
    if claim is None:
        return raw, Problem("identity_missing")
    return raw, claim.identity if claim.is_ours(signer) else Problem("identity_tampered")


def _content(raw: RawWorkbook, form: Form, plan: Plan, round_: Round) -> tuple[Content, list[Problem], list[Problem]]:
    """What stands in the form's sheets, what is wrong there, and what is odd.

    Raises WorkbookRefusedError for more rows than a person fills in.
    """
    sheets, problems = find_sheets(raw, form)
    rows = max((len(sheet.filled_rows) for sheet in sheets), default=0)
    if rows > MOST_ROWS:
        raise WorkbookRefusedError("file_too_many", kind="rows", found=rows, limit=MOST_ROWS)
    records: dict[str, tuple[Any, ...]] = {}
    questions = list(odd_about_workbook(raw, form, sheets))
    for sheet in sheets:
        check = SheetCheck(form, sheet, plan, round_)
        problems += check.problems
        questions += [*odd_about_sheet(form, sheet), *check.questions]
        records[sheet.form.key] = tuple(check.records)
    if not problems and not any(sheet.filled_rows for sheet in sheets):
        if recorded := recorded_count(raw, form):
            questions.append(Problem("only_recorded", params={"count": recorded}))
        else:
            told = {"sheets": [sheet.name for sheet in form.sheets], "may_say_nil": round_.kind in NIL_IS_AN_ANSWER}
            problems.append(Problem("workbook_empty", params=told))
    return Content(**records), problems, questions


def _problem(refused: DinhKyError) -> Problem:
    return Problem(refused.code, params=refused.params)
