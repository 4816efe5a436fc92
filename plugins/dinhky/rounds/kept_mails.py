"""What the ledger keeps of the mail that reached the intake mailbox: each once, and how far its handling has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol


@dataclass(frozen=True)
class KeptMail:
    """A mail in the ledger. `received_at` is when it reached the mailbox, in UTC.

    `files` holds, by SHA-256, what became of each file that has been dealt with; `outcome` is empty until all is done.
    """

    key: str
    message_id: str
    sender: str
    subject: str
    received_at: datetime
    outcome: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


class MailsKept(Protocol):
    """Reads and writes of received mails, in one transaction of the ledger."""

    def begin_mail(self, mail: KeptMail, *, by: str, now: datetime, lease: timedelta) -> KeptMail | None:
        """The mail as it is kept, from now on `by`'s to handle until `now + lease`; None while another is at it.

        A mail that is done needs no handling and is nobody's.
        """

    def note_file(self, key: str, sha256: str, verdict: str) -> None:
        """One file of the mail has been dealt with."""

    def finish_mail(self, key: str, outcome: str, at: datetime, **detail: Any) -> None:
        """All of the mail has been dealt with."""

    def count_mails(self, sender: str, since: datetime) -> int:
        """How many mails of that address have come since."""

    def is_answered(self, thread: str, key_prefix: str) -> bool:
        """Whether the outbox holds a message that answers that mail, and whose key begins so."""

    def message_with(self, message_id: str) -> dict[str, Any] | None:
        """The outbox message that went out under that Message-ID."""
