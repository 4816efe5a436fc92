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
from datetime import UTC, datetime, time, timedelta
from time import monotonic, sleep
from urllib.error import URLError

import yaml

from dinhky import bootstrap
from dinhky.bootstrap import Settings
from dinhky.domain.chase import Step
from dinhky.domain.local_time import START_OF_OFFICE_DAY, at, local
from dinhky.intake.receive import receive
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
from dinhky.service.year_pace import paced
from dinhky.simulation.behaviour import Behaviour, Delivery, Fault
from dinhky.simulation.playing import play, scored
from dinhky.simulation.setting import OPERATOR, Stage
from dinhky.workbook.sample import fill

START_UP = timedelta(seconds=70)
"""How long Airflow takes to start and to begin what is open on the first day; then the office clock begins to run."""
LOOK_EVERY_SECONDS = 0.3
TICK_LOOK_SECONDS = 1.0
APPROVAL_LOOK_SECONDS = 4.0
"""How often the API is asked: every question costs the server what a small task costs a worker."""
BEAT_SECONDS = 15
"""How often the dispatcher and the intake come by: files are received by us, and ticks send what they decide."""
PARSE_SECONDS = 600
"""How often DAG files are read again: nobody edits a plan while it is played."""
TICK_HOUR = 8
"""When a fast clock's tick stands: see `dinhky.orchestration.schedules`."""
LONGEST_LAG_IN_DAYS = 3.0
"""How far, in office days, ticks may fall behind before the playing is given up: the machine is too slow for the pace,
and what is decided so late is no more what would have been decided then."""
WINDING_UP = timedelta(seconds=150)
"""How long, in real time, what was begun before the end may take to finish."""
PAST_THE_END = timedelta(days=3)
"""How close to the end a round may lock and still be compared: later ones may not have been closed."""


