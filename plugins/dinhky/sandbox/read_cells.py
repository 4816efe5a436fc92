"""What the reading child does: calamine's cells of all sheets."""

from __future__ import annotations

import io

from python_calamine import CalamineWorkbook

from dinhky.sandbox.cell_values import pack

MAX_CELLS = 600_000
"""Of all sheets together, empty ones between A1 and the farthest value included. A filled form has about 5,000."""


class TooManyCells(Exception):
    """The sheets are larger than anything a unit fills in."""


def read_cells(workbook: bytes) -> bytes:
    """The cells, packed. Raises calamine's errors; TooManyCells."""
    opened = CalamineWorkbook.from_filelike(io.BytesIO(workbook))
    sheets = {}
    cells = 0
    for name in opened.sheet_names:
        sheet = opened.get_sheet_by_name(name)
        last_row, last_column = sheet.end or (0, 0)
        cells += (last_row + 1) * (last_column + 1)
        if cells > MAX_CELLS:
            raise TooManyCells
        sheets[name] = sheet.to_python(skip_empty_area=False)
    return pack(sheets)
