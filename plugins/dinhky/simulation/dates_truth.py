"""The dates of the rounds, worked out anew from what the plan file says, with the calendar's working days alone.

Of the system's own arithmetic only `WorkingCalendar.is_working_day` is used, and a period's label and months.
"""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.local_time import VIETNAM
from dinhky.domain.period import Cadence, Window
from dinhky.domain.plan import DueRule, Kind, Obligation, Plan, Roll

DAY = timedelta(days=1)
LAST_SECOND = time(23, 59, 59)
OPENS_AT = time(7, 30)
TAKEN_AFTER_DUE = 3
"""Working days for which a quota or a product is still taken after its due date."""
LABELS = {
    Cadence.MONTHLY: [(f"-{month:02d}", month, month) for month in range(1, 13)],
    Cadence.QUARTERLY: [(f"-Q{number}", number * 3 - 2, number * 3) for number in range(1, 5)],
    Cadence.HALF_YEARLY: [("-H1", 1, 6), ("-H2", 7, 12)],
    Cadence.YEARLY: [("", 1, 12)],
    Cadence.ONCE: [("", 1, 12)],
}
"""By cadence, what its periods' labels end with, and their first and last months."""


@dataclass(frozen=True)
class TrueDates:
    """A round's dates and whom the plan names for it; `duty` is the obligation as amended for the period."""

    window: tuple[date, date]
    opens: datetime
    unit_due: datetime
    due: datetime
    locks: datetime
    units: tuple[str, ...]
    duty: Obligation
    is_cancelled: bool


def true_year(plan: Plan, calendar: WorkingCalendar) -> dict[str, TrueDates]:
    """By id, every round that the plan's year must have: those of standing duties are none."""
    found: dict[str, TrueDates] = {}
    for obligation in plan.obligations:
        for label, first, last in LABELS[obligation.cadence] if obligation.cadence else []:
            period = f"{plan.year}{label}"
            due = _dates(plan, obligation, period, first, last, calendar).due.date()
            in_force = max(plan.effective_from, obligation.since or plan.effective_from)
            if in_force <= due <= (obligation.until or due):  # a contest with all of its phases
                for ref, duty in _with_phases(obligation):
                    found[f"{plan.id}/{ref}/{period}"] = _dates(plan, duty, period, first, last, calendar)
    return found


def existing(plan: Plan, codes: Iterable[str], day: date) -> tuple[str, ...]:
    """Who stands for these units on a day: themselves, or whoever came after those that are gone."""
    known = {unit.code: unit for unit in (*plan.units, *plan.jurors)}
    found: list[str] = []
    waiting = [(code, 0) for code in codes]
    while waiting:
        code, steps = waiting.pop(0)
        unit = known.get(code)
        if unit is None or steps > len(known):
            continue
        if unit.until and day > unit.until:
            waiting[:0] = [(heir, steps + 1) for heir in unit.succeeded_by]
        elif (unit.since is None or unit.since <= day) and code not in found:
            found.append(code)
    return tuple(found)


def amended(obligation: Obligation, year: int, last_month: int) -> Obligation:
    """The duty with what later documents changed about it, for a period that ends with that month."""
    for amendment in sorted(obligation.amended, key=lambda one: one.since):
        rule = amendment.due or obligation.due
        if _as_written(rule, year, last_month) >= amendment.since:
            stated = {
                name: getattr(amendment, name)
                for name in ("name", "count", "units", "lead", "channel", "due")
                if getattr(amendment, name) is not None
            }
            obligation = replace(obligation, **stated)
    return obligation


def owed_within(plan: Plan, duty: Obligation, window: tuple[date, date]) -> Counter[str]:
    """By channel, how many posts a quota asks for in the periods that lie wholly within a report's window."""
    by_decree = window[0].day != 1
    owed: Counter[str] = Counter()
    for year in {window[0].year, window[1].year}:
        for label, first, last in LABELS[duty.cadence] if duty.cadence not in {None, Cadence.ONCE} else []:
            begin, end = _window(year, first, last, by_decree=by_decree)
            is_whole = window[0] <= begin and end <= window[1] and end >= plan.effective_from
            is_owed = (duty.since or end) <= end <= (duty.until or end)
            if is_whole and is_owed and all(one.period != f"{year}{label}" for one in duty.cancelled):
                now = amended(duty, year, last)
                owed[now.channel or ""] += now.count or 0
    return owed


def _with_phases(obligation: Obligation) -> Iterator[tuple[str, Obligation]]:
    yield obligation.ref, obligation
    if obligation.contest is None:
        return
    jurors = tuple(juror.code for juror in obligation.contest.jurors)
    for phase in obligation.contest.phases:
        units = {"entries": obligation.units, "preliminary": jurors, "final": jurors}.get(phase.kind, obligation.lead)
        yield (
            f"{obligation.ref}.{phase.kind}",
            replace(
                obligation,
                phase=phase.kind,
                units=units,
                opens_on=phase.opens,
                due=DueRule(on=phase.due),
                amended=(),
                moved=(),
            ),
        )


def _dates(plan: Plan, duty: Obligation, period: str, first: int, last: int, calendar: WorkingCalendar) -> TrueDates:
    duty = amended(duty, plan.year, last)
    window = _window(plan.year, first, last, by_decree=duty.window is Window.DECREE)
    due = _as_written(duty.due, plan.year, last)
    step = DAY if duty.due.roll is Roll.FORWARD else -DAY
    while not calendar.is_working_day(due):
        due += step
    for moved in duty.moved:
        due = moved.due if moved.period == period else due
    opens = max(duty.opens_on or window[0], plan.effective_from, duty.since or plan.effective_from)
    while not calendar.is_working_day(opens):
        opens += DAY
    opens = min(opens, due)
    unit_due = max(_worked(due, -duty.unit_due_working_days_before, calendar), opens)
    locks = datetime.combine(due, LAST_SECOND, VIETNAM)
    if duty.kind is Kind.REPORT:
        locks = datetime.combine(due, duty.locks_at or LAST_SECOND, VIETNAM)
    elif duty.phase is None:
        locks = datetime.combine(_worked(due, TAKEN_AFTER_DUE, calendar), LAST_SECOND, VIETNAM)
    return TrueDates(
        window,
        datetime.combine(opens, OPENS_AT, VIETNAM),
        datetime.combine(unit_due, LAST_SECOND, VIETNAM),
        datetime.combine(due, LAST_SECOND, VIETNAM),
        locks,
        existing(plan, duty.units, unit_due),
        duty,
        any(one.period == period for one in duty.cancelled),
    )


def _worked(day: date, working_days: int, calendar: WorkingCalendar) -> date:
    step = DAY if working_days > 0 else -DAY
    left = abs(working_days)
    while left:
        day += step
        left -= calendar.is_working_day(day)
    return day


def _as_written(rule: DueRule, year: int, last_month: int) -> date:
    if rule.on:
        return rule.on
    month = rule.within_month or last_month
    last_day = monthrange(year, month)[1]
    wanted = last_day if rule.within_month else min(rule.day_of_last_month or last_day, last_day)
    return date(year, month, wanted)


def _window(year: int, first: int, last: int, *, by_decree: bool) -> tuple[date, date]:
    """From the first to the last day; under the decree, from the 15th of the month before to the 14th of the last."""
    if by_decree:
        begin = date(year, first, 1) - DAY
        return begin.replace(day=15), date(year, last, 14)
    return date(year, first, 1), date(year, last, monthrange(year, last)[1])
