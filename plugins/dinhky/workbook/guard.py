"""Looks at the bytes of a workbook before any parser does.

A file from outside can abort the parsing process (a cell at XFD1048576) or fill the memory (a few kilobytes that
expand to gigabytes). Nothing here parses cells or trusts what the archive says of itself. The parser is then given an
archive of our own, `repacked` from the parts that were looked at: what it reads is what was inspected.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from xml.parsers import expat

from dinhky.workbook.amounts import check_amounts
from dinhky.workbook.extent import check_extent
from dinhky.workbook.file_kind import kind_of_bytes, kind_of_package
from dinhky.workbook.plain_archive import plain_archive
from dinhky.workbook.refused import WorkbookRefusedError
from dinhky.workbook.unwanted import check_content_types, check_names, relation_handler

MAX_FILE = 10 * 1024 * 1024
MAX_PART = 15 * 1024 * 1024
MAX_TOTAL = 30 * 1024 * 1024
"""Bytes: of the file, of one part expanded, of all parts expanded. A filled workbook is about 0.1 MB, 1 MB expanded."""
MAX_PARTS = 300
MAX_NAME = 200
MAX_DIRECTORY = MAX_PARTS * 1000
"""Bytes of the archive's directory: an entry takes about a hundred."""
MAX_RATIO = 250
SMALL_PART = 1024 * 1024
"""Parts below this size may have any ratio: repeated empty rows compress well."""

_ENCRYPTED_FLAGS = 0x1 | 0x40 | 0x2000
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_LOCAL_HEADER = 30
_END = struct.Struct("<4s4H2LH")
_LARGE_END = struct.Struct("<4sQ2H2L4Q")
_LARGE_END_LOCATOR = 20
_IN_LARGE_END = 0xFFFFFFFF
_ENCODINGS = {None, "utf-8", "utf8", "us-ascii", "ascii"}
_BYTE_ORDER_16 = (b"\xff\xfe", b"\xfe\xff")
_PLAIN_BEGINNING = re.compile(
    rb"(?:\xef\xbb\xbf)?"
    rb'(?:<\?xml version="1\.0"(?: encoding="(?:utf-8|us-ascii|ascii)")?(?: standalone="(?:yes|no)")?\s*\?>)?'
    rb"\s*<((?:\w{1,40}:)?\w{1,40})[\s/>]",
    re.IGNORECASE,
)
"""As Excel, LibreOffice and the common libraries begin a part: perhaps a declaration, then the root element."""
_SPECIAL = re.compile(rb"<[!?]")
"""Where a document type, an entity, a comment, an unparsed text or an instruction begins."""
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r"))
"""Characters that XML does not allow."""
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, struct.error)


