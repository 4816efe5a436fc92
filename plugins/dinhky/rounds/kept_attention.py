"""What the ledger can say of all that may need a person: messages, mails and reports that are stuck somewhere.

Instants that cross these lines are aware datetimes; the ledger stores and returns UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from dinhky.rounds.kept_reports import ReportVersion


@dataclass(frozen=True)
class MessageGlimpse:
    """A message without its words. `at` is when it was settled; when it was decided, if it still waits. `address` is
    as it may be shown.

    `reason` is what was noted last about why it stands where it stands.
    """

    id: int
    key: str
    state: str
    channel: str
    address: str
    recipient: str
    subject: str
    reason: str
    decided_at: datetime
    at: datetime


@dataclass(frozen=True)
class Bounce:
    """A mail of ours that came back after a server had taken it."""

    address: str
    reason: str
    at: datetime


@dataclass(frozen=True)
class UnmatchedMail:
    """A mail to the intake mailbox of which nobody could say for which unit it came."""

    sender: str
    subject: str
    received_at: datetime


class AttentionKept(Protocol):
    """Reads of the ledger, each one query."""

    def glimpses(self, keys: Sequence[str]) -> Mapping[str, MessageGlimpse]:
        """The messages with these keys, by key; one that is not there is left out."""

    def stuck_messages(self, missed_since: datetime) -> list[MessageGlimpse]:
        """Oldest first: what failed or may or may not have arrived (a person decides); what was tried, did not go out
        and is in the queue again; what was not sent because its time had passed, noted since then."""

    def bounces(self, since: datetime) -> list[Bounce]:
        """What came back since then, oldest first."""

    def unmatched_mails(self, outcomes: Sequence[str], since: datetime) -> list[UnmatchedMail]:
        """The mails with one of these outcomes, handled since then, oldest first."""

    def undecided_reports(self) -> list[ReportVersion]:
        """Of every round, the newest version of its report, where that is neither approved nor sent; oldest first."""
