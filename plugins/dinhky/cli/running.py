"""Commands that run the service, or a play of it."""

from __future__ import annotations

import argparse
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from dinhky import bootstrap
from dinhky.cli.command import OK, PROBLEMS_FOUND, moment
from dinhky.service.console import Console

if TYPE_CHECKING:
    from dinhky.cli.command import Commands


def register(commands: Commands) -> None:
    """Add these commands to the parser."""
    prepare = commands.add_parser(
        "prepare", help="make or update the ledger, the inbox folders and the users' passwords"
    )
    prepare.set_defaults(command=_prepare)

    serve = commands.add_parser("serve", help="run the service on this machine (make run)")
    serve.add_argument("--port", type=int)
    serve.set_defaults(command=_serve)

    demo = commands.add_parser("demo", help="play one quarter on a fast clock (make demo)")
    demo.add_argument("--port", type=int)
    demo.add_argument("--approve", choices=["auto"], help="answer the approval through the API")
    demo.add_argument("--once", action="store_true", help="end when the report has gone out")
    demo.set_defaults(command=_demo)

    year = commands.add_parser("year", help="play all plans under the real scheduler on a fast clock (make year)")
    year.add_argument("--from", dest="first", metavar="DAY", default="2026-02-02", help="first day, ISO")
    year.add_argument("--to", dest="last", metavar="DAY", default="2027-01-15", help="last day, ISO")
    year.add_argument("--seed", type=int, default=1)
    year.add_argument("--day-seconds", type=_seconds, default=3.0, help="how long a quiet working day takes")
    year.add_argument("--once", action="store_true", help="end when it has been played")
    year.add_argument("--port", type=int)
    year.set_defaults(command=_year)

    portal = commands.add_parser("portal", help="run the units' pages alone, without the UI")
    portal.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    portal.add_argument("--port", type=int, default=8090)
    portal.set_defaults(command=_portal)


def _portal(parsed: argparse.Namespace, console: Console) -> int:
    from dinhky.portal.serving import serve
    from dinhky.service.running import portal_url_on

    current = bootstrap.settings()
    bootstrap.ledger(current).migrate()
    # Answers say where they came from, unless the settings know of a better address.
    url = os.environ.setdefault("DINHKY_PORTAL_URL", portal_url_on(parsed.port, parsed.host))
    console.say("portal_ready", url=current.portal_url or url, host=parsed.host, port=parsed.port)
    with suppress(KeyboardInterrupt):  # how it is meant to end
        serve(parsed.host, parsed.port)
    return OK


def _prepare(_parsed: argparse.Namespace, _console: Console) -> int:
    from dinhky.service.airflow_environment import passwords
    from dinhky.service.running import prepare

    current = bootstrap.settings()
    prepare(current)
    passwords(current.home)
    return OK


def _serve(parsed: argparse.Namespace, console: Console) -> int:
    from dinhky.service.running import interrupt_on_terminate, serve

    interrupt_on_terminate()
    with suppress(KeyboardInterrupt):  # how it is meant to end
        serve(bootstrap.settings(), console, port=parsed.port)
    return OK


def _demo(parsed: argparse.Namespace, console: Console) -> int:
    from dinhky.service.demo import Demo
    from dinhky.service.running import interrupt_on_terminate

    interrupt_on_terminate()
    Demo(console, approve=parsed.approve == "auto", once=parsed.once, port=parsed.port).play()
    return OK


def _year(parsed: argparse.Namespace, console: Console) -> int:
    from dinhky.service.running import interrupt_on_terminate
    from dinhky.service.year import Year

    interrupt_on_terminate()
    year = Year(
        console,
        first=moment(parsed.first),
        last=moment(parsed.last),
        seed=parsed.seed,
        day_seconds=parsed.day_seconds,
        once=parsed.once,
        port=parsed.port,
    )
    return PROBLEMS_FOUND if year.play() else OK


def _seconds(text: str) -> float:
    """A positive number of seconds."""
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise ValueError(text)
    return seconds
