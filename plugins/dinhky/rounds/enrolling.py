"""Enrolment with the chat bot: who sends it the code from their letter is written to there as well from then on.

What is heard is recorded, acted upon and answered in one transaction: heard again, it changes nothing. A chat that
ends, because the person says so, has blocked the bot or is never reached, leaves its contacts with email, which they
have been getting all along, and the operator with an event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from dinhky.domain.enrolment import asks_to_stop, codes_in
from dinhky.domain.errors import Problem, TemporaryDeliveryError, UnknownName
from dinhky.domain.people import Contact
from dinhky.domain.plan import Plan, Unit
from dinhky.rounds.chat_codes import contacts_by_code
from dinhky.rounds.chatting import ZALO, ChatState, EnrolledChat, Enrollee, Heard, masked
from dinhky.rounds.correspondence import CHAT, message_key
from dinhky.rounds.kept_messages import Message, QueuedMessage
from dinhky.rounds.ports import LedgerTransaction, Office

BOT = "bot"
"""The actor of events, and the plan in the keys of answers that concern none."""
ANSWERED_EVERY = timedelta(hours=1)
"""How often a chat is answered at most that says nothing we understand, or what we know."""
GUESSES, GUESSED_WITHIN = 10, timedelta(days=1)
"""So many wrong texts within so long, and a chat is no longer listened to: a code cannot be found by trying."""

SILENT_AFTER = 24
"""Refusals of one message, about two working days."""
OTHERS_REACHED_WITHIN = timedelta(days=1)
REFUSED_BY_THE_CHAT = {"chat_refused", "chat_not_taken"}
"""Not what concerns the bot as a whole: its token, its limit, the way to the service."""

ENROLLED, KNOWN, LEFT, IN_A_GROUP, NOT_UNDERSTOOD, GUESSING = (
    "enrolled", "known", "left", "in_a_group", "not_understood", "guessing",
)  # fmt: skip
"""What came of something heard; kept in the ledger."""


@dataclass
class Listened:
    """What one round of listening brought: how many texts, by what came of them."""

    outcomes: dict[str, int] = field(default_factory=dict)

    def count(self, outcome: str) -> None:
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1


def listen(office: Office, *, clock: Callable[[], datetime], wait: timedelta, at_most: int = 100) -> Listened:
    """Hear and answer what people have written to the bot, until nobody has for as long as `wait` (real time).

    Raises TemporaryDeliveryError if the service cannot be asked now; what was heard before is done with.
    """
    listened = Listened()
    while office.bot and sum(listened.outcomes.values()) < at_most:
        heard = office.bot.hear(wait)
        if heard is None:
            break
        listened.count(take(office, heard, clock()) or KNOWN)
    return listened


def take(office: Office, heard: Heard, now: datetime) -> str:
    """Act upon one text and queue its answer. Returns what came of it; nothing if it was heard before."""
    with office.ledger.transaction() as ledger:
        ledger.lock_round(f"chat/{heard.address}")
        if not ledger.take_heard(heard, now):
            return ""
        outcome, answers = _act(office, ledger, heard, now)
        for answer in answers:
            ledger.queue(answer, now)
        ledger.settle_heard(heard.key, outcome, answered=bool(answers))
    return outcome


def is_silent(ledger: LedgerTransaction, queued: QueuedMessage, error: TemporaryDeliveryError, now: datetime) -> bool:
    """Whether a chat has refused one message so often that it is to be given up, while others are reached.

    When none is reached, it is the service that fails, or our access to it: no chat is given up for that.
    """
    address = queued.message.address
    return (
        address.startswith(ZALO)
        and queued.refusals + 1 >= SILENT_AFTER
        and error.code in REFUSED_BY_THE_CHAT
        and ledger.another_chat_took(address, now - OTHERS_REACHED_WITHIN)
    )


def lose_chat(
    office: Office, ledger: LedgerTransaction, address: str, state: ChatState, now: datetime, reason: str
) -> None:
    """End a chat that takes no messages any more; its contacts are written to by email alone. Records the events."""
    ended = ledger.end_chat(address, state, now, reason)
    _record(ledger, f"chat_{state}", ended, now, reason)


def forget(office: Office, whose: Enrollee, now: datetime, *, by: str) -> EnrolledChat | None:
    """Forget a contact's chat. Returns what was known, or None if there was nothing. Records the event."""
    with office.ledger.transaction() as ledger:
        chat = ledger.forget_chat(whose, now)
        if chat:
            ledger.event("chat_forgotten", at=now, actor=by, unit=whose.unit, plan=whose.plan_id, email=whose.email)
    return chat


