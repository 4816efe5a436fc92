"""The command about mail that comes in."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from dinhky import bootstrap
from dinhky.cli.command import OK, opened
from dinhky.service.console import Console

if TYPE_CHECKING:
    from dinhky.cli.command import Commands


def register(commands: Commands) -> None:
    """Add this command to the parser."""
    mailbox = commands.add_parser("mailbox", help="receive and answer what waits in the intake mailbox")
    mailbox.set_defaults(command=_mailbox)


def _mailbox(parsed: argparse.Namespace, console: Console) -> int:
    from dinhky.intake.mailbox import read_mailbox

    current, office = opened()
    mailbox, reader = bootstrap.intake_mailbox(current, f"command line {os.getpid()}")
    with mailbox:
        handled = read_mailbox(office, mailbox, reader)
    for mail in handled:
        console.say("mail_handled", mail=mail)
    console.say("mailbox_read", count=len(handled))
    return OK
