"""From bytes to cells: the guard here, the parser in a child process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dinhky.workbook.cell_text import clean_line
from dinhky.workbook.cells import cells
from dinhky.workbook.guard import inspect, repacked
from dinhky.workbook.identity import IDENTITY_SHEET, Claim, claim_in
from dinhky.workbook.sheet_marks import SheetsMarks


@dataclass(frozen=True)
class RawWorkbook:
    """A parsed workbook: for each sheet all rows from row 1 and column A on.

    `marks` knows of each sheet what its cells do not say: what is hidden, merged, linked, an error.
    """

    sheets: dict[str, list[list[Any]]]
    marks: SheetsMarks = field(default_factory=lambda: SheetsMarks({}))

    def claim(self) -> Claim | None:
        """What the file says of itself, if it says it."""
        return claim_in(self.sheets.get(IDENTITY_SHEET, []))


def parse(data: bytes) -> RawWorkbook:
    """The cells. Raises WorkbookRefusedError, whose code says why, for anything that is not a readable xlsx.

    Sheets go by tidy names, since their names stand in sentences.
    """
    parts = inspect(data)
    return RawWorkbook(_tidily_named(cells(repacked(parts))), SheetsMarks(parts))


def _tidily_named(by_sheet: dict[str, Any]) -> dict[str, Any]:
    return {clean_line(name): what for name, what in by_sheet.items()}
