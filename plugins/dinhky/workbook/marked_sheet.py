"""A sheet of the sender's own workbook, with its marked cells coloured. Marks of an earlier answer go first."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from lxml import etree

from dinhky.workbook.cell_styles import Styles
from dinhky.workbook.cell_text import cell_name
from dinhky.workbook.package import OFFICE_RELATION, main, parse_xml, write_xml
from dinhky.workbook.refused import WorkbookRefusedError

_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_AFTER_COMMENTS = ("legacyDrawingHF", "drawingHF", "picture", "oleObjects", "controls", "webPublishItems",
                   "tableParts", "extLst")  # fmt: skip
"""What the format wants to stand behind the drawing of comments."""


class MarkedSheet:
    """A sheet's cells by their place. Raises WorkbookRefusedError for a sheet whose cells do not say where they are."""

    def __init__(self, content: bytes) -> None:
        self._root = parse_xml(content)
        self._data = self._root.find(main("sheetData"))
        if self._data is None:
            raise WorkbookRefusedError("file_damaged", detail="sheet")
        self._rows: dict[int, Any] = {}
        self._cells: dict[tuple[int, int], Any] = {}
        for row in self._data.iterchildren(main("row")):
            self._rows[int(row.get("r", "0"))] = row
            for cell in row.iterchildren(main("c")):
                self._cells[place(cell.get("r", ""))] = cell
        self._merged = [
            (place(first), place(last or first))
            for merge in self._root.iter(main("mergeCell"))
            for first, _, last in [merge.get("ref", "").partition(":")]
        ]

    def shown_at(self, at: str) -> str:
        """The cell in which a value is shown: of merged cells the first."""
        row, column = place(at)
        for (top, left), (bottom, right) in self._merged:
            if top <= row <= bottom and left <= column <= right:
                return cell_name(top, left)
        return at

    def text(self, at: str, shared: Callable[[], Mapping[int, str]]) -> str:
        """The text of a cell that holds one; empty for any other. `shared` gives the workbook's shared strings."""
        cell = self._cells.get(place(at))
        if cell is None:
            return ""
        value = cell.findtext(main("v")) or ""
        if cell.get("t") == "s":
            return shared().get(int(value), "") if value.isdecimal() else ""
        if cell.get("t") == "inlineStr":
            return "".join(cell.itertext())
        return value if cell.get("t") == "str" else ""

    def colour(self, at: str, styles: Styles, colour: str) -> None:
        """Give a cell that fill; a cell that was never written to is made."""
        cell = self._cell(*place(at))
        cell.set("s", str(styles.marked(int(cell.get("s", "0")), colour)))

    def remove_marks(self, styles: Styles, ours: set[int]) -> None:
        """Give every cell in one of `ours` the fill of the next cell below it that has none of them."""
        for (row, column), cell in self._cells.items():
            style = int(cell.get("s", "0"))
            if style in ours:
                cell.set("s", str(styles.unmarked(style, self._style_below(row, column, ours))))

    @property
    def drawing_relation(self) -> str:
        """The id of the relation to the drawing of its comments; empty text without one."""
        found = self._root.find(main("legacyDrawing"))
        return "" if found is None else str(found.get(f"{{{OFFICE_RELATION}}}id", ""))

    def link_drawing(self, relation_id: str) -> None:
        """Let the sheet name the drawing of its comments; with empty text, none."""
        for found in self._root.findall(main("legacyDrawing")):
            self._root.remove(found)
        if relation_id:
            drawing = etree.Element(main("legacyDrawing"))
            drawing.set(f"{{{OFFICE_RELATION}}}id", relation_id)
            after = next((self._root.find(main(tag)) for tag in _AFTER_COMMENTS if self._has(tag)), None)
            if after is None:
                self._root.append(drawing)
            else:
                after.addprevious(drawing)

    def content(self) -> bytes:
        """The sheet as a part."""
        return write_xml(self._root)

    def _has(self, tag: str) -> bool:
        return self._root.find(main(tag)) is not None

    def _style_below(self, row: int, column: int, ours: set[int]) -> int | None:
        below = (self._cells.get((number, column)) for number in sorted(self._rows) if number > row)
        styles = (int(cell.get("s", "0")) for cell in below if cell is not None)
        return next((style for style in styles if style not in ours), None)

    def _cell(self, row: int, column: int) -> Any:
        if (row, column) not in self._cells:
            cell = etree.Element(main("c"), r=cell_name(row, column))
            line = self._row(row)
            line.attrib.pop("spans", None)
            _insert(line, cell, [self._cells[key] for key in sorted(self._cells) if key[0] == row and key[1] < column])
            self._cells[row, column] = cell
        return self._cells[row, column]

    def _row(self, row: int) -> Any:
        if row not in self._rows:
            line = etree.Element(main("row"), r=str(row))
            _insert(self._data, line, [self._rows[number] for number in sorted(self._rows) if number < row])
            self._rows[row] = line
        return self._rows[row]


@lru_cache(maxsize=20_000)
def place(reference: str) -> tuple[int, int]:
    """Row and column, from 1, of `E7`. Raises WorkbookRefusedError."""
    found = _REFERENCE.fullmatch(reference)
    if not found:
        raise WorkbookRefusedError("file_damaged", detail="cell reference")
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(found[2]), column


def _insert(parent: Any, element: Any, before: list[Any]) -> None:
    """Put a row or cell behind the last of those before it."""
    if before:
        before[-1].addnext(element)
    else:
        parent.insert(0, element)
