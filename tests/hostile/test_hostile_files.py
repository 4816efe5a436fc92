"""Every wrong, odd or hostile file gets its answer; none costs more than it may, none ends the process."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import cycle
from pathlib import Path

import pytest
from good_workbook import ROUND, UNIT, Good, good_workbook
from hostile_file import HostileFile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from make_corpus import CORPUS
from raw_archive import archive

from dinhky import bootstrap
from dinhky.intake.receive import Receipt, Verdict, receive
from dinhky.rounds.lookup import round_of
from dinhky.rounds.opening import open_round
from dinhky.rounds.ports import Office, Reading
from dinhky.workbook.cells import READING

SECONDS = 2.0
"""Of processor time, ours and the children's together: a busy machine changes nothing about them."""
MEGABYTES = 300
NOW = datetime.fromisoformat("2026-03-12T09:00+07:00")
LONGEST_SENTENCE = 2000
NAMES = [
    "../../../etc/passwd",
    "/etc/passwd",
    "C:\\windows\\x.xlsx",
    "a\r\nBcc: all@x.example\r\n\r\nx.xlsx",
    "a\0b.xlsx",
    "biểu \u202exslx.exe",
    "{{ 7 * 7 }}.xlsx",
    "%s{0}.xlsx",
    "=cmd|' /C calc'!A0.xlsx",
    "b\udcffi\udce1u.xlsx",
    "b\ud800i\udce1u.xlsx",
    "a/" * 3000 + "b.xlsx",
    "",
    "x" * 5000 + ".xlsx",
    "=?utf-8?q?a=0ABcc:_x?=.xlsx",
]


@dataclass(frozen=True)
class Desk:
    """An office that is sent one file after another."""

    office: Office
    good: Good
    others: Iterator[bytes]
    """Good workbooks by turns, so that each is read anew."""

    def send(self, data: bytes, file_name: str = "biểu số liệu.xlsx") -> Receipt:
        return receive(self.office, data, file_name=file_name, unit_code=UNIT, now=NOW, route="test")

    def read(self, data: bytes) -> Reading:
        plan, round_ = round_of(self.office, ROUND)
        return self.office.workbooks.read(data, plan, round_, plan.unit(UNIT))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    home = tmp_path_factory.mktemp("hostile")
    office = bootstrap.office(
        bootstrap.settings({"DINHKY_HOME": str(home), "DINHKY_SECRET": "a secret of these tests alone"})
    )
    office = replace(office, plans={"phuc-loi-2026": office.plans["phuc-loi-2026"]})
    office.ledger.migrate()
    _, round_ = round_of(office, ROUND)
    open_round(office, ROUND, round_.opens)
    good = good_workbook(office)
    return Desk(office, Good(good), cycle([good, good_workbook(office, 2)]))


@dataclass
class Cost:
    """What is spent between `start` and `stop`, by this process and its children."""

    seconds: float = 0.0
    grown_mb: float = 0.0
    child_mb: float = 0.0
    _from: tuple[float, float] = field(default=(0.0, 0.0))

    def __enter__(self) -> Cost:
        Path("/proc/self/clear_refs").write_text("5")  # the peak is now what is held now
        self._from = _cpu(), _memory("self", "VmRSS")
        return self

    def __exit__(self, *error: object) -> None:
        self.seconds = _cpu() - self._from[0]
        self.grown_mb = _memory("self", "VmHWM") - self._from[1]
        self.child_mb = max((_memory(child, "VmHWM") for child in _children()), default=0.0)


