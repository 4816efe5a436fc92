"""Who won: the mean of the jurors' totals, and what tells entries of equal mean apart.

The rule, exactly: an entry's mean is the sum of the totals that its jurors gave it over their number, as a fraction,
rounded for show only. The higher mean stands first. Entries of equal mean are told apart by their mean points for the
first of the contest's tie criteria, then the second, and so on. Entries equal in all of them share their rank, and as
many ranks after it are skipped as there are entries too many (1, 2, 2, 4).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby, pairwise

from dinhky.domain.contest import Contest
from dinhky.domain.contest_entries import Entry
from dinhky.domain.errors import RankingRefused
from dinhky.domain.scoring import Conflict, Score, conflicts, missing_scores, score_problems


@dataclass(frozen=True)
class LetOff:
    """A juror without whom the chair of the jury has decided to go on, and why. None of their scores counts, so that
    every entry is judged by the same people."""

    juror: str
    reason: str


@dataclass(frozen=True)
class Place:
    """An entry's rank (from 1), its mean, the mean of each criterion (codes), and by how many jurors."""

    rank: int
    entry: str
    mean: Fraction
    by_criterion: Mapping[str, Fraction]
    jurors: int


@dataclass(frozen=True)
class Tie:
    """Entries of equal mean told apart: `ahead` stand before `behind` by their mean points for `criterion`."""

    mean: Fraction
    ahead: tuple[str, ...]
    behind: tuple[str, ...]
    criterion: str
    ahead_points: Fraction
    behind_points: Fraction


