"""How fast mail goes out through the outbox, beside bare `smtplib`; and what the ledger costs when it has grown.

`make bench`. Both hand the same mails, text and HTML, to the same server on loopback, one connection each; runs are
interleaved, figures are medians. Ours finds each message, looks a last time whether it is still wanted and what it
should say today, marks it before and after, a commit each. Ends with status 1 if that takes more than twice as long.
"""

from __future__ import annotations

import dataclasses
import gc
import multiprocessing
import os
import smtplib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from aiosmtpd import smtp
from aiosmtpd.controller import Controller

from dinhky import bootstrap
from dinhky.domain.chase import unit_ladder
from dinhky.domain.plan import Contact, Plan
from dinhky.domain.schedule import find_round
from dinhky.ledger import SqlLedger, schema
from dinhky.rounds.chasing import chase
from dinhky.rounds.dispatching import BATCH, flush_outbox
from dinhky.rounds.ports import Office

COMMUNES, UNITS, RUNS = 25, 12, 5
MAILS = COMMUNES * UNITS
LARGEST_RATIO = 2.0 * float(os.environ.get("BENCH_TOLERANCE") or 1)
ROWS_OF_A_COUNTRY = 400_000
ROWS_OF_A_COMMUNE = 400
MARKED = 300
LEASE = timedelta(minutes=5)
SENDER = Address("Định Kỳ", addr_spec="dinhky@phucloi.example")


class TakesEverything:
    """What the server does with mail: nothing."""

    async def handle_DATA(self, _server: object, _session: object, _envelope: object) -> str:  # noqa: N802
        return "250 OK"


class Server(Controller):
    def factory(self) -> smtp.SMTP:
        return smtp.SMTP(self.handler, hostname="loopback", ident="bench", loop=self.loop)

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def serve(tell: Connection) -> None:
    """Serve mail until the other end says so; in a process of its own, or it would be a part of what is measured."""
    server = Server(TakesEverything(), hostname="127.0.0.1", port=0)
    server.start()
    tell.send(server.port)
    tell.recv()
    server.stop()


@contextmanager
def mail_server() -> Iterator[int]:
    """The port of a running server."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=[there], daemon=True)
    process.start()
    try:
        yield here.recv()
    finally:
        here.send("stop")
        process.join()


def reminded(home: Path, port: int) -> tuple[Office, datetime]:
    """An office of communes with an open round each, of which every unit is about to be reminded; and that morning."""
    current = bootstrap.settings({"DINHKY_HOME": str(home), "DINHKY_SMTP": f"smtp://127.0.0.1:{port}"})
    bootstrap.ledger(current).migrate()
    found = bootstrap.office(current)
    model = found.plans["phuc-loi-2026"]
    plans = {plan.id: plan for plan in (commune(model, number) for number in range(COMMUNES))}
    office = dataclasses.replace(found, plans=plans)
    rounds = [find_round(plan, "PL-5", "2026-Q1", office.calendar) for plan in plans.values()]
    morning = unit_ladder(rounds[0], office.calendar)[0].at
    with office.ledger.transaction() as ledger:
        for round_ in rounds:
            ledger.open_round(round_, plans[round_.plan_id].units, round_.opens)
    if chase(office, morning).queued != MAILS:
        raise SystemExit("not every unit was reminded")
    return office, morning


def commune(model: Plan, number: int) -> Plan:
    """A plan like the model, with units of its own and one duty."""
    units = tuple(
        dataclasses.replace(
            model.units[0],
            code=f"unit{n}",
            name=f"Đơn vị số {n}",
            contacts=(Contact("Đỗ Thị Ngọc Lan", f"unit{n}@commune{number}.example"),),
        )
        for n in range(UNITS)
    )
    codes = tuple(unit.code for unit in units)
    duty = dataclasses.replace(model.obligation("PL-5"), lead=codes[:1], units=codes)
    return dataclasses.replace(model, id=f"commune-{number}-2026", units=units, obligations=(duty,), compiler=codes[0])


def through_the_outbox(home: Path, port: int) -> Callable[[], None]:
    office, morning = reminded(home, port)

    def run() -> None:
        sent = flush_outbox(office, by="bench", clock=lambda: morning).sent
        if sent != MAILS:
            raise SystemExit(f"{sent} of {MAILS} mails were sent")

    return run


def bare(home: Path, port: int) -> Callable[[], None]:
    """The same texts, already written, and nothing remembered."""
    office, _ = reminded(home, port)
    with office.ledger.snapshot() as ledger:
        rows = ledger.messages()
    html = office.channels["email"]._html  # type: ignore[attr-defined]
    letters = [(row, html(row["subject"], row["body"])) for row in rows]

    def run() -> None:
        with smtplib.SMTP("127.0.0.1", port) as server:
            for row, shown in letters:
                message = EmailMessage()
                message["From"], message["To"] = SENDER, Address(row["recipient"], addr_spec=row["address"])
                message["Subject"], message["Message-ID"] = row["subject"], row["message_id"]
                message.set_content(row["body"])
                message.add_alternative(shown, subtype="html")
                server.send_message(message)

    return run


def measured(run: Callable[[], None]) -> tuple[float, float]:
    """Seconds by the clock, and of this process's CPU."""
    gc.collect()
    began, cpu = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - began, time.process_time() - cpu


