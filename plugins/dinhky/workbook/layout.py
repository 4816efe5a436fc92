"""The rows and columns of a built workbook, where they are more or other than its template lays out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from copy import copy
from datetime import date
from typing import TYPE_CHECKING, Any

from dinhky.workbook.cell_text import cell_name, comparable
from dinhky.workbook.form import POINTS, ColumnKind, SheetForm
from dinhky.workbook.typed_days import write_day

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

HEADER_ROW = 3
FIRST_INPUT_ROW = 5
"""Of the templates: under the header stands a row of help."""
_LINE_HEIGHT = 18.0
_HIGHEST_ROW = 409.0
"""Excel's own limit."""


def write_text(cell: Any, text: str) -> None:
    """Put text into a cell so that it stays text: "=1+1" is shown, never computed."""
    cell.value = text
    cell.data_type = "s"
    if text[:1] in ("=", "+", "-", "@"):
        cell.quotePrefix = True


def columns_of(worksheet: Worksheet, sheet: SheetForm) -> dict[str, int]:
    """Where each column stands in the template, by its header."""
    headers = {comparable(cell.value): cell.column for cell in worksheet[HEADER_ROW] if cell.value}
    missing = [column.header for column in sheet.columns if comparable(column.header) not in headers]
    if missing:
        raise ValueError(f"the template's sheet {sheet.name!r} has no column {missing}")
    return {column.key: headers[comparable(column.header)] for column in sheet.columns}


def write_rows(
    worksheet: Worksheet, sheet: SheetForm, columns: dict[str, int], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Write the rows that the system knows; a sheet with prefilled columns then ends with them, or says there are none.

    A row's keys that are no column of the sheet are left out.
    """
    from openpyxl.styles import Protection

    for number, row in enumerate(rows, FIRST_INPUT_ROW):
        for key, value in row.items():
            if key in columns and value not in (None, ""):
                _write(worksheet.cell(number, columns[key]), worksheet.cell(FIRST_INPUT_ROW, columns[key]), value)
        _make_room(worksheet, number)
    if not sheet.is_prefilled:
        return
    first_spare = FIRST_INPUT_ROW + max(len(rows), 1)
    if first_spare <= worksheet.max_row:
        worksheet.delete_rows(first_spare, worksheet.max_row - first_spare + 1)
    if not rows:
        for cell in worksheet[FIRST_INPUT_ROW]:
            cell.value = None
            cell.protection = Protection(locked=True)
        shown_in = next(column for column in sheet.columns if column.prefilled and column.kind is ColumnKind.TEXT)
        write_text(worksheet.cell(FIRST_INPUT_ROW, columns[shown_in.key]), sheet.when_empty)


def _write(cell: Any, pattern: Any, value: Any) -> None:
    """A value as a person would type it, in the style of the sheet's first row where the template ends before."""
    if not cell.has_style:
        cell._style = copy(pattern._style)
    if isinstance(value, date) and pattern.is_date:
        number_format = cell.number_format
        cell.value = value
        cell.number_format = number_format
    elif isinstance(value, int | float):
        cell.value = value
    else:
        write_text(cell, write_day(value) if isinstance(value, date) else str(value))


def _make_room(worksheet: Worksheet, row: int) -> None:
    """Make a row as high as the longest of its texts: no program does so by itself for a row it did not write."""
    lines = 1
    for cell in worksheet[row]:
        width = worksheet.column_dimensions[cell.column_letter].width
        lines = max(lines, sum(math.ceil(len(line) / width) or 1 for line in str(cell.value or "").split("\n")))
    usual = worksheet.row_dimensions[row].height or worksheet.sheet_format.defaultRowHeight
    worksheet.row_dimensions[row].height = min(max(usual, lines * _LINE_HEIGHT), _HIGHEST_ROW)


def repeat_column(worksheet: Worksheet, sheet: SheetForm) -> None:
    """Put the columns of points where the template holds one for all of them; what stood to its right moves on."""
    points = [column for column in sheet.columns if column.record_field == POINTS]
    if not points:
        raise ValueError(f"the sheet {sheet.name!r} has a column for every criterion, but the plan names none")
    headers = {comparable(cell.value): cell.column for cell in worksheet[HEADER_ROW] if cell.value}
    if comparable(sheet.pattern) not in headers:
        raise ValueError(f"the template's sheet {sheet.name!r} has no column {sheet.pattern!r}")
    first, extra, last_column = headers[comparable(sheet.pattern)], len(points) - 1, worksheet.max_column
    mark = str(worksheet.cell(HEADER_ROW, first).value).replace(sheet.pattern, "")
    widths = {
        position: dimension.width
        for dimension in worksheet.column_dimensions.values()
        for position in range(dimension.min, dimension.max + 1)
    }
    if extra:
        for merged in [found for found in worksheet.merged_cells.ranges if found.max_row < HEADER_ROW]:
            worksheet.unmerge_cells(merged.coord)
            merged.expand(right=extra)
            worksheet.merge_cells(merged.coord)
    if extra and last_column > first:
        worksheet.move_range(
            f"{cell_name(HEADER_ROW, first + 1)}:{cell_name(worksheet.max_row, last_column)}", cols=extra
        )
    for row in range(HEADER_ROW, worksheet.max_row + 1):
        pattern = worksheet.cell(row, first)
        for position in range(first + 1, first + extra + 1):
            cell = worksheet.cell(row, position, pattern.value)
            cell._style = pattern._style
    for position, column in enumerate(points, first):
        write_text(worksheet.cell(HEADER_ROW, position), column.header + mark)
    for position in range(1, last_column + extra + 1):
        template_position = position if position <= first else max(first, position - extra)
        dimension = worksheet.column_dimensions[cell_name(1, position)[:-1]]
        dimension.min = dimension.max = position
        dimension.width = widths.get(template_position, dimension.width)
    lines = max(math.ceil(len(column.header + mark) * 1.3 / widths.get(first, 13)) for column in points)
    heads = worksheet.row_dimensions[HEADER_ROW]
    heads.height = max(heads.height or 0, lines * _LINE_HEIGHT)
