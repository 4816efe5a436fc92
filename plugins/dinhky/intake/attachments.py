"""The files that a mail brings: attached, in a mail that was forwarded whole, under whatever name and encoding."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import Message
from functools import cached_property

from dinhky.intake.mail_headers import MOST_LOOKS, TOO_ODD, TooCostly, file_name, looks_to_read, message_ids, parsed
from dinhky.rounds.correspondence import is_our_message_id

DEEPEST = 20
"""Mails within mails, and parts within parts."""
MOST_PARTS = 200
NEVER_FILES = frozenset(
    {
        *("text/calendar", "text/vcard", "text/x-vcard", "text/directory", "application/ics"),
        *("application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"),
        *("application/pgp-keys", "text/rfc822-headers", "message/delivery-status", "message/disposition-notification"),
    }
)
"""What mail programs add of their own accord."""
NEVER_ENDINGS = (".ics", ".vcf", ".p7s", ".asc", ".sig")
WRAPPED_BY_OUTLOOK = ("winmail.dat", "win.dat")
COMPANIONS = (".pdf", ".doc", ".docx", ".rtf", ".txt", ".ppt", ".pptx", ".odt", ".html", ".htm", ".msg")
"""What offices send along with a workbook: the signed letter, most of all."""
WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".xltx", ".ods", ".csv", ".zip", ".rar", ".7z")
ADDED_TEXT = re.compile(r"(ATT\d+|Untitled( attachment \d+)?|mime-attachment)\.(txt|html?)", re.IGNORECASE)
"""The body's own pieces, as Exchange and Apple Mail name them."""
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ZIPPED = b"PK\x03\x04"


@dataclass(frozen=True)
class MailedFile:
    """A file as it came by mail. `name` is empty where the mail gives it none."""

    name: str
    data: bytes

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def is_workbook(self) -> bool:
        """Whether somebody may have meant it as one, also in a kind that we cannot read."""
        return self.name.lower().endswith(WORKBOOKS) or (
            self.data.startswith(ZIPPED) and not self.name.lower().endswith(COMPANIONS)
        )

    @property
    def is_wrapped_by_outlook(self) -> bool:
        """Whether it is Outlook's own wrapping (TNEF), in which only Outlook finds the files."""
        return self.name.lower() in WRAPPED_BY_OUTLOOK or self.data.startswith(b"\x78\x9f\x3e\x22")


def files_in(message: Message) -> tuple[MailedFile, ...]:
    """Every file that the sender sent on purpose, each once, in order.

    Pictures, signatures, cards and invitations are what mail programs add. Letters and texts beside a workbook are its
    company; where there is no workbook, they were meant to be one, and are kept to be answered. Raises TooCostly for
    mails within the mail.
    """
    found = {file.sha256: file for file in reversed(list(_files(message, 0, [MOST_LOOKS])))}
    files = tuple(reversed(found.values()))
    workbooks = tuple(file for file in files if file.is_workbook)
    return workbooks or files


def _files(message: Message, depth: int, looks: list[int]) -> Iterator[MailedFile]:
    """`looks` is what may still be spent on mails within the mail, all of them together."""
    for part in _leaves(message, depth, [MOST_PARTS], looks):
        name, kind = file_name(part), part.get_content_type()
        if kind in NEVER_FILES or kind.startswith("image/") or name.lower().endswith(NEVER_ENDINGS):
            continue
        if kind in {"text/plain", "text/html"} and (not name or ADDED_TEXT.fullmatch(name)):
            continue
        data = _data(part)
        if name.lower().endswith(".eml") and depth < DEEPEST:
            yield from _files(_read_within(data, looks), depth + 1, looks)
        elif data and (name or kind == XLSX or data.startswith(ZIPPED)):
            yield MailedFile(name, data)


def _read_within(data: bytes, looks: list[int]) -> Message:
    looks[0] -= looks_to_read(data)
    if looks[0] < 0:
        raise TooCostly("mails within mails")
    return parsed(data)


def _leaves(message: Message, depth: int, left: list[int], looks: list[int]) -> Iterator[Message]:
    """The parts that hold something, down through forwarded mails, but not those that we had sent ourselves."""
    if depth > DEEPEST or left[0] <= 0:
        return
    left[0] -= 1
    # What is no list is not asked for: it would be decoded by a charset that the sender chose, whatever that costs.
    payload = message.get_payload() if message.is_multipart() else None
    if not isinstance(payload, list):
        yield message
        return
    inner = [one for one in payload if isinstance(one, Message)]
    if message.get_content_type() == "message/rfc822":
        inner = [_whole(message, one, looks) for one in inner]
        inner = [one for one in inner if not any(map(is_our_message_id, message_ids(one, "Message-ID")))]
    for one in inner:
        yield from _leaves(one, depth + 1, left, looks)


def _whole(outer: Message, inner: Message, looks: list[int]) -> Message:
    """The mail within a mail; some programs encode it, though they should not, and then it was not yet read."""
    if str(outer.get("Content-Transfer-Encoding", "")).strip().lower() not in {"base64", "quoted-printable"}:
        return inner
    unread = Message()
    unread["Content-Transfer-Encoding"] = outer["Content-Transfer-Encoding"]
    unread.set_payload(inner.as_bytes().lstrip())
    return _read_within(_data(unread), looks)


def _data(part: Message) -> bytes:
    try:
        data = part.get_payload(decode=True)
    except TOO_ODD:
        return b""
    return data if isinstance(data, bytes) else b""


def named(files: Sequence[MailedFile]) -> list[str]:
    """Their names, for a letter."""
    return [file.name for file in files if file.name]
