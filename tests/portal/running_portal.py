"""`dinhky portal` as a real process over a home of its own, on a clock that stands at a working morning."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from dinhky import bootstrap
from dinhky.rounds.links import PersonalLink, token_of
from dinhky.rounds.ports import Office

MORNING = "2026-03-11T09:00+07:00"
READY_SECONDS = 180


@dataclass(frozen=True)
class Running:
    """The process, and the office that it works in."""

    url: str
    office: Office
    log: Path

    def link(self, plan: str, unit: str) -> str:
        return f"{self.url}/u/{token_of(self.office.signer, PersonalLink(plan, unit, date(2026, 5, 15), 0))}"


@contextmanager
def running_portal(home: Path, plans: Path | None = None) -> Iterator[Running]:
    """Start it, wait until it answers, and end it; its ledger is migrated before."""
    ours = {"DINHKY_HOME": str(home), "DINHKY_CLOCK": MORNING} | ({"DINHKY_PLANS": str(plans)} if plans else {})
    office = bootstrap.office(bootstrap.settings(ours))
    office.ledger.migrate()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    others = {name: value for name, value in os.environ.items() if not name.startswith("DINHKY_")}
    log = home / "portal.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "dinhky.cli", "portal", "--port", str(port)],
            env=others | ours,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            url = f"http://127.0.0.1:{port}/dinhky"
            _wait(f"{url}/health", process, log)
            yield Running(url, office, log)
        finally:
            process.terminate()
            process.wait(30)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            assert process.poll() is None, log.read_text("utf-8")
            assert time.monotonic() < deadline, log.read_text("utf-8")
            time.sleep(0.1)
