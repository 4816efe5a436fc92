"""`make demo`: the same service in a folder of its own, playing one quarter on a fast clock with sample workbooks."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import yaml

from dinhky import bootstrap
from dinhky.bootstrap import Settings
from dinhky.domain.chase import Step
from dinhky.domain.schedule import find_round
from dinhky.rounds.ports import LedgerTransaction
from dinhky.service.airflow_api import AirflowApi
from dinhky.service.airflow_environment import passwords
from dinhky.service.console import Console
from dinhky.service.processes import ServiceError
from dinhky.service.running import forget_the_real_service, prepare, say_login, service
from dinhky.workbook.sample import fill

PLAN, REF, PERIOD = "phuc-loi-2026", "PL-5", "2026-Q1"
STARTS = datetime.fromisoformat("2026-03-05T06:30+07:00")
RATE = 12_000
"""A day in seven seconds: slow enough for each reminder to have its tick, fast enough to play a quarter in minutes."""
USUAL_PACE_AFTER_LOCK = timedelta(hours=1)
"""When the clock goes on at the usual pace: what follows is the supervisor's own time."""
START_UP = timedelta(seconds=19)
"""How long Airflow takes to start; the office clock begins to run when it is about up."""
LONGEST_SECONDS = 420
LOOK_EVERY_SECONDS = 0.5


@dataclass
class Delivery:
    """A sample workbook to be put in a unit's folder at an office moment."""

    at: datetime
    unit: str
    rows: dict[str, Any]


