"""Dates and numbers as people type them. What can be read in two ways is not read at all."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from dinhky.workbook.cell_text import clean_line

_DAY_MONTH_YEAR = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})")
_YEAR_MONTH_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_MIDNIGHT = re.compile(r"[ T]00?:00(:00(\.0+)?)?$")
_WHOLE_NUMBER = re.compile(r"[+-]?\d+")
_GROUPED_NUMBER = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+")
_DECIMAL_NUMBER = re.compile(r"([+-]?\d{1,9})(?:[.,](\d{1,6}))?")
_EXCEL_EPOCH = date(1899, 12, 30)
_SERIALS_OF_THIS_CENTURY = range(36526, 73051)
"""Excel's numbers for the days from 1/1/2000 to 31/12/2099."""
LARGEST_COUNT = 100_000_000
DECIMALS = 4
"""How many decimals of a number are kept: what a formula leaves beyond is noise."""


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


def parse_number(value: Any) -> Decimal | None:
    """The number a cell means, or None if it is none or could be two: "1,5" and "1.5" are one and a half, while
    "1.500" might be one and a half or fifteen hundred.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _rounded(Decimal(repr(value))) if value == value and abs(value) <= LARGEST_COUNT else None
    text = clean_line(value) if isinstance(value, str) else ""
    found = _DECIMAL_NUMBER.fullmatch(text) if text.isascii() else None
    if not found or _GROUPED_NUMBER.fullmatch(text):
        return None
    return _rounded(Decimal(text.replace(",", ".")))


def write_number(number: Decimal) -> str:
    """`8,5`, `10`: as Vietnamese write a decimal, without needless zeros."""
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace(".", ",")


def _rounded(number: Decimal) -> Decimal:
    rounded = round(number, DECIMALS)
    whole = rounded.to_integral_value()
    return whole if rounded == whole else rounded.normalize()


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
