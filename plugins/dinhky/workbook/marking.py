"""Marking up as a job for a child process: bytes in, bytes out."""

from __future__ import annotations

import encodings.cp437  # noqa: F401 - names in a zip; the child can open no file, and so import nothing later
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from dinhky.rounds.ports import Mark
from dinhky.workbook.mark_up import mark_up

_LENGTH = 8


def marking_job(data: bytes, marks: Sequence[Mark], texts: Mapping[str, str]) -> bytes:
    """What `mark` wants."""
    told = json.dumps({"marks": [asdict(mark) for mark in marks], "texts": dict(texts)}).encode()
    return len(told).to_bytes(_LENGTH, "little") + told + data


def mark(payload: bytes) -> bytes:
    """The marked-up workbook of such a job; runs in the child."""
    begins = _LENGTH + int.from_bytes(payload[:_LENGTH], "little")
    told = json.loads(payload[_LENGTH:begins])
    return mark_up(payload[begins:], [Mark(**one) for one in told["marks"]], told["texts"])
