"""From a plan to the year's rounds: for every obligation and period, all its dates.

A round has five dates and never one (`docs/glossary.md`): the window's start and close, when it opens, when units and
then the report are due, and when it locks. Everything else in the system only compares `now` with them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property

from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.contest import PhaseKind, contest_feasibility
from dinhky.domain.errors import Problem
from dinhky.domain.local_time import at, end_of, local, start_of_work
from dinhky.domain.period import Cadence, Dates, Period, Window, last_day_of_month, periods_of
from dinhky.domain.plan import Assumption, DueRule, Kind, Obligation, Plan, Roll, unknown
from dinhky.domain.reminders import USUAL, Reminders
from dinhky.domain.rota import Turn, rota

LOCK_WORKING_DAYS_AFTER_DUE = 3
"""How long after its due date a round other than a report still takes evidence. Ours, not the law's."""


@dataclass(frozen=True)
class Round:
    """An obligation in a period, with its dates. Days are Vietnamese calendar days, instants carry their zone.

    `units` are those whom the plan names and who exist on the units' due day; `asked` are those of them of whom
    something is asked in this round: by rota only that period's writers, for a report compiled from shorter ones
    nobody. `nominal_due` is the due date as the document says it, before it moved off a day off. `moved` and
    `cancelled` hold the reason if the due date was moved or the round is not held; both are empty otherwise.
    """

    plan_id: str
    ref: str
    obligation: str
    kind: Kind
    period: Period
    window: Dates
    opens: datetime
    unit_due: datetime
    due: datetime
    nominal_due: date
    locks: datetime
    units: tuple[str, ...]
    assumed: tuple[Assumption, ...] = ()
    asked: tuple[str, ...] = ()
    count: int | None = None
    phase: PhaseKind | None = None
    moved: str = ""
    cancelled: str = ""
    reminders: Reminders = USUAL

    @cached_property
    def id(self) -> str:
        """`phuc-loi-2026/PL-5/2026-Q1`: the key of the round everywhere."""
        return round_id(self.plan_id, self.ref, self.period.label)

    def is_over(self, now: datetime) -> bool:
        """Whether `now` lies past the lock: nothing is asked or sent for it any more."""
        return now > self.locks


def round_id(plan_id: str, ref: str, period: str) -> str:
    """The key of a round from its three parts."""
    return f"{plan_id}/{ref}/{period}"


def rounds_of(plan: Plan, obligation: Obligation, calendar: WorkingCalendar) -> list[Round]:
    """The obligation's rounds of the plan's year, in order; none for a standing duty.

    A round due before the plan takes effect, or outside the days the duty is in force, does not exist; a contest with
    all of its phases does or does not. Raises CalendarGap for a year without known days off.
    """
    if obligation.cadence is None:
        return []
    rounds = [_round(plan, obligation, period, calendar) for period in periods_of(obligation.cadence, plan.year)]
    existing = [round_ for round_ in rounds if _exists(plan, obligation, round_, calendar)]
    return _with_writers(plan, obligation, existing) if obligation.rota else existing


def year_of(plan: Plan, calendar: WorkingCalendar) -> list[Round]:
    """Every round of the plan's year, by due date. A contest is one round; its phases are `phases_in`."""
    rounds = [round_ for obligation in plan.obligations for round_ in rounds_of(plan, obligation, calendar)]
    return sorted(rounds, key=lambda round_: (round_.due, round_.ref))


def phases_in(plan: Plan, obligation: Obligation, calendar: WorkingCalendar) -> list[Round]:
    """The rounds of a contest's phases, in order; none for any other duty."""
    return [round_ for phase in plan.phases_of(obligation) for round_ in rounds_of(plan, phase, calendar)]


def all_rounds_of(plan: Plan, calendar: WorkingCalendar) -> list[Round]:
    """Every round that is ever opened: the year's and those of the contests' phases, by due date."""
    phases = [round_ for obligation in plan.obligations for round_ in phases_in(plan, obligation, calendar)]
    return sorted([*year_of(plan, calendar), *phases], key=lambda round_: (round_.due, round_.ref))


def find_round(plan: Plan, ref: str, period: str, calendar: WorkingCalendar) -> Round:
    """The round of that ref and period label. Raises UnknownName."""
    rounds = rounds_of(plan, plan.obligation(ref), calendar)
    for round_ in rounds:
        if round_.period.label == period:
            return round_
    raise unknown("unknown_period", period, [round_.period.label for round_ in rounds])


def feasibility(plan: Plan, calendar: WorkingCalendar) -> list[Problem]:
    """What cannot be kept as written, found when the plan is checked instead of the night before.

    A report needs at least one working day after its data close and up to its due date (Decree 09/2019/NĐ-CP,
    art. 8.5b), counted on the date the document says; units ought not to be due before the data they report have
    closed; and they must be due before the lock, which a round that opens on its very due date cannot give them. For
    contests see `contest_feasibility`.
    """
    problems = []
    for round_ in year_of(plan, calendar):
        obligation = plan.obligation(round_.ref)
        if contest := obligation.contest:
            first_day, last_day = _in_force_from(plan, obligation), local(round_.due).date()
            problems += contest_feasibility(round_.id, contest, calendar, first_day, last_day)
        if round_.kind is not Kind.REPORT:
            continue
        params = {
            "ref": round_.ref,
            "period": round_.period.label,
            "window_end": round_.window.end,
            "nominal_due": round_.nominal_due,
            "due": local(round_.due).date(),
            "unit_due": local(round_.unit_due).date(),
        }
        if calendar.working_days_after(round_.window.end, round_.nominal_due) < 1:
            problems.append(Problem("no_working_day_before_due", round_.id, params))
        if local(round_.unit_due).date() < round_.window.end:
            problems.append(Problem("units_due_before_close", round_.id, params))
        if round_.asked and round_.unit_due >= round_.locks:
            problems.append(Problem("units_due_after_lock", round_.id, params))
    return problems


