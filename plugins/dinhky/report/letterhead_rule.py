"""The rules under Tiêu ngữ, the issuing body and the subject, made as long as Decree 30/2020/NĐ-CP (annex I) wants.

A rule is an empty paragraph with an upper border; its length follows from its indents, and these from the width of
the line above, which differs from commune to commune.
"""

from __future__ import annotations

import unicodedata
from typing import Any

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
FULL, SHORT = "RuleFull", "RuleShort"
"""Style ids of the template's rules: as long as the text above; a third to a half of it."""

_SHARE = {FULL: 1.0, SHORT: 0.42}
_TWIPS_PER_POINT = 20
_HORN = "\u031b"

_BOLD_WIDTHS = {
    220: "|",
    250: " ,.",
    278: "'/\\il",
    333: "!()-:;[]`fjt",
    389: "Is",
    394: "{}",
    444: "cerz",
    500: "#$*0123456789?J_agovxy–",
    520: "~",
    554: "ơ",
    555: '"',
    556: "Sbdhknpquđ",
    570: "+<=>",
    581: "^",
    600: "ư",
    611: "FP",
    667: "BELTZ",
    722: "ACDNRUVXYwĐ",
    778: "GHKOQƠ",
    796: "Ư",
    833: "&m",
    930: "@",
    944: "M",
    1000: "%W",
}
"""Advance widths of Times New Roman Bold, in thousandths of the font size."""
_WIDTH_OF = {letter: width for width, letters in _BOLD_WIDTHS.items() for letter in letters}
_USUAL_WIDTH = 556


def bold_width(text: str, points: float) -> float:
    """The width of a line of Times New Roman Bold, in points. Vietnamese tone marks add nothing to a letter's width."""
    return (
        sum(_WIDTH_OF.get(_plain(letter), _USUAL_WIDTH) for letter in unicodedata.normalize("NFC", text))
        * points
        / 1000
    )


def fit_rules(body: Any) -> int:
    """Set the indents of every rule in a document's body (an lxml element); returns how many there were."""
    rules = [paragraph for paragraph in body.iter(_W + "p") if _style(paragraph) in _SHARE]
    for rule in rules:
        room = _room(rule, body)
        line = rule.getprevious()
        text = "".join(piece.text or "" for piece in line.iter(_W + "t"))
        size = next(line.iter(_W + "sz"))
        above = min(bold_width(text, int(size.get(_W + "val")) / 2) * _TWIPS_PER_POINT, room)
        _indent(rule, round((room - above * _SHARE[_style(rule)]) / 2))
    return len(rules)


def _plain(letter: str) -> str:
    parts = unicodedata.normalize("NFD", letter)
    return unicodedata.normalize("NFC", parts[0] + _HORN) if _HORN in parts else parts[0]


def _style(paragraph: Any) -> str:
    style = paragraph.find(f"{_W}pPr/{_W}pStyle")
    return "" if style is None else str(style.get(_W + "val"))


def _room(paragraph: Any, body: Any) -> int:
    """The width open to a paragraph, in twips: its cell's, or that between the page's margins."""
    parent = paragraph.getparent()
    if parent.tag == _W + "tc":
        return int(parent.find(f"{_W}tcPr/{_W}tcW").get(_W + "w"))
    section = next(body.iter(_W + "sectPr"))
    page, margins = section.find(_W + "pgSz"), section.find(_W + "pgMar")
    return int(page.get(_W + "w")) - int(margins.get(_W + "left")) - int(margins.get(_W + "right"))


def _indent(paragraph: Any, side: int) -> None:
    properties = paragraph.find(_W + "pPr")
    for old in properties.findall(_W + "ind"):
        properties.remove(old)
    indent = properties.makeelement(_W + "ind", {_W + "left": str(side), _W + "right": str(side)})
    after = [properties.find(_W + name) for name in ("contextualSpacing", "mirrorIndents", "jc", "outlineLvl", "rPr")]
    followers = [element for element in after if element is not None]
    if followers:
        followers[0].addprevious(indent)
    else:
        properties.append(indent)