def _cpu() -> float:
    times = os.times()
    living = 0.0
    for child in _children():
        told = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
        living += (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")
    return time.process_time() + times.children_user + times.children_system + living


def _children() -> list[str]:
    return [child for task in Path("/proc/self/task").iterdir() for child in (task / "children").read_text().split()]


def _memory(process: str, what: str) -> float:
    """Megabytes; 0 of a process that has ended and is still to be waited for."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(what)), 0.0)


def _is_complete(sentence: str) -> bool:
    """One line that begins like a sentence, ends like one, and has nothing of the template left in it."""
    begins_and_ends = re.fullmatch(r"[A-ZĐÀ-Ỹ][^\n]*[.?!…]", sentence)
    return bool(begins_and_ends) and not re.search(r"\{\{|\{%|\bNone\b|  ", sentence) and sentence.isprintable()


def test_the_corpus_is_large_and_no_two_of_it_have_one_name():
    assert len({file.name for file in CORPUS}) == len(CORPUS) >= 200
    assert sum(file.is_harmless for file in CORPUS) > 40, "odd is not hostile"


@pytest.mark.parametrize("file", CORPUS, ids=lambda file: file.name)
def test_a_file_is_answered_as_it_deserves_and_the_next_good_one_is_taken(desk: Desk, file: HostileFile):
    data = file.make(desk.good)
    with Cost() as cost:
        receipt = desk.send(data)
    assert tuple(problem.code for problem in receipt.problems) == file.codes
    if file.is_harmless:
        assert receipt.verdict is Verdict.ACCEPTED
    else:
        assert receipt.verdict in {Verdict.REFUSED, Verdict.RETURNED}
    assert cost.seconds < SECONDS
    assert cost.grown_mb < MEGABYTES
    assert cost.child_mb < MEGABYTES
    sentences = [desk.office.words.sentence(problem) for problem in receipt.problems]
    assert [sentence for sentence in sentences if not _is_complete(sentence)] == []
    assert all(len(sentence) < LONGEST_SENTENCE for sentence in sentences)
    assert desk.send(next(desk.others)).verdict is Verdict.ACCEPTED


def test_a_child_may_not_have_more_memory_than_a_file_may_cost(desk: Desk):
    desk.read(next(desk.others))
    for child in READING.children:
        [limit] = re.findall(r"Max address space +(\d+) +(\d+)", Path(f"/proc/{child}/limits").read_text())
        assert all(int(most) <= MEGABYTES * 2**20 for most in limit)


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_file_may_have_any_name(desk: Desk, name: str):
    before = set(desk.office.archive.parent.rglob("*"))
    assert desk.send(b"%PDF-1.7 " + name.encode("utf-8", "surrogatepass"), name).verdict is Verdict.REFUSED
    made = set(desk.office.archive.parent.rglob("*")) - before
    assert not any("passwd" in path.name or "calc" in path.name for path in made)
    with desk.office.ledger.snapshot() as ledger:
        newest = ledger.messages()[-1]
    assert newest["subject"].isprintable()
    assert "49.xlsx" not in newest["subject"] + newest["body"], "a name is no template"


MUTATIONS: dict[str, Callable[[bytes, int, int, bytes], bytes]] = {
    "overwritten": lambda part, at, length, noise: part[:at] + noise + part[at + len(noise) :],
    "inserted": lambda part, at, length, noise: part[:at] + noise + part[at:],
    "removed": lambda part, at, length, noise: part[:at] + part[at + length :],
    "repeated": lambda part, at, length, noise: part[:at] + part[at : at + length] * 20 + part[at + length :],
    "numbers": lambda part, at, length, noise: (
        part[:at] + re.sub(rb"[0-9]+", lambda _: b"%d" % (length * 7919**2), part[at:], count=1)
    ),
}
TOKENS = [
    *(b"<", b">", b'"', b"&", b"/", b"<c", b"<row>", b"</row>", b't="s"', b't="e"', b"NaN", b"1e999", b"-1", b"A0"),
    *(b"ZZZ999", b"<!--", b"]]>", b"\0", b"\xff", b"\xe2\x80\xae", b'hidden="1"', b'<mergeCell ref="A1:B"/>'),
]


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(
        st.tuples(
            st.integers(0, 50),
            st.sampled_from(sorted(MUTATIONS)),
            st.floats(0, 1, exclude_max=True),
            st.integers(1, 400),
            st.one_of(st.sampled_from(TOKENS), st.binary(min_size=1, max_size=8)),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_parts_changed_anyhow_are_read_or_refused(desk: Desk, changes: list[tuple[int, str, float, int, bytes]]):
    parts = dict(desk.good.parts)
    for which, how, where, length, noise in changes:
        name = sorted(parts)[which % len(parts)]
        parts[name] = MUTATIONS[how](parts[name], int(where * len(parts[name])), length, noise)
    started = time.process_time()
    reading = desk.read(archive(desk.good.entries(parts)))
    assert time.process_time() - started < SECONDS
    assert all(_is_complete(desk.office.words.sentence(problem)) for problem in reading.problems)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=6)), max_size=6),
    cut=st.one_of(st.just(1.0), st.floats(0, 1)),
)
def test_bytes_changed_anyhow_are_read_or_refused(desk: Desk, changes: list[tuple[float, bytes]], cut: float):
    data = bytearray(desk.good.data)
    for where, noise in changes:
        at = int(where * len(data))
        data[at : at + len(noise)] = noise
    reading = desk.read(bytes(data[: int(cut * len(data))]))
    assert all(_is_complete(desk.office.words.sentence(problem)) for problem in reading.problems)
