"""How official Vietnamese documents write numbers, days and text that came from outside (Decree 30/2020/NĐ-CP)."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from fractions import Fraction
from typing import Any

from dinhky.domain.scoring import decimal_text

_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]"
    "|[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]"
)
"""Control characters, lone surrogates, non-characters and direction marks: they break XML or reorder what is read."""

_LINE_ENDS = re.compile("[\t\n\x0b\x0c\r\x85\u2028\u2029]+")


def printable(value: Any) -> Any:
    """`value` (JSON types, nested) with every text composed (NFC), on one line and free of unprintable characters."""
    if isinstance(value, str):
        kept = _UNPRINTABLE.sub("", _LINE_ENDS.sub(" ", value))
        return unicodedata.normalize("NFC", kept).strip()
    if isinstance(value, dict):
        return {name: printable(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [printable(inner) for inner in value]
    return value


def number(count: int) -> str:
    """`02`, `15`, `1.250`: below 10 with a zero in front (but `0` alone), thousands parted by a dot."""
    if count < 0:
        return f"-{number(-count)}"
    return f"{count:02d}" if 0 < count < 10 else f"{count:,}".replace(",", ".")


def difference(count: int) -> str:
    """A change with its sign: `+03`, `-12`, `0`."""
    return f"+{number(count)}" if count > 0 else number(count)


def percent(share: float | None) -> str:
    """A share of 1 as a percentage with at most one decimal, `87,5%`; an en dash where there is no share."""
    if share is None:
        return "–"
    return f"{share * 100:.1f}".removesuffix(".0").replace(".", ",") + "%"


def points(value: Fraction, places: int) -> str:
    """Points with exactly so many decimals, rounded half up: `85,60`."""
    text = decimal_text(value, places)
    whole, _, part = text.partition(",")
    return f"{whole},{part:0<{places}}" if places else text


def day(moment: str | date) -> str:
    """`16/3/2026`: days below 10 and the months 1 and 2 carry a zero. Takes a date or its ISO text."""
    on = date.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{on.day:02d}/{month(on.month)}/{on.year}"


def month(index: int) -> str:
    """`01`, `02`, `3` … `12`: only the first two months carry a zero."""
    return f"{index:02d}" if index <= 2 else str(index)


def month_year(label: str) -> str:
    """A month's label as documents write it: `01/2026` for `2026-01`, `3/2026` for `2026-03`."""
    year, _, index = label.partition("-")
    return f"{month(int(index))}/{year}"


def sentence(text: str) -> str:
    """`text` with a full stop, unless it ends a sentence already."""
    return text if text.endswith((".", "!", "?", "…", ";", ":")) else f"{text}."


def capitalize_first(text: str) -> str:
    """`text` with its first letter in upper case and the rest untouched (`quý I/2026` becomes `Quý I/2026`)."""
    return text[:1].upper() + text[1:]
