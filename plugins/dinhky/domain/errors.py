"""What can go wrong, as a tree that a caller can catch at the level it can answer.

DinhKyError
 ├─ PlanError               a plan file that cannot be used; carries every problem found in it
 ├─ PlanUnread              what somebody sent or asks is of a plan whose file cannot be read just now
 ├─ UnknownName             a plan, obligation, period or unit that does not exist
 ├─ CalendarGap             a date outside the years whose days off are known
 ├─ IllegalTransition       an assignment asked to move where its state does not lead
 ├─ CompilingRefused        a report asked for while units may still answer
 ├─ RankingRefused          a contest asked to be ranked while scores are missing or cannot be counted
 ├─ PhaseRefused            a phase of a contest asked for before the one before it has ended as it must
 ├─ DecisionRefused         an officer's decision about a unit's part that cannot be taken as things stand
 ├─ SendingRefused          a report asked to be sent without an approval of exactly these bytes
 ├─ MailboxError            the intake mailbox cannot be read now
 └─ DeliveryError           a message that did not go out
     ├─ TemporaryDeliveryError   worth another try
     │   └─ ServerUnavailable        no message of anybody's gets through there now
     │       └─ AccessRefused            until an operator sees to it
     ├─ UncertainDelivery        it may or may not have gone out: a person decides
     └─ PermanentDeliveryError   the server has said no for good
         └─ ChatEnded                to everything that would go to this chat

An error carries a `code` and `params`; the sentence a person reads is looked up in
`include/templates/messages/`, so that wording is edited without touching code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One thing wrong with something a person gave us.

    `code` names the sentence; `where` is the place as that person would find it (a line of a file, a sheet and cell);
    `params` fills the sentence: what was found, what is expected.
    """

    code: str
    where: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)


class DinhKyError(Exception):
    """Base of everything this package raises on purpose."""

    def __init__(self, code: str, /, **params: Any) -> None:
        super().__init__(code, params)
        self.code = code
        self.params = params

    def __str__(self) -> str:
        details = ", ".join(f"{name}={value!r}" for name, value in self.params.items())
        return f"{self.code}({details})"


class PlanError(DinhKyError):
    """A plan file that cannot be used. `problems` lists everything found, in file order."""

    def __init__(self, file: str, problems: tuple[Problem, ...]) -> None:
        super().__init__("plan_unusable", file=file, count=len(problems))
        self.file = file
        self.problems = problems


class PlanUnread(DinhKyError):
    """What somebody sent, or asks, is or may be of a plan whose file cannot be read just now: it waits."""


class UnknownName(DinhKyError):
    """A plan, obligation, period or unit that does not exist; `params` gives the nearest right one."""


class CalendarGap(DinhKyError):
    """A date outside the years whose days off are known: guessing a holiday would move a deadline."""


class IllegalTransition(DinhKyError):
    """An assignment asked to move where its state does not lead."""


class CompilingRefused(DinhKyError):
    """A report asked for while units may still answer: whatever Airflow's states say, the ledger decides."""


class RankingRefused(DinhKyError):
    """A contest asked to be ranked while scores are missing or cannot be counted: a missing score is never zero."""


class PhaseRefused(DinhKyError):
    """A phase of a contest asked to open or to close before what it builds on is there."""


class DecisionRefused(DinhKyError):
    """An officer's decision about a unit's part that cannot be taken as things stand: the code says why."""


class SendingRefused(DinhKyError):
    """A report asked to be sent without an approval, in the ledger, of exactly these bytes."""


class MailboxError(DinhKyError):
    """The intake mailbox cannot be read now: its server is not there, refuses us, or does not do as told."""


class DeliveryError(DinhKyError):
    """A message that did not go out."""


class TemporaryDeliveryError(DeliveryError):
    """The channel could not take the message now; trying again later may work.

    `retry_after`, in seconds, is how long the server asked us to wait, if it did.
    """


class ServerUnavailable(TemporaryDeliveryError):
    """The server is out of reach, or takes nothing from us now: no fault of this message, and the same for the next."""


class AccessRefused(ServerUnavailable):
    """The server does not let us in as we are set up: nothing gets through until an operator sees to it."""


class UncertainDelivery(DeliveryError):
    """The channel fell silent after it was given the message: trying again might deliver it twice."""


class PermanentDeliveryError(DeliveryError):
    """The channel refused the message for good: trying again would only annoy."""


class ChatEnded(PermanentDeliveryError):
    """The person has blocked the bot, or the chat is no more: nothing arrives there until they write to it again."""
