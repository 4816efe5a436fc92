"""What an officer decides about a unit's part: return what was accepted, expect nothing, note that there is nothing to
report, give it longer. `dinhky.rounds.held_files` is about files that came too late.

Each is one transaction with all its consequences, recorded with who, when and why; the same decision taken twice
changes nothing and returns False.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from dinhky.domain.assignment import NIL_IS_AN_ANSWER, State
from dinhky.domain.contest import SCORED
from dinhky.domain.errors import Problem
from dinhky.domain.plan import Kind
from dinhky.domain.posts import told_by
from dinhky.rounds.decision_rules import (
    Part,
    Ruling,
    counting_file,
    is_repeated,
    is_waived_by_plan,
    part_for_decision,
    record_and_tell,
    recount_items,
    refuse_if_told,
    refuse_if_waived,
)
from dinhky.rounds.ports import LedgerTransaction, Office
from dinhky.rounds.posting import tally_of

LONGEST_EXTENSION = timedelta(days=60)
"""How long after a round's lock a unit may be given: a slip in the year must not keep a report waiting for ever."""
_TAKEN_IN = {State.ACCEPTED, State.COMPILED}


def return_accepted(office: Office, round_id: str, unit: str, reason: str, by: str, now: datetime) -> bool:
    """Send an accepted answer back with a reason: it is out of every total, and the unit owes its part again.

    Of a quota of items it is the unit's log that goes back, with the items in it. A report that was compiled with the
    answer is outdated from then on. Raises DecisionRefused if there is no such answer, or it was told on already.
    """
    with office.ledger.transaction() as ledger:
        part = part_for_decision(office, ledger, round_id, unit, by, reason)
        if is_repeated(ledger, part, Ruling.RETURNED):
            return False
        refuse_if_told(office, ledger, part, now)
        file = counting_file(ledger, part)
        is_log = part.round.kind is Kind.POSTS
        is_nil = part.assignment.state is State.NIL and not part.round.phase
        is_taken = part.assignment.state in _TAKEN_IN or (is_log and part.assignment.state is not State.WAIVED)
        if not is_nil and not (file and is_taken):
            raise part.refusal("decision_nothing_to_return")
        if file:
            why = Problem("returned_by_officer", params={"reason": part.reason.rstrip(". ")})
            file = ledger.decide_submission(file, "returned", [why])
        if not is_log:
            ledger.move(round_id, unit, State.RETURNED, at=now, actor=part.by, reason=part.reason, submission=file)
        ledger.withdraw_items(round_id, unit, now)
        recount_items(office, ledger, part, now)
        if is_log:
            _let_log_owe(ledger, part, now)
        record_and_tell(office, ledger, part, Ruling.RETURNED, now, {"file": file.number if file else None}, file=file)
    return True


def waive(office: Office, round_id: str, unit: str, reason: str, by: str, now: datetime) -> bool:
    """Expect nothing of a unit in this round: it is out of the denominator, and not reminded any more.

    Raises DecisionRefused for one that has answered (its answer is to be returned first) and for jurors, without whom
    the jury's chair goes on by `dinhky.rounds.contests.let_off`.
    """
    with office.ledger.transaction() as ledger:
        part = part_for_decision(office, ledger, round_id, unit, by, reason)
        if part.assignment.state is State.WAIVED:
            if is_waived_by_plan(ledger, part):
                raise part.refusal("decision_waived_by_plan")
            return False
        _refuse_for_jurors(part)
        refuse_if_told(office, ledger, part, now)
        if part.assignment.state in _TAKEN_IN:
            raise part.refusal("decision_answered_already")
        ledger.move(round_id, unit, State.WAIVED, at=now, actor=part.by, reason=part.reason)
        ledger.cancel_queued(round_id, now, part.reason, unit=unit)
        recount_items(office, ledger, part, now)
        record_and_tell(office, ledger, part, Ruling.WAIVED, now)
    return True


