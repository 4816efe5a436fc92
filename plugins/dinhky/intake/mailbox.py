"""The email route: every mail that waits in the intake mailbox is handled once, answered if somebody waits for it, and
moved to a folder that says what became of it.

The ledger says how far the handling of a mail has come, and it is told before the mailbox is: at whatever moment the
reader dies, the next one goes on there. A mail may be read again, and its files received again, to the same effect; it
is moved only when all of it is settled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from typing import Protocol

from dinhky.domain.errors import MailboxError, PlanUnread, Problem
from dinhky.domain.local_time import at, local
from dinhky.intake.attachments import MailedFile, named
from dinhky.intake.mail import Mail, read_mail
from dinhky.intake.mail_answers import not_taken, question_which_unit, same_again, to_forged_sender, to_unknown_sender
from dinhky.intake.receive import Receipt, receive
from dinhky.intake.senders import Party, parties_of, party_meant
from dinhky.rounds.kept_mails import KeptMail
from dinhky.rounds.kept_messages import Message
from dinhky.rounds.ports import LedgerTransaction, Office

MEGABYTE = 1024 * 1024
LARGEST = 15 * MEGABYTE
"""A mail of more bytes is not fetched; the largest workbook that is taken, encoded for mail, fits well within."""
MOST_A_DAY = 100
"""Mails of one address that are read in a day: whatever sends more is a machine that does not say so."""
MOST_FILES = 10


class Outcome(StrEnum):
    """What became of a mail."""

    RECEIVED = "received"
    NOT_TAKEN = "not_taken"
    """It brings nothing that can be received; its sender knows why."""
    WHICH_UNIT = "which_unit"
    UNKNOWN_SENDER = "unknown_sender"
    FORGED = "forged"
    TOO_MANY = "too_many"
    AUTO_REPLY = "auto_reply"
    BOUNCE = "bounce"
    READ_RECEIPT = "read_receipt"
    LOOP = "loop"
    BULK = "bulk"
    CALENDAR = "calendar"


REFUSED = frozenset({Outcome.NOT_TAKEN, Outcome.WHICH_UNIT, Outcome.UNKNOWN_SENDER, Outcome.FORGED, Outcome.TOO_MANY})


def folder_of(outcome: Outcome) -> str:
    """The folder of the mailbox where such a mail ends."""
    if outcome is Outcome.RECEIVED:
        return "Done"
    return "Refused" if outcome in REFUSED else "Ignored"


@dataclass(frozen=True)
class WaitingMail:
    """A mail in the mailbox: its number there, its size in bytes, the real instant at which it arrived."""

    uid: str
    size: int
    arrived: datetime


class Mailbox(Protocol):
    """The intake mailbox, opened. Every method raises MailboxError when the server does not do as told."""

    def waiting(self) -> Iterable[WaitingMail]: ...

    def read(self, uid: str) -> bytes | None:
        """The whole mail; None if it is not there any more."""

    def read_head(self, uid: str) -> bytes | None:
        """Only its headers."""

    def file_away(self, uid: str, folder: str) -> None:
        """Move the mail to one of our folders; nothing happens if it is gone."""


@dataclass(frozen=True)
class Reader:
    """Who reads the mailbox: under a name of its own, `by`; `ours` are our own addresses, in small letters.

    `office_time` turns a real instant into the office's. `authserv` is the name under which our mail server says what
    it thinks of senders, if it does.
    """

    by: str
    ours: frozenset[str]
    clock: Callable[[], datetime]
    office_time: Callable[[datetime], datetime]
    authserv: str | None = None


@dataclass(frozen=True)
class HandledMail:
    """A mail and what became of it; by file, where some were received."""

    sender: str
    subject: str
    outcome: Outcome
    files: tuple[tuple[str, str], ...] = ()


def read_mailbox(office: Office, mailbox: Mailbox, reader: Reader) -> list[HandledMail]:
    """Handle every mail that waits, in order of arrival.

    A mail arrived when the server took it, not when we looked: an outage of ours makes no unit late. A mail that fails
    in a way nobody foresaw, or may be of a plan whose file cannot be read just now, stays, and keeps no other from its
    answer: the failures are raised together at the end. Raises MailboxError when the mailbox itself fails.
    """
    handled: list[HandledMail] = []
    failures: list[Exception] = []
    for waiting in mailbox.waiting():
        try:
            if done := _handle(office, mailbox, waiting, reader):
                handled.append(done)
        except MailboxError:
            raise
        except Exception as failure:
            failures.append(failure)
    if failures:
        raise ExceptionGroup("mails of the intake mailbox that could not be handled", failures)
    return handled


def _handle(office: Office, mailbox: Mailbox, waiting: WaitingMail, reader: Reader) -> HandledMail | None:
    is_large = waiting.size > LARGEST
    data = mailbox.read_head(waiting.uid) if is_large else mailbox.read(waiting.uid)
    if data is None:
        return None  # somebody has moved it meanwhile
    mail = read_mail(data, ours=reader.ours, authserv=reader.authserv, is_head=is_large)
    now = reader.clock()
    arrived = min(reader.office_time(waiting.arrived), now)
    if not mail.machine:
        _refuse_if_of_unread_plan(office, mail, arrived)
    new = KeptMail(mail.key, mail.thread, mail.sender, mail.subject, arrived)
    with office.ledger.transaction() as ledger:
        kept = ledger.begin_mail(new, by=reader.by, now=now, lease=office.lease)
    if kept is None:
        return None  # another reader is at it
    outcome = Outcome(kept.outcome) if kept.outcome else _settle(office, mail, kept, waiting.size, now)
    mailbox.file_away(waiting.uid, folder_of(outcome))
    files = tuple((file.name, file.sha256) for file in mail.files) if outcome is Outcome.RECEIVED else ()
    return HandledMail(mail.sender, mail.subject, outcome, files)


def _refuse_if_of_unread_plan(office: Office, mail: Mail, arrived: datetime) -> None:
    """Raise PlanUnread for a mail whose sender nobody knows, or that brings a plan's workbook, while that plan's file
    cannot be read: an officer who mends a plan on the last day makes no unit a stranger."""
    if not office.unread_plans:
        return
    claimed = [office.workbooks.identity(file.data)[0] for file in mail.files]
    is_of_unread = any(identity and identity.plan in office.unread_plans for identity in claimed)
    if is_of_unread or not (mail.sender and parties_of(office, mail.sender, arrived)):
        raise PlanUnread("plan_unread", plans=sorted(office.unread_plans))


def _settle(office: Office, mail: Mail, kept: KeptMail, size: int, now: datetime) -> Outcome:
    """Do with a mail what is to be done, and record it. `kept` says what a reader before us has done already."""
    if mail.machine:
        return _finish(office, mail, Outcome(mail.machine), now, ())
    parties = parties_of(office, mail.sender, kept.received_at) if mail.sender else []
    if not parties:
        return _finish(office, mail, Outcome.UNKNOWN_SENDER, now, to_unknown_sender(office, mail, now))
    if mail.is_forged:
        return _finish(office, mail, Outcome.FORGED, now, to_forged_sender(office, mail, parties, now))
    with office.ledger.snapshot() as ledger:
        today = ledger.count_mails(mail.sender, at(local(now).date(), time()))
    if today > MOST_A_DAY:
        limit = Problem("mail_too_many", params={"limit": MOST_A_DAY})
        return _finish(office, mail, Outcome.TOO_MANY, now, not_taken(office, mail, parties, limit, now))
    if reason := _why_not(mail, size):
        return _finish(office, mail, Outcome.NOT_TAKEN, now, not_taken(office, mail, parties, reason, now))
    unclear = [file for file in mail.files[:MOST_FILES] if not _receive(office, mail, kept, file, parties, now)]
    letters = [*question_which_unit(office, mail, parties, unclear, now)] if unclear else []
    if left_out := named(mail.files[MOST_FILES:]):
        told = Problem("mail_files_left_out", params={"limit": MOST_FILES, "names": left_out})
        letters += not_taken(office, mail, parties, told, now)
    is_any_received = len(unclear) < len(mail.files[:MOST_FILES])
    return _finish(office, mail, Outcome.RECEIVED if is_any_received else Outcome.WHICH_UNIT, now, letters)


def _why_not(mail: Mail, size: int) -> Problem | None:
    """Why nothing of the mail can be received, if nothing can."""
    if size > LARGEST:
        limit = LARGEST // MEGABYTE
        return Problem("mail_too_large", params={"size_mb": max(round(size / MEGABYTE), limit), "limit_mb": limit})
    if not mail.is_readable:
        return Problem("mail_unreadable")
    if not mail.files:
        return Problem("mail_without_file")
    if all(file.is_wrapped_by_outlook for file in mail.files):
        return Problem("mail_wrapped_by_outlook")
    return None


def _receive(office: Office, mail: Mail, kept: KeptMail, file: MailedFile, parties: list[Party], now: datetime) -> bool:
    """Receive one file of a mail, and see to it that it is answered in the mail's own thread; whether it could be."""
    if file.sha256 in kept.files:
        return True
    identity = office.workbooks.identity(file.data)[0] if len(parties) > 1 else None
    party = party_meant(office, parties, identity, kept.received_at)
    if party is None:
        return False
    receipt = receive(
        office,
        file.data,
        file_name=file.name or office.words.file_name("unnamed"),
        unit_code=party.unit.code,
        plan_id=party.plan.id,
        now=kept.received_at,
        route="email",
        in_reply_to=mail.thread,
    )
    with office.ledger.transaction() as ledger:
        if not _is_answered(ledger, mail, party, receipt):
            for message in same_again(office, mail, party, file, receipt, now):
                ledger.queue(message, now, is_answer=True)
        ledger.note_file(mail.key, file.sha256, receipt.verdict.value)
    return True


