"""Handing mail to an SMTP server: one connection for a batch, and what each of its answers means for the message."""

from __future__ import annotations

import re
import smtplib
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from email.headerregistry import Address
from typing import Self

from dinhky.channels.email import compose
from dinhky.channels.letter_html import LetterHtml
from dinhky.channels.pace import Pace
from dinhky.channels.server_url import ServerUrl
from dinhky.domain.errors import (
    AccessRefused,
    DeliveryError,
    PermanentDeliveryError,
    ServerUnavailable,
    TemporaryDeliveryError,
    UncertainDelivery,
)
from dinhky.rounds.kept_messages import QueuedMessage
from dinhky.rounds.ports import Files

TIMEOUT_SECONDS = 30.0
FINAL_ANSWER_FACTOR = 20
"""A server may think about the text (scanning, greylisting) for ten minutes before we call it silent; RFC 5321,
4.5.3.2.6."""
REST_SECONDS = 60.0
"""How long a server is left alone that was not there or fell silent: the next message would wait as long for it."""
ACCEPTED, GO_AHEAD, CLOSING, PERMANENT, LOGIN_NEEDED, TOO_MUCH = 250, 354, 421, 500, 530, 552
_LEADING_DOT = re.compile(rb"(?m)^\.")


class SmtpSettings(ServerUrl):
    """Where and how mail is handed over."""

    @classmethod
    def from_url(cls, url: str) -> Self:
        """From `smtp://user:password@host:port` (with `?security=starttls`) or `smtps://…`; further options are
        `per_minute`, how many messages the server bears, and `timeout`, in seconds.

        Raises ValueError, without the URL in it.
        """
        found = cls.parse(url, "smtp", {"none": 25, "starttls": 587, "tls": 465})
        for name in ("per_minute", "timeout"):
            text = found.options.get(name, "1")
            if not (text.isascii() and text.isdigit() and int(text)):
                raise ValueError(f"{name} of an SMTP address is a whole number above zero")
        return found

    @property
    def seconds_between(self) -> float:
        return 60 / int(self.options["per_minute"]) if "per_minute" in self.options else 0.0

    @property
    def timeout(self) -> float:
        return float(self.options.get("timeout", TIMEOUT_SECONDS))


