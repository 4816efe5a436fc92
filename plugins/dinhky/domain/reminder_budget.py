"""How often a unit is reminded: at most one letter a day, and three from Monday to Sunday beside what is overdue.

What counts is letters, so the rule is asked when one is about to leave, not when a step falls due: whatever waited, for
a mail server or over a holiday, is counted on the day on which it is read. Nothing is lost by it, because a letter
tells more than what happened to be decided: all that is due for the unit by that moment, and, if it is the last of the
week, all that will be due by Sunday. So no step is left for which there is no letter, but of a round that asked nothing
of the unit when that letter went (it opened later, or an officer's decision asked anew): and of that the opening notice
or the decision, which are no reminders, told the date. What waits in vain is recorded as missed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from dinhky.domain.calendar import WorkingCalendar

LETTERS_A_WEEK = 3


@dataclass(frozen=True)
class ReminderLetter:
    """A letter of reminders that went to a unit on a Vietnamese day; `is_overdue` if it told of anything overdue."""

    day: date
    is_overdue: bool = False


@dataclass(frozen=True)
class Leave:
    """What a letter may do: go on the day `from_day`, if that is not later than today, and then tell all that will be
    due by the end of `tells_until`."""

    from_day: date
    tells_until: date


def monday_of(day: date) -> date:
    """The Monday of the day's week."""
    return day - timedelta(days=day.weekday())


def leave_for(letters: Iterable[ReminderLetter], today: date, calendar: WorkingCalendar, *, is_overdue: bool) -> Leave:
    """When a letter of reminders that is ready may go, and what it is to tell.

    `letters` are those that have gone this week. One that tells of anything overdue goes every day, and takes the rest
    along; it does not count as one of the week's three.
    """
    monday = monday_of(today)
    this_week = [letter for letter in letters if monday <= letter.day <= today]
    counted = sum(not letter.is_overdue for letter in this_week)
    from_day = today
    if counted >= LETTERS_A_WEEK and not is_overdue:
        from_day = calendar.on_or_after(monday + timedelta(days=7))
    elif any(letter.day == today for letter in this_week):
        from_day = calendar.on_or_after(today + timedelta(days=1))
    is_last = counted + (not is_overdue) >= LETTERS_A_WEEK
    return Leave(from_day, monday + timedelta(days=6) if is_last else today)
