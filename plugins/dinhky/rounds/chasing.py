"""The chase tick: over all open rounds of all plans, what is due by now and not yet done becomes outbox rows.

It may run at any time, any number of times: the outbox key of each step makes a second decision a no-op, and a tick
after an outage decides the latest step only. A due date that was moved has a ladder of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby

from dinhky.domain.assignment import Assignment, rates
from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.chase import (
    UNIT_STEPS,
    Step,
    escalation_at,
    extension_reminder_at,
    in_office_hours,
    missed_steps,
    reminder_due,
)
from dinhky.domain.errors import UnknownName
from dinhky.domain.local_time import local
from dinhky.domain.plan import Plan
from dinhky.domain.schedule import Round
from dinhky.rounds.asking import extended, facts_for, is_invitation, wording
from dinhky.rounds.contest_answers import takes_until
from dinhky.rounds.correspondence import message_key, message_kind_and_unit, to_approver, to_unit
from dinhky.rounds.following import follow_plan
from dinhky.rounds.kept_messages import Message
from dinhky.rounds.lookup import round_of
from dinhky.rounds.ports import LedgerTransaction, Office

LOCK_EXTENDED = "lock_extended"
"""The event with which the ledger notes that a unit was given longer."""
MISSED_RECORDED_FOR = timedelta(days=60)
"""How long after its lock a round is still looked at, to record what an outage kept from being sent."""


@dataclass
class Decided:
    """What one tick decided: messages newly queued, and steps newly recorded as missed."""

    queued: int = 0
    missed: int = 0


def chase(office: Office, now: datetime) -> Decided:
    """Let open rounds follow the plan, then decide all that is due at `now`; nothing outside office hours."""
    decided = Decided()
    if not in_office_hours(now, office.calendar):
        return decided
    decided.queued += follow_plan(office, now).queued
    with office.ledger.snapshot() as ledger:
        waiting = ledger.waiting(not_over_before=now - MISSED_RECORDED_FOR)
    for round_id, _ in groupby(waiting, key=lambda assignment: assignment.round_id):
        try:
            plan, round_ = round_of(office, round_id)
        except UnknownName:
            continue  # its plan is unreadable just now, or no longer has it: no reason to leave the others unreminded
        if not round_.cancelled and _may_have_something_due(round_, now, office.calendar):
            with office.ledger.transaction() as ledger:
                ledger.lock_round(round_id)
                _chase_round(office, ledger, plan, round_, now, decided)
    return decided


def reminders(
    office: Office,
    ledger: LedgerTransaction,
    plan: Plan,
    round_: Round,
    assignment: Assignment,
    step: Step,
    now: datetime,
) -> Iterator[Message]:
    """The messages of one step to one unit, worded for `now`."""
    is_extension = step is Step.EXTENDED and assignment.locks_until is not None
    rung = _extended_rung(assignment) if is_extension else step.value + _ladder(ledger, round_)
    messages = to_unit(
        office,
        plan,
        round_,
        plan.unit(assignment.unit),
        step.value,
        template="reminder_extended" if is_extension else wording("reminder", round_),
        now=now,
        office_hours_only=True,
        returned_because=assignment.reason if assignment.state == "returned" else None,
        closes=assignment.closes(round_.locks),
        **facts_for(office, ledger, plan, round_, now),
    )
    for message in messages:
        yield replace(message, key=message_key(round_.id, rung, assignment.unit, message.address))


def escalation(office: Office, ledger: LedgerTransaction, plan: Plan, round_: Round, now: datetime) -> Message | None:
    """What the supervisor is told of a round whose units' due date has passed; None if nobody is missing."""
    assignments = ledger.assignments(round_.id)
    missing = [assignment for assignment in assignments if not assignment.settled]
    if not missing or is_invitation(round_):
        return None
    notice = to_approver(
        office,
        plan,
        round_,
        Step.ESCALATION.value,
        template=wording("escalation", round_),
        now=now,
        missing=[assignment.unit_name for assignment in missing],
        extended=extended(missing, round_),
        expected=rates(assignments).expected,
        **facts_for(office, ledger, plan, round_, now),
    )
    rung = Step.ESCALATION.value + _ladder(ledger, round_)
    return replace(notice, key=message_key(round_.id, rung, "", notice.address))


