"""The sender's own workbook back: every place that needs them coloured, commented and listed on a first sheet.

The file is changed part by part and not saved by a library: whatever else its sender put into it (formulas with their
values, drop-downs, widths, print settings) comes back as it was. Marks of an earlier answer are replaced.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from dinhky.rounds.ports import Mark
from dinhky.workbook.cell_styles import ERROR_FILL, QUESTION_FILL, Styles
from dinhky.workbook.cell_text import clean, comparable
from dinhky.workbook.comments import Comment, SheetComments
from dinhky.workbook.list_sheet import HEADER_ROW, ListSheet, Row, link_to
from dinhky.workbook.marked_sheet import MarkedSheet
from dinhky.workbook.package import Package, Sheet, main, parse_xml, write_xml

SHOWN = 200
"""How many characters of a cell the list shows."""

_FORMULA = re.compile(rb"<f[\s/>]")
_PREFIXED_FORMULA = b":f"
"""A sheet without either of these two has no formulas, and need not be parsed for them."""
_REACHES_OUT = re.compile(
    r"\b(?:HYPERLINK|WEBSERVICE|FILTERXML|RTD|CALL|REGISTER|IMAGE|STOCKHISTORY|CUBE\w+|IMPORT\w+|EXEC|DDE\w*)"
    r"[.\w]*\s*\(|\||\[\s*\d+\s*\]|://|\\\\",
    re.IGNORECASE,
)
"""A formula that asks another program, file or machine for something, or leads there."""


def mark_up(data: bytes, marks: Sequence[Mark], texts: Mapping[str, str]) -> bytes:
    """The marked-up workbook; the same bytes for the same input.

    `data` has passed the guard. `texts` are the words of `marked_up` in `words.yaml`; its `name` is that of the first
    sheet, and a sheet of that name is taken for ours. Formulas stay as they are, except in a sheet where one reaches
    out of the workbook: there, values alone stay. Raises WorkbookRefusedError for a file put together in a way that we
    do not know, and whatever a broken one provokes.
    """
    package = Package(data)
    styles = Styles(package)
    ours_before = styles.our_marks()
    earlier = next((one for one in package.sheets if comparable(one.name) == comparable(texts["name"])), None)
    theirs = [sheet for sheet in package.sheets if sheet is not earlier]
    by_name = {comparable(sheet.name): sheet for sheet in reversed(theirs)}
    places: dict[str, list[Mark]] = {}
    for mark in marks:
        if mark.cell and (sheet := by_name.get(comparable(mark.sheet))):
            places.setdefault(sheet.part, []).append(mark)
    for sheet in theirs:
        _make_inert(package, sheet)
    rows: dict[int, Row] = {}
    for sheet in theirs:
        wanted = places.get(sheet.part, [])
        if wanted or ours_before or package.related(sheet.part, "comments")[1] is not None:
            for mark, row in _mark_sheet(package, styles, sheet, wanted, ours_before, texts):
                rows[id(mark)] = row
    listed = [
        rows.get(id(mark)) or _row(mark, by_name.get(comparable(mark.sheet)), texts) for mark in marks if mark.is_listed
    ]
    content = ListSheet(styles, texts).content(listed)
    styles.save()
    package.put_first(texts["name"], content, f"${HEADER_ROW}:${HEADER_ROW}", earlier)
    return package.packed()


def _mark_sheet(
    package: Package, styles: Styles, sheet: Sheet, marks: Sequence[Mark], ours: set[int], texts: Mapping[str, str]
) -> list[tuple[Mark, Row]]:
    marked = MarkedSheet(package.read(sheet.part))
    if ours:
        marked.remove_marks(styles, ours)
    comments = SheetComments(package, sheet.part, marked, texts["author"])
    shared = cache(lambda: _shared_strings(package))
    said: dict[str, list[Mark]] = {}
    rows = []
    for mark in marks:
        at = marked.shown_at(mark.cell)
        said.setdefault(at, []).append(mark)
        found = mark.found or _shortened(marked.text(at, shared)) or texts["blank"]
        link = link_to(sheet.name, at)
        rows.append((mark, Row(sheet.name, mark.cell, found, mark.needed, link, is_question=mark.is_question)))
    written = []
    for at, about in said.items():
        is_question = all(mark.is_question for mark in about)
        marked.colour(at, styles, QUESTION_FILL if is_question else ERROR_FILL)
        head = texts["comment_question" if is_question else "comment_error"]
        written.append(Comment(at, f"{texts['author']} – {head}", "\n".join(clean(mark.needed) for mark in about)))
    comments.put(written)
    if marks or ours or comments.has_changed:
        package.write(sheet.part, marked.content())
    return rows


def _row(mark: Mark, sheet: Sheet | None, texts: Mapping[str, str]) -> Row:
    """A place without a cell: a sheet, or the whole file."""
    link = link_to(sheet.name, mark.cell) if sheet else ""
    return Row(
        mark.sheet or texts["whole_file"], mark.cell, mark.found, mark.needed, link, is_question=mark.is_question
    )


def _shared_strings(package: Package) -> dict[int, str]:
    part, relation = package.related("xl/workbook.xml", "sharedStrings")
    if relation is None:
        return {}
    return {number: _plain(item) for number, item in enumerate(parse_xml(package.read(part)).iterchildren(main("si")))}


def _plain(item: Any) -> str:
    return "".join(text.text or "" for text in item.iter(main("t")))


def _shortened(text: str) -> str:
    text = clean(text)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _make_inert(package: Package, sheet: Sheet) -> None:
    """Let values alone stand in a sheet of which a formula reaches out of the workbook. One formula may be written for
    several cells, so that they go together."""
    content = package.read(sheet.part)
    if not (_FORMULA.search(content) or _PREFIXED_FORMULA in content):
        return
    root = parse_xml(content)
    formulas = list(root.iter("{*}f"))
    if any(_REACHES_OUT.search("".join(formula.itertext())) for formula in formulas):
        for formula in formulas:
            formula.getparent().remove(formula)
        package.write(sheet.part, write_xml(root))
