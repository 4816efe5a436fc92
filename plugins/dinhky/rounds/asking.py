"""How a round asks, by the kind of its duty: the wording of its messages, and what they say beside the dates."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dinhky.domain.contest import PhaseKind
from dinhky.domain.plan import Kind, Plan, Unit
from dinhky.domain.schedule import Round
from dinhky.rounds.ports import LedgerTransaction, Office
from dinhky.rounds.posting import tally_of

_WORDING_OF_KIND = {Kind.REPORT: "", Kind.POSTS: "_posts", Kind.MILESTONE: "_milestone"}
_WORDING_OF_PHASE = {
    PhaseKind.ENTRIES: "_entries",
    PhaseKind.PRELIMINARY: "_scores",
    PhaseKind.FINAL: "_scores",
}


def wording(step: str, round_: Round) -> str:
    """The name of the template for a step (opening, reminder, escalation, change) of this round."""
    if round_.phase in _WORDING_OF_PHASE:
        return step + _WORDING_OF_PHASE[round_.phase]
    return step + _WORDING_OF_KIND.get(round_.kind, "")


def facts_for(office: Office, ledger: LedgerTransaction, plan: Plan, round_: Round, now: datetime) -> dict[str, Any]:
    """What the messages of a round can say because of its kind, for every unit alike."""
    obligation = plan.obligation(round_.ref)
    facts: dict[str, Any] = {"obligation": obligation}
    if round_.kind is Kind.POSTS:
        facts |= {
            "tally": tally_of(office, ledger, plan, round_),
            "channel_name": plan.channels.get(obligation.channel or "", ""),
            "writers": [plan.unit(code).name for code in round_.asked] if obligation.rota else [],
            "names": {unit.code: unit.name for unit in plan.units},
        }
    return facts


def prefilled_for(
    office: Office, ledger: LedgerTransaction, plan: Plan, round_: Round, unit: Unit
) -> dict[str, list[dict[str, Any]]]:
    """What already stands in the workbook that a unit gets, by sheet."""
    return {}


def is_invitation(round_: Round) -> bool:
    """Whether the round asks without obliging: nobody must enter a contest, so nobody is reported for not doing so."""
    return round_.phase is PhaseKind.ENTRIES
