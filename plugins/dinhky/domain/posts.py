"""Quotas of published items: which of the things told count, for whom, and who still owes how many.

An item told twice counts once (`dinhky.domain.same_item` says when two are the same); it counts in the period in which
it was published, whenever the news of it arrived.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from itertools import cycle, islice

from dinhky.domain.local_time import end_of, local
from dinhky.domain.period import Dates
from dinhky.domain.plan import Obligation, Plan
from dinhky.domain.same_item import bare_link, folded_title
from dinhky.domain.schedule import Round, in_force


class EvidenceKind(StrEnum):
    """What shows that an item was published."""

    LINK = "link"
    FILE = "file"
    LOG = "log"
    """A line of a broadcast log: day, hour, programme. Also the issue of a paper, the place of a display."""


class Sameness(StrEnum):
    """Why two told items are one."""

    LINK = "link"
    TITLE = "title"


@dataclass(frozen=True)
class ToldPost:
    """One published item as a unit told of it.

    `channel` and `field` are the plan's and the form's choices. `published` is a Vietnamese calendar day, `told_at`
    the instant the news arrived. `duty` is the ref it was told for, empty if for none; `source` says by which way and
    paper it came. `form` (news, article, …) and `author` are empty where they were not told. `id` is unique among the
    told.
    """

    id: str
    unit: str
    channel: str
    title: str
    published: date
    evidence: str
    evidence_kind: EvidenceKind
    told_at: datetime
    field: str = ""
    duty: str = ""
    source: str = ""
    form: str = ""
    author: str = ""


@dataclass(frozen=True)
class Quota:
    """What is owed in one round.

    `target` items are owed by all `units` together; by each of them if `per_unit`; by the writers of the period, each
    `shares[unit]`, if there are shares (others may help). An item counts if published within `window` by one of
    `units`, on `channel` (None: any), in one of `fields` (empty: any) or told for this very duty. What is told after
    `told_by` is late, and counts. With `carries_surplus` the surplus of one period lowers what the next one owes.
    `heirs` names, for a unit gone before the round was due, the one whose part its items count for; empty text where
    it left no heir and they count for the whole only. Nothing is expected of the units `waived`: a target of each unit
    is none of theirs, a common one stays as it is.
    """

    ref: str
    window: Dates
    target: int
    units: tuple[str, ...]
    channel: str | None = None
    fields: tuple[str, ...] = ()
    per_unit: bool = False
    shares: Mapping[str, int] = field(default_factory=dict)
    told_by: datetime | None = None
    carries_surplus: bool = False
    heirs: Mapping[str, str] = field(default_factory=dict)
    waived: frozenset[str] = frozenset()

    @property
    def asked(self) -> tuple[str, ...]:
        """The units that owe something, in the plan's order: the period's writers, or all; without those waived."""
        units = (unit for unit in self.units if unit in self.shares) if self.shares else self.units
        return tuple(unit for unit in units if unit not in self.waived)

    def credited(self, post: ToldPost) -> str:
        """The unit for whose part an item counts: the teller's, or its heir's."""
        return self.heirs.get(post.unit) or post.unit

    def takes(self, post: ToldPost) -> bool:
        """Whether the duty is served by such an item, in whatever period."""
        return (
            (post.unit in self.units or post.unit in self.heirs)
            and self.channel in (None, post.channel)
            and (not self.fields or post.field in self.fields or post.duty == self.ref)
        )


def told_by(round_: Round) -> datetime:
    """Until when telling is in time: to the due date, and nothing is late on a day on which things can be published."""
    return max(round_.unit_due, end_of(round_.window.end))


def quota_of(plan: Plan, obligation: Obligation, round_: Round, waived: Iterable[str] = ()) -> Quota:
    """What a round of a posts duty asks for, by the plan as amended for that period. A cancelled round owes nothing.

    The writers named by the rota share the pieces out among them, the first named taking what does not divide.
    """
    duty = in_force(obligation, round_.period)
    count = 0 if round_.cancelled else round_.count or 0
    pieces = islice(cycle(round_.asked), max(count, len(round_.asked))) if duty.rota and round_.asked else ()
    due_day = local(round_.unit_due).date()
    gone = {unit: plan.existing([unit], due_day) for unit in duty.units if unit not in round_.units}
    return Quota(
        ref=round_.ref,
        window=round_.window,
        target=count,
        units=round_.units,
        channel=duty.channel,
        fields=duty.fields,
        per_unit=duty.per_unit,
        shares=Counter(pieces),
        told_by=told_by(round_),
        carries_surplus=duty.carries_surplus,
        heirs={unit: next(iter(heirs), "") for unit, heirs in gone.items()},
        waived=frozenset(waived),
    )


@dataclass(frozen=True)
class Duplicate:
    """An item that does not count because `counted`, told earlier, is the same; `because` names what they share.

    `because` is None where a third item links the two.
    """

    post: ToldPost
    counted: ToldPost
    because: Sameness | None


@dataclass(frozen=True)
class UnitTally:
    """One unit's part. `target` is its own, None where all units owe together; `owes` what would settle its part."""

    unit: str
    target: int | None
    counted: int
    owes: int
    surplus: int = 0
    carried: int = 0

    @property
    def progress(self) -> str:
        """`1/2`; only the number told where the unit has no target of its own."""
        return str(self.counted) if self.target is None else f"{self.counted}/{self.target}"


