"""How a round asks, by the kind of its duty: the wording of its messages, and what they say beside the dates."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from dinhky.domain.assignment import Assignment, State
from dinhky.domain.contest import SCORED, PhaseKind
from dinhky.domain.local_time import local
from dinhky.domain.plan import Kind, Plan, Unit
from dinhky.domain.schedule import Round, in_force
from dinhky.domain.scoring import sheet_rows
from dinhky.rounds.contest_answers import contest_of, judged_entries, sheets_owed, takes_until
from dinhky.rounds.links import personal_links
from dinhky.rounds.ports import LedgerTransaction, Office
from dinhky.rounds.posting import tally_of
from dinhky.rounds.recorded import begun_rows, scored_rows
from dinhky.rounds.succession import as_of

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
    """What the messages of a round can say because of its kind, for every unit alike.

    The duty is as amended for the round's period, and units have the names of the day.
    """
    obligation = in_force(plan.obligation(round_.ref), round_.period)
    facts: dict[str, Any] = {
        "obligation": obligation,
        "is_overdue": now > round_.unit_due,
        "links": personal_links(office, ledger, plan, round_),
    }
    if round_.kind is Kind.POSTS:
        parts = ledger.assignments(round_.id)
        names = {unit.code: unit.name for unit in as_of(plan, local(now).date()).units}
        facts |= {
            "tally": tally_of(office, ledger, plan, round_),
            "channel_name": plan.channels.get(obligation.channel or "", ""),
            "writers": [names[code] for code in round_.asked] if obligation.rota else [],
            "names": names,
            "nil": {one.unit: one.reason or "" for one in parts if one.state is State.NIL},
        }
    if round_.phase:
        facts |= {"contest": obligation.contest, "asks_until": takes_until(office, round_)}
    if round_.phase in SCORED:
        owed = sheets_owed(ledger, plan, round_)
        owing = [(plan.unit(juror).name, count) for juror, count in owed.items()]
        facts |= {"owed": owed, "owing": owing, "entry_count": len(judged_entries(ledger, plan, round_))}
    return facts


def prefilled_for(
    office: Office, ledger: LedgerTransaction, plan: Plan, round_: Round, unit: Unit
) -> dict[str, list[dict[str, Any]]]:
    """What already stands in the workbook that a unit gets, by sheet: in a juror's, the entries they score, with
    the scores that count; in any other, what need not be told again (`dinhky.rounds.recorded`)."""
    if round_.phase not in SCORED:
        return begun_rows(office, ledger, plan, round_, unit)
    contest = contest_of(plan, round_)
    entries = sheet_rows(contest, judged_entries(ledger, plan, round_), unit.code)
    return {"scores": scored_rows(ledger, round_, unit, entries)}


def extended(parts: Iterable[Assignment], round_: Round) -> dict[str, datetime]:
    """Until when those may answer who were given longer than the round's lock, by the units' names."""
    return {one.unit_name: one.locks_until for one in parts if one.locks_until and one.locks_until > round_.locks}


def is_invitation(round_: Round) -> bool:
    """Whether the round asks without obliging: nobody must enter a contest, so nobody is reported for not doing so."""
    return round_.phase is PhaseKind.ENTRIES