def inspect(data: bytes) -> dict[str, bytes]:
    """The XML parts of a workbook that is safe to parse, by lower-case name.

    Raises WorkbookRefusedError for any other. Takes about a millisecond for a usual file, a second for the worst.
    """
    if len(data) > MAX_FILE:
        raise WorkbookRefusedError("file_too_large", size_mb=len(data) // 2**20, limit_mb=MAX_FILE // 2**20)
    if not data.startswith(b"PK\x03\x04"):
        _refuse_other_kind(data)
    if (count := data.count(b"PK\x01\x02")) > MAX_PARTS:  # before an object is made of each
        raise WorkbookRefusedError("file_too_many", kind="parts", found=count, limit=MAX_PARTS)
    if _directory_size(data) > MAX_DIRECTORY:  # `zipfile` takes quadratic time for what an entry may have beside it
        raise WorkbookRefusedError("file_damaged", detail="directory")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            everything = archive.infolist()
        if min((one.header_offset for one in everything), default=0) > 0:
            # What stands before may be another archive, for another reader.
            raise WorkbookRefusedError("file_damaged", detail="beginning")
        entries = [entry for entry in everything if not entry.is_dir() or entry.file_size]
        _check_directory(entries)
        parts = _inflate_all(data, entries)
    except _UNREADABLE as error:
        raise WorkbookRefusedError("file_damaged", detail=type(error).__name__) from error
    xml_parts = {name: content for name, content in parts.items() if name.endswith((".xml", ".rels"))}
    check_amounts(xml_parts)
    for name, content in xml_parts.items():
        _check_xml(name, content)
    return xml_parts


def repacked(parts: Mapping[str, bytes]) -> bytes:
    """The inspected parts as a plain archive of our own, without anything that two readers could take in two ways."""
    return plain_archive(parts)


def _refuse_other_kind(data: bytes) -> None:
    if not data.strip(b"\0 \r\n\t"):
        raise WorkbookRefusedError("file_empty")
    kind = kind_of_bytes(data)
    if kind == "encrypted":
        raise WorkbookRefusedError("file_password")
    raise WorkbookRefusedError("file_not_xlsx", kind=kind)


def _directory_size(data: bytes) -> int:
    """How long the archive's directory is said to be, in its usual end and in the one of very large archives."""
    plain_end = len(data) - _END.size
    end = plain_end if data.startswith(b"PK\x05\x06", plain_end) else data.rfind(b"PK\x05\x06")
    if end < 0 or end + _END.size > len(data):
        return 0  # no archive, as `zipfile` will say
    size: int = _END.unpack_from(data, end)[5]
    large_end = end - _LARGE_END_LOCATOR - _LARGE_END.size
    if large_end >= 0 and data.startswith(b"PK\x06\x07", end - _LARGE_END_LOCATOR):
        size = max(size if size != _IN_LARGE_END else 0, _LARGE_END.unpack_from(data, large_end)[8])
    return size


def _check_directory(entries: list[zipfile.ZipInfo]) -> None:
    names = [_plain_name(entry) for entry in entries]
    if sum(entry.file_size for entry in entries) > MAX_TOTAL:
        raise WorkbookRefusedError("file_expands", limit_mb=MAX_TOTAL // 2**20)
    for entry, name in zip(entries, names, strict=True):
        if entry.flag_bits & _ENCRYPTED_FLAGS:
            raise WorkbookRefusedError("file_password")
        if name.startswith("/") or ".." in name.split("/") or ":" in name or len(name) > MAX_NAME:
            raise WorkbookRefusedError("file_damaged", detail="name")
        if not name.isprintable() or "\0" in entry.orig_filename:
            raise WorkbookRefusedError("file_damaged", detail="name")
        if entry.compress_type not in _METHODS:
            raise WorkbookRefusedError("file_damaged", detail="method")
        too_dense = entry.file_size > SMALL_PART and entry.file_size > MAX_RATIO * max(entry.compress_size, 1)
        if entry.file_size > MAX_PART or too_dense:
            raise WorkbookRefusedError("file_expands", limit_mb=MAX_TOTAL // 2**20)
    if len(set(names)) != len(names):
        raise WorkbookRefusedError("file_damaged", detail="duplicate")
    if "xl/workbook.xml" not in names:
        raise WorkbookRefusedError("file_not_xlsx", kind=kind_of_package(names))
    check_names(names)


def _plain_name(entry: zipfile.ZipInfo) -> str:
    return entry.filename.replace("\\", "/").lower()


def _inflate_all(data: bytes, entries: list[zipfile.ZipInfo]) -> dict[str, bytes]:
    parts = {}
    free_from = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        start = _start_of_content(data, entry)
        if entry.header_offset < free_from:
            raise WorkbookRefusedError("file_damaged", detail="overlap")
        free_from = start + entry.compress_size
        parts[_plain_name(entry)] = _inflate(data[start:free_from], entry)
    return parts


def _start_of_content(data: bytes, entry: zipfile.ZipInfo) -> int:
    header = data[entry.header_offset : entry.header_offset + _LOCAL_HEADER]
    if len(header) < _LOCAL_HEADER or not header.startswith(b"PK\x03\x04"):
        raise WorkbookRefusedError("file_damaged", detail="header")
    name_length, extra_length = struct.unpack("<HH", header[26:])
    return entry.header_offset + _LOCAL_HEADER + int(name_length) + int(extra_length)


def _inflate(packed: bytes, entry: zipfile.ZipInfo) -> bytes:
    """The part really expanded, which must be exactly as long as the directory says and have its checksum.

    Not through `zipfile`: that stops reading at the size the directory declares, where a parser would go on.
    """
    content = packed
    if entry.compress_type == zipfile.ZIP_DEFLATED:
        inflating = zlib.decompressobj(-zlib.MAX_WBITS)
        content = inflating.decompress(packed, entry.file_size + 1)
        if not inflating.eof:
            raise WorkbookRefusedError("file_damaged", detail="size")
    if len(content) != entry.file_size or zlib.crc32(content) != entry.CRC:
        raise WorkbookRefusedError("file_damaged", detail="size")
    return content


def _check_xml(name: str, content: bytes) -> None:
    """Whole UTF-8 XML without a document type; relations and content types that are wanted; bounded sheets."""
    if content.startswith(_BYTE_ORDER_16):
        raise WorkbookRefusedError("file_damaged", detail="encoding")
    try:
        if name.endswith(".rels"):
            _parse(content, relation_handler())
        elif not _is_plainly_whole(content):
            _parse(content)
        if b"sheetData" in content:
            check_extent(content)
    except (expat.ExpatError, ValueError) as error:
        raise WorkbookRefusedError("file_damaged", detail="xml") from error
    if name == "[content_types].xml":
        check_content_types(content)


def _is_plainly_whole(content: bytes) -> bool:
    """A look in place of parsing, four times as fast, at what usual programs write: UTF-8 from the root element's
    beginning to its only end, with nothing that begins with `<!` (document types, entities, comments, unparsed texts)
    and no instructions. Whatever else it may be, is parsed.

    That the right tags match in between is left to the parser in its child process: nothing here depends on it.
    """
    beginning = _PLAIN_BEGINNING.match(content)
    if beginning is None:
        return False
    after = beginning.end()
    # Looking for one byte is much quicker than for a pattern, and few parts have it.
    if (content.find(b"!", after) >= 0 or content.find(b"?", after) >= 0) and _SPECIAL.search(content, after):
        return False
    end = b"</" + beginning[1] + b">"
    if content.count(end) != 1 or not content.rstrip().endswith(end):
        return False
    if len(content.translate(None, _CONTROLS)) != len(content):
        return False
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _parse(content: bytes, at_element: Callable[[str, dict[str, str]], None] | None = None) -> None:
    """Parse a part that is to be well-formed. Raises ExpatError, ValueError, WorkbookRefusedError."""
    parser = expat.ParserCreate("utf-8")
    parser.XmlDeclHandler = _check_declaration
    parser.StartDoctypeDeclHandler = _refuse_document_type
    parser.StartElementHandler = at_element
    parser.Parse(content, True)


def _check_declaration(version: str, encoding: str | None, standalone: int) -> None:
    if (encoding and encoding.lower()) not in _ENCODINGS:
        raise WorkbookRefusedError("file_damaged", detail="encoding")


def _refuse_document_type(*told: object) -> None:
    raise WorkbookRefusedError("file_damaged", detail="document type")
