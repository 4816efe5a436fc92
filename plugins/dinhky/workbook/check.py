"""From rows to content: every cell checked, every problem told with its place, what was found and what is expected."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from dinhky.domain.content import RECORDS
from dinhky.domain.errors import Problem
from dinhky.domain.plan import Plan, nearest
from dinhky.domain.same_item import bare_link, is_web_link
from dinhky.domain.schedule import Round
from dinhky.workbook.cell_text import clean, clean_line, comparable
from dinhky.workbook.form import POINTS, Column, ColumnKind, Form
from dinhky.workbook.found_sheet import FoundSheet
from dinhky.workbook.typed_days import read_day, write_day
from dinhky.workbook.typed_values import parse_number, read_count, write_number

SHOWN = 80
"""How many characters of a wrong value are quoted back."""
_NONE_WHEN_BLANK = frozenset({ColumnKind.INTEGER, ColumnKind.NUMBER, ColumnKind.DATE})
_ONLY_DASHES = re.compile(r"[-–—.… ]*")
"""How people say that there is nothing to fill in."""


class _WrongValueError(Exception):
    """A value that cannot be taken: the problem's code and its facts."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


class SheetCheck:
    """Checks one sheet of one unit's workbook; `records`, `problems` and `questions` are its result.

    A question stops nothing: it tells what was understood, where that may not have been meant.
    """

    def __init__(self, form: Form, sheet: FoundSheet, plan: Plan, round_: Round) -> None:
        self._form = form
        self._sheet = sheet
        self._window = round_.window
        self._options = {
            column.key: form.options(column.choices, plan) for column in sheet.form.columns if column.choices
        }
        self._stored = {
            key: {comparable(text): stored for stored, text in options.items()}
            for key, options in self._options.items()
        }
        self._checks: dict[ColumnKind, Callable[[Column, Any, str, int, dict[str, Any]], Any]] = {
            ColumnKind.TEXT: self._text,
            ColumnKind.CHOICE: self._choice,
            ColumnKind.DATE: self._day,
            ColumnKind.INTEGER: self._count,
            ColumnKind.NUMBER: self._number,
            ColumnKind.LINK: self._link,
            ColumnKind.CODE: self._line,
        }
        self._links_last = sorted(sheet.form.columns, key=lambda column: bool(column.text_allowed_when))
        self._order = {column.key: position for position, column in enumerate(sheet.form.columns)}
        self._linked = [column.key for column in sheet.form.columns if column.kind is ColumnKind.LINK]
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
        for column in self._links_last:
            try:
                if self._sheet.errors and not column.prefilled:
                    self._check_no_error(row, column)
                taken[column.key] = self._value(column, values[column.key], row, taken)
            except _WrongValueError as error:
                wrong.append((column, error))
        lacking = [taken.get(key, "wrong") in ("", None) for key in self._sheet.form.one_of]
        if lacking and all(lacking):
            wrong.append(self._one_missing())
        for column, fault in sorted(wrong, key=lambda item: self._order[item[0].key]):
            self._report(row, column, fault.code, **fault.params)
        if not wrong:
            self._check_duplicate(row, taken)
            self.records.append(RECORDS[self._sheet.form.key](row=row, **_by_field(taken)))

    def _check_no_error(self, row: int, column: Column) -> None:
        if self._sheet.cell(row, column.key) in self._sheet.errors:
            raise _WrongValueError("cell_error")

    def _one_missing(self) -> tuple[Column, _WrongValueError]:
        columns = [column for column in self._sheet.form.columns if column.key in self._sheet.form.one_of]
        return columns[0], _WrongValueError("one_value_missing", columns=[column.header for column in columns])

    def _value(self, column: Column, value: Any, row: int, taken: dict[str, Any]) -> Any:
        if column.prefilled:
            return clean_line(value)
        text = clean(value)
        if column.kind is ColumnKind.LINK:
            text = self._led_to(column, text, row)
        if not text or (_ONLY_DASHES.fullmatch(text) and not text.isalnum()):
            if column.required:
                raise _WrongValueError("value_missing")
            return None if column.kind in _NONE_WHEN_BLANK else ""
        return self._checks[column.kind](column, value, text, row, taken)

    def _text(self, column: Column, _value: Any, text: str, _row: int, _: dict[str, Any]) -> str:
        if len(text) > column.max_length:
            raise _WrongValueError("text_too_long", found=len(text), expected=column.max_length)
        return text

    def _line(self, column: Column, value: Any, text: str, row: int, taken: dict[str, Any]) -> str:
        return self._text(column, value, " ".join(text.split()), row, taken)

    def _choice(self, column: Column, value: Any, _text: str, _row: int, _: dict[str, Any]) -> str:
        stored = self._stored[column.key].get(comparable(value))
        if stored is None:
            expected = list(self._options[column.key].values())
            raise _WrongValueError(
                "choice_unknown", found=shown(value), expected=expected, nearest=_nearest_choice(value, expected)
            )
        return stored

    def _day(self, column: Column, value: Any, _text: str, row: int, _: dict[str, Any]) -> date:
        allowed = column.days(self._window)
        limits = {"expected_start": write_day(allowed.start), "expected_end": write_day(allowed.end)}
        typed = read_day(value, allowed)
        if typed.could_be:
            found = shown(value) if isinstance(value, str) else ""
            raise _WrongValueError(
                "date_unclear", found=found, days=[write_day(day) for day in typed.could_be], **limits
            )
        if typed.day is None:
            raise _WrongValueError("date_unreadable", found=shown(value), **limits)
        if typed.day not in allowed:
            raise _WrongValueError("date_outside_window", found=write_day(typed.day), **limits)
        if not typed.has_own_year:
            self._ask(row, column, "date_year_added", found=shown(value), taken=write_day(typed.day))
        return typed.day

    def _count(self, column: Column, value: Any, _text: str, row: int, _: dict[str, Any]) -> int:
        typed = read_count(value)
        if typed.number is None:
            code = "number_unreadable" if typed.could_be is None else "number_unclear"
            raise _WrongValueError(code, found=shown(value), could_be=typed.could_be)
        if typed.number < 0:
            raise _WrongValueError("number_negative", found=typed.number)
        if typed.was_grouped:
            self._ask(row, column, "number_grouped", found=shown(value), taken=typed.number)
        if column.unusual_above is not None and typed.number > column.unusual_above:
            self._ask(row, column, "number_large", found=shown(value), taken=typed.number)
        return typed.number

    def _number(self, column: Column, value: Any, _text: str, _row: int, _: dict[str, Any]) -> Decimal:
        number = parse_number(value)
        limits = {"expected_min": write_number(column.minimum), "expected_max": write_number(column.maximum)}
        if number is None:
            raise _WrongValueError("decimal_unreadable", found=shown(value), **limits)
        if not column.minimum <= number <= column.maximum:
            raise _WrongValueError("number_out_of_range", found=write_number(number), **limits)
        return number

    def _led_to(self, column: Column, text: str, row: int) -> str:
        """Where the cell leads, if what it shows is no address itself."""
        target = (
            clean_line(self._sheet.marks.links.get(self._sheet.cell(row, column.key), "")) if self._has_links else ""
        )
        if not is_web_link(target):
            return text
        if not is_web_link(text):
            return target
        if bare_link(text) != bare_link(target):
            self._ask(row, column, "link_leads_elsewhere", found=shown(target), taken=shown(text))
        return text

    @property
    def _has_links(self) -> bool:
        return bool(self._sheet.marks.links)

    def _link(self, column: Column, value: Any, text: str, row: int, taken: dict[str, Any]) -> str:
        text = self._line(column, value, text, row, taken)
        text_allowed = any(taken.get(key) in allowed for key, allowed in column.text_allowed_when.items())
        if text_allowed or is_web_link(text):
            return text
        undecided = any(key not in taken for key in column.text_allowed_when)
        if undecided:  # the other column is wrong itself: one problem at a time
            return text
        raise _WrongValueError("link_not_web", found=shown(text))

    def _check_duplicate(self, row: int, taken: dict[str, Any]) -> None:
        compared = self._sheet.form.same_when
        keys = [("row", compared[0], tuple(comparable(taken[key]) for key in compared))] if compared else []
        for key in self._linked:
            if is_web_link(taken[key]):
                keys.insert(0, ("link", key, (bare_link(taken[key]),)))
        earlier = [(self._seen.setdefault((kind, *facts), row), kind, key) for kind, key, facts in keys]
        repeated = next(((first, kind, key) for first, kind, key in earlier if first != row), None)
        if repeated:
            first, kind, key = repeated
            column = next(column for column in self._sheet.form.columns if column.key == key)
            code = "duplicate_link" if kind == "link" else "duplicate_row"
            self._report(row, column, code, found=shown(taken[key]), earlier=self._sheet.cell(first, key))

    def _report(self, row: int, column: Column, code: str, **facts: Any) -> None:
        cell = self._sheet.cell(row, column.key)
        params = {"sheet": self._sheet.name, "cell": cell, "column": column.header, **facts}
        self.problems.append(Problem(code, self._form.place(self._sheet.name, cell), params))

    def _ask(self, row: int, column: Column, code: str, **facts: Any) -> None:
        self._asked.setdefault((code, column.key), []).append({"cell": self._sheet.cell(row, column.key), **facts})

    def _questions(self) -> Iterator[Problem]:
        """One question for all the cells of a column that ask the same."""
        headers = {column.key: column.header for column in self._sheet.form.columns}
        for (code, key), cells in self._asked.items():
            params = {"sheet": self._sheet.name, "cell": cells[0]["cell"], "column": headers[key], "cells": cells}
            yield Problem(code, self._form.place(self._sheet.name), params)


def _by_field(taken: dict[str, Any]) -> dict[str, Any]:
    """The values by field of the record: `points.<code>` go into `points` together, those left empty do not."""
    values = {key: value for key, value in taken.items() if "." not in key}
    points = {key.partition(".")[2]: value for key, value in taken.items() if "." in key}
    return values | {POINTS: {code: value for code, value in points.items() if value is not None}} if points else values


def shown(value: Any) -> str:
    """A wrong value as it is quoted back: one line, shortened."""
    text = clean_line(value)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _nearest_choice(value: Any, expected: list[str]) -> str:
    """The choice meant, as far as can be told: spelled alike, or the only one that contains what was typed."""
    typed = comparable(shown(value))
    by_comparable = {comparable(text): text for text in expected}
    containing = [text for key, text in by_comparable.items() if typed and typed in key]
    alike = nearest(typed, list(by_comparable))
    if alike:
        return by_comparable[alike]
    return containing[0] if len(containing) == 1 else ""
