"""The widths of a table whose columns follow from the facts, one for each of something."""

from __future__ import annotations

from typing import Any

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def fit_columns(body: Any) -> int:
    """Make every table of a document's body (an lxml element) whose columns were repeated as wide as its template had
    it; returns how many there were.

    Each repeated column keeps the width that the template gave it; the table's widest one takes what is left.
    """
    tables = [table for table in body.iter(_W + "tbl") if _is_repeated(table)]
    for table in tables:
        widths = _widths(next(table.iter(_W + "tr")))
        widest = widths.index(max(widths))
        widths[widest] += int(table.find(f"{_W}tblPr/{_W}tblW").get(_W + "w")) - sum(widths)
        grid = table.find(_W + "tblGrid")
        for column in list(grid):
            grid.remove(column)
        for width in widths:
            grid.append(grid.makeelement(_W + "gridCol", {_W + "w": str(width)}))
        for row in table.iter(_W + "tr"):
            for cell, width in zip(row.iter(_W + "tc"), widths, strict=True):
                cell.find(f"{_W}tcPr/{_W}tcW").set(_W + "w", str(width))
    return len(tables)


def _is_repeated(table: Any) -> bool:
    """Whether the cells of the head row are not the columns for which the table is wide enough."""
    widths = _widths(next(table.iter(_W + "tr")))
    return sum(widths) != int(table.find(f"{_W}tblPr/{_W}tblW").get(_W + "w"))


def _widths(row: Any) -> list[int]:
    return [int(cell.find(f"{_W}tcPr/{_W}tcW").get(_W + "w")) for cell in row.iter(_W + "tc")]
