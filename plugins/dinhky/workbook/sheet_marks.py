"""What a workbook says beside its cells' values: hidden rows and columns, merged cells, where links lead, Excel errors
(#DIV/0!, #N/A).

The parser tells none of it, so it is taken from the XML, by pattern: these marks are few, the cells are many.
"""

from __future__ import annotations

import html
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from dinhky.workbook.cell_text import clean_line
from dinhky.workbook.extent import LAST_COLUMN

_TAG = rb"<(?:\w+:)?%s(?=[\s/>])([^<>]*)>"
_SHEET = re.compile(_TAG % b"sheet")
_ROW = re.compile(_TAG % b"row")
_COLUMN = re.compile(_TAG % b"col")
_MERGE = re.compile(
    rb"""<(?:\w+:)?mergeCell\s[^<>]*?\bref\s*=\s*["']([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})["']"""
)
_LINK = re.compile(_TAG % b"hyperlink")
_RELATION = re.compile(_TAG % b"Relationship")
_LINK_FORMULA = re.compile(
    rb'<c r="([A-Z]{1,3}[0-9]{1,7})"[^<>]*>\s*<f[^<>]*>\s*(?:_xlfn\.)?HYPERLINK\(\s*'
    rb'(?:"|&quot;)([^"&<>]*(?:&amp;[^"&<>]*)*)(?:"|&quot;)'
)
_ATTRIBUTE = re.compile(rb"""(?<!\S)([\w:]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_HIDDEN = re.compile(rb"""\bhidden\s*=\s*["'](?:1|true)["']""")
_ERROR_CELL = re.compile(rb'<c r="([A-Z]{1,3}[0-9]{1,7})"[^<>]*\bt="e"')
_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_LONGEST_VALUE = 10_000
"""Bytes of an attribute that is taken: addresses have some 2,000 at most."""
_LONGEST_NUMBER = 7
"""Digits of a row's or column's number; Python refuses to read one of thousands."""


@dataclass(frozen=True)
class SheetMarks:
    """Of one sheet; rows and columns are counted from 1.

    `merges` are first row, first column, last row, last column. `links` has where a cell leads, whatever it shows.
    `errors` are the cells that show an Excel error.
    """

    is_hidden: bool = False
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    merges: tuple[tuple[int, int, int, int], ...] = ()
    links: dict[str, str] = field(default_factory=dict)
    errors: frozenset[str] = frozenset()


NO_MARKS = SheetMarks()


class SheetsMarks:
    """The marks of a workbook's sheets, by tidy name, looked for when they are asked for: not every sheet is read.

    `parts` has passed the guard: whole, of bounded size.
    """

    def __init__(self, parts: Mapping[str, bytes]) -> None:
        self._parts = parts

    def of(self, name: str) -> SheetMarks:
        """The marks of that sheet; none of one that does not exist."""
        sheet = self._sheets.get(name)
        if sheet is None:
            return NO_MARKS
        target = posixpath.join("/xl", self._targets.get(_relation_id(sheet), ""))
        part = posixpath.normpath(target)[1:].lower()  # in lower case as the guard names parts
        is_hidden = sheet.get(b"state", b"visible") != b"visible"
        return _marks(self._parts.get(part, b""), self._parts, part, is_hidden=is_hidden)

    @cached_property
    def _sheets(self) -> dict[str, dict[bytes, bytes]]:
        sheets = _attributes(_SHEET, self._parts.get("xl/workbook.xml", b""))
        return {clean_line(_text(sheet.get(b"name", b""))): sheet for sheet in sheets}

    @cached_property
    def _targets(self) -> dict[bytes, str]:
        return _targets(self._parts.get("xl/_rels/workbook.xml.rels", b""))


def column_number(letters: str) -> int:
    """1 for A, 27 for AA."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _marks(xml: bytes, parts: Mapping[str, bytes], part: str, *, is_hidden: bool) -> SheetMarks:
    begins, ends = max(xml.find(b"sheetData"), 0), max(xml.rfind(b"sheetData"), 0)
    tail = xml[ends:]
    rows: frozenset[int] = frozenset()
    if xml.find(b"hidden", begins, ends) >= 0:
        rows = frozenset(_number(row.get(b"r")) for row in _attributes(_ROW, xml[begins:ends], only=_HIDDEN)) - {0}
    columns: set[int] = set()
    if xml.find(b"hidden", 0, begins) >= 0:  # looking for a word is much quicker than for a tag
        for column in _attributes(_COLUMN, xml[:begins], only=_HIDDEN):
            last = min(_number(column.get(b"max")), LAST_COLUMN)
            columns.update(range(max(_number(column.get(b"min")), 1), last + 1))
    return SheetMarks(
        is_hidden=is_hidden,
        hidden_rows=rows,
        hidden_columns=frozenset(columns),
        merges=tuple(_merges(tail)) if b"mergeCell" in tail else (),
        links=dict(_links(xml, begins, ends, parts, part)),
        errors=frozenset(cell.decode() for cell in _ERROR_CELL.findall(xml)) if b't="e"' in xml else frozenset(),
    )


def _merges(xml: bytes) -> Iterator[tuple[int, int, int, int]]:
    for left, top, right, bottom in _MERGE.findall(xml):
        yield int(top), column_number(left.decode()), int(bottom), column_number(right.decode())


def _links(xml: bytes, begins: int, ends: int, parts: Mapping[str, bytes], part: str) -> Iterator[tuple[str, str]]:
    """Cells that lead somewhere; their rows lie between `begins` and `ends`, links of their own after that."""
    if xml.find(b"HYPERLINK(", begins, ends) >= 0:
        for cell, target in _LINK_FORMULA.findall(xml, begins, ends):
            yield cell.decode(), _text(_unescaped(target))
    if xml.find(b"hyperlink", ends) < 0:
        return
    folder, name = posixpath.split(part)
    targets = _targets(parts.get(f"{folder}/_rels/{name}.rels", b""))
    for link in _attributes(_LINK, xml[ends:]):
        target = targets.get(_relation_id(link), "")
        if target and (location := _text(link.get(b"location", b""))):
            target = f"{target}#{location}"
        first = _CELL.match(_text(link.get(b"ref", b"")))
        if target and first:
            yield first[0], target


def _targets(xml: bytes) -> dict[bytes, str]:
    """Relation id -> what it leads to; one text, however many cells lead there."""
    return {relation.get(b"Id", b""): _text(relation.get(b"Target", b"")) for relation in _attributes(_RELATION, xml)}


def _relation_id(attributes: dict[bytes, bytes]) -> bytes:
    """What leads out of an element: its `id` in whatever namespace."""
    return next((value for name, value in attributes.items() if name.rpartition(b":")[2] == b"id"), b"")


def _attributes(
    tag: re.Pattern[bytes], xml: bytes, only: re.Pattern[bytes] | None = None
) -> Iterator[dict[bytes, bytes]]:
    """The attributes of each such element, as bytes: most of them are of no interest."""
    for attributes in tag.findall(xml):
        if only is None or only.search(attributes):
            yield {name: _unescaped(double or single) for name, double, single in _ATTRIBUTE.findall(attributes)}


def _unescaped(value: bytes) -> bytes:
    """The value that was meant; nothing where it is too long, or refers to a character of thousands of digits."""
    if len(value) > _LONGEST_VALUE:
        return b""
    if b"&" not in value:
        return value
    try:
        return html.unescape(_text(value)).encode("utf-8", "replace")
    except ValueError:
        return b""


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _number(text: bytes | None) -> int:
    return int(text) if text and len(text) <= _LONGEST_NUMBER and text.isdigit() else 0
