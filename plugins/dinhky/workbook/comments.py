"""Comments at cells, in the two parts that office programs want: the texts, and a drawing of each box."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from lxml import etree

from dinhky.workbook.marked_sheet import MarkedSheet, place
from dinhky.workbook.package import MAIN, Package, main, parse_xml, write_xml

_COMMENTS_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_DRAWING_TYPE = "application/vnd.openxmlformats-officedocument.vmlDrawing"
_OBJECT = re.compile(rb"<(?:\w+:)?ClientData\b")
_NOTE = re.compile(rb"""<(?:\w+:)?ClientData\b[^>]*\bObjectType=["']Note["']""")
_LETTERS_A_LINE, _ROW_PIXELS, _BOX_COLUMNS = 42, 20, 4
_DRAWING = (
    '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
    ' xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="1"/>'
    '</o:shapelayout><v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202"'
    ' path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/>'
    "</v:shapetype>{shapes}</xml>"
)
_SHAPE = (
    '<v:shape id="_x0000_s{id}" type="#_x0000_t202" style="position:absolute;margin-left:0;margin-top:0;width:250pt;'
    'height:{height}pt;z-index:{id};visibility:hidden" fillcolor="#ffffe1" o:insetmode="auto">'
    '<v:fill color2="#ffffe1"/><v:shadow on="t" color="black" obscured="t"/><v:path o:connecttype="none"/>'
    '<v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div></v:textbox>'
    '<x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/>'
    "<x:Anchor>{left}, 12, {top}, 4, {right}, 12, {bottom}, 4</x:Anchor><x:AutoFill>False</x:AutoFill>"
    "<x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>"
)


@dataclass(frozen=True)
class Comment:
    """What is said at a cell: a bold first line and the text below it."""

    cell: str
    head: str
    text: str


class SheetComments:
    """The comments of one sheet. Those of its sender stay; those that `author` wrote before go."""

    def __init__(self, package: Package, part: str, sheet: MarkedSheet, author: str) -> None:
        self._package = package
        self._part = part
        self._sheet = sheet
        self._author = author
        texts, relation = package.related(part, "comments")
        self._texts = parse_xml(package.read(texts)) if relation is not None else None
        drawing = package.target(part, sheet.drawing_relation)
        shapes = package.read(drawing) if drawing else b""
        self.can_be_written = len(_OBJECT.findall(shapes)) == len(_NOTE.findall(shapes))
        """Not where the sheet has buttons too: they live in the same drawing."""
        self.has_changed = self.can_be_written and self._remove_ours()

    def put(self, comments: list[Comment]) -> None:
        """Write these beside the sender's own; where those have one already, theirs stays alone."""
        if not self.can_be_written or not (comments or self.has_changed):
            return
        texts = _no_comments() if self._texts is None else self._texts
        taken = {found.get("ref", "") for found in texts.iter(main("comment"))}
        author = self._author_number(texts.find(main("authors")))
        listed = texts.find(main("commentList"))
        for comment in comments:
            if comment.cell not in taken:
                listed.append(_element(comment, author))
        self._write(texts)

    def _remove_ours(self) -> bool:
        if self._texts is None:
            return False
        authors = [author.text or "" for author in self._texts.iter(main("author"))]
        removed = False
        for found in list(self._texts.iter(main("comment"))):
            number = found.get("authorId", "")
            by_us = number.isdecimal() and int(number) < len(authors) and authors[int(number)] == self._author
            if by_us or "".join(found.itertext()).strip().startswith(f"{self._author} – "):
                found.getparent().remove(found)
                removed = True
        return removed

    def _author_number(self, authors: Any) -> str:
        names = [author.text or "" for author in authors]
        if self._author not in names:
            etree.SubElement(authors, main("author")).text = self._author
            names.append(self._author)
        return str(names.index(self._author))

    def _write(self, texts: Any) -> None:
        found = [(one.get("ref", ""), "".join(one.itertext())) for one in texts.iter(main("comment"))]
        self._package.remove_relation(self._part, self._sheet.drawing_relation)
        self._package.remove_related(self._part, "comments")
        if not found:
            self._sheet.link_drawing("")
            return
        texts_part = self._package.new_part("xl/dinhkyComments{}.xml")
        self._package.write(texts_part, write_xml(texts), _COMMENTS_TYPE)
        self._package.relate(self._part, "comments", texts_part)
        drawing_part = self._package.new_part("xl/drawings/dinhkyComments{}.vml")
        self._package.declare_ending("vml", _DRAWING_TYPE)
        self._package.write(drawing_part, _drawing(found))
        self._sheet.link_drawing(self._package.relate(self._part, "vmlDrawing", drawing_part))


def _no_comments() -> Any:
    texts = etree.Element(main("comments"), nsmap={None: MAIN})
    etree.SubElement(texts, main("authors"))
    etree.SubElement(texts, main("commentList"))
    return texts


def _element(comment: Comment, author: str) -> Any:
    element = etree.Element(main("comment"), ref=comment.cell, authorId=author)
    text = etree.SubElement(element, main("text"))
    for content, is_bold in ((f"{comment.head}\n", True), (comment.text, False)):
        run = etree.SubElement(text, main("r"))
        look = etree.SubElement(run, main("rPr"))
        if is_bold:
            etree.SubElement(look, main("b"))
        etree.SubElement(look, main("sz"), val="10")
        etree.SubElement(look, main("color"), rgb="FF000000")
        etree.SubElement(look, main("rFont"), val="Times New Roman")
        shown = etree.SubElement(run, main("t"))
        shown.text = content
        shown.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    return element


def _drawing(comments: list[tuple[str, str]]) -> bytes:
    shapes = ""
    for number, (cell, text) in enumerate(comments, 1025):
        row, column = place(cell)
        lines = sum(math.ceil(len(line) / _LETTERS_A_LINE) or 1 for line in text.split("\n")) + 1
        rows = math.ceil(lines * 14 / _ROW_PIXELS) + 1
        shapes += _SHAPE.format(
            id=number,
            height=lines * 14,
            left=column,
            right=column + _BOX_COLUMNS,
            top=max(row - 2, 0),
            bottom=max(row - 2, 0) + rows,
            row=row - 1,
            column=column - 1,
        )
    return _DRAWING.format(shapes=shapes).encode()
