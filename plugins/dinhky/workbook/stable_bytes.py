"""The same workbook gives the same bytes: files are stored by the hash of their content."""

from __future__ import annotations

import io
import re
import zipfile

_EARLIEST = (1980, 1, 1, 0, 0, 0)
_SAVED_AT = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")
_NO_TIME = rb"\g<1>2000-01-01T00:00:00Z\g<2>"


def without_time(workbook: bytes) -> bytes:
    """The workbook packed again without the moment at which it was saved."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as source, zipfile.ZipFile(packed, "w") as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == "docProps/core.xml":
                content = _SAVED_AT.sub(_NO_TIME, content)
            plain = zipfile.ZipInfo(entry.filename, _EARLIEST)
            plain.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(plain, content)
    return packed.getvalue()
