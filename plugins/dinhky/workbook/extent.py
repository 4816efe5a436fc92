"""How far out a sheet's cells lie. The parser's table is dense from A1 to the farthest value: XFD1048576 kills it."""

from __future__ import annotations

import re
from xml.parsers import expat

from dinhky.workbook.refused import WorkbookRefusedError

LAST_COLUMN = 52
LAST_ROW = 9999
"""AZ9999: our forms end at column H, row 204, and a stray space some way out must not turn a file away."""

_NOT_NEAR = re.compile(rb'<c(?! r="(?:[A-Z]|A[A-Z])[0-9]{1,4}"(?: [st]="[0-9A-Za-z]{1,9}"){0,2} ?/?>)[\s/>]')
"""A cell that is not plainly within the bounds, as Excel, LibreOffice and the common libraries write one: its reference
first, in capitals, then at most style and type."""
_EMPTY_CELL = re.compile(rb'<c r="[A-Z]{1,3}[0-9]{1,7}"(?: [\w:]+="[^"<>]*")*+\s*/>')
_PREFIXED = b":c"
_REFERENCE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")


def check_extent(sheet: bytes) -> None:
    """Raises WorkbookRefusedError if a value lies beyond AZ9999. The guard has looked whether the part is whole."""
    odd = (cell.start() for cell in _NOT_NEAR.finditer(sheet))
    if _PREFIXED in sheet or not all(_EMPTY_CELL.match(sheet, start) for start in odd):
        _check_every_cell(sheet)


def _check_every_cell(sheet: bytes) -> None:
    """For unusual writers: follow rows and cells one by one, counting on where a reference is left out."""
    row = column = 0
    far = ""

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal row, column, far
        name = tag.rpartition(":")[2]
        if name == "row":
            given = attributes.get("r", "")
            row, column = (int(given[:8]) if given.isdecimal() else row + 1), 0
            far = ""
        elif name == "c":
            given = attributes.get("r", "")
            if not given:
                column += 1
            elif found := _REFERENCE.fullmatch(given):
                row, column = int(found[2]), _column_number(found[1])
            else:
                raise WorkbookRefusedError("file_damaged", detail="cell reference")
            far = (given or str(row)) if row > LAST_ROW or column > LAST_COLUMN else ""
        elif far:  # something in the cell: without, it is mere formatting
            raise WorkbookRefusedError("file_far_cell", cell=far)

    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = start
    parser.Parse(sheet, True)


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number
