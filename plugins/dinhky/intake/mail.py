"""A mail as the intake sees it: who sent it, which one it is, what it brings. Its body is never read for data."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from email.message import Message
from email.parser import BytesParser

from dinhky.intake.attachments import MailedFile, files_in
from dinhky.intake.machine_mail import Bounce, bounces_in, looks_like_machine, may_be_answered, written_by_machine
from dinhky.intake.mail_headers import AS_WRITTEN, TOO_ODD, address_of, head_of, header, message_ids, parsed
from dinhky.intake.sender_proof import is_proven_false

_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True)
class Mail:
    """One mail. `key` tells it from every other; the same mail fetched, or delivered, twice has the same.

    `sender` is empty where no single address can be made out. `thread` is what an answer refers to: the mail's
    Message-ID, or one made up for a mail without. `machine` says why a mail is not answered, if it is not.
    """

    key: str
    thread: str
    sender: str
    subject: str
    machine: str | None = None
    is_forged: bool = False
    may_be_answered: bool = False
    is_readable: bool = True
    files: tuple[MailedFile, ...] = ()
    bounces: tuple[Bounce, ...] = ()


def read_mail(data: bytes, *, ours: frozenset[str], authserv: str | None = None, is_head: bool = False) -> Mail:
    """Any bytes as a mail; never raises for what they hold. `ours` are our own addresses, in small letters.

    `authserv` is the name under which our own server judges senders; `is_head` says that the bytes are headers alone.
    """
    try:
        mail = _by_its_head(data, ours, authserv)
    except TOO_ODD:  # nobody is known who could be answered, but it is one mail, and handled once
        key = hashlib.sha256(data).hexdigest()
        return Mail(key, _thread_without_id(key), sender="", subject="", is_readable=False)
    if is_head:
        return mail
    try:
        return _with_body(mail, parsed(data))
    except TOO_ODD:
        return mail  # nothing that a mail program makes


def _by_its_head(data: bytes, ours: frozenset[str], authserv: str | None) -> Mail:
    """What the headers alone say; as a mail that cannot be read."""
    head = BytesParser(policy=AS_WRITTEN).parsebytes(head_of(data), headersonly=True)
    sender, key = address_of(head), _key(head, data)
    return Mail(
        key=key,
        thread=next(iter(message_ids(head, "Message-ID")), _thread_without_id(key)),
        sender=sender,
        subject=header(head, "Subject"),
        machine=written_by_machine(head, ours),
        is_forged=bool(authserv) and is_proven_false(head, str(authserv)),
        may_be_answered=may_be_answered(sender) and header(head, "Return-Path") != "<>",
        is_readable=False,
    )


def _thread_without_id(key: str) -> str:
    return f"<{key[:40]}@no-message-id.invalid>"


def _with_body(mail: Mail, message: Message) -> Mail:
    if mail.machine:
        bounces = tuple(bounces_in(message)) if mail.machine == "bounce" else ()
        return replace(mail, is_readable=True, bounces=bounces)
    files = files_in(message)
    has_workbook = any(file.is_workbook for file in files)
    return replace(mail, is_readable=True, files=files, machine=None if has_workbook else looks_like_machine(message))


def _key(head: Message, data: bytes) -> str:
    """The digest of who wrote, the Message-ID and the body: two deliveries of one mail differ in the other headers.

    The Message-ID alone would not do: there are machines that give every mail the same one, and whoever knows another's
    could have his own mail taken in its stead.
    """
    ids = message_ids(head, "Message-ID")
    body = data[found.end() :] if ids and (found := _END_OF_HEADERS.search(data)) else data
    said = "\n".join([*map(str, head.get_all("From") or ()), *ids])
    return hashlib.sha256(said.encode("utf-8", "replace") + b"\n" + hashlib.sha256(body).digest()).hexdigest()
