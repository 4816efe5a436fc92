"""Who is to be reminded of what by now. Never asked: "is today T-3"; always: "what is due by now and not yet done"."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.local_time import END_OF_OFFICE_DAY, START_OF_OFFICE_DAY, local, start_of_work
from dinhky.domain.schedule import Round


class Step(StrEnum):
    """A rung of the ladder. The values are part of outbox keys: never renamed."""

    OPENING = "opening"
    T_MINUS_3 = "T-3"
    T_MINUS_1 = "T-1"
    DUE_DAY = "T-0"
    ESCALATION = "escalation"
    """To the supervisor, once a round: who has not answered."""
    OVERDUE = "overdue"
    """To those without whom a contest cannot go on, once, after the lock: they are waited for."""
    EXTENDED = "extended"
    """To a unit that was given longer than the round's lock, on the working day before that ends."""
    CHANGE = "change"
    """To those asked: the round has another due date, or is not held."""


UNIT_STEPS = {Step.T_MINUS_3: -3, Step.T_MINUS_1: -1, Step.DUE_DAY: 0}
"""The reminders to a unit, in working days from the units' due date."""


@dataclass(frozen=True)
class Due:
    """A step and the moment from which it is due."""

    step: Step
    at: datetime


def in_office_hours(now: datetime, calendar: WorkingCalendar) -> bool:
    """Whether offices may be written to: a working day, 07:30 to 17:00 in Vietnam."""
    here = local(now)
    return START_OF_OFFICE_DAY <= here.time() < END_OF_OFFICE_DAY and calendar.is_working_day(here.date())


def unit_ladder(round_: Round, calendar: WorkingCalendar) -> list[Due]:
    """The reminders of a round with their moments, in order. A step due before the round opens does not exist."""
    last_day = local(round_.unit_due).date()
    ladder = [
        Due(step, start_of_work(calendar.shift(calendar.on_or_before(last_day), offset)))
        for step, offset in UNIT_STEPS.items()
    ]
    return [due for due in ladder if due.at > round_.opens]


def reminder_due(round_: Round, done: Collection[Step], now: datetime, calendar: WorkingCalendar) -> Step | None:
    """The one reminder to send to a unit that has not answered, or None.

    After an outage several steps may have become due: only the latest counts, and it silences the earlier ones. Once
    the unit's due date has passed the ladder says nothing more: what follows is the escalation.
    """
    if now > round_.unit_due or round_.is_over(now):
        return None
    due = [rung.step for rung in unit_ladder(round_, calendar) if rung.at <= now]
    if not due or due[-1] in done:
        return None
    return due[-1]


def escalation_at(round_: Round, calendar: WorkingCalendar) -> datetime:
    """When the supervisor is told who is late: the first office morning after the units' due date."""
    return start_of_work(calendar.on_or_after(local(round_.unit_due).date() + timedelta(days=1)))


def extension_reminder_at(until: datetime, calendar: WorkingCalendar) -> datetime:
    """When a unit that was given longer, `until` then, is reminded: the morning of the working day before."""
    return start_of_work(calendar.on_or_before(local(until).date() - timedelta(days=1)))


def missed_steps(round_: Round, done: Collection[Step], now: datetime, calendar: WorkingCalendar) -> list[Step]:
    """Steps whose time came and went unsent (the system was down past the due date): recorded, never sent late."""
    if now <= round_.unit_due:
        return []
    return [rung.step for rung in unit_ladder(round_, calendar) if rung.step not in done]
