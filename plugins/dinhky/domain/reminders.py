"""When the units of a round are reminded: set by the plan, and by a duty for itself."""

from __future__ import annotations

from dataclasses import dataclass

MOST_WORKING_DAYS = 20
"""How far from the due date, in working days, a reminder may lie."""


@dataclass(frozen=True)
class Reminders:
    """The steps of the ladder, in working days from the units' due date, furthest ahead first.

    `before` it, 0 being the day itself; after it (`overdue`), as long as the file is still taken; and how many working
    days after a file was sent back and not answered since (`after_return`), 0 for never.
    """

    before: tuple[int, ...] = (3, 1, 0)
    overdue: tuple[int, ...] = (1, 3)
    after_return: int = 2


USUAL = Reminders()
"""What holds where a plan says nothing."""
