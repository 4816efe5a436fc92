"""The shape of a Word document: which paragraphs, tables, rows and cells follow each other.

The shape that a template ought to give for some facts is worked out from its control tags alone, without rendering
its text, so that it can be compared with the shape of what was really rendered: nothing may be lost on the way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import Environment

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_TAG = re.compile(r"\{%(?:p|tr|tc)\s(.*?)%\}", re.DOTALL)
_STRAIGHT_QUOTES = str.maketrans("“”‘’", "\"\"''")
_BRACKETS = {_W + "tbl": ("<", ">"), _W + "tr": ("(", ")"), _W + "tc": ("[", "]")}
_REPEATED = {_W + "tr": "tr", _W + "tc": "tc"}
"""What of a table may stand once for many, and the kind of its control tag."""


def expected_shape(template_body: Any, facts: Mapping[str, Any], environment: Environment) -> str:
    """The shape that a template's body (an lxml element) demands for these facts. Raises jinja2.TemplateError."""
    return environment.from_string("".join(_walk(template_body, controlled=True))).render(facts)


def shape(body: Any) -> str:
    """A body's shape as text: `p` a paragraph, `<…>` a table, `(…)` a row, `[…]` a cell."""
    return "".join(_walk(body, controlled=False))


def text_of(element: Any) -> str:
    """All text under an element of a Word document, without breaks, every space an ordinary one."""
    return "".join(piece.text or "" for piece in element.iter(_W + "t")).replace("\u00a0", " ")


def _walk(element: Any, controlled: bool) -> Iterator[str]:
    """The marks of a shape; where `controlled`, control tags stand for themselves instead of being text."""
    for child in element:
        if child.tag == _W + "p":
            yield (controlled and _control(child, "p")) or "p"
        elif child.tag in _BRACKETS:
            control = _control(child, _REPEATED[child.tag]) if controlled and child.tag in _REPEATED else None
            opening, closing = _BRACKETS[child.tag]
            yield control or opening + "".join(_walk(child, controlled)) + closing
        elif child.tag in {_W + "sdt", _W + "sdtContent"}:
            yield from _walk(child, controlled)


def _control(element: Any, tag: str) -> str | None:
    """The statement of a paragraph, row or cell that holds nothing but a control tag of its own kind."""
    text = text_of(element)
    if "{%" + tag not in text:
        return None
    found = _TAG.search(text)
    return "{% " + found[1].translate(_STRAIGHT_QUOTES) + "%}" if found else None
