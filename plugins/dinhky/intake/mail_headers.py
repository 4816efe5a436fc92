"""The headers of a mail as text, whatever was done to them: foreign charsets, raw bytes, hostile lengths and signs.

The standard library's newer policies raise for headers that real mail has, so the older one is used, and what it leaves
undone is done here.
"""

from __future__ import annotations

import re
import unicodedata
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.policy import Compat32
from email.utils import getaddresses

LONGEST_SUBJECT = 300
LONGEST_NAME = 150
"""Characters of an attachment's name that are kept, its ending among them."""
LONGEST_ENDING = 10
LONGEST_TEXT = 4_000
"""Characters of any header that are decoded and composed: both take the square of the length."""
MOST_ENCODED_WORDS = 100
LONGEST_ADDRESS = 250
_ADDRESS = re.compile(r"[^\s@<>()\[\]\\,;:\"]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{3,250}>")
"""No more than a header line holds: whatever else a sender puts there is not repeated in ours."""
TOO_ODD = (
    *(MessageError, LookupError, ValueError, TypeError, AttributeError),
    *(ArithmeticError, AssertionError, RecursionError),
)
"""What the standard library raises for headers and mails nobody should have written."""

LONGEST_HEAD = 64 * 1024
LONGEST_PARAMETERS = 8 * 1024
"""Bytes of a Content-Type or a Content-Disposition."""
MOST_PARAMETERS = 200
"""In one header: the standard library takes their number times the length."""
MOST_BOUNDARIES = 100
MOST_LOOKS = 3_000_000
"""Every boundary is looked for in every line, at a million looks a second: a mail made for it would take minutes."""
MOST_LINES = 400_000
"""Twice what the largest mail that is fetched has, if it holds a file as mail programs encode them."""
MOST_LINES_OF_REPORT = 50_000
"""Where servers report on deliveries, two lines may make a message of their own."""
MOST_SEPARATORS = 10_000
"""Lines that may begin a part."""
# All of these are searched for in small letters, beginning with letters: whatever else is many times slower.
_BOUNDARY = re.compile(rb"boundary[\s*\d]*=")
_PARAMETERS = re.compile(rb"content-(?:type|disposition):[^\r\n]*(?:(?>\r\n|\r|\n)[ \t][^\r\n]*)*")
_REPORT = b"message/delivery-status"
_END_OF_HEAD = re.compile(rb"(?:\A|(?>\r\n|\r|\n))(?>\r\n|\r|\n)")


class TooCostly(MessageError):
    """Reading these bytes as a mail would take far longer than any mail that a program makes."""


class AsWritten(Compat32):
    """Hands out headers as they came, bytes that are no ASCII as surrogates; the standard policy loses those bytes."""

    def header_fetch_parse(self, name: str, value: str) -> str:  # noqa: ARG002 - the signature is the policy's
        return value


AS_WRITTEN = AsWritten()


def head_of(data: bytes) -> bytes:
    """The headers of a mail, as far as they are read at all."""
    found = _END_OF_HEAD.search(data, 0, LONGEST_HEAD)
    return data[: found.end() if found else LONGEST_HEAD]


def looks_to_read(data: bytes) -> int:
    """How many times a line is looked at when these bytes are read as a mail. Raises TooCostly where that, or anything
    else that costs much, is more than a mail needs; it is to be asked before any bytes are parsed."""
    lines = data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")
    if lines > MOST_LINES or data.count(b"\n--") + data.count(b"\r--") > MOST_SEPARATORS:
        raise TooCostly("lines")
    if len(data) > LONGEST_HEAD and not _END_OF_HEAD.search(data, 0, LONGEST_HEAD):
        raise TooCostly("headers")
    small = data.lower()
    if lines > MOST_LINES_OF_REPORT and _REPORT in small:
        raise TooCostly("report")
    boundaries = len(_BOUNDARY.findall(small))
    if boundaries > MOST_BOUNDARIES or boundaries * lines > MOST_LOOKS:
        raise TooCostly("boundaries")
    for found in _PARAMETERS.finditer(small):
        begins_line = not found.start() or small[found.start() - 1] in b"\r\n"
        if begins_line and _is_costly(found[0]):
            raise TooCostly("parameters")
    return lines * max(boundaries, 1)


