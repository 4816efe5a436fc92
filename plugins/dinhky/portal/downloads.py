"""Files on their way to a visitor: always as an attachment, never opened by the browser as something of ours."""

from __future__ import annotations

from pathlib import PurePath
from urllib.parse import quote

from starlette.responses import Response

from dinhky.domain.errors import UnknownName
from dinhky.portal.told import one_line
from dinhky.portal.visitors import Visitor
from dinhky.rounds.opening import workbook_for
from dinhky.rounds.owed import Affair
from dinhky.rounds.ports import LedgerTransaction

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
UNKNOWN = "application/octet-stream"
_NOT_IN_NAMES = '/\\:*?"<>|%'
_LONGEST_NAME = 150


def download(data: bytes, name: str, media_type: str = UNKNOWN) -> Response:
    """The bytes under a name, which may come from outside: as RFC 6266 and 5987 have it, with an ASCII name beside."""
    shown = "".join("_" if char in _NOT_IN_NAMES else char for char in one_line(name)).strip(" .")[-_LONGEST_NAME:]
    shown = shown or "tep"
    plain = "".join(char if char.isascii() else "_" for char in shown)
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(shown, safe='')}"
    return Response(data, media_type=media_type, headers={"Content-Disposition": disposition})


def workbook_download(visitor: Visitor, ledger: LedgerTransaction, affair: Affair) -> Response:
    """The visitor's own workbook for a round, built now."""
    name, data = workbook_for(visitor.office, ledger, visitor.plan, affair.round, visitor.unit)
    return download(data, name, XLSX)


def sent_download(visitor: Visitor, ref: str, period: str, number: int) -> Response:
    """A file as the visitor sent it. Raises UnknownName."""
    with visitor.office.ledger.snapshot() as ledger:
        found = visitor.submission(ledger, visitor.affair(ledger, ref, period), number)
    return download(visitor.office.files.get(found.sha256), found.file_name)


def marked_download(visitor: Visitor, ref: str, period: str, number: int) -> Response:
    """The marked-up workbook that answered a file. Raises UnknownName, also if there is none."""
    with visitor.office.ledger.snapshot() as ledger:
        found = visitor.submission(ledger, visitor.affair(ledger, ref, period), number)
    if found.answer_sha256 is None:
        raise UnknownName("page_not_found")
    name = visitor.office.words.file_name("marked_up", stem=PurePath(found.file_name).stem)
    return download(visitor.office.files.get(found.answer_sha256), name, XLSX)
