"""Opening a round: its assignments in the ledger, and the opening notice with each unit's own workbook."""

from __future__ import annotations

from datetime import datetime

from dinhky.domain.chase import Step
from dinhky.domain.plan import Plan, Unit
from dinhky.domain.schedule import Round
from dinhky.rounds.correspondence import to_unit
from dinhky.rounds.lookup import round_of
from dinhky.rounds.ports import Attachment, Office


def open_round(office: Office, round_id: str, now: datetime) -> list[Unit]:
    """Open a round and return the units asked, in the plan's order.

    Repeating it adds what the plan has gained since and repeats no message. A round that is over is recorded as
    history: nobody is written to.
    """
    plan, round_ = round_of(office, round_id)
    units = [plan.unit(code) for code in round_.units]
    workbooks = {} if round_.is_over(now) else {unit.code: _workbook(office, plan, round_, unit) for unit in units}
    with office.ledger.transaction() as ledger:
        ledger.open_round(round_, units, now)
        for unit in units:
            if unit.code in workbooks:
                notices = to_unit(
                    office,
                    plan,
                    round_,
                    unit,
                    Step.OPENING.value,
                    template="opening",
                    now=now,
                    attachments=(workbooks[unit.code],),
                )
                for notice in notices:
                    ledger.queue(notice, now)
    return units


def _workbook(office: Office, plan: Plan, round_: Round, unit: Unit) -> Attachment:
    name = office.words.file_name("workbook", ref=round_.ref, period=round_.period.label, unit=unit.code)
    return Attachment(name, office.files.put(office.workbooks.build(plan, round_, unit)))
