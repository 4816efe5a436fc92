"""The key `reminders:` of a plan file, and of one obligation: when units are reminded."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from dinhky.domain.reminders import MOST_WORKING_DAYS, Reminders
from dinhky.yaml_values import Entry, number_from, refused


def _once_each(days: list[int]) -> list[int]:
    repeated = sorted({day for day in days if days.count(day) > 1})
    if repeated:
        raise refused("plan_reminder_twice", repeated=repeated)
    return days


OnceEach = AfterValidator(_once_each)
DaysBefore = Annotated[list[Annotated[int, number_from(0, MOST_WORKING_DAYS)]], OnceEach]
DaysAfter = Annotated[list[Annotated[int, number_from(1, MOST_WORKING_DAYS)]], OnceEach]


class RemindersEntry(Entry):
    """`reminders:`. What it leaves out is as usual; an empty list says never."""

    before: DaysBefore | None = None
    overdue: DaysAfter | None = None
    after_return: Annotated[int, number_from(0, MOST_WORKING_DAYS)] | None = None

    def reminders(self, usual: Reminders) -> Reminders:
        """The same as a value of the domain."""
        return Reminders(
            before=usual.before if self.before is None else tuple(sorted(self.before, reverse=True)),
            overdue=usual.overdue if self.overdue is None else tuple(sorted(self.overdue)),
            after_return=usual.after_return if self.after_return is None else self.after_return,
        )
