"""The entries of a contest, numbered once all are in."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dinhky.domain.content import ContestEntry


@dataclass(frozen=True)
class Entry:
    """An entry of the contest. `code` is what jurors, sheets and documents call it by; `unit` told it. The rest is as
    in `dinhky.domain.content.ContestEntry`."""

    code: str
    title: str
    author: str
    unit: str
    summary: str
    link: str = ""
    group: str = ""


def numbered(
    told: Iterable[tuple[str, ContestEntry]], units: Sequence[str], before: Sequence[Entry] = ()
) -> tuple[Entry, ...]:
    """The contest's entries, told as pairs of unit and entry, with their codes, `01` on: by the order of `units`, then
    by row.

    The same title from the same unit and group is one entry, the one told first; upper case, spaces, Unicode form and
    a full stop at the end make no difference. `before` are all entries that ever had a code: they keep it, what is new
    comes after them, and the code of one that is no longer told is never another's.
    """
    place = {unit: index for index, unit in enumerate(units)}
    ordered = sorted(told, key=lambda pair: (place.get(pair[0], len(place)), pair[0], pair[1].row, pair[1].title))
    kept: dict[tuple[str, str, str], tuple[str, ContestEntry]] = {}
    for unit, entry in ordered:
        kept.setdefault((unit, _same(entry.group), _same(entry.title)), (unit, entry))
    codes = {(entry.unit, _same(entry.group), _same(entry.title)): entry.code for entry in before}
    width = max(2, len(str(len(kept))), *(len(entry.code) for entry in before))
    last = max((int(entry.code) for entry in before), default=0)
    entries = []
    for key, (unit, entry) in kept.items():
        if key not in codes:
            last += 1
            codes[key] = f"{last:0{width}d}"
        entries.append(Entry(codes[key], entry.title, entry.author, unit, entry.summary, entry.link, entry.group))
    return tuple(sorted(entries, key=lambda entry: int(entry.code)))


def _same(text: str) -> str:
    """A text without the differences that do not make it another one."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split()).rstrip(" .")
