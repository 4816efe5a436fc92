"""From cells to the rows of a form: sheets found by name, columns by header."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dinhky.domain.errors import Problem
from dinhky.domain.plan import nearest
from dinhky.workbook.cell_text import cell_name, clean_line, comparable
from dinhky.workbook.form import Form, SheetForm
from dinhky.workbook.identity import IDENTITY_SHEET
from dinhky.workbook.read import RawWorkbook

HEADER_WITHIN = 30
"""The header row is looked for in the first rows of a sheet: people insert lines above it."""


@dataclass(frozen=True)
class FoundSheet:
    """A sheet of the form as it was found: its name there, the header's row and each column's number, from 1."""

    form: SheetForm
    name: str
    rows: list[list[Any]]
    errors: set[str]
    header_row: int
    columns: dict[str, int]

    def cell(self, row: int, key: str) -> str:
        return cell_name(row, self.columns[key])

    def filled_rows(self, total_words: tuple[str, ...]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Row number and values by column key, of every row a person wrote in. Help and total rows are passed over.

        What stands in prefilled columns alone makes a row only where every prefilled row wants an answer.
        """
        told = [column.key for column in self.form.columns if self.form.every_row or not column.prefilled]
        help_texts = {column.key: comparable(column.help) for column in self.form.columns if column.help}
        for number, row in enumerate(self.rows[self.header_row :], self.header_row + 1):
            values = {key: row[column - 1] if column <= len(row) else "" for key, column in self.columns.items()}
            has_error = bool(self.errors) and any(self.cell(number, key) in self.errors for key in told)
            if not has_error and all(values[key] == "" for key in told):
                continue
            texts = {key: comparable(value) for key, value in values.items()}
            if not has_error and not any(texts[key] for key in told):
                continue
            if all(text == help_texts.get(key, "") for key, text in texts.items()):
                continue
            if _is_total(row, total_words):
                continue
            yield number, values


def find_sheet(raw: RawWorkbook, form: Form, sheet: SheetForm) -> tuple[FoundSheet | None, list[Problem]]:
    """The form's sheet in the workbook, or why it cannot be used: it, or columns of it, are missing."""
    by_name = {comparable(name): name for name in reversed(raw.sheets)}
    name = by_name.get(comparable(sheet.name))
    if name is None:
        visible = [clean_line(other) for other in raw.sheets if other != IDENTITY_SHEET]
        params = {"sheet": sheet.name, "cell": "", "found": visible, "nearest": nearest(sheet.name, visible)}
        return None, [Problem("sheet_missing", form.place(sheet.name), params)]
    rows = raw.sheets[name]
    header_row, columns = _find_header(rows, sheet)
    missing = [column.header for column in sheet.columns if column.key not in columns]
    if missing:
        found = [clean_line(value) for value in rows[header_row - 1] if clean_line(value)] if header_row else []
        where = form.place(name, cell_name(header_row, 1)) if header_row else form.place(name)
        cell = cell_name(header_row, 1) if header_row else ""
        return None, [
            Problem("column_missing", where, {"sheet": name, "cell": cell, "expected": header, "found": found})
            for header in missing
        ]
    return FoundSheet(sheet, name, rows, raw.errors.get(name, set()), header_row, columns), []


def _find_header(rows: list[list[Any]], sheet: SheetForm) -> tuple[int, dict[str, int]]:
    """The row that holds most of the form's headers, counted from 1, and where each stands; 0 if none holds any."""
    keys = {comparable(column.header): column.key for column in sheet.columns}
    best: tuple[int, dict[str, int]] = (0, {})
    for number, row in enumerate(rows[:HEADER_WITHIN], 1):
        columns: dict[str, int] = {}
        for column, value in enumerate(row, 1):
            key = keys.get(comparable(value)) if value != "" else None
            if key:
                columns.setdefault(key, column)
        if len(columns) > len(best[1]):
            best = (number, columns)
    return best


def _is_total(row: list[Any], total_words: tuple[str, ...]) -> bool:
    """Whether the row's first text is "Tổng cộng" or the like, alone or followed by a colon."""
    first = next((comparable(value) for value in row if isinstance(value, str) and comparable(value)), "")
    return first.rstrip(" :.") in {comparable(word) for word in total_words}
