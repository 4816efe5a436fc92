"""Days as people type them. What can be read in two ways is not read at all: the ways are named, and asked about."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from dinhky.domain.period import Dates
from dinhky.workbook.cell_text import clean_line

_MONTH_NAMES = {
    "một": 1,
    "giêng": 1,
    "hai": 2,
    "ba": 3,
    "bốn": 4,
    "tư": 4,
    "năm": 5,
    "sáu": 6,
    "bảy": 7,
    "bẩy": 7,
    "tám": 8,
    "chín": 9,
    "mười": 10,
    "mười một": 11,
    "mười hai": 12,
    "chạp": 12,
}
_CLOCK = r"(?:lúc )?\d{1,2}\s?(?:giờ|h|g|:)(?:\s?\d{0,2})(?: phút)?(?::\d{2}(?:\.0+)?)?"
_WEEKDAY = r"(?:thứ (?:hai|ba|tư|bốn|năm|sáu|bảy|[2-7])|chủ nhật|cn|t[2-7])"
_BEFORE = re.compile(rf"(?:{_CLOCK}\s*[,;]?\s*)?(?:{_WEEKDAY}\s*[,;]?\s*)?(?:ngày\s+)?", re.ASCII)
"""What may stand before a day and says nothing of it: an hour, the weekday, the word "ngày"."""
_AFTER = re.compile(rf"(?:[\s,;t]+{_CLOCK})?[\s.,;]*$", re.ASCII)
_BY_NUMBERS = re.compile(r"(\d{1,2})\s?([/.-])\s?(\d{1,2})(?:\s?\2\s?(\d{4}|\d{2}))?", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})([/.-])(\d{1,2})\2(\d{1,2})", re.ASCII)
_BY_WORDS = re.compile(
    rf"(\d{{1,2}}) tháng (\d{{1,2}}|{'|'.join(sorted(_MONTH_NAMES, key=len, reverse=True))})"
    r"(?:\s?[,/.-]?\s?(?:năm )?(\d{4}|\d{2}))?",
    re.ASCII,
)
_EXCEL_EPOCH = date(1899, 12, 30)
_SERIALS_OF_THIS_CENTURY = range(36526, 73051)
"""Excel's numbers for the days from 1/1/2000 to 31/12/2099."""
_CENTURY = 2000
_LONGEST = 80
"""No day takes more characters, with weekday and hour."""


@dataclass(frozen=True)
class TypedDay:
    """What a cell means as a day: exactly one of these.

    `day` is certain, though it may lie outside the days allowed; `has_own_year` says whether the year was typed.
    Without a certain day, `could_be` are the days it could mean, for the sender to choose from: none if it is no day.
    """

    day: date | None = None
    has_own_year: bool = True
    could_be: tuple[date, ...] = ()


NO_DAY = TypedDay()


def read_day(value: Any, allowed: Dates) -> TypedDay:
    """The day a cell means, where one of `allowed` is expected.

    Takes real dates, `15/3/2026` with any of `/ . -` (day first, as Vietnamese write), `ngày 15 tháng 3 năm 2026`,
    `2026-03-15`, a date that lost its format (46096), each with a weekday or an hour beside it. A missing year, or its
    first half, is taken from `allowed` if it fits there once. Where day and month could have been exchanged (04/3 typed
    into an Excel set to American dates) and only the exchange lies in `allowed`, both days are named.
    """
    if isinstance(value, bool):
        return NO_DAY
    if isinstance(value, date):  # a datetime is one too
        return _certain(value.date() if isinstance(value, datetime) else value, allowed)
    if isinstance(value, int | float):
        whole = int(value) if math.isfinite(value) else 0
        if whole != value or whole not in _SERIALS_OF_THIS_CENTURY:  # a float would be looked for one by one
            return NO_DAY
        return _certain(_EXCEL_EPOCH + timedelta(days=whole), allowed)
    text = clean_line(value).casefold()
    if len(text) > _LONGEST:
        return NO_DAY
    before = _BEFORE.match(text)
    text = _AFTER.sub("", text[before.end() if before else 0 :], count=1)
    if found := _YEAR_FIRST.fullmatch(text):
        day = _day_or_none(int(found[1]), int(found[3]), int(found[4]))
        return TypedDay(day) if day else NO_DAY
    if found := _BY_NUMBERS.fullmatch(text):
        return _by_numbers(int(found[1]), int(found[3]), found[4], allowed)
    if found := _BY_WORDS.fullmatch(text):
        month = _MONTH_NAMES.get(found[2]) or int(found[2])
        return _by_words(int(found[1]), month, found[3], allowed)
    return NO_DAY


def write_day(day: date) -> str:
    """`14/3/2026`: days below 10 and months 1 and 2 are padded with a zero, as Decree 30/2020 has it."""
    return f"{day.day:02d}/{day.month:02d}/{day.year}" if day.month <= 2 else f"{day.day:02d}/{day.month}/{day.year}"


def _certain(day: date, allowed: Dates) -> TypedDay:
    """A full date: certain, unless it lies outside what is allowed while its day and month exchanged lie inside."""
    exchanged = None if day in allowed else _day_or_none(day.year, day.day, day.month)
    if exchanged and exchanged in allowed:
        return TypedDay(could_be=tuple(sorted((day, exchanged))))
    return TypedDay(day)


def _by_numbers(first: int, second: int, year: str | None, allowed: Dates) -> TypedDay:
    if not year:
        own, other = _in_any_year(first, second, allowed), _in_any_year(second, first, allowed)
        return TypedDay(own[0], has_own_year=False) if len(own) == 1 else TypedDay(could_be=own or other)
    full_year = int(year) if len(year) == 4 else _CENTURY + int(year)
    day = _day_or_none(full_year, second, first)
    if day:
        return _certain(day, allowed)
    american = _day_or_none(full_year, first, second)
    return TypedDay(could_be=(american,)) if american else NO_DAY


def _by_words(day: int, month: int, year: str | None, allowed: Dates) -> TypedDay:
    if not year:
        found = _in_any_year(day, month, allowed)
        return TypedDay(found[0], has_own_year=False) if len(found) == 1 else TypedDay(could_be=found)
    named = _day_or_none(int(year) if len(year) == 4 else _CENTURY + int(year), month, day)
    return TypedDay(named) if named else NO_DAY


def _in_any_year(day: int, month: int, allowed: Dates) -> tuple[date, ...]:
    """Every day of that name among those allowed."""
    named: Iterable[date | None] = (
        _day_or_none(year, month, day) for year in range(allowed.start.year, allowed.end.year + 1)
    )
    return tuple(found for found in named if found and found in allowed)


def _day_or_none(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
