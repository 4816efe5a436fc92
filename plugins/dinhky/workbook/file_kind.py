"""What a file is that is no .xlsx, so that its sender can be told what was sent."""

from __future__ import annotations

import re
from collections.abc import Collection

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_STREAMS = (("EncryptedPackage", "encrypted"), ("WordDocument", "doc"))
"""Names of streams that tell the old office files apart; any other is taken for an old Excel file."""
_MAGIC = (
    (b"%PDF", "pdf"),
    (b"Rar!", "rar"),
    (b"7z\xbc\xaf", "7z"),
    (b"PK", "zip"),  # empty or split: a usual archive is looked into
    (b"\x1f\x8b", "zip"),
    (b"{\\rtf", "rtf"),
    (b"\xff\xd8\xff", "image"),
    (b"\x89PNG", "image"),
    (b"GIF8", "image"),
)
_PHONE_PHOTO = re.compile(rb"....ftyp(?:heic|heix|mif1|msf1|avif)", re.DOTALL)
_MARKUP = (b"<!doctype html", b"<html", b"<table", b"<?xml", b"<meta", b"mime-version:")
_PACKAGES = {"xl/workbook.bin": "xlsb", "word/document.xml": "docx", "content.xml": "ods"}


def kind_of_bytes(data: bytes) -> str:
    """The kind of a file that is neither empty nor an archive: `pdf`, `xls`, `csv`…, `encrypted`, or `unknown`."""
    if data.startswith(_OLE):
        return next((kind for stream, kind in _OLE_STREAMS if stream.encode("utf-16-le") in data), "xls")
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    if _PHONE_PHOTO.match(data):
        return "image"
    start = data[:2048].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if start.startswith(_MARKUP):
        return "html"
    is_text = data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" not in data[:2048]
    return "csv" if is_text and re.search(rb"[,;\t]", start) else "unknown"


def kind_of_package(names: Collection[str]) -> str:
    """The kind of an archive without a workbook in it, by the names of its parts."""
    return next((kind for mark, kind in _PACKAGES.items() if mark in names), "zip")
