"""Files made to harm are answered at once, in this process: it must neither die, nor swell, nor wait."""

from __future__ import annotations

import io
import struct
import time
import zipfile
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dinhky.workbook.extent import check_extent
from dinhky.workbook.guard import inspect, repacked
from dinhky.workbook.refused import WorkbookRefusedError

SHEET = "xl/worksheets/sheet2.xml"


def with_part(data: bytes, name: str, content: bytes) -> bytes:
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            target.writestr(entry.filename, content if entry.filename == name else source.read(entry))
    return changed.getvalue()


def sheet(rows: str, extra: str = "") -> bytes:
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<worksheet xmlns="{space}" xmlns:x="{space}"><sheetData>{rows}</sheetData>{extra}</worksheet>'.encode()


def answered(desk, data: bytes) -> list[str]:
    started = time.process_time()
    codes = desk.codes(data)
    assert time.process_time() - started < 1, (
        "seconds of our own processor time, so that a busy machine changes nothing"
    )
    return codes


FAR_CELLS = [
    '<row r="1"><c r="XFD1048576"><v>1</v></c></row>',
    '<row r="1"><c r="xfd1048576"><v>1</v></c></row>',
    "<row r='1'><c r='XFD1048576'><v>1</v></c></row>",
    '<row r="1"><c x="&gt;/>" r="XFD1048576"><v>1</v></c></row>',
    '<row r="1"><c x=">" r="XFD1048576"><v>1</v></c></row>',
    '<row r="1"><c r="XFD1048576">/><v>1</v></c></row>',
    '<row r="1"><c r="XFD1048576" s="/>"><v>1</v></c></row>',
    '<row r="1"><x:c r="XFD1048576"><v>1</v></x:c></row>',
    '<row r="1"><c\n\tr = "XFD1048576"><v>1</v></c></row>',
    '<row r="1048576"><c><v>1</v></c></row><row r="1"><c r="XFD1"><v>1</v></c></row>',
    '<row r="9999"><c r="A9999"><v>1</v></c></row><row r="1">' + "<c><v>1</v></c>" * 17000 + "</row>",
    "<row/>" * 20_000 + "<row><c><v>1</v></c></row>",
    '<row r="1"><c r="A1"/><c><![CDATA[<c r="B1" ]]><v>1</v></c></row>' + '<row r="1048576"><c><v>1</v></c></row>',
    '<row r="1"><c r="A10000"><v>1</v></c></row>',
    '<row r="1"><c r="BA1"><v>1</v></c></row>',
]


@pytest.mark.parametrize("rows", FAR_CELLS, ids=range(len(FAR_CELLS)))
def test_a_value_far_out_is_refused_before_the_parser_allocates_for_it(desk, rows):
    assert answered(desk, with_part(desk.built, SHEET, sheet(rows))) == ["file_far_cell"]


def test_the_far_cell_is_named(desk):
    [problem] = desk.read(with_part(desk.built, SHEET, sheet(FAR_CELLS[0]))).problems
    assert desk.words.sentence(problem).startswith("Ô XFD1048576 ")


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="1048576" customFormat="false" ht="12.8"/>',
        '<row r="1048576"><c r="XFD1048576" s="1"/></row>',
        '<row r="1048576"><c r="XFD1048576" s="1"></c></row>',
        "<row r='1048576'><x:c s='1' r='XFD1048576'/></row>",
        '<row r="9999"><c r="AZ9999" t="inlineStr"><is><t> </t></is></c></row>',
        "<row><c><v>1</v></c></row>",
    ],
)
def test_empty_formatting_far_out_and_stray_spaces_are_let_through(rows):
    assert check_extent(sheet(rows)) is None


def test_forged_dimension_and_huge_merge_do_no_harm(desk):
    everything = "A1:XFD1048576"
    part = sheet('<row r="1"><c r="A1"><v>1</v></c></row>', f'<mergeCells><mergeCell ref="{everything}"/></mergeCells>')
    part = part.replace(b"<sheetData>", f'<dimension ref="{everything}"/><sheetData>'.encode())
    assert set(answered(desk, with_part(desk.built, SHEET, part))) == {"column_missing"}


def test_a_bad_reference_is_damage(desk):
    assert answered(desk, with_part(desk.built, SHEET, sheet('<row><c r="1A"><v>1</v></c></row>'))) == ["file_damaged"]


def test_a_bomb_is_refused_by_what_it_declares(desk):
    assert answered(desk, with_part(desk.built, SHEET, b" " * 100_000_000)) == ["file_expands"]


@pytest.mark.parametrize("right_checksum_of_the_beginning", [True, False])
def test_a_bomb_that_lies_about_its_size_is_refused_by_what_it_is(desk, right_checksum_of_the_beginning):
    content, claimed = b" " * 40_000_000, 4000
    data = with_part(desk.built, "xl/theme/theme1.xml", content)
    size, checksum = struct.pack("<I", len(content)), struct.pack("<I", zlib.crc32(content))
    assert (data.count(size), data.count(checksum)) == (2, 2)
    data = data.replace(size, struct.pack("<I", claimed))
    if right_checksum_of_the_beginning:
        data = data.replace(checksum, struct.pack("<I", zlib.crc32(content[:claimed])))
    assert answered(desk, data) == ["file_damaged"]


def test_many_medium_parts_are_refused_by_their_sum(desk):
    data = desk.built
    changed = io.BytesIO(data)
    with zipfile.ZipFile(changed, "a", zipfile.ZIP_DEFLATED) as archive:
        for number in range(60):
            archive.writestr(f"xl/media/{number}.bin", b"\0" * 900_000)
    assert answered(desk, changed.getvalue()) == ["file_expands"]


