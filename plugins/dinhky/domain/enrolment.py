"""What a contact types into a chat with our bot: the code from a letter, or the word that ends it."""

from __future__ import annotations

import base64
import re
import unicodedata

LETTERS = "234679CFGHJKMNPQRTVX"
"""Of a code. None looks like another, and none becomes a Vietnamese letter on a phone's keyboard: no vowels, which
Telex and VNI put accents on, nor D (đ) or W (ư)."""
LENGTH = 8
"""34 bits: who tries one a second, without end, finds that of one of a hundred contacts within some years."""
_CODE = re.compile(rf"(?<![^\W_])([{LETTERS}]{{4}})[\W_]{{0,3}}([{LETTERS}]{{4}})(?![^\W_])")
_LAST_WORDS = {"dừng", "dung", "ngừng", "ngung", "stop", "hủy", "huỷ", "huy"}
"""Not "dùng", which is "to use"."""


def code_of(signature: str) -> str:
    """The code, such as `PT7K-3M2Q`, that a signature of `dinhky.signing` shortens to."""
    number = int.from_bytes(base64.urlsafe_b64decode(signature), "big")
    letters = ""
    for _ in range(LENGTH):
        number, place = divmod(number, len(LETTERS))
        letters += LETTERS[place]
    return f"{letters[:4]}-{letters[4:]}"


def codes_in(text: str) -> tuple[str, ...]:
    """What looks like a code in a text, each once, in order: in capitals or not, with a hyphen, a space or nothing."""
    found = (f"{match[1]}-{match[2]}" for match in _CODE.finditer(unicodedata.normalize("NFKC", text).upper()))
    return tuple(dict.fromkeys(found))


def asks_to_stop(text: str) -> bool:
    """Whether the text is nothing but one of the words that end a chat ("DỪNG", "STOP")."""
    return re.sub(r"[\W_]+", " ", unicodedata.normalize("NFKC", text).casefold()).strip() in _LAST_WORDS
