"""From bytes to cells. Uses python-calamine only."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from dinhky.workbook.error_cells import error_cells
from dinhky.workbook.guard import inspect
from dinhky.workbook.identity import IDENTITY_SHEET, Claim, claim_in
from dinhky.workbook.refused import WorkbookRefusedError
from dinhky.workbook.sheet_marks import SheetMarks, sheet_marks


@dataclass(frozen=True)
class RawWorkbook:
    """A parsed workbook: for each sheet all rows from row 1 and column A on, and the cells that show an Excel error.

    `marks` holds by sheet what its cells do not say: what is hidden, merged, linked. A sheet without any is left out.
    """

    sheets: dict[str, list[list[Any]]]
    errors: dict[str, set[str]]
    marks: dict[str, SheetMarks] = field(default_factory=dict)

    def claim(self) -> Claim | None:
        """What the file says of itself, if it says it."""
        return claim_in(self.sheets.get(IDENTITY_SHEET, []))


def parse(data: bytes) -> RawWorkbook:
    """The cells. Raises WorkbookRefusedError, whose code says why, for anything that is not a readable xlsx."""
    parts = inspect(data)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = {
            name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in workbook.sheet_names
        }
        return RawWorkbook(sheets, error_cells(parts), sheet_marks(parts))
    except PasswordError as error:
        raise WorkbookRefusedError("file_password") from error
    except (CalamineError, ValueError, OSError, KeyError, SyntaxError) as error:
        raise WorkbookRefusedError("file_damaged", detail=type(error).__name__) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # a Rust panic is no Exception
            raise
        raise WorkbookRefusedError("file_damaged", detail="panic") from error