def test_a_thousand_parts_are_refused(desk):
    changed = io.BytesIO(desk.built)
    with zipfile.ZipFile(changed, "a") as archive:
        for number in range(1000):
            archive.writestr(f"xl/media/{number}.bin", b"")
    assert answered(desk, changed.getvalue()) == ["file_too_many"]


def test_an_encrypted_entry_is_a_password(desk):
    data = bytearray(desk.built)
    central = data.index(b"PK\x01\x02")
    data[central + 8] |= 1
    assert answered(desk, bytes(data)) == ["file_password"]


def test_a_wrong_checksum_is_damage(desk):
    crc = struct.pack("<I", zlib.crc32(zipfile.ZipFile(io.BytesIO(desk.built)).read(SHEET)))
    assert desk.built.count(crc) == 2
    assert answered(desk, desk.built.replace(crc, b"\1\2\3\4")) == ["file_damaged"]


def renamed_sheet(data: bytes, name: str, content: bytes) -> bytes:
    """The workbook whose second sheet is said to be another part."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(changed, "w") as target:
        for entry in source.infolist():
            part = source.read(entry)
            if entry.filename == "xl/_rels/workbook.xml.rels":
                part = part.replace(b"worksheets/sheet2.xml", name.encode())
            target.writestr(entry.filename, part)
        target.writestr(f"xl/{name}", content)
    return changed.getvalue()


def test_a_sheet_under_a_strange_name_is_measured_or_never_shown_to_the_parser(desk):
    assert answered(desk, renamed_sheet(desk.built, "media/photo.xml", sheet(FAR_CELLS[0]))) == ["file_far_cell"]
    assert answered(desk, renamed_sheet(desk.built, "media/photo.png", sheet(FAR_CELLS[0]))) == ["file_damaged"]


def test_the_parser_is_given_nothing_but_what_was_inspected(desk):
    data = io.BytesIO(desk.built)
    with zipfile.ZipFile(data, "a") as archive:
        archive.writestr("xl/media/photo.png", b"\x89PNG")
        archive.comment = b"ours?"
    parts = inspect(data.getvalue())
    with zipfile.ZipFile(io.BytesIO(repacked(parts))) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == parts
        assert "xl/media/photo.png" not in parts
        assert archive.comment == b""


def test_sheets_that_hold_little_on_a_vast_area_are_refused(desk):
    far = sheet('<row r="9999"><c r="AZ9999" t="inlineStr"><is><t>x</t></is></c></row>')
    data = desk.built
    assert "file_too_spread" not in answered(desk, with_part(data, SHEET, far))
    for number in (3, 4):
        data = with_part(data, f"xl/worksheets/sheet{number}.xml", far)
    assert answered(desk, data) == ["file_too_spread"]


@pytest.mark.parametrize(
    "part",
    [
        "connections.xml",
        "queryTables/queryTable1.xml",
        "model/item.data",
    ],
)
def test_connections_to_other_data_are_refused_by_name(desk, part):
    changed = io.BytesIO(desk.built)
    with zipfile.ZipFile(changed, "a") as archive:
        archive.writestr(f"xl/{part}", b"<a/>")
    assert answered(desk, changed.getvalue()) == ["file_data_connections"]


@pytest.mark.parametrize(
    ("relation", "mode", "code"),
    [
        ("connections", "Internal", "file_data_connections"),
        ("vbaProject", "Internal", "file_macros"),
        ("externalLink", "Internal", "file_external_links"),
        ("oleObject", "Internal", "file_embedded"),
        ("worksheet", "External", "file_external_links"),
        ("image", "External", "file_external_links"),
    ],
)
def test_what_is_unwanted_is_refused_under_any_name(desk, relation, mode, code):
    space = "http://schemas.openxmlformats.org/package/2006/relationships"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    relations = (
        f'<r:Relationships xmlns:r="{space}"><r:Relationship Id="r1" Target="innocent.xml" '
        f'Type="{office}/{relation}" TargetMode="{mode}"/></r:Relationships>'
    )
    changed = io.BytesIO(desk.built)
    with zipfile.ZipFile(changed, "a") as archive:
        archive.writestr("xl/worksheets/_rels/sheet2.xml.rels", relations)
    assert answered(desk, changed.getvalue()) == [code]


def test_infinity_and_not_a_number_are_refused_as_numbers(desk, activity):
    filled = desk.filled(activities=[activity | {"participants": 42}])
    part = zipfile.ZipFile(io.BytesIO(filled)).read("xl/worksheets/sheet3.xml")
    assert part.count(b"<v>42</v>") == 1
    for value in (b"1e999", b"-1e999", b"NaN", b"inf"):
        data = with_part(filled, "xl/worksheets/sheet3.xml", part.replace(b"<v>42</v>", b"<v>" + value + b"</v>"))
        assert answered(desk, data)[0] in {"number_unreadable", "file_damaged"}, value


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10**6), bits=st.integers(1, 255), cut=st.booleans())
def test_any_damaged_byte_is_answered(desk, place, bits, cut):
    position = place % len(desk.built)
    changed = bytes([desk.built[position] ^ bits])
    data = desk.built[:position] if cut else desk.built[:position] + changed + desk.built[position + 1 :]
    assert isinstance(desk.read(data).problems, tuple)


@given(st.binary(max_size=300))
def test_any_bytes_are_answered(desk, data):
    identity, problems = desk.workbooks.identity(data)
    assert identity is None
    assert problems


def test_the_slow_way_and_the_quick_way_agree():
    quick = sheet('<row r="1"><c r="BB3"><v>1</v></c></row>')
    for part in (quick, quick.replace(b"<c r=", b"<c  r=")):
        with pytest.raises(WorkbookRefusedError) as refused:
            check_extent(part)
        assert refused.value.params == {"cell": "BB3"}
