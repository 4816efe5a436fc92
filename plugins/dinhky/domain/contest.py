"""A contest as the plan foresees it: its phases, what is judged, by whom, and what can be won."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

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


SMALLEST_JURY = 3

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
    """What a plan says of a contest. `name` is what documents call it, beginning with a capital.

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
    name: str = ""

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


def contest_feasibility(
    where: str, contest: Contest, calendar: WorkingCalendar, first_day: date, last_day: date
) -> list[Problem]:
    """What officers ought to know of a contest before it starts: a phase that begins or ends on a day off, one that
    ends before `first_day` (when the duty comes into force) or after `last_day` (when it is due), a jury of less than
    three or of an even number. `where` is the round's id. Advice, not mistakes. Raises CalendarGap."""
    found = []
    for phase in contest.phases:
        found += [
            Problem("contest_phase_on_day_off", where, {"phase": phase.kind.value, "day": day})
            for day in dict.fromkeys((phase.opens, phase.due))
            if not calendar.is_working_day(day)
        ]
        if phase.due < first_day:
            params = {"phase": phase.kind.value, "day": phase.due, "since": first_day}
            found.append(Problem("contest_phase_before_force", where, params))
        if phase.due > last_day:
            params = {"phase": phase.kind.value, "day": phase.due, "due": last_day}
            found.append(Problem("contest_phase_after_due", where, params))
    if len(contest.jurors) < SMALLEST_JURY or len(contest.jurors) % 2 == 0:
        found.append(Problem("contest_jury_size", where, {"count": len(contest.jurors)}))
    return found
