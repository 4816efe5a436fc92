"""The chase tick: over all open rounds of all plans, what is due by now and not yet done becomes outbox rows.

It may run at any time, any number of times: the outbox key of each step makes a second decision a no-op, and a tick
after an outage decides the latest step only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from dinhky.domain.assignment import Assignment, rates
from dinhky.domain.chase import (
    UNIT_STEPS,
    Step,
    escalation_at,
    in_office_hours,
    missed_steps,
    reminder_due,
)
from dinhky.domain.errors import UnknownName
from dinhky.domain.plan import Plan
from dinhky.domain.schedule import Round
from dinhky.rounds.correspondence import message_kind_and_unit, to_person, to_unit
from dinhky.rounds.lookup import round_of
from dinhky.rounds.ports import LedgerTransaction, Message, Office

MISSED_RECORDED_FOR = timedelta(days=60)
"""How long after its lock a round is still looked at, to record what an outage kept from being sent."""

_STEP_VALUES = {step.value for step in UNIT_STEPS}


@dataclass
class Decided:
    """What one tick decided: messages newly queued, and steps newly recorded as missed."""

    queued: int = 0
    missed: int = 0


def chase(office: Office, now: datetime) -> Decided:
    """Decide all reminders and escalations that are due at `now`; nothing outside office hours."""
    decided = Decided()
    if not in_office_hours(now, office.calendar):
        return decided
    with office.ledger.snapshot() as ledger:
        opened = ledger.opened_round_ids()
    for round_id in opened:
        try:
            plan, round_ = round_of(office, round_id)
        except UnknownName:
            continue  # its plan is unreadable just now, or no longer has it: no reason to leave the others unreminded
        if now <= round_.locks + MISSED_RECORDED_FOR:
            with office.ledger.transaction() as ledger:
                ledger.lock_round(round_id)
                _chase_round(office, ledger, plan, round_, now, decided)
    return decided


def _chase_round(
    office: Office, ledger: LedgerTransaction, plan: Plan, round_: Round, now: datetime, decided: Decided
) -> None:
    assignments = ledger.assignments(round_.id)
    waiting = [assignment for assignment in assignments if not assignment.settled]
    if not waiting:
        return
    known = {unit.code for unit in plan.units}
    done_by_unit = _steps_done(ledger, round_)
    for assignment in waiting:
        if assignment.unit not in known:
            continue  # taken out of the plan since: nobody to write to
        done = done_by_unit.get(assignment.unit, set())
        step = reminder_due(round_, done, now, office.calendar)
        if step:
            decided.queued += _put(
                office, plan, round_, assignment, step, now, lambda message: ledger.queue(message, now)
            )
        for missed in missed_steps(round_, done, now, office.calendar):
            decided.missed += _put(
                office, plan, round_, assignment, missed, now, lambda message: ledger.record_missed(message, now)
            )
    if escalation_at(round_, office.calendar) <= now:
        notice = to_person(
            office,
            plan,
            round_,
            Step.ESCALATION.value,
            name=plan.approver.name,
            email=plan.approver.email,
            template="escalation",
            now=now,
            missing=[assignment.unit_name for assignment in waiting],
            expected=rates(assignments).expected,
        )
        if round_.is_over(now):
            decided.missed += ledger.record_missed(notice, now)
        else:
            decided.queued += ledger.queue(notice, now)


def _steps_done(ledger: LedgerTransaction, round_: Round) -> dict[str, set[Step]]:
    """The reminders of the round that stand in the outbox, by unit, read in one go: a tick looks at every round."""
    done: dict[str, set[Step]] = {}
    for key in ledger.message_keys(f"{round_.id}|"):
        kind, unit = message_kind_and_unit(key)
        if kind in _STEP_VALUES:
            done.setdefault(unit, set()).add(Step(kind))
    return done


def _put(
    office: Office,
    plan: Plan,
    round_: Round,
    assignment: Assignment,
    step: Step,
    now: datetime,
    put: Callable[[Message], bool],
) -> int:
    unit = plan.unit(assignment.unit)
    messages = to_unit(
        office,
        plan,
        round_,
        unit,
        step.value,
        template="reminder",
        now=now,
        returned_because=assignment.reason if assignment.state == "returned" else None,
    )
    return sum(put(message) for message in messages)
