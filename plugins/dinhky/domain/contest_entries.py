"""The entries of a contest: as units tell them, and numbered once all are in."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Arrival:
    """An entry as a unit's workbook tells it, in `row`. `group` is the residential group, school or department that
    it comes from, where the unit stands for several."""

    unit: str
    row: int
    title: str
    authors: str
    summary: str
    evidence: str = ""
    group: str = ""


@dataclass(frozen=True)
class Entry:
    """A numbered entry of the contest. `code` is what jurors, sheets and documents call it by."""

    code: str
    title: str
    authors: str
    unit: str
    summary: str
    evidence: str = ""
    group: str = ""


def numbered(arrivals: Iterable[Arrival], units: Sequence[str]) -> tuple[Entry, ...]:
    """The contest's entries with their codes, `01` on: by the order of `units`, then by row.

    The same title from the same unit and group is one entry, the one told first; upper case, spaces, Unicode form and
    a full stop at the end make no difference. To be called when entries have closed: a later arrival would move the
    numbers behind it.
    """
    place = {unit: index for index, unit in enumerate(units)}
    ordered = sorted(arrivals, key=lambda told: (place.get(told.unit, len(place)), told.unit, told.row, told.title))
    distinct = {(told.unit, _same(told.group), _same(told.title)): told for told in reversed(ordered)}
    kept = [told for told in ordered if distinct[told.unit, _same(told.group), _same(told.title)] is told]
    width = max(2, len(str(len(kept))))
    return tuple(
        Entry(f"{number:0{width}d}", told.title, told.authors, told.unit, told.summary, told.evidence, told.group)
        for number, told in enumerate(kept, 1)
    )


def _same(text: str) -> str:
    """A text without the differences that do not make it another one."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split()).rstrip(" .")
