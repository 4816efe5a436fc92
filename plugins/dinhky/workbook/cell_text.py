"""Text as people type it, made comparable: one Unicode form, no invisible characters, one kind of space."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any

SHOWN = 80
"""How many characters of a value are quoted back."""
_KEPT_CONTROLS = {"\n": "\n", "\t": " ", "\r": ""}
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}
"""Unicode categories of control, format (direction marks, zero width), surrogate, private and unassigned characters."""
_SPACES = re.compile(r"[^\S\n]+")
_SHORT = 120
"""Characters of a text that is worth remembering: headers, help and choices stand in every file and row."""
_REQUIRED_MARK = re.compile(r"\(\s*\*\s*\)|\*")
_PLAIN = re.compile(r"[\x00-\x7f]")
_PIECE, _UNBROKEN = 100, 30
"""Characters. A long text is composed piece by piece, as putting thousands of marks in order takes quadratic time. If
there is one soon enough, a piece ends before a plain letter or space, which is no part of what stands before it."""


def clean(value: Any) -> str:
    """A cell's value as tidy text: NFC, without invisible characters, spaces collapsed, line breaks kept.

    A number without a fraction loses its ".0": Excel keeps every number as a float.
    """
    if isinstance(value, str):
        return _clean_short(value) if len(value) <= _SHORT else _clean(value)
    return _clean(str(int(value) if isinstance(value, float) and value.is_integer() else value))


def _clean(text: str) -> str:
    if text.isprintable():  # the usual case: neither control nor format characters, no space but the common one
        return " ".join(_composed(text).split())
    kept = []
    for character in text.replace("\r\n", "\n"):
        if character in _KEPT_CONTROLS:
            kept.append(_KEPT_CONTROLS[character])
        elif unicodedata.category(character) not in _INVISIBLE:
            kept.append(character)
    text = _SPACES.sub(" ", _composed("".join(kept)))
    return "\n".join(line.strip() for line in text.split("\n")).strip()


def clean_line(value: Any) -> str:
    """As `clean`, on one line."""
    return " ".join(clean(value).split())


def shown(value: Any) -> str:
    """A value as it is quoted back: one line, shortened."""
    text = clean_line(value[: 10 * SHOWN] if isinstance(value, str) else value)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def comparable(value: Any) -> str:
    """What two texts share that differ only in case, spaces, Unicode form or the mark of a required column."""
    if isinstance(value, str) and len(value) <= _SHORT:
        return _comparable_short(value)
    return _comparable(value)


def _comparable(value: Any) -> str:
    return " ".join(_REQUIRED_MARK.sub(" ", clean_line(value)).casefold().split())


def _composed(text: str) -> str:
    """The text in NFC; of rows of marks and the like, which nobody writes, piece by piece."""
    pieces = []
    begins = 0
    while begins < len(text):
        latest = begins + _PIECE + _UNBROKEN
        plain = _PLAIN.search(text, begins + _PIECE, latest)
        ends = plain.start() if plain else latest
        pieces.append(unicodedata.normalize("NFC", text[begins:ends]))
        begins = ends
    return "".join(pieces)


_clean_short = lru_cache(maxsize=4096)(_clean)
_comparable_short = lru_cache(maxsize=4096)(_comparable)


def cell_name(row: int, column: int) -> str:
    """`E7` for row 7, column 5, both counted from 1."""
    letters = ""
    while column:
        column, remainder = divmod(column - 1, 26)
        letters = chr(ord("A") + remainder) + letters
    return f"{letters}{row}"
