"""What is written back to a mail where it is not `receive` that answers. Only to addresses that stand in a plan.

One that stands in none is told how to reach us, seldom, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from dinhky.domain.errors import Problem
from dinhky.domain.local_time import local
from dinhky.intake.attachments import MailedFile, named
from dinhky.intake.mail import Mail
from dinhky.intake.receive import Receipt
from dinhky.intake.senders import Party
from dinhky.rounds.correspondence import EMAIL, message_key, to_contacts
from dinhky.rounds.kept_messages import Message
from dinhky.rounds.links import links_for_the_year
from dinhky.rounds.owed import affairs_of
from dinhky.rounds.ports import Office

ABOUT = "mailbox"
"""What the keys of these messages begin with: they are about no round and no plan."""
MOST_STRANGERS = 20
"""Unknown addresses that are answered in a day: nobody is to make us write to the whole world."""
_ONCE_A_DAY = {"mail_without_file": "no-file", "mail_too_many": "too-many"}
"""Reasons that may hold for many mails of a day, and what the keys of their answers are called."""


def to_unknown_sender(office: Office, mail: Mail, now: datetime) -> Iterator[Message]:
    """How to reach us, once a day to an address, and to no more than a few addresses a day.

    Nothing of the mail is in it: whose address was written there may never have heard of us.
    """
    kind = f"unknown-{local(now).date().isoformat()}"
    with office.ledger.snapshot() as ledger:
        answered = ledger.message_keys(f"{ABOUT}|{kind}|")
    if mail.is_forged or not mail.may_be_answered or len(answered) >= MOST_STRANGERS:
        return
    subject, body = office.words.message("mail_unknown_sender", address=mail.sender)
    yield _message(mail, kind, mail.sender, mail.sender, subject, body, now)


def to_forged_sender(office: Office, mail: Mail, parties: Sequence[Party], now: datetime) -> Iterator[Message]:
    """That somebody has written in their name, as it seems; once a day."""
    yield from _to_senders(office, mail, f"forged-{local(now).date().isoformat()}", "mail_forged", parties, now)


def not_taken(
    office: Office, mail: Mail, parties: Sequence[Party], reason: Problem, now: datetime
) -> Iterator[Message]:
    """Why the mail brought nothing, or not all, what is owed, and how it can be sent; to who only thanks us, or writes
    too often, once a day at most."""
    daily = _ONCE_A_DAY.get(reason.code)
    kind = f"{daily}-{local(now).date().isoformat()}" if daily else f"not-taken-{mail.key[:16]}"
    with office.ledger.snapshot() as ledger:
        awaited = [
            (party, [one for one in affairs_of(office, ledger, party.plan, party.unit.code, now) if one.is_owed])
            for party in parties
        ]
        links = {
            party.unit.code: link
            for party in parties
            if (link := links_for_the_year(office, ledger, party.plan).get(party.unit.code))
        }
    facts = {
        "reason": office.words.sentence(reason),
        "is_in_part": reason.code == "mail_files_left_out",
        "awaited": awaited,
        "links": links,
    }
    yield from _to_senders(office, mail, kind, "mail_not_taken", parties, now, **facts)


def question_which_unit(
    office: Office, mail: Mail, parties: Sequence[Party], files: Sequence[MailedFile], now: datetime
) -> Iterator[Message]:
    """For whom a file comes, of those for whom its sender may speak."""
    kind = f"which-unit-{mail.key[:16]}"
    yield from _to_senders(office, mail, kind, "mail_which_unit", parties, now, names=named(files))


def same_again(
    office: Office, mail: Mail, party: Party, file: MailedFile, receipt: Receipt, now: datetime
) -> Iterator[Message]:
    """The answer that these bytes got when they first came, said again to whoever sent them again."""
    facts = {
        "plan": party.plan,
        "file_name": file.name,
        "receipt": receipt,
        "sentences": [office.words.sentence(problem) for problem in receipt.problems],
        "questions": [office.words.sentence(question) for question in receipt.questions],
    }
    kind = f"again-{mail.key[:16]}-{file.sha256[:8]}"
    about = receipt.round_id or party.plan.id
    yield from to_contacts(
        office,
        party.unit,
        kind,
        about,
        template="mail_same_again",
        now=now,
        facts=facts,
        attachments=(receipt.answer,) if receipt.answer else (),
        in_reply_to=mail.thread,
    )


def _to_senders(
    office: Office, mail: Mail, kind: str, template: str, parties: Sequence[Party], now: datetime, **facts: object
) -> Iterator[Message]:
    """One email to each address of a plan that the mail may have come from."""
    contacts = {party.contact.email: party.contact for party in reversed(parties)}
    for contact in contacts.values():
        subject, body = office.words.message(template, contact=contact, parties=parties, **facts)
        yield _message(mail, kind, contact.email, contact.name, subject, body, now)


def _message(mail: Mail, kind: str, address: str, recipient: str, subject: str, body: str, now: datetime) -> Message:
    return Message(
        key=message_key(ABOUT, kind, "", address),
        kind=kind,
        channel=EMAIL,
        address=address,
        recipient=recipient,
        subject=subject,
        body=body,
        not_before=now,
        in_reply_to=mail.thread,
    )
