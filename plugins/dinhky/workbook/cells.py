"""The cells of an inspected workbook, read in a child process: the parser may abort, swell or never end."""

from __future__ import annotations

from dinhky.sandbox.cell_values import Sheets, unpack
from dinhky.sandbox.pool import ChildStopped, Limits, Sandbox, Stop
from dinhky.workbook.refused import WorkbookRefusedError

READING = Sandbox(
    "dinhky.sandbox.read_cells:read_cells",
    Limits(memory_mb=256, cpu_seconds=1.2, wall_seconds=8, answer_mb=8, open_files=3),
    workers=2,
)
LONGEST_NAME = 255
"""Characters of a sheet's name; Excel takes 31. A name is shown in every sentence about its sheet."""
MOST_SHEETS = 50
"""As in `amounts`, which counts only those that are declared as usual."""
_STOPPED = {Stop.TIME: "file_parser_stopped", Stop.MEMORY: "file_parser_memory", Stop.CRASH: "file_parser_crashed"}
_FAILED = {"PasswordError": "file_password", "TooManyCells": "file_too_spread"}
"""The class of the child's error -> why the file is refused; any other is damage."""


def cells(workbook: bytes) -> Sheets:
    """By sheet, all rows from A1 on. Raises WorkbookRefusedError.

    `workbook` is to have passed the guard. Threads may ask at once; they share two children.
    """
    try:
        sheets = unpack(READING.run(workbook))
    except ChildStopped as stopped:
        if stopped.stop in _STOPPED:
            raise WorkbookRefusedError(_STOPPED[stopped.stop]) from stopped
        if stopped.detail in _FAILED:
            raise WorkbookRefusedError(_FAILED[stopped.detail]) from stopped
        raise WorkbookRefusedError("file_damaged", detail=stopped.detail) from stopped
    except (ValueError, RecursionError, OverflowError) as error:
        raise WorkbookRefusedError("file_damaged", detail=type(error).__name__) from error
    if len(sheets) > MOST_SHEETS:
        raise WorkbookRefusedError("file_too_many", kind="sheets", found=len(sheets), limit=MOST_SHEETS)
    if any(len(name) > LONGEST_NAME for name in sheets):
        raise WorkbookRefusedError("file_damaged", detail="sheet name")
    return sheets