@dataclass(frozen=True)
class Tally:
    """How a quota stands. `counted` are the distinct items of the window, in order of publication.

    `carried` items of the previous period's surplus stand for as many of this period's `target`. `missing` and
    `surplus` are sums over units where each has its own target: one unit's surplus never pays for another. `late` are
    the counted items told after the quota's time.
    """

    quota: Quota
    counted: tuple[ToldPost, ...]
    units: tuple[UnitTally, ...]
    target: int
    missing: int
    surplus: int
    carried: int = 0
    duplicates: tuple[Duplicate, ...] = ()
    late: tuple[ToldPost, ...] = ()

    @property
    def done(self) -> int:
        """How much of the target is met: never more than the target."""
        return self.target - self.missing

    @property
    def progress(self) -> str:
        """`1/2`: of the target. What goes beyond it is in `surplus`."""
        return f"{self.done}/{self.target}"

    @property
    def is_met(self) -> bool:
        return not self.missing

    @property
    def owing(self) -> tuple[UnitTally, ...]:
        """The units that still owe something; where a target is shared each of them could meet it alone."""
        return tuple(unit for unit in self.units if unit.owes)

    def of(self, unit: str) -> UnitTally:
        """That unit's part; of a unit that owes nothing, what it told."""
        found = (part for part in (*self.units, *self.helpers) if part.unit == unit)
        return next(found, UnitTally(unit, None, 0, owes=0))

    @property
    def helpers(self) -> tuple[UnitTally, ...]:
        """The units that wrote without owing anything, in the plan's order."""
        asked = {part.unit for part in self.units}
        by_unit = Counter(self.quota.credited(post) for post in self.counted)
        order = dict.fromkeys([*self.quota.units, *self.quota.heirs])
        return tuple(
            UnitTally(unit, None, by_unit[unit], owes=0) for unit in order if unit not in asked and by_unit[unit]
        )


def tally(quota: Quota, told: Iterable[ToldPost], previous: Tally | None = None) -> Tally:
    """How the quota stands by what was told, of any period and unit of the plan.

    `previous` is the tally of the period before in the same plan year; used only where the duty carries its surplus.
    """
    distinct, repeated = distinct_posts(post for post in told if quota.takes(post))
    within = (post for post in distinct if post.published in quota.window)
    counted = tuple(sorted(within, key=lambda post: (post.published, *_by_id(post))))
    by_unit = Counter(quota.credited(post) for post in counted)
    before = previous if quota.carries_surplus else None
    if quota.per_unit:
        units = tuple(_own_part(unit, quota.target, by_unit[unit], before) for unit in quota.asked)
        target, carried = quota.target * len(quota.asked), sum(unit.carried for unit in units)
        missing, surplus = sum(unit.owes for unit in units), sum(unit.surplus for unit in units)
    else:
        target, carried = quota.target, before.surplus if before else 0
        missing = max(0, target - carried - len(counted))
        surplus = max(0, len(counted) + carried - target)
        units = _shared_parts(quota, by_unit, missing)
    return Tally(
        quota=quota,
        counted=counted,
        units=units,
        target=target,
        missing=missing,
        surplus=surplus,
        carried=carried,
        duplicates=tuple(one for one in repeated if one.post.published in quota.window and not _is_retold(one)),
        late=tuple(post for post in counted if quota.told_by and post.told_at > quota.told_by),
    )


