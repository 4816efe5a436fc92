"""Where a sheet's columns stand: by header, whatever people did to it."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from dinhky.workbook.cell_text import clean_line, comparable
from dinhky.workbook.form import SheetForm

HEADER_WITHIN = 30
"""The header row is looked for in the first rows of a sheet: people insert lines above it."""
ALIKE = 0.8
"""From this likeness on (difflib's ratio) a header is taken for another, and the sender asked."""
LONGEST_HEADER = 120
"""Characters of what may be a header: comparing longer texts would take long, and our own have fifty."""
_WORDS = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Header:
    """The row with most of the headers, counted from 1 (0: none holds any), and each column's number, by its key.

    `taken_as` has the header found of columns that were recognised by likeness only.
    """

    row: int = 0
    columns: dict[str, int] = field(default_factory=dict)
    taken_as: dict[str, str] = field(default_factory=dict)


def find_header(rows: Sequence[Sequence[Any]], sheet: SheetForm, *, likeness: bool = True) -> Header:
    """The header of a form's sheet. Without `likeness` only headers and their other names count, spelled any way."""
    best = Header()
    for number, row in enumerate(rows[:HEADER_WITHIN], 1):
        columns = _known(row, sheet.by_header, comparable)
        if len(columns) > len(best.columns):
            best = Header(number, columns)
            if len(columns) == len(sheet.columns):
                return best
    names = {bare(name): column.key for column in sheet.columns for name in (*column.also_called, column.header)}
    for number, row in enumerate(rows[:HEADER_WITHIN], 1):
        columns = _known(row, names, bare)
        if len(columns) > len(best.columns):
            best = Header(number, columns)
    if likeness and 2 * len(best.columns) >= len(sheet.columns):  # else it may be no header at all
        return _with_alike(best, rows[best.row - 1], sheet)
    return best


def bare(value: Any) -> str:
    """What two spellings of a header share: its letters and numbers, without accents, case, marks and spaces."""
    return _bare(clean_line(value))


@lru_cache(maxsize=1024)
def _bare(line: str) -> str:
    letters = unicodedata.normalize("NFD", line.casefold()).replace("đ", "d")
    return "".join(_WORDS.findall("".join(letter for letter in letters if not unicodedata.combining(letter))))


def _known(row: Sequence[Any], names: dict[str, str], spelled: Any) -> dict[str, int]:
    columns: dict[str, int] = {}
    for position, value in enumerate(row, 1):
        if _may_be_header(value) and (key := names.get(spelled(value))):
            columns.setdefault(key, position)
    return columns


def _may_be_header(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_HEADER


def _with_alike(header: Header, row: Sequence[Any], sheet: SheetForm) -> Header:
    """The header with columns that look like those not found; none is taken for two."""
    columns, taken_as = dict(header.columns), {}
    free = {
        position: bare(value)
        for position, value in enumerate(row, 1)
        if _may_be_header(value) and bare(value) and position not in columns.values()
    }
    for column in sheet.columns:
        if column.key in columns:
            continue
        names = [bare(name) for name in (column.header, *column.also_called)]
        likeness = {
            position: max(difflib.SequenceMatcher(None, text, name).ratio() for name in names)
            for position, text in free.items()
        }
        position = max(likeness, key=lambda one: likeness[one], default=0)
        if position and likeness[position] >= ALIKE:
            columns[column.key] = position
            taken_as[column.key] = clean_line(row[position - 1])
            del free[position]
    return Header(header.row, columns, taken_as)