def _is_answered(ledger: LedgerTransaction, mail: Mail, party: Party, receipt: Receipt) -> bool:
    """Whether `receive` has answered this very mail. The same bytes again it does not answer again."""
    if receipt.round_id is None:
        return ledger.is_answered(mail.thread, f"{party.plan.id}|refused-{receipt.sha256[:16]}|{party.unit.code}|")
    kind = f"{receipt.verdict.value}-{receipt.number}"
    return ledger.is_answered(mail.thread, f"{receipt.round_id}|{kind}|{party.unit.code}|")


def _finish(office: Office, mail: Mail, outcome: Outcome, now: datetime, letters: Iterable[Message]) -> Outcome:
    """Record what became of a mail, together with what is written about it."""
    with office.ledger.transaction() as ledger:
        for message in letters:
            ledger.queue(message, now)
        for bounce in mail.bounces:
            if sent := ledger.message_with(bounce.message_id):
                ledger.event(
                    "mail_bounced",
                    at=now,
                    actor="mailbox",
                    round_id=sent["round_id"] or "",
                    unit=sent["unit"] or "",
                    message_id=bounce.message_id,
                    address=sent["address"],
                    reason=bounce.reason,
                )
        if outcome in {Outcome.FORGED, Outcome.TOO_MANY}:
            ledger.event(f"mail_{outcome.value}", at=now, actor=mail.sender, subject=mail.subject, thread=mail.thread)
        ledger.finish_mail(mail.key, outcome.value, now)
    return outcome
