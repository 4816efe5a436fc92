"""`make run`: the service on the real clock, until Ctrl-C."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from dinhky import bootstrap
from dinhky.bootstrap import Settings
from dinhky.channels.imap import ImapSettings
from dinhky.channels.server_url import ServerUrl
from dinhky.channels.smtp import SmtpSettings
from dinhky.domain.schedule import Round, year_of
from dinhky.service.airflow_environment import DATABASE, airflow_environment, passwords, passwords_file
from dinhky.service.console import Console
from dinhky.service.processes import AirflowProcesses, ServiceError, free_port

DEFAULT_PORT = 8080


def portal_url_on(port: int = DEFAULT_PORT, host: str = "127.0.0.1") -> str:
    """Where units' pages are on this machine: below the UI, or in a process of their own."""
    return f"http://{host}:{port}/dinhky"


@contextmanager
def service(
    console: Console,
    home: Path,
    *,
    port: int | None,
    prepare: Callable[[], None],
    environment: Callable[[], dict[str, str]] = dict,
) -> Iterator[tuple[AirflowProcesses, str]]:
    """The service, started and healthy; yields its processes and the address of its UI, and stops it on the way out.

    `prepare` is called when the folder is ours alone, `environment` just before the processes start. Raises
    ServiceError with a sentence for the operator.
    """
    began = time.monotonic()
    chosen = free_port(port or DEFAULT_PORT, exactly=port is not None)
    if port is None and chosen != DEFAULT_PORT:
        console.say("port_moved", wanted=DEFAULT_PORT, port=chosen)
    with AirflowProcesses(home, lambda name: console.say("process_restarted", name=name)) as processes:
        try:
            console.say("preparing")
            prepare()
            passwords(home)
            base = airflow_environment(home, chosen)
            os.environ["DINHKY_PORTAL_URL"] = base["DINHKY_PORTAL_URL"]  # what this process decides, it words alike
            processes.run(base, "db", "migrate")
            console.say("starting")
            processes.start(base | environment(), chosen)
            url = f"http://127.0.0.1:{chosen}"
            console.say("ready", seconds=round(time.monotonic() - began), url=url)
            yield processes, url
        finally:
            console.say("stopping")
            with _undisturbed():
                processes.stop()
            console.say("stopped")


def serve(current: Settings, console: Console, *, port: int | None) -> None:
    """Run the service in the settings' home until it is interrupted.

    Raises ServiceError for a clock that was told the time while mail would leave the machine: nobody outside should be
    written to at an invented moment, nor their mail be answered.
    """
    servers: list[ServerUrl] = [SmtpSettings.from_url(current.smtp_url)] if current.smtp_url else []
    servers += [ImapSettings.from_url(current.imap_url)] if current.imap_url else []
    if not current.clock.is_real and not all(server.is_local for server in servers):
        raise ServiceError("invented_time_with_real_mail")
    with service(console, current.home, port=port, prepare=lambda: prepare(current), environment=_shared_clock) as (
        processes,
        _,
    ):
        for plan in bootstrap.plans(current)[0].values():
            console.say("plan_loaded", plan=plan)
        words = bootstrap.words_of(current)
        for error in bootstrap.plans(current)[1]:
            for problem in error.problems:
                console.say("plan_broken", problem=words.sentence(problem))
        console.say("login_file", file=passwords_file(current.home))
        console.say("where_messages_go", smtp=bool(current.smtp_url), maildir=current.maildir)
        console.say("inbox", inbox=current.inbox)
        upcoming = next_due(current, current.clock.now())
        if upcoming:
            console.say("next_due", round=upcoming)
        else:
            console.say("nothing_due")
        console.say("stop_hint")
        while True:
            processes.check()
            time.sleep(1)


def _shared_clock() -> dict[str, str]:
    """Where the clock was told to start elsewhere, the one real moment from which all processes count; else nothing."""
    if "DINHKY_CLOCK" in os.environ:
        os.environ.setdefault("DINHKY_CLOCK_STARTED", datetime.now(UTC).isoformat())
    return {name: os.environ[name] for name in ("DINHKY_CLOCK_STARTED",) if name in os.environ}


def prepare(current: Settings) -> None:
    """Make the ledger and the inbox folders of every unit, and juror, of every plan."""
    bootstrap.ledger(current).migrate()
    for plan in bootstrap.plans(current)[0].values():
        for party in (*plan.units, *plan.jurors):
            (current.inbox / plan.id / party.code).mkdir(parents=True, exist_ok=True)


def forget_the_real_service() -> None:
    """Drop every setting of a real service from this process: what is played must not touch its data or its mail."""
    for name in list(os.environ):
        if name.startswith("DINHKY_") or name == DATABASE:
            del os.environ[name]


def next_due(current: Settings, now: datetime) -> Round | None:
    """The round of any plan that is due next, or None at the end of the year."""
    calendar = bootstrap.calendar_of(current)
    rounds = [round_ for plan in bootstrap.plans(current)[0].values() for round_ in year_of(plan, calendar)]
    return min((round_ for round_ in rounds if round_.due >= now), key=lambda round_: round_.due, default=None)


def say_login(console: Console, home: Path) -> None:
    """How to log in: the administrator and the approver."""
    known = passwords(home)
    console.say("login", user="admin", password=known["admin"], approver="lanhdao", approver_password=known["lanhdao"])


def interrupt_on_terminate() -> None:
    """Let SIGTERM end the service as Ctrl-C does."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    if os.getpgrp() != os.getpid() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # started in the background by a shell script


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let no second Ctrl-C interrupt the stopping."""
    before = {sent: signal.signal(sent, signal.SIG_IGN) for sent in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for sent, handler in before.items():
            signal.signal(sent, handler)