def _may_have_something_due(round_: Round, now: datetime, calendar: WorkingCalendar) -> bool:
    """Whether any step of the round lies behind us: what a tick asks of every open round must cost nothing."""
    return reminder_due(round_, (), now, calendar) is not None or now > round_.unit_due


def _chase_round(
    office: Office, ledger: LedgerTransaction, plan: Plan, round_: Round, now: datetime, decided: Decided
) -> None:
    waiting = [assignment for assignment in ledger.assignments(round_.id) if not assignment.settled]
    known = {unit.code for unit in (*plan.units, *plan.jurors)}
    done_by_unit = _steps_done(ledger, round_)
    for assignment in waiting:
        if assignment.unit not in known:
            continue  # taken out of the plan since: nobody to write to
        done = done_by_unit.get(assignment.unit, set())
        step = reminder_due(round_, done, now, office.calendar)
        for message in reminders(office, ledger, plan, round_, assignment, step, now) if step else ():
            decided.queued += ledger.queue(message, now)
        for missed in missed_steps(round_, done, now, office.calendar):
            for message in reminders(office, ledger, plan, round_, assignment, missed, now):
                decided.missed += ledger.record_missed(message, now)
        if _is_extension_ending(office, ledger, round_, assignment, now):
            for message in reminders(office, ledger, plan, round_, assignment, Step.EXTENDED, now):
                decided.queued += ledger.queue(message, now)
    ladder = _ladder(ledger, round_)
    if round_.is_over(now) and escalation_at(round_, office.calendar) <= now <= takes_until(office, round_):
        for assignment in (one for one in waiting if one.unit in known):
            if Step.OVERDUE not in done_by_unit.get(assignment.unit, set()):
                for message in reminders(office, ledger, plan, round_, assignment, Step.OVERDUE, now):
                    decided.queued += ledger.queue(message, now)
    told = Step.ESCALATION.value + ladder
    approver = plan.approver_of(round_.ref).email
    is_told = message_key(round_.id, told, "", approver) in ledger.message_keys(f"{round_.id}|{told}|")
    if not is_told and escalation_at(round_, office.calendar) <= now:
        notice = escalation(office, ledger, plan, round_, now)
        if notice and now > takes_until(office, round_):
            decided.missed += ledger.record_missed(notice, now)
        elif notice:
            decided.queued += ledger.queue(notice, now)


def _is_extension_ending(
    office: Office, ledger: LedgerTransaction, round_: Round, assignment: Assignment, now: datetime
) -> bool:
    """Whether a unit that was given longer is to be reminded of it: not by the way, on the day it was given."""
    until = assignment.locks_until
    if until is None or until <= round_.locks or not round_.unit_due < now <= until:
        return False
    due = extension_reminder_at(until, office.calendar)
    if due > now:
        return False
    given = ledger.last_events(LOCK_EXTENDED, [round_.id]).get((round_.id, assignment.unit))
    return given is not None and given["at"] < due


def _extended_rung(assignment: Assignment) -> str:
    """What the outbox keys of that reminder name: another day is told again."""
    return f"{Step.EXTENDED.value}@{local(assignment.locks_until):%Y%m%d}" if assignment.locks_until else ""


def _steps_done(ledger: LedgerTransaction, round_: Round) -> dict[str, set[Step]]:
    """The reminders of the round that stand in the outbox, by unit, read in one go: a tick looks at every round."""
    done: dict[str, set[Step]] = {}
    suffix = _ladder(ledger, round_)
    steps = {step.value + suffix: step for step in (*UNIT_STEPS, Step.OVERDUE)}
    for key in ledger.message_keys(f"{round_.id}|"):
        kind, unit = message_kind_and_unit(key)
        if kind in steps:
            done.setdefault(unit, set()).add(steps[kind])
    return done


def _ladder(ledger: LedgerTransaction, round_: Round) -> str:
    """What the outbox keys of the steps end in: the units' due date, unless the round opened with it."""
    is_as_opened = ledger.first_unit_due(round_.id) == round_.unit_due
    return "" if is_as_opened else f"@{local(round_.unit_due):%Y%m%d}"
