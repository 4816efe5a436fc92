"""Commands by which an officer decides about a unit's part of a round, and about files that came too late."""

from __future__ import annotations

import argparse
from datetime import date, datetime
from typing import TYPE_CHECKING

from dinhky.cli.command import OK, json_option, moment, opened, print_json
from dinhky.domain.local_time import end_of, local
from dinhky.rounds.ports import Office
from dinhky.service.console import Console

if TYPE_CHECKING:
    from dinhky.cli.command import Commands

COMMAND_LINE = "command line"


def register(commands: Commands) -> None:
    """Add these commands to the parser."""
    decide = commands.add_parser("decide", help="decide about a unit's part of a round").add_subparsers(
        required=True, metavar="COMMAND"
    )
    for name, what in (
        ("return", "send an accepted answer back: it no longer counts, and is owed again"),
        ("waive", "expect nothing of a unit in this round"),
        ("unwaive", "take a waiver back"),
        ("nil", "note that a unit has nothing to report"),
    ):
        one = decide.add_parser(name, help=what)
        _about_a_part(one)
        one.set_defaults(command=_decide, decision=name)

    extend = decide.add_parser("extend", help="take one unit's files longer than the round's lock")
    _about_a_part(extend)
    extend.add_argument("--until", required=True, metavar="ISO", help="a day (to its end), or a moment")
    extend.add_argument("--even-past-due", action="store_true", help="though the report is due before")
    extend.set_defaults(command=_extend)

    take = decide.add_parser("take", help="take a file that came too late")
    decline = decide.add_parser("decline", help="decline a file that came too late")
    for parser, accept in ((take, True), (decline, False)):
        _about_a_part(parser)
        parser.add_argument(
            "--number", type=int, metavar="N", help="which of the unit's files (default: the last held)"
        )
        parser.set_defaults(command=_decide_held, accept=accept)

    held = decide.add_parser("held", help="list the files that wait for a decision")
    json_option(held)
    held.set_defaults(command=_held)


def _about_a_part(parser: argparse.ArgumentParser) -> None:
    for name in ("plan", "ref", "period", "unit"):
        parser.add_argument(name)
    parser.add_argument("--reason", required=True, help="is recorded, and told to the unit")
    parser.add_argument("--by", metavar="NAME", default=COMMAND_LINE, help="who has decided it")


def _decide(parsed: argparse.Namespace, console: Console) -> int:
    from dinhky.rounds.deciding import record_nil, return_accepted, unwaive, waive

    current, office = opened()
    decide = {"return": return_accepted, "waive": waive, "unwaive": unwaive, "nil": record_nil}[parsed.decision]
    is_new = decide(office, _round_id(parsed), parsed.unit, parsed.reason, parsed.by, current.clock.now())
    _say(console, office, parsed, f"decided_{parsed.decision}", is_new)
    return OK


def _extend(parsed: argparse.Namespace, console: Console) -> int:
    from dinhky.rounds.deciding import extend_lock

    current, office = opened()
    until = _until(parsed.until)
    is_new = extend_lock(
        office,
        _round_id(parsed),
        parsed.unit,
        until,
        parsed.reason,
        parsed.by,
        current.clock.now(),
        even_past_due=parsed.even_past_due,
    )
    _say(console, office, parsed, "decided_extend", is_new, until=until)
    return OK


def _decide_held(parsed: argparse.Namespace, console: Console) -> int:
    from dinhky.rounds.held_files import decide_held

    current, office = opened()
    version = decide_held(
        office,
        _round_id(parsed),
        parsed.unit,
        accept=parsed.accept,
        reason=parsed.reason,
        by=parsed.by,
        now=current.clock.now(),
        number=parsed.number,
    )
    _say(console, office, parsed, "decided_take" if parsed.accept else "decided_decline", is_new=True)
    if version:
        console.say("decided_new_version", version=version.version)
    return OK


def _held(parsed: argparse.Namespace, console: Console) -> int:
    from dinhky.rounds.held_files import held_submissions

    _, office = opened()
    found = held_submissions(office)
    if parsed.format == "json":
        print_json(
            [
                {
                    "round": one.round.id,
                    "unit": one.submission.unit,
                    "name": one.unit_name,
                    "number": one.submission.number,
                    "file_name": one.submission.file_name,
                    "received_at": local(one.submission.received_at).isoformat(),
                    "report_sent": one.is_report_sent,
                }
                for one in found
            ]
        )
        return OK
    for one in found:
        console.say("held_row", held=one)
    if not found:
        console.say("held_none")
    return OK


def _round_id(parsed: argparse.Namespace) -> str:
    return f"{parsed.plan}/{parsed.ref}/{parsed.period}"


def _until(text: str) -> datetime:
    """A day means its end."""
    try:
        return end_of(date.fromisoformat(text))
    except ValueError:
        return moment(text)


def _say(
    console: Console, office: Office, parsed: argparse.Namespace, line: str, is_new: bool, **facts: object
) -> None:
    with office.ledger.snapshot() as ledger:
        part = ledger.assignment(_round_id(parsed), parsed.unit)
    name = part.unit_name if part else parsed.unit
    console.say(line, name=name, ref=parsed.ref, period=parsed.period, is_new=is_new, **facts)
