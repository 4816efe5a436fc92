"""Of whom a round asks something today: units that are to come, and those that are gone, are stood for by others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime

from dinhky.domain.assignment import Assignment, State
from dinhky.domain.local_time import local
from dinhky.domain.plan import Kind, Plan, Unit
from dinhky.domain.schedule import Round, in_force
from dinhky.rounds.ports import LedgerTransaction

PLAN = "plan"
"""Who acts where a change of the plan file does."""


def asked_now(
    plan: Plan, round_: Round, now: datetime, parts: Collection[str] = (), done: Collection[str] = ()
) -> tuple[str, ...]:
    """The units of which the round asks something at `now`, in the plan's order; none if it is not held.

    `parts` are the units that have a part in the round already, `done` those of them whose part is settled by itself.
    A unit that is gone is stood for by its successors, unless it had done its part: what was told is not asked again.
    Until its first day, a unit is stood for by those that it will succeed. Where items are counted, the quota says
    whose they are: there nobody stands for another. A round that is over asked those who existed when they were due.
    """
    if round_.cancelled:
        return ()
    if round_.is_over(now):
        return round_.asked
    today = local(now).date()
    named = in_force(plan.obligation(round_.ref), round_.period).units
    found = dict.fromkeys(one for code in round_.asked for one in _standing_for(plan, round_, code, named, today))
    return tuple(code for code in found if code in named or not _was_told_before(plan, code, today, parts, done))


def let_off_by_plan(ledger: LedgerTransaction, assignments: Iterable[Assignment]) -> frozenset[tuple[str, str]]:
    """The rounds and units waived because the plan no longer asked them, and not by a person's decision."""
    waived = {(one.round_id, one.unit) for one in assignments if one.state is State.WAIVED}
    events = ledger.last_events("assignment_waived", sorted({round_id for round_id, _ in waived}))
    return frozenset(key for key in waived if key in events and events[key]["actor"] == PLAN)


def known_unit(plan: Plan, code: str) -> Unit | None:
    """The unit, or juror, of that code; None if the plan does not know it any more."""
    return next((unit for unit in (*plan.units, *plan.jurors) if unit.code == code), None)


def exists_on(plan: Plan, code: str, day: date) -> bool:
    """Whether the plan knows the unit and anything can be asked of it on that day."""
    unit = known_unit(plan, code)
    return unit is not None and unit.exists_on(day)


def named_on(unit: Unit, day: date) -> Unit:
    """The unit under the name it has on that day, with those as contacts who speak for it then."""
    name, contacts = unit.name_on(day), unit.contacts_on(day)
    return unit if (name, contacts) == (unit.name, unit.contacts) else replace(unit, name=name, contacts=contacts)


def unit_of(plan: Plan, assignment: Assignment) -> Unit:
    """The unit that an assignment is about, under the name it had; also of one that the plan no longer knows."""
    return replace(known_unit(plan, assignment.unit) or Unit(assignment.unit, ""), name=assignment.unit_name)


def as_of(plan: Plan, day: date) -> Plan:
    """The plan as people know it on that day: its units under the names they have, reports put together by whoever has
    taken over from a compiler that is gone."""
    units = tuple(named_on(unit, day) for unit in plan.units)
    compiler = next(iter(plan.existing([plan.compiler], day)), plan.compiler)
    return plan if units == plan.units and compiler == plan.compiler else replace(plan, units=units, compiler=compiler)


def _standing_for(plan: Plan, round_: Round, code: str, named: Collection[str], today: date) -> Iterator[str]:
    unit = plan.unit(code)
    if unit.exists_on(today):
        yield code
    elif round_.kind is Kind.POSTS:
        return
    elif unit.since and today < unit.since:
        last_day = local(round_.unit_due).date()
        for one in plan.units:
            if one.code in named and one.exists_on(today) and code in plan.existing([one.code], last_day):
                yield one.code
    else:
        yield from plan.existing([code], today)


def _was_told_before(plan: Plan, code: str, today: date, parts: Collection[str], done: Collection[str]) -> bool:
    """Whether all those that the unit succeeds in this round have done their part."""
    before = [one for one in parts if not exists_on(plan, one, today) and code in plan.existing([one], today)]
    return bool(before) and all(one in done for one in before)
