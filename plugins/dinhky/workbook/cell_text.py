"""Text as people type it, made comparable: one Unicode form, no invisible characters, one kind of space."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

_KEPT_CONTROLS = {"\n": "\n", "\t": " ", "\r": ""}
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}
"""Unicode categories of control, format (direction marks, zero width), surrogate, private and unassigned characters."""
_SPACES = re.compile(r"[^\S\n]+")
_REQUIRED_MARK = re.compile(r"\(\s*\*\s*\)|\*")


def clean(value: Any) -> str:
    """A cell's value as tidy text: NFC, without invisible characters, spaces collapsed, line breaks kept.

    A number without a fraction loses its ".0": Excel keeps every number as a float.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value)
    if text.isprintable():  # the usual case: neither control nor format characters, no space but the common one
        return " ".join(unicodedata.normalize("NFC", text).split())
    kept = []
    for character in text.replace("\r\n", "\n"):
        if character in _KEPT_CONTROLS:
            kept.append(_KEPT_CONTROLS[character])
        elif unicodedata.category(character) not in _INVISIBLE:
            kept.append(character)
    text = _SPACES.sub(" ", unicodedata.normalize("NFC", "".join(kept)))
    return "\n".join(line.strip() for line in text.split("\n")).strip()


def clean_line(value: Any) -> str:
    """As `clean`, on one line."""
    return " ".join(clean(value).split())


def comparable(value: Any) -> str:
    """What two texts share that differ only in case, spaces, Unicode form or the mark of a required column."""
    return " ".join(_REQUIRED_MARK.sub(" ", clean_line(value)).casefold().split())


def cell_name(row: int, column: int) -> str:
    """`E7` for row 7, column 5, both counted from 1."""
    letters = ""
    while column:
        column, remainder = divmod(column - 1, 26)
        letters = chr(ord("A") + remainder) + letters
    return f"{letters}{row}"
