"""Email: composing a message, and the two places it can go, an SMTP server or a local maildir."""

from __future__ import annotations

import mailbox
import mimetypes
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Self

from dinhky.channels.server_url import ServerUrl
from dinhky.domain.errors import PermanentDeliveryError, TemporaryDeliveryError, UncertainDelivery
from dinhky.domain.local_time import local
from dinhky.rounds.ports import Attachment, Files, Message, QueuedMessage

TIMEOUT_SECONDS = 30
FINAL_ANSWER_SECONDS = 600
"""How long a server may think about the text (scanning, greylisting) before we call it silent; RFC 5321, 4.5.3.2.6."""
ACCEPTED = 250
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


class SmtpSettings(ServerUrl):
    """Where and how mail is handed over."""

    @classmethod
    def from_url(cls, url: str) -> Self:
        """From `smtp://user:password@host:port` (with `?security=starttls`) or `smtps://…`.

        Raises ValueError, without the URL in it.
        """
        return cls.parse(url, "smtp", {"none": 25, "starttls": 587, "tls": 465})


def compose(
    queued: QueuedMessage, files: Files, sender: Address, now: datetime, reply_to: Address | None = None
) -> EmailMessage:
    """The email of an outbox row: same Message-ID at every attempt. What answers a mail says which, so that mail
    programs show the two together; `reply_to` is where answers to ours are read.

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


class SmtpChannel:
    """Hands mail to an SMTP server. One connection is kept for a batch and renewed when the server has closed it."""

    def __init__(self, settings: SmtpSettings, sender: Address, reply_to: Address | None = None) -> None:
        self._settings = settings
        self._sender = sender
        self._reply_to = reply_to
        self._connection: smtplib.SMTP | None = None

    def send(self, queued: QueuedMessage, files: Files, now: datetime) -> str:
        """Send one message. Returns the server's answer.

        Raises TemporaryDeliveryError (4xx, no connection), PermanentDeliveryError (5xx), or UncertainDelivery if the
        server fell silent after it was given the text: it may have taken the message.
        """
        data = compose(queued, files, self._sender, now, self._reply_to).as_bytes()
        with _server_errors_told_apart():
            connection = self._connect()
            try:
                connection.ehlo_or_helo_if_needed()
                _expect(
                    connection.mail(
                        self._sender.addr_spec, [f"size={len(data)}"] if connection.has_extn("size") else []
                    )
                )
                _expect(connection.rcpt(queued.message.address))
            except smtplib.SMTPResponseException:
                self._begin_anew(connection)
                raise
            except (smtplib.SMTPException, OSError):
                self.close()
                raise
        return self._hand_over(connection, data)

    def _hand_over(self, connection: smtplib.SMTP, data: bytes) -> str:
        """The text itself: from here on, silence is no longer a "no"."""
        if connection.sock:
            connection.sock.settimeout(FINAL_ANSWER_SECONDS)
        try:
            code, reply = connection.data(data)
        except smtplib.SMTPDataError as error:  # said before any of the text was sent
            self._begin_anew(connection)
            raise _error(error.smtp_code, _text(error.smtp_error)) from error
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise UncertainDelivery("smtp_silent_after_text", reason=type(error).__name__) from error
        if connection.sock:
            connection.sock.settimeout(TIMEOUT_SECONDS)
        if code != ACCEPTED:
            self._begin_anew(connection)
            raise _error(code, _text(reply))
        return f"{code} {_text(reply)}"

    def _begin_anew(self, connection: smtplib.SMTP) -> None:
        """The server has refused this message only: the connection serves the next one, if it still answers."""
        try:
            connection.rset()
        except (smtplib.SMTPException, OSError):
            self.close()

    def close(self) -> None:
        """End the connection, if there is one."""
        if self._connection:
            self._connection.close()
            self._connection = None

    def _connect(self) -> smtplib.SMTP:
        if self._connection and self._is_alive(self._connection):
            return self._connection
        settings = self._settings
        if settings.security == "tls":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                settings.host, settings.port, timeout=TIMEOUT_SECONDS, context=settings.tls()
            )
        else:
            connection = smtplib.SMTP(settings.host, settings.port, timeout=TIMEOUT_SECONDS)
        self._connection = connection
        try:
            if settings.security == "starttls":
                connection.starttls(context=settings.tls())
            if settings.user:
                connection.login(settings.user, settings.password or "")
        except BaseException:
            self.close()
            raise
        return connection

    def _is_alive(self, connection: smtplib.SMTP) -> bool:
        try:
            return connection.noop()[0] == 250
        except (smtplib.SMTPException, OSError):
            self.close()
            return False


class MaildirChannel:
    """Keeps mail in a local maildir, one folder a recipient: what a trial without an SMTP server shows."""

    def __init__(self, folder: Path, sender: Address, reply_to: Address | None = None) -> None:
        self._folder = folder
        self._sender = sender
        self._reply_to = reply_to

    def send(self, queued: QueuedMessage, files: Files, now: datetime) -> str:
        """Deliver one message into the recipient's maildir. Returns where it lies."""
        email = compose(queued, files, self._sender, now, self._reply_to)
        self._folder.mkdir(parents=True, exist_ok=True)
        box = mailbox.Maildir(self._folder / queued.message.address, create=True)
        key = box.add(email.as_bytes())
        return f"maildir:{queued.message.address}/{key}"


@contextmanager
def _server_errors_told_apart() -> Iterator[None]:
    """Turn smtplib's exceptions into ours: worth another try, or not. What is kept never holds a password."""
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        raise TemporaryDeliveryError("smtp_login_refused", code=error.smtp_code) from None
    except smtplib.SMTPResponseException as error:
        raise _error(error.smtp_code, _text(error.smtp_error)) from error
    except (smtplib.SMTPException, OSError) as error:
        raise TemporaryDeliveryError("smtp_unreachable", reason=type(error).__name__) from error


def _expect(answer: tuple[int, bytes]) -> None:
    """Raise smtplib's error for anything but a 25x answer."""
    code, reply = answer
    if code // 10 != ACCEPTED // 10:
        raise smtplib.SMTPResponseException(code, _text(reply))


def _error(code: int, reason: str) -> TemporaryDeliveryError | PermanentDeliveryError:
    kind = TemporaryDeliveryError if 400 <= code < 500 else PermanentDeliveryError
    return kind("smtp_refused", code=code, reason=reason)


def _text(reason: bytes | str) -> str:
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
