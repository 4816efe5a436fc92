"""Opening a round: its assignments in the ledger, and the opening notice with each unit's own workbook."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from dinhky.domain.chase import Step
from dinhky.domain.plan import Plan, Unit
from dinhky.domain.schedule import Round
from dinhky.rounds.asking import facts_for, prefilled_for, wording
from dinhky.rounds.correspondence import to_unit
from dinhky.rounds.lookup import round_of
from dinhky.rounds.ports import Attachment, LedgerTransaction, Message, Office


def open_round(office: Office, round_id: str, now: datetime) -> list[Unit]:
    """Open a round and return the units asked, in the plan's order; those that ceased to exist meanwhile are not.

    Repeating it adds what the plan has gained since and repeats no message. A round that is over is recorded as
    history, one that is cancelled as such: nobody is written to.
    """
    plan, round_ = round_of(office, round_id)
    units = [plan.unit(code) for code in round_.asked]
    asks = not (round_.is_over(now) or round_.cancelled)
    with office.ledger.snapshot() as ledger:
        workbooks = {unit.code: _workbook(office, ledger, plan, round_, unit) for unit in units} if asks else {}
    with office.ledger.transaction() as ledger:
        ledger.lock_round(round_id)
        ledger.open_round(round_, units, now)
        for unit in units if asks else []:
            for notice in opening_notices(office, ledger, plan, round_, unit, workbooks[unit.code], now):
                ledger.queue(notice, now)
    return units


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


def _workbook(office: Office, ledger: LedgerTransaction, plan: Plan, round_: Round, unit: Unit) -> Attachment:
    prefilled = prefilled_for(office, ledger, plan, round_, unit)
    data = office.workbooks.build(plan, round_, unit, prefilled)
    name = office.words.file_name(
        wording("workbook", round_), ref=round_.ref, period=round_.period.label, unit=unit.code
    )
    return Attachment(name, office.files.put(data))
