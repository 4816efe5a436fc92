"""`make year`: all communes' year under the real scheduler, and whether it went as the simulation says it must.

Airflow opens the rounds, waits for units, chases, compiles, asks and sends. The units' files come from a simulated
behaviour and are received at once, as from the web; the approver answers through the API.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from threading import Event, Thread
from time import monotonic, sleep

import yaml

from dinhky import bootstrap
from dinhky.bootstrap import Settings
from dinhky.clock import PUNCTUAL, Clock
from dinhky.orchestration.handed_in import LONGEST_SECONDS, HandedIn
from dinhky.rounds.digests import DIGEST
from dinhky.rounds.ports import Office
from dinhky.service.airflow_api import AirflowApi
from dinhky.service.airflow_environment import DATABASE as AIRFLOW_DATABASE
from dinhky.service.airflow_environment import passwords
from dinhky.service.console import Console
from dinhky.service.private_postgresql import is_installed, private_postgresql
from dinhky.service.processes import ServiceError
from dinhky.service.running import forget_the_real_service, prepare, say_login, service
from dinhky.service.year_comparison import ANSWERS, Difference, differences
from dinhky.service.year_days import paces
from dinhky.service.year_pace import paced
from dinhky.service.year_units import Units
from dinhky.simulation.behaviour import Behaviour
from dinhky.simulation.played import Played
from dinhky.simulation.playing import play
from dinhky.simulation.setting import OPERATOR, Stage

START_UP = timedelta(seconds=60)
"""How long Airflow takes to start and to begin what is open on the first day."""
LOOK_EVERY_SECONDS = 0.1
APPROVAL_LOOK_SECONDS = 4.0
"""How often the API is asked: every question costs the server what a small task costs a worker."""
BEAT_SECONDS = 60
"""How often the dispatcher and the intake come by: files are received by us, and ticks send what they decide."""
PARSE_SECONDS = 600
"""How often DAG files are read again: nobody edits a plan while it is played."""
WINDING_UP = timedelta(seconds=150)
"""How long, in real time, what was begun before the end may take to finish."""
PAST_THE_END = timedelta(days=7)
"""How much longer the clock runs fast, so that ticks follow what happened on the last days."""


@dataclass
class Year:
    """One playing, from `first` to `last` (both at midnight in Vietnam), a quiet working day in `day_seconds`."""

    console: Console
    first: datetime
    last: datetime
    seed: int
    day_seconds: float
    once: bool
    port: int | None
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    simulated: dict[str, Played] = field(default_factory=dict)
    slowest: timedelta = timedelta()

    def play(self) -> list[Difference]:
        """Play it to its end and return what differs from the simulation. Raises ServiceError, KeyboardInterrupt."""
        home = bootstrap.REPOSITORY / "var" / "year"
        forget_the_real_service()
        os.environ["DINHKY_HOME"] = str(home)
        os.environ["DINHKY_LEDGER"] = f"sqlite:///{home / 'ledger.db'}?durable=no"
        began = monotonic()
        self._invent()
        self._say_title()
        with (
            self._database(),
            service(self.console, home, port=self.port, prepare=self._begin_anew, environment=self._start_clock) as (
                processes,
                url,
            ),
        ):
            current = bootstrap.settings()
            say_login(self.console, home)
            self._play(current, url, processes.check)
            found = self._compare(current)
            self._say_end(current, found, url, monotonic() - began)
            if not self.once:
                self.console.say("stop_hint")
                with suppress(KeyboardInterrupt):  # how it is meant to end
                    while True:
                        processes.check()
                        sleep(1)
        return found

    @contextmanager
    def _database(self) -> Iterator[None]:
        """What Airflow keeps its own matters in: PostgreSQL, as in production, or the embedded default where there is
        none, whose writers wait for each other."""
        if not is_installed():
            self.console.say("year_without_postgresql")
            yield
            return
        with private_postgresql() as url:
            os.environ[AIRFLOW_DATABASE] = url
            try:
                yield
            finally:
                del os.environ[AIRFLOW_DATABASE]

    def _invent(self) -> None:
        """What units do, by plan: from the seed, made playable on a fast clock."""
        office = bootstrap.office()
        stage = Stage(bootstrap.settings())
        for plan in office.plans.values():
            invented = stage.behaviour(plan, self.seed, with_outages=False)
            self.behaviours[plan.id] = paced(invented, office.rounds, self.first, self.last)

    def _begin_anew(self) -> None:
        """Forget an earlier playing: its folder, all but the lock we hold."""
        current = bootstrap.settings()
        for path in current.home.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != "service.lock":
                path.unlink()
        prepare(current)

    def _paces(self) -> list[tuple[datetime, float]]:
        office = bootstrap.office()
        quiet_day = timedelta(seconds=self.day_seconds)
        end = self.last + PAST_THE_END
        return list(paces(office, self.first, end, quiet_day))

    def _start_clock(self) -> dict[str, str]:
        clock = {
            "DINHKY_CLOCK": "/".join(f"{moment.isoformat()}@{rate}" for moment, rate in self._paces()),
            "DINHKY_CLOCK_STARTED": datetime.now(UTC).isoformat(),
            "DINHKY_BEAT": str(BEAT_SECONDS),
            "DINHKY_OPERATOR": OPERATOR.email,
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": str(PARSE_SECONDS),
        }
        os.environ.update(clock)
        self._simulate(bootstrap.settings())
        os.environ["DINHKY_CLOCK_STARTED"] = clock["DINHKY_CLOCK_STARTED"] = (datetime.now(UTC) + START_UP).isoformat()
        return clock

    def _play(self, current: Settings, url: str, check: Callable[[], None]) -> None:
        current = bootstrap.settings()  # with the clock that now runs
        office = bootstrap.office(current)
        secrets = passwords(current.home)
        users = {person.user for plan in office.plans.values() for person in plan.approvers}
        approvers = [AirflowApi(url, user, secrets[user]) for user in sorted(users)]
        units = Units(office, HandedIn(current.home), self.behaviours, self.simulated, self.first)
        shown = self.first
        with self._approving(current, approvers):
            while (now := current.clock.now()) < self.last + PAST_THE_END:
                check()
                units.act(now)
                lag = self._lag(current, units, now)
                self.slowest = max(self.slowest, lag)
                if lag > PUNCTUAL:  # it would stand for a later moment: the machine is too slow for the pace
                    raise ServiceError(
                        "year_too_slow", seconds=round(lag.total_seconds()), day_seconds=self.day_seconds
                    )
                if now - shown >= timedelta(days=7):
                    shown = now
                    self._say_progress(office, now)
                sleep(LOOK_EVERY_SECONDS)
            deadline = monotonic() + WINDING_UP.total_seconds()
            while monotonic() < deadline and not self._is_wound_up(office):
                check()
                sleep(APPROVAL_LOOK_SECONDS)

    @contextmanager
    def _approving(self, current: Settings, approvers: list[AirflowApi]) -> Iterator[None]:
        """Meanwhile, say yes to all that waits for an approver: the API may be slow, and no unit waits for it."""
        is_over = Event()

        def approve() -> None:
            while not is_over.wait(APPROVAL_LOOK_SECONDS):
                self._approve(current, approvers)

        thread = Thread(target=approve, name="approvers", daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join(timeout=APPROVAL_LOOK_SECONDS)

    def _lag(self, current: Settings, units: Units, now: datetime) -> timedelta:
        """How long, in real time, the next tick has been due without having decided."""
        due = units.tick_after(units.ticked)
        return datetime.now(UTC) - current.clock.real(due) if due < now else timedelta()

    def _approve(self, current: Settings, approvers: list[AirflowApi]) -> None:
        """Say yes to everything that waits for an approver."""
        labels = yaml.safe_load((current.operators / "labels.yaml").read_text("utf-8"))
        for api in approvers:
            with suppress(OSError, HTTPException):  # what fails is asked again
                for question in api.unanswered():
                    api.answer(question, labels["approve_option"])

    def _is_wound_up(self, office: Office) -> bool:
        with office.ledger.snapshot() as ledger:
            return not any(row["state"] in {"claimed", "sending"} for row in ledger.messages())

    def _say_title(self) -> None:
        started = datetime.now(UTC)
        seconds = (Clock.running(started, self._paces()).real(self.last) - started).total_seconds()
        self.console.say(
            "year_title",
            first=self.first,
            last=self.last,
            day_seconds=self.day_seconds,
            minutes=round(seconds / 60),
            seed=self.seed,
        )

    def _say_progress(self, office: Office, now: datetime) -> None:
        with office.ledger.snapshot() as ledger:
            opened = ledger.opened_round_ids()
            messages = ledger.messages()
        sent = sum(row["state"] == "sent" for row in messages)
        self.console.say("year_progress", now=now, rounds=len(opened), sent=sent)

    def _simulate(self, current: Settings) -> None:
        """What must come of it: with the service's own addresses in its letters, before it starts."""
        stage = Stage(current)
        for plan in bootstrap.office(current).plans.values():
            with stage.office(plan) as office:
                self.simulated[plan.id] = play(office, plan, self.behaviours[plan.id], stage.fill)

    def _compare(self, current: Settings) -> list[Difference]:
        office = bootstrap.office(current)
        return [
            difference
            for played in self.simulated.values()
            for difference in differences(office, played, self.first, self.last)
        ]

    def _say_end(self, current: Settings, found: list[Difference], url: str, seconds: float) -> None:
        with bootstrap.ledger(current).snapshot() as ledger:
            messages = ledger.messages()
        kinds = Counter(_kind(row["kind"]) for row in messages if row["state"] == "sent")
        self.console.say("year_done", seconds=round(seconds), lag=round(self.slowest.total_seconds(), 1))
        for kind, count in sorted(kinds.items()):
            self.console.say("year_kind", kind=kind, count=count)
        for difference in found:
            self.console.say("year_difference", difference=difference)
        self.console.say("year_equal" if not found else "year_not_equal", count=len(found))
        if found and self.slowest.total_seconds() > LONGEST_SECONDS:  # then ticks may have gone on without a file
            self.console.say("year_was_slow", day_seconds=self.day_seconds)
        if not self.once:
            self.console.say("year_look", url=url)


def _kind(kind: str) -> str:
    """A message's kind without what tells one from another: versions, numbers of files, digests."""
    begin = kind.partition("-")[0]
    return kind if begin == "T" else begin if begin in {*ANSWERS, DIGEST} else kind.partition("-v")[0]
