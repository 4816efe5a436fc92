"""Stand-ins for files of office programs: the same rows and checks without xlsx and docx, for playing many years."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.content import Identity
from dinhky.domain.plan import Plan, Unit
from dinhky.domain.schedule import Round
from dinhky.domain.standing import standing_rows
from dinhky.report.contest_lists import facts_of_phase
from dinhky.report.facts import facts
from dinhky.report.form_choices import FormChoices
from dinhky.rounds.kept_reports import CompiledReport
from dinhky.rounds.ports import ContestSoFar, Mark, Signer, UnitAnswer
from dinhky.simulation.behaviour import Rows
from dinhky.workbook import Forms, FormWorkbooks
from dinhky.workbook.form import Form
from dinhky.workbook.identity import IDENTITY_SHEET, identity_rows
from dinhky.workbook.read import RawWorkbook
from dinhky.workbook.refused import WorkbookRefusedError


@dataclass
class MemoryFiles:
    """Content-addressed storage in memory."""

    _kept: dict[str, bytes] = field(default_factory=dict)

    def put(self, data: bytes) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        self._kept[sha256] = data
        return sha256

    def get(self, sha256: str) -> bytes:
        """Raises FileNotFoundError."""
        if sha256 not in self._kept:
            raise FileNotFoundError(sha256)
        return self._kept[sha256]

    def path(self, sha256: str) -> Path:
        return Path(sha256)


class PlainWorkbooks(FormWorkbooks):
    """Workbooks as JSON: sheets, headers and rows of the real forms, read by the real checks."""

    def __init__(self, forms: Forms, period_name: Callable[[str], str], signer: Signer) -> None:
        super().__init__(forms, period_name, signer, _parse_plain)
        self._judged: dict[tuple[str, str], Form] = {}

    def form(self, plan: Plan, ref: str) -> Form:
        """The obligation's form, read once. Raises UnknownName."""
        key = (plan.id, ref)
        if key not in self._judged:
            self._judged[key] = super().form(plan, ref)
        return self._judged[key]

    def build(
        self,
        plan: Plan,
        round_: Round,
        unit: Unit,
        prefilled: Mapping[str, Sequence[Mapping[str, Any]]] = MappingProxyType({}),
    ) -> bytes:
        """The empty workbook; the same bytes for the same input."""
        form = self.form(plan, round_.ref)
        rows = form.shown_rows(plan, {"standing": standing_rows(plan, unit.code, round_.window), **prefilled})
        identity = Identity(plan.id, round_.ref, round_.period.label, unit.code, form.version)
        sheets = {
            sheet.key: {
                "name": sheet.name,
                "columns": {column.key: column.header for column in sheet.columns},
                "rows": [dict(row) for row in rows.get(sheet.key, ())],
            }
            for sheet in form.sheets
        }
        return _bytes({"identity": dict(identity_rows(identity, self._signer)), "sheets": sheets})

    def marked(self, data: bytes, marks: Sequence[Mark], texts: Mapping[str, str]) -> bytes | None:
        """None: nobody opens a plain workbook."""


def fill_plain(workbook: bytes, rows: Rows) -> bytes:
    """The plain workbook with the rows typed in: what `dinhky.workbook.sample.fill` does to a real one."""
    data = json.loads(workbook)
    for sheet, typed in rows.items():
        known = data["sheets"][sheet]["rows"]
        for number, row in enumerate(typed):
            if number == len(known):
                known.append({})
            known[number] |= row
    return _bytes(data)


@dataclass(frozen=True)
class PlainReports:
    """Reports whose document is the JSON of their real facts."""

    templates: Path
    calendar: WorkingCalendar

    def compile(self, plan: Plan, round_: Round, answers: Sequence[UnitAnswer]) -> CompiledReport:
        """The facts of the round's report. Raises FileNotFoundError for a form that does not exist."""
        form = plan.obligation(round_.ref).form
        found = facts(plan, round_, answers, self.calendar, _choices(self.templates / "workbooks" / f"{form}.yaml"))
        document = _bytes(found)
        return CompiledReport(hashlib.sha256(document).hexdigest(), document, b"{}", found)

    def compile_contest(self, plan: Plan, round_: Round, so_far: ContestSoFar) -> CompiledReport:
        """The facts of what a phase of a contest ends with."""
        found = facts_of_phase(plan, round_, so_far)
        document = _bytes(found)
        return CompiledReport(hashlib.sha256(document).hexdigest(), document, document, found)


@cache
def _choices(file: Path) -> FormChoices:
    return FormChoices.load(file)


def _bytes(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, sort_keys=True, default=_plain).encode()


def _plain(value: Any) -> Any:
    return {"date": value.isoformat()} if isinstance(value, date) else str(value)


def _parse_plain(data: bytes) -> RawWorkbook:
    try:
        content = json.loads(data)
        sheets = {sheet["name"]: _cells(sheet) for sheet in content["sheets"].values()}
        sheets[IDENTITY_SHEET] = [list(row) for row in content["identity"].items()]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WorkbookRefusedError("file_damaged", detail=type(error).__name__) from error
    return RawWorkbook(sheets)


def _cells(sheet: Mapping[str, Any]) -> list[list[Any]]:
    keys = list(sheet["columns"])
    return [list(sheet["columns"].values()), *([_cell(row.get(key)) for key in keys] for row in sheet["rows"])]


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    return date.fromisoformat(value["date"]) if isinstance(value, dict) else value
