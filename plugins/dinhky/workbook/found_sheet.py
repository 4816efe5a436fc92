"""From cells to the rows of a form: sheets found by name or by their headers, columns by header."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from dinhky.domain.errors import Problem
from dinhky.domain.plan import nearest
from dinhky.workbook.cell_text import cell_name, clean_line, comparable, shown
from dinhky.workbook.form import ColumnKind, Form, SheetForm
from dinhky.workbook.headers import Header, bare, find_header
from dinhky.workbook.identity import IDENTITY_SHEET
from dinhky.workbook.read import RawWorkbook
from dinhky.workbook.sheet_marks import NO_MARKS, SheetMarks

MOST_RENAMED = 8
"""Sheets that are looked through for the headers of one that is not found by name."""
_NOTHING = re.compile(r"[\W_]*")
"""Dashes and dots say that there is nothing to say, and a stray one far below says nothing at all."""
_ENDS = re.compile(r"(?!\w)")
_ENDS_IT = re.compile(r"\s*(?:[:.(=\d]|$)")
"""What follows "Tổng cộng" where nothing is named that was added up: the row need lack less to be a total."""
_COUNTED_ONCE = frozenset({ColumnKind.INTEGER, ColumnKind.NUMBER})


@dataclass(frozen=True)
class FilledRow:
    """A row in which a person wrote: its number from 1, and the values by column key."""

    number: int
    values: dict[str, Any]


@dataclass(frozen=True)
class FoundSheet:
    """A sheet of the form as it was found: its name there, its rows, and the header's place."""

    form: SheetForm
    name: str
    rows: list[list[Any]]
    header: Header
    total_words: tuple[str, ...]
    marks: SheetMarks = NO_MARKS

    @property
    def errors(self) -> frozenset[str]:
        """The cells that show an Excel error: they are read as empty."""
        return self.marks.errors

    def cell(self, row: int, key: str) -> str:
        return cell_name(row, self.header.columns[key])

    @property
    def filled_rows(self) -> list[FilledRow]:
        """Every row that a person wrote in, but for help, totals and repeated headers."""
        return self._sorted_out[0]

    @property
    def total_rows(self) -> list[int]:
        """The numbers of the rows that were taken for totals."""
        return self._sorted_out[1]

    @cached_property
    def spread(self) -> dict[tuple[int, int], tuple[int, int]]:
        """The cells that show the value of a cell above, merged with them: row and column of each, and of the other.

        Numbers are not spread: counted in every row they would be counted several times.
        """
        spreading = {
            self.header.columns[column.key]
            for column in self.form.columns
            if column.kind not in _COUNTED_ONCE and not column.prefilled
        }
        found: dict[tuple[int, int], tuple[int, int]] = {}
        room = len(self.rows) * len(spreading)  # for merged cells that do not overlap, as no program lets them
        for top, left, bottom, _ in self.marks.merges:
            if top > self.header.row and left in spreading:
                below = range(top + 1, min(bottom, len(self.rows)) + 1)
                room -= len(below)
                if room < 0:
                    break
                found |= {(row, left): (top, left) for row in below}
        return found

    @cached_property
    def _sorted_out(self) -> tuple[list[FilledRow], list[int]]:
        """Filled rows, and the numbers of total rows.

        What stands in prefilled columns alone makes a row only where every prefilled row wants an answer; what a merged
        cell shows in further rows makes none.
        """
        told, filled, totals = self.form.told, [], []
        places = [self.header.columns[key] - 1 for key in told]
        for number, row in enumerate(self.rows[self.header.row :], self.header.row + 1):
            if not self.errors and _is_empty(row, places):
                continue
            values = {key: row[at - 1] if at <= len(row) else "" for key, at in self.header.columns.items()}
            has_error = bool(self.errors) and any(self.cell(number, key) in self.errors for key in told)
            if not has_error and all(says_nothing(values[key]) for key in told):
                continue
            if self.spread:
                values |= self._shown_in(number)
            if self._is_printed(values, told[0]):
                continue
            if self._is_total(row, values):
                totals.append(number)
            else:
                filled.append(FilledRow(number, values))
        return filled, totals

    def _shown_in(self, number: int) -> dict[str, Any]:
        """The values of merged cells above that this row shows."""
        shown = {}
        for key, position in self.header.columns.items():
            above = self.spread.get((number, position))
            if above and above[1] <= len(self.rows[above[0] - 1]):
                shown[key] = self.rows[above[0] - 1][above[1] - 1]
        return shown

    def _is_printed(self, values: dict[str, Any], first: str) -> bool:
        """Whether the row repeats the headers, or the help under them."""
        if not _may_begin(values[first], self.form.printed_letters):
            return False
        text = comparable(values[first])
        return any(
            text == known[first] and all(comparable(values[key]) == known[key] for key in values)
            for known in self.form.printed
        )

    @cached_property
    def _total_letters(self) -> set[str]:
        return {word[:1] for word in self.total_words}

    def _is_total(self, row: list[Any], values: dict[str, Any]) -> bool:
        """Whether the row begins with "Tổng cộng" or the like, and lacks what a row of data must have."""
        text = next((value for value in row if isinstance(value, str) and not says_nothing(value)), "")
        if not _may_begin(text, self._total_letters):
            return False
        first = comparable(text)
        word = next((word for word in self.total_words if first.startswith(word) and _ENDS.match(first, len(word))), "")
        if not word:
            return False
        required = self.form.required
        lacking = sum(says_nothing(values[key]) for key in required)
        is_named = " " in word and 2 * lacking > len(required)  # "Tổng số tin, bài": one word might begin a name
        return is_named or bool(lacking and _ENDS_IT.match(first, len(word)))


