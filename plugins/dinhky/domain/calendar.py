"""Which days are worked. Data (weekends, holidays, the year's swaps) comes from outside; counting is done here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from dinhky.domain.errors import CalendarGap

SATURDAY = 5
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class WorkingCalendar:
    """The working days of some whole years.

    `days_off` are the weekdays not worked (public holidays and days swapped away); `worked_weekend_days` are the
    Saturdays and Sundays worked in exchange. Labour Code 2019, art. 112; the yearly swaps are decided by the Prime
    Minister.
    """

    first_year: int
    last_year: int
    days_off: frozenset[date]
    worked_weekend_days: frozenset[date] = frozenset()

    def is_working_day(self, day: date) -> bool:
        """Whether public offices work on `day`. Raises CalendarGap outside the known years."""
        if not self.first_year <= day.year <= self.last_year:
            raise CalendarGap("calendar_gap", day=day, first_year=self.first_year, last_year=self.last_year)
        if day in self.worked_weekend_days:
            return True
        return day.weekday() < SATURDAY and day not in self.days_off

    def on_or_after(self, day: date) -> date:
        """`day` if worked, else the next working day: a deadline on a day off moves on (Civil Code 2015, art. 148)."""
        while not self.is_working_day(day):
            day += ONE_DAY
        return day

    def on_or_before(self, day: date) -> date:
        """`day` if worked, else the working day before: for a deadline that must not leave its month."""
        while not self.is_working_day(day):
            day -= ONE_DAY
        return day

    def shift(self, day: date, working_days: int) -> date:
        """The working day that lies `working_days` after `day` (before it, if negative), not counting `day` itself."""
        step = ONE_DAY if working_days > 0 else -ONE_DAY
        for _ in range(abs(working_days)):
            day += step
            while not self.is_working_day(day):
                day += step
        return day

    def working_days_after(self, start: date, end: date) -> int:
        """How many working days lie after `start`, up to and including `end`; 0 if `end` is not later."""
        return sum(self.is_working_day(start + ONE_DAY * n) for n in range(1, (end - start).days + 1))
