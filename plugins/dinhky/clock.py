"""The office's clock: the real one, or one that starts elsewhere and runs faster, so that a quarter plays in minutes.

`DINHKY_CLOCK=2026-03-01T07:00+07:00@1440` starts at that moment and runs 1,440 times as fast (a day a minute);
`…@1440/2026-03-16T11:00+07:00` does so until that moment, and then goes on at the usual pace. Production never sets it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

PUNCTUAL = timedelta(minutes=1)
"""A tick that starts within this much real time of its schedule stands for the moment it was scheduled for."""
LAST_TICKS = timedelta(seconds=20)
"""How much real time the ticks of a fast clock's last hours may need to be run, after it goes on at the usual pace."""


@dataclass(frozen=True)
class Clock:
    """Office time as a function of real time: `rate` times as fast from the two origins on, until `office_end` if any.

    Before its start it goes at the usual pace: a service that needs a minute to start sees a minute that is
    not played, and not days of them. With rate 1 and equal origins it is the real clock.
    """

    office_start: datetime
    real_start: datetime
    rate: float = 1.0
    office_end: datetime | None = None

    @property
    def is_real(self) -> bool:
        return self.rate == 1.0 and self.office_start == self.real_start

    @property
    def is_fast(self) -> bool:
        """Whether an office day passes in less than a day, or did while the ticks now running were due."""
        if self.rate <= 1.0:
            return False
        return self.office_end is None or datetime.now(UTC) < self.real(self.office_end) + LAST_TICKS

    def now(self) -> datetime:
        """The present moment in the office, in UTC."""
        return self.at(datetime.now(UTC))

    def at(self, real: datetime) -> datetime:
        """What the office clock shows at a real instant, in UTC."""
        since = real - self.real_start
        shown = self.office_start + (since * self.rate if since > timedelta() else since)
        if self.office_end and shown > self.office_end:
            shown = self.office_end + (real - self._real_end)
        return shown.astimezone(UTC)

    def real(self, office: datetime) -> datetime:
        """The real instant, in UTC, at which the office clock shows `office`."""
        if self.office_end and office > self.office_end:
            return (self._real_end + (office - self.office_end)).astimezone(UTC)
        since = office - self.office_start
        return (self.real_start + (since / self.rate if since > timedelta() else since)).astimezone(UTC)

    @property
    def _real_end(self) -> datetime:
        end = self.office_end or self.office_start
        return self.real_start + (end - self.office_start) / self.rate

    def span(self, real: timedelta) -> timedelta:
        """How much office time passes at most in some real time: for leases and time-outs, which are about machines."""
        return real * max(self.rate, 1.0)

    def tick(self, scheduled: datetime) -> datetime:
        """The office moment that a run scheduled for the real instant `scheduled` stands for.

        A punctual tick stands for its schedule and not for the second at which a worker got round to it, which on a
        fast clock could be hours later; a late one (after an outage) stands for now.
        """
        real_now = datetime.now(UTC)
        return self.at(scheduled if timedelta() <= real_now - scheduled <= PUNCTUAL else real_now)

    @classmethod
    def parse(cls, text: str | None, started: datetime) -> Clock:
        """From `DINHKY_CLOCK`: `moment[@rate[/moment]]`; None or empty is the real clock.

        `started` is when it began to run. Raises ValueError for anything else.
        """
        if not text:
            return cls(started, started)
        moment, _, pace = text.partition("@")
        rate, _, end = pace.partition("/")
        faster = float(rate) if rate else 1.0
        if not (faster > 0 and math.isfinite(faster)):
            raise ValueError(f"DINHKY_CLOCK cannot run {rate} times as fast")
        office_start, office_end = _moment(moment), _moment(end) if end else None
        if office_end and office_end < office_start:
            raise ValueError(f"DINHKY_CLOCK cannot end at {end}, before it starts")
        return cls(office_start, started, faster, office_end)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"DINHKY_CLOCK needs moments with their zone, such as 2026-03-01T07:00+07:00, not {text!r}")
    return moment
