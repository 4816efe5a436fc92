"""From rows to content: every cell checked, every problem told with its place, what was found and what is expected."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from dinhky.domain.content import RECORDS
from dinhky.domain.errors import Problem
from dinhky.domain.plan import Plan, nearest
from dinhky.domain.same_item import bare_link, has_several_links, is_web_link
from dinhky.domain.schedule import Round
from dinhky.workbook.cell_text import clean, clean_line, comparable, shown
from dinhky.workbook.form import POINTS, Column, ColumnKind, Form
from dinhky.workbook.found_sheet import FoundSheet
from dinhky.workbook.typed_days import read_day, write_day
from dinhky.workbook.typed_values import LARGEST_COUNT, parse_number, read_count, write_number

LONGEST_CHOICE = 300
"""Characters of what may be one of a list's choices."""
ENOUGH = 200
"""Problems after which it is no longer guessed what was meant: a file is answered with the first hundred."""
_NONE_WHEN_BLANK = frozenset({ColumnKind.INTEGER, ColumnKind.NUMBER, ColumnKind.DATE})
_ONLY_DASHES = re.compile(r"[-–—.… ]*")
"""How people say that there is nothing to fill in."""


class _WrongValueError(Exception):
    """A value that cannot be taken: the problem's code and its facts."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


@dataclass(slots=True)
class _Cell:
    """A filled cell: its value as the file holds it and as tidy text; `taken` is what its row's other cells gave."""

    column: Column
    row: int
    value: Any
    text: str
    taken: dict[str, Any]