def _may_begin(value: Any, letters: Set[str]) -> bool:
    """A quick look at a text's first letter, right for plain ones: most rows are data, and say nothing like that."""
    first = value[:1].casefold() if isinstance(value, str) else ""
    return first in letters or not (first.isascii() and first.isalnum())


def _is_empty(row: list[Any], places: list[int]) -> bool:
    """A quick look at a row, right for those in which nothing at all was written: most rows of a form."""
    return row.count("") == len(row) or all(place >= len(row) or row[place] == "" for place in places)


def says_nothing(value: Any) -> bool:
    """Whether a cell is empty, or holds only spaces, dashes and dots."""
    if not isinstance(value, str):
        return False
    return not value or (not value[0].isalnum() and _NOTHING.fullmatch(value) is not None)


def find_sheets(raw: RawWorkbook, form: Form) -> tuple[list[FoundSheet], list[Problem]]:
    """The form's sheets in the workbook, and why others cannot be used: they, or columns of them, are missing."""
    names = _names(raw, form)
    found, problems = [], []
    for sheet in form.sheets:
        name = names.get(sheet.key)
        if name is None:
            visible = [clean_line(other) for other in raw.sheets if other != IDENTITY_SHEET]
            params = {"sheet": sheet.name, "cell": "", "found": visible, "nearest": nearest(sheet.name, visible)}
            problems.append(Problem("sheet_missing", form.place(sheet.name), params))
            continue
        rows = raw.sheets[name]
        header = find_header(rows, sheet)
        missing = [column.header for column in sheet.columns if column.key not in header.columns]
        if missing:
            problems += _columns_missing(form, name, rows, header, missing)
            continue
        found.append(FoundSheet(sheet, name, rows, header, form.words_of_totals, raw.marks.of(name)))
    return found, problems


def recorded_count(raw: RawWorkbook, form: Form) -> int:
    """How many posts the sheet of what was told before shows: with them, a workbook need say nothing more."""
    shown = raw.sheets.get(form.recorded.name) if form.recorded else None
    if form.recorded is None or shown is None:
        return 0
    header = find_header(shown, form.recorded, likeness=False)
    places = list(header.columns.values())
    helps = {comparable(column.help) for column in form.recorded.columns}
    rows = ([row[place - 1] for place in places if place <= len(row)] for row in shown[header.row :])
    return sum(all(not says_nothing(cell) and comparable(cell) not in helps for cell in row) for row in rows if row)


def _names(raw: RawWorkbook, form: Form) -> dict[str, str]:
    """What each sheet of the form is called in the workbook: its name, spelled any way, or that of the only other sheet
    with all its headers."""
    exact = {comparable(name): name for name in reversed(raw.sheets)}
    names = {sheet.key: exact[comparable(sheet.name)] for sheet in form.sheets if comparable(sheet.name) in exact}
    if len(names) == len(form.sheets):
        return names
    printed = {bare(name) for name in form.other_sheets} | {bare(IDENTITY_SHEET)}
    free = [name for name in raw.sheets if name not in names.values() and bare(name) not in printed]
    for sheet in form.sheets:
        if sheet.key not in names:
            alike = [name for name in free if bare(name) == bare(sheet.name)] or [
                name
                for name in free[:MOST_RENAMED]
                if len(find_header(raw.sheets[name], sheet, likeness=False).columns) == len(sheet.columns)
            ]
            if len(alike) == 1:
                names[sheet.key] = alike[0]
                free.remove(alike[0])
    return names


def _columns_missing(
    form: Form, name: str, rows: list[list[Any]], header: Header, missing: Iterable[str]
) -> list[Problem]:
    found = [text for value in rows[header.row - 1] if (text := shown(value))] if header.row else []
    cell = cell_name(header.row, 1) if header.row else ""
    return [
        Problem(
            "column_missing", form.place(name, cell), {"sheet": name, "cell": cell, "expected": one, "found": found}
        )
        for one in missing
    ]
