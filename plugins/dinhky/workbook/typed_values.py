"""Dates and whole numbers as people type them. What can be read in two ways is not read at all."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any

from dinhky.workbook.cell_text import clean_line

_DAY_MONTH_YEAR = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})")
_YEAR_MONTH_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_MIDNIGHT = re.compile(r"[ T]00?:00(:00(\.0+)?)?$")
_WHOLE_NUMBER = re.compile(r"[+-]?\d+")
_GROUPED_NUMBER = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+")
_EXCEL_EPOCH = date(1899, 12, 30)
_SERIALS_OF_THIS_CENTURY = range(36526, 73051)
"""Excel's numbers for the days from 1/1/2000 to 31/12/2099."""
LARGEST_COUNT = 100_000_000


def parse_day(value: Any) -> date | None:
    """The day a cell means, or None if it cannot be told.

    Takes real dates, `15/3/2026`, `15.03.2026`, `15-3-2026` (day first, as Vietnamese write), `2026-03-15`, and a date
    that lost its format (46096). A missing or two-digit year is not guessed.
    """
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        is_day = value == value and value in _SERIALS_OF_THIS_CENTURY
        return _EXCEL_EPOCH + timedelta(days=int(value)) if is_day else None
    text = _MIDNIGHT.sub("", clean_line(value))
    if found := _DAY_MONTH_YEAR.fullmatch(text):
        return _day_or_none(int(found[4]), int(found[3]), int(found[1]))
    if found := _YEAR_MONTH_DAY.fullmatch(text):
        return _day_or_none(int(found[1]), int(found[2]), int(found[3]))
    return None


def write_day(day: date) -> str:
    """`14/3/2026`: days below 10 and months 1 and 2 are padded with a zero, as Decree 30/2020 has it."""
    return f"{day.day:02d}/{day.month:02d}/{day.year}" if day.month <= 2 else f"{day.day:02d}/{day.month}/{day.year}"


def parse_whole_number(value: Any) -> int | None:
    """The whole number a cell means, or None if it is none: words, fractions, NaN, infinity, or absurdly large.

    In text a dot groups thousands, as Vietnamese write: "10.361" is ten thousand. A comma is a decimal sign: not whole.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        number = int(value) if value.is_integer() else None
    elif isinstance(value, int):
        number = value
    elif isinstance(value, str):
        number = _number_in(clean_line(value))
    else:
        number = None
    return number if number is not None and abs(number) <= LARGEST_COUNT else None


def _number_in(text: str) -> int | None:
    if len(text) > 20 or not text.isascii():
        return None
    if _WHOLE_NUMBER.fullmatch(text):
        return int(text)
    return int(text.replace(".", "")) if _GROUPED_NUMBER.fullmatch(text) else None


def _day_or_none(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
