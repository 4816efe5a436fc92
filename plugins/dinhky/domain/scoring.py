"""What a contest's jury must, may and did score.

Jurors are blind to each other: what one of them is asked for follows from the entries and their own sheet alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from dinhky.domain.content import ScoreRow
from dinhky.domain.contest import Contest
from dinhky.domain.contest_entries import Entry
from dinhky.domain.errors import Problem


@dataclass(frozen=True)
class Score:
    """What one juror gave one entry in one phase; `points` by criterion, exact. A criterion left empty is not in it."""

    juror: str
    entry: str
    points: Mapping[str, Fraction] = field(default_factory=dict)
    comment: str = ""

    @property
    def total(self) -> Fraction:
        return sum(self.points.values(), Fraction())


@dataclass(frozen=True)
class Conflict:
    """A juror who does not score an entry because it is their own unit's."""

    juror: str
    entry: str


@dataclass(frozen=True)
class MissingScore:
    """An entry that a juror has not scored, or not by these criteria yet: to be asked for, never taken for zero."""

    juror: str
    entry: str
    criteria: tuple[str, ...]


def exact(points: int | float | str | Decimal | Fraction) -> Fraction:
    """Points as typed: 8.1 is eighty-one tenths, not the nearest binary number. Raises ValueError for no number."""
    return points if isinstance(points, Fraction) else Fraction(str(points))


def conflicts(contest: Contest, entries: Iterable[Entry]) -> tuple[Conflict, ...]:
    """Which juror does not score which entry, by entry."""
    return tuple(
        Conflict(juror.code, entry.code) for entry in entries for juror in contest.jurors if juror.unit == entry.unit
    )


def to_score(contest: Contest, entries: Iterable[Entry], juror: str) -> tuple[Entry, ...]:
    """The entries that this juror is asked to score. Raises UnknownName."""
    own = contest.juror(juror).unit
    return tuple(entry for entry in entries if own is None or entry.unit != own)


def sheet_rows(contest: Contest, entries: Iterable[Entry], juror: str) -> list[dict[str, str]]:
    """What stands in this juror's score sheet already: the entries they are asked to score, without their authors.
    Raises UnknownName."""
    return [
        {"entry": entry.code, "title": entry.title, "summary": "\n".join(filter(None, (entry.summary, entry.link)))}
        for entry in to_score(contest, entries, juror)
    ]


def told_scores(juror: str, rows: Iterable[ScoreRow]) -> tuple[Score, ...]:
    """A juror's sheet as read from their workbook."""
    return tuple(
        Score(juror, row.entry, {code: exact(points) for code, points in row.points.items()}, row.comment)
        for row in rows
    )


def missing_scores(
    contest: Contest, entries: Sequence[Entry], scores: Iterable[Score], without: Collection[str] = ()
) -> tuple[MissingScore, ...]:
    """What is still to be asked for, by juror in the plan's order and then by entry; `without` are jurors let off."""
    given = {(score.juror, score.entry): score.points for score in scores}
    codes = [criterion.code for criterion in contest.criteria]
    missing = []
    for juror in contest.jurors:
        if juror.code in without:
            continue
        for entry in to_score(contest, entries, juror.code):
            points = given.get((juror.code, entry.code), {})
            lacking = tuple(code for code in codes if code not in points)
            if lacking:
                missing.append(MissingScore(juror.code, entry.code, lacking))
    return tuple(missing)


def score_problems(contest: Contest, entries: Iterable[Entry], scores: Iterable[Score]) -> list[Problem]:
    """Everything in the sheets that cannot be counted: names nobody knows, points out of range, a juror's own unit's
    entry, an entry scored twice by one juror. `where` is the entry's code."""
    return list(_score_problems(contest, {entry.code: entry for entry in entries}, scores))


def _score_problems(contest: Contest, entries: Mapping[str, Entry], scores: Iterable[Score]) -> Iterator[Problem]:
    jurors = {juror.code: juror for juror in contest.jurors}
    most = {criterion.code: criterion for criterion in contest.criteria}
    seen: set[tuple[str, str]] = set()
    for score in scores:
        juror, entry = jurors.get(score.juror), entries.get(score.entry)
        if juror is None:
            yield Problem("score_unknown_juror", score.entry, {"found": score.juror, "expected": [*jurors]})
            continue
        if entry is None:
            yield Problem("score_unknown_entry", score.entry, {"found": score.entry, "juror": juror.name})
            continue
        about = {"juror": juror.name, "entry": entry.code}
        if juror.unit == entry.unit:
            yield Problem("score_of_own_unit", entry.code, {**about, "title": entry.title})
        if (score.juror, score.entry) in seen:
            yield Problem("score_twice", entry.code, about)
        seen.add((score.juror, score.entry))
        for code, points in score.points.items():
            criterion = most.get(code)
            if criterion is None:
                yield Problem("score_unknown_criterion", entry.code, {**about, "found": code, "expected": [*most]})
            elif not 0 <= points <= criterion.max_points:
                found = {"criterion": criterion.name, "found": decimal_text(points), "most": criterion.max_points}
                yield Problem("score_out_of_range", entry.code, {**about, **found})


def decimal_text(points: Fraction, places: int = 2) -> str:
    """Points as people read them: `85,6`; rounded half up to `places`, without idle zeros."""
    scaled = abs(points) * 10**places + Fraction(1, 2)
    whole, part = divmod(scaled.numerator // scaled.denominator, 10**places)
    text = f"{whole},{part:0{places}d}".rstrip("0").rstrip(",") if places else str(whole)
    return f"-{text}" if points < 0 and text != "0" else text
