"""What a broken promise is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dinhky.simulation.recording import Sent

Key = tuple[str, str, str, str]
"""What a message is about (a round, or the plan), its kind, the unit's code or nothing, and the address."""


class Broken(StrEnum):
    """The kinds of broken promises."""

    NEVER_SENT = "never_sent"
    SENT_TWICE = "sent_twice"
    NOT_WANTED = "not_wanted"
    """To a unit that had done its part, is not asked, or does not exist."""
    OVERTAKEN = "overtaken"
    """A reminder whose time had passed because the next one, or the due date, had come."""
    TOO_MANY_A_DAY = "too_many_a_day"
    """A second letter of reminders to a reader on a day."""
    TOO_MANY_A_WEEK = "too_many_a_week"
    """A fourth letter of reminders to a reader from a Monday to a Sunday, beside what is overdue."""
    OUTSIDE_HOURS = "outside_hours"
    AFTER_THE_LOCK = "after_the_lock"
    WRONG_DATE = "wrong_date"
    WRONG_DAYS_LEFT = "wrong_days_left"
    WRONG_NUMBER = "wrong_number"
    WRONG_VERDICT = "wrong_verdict"
    STUCK = "stuck"
    """A message that neither went out nor was settled."""
    UNKNOWN_MESSAGE = "unknown_message"
    NO_REPORT = "no_report"
    CLOSED_YEAR = "closed_year"
    """A message about a round that was over before the system was there."""


@dataclass(frozen=True)
class BrokenPromise:
    """One promise that was not kept. `found` and `expected` are texts for whoever looks into it."""

    what: Broken
    about: str
    unit: str = ""
    kind: str = ""
    at: datetime | None = None
    found: str = ""
    expected: str = ""


def key_of(sent: Sent, plan_id: str) -> Key:
    """The key of a message that was sent."""
    message = sent.message
    return message.round_id or plan_id, message.kind, message.unit or "", message.address


def broken(what: Broken, sent: Sent, key: Key, found: str = "", expected: str = "") -> BrokenPromise:
    """The promise that a message which was sent breaks."""
    return BrokenPromise(what, key[0], key[2], key[1], sent.at, found or sent.message.address, expected)