def _exists(plan: Plan, obligation: Obligation, round_: Round, calendar: WorkingCalendar) -> bool:
    if obligation.phase:  # each builds on the others: what is decisive is when the contest is due
        round_ = _round(plan, plan.obligation(obligation.ref.rpartition(".")[0]), round_.period, calendar)
    due = local(round_.due).date()
    return _in_force_from(plan, obligation) <= due and (obligation.until is None or due <= obligation.until)


def _in_force_from(plan: Plan, obligation: Obligation) -> date:
    return max(plan.effective_from, obligation.since or plan.effective_from)


def _with_writers(plan: Plan, obligation: Obligation, rounds: list[Round]) -> list[Round]:
    """The rounds with their writers named by the rota."""
    writers = writers_of(plan, obligation, rounds)
    return [replace(round_, asked=writers[round_.period.label]) for round_ in rounds]


def writers_of(plan: Plan, obligation: Obligation, rounds: list[Round]) -> dict[str, tuple[str, ...]]:
    """By period, the units that write its pieces, each once; those with more than others first."""
    turns = [Turn(round_.period.label, round_.count or 1, round_.units) for round_ in rounds]
    due_days = {round_.period.label: local(round_.unit_due).date() for round_ in rounds}
    named = {
        override.period: units
        for override in obligation.rota_overrides
        if override.period in due_days and (units := plan.existing(override.units, due_days[override.period]))
    }
    nobody: dict[str, tuple[str, ...]] = {round_.period.label: () for round_ in rounds if round_.cancelled}
    written = rota(turns, named | nobody)
    return {period: tuple(unit for unit, _ in Counter(units).most_common()) for period, units in written.items()}


def in_force(obligation: Obligation, period: Period) -> Obligation:
    """The duty as it stands for that period: every amendment whose day lies on or before the due date it leads to."""
    for amendment in sorted(obligation.amended, key=lambda amendment: amendment.since):
        amended = obligation.amended_by(amendment)
        if _nominal_due(amended.due, period) >= amendment.since:
            obligation = amended
    return obligation


def _round(plan: Plan, obligation: Obligation, period: Period, calendar: WorkingCalendar) -> Round:
    obligation = in_force(obligation, period)
    window = period.window(obligation.window)
    moved = next((moved for moved in obligation.moved if moved.period == period.label), None)
    nominal_due = _nominal_due(obligation.due, period)
    due_day = moved.due if moved else _rolled(nominal_due, obligation.due.roll, calendar)
    # A deadline at the very start of its window may roll back out of it: the round still opens first, and no unit is
    # late before it was asked.
    first_day = max(obligation.opens_on or window.start, _in_force_from(plan, obligation))
    opens_day = min(calendar.on_or_after(first_day), due_day)
    unit_due_day = max(calendar.shift(due_day, -obligation.unit_due_working_days_before), opens_day)
    if obligation.kind is Kind.REPORT:
        locks = at(due_day, obligation.locks_at) if obligation.locks_at else end_of(due_day)
    elif obligation.phase:
        locks = end_of(due_day)  # the next phase builds on this one
    else:
        locks = end_of(calendar.shift(due_day, LOCK_WORKING_DAYS_AFTER_DUE))
    units = plan.existing(obligation.units, unit_due_day)
    asks_nobody = obligation.compiled_from or (obligation.contest and not obligation.phase)
    return Round(
        plan_id=plan.id,
        ref=obligation.ref,
        obligation=obligation.name,
        kind=obligation.kind,
        period=period,
        window=window,
        opens=start_of_work(opens_day),
        unit_due=end_of(unit_due_day),
        due=end_of(due_day),
        nominal_due=nominal_due,
        locks=locks,
        units=units,
        assumed=obligation.assumed,
        asked=() if asks_nobody else units,
        count=obligation.count,
        phase=obligation.phase,
        moved=moved.reason if moved else "",
        cancelled=next((one.reason for one in obligation.cancelled if one.period == period.label), ""),
        reminders=obligation.reminders or plan.reminders,
    )


def _nominal_due(rule: DueRule, period: Period) -> date:
    if rule.on:
        return rule.on
    if rule.within_month:
        return last_day_of_month(period.year, rule.within_month)
    last_day = last_day_of_month(period.year, period.last_month)
    return last_day.replace(day=min(rule.day_of_last_month, last_day.day)) if rule.day_of_last_month else last_day


def _rolled(day: date, roll: Roll, calendar: WorkingCalendar) -> date:
    return calendar.on_or_after(day) if roll is Roll.FORWARD else calendar.on_or_before(day)


def quota_months(plan: Plan, window: Dates) -> list[Period]:
    """The months whose decree window lies inside `window` and does not close before the plan takes effect.

    This is how many times a monthly quota counts in a longer report: a month that ended before the plan existed
    is owed nothing.
    """
    candidates = [
        month for year in range(window.start.year, window.end.year + 1) for month in periods_of(Cadence.MONTHLY, year)
    ]
    return [
        month
        for month in candidates
        if month.window(Window.DECREE).start >= window.start
        and month.window(Window.DECREE).end <= window.end
        and month.window(Window.DECREE).end >= plan.effective_from
    ]
