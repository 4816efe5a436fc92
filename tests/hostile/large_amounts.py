"""Too much of something, or something too far out."""

from __future__ import annotations

from collections.abc import Callable

from good_workbook import OFFICE, SPACE, Good
from hostile_file import HostileFile, of

_RELATIONS, _WORKBOOK, _STYLES, _STRINGS = (
    "xl/_rels/workbook.xml.rels",
    "xl/workbook.xml",
    "xl/styles.xml",
    "xl/sharedStrings.xml",
)
_EVERYTHING = "A1:XFD1048576"


def _many(count: int, element: str, wrapped: str = "") -> Callable[[Good], bytes]:
    """Elements behind the rows; `{n}` in one is its number."""
    content = "".join(element.replace("{n}", str(n)) for n in range(1, count + 1))
    content = f"<{wrapped}>{content}</{wrapped}>" if wrapped else content
    return lambda good: good.after_rows(content.encode())


def _texts(count: int, text: str = "Chuỗi {n}") -> Callable[[Good], bytes]:
    items = "".join(f"<si><t>{text.replace('{n}', str(n))}</t></si>" for n in range(count))
    return lambda good: good.with_parts({_STRINGS: f'<sst xmlns="{SPACE}" count="4000000000">{items}</sst>'.encode()})


def _sheets(count: int) -> Callable[[Good], bytes]:
    def make(good: Good) -> bytes:
        more = "".join(
            f'<sheet name="Trang {n}" sheetId="{n + 500}" r:id="rX{n}" xmlns:r="{OFFICE}"/>' for n in range(count)
        )
        links = "".join(
            f'<Relationship Id="rX{n}" Type="{OFFICE}/worksheet" Target="worksheets/more{n % 200}.xml"/>'
            for n in range(count)
        )
        parts = {f"xl/worksheets/more{n}.xml": b"<worksheet><sheetData/></worksheet>" for n in range(min(count, 200))}
        workbook = good.parts[_WORKBOOK].replace(b"</sheets>", more.encode() + b"</sheets>")
        relations = good.parts[_RELATIONS].replace(b"</Relationships>", links.encode() + b"</Relationships>")
        return good.with_parts({_WORKBOOK: workbook, _RELATIONS: relations, **parts})

    return make


def _names(count: int) -> Callable[[Good], bytes]:
    more = "".join(f'<definedName name="_x{n}">#REF!</definedName>' for n in range(count)).encode()

    def make(good: Good) -> bytes:
        content = good.parts[_WORKBOOK]
        if b"</definedNames>" in content:
            return good.with_parts({_WORKBOOK: content.replace(b"</definedNames>", more + b"</definedNames>")})
        names = b"</sheets><definedNames>" + more + b"</definedNames>"
        return good.with_parts({_WORKBOOK: content.replace(b"</sheets>", names)})

    return make


def _styles(count: int) -> Callable[[Good], bytes]:
    more = "".join(f'<xf numFmtId="{n}" fontId="{n * 7 % 997}" fillId="0"/>' for n in range(count)).encode()
    return lambda good: good.replaced(_STYLES, b"</cellXfs>", more + b"</cellXfs>")


def _dimension(good: Good) -> bytes:
    content = good.parts[good.posts]
    start = content.index(b"<sheetData")
    known = content.find(b"<dimension")
    if known >= 0:
        end = content.index(b">", known) + 1
        return good.with_posts(content[known:end], f'<dimension ref="{_EVERYTHING}"/>'.encode())
    return good.with_parts(
        {good.posts: content[:start] + f'<dimension ref="{_EVERYTHING}"/>'.encode() + content[start:]}
    )


def _far_everywhere(good: Good) -> bytes:
    far = b'<row r="9999"><c r="AZ9999" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
    return good.with_parts(
        {name: part.replace(b"</sheetData>", far) for name, part in good.parts.items() if b"</sheetData>" in part}
    )


def _row_of(count: int) -> str:
    return '<row r="1">' + "<c><v>1</v></c>" * count + "</row>"


def _cell(reference: str) -> Callable[[Good], bytes]:
    row = "".join(filter(str.isdigit, reference)) or "1"
    return lambda good: good.with_posts(
        b"</sheetData>", f'<row r="{row}"><c r="{reference}"><v>1</v></c></row></sheetData>'.encode()
    )