class SheetCheck:
    """Checks one sheet of one unit's workbook; `records`, `problems` and `questions` are its result.

    A question stops nothing: it tells what was understood, where that may not have been meant.
    """

    def __init__(self, form: Form, sheet: FoundSheet, plan: Plan, round_: Round) -> None:
        self._form = form
        self._sheet = sheet
        self._options = {
            column.key: form.options(column.choices, plan) for column in sheet.form.columns if column.choices
        }
        self._stored = {key: _by_spelling(tuple(options.items())) for key, options in self._options.items()}
        checks: dict[ColumnKind, Callable[[_Cell], Any]] = {
            ColumnKind.TEXT: self._text,
            ColumnKind.CHOICE: self._choice,
            ColumnKind.DATE: self._day,
            ColumnKind.INTEGER: self._count,
            ColumnKind.NUMBER: self._number,
            ColumnKind.LINK: self._link,
            ColumnKind.CODE: self._line,
        }
        self._columns = [(column, column.key, checks[column.kind]) for column in sheet.form.links_last]
        self._has_points = any("." in column.key for column in sheet.form.columns)
        self._days = {
            column.key: column.days(round_.window) for column in sheet.form.columns if column.kind is ColumnKind.DATE
        }
        self._seen: dict[tuple[Any, ...], int] = {}
        self._asked: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.records: list[Any] = []
        self.problems: list[Problem] = []
        for row in sheet.filled_rows:
            self._check_row(row.number, row.values)
        self.questions = list(self._questions())

    def _check_row(self, row: int, values: dict[str, Any]) -> None:
        taken: dict[str, Any] = {}
        wrong: list[tuple[Column, _WrongValueError]] = []
        for column, key, check in self._columns:
            try:
                if self._sheet.errors and not column.prefilled:
                    self._check_no_error(row, column)
                taken[key] = self._value(column, check, values[key], row, taken)
            except _WrongValueError as error:
                wrong.append((column, error))
        one_of = self._sheet.form.one_of
        if one_of and all(taken.get(key, "wrong") in ("", None) for key in one_of):
            wrong.append(self._one_missing())
        if wrong:
            self._report_all(row, sorted(wrong, key=lambda item: self._sheet.form.order[item[0].key]))
        self._check_duplicate(row, taken)
        if not wrong:
            fields = _by_field(taken) if self._has_points else taken
            self.records.append(RECORDS[self._sheet.form.key](row=row, **fields))

    def _report_all(self, row: int, wrong: list[tuple[Column, _WrongValueError]]) -> None:
        """Everything wrong in a row, in the order of its columns; columns left empty are told together."""
        missing = [column for column, fault in wrong if fault.code == "value_missing"]
        for column, fault in wrong:
            if len(missing) > 1 and column is missing[0]:
                self._report(row, column, fault.code, **self._missing(row, missing))
            elif len(missing) == 1 or fault.code != "value_missing":
                self._report(row, column, fault.code, **fault.params)

    def _missing(self, row: int, missing: list[Column]) -> dict[str, Any]:
        """Several required columns of one row that are empty. A row of our own is not for the sender to remove."""
        headers = [column.header for column in missing]
        others = [
            {"cell": self._sheet.cell(row, column.key), "column": column.header, "columns": [column.header]}
            for column in missing[1:]
        ]
        return {"columns": headers, "also": others, "may_be_removed": not self._sheet.form.is_prefilled}

    def _check_no_error(self, row: int, column: Column) -> None:
        if self._sheet.cell(row, column.key) in self._sheet.errors:
            raise _WrongValueError("cell_error")

    def _one_missing(self) -> tuple[Column, _WrongValueError]:
        columns = [column for column in self._sheet.form.columns if column.key in self._sheet.form.one_of]
        return columns[0], _WrongValueError("one_value_missing", columns=[column.header for column in columns])

    def _value(self, column: Column, check: Callable[[_Cell], Any], value: Any, row: int, taken: dict[str, Any]) -> Any:
        if column.prefilled:
            return clean_line(value)
        text = clean(value)
        if column.kind is ColumnKind.LINK and self._sheet.marks.links:
            text = self._led_to(column, text, row)
        if not text or (not text[0].isalnum() and _ONLY_DASHES.fullmatch(text)):
            if column.required:
                raise _WrongValueError("value_missing")
            return None if column.kind in _NONE_WHEN_BLANK else ""
        return check(_Cell(column, row, value, text, taken))

    def _text(self, cell: _Cell) -> str:
        if len(cell.text) > cell.column.max_length:
            raise _WrongValueError("text_too_long", found=len(cell.text), expected=cell.column.max_length)
        return cell.text

    def _line(self, cell: _Cell) -> str:
        cell.text = " ".join(cell.text.split())
        return self._text(cell)

    def _choice(self, cell: _Cell) -> str:
        known = self._stored[cell.column.key]
        stored = known.get(cell.text) or (len(cell.text) <= LONGEST_CHOICE and known.get(comparable(cell.text)))
        if not stored:
            expected = list(self._options[cell.column.key].values())
            nearest_one = _nearest_choice(cell.value, expected) if len(self.problems) < ENOUGH else ""
            facts = {"found": shown(cell.value), "nearest": nearest_one}
            raise _WrongValueError("choice_unknown", expected=expected, **facts)
        return stored

    def _day(self, cell: _Cell) -> date:
        allowed = self._days[cell.column.key]
        typed = read_day(cell.value, allowed)
        if typed.day is not None and typed.day in allowed:
            if not typed.has_own_year:
                self._ask(cell, "date_year_added", write_day(typed.day))
            return typed.day
        limits = {"expected_start": write_day(allowed.start), "expected_end": write_day(allowed.end)}
        if typed.could_be:
            days = [write_day(day) for day in typed.could_be]
            found = write_day(cell.value) if isinstance(cell.value, date) else shown(cell.value)
            raise _WrongValueError("date_unclear", found=found, days=days, **limits)
        if typed.day is None:
            raise _WrongValueError("date_unreadable", found=shown(cell.value), **limits)
        raise _WrongValueError("date_outside_window", found=write_day(typed.day), **limits)

    def _count(self, cell: _Cell) -> int:
        typed = read_count(cell.value)
        if typed.could_be is not None:
            raise _WrongValueError("number_unclear", found=shown(cell.value), could_be=typed.could_be)
        if typed.is_too_large:
            raise _WrongValueError(
                "number_too_large", found=shown(cell.value), expected=f"{LARGEST_COUNT:,}".replace(",", ".")
            )
        if typed.number is None:
            raise _WrongValueError("number_unreadable", found=shown(cell.value))
        if typed.number < 0:
            raise _WrongValueError("number_negative", found=str(typed.number))
        if typed.was_grouped:
            self._ask(cell, "number_grouped", typed.number)
        if cell.column.unusual_above is not None and typed.number > cell.column.unusual_above:
            self._ask(cell, "number_large", typed.number)
        return typed.number

    def _number(self, cell: _Cell) -> Decimal:
        number = parse_number(cell.value)
        lowest, highest = cell.column.minimum, cell.column.maximum
        limits = {"expected_min": write_number(lowest), "expected_max": write_number(highest)}
        if number is None:
            raise _WrongValueError("decimal_unreadable", found=shown(cell.value), **limits)
        if not lowest <= number <= highest:
            raise _WrongValueError("number_out_of_range", found=write_number(number), **limits)
        return number

    def _led_to(self, column: Column, text: str, row: int) -> str:
        """Where the cell leads, if what it shows is no address itself."""
        target = clean_line(self._sheet.marks.links.get(self._sheet.cell(row, column.key), ""))
        if len(target) > column.max_length or not is_web_link(target) or has_several_links(text):
            return text
        if not is_web_link(text):
            return target
        if bare_link(text) != bare_link(target):
            self._ask(_Cell(column, row, target, text, {}), "link_leads_elsewhere", shown(text))
        return text

    def _link(self, cell: _Cell) -> str:
        text = self._line(cell)
        wanted = cell.column.text_allowed_when
        if any(cell.taken.get(key) in allowed for key, allowed in wanted.items()):
            if has_several_links(text):
                self._ask(cell, "log_of_several_links", text)
            return text
        if is_web_link(text):
            return text
        if any(key not in cell.taken for key in wanted):  # the other column is wrong itself: one problem at a time
            return text
        if has_several_links(text):
            raise _WrongValueError("link_several", found=shown(text))
        raise _WrongValueError("link_not_web", found=shown(text))

    def _check_duplicate(self, row: int, taken: dict[str, Any]) -> None:
        """Told of a row that is wrong otherwise too, as far as what is compared could be read: else mending that would
        only bring this to light."""
        compared = self._sheet.form.same_when
        keys: list[tuple[str, str, tuple[Any, ...]]] = []
        if compared and all(key in taken for key in compared):
            keys = [("row", compared[0], tuple(_told(taken[key]) for key in compared))]
        for key in self._sheet.form.links:
            if is_web_link(taken.get(key) or ""):
                keys.insert(0, ("link", key, (bare_link(taken[key]),)))
        earlier = [(self._seen.setdefault((kind, *facts), row), kind, key) for kind, key, facts in keys]
        repeated = next(((first, kind, key) for first, kind, key in earlier if first != row), None)
        if repeated:
            first, kind, key = repeated
            column = next(column for column in self._sheet.form.columns if column.key == key)
            code = "duplicate_link" if kind == "link" else "duplicate_row"
            same = ", ".join(filter(None, (self._shown_again(name, taken[name]) for name in compared)))
            facts = {"found": self._shown_again(key, taken[key]), "same": same if kind == "row" else ""}
            self._report(row, column, code, earlier=self._sheet.cell(first, key), **facts)

    def _shown_again(self, key: str, value: Any) -> str:
        """A value that was taken, as its sender would type it."""
        return write_day(value) if isinstance(value, date) else shown(self._options.get(key, {}).get(value, value))

    def _report(self, row: int, column: Column, code: str, **facts: Any) -> None:
        cell = self._sheet.cell(row, column.key)
        params = {"sheet": self._sheet.name, "cell": cell, "column": column.header, **facts}
        self.problems.append(Problem(code, self._form.place(self._sheet.name, cell), params))

    def _ask(self, cell: _Cell, code: str, taken: Any) -> None:
        """Note what a cell was taken for; those of a column that ask the same are asked together."""
        place = self._sheet.cell(cell.row, cell.column.key)
        told = {"cell": place, "found": shown(cell.value), "taken": taken}
        self._asked.setdefault((code, cell.column.key), []).append(told)

    def _questions(self) -> Iterator[Problem]:
        headers = {column.key: column.header for column in self._sheet.form.columns}
        for (code, key), cells in self._asked.items():
            params = {"sheet": self._sheet.name, "cell": cells[0]["cell"], "column": headers[key], "cells": cells}
            yield Problem(code, self._form.place(self._sheet.name), params)


