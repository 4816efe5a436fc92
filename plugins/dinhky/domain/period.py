"""Reporting periods: a month, a quarter, a half-year, a year; their labels and the dates of their data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

_LABEL = re.compile(r"(?P<year>\d{4})(?:-(?:Q(?P<quarter>[1-4])|H(?P<half>[12])|(?P<month>0[1-9]|1[0-2])))?")


class Cadence(StrEnum):
    """How often an obligation falls due."""

    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    HALF_YEARLY = "half_yearly"
    YEARLY = "yearly"
    ONCE = "once"
    """One product by one date; its period is the plan's year."""


class Window(StrEnum):
    """Which days' data belong to a period."""

    DECREE = "decree"
    """From the 15th of the month before to the 14th of the last month (Decree 09/2019/NĐ-CP, art. 12)."""
    CALENDAR = "calendar"
    """From the first day of the first month to the last day of the last."""


MONTHS_PER_PERIOD = {
    Cadence.MONTHLY: 1,
    Cadence.QUARTERLY: 3,
    Cadence.HALF_YEARLY: 6,
    Cadence.YEARLY: 12,
    Cadence.ONCE: 12,
}


@dataclass(frozen=True, order=True)
class Dates:
    """A closed range of days, both ends included."""

    start: date
    end: date

    def __contains__(self, day: date) -> bool:
        return self.start <= day <= self.end


@dataclass(frozen=True, order=True)
class Period:
    """The `index`-th (from 1) month, quarter, half or whole of `year`."""

    year: int
    cadence: Cadence
    index: int

    def __post_init__(self) -> None:
        if not 1 <= self.index <= 12 // MONTHS_PER_PERIOD[self.cadence]:
            raise ValueError(f"no {self.cadence} period {self.index} in a year")

    @property
    def label(self) -> str:
        """`2026-03`, `2026-Q1`, `2026-H1` or `2026`: the name of the round's run and of every screen's row."""
        match self.cadence:
            case Cadence.MONTHLY:
                return f"{self.year}-{self.index:02d}"
            case Cadence.QUARTERLY:
                return f"{self.year}-Q{self.index}"
            case Cadence.HALF_YEARLY:
                return f"{self.year}-H{self.index}"
            case _:
                return f"{self.year}"

    @property
    def months(self) -> range:
        """The calendar months (1 to 12) that the period is named after."""
        length = MONTHS_PER_PERIOD[self.cadence]
        return range((self.index - 1) * length + 1, self.index * length + 1)

    @property
    def last_month(self) -> int:
        return self.months[-1]

    def window(self, kind: Window) -> Dates:
        """The days whose data the period covers, under the decree's rule or the calendar's."""
        first, last = self.months[0], self.months[-1]
        if kind is Window.DECREE:
            start = date(self.year - 1, 12, 15) if first == 1 else date(self.year, first - 1, 15)
            return Dates(start, date(self.year, last, 14))
        return Dates(date(self.year, first, 1), last_day_of_month(self.year, last))

    def previous(self) -> Period:
        """The period of the same length just before."""
        if self.index > 1:
            return Period(self.year, self.cadence, self.index - 1)
        return Period(self.year - 1, self.cadence, 12 // MONTHS_PER_PERIOD[self.cadence])

    def following(self) -> Period:
        """The period of the same length just after."""
        if self.index < 12 // MONTHS_PER_PERIOD[self.cadence]:
            return Period(self.year, self.cadence, self.index + 1)
        return Period(self.year + 1, self.cadence, 1)

    def __str__(self) -> str:
        return self.label

    @classmethod
    def parse(cls, label: str) -> Period:
        """The period that a label names. Raises ValueError for any other text. `2026` reads as the year."""
        found = _LABEL.fullmatch(label)
        if not found:
            raise ValueError(f"not a period: {label!r}; expected 2026, 2026-H1, 2026-Q1 or 2026-03")
        year = int(found["year"])
        if found["quarter"]:
            return cls(year, Cadence.QUARTERLY, int(found["quarter"]))
        if found["half"]:
            return cls(year, Cadence.HALF_YEARLY, int(found["half"]))
        if found["month"]:
            return cls(year, Cadence.MONTHLY, int(found["month"]))
        return cls(year, Cadence.YEARLY, 1)


def periods_of(cadence: Cadence, year: int) -> list[Period]:
    """All periods of a cadence in a year, in order."""
    return [Period(year, cadence, index) for index in range(1, 12 // MONTHS_PER_PERIOD[cadence] + 1)]


def last_day_of_month(year: int, month: int) -> date:
    """The month's last calendar day."""
    next_month = date(year + month // 12, month % 12 + 1, 1)
    return next_month - timedelta(days=1)
