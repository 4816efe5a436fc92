"""How fast our parts are beside what one would use instead, and beside the least that any program must do.

`make bench`. Every case does the same work as its neighbours in the table, or less, where the table says so; runs are
interleaved, each figure is the median of their CPU times, child processes included, or of the time that passed, where
the table says so. Absolute figures are this machine's; ratios of CPU times hold. Ends with status 1 if reading a
unit's workbook, guard and checks included, takes more than half of what pandas with openpyxl takes to read it alone,
or if the whole of receiving it takes more than a third.
"""

from __future__ import annotations

import dataclasses
import gc
import html
import io
import itertools
import mailbox
import os
import resource
import sqlite3
import statistics
import struct
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any
from xml.parsers import expat

import docx
import openpyxl
import pandas as pd
import xlsxwriter
import yaml

from dinhky import bootstrap
from dinhky.domain.assignment import Assignment, State
from dinhky.domain.chase import unit_ladder
from dinhky.domain.plan import Plan, Unit
from dinhky.domain.schedule import Round, find_round
from dinhky.intake.receive import receive
from dinhky.report.annex import write_annex
from dinhky.report.document import write_document
from dinhky.rounds.chasing import chase
from dinhky.rounds.dispatching import flush_outbox
from dinhky.rounds.kept_messages import Message
from dinhky.rounds.lookup import round_of
from dinhky.rounds.opening import open_round
from dinhky.rounds.ports import Office, UnitAnswer
from dinhky.workbook import Forms, FormWorkbooks
from dinhky.workbook.sample import fill

INCLUDE = bootstrap.REPOSITORY / "include"
FORMS = INCLUDE / "templates" / "workbooks"
DOCUMENTS = INCLUDE / "templates" / "documents"
FORM = "communication_quarter"
TOLERANCE = float(os.environ.get("BENCH_TOLERANCE") or 1)
"""How many times as much as the bounds is let pass: on a machine that others use, ratios go up and down."""
LARGEST_SHARE_OF_PANDAS = 0.5
LARGEST_SHARE_OF_RECEIVING = 1 / 3
ROWS_OF_A_LONG_FILE = 200
OPEN_ROUNDS, UNITS_A_ROUND = 100, 12
MESSAGES = 300
EXCEL_ROWS = ("channels", "units", "posts", "activities")


def cpu_seconds() -> float:
    """What this process has computed so far, and its children, those that live included: files are parsed there."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    pids = [pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()]
    living = sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in pids)
    return time.process_time() + ended.ru_utime + ended.ru_stime + living / 1e9


@dataclass(frozen=True)
class Case:
    """One way to do the work. A run is one call of `run`, which does it for as many `items` as the table tells.

    `prepare` is called before each, and not measured.
    """

    name: str
    run: Callable[[], object]
    is_floor: bool = False
    is_ours: bool = False
    prepare: Callable[[], object] = tuple


@dataclass(frozen=True)
class Comparison:
    """Cases that do the same work. `title` says what one item is, `means` what the lines compare.

    `clock` gives seconds, `unit` names what it measures in thousandths of them.
    """

    title: str
    means: str
    items: int
    runs: int
    cases: tuple[Case, ...]
    clock: Callable[[], float] = cpu_seconds
    unit: str = "ms CPU"


def measure(comparison: Comparison) -> dict[str, float]:
    """Milliseconds an item by case: medians over interleaved runs, after one unmeasured run of each."""
    taken: dict[str, list[float]] = {case.name: [] for case in comparison.cases}
    for number in range(comparison.runs + 1):
        for case in comparison.cases:
            case.prepare()
            gc.collect()
            began = comparison.clock()
            case.run()
            if number:
                taken[case.name].append((comparison.clock() - began) * 1000 / comparison.items)
    return {name: statistics.median(times) for name, times in taken.items()}


def show(comparison: Comparison, taken: dict[str, float]) -> None:
    """The comparison as a table: milliseconds, how many a second, times the floor, and how much longer than ours."""
    floor = next((taken[case.name] for case in comparison.cases if case.is_floor), None)
    ours = next(taken[case.name] for case in comparison.cases if case.is_ours)
    say(f"\n{comparison.title}\n  {comparison.means}")
    say(f"  {'':<58}{comparison.unit:>9}{'a second':>10}{'× floor':>9}{'× ours':>9}")
    for case in comparison.cases:
        over_floor = f"{taken[case.name] / floor:.1f}" if floor else "–"
        mark = "→" if case.is_ours else " "
        milliseconds = taken[case.name]
        figures = f"{milliseconds:>9.2f}{1000 / milliseconds:>10.1f}{over_floor:>9}{milliseconds / ours:>9.2f}"
        say(f"{mark} {case.name:<58}{figures}")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


# The quarter that everything is measured on


@dataclass(frozen=True)
class Quarter:
    """The real plan's first quarter, with the workbooks that its units sent."""

    office: Office
    plan: Plan
    round: Round
    empty: bytes
    filled: tuple[tuple[Unit, bytes], ...]

    @property
    def facts(self) -> dict[str, Any]:
        return self.office.reports.compile(self.plan, self.round, self.answers()).facts

    def answers(self) -> list[UnitAnswer]:
        answers = []
        for unit, data in self.filled:
            content = self.office.workbooks.read(data, self.plan, self.round, unit).content
            accepted_at = self.round.unit_due - timedelta(days=1)
            told = Assignment(self.round.id, unit.code, unit.name, State.ACCEPTED, None, 1, accepted_at, late=False)
            answers.append(UnitAnswer(unit, told, content, None))
        return answers


