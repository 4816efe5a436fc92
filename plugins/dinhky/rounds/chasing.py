"""The chase tick: over all open rounds of all plans, what is due by now and not yet done becomes outbox rows.

It may run at any time, any number of times: the outbox key of each step makes a second decision a no-op, and a tick
after an outage decides the latest step only. A due date that was moved has a ladder of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from dinhky.domain.assignment import Assignment, State, rates
from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.chase import (
    Due,
    Step,
    days_of_rung,
    escalation_at,
    extension_reminder_at,
    in_office_hours,
    is_reminder,
    mend_reminder_at,
    missed_steps,
    overdue_ladder,
    overdue_reminder_due,
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
RETURNED = f"assignment_{State.RETURNED.value}"
"""The event with which the ledger notes that a unit's answer was sent back."""
MISSED_RECORDED_FOR = timedelta(days=60)
"""How long after its lock a round is still looked at, to record what an outage kept from being sent."""

_MENDING = frozenset({Step.MEND, Step.MEND_OVERDUE})
_WAITING = frozenset({"queued", "claimed", "sending"})
_GONE = frozenset({"sent", "unknown"})


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
    for round_id, parts in groupby(waiting, key=lambda assignment: assignment.round_id):
        try:
            plan, round_ = round_of(office, round_id)
        except UnknownName:
            continue  # its plan is unreadable just now, or no longer has it: no reason to leave the others unreminded
        if not round_.cancelled and _may_have_something_due(round_, parts, now, office.calendar):
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
    step: str,
    now: datetime,
) -> Iterator[Message]:
    """The messages of one step to one unit, worded for `now`."""
    template, told = wording("reminder", round_), step + _ladder(ledger, round_)
    if step == Step.EXTENDED:
        template, told = "reminder_extended", _extended_rung(assignment)
    elif step in _MENDING:
        template, told = "reminder_returned", _mend_rung(ledger, round_, assignment)
    elif (days_of_rung(step) or 0) > 0:
        template = "reminder_overdue"
    messages = to_unit(
        office,
        plan,
        round_,
        plan.unit(assignment.unit),
        step,
        template=template,
        now=now,
        office_hours_only=True,
        returned_because=assignment.reason if assignment.state is State.RETURNED else None,
        closes=assignment.closes(takes_until(office, round_)),
        working_days_late=office.calendar.working_days_after(local(round_.unit_due).date(), local(now).date()),
        **facts_for(office, ledger, plan, round_, now),
    )
    for message in messages:
        yield replace(message, key=message_key(round_.id, told, assignment.unit, message.address))


def queue_due(
    office: Office,
    ledger: LedgerTransaction,
    plan: Plan,
    unit: str,
    now: datetime,
    *,
    by: datetime,
    told: Collection[tuple[str, str]],
) -> int:
    """Decide whatever a letter to the unit must tell now: all that is due at `now` in any round, and of what is not
    overdue, all that will be due `by` then. How many messages that is, to all who speak for the unit.

    `told` are the rounds and steps that the letter tells already: nearly always all there is, and then nothing is read
    about them.
    """
    queued = 0
    for part in ledger.waiting(now - MISSED_RECORDED_FOR, plan_id=plan.id, unit=unit):
        round_ = office.rounds.get(part.round_id)
        if round_ is None or round_.cancelled:
            continue
        done = {step for about, step in told if about == round_.id}
        if done >= {*_due(office, ledger, round_, part, done, now, by)}:
            continue
        done |= _steps_done(ledger, round_).get(unit, set())
        for step in _due(office, ledger, round_, part, done, now, by):
            queued += sum(ledger.queue(one, now) for one in reminders(office, ledger, plan, round_, part, step, now))
    return queued


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


def _may_have_something_due(
    round_: Round, parts: Iterable[Assignment], now: datetime, calendar: WorkingCalendar
) -> bool:
    """Whether any step of the round lies behind us: what a tick asks of every open round must cost nothing."""
    is_in_time = reminder_due(round_, (), now, calendar) is None and now <= round_.unit_due
    return not is_in_time or any(part.state is State.RETURNED for part in parts)


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
        for step in _due(office, ledger, round_, assignment, done, now, now):
            for message in reminders(office, ledger, plan, round_, assignment, step, now):
                decided.queued += ledger.queue(message, now)
        overdue = _overdue_ladder(office, ledger, round_, assignment) if now > assignment.closes(round_.locks) else ()
        for missed in missed_steps(round_, overdue, done, now, office.calendar):
            for message in reminders(office, ledger, plan, round_, assignment, missed, now):
                decided.missed += ledger.record_missed(message, now)
    told = Step.ESCALATION.value + _ladder(ledger, round_)
    approver = plan.approver_of(round_.ref).email
    is_told = message_key(round_.id, told, "", approver) in ledger.message_keys(f"{round_.id}|{told}|")
    if not is_told and escalation_at(round_, office.calendar) <= now:
        notice = escalation(office, ledger, plan, round_, now)
        if notice and now > takes_until(office, round_):
            decided.missed += ledger.record_missed(notice, now)
        elif notice:
            decided.queued += ledger.queue(notice, now)


