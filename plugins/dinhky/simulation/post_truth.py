"""The posts that units told and what they come to, worked out without the system: what is one item, what is lacking."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from dinhky.domain.plan import Obligation
from dinhky.domain.schedule import Round
from dinhky.simulation.behaviour import Mark


@dataclass(frozen=True)
class TruePost:
    """A told post as its inventor knows it."""

    unit: str
    channel: str
    field: str
    published: date
    told_at: datetime
    duty: str
    source: str
    mark: Mark


@dataclass(frozen=True)
class TrueTally:
    """How a quota stands: `owes` by unit, `own` what counts for each unit, in all `counted` of `target`."""

    target: int
    counted: int
    missing: int
    owes: Mapping[str, int]
    own: Mapping[str, int]
    targets: Mapping[str, int | None]

    @property
    def progress(self) -> str:
        return f"{self.target - self.missing}/{self.target}"

    def progress_of(self, unit: str) -> str:
        """What a reminder says of the unit's part."""
        target = self.targets.get(unit)
        return self.progress if target is None else f"{self.own.get(unit, 0)}/{target}"


def true_tally(duty: Obligation, round_: Round, told: Iterable[TruePost], waived: Collection[str]) -> TrueTally:
    """How the quota of a round stands, by what was `told`. `duty` is as it stands in the plan for that period."""
    serving = [
        post
        for post in told
        if post.unit in round_.units
        and duty.channel in (None, post.channel)
        and (not duty.fields or post.field in duty.fields or post.duty == round_.ref)
    ]
    counted = [group[0] for group in same_posts(serving) if group[0].published in round_.window]
    own = Counter(post.unit for post in counted)
    count = round_.count or 0
    asked = [unit for unit in round_.asked if unit not in waived]
    if duty.per_unit:
        owes = {unit: max(0, count - own[unit]) for unit in asked}
        targets: dict[str, int | None] = dict.fromkeys(asked, count)
        return TrueTally(count * len(asked), len(counted), sum(owes.values()), owes, own, targets)
    missing = max(0, count - len(counted))
    if duty.rota and round_.asked:
        each, rest = divmod(max(count, len(round_.asked)), len(round_.asked))
        shares = {unit: each + (number < rest) for number, unit in enumerate(round_.asked)}
        shares = {unit: share for unit, share in shares.items() if unit in asked}
        owes = {unit: min(missing, max(0, share - own[unit])) for unit, share in shares.items()}
        return TrueTally(count, len(counted), missing, owes, own, dict(shares))
    owes = dict.fromkeys(asked, missing)
    return TrueTally(count, len(counted), missing, owes, own, dict.fromkeys(asked))


def told_since(post: TruePost, earlier: list[TruePost]) -> TruePost:
    """The post of a correction, told when the corrected file told it."""
    same = [one for one in earlier if _keys(one) & _keys(post)]
    return replace(post, told_at=min([post.told_at, *(one.told_at for one in same)]))


def _keys(post: TruePost) -> set[tuple[Any, ...]]:
    """What makes two posts one if they share any of it."""
    keys: set[tuple[Any, ...]] = {("title", post.channel, post.mark.title)}
    return keys | ({("link", post.mark.link)} if post.mark.link else set())


def same_posts(posts: Iterable[TruePost]) -> list[list[TruePost]]:
    """The posts in groups, each of which is one item really published; groups and posts in the order given.

    Two are one if they share a link, or a title on one channel, or are one with a third.
    """
    groups: list[tuple[set[tuple[Any, ...]], list[TruePost]]] = []
    for post in posts:
        keys = _keys(post)
        touched = [group for group in groups if group[0] & keys]
        if not touched:
            groups.append((keys, [post]))
            continue
        first, *others = touched
        first[0].update(keys, *(group[0] for group in others))
        first[1].append(post)
        for group in others:
            first[1].extend(group[1])
            groups.remove(group)
    return [group[1] for group in groups]
