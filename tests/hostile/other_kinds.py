"""Files that are no .xlsx, whatever they are called."""

from __future__ import annotations

import gzip
import random

from hostile_file import HostileFile, of
from raw_archive import Entry, archive

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504
_SHEET_2003 = b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook/>'
_ODS = b"application/vnd.oasis.opendocument.spreadsheet"

FILES: list[HostileFile] = [
    *of(
        "file_empty", no_bytes=lambda good: b"", only_zeros=lambda good: b"\0" * 4096, only_blanks=lambda good: b" \r\n"
    ),
    *of(
        "file_not_xlsx",
        pdf=lambda good: b"%PDF-1.7\n1 0 obj<<>>endobj",
        html=lambda good: b"<html><table><tr><td>1</td></tr></table></html>",
        csv=lambda good: "STT;Tiêu đề\n1;Bài\n".encode(),
        csv_utf16=lambda good: "STT\tTiêu đề".encode("utf-16"),
        docx=lambda good: archive([Entry("[Content_Types].xml", b"<a/>"), Entry("word/document.xml", b"<a/>")]),
        jpg=lambda good: b"\xff\xd8\xff\xe0" + b"\0JFIF" * 40,
        png=lambda good: b"\x89PNG\r\n\x1a\n" + b"\0" * 40,
        phone_photo=lambda good: b"\0\0\0\x18ftypheic" + b"\0" * 40,
        zip_of_workbooks=lambda good: archive([Entry("Quý I.xlsx", good.data), Entry("Quý II.xlsx", good.data)]),
        xls=lambda good: _OLE + "Workbook".encode("utf-16-le"),
        doc=lambda good: _OLE + "WordDocument".encode("utf-16-le"),
        xlsb=lambda good: archive([Entry("xl/workbook.bin", b"\x83\x01\0")]),
        ods=lambda good: archive([Entry("mimetype", _ODS, method=0), Entry("content.xml", b"<a/>")]),
        rar=lambda good: b"Rar!\x1a\x07\x01\0" + b"\0" * 60,
        seven_zip=lambda good: b"7z\xbc\xaf\x27\x1c" + b"\0" * 60,
        gzip=lambda good: gzip.compress(good.data, mtime=0),
        rtf=lambda good: b"{\\rtf1 Bao cao}",
        xml_2003=lambda good: _SHEET_2003,
        web_archive=lambda good: b"MIME-Version: 1.0\nContent-Type: multipart/related",
        program=lambda good: b"MZ\x90\0\x03" + b"\0" * 200,
        shell_script=lambda good: b"#!/bin/sh\nrm -rf /\n",
        noise=lambda good: random.Random(4).randbytes(5000),
        empty_archive=lambda good: archive([]),
        no_workbook_part=lambda good: good.with_parts({"xl/workbook.xml": None}),
        junk_before_the_archive=lambda good: archive(good.entries(), before=b"#!/bin/sh\n"),
    ),
    *of("file_password", encrypted=lambda good: _OLE + "EncryptedPackage".encode("utf-16-le") + b"\0" * 900),
    *of("file_too_large", eleven_megabytes=lambda good: good.data + b"\0" * 11_000_000),
]