def _act(office: Office, ledger: LedgerTransaction, heard: Heard, now: datetime) -> tuple[str, list[Message]]:
    recent = ledger.heard_since(heard.address, now - GUESSED_WITHIN)
    if asks_to_stop(heard.text) and (ended := _stop(office, ledger, heard, now)):
        return LEFT, [_answer(office, heard, "chat_goodbye", now, ended=[_name(office, chat) for chat in ended])]
    if sum(outcome == NOT_UNDERSTOOD for outcome, _ in recent) >= GUESSES:
        return GUESSING, []
    known = contacts_by_code(office, now)
    meant = [known[code] for code in codes_in(heard.text) if code in known]
    if not meant or not heard.is_private:
        outcome = NOT_UNDERSTOOD if heard.is_private else IN_A_GROUP
        template = "chat_unknown" if heard.is_private else "chat_in_a_group"
        return outcome, list(_unless_answered(office, ledger, heard, template, now))
    answers = [answer for one in meant for answer in _enrol(office, ledger, heard, *one, now)]
    if answers:
        return ENROLLED, answers
    return KNOWN, list(_unless_answered(office, ledger, heard, "chat_known", now))


def _enrol(
    office: Office, ledger: LedgerTransaction, heard: Heard, plan: Plan, unit: Unit, contact: Contact, now: datetime
) -> Iterator[Message]:
    """Record the chat; what is said to it, and to the one that it replaces. Nothing if it is known."""
    before = ledger.enrol_chat(Enrollee(plan.id, unit.code, contact.email), heard.address, now)
    was_active = before is not None and before.state is ChatState.ACTIVE
    if before and was_active and before.address == heard.address:
        return
    about: dict[str, Any] = {"plan": plan, "unit": unit, "contact": contact}
    moved = before.address if before and was_active else None
    ledger.event(
        "chat_moved" if moved else "chat_enrolled",
        at=now,
        actor=BOT,
        unit=unit.code,
        plan=plan.id,
        email=contact.email,
        chat=masked(heard.address),
    )
    yield _message(office, heard, heard.address, "chat_welcome", now, **about)
    if moved:
        yield _message(office, heard, moved, "chat_moved", now, **about)


def _stop(office: Office, ledger: LedgerTransaction, heard: Heard, now: datetime) -> list[EnrolledChat]:
    reason = office.words.sentence(Problem("chat_left"))
    ended = ledger.end_chat(heard.address, ChatState.LEFT, now, reason)
    _record(ledger, "chat_left", ended, now, reason)
    return ended


def _record(ledger: LedgerTransaction, kind: str, ended: list[EnrolledChat], now: datetime, reason: str) -> None:
    for chat in ended:
        plan_id, unit, email = chat.whose
        shown = masked(chat.address)
        ledger.event(kind, at=now, actor=BOT, unit=unit, plan=plan_id, email=email, chat=shown, reason=reason)


def _unless_answered(
    office: Office, ledger: LedgerTransaction, heard: Heard, template: str, now: datetime
) -> Iterator[Message]:
    """The answer to what changes nothing, unless the chat was answered within the hour."""
    if not any(answered for _, answered in ledger.heard_since(heard.address, now - ANSWERED_EVERY)):
        yield _answer(office, heard, template, now)


def _message(
    office: Office, heard: Heard, address: str, kind: str, now: datetime, *, plan: Plan, unit: Unit, contact: Contact
) -> Message:
    """What a contact is told in a chat about their enrolment. It needs no office hours: they have just written."""
    subject, body = office.words.message(kind, plan=plan, unit=unit, contact=contact)
    return Message(
        key=message_key(plan.id, kind, unit.code, heard.key),
        kind=kind,
        channel=CHAT,
        address=address,
        recipient=contact.name,
        subject=subject,
        body=body,
        not_before=now,
        unit=unit.code,
    )


def _answer(office: Office, heard: Heard, kind: str, now: datetime, **facts: Any) -> Message:
    subject, body = office.words.message(kind, **facts)
    return Message(
        key=message_key(BOT, kind, "", heard.key),
        kind=kind,
        channel=CHAT,
        address=heard.address,
        recipient=masked(heard.address),
        subject=subject,
        body=body,
        not_before=now,
    )


def _name(office: Office, chat: EnrolledChat) -> str:
    """What the unit is called; its code if its plan has it no more."""
    plan = office.plans.get(chat.whose.plan_id)
    try:
        return plan.unit(chat.whose.unit).name if plan else chat.whose.unit
    except UnknownName:
        return chat.whose.unit