def first_quarter(home: Path) -> Quarter:
    """Build and fill the sample quarter's workbooks in a folder that is thrown away afterwards."""
    office = bootstrap.office(bootstrap.settings({"DINHKY_HOME": str(home)}))
    plan = office.plans["phuc-loi-2026"]
    round_ = find_round(plan, "PL-5", "2026-Q1", office.calendar)
    sample = yaml.safe_load((INCLUDE / "data" / "samples" / "phuc-loi-2026-Q1.yaml").read_text("utf-8"))
    filled = tuple(
        (unit, fill(office.workbooks.build(plan, round_, unit), deliveries[-1]["rows"]))
        for unit in (plan.unit(code) for code in round_.units)
        if (deliveries := sample["units"][unit.code])
    )
    return Quarter(office, plan, round_, office.workbooks.build(plan, round_, plan.unit("vhxh")), filled)


# What is compared


def reading(quarter: Quarter) -> Comparison:
    workbooks = FormWorkbooks(Forms(FORMS), str, quarter.office.signer)

    def ours() -> None:
        for unit, data in quarter.filled:
            workbooks.read(data, quarter.plan, quarter.round, unit)

    def intake() -> None:
        for unit, data in quarter.filled:
            workbooks.identity(data)
            workbooks.read(data, quarter.plan, quarter.round, unit)

    files = [(unit.code, data) for unit, data in quarter.filled]
    return Comparison(
        "Reading and checking a unit's workbook",
        "ours guards, parses, checks every cell and words the problems; pandas only parses.",
        items=len(quarter.filled),
        runs=5,
        cases=(
            Case("floor: unzip, expat", partial(unzip_and_parse, files), is_floor=True),
            Case(READ_BY_US, ours, is_ours=True),
            Case("ours as intake asks: whom it is for, then read", intake),
            Case(READ_BY_PANDAS, partial(read_by_pandas, files)),
        ),
    )


File = tuple[str, bytes]
"""Whose it is, and the workbook."""


def read_by_pandas(files: Sequence[File]) -> None:
    for _, data in files:
        pd.read_excel(io.BytesIO(data), sheet_name=None, header=None, engine="openpyxl")


def unzip_and_parse(files: Sequence[File]) -> None:
    for _, data in files:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                expat.ParserCreate("utf-8").Parse(archive.read(name), True)


