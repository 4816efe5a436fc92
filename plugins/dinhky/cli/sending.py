"""Commands about the outbox."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from dinhky.cli.command import OK, PROBLEMS_FOUND, opened
from dinhky.service.console import Console

if TYPE_CHECKING:
    from dinhky.cli.command import Commands


def register(commands: Commands) -> None:
    """Add these commands to the parser."""
    outbox = commands.add_parser("outbox", help="list the outbox, or send what is due")
    outbox.add_argument("action", nargs="?", choices=["list", "flush"], default="list")
    outbox.set_defaults(command=_outbox)


def _outbox(parsed: argparse.Namespace, console: Console) -> int:
    from dinhky.rounds.dispatching import flush_outbox

    current, office = opened()
    if parsed.action == "flush":
        now = current.clock.now()
        done = flush_outbox(office, by=f"command line {now.isoformat()}", clock=current.clock.now)
        with office.ledger.snapshot() as ledger:
            waiting = sum(row["state"] == "queued" and row["office_hours_only"] for row in ledger.messages())
        console.say(
            "flushed", sent=done.sent, put_off=done.put_off, failed=done.failed, unknown=done.unknown, waiting=waiting
        )
        return PROBLEMS_FOUND if done.failed or done.unknown else OK
    with office.ledger.snapshot() as ledger:
        for row in ledger.messages():
            console.say("outbox_row", **row)
    return OK
