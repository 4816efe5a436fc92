"""Begets dispatchers: for every name on standard input a process that flushes the outbox until it is killed.

They are forked from one process that has imported everything, so that fifty of them cost no fifty imports. An office
day passes in half a minute, and there are no nights: see `ShortDays`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from email.headerregistry import Address
from typing import Any

from apprise.plugins.zalo import NotifyZalo

from dinhky import bootstrap
from dinhky.channels import chat, zalo  # noqa: F401  (imported before anything is forked)
from dinhky.channels.chat import ChatChannel
from dinhky.channels.pace import Pace
from dinhky.channels.smtp import SmtpChannel, SmtpSettings
from dinhky.domain.local_time import start_of_work
from dinhky.rounds.dispatching import flush_outbox
from dinhky.rounds.ports import Office

RATE = 1000
LEASE = timedelta(minutes=30)
REST = 0.02
DAY = timedelta(hours=9)
FIRST_DAY = date(2026, 3, 9)


@dataclass(frozen=True)
class ShortDays:
    """An office clock that runs fast and goes from the end of one working day to the beginning of the next."""

    office: Office
    started: float

    def now(self) -> datetime:
        day, rest = divmod(timedelta(seconds=(time.time() - self.started) * RATE), DAY)
        return start_of_work(self.office.calendar.shift(FIRST_DAY, day)) + rest


def office_for(settings: dict[str, Any]) -> Office:
    """The office of a folder with both servers on loopback."""
    found = bootstrap.office(bootstrap.settings({"DINHKY_HOME": settings["home"]}))
    NotifyZalo.notify_url = settings["zalo"]
    chat.REST_AFTER_REFUSAL = REST
    smtp = SmtpSettings("127.0.0.1", settings["smtp"], options={"timeout": "1"})
    return replace(
        found,
        lease=LEASE,
        channels={
            "email": SmtpChannel(smtp, Address("Định Kỳ", addr_spec="dinhky@phucloi.example"), rest=REST),
            "chat": ChatChannel({}, found.words, zalo_token=settings["token"], pace=Pace(0.0)),
        },
    )


def main() -> None:
    settings = json.loads(sys.argv[1])
    office = office_for(settings)
    assert office.rounds
    clock = ShortDays(office, settings["started"])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    nursery = os.getpid()
    for line in sys.stdin:
        child = os.fork()
        if child:
            sys.stdout.write(f"{child}\n")
            sys.stdout.flush()
            continue
        while os.getppid() == nursery:
            flush_outbox(office, by=line.strip(), clock=clock.now)
            time.sleep(0.005)
        os._exit(0)


if __name__ == "__main__":
    main()
