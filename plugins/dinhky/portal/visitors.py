"""Who has come: the unit, or juror, whose personal link stands in the path, and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Path, Request

from dinhky.domain.errors import UnknownName
from dinhky.domain.plan import Plan, Unit
from dinhky.domain.schedule import round_id
from dinhky.portal.pace import Pace
from dinhky.rounds.kept_submissions import Submission
from dinhky.rounds.links import opened_by
from dinhky.rounds.owed import Affair, affair_of, affairs_of
from dinhky.rounds.ports import LedgerTransaction, Office

OpenOffice = Callable[[], tuple[Office, datetime]]
"""Gives the office as it is now, and the present moment of its clock."""


@dataclass(frozen=True)
class Visitor:
    """A unit that was let in, with the office as it is at this request: an edited plan counts at once."""

    office: Office
    plan: Plan
    unit: Unit
    now: datetime
    token: str

    @property
    def is_person(self) -> bool:
        """Whether it is a juror, who is addressed as a person."""
        return self.unit in self.plan.jurors

    def affairs(self) -> list[Affair]:
        """Everything asked of the unit, now and before."""
        with self.office.ledger.snapshot() as ledger:
            return affairs_of(self.office, ledger, self.plan, self.unit.code, self.now)

    def affair(self, ledger: LedgerTransaction, ref: str, period: str) -> Affair:
        """One of them. Raises UnknownName for whatever does not concern the unit, whether or not it exists."""
        round_ = self.office.rounds.get(round_id(self.plan.id, ref, period))
        found = round_ and affair_of(self.office, ledger, self.plan, round_, self.unit.code, self.now)
        if not found:
            raise UnknownName("page_not_found")
        return found

    def submission(self, ledger: LedgerTransaction, affair: Affair, number: int) -> Submission:
        """The unit's file of that number. Raises UnknownName."""
        for submission in ledger.submissions_of(affair.round.id, self.unit.code):
            if submission.number == number:
                return submission
        raise UnknownName("page_not_found")


def visitor(
    request: Request, token: Annotated[str, Path(max_length=300, description="the personal link's token")]
) -> Visitor:
    """Let in whom the token names. Raises LinkRefused."""
    open_office: OpenOffice = request.app.state.open_office
    office, now = open_office()
    with office.ledger.snapshot() as ledger:
        plan, unit = opened_by(office, ledger, token, now)
    return Visitor(office, plan, unit, now, token)


def paced_visitor(request: Request, let_in: Annotated[Visitor, Depends(visitor)]) -> Visitor:
    """The same for what costs work or changes something: not too often a minute. Raises TooManyRequests."""
    pace: Pace = request.app.state.pace
    pace.step((let_in.plan.id, let_in.unit.code))
    return let_in


Guest = Annotated[Visitor, Depends(visitor)]
PacedGuest = Annotated[Visitor, Depends(paced_visitor)]
Ref = Annotated[str, Path(max_length=40, examples=["PL-5"])]
PeriodLabel = Annotated[str, Path(max_length=10, examples=["2026-Q1"])]
Number = Annotated[int, Path(ge=1, le=1_000_000)]
