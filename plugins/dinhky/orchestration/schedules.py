"""When DAGs run: an obligation when its rounds open, a chore at its own beat. A fast clock brings both sooner."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from typing import Any

import pendulum
from airflow.timetables.events import EventsTimetable
from airflow.timetables.trigger import CronTriggerTimetable, DeltaTriggerTimetable

from dinhky import bootstrap
from dinhky.clock import Clock
from dinhky.domain.local_time import VIETNAM, at, local
from dinhky.domain.plan import Obligation, Plan
from dinhky.domain.schedule import Round, rounds_of
from dinhky.orchestration.handed_in import HandedIn
from dinhky.orchestration.texts import label
from dinhky.orchestration.timetable import RoundTimetable, ScheduledRound
from dinhky.orchestration.waiting import LOCK_GRACE
from dinhky.rounds.standing_duties import carrying_report

EVERY_HALF_HOUR_OF_THE_OFFICE_DAY = "0,30 7-16 * * *"
"""Saturdays too, because some are worked in exchange: the domain knows which, and does nothing on the others."""
MORNING_AND_AFTERNOON = "0 8,14 * * *"
EVERY_MINUTE = "* * * * *"
FIRST_OF_ALL = 100
"""The priority of what must not wait behind a hundred rounds that open on the same morning."""
FAST_CLOCK_TICK = time(8, 0)
"""The moment of a working day at which a fast clock chases: all steps are due by then, whatever is rounded off."""
A_MOMENT = timedelta(seconds=1)
"""A round is over once its lock has passed, not at its very second."""
LAST_STANDING_RUN = timedelta(days=30)
"""How long after the year's last report a run of a standing duty may still begin."""
FAST_CLOCK_HORIZON = timedelta(days=400)
START_DATE = pendulum.datetime(2025, 1, 1, tz=str(VIETNAM))
"""Before every round of every plan. Which rounds run is the timetable's affair, not the start date's."""
RETRIES = {
    "retries": 2,
    "retry_delay": timedelta(minutes=1) if bootstrap.settings().clock.is_real else timedelta(seconds=2),
}
"""For every task: a hiccup of the machine is not the operator's business."""


def round_schedule(plan: Plan, obligation: Obligation) -> RoundTimetable:
    """The timetable of an obligation: its rounds, each run when it opens and not begun any more once it is over."""
    clock = bootstrap.settings().clock
    rounds = [
        ScheduledRound(
            label=round_.period.label,
            window_start=at(round_.window.start, time()).isoformat(),
            window_end=_data_complete(plan, obligation, round_).isoformat(),
            run_after=clock.real(round_.opens).isoformat(),
            over_after=clock.real(round_.locks).isoformat(),
        )
        for round_ in rounds_of(plan, obligation, bootstrap.calendar_of())
    ]
    return RoundTimetable(rounds, summary=label(f"cadence_{obligation.cadence}"), description=obligation.quote)


def _data_complete(plan: Plan, obligation: Obligation, round_: Round) -> datetime:
    """From when nothing more can come in: the end of the window, or past the last lock of the shorter rounds."""
    end_of_window = at(round_.window.end + timedelta(days=1), time())
    if obligation.compiled_from is None:
        return end_of_window
    shorter = rounds_of(plan, plan.obligation(obligation.compiled_from), bootstrap.calendar_of())
    within = (one for one in shorter if round_.window.start <= one.window.start and one.window.end <= round_.window.end)
    return max([end_of_window, *(one.locks + _past_a_lock() for one in within)])


def _past_a_lock() -> timedelta:
    """How long after a lock all is known that came before it: units' tasks wait as long for a file on its way.

    On a fast clock, where tasks wait for the files themselves, it is enough that the lock has passed.
    """
    return LOCK_GRACE if bootstrap.settings().clock.is_real else A_MOMENT


def standing_schedule(plan: Plan) -> RoundTimetable:
    """The timetable of a plan's standing duties: a run begins when its report locks, and until the next one does."""
    clock = bootstrap.settings().clock
    report = carrying_report(plan)
    rounds = rounds_of(plan, report, bootstrap.calendar_of()) if report else []
    ends = [*(round_.locks for round_ in rounds[1:]), *(round_.locks + LAST_STANDING_RUN for round_ in rounds[-1:])]
    scheduled = [
        ScheduledRound(
            label=round_.period.label,
            window_start=at(round_.window.start, time()).isoformat(),
            window_end=at(round_.window.end + timedelta(days=1), time()).isoformat(),
            run_after=clock.real(round_.locks + _past_a_lock()).isoformat(),
            over_after=clock.real(end).isoformat(),
        )
        for round_, end in zip(rounds, ends, strict=True)
    ]
    return RoundTimetable(scheduled, summary=label("cadence_standing"), description=label("standing_described"))


def office_hours_schedule() -> Any:
    """Every half hour of the office day; on a fast clock, the first moment of each working day."""
    clock = bootstrap.settings().clock
    if clock.is_real:
        return CronTriggerTimetable(EVERY_HALF_HOUR_OF_THE_OFFICE_DAY, timezone=str(VIETNAM))
    return EventsTimetable(
        [pendulum.instance(clock.real(moment)) for moment in _fast_ticks(clock)],
        presorted=True,
        description=label("office_hours"),
    )


def overdue_schedule() -> Any:
    """Every morning and afternoon; on a fast clock, once on every fifth working day."""
    clock = bootstrap.settings().clock
    if clock.is_real:
        return CronTriggerTimetable(MORNING_AND_AFTERNOON, timezone=str(VIETNAM))
    return EventsTimetable(
        [pendulum.instance(clock.real(moment)) for moment in _fast_ticks(clock)[::5]],
        presorted=True,
        description=label("office_hours"),
    )


def steady_schedule() -> Any:
    """Every minute, day and night; on a fast clock every few real seconds."""
    current = bootstrap.settings()
    if current.clock.is_real:
        return CronTriggerTimetable(EVERY_MINUTE, timezone=str(VIETNAM))
    return DeltaTriggerTimetable(current.beat)


def chase_catches_up() -> bool:
    """On a fast clock a day is shorter than the scheduler's hiccups, so each tick gets its run, late or not."""
    return not bootstrap.settings().clock.is_real


def tick_moment(context: Any) -> datetime:
    """The office moment that a chore's run stands for, in UTC."""
    return bootstrap.settings().clock.tick(context["dag_run"].run_after)


@contextmanager
def tick(context: Any) -> Iterator[datetime]:
    """The office moment that a chase tick stands for, in UTC; on a fast clock, with what came before it there."""
    current = bootstrap.settings()
    moment = tick_moment(context)
    if not current.clock.is_fast:
        yield moment
        return
    units = HandedIn(current.home)
    units.wait_for(moment)
    yield moment
    units.tell_tick(moment)


def _fast_ticks(clock: Clock) -> list[datetime]:
    first_day = local(clock.office_start).date()
    calendar = bootstrap.calendar_of()
    days = [first_day + timedelta(days=number) for number in range(FAST_CLOCK_HORIZON.days)]
    return [at(day, FAST_CLOCK_TICK) for day in days if day.year <= calendar.last_year and calendar.is_working_day(day)]
