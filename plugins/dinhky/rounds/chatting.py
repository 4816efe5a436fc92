"""What the use cases know of chats with a bot: who has enrolled, what was heard, and what the bot and ledger can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

ZALO = "zalo:"
"""How the address of a chat with our Zalo bot begins; the chat id follows."""
_SHOWN = 4


def masked(address: str) -> str:
    """The address as lists and errors may show it: a chat id is personal data. Any other is shown as it is."""
    if not address.startswith(ZALO):
        return address
    return f"{ZALO}…{address[-_SHOWN:]}" if len(address) >= len(ZALO) + 2 * _SHOWN else f"{ZALO}…"


class Enrollee(NamedTuple):
    """Whom a chat belongs to: a contact is known by the address that the plan gives them."""

    plan_id: str
    unit: str
    email: str


class ChatState(StrEnum):
    """How it stands with an enrolled chat. In all but the first, the contact is written to by email alone."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    """The person has blocked the bot, or the chat is gone."""
    SILENT = "silent"
    """A message was tried for days and never taken."""
    LEFT = "left"
    """The person has asked for it."""
    FORGOTTEN = "forgotten"
    """The operator has erased the address."""


@dataclass(frozen=True)
class EnrolledChat:
    """One contact's chat. `changed_at` is when it came into its state, `reason` why."""

    whose: Enrollee
    address: str
    state: ChatState
    enrolled_at: datetime
    changed_at: datetime
    reason: str = ""


@dataclass(frozen=True)
class Heard:
    """Something that a person has written to the bot. `key` is the same whenever it is heard again."""

    key: str
    address: str
    text: str
    is_private: bool = True


class Bot(Protocol):
    """The bot's ear."""

    def hear(self, wait: timedelta) -> Heard | None:
        """The next message, or None if nobody has written any for as long as `wait`.

        Raises TemporaryDeliveryError if the service cannot be asked now.
        """


class ChatsKept(Protocol):
    """Reads and writes of enrolled chats, within one transaction of the ledger."""

    def enrolled_chats(self) -> Mapping[Enrollee, str]:
        """The addresses of all active chats."""

    def chats(self) -> list[EnrolledChat]:
        """Every chat ever enrolled, by plan, unit and contact."""

    def enrol_chat(self, whose: Enrollee, address: str, at: datetime) -> EnrolledChat | None:
        """Let this be the contact's chat, and the only one. Returns what was recorded of them before."""

    def end_chat(self, address: str, state: ChatState, at: datetime, reason: str) -> list[EnrolledChat]:
        """End all enrolments of an active chat, and cancel what still waits to go there. Returns those it ended."""

    def another_chat_took(self, address: str, since: datetime) -> bool:
        """Whether a message to any other chat was taken since then."""

    def forget_chat(self, whose: Enrollee, at: datetime) -> EnrolledChat | None:
        """Keep no longer which chat is a contact's. Returns it, or None if there was nothing to forget."""

    def take_heard(self, heard: Heard, at: datetime) -> bool:
        """Record that something was heard; False if it was heard before."""

    def settle_heard(self, key: str, outcome: str, *, answered: bool) -> None:
        """Record what came of it, and whether it was answered."""

    def heard_since(self, address: str, since: datetime) -> list[tuple[str, bool]]:
        """Of all that was heard from a chat since then, what came of it and whether it was answered."""
