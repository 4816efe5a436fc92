"""How long each day of a played year takes: as long as its work does, for the machine is the same every day.

Airflow starts a process for each task, a few a second. Rounds open and lock in crowds, on the first days of a month;
on a Sunday nothing happens at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from dinhky.domain.local_time import at, local
from dinhky.domain.plan import Kind
from dinhky.rounds.ports import Office
from dinhky.rounds.standing_duties import standing_rounds

FREE_DAY = 0.15
"""How long a day takes on which nobody chases and nothing opens or locks, in quiet working days."""
TASK = 0.12
"""How much longer a day takes for each task begun on it, in quiet working days."""
TASKS_AT_AN_OPENING = 4
"""What a run starts besides a task for each unit: it makes the workbooks, and waits for its data."""
TASKS_AT_A_LOCK = 5
"""What it starts then besides one for each unit that is missing: the report is compiled, approved, sent and filed."""
TASKS_OF_A_STANDING_DUTY = 3
"""What the run of a standing duty starts besides a task for each unit, when the report that tells of it has locked."""


def paces(office: Office, first: datetime, last: datetime, quiet_day: timedelta) -> Iterator[tuple[datetime, float]]:
    """From when until `last` the office clock runs how many times as fast as the real one, so that a quiet working day
    takes `quiet_day` of real time; from `last` on at the usual pace. The first pace begins at `first`."""
    tasks = _tasks(office, first)
    before = 0.0
    day = local(first).date()
    while (midnight := at(day, time())) < last:
        length = (1.0 if office.calendar.is_working_day(day) else FREE_DAY) + TASK * tasks[day]
        rate = timedelta(days=1) / (quiet_day * length)
        if rate != before:
            yield max(midnight, first), rate
            before = rate
        day += timedelta(days=1)
    yield last, 1.0


def _tasks(office: Office, first: datetime) -> Counter[date]:
    """How many tasks are begun on each day. What is open at the beginning is opened then; most locks are at a day's
    last second, so that their tasks are the next day's."""
    tasks: Counter[date] = Counter()
    for round_ in office.rounds.values():
        if round_.locks > first:
            tasks[local(max(round_.opens, first)).date()] += TASKS_AT_AN_OPENING + len(round_.units)
            tasks[_day_after(round_.locks)] += TASKS_AT_A_LOCK + len(round_.units)
    for plan in office.plans.values():
        duties = [duty for duty in plan.obligations if duty.kind is Kind.CONTINUOUS]
        for round_ in standing_rounds(office, plan):
            tasks[_day_after(round_.locks)] += len(duties) * (TASKS_OF_A_STANDING_DUTY + len(round_.units))
    return tasks


def _day_after(lock: datetime) -> date:
    """The day of the moment after a lock."""
    return local(lock + timedelta(seconds=1)).date()
