"""What a party tells about a period, in groups of records; and who it says it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from functools import cache
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
    """One published item. `row` is its row in the unit's workbook, 0 if it was told in another way; `form`, `channel`
    and `field` hold the form's choices."""

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
class StandingAnswer:
    """What was done about a standing duty. `ref` and `duty` (its name) come from the plan, `text` from the unit."""

    row: int
    ref: str
    duty: str
    text: str


@dataclass(frozen=True)
class Evidence:
    """What shows that a product exists: a document's `number` and day of issue, or a `link` or `note` to find it by."""

    row: int
    title: str
    number: str
    issued: date
    link: str
    note: str


@dataclass(frozen=True)
class ContestEntry:
    """What somebody enters in a contest. `link` is where it can be seen; empty where `summary` is all of it. `group` is
    the residential group, school or department it comes from, where the unit stands for several."""

    row: int
    title: str
    author: str
    summary: str
    link: str
    group: str = ""


@dataclass(frozen=True)
class ScoreRow:
    """A juror's score of one entry. `points` by the criterion's code; a criterion not scored is not in it. `summary` is
    the entry's, for the juror to read."""

    row: int
    entry: str
    title: str
    points: Mapping[str, Decimal] = field(default_factory=dict)
    comment: str = ""
    summary: str = ""


RECORDS: dict[str, type] = {
    "posts": Post,
    "activities": Activity,
    "remarks": Remark,
    "standing": StandingAnswer,
    "evidence": Evidence,
    "entries": ContestEntry,
    "scores": ScoreRow,
}
"""What a row of each group is: the groups are the fields of `Content`, and the sheets of a form."""


@dataclass(frozen=True)
class Content:
    """Everything one accepted workbook says. A form asks for some of the groups; the others stay empty."""

    posts: tuple[Post, ...] = ()
    activities: tuple[Activity, ...] = ()
    remarks: tuple[Remark, ...] = ()
    standing: tuple[StandingAnswer, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    entries: tuple[ContestEntry, ...] = ()
    scores: tuple[ScoreRow, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain types for the ledger; dates as ISO text, points as decimal text."""
        return {group: [_plain(record) for record in getattr(self, group)] for group in RECORDS}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Content:
        """The reverse of `to_json`. A group that is missing, as in older rows, is empty."""
        return cls(
            **{group: tuple(_record(kind, row) for row in data.get(group, ())) for group, kind in RECORDS.items()}
        )


@cache
def _field_names(kind: Any) -> tuple[str, ...]:
    return tuple(item.name for item in fields(kind))


@cache
def _date_fields(kind: Any) -> tuple[str, ...]:
    return tuple(item.name for item in fields(kind) if item.type == "date")


def _plain(record: Any) -> dict[str, Any]:
    kind: type = type(record)
    values = {name: getattr(record, name) for name in _field_names(kind)}
    for name in _date_fields(kind):
        values[name] = values[name].isoformat()
    if "points" in values:
        values["points"] = {key: str(points) for key, points in values["points"].items()}
    return values


def _record(kind: type, row: Mapping[str, Any]) -> Any:
    values = dict(row)
    for name in _date_fields(kind):
        if name in values:
            values[name] = date.fromisoformat(values[name])
    if "points" in values:
        values["points"] = {key: Decimal(points) for key, points in values["points"].items()}
    return kind(**values)
