"""What a unit tells about a period: its posts, activities, difficulties and proposals; and who it says it is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True)
class Identity:
    """Which plan, obligation, period and unit a workbook was built for, and from which version of the template.

    Read from the file, so it is a claim to be cross-checked, never a credential.
    """

    plan: str
    ref: str
    period: str
    unit: str
    template_version: str


@dataclass(frozen=True)
class Post:
    """One published item. `row` is its row in the unit's workbook; `channel` and `field` hold the form's choices."""

    row: int
    title: str
    form: str
    channel: str
    published: date
    link: str
    author: str
    field: str


@dataclass(frozen=True)
class Activity:
    """A meeting, display or dialogue. `participants` is a number of people; None where it was left empty."""

    row: int
    form: str
    title: str
    held: date
    place: str
    participants: int | None


@dataclass(frozen=True)
class Remark:
    """A difficulty or a proposal, in the unit's own words."""

    row: int
    kind: str
    text: str
    remedy: str


@dataclass(frozen=True)
class Content:
    """Everything one accepted workbook says."""

    posts: tuple[Post, ...] = ()
    activities: tuple[Activity, ...] = ()
    remarks: tuple[Remark, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain types for the ledger; dates as ISO text."""
        return {
            "posts": [asdict(post) | {"published": post.published.isoformat()} for post in self.posts],
            "activities": [asdict(activity) | {"held": activity.held.isoformat()} for activity in self.activities],
            "remarks": [asdict(remark) for remark in self.remarks],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Content:
        """The reverse of `to_json`."""
        return cls(
            posts=tuple(Post(**row | {"published": date.fromisoformat(row["published"])}) for row in data["posts"]),
            activities=tuple(Activity(**row | {"held": date.fromisoformat(row["held"])}) for row in data["activities"]),
            remarks=tuple(Remark(**row) for row in data["remarks"]),
        )