def receiving(home: Path) -> Iterator[Comparison]:
    """The sample quarter's files as they came, a wrong one among them; and a long one. Every run has other bytes, but
    the same texts. They come one after another to an office that is open, and so is its ledger.
    """
    settings = bootstrap.settings({"DINHKY_HOME": str(home / "receiving")})
    office = bootstrap.office(settings)
    bootstrap.ledger(settings).migrate()
    plan, round_ = round_of(office, "phuc-loi-2026/PL-5/2026-Q1")
    open_round(office, round_.id, round_.opens)
    ledger, before = settings.home / "ledger.db", home / "before.db"
    with closing(sqlite3.connect(ledger)) as source, closing(sqlite3.connect(before)) as target:
        source.backup(target)
    sample = yaml.safe_load((INCLUDE / "data" / "samples" / "phuc-loi-2026-Q1.yaml").read_text("utf-8"))["units"]
    quarter = [
        (code, fill(office.workbooks.build(plan, round_, plan.unit(code)), delivery["rows"]))
        for code in round_.units
        for delivery in sample[code]
    ]
    post = next(row for delivery in sample["vhxh"] for row in delivery["rows"]["posts"])
    posts = [
        post | {"title": f"Tin số {n}", "link": f"https://phucloi.example/{n}"} for n in range(ROWS_OF_A_LONG_FILE)
    ]
    long = fill(office.workbooks.build(plan, round_, plan.unit("vhxh")), {"posts": posts})
    moments = (round_.opens + timedelta(minutes=n) for n in itertools.count(1))

    def nobody_has_sent_anything() -> None:
        """The ledger has what it had before the first file, and is as open as it was."""
        with closing(sqlite3.connect(before)) as source, closing(sqlite3.connect(ledger)) as target:
            source.backup(target)
            target.execute("PRAGMA wal_checkpoint(RESTART)")
        with office.ledger.snapshot() as looked_at:
            looked_at.opened_round_ids()

    def receive_all(files: Sequence[File], expected: Sequence[str]) -> None:
        verdicts = []
        for code, data in files:
            now = next(moments)
            new = with_comment(data, now.isoformat())
            receipt = receive(office, new, file_name="a.xlsx", unit_code=code, now=now, route="bench")
            verdicts.append(receipt.verdict.value)
        if sorted(verdicts) != sorted(expected):
            raise SystemExit(f"the files were {verdicts}")

    def compared(title: str, means: str, files: Sequence[File], expected: Sequence[str]) -> Comparison:
        ours = partial(receive_all, files, expected)
        return Comparison(
            title,
            means,
            items=len(files),
            runs=15,
            cases=(
                Case("floor: unzip, expat", partial(unzip_and_parse, files), is_floor=True),
                Case(RECEIVED_BY_US, ours, is_ours=True, prepare=nobody_has_sent_anything),
                Case(READ_BY_PANDAS, partial(read_by_pandas, files)),
            ),
        )

    work = "ours keeps, guards, parses, checks, records, counts, answers"
    computing = compared(
        f"Receiving the {len(quarter)} workbooks of a quarter, of which one is wrong",
        f"{work}, marks up what is wrong; pandas only parses.",
        quarter,
        ["accepted"] * (len(quarter) - 1) + ["returned"],
    )
    yield computing
    passing = f"{computing.title}: the time that passes, the disk's included"
    yield dataclasses.replace(computing, title=passing, clock=time.perf_counter, unit="ms")
    title = f"Receiving a workbook of {ROWS_OF_A_LONG_FILE} rows"
    yield compared(title, f"{work}; pandas only parses.", [("vhxh", long)], ["accepted"])


def with_comment(packed: bytes, comment: str) -> bytes:
    """The same archive with other bytes: it ends with a comment."""
    return packed[:-2] + struct.pack("<H", len(comment)) + comment.encode("ascii")


RECEIVED_BY_US = "ours: the whole of receive"
READ_BY_US = "ours: guard, read, check"
READ_BY_PANDAS = "pandas with openpyxl, read alone"


def building(quarter: Quarter) -> Comparison:
    workbooks = FormWorkbooks(Forms(FORMS), str, quarter.office.signer)
    unit = quarter.plan.unit("vhxh")
    template = (FORMS / f"{FORM}.xlsx").read_bytes()

    def with_openpyxl() -> None:
        openpyxl.load_workbook(io.BytesIO(template)).save(io.BytesIO())

    return Comparison(
        "Building a unit's workbook",
        "ours fills in names, dates, choices, rules, identity, and packs it so that equal input gives equal bytes.",
        items=1,
        runs=5,
        cases=(
            Case("floor: unzip, zip again", lambda: zip_again(template), is_floor=True),
            Case("openpyxl: load the template, save it unchanged", with_openpyxl),
            Case("ours", lambda: workbooks.build(quarter.plan, quarter.round, unit), is_ours=True),
        ),
    )


def zip_again(packed: bytes, **replaced: str) -> bytes:
    """The archive unpacked and packed again, with the parts whose file stem is named replaced."""
    written = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(packed)) as old,
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, replaced.get(Path(name).stem) or old.read(name))
    return written.getvalue()


