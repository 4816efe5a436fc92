"""On which mornings those who watch over the work are told how it stands, and what colour a round has.

Never asked: "is today Monday"; always: "what was to be told by today and has not been told since".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from dinhky.domain.calendar import ONE_DAY, WorkingCalendar
from dinhky.domain.local_time import local

FIRST_LOOK, LAST_LOOK = time(7, 45), time(12, 0)
"""The part of the office morning in which a digest is decided: once the day's rounds have opened and what came in the
night is dealt with. What comes to light later is told the next morning."""


class Light(StrEnum):
    """How a round stands, worst first."""

    RED = "red"
    """Overdue, or a person must decide."""
    AMBER = "amber"
    """Something is missing that is not yet due."""
    GREEN = "green"
    """Everybody has answered."""


@dataclass(frozen=True)
class Matter:
    """Something to tell: the first day on which it could be told, and the due dates that it still has to keep."""

    since: date
    dues: tuple[date, ...] = ()


def light_of(*, is_overdue: bool, needs_decision: bool, is_anything_missing: bool) -> Light:
    """The colour of a round."""
    if is_overdue or needs_decision:
        return Light.RED
    return Light.AMBER if is_anything_missing else Light.GREEN


def in_digest_hours(now: datetime, calendar: WorkingCalendar) -> bool:
    """Whether a digest may be decided now: on the morning of a working day."""
    here = local(now)
    return FIRST_LOOK <= here.time() < LAST_LOOK and calendar.is_working_day(here.date())


def week_began(day: date, calendar: WorkingCalendar) -> date:
    """The first working day of the week of `day`, or `day` itself if there was none before it."""
    monday = day - timedelta(days=day.weekday())
    return min(calendar.on_or_after(monday), day)


def eve_of(due: date, calendar: WorkingCalendar) -> date:
    """The working day before a due date."""
    return calendar.on_or_before(due - ONE_DAY)


def occasion(matters: Iterable[Matter], today: date, calendar: WorkingCalendar) -> date | None:
    """The newest day, up to today, on which a supervisor was to hear of these matters; None if there was none.

    That is the first working day of this week, if there was anything to tell on it; and the working day before each
    due date, until that date has passed: then other messages tell who is late.
    """
    week = week_began(today, calendar)
    days: set[date] = set()
    for matter in matters:
        if matter.since <= week:
            days.add(week)
        days |= {
            eve
            for due in matter.dues
            if today <= due and matter.since <= (eve := eve_of(due, calendar)) and eve <= today
        }
    return max(days, default=None)


def is_to_be_told(matters: Iterable[Matter], today: date, told: Collection[date], calendar: WorkingCalendar) -> bool:
    """Whether a supervisor is to hear of these matters today, having been told of how things stood on the days `told`.

    A day on which nobody could be told is made up for on the first working morning after it; one telling serves every
    occasion before it.
    """
    newest = occasion(matters, today, calendar)
    return newest is not None and calendar.is_working_day(today) and not any(day >= newest for day in told)