def compare_with_smtplib(home: Path) -> float:
    """Say how both do; how many times as long ours takes."""
    taken: dict[str, list[tuple[float, float]]] = {"bare smtplib, one connection": [], "ours: through the outbox": []}
    makers = (bare, through_the_outbox)
    with mail_server() as port:
        for number in range(RUNS + 1):
            for name, make in zip(taken, makers, strict=True):
                found = measured(make(home / f"{number}-{make.__name__}", port))
                if number:
                    taken[name].append(found)
    say(f"\nSending {MAILS} reminders to a mail server on loopback")
    say(f"  {'':<46}{'mails a second':>15}{'ms':>9}{'ms CPU':>9}")
    seconds = {name: statistics.median(wall for wall, _ in runs) for name, runs in taken.items()}
    for name, runs in taken.items():
        cpu = statistics.median(cpu for _, cpu in runs)
        each = seconds[name] / MAILS * 1000
        say(f"  {name:<46}{MAILS / seconds[name]:>15.0f}{each:>9.2f}{cpu / MAILS * 1000:>9.2f}")
    bare_seconds, ours = seconds.values()
    return ours / bare_seconds


def outbox_of(home: Path, rows: int, now: datetime) -> SqlLedger:
    """A ledger with so many messages, all of them due; five to each recipient."""
    ledger = SqlLedger(f"sqlite:///{home / f'{rows}.db'}")
    ledger.migrate()
    message: dict[str, Any] = {
        "kind": "T-3", "channel": "email", "recipient": "Bà Lan", "subject": "Nhắc", "body": "Nội dung " * 50,
        "section": "Nội dung", "attachments": [], "unit": "vp", "state": "queued", "attempts": 0, "refusals": 0,
        "not_before": now, "office_hours_only": True, "created_at": now,
    }  # fmt: skip
    with ledger._engine.begin() as connection:
        for start in range(0, rows, 10_000):
            connection.execute(
                schema.outbox.insert(),
                [
                    message
                    | {
                        "key": f"r{n // 12}|T-3|{n}",
                        "message_id": f"<{n}@x>",
                        "address": f"u{n // 5}@x.example",
                        "round_id": f"commune-{n // 1200}/PL-5/r{n // 12}",
                    }
                    for n in range(start, min(start + 10_000, rows))
                ],
            )
    return ledger


def marking(ledger: SqlLedger, now: datetime) -> float:
    """Milliseconds by the clock to claim and mark a message, a commit each, as the dispatcher does it."""
    began, done = time.perf_counter(), 0
    while done < MARKED:
        with ledger.transaction() as one:
            one.recover(now, "")
            batch = one.claim(by="bench", now=now, lease=LEASE, limit=BATCH)
        before: list[int] = []
        for queued in batch:
            with ledger.transaction() as one:
                if before:
                    one.mark_sent(before, now, "250 OK")
                one.mark_sending([queued.id], "bench", now + LEASE)
            before = [queued.id]
        with ledger.transaction() as one:
            one.mark_sent(before, now, "250 OK")
        done += len(batch)
    return (time.perf_counter() - began) * 1000 / done


def compare_sizes(home: Path) -> None:
    now = datetime.fromisoformat("2026-03-10T08:00+07:00")
    began = time.perf_counter()
    ledgers = {rows: outbox_of(home, rows, now) for rows in (ROWS_OF_A_COMMUNE, ROWS_OF_A_COUNTRY)}
    say(f"\nClaiming and marking a message, a commit each (rows written in {time.perf_counter() - began:.0f} s)")
    for rows, ledger in ledgers.items():
        marking_ms = marking(ledger, now)
        with ledger.snapshot() as one:
            looked = time.perf_counter()
            one.message_keys(f"commune-0/PL-5/r{rows // 24}|")
            looking_ms = (time.perf_counter() - looked) * 1000
        say(f"  {f'with {rows:,} messages waiting':<46}{marking_ms:>9.2f} ms; a round's messages {looking_ms:.2f} ms")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Measure both; 1 if the outbox has become too slow."""
    with tempfile.TemporaryDirectory() as folder:
        ratio = compare_with_smtplib(Path(folder))
        verdict = "within" if ratio <= LARGEST_RATIO else "OVER"
        say(f"The outbox takes {ratio:.2f} times as long as bare smtplib: {verdict} the bound of {LARGEST_RATIO:.1f}.")
        compare_sizes(Path(folder))
    return 0 if ratio <= LARGEST_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
