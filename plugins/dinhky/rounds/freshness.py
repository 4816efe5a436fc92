"""The last look before a message goes out: is it still wanted, and does it still say what is true today?

A message may have waited, for office hours or for a mail server: meanwhile a unit may have sent its part, a day may
have passed. Nothing pointless goes out, and no wrong number of days left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from dinhky.domain.assignment import State
from dinhky.domain.chase import Step, days_of_rung, is_overdue_reminder, is_reminder
from dinhky.domain.errors import DinhKyError
from dinhky.domain.local_time import local
from dinhky.domain.plan import Plan
from dinhky.domain.schedule import Round
from dinhky.rounds.chasing import escalation, reminders
from dinhky.rounds.contest_answers import takes_until
from dinhky.rounds.digests import current_digest, is_digest, is_of_today
from dinhky.rounds.kept_messages import Message, QueuedMessage
from dinhky.rounds.lookup import round_of
from dinhky.rounds.opening import opening_notices
from dinhky.rounds.ports import LedgerTransaction, Office
from dinhky.rounds.succession import exists_on


class NoLongerWantedError(Exception):
    """The message has become pointless: `code` names the sentence that says why; `missed` if its time has passed."""

    def __init__(self, code: str, *, missed: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.missed = missed


def as_of_today(office: Office, ledger: LedgerTransaction, queued: QueuedMessage, now: datetime) -> QueuedMessage:
    """The message as it should go out at `now`. Raises NoLongerWantedError."""
    message = queued.message
    if is_digest(message):
        return _digest(office, ledger, queued, now)
    if message.round_id is None or not message.office_hours_only:
        return queued
    try:
        plan, round_ = round_of(office, message.round_id)
        return _current(office, ledger, queued, plan, round_, now)
    except DinhKyError:
        return queued  # its plan is unreadable just now, or gone: what was decided is sent as it was decided


def _current(
    office: Office, ledger: LedgerTransaction, queued: QueuedMessage, plan: Plan, round_: Round, now: datetime
) -> QueuedMessage:
    message = queued.message
    if round_.cancelled and message.kind != Step.CHANGE.value:
        raise NoLongerWantedError("message_round_cancelled")
    if message.unit and not exists_on(plan, message.unit, local(now).date()):
        raise NoLongerWantedError("message_unit_let_off")
    if is_reminder(message.kind):
        return _with_text_of(_reminder(office, ledger, plan, round_, message, now), queued)
    if message.kind == Step.ESCALATION.value:
        if now > takes_until(office, round_):
            raise NoLongerWantedError("message_round_over", missed=True)
        current = escalation(office, ledger, plan, round_, now)
        if current is None:
            raise NoLongerWantedError("message_nobody_missing")
        return _with_text_of(current, queued)
    if message.kind == Step.OPENING.value:
        if now > takes_until(office, round_):
            raise NoLongerWantedError("message_round_over", missed=True)
        assignment = ledger.assignment(round_.id, message.unit or "")
        if assignment is not None and assignment.state is State.WAIVED:
            raise NoLongerWantedError("message_unit_let_off")
        if message.attachments:
            unit, workbook = plan.unit(message.unit or ""), message.attachments[0]
            notices = list(opening_notices(office, ledger, plan, round_, unit, workbook, now))
            return _with_text_of(_of_today(ledger, message, notices, now), queued)
    return queued


def _digest(office: Office, ledger: LedgerTransaction, queued: QueuedMessage, now: datetime) -> QueuedMessage:
    if not is_of_today(queued.message, now):
        raise NoLongerWantedError("message_digest_stale", missed=True)
    current = current_digest(office, ledger, queued.message, now)
    if current is None:
        raise NoLongerWantedError("message_digest_empty")
    return _with_text_of(current, queued)


def _with_text_of(current: Message, queued: QueuedMessage) -> QueuedMessage:
    """The same message in today's words; the very same if they have not changed."""
    message = replace(queued.message, subject=current.subject, body=current.body, section=current.section)
    return queued if message == queued.message else replace(queued, message=message)


def _reminder(
    office: Office, ledger: LedgerTransaction, plan: Plan, round_: Round, message: Message, now: datetime
) -> Message:
    assignment = ledger.assignment(round_.id, message.unit or "")
    if assignment is None or assignment.settled:
        raise NoLongerWantedError("message_already_answered")
    is_mending = message.kind in {Step.MEND, Step.MEND_OVERDUE}
    is_late_already = is_mending or is_overdue_reminder(message.kind)
    until = assignment.closes(takes_until(office, round_)) if is_late_already else round_.unit_due
    if now > until:
        raise NoLongerWantedError("message_too_late", missed=True)
    if _is_superseded(ledger, message):
        raise NoLongerWantedError("message_superseded", missed=True)
    if is_mending and assignment.state is not State.RETURNED:
        raise NoLongerWantedError("message_mended")
    current = list(reminders(office, ledger, plan, round_, assignment, message.kind, now))
    if is_mending and not {one.key.split("|")[1] for one in current} <= {message.key.split("|")[1]}:
        raise NoLongerWantedError("message_mended")  # another file was sent back since
    return _of_today(ledger, message, current, now)


def _of_today(ledger: LedgerTransaction, message: Message, current: Sequence[Message], now: datetime) -> Message:
    """The message as it is worded today. If its reader does not speak for the unit any more, those who do are written
    to in their place."""
    if message.address not in {one.address for one in current}:
        for one in current:
            ledger.queue(one, now)
        raise NoLongerWantedError("message_reader_gone")
    return next((one for one in current if one.key == message.key), message)


def _is_superseded(ledger: LedgerTransaction, message: Message) -> bool:
    """Whether a later step to the same address has been decided meanwhile: nobody is reminded twice at a time."""
    mine = days_of_rung(message.kind)
    if mine is None:
        return False
    round_id, told, unit, address = message.key.split("|", 3)
    ladder = told.removeprefix(message.kind)
    for key in ledger.message_keys(f"{round_id}|"):
        _, other, *reader = key.split("|", 3)
        days = days_of_rung(other.removesuffix(ladder)) if other.endswith(ladder) else None
        if reader == [unit, address] and days is not None and days > mine:
            return True
    return False
