"""The office's clock: the real one, or one that starts elsewhere and runs faster, so that a quarter plays in minutes.

`DINHKY_CLOCK=2026-03-01T07:00+07:00@1440` starts at that moment and runs 1,440 times as fast. Production never sets it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

PUNCTUAL = timedelta(minutes=1)
"""A tick that starts within this much real time of its schedule stands for the moment it was scheduled for."""


@dataclass(frozen=True)
class Clock:
    """Office time as a straight line over real time. With rate 1 and equal origins, the real clock."""

    office_start: datetime
    real_start: datetime
    rate: float = 1.0

    @property
    def is_real(self) -> bool:
        return self.rate == 1.0 and self.office_start == self.real_start

    def now(self) -> datetime:
        """The present moment in the office, in UTC."""
        return self.at(datetime.now(UTC))

    def at(self, real: datetime) -> datetime:
        """What the office clock shows at a real instant."""
        return (self.office_start + (real - self.real_start) * self.rate).astimezone(UTC)

    def real(self, office: datetime) -> datetime:
        """The real instant at which the office clock shows `office`."""
        return (self.real_start + (office - self.office_start) / self.rate).astimezone(UTC)

    def span(self, real: timedelta) -> timedelta:
        """How much office time passes in some real time: for leases and time-outs, which are about machines."""
        return real * self.rate

    def tick(self, scheduled: datetime) -> datetime:
        """The office moment that a run scheduled for the real instant `scheduled` stands for.

        A punctual tick stands for its schedule and not for the second at which a worker got round to it, which on a fast clock
        could be hours later; a late one (after an outage) stands for now.
        """
        real_now = datetime.now(UTC)
        return self.at(scheduled if timedelta() <= real_now - scheduled <= PUNCTUAL else real_now)

    @classmethod
    def parse(cls, text: str | None, started: datetime) -> Clock:
        """From `DINHKY_CLOCK`: `moment[@rate]`; None or empty is the real clock. `started` is when it began to run.

        Raises ValueError for anything else.
        """
        if not text:
            return cls(started, started)
        moment, _, rate = text.partition("@")
        office_start = datetime.fromisoformat(moment)
        if office_start.tzinfo is None:
            raise ValueError(f"DINHKY_CLOCK needs a moment with its zone, such as 2026-03-01T07:00+07:00, not {moment!r}")
        faster = float(rate) if rate else 1.0
        if not faster > 0:
            raise ValueError(f"DINHKY_CLOCK cannot run {rate} times as fast")
        return cls(office_start, started, faster)
