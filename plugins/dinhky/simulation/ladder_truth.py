"""When a unit ought to be reminded of a round, worked out from the round's dates and the calendar alone."""

from __future__ import annotations

from datetime import datetime, timedelta

from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.local_time import at, local
from dinhky.domain.schedule import Round
from dinhky.simulation.year_played import OFFICE_OPENS

REMINDERS = {"T-3": 3, "T-1": 1, "T-0": 0}


def ladder_of(round_: Round, calendar: WorkingCalendar) -> list[tuple[str, datetime, datetime]]:
    """The reminders, each with the time in which it is the one to send."""
    due = local(round_.unit_due).date()
    last_worked = calendar.on_or_before(due)
    begins = [(step, at(calendar.shift(last_worked, -days), OFFICE_OPENS)) for step, days in REMINDERS.items()]
    ends = [*(begin for _, begin in begins[1:]), round_.unit_due + timedelta(seconds=1)]
    known = [(step, begin, end) for (step, begin), end in zip(begins, ends, strict=True) if begin > round_.opens]
    return [one for one in known if one[1] < one[2]]
