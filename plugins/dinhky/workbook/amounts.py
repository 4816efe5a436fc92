"""How much of everything a workbook may hold. No parser allocates for a million styles before they were counted."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dinhky.workbook.refused import WorkbookRefusedError

MAX_TAGS = 500_000
"""Of all parts together. A form with 2,000 filled rows has about 100,000. Bounds cells, texts and depth too."""
LIMITS = {
    "sheets": ("sheet", 50),
    "styles": ("xf", 20_000),
    "merges": ("mergeCell", 5_000),
    "links": ("hyperlink", 10_000),
    "names": ("definedName", 5_000),
    "columns": ("col", 16_384),
    "validations": ("dataValidation", 5_000),
    "conditions": ("cfRule", 10_000),
    "comments": ("comment", 5_000),
    "texts": ("si", 100_000),
}
"""What is counted -> the element and how many one part may have: more than people have use for, few for a parser."""
_LIST_OF_SHEETS = b"sheets"
_PATTERNS = {kind: re.compile(rb"<(?:[^\s<>/:]+:)?" + tag.encode() + rb"[\s/>]") for kind, (tag, _) in LIMITS.items()}


def check_amounts(parts: Mapping[str, bytes]) -> None:
    """Raises WorkbookRefusedError if there is too much of anything. Counts without parsing; never too few."""
    tags = {name: content.count(b"<") for name, content in parts.items()}
    _check("tags", sum(tags.values()), MAX_TAGS)
    for name, content in parts.items():
        has_sheets = _LIST_OF_SHEETS in content
        for kind, (tag, limit) in LIMITS.items():
            if tags[name] > limit and (has_sheets or kind != "sheets"):
                _check(kind, _count(content, kind, tag.encode(), limit), limit)


def _count(content: bytes, kind: str, tag: bytes, limit: int) -> int:
    """How many elements; at most, if that is below the limit, which is quicker to know."""
    at_most = content.count(tag)
    return at_most if at_most <= limit else sum(1 for _ in _PATTERNS[kind].finditer(content))


def _check(kind: str, found: int, limit: int) -> None:
    if found > limit:
        raise WorkbookRefusedError("file_too_many", kind=kind, found=found, limit=limit)
