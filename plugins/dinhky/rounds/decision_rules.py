"""What every decision of an officer about a unit's part has in common: what it must know, when it comes too late, how
it is recorded and told.

A decision is one transaction: who decided what about whom, when and why is one event, and everything that follows from
it is written with it. Taking the same decision twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from dinhky.domain.assignment import Assignment, State
from dinhky.domain.chase import in_office_hours
from dinhky.domain.contest import SCORED, PhaseKind
from dinhky.domain.errors import DecisionRefused, UnknownName
from dinhky.domain.local_time import local, start_of_work
from dinhky.domain.plan import Kind, Plan
from dinhky.domain.schedule import Round
from dinhky.rounds.asking import facts_for
from dinhky.rounds.contest_answers import takes_until, whole_contest
from dinhky.rounds.contests import is_settled
from dinhky.rounds.correspondence import to_unit
from dinhky.rounds.kept_messages import Message
from dinhky.rounds.kept_submissions import Submission
from dinhky.rounds.lookup import round_of
from dinhky.rounds.ports import LedgerTransaction, Office
from dinhky.rounds.posting import recount
from dinhky.rounds.succession import PLAN, exists_on, let_off_by_plan

DECIDED = "officer_decided"
"""The event of every decision: its `detail` says which, why, and what else belongs to it."""
_NOT_PEOPLE = {PLAN, "dinhky"}
_TOLD = {"tally_sent", "products_told", "entries_sent_on"}
"""The events that tell of a round's outcome: nothing is decided about it afterwards."""


class Ruling(StrEnum):
    """What can be decided. The values are part of outbox keys and events: never renamed."""

    RETURNED = "returned"
    WAIVED = "waived"
    UNWAIVED = "unwaived"
    NIL = "nil"
    EXTENDED = "extended"
    TAKEN = "taken"
    DECLINED = "declined"


@dataclass(frozen=True)
class Part:
    """A unit's part of a round as a decision finds it, with the round locked. `by` decides, because of `reason`.

    `taken_until` is until when the unit's files count without a decision.
    """

    plan: Plan
    round: Round
    assignment: Assignment
    taken_until: datetime
    by: str
    reason: str

    @property
    def unit(self) -> str:
        return self.assignment.unit

    @property
    def key(self) -> tuple[str, str]:
        """The ids of round and unit, as the ledger's methods take them."""
        return self.round.id, self.unit

    def refusal(self, code: str, **params: Any) -> DecisionRefused:
        """Why the decision cannot be taken, as an error that names unit and round."""
        return DecisionRefused(code, unit=self.assignment.unit_name, round_id=self.round.id, **params)


def part_for_decision(
    office: Office, ledger: LedgerTransaction, round_id: str, unit: str, by: str, reason: str
) -> Part:
    """The part that a decision is about; its round and the plan's items are locked from here on.

    Raises UnknownName; DecisionRefused where nothing can be decided: without a person or a reason, in a round that is
    not held or is history, about a unit of which nothing is asked.
    """
    plan, round_ = round_of(office, round_id)
    ledger.lock_round(round_id)
    ledger.lock_round(f"{plan.id}/items")
    opened = ledger.opened_round(round_id)
    if opened is None:
        raise UnknownName("round_not_opened", round_id=round_id)
    assignment = ledger.assignment(round_id, unit)
    if assignment is None:
        raise DecisionRefused("decision_unit_not_asked", unit=unit, round_id=round_id)
    by, reason = " ".join(by.split()), " ".join(reason.split())
    until = assignment.closes(takes_until(office, round_))
    part = Part(plan, round_, assignment, until, by, reason)
    if not by or by.casefold() in _NOT_PEOPLE:
        raise part.refusal("decision_without_name")
    if not reason:
        raise part.refusal("decision_without_reason")
    if round_.cancelled or opened.cancelled:
        raise part.refusal("decision_round_not_held", why=round_.cancelled or opened.cancelled)
    if opened.is_history:
        raise part.refusal("decision_round_is_history")
    return part