def _due(
    office: Office,
    ledger: LedgerTransaction,
    round_: Round,
    part: Assignment,
    done: Collection[str],
    now: datetime,
    by: datetime,
) -> Iterator[str]:
    """What a unit that has not answered is to be reminded by now: all that is due at `now`, and of what is not overdue
    the latest that will be due `by` then."""
    step = reminder_due(round_, done, now, office.calendar, by)
    if step is None and now <= part.closes(round_.locks):
        step = overdue_reminder_due(_overdue_ladder(office, ledger, round_, part), done, round_, now)
    if step:
        yield step
    elif _is_to_be_mended(office, ledger, round_, part, now, by):
        yield Step.MEND_OVERDUE if now > round_.unit_due else Step.MEND
    if _is_extension_ending(office, ledger, round_, part, now):
        yield Step.EXTENDED
    is_waited_for = round_.is_over(now) and escalation_at(round_, office.calendar) <= now <= takes_until(office, round_)
    if is_waited_for and Step.OVERDUE not in done:
        yield Step.OVERDUE


def _overdue_ladder(office: Office, ledger: LedgerTransaction, round_: Round, part: Assignment) -> list[Due]:
    until = part.locks_until
    if until is None:
        return overdue_ladder(round_, office.calendar)
    given = ledger.last_events(LOCK_EXTENDED, [round_.id]).get((round_.id, part.unit))
    return overdue_ladder(round_, office.calendar, until=until, given_at=given["at"] if given else None)


def _is_to_be_mended(
    office: Office, ledger: LedgerTransaction, round_: Round, part: Assignment, now: datetime, by: datetime
) -> bool:
    """Whether a file that was sent back has lain so long that the unit is to be reminded, and it has heard of the round
    neither since nor is about to."""
    if part.state is not State.RETURNED or now > part.closes(takes_until(office, round_)):
        return False
    returned = _last_return(ledger, round_, part)
    due = mend_reminder_at(round_, returned["at"], office.calendar) if returned else None
    if returned is None or due is None or due > (now if now > round_.unit_due else by):
        return False
    return not any(
        row["state"] in _WAITING or (row["state"] in _GONE and row["settled_at"] >= returned["at"])
        for row in ledger.messages(round_.id, unit=part.unit)
        if is_reminder(row["kind"])
    )


def _last_return(ledger: LedgerTransaction, round_: Round, part: Assignment) -> dict[str, Any] | None:
    return ledger.last_events(RETURNED, [round_.id]).get((round_.id, part.unit))


def _mend_rung(ledger: LedgerTransaction, round_: Round, part: Assignment) -> str:
    """What the outbox keys of that reminder name: the file, and when it was sent back. Sent back again, it is told
    again."""
    returned = _last_return(ledger, round_, part)
    if returned is None:
        return Step.MEND.value
    return f"{Step.MEND.value}-{returned['detail'].get('submission') or 0}@{local(returned['at']):%Y%m%d%H%M%S}"


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


def _steps_done(ledger: LedgerTransaction, round_: Round) -> dict[str, set[str]]:
    """The reminders of the round that stand in the outbox, by unit, read in one go: a tick looks at every round."""
    done: dict[str, set[str]] = {}
    ladder = _ladder(ledger, round_)
    for key in ledger.message_keys(f"{round_.id}|"):
        told, unit = message_kind_and_unit(key)
        step = told.removesuffix(ladder)
        if told.endswith(ladder) and (step == Step.OVERDUE or days_of_rung(step) is not None):
            done.setdefault(unit, set()).add(step)
    return done


def _ladder(ledger: LedgerTransaction, round_: Round) -> str:
    """What the outbox keys of the steps end in: the units' due date, unless the round opened with it."""
    is_as_opened = ledger.first_unit_due(round_.id) == round_.unit_due
    return "" if is_as_opened else f"@{local(round_.unit_due):%Y%m%d}"
