"""What came of a year that was played: the files, decisions, reports and messages, in the order of time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dinhky.domain.assignment import Assignment
from dinhky.domain.plan import Plan
from dinhky.domain.schedule import Round
from dinhky.intake.receive import Receipt
from dinhky.rounds.kept_reports import ReportVersion
from dinhky.simulation.acting import Acted
from dinhky.simulation.behaviour import Behaviour, Delivery
from dinhky.simulation.recording import Sent


@dataclass(frozen=True)
class Arrival:
    """A file that was taken in: when it arrived, when it was looked at, and the answer."""

    delivery: Delivery
    arrived: datetime
    received: datetime
    receipt: Receipt


@dataclass(frozen=True)
class Compiled:
    """A report compiled at `at` with these facts."""

    round_id: str
    at: datetime
    version: ReportVersion
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Closed:
    """A round, or a period of standing duties, that was closed at `at`: what the use case gave back."""

    round_id: str
    at: datetime
    result: Any


@dataclass(frozen=True)
class Decided:
    """What the approver said of a round's report, or of what a contest's phase ended with."""

    round_id: str
    at: datetime
    approved: bool


@dataclass
class Played:
    """What came of it. `outbox` are its rows as they ended; `assignments` the parts of every round that was opened.

    `happened` are arrivals and decisions in the order in which they were taken in.
    """

    plan: Plan
    behaviour: Behaviour
    rounds: Mapping[str, Round]
    sent: list[Sent] = field(default_factory=list)
    opened: dict[str, datetime] = field(default_factory=dict)
    arrivals: list[Arrival] = field(default_factory=list)
    compiled: list[Compiled] = field(default_factory=list)
    reports_sent: list[tuple[str, datetime, ReportVersion]] = field(default_factory=list)
    closed: list[Closed] = field(default_factory=list)
    decided: list[Decided] = field(default_factory=list)
    let_off: dict[tuple[str, str], datetime] = field(default_factory=dict)
    happened: list[Arrival | Acted] = field(default_factory=list)
    announced: list[tuple[str, datetime, ReportVersion]] = field(default_factory=list)
    ended: datetime | None = None
    outbox: list[dict[str, Any]] = field(default_factory=list)
    assignments: dict[str, list[Assignment]] = field(default_factory=dict)
