"""A workbook that stops its reader is refused in words; one that its reader cannot open is damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from dinhky.sandbox.pool import Limits, Sandbox
from dinhky.workbook import cells as reading
from dinhky.workbook.refused import WorkbookRefusedError

LIMITS = Limits(memory_mb=256, cpu_seconds=0.3, wall_seconds=1.5, answer_mb=2, open_files=3)


@pytest.fixture
def _misbehaving(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "sandbox"))
    sandbox = Sandbox("misbehaving:misbehave", LIMITS, workers=1)
    monkeypatch.setattr(reading, "READING", sandbox)
    yield
    sandbox.close()


@pytest.mark.usefixtures("_misbehaving")
@pytest.mark.parametrize(
    ("does", "code"),
    [
        (b"compute", "file_parser_stopped"),
        (b"sleep", "file_parser_stopped"),
        (b"fill", "file_parser_memory"),
        (b"segfault", "file_parser_crashed"),
        (b"raise", "file_damaged"),
        (b"reverse ]", "file_damaged"),
        (b"reverse " + b"[" * 1_000_000, "file_damaged"),
        (b"reverse []", "file_damaged"),
    ],
)
def test_whatever_stops_the_reader_refuses_the_file(desk, does, code):
    with pytest.raises(WorkbookRefusedError) as refused:
        reading.cells(does)
    assert refused.value.code == code
    assert desk.words.explain(refused.value).endswith(".")


def test_the_reader_is_another_process(desk):
    assert "Tin bài" in reading.cells(desk.built)
    assert reading.READING.children
    assert all(Path(f"/proc/{child}").exists() for child in reading.READING.children)
