"""The code by which a contact enrols a chat: made of who they are, so that it need not be kept and never changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from dinhky.domain.enrolment import code_of
from dinhky.domain.local_time import local
from dinhky.domain.people import Contact, Way
from dinhky.domain.plan import Plan, Unit
from dinhky.rounds.chatting import Enrollee
from dinhky.rounds.ports import Office, Signer

PURPOSE = "chat enrolment"


@dataclass(frozen=True)
class ChatInvitation:
    """What a letter says to a contact who could enrol: the code, and what the bot is called, if that was set."""

    code: str
    bot: str


def code_for(signer: Signer, whose: Enrollee) -> str:
    """The contact's code: the same as long as our secret, their plan, unit and address are."""
    return code_of(signer.sign(PURPOSE, "\n".join(whose).casefold()))


def invitation(office: Office, plan_id: str, unit: Unit, contact: Contact) -> ChatInvitation | None:
    """What invites a contact to enrol; None without a bot, or for one whom a chat reaches already."""
    whose = Enrollee(plan_id, unit.code, contact.email)
    if office.bot is None or Way.CHAT not in contact.channels:
        return None
    if whose in office.enrolled or contact.chat in office.chats:
        return None
    return ChatInvitation(code_for(office.signer, whose), office.bot_name)


def contacts_by_code(office: Office, now: datetime) -> dict[str, tuple[Plan, Unit, Contact]]:
    """Every contact who may enrol today, by their code."""
    return {
        code_for(office.signer, Enrollee(plan.id, unit.code, who.email)): (plan, unit, who)
        for plan, unit, who in _contacts(office, now)
    }


def _contacts(office: Office, now: datetime) -> Iterator[tuple[Plan, Unit, Contact]]:
    for plan in office.plans.values():
        for unit in (*plan.units, *plan.jurors):
            if unit.exists_on(local(now).date()):
                for contact in unit.contacts_on(local(now).date()):
                    yield plan, unit, contact


def chat_of(office: Office, plan_id: str, unit: Unit, contact: Contact) -> str | None:
    """The address of the contact's chat: the one they have enrolled, else the one that the plan names, if it is set."""
    enrolled = office.enrolled.get(Enrollee(plan_id, unit.code, contact.email))
    return enrolled or (contact.chat if contact.chat in office.chats else None)
