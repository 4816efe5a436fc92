"""A message as a phone shows it: whole if it fits into one chat message, else its beginning and its links.

One message and never several: of two parts the second may be refused, and then nobody knows what to send again. The
whole text goes by email.
"""

from __future__ import annotations

import re
import unicodedata

_LINK = re.compile(r"https?://\S+")
CUT = "…"


def length(text: str) -> int:
    """How long a chat service counts it: in characters, those beyond the basic plane (emoji) twice, as its apps do."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def short_form(subject: str, body: str, *, limit: int, ending: str = "", rest_elsewhere: str) -> str:
    """Subject and body as one text of at most `limit` characters.

    `ending` is added to every text, `rest_elsewhere` to one that was cut: it says where the rest is. A text is cut
    between lines, within a line between words; lines with a link are kept whatever is cut, as far as they fit.
    """
    subject, body, ending, rest_elsewhere = (_clean(text) for text in (subject, body, ending, rest_elsewhere))
    whole = _paragraphs(subject, body, ending)
    if length(whole) <= limit:
        return whole
    lines = f"{subject}\n\n{body}".split("\n")
    links = [line for line in lines[1:] if _LINK.search(line)]
    while links and length(_paragraphs("\n".join(links), rest_elsewhere, ending)) > limit // 2:
        links.pop()
    after = _paragraphs(CUT, "\n".join(links), rest_elsewhere, ending)
    room = limit - length(f"\n\n{after}")
    kept: list[str] = []
    for line in (one for one in lines if one not in links):
        if length(line) + 1 > room:
            kept.append(_words_within(line, room))
            break
        kept.append(line)
        room -= length(line) + 1
    return _paragraphs(re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip(), after)


def _clean(text: str) -> str:
    return unicodedata.normalize("NFC", text).replace("\r\n", "\n").strip()


def _paragraphs(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


def _words_within(line: str, room: int) -> str:
    """The words of a line that fit. One that is too long by itself is left out rather than broken."""
    kept = ""
    for word in re.findall(r"\s*\S+", line):
        if length(kept) + length(word) > room:
            break
        kept += word
    return kept.rstrip()
