"""The office's clock: the real one, or one that starts elsewhere and runs faster, so that a quarter plays in minutes.

`DINHKY_CLOCK=2026-03-01T07:00+07:00@1440` starts at that moment and runs 1,440 times as fast (a day a minute);
`…@1440/2026-03-16T11:00+07:00` does so until that moment, and then goes on at the usual pace;
`…@1440/2026-03-16T11:00+07:00@720` goes on half as fast. Any number of paces may follow one another. Production never
sets it.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

PUNCTUAL = timedelta(minutes=1)
"""A tick that starts within this much real time of its schedule stands for the moment it was scheduled for."""
LAST_TICKS = timedelta(seconds=20)
"""How much real time the ticks of a fast clock's last hours may need to be run, after it goes on at the usual pace."""
USUAL_PACE = 1.0


@dataclass(frozen=True)
class Pace:
    """From `office` on, shown at the real instant `real`, the clock runs `rate` times as fast as a real one."""

    office: datetime
    real: datetime
    rate: float = USUAL_PACE

    def at(self, real: datetime) -> datetime:
        """What a clock at this pace shows at a real instant."""
        return self.office + (real - self.real) * self.rate

    def when(self, office: datetime) -> datetime:
        """The real instant at which a clock at this pace shows `office`."""
        return self.real + (office - self.office) / self.rate


@dataclass(frozen=True)
class Clock:
    """Office time as a function of real time: at least one pace, each until the next begins.

    Before its start it goes at the usual pace: a service that needs a minute to start sees a minute that is
    not played, and not days of them. With one usual pace and equal origins it is the real clock.
    """

    paces: tuple[Pace, ...]

    @classmethod
    def running(cls, started: datetime, paces: Iterable[tuple[datetime, float]]) -> Clock:
        """A clock that shows the first of the office moments at the real instant `started`, and from each on runs as
        many times as fast as the number beside it. Raises ValueError if these moments go back, or for a number that is
        not positive and finite."""
        legs: list[Pace] = []
        for office, rate in paces:
            if not (rate > 0 and math.isfinite(rate)):
                raise ValueError(f"DINHKY_CLOCK cannot run {rate} times as fast")
            if legs and office < legs[-1].office:
                raise ValueError(f"DINHKY_CLOCK cannot go on at {office}, before {legs[-1].office}")
            legs.append(Pace(office, legs[-1].when(office) if legs else started, rate))
        return cls(tuple(legs))

    @property
    def office_start(self) -> datetime:
        """What it shows when it starts."""
        return self.paces[0].office

    @property
    def is_real(self) -> bool:
        only = self.paces[0]
        return len(self.paces) == 1 and only.rate == USUAL_PACE and only.office == only.real

    @property
    def is_fast(self) -> bool:
        """Whether an office day passes in less than a day, or did while the ticks now running were due."""
        if self.paces[-1].rate > USUAL_PACE:
            return True
        slowed_down = [after.real for pace, after in pairwise(self.paces) if pace.rate > USUAL_PACE >= after.rate]
        return bool(slowed_down) and datetime.now(UTC) < slowed_down[-1] + LAST_TICKS

    def now(self) -> datetime:
        """The present moment in the office, in UTC."""
        return self.at(datetime.now(UTC))

    def at(self, real: datetime) -> datetime:
        """What the office clock shows at a real instant, in UTC."""
        begun = bisect_right(self.paces, real, key=lambda pace: pace.real)
        return (self.paces[begun - 1] if begun else self._before).at(real).astimezone(UTC)

    def real(self, office: datetime) -> datetime:
        """The real instant, in UTC, at which the office clock shows `office`."""
        begun = bisect_right(self.paces, office, key=lambda pace: pace.office)
        return (self.paces[begun - 1] if begun else self._before).when(office).astimezone(UTC)

    @property
    def _before(self) -> Pace:
        """Until it starts."""
        return Pace(self.paces[0].office, self.paces[0].real)

    def span(self, real: timedelta, since: datetime) -> timedelta:
        """How much office time passes in so much real time from the real instant `since` on: for leases and time-outs,
        which are about machines."""
        return self.at(since + real) - self.at(since)

    def tick(self, scheduled: datetime) -> datetime:
        """The office moment that a run scheduled for the real instant `scheduled` stands for.

        A punctual tick stands for its schedule and not for the second at which a worker got round to it, which on a
        fast clock could be hours later; a late one (after an outage) stands for now.
        """
        real_now = datetime.now(UTC)
        return self.at(scheduled if timedelta() <= real_now - scheduled <= PUNCTUAL else real_now)

    @classmethod
    def parse(cls, text: str | None, started: datetime) -> Clock:
        """From `DINHKY_CLOCK`: `moment[@rate][/moment[@rate]]…`; None or empty is the real clock.

        `started` is when it began to run. Raises ValueError for anything else.
        """
        if not text:
            return cls((Pace(started, started),))
        legs = (leg.partition("@") for leg in text.split("/"))
        return cls.running(started, ((_moment(moment), float(rate) if at else USUAL_PACE) for moment, at, rate in legs))


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"DINHKY_CLOCK needs moments with their zone, such as 2026-03-01T07:00+07:00, not {text!r}")
    return moment
