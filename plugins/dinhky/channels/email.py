"""Email: composing a message; the local maildir that keeps it where there is no server (`smtp` sends it to one)."""

from __future__ import annotations

import mailbox
import mimetypes
from datetime import datetime
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from dinhky.channels.letter_html import LetterHtml
from dinhky.domain.errors import PermanentDeliveryError
from dinhky.domain.local_time import local
from dinhky.rounds.kept_messages import Attachment, Message, QueuedMessage
from dinhky.rounds.ports import Files

ANSWER = "Re:"


class WholeWords(EmailPolicy):
    """Folds headers as RFC 2047 asks.

    The standard library's own folding (Python 3.11) puts the space between two encoded words outside of both, where
    every reader drops it: "công tác" arrives as "côngtác".
    """

    def fold(self, name: str, value: Any) -> str:
        return self._encoded(name, value) or super().fold(name, value)

    def fold_binary(self, name: str, value: Any) -> bytes:
        encoded = self._encoded(name, value)
        return encoded.encode("ascii") if encoded else super().fold_binary(name, value)

    def _encoded(self, name: str, value: Any) -> str | None:
        if name.lower() in {"in-reply-to", "references"}:  # the standard library would encode a long one
            return f"{name}: {value}{self.linesep}"
        if name.lower() == "subject":
            return f"{name}: {self._words(name, str(value))}{self.linesep}"
        if name.lower() in {"from", "to"}:
            (address,) = value.addresses
            if not address.display_name.isascii():
                return f"{name}: {self._words(name, address.display_name)} <{address.addr_spec}>{self.linesep}"
        return None

    def _words(self, name: str, text: str) -> str:
        return Header(text, "utf-8", header_name=name).encode(linesep=self.linesep)


SEVEN_BITS = WholeWords(linesep="\r\n", cte_type="7bit")
"""Every server takes it, also one that never offered 8BITMIME."""


def compose(
    queued: QueuedMessage,
    files: Files,
    sender: Address,
    now: datetime,
    reply_to: Address | None = None,
    html: LetterHtml | None = None,
) -> EmailMessage:
    """The email of an outbox row: same Message-ID at every attempt. What answers a mail says which, so that mail
    programs show the two together; `reply_to` is where answers to ours are read. With `html`, the same text comes a
    second time, set for reading.

    Raises PermanentDeliveryError if a file is gone, or for a name or address that no header can hold.
    """
    message = queued.message
    email = EmailMessage(policy=SEVEN_BITS)
    try:
        email["From"] = sender
        email["To"] = Address(message.recipient, addr_spec=message.address)
        if reply_to:
            email["Reply-To"] = reply_to
        email["Subject"] = _subject(message)
        email["Date"] = format_datetime(local(now))
        email["Message-ID"] = queued.message_id
        if message.in_reply_to:
            email["In-Reply-To"] = email["References"] = message.in_reply_to
        # What keeps two machines from answering each other for ever: nobody's holiday notice is wanted, and what comes
        # back to us is known for our own.
        email["Auto-Submitted"] = "auto-replied" if message.in_reply_to else "auto-generated"
        email["X-Auto-Response-Suppress"] = "OOF, AutoReply"
        email["X-Loop"] = sender.addr_spec
        email.set_content(message.body)
        if html:
            email.add_alternative(html(message.subject, message.body), subtype="html")
        for attachment in message.attachments:
            main, sub = _kind(attachment.name)
            data = _attached(attachment, files)
            email.add_attachment(data, maintype=main, subtype=sub, filename=attachment.name)
    except (ValueError, IndexError, MessageError) as error:
        raise PermanentDeliveryError("message_not_composed", address=message.address) from error
    return email


def _subject(message: Message) -> str:
    """Our own words also in an answer: they say what became of the file, and nothing foreign gets into a header."""
    return f"{ANSWER} {message.subject}" if message.in_reply_to else message.subject


def _attached(attachment: Attachment, files: Files) -> bytes:
    try:
        return files.get(attachment.sha256)
    except (FileNotFoundError, ValueError) as error:
        raise PermanentDeliveryError("attachment_gone", name=attachment.name) from error


def _kind(file_name: str) -> tuple[str, str]:
    main, _, sub = (mimetypes.guess_type(file_name)[0] or "").partition("/")
    # A mail inside a mail may not be encoded, and ours is whatever bytes a unit sent.
    return (main, sub) if main and main != "message" else ("application", "octet-stream")


class MaildirChannel:
    """Keeps mail in a local maildir, one folder a recipient: what a trial without an SMTP server shows."""

    def __init__(
        self, folder: Path, sender: Address, reply_to: Address | None = None, html: LetterHtml | None = None
    ) -> None:
        self._folder = folder
        self._sender = sender
        self._reply_to = reply_to
        self._html = html

    def send(self, queued: QueuedMessage, files: Files, now: datetime) -> str:
        """Deliver one message into the recipient's maildir. Returns where it lies."""
        email = compose(queued, files, self._sender, now, self._reply_to, self._html)
        self._folder.mkdir(parents=True, exist_ok=True)
        box = mailbox.Maildir(self._folder / queued.message.address, create=True)
        key = box.add(email.as_bytes())
        return f"maildir:{queued.message.address}/{key}"