def word_report(quarter: Quarter) -> Comparison:
    facts, period_name = quarter.facts, quarter.office.words.period_name  # type: ignore[attr-defined]
    template = (DOCUMENTS / f"{FORM}.docx").read_bytes()
    finished = docx.Document(io.BytesIO(write_document(template, facts, period_name)))
    paragraphs = [paragraph.text for paragraph in finished.paragraphs]
    tables = [[[cell.text for cell in row.cells] for row in table.rows] for table in finished.tables]

    def floor() -> None:
        body = "".join(f"<w:p><w:r><w:t>{html.escape(text)}</w:t></w:r></w:p>" for text in paragraphs)
        for table in tables:
            rows = (
                "".join(f"<w:tc><w:p><w:r><w:t>{html.escape(text)}</w:t></w:r></w:p></w:tc>" for text in row)
                for row in table
            )
            body += f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>"
        zip_again(template, document=f"<w:document><w:body>{body}</w:body></w:document>")

    def with_python_docx() -> None:
        document = docx.Document()
        for text in paragraphs:
            document.add_paragraph(text)
        for table in tables:
            made = document.add_table(len(table), len(table[0]))
            for row, column in itertools.product(range(len(table)), range(len(table[0]))):
                made.cell(row, column).text = table[row][column]
        document.save(io.BytesIO())

    return Comparison(
        f"Writing the Word report ({sum(len(table) for table in tables)} table rows)",
        "ours renders the office's own template and proves that nothing was lost; the others only write the same text.",
        items=1,
        runs=3,
        cases=(
            Case("floor: strings, zip", floor, is_floor=True),
            Case("ours: docxtpl, checked against the facts", lambda: write_document(template, facts, period_name),
                 is_ours=True),
            Case("python-docx, table.cell(row, column).text", with_python_docx),
        ),
    )  # fmt: skip


