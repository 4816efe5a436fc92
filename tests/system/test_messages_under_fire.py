"""A thousand messages, dispatchers killed at fifty moments, servers that go up and down: all arrive, none twice."""

from __future__ import annotations

import json
import logging
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from dispatcher_nursery import ShortDays, office_for
from fake_smtp import FakeSmtp, Fault, fake_smtp
from fake_zalo import TOKEN, FakeZalo, Reply, fake_zalo, refusal

from dinhky import bootstrap
from dinhky.rounds.dispatching import flush_outbox
from dinhky.rounds.kept_messages import Message
from dinhky.rounds.outbox_decisions import retry_message
from dinhky.rounds.ports import Office

log = logging.getLogger(__name__)
pytestmark = pytest.mark.system

ROUND = "phuc-loi-2026/PL-5/2026-Q1"
UNITS = ("vhxh", "vp", "kthtdt", "pvhcc", "vhtttt", "mttq", "bxdd")
MAILS, DIGESTED, CHATS = 400, 300, 300
A_DIGEST = 5
KILLS = 50
DISPATCHERS = 2
SEED = 20261121
PATIENCE = 600.0
_CODE = re.compile(r"MS-\d{4}")

MAIL_FAULTS = (
    Fault("MAIL", says="421 too busy"),
    Fault("MAIL", says="451 try later"),
    Fault("MAIL"),
    Fault("RCPT", says="450 greylisted"),
    Fault("RCPT"),
    Fault("DATA", says="452 no space"),
    Fault("DATA"),
    Fault("DATA", taken=True),
    Fault("DATA", late=True),
)
CHAT_FAULTS = (
    refusal(500, "Internal server error"),
    refusal(429, "Quota exceeded"),
    Reply(502, b"<html>Bad Gateway</html>"),
    Reply(fault="drops"),
    Reply(fault="drops", after_taking=True),
)


@dataclass
class Field:
    """The office, both servers and the dispatchers at work. `arrived` counts how often each message did."""

    office: Office
    smtp: FakeSmtp
    zalo: FakeZalo
    nursery: subprocess.Popen[str]
    clock: ShortDays
    alive: list[int] = field(default_factory=list)
    born: int = 0

    def beget(self) -> None:
        assert self.nursery.stdin
        assert self.nursery.stdout
        self.born += 1
        self.nursery.stdin.write(f"dispatcher {self.born}\n")
        self.nursery.stdin.flush()
        self.alive.append(int(self.nursery.stdout.readline()))

    def kill(self, which: int) -> None:
        os.kill(self.alive.pop(which), signal.SIGKILL)

    def arrived(self) -> Counter[str]:
        """How often each message arrived, by its code: within mails of its own or of several, and in chats."""
        mails = (letter.get_body().get_content() for letter in self.smtp.letters())  # type: ignore[union-attr]
        return Counter(
            code for text in (*mails, *(text for _, text in self.zalo.taken)) for code in _CODE.findall(text)
        )

    @property
    def wires(self) -> int:
        """How many messages the servers have taken."""
        return len(self.smtp.taken) + len(self.zalo.taken)

    def rows(self) -> list[dict[str, Any]]:
        with self.office.ledger.snapshot() as ledger:
            return ledger.messages()

    def states(self) -> Counter[str]:
        return Counter(row["state"] for row in self.rows())

    def is_done(self) -> bool:
        return not self.states().keys() & {"queued", "claimed", "sending"}


def wait_until(true: Callable[[], bool], patience: float = PATIENCE) -> bool:
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.02)
    return False


def code_of(row: dict[str, Any]) -> str:
    (code,) = set(_CODE.findall(row["body"]))
    return str(code)


def messages(clock: ShortDays) -> Iterator[Message]:
    """Mails, chat messages, and for office hours what goes out five at a time."""
    now = clock.now()
    for number in range(MAILS + DIGESTED + CHATS):
        code = f"MS-{number:04d}"
        is_digested, is_chat = MAILS <= number < MAILS + DIGESTED, number >= MAILS + DIGESTED
        reader = number // A_DIGEST if is_digested else number
        yield Message(
            key=f"{ROUND}|change-{number}|{UNITS[reader % len(UNITS)]}|x",
            kind="change",
            channel="chat" if is_chat else "email",
            address=f"zalo:chat{reader}" if is_chat else f"reader{reader}@x.example",
            recipient="Đỗ Thị Ngọc Lan",
            subject=f"[Định Kỳ] Việc số {number}",
            body=f"Kính gửi: Bà Lan,\n\nNội dung {code}.\n\nTrân trọng.\n",
            section=f"Nội dung {code}.\n",
            not_before=now,
            round_id=ROUND,
            unit=UNITS[reader % len(UNITS)],
            office_hours_only=is_digested,
        )


