"""When a unit ought to be reminded of a round, worked out from the plan's rule, the dates and the calendar alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import zip_longest

from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.local_time import at, local
from dinhky.domain.schedule import Round
from dinhky.simulation.year_played import OFFICE_OPENS

BEFORE_DUE, AFTER_DUE = re.compile(r"T-\d+"), re.compile(r"T\+\d+")
OTHER_REMINDERS = ("mend", "mend-overdue", "extended", "overdue")
SECOND, A_YEAR = timedelta(seconds=1), timedelta(days=366)

Slot = tuple[str, datetime, datetime]
"""A step, from when on it is the one to send, and when another has taken its place or it is too late."""


def is_reminder(kind: str) -> bool:
    """Whether a message of that kind tells a unit of what it owes."""
    return bool(BEFORE_DUE.fullmatch(kind)) or is_overdue(kind) or kind == "mend"


def is_overdue(kind: str) -> bool:
    """Whether a message of that kind tells a unit of what was due before."""
    return bool(AFTER_DUE.fullmatch(kind)) or kind in {"mend-overdue", "extended", "overdue"}


def ladder_of(round_: Round, calendar: WorkingCalendar) -> list[Slot]:
    """The reminders before the due date, each with the time in which it is the one to send."""
    last_worked = calendar.on_or_before(local(round_.unit_due).date())
    days = sorted(round_.reminders.before, reverse=True)
    begins = [(f"T-{ahead}", at(calendar.shift(last_worked, -ahead), OFFICE_OPENS)) for ahead in days]
    known = []
    for (step, begin), following in zip_longest(begins, begins[1:]):
        end = following[1] if following else round_.unit_due + SECOND
        known += [(step, begin, end)] if round_.opens < begin < end else []
    return known


def overdue_ladder_of(round_: Round, calendar: WorkingCalendar) -> Iterator[Slot]:
    """The reminders after the due date, each until the next, whatever locks when."""
    due = local(round_.unit_due).date()
    begins = [(f"T+{late}", at(calendar.shift(due, late), OFFICE_OPENS)) for late in sorted(round_.reminders.overdue)]
    for (step, begin), following in zip_longest(begins, begins[1:]):
        yield step, begin, following[1] if following else begin + A_YEAR


def reminds_of_extension(until: datetime, calendar: WorkingCalendar) -> datetime:
    """When a unit that was given longer is reminded of it: the morning of the working day before that ends."""
    return at(calendar.on_or_before(local(until).date() - timedelta(days=1)), OFFICE_OPENS)
