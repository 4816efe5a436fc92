"""A workbook that stops its reader is refused in words; one that its reader cannot open is damaged."""

from __future__ import annotations

import io
import zipfile
from concurrent.futures import ThreadPoolExecutor
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


def test_a_parser_that_aborts_its_process_costs_a_file_and_not_ours(desk):
    cells = '<c r="A1"><v>1</v></c><c r="XFD1048576"><v>1</v></c>'
    far = f'<worksheet><sheetData><row r="1">{cells}</row></sheetData></worksheet>'
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(desk.built)) as source, zipfile.ZipFile(changed, "w") as target:
        for entry in source.infolist():
            target.writestr(entry.filename, far if entry.filename.endswith("sheet2.xml") else source.read(entry))
    with pytest.raises(WorkbookRefusedError) as refused:
        reading.cells(changed.getvalue())  # past the guard
    assert refused.value.code == "file_parser_memory"
    assert "Tin bài" in reading.cells(desk.built)


def test_fifty_senders_at_once_are_each_read_their_own_file(desk, post):
    files = [desk.filled(posts=[post | {"title": f"Bài số {number}"}]) for number in range(10)]

    def read(number: int) -> tuple[object, str]:
        data = files[number % len(files)]
        identity, _ = desk.workbooks.identity(data)
        return identity, desk.read(data).content.posts[0].title

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(read, range(200)))
    assert [title for _, title in answers] == [f"Bài số {number % len(files)}" for number in range(200)]
    assert all(identity for identity, _ in answers)
