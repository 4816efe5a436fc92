"""Counting what the units told, with pandas: how many posts and activities by channel, unit, form and field."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dinhky.domain.content import Content

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ActivityCount:
    """So many activities, the people counted at them, and at how many of them nobody counted."""

    activities: int
    participants: int
    uncounted: int

    @property
    def are_counted(self) -> bool:
        """Whether the number of people says anything: none took place, or somebody counted at one at least."""
        return self.uncounted < self.activities or not self.activities


class Tallies:
    """The counts over some units' contents, given as pairs of unit code and content in the order to be kept."""

    def __init__(self, contents: Iterable[tuple[str, Content]]) -> None:
        import pandas as pd

        told = list(contents)
        self._posts = pd.DataFrame(
            [(unit, post.channel, post.form, post.field) for unit, content in told for post in content.posts],
            columns=["unit", "channel", "form", "field"],
        )
        self._activities = pd.DataFrame(
            [(unit, held.form, held.participants) for unit, content in told for held in content.activities],
            columns=["unit", "form", "participants"],
        )

    @property
    def posts(self) -> int:
        """All posts."""
        return len(self._posts)

    def posts_where(self, **wanted: str) -> int:
        """Posts whose columns (unit, channel, form, field) have these values."""
        rows = self._posts
        for column, value in wanted.items():
            rows = rows[rows[column] == value]
        return len(rows)

    def posts_by(self, column: str, order: Sequence[str]) -> dict[str, int]:
        """Posts by a column's values: those in `order` first, then the others as they first appear. No zeros."""
        counts = {str(value): int(count) for value, count in self._posts[column].value_counts(sort=False).items()}
        return {value: counts[value] for value in _ordered(self._posts[column], order) if value in counts}

    def activities(self, unit: str | None = None) -> ActivityCount:
        """All activities, or one unit's."""
        rows = self._activities
        return _activity_count(rows if unit is None else rows[rows["unit"] == unit])

    def activities_by_form(self, order: Sequence[str]) -> dict[str, ActivityCount]:
        """Activities by form, in the order of `posts_by`."""
        groups = {str(form): _activity_count(rows) for form, rows in self._activities.groupby("form", sort=False)}
        return {form: groups[form] for form in _ordered(self._activities["form"], order) if form in groups}


def _activity_count(rows: pd.DataFrame) -> ActivityCount:
    counted = rows["participants"].dropna()
    return ActivityCount(len(rows), int(counted.sum()), len(rows) - len(counted))


def _ordered(values: pd.Series, order: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*order, *(str(value) for value in values.unique())]))