@dataclass
class Year:
    """One playing, from `first` to `last` (both at midnight in Vietnam), a day in `day_seconds`."""

    console: Console
    first: datetime
    last: datetime
    seed: int
    day_seconds: float
    once: bool
    port: int | None
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    slowest: timedelta = timedelta()

    def play(self) -> list[Difference]:
        """Play it to its end and return what differs from the simulation. Raises ServiceError, KeyboardInterrupt."""
        home = bootstrap.REPOSITORY / "var" / "year"
        forget_the_real_service()
        os.environ["DINHKY_HOME"] = str(home)
        os.environ["DINHKY_LEDGER"] = f"sqlite:///{home / 'ledger.db'}?durable=no"
        began = monotonic()
        self.console.say("year_title", first=self.first, last=self.last, day_seconds=self.day_seconds, seed=self.seed)
        self._invent()
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

    def _start_clock(self) -> dict[str, str]:
        rate = timedelta(days=1).total_seconds() / self.day_seconds
        clock = {
            "DINHKY_CLOCK": f"{self.first.isoformat()}@{rate}/{(self.last + PAST_THE_END).isoformat()}",
            "DINHKY_CLOCK_STARTED": (datetime.now(UTC) + START_UP).isoformat(),
            "DINHKY_BEAT": str(BEAT_SECONDS),
            "DINHKY_OPERATOR": OPERATOR.email,
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": str(PARSE_SECONDS),
        }
        os.environ.update(clock)
        return clock

    def _play(self, current: Settings, url: str, check: Callable[[], None]) -> None:
        current = bootstrap.settings()  # with the clock that now runs
        office = bootstrap.office(current)
        secrets = passwords(current.home)
        admin = AirflowApi(url, "admin", secrets["admin"])
        users = {person.user for plan in office.plans.values() for person in plan.approvers}
        approvers = [AirflowApi(url, user, secrets[user]) for user in sorted(users)]
        waiting = sorted(
            (delivery for behaviour in self.behaviours.values() for delivery in behaviour.deliveries),
            key=lambda delivery: delivery.at,
        )
        shown, ticked = self.first, self.first
        tick_look = approval_look = monotonic()
        while (now := current.clock.now()) < self.last + PAST_THE_END:
            check()
            if monotonic() >= tick_look:
                ticked, tick_look = self._last_tick(current, admin), monotonic() + TICK_LOOK_SECONDS
            due = [one for one in waiting if _day_of(one.at) <= now and self._has_ticked(office, ticked, one.at)]
            for delivery in due:
                if self._deliver(office, delivery) or office.rounds[delivery.round_id].is_over(now):
                    waiting.remove(delivery)
            if monotonic() >= approval_look:
                self._approve(current, approvers)
                approval_look = monotonic() + APPROVAL_LOOK_SECONDS
            lag = self._lag(current, office, ticked, now)
            self.slowest = max(self.slowest, lag)
            if lag.total_seconds() > LONGEST_LAG_IN_DAYS * self.day_seconds:
                raise ServiceError("year_too_slow", seconds=round(lag.total_seconds()), day_seconds=self.day_seconds)
            if now - shown >= timedelta(days=7):
                shown = now
                self._say_progress(office, now)
            sleep(LOOK_EVERY_SECONDS)
        deadline = monotonic() + WINDING_UP.total_seconds()
        while monotonic() < deadline and not self._is_wound_up(office):
            check()
            self._approve(current, approvers)
            sleep(APPROVAL_LOOK_SECONDS)

    def _last_tick(self, current: Settings, api: AirflowApi) -> datetime:
        """The office moment that the newest finished tick stands for; before the first one, the beginning."""
        path = "/api/v2/dags/chase/dagRuns?state=success&order_by=-run_after&limit=1"
        with suppress(URLError, TimeoutError):
            for run in api.call("GET", path)["dag_runs"]:
                return current.clock.at(datetime.fromisoformat(run["run_after"]))
        return self.first

    def _has_ticked(self, office: Office, ticked: datetime, moment: datetime) -> bool:
        """Whether the last tick due before a moment has run: what was decided then must not know of what came later."""
        return ticked >= self._tick_before(office, moment) - timedelta(minutes=30)

    def _tick_before(self, office: Office, moment: datetime) -> datetime:
        day = local(moment).date()
        if local(moment).hour < TICK_HOUR:
            day -= timedelta(days=1)
        return max(at(office.calendar.on_or_before(day), START_OF_OFFICE_DAY), self.first)

    def _lag(self, current: Settings, office: Office, ticked: datetime, now: datetime) -> timedelta:
        """How long, in real time, the next tick has been due."""
        due = self._tick_before(office, now)
        if ticked >= due - timedelta(minutes=30):
            return timedelta()
        return datetime.now(UTC) - current.clock.real(due)

    def _deliver(self, office: Office, delivery: Delivery) -> bool:
        """As the unit would: the workbook it got, filled in. False while its round has not opened."""
        round_ = office.rounds[delivery.round_id]
        data = repr(delivery.rows).encode()
        if delivery.fault is not Fault.NO_WORKBOOK:
            with office.ledger.snapshot() as ledger:
                notices = [
                    row
                    for row in ledger.messages(delivery.round_id)
                    if row["kind"] == Step.OPENING.value and row["unit"] == delivery.workbook_unit
                ]
            if not notices:
                return False
            workbook = office.files.get(notices[0]["attachments"][0]["sha256"])
            delivery = scored(office, office.plans[round_.plan_id], round_, delivery)
            data = fill(workbook, delivery.rows)
        receive(
            office,
            data,
            file_name=f"{delivery.unit}_{round_.ref}_{round_.period.label}.xlsx",
            unit_code=delivery.unit,
            plan_id=round_.plan_id,
            now=delivery.at,
            route="folder",
        )
        return True

    def _approve(self, current: Settings, approvers: list[AirflowApi]) -> None:
        """Say yes to everything that waits for an approver."""
        labels = yaml.safe_load((current.operators / "labels.yaml").read_text("utf-8"))
        for api in approvers:
            with suppress(URLError, TimeoutError):
                for question in api.unanswered():
                    api.answer(question, labels["approve_option"])

    def _is_wound_up(self, office: Office) -> bool:
        with office.ledger.snapshot() as ledger:
            return not any(row["state"] in {"claimed", "sending"} for row in ledger.messages())

    def _say_progress(self, office: Office, now: datetime) -> None:
        with office.ledger.snapshot() as ledger:
            opened = ledger.opened_round_ids()
            messages = ledger.messages()
        sent = sum(row["state"] == "sent" for row in messages)
        self.console.say("year_progress", now=now, rounds=len(opened), sent=sent)

    def _compare(self, current: Settings) -> list[Difference]:
        office = bootstrap.office(current)
        stage = Stage(current)
        found: list[Difference] = []
        for plan in office.plans.values():
            with stage.office(plan) as simulated:
                played = play(simulated, plan, self.behaviours[plan.id], stage.fill)
            found += differences(office, played, self.first, self.last)
        return found

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
        if not self.once:
            self.console.say("year_look", url=url)


def _day_of(moment: datetime) -> datetime:
    """The hour of the moment's day from which a file may be handed in: its evening is said, and half a day won."""
    return at(local(moment).date(), time(TICK_HOUR))


def _kind(kind: str) -> str:
    """A message's kind without what tells one from another: versions, numbers of files, digests."""
    begin = kind.partition("-")[0]
    return kind if begin == "T" else begin if begin in {*ANSWERS, DIGEST} else kind.partition("-v")[0]
