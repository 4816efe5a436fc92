"""Cells between the child that reads them and its parent: JSON, in which dates are small objects.

JSON, because what a child says can then be nothing but values, even if a file has taken the child over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

Sheets = dict[str, list[list[Any]]]
"""By sheet, all rows from row 1 and column A on: texts, numbers, truth values, dates, times, lengths of time."""

_FROM_TEXT = {"datetime": datetime.fromisoformat, "date": date.fromisoformat, "time": time.fromisoformat}


def pack(sheets: Mapping[str, list[list[Any]]]) -> bytes:
    """The sheets as bytes. Raises TypeError for a value of any other kind."""
    return json.dumps(sheets, ensure_ascii=False, separators=(",", ":"), default=_tagged).encode()


def unpack(answer: bytes) -> Sheets:
    """The sheets again. Raises ValueError for anything that `pack` cannot have written."""
    found = json.loads(answer, object_pairs_hook=_untagged)
    if not isinstance(found, dict):
        raise ValueError("no sheets")
    return found


def _tagged(value: Any) -> dict[str, str | float]:
    if isinstance(value, timedelta):
        return {"": "seconds", "is": value.total_seconds()}
    if isinstance(value, datetime | date | time):
        return {"": type(value).__name__, "is": value.isoformat()}
    raise TypeError(type(value).__name__)


def _untagged(pairs: list[tuple[str, Any]]) -> Any:
    match pairs:
        case [("", "seconds"), ("is", float(seconds))]:
            return timedelta(seconds=seconds)
        case [("", str(kind)), ("is", str(text))] if kind in _FROM_TEXT:
            return _FROM_TEXT[kind](text)
        case _:
            return dict(pairs)
