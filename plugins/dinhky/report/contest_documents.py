"""The documents of a contest: the report of its results, and the proposal to reward the best."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dinhky.report.document import fill_document
from dinhky.report.errors import ReportError

RESULTS = "documents/contest_results.docx"
AWARD = "documents/contest_award.docx"


@dataclass(frozen=True)
class ContestDocuments:
    """Both as Word files."""

    results: bytes
    award: bytes


def write_contest_documents(
    templates: Path, facts: Mapping[str, Any], period_name: Callable[[str], str]
) -> ContestDocuments:
    """The documents of these facts (`contest_facts`), written with the templates in a folder (`include/templates`).

    The same facts and templates give the same bytes. Raises ReportError: `report_template_missing` and what
    `dinhky.report.document.fill_document` refuses.
    """
    with_annex = facts["preliminary"] is not None
    return ContestDocuments(
        results=fill_document(
            _read(templates / RESULTS), facts, period_name, _told_of_results(facts), with_annex=with_annex
        ),
        award=fill_document(
            _read(templates / AWARD), {**facts, "letterhead": facts["proposal"]}, period_name, _told_of_award(facts)
        ),
    )


def _read(file: Path) -> bytes:
    if not file.is_file():
        raise ReportError("report_template_missing", file=str(file))
    return file.read_bytes()


def _told_of_results(facts: Mapping[str, Any]) -> list[str]:
    """Every name, title and figure that a reader must find in the report."""
    rankings = [facts["final"], *([facts["preliminary"]] if facts["preliminary"] else [])]
    places = [place for ranking in rankings for place in ranking["places"]]
    return [
        *(text for place in places for text in (place["entry"], place["title"], place["author"], place["mean"])),
        *(figure for place in places for figure in place["points"]),
        *(juror["name"] for juror in facts["jurors"]),
        *(gone["reason"] for juror in facts["jurors"] for gone in juror["let_off"]),
        *(unit["name"] for unit in facts["units"]),
        *facts["silent"],
        facts["letterhead"]["signer"],
    ]


def _told_of_award(facts: Mapping[str, Any]) -> list[str]:
    """Every prize, title and author that a reader must find in the proposal."""
    winners = [*facts["awards"], *facts["sent_on"]["entries"]]
    return [
        *(text for winner in winners for text in (winner["entry"], winner["title"], winner["author"], winner["unit"])),
        *(award["prize"] for award in facts["awards"]),
        facts["proposal"]["signer"],
    ]