@lru_cache(maxsize=64)
def _by_spelling(options: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """What each choice is stored as, by its text and by that made comparable; of lists that every file is held to."""
    return {text: stored for stored, shown_text in options for text in (shown_text, comparable(shown_text))}


def _by_field(taken: dict[str, Any]) -> dict[str, Any]:
    """The values by field of the record: `points.<code>` go into `points` together, those left empty do not."""
    values = {key: value for key, value in taken.items() if "." not in key}
    points = {key.partition(".")[2]: value for key, value in taken.items() if "." in key}
    return values | {POINTS: {code: value for code, value in points.items() if value is not None}}


def _told(value: Any) -> Any:
    """What two values share that say the same."""
    return comparable(value) if isinstance(value, str) else value


def _nearest_choice(value: Any, expected: list[str]) -> str:
    """The choice meant, as far as can be told: the only one that contains what was typed, one that is spelled alike, or
    the only one that may be abbreviated so ("TTHC")."""
    typed = comparable(shown(value))
    by_comparable = {comparable(text): text for text in expected}
    containing = [text for key, text in by_comparable.items() if typed and typed in key]
    if len(containing) == 1:
        return containing[0]
    alike = nearest(typed, list(by_comparable))
    if alike:
        return by_comparable[alike]
    initials = _initials(shown(value))
    abbreviated = [text for text in expected if initials and initials in _initials(text, of_words=True)]
    return abbreviated[0] if len(abbreviated) == 1 else ""


def _initials(text: str, *, of_words: bool = False) -> str:
    """The first letters of words, and all letters of abbreviations; of a text without any, nothing is told, unless
    `of_words`."""
    words = re.findall(r"\w+", text)
    if not of_words and not any(len(word) > 1 and word.isupper() for word in words):
        return ""
    return "".join(word if word.isupper() else word[0] for word in words).casefold()
