"""What is odd about a workbook, but may be right: told to the sender as questions, with how it was understood."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from dinhky.domain.errors import Problem
from dinhky.workbook.cell_text import cell_name, clean_line, comparable, shown
from dinhky.workbook.form import Form
from dinhky.workbook.found_sheet import FoundSheet, says_nothing
from dinhky.workbook.headers import bare
from dinhky.workbook.identity import IDENTITY_SHEET
from dinhky.workbook.read import RawWorkbook


def odd_about_workbook(raw: RawWorkbook, form: Form, sheets: Iterable[FoundSheet]) -> Iterator[Problem]:
    """Sheets with content that the form does not ask for."""
    used = {sheet.name for sheet in sheets}
    printed = {bare(name) for name in (IDENTITY_SHEET, form.choices_sheet, *form.other_sheets)}
    printed |= {bare(sheet.name) for sheet in form.sheets}  # one of which a column is missing is told of as an error
    ignored = [
        clean_line(name)
        for name, rows in raw.sheets.items()
        if name not in used
        and bare(name) not in printed
        and not all(says_nothing(cell) for row in rows for cell in row)
    ]
    if ignored:
        yield Problem("sheets_ignored", params={"found": ignored})


def odd_about_sheet(form: Form, sheet: FoundSheet) -> Iterator[Problem]:
    """What was hidden, merged, renamed, added up or added to a sheet of the form."""
    found: list[tuple[str, dict[str, Any]]] = []
    if comparable(sheet.name) != comparable(sheet.form.name):
        found.append(("sheet_taken_as", {"found": sheet.name, "taken": sheet.form.name}))
    if sheet.header.taken_as:
        headers = {column.key: column.header for column in sheet.form.columns}
        pairs = {key: {"found": text, "taken": headers[key]} for key, text in sheet.header.taken_as.items()}
        cells = [
            {"cell": sheet.cell(sheet.header.row, key), "found": pair["found"], "pairs": [pair]}
            for key, pair in pairs.items()
        ]
        found.append(("columns_taken_as", {"pairs": [*pairs.values()], "cells": cells}))
    rows = [row.number for row in sheet.filled_rows]
    if rows and sheet.marks.is_hidden:
        found.append(("sheet_hidden", {"count": len(rows)}))
    if hidden := sheet.marks.hidden_rows.intersection(rows):
        found.append(("rows_hidden", _told_of_rows(sheet, hidden)))
    if columns := dict(_hidden_columns(sheet)):
        found.append(("columns_hidden", _told_of_columns(sheet, columns)))
    if merged := _merged(sheet, rows):
        cells = [{"cell": one.partition(":")[0], "ranges": [one]} for one in merged]
        found.append(("cells_merged", {"ranges": merged, "cells": cells}))
    if sheet.total_rows:
        found.append(("total_rows_left_out", _told_of_rows(sheet, sheet.total_rows)))
    if columns := dict(_columns_ignored(form, sheet, rows)):
        found.append(("columns_ignored", _told_of_columns(sheet, columns)))
    for code, params in found:
        yield Problem(code, form.place(sheet.name), {"sheet": sheet.name, "cell": "", **params})


def _told_of_rows(sheet: FoundSheet, numbers: Iterable[int]) -> dict[str, Any]:
    """Rows, by runs of them, and of each run the first cell that says something."""
    runs = [(span, _first_cell(sheet, first)) for first, span in _spans(numbers).items()]
    return {"rows": [span for span, _ in runs], "cells": [{"cell": cell, "rows": [span]} for span, cell in runs]}


def _told_of_columns(sheet: FoundSheet, columns: Mapping[int, str]) -> dict[str, Any]:
    """Columns by header, and where each header stands."""
    cells = [{"cell": cell_name(sheet.header.row, at), "columns": [header]} for at, header in columns.items()]
    return {"columns": [*columns.values()], "cells": cells}


def _first_cell(sheet: FoundSheet, row: int) -> str:
    position = next((at for at, value in enumerate(sheet.rows[row - 1], 1) if not says_nothing(value)), 1)
    return cell_name(row, position)


def _hidden_columns(sheet: FoundSheet) -> Iterator[tuple[int, str]]:
    """The hidden columns in which something was written: place and header."""
    for column in sheet.form.columns:
        place = sheet.header.columns[column.key]
        is_hidden = place in sheet.marks.hidden_columns
        if is_hidden and any(not says_nothing(row.values[column.key]) for row in sheet.filled_rows):
            yield place, column.header


def _merged(sheet: FoundSheet, rows: list[int]) -> list[str]:
    """The merged cells that were read as if each row said the same."""
    used: dict[tuple[int, int], int] = {}
    read = set(rows)
    for (row, _), above in sheet.spread.items():
        shown = sheet.rows[above[0] - 1][above[1] - 1] if above[1] <= len(sheet.rows[above[0] - 1]) else ""
        if row in read and not says_nothing(shown):
            used[above] = max(row, used.get(above, 0))
    return [f"{cell_name(top, left)}:{cell_name(bottom, left)}" for (top, left), bottom in sorted(used.items())]


def _columns_ignored(form: Form, sheet: FoundSheet, rows: list[int]) -> Iterator[tuple[int, str]]:
    """Columns beside the form's own in which something stands next to what was read: place, and header, else letter."""
    known = set(sheet.header.columns.values())
    headers = sheet.rows[sheet.header.row - 1]
    numbering = {bare(name) for name in form.numbering}
    for position in range(1, max((len(sheet.rows[row - 1]) for row in rows), default=0) + 1):
        header = shown(headers[position - 1]) if position <= len(headers) else ""
        if position in known or bare(header) in numbering:
            continue
        cells = [sheet.rows[row - 1][position - 1] for row in rows if position <= len(sheet.rows[row - 1])]
        if not all(says_nothing(cell) for cell in cells):
            yield position, header or cell_name(1, position)[:-1]


def _spans(numbers: Iterable[int]) -> dict[int, str]:
    """`5–8`, `11`: runs of row numbers, as people write them, by their first."""
    spans = {}
    for _, run in groupby(enumerate(sorted(numbers)), lambda item: item[1] - item[0]):
        found = [number for _, number in run]
        spans[found[0]] = f"{found[0]}–{found[-1]}" if len(found) > 1 else str(found[0])
    return spans