def excel_annex(quarter: Quarter) -> Comparison:
    facts, period_name = quarter.facts, quarter.office.words.period_name  # type: ignore[attr-defined]
    facts = facts | {"posts": facts["posts"] * 25}
    wording = yaml.safe_load((DOCUMENTS / f"{FORM}_annex.yaml").read_text("utf-8"))
    tables = {name: [list(map(str, row.values())) for row in facts[name]] for name in EXCEL_ROWS}

    def floor() -> None:
        with zipfile.ZipFile(io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
            for name, rows in tables.items():
                cells = "".join(
                    "<row>" + "".join(f"<c><is><t>{html.escape(text)}</t></is></c>" for text in row) + "</row>"
                    for row in rows
                )
                archive.writestr(name, f"<worksheet><sheetData>{cells}</sheetData></worksheet>")

    def with_pandas() -> None:
        with pd.ExcelWriter(io.BytesIO(), engine="openpyxl") as writer:
            for name in EXCEL_ROWS:
                pd.DataFrame(facts[name]).astype(str).to_excel(writer, sheet_name=name, index=False)

    def with_xlsxwriter() -> None:
        book = xlsxwriter.Workbook(io.BytesIO(), {"in_memory": True})
        for name, rows in tables.items():
            sheet = book.add_worksheet(name)
            for row, values in enumerate(rows):
                for column, text in enumerate(values):
                    sheet.write_string(row, column, text)
        book.close()

    return Comparison(
        f"Writing the Excel annex ({len(facts['posts'])} posts)",
        "ours has styles, heights, totals, a chart and print settings; the others write the same rows bare.",
        items=1,
        runs=3,
        cases=(
            Case("floor: strings, zip", floor, is_floor=True),
            Case("XlsxWriter bare", with_xlsxwriter),
            Case("ours", lambda: write_annex(wording, facts, period_name), is_ours=True),
            Case("pandas.to_excel with openpyxl", with_pandas),
        ),
    )


def chase_tick(quarter: Quarter) -> Comparison:
    """A province's worth of communes, each with the quarter's round open and nobody having answered."""
    units = tuple(
        dataclasses.replace(quarter.plan.units[0], code=f"unit{n}", name=f"Đơn vị số {n}") for n in range(UNITS_A_ROUND)
    )
    codes = tuple(unit.code for unit in units)
    obligation = dataclasses.replace(quarter.plan.obligation("PL-5"), lead=codes[:1], units=codes)
    plans = {
        name: dataclasses.replace(quarter.plan, id=name, units=units, obligations=(obligation,), compiler=codes[0])
        for name in (f"commune-{n:03d}-2026" for n in range(OPEN_ROUNDS))
    }
    office = dataclasses.replace(quarter.office, plans=plans)
    rounds = [find_round(plan, "PL-5", "2026-Q1", office.calendar) for plan in plans.values()]
    reminders = unit_ladder(rounds[0], office.calendar)
    with office.ledger.transaction() as ledger:
        for round_ in rounds:
            ledger.open_round(round_, units, round_.opens)
    began = time.process_time()
    decided = chase(office, reminders[0].at)
    seconds = time.process_time() - began
    expected = OPEN_ROUNDS * UNITS_A_ROUND
    if decided.queued < expected:
        raise SystemExit(f"a tick on the first reminder's morning queued {decided.queued} messages, not {expected}")
    quiet = reminders[0].at + timedelta(minutes=30)

    def floor() -> None:
        with office.ledger.snapshot() as ledger:
            for round_ in rounds:
                ledger.assignments(round_.id)

    return Comparison(
        f"A chase tick over {OPEN_ROUNDS} open rounds × {UNITS_A_ROUND} units, in ms a tick",
        f"a tick with nothing to decide; the one before queued {decided.queued} reminders in {seconds:.1f} s.",
        items=1,
        runs=2,
        cases=(
            Case("floor: read every assignment", floor, is_floor=True),
            Case("ours: a transaction a round, every step looked up", lambda: chase(office, quiet), is_ours=True),
        ),
    )


def outbox(quarter: Quarter, home: Path) -> Comparison:
    now = datetime.fromisoformat("2026-01-05T08:00+07:00")
    batches = iter(range(1_000))
    body = "Kính gửi đơn vị,\n\nĐề nghị đơn vị gửi số liệu quý I/2026 trước hạn.\n\nTrân trọng."
    office = dataclasses.replace(
        bootstrap.office(bootstrap.settings({"DINHKY_HOME": str(home / "outbox")})), lease=timedelta(minutes=5)
    )
    bootstrap.ledger(bootstrap.settings({"DINHKY_HOME": str(home / "outbox")})).migrate()

    def ours() -> None:
        batch = next(batches)
        with office.ledger.transaction() as ledger:
            for number in range(MESSAGES):
                ledger.queue(
                    Message(f"{batch}-{number}", "reminder", "email", f"unit{number % 12}@commune.example", "Đơn vị",
                            "Nhắc gửi số liệu quý I/2026", body, now),
                    now,
                )  # fmt: skip
        sent = flush_outbox(office, by="bench", clock=lambda: now).sent
        if sent != MESSAGES:
            raise SystemExit(f"{sent} of {MESSAGES} messages were sent")

    def bare() -> None:
        batch = next(batches)
        for number in range(MESSAGES):
            message = EmailMessage()
            message["From"], message["To"] = "dinhky@localhost.invalid", f"unit{number % 12}@commune.example"
            message["Subject"] = "Nhắc gửi số liệu quý I/2026"
            message.set_content(body)
            mailbox.Maildir(home / f"bare-{batch}-{number % 12}").add(message.as_bytes())

    return Comparison(
        f"Sending {MESSAGES} messages into a local maildir, in ms a message",
        "ours queues each once, claims, marks, delivers and records it, a commit a step; bare mail only delivers.",
        items=MESSAGES,
        runs=2,
        cases=(
            Case("floor: EmailMessage, mailbox.Maildir", bare, is_floor=True),
            Case("ours: through the outbox", ours, is_ours=True),
        ),
    )


def comparisons(home: Path) -> Iterator[Comparison]:
    quarter = first_quarter(home)
    bootstrap.ledger(bootstrap.settings({"DINHKY_HOME": str(home)})).migrate()
    yield reading(quarter)
    yield from receiving(home)
    yield building(quarter)
    yield word_report(quarter)
    yield excel_annex(quarter)
    yield chase_tick(quarter)
    yield outbox(quarter, home)


def main() -> int:
    """Measure everything; 1 if reading or receiving has become too slow."""
    began = time.monotonic()
    found: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        for comparison in comparisons(Path(folder)):
            found.append(measure(comparison))
            show(comparison, found[-1])
    say(f"\n{time.monotonic() - began:.0f} s on {os.cpu_count()} processors.")
    read, received, passed, *_ = found
    by_us, by_pandas = (f"{1000 / passed[case]:.0f}" for case in (RECEIVED_BY_US, READ_BY_PANDAS))
    say(f"In a second that passes {by_us} files are received one by one; pandas, which only reads, takes {by_pandas}.")
    is_fast = is_within("Reading", read[READ_BY_US] / read[READ_BY_PANDAS], LARGEST_SHARE_OF_PANDAS)
    share = received[RECEIVED_BY_US] / received[READ_BY_PANDAS]
    return 0 if is_within("Receiving", share, LARGEST_SHARE_OF_RECEIVING) and is_fast else 1


def is_within(what: str, share: float, bound: float) -> bool:
    """Whether our part of what pandas needs to read alone is small enough; says so."""
    bound *= TOLERANCE
    verdict = "within" if share <= bound else "OVER"
    say(f"{what} takes {share:.0%} of reading by pandas with openpyxl: {verdict} the bound of {bound:.0%}.")
    return share <= bound


if __name__ == "__main__":
    sys.exit(main())