class Demo:
    """One playing of the quarter.

    `approve` answers the approval through the API, `once` ends the service when the report has gone out.
    """

    def __init__(self, console: Console, *, approve: bool, once: bool, port: int | None) -> None:
        self._console = console
        self._approve = approve
        self._once = once
        self._port = port
        self._home = bootstrap.REPOSITORY / "var" / "demo"
        forget_the_real_service()
        os.environ["DINHKY_HOME"] = str(self._home)
        os.environ["DINHKY_ONLY"] = f"{PLAN}.{REF}"  # the one quarter's report: nothing else takes its processors' time
        self._plan = bootstrap.plans()[0][PLAN]
        self._round = find_round(self._plan, REF, PERIOD, bootstrap.calendar_of())
        self._last_event = 0
        self._messages_shown: set[int] = set()

    def play(self) -> None:
        """Play it to the end. Raises ServiceError if it does not get there, KeyboardInterrupt on Ctrl-C."""
        began = time.monotonic()
        self._console.say(
            "demo_title",
            plan=self._plan,
            obligation=self._plan.obligation(REF),
            period=PERIOD,
            rate=RATE,
            day_seconds=round(86_400 / RATE),
        )
        with service(
            self._console, self._home, port=self._port, prepare=self._begin_anew, environment=self._start_clock
        ) as (processes, url):
            current = bootstrap.settings()
            say_login(self._console, self._home)
            self._console.say("where_messages_go", smtp=bool(current.smtp_url), maildir=current.maildir)
            self._play_round(current, url, processes.check)
            self._say_end(current, url, time.monotonic() - began)
            if not self._once:
                self._console.say("stop_hint")
                with suppress(KeyboardInterrupt):  # how it is meant to end
                    while True:
                        processes.check()
                        time.sleep(1)

    def _begin_anew(self) -> None:
        """Forget an earlier playing: its folder, all but the lock we hold."""
        for path in self._home.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != "service.lock":
                path.unlink()
        prepare(bootstrap.settings())

    def _start_clock(self) -> dict[str, str]:
        """Let the office clock begin when Airflow will be up, for this process and those about to start."""
        end = self._round.locks + USUAL_PACE_AFTER_LOCK
        clock = {
            "DINHKY_CLOCK": f"{STARTS.isoformat()}@{RATE}/{end.isoformat()}",
            "DINHKY_CLOCK_STARTED": (datetime.now(UTC) + START_UP).isoformat(),
        }
        os.environ.update(clock)
        return clock

    def _play_round(self, current: Settings, url: str, check: Callable[[], None]) -> None:
        waiting = _sample_deliveries(current)
        deadline = time.monotonic() + LONGEST_SECONDS
        is_asked = False
        while True:
            check()
            with bootstrap.ledger(current).snapshot() as ledger:
                self._show_progress(ledger)
                is_open = ledger.round_is_open(self._round.id)
                is_filed = any(event["kind"] == "report_filed" for event in ledger.events(self._round.id))
                of_round = ledger.messages(self._round.id)
            has_unsent = any(row["state"] in {"queued", "claimed", "sending"} for row in of_round)
            if is_filed and not has_unsent:
                return
            if is_open:
                waiting = [delivery for delivery in waiting if not self._deliver_if_due(current, delivery)]
            if not is_asked and not waiting and self._asks_for_approval():
                is_asked = True
                self._console.say("demo_waits_for_approval", url=f"{_run_page(url)}/tasks/approve/required_actions")
            if is_asked and self._approve and not is_filed:
                self._answer_approval(url)
            if (self._approve or not is_asked) and time.monotonic() > deadline:
                raise ServiceError("demo_timed_out", seconds=LONGEST_SECONDS, logs=str(self._home / "logs"))
            time.sleep(LOOK_EVERY_SECONDS)

    def _deliver_if_due(self, current: Settings, delivery: Delivery) -> bool:
        """As the unit would: take the workbook from the opening notice, fill it in, put it in the folder."""
        if current.clock.now() < delivery.at:
            return False
        office = bootstrap.office(current)
        with office.ledger.snapshot() as ledger:
            notices = [
                row
                for row in ledger.messages(self._round.id)
                if row["kind"] == Step.OPENING.value and row["unit"] == delivery.unit
            ]
        workbook = notices[0]["attachments"][0]
        folder = current.inbox / PLAN / delivery.unit
        half_written = folder / f".{workbook['name']}"
        half_written.write_bytes(fill(office.files.get(workbook["sha256"]), delivery.rows))
        half_written.rename(folder / workbook["name"])
        self._console.say(
            "demo_delivers",
            moment=delivery.at,
            unit=self._plan.unit(delivery.unit).name,
            file=workbook["name"],
        )
        return True

    def _asks_for_approval(self) -> bool:
        with bootstrap.ledger().snapshot() as ledger:
            return any(row["kind"].startswith("approval-request") for row in ledger.messages(self._round.id))

    def _answer_approval(self, url: str) -> None:
        """Approve as the plan's approver whenever the question stands; should Airflow lose an answer, it asks again."""
        user, dag_id, run_id = self._plan.approver.user, f"{PLAN}.{REF}", f"scheduled__{PERIOD}"
        api = AirflowApi(url, user, passwords(self._home)[user])
        if api.waits_for_decision(dag_id, run_id):
            labels = yaml.safe_load((bootstrap.settings().operators / "labels.yaml").read_text("utf-8"))
            api.decide(dag_id, run_id, labels["approve_option"])
            self._console.say("demo_approves", user=user)

    def _show_progress(self, ledger: LedgerTransaction) -> None:
        names = {assignment.unit: assignment.unit_name for assignment in ledger.assignments(self._round.id)}
        for event in ledger.events(self._round.id):
            line = f"event_{event['kind']}"
            if event["id"] > self._last_event and line in self._console.lines:
                self._last_event = event["id"]
                unit_name = names.get(event["unit"], "")
                self._console.say(line, **event, period=PERIOD, unit_name=unit_name)
        for row in ledger.messages(self._round.id):
            if row["state"] == "sent" and row["id"] not in self._messages_shown:
                self._messages_shown.add(row["id"])
                self._console.say(
                    "message_sent", at=row["not_before"], recipient=row["recipient"], subject=row["subject"]
                )

    def _say_end(self, current: Settings, url: str, seconds: float) -> None:
        recipients = ", ".join(f"{recipient.name} <{recipient.email}>" for recipient in self._plan.report_to)
        self._console.say("demo_done", seconds=round(seconds), recipients=recipients)
        self._console.say("link_run", url=_run_page(url))
        self._console.say("link_action", url=f"{_run_page(url)}/tasks/approve/required_actions")
        for path in sorted((current.archive / PLAN / REF / PERIOD).glob("v*/*")):
            self._console.say("link_documents", path=path)
        self._console.say("link_messages", path=current.maildir, count=len(self._messages_shown))
        say_login(self._console, self._home)


def _run_page(url: str) -> str:
    return f"{url}/dags/{PLAN}.{REF}/runs/scheduled__{PERIOD}"


def _sample_deliveries(current: Settings) -> list[Delivery]:
    file = current.include / "data" / "samples" / f"phuc-loi-{PERIOD}.yaml"
    units: dict[str, list[dict[str, Any]]] = yaml.safe_load(file.read_text("utf-8"))["units"]
    deliveries = [
        Delivery(datetime.fromisoformat(str(delivery["at"])), unit, delivery["rows"])
        for unit, listed in units.items()
        for delivery in listed or []
    ]
    return sorted(deliveries, key=lambda delivery: delivery.at)