class SmtpChannel:
    """Hands mail to an SMTP server. One connection is kept for a batch and renewed when the server has closed it."""

    def __init__(
        self,
        settings: SmtpSettings,
        sender: Address,
        reply_to: Address | None = None,
        *,
        html: LetterHtml | None = None,
        rest: float = REST_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._sender = sender
        self._reply_to = reply_to
        self._html = html
        self._rest = rest
        self._pace = Pace(settings.seconds_between, clock=clock, sleep=sleep)
        self._connection: smtplib.SMTP | None = None
        self._may_be_stale = False

    def is_ready(self) -> bool:
        """Whether there is a connection, and no need to wait for our turn."""
        return self._connection is not None and self._pace.delay(self._settings.host) <= 0

    def get_ready(self) -> None:
        """Wait for our turn and connect. Raises ServerUnavailable, for a while at once where it was found so."""
        self._pace.wait_for(self._settings.host)
        if self._connection is None:
            self._connect()

    def send(self, queued: QueuedMessage, files: Files, now: datetime) -> str:
        """Send one message. Returns the server's answer.

        Raises ServerUnavailable (no connection, no login), TemporaryDeliveryError (4xx to this message),
        PermanentDeliveryError (5xx), or UncertainDelivery if the server fell silent after it was given the text: it may
        have taken the message.
        """
        data = compose(queued, files, self._sender, now, self._reply_to, self._html).as_bytes()
        if self._connection is None:
            self.get_ready()
        else:
            self._pace.take_turn(self._settings.host)
        try:
            connection = self._tell(queued.message.address, data)
        except _ClosedMeanwhile:
            self._connect()
            connection = self._tell(queued.message.address, data)
        self._may_be_stale = True
        return self._answer(connection)

    def close(self) -> None:
        """Take leave of the server, if there is a connection."""
        if self._connection:
            with suppress(smtplib.SMTPException, OSError):
                self._connection.quit()
            self._drop()

    def _tell(self, recipient: str, data: bytes) -> smtplib.SMTP:
        """Say from whom, to whom and what, up to the dot that ends it: before that has left us, the server cannot have
        taken the message. Raises _ClosedMeanwhile if it has ended a connection that was kept."""
        with self._told_apart():
            connection = self._connection
            if connection is None:
                raise smtplib.SMTPServerDisconnected
            tells_size = connection.has_extn("size")
            limit = connection.esmtp_features.get("size", "")
            if limit.isdigit() and 0 < int(limit) < len(data):
                raise PermanentDeliveryError("smtp_too_large", size=len(data), limit=int(limit))
            code, reply = connection.mail(self._sender.addr_spec, [f"size={len(data)}"] if tells_size else [])
            if code == CLOSING and self._may_be_stale:
                raise smtplib.SMTPServerDisconnected
            if not _is_yes(code):
                raise _refused_sender(code, _text(reply), len(data))
            code, reply = connection.rcpt(recipient)
            if not _is_yes(code):
                # 552 to a recipient says that their mailbox is full (RFC 5321, 4.5.3.1.10): it will not always be.
                raise _refusal(code, _text(reply), is_temporary=code == TOO_MUCH)
            code, reply = connection.docmd("data")
            if code != GO_AHEAD:
                raise _refusal(code, _text(reply))
            connection.send(_LEADING_DOT.sub(b"..", data).removesuffix(b"\r\n") + b"\r\n.\r\n")
        return connection

    def _answer(self, connection: smtplib.SMTP) -> str:
        """What the server says to the text: here silence is no longer a "no"."""
        if connection.sock:
            connection.sock.settimeout(self._settings.timeout * FINAL_ANSWER_FACTOR)
        try:
            code, reply = connection.getreply()
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            if _is_timeout(error):
                refusal = ServerUnavailable("smtp_unreachable", reason=_reason(error))
                self._pace.close(self._settings.host, self._rest, refusal)
            raise UncertainDelivery("smtp_silent_after_text", reason=_reason(error)) from error
        if connection.sock:
            connection.sock.settimeout(self._settings.timeout)
        if code != ACCEPTED:
            self._begin_anew(connection, code)
            raise _refusal(code, _text(reply))
        return f"{code} {_text(reply)}"

    def _begin_anew(self, connection: smtplib.SMTP, code: int) -> None:
        """The server has refused this message only: the connection serves the next one, if it still answers."""
        try:
            if code == CLOSING or connection.rset()[0] == CLOSING:
                self._drop()
        except (smtplib.SMTPException, OSError):
            self._drop()

    def _connect(self) -> None:
        settings = self._settings
        self._may_be_stale = False
        with self._told_apart(resting=True):
            if settings.security == "tls":
                self._connection = smtplib.SMTP_SSL(
                    settings.host, settings.port, timeout=settings.timeout, context=settings.tls()
                )
            else:
                self._connection = smtplib.SMTP(settings.host, settings.port, timeout=settings.timeout)
            connection = self._connection
            connection.ehlo_or_helo_if_needed()
            if settings.security == "starttls":
                connection.starttls(context=settings.tls())
            elif settings.security == "none" and not settings.is_local and connection.has_extn("starttls"):
                connection.starttls(context=_whoever_answers())
            connection.ehlo_or_helo_if_needed()
            if settings.user:
                connection.login(settings.user, settings.password or "")

    def _drop(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _told_apart(self, *, resting: bool = False) -> Iterator[None]:
        """Turn smtplib's exceptions into ours; what is kept never holds a password. After a refusal in words the
        connection goes on, otherwise it is dropped. If `resting`, whatever fails lets the server rest."""
        try:
            yield
        except DeliveryError as error:
            if self._connection:
                self._begin_anew(self._connection, error.params.get("code", 0))
            raise
        except smtplib.SMTPAuthenticationError as error:
            raise self._ended(AccessRefused("smtp_login_refused", code=error.smtp_code), resting) from None
        except smtplib.SMTPNotSupportedError as error:
            lacks = "STARTTLS" if "STARTTLS" in str(error) else "AUTH"
            raise self._ended(AccessRefused("smtp_lacks", lacks=lacks), resting) from None
        except smtplib.SMTPResponseException as error:
            refusal = ServerUnavailable("smtp_refused", code=error.smtp_code, reason=_text(error.smtp_error))
            raise self._ended(refusal, resting) from error
        except (smtplib.SMTPException, OSError) as error:
            timed_out, was_kept = _is_timeout(error), self._may_be_stale
            if was_kept and not timed_out and not resting:
                self._drop()
                raise _ClosedMeanwhile from error
            refusal = ServerUnavailable("smtp_unreachable", reason=_reason(error))
            raise self._ended(refusal, resting or timed_out) from error

    def _ended(self, refusal: ServerUnavailable, resting: bool) -> ServerUnavailable:
        self._drop()
        if resting:
            self._pace.close(self._settings.host, self._rest, refusal)
        return refusal


class _ClosedMeanwhile(Exception):
    """The server has ended a connection that we had kept, before it was told of the message: a new one will do."""


def _whoever_answers() -> ssl.SSLContext:
    """Encryption without knowing to whom, where none was asked for: no password is sent, and no one else can read."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _refused_sender(code: int, reason: str, size: int) -> DeliveryError:
    """The server knows nothing of the recipient yet: but for the size, it is us whom it does not want."""
    if code == TOO_MUCH:
        return PermanentDeliveryError("smtp_too_large", size=size, limit=0)
    if code == LOGIN_NEEDED:
        return AccessRefused("smtp_login_refused", code=code)
    if code >= PERMANENT:
        return AccessRefused("smtp_sender_refused", code=code, reason=reason)
    return ServerUnavailable("smtp_refused", code=code, reason=reason)


def _refusal(code: int, reason: str, *, is_temporary: bool = False) -> DeliveryError:
    kind = TemporaryDeliveryError if is_temporary or code < PERMANENT else PermanentDeliveryError
    return kind("smtp_refused", code=code, reason=reason)


def _is_yes(code: int) -> bool:
    return code // 10 == ACCEPTED // 10


def _is_timeout(error: BaseException) -> bool:
    """Whether time ran out: smtplib tells it as a broken connection."""
    return isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)


def _reason(error: BaseException) -> str:
    return "TimeoutError" if _is_timeout(error) else type(error).__name__


def _text(reason: bytes | str) -> str:
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
