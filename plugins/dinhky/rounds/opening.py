"""Opening a round: its assignments in the ledger, and the opening notice with each unit's own workbook."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from dinhky.domain.chase import Step
from dinhky.domain.local_time import local
from dinhky.domain.plan import Kind, Plan, Unit
from dinhky.domain.schedule import Round, in_force
from dinhky.rounds.asking import facts_for, prefilled_for, wording
from dinhky.rounds.correspondence import to_unit
from dinhky.rounds.kept_messages import Attachment, Message
from dinhky.rounds.lookup import round_of
from dinhky.rounds.ports import LedgerTransaction, Office
from dinhky.rounds.posting import recount
from dinhky.rounds.succession import PLAN, asked_now, let_off_by_plan, named_on

QUOTA_SET = "quota_set"
"""The event that says what a round of posts asks for, whenever that becomes another."""


def open_round(office: Office, round_id: str, now: datetime) -> list[Unit]:
    """Open a round and return the units asked, in the plan's order; those that ceased to exist meanwhile are not.

    Repeating it adds what the plan has gained since and repeats no message. A round that is over is recorded as
    history, one that is cancelled as such: nobody is written to.
    """
    plan, round_ = round_of(office, round_id)
    with office.ledger.snapshot() as ledger:
        parts = ledger.assignments(round_id)
        let_off = let_off_by_plan(ledger, parts)
    done = [one.unit for one in parts if one.settled and (round_id, one.unit) not in let_off]
    day = local(round_.unit_due if round_.is_over(now) else now).date()
    codes = asked_now(plan, round_, now, [one.unit for one in parts], done)
    units = [named_on(plan.unit(code), day) for code in codes]
    workbooks = {} if round_.is_over(now) else workbooks_for(office, plan, round_, units)
    with office.ledger.transaction() as ledger:
        ledger.lock_round(round_id)
        if ledger.open_round(round_, units, now) and round_.kind is Kind.POSTS:
            ledger.event(QUOTA_SET, at=now, actor=PLAN, round_id=round_id, quota=quota_asked(plan, round_))
            ledger.lock_round(f"{plan.id}/items")
            recount(office, ledger, plan, None, now)  # something may have been published, and told, before
        for unit in units if workbooks else []:
            for notice in opening_notices(office, ledger, plan, round_, unit, workbooks[unit.code], now):
                ledger.queue(notice, now)
    return units


def quota_asked(plan: Plan, round_: Round) -> dict[str, Any]:
    """What a round of posts asks for, so far as an amendment can change it: how many items, and on which channel."""
    return {"count": round_.count or 0, "channel": in_force(plan.obligation(round_.ref), round_.period).channel}


def workbooks_for(office: Office, plan: Plan, round_: Round, units: Iterable[Unit]) -> dict[str, Attachment]:
    """Each unit's own workbook, stored, by the unit's code."""
    with office.ledger.snapshot() as ledger:
        return {unit.code: _workbook(office, ledger, plan, round_, unit) for unit in units}


def opening_notices(
    office: Office,
    ledger: LedgerTransaction,
    plan: Plan,
    round_: Round,
    unit: Unit,
    workbook: Attachment,
    now: datetime,
) -> Iterator[Message]:
    """What tells a unit that a round has opened for it."""
    yield from to_unit(
        office,
        plan,
        round_,
        unit,
        Step.OPENING.value,
        template=wording("opening", round_),
        now=now,
        attachments=(workbook,),
        office_hours_only=True,
        **facts_for(office, ledger, plan, round_, now),
    )


def workbook_for(office: Office, ledger: LedgerTransaction, plan: Plan, round_: Round, unit: Unit) -> tuple[str, bytes]:
    """A unit's own workbook for a round, with what is known already, and the name under which the unit sees it."""
    prefilled = prefilled_for(office, ledger, plan, round_, unit)
    name = office.words.file_name(
        wording("workbook", round_), ref=round_.ref, period=round_.period.label, unit=unit.code
    )
    return name, office.workbooks.build(plan, round_, unit, prefilled)


def _workbook(office: Office, ledger: LedgerTransaction, plan: Plan, round_: Round, unit: Unit) -> Attachment:
    name, data = workbook_for(office, ledger, plan, round_, unit)
    return Attachment(name, office.files.put(data))