def _is_costly(parameters: bytes) -> bool:
    return len(parameters) > LONGEST_PARAMETERS or parameters.count(b";") > MOST_PARAMETERS


def parsed(data: bytes) -> Message:
    """The mail that the bytes are. Raises TooCostly."""
    looks_to_read(data)
    return message_from_bytes(data, policy=AS_WRITTEN)


def header(message: Message, name: str, longest: int = LONGEST_SUBJECT) -> str:
    """One header on one line, decoded; empty if there is none."""
    try:
        value = message.get(name)
    except TOO_ODD:
        return ""
    return decoded(str(value), longest) if value is not None else ""


def decoded(value: str, longest: int) -> str:
    """Text with its encoded words undone (RFC 2047), composed (NFC), without signs that no line of text has."""
    raw = _guessed(value[: min(20 * longest, LONGEST_TEXT)].encode("utf-8", "surrogateescape"))
    try:
        parts = decode_header(raw) if raw.count("=?") <= MOST_ENCODED_WORDS else [(raw, None)]
    except TOO_ODD:
        parts = [(raw, None)]
    return one_line("".join(_word(part, charset) for part, charset in parts), longest)


def one_line(text: str, longest: int) -> str:
    """The text on one line: what is not printable becomes a space, also signs that turn the direction of writing."""
    composed = unicodedata.normalize("NFC", text[: min(4 * longest, LONGEST_TEXT)])
    return " ".join("".join(char if char.isprintable() else " " for char in composed).split())[:longest].rstrip()


def _word(part: str | bytes, charset: str | None) -> str:
    if isinstance(part, str):
        return part
    # What stands between encoded words is handed out in Python's own escapes.
    return _guessed(part, charset) if charset else part.decode("raw-unicode-escape", "replace")


def _guessed(data: bytes, charset: str | None = None) -> str:
    for guess in (charset, "utf-8", "cp1258"):  # the last is what old Vietnamese programs write without saying so
        if guess:
            try:
                return data.decode(guess)
            except TOO_ODD:
                continue
    return data.decode("utf-8", "replace")


def address_of(message: Message, name: str = "From") -> str:
    """The one address of a header, in small letters; empty if there is none, or more than one."""
    try:
        written = [str(value)[:2000] for value in message.get_all(name) or ()]
        found = {address.lower() for _, address in getaddresses(written) if address}
    except TOO_ODD:
        return ""
    address = found.pop() if len(found) == 1 else ""
    return address if _ADDRESS.fullmatch(address) and len(address) <= LONGEST_ADDRESS else ""


def message_ids(message: Message, name: str) -> list[str]:
    """The message ids that a header holds, as they are written."""
    try:
        return [found for value in message.get_all(name) or () for found in _MESSAGE_ID.findall(str(value)[:20_000])]
    except TOO_ODD:
        return []


def file_name(message: Message) -> str:
    """The name that a part gives its file, without folders; empty if it gives none."""
    name = parameter(message, "filename", "Content-Disposition") or parameter(message, "name", "Content-Type")
    bare = re.split(r"[/\\]", name)[-1].strip(" .")
    if len(bare) <= LONGEST_NAME:
        return bare
    stem, dot, ending = bare.rpartition(".")
    if not stem or len(ending) > LONGEST_ENDING:
        return bare[:LONGEST_NAME]
    return f"{stem[: LONGEST_NAME - len(ending) - 1]}{dot}{ending}"


def parameter(message: Message, name: str, of: str) -> str:
    """A parameter of a header on one line, decoded; empty if there is none, or the header is none that is read."""
    try:
        if _is_costly(str(message.get(of, "")).encode("utf-8", "surrogateescape")):
            return ""
        value = message.get_param(name, "", of)
    except TOO_ODD:
        return ""
    if isinstance(value, tuple):  # RFC 2231: charset, language, and the bytes as letters
        charset, _, text = value
        data = _with_its_ending(text).encode("raw-unicode-escape", "replace")
        return one_line(_guessed(data, charset), LONGEST_TEXT)
    return decoded(_with_its_ending(str(value)), LONGEST_TEXT)


def _with_its_ending(text: str) -> str:
    """The text without its middle, if it is longer than what is read: the ending of a file's name says its kind."""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - LONGEST_NAME] + text[-LONGEST_NAME:]
