"""A commune's yearly plan as the rest of the system sees it: who, what, how often, until when, and what was assumed."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum

from dinhky.domain.errors import UnknownName
from dinhky.domain.period import Cadence, Window


class Kind(StrEnum):
    """What fulfils an obligation."""

    REPORT = "report"
    """A document compiled from every unit's workbook."""
    POSTS = "posts"
    """So many published items."""
    MILESTONE = "milestone"
    """One product by one date."""
    CONTEST = "contest"
    """A contest with phases."""
    CONTINUOUS = "continuous"
    """A standing duty without a deadline; told in the quarter's workbook."""


class Roll(StrEnum):
    """Where a deadline goes when it falls on a day off."""

    FORWARD = "forward"
    BACKWARD = "backward"


@dataclass(frozen=True)
class DueRule:
    """When a period's duty is due: exactly one of the three.

    `day_of_last_month`: that day of the period's last month ("15 tháng cuối quý"). `within_month`: the last day of
    that month of the plan's year. `on`: that very date. With none of them, the last day of the period.
    """

    day_of_last_month: int | None = None
    within_month: int | None = None
    on: date | None = None
    roll: Roll = Roll.BACKWARD


@dataclass(frozen=True)
class Contact:
    """A person who speaks for a unit. `chat` names the environment variable holding an apprise URL, never the URL."""

    name: str
    email: str
    chat: str | None = None


@dataclass(frozen=True)
class Unit:
    """Someone who owes something. `code` is ours and ASCII; `name` is what people read."""

    code: str
    name: str
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True)
class Assumption:
    """Something the document does not say and the plan file had to: shown as such until an officer confirms it."""

    field: str
    reason: str


@dataclass(frozen=True)
class Obligation:
    """A row of the plan. `source` is its place in the document; `assumed` lists what that document does not say.

    `count` is the number of items owed per period (by each unit if `per_unit`). `lead` answers for it, `units` are
    the ones asked. The working-day and hour settings shape the round: see `dinhky.domain.schedule`.
    """

    ref: str
    source: str
    name: str
    kind: Kind
    cadence: Cadence | None
    lead: tuple[str, ...]
    units: tuple[str, ...]
    due: DueRule = field(default_factory=DueRule)
    window: Window = Window.CALENDAR
    count: int | None = None
    per_unit: bool = False
    channel: str | None = None
    product: str = ""
    quote: str = ""
    unit_due_working_days_before: int = 0
    locks_at: time | None = None
    form: str | None = None
    assumed: tuple[Assumption, ...] = ()


@dataclass(frozen=True)
class Person:
    """Someone named by the plan: `user` is the name they log in with."""

    user: str
    name: str
    email: str
    title: str = ""


@dataclass(frozen=True)
class Recipient:
    """Where the finished report goes. `name` stands after "Kính gửi:" and in the message."""

    name: str
    email: str


@dataclass(frozen=True)
class Letterhead:
    """How this body's documents begin and end (Decree 30/2020/NĐ-CP, annex I)."""

    issuer: tuple[str, ...]
    place: str
    symbol: str
    authority: tuple[str, ...]
    signer: str
    copies: tuple[str, ...]
    filing: str
    parent: str | None = None


@dataclass(frozen=True)
class Plan:
    """One commune's plan for one year. Rounds due before `effective_from` do not exist.

    `document` names the paper that imposes the duties. `approver` decides on reports and hears who is late; `compiler`
    is the unit that puts reports together.
    """

    id: str
    title: str
    commune: str
    year: int
    effective_from: date
    document: str
    subject: str
    letterhead: Letterhead
    approver: Person
    compiler: str
    report_to: tuple[Recipient, ...]
    channels: dict[str, str]
    units: tuple[Unit, ...]
    obligations: tuple[Obligation, ...]

    def unit(self, code: str) -> Unit:
        """The unit of that code. Raises UnknownName."""
        for unit in self.units:
            if unit.code == code:
                return unit
        raise unknown("unknown_unit", code, [unit.code for unit in self.units])

    def obligation(self, ref: str) -> Obligation:
        """The obligation of that ref. Raises UnknownName."""
        for obligation in self.obligations:
            if obligation.ref == ref:
                return obligation
        raise unknown("unknown_obligation", ref, [obligation.ref for obligation in self.obligations])


def nearest(wrong: str, right: list[str]) -> str | None:
    """The right name that looks most like the wrong one, if any looks like it at all."""
    found = difflib.get_close_matches(str(wrong), right, n=1, cutoff=0.5)
    return found[0] if found else None


def unknown(code: str, found: str, expected: list[str]) -> UnknownName:
    """The error for a name that does not exist, with the right names and the nearest of them."""
    return UnknownName(code, found=found, expected=expected, nearest=nearest(found, expected))
