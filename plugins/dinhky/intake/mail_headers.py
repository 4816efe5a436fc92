"""The headers of a mail as text, whatever was done to them: foreign charsets, raw bytes, hostile lengths and signs.

The standard library's newer policies raise for headers that real mail has, so the older one is used, and what it leaves
undone is done here.
"""

from __future__ import annotations

import re
import unicodedata
from email.header import decode_header
from email.message import Message
from email.policy import Compat32
from email.utils import getaddresses

LONGEST_SUBJECT = 300
LONGEST_NAME = 150
"""Characters of an attachment's name that are kept, its ending among them."""
LONGEST_ENDING = 10
LONGEST_TEXT = 10_000
LONGEST_ADDRESS = 250
_ADDRESS = re.compile(r"[^\s@<>()\[\]\\,;:\"]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{3,250}>")
"""No more than a header line holds: whatever else a sender puts there is not repeated in ours."""
_TOO_ODD = (LookupError, ValueError, TypeError, AttributeError, RecursionError)
"""What the standard library raises for headers nobody should have written."""


class AsWritten(Compat32):
    """Hands out headers as they came, bytes that are no ASCII as surrogates; the standard policy loses those bytes."""

    def header_fetch_parse(self, name: str, value: str) -> str:  # noqa: ARG002 - the signature is the policy's
        return value


AS_WRITTEN = AsWritten()


def header(message: Message, name: str, longest: int = LONGEST_SUBJECT) -> str:
    """One header on one line, decoded; empty if there is none."""
    try:
        value = message.get(name)
    except _TOO_ODD:
        return ""
    return decoded(str(value), longest) if value is not None else ""


def decoded(value: str, longest: int) -> str:
    """Text with its encoded words undone (RFC 2047), composed (NFC), without signs that no line of text has."""
    raw = _guessed(value[: 20 * longest].encode("utf-8", "surrogateescape"))
    try:
        parts = decode_header(raw)
    except _TOO_ODD:
        parts = [(raw, None)]
    return one_line("".join(_word(part, charset) for part, charset in parts), longest)


def one_line(text: str, longest: int) -> str:
    """The text on one line: what is not printable becomes a space, also signs that turn the direction of writing."""
    composed = unicodedata.normalize("NFC", text)
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
            except _TOO_ODD:
                continue
    return data.decode("utf-8", "replace")


def address_of(message: Message, name: str = "From") -> str:
    """The one address of a header, in small letters; empty if there is none, or more than one."""
    try:
        written = [str(value)[:2000] for value in message.get_all(name) or ()]
        found = {address.lower() for _, address in getaddresses(written) if address}
    except _TOO_ODD:
        return ""
    address = found.pop() if len(found) == 1 else ""
    return address if _ADDRESS.fullmatch(address) and len(address) <= LONGEST_ADDRESS else ""


def message_ids(message: Message, name: str) -> list[str]:
    """The message ids that a header holds, as they are written."""
    try:
        return [found for value in message.get_all(name) or () for found in _MESSAGE_ID.findall(str(value)[:20_000])]
    except _TOO_ODD:
        return []


def file_name(message: Message) -> str:
    """The name that a part gives its file, without folders; empty if it gives none."""
    name = _parameter(message, "filename", "Content-Disposition") or _parameter(message, "name", "Content-Type")
    bare = re.split(r"[/\\]", name)[-1].strip(" .")
    if len(bare) <= LONGEST_NAME:
        return bare
    stem, dot, ending = bare.rpartition(".")
    if not stem or len(ending) > LONGEST_ENDING:
        return bare[:LONGEST_NAME]
    return f"{stem[: LONGEST_NAME - len(ending) - 1]}{dot}{ending}"


def _parameter(message: Message, name: str, of: str) -> str:
    try:
        value = message.get_param(name, "", of)
    except _TOO_ODD:
        return ""
    if isinstance(value, tuple):  # RFC 2231: charset, language, and the bytes as letters
        charset, _, text = value
        return one_line(_guessed(text.encode("raw-unicode-escape", "replace"), charset), LONGEST_TEXT)
    return decoded(str(value), LONGEST_TEXT)
