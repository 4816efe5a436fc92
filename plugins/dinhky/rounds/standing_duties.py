"""Standing duties: asked about in a periodic report's workbook, and told to the supervisor where nobody told anything.

They have no deadline, hence no rounds of their own. Their periods are those of the report that carries the question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from dinhky.domain.assignment import State
from dinhky.domain.errors import CompilingRefused, UnknownName
from dinhky.domain.local_time import local
from dinhky.domain.plan import Kind, Obligation, Plan, Unit, unknown
from dinhky.domain.schedule import Round, rounds_of
from dinhky.domain.standing import standing_duties
from dinhky.rounds.correspondence import to_approver
from dinhky.rounds.lookup import plan_of
from dinhky.rounds.ports import LedgerTransaction, Office
from dinhky.rounds.succession import named_on, unit_of

STANDING = "standing"


@dataclass(frozen=True)
class StandingPart:
    """What one unit told about one standing duty in a period: empty if nothing. `is_excused` if it was waived."""

    unit: Unit
    text: str
    is_excused: bool = False

    @property
    def is_silent(self) -> bool:
        return not self.text and not self.is_excused


def carrying_report(plan: Plan) -> Obligation | None:
    """The report whose workbook asks about the plan's standing duties: the first that asks units at all."""
    for obligation in plan.obligations:
        if obligation.kind is Kind.REPORT and obligation.compiled_from is None:
            return obligation
    return None


def standing_rounds(office: Office, plan: Plan) -> list[Round]:
    """The rounds of the carrying report, in order; none in a plan without such a report."""
    report = carrying_report(plan)
    return rounds_of(plan, report, office.calendar) if report else []


def standing_parts(office: Office, plan_id: str, ref: str, period: str) -> list[StandingPart]:
    """What each unit told about a standing duty in a period, in the plan's order. Raises UnknownName."""
    plan, round_ = _carrier(office, plan_id, period)
    duties = {duty.ref: duty for duty in standing_duties(plan, round_.window)}
    if ref not in duties:
        raise unknown("unknown_obligation", ref, [*duties])
    with office.ledger.snapshot() as ledger:
        return _parts(ledger, plan, round_, duties[ref])


def close_standing(office: Office, plan_id: str, period: str, now: datetime) -> Mapping[str, list[StandingPart]]:
    """Tell the supervisor, once a period, what was told about the plan's standing duties and who told nothing.

    Returns the parts by duty. Raises CompilingRefused while units may still tell, also those who were given longer than
    the round's lock; UnknownName for a period that nobody was asked about.
    """
    plan, round_ = _carrier(office, plan_id, period)
    with office.ledger.transaction() as ledger:
        ledger.lock_round(round_.id)
        if not ledger.round_is_open(round_.id):
            raise UnknownName("round_not_opened", round_id=round_.id)
        awaited = [one for one in ledger.assignments(round_.id) if one.is_awaited(round_.locks, now)]
        if awaited:
            names, locks = [one.unit_name for one in awaited], max(one.closes(round_.locks) for one in awaited)
            raise CompilingRefused("units_still_open", round_id=round_.id, units=names, locks=locks)
        duties = standing_duties(plan, round_.window)
        parts = {duty.ref: _parts(ledger, plan, round_, duty) for duty in duties}
        message = to_approver(
            office,
            plan,
            round_,
            STANDING,
            template="standing_report",
            now=now,
            duties=[(duty, parts[duty.ref]) for duty in duties],
            silent=sum(part.is_silent for told in parts.values() for part in told),
        )
        if duties:
            ledger.queue(message, now)
    return parts


def _carrier(office: Office, plan_id: str, period: str) -> tuple[Plan, Round]:
    plan = plan_of(office, plan_id)
    rounds = standing_rounds(office, plan)
    for round_ in rounds:
        if round_.period.label == period:
            return plan, round_
    raise unknown("unknown_period", period, [round_.period.label for round_ in rounds])


def _parts(ledger: LedgerTransaction, plan: Plan, round_: Round, duty: Obligation) -> list[StandingPart]:
    assignments = {assignment.unit: assignment for assignment in ledger.assignments(round_.id)}
    parts = []
    for code in duty.units:
        assignment = assignments.get(code)
        told = ledger.content_of(assignment.submission_id) if assignment and assignment.submission_id else None
        texts = [row.text for row in told.standing if row.ref == duty.ref] if told else []
        is_excused = assignment is not None and assignment.state is State.WAIVED
        unit = unit_of(plan, assignment) if assignment else named_on(plan.unit(code), local(round_.locks).date())
        parts.append(StandingPart(unit, " ".join(text for text in texts if text), is_excused))
    return parts