@contextmanager
def battlefield(home: Path) -> Iterator[Field]:
    bootstrap.ledger(bootstrap.settings({"DINHKY_HOME": str(home)})).migrate()
    with fake_smtp() as smtp, fake_zalo() as zalo:
        settings = {"home": str(home), "smtp": smtp.port, "zalo": zalo.url, "token": TOKEN, "started": time.time()}
        office = office_for(settings)
        script = Path(__file__).parents[1] / "fakes" / "dispatcher_nursery.py"
        with subprocess.Popen(
            [sys.executable, str(script), json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": "plugins"},
            cwd=Path(__file__).parents[2],
        ) as nursery:
            found = Field(office, smtp, zalo, nursery, ShortDays(office, settings["started"]))
            with office.ledger.transaction() as ledger:
                for message in messages(found.clock):
                    assert ledger.queue(message, message.not_before)
            try:
                yield found
            finally:
                while found.alive:
                    found.kill(0)
                nursery.kill()


def test_every_message_arrives_and_none_twice_but_what_the_ledger_calls_unclear(tmp_path):
    chance = random.Random(SEED)
    hang_ups = 0
    with battlefield(tmp_path / "home") as field_:
        for _ in range(DISPATCHERS):
            field_.beget()
        for kill in range(KILLS):
            before, steps = field_.wires, chance.randrange(1, 22)
            wait_until(lambda before=before, steps=steps: field_.wires >= before + steps, patience=1.5)
            time.sleep(chance.uniform(0, 0.01))
            field_.kill(chance.randrange(DISPATCHERS))
            if kill % 7 == 3:
                field_.smtp.go_down()
            elif kill % 7 == 5:
                field_.smtp.come_up()
            elif kill == KILLS // 2:
                field_.smtp.faults.append(Fault("RCPT", seconds=1.5))
            else:
                field_.smtp.faults.append(chance.choice(MAIL_FAULTS))
                reply = chance.choice(CHAT_FAULTS)
                field_.zalo.replies.append(reply)
                hang_ups += bool(reply.fault)
            field_.beget()
        field_.smtp.come_up()
        assert wait_until(field_.is_done), field_.states()

        rows, arrived = field_.rows(), field_.arrived()
        unclear = [row for row in rows if row["state"] == "unknown" and row["carried_by"] is None]
        died = sum("Tiến trình gửi bị ngắt" in row["answer"] for row in unclear)
        assert len(rows) == MAILS + DIGESTED + CHATS
        assert {row["state"] for row in rows} <= {"sent", "unknown"}
        assert {code_of(row): arrived[code_of(row)] for row in rows if row["state"] == "sent"} == {
            code_of(row): 1 for row in rows if row["state"] == "sent"
        }
        assert all(arrived[code_of(row)] <= 1 for row in rows)
        assert died <= KILLS, "at most one wire a kill"
        assert len(unclear) - died <= field_.smtp.unclear + hang_ups, "and one for each time that a server fell silent"
        assert len(field_.smtp.taken) < MAILS + DIGESTED, "and what goes to one recipient went as one"
        log.info("%s kills left %s wires unclear, servers %s: %s", KILLS, died, len(unclear) - died, field_.states())

        # A person has what is unclear sent again: now everything has arrived, and only that may have come twice.
        while field_.alive:
            field_.kill(0)
        field_.smtp.faults.clear()
        field_.zalo.replies.clear()
        asked = {code_of(row) for row in rows if row["state"] == "unknown"}
        for row in unclear:
            retry_message(field_.office, row["id"], by="vhxh", reason="chưa nhận", now=field_.clock.now())
        flush_outbox(field_.office, by="person", clock=lambda: field_.clock.now() + timedelta(seconds=1))
        arrived = field_.arrived()
        assert min(arrived[code_of(row)] for row in rows) == 1
        assert {code for code, times in arrived.items() if times > 1} <= asked


def test_two_dispatchers_at_once_send_everything_once(tmp_path):
    with battlefield(tmp_path / "home") as field_:
        for _ in range(DISPATCHERS):
            field_.beget()
        assert wait_until(field_.is_done), field_.states()
        assert field_.states() == {"sent": MAILS + DIGESTED + CHATS}
        assert set(field_.arrived().values()) == {1}
        assert len(field_.arrived()) == MAILS + DIGESTED + CHATS
        assert len(field_.smtp.taken) == MAILS + DIGESTED // A_DIGEST
