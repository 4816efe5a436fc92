"""Little to write, much to work on: what takes quadratic time where nobody thought of it."""

from __future__ import annotations

import re
from collections.abc import Callable

from good_workbook import OFFICE, SPACE, Good
from hostile_file import HostileFile, of

_WORKBOOK = "xl/workbook.xml"
_LONG_NAME = "a" * 300_000 + '-="x"'
"""An attribute whose name cannot be told from the beginning of another's until it ends."""
_ACCENTS = "a" + "\u0315\u0300" * 250_000
"""Marks that have to be put in order: a letter with one of each is usual, with half a million it takes hours."""


def _link(attributes: str) -> Callable[[Good], bytes]:
    return lambda good: good.after_rows(f"<hyperlinks><hyperlink {attributes}/></hyperlinks>".encode())


def _sheet_element(more: str) -> Callable[[Good], bytes]:
    return lambda good: good.replaced(_WORKBOOK, b"<sheet ", f"<sheet {more} ".encode())


def _another_element(good: Good) -> bytes:
    """What looks like a sheet to who reads carelessly; thousands of them."""
    more = b'<sheet-x name="Tin b\xc3\xa0i" r:id="rId1"/>' * 20_000
    return good.replaced(_WORKBOOK, b"</sheets>", more + b"</sheets>")


def _header(text: str) -> Callable[[Good], bytes]:
    """Another header in place of that of the titles."""

    def make(good: Good) -> bytes:
        header = f'<is><t xml:space="preserve">{text}</t></is>'.encode()
        content, count = re.subn(
            rb'(<c r="B3"[^>]*?) t="\w+"[^>]*>.*?</c>',
            rb'\1 t="inlineStr">' + header + b"</c>",
            good.parts[good.posts],
            count=1,
        )
        assert count == 1
        return good.with_parts({good.posts: content})

    return make


def _shared_by(count: int) -> Callable[[Good], bytes]:
    """One text of 60 KB in that many cells."""
    return lambda good: _with_titles(good, count)


def _with_titles(good: Good, count: int) -> bytes:
    text = f'<sst xmlns="{SPACE}"><si><t>{_ACCENTS[:30_000]}</t></si></sst>'.encode()
    cells = "".join(
        f'<row r="{row}"><c r="B{row}" t="s"><v>0</v></c></row>' for row in range(500, 500 + count)
    ).encode()
    posts = good.parts[good.posts].replace(b"</sheetData>", cells + b"</sheetData>")
    relation = f'<Relationship Id="rIdS" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
    relations = good.parts["xl/_rels/workbook.xml.rels"].replace(b"</Relationships>", relation.encode())
    return good.with_parts({good.posts: posts, "xl/sharedStrings.xml": text, "xl/_rels/workbook.xml.rels": relations})


FILES: list[HostileFile] = [
    *of(
        "",
        attribute_of_a_link_with_a_long_name=_link(f'{_LONG_NAME} ref="Z1" location="A1"'),
        attribute_of_a_sheet_with_a_long_name=_sheet_element(_LONG_NAME),
        link_of_many_references=_link(f'ref="{("&" + "x" * 32) * 60_000}" location="A1"'),
        elements_like_sheets=_another_element,
    ),
    *of("text_too_long", title_of_a_letter_with_half_a_million_accents=lambda good: good.titled(_ACCENTS)),
    *of("column_missing", header_of_a_megabyte=_header("Tiêu đề " * 100_000), header_of_accents=_header(_ACCENTS)),
    HostileFile(
        "one_text_of_accents_in_100_cells",
        _shared_by(100),
        ("text_too_long", "value_missing") * 50 + ("more_problems",),
    ),
    *of("file_parser_memory", one_text_of_accents_in_400_cells=_shared_by(400)),
]
