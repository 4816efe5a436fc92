"""Little to write, much to work on: what takes quadratic time where nobody thought of it."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

from good_workbook import OFFICE, PACKAGE, SPACE, Good
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


def _error_under_a_long_namespace(good: Good) -> bytes:
    """An Excel error, and ten thousand elements whose names are nearly a megabyte long when spelled out."""
    elements = "".join(f"<p:a{n}/>" for n in range(10_000))
    more = f'<extLst xmlns:p="u{"x" * 900_000}">{elements}</extLst></workbook>'.encode()
    error = b'<row r="500"><c r="Z500" t="e"><v>#N/A</v></c></row></sheetData>'
    return good.with_parts(
        {
            _WORKBOOK: good.parts[_WORKBOOK].replace(b"</workbook>", more),
            good.posts: good.parts[good.posts].replace(b"</sheetData>", error),
        }
    )


def _links_to(target: str) -> Callable[[Good], bytes]:
    """Nine thousand cells that lead to one place."""

    def make(good: Good) -> bytes:
        links = "".join(f'<hyperlink ref="E{n}" r:id="rId99" xmlns:r="{OFFICE}"/>' for n in range(4, 9_004))
        folder, _, name = good.posts.rpartition("/")
        relation = f'<Relationship Id="rId99" Type="{OFFICE}/hyperlink" Target="{target}" TargetMode="External"/>'
        relations = f'<Relationships xmlns="{PACKAGE}">{relation}</Relationships>'.encode()
        behind = f"</sheetData><hyperlinks>{links}</hyperlinks>".encode()
        posts = good.parts[good.posts].replace(b"</sheetData>", behind)
        return good.with_parts({good.posts: posts, f"{folder}/_rels/{name}.rels": relations})

    return make


def _rows(count: int, text: str, more: str = "") -> Callable[[Good], bytes]:
    """So many rows below the good one, each with a text of its own as form, channel and field."""

    def make(good: Good) -> bytes:
        def row(number: int) -> str:
            said = f't="inlineStr"><is><t>{text}{number}</t></is></c>'
            return f'<row r="{number}">' + "".join(f'<c r="{at}{number}" {said}' for at in "CDHG") + "</row>"

        rows = "".join(map(row, range(500, 500 + count)))
        return good.with_posts(b"</sheetData>", f"{rows}</sheetData>{more}".encode())

    return make


def _undeclared_sheets(good: Good) -> bytes:
    """Two hundred sheets, of which none stands where sheets are listed."""
    sheets = "".join(f'<sheet name="T{n}" sheetId="{n}" r:id="rX" xmlns:r="{OFFICE}"/>' for n in range(200))
    workbook = f'<workbook xmlns="{SPACE}">{sheets}</workbook>'.encode()
    relation = f'<Relationship Id="rX" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    relations = good.parts["xl/_rels/workbook.xml.rels"].replace(b"</Relationships>", relation.encode())
    return good.with_parts({_WORKBOOK: workbook, "xl/_rels/workbook.xml.rels": relations})


def _directory_with_much_beside(good: Good) -> bytes:
    """A hundred and fifty entries with sixty-five thousand bytes of nothing beside each."""
    beside = b"\x09\x09\0\0" * 16_383
    entry = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, len(beside), 0, 0, 0, 0, 0) + b"a"
    local = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 0, 0, 0, 0, 0, 0, 1, 0) + b"a"
    directory = (entry + beside) * 150
    return local + directory + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 150, 150, len(directory), len(local), 0)


_MERGES = "".join(f'<mergeCell ref="E{top}:E9999"/>' for top in range(9_000, 4_500, -1))

FILES: list[HostileFile] = [
    *of(
        "",
        attribute_of_a_link_with_a_long_name=_link(f'{_LONG_NAME} ref="Z1" location="A1"'),
        attribute_of_a_sheet_with_a_long_name=_sheet_element(_LONG_NAME),
        link_of_many_references=_link(f'ref="{("&" + "x" * 32) * 60_000}" location="A1"'),
        elements_like_sheets=_another_element,
        error_under_a_long_namespace=_error_under_a_long_namespace,
        links_of_9_000_cells_to_a_megabyte=_links_to("https://x.example/" + "a" * 900_000),
        links_of_9_000_cells_to_accents=_links_to("https://x.example/" + _ACCENTS[:5_000]),
    ),
    *of("file_damaged", directory_with_much_beside_its_entries=_directory_with_much_beside),
    *of("file_too_many", rows_of_9_000=_rows(9_000, "nit ")),
    *of(
        "file_too_many",
        overlapping_merges_over_9_000_rows=_rows(9_000, "nit ", f"<mergeCells>{_MERGES}</mergeCells>"),
        sheets_that_are_not_listed=_undeclared_sheets,
    ),
    HostileFile(
        "rows_of_1_900_with_choices_that_are_none",
        _rows(1_900, "Cổng điện tử thông tin phường nit "),
        ("value_missing", *["choice_unknown"] * 3) * 25 + ("more_problems",),
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
