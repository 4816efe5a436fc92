"""What is kept of messages: the outbox, from which alone anything leaves the house.

Instants that cross these lines are aware datetimes; the ledger stores and returns UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from dinhky.domain.reminder_budget import ReminderLetter


@dataclass(frozen=True)
class Attachment:
    """A stored file to go with a message, under the name its reader sees."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Letter:
    """A message in words. `section` is its matter alone, without greeting, link and closing: what a letter that tells
    one recipient several things takes of it."""

    subject: str
    body: str
    section: str


@dataclass(frozen=True)
class Message:
    """One message to one recipient. `key` is unique for ever: deciding the same message twice is a no-op.

    `address` is an email address, that of an enrolled chat (`zalo:…`), or the name of the environment variable holding
    an apprise URL. What nobody waits for goes out in office hours only (`office_hours_only`); an answer goes out at
    once. `in_reply_to` is the Message-ID of the mail that it answers, if it answers one.
    """

    key: str
    kind: str
    channel: str
    address: str
    recipient: str
    subject: str
    body: str
    not_before: datetime
    round_id: str | None = None
    unit: str | None = None
    attachments: tuple[Attachment, ...] = ()
    office_hours_only: bool = False
    in_reply_to: str | None = None
    section: str = ""
    """The matter alone, for a letter that tells one recipient several things; see `Letter`."""


@dataclass(frozen=True)
class QueuedMessage:
    """A message in the outbox, claimed by a dispatcher. `message_id` is the same at every attempt.

    `attempts` counts this one and those before it, `refusals` how often a server has refused this very message. One
    that tells a recipient several things at once has them as its `parts`; it stands in the place of the oldest.
    """

    id: int
    message: Message
    message_id: str
    attempts: int
    refusals: int = 0
    parts: tuple[QueuedMessage, ...] = ()

    @property
    def rows(self) -> tuple[QueuedMessage, ...]:
        """The messages of the outbox that this one takes with it: its parts, or itself alone."""
        return self.parts or (self,)


class MessagesKept(Protocol):
    """The outbox in a transaction. Every write is idempotent: repeating it changes nothing."""

    def queue(self, message: Message, at: datetime, *, is_answer: bool = False) -> bool:
        """Put a message in the outbox; False if one with its key is there already.

        A message about a round that is history is not queued either, unless it answers what somebody sent.
        """

    def message_keys(self, prefix: str) -> set[str]:
        """The keys in the outbox that begin so."""

    def record_missed(self, message: Message, at: datetime) -> bool:
        """Note that a message's time passed unsent; takes its key, so it cannot be sent afterwards."""

    def recover(self, now: datetime, reason: str) -> int:
        """Under an expired lease `claimed` returns to the queue, `sending` becomes `unknown`; how many became that."""

    def claim(
        self,
        *,
        by: str,
        now: datetime,
        lease: timedelta,
        limit: int,
        office_hours: bool = True,
        gathered_by: datetime | None = None,
    ) -> list[QueuedMessage]:
        """Take messages that are due, and all that waits for office hours and the same recipients as they.

        Outside office hours, only those that need not wait for them. What was decided after `gathered_by`, and waits
        for office hours, does not go by itself.
        """

    def mark_sending(self, message_ids: Sequence[int], by: str, until: datetime) -> set[int]:
        """The last word before the wire, held until then; those of which the claim was not lost."""

    def combine(self, lead: int, others: Sequence[int], subject: str, body: str) -> None:
        """Note that the others go out within `lead`, and the words that they have together."""

    def reminder_letters(
        self, plan_id: str, unit: str, address: str, *, since: date, now: datetime, but: Sequence[int]
    ) -> list[ReminderLetter]:
        """The letters of reminders that have gone to an address, in the unit's name, from the day `since` on; `but`
        are messages that are about to go, and no letter yet."""

    def take_along(self, plan_id: str, unit: str, address: str, by: str, until: datetime) -> list[QueuedMessage]:
        """Let the reminders to that recipient that wait go with the one that is about to: as `mark_sending` does."""

    def hold(self, message_ids: Sequence[int], by: str, until: datetime, reason: str) -> None:
        """Back in the queue from then on, as if they had not been taken up."""

    def mark_sent(self, message_ids: Sequence[int], at: datetime, answer: str) -> None: ...

    def put_off(self, message_ids: Sequence[int], by: str, until: datetime, reason: str, *, refused: bool) -> None:
        """Back in the queue from then on; `refused` if a server has said no to these very messages."""

    def mark_failed(self, message_ids: Sequence[int], by: str, at: datetime, error: str) -> None:
        """Failed for good."""

    def mark_unknown(self, message_ids: Sequence[int], by: str, at: datetime, answer: str) -> None:
        """They may or may not have gone out: a person decides."""

    def cancel(self, message_id: int, at: datetime, reason: str, *, missed: bool = False) -> None:
        """Settle a message unsent because it has become pointless, or (`missed`) because its time has passed."""

    def lock_outbox(self) -> None:
        """Let no dispatcher claim, and nobody decide about messages, until this transaction ends."""

    def requeue(self, message_ids: Sequence[int], at: datetime) -> None:
        """Begin anew with messages that a person wants to be tried again."""

    def cancel_queued(self, round_id: str, at: datetime, reason: str, unit: str | None = None) -> int:
        """Settle unsent what still waits in the queue for a round's office hours, or one unit's part of it."""

    def rewrite(self, message_id: int, subject: str, body: str, section: str) -> None:
        """Give a message that has not gone out the text of today."""

    def waiting_for_office_hours(self) -> int:
        """How many messages are in the queue that go out in office hours only."""

    def outbox_row(self, message_id: int) -> dict[str, Any] | None:
        """One message with all that is known of it."""

    def went_together(self, message_id: int) -> list[dict[str, Any]]:
        """The message and those that it went out with as one; empty if there is none of that id."""

    def messages(
        self,
        round_id: str | None = None,
        *,
        unit: str | None = None,
        state: str | None = None,
        day: date | None = None,
    ) -> list[dict[str, Any]]:
        """The outbox for people, oldest first: all of it, or a round's, a unit's, those in a state, those of a day.

        A message is of the day in Vietnam on which it was settled, or may go out if it still waits.
        """
