"""A contest of ideas: its phases, what is judged and by whom, its entries, and what a jury may and must score.

Jurors are blind to each other: whatever is put together for one of them is made from the entries alone, never from
another's sheet.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.errors import Problem, UnknownName


class PhaseKind(StrEnum):
    """The phases in the only order in which they can follow each other. The values are part of refs: never renamed."""

    PLAN = "plan"
    """The contest's own plan is issued."""
    LAUNCH = "launch"
    """The contest is announced."""
    ENTRIES = "entries"
    """Entries are taken."""
    PRELIMINARY = "preliminary"
    """Every juror scores every entry."""
    FINAL = "final"
    """Every juror scores the finalists anew."""
    AWARD = "award"
    """Results are announced and prizes given."""
    SENT_ON = "sent_on"
    """The best entries are sent to the higher level's contest."""


SCORED = (PhaseKind.PRELIMINARY, PhaseKind.FINAL)
"""The phases in which jurors score. Each is ranked by its own sheets alone."""


@dataclass(frozen=True)
class Phase:
    """A stretch of the contest: Vietnamese calendar days, both included."""

    kind: PhaseKind
    opens: date
    due: date


@dataclass(frozen=True)
class Criterion:
    """One thing that is judged, from 0 to `max_points`."""

    code: str
    name: str
    max_points: int


@dataclass(frozen=True)
class Juror:
    """A member of the jury, asked and reminded like a unit. `chat` names an environment variable, never the URL.

    `unit` is the unit they belong to, if any: they do not score its entries.
    """

    code: str
    name: str
    email: str
    chat: str | None = None
    unit: str | None = None
    title: str = ""


@dataclass(frozen=True)
class Prize:
    """A prize and how many of it the plan foresees."""

    name: str
    count: int


@dataclass(frozen=True)
class Contest:
    """What a plan says of a contest.

    `finalists` is how many entries reach the final, prizes run from the highest to the lowest, and `sent_on_count` of
    the best go to the higher level's contest, `sent_on_to`. `tie_break` lists the criteria (codes) by whose mean
    points entries of equal mean are told apart, first to last; empty is the criteria's own order.
    """

    phases: tuple[Phase, ...]
    criteria: tuple[Criterion, ...]
    jurors: tuple[Juror, ...]
    finalists: int
    prizes: tuple[Prize, ...]
    sent_on_to: str
    sent_on_count: int
    tie_break: tuple[str, ...] = ()

    @property
    def most_points(self) -> int:
        """What a perfect entry gets from one juror."""
        return sum(criterion.max_points for criterion in self.criteria)

    @property
    def tie_criteria(self) -> tuple[Criterion, ...]:
        """The criteria that break ties, first to last."""
        return tuple(self.criterion(code) for code in self.tie_break) or self.criteria

    def phase(self, kind: PhaseKind) -> Phase:
        """Raises UnknownName for a phase that this contest does not have."""
        for phase in self.phases:
            if phase.kind is kind:
                return phase
        raise UnknownName("unknown_phase", found=kind.value, expected=[phase.kind.value for phase in self.phases])

    def has_phase(self, kind: PhaseKind) -> bool:
        return any(phase.kind is kind for phase in self.phases)

    def juror(self, code: str) -> Juror:
        """Raises UnknownName."""
        for juror in self.jurors:
            if juror.code == code:
                return juror
        raise UnknownName("unknown_juror", found=code, expected=[juror.code for juror in self.jurors])

    def criterion(self, code: str) -> Criterion:
        """Raises UnknownName."""
        for criterion in self.criteria:
            if criterion.code == code:
                return criterion
        raise UnknownName("unknown_criterion", found=code, expected=[criterion.code for criterion in self.criteria])


@dataclass(frozen=True)
class Arrival:
    """An entry as a unit's workbook tells it, in `row`. `group` is the residential group, school or department that
    it comes from, where the unit stands for several."""

    unit: str
    row: int
    title: str
    authors: str
    summary: str
    evidence: str = ""
    group: str = ""


@dataclass(frozen=True)
class Entry:
    """A numbered entry of the contest. `code` is what jurors, sheets and documents call it by."""

    code: str
    title: str
    authors: str
    unit: str
    summary: str
    evidence: str = ""
    group: str = ""


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


def numbered(arrivals: Iterable[Arrival], units: Sequence[str]) -> tuple[Entry, ...]:
    """The contest's entries with their codes, `01` on: by the order of `units`, then by row.

    The same title from the same unit and group is one entry, told first; upper case, spaces and Unicode form make no
    difference. To be called when entries have closed: a later arrival would move the numbers behind it.
    """
    place = {unit: index for index, unit in enumerate(units)}
    ordered = sorted(arrivals, key=lambda told: (place.get(told.unit, len(place)), told.unit, told.row))
    distinct = {(told.unit, _same(told.group), _same(told.title)): told for told in reversed(ordered)}
    kept = [told for told in ordered if distinct[told.unit, _same(told.group), _same(told.title)] is told]
    width = max(2, len(str(len(kept))))
    return tuple(
        Entry(f"{number:0{width}d}", told.title, told.authors, told.unit, told.summary, told.evidence, told.group)
        for number, told in enumerate(kept, 1)
    )


def conflicts(contest: Contest, entries: Iterable[Entry]) -> tuple[Conflict, ...]:
    """Which juror does not score which entry, by entry."""
    return tuple(
        Conflict(juror.code, entry.code) for entry in entries for juror in contest.jurors if juror.unit == entry.unit
    )


def to_score(contest: Contest, entries: Iterable[Entry], juror: str) -> tuple[Entry, ...]:
    """The entries that this juror is asked to score. Raises UnknownName."""
    own = contest.juror(juror).unit
    return tuple(entry for entry in entries if own is None or entry.unit != own)


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


def contest_feasibility(where: str, contest: Contest, calendar: WorkingCalendar, last_day: date) -> list[Problem]:
    """What officers ought to know of a contest before it starts: a phase that begins or ends on a day off, one that
    ends after `last_day` (when the duty is due), a jury of less than three or of an even number. `where` is the
    round's id. Advice, not mistakes. Raises CalendarGap."""
    found = []
    for phase in contest.phases:
        for day in dict.fromkeys((phase.opens, phase.due)):
            if not calendar.is_working_day(day):
                found.append(Problem("contest_phase_on_day_off", where, {"phase": phase.kind.value, "day": day}))
        if phase.due > last_day:
            params = {"phase": phase.kind.value, "day": phase.due, "due": last_day}
            found.append(Problem("contest_phase_after_due", where, params))
    if len(contest.jurors) < 3 or len(contest.jurors) % 2 == 0:
        found.append(Problem("contest_jury_size", where, {"count": len(contest.jurors)}))
    return found


def decimal_text(points: Fraction, places: int = 2) -> str:
    """Points as people read them: `85,6`; rounded half up to `places`, without idle zeros."""
    scaled = abs(points) * 10**places + Fraction(1, 2)
    whole, part = divmod(scaled.numerator // scaled.denominator, 10**places)
    text = f"{whole},{part:0{places}d}".rstrip("0").rstrip(",") if places else str(whole)
    return f"-{text}" if points < 0 and text != "0" else text


def _same(text: str) -> str:
    """A text's letters and digits alone, for telling whether two titles are one."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split()).strip(" .")
