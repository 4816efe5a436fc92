"""Commands about the outbox."""

from __future__ import annotations

import argparse
from datetime import date
from typing import TYPE_CHECKING, Any

from dinhky.cli.command import CANNOT_RUN, OK, PROBLEMS_FOUND, opened
from dinhky.service.console import Console

if TYPE_CHECKING:
    from dinhky.cli.command import Commands

COMMAND_LINE = "command line"
STATES = ("queued", "claimed", "sending", "sent", "failed", "unknown", "missed", "cancelled")


def register(commands: Commands) -> None:
    """Add these commands to the parser."""
    outbox = commands.add_parser("outbox", help="the messages that were decided, and what became of them")
    outbox.set_defaults(command=_list, unit=None, round=None, day=None, state=None)
    actions = outbox.add_subparsers(metavar="ACTION")

    listed = actions.add_parser("list", help="the messages and what became of them; some of them, with an option")
    listed.add_argument("--unit", metavar="U", help="to this unit")
    listed.add_argument("--round", metavar="R", help="about this round, such as phuc-loi-2026/PL-5/2026-Q1")
    listed.add_argument("--day", metavar="DAY", type=date.fromisoformat, help="settled, or due to go out, on this day")
    listed.add_argument("--state", metavar="S", choices=STATES, help="one of: " + ", ".join(STATES))
    listed.set_defaults(command=_list)
    actions.add_parser("flush", help="send what is due").set_defaults(command=_flush)

    show = actions.add_parser("show", help="one message as it was sent, or will be, and what became of it")
    show.add_argument("id", type=int)
    show.set_defaults(command=_show)

    for name, what in (
        ("retry", "queue again what failed, or may not have arrived"),
        ("cancel", "never send, or send again, what waits, failed, or may have arrived"),
    ):
        decide = actions.add_parser(name, help=what)
        decide.add_argument("id", type=int)
        decide.add_argument("--reason", required=True, help="is recorded")
        decide.add_argument("--by", metavar="NAME", default=COMMAND_LINE, help="who has decided it")
        decide.set_defaults(command=_decide, decision=name)


def _list(parsed: argparse.Namespace, console: Console) -> int:
    _, office = opened()
    with office.ledger.snapshot() as ledger:
        rows = ledger.messages(parsed.round, unit=parsed.unit, state=parsed.state, day=parsed.day)
    for row in rows:
        console.say("outbox_row", **row)
    for state in ("unknown", "failed"):
        if any(row["state"] == state for row in rows):
            console.say(f"outbox_{state}")
    return OK


def _flush(_parsed: argparse.Namespace, console: Console) -> int:
    from dinhky.rounds.dispatching import flush_outbox

    current, office = opened()
    now = current.clock.now()
    done = flush_outbox(office, by=f"{COMMAND_LINE} {now.isoformat()}", clock=current.clock.now)
    with office.ledger.snapshot() as ledger:
        waiting = ledger.waiting_for_office_hours()
    console.say(
        "flushed", sent=done.sent, put_off=done.put_off, failed=done.failed, unknown=done.unknown, waiting=waiting
    )
    for alarm in done.alarms:
        print(alarm)
    return PROBLEMS_FOUND if done.failed or done.unknown else OK


def _show(parsed: argparse.Namespace, console: Console) -> int:
    _, office = opened()
    with office.ledger.snapshot() as ledger:
        together = ledger.went_together(parsed.id)
    row = next((one for one in together if one["id"] == parsed.id), None)
    if row is None:
        console.say("outbox_no_such", id=parsed.id)
        return CANNOT_RUN
    console.say("outbox_shown", row=row, others=[one["id"] for one in together if one is not row], **_text(together))
    return OK


def _text(together: list[dict[str, Any]]) -> dict[str, Any]:
    """What was on the wire: the words of the message that told several things, or its own."""
    lead = together[0]
    return {"text": lead["combined"] or {"subject": lead["subject"], "body": lead["body"]}}


def _decide(parsed: argparse.Namespace, console: Console) -> int:
    from dinhky.rounds.outbox_decisions import cancel_message, retry_message

    current, office = opened()
    decide = {"retry": retry_message, "cancel": cancel_message}[parsed.decision]
    ids = decide(office, parsed.id, by=parsed.by, reason=parsed.reason, now=current.clock.now())
    console.say(f"outbox_{parsed.decision}", ids=ids)
    return OK
