"""A way out that leads nowhere: it notes what was sent when, and fails while the mail server is down."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from dinhky.domain.errors import ServerUnavailable
from dinhky.rounds.dispatching import FIRST_RETRY, LONGEST_RETRY
from dinhky.rounds.kept_messages import Message, QueuedMessage
from dinhky.rounds.ports import Files
from dinhky.simulation.behaviour import Behaviour


@dataclass(frozen=True)
class Sent:
    """A message that left the house, and when."""

    at: datetime
    message: Message


@dataclass
class RecordingChannel:
    """Email or chat as the behaviour has it; only email is struck by the mail server's outages.

    `retries` are the moments at which what failed may be tried again.
    """

    behaviour: Behaviour
    is_mail: bool
    sent: list[Sent]
    retries: list[datetime] = field(default_factory=list)

    def send(self, queued: QueuedMessage, files: Files, now: datetime) -> str:
        """Note the message. Raises ServerUnavailable during an outage, FileNotFoundError for a lost attachment."""
        if self.is_mail and self.behaviour.mail_is_down(now):
            self.retries.append(now + min(FIRST_RETRY * 2 ** min(queued.attempts - 1, 10), LONGEST_RETRY))
            raise ServerUnavailable("smtp_unreachable", reason="simulated")
        for attachment in queued.message.attachments:
            files.get(attachment.sha256)
        self.sent += [Sent(now, row.message) for row in queued.rows]
        return "simulated"
