"""How the duties that one person watches over stand at a moment: colours, who is late, what needs a decision, what is
due next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType

from dinhky.domain.assignment import Assignment, Rates, rates
from dinhky.domain.digests import Light, Matter, light_of
from dinhky.domain.local_time import local
from dinhky.domain.plan import Kind, Plan
from dinhky.domain.schedule import Round
from dinhky.rounds.asking import extended, is_invitation
from dinhky.rounds.contest_answers import takes_until
from dinhky.rounds.kept_rounds import OpenedRound
from dinhky.rounds.open_questions import OpenQuestion, questions_of
from dinhky.rounds.overdue import overdue
from dinhky.rounds.ports import LedgerTransaction, Office

NEAR_WORKING_DAYS = 10
"""How far ahead due dates are listed; the nearest is listed anyway."""


@dataclass(frozen=True)
class RoundStanding:
    """One open round. `missing` are the names of those who owe their part, `days_late` by how many working days.

    `extended` says until when those of them may answer who were given longer, by name. `days_left` counts working days
    after today, to the units' due day.
    """

    round: Round
    light: Light
    rates: Rates
    missing: tuple[str, ...]
    days_late: int
    days_left: int
    extended: Mapping[str, datetime]
    is_invitation: bool
    is_sent: bool

    @property
    def is_overdue(self) -> bool:
        return self.days_late > 0


@dataclass(frozen=True)
class NextDue:
    """A due date that is still to be kept: the units', or (`of_report`) that of the report itself."""

    day: date
    days_left: int
    round: Round
    of_report: bool


@dataclass(frozen=True)
class Oversight:
    """All of it, the most pressing first in each part."""

    standings: tuple[RoundStanding, ...]
    questions: tuple[OpenQuestion, ...]
    dues: tuple[NextDue, ...]
    matters: tuple[Matter, ...]

    def of(self, light: Light) -> list[RoundStanding]:
        """The rounds of one colour."""
        return [one for one in self.standings if one.light is light]


def oversight(office: Office, ledger: LedgerTransaction, plan: Plan, email: str, now: datetime) -> Oversight:
    """How the plan's duties stand of which the person with that address is told.

    A contest is told by its phases. A round is open until nothing is awaited or decided in it any more.
    """
    theirs = {round_.id: round_ for round_ in _rounds_of(office, plan) if plan.approver_of(round_.ref).email == email}
    opened = {one.id: one for one in ledger.opened_rounds() if one.id in theirs}
    held = [round_ for round_ in theirs.values() if (one := opened.get(round_.id)) and _is_held(round_, one)]
    parts = ledger.assignments_of([round_.id for round_ in held])
    questions = sorted(
        questions_of(office, ledger, theirs, opened.keys(), now), key=lambda one: (one.since, one.round.id)
    )
    asked_about = {question.round.id for question in questions}
    days_late = {late.round.id: max(late.working_days, 1) for late in overdue(office, now)}
    standings = [
        _standing(office, ledger, round_, parts.get(round_.id, []), round_.id in asked_about, days_late, now)
        for round_ in held
        if round_.id in asked_about or _is_open(office, round_, parts.get(round_.id, []), now)
    ]
    dues = sorted(
        (due for one in standings for due in _dues(office, one, now)), key=lambda due: (due.day, due.round.ref)
    )
    near = [due for due in dues if due.days_left <= NEAR_WORKING_DAYS] or dues[:1]
    order = [*Light]
    return Oversight(
        standings=tuple(
            sorted(standings, key=lambda one: (order.index(one.light), one.round.unit_due, one.round.id)),
        ),
        questions=tuple(questions),
        dues=tuple(near),
        matters=(*_matters(standings, dues), *(Matter(local(question.since).date()) for question in questions)),
    )


def _rounds_of(office: Office, plan: Plan) -> Iterator[Round]:
    for round_ in office.rounds.values():
        if round_.plan_id == plan.id and not (round_.kind is Kind.CONTEST and round_.phase is None):
            yield round_


def _is_held(round_: Round, opened: OpenedRound) -> bool:
    return not (round_.cancelled or opened.cancelled or opened.is_history)


def _is_open(office: Office, round_: Round, parts: Iterable[Assignment], now: datetime) -> bool:
    until = takes_until(office, round_)
    return now <= until or any(part.is_awaited(until, now) for part in parts)


def _standing(
    office: Office,
    ledger: LedgerTransaction,
    round_: Round,
    parts: Sequence[Assignment],
    is_asked_about: bool,
    days_late: Mapping[str, int],
    now: datetime,
) -> RoundStanding:
    today, last_day = local(now).date(), local(round_.unit_due).date()
    is_sent = round_.kind is Kind.REPORT and ledger.sent_report(round_.id) is not None
    missing = [part for part in parts if part.is_awaited(takes_until(office, round_), now)]
    counted = rates(parts)
    is_report_missing = round_.kind is Kind.REPORT and not counted.expected and not is_sent  # nobody is asked for it
    return RoundStanding(
        round=round_,
        light=light_of(
            is_overdue=round_.id in days_late,
            needs_decision=is_asked_about,
            is_anything_missing=is_report_missing or (bool(missing) and not is_invitation(round_)),
        ),
        rates=counted,
        missing=tuple(part.unit_name for part in missing),
        days_late=days_late.get(round_.id, 0),
        days_left=office.calendar.working_days_after(today, last_day) if today <= last_day else 0,
        extended=MappingProxyType(extended(missing, round_)),
        is_invitation=is_invitation(round_),
        is_sent=is_sent,
    )


def _dues(office: Office, standing: RoundStanding, now: datetime) -> Iterator[NextDue]:
    """The due dates that somebody still has to keep; one, where units' and report's are the same day."""
    today, round_ = local(now).date(), standing.round
    days = {}
    if standing.missing:
        days[local(round_.unit_due).date()] = False
    if round_.kind is Kind.REPORT and not standing.is_sent:
        days.setdefault(local(round_.due).date(), True)
    for day, of_report in days.items():
        if day >= today:
            yield NextDue(day, office.calendar.working_days_after(today, day), round_, of_report)


def _matters(standings: Iterable[RoundStanding], dues: Sequence[NextDue]) -> Iterator[Matter]:
    for standing in standings:
        own = tuple(due.day for due in dues if due.round.id == standing.round.id)
        yield Matter(local(standing.round.opens).date(), own)


def supervisors_of(plan: Plan) -> list[str]:
    """The addresses of those who watch over the plan's duties, each once; the plan's own supervisor first."""
    return list(dict.fromkeys(person.email for person in plan.approvers))


def name_of_supervisor(plan: Plan, email: str) -> str:
    """The name of one of them. Raises StopIteration for an address that is no supervisor's."""
    return next(person.name for person in plan.approvers if person.email == email)
