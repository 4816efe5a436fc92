"""The intake mailbox on an IMAP server: what waits in its folder, and the folders that handled mail is moved to."""

from __future__ import annotations

import imaplib
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Self

from dinhky.channels.server_url import ServerUrl
from dinhky.domain.errors import MailboxError
from dinhky.intake.mailbox import WaitingMail

TIMEOUT_SECONDS = 30
BATCH = 100
"""Mails asked about at once: their sizes and moments, not their texts."""
LONGEST_HEAD = 64 * 1024
FOLDER_ABOVE = "Dinhky"
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")
_UID = re.compile(rb"UID (\d+)")
_ARRIVED = re.compile(rb'INTERNALDATE "([^"]+)"')
_SEPARATOR = re.compile(rb'^\([^)]*\) (?:"(\\?.)"|NIL)')
_PREFIX = re.compile(rb'^\(\("((?:[^"\\]|\\.)*)"')


class ImapSettings(ServerUrl):
    """Where the intake mailbox is, and as whom it is read."""

    @classmethod
    def from_url(cls, url: str) -> Self:
        """From `imaps://user:password@host:993/INBOX`, or `imap://…?security=starttls`.

        Raises ValueError, without the URL in it.
        """
        found = cls.parse(url, "imap", {"none": 143, "starttls": 143, "tls": 993})
        if not (found.user and found.password):
            raise ValueError("an IMAP address has a user and a password")
        if not all(char.isascii() and char.isprintable() for char in found.path):
            raise ValueError("the folder of an IMAP address is written in ASCII")
        return found

    @property
    def folder(self) -> str:
        return self.path or "INBOX"

    @property
    def authserv(self) -> str | None:
        """The name under which our own server says what it found out about senders (RFC 8601), if it does."""
        return self.options.get("authserv")