def refuse_if_told(office: Office, ledger: LedgerTransaction, part: Part, now: datetime) -> None:
    """Raise DecisionRefused if the round's outcome was told already, or can no longer change.

    A report is told when it is sent, a phase of a contest when what it ends with is approved, anything else when the
    supervisor was told how it ended, at the latest when nothing is taken any more.
    """
    round_ = part.round
    if round_.kind is Kind.REPORT:
        if sent := ledger.sent_report(round_.id):
            raise part.refusal("decision_report_sent", version=sent.version)
        return
    if round_.phase is PhaseKind.ENTRIES or round_.phase in SCORED:
        if is_settled(ledger, part.plan, round_):
            raise part.refusal("decision_phase_approved")
        return
    ids = [round_.id, *([whole_contest(office, round_).id] if round_.phase else [])]
    if any(event["kind"] in _TOLD for round_id in ids for event in ledger.events(round_id)):
        raise part.refusal("decision_outcome_told")
    if now > part.taken_until:
        raise part.refusal("decision_round_over", locks=part.taken_until)


def refuse_if_waived(part: Part) -> None:
    """Raise DecisionRefused about a unit of which nothing is expected."""
    if part.assignment.state is State.WAIVED:
        raise part.refusal("decision_unit_is_waived")


def is_waived_by_plan(ledger: LedgerTransaction, part: Part) -> bool:
    """Whether it is the plan that asks nothing of the unit any more, and not a person."""
    return part.key in let_off_by_plan(ledger, [part.assignment])


def counting_file(ledger: LedgerTransaction, part: Part) -> Submission | None:
    """The unit's file that was accepted and stands: the last one that could count, unless it was returned since."""
    files = [one for one in ledger.submissions(part.round.id) if one.unit == part.unit and one.content is not None]
    could_count = [one for one in files if one.state not in {"held", "declined"}]
    return could_count[-1] if could_count and could_count[-1].state == "accepted" else None


def is_repeated(ledger: LedgerTransaction, part: Part, ruling: Ruling, **detail: Any) -> bool:
    """Whether this very decision was the last thing that happened to the part: then it has been carried out."""
    for event in reversed(ledger.events(part.round.id)):
        if event["unit"] == part.unit and event["kind"] == "file_received" and event["detail"]["state"] == "accepted":
            return False
        if event["unit"] == part.unit and event["kind"] == DECIDED:
            wanted = {"ruling": ruling.value, "reason": part.reason} | detail
            return {name: event["detail"].get(name) for name in wanted} == wanted
    return False


def record_and_tell(
    office: Office,
    ledger: LedgerTransaction,
    part: Part,
    ruling: Ruling,
    now: datetime,
    detail: dict[str, Any] | None = None,
    **facts: Any,
) -> None:
    """Append the event of a decision that has been carried out, and tell the unit; both once.

    The messages' key numbers the decisions about the part, so that the same decision taken again later is told again.
    """
    ledger.event(
        DECIDED,
        at=now,
        actor=part.by,
        round_id=part.round.id,
        unit=part.unit,
        ruling=ruling.value,
        reason=part.reason,
        **(detail or {}),
    )
    events = ledger.events(part.round.id)
    number = sum(event["kind"] == DECIDED and event["unit"] == part.unit for event in events)
    for message in _messages(office, ledger, part, ruling, number, now, facts):
        ledger.queue(message, now)


def recount_items(office: Office, ledger: LedgerTransaction, part: Part, now: datetime) -> None:
    """Let every open quota of the plan say what the items say, now that some of them may be gone or asked of others."""
    recount(office, ledger, part.plan, None, now)


def _messages(
    office: Office,
    ledger: LedgerTransaction,
    part: Part,
    ruling: Ruling,
    number: int,
    now: datetime,
    facts: dict[str, Any],
) -> Iterator[Message]:
    if not exists_on(part.plan, part.unit, local(now).date()):
        return  # gone meanwhile: nobody to write to
    current = ledger.assignment(*part.key) or part.assignment
    closes = current.closes(takes_until(office, part.round))
    yield from to_unit(
        office,
        part.plan,
        part.round,
        part.plan.unit(part.unit),
        f"decision-{number}-{ruling.value}",
        template=f"decision_{ruling.value}",
        now=now,
        office_hours_only=_can_wait(office, closes, now),
        reason=part.reason.rstrip(". "),
        closes=closes,
        is_closed=now > closes,
        part=current,
        **facts_for(office, ledger, part.plan, part.round, now),
        **facts,
    )


def _can_wait(office: Office, closes: datetime, now: datetime) -> bool:
    """Whether the unit still has office hours to act in, if it is told when they next begin."""
    if in_office_hours(now, office.calendar) or now > closes:
        return True
    here = local(now)
    morning = start_of_work(office.calendar.on_or_after(here.date()))
    if morning <= now:
        morning = start_of_work(office.calendar.on_or_after(here.date() + timedelta(days=1)))
    return morning < closes
