"""What people and machines do in a year, apart from the system: fixed beforehand, so that any player can play it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import Any


class Temperament(StrEnum):
    """How a unit usually answers. It answers otherwise now and then, like anybody."""

    EARLY = "early"
    PUNCTUAL = "punctual"
    LAST_MINUTE = "last_minute"
    """On the due day, up to the last hour of it."""
    LATE = "late"
    """After the due date, sometimes after the lock."""
    CARELESS = "careless"
    """Sends wrong files first."""
    DOUBLE_SENDER = "double_sender"
    """Sends the same file twice, and corrects it later."""
    FORGETFUL = "forgetful"
    """Never answers."""


class Fault(StrEnum):
    """What is wrong with a file. All but the last are told to the sender place by place; the last is no workbook."""

    DATE_OUTSIDE = "date_outside"
    TITLE_MISSING = "title_missing"
    CHOICE_UNKNOWN = "choice_unknown"
    SCORE_MISSING = "score_missing"
    NOTHING_IN_IT = "nothing_in_it"
    OTHER_UNIT = "other_unit"
    """Another unit's workbook."""
    NO_WORKBOOK = "no_workbook"


Rows = Mapping[str, Sequence[Mapping[str, Any]]]
"""By sheet, what is typed row by row: a column's key and the text, number or date."""


@dataclass(frozen=True)
class Mark:
    """What makes a told post the same as others, whatever it looks like: a shared `link`, or `title` on one channel.

    Numbers, given by whoever invented the post; no link (0) where the evidence is words.
    """

    link: int
    title: int


@dataclass(frozen=True)
class Delivery:
    """A file that `unit` sends at `at`: the workbook that `workbook_unit` got for `round_id`, with `rows` typed in.

    `marks` say of each row of the sheet `posts` what it really is. `scores` is the hand that a
    juror's sheet is filled by: what stands in it is only known when the sheet has come.
    """

    at: datetime
    unit: str
    round_id: str
    workbook_unit: str
    rows: Rows
    marks: tuple[Mark, ...] = ()
    fault: Fault | None = None
    scores: Scoring | None = None

    @cached_property
    def fingerprint(self) -> str:
        """Equal for files of the same bytes only."""
        told = json.dumps(self.rows, ensure_ascii=False, sort_keys=True, default=str)
        parts = (self.round_id, self.workbook_unit, self.fault == Fault.NO_WORKBOOK, self.scores, told)
        return sha256(repr(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Scoring:
    """A juror's taste: the same entry gets the same points from the same hand. `skips` is the row left unscored."""

    seed: int
    coarse: bool = False
    skips: int | None = None

    def points(self, title: str, criteria: Sequence[tuple[str, int]]) -> dict[str, Decimal]:
        """The points of one entry by criterion's code, in halves; coarse hands give few different ones, for ties."""
        found = {}
        for code, most in criteria:
            drawn = int.from_bytes(sha256(f"{self.seed}|{title}|{code}".encode()).digest()[:4], "big")
            steps = 3 if self.coarse else most * 2
            found[code] = (
                Decimal(drawn % (steps + 1)) * most / steps if self.coarse else Decimal(drawn % (steps + 1)) / 2
            )
        return {code: points.quantize(Decimal("0.5")) for code, points in found.items()}


@dataclass(frozen=True)
class Decision:
    """What the approver says, `wait` after being asked."""

    wait: timedelta
    approved: bool


@dataclass(frozen=True)
class LetOff:
    """The jury's chair goes on without whoever has not scored in a phase by `at`."""

    round_id: str
    at: datetime


class Ruling(StrEnum):
    """What an officer decides about a unit's part."""

    RETURN = "return"
    WAIVE = "waive"
    UNWAIVE = "unwaive"
    NIL = "nil"
    EXTEND = "extend"
    TAKE = "take"
    """A file that came too late counts after all."""
    DECLINE = "decline"


@dataclass(frozen=True)
class Act:
    """What an officer decides at `at`, whether it makes sense then or not; `until` is for who is given longer."""

    at: datetime
    round_id: str
    unit: str
    ruling: Ruling
    until: datetime | None = None


@dataclass(frozen=True)
class Outage:
    """A time in which something does not work, the end excluded."""

    start: datetime
    end: datetime

    def covers(self, moment: datetime) -> bool:
        return self.start <= moment < self.end


@dataclass(frozen=True)
class Behaviour:
    """All that happens to one plan in its year. `decisions` are the approver's answers by round, in the order asked.

    `extra_ticks` are moments at which the chase looks although nothing need be due.
    """

    plan_id: str
    seed: int
    temperaments: Mapping[str, Temperament]
    deliveries: tuple[Delivery, ...]
    decisions: Mapping[str, tuple[Decision, ...]]
    outages: tuple[Outage, ...] = ()
    mail_outages: tuple[Outage, ...] = ()
    extra_ticks: tuple[datetime, ...] = field(default_factory=tuple)
    let_off: tuple[LetOff, ...] = ()
    acts: tuple[Act, ...] = ()

    def is_down(self, moment: datetime) -> Outage | None:
        """The outage of the whole system at that moment."""
        return next((outage for outage in self.outages if outage.covers(moment)), None)

    def mail_is_down(self, moment: datetime) -> bool:
        return any(outage.covers(moment) for outage in self.mail_outages)
