"""Open rounds follow the plan: what an officer changes in the plan file during the year reaches what is under way.

What is over stays as it was, and what was told is never taken away. Every change is recorded with who ("plan"), when
and why. It may run at any time, any number of times: what is as the plan says already is left alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from dinhky.domain.assignment import Assignment, State
from dinhky.domain.chase import Step, days_of_rung
from dinhky.domain.errors import Problem, UnknownName
from dinhky.domain.local_time import local
from dinhky.domain.plan import Kind, Plan, Unit
from dinhky.domain.schedule import Round, in_force, rounds_of
from dinhky.rounds.asking import facts_for
from dinhky.rounds.correspondence import message_key, to_unit
from dinhky.rounds.kept_messages import Attachment
from dinhky.rounds.kept_rounds import OpenedRound
from dinhky.rounds.opening import QUOTA_SET, opening_notices, quota_asked, workbooks_for
from dinhky.rounds.ports import LedgerTransaction, Office
from dinhky.rounds.posting import recount, tally_of
from dinhky.rounds.succession import PLAN, asked_now, exists_on, known_unit, let_off_by_plan, named_on


@dataclass
class Followed:
    """What one look at the plan changed: rounds moved, not held or held again, quotas become others; units asked anew,
    let off, asked again or renamed; and how many messages tell of it."""

    moved: int = 0
    cancelled: int = 0
    resumed: int = 0
    quotas: int = 0
    asked: int = 0
    let_off: int = 0
    asked_again: int = 0
    renamed: int = 0
    queued: int = 0


def follow_plan(office: Office, now: datetime) -> Followed:
    """Let every round that was opened and is not over be as the plan says today, and tell those concerned.

    A round that was over is open again if its due date was moved past `now`. A plan that cannot be read just now, or
    that no longer has the duty at all, changes nothing.
    """
    followed = Followed()
    with office.ledger.snapshot() as ledger:
        planned = [found for opened in ledger.opened_rounds() if (found := _planned(office, opened, now))]
        changes = _changes(ledger, planned, now)
    recounted: dict[str, Plan] = {}
    for one, change in zip(planned, changes, strict=True):
        if change:
            _follow(office, one, change, now, followed)
            if one.round.kind is Kind.POSTS:
                recounted[one.plan.id] = one.plan
    for plan in recounted.values():
        with office.ledger.transaction() as ledger:
            ledger.lock_round(f"{plan.id}/items")
            recount(office, ledger, plan, None, now)
    return followed


@dataclass(frozen=True)
class _Planned:
    """A round as it was opened, and as the plan has it today."""

    opened: OpenedRound
    plan: Plan
    round: Round


@dataclass(frozen=True)
class _Change:
    """What has to follow in one round: false if all is as the plan says. `asked` are all whom it asks now."""

    asked: tuple[str, ...] = ()
    dates: bool = False
    is_late_opening: bool = False
    cancelled: bool = False
    resumed: bool = False
    added: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    renamed: tuple[Unit, ...] = ()
    quota: dict[str, Any] | None = None
    is_first_quota: bool = False

    def __bool__(self) -> bool:
        parts = (self.added, self.gone, self.again, self.renamed, self.quota)
        return self.dates or self.cancelled or self.resumed or any(parts)

    @property
    def opening(self) -> tuple[str, ...]:
        """The units that are told of the round for the first time: all, if nobody was while it was past its lock."""
        return self.asked if self.is_late_opening else self.added


def _planned(office: Office, opened: OpenedRound, now: datetime) -> _Planned | None:
    """The round as the plan has it today, if it may still follow."""
    plan = office.plans.get(opened.plan_id)
    if plan is None:
        return None
    round_ = office.rounds.get(opened.id) or _out_of_force(office, plan, opened)
    if round_ is None or (opened.locks < now and round_.locks < now):
        return None
    return _Planned(opened, plan, round_)


def _out_of_force(office: Office, plan: Plan, opened: OpenedRound) -> Round | None:
    """A round due on a day on which its duty is no longer in force, as one that is not held; None for no such duty."""
    try:
        obligation = plan.obligation(opened.ref)
    except UnknownName:
        return None
    without_end = replace(obligation, since=None, until=None)
    found = [one for one in rounds_of(plan, without_end, office.calendar) if one.id == opened.id]
    return replace(found[0], cancelled=office.words.sentence(Problem("duty_not_in_force"))) if found else None


def _changes(ledger: LedgerTransaction, planned: list[_Planned], now: datetime) -> list[_Change]:
    """What has to follow in each round, read in one go: a tick asks it of every round, and nearly always of none."""
    parts = ledger.assignments_of([one.round.id for one in planned])
    let_off = let_off_by_plan(ledger, (part for own in parts.values() for part in own))
    posts = [one.round.id for one in planned if one.round.kind is Kind.POSTS]
    quotas = {key[0]: event["detail"]["quota"] for key, event in ledger.last_events(QUOTA_SET, posts).items()}
    return [_change(one, parts.get(one.round.id, []), let_off, quotas.get(one.round.id), now) for one in planned]


def _change(
    one: _Planned,
    parts: Iterable[Assignment],
    let_off: frozenset[tuple[str, str]],
    quota: dict[str, Any] | None,
    now: datetime,
) -> _Change:
    opened, plan, round_ = one.opened, one.plan, one.round
    dates = not opened.has_dates_of(round_)
    is_cancelled = bool(round_.cancelled) and opened.cancelled != round_.cancelled
    if round_.is_over(now):
        return _Change(dates=dates, cancelled=is_cancelled)
    day = local(now).date()
    by_unit = {part.unit: part for part in parts}
    done = [unit for unit, part in by_unit.items() if part.settled and (round_.id, unit) not in let_off]
    asked = asked_now(plan, round_, now, by_unit, done)
    names = {code: named_on(plan.unit(code), day) for code in asked if code in by_unit}
    wanted = quota_asked(plan, round_) if round_.kind is Kind.POSTS and not round_.cancelled else None
    return _Change(
        asked=asked,
        dates=dates,
        is_late_opening=opened.is_history,
        cancelled=is_cancelled,
        resumed=bool(opened.cancelled) and not round_.cancelled,
        added=tuple(code for code in asked if code not in by_unit),
        gone=tuple(code for code, part in by_unit.items() if code not in asked and not part.settled),
        again=tuple(code for code in asked if (round_.id, code) in let_off),
        renamed=tuple(unit for code, unit in names.items() if unit.name != by_unit[code].unit_name),
        quota=wanted if wanted != quota else None,
        is_first_quota=quota is None,
    )


def _follow(office: Office, one: _Planned, expected: _Change, now: datetime, followed: Followed) -> None:
    """Bring one round to what the plan says, in one transaction; workbooks are built before it begins."""
    plan, round_ = one.plan, one.round
    needing = [_unit(plan, code, now) for code in (*expected.opening, *expected.again)]
    workbooks = workbooks_for(office, plan, round_, needing)
    with office.ledger.transaction() as ledger:
        ledger.lock_round(round_.id)
        opened = ledger.opened_round(round_.id)
        if opened is None or _changes(ledger, [replace(one, opened=opened)], now) != [expected]:
            return  # somebody else was faster: the next look sees what is left to do
        owing = [part.unit for part in ledger.assignments(round_.id) if not part.settled]
        _let_dates_follow(office, ledger, one, expected, now, followed)
        _let_units_follow(office, ledger, one, expected, now, followed)
        for code in expected.opening:
            notices = opening_notices(office, ledger, plan, round_, _unit(plan, code, now), workbooks[code], now)
            followed.queued += sum(ledger.queue(notice, now) for notice in notices)
        reopened = _let_quota_follow(office, ledger, one, expected, now, followed)
        for code in dict.fromkeys([*owing, *expected.again, *reopened]):
            if code not in expected.opening and (news := _news(one, expected, code)):
                _tell(office, ledger, one, code, news, workbooks.get(code), now, followed)


def _let_dates_follow(
    office: Office, ledger: LedgerTransaction, one: _Planned, change: _Change, now: datetime, followed: Followed
) -> None:
    if not (change.dates or change.cancelled or change.resumed):
        return
    round_ = one.round
    ledger.update_round(round_, now, round_.cancelled or _why(one.plan, round_))
    followed.moved += change.dates
    followed.cancelled += change.cancelled
    followed.resumed += change.resumed
    if change.cancelled:
        ledger.cancel_queued(round_.id, now, _not_held(office, round_))
        return
    reason = office.words.sentence(Problem("message_dates_changed"))
    for row in ledger.messages(round_.id):
        if row["state"] == "queued" and _names_a_date(row["kind"]):
            ledger.cancel(row["id"], now, reason)


def _names_a_date(kind: str) -> bool:
    """Whether messages of that kind speak of a due date: those not yet gone are pointless once it has changed."""
    return kind in {Step.CHANGE, Step.ESCALATION} or days_of_rung(kind) is not None


def _let_units_follow(
    office: Office, ledger: LedgerTransaction, one: _Planned, change: _Change, now: datetime, followed: Followed
) -> None:
    plan, round_, why = one.plan, one.round, _why(one.plan, one.round)
    for code in change.gone:
        reason = _why_let_off(office, plan, round_, code, now)
        ledger.move(round_.id, code, State.WAIVED, at=now, actor=PLAN, reason=reason)
        ledger.cancel_queued(round_.id, now, reason, unit=code)
    for code in change.again:
        ledger.move(round_.id, code, State.OPEN, at=now, actor=PLAN)
    if change.added:
        ledger.open_round(round_, [_unit(plan, code, now) for code in change.asked], now)
        for code in change.added:
            ledger.event("unit_added", at=now, actor=PLAN, round_id=round_.id, unit=code, reason=why)
    for unit in change.renamed:
        ledger.rename_unit(round_.id, unit.code, unit.name, now)
    followed.let_off += len(change.gone)
    followed.asked_again += len(change.again)
    followed.asked += len(change.added)
    followed.renamed += len(change.renamed)


def _let_quota_follow(
    office: Office, ledger: LedgerTransaction, one: _Planned, change: _Change, now: datetime, followed: Followed
) -> list[str]:
    """Note what the round asks for now; the units that had done their part, and owe something again."""
    if change.quota is None:
        return []
    plan, round_ = one.plan, one.round
    why = _why(plan, round_)
    ledger.event(QUOTA_SET, at=now, actor=PLAN, round_id=round_.id, quota=change.quota, reason=why)
    if change.is_first_quota:
        return []
    followed.quotas += 1
    tally = tally_of(office, ledger, plan, round_)
    done = [part.unit for part in ledger.assignments(round_.id) if part.state is State.ACCEPTED]
    reopened = [unit for unit in done if tally.of(unit).owes]
    for unit in reopened:
        ledger.move(round_.id, unit, State.SUBMITTED, at=now, actor=PLAN, reason=why)
    return reopened


def _news(one: _Planned, change: _Change, code: str) -> list[str]:
    """What there is to tell a unit, as the template knows it; nothing if its part is as it was."""
    if one.round.cancelled:
        return ["cancelled"] if change.cancelled else []
    if code not in change.asked:
        return []
    is_moved = (one.opened.unit_due, one.opened.locks) != (one.round.unit_due, one.round.locks)
    news = {
        "resumed": code in change.again,
        "dates": is_moved and code not in change.again,
        "quota": change.quota is not None and not change.is_first_quota,
    }
    return [name for name, is_so in news.items() if is_so]


def _tell(
    office: Office,
    ledger: LedgerTransaction,
    one: _Planned,
    code: str,
    news: list[str],
    workbook: Attachment | None,
    now: datetime,
    followed: Followed,
) -> None:
    """Tell a unit of a change. The key names the due date and which change it is: a second move is told again."""
    plan, round_ = one.plan, one.round
    if not exists_on(plan, code, local(now).date()):
        return
    number = sum(event["kind"] in {"round_changed", QUOTA_SET} for event in ledger.events(round_.id))
    kind = f"{Step.CHANGE.value}-{local(round_.unit_due):%Y%m%d}-{number}"
    facts = facts_for(office, ledger, plan, round_, now)
    messages = to_unit(
        office,
        plan,
        round_,
        plan.unit(code),
        Step.CHANGE.value,
        template=Step.CHANGE.value,
        now=now,
        attachments=(workbook,) if workbook else (),
        office_hours_only=True,
        news=news,
        **facts,
    )
    for message in messages:
        followed.queued += ledger.queue(replace(message, key=message_key(round_.id, kind, code, message.address)), now)


def _unit(plan: Plan, code: str, now: datetime) -> Unit:
    return named_on(plan.unit(code), local(now).date())


def _why(plan: Plan, round_: Round) -> str:
    """The officer's reason for what the round is now: of its own move, or of the last amendment that counts for it."""
    if round_.moved:
        return round_.moved
    obligation = plan.obligation(round_.ref)
    current = in_force(obligation, round_.period)
    for amendment in sorted(obligation.amended, key=lambda amendment: amendment.since, reverse=True):
        if current.amended_by(amendment) == current:
            return f"{amendment.source}: {amendment.reason}"
    return ""


def _not_held(office: Office, round_: Round) -> str:
    return office.words.sentence(Problem("round_not_held", params={"reason": round_.cancelled}))


def _why_let_off(office: Office, plan: Plan, round_: Round, code: str, now: datetime) -> str:
    """Why nothing is asked of a unit any more, as its part of the report will say it."""
    if round_.cancelled:
        return _not_held(office, round_)
    day, unit = local(now).date(), known_unit(plan, code)
    last_day = local(round_.unit_due).date()
    if unit and not unit.exists_on(max(day, last_day)):
        heirs = [plan.unit(heir).name for heir in plan.existing([code], max(day, last_day))]
        problem = Problem("unit_ended", params={"until": unit.until, "heirs": heirs})
    elif unit and code in round_.units:
        problem = Problem("unit_not_on_rota")
    else:
        problem = Problem("unit_not_in_duty")
    return office.words.sentence(problem)
