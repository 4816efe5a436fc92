"""A contest's ranking worked out without the system: from what jurors' hands give, by the rule that the plan states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

from dinhky.domain.contest import Contest
from dinhky.simulation.behaviour import Scoring


@dataclass(frozen=True)
class TruePlace:
    """An entry's rank, from 1, and its exact mean."""

    rank: int
    mean: Fraction


def true_ranking(contest: Contest, entries: Mapping[str, str], hands: Mapping[str, Scoring]) -> dict[str, TruePlace]:
    """By title, the places of entries (title and unit) by the hands of the jurors who count.

    The mean of the totals, then of each tie criterion in turn; equal in all is equal rank, and the ranks that are
    thereby too many are left out. Nobody scores entries of their own unit.
    """
    criteria = [(criterion.code, criterion.max_points) for criterion in contest.criteria]
    order = contest.tie_break or tuple(code for code, _ in criteria)
    keys: dict[str, tuple[Fraction, ...]] = {}
    for title, unit in entries.items():
        given = [
            hands[juror.code].points(title, criteria)
            for juror in contest.jurors
            if juror.code in hands and juror.unit != unit
        ]
        sums = {code: sum((Fraction(points[code]) for points in given), Fraction()) for code, _ in criteria}
        means = {code: total / len(given) for code, total in sums.items()}
        keys[title] = (sum(means.values(), Fraction()), *(means[code] for code in order))
    places: dict[str, TruePlace] = {}
    best_first = sorted(keys, key=lambda title: keys[title], reverse=True)
    for key, group in groupby(best_first, key=lambda title: keys[title]):
        rank = len(places) + 1
        places |= {title: TruePlace(rank, key[0]) for title in group}
    return places


def best(places: Mapping[str, TruePlace], count: int) -> Sequence[str]:
    """The titles of that rank and better."""
    return sorted(title for title, place in places.items() if place.rank <= count)