def _columns(count: int, hidden: str = "", last: str = "16384") -> Callable[[Good], bytes]:
    content = "".join(f'<col min="1" max="{last}" width="{n % 250}"{hidden}/>' for n in range(count)).encode()
    return lambda good: good.with_posts(b"<sheetData", b"<cols>" + content + b"</cols><sheetData")


def _comments(good: Good) -> bytes:
    one = '<comment ref="A{n}" authorId="0"><text><t>x</t></text></comment>'
    part = f'<comments xmlns="{SPACE}"><commentList>{"".join(one.replace("{n}", str(n)) for n in range(20_000))}'
    return good.with_relation("comments", "comments1.xml", part=f"{part}</commentList></comments>".encode())


_FAR_CHARACTER = f"&#{'9' * 5_000};"

FILES: list[HostileFile] = [
    *of(
        "file_expands",
        texts_of_a_million=_texts(1_000_000),
        styles_of_a_million=_styles(1_000_000),
    ),
    *of(
        "file_too_many",
        sheets_300=_sheets(300),
        sheets_60=_sheets(60),
        texts_of_110_000=_texts(110_000),
        styles_of_300_000=_styles(300_000),
        styles_of_30_000=_styles(30_000),
        names_10_000=_names(10_000),
        merges_100_000=_many(100_000, '<mergeCell ref="A{n}:B{n}"/>', "mergeCells"),
        merges_of_another_prefix=_many(6_000, '<x:mergeCell xmlns:x="urn:{n}"/>'),
        links_100_000=_many(100_000, '<hyperlink ref="A{n}" location="A1"/>', "hyperlinks"),
        validations_50_000=_many(50_000, '<dataValidation sqref="A{n}"/>', "dataValidations"),
        conditions_50_000=_many(
            50_000, '<conditionalFormatting sqref="A{n}"><cfRule type="top10"/></conditionalFormatting>'
        ),
        columns_20_000=_columns(20_000),
        comments_20_000=_comments,
        rows_of_a_million=lambda good: good.rows("".join(f'<row r="{n}"/>' for n in range(1, 900_000))),
        cells_of_a_million=lambda good: good.rows(
            "".join(f'<row r="{n}">' + f'<c r="A{n}"><v>{n}</v></c>' * 60 + "</row>" for n in range(1, 5000))
        ),
    ),
    *of(
        "file_far_cell",
        last_cell_of_all=_cell("XFD1048576"),
        last_row=_cell("A1048576"),
        last_column=_cell("XFD1"),
        cell_in_small_letters=_cell("xfd1048576"),
        row_of_16_384_cells=lambda good: good.rows(_row_of(16_384)),
        rows_without_numbers=lambda good: good.rows("<row/>" * 20_000 + "<row><c><v>1</v></c></row>"),
    ),
    *of("file_damaged", cell_that_is_nowhere=_cell("1A"), cell_of_row_0_and_many_letters=_cell("ABCDEFG1")),
    *of("file_too_spread", far_cells_on_every_sheet=_far_everywhere),
    *of(
        "",
        dimension_of_a_million_rows=_dimension,
        shared_strings_that_claim_four_billion=_texts(10),
        formatting_in_the_last_cell=lambda good: good.with_posts(
            b"</sheetData>", b'<row r="1048576"><c r="XFD1048576" s="1"/></row></sheetData>'
        ),
        hidden_columns_16_000_times=_columns(16_000, ' hidden="1"'),
        hidden_column_whose_number_has_5_000_digits=_columns(1, ' hidden="1"', last="9" * 5_000),
        link_at_a_character_of_5_000_digits=_many(
            1, f'<hyperlink ref="{_FAR_CHARACTER}" location="A1"/>', "hyperlinks"
        ),
        link_to_a_character_of_5_000_digits=_many(
            1, f'<hyperlink ref="Z1" location="{_FAR_CHARACTER}"/>', "hyperlinks"
        ),
        styles_of_15_000=_styles(15_000),
        names_4_000=_names(4_000),
        links_9_000=_many(9_000, '<hyperlink ref="Z{n}" location="A1"/>', "hyperlinks"),
    ),
]
