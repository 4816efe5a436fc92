"""What goes out together: all that waits for office hours and the same recipient is one message.

Answers to what somebody sent, questions to the approver and reports stay by themselves: they are looked for, forwarded
and filed one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import PurePath
from typing import Any

from dinhky.domain.errors import DinhKyError
from dinhky.domain.local_time import local
from dinhky.domain.people import Contact
from dinhky.domain.plan import Plan
from dinhky.domain.schedule import Round
from dinhky.rounds.chat_codes import invitation
from dinhky.rounds.combined_letters import letter_part, most_urgent_first
from dinhky.rounds.contest_answers import takes_until
from dinhky.rounds.kept_messages import Attachment, Letter, Message, QueuedMessage
from dinhky.rounds.links import personal_links
from dinhky.rounds.lookup import round_of
from dinhky.rounds.ports import LedgerTransaction, Office
from dinhky.rounds.succession import as_of, known_unit, named_on

COMBINED = "combined"
"""The kind of a message that tells several things; it has no row of its own in the outbox."""
APPROVAL_REQUEST = "approval-request"
LARGEST_LOAD = 7 * 1024 * 1024
"""Bytes of attachments in one combined message: written for email it stays below 10 MB, which every server takes."""


def bundles(office: Office, batch: Sequence[QueuedMessage]) -> list[list[QueuedMessage]]:
    """The batch as it goes out: in its order, every message with those that go to the same recipient with it."""
    by_recipient: dict[object, list[QueuedMessage]] = {}
    for queued in batch:
        by_recipient.setdefault(_recipient(office, queued.message) or queued.id, []).append(queued)
    return [bundle for rows in by_recipient.values() for bundle in _small_enough(office, rows)]


def combined(office: Office, ledger: LedgerTransaction, rows: Sequence[QueuedMessage], now: datetime) -> QueuedMessage:
    """Messages to one recipient as one, worded for `now`; it stands in the place of the oldest of them."""
    lead = min(rows, key=lambda row: row.id)
    letter = _letter(office, ledger, [row.message for row in rows], now)
    return QueuedMessage(
        id=lead.id,
        message=Message(
            key=lead.message.key,
            kind=COMBINED,
            channel=lead.message.channel,
            address=lead.message.address,
            recipient=lead.message.recipient,
            subject=letter.subject,
            body=letter.body,
            not_before=lead.message.not_before,
            round_id=lead.message.round_id,
            unit=lead.message.unit,
            attachments=_attachments([row.message for row in rows]),
            office_hours_only=True,
        ),
        message_id=lead.message_id,
        attempts=max(row.attempts for row in rows),
        refusals=max(row.refusals for row in rows),
        parts=tuple(rows),
    )


def _recipient(office: Office, message: Message) -> tuple[str, ...] | None:
    """To whom the message may go with others; None for one that goes by itself.

    The same address may stand for two units: their links and workbooks are not to be mixed.
    """
    by_itself = message.in_reply_to or message.kind.startswith(APPROVAL_REQUEST)
    if by_itself or not message.office_hours_only or not message.section or message.round_id is None:
        return None
    try:
        plan, _ = round_of(office, message.round_id)
    except DinhKyError:
        return None  # nothing can be found out about it just now: it goes as it was decided
    if not message.unit:
        return (message.channel, message.address)
    return (message.channel, message.address, plan.id, message.unit) if known_unit(plan, message.unit) else None


def _small_enough(office: Office, rows: list[QueuedMessage]) -> list[list[QueuedMessage]]:
    """The rows of one recipient in as many bundles as their attachments need; one that has lost a file goes alone."""
    if len(rows) == 1:
        return [rows]
    whole: list[list[QueuedMessage]] = []
    alone: list[list[QueuedMessage]] = []
    sizes: dict[str, int] = {}
    for row in sorted(rows, key=lambda row: bool(row.message.attachments)):  # all reminders in the first
        mine = _sizes(office, row.message)
        if mine is None:
            alone.append([row])
        elif whole and sum((sizes | mine).values()) <= LARGEST_LOAD:
            whole[-1].append(row)
            sizes |= mine
        else:
            whole.append([row])
            sizes = mine
    return whole + alone


def _sizes(office: Office, message: Message) -> dict[str, int] | None:
    """The message's files with their sizes; None if one is not as it was kept."""
    try:
        return {file.sha256: len(office.files.get(file.sha256)) for file in message.attachments}
    except (FileNotFoundError, ValueError):
        return None


def _letter(office: Office, ledger: LedgerTransaction, messages: Sequence[Message], now: datetime) -> Letter:
    about = [round_of(office, message.round_id or "") for message in messages]
    parts = most_urgent_first(
        letter_part(office, round_, message, now) for message, (_, round_) in zip(messages, about, strict=True)
    )
    first = messages[0]
    if not first.unit:
        return office.words.letter("combined_person", name=first.recipient, parts=parts)
    plan, last = max(about, key=lambda one: takes_until(office, one[1]))
    return office.words.letter("combined_unit", parts=parts, **_unit_facts(office, ledger, plan, last, first, now))


def _unit_facts(
    office: Office, ledger: LedgerTransaction, plan: Plan, last: Round, message: Message, now: datetime
) -> dict[str, Any]:
    """What a letter to a unit says beside its matters; its link lasts as long as that of the `last` round."""
    today = local(now).date()
    unit = known_unit(plan, message.unit or "")
    if unit is None:
        raise LookupError(f"{plan.id} does not know {message.unit}")
    unit = named_on(unit, today)
    known = (one for one in unit.contacts if one.name == message.recipient)
    contact = next(known, None) or Contact(message.recipient, message.address)
    return {
        "plan": as_of(plan, today),
        "unit": unit,
        "contact": contact,
        "links": personal_links(office, ledger, plan, last),
        "chat_invitation": invitation(office, plan.id, unit, contact),
        "reads_replies": office.reads_replies,
    }


def _attachments(messages: Sequence[Message]) -> tuple[Attachment, ...]:
    """Every file once; different files have different names."""
    found: dict[str, Attachment] = {}
    for file in (file for message in messages for file in message.attachments):
        if file.sha256 not in found:
            found[file.sha256] = Attachment(_free_name(file.name, {one.name for one in found.values()}), file.sha256)
    return tuple(found.values())


def _free_name(name: str, taken: set[str]) -> str:
    path, number, free = PurePath(name), 1, name
    while free in taken:
        number += 1
        free = f"{path.stem}_{number}{path.suffix}"
    return free