def tallies(quotas: Sequence[Quota], told: Iterable[ToldPost]) -> list[Tally]:
    """The tallies of one duty's rounds of a plan year, given in order, each knowing the one before."""
    known = list(told)
    result: list[Tally] = []
    for quota in quotas:
        result.append(tally(quota, known, result[-1] if result else None))
    return result


def distinct_posts(told: Iterable[ToldPost]) -> tuple[list[ToldPost], list[Duplicate]]:
    """The distinct items, and those that repeat one of them; both in the order in which they were told.

    Two items are one if they have the same link, or the same title on one channel, or are one with a third. The one
    told first counts; of two told at the same instant, the one published first.
    """
    posts = sorted(told, key=lambda post: (post.told_at, post.published, *_by_id(post)))
    leader = list(range(len(posts)))

    def first_of(position: int) -> int:
        while leader[position] != position:
            leader[position] = leader[leader[position]]
            position = leader[position]
        return position

    seen: dict[tuple[str, ...], int] = {}
    for position, post in enumerate(posts):
        for key in keys_of(post):
            one, other = sorted((first_of(seen.setdefault(key, position)), first_of(position)))
            leader[other] = one
    distinct, repeated = [], []
    for position, post in enumerate(posts):
        counted = posts[first_of(position)]
        if counted is post:
            distinct.append(post)
        else:
            repeated.append(Duplicate(post, counted, same_item(counted, post)))
    return distinct, repeated


def same_item(one: ToldPost, other: ToldPost) -> Sameness | None:
    """What makes two told items one, the link first; None for two items."""
    shared = set(keys_of(one)) & set(keys_of(other))
    return next((sameness for sameness in Sameness if any(key[0] == sameness for key in shared)), None)


def _by_id(post: ToldPost) -> tuple[int, str]:
    """Sorts ids that are numbers as numbers."""
    return len(post.id), post.id


def keys_of(post: ToldPost) -> list[tuple[str, ...]]:
    """What identifies an item: two that share one of these are one."""
    keys: list[tuple[str, ...]] = []
    if post.evidence_kind is EvidenceKind.LINK and post.evidence.strip():
        keys.append((Sameness.LINK, bare_link(post.evidence)))
    if title := folded_title(post.title):
        keys.append((Sameness.TITLE, post.channel, title))
    return keys


def _is_retold(duplicate: Duplicate) -> bool:
    """Whether a unit merely told its own item again by another way, as in the quarter's workbook: nothing to name."""
    post, counted = duplicate.post, duplicate.counted
    return (
        post.unit == counted.unit
        and post.channel == counted.channel
        and post.published == counted.published
        and (post.source, post.duty) != (counted.source, counted.duty)
    )


def _own_part(unit: str, target: int, counted: int, before: Tally | None) -> UnitTally:
    carried = before.of(unit).surplus if before else 0
    return UnitTally(
        unit=unit,
        target=target,
        counted=counted,
        owes=max(0, target - carried - counted),
        surplus=max(0, counted + carried - target),
        carried=carried,
    )


def _shared_parts(quota: Quota, by_unit: Counter[str], missing: int) -> tuple[UnitTally, ...]:
    """Each unit's part in a common target. Nobody owes more than what is missing altogether."""
    parts = []
    for unit in quota.asked:
        share = quota.shares.get(unit) if quota.shares else None
        own = missing if share is None else max(0, share - by_unit[unit])
        parts.append(UnitTally(unit, share, by_unit[unit], owes=min(own, missing)))
    return tuple(parts)