@dataclass(frozen=True)
class Ranking:
    """The places from the first to the last, those of one rank by entry code, and how they came about."""

    places: tuple[Place, ...]
    ties: tuple[Tie, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    let_off: tuple[LetOff, ...] = ()

    @property
    def shared(self) -> tuple[tuple[Place, ...], ...]:
        """The places of each rank that more than one entry holds."""
        ranks = (tuple(group) for _, group in groupby(self.places, key=lambda place: place.rank))
        return tuple(group for group in ranks if len(group) > 1)

    def best(self, count: int) -> tuple[str, ...]:
        """The codes of the entries of rank `count` and better: more than `count` if some share the last rank, because
        nothing tells them apart."""
        return tuple(place.entry for place in self.places if place.rank <= count)


@dataclass(frozen=True)
class Award:
    """A prize that an entry is proposed for. `shared` if others of the same rank are given it too."""

    prize: str
    rank: int
    entry: str
    shared: bool


@dataclass(frozen=True)
class ChangedCount:
    """A prize that is proposed more or less often than the plan foresees: because a rank is shared, or (`too_few`)
    because there are not entries enough for it."""

    prize: str
    planned: int
    given: int
    too_few: bool


def ranking(
    contest: Contest, entries: Sequence[Entry], scores: Iterable[Score], let_off: Sequence[LetOff] = ()
) -> Ranking:
    """The ranking of `entries` by one phase's scores.

    Raises RankingRefused: `scores_not_countable` (with the `problems`) if a sheet holds what cannot be counted,
    `scores_missing` while a juror who is not let off still owes a score, `let_off_without_reason`, `nobody_may_score`
    for an entry that no juror is left to score.
    """
    absent = {gone.juror for gone in let_off}
    for gone in let_off:
        if not gone.reason.strip():
            raise RankingRefused("let_off_without_reason", juror=contest.juror(gone.juror).name)
    known = {entry.code for entry in entries}
    counted = [score for score in scores if score.juror not in absent and score.entry in known]
    if problems := score_problems(contest, entries, counted):
        raise RankingRefused("scores_not_countable", problems=problems, count=len(problems))
    if missing := missing_scores(contest, entries, counted, absent):
        owing = [juror.name for juror in contest.jurors if juror.code in {lacking.juror for lacking in missing}]
        raise RankingRefused("scores_missing", jurors=owing, count=len(missing))
    means = [_mean(contest, entry, [score for score in counted if score.entry == entry.code]) for entry in entries]
    tie_codes = [criterion.code for criterion in contest.tie_criteria]
    places = _ranked(means, tie_codes)
    own = tuple(conflict for conflict in conflicts(contest, entries) if conflict.juror not in absent)
    return Ranking(places, tuple(_ties(places, tie_codes)), own, tuple(let_off))


def shortlist(contest: Contest, preliminary: Ranking) -> tuple[str, ...]:
    """The entries that reach the final, best first: those that share the last rank all do."""
    return preliminary.best(contest.finalists)


def sent_on(contest: Contest, final: Ranking) -> tuple[str, ...]:
    """The entries that go to the higher level's contest, best first: those that share the last rank all do."""
    return final.best(contest.sent_on_count)


def awards(contest: Contest, final: Ranking) -> tuple[Award, ...]:
    """Who is proposed for which prize, highest first. A rank stands for the prize of that rank: with prizes 1, 2, 3
    the ranks 2 and 3 get the second. Entries that share a rank all get its prize, even where the next one begins."""
    prize_of_rank = dict(enumerate((prize.name for prize in contest.prizes for _ in range(prize.count)), 1))
    holders = [place.rank for place in final.places]
    return tuple(
        Award(prize_of_rank[place.rank], place.rank, place.entry, holders.count(place.rank) > 1)
        for place in final.places
        if place.rank in prize_of_rank
    )


def changed_counts(contest: Contest, final: Ranking) -> tuple[ChangedCount, ...]:
    """The prizes that are proposed more or less often than planned."""
    given = [award.prize for award in awards(contest, final)]
    changed, last_rank = [], 0
    for prize in contest.prizes:
        last_rank += prize.count
        if given.count(prize.name) != prize.count:
            too_few = last_rank > len(final.places)
            changed.append(ChangedCount(prize.name, prize.count, given.count(prize.name), too_few))
    return tuple(changed)


def _mean(contest: Contest, entry: Entry, scores: Sequence[Score]) -> Place:
    if not scores:
        raise RankingRefused("nobody_may_score", entry=entry.code, title=entry.title)
    by_criterion = {
        criterion.code: sum((score.points[criterion.code] for score in scores), Fraction()) / len(scores)
        for criterion in contest.criteria
    }
    mean = sum((score.total for score in scores), Fraction()) / len(scores)
    return Place(0, entry.code, mean, by_criterion, len(scores))


def _ranked(means: Sequence[Place], tie_codes: Sequence[str]) -> tuple[Place, ...]:
    ordered = sorted(means, key=lambda place: place.entry)
    ordered.sort(key=lambda place: _key(place, tie_codes), reverse=True)
    places: list[Place] = []
    for position, place in enumerate(ordered, 1):
        shares = bool(places) and _key(places[-1], tie_codes) == _key(place, tie_codes)
        rank = places[-1].rank if shares else position
        places.append(Place(rank, place.entry, place.mean, place.by_criterion, place.jurors))
    return tuple(places)


def _key(place: Place, tie_codes: Sequence[str]) -> tuple[Fraction, ...]:
    return (place.mean, *(place.by_criterion[code] for code in tie_codes))


def _ties(places: Sequence[Place], tie_codes: Sequence[str]) -> Iterator[Tie]:
    ranks = [tuple(group) for _, group in groupby(places, key=lambda place: place.rank)]
    for ahead, behind in pairwise(ranks):
        if ahead[0].mean == behind[0].mean:
            code = next(code for code in tie_codes if ahead[0].by_criterion[code] != behind[0].by_criterion[code])
            yield Tie(
                mean=ahead[0].mean,
                ahead=tuple(place.entry for place in ahead),
                behind=tuple(place.entry for place in behind),
                criterion=code,
                ahead_points=ahead[0].by_criterion[code],
                behind_points=behind[0].by_criterion[code],
            )
