"""Numbers as people type them. What can be read in two ways is not read at all: the other way is asked about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dinhky.workbook.cell_text import clean_line

_WHOLE_NUMBER = re.compile(r"[+-]?\d+")
_GROUPED_NUMBER = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+")
_GROUPED_BY_COMMAS = re.compile(r"[1-9]\d{0,2}(,\d{3})+")
_DECIMAL_NUMBER = re.compile(r"([+-]?\d{1,9})(?:[.,](\d{1,6}))?")
LARGEST_COUNT = 100_000_000
DECIMALS = 4
"""How many decimals of a number are kept: what a formula leaves beyond is noise."""


@dataclass(frozen=True)
class TypedCount:
    """What a cell means as a whole number. `number` is certain; `was_grouped` says that dots grouped its thousands.

    Without a certain number, `could_be` is the one that it may have been meant for, if there is one; `is_too_large`
    says that it is a number, but none of people: a telephone's, as a rule.
    """

    number: int | None = None
    was_grouped: bool = False
    could_be: int | None = None
    is_too_large: bool = False


NO_COUNT = TypedCount()


def read_count(value: Any) -> TypedCount:
    """The whole number a cell means; none for words, fractions, NaN, infinity.

    In text a dot groups thousands, as Vietnamese write: "10.361" is ten thousand. A comma is a decimal sign, so
    "10,361" is no whole number, and neither is the number 10.361 in a cell; but either may be ten thousand, typed into
    an Excel set to another country's signs.
    """
    if isinstance(value, bool):
        return NO_COUNT
    if isinstance(value, float):
        if value.is_integer():
            return _within(TypedCount(int(value)))
        thousands = round(value * 1000, 6)
        has_three_places = abs(value) < 1000 <= thousands and thousands == int(thousands) and thousands % 10
        return TypedCount(could_be=int(thousands)) if has_three_places else NO_COUNT
    if isinstance(value, int):
        return _within(TypedCount(value))
    text = clean_line(value) if isinstance(value, str) else ""
    if len(text) > 20 or not text.isascii():
        return NO_COUNT
    if _WHOLE_NUMBER.fullmatch(text):
        return _within(TypedCount(int(text)))
    if _GROUPED_NUMBER.fullmatch(text):
        return _within(TypedCount(int(text.replace(".", "")), was_grouped=True))
    if _GROUPED_BY_COMMAS.fullmatch(text):
        return TypedCount(could_be=int(text.replace(",", "")))
    return NO_COUNT


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


def _within(count: TypedCount) -> TypedCount:
    return count if count.number is not None and abs(count.number) <= LARGEST_COUNT else TypedCount(is_too_large=True)
