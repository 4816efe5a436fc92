"""The use cases' `Reports`: facts, document and annex of a round, written with the templates of its form."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.contest import PhaseKind
from dinhky.domain.plan import Plan
from dinhky.domain.schedule import Round
from dinhky.report.annex import write_annex
from dinhky.report.contest_documents import write_contest_documents
from dinhky.report.contest_lists import facts_of_phase, write_contest_list
from dinhky.report.document import write_document
from dinhky.report.errors import ReportError
from dinhky.report.facts import facts
from dinhky.report.form_choices import FormChoices
from dinhky.rounds.kept_reports import CompiledReport
from dinhky.rounds.ports import ContestSoFar, UnitAnswer


class PeriodNames(Protocol):
    """Puts a period's label into words; `dinhky.wording.TemplateWords` does."""

    def period_name(self, label: str) -> str: ...


@dataclass(frozen=True)
class FormReports:
    """Compiles reports with the templates in a folder (`include/templates`).

    An obligation's `form` names its files: `documents/<form>.docx`, `documents/<form>_annex.yaml` and
    `workbooks/<form>.yaml` (the names of the choices). They are read anew at every compilation, so that an edited
    template counts at once, and changes the digest.
    """

    templates: Path
    calendar: WorkingCalendar
    words: PeriodNames

    def compile(self, plan: Plan, round_: Round, answers: Sequence[UnitAnswer]) -> CompiledReport:
        """The round's report: same answers and templates, same digest, same bytes.

        Raises ReportError (`report_template_missing` if the form has no templates), CalendarGap, UnknownName.
        """
        import yaml

        form = plan.obligation(round_.ref).form
        document_template = self._read(f"documents/{form}.docx")
        annex_wording = self._read(f"documents/{form}_annex.yaml")
        choices = FormChoices.load(self._file(f"workbooks/{form}.yaml"))
        found = facts(plan, round_, answers, self.calendar, choices)
        period_name = self.words.period_name
        document = write_document(document_template, found, period_name)
        annex = write_annex(yaml.safe_load(annex_wording), found, period_name)
        return CompiledReport(_digest(document, annex), document, annex, found)

    def compile_contest(self, plan: Plan, round_: Round, so_far: ContestSoFar) -> CompiledReport:
        """What a phase of a contest ends with: a list as an Excel file, or results and proposal as Word documents.

        Raises ReportError, UnknownName.
        """
        import yaml

        found = facts_of_phase(plan, round_, so_far)
        if round_.phase is PhaseKind.FINAL:
            documents = write_contest_documents(self.templates, found, self.words.period_name)
            return CompiledReport(
                _digest(documents.results, documents.award), documents.results, documents.award, found
            )
        wording = yaml.safe_load(self._read("documents/contest_lists.yaml"))
        listed = write_contest_list(wording, found, self.words.period_name)
        return CompiledReport(_digest(listed), listed, listed, found)

    def _read(self, name: str) -> bytes:
        return self._file(name).read_bytes()

    def _file(self, name: str) -> Path:
        file = self.templates / name
        if not file.is_file():
            raise ReportError("report_template_missing", file=str(file))
        return file


def _digest(*files: bytes) -> str:
    """SHA-256 over the files' own: equal only for equal files, whatever went into them."""
    return hashlib.sha256(b"".join(hashlib.sha256(file).digest() for file in files)).hexdigest()
