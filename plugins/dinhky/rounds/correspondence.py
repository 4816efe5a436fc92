"""Turning "tell this unit that" into outbox messages: one a contact and channel, each with its unique key."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from dinhky.domain.local_time import local
from dinhky.domain.people import Contact, Way
from dinhky.domain.plan import Plan, Unit
from dinhky.domain.schedule import Round
from dinhky.rounds.chat_codes import chat_of, invitation
from dinhky.rounds.kept_messages import Attachment, Message
from dinhky.rounds.ports import Office
from dinhky.rounds.succession import as_of, named_on

EMAIL = "email"
CHAT = "chat"
MESSAGE_ID_DOMAIN = "dinhky.invalid"
LONGEST_KEY = 250
"""What the outbox can hold. Names that need more are told apart by a hash of the address."""


def message_key(round_id: str, kind: str, unit: str, address: str) -> str:
    """The outbox key of a message to one address: once taken, that message is never decided again."""
    begin = f"{round_id}|{kind}|{unit}|"
    if len(begin) + len(address) <= LONGEST_KEY:
        return begin + address
    return begin + hashlib.sha256(address.encode()).hexdigest()[:32]


def message_kind_and_unit(key: str) -> tuple[str, str]:
    """The kind and the unit's code of an outbox key; the code is empty for a message to somebody else."""
    _, kind, unit, _ = key.split("|", 3)
    return kind, unit


def message_id_of(key: str) -> str:
    """The Message-ID of an outbox message: the same at every attempt."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{MESSAGE_ID_DOMAIN}>"


def is_our_message_id(message_id: str) -> bool:
    """Whether a Message-ID looks like one of ours."""
    return message_id.strip("<> ").lower().endswith(f"@{MESSAGE_ID_DOMAIN}")


def round_facts(office: Office, plan: Plan, round_: Round, now: datetime) -> dict[str, Any]:
    """What every message about a round can say."""
    last_day = local(round_.unit_due).date()
    return {
        "plan": as_of(plan, local(now).date()),
        "round": round_,
        "period": round_.period.label,
        "working_days_left": office.calendar.working_days_after(local(now).date(), last_day),
        "is_due_today": local(now).date() == last_day,
        "reads_replies": office.reads_replies,
    }


def to_unit(
    office: Office,
    plan: Plan,
    round_: Round,
    unit: Unit,
    kind: str,
    *,
    template: str,
    now: datetime,
    attachments: tuple[Attachment, ...] = (),
    office_hours_only: bool = False,
    in_reply_to: str | None = None,
    **facts: Any,
) -> Iterator[Message]:
    """The messages that tell a unit something about a round."""
    facts |= round_facts(office, plan, round_, now)
    yield from to_contacts(
        office,
        unit,
        kind,
        round_.id,
        template=template,
        now=now,
        attachments=attachments,
        facts=facts,
        office_hours_only=office_hours_only,
        in_reply_to=in_reply_to,
    )


def to_units(
    office: Office,
    plan: Plan,
    round_: Round,
    codes: Iterable[str],
    kind: str,
    *,
    template: str,
    now: datetime,
    **rest: Any,
) -> Iterator[Message]:
    """The messages that tell several units the same; those that do not exist on the day of `now` are left out."""
    for code in plan.existing(list(codes), local(now).date()):
        yield from to_unit(office, plan, round_, plan.unit(code), kind, template=template, now=now, **rest)


def to_contacts(
    office: Office,
    unit: Unit,
    kind: str,
    about: str,
    *,
    template: str,
    now: datetime,
    facts: dict[str, Any],
    attachments: tuple[Attachment, ...] = (),
    office_hours_only: bool = False,
    in_reply_to: str | None = None,
) -> Iterator[Message]:
    """One message to each contact who speaks for a unit today, by every channel that they want.

    `about` is the id of a round, or of a plan where no round is concerned; it begins the messages' keys. `in_reply_to`
    is the Message-ID of the mail that they answer, if they answer one.
    """
    unit = named_on(unit, local(now).date())
    plan_id = about.partition("/")[0]
    for contact in unit.contacts:
        invited = invitation(office, plan_id, unit, contact)
        letter = office.words.letter(template, unit=unit, contact=contact, chat_invitation=invited, **facts)
        for channel, address in addresses_of(office, plan_id, unit, contact):
            yield Message(
                key=message_key(about, kind, unit.code, address),
                kind=kind,
                channel=channel,
                address=address,
                recipient=contact.name,
                subject=letter.subject,
                body=letter.body,
                section=letter.section,
                not_before=now,
                round_id=about if about.count("/") == 2 else None,
                unit=unit.code,
                attachments=attachments,
                office_hours_only=office_hours_only,
                in_reply_to=in_reply_to if channel == EMAIL else None,
            )


def addresses_of(office: Office, plan_id: str, unit: Unit, contact: Contact) -> list[tuple[str, str]]:
    """By which channels a contact is written to, and where: those they want, and email if nothing else reaches them."""
    chat = chat_of(office, plan_id, unit, contact) if Way.CHAT in contact.channels else None
    found = [(CHAT, chat)] if chat else []
    return [(EMAIL, contact.email), *found] if Way.EMAIL in contact.channels or not chat else found


def to_person(
    office: Office,
    plan: Plan,
    round_: Round,
    kind: str,
    *,
    name: str,
    email: str,
    template: str,
    now: datetime,
    attachments: tuple[Attachment, ...] = (),
    office_hours_only: bool = False,
    **facts: Any,
) -> Message:
    """One email to a person or body outside the units: the approver, a recipient of the report."""
    letter = office.words.letter(template, name=name, **round_facts(office, plan, round_, now), **facts)
    return Message(
        key=message_key(round_.id, kind, "", email),
        kind=kind,
        channel=EMAIL,
        address=email,
        recipient=name,
        subject=letter.subject,
        body=letter.body,
        section=letter.section,
        not_before=now,
        round_id=round_.id,
        attachments=attachments,
        office_hours_only=office_hours_only,
    )


def to_approver(
    office: Office, plan: Plan, round_: Round, kind: str, *, template: str, now: datetime, **rest: Any
) -> Message:
    """One email to whoever approves of that duty, in office hours: nothing of theirs waits for an answer at night."""
    approver = plan.approver_of(round_.ref)
    return to_person(
        office,
        plan,
        round_,
        kind,
        name=approver.name,
        email=approver.email,
        template=template,
        now=now,
        office_hours_only=True,
        **rest,
    )
