"""What one unit's part of a round comes to, by the files that came for it and by what officers decided about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from dinhky.simulation.behaviour import Ruling
from dinhky.simulation.played import Arrival

ACCEPTED, RETURNED, HELD, REFUSED = "accepted", "returned", "held", "refused"
BY_OFFICER, DECLINED = "returned by the officer", "declined"


@dataclass(frozen=True)
class Standing:
    """How a part stands: the files that count, oldest first and the last in place of all, or why there is none."""

    files: tuple[Arrival, ...] = ()
    is_late: bool | None = None
    is_nil: bool = False
    is_waived: bool = False
    until: datetime | None = None
    """Until when its files count, where an officer has given it longer."""


@dataclass
class Part:
    """A part through the year. `kept` are its numbered files, each with what has become of it."""

    kept: list[tuple[Arrival, str]] = field(default_factory=list)
    newest: tuple[str, str] | None = None
    now: Standing = field(default_factory=Standing)
    past: list[tuple[datetime, Standing]] = field(default_factory=list)
    last: Ruling | None = None
    """The last decision, if no file was accepted since."""
    told: int = 0
    """How many decisions the unit was told of."""

    @property
    def number(self) -> int:
        return len(self.kept)

    def standing(self, moment: datetime) -> Standing:
        """How the part stood then."""
        found = Standing()
        for since, standing in self.past:
            if since > moment:
                break
            found = standing
        return found

    def become(self, moment: datetime, **changes: object) -> None:
        """Let the part stand otherwise from that moment on."""
        self.now = replace(self.now, **changes)  # type: ignore[arg-type]
        self.past.append((moment, self.now))

    def accept(self, arrival: Arrival, moment: datetime, *, is_late: bool) -> None:
        """A file counts from that moment on; lateness is settled by the first."""
        if self.now.is_waived:
            return
        late = is_late if self.now.is_late is None else self.now.is_late
        self.become(moment, files=(*self.now.files, arrival), is_late=late, is_nil=False)

    def counting(self) -> int | None:
        """The place of the file that counts, or would if the unit were asked; None if there is none."""
        could = [place for place, (_, state) in enumerate(self.kept) if state in {ACCEPTED, BY_OFFICER}]
        return could[-1] if could and self.kept[could[-1]][1] == ACCEPTED else None

    def mark(self, place: int, state: str) -> None:
        self.kept[place] = (self.kept[place][0], state)

    def to_decide(self) -> int | None:
        """The place of the file that is meant when a late one is taken or declined."""
        for states in ({HELD}, {DECLINED, BY_OFFICER}, {ACCEPTED, RETURNED, HELD, DECLINED, BY_OFFICER}):
            found: Sequence[int] = [place for place, (_, state) in enumerate(self.kept) if state in states]
            if found:
                return found[-1]
        return None

    def can_be_taken(self, place: int) -> bool:
        """Whether that file may count after all."""
        newer = {state for _, state in self.kept[place + 1 :]}
        is_right = self.kept[place][1] in {HELD, DECLINED, BY_OFFICER}
        return is_right and not self.now.is_waived and not newer & {ACCEPTED, BY_OFFICER}
