"""A commune's yearly plan as the rest of the system sees it: who, what, how often, until when, and what was assumed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, time
from enum import StrEnum
from functools import cached_property

from dinhky.domain.contest import Contest, PhaseKind
from dinhky.domain.errors import UnknownName
from dinhky.domain.people import Contact, Person
from dinhky.domain.period import Cadence, Window
from dinhky.domain.reminders import USUAL, Reminders


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
class FormerName:
    """What a unit was called up to and including the day `until`."""

    until: date
    name: str


@dataclass(frozen=True)
class Unit:
    """Someone who owes something. `code` is ours and ASCII; `name` is what people read.

    It exists from `since` to `until`, both included; None is without end. What it owed goes to `succeeded_by` the day
    after `until`: a merger is two units with one successor, a split one unit with two.
    """

    code: str
    name: str
    contacts: tuple[Contact, ...] = ()
    since: date | None = None
    until: date | None = None
    succeeded_by: tuple[str, ...] = ()
    former_names: tuple[FormerName, ...] = ()

    def exists_on(self, day: date) -> bool:
        """Whether anything can be asked of the unit on that day."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)

    def contacts_on(self, day: date) -> tuple[Contact, ...]:
        """Who speaks for the unit on that day, each address once."""
        there = [found for contact in self.contacts if (found := contact.on(day))]
        return tuple({contact.email: contact for contact in reversed(there)}.values())[::-1]

    def still_here_on(self, day: date) -> tuple[Contact, ...]:
        """Who may send for the unit on that day: also those who are away, but nobody who has left."""
        return tuple(contact for contact in self.contacts if contact.until is None or day <= contact.until)

    def name_on(self, day: date) -> str:
        """What the unit was called on that day."""
        former = [past for past in self.former_names if day <= past.until]
        return min(former, key=lambda past: past.until).name if former else self.name


@dataclass(frozen=True)
class Assumption:
    """Something the document does not say and the plan file had to: shown as such until an officer confirms it."""

    field: str
    reason: str


@dataclass(frozen=True)
class MovedDue:
    """A period's due date moved once, to exactly `due`, and why."""

    period: str
    due: date
    reason: str


@dataclass(frozen=True)
class CancelledRound:
    """A period in which the duty is not asked for, and why."""

    period: str
    reason: str


@dataclass(frozen=True)
class RotaOverride:
    """Who writes in a period, whatever the rota would say, and why."""

    period: str
    units: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Amendment:
    """The duty as a later document has it, for the rounds due on or after `since`. None leaves a field as it was.

    `source` names the amending document.
    """

    since: date
    source: str
    reason: str
    name: str | None = None
    count: int | None = None
    units: tuple[str, ...] | None = None
    lead: tuple[str, ...] | None = None
    channel: str | None = None
    due: DueRule | None = None


@dataclass(frozen=True)
class Obligation:
    """A row of the plan. `source` is its place in the document; `assumed` lists what that document does not say.

    `count` is the number of items owed per period (by each unit if `per_unit`; shared out by a fair rota among the
    units if `rota`); only items in one of `fields` count, if any is named. `lead` answers for it, `units` are the ones
    asked. `compiled_from` names the shorter report whose accepted rounds this one is compiled from: nobody is asked
    again. The working-day and hour settings shape the round: see `dinhky.domain.schedule`. Rounds due outside `since`
    to `until` do not exist; `opens_on` replaces the first day of the window as the day the round opens. A contest's
    phases are duties of their own (`Plan.phases_of`); `phase` says which one this is.
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
    fields: tuple[str, ...] = ()
    carries_surplus: bool = False
    rota: bool = False
    rota_overrides: tuple[RotaOverride, ...] = ()
    compiled_from: str | None = None
    contest: Contest | None = None
    phase: PhaseKind | None = None
    opens_on: date | None = None
    since: date | None = None
    until: date | None = None
    amended: tuple[Amendment, ...] = ()
    moved: tuple[MovedDue, ...] = ()
    cancelled: tuple[CancelledRound, ...] = ()
    approver: Person | None = None
    """Who decides on its reports and hears who is late, if not the plan's approver."""
    reminders: Reminders | None = None
    """When its units are reminded, if not as the plan says."""

    def is_assumed(self, *fields: str) -> bool:
        """Whether the plan file, not the document, says any of these."""
        return any(item.field in fields for item in self.assumed)

    def amended_by(self, amendment: Amendment) -> Obligation:
        """The duty with one amendment applied."""
        changed = {
            name: value
            for name in ("name", "count", "units", "lead", "channel", "due")
            if (value := getattr(amendment, name)) is not None
        }
        return replace(self, **changed)