class ImapMailbox:
    """One connection to the intake mailbox. Use as a context manager; every method raises MailboxError."""

    def __init__(self, settings: ImapSettings) -> None:
        self._settings = settings
        self._connection: imaplib.IMAP4 | None = None
        self._prefix, self._separator = "", "/"

    def __enter__(self) -> Self:
        with _errors_told():
            try:
                self._open()
            except BaseException:
                self._close()
                raise
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def waiting(self) -> Iterator[WaitingMail]:
        """Every mail that is in the folder, in the order of arrival; read or unread makes no difference."""
        (found,) = self._uid("SEARCH", "UNDELETED")
        uids = (found or b"").split()
        for start in range(0, len(uids), BATCH):
            batch = b",".join(uids[start : start + BATCH]).decode()
            for line in self._uid("FETCH", batch, "(UID RFC822.SIZE INTERNALDATE)"):
                if mail := _waiting(line if isinstance(line, bytes) else line[0]):
                    yield mail

    def read(self, uid: str) -> bytes | None:
        """The whole mail, not marked as read; None if it is not there any more."""
        return self._text(uid, "BODY.PEEK[]")

    def read_head(self, uid: str) -> bytes | None:
        """Only its headers, of a mail that is too large to be fetched."""
        return self._text(uid, f"BODY.PEEK[HEADER]<0.{LONGEST_HEAD}>")

    def file_away(self, uid: str, folder: str) -> None:
        """Move a mail to a folder of ours, which is made if need be; nothing happens if the mail is gone.

        Where the server cannot move, a copy is made and the mail marked as deleted: dying in between makes two copies.
        """
        name = _quoted(f"{self._prefix}{FOLDER_ABOVE}{self._separator}{folder}")
        can_move = "MOVE" in self._server.capabilities
        if not self._try("MOVE" if can_move else "COPY", uid, name):
            with _errors_told():
                self._server.create(name)
                self._server.subscribe(name)
            self._uid("MOVE" if can_move else "COPY", uid, name)
        if not can_move:
            self._uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)")
            if "UIDPLUS" in self._server.capabilities:  # else it stays, marked: a plain EXPUNGE takes others' mail too
                self._uid("EXPUNGE", uid)

    @property
    def _server(self) -> imaplib.IMAP4:
        if self._connection is None:
            raise MailboxError("imap_unreachable", reason="closed")
        return self._connection

    def _open(self) -> None:
        settings = self._settings
        if settings.security == "tls":
            self._connection = imaplib.IMAP4_SSL(
                settings.host, settings.port, ssl_context=settings.tls(), timeout=TIMEOUT_SECONDS
            )
        else:
            self._connection = imaplib.IMAP4(settings.host, settings.port, timeout=TIMEOUT_SECONDS)
        if settings.security == "starttls":
            self._connection.starttls(settings.tls())
        self._login(self._connection)
        self._connection.capabilities = tuple(_said(self._connection.capability()).upper().split())  # more than before
        self._learn_names(self._connection)
        _said(self._connection.select(_quoted(settings.folder)))

    def _login(self, connection: imaplib.IMAP4) -> None:
        user, password = self._settings.user or "", self._settings.password or ""
        try:
            if "AUTH=PLAIN" in connection.capabilities:  # knows every letter, which LOGIN does not
                connection.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())
            else:
                connection.login(user, password)
        except imaplib.IMAP4.abort:
            raise
        except (imaplib.IMAP4.error, UnicodeError):
            raise MailboxError("imap_login_refused") from None  # what was said could hold what we said

    def _learn_names(self, connection: imaplib.IMAP4) -> None:
        """How this server writes a folder within a folder, and what goes before a folder of ours."""
        listed = connection.list('""', '""')[1][0]
        if isinstance(listed, bytes) and (found := _SEPARATOR.match(listed)) and found[1]:
            self._separator = found[1].decode("ascii", "replace")[-1]
        if "NAMESPACE" in connection.capabilities:
            namespaces = connection.namespace()[1][0]
            if isinstance(namespaces, bytes) and (prefix := _PREFIX.match(namespaces)):
                self._prefix = prefix[1].decode("ascii", "replace").replace("\\", "")

    def _text(self, uid: str, what: str) -> bytes | None:
        for part in self._uid("FETCH", uid, f"({what})"):
            if isinstance(part, tuple):
                text: bytes = part[1]
                return text
        return None

    def _uid(self, command: str, *arguments: str) -> list[Any]:
        with _errors_told():
            kind, data = self._server.uid(command, *arguments)
            if kind != "OK":
                raise imaplib.IMAP4.error(f"{command} was refused")
            return data

    def _try(self, command: str, *arguments: str) -> bool:
        with _errors_told():
            return self._server.uid(command, *arguments)[0] == "OK"

    def _close(self) -> None:
        if self._connection:
            with suppress(imaplib.IMAP4.error, OSError):
                self._connection.logout()
            self._connection = None


@contextmanager
def _errors_told() -> Iterator[None]:
    """imaplib's and the network's exceptions as one of ours."""
    try:
        yield
    except imaplib.IMAP4.error as error:
        raise MailboxError("imap_refused", reason=_shown(error)) from error
    except OSError as error:
        raise MailboxError("imap_unreachable", reason=type(error).__name__) from error


def _waiting(line: bytes) -> WaitingMail | None:
    uid, size, arrived = _UID.search(line), _SIZE.search(line), _ARRIVED.search(line)
    if not (uid and size and arrived):
        return None  # something the server tells of its own accord
    return WaitingMail(uid[1].decode(), int(size[1]), _moment(arrived[1]))


def _moment(text: bytes) -> datetime:
    return parsedate_to_datetime(text.decode("ascii").strip())


def _said(answer: tuple[str, list[Any]]) -> str:
    kind, data = answer
    text = b" ".join(part for part in data if isinstance(part, bytes)).decode("utf-8", "replace")
    if kind != "OK":
        raise imaplib.IMAP4.error(text)
    return text


def _shown(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
