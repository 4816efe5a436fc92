"""Commands about the chats that contacts have enrolled."""

from __future__ import annotations

import argparse
from datetime import timedelta
from typing import TYPE_CHECKING

from dinhky.cli.command import CANNOT_RUN, OK, PROBLEMS_FOUND, json_option, opened, print_json
from dinhky.domain.local_time import local
from dinhky.rounds.chat_codes import code_for
from dinhky.rounds.chatting import ChatState, EnrolledChat, Enrollee, masked
from dinhky.rounds.enrolling import forget, listen
from dinhky.service.console import Console

if TYPE_CHECKING:
    from dinhky.cli.command import Commands


def register(commands: Commands) -> None:
    """Add these commands to the parser."""
    chat = commands.add_parser("chat", help="the chats of contacts, enrolled with our bot").add_subparsers(
        required=True, metavar="ACTION"
    )
    poll = chat.add_parser("poll", help="hear and answer what people have written to the bot")
    poll.add_argument("--wait", type=int, default=1, metavar="SECONDS", help="for one more text")
    poll.set_defaults(command=_poll)

    listing = chat.add_parser("list", help="who is written to by chat, who is not any more, and why")
    json_option(listing)
    listing.set_defaults(command=_list)

    code = chat.add_parser("code", help="a contact's code, for one who has lost the letter")
    _whose(code)
    code.set_defaults(command=_code)

    forgetting = chat.add_parser("forget", help="forget a contact's chat")
    _whose(forgetting)
    forgetting.add_argument("--by", default="dinhky", metavar="NAME", help="who decided")
    forgetting.set_defaults(command=_forget)


def _whose(parser: argparse.ArgumentParser) -> None:
    for name in ("plan", "unit", "email"):
        parser.add_argument(name)


def _poll(parsed: argparse.Namespace, console: Console) -> int:
    current, office = opened()
    if office.bot is None:
        console.say("chat_no_bot")
        return CANNOT_RUN
    listened = listen(office, clock=current.clock.now, wait=timedelta(seconds=parsed.wait))
    console.say("chat_heard", outcomes=listened.outcomes)
    return OK


def _list(parsed: argparse.Namespace, console: Console) -> int:
    _, office = opened()
    with office.ledger.snapshot() as ledger:
        chats = ledger.chats()
    if parsed.format == "json":
        print_json([_chat_json(chat) for chat in chats])
    else:
        for chat in chats:
            state = console.lines["chat_states"][chat.state.value]
            console.say("chat_row", chat=chat, shown=masked(chat.address), state=state)
    return PROBLEMS_FOUND if any(chat.state in {ChatState.BLOCKED, ChatState.SILENT} for chat in chats) else OK


def _chat_json(chat: EnrolledChat) -> dict[str, str]:
    return {
        **chat.whose._asdict(),
        "chat": masked(chat.address),
        "state": chat.state.value,
        "enrolled_at": local(chat.enrolled_at).isoformat(),
        "changed_at": local(chat.changed_at).isoformat(),
        "reason": chat.reason,
    }


def _code(parsed: argparse.Namespace, console: Console) -> int:
    _, office = opened()
    plan = office.plans.get(parsed.plan)
    contacts = plan.unit(parsed.unit).contacts if plan else ()
    if parsed.email not in {contact.email for contact in contacts}:
        console.say("chat_not_a_contact", plan=parsed.plan, unit=parsed.unit, email=parsed.email)
        return CANNOT_RUN
    print(code_for(office.signer, Enrollee(parsed.plan, parsed.unit, parsed.email)))
    return OK


def _forget(parsed: argparse.Namespace, console: Console) -> int:
    current, office = opened()
    whose = Enrollee(parsed.plan, parsed.unit, parsed.email)
    chat = forget(office, whose, current.clock.now(), by=parsed.by)
    console.say("chat_forgotten" if chat else "chat_never_enrolled", email=parsed.email)
    return OK if chat else PROBLEMS_FOUND