FORM_OF_PHASE = {
    PhaseKind.ENTRIES: "contest_entry",
    PhaseKind.PRELIMINARY: "contest_score",
    PhaseKind.FINAL: "contest_score",
}
"""The workbooks of the phases in which something comes in; of the others a proof is asked, as of any milestone."""


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
    assumed: tuple[Assumption, ...] = ()
    """What concerns the whole plan and its document does not say: the day it takes effect, whom reports go to."""
    reminders: Reminders = USUAL

    @cached_property
    def jurors(self) -> tuple[Unit, ...]:
        """The jurors of all its contests, as parties that are asked and answer like units."""
        return tuple(
            Unit(juror.code, juror.name, (Contact(juror.name, juror.email, juror.chat),))
            for obligation in self.obligations
            if obligation.contest
            for juror in obligation.contest.jurors
        )

    def unit(self, code: str) -> Unit:
        """The unit, or juror, of that code. Raises UnknownName."""
        for unit in (*self.units, *self.jurors):
            if unit.code == code:
                return unit
        raise unknown("unknown_unit", code, [unit.code for unit in self.units])

    def existing(self, codes: Iterable[str], day: date) -> tuple[str, ...]:
        """Of these units, those that exist on `day`, each gone one replaced by what succeeded it; each once, in order.

        A code that the plan does not know stands for nobody.
        """
        found: dict[str, None] = {}
        for code in codes:
            found |= dict.fromkeys(self._standing_for(code, day, frozenset()))
        return tuple(found)

    def _standing_for(self, code: str, day: date, seen: frozenset[str]) -> tuple[str, ...]:
        unit = next((one for one in (*self.units, *self.jurors) if one.code == code), None)
        if unit is None or code in seen:
            return ()
        if unit.exists_on(day):
            return (code,)
        if unit.until is None or day <= unit.until:
            return ()
        return tuple(
            heir for successor in unit.succeeded_by for heir in self._standing_for(successor, day, seen | {code})
        )

    def phases_of(self, obligation: Obligation) -> tuple[Obligation, ...]:
        """A contest's phases as duties of their own, in order; their refs are such as `PL-6.entries`.

        Entries are asked of the contest's units, scores of its jurors, a proof that it was done of its lead. Moving the
        contest's due date moves no phase: their days stand in the contest itself.
        """
        if obligation.contest is None or obligation.phase:
            return ()
        jurors = tuple(juror.code for juror in obligation.contest.jurors)
        asked = {PhaseKind.ENTRIES: obligation.units, PhaseKind.PRELIMINARY: jurors, PhaseKind.FINAL: jurors}
        return tuple(
            replace(
                obligation,
                ref=f"{obligation.ref}.{phase.kind}",
                kind=Kind.CONTEST if phase.kind in asked else Kind.MILESTONE,
                phase=phase.kind,
                units=asked.get(phase.kind, obligation.lead),
                form=FORM_OF_PHASE.get(phase.kind),
                opens_on=phase.opens,
                due=DueRule(on=phase.due),
                amended=tuple(replace(amendment, due=None) for amendment in obligation.amended),
                moved=(),
            )
            for phase in obligation.contest.phases
        )

    def approver_of(self, ref: str) -> Person:
        """Who decides on the obligation's reports and hears who is late. Raises UnknownName."""
        return self.obligation(ref).approver or self.approver

    @property
    def approvers(self) -> tuple[Person, ...]:
        """Everybody who decides on anything, each once; the plan's own first."""
        own = [obligation.approver for obligation in self.obligations if obligation.approver]
        return tuple(dict.fromkeys([self.approver, *own]))

    def obligation(self, ref: str) -> Obligation:
        """The obligation, or phase of a contest, of that ref. Raises UnknownName."""
        if ref in self._by_ref:
            return self._by_ref[ref]
        raise unknown("unknown_obligation", ref, [obligation.ref for obligation in self.obligations])

    @cached_property
    def _by_ref(self) -> dict[str, Obligation]:
        """Obligations and phases; of two with one ref, the first."""
        found: dict[str, Obligation] = {}
        for obligation in self.obligations:
            for one in (obligation, *self.phases_of(obligation)):
                found.setdefault(one.ref, one)
        return found


def nearest(wrong: str, right: list[str]) -> str | None:
    """The right name that looks most like the wrong one, if any looks like it at all."""
    found = difflib.get_close_matches(str(wrong), right, n=1, cutoff=0.5)
    return found[0] if found else None


def unknown(code: str, found: str, expected: list[str]) -> UnknownName:
    """The error for a name that does not exist, with the right names and the nearest of them."""
    return UnknownName(code, found=found, expected=expected, nearest=nearest(found, expected))
