"""The command about personal links: give one out by hand, or end all that a unit ever got."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from dinhky.cli.command import OK, opened
from dinhky.domain.errors import DinhKyError
from dinhky.service.console import Console

if TYPE_CHECKING:
    from dinhky.cli.command import Commands


def register(commands: Commands) -> None:
    """Add these commands to the parser."""
    link = commands.add_parser("link", help="a unit's personal link to its page; or revoke all that it ever got")
    link.add_argument("plan")
    link.add_argument("unit")
    link.add_argument("--revoke", action="store_true", help="let no link given out before open anything again")
    link.add_argument("--reason", help="why, for the record; --revoke needs it")
    link.add_argument("--by", default="command line", metavar="NAME", help="who decides this")
    link.set_defaults(command=_link)


def _link(parsed: argparse.Namespace, console: Console) -> int:
    from dataclasses import replace

    from dinhky.rounds.links import links_for_the_year, revoke
    from dinhky.rounds.lookup import plan_of
    from dinhky.service.running import portal_url_on

    current, office = opened()
    plan = plan_of(office, parsed.plan)
    unit = plan.unit(parsed.unit)
    if parsed.revoke:
        if not (parsed.reason or "").strip():
            raise DinhKyError("link_reason_missing")
        revoke(office, plan, unit, current.clock.now(), by=parsed.by, reason=parsed.reason)
        console.say("links_revoked", unit=unit.name)
    office = replace(office, portal_url=office.portal_url or portal_url_on())
    with office.ledger.snapshot() as ledger:
        print(links_for_the_year(office, ledger, plan)[unit.code])
    return OK