def unwaive(office: Office, round_id: str, unit: str, reason: str, by: str, now: datetime) -> bool:
    """Take an officer's waiver back: the unit's part is asked for again; a good file that came meanwhile counts.

    Raises DecisionRefused if nobody has waived the unit, or the plan does not ask it.
    """
    with office.ledger.transaction() as ledger:
        part = part_for_decision(office, ledger, round_id, unit, by, reason)
        if is_repeated(ledger, part, Ruling.UNWAIVED):
            return False
        if part.assignment.state is not State.WAIVED:
            raise part.refusal("decision_not_waived")
        if is_waived_by_plan(ledger, part):
            raise part.refusal("decision_waived_by_plan")
        _refuse_for_jurors(part)
        refuse_if_told(office, ledger, part, now)
        ledger.move(round_id, unit, State.OPEN, at=now, actor=part.by)
        if part.round.kind is not Kind.POSTS and (file := counting_file(ledger, part)):
            through = State.SUBMITTED
            ledger.move(round_id, unit, State.ACCEPTED, through=through, at=now, actor=part.by, submission=file)
        recount_items(office, ledger, part, now)
        record_and_tell(office, ledger, part, Ruling.UNWAIVED, now)
    return True


def record_nil(
    office: Office, round_id: str, unit: str, reason: str, by: str, now: datetime, *, by_unit: bool = False
) -> bool:
    """Note that a unit has nothing to report: it has answered, with no rows. `by_unit`: it says so itself.

    A quota counts none of its items then; what the unit tells later counts after all. Raises DecisionRefused for duties
    that ask for a product or for scores, for a unit that has told something, and, said by the unit, after the lock.
    """
    with office.ledger.transaction() as ledger:
        part = part_for_decision(office, ledger, round_id, unit, by, reason)
        if part.assignment.state is State.NIL:
            return False
        if part.round.kind not in NIL_IS_AN_ANSWER:
            raise part.refusal("decision_nil_not_here")
        refuse_if_told(office, ledger, part, now)
        refuse_if_waived(part)
        if by_unit and now > part.taken_until:
            raise part.refusal("decision_only_by_officer", locks=part.taken_until)
        if part.assignment.state in _TAKEN_IN or _has_items(office, ledger, part):
            raise part.refusal("decision_answered_already")
        last_moment = told_by(part.round) if part.round.kind is Kind.POSTS else part.round.unit_due
        is_late = now > last_moment
        ledger.move(round_id, unit, State.NIL, at=now, actor=part.by, reason=part.reason, late=is_late)
        record_and_tell(office, ledger, part, Ruling.NIL, now, {"by_unit": by_unit, "late": is_late}, by_unit=by_unit)
    return True


def extend_lock(
    office: Office,
    round_id: str,
    unit: str,
    until: datetime,
    reason: str,
    by: str,
    now: datetime,
    *,
    even_past_due: bool = False,
) -> bool:
    """Take one unit's files `until` then, although the round locks before; compiling waits for it as long.

    It stays late by the units' due date. Raises DecisionRefused for a moment that gives it nothing, that lies more than
    `LONGEST_EXTENSION` after the lock, or past the day on which the report is due, unless `even_past_due`.
    """
    with office.ledger.transaction() as ledger:
        part = part_for_decision(office, ledger, round_id, unit, by, reason)
        round_ = part.round
        if part.assignment.locks_until == until:
            return False
        if round_.phase:
            raise part.refusal("decision_not_in_a_contest")
        refuse_if_told(office, ledger, part, now)
        refuse_if_waived(part)
        if until <= max(now, round_.locks):
            raise part.refusal("decision_extension_gives_nothing", until=until, locks=round_.locks)
        if until > round_.locks + LONGEST_EXTENSION:
            raise part.refusal("decision_extension_too_long", until=until, days=LONGEST_EXTENSION.days)
        if round_.kind is Kind.REPORT and until > round_.due and not even_past_due:
            raise part.refusal("decision_extension_past_due", until=until, due=round_.due)
        ledger.extend_lock(round_id, unit, until, at=now, actor=part.by, reason=part.reason)
        record_and_tell(office, ledger, part, Ruling.EXTENDED, now, {"until": until.isoformat()})
    return True


def _let_log_owe(ledger: LedgerTransaction, part: Part, now: datetime) -> None:
    """A unit whose log went back is asked to mend it, unless it has done its part without."""
    current = ledger.assignment(*part.key)
    if current is not None and current.state in {State.SUBMITTED, State.NIL}:
        ledger.move(*part.key, State.RETURNED, at=now, actor=part.by, reason=part.reason)


def _refuse_for_jurors(part: Part) -> None:
    if part.round.phase in SCORED:
        raise part.refusal("decision_about_a_juror")


def _has_items(office: Office, ledger: LedgerTransaction, part: Part) -> bool:
    """Whether items of the unit count in the quota that is asked about."""
    if part.round.kind is not Kind.POSTS:
        return False
    return bool(tally_of(office, ledger, part.plan, part.round).of(part.unit).counted)
