"""When the chase looks: the half hours of the office day, as far as the system is up and anything can be due."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, time, timedelta

from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.chase import escalation_at, in_office_hours, overdue_ladder, unit_ladder
from dinhky.domain.local_time import at, local
from dinhky.domain.schedule import Round
from dinhky.simulation.behaviour import Behaviour

GRID = timedelta(minutes=30)
"""The chase looks at every full and half hour."""
FIRST_TICK, LAST_TICK = time(7, 0), time(16, 30)
DIGEST_TICK = time(8, 0)
"""The first tick of a morning at which digests are decided."""
LAST_DIGEST_TICK = time(11, 30)
LAST_MOMENTS = timedelta(days=75)
"""How long after the year's last lock the system is still watched: it has nothing more to say then."""


class TickGrid:
    """The ticks of a year in which these rounds are played."""

    def __init__(self, behaviour: Behaviour, calendar: WorkingCalendar, rounds: Collection[Round]) -> None:
        self._behaviour = behaviour
        self._calendar = calendar
        self._rounds = rounds

    def needed(self) -> list[datetime]:
        """The grid's moments at which something can be due, and those at which the behaviour looks anyway."""
        wanted = []
        for round_ in self._rounds:
            wanted += [due.at for due in unit_ladder(round_, self._calendar)]
            wanted += [due.at for due in overdue_ladder(round_, self._calendar, until=round_.locks + LAST_MOMENTS)]
            wanted += [escalation_at(round_, self._calendar), round_.opens, round_.locks + timedelta(days=1)]
        wanted += [outage.end for outage in self._behaviour.outages]
        found = {self.next(moment) for moment in wanted} | set(self._behaviour.extra_ticks)
        last = max(round_.locks for round_ in self._rounds)
        found |= {self.next(last + timedelta(days=days)) for days in range(1, LAST_MOMENTS.days, 7)}
        return sorted(found)

    def of_digests(self) -> list[datetime]:
        """The first tick of every morning that digests are decided at; none where the system is down all morning."""
        day = local(min(round_.opens for round_ in self._rounds)).date()
        last = local(max(round_.locks for round_ in self._rounds)).date() + LAST_MOMENTS
        found = []
        while day <= last:
            moment = self.next(at(day, DIGEST_TICK))
            if local(moment).date() == day and local(moment).time() <= LAST_DIGEST_TICK:
                found.append(moment)
            day += timedelta(days=1)
        return found

    def next(self, moment: datetime) -> datetime:
        """The first tick at or after a moment that happens, and in office hours."""
        moment = _on_grid(moment)
        while True:
            outage = self._behaviour.is_down(moment)
            if outage:
                moment = _on_grid(outage.end)
            elif in_office_hours(moment, self._calendar) and local(moment).time() <= LAST_TICK:
                return moment
            else:
                moment += GRID


def _on_grid(moment: datetime) -> datetime:
    here = local(moment)
    begun = here.replace(minute=here.minute // 30 * 30, second=0, microsecond=0)
    return begun if begun == here else begun + GRID
