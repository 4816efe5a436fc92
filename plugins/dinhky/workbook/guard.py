"""Looks at the bytes of a workbook before any parser does.

A file from outside can abort the parsing process (a cell at XFD1048576) or fill the memory (a few kilobytes that
expand to gigabytes). Nothing here parses cells or trusts what the archive says of itself.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from xml.parsers import expat

from dinhky.workbook.extent import check_extent
from dinhky.workbook.refused import WorkbookRefusedError

MAX_FILE = 10 * 1024 * 1024
MAX_PART = 15 * 1024 * 1024
MAX_TOTAL = 30 * 1024 * 1024
"""Bytes: of the file, of one part expanded, of all parts expanded. A filled workbook is about 0.1 MB, 1 MB expanded."""
MAX_PARTS = 300
MAX_RATIO = 250
SMALL_PART = 1024 * 1024
"""Parts below this size may have any ratio: repeated empty rows compress well."""

_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_ENCRYPTED_FLAG = 0x1
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_MAGIC = (
    (b"%PDF", "pdf"),
    (b"Rar!", "rar"),
    (b"7z\xbc\xaf", "7z"),
    (b"{\\rtf", "rtf"),
    (b"\xff\xd8\xff", "image"),
    (b"\x89PNG", "image"),
)
_UNWANTED = (
    ("vbaproject", "file_macros"),
    ("xl/macrosheets/", "file_macros"),
    ("xl/externallinks/", "file_external_links"),
    ("xl/embeddings/", "file_embedded"),
    ("xl/activex/", "file_embedded"),
)
_DANGEROUS_XML = (b"<!DOCTYPE", b"<!ENTITY")


def inspect(data: bytes) -> dict[str, bytes]:
    """The parts of a workbook that is safe to parse, by lower-case name. Raises WorkbookRefusedError for any other."""
    if len(data) > MAX_FILE:
        raise WorkbookRefusedError("file_too_large", size_mb=len(data) // 2**20, limit_mb=MAX_FILE // 2**20)
    if not data.startswith(b"PK\x03\x04"):
        _refuse_other_kind(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_directory(archive.infolist())
            parts = {_plain_name(entry): _inflate(data, entry) for entry in archive.infolist()}
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, struct.error) as error:
        raise WorkbookRefusedError("file_damaged", detail=type(error).__name__) from error
    for name, content in parts.items():
        _check_xml(name, content)
    return parts


def _refuse_other_kind(data: bytes) -> None:
    if not data.strip(b"\0 \r\n\t"):
        raise WorkbookRefusedError("file_empty")
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        if _ENCRYPTED_PACKAGE in data:
            raise WorkbookRefusedError("file_password")
        raise WorkbookRefusedError("file_not_xlsx", kind="xls")
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            raise WorkbookRefusedError("file_not_xlsx", kind=kind)
    start = data[:2048].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<table", b"<?xml", b"<meta")):
        raise WorkbookRefusedError("file_not_xlsx", kind="html")
    is_text = data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" not in data[:2048]
    raise WorkbookRefusedError("file_not_xlsx", kind="csv" if is_text and re.search(rb"[,;\t]", start) else "unknown")


def _check_directory(entries: list[zipfile.ZipInfo]) -> None:
    names = [_plain_name(entry) for entry in entries]
    if len(entries) > MAX_PARTS or sum(entry.file_size for entry in entries) > MAX_TOTAL:
        raise WorkbookRefusedError("file_expands", limit_mb=MAX_TOTAL // 2**20)
    for entry, name in zip(entries, names, strict=True):
        if entry.flag_bits & _ENCRYPTED_FLAG:
            raise WorkbookRefusedError("file_password")
        if name.startswith("/") or ".." in name.split("/") or ":" in name or "\0" in entry.orig_filename:
            raise WorkbookRefusedError("file_damaged", detail="name")
        if entry.compress_type not in _METHODS:
            raise WorkbookRefusedError("file_damaged", detail="method")
        too_dense = entry.file_size > SMALL_PART and entry.file_size > MAX_RATIO * max(entry.compress_size, 1)
        if entry.file_size > MAX_PART or too_dense:
            raise WorkbookRefusedError("file_expands", limit_mb=MAX_TOTAL // 2**20)
    if len(set(names)) != len(names):
        raise WorkbookRefusedError("file_damaged", detail="duplicate")
    if "xl/workbook.xml" not in names:
        raise WorkbookRefusedError("file_not_xlsx", kind=_kind_of_package(names))
    for fragment, code in _UNWANTED:
        if any(fragment in name for name in names):
            raise WorkbookRefusedError(code)


def _kind_of_package(names: list[str]) -> str:
    marks = {"xl/workbook.bin": "xlsb", "word/document.xml": "docx", "content.xml": "ods"}
    return next((kind for mark, kind in marks.items() if mark in names), "zip")


def _plain_name(entry: zipfile.ZipInfo) -> str:
    return entry.filename.replace("\\", "/").lower()


def _inflate(data: bytes, entry: zipfile.ZipInfo) -> bytes:
    """The part really expanded, which must be exactly as long as the directory says and have its checksum.

    Not through `zipfile`: that stops reading at the size the directory declares, where the parser would go on.
    """
    header = data[entry.header_offset : entry.header_offset + 30]
    if len(header) < 30 or not header.startswith(b"PK\x03\x04"):
        raise WorkbookRefusedError("file_damaged", detail="header")
    name_length, extra_length = struct.unpack("<HH", header[26:30])
    start = entry.header_offset + 30 + name_length + extra_length
    packed = data[start : start + entry.compress_size]
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
    """Well-formed UTF-8 XML without a document type, whatever the part is called; a sheet also of bounded extent."""
    is_sheet = b"sheetData" in content
    if not (is_sheet or name.endswith((".xml", ".rels"))):
        return
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or any(mark in content for mark in _DANGEROUS_XML):
        raise WorkbookRefusedError("file_damaged", detail=name)
    try:
        expat.ParserCreate("utf-8").Parse(content, True)
    except expat.ExpatError as error:
        raise WorkbookRefusedError("file_damaged", detail=name) from error
    if is_sheet:
        check_extent(content)
