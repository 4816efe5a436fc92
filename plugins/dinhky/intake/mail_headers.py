"""The headers of a mail as text, whatever was done to them: foreign charsets, raw bytes, hostile lengths and signs.

The standard library's newer policies raise for headers that real mail has, so the older one is used, and what it leaves
undone is done here.
"""

from __future__ import annotations

import re
import unicodedata
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses

LONGEST_SUBJECT = 300
LONGEST_NAME = 150
"""Characters of an attachment's name that are kept, its ending among them."""
LONGEST_ENDING = 10
LONGEST_ADDRESS = 250
_ADDRESS = re.compile(r"[^\s@<>()\[\]\\,;:\"]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{3,250}>")
"""No more than a header line holds: whatever else a sender puts there is not repeated in ours."""
_TOO_ODD = (LookupError, ValueError, TypeError, AttributeError)
"""What the standard library raises for headers nobody should have written."""


def header(message: Message, name: str, longest: int = LONGEST_SUBJECT) -> str:
    """One header on one line, decoded; empty if there is none."""
    try:
        value = message.get(name)
    except _TOO_ODD:
        return ""
    return decoded(str(value), longest) if value is not None else ""


def decoded(value: str, longest: int) -> str:
    """Text with its encoded words undone (RFC 2047), composed (NFC), without signs that no line of text has."""
    raw = value[: 20 * longest]
    try:
        parts = decode_header(raw)
    except _TOO_ODD:
        parts = [(raw, None)]
    return one_line("".join(_text(part, charset) for part, charset in parts), longest)


def one_line(text: str, longest: int) -> str:
    """The text on one line: what is not printable becomes a space, also signs that turn the direction of writing."""
    composed = unicodedata.normalize("NFC", text)
    return " ".join("".join(char if char.isprintable() else " " for char in composed).split())[:longest].rstrip()


def _text(part: str | bytes, charset: str | None) -> str:
    data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
    for guess in (charset, "utf-8", "cp1258"):  # the last is what old Vietnamese programs write without saying so
        if guess and guess.lower() != "unknown-8bit":
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
    try:
        name = message.get_filename("")
    except _TOO_ODD:
        return ""
    bare = re.split(r"[/\\]", decoded(str(name), 20 * LONGEST_NAME))[-1].strip(" .")
    if len(bare) <= LONGEST_NAME:
        return bare
    stem, dot, ending = bare.rpartition(".")
    if not stem or len(ending) > LONGEST_ENDING:
        return bare[:LONGEST_NAME]
    return f"{stem[: LONGEST_NAME - len(ending) - 1]}{dot}{ending}"
