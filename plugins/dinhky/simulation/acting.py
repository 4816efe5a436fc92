"""Carries out what officers of a simulated year decide, through the use cases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dinhky.rounds.deciding import extend_lock, record_nil, return_accepted, unwaive, waive
from dinhky.rounds.decision_rules import DECIDED
from dinhky.rounds.held_files import decide_held
from dinhky.rounds.ports import Office
from dinhky.simulation.behaviour import Act, Ruling

DECIDED_BECAUSE = "simulated"


@dataclass(frozen=True)
class Acted:
    """What an officer decided at `at`: `refused` is the code of the refusal, `is_new` whether it changed anything."""

    act: Act
    at: datetime
    refused: str
    is_new: bool


def decided_by_officer(office: Office, act: Act, by: str, now: datetime) -> bool:
    """Carry out what an officer decides; whether that changed anything. Raises DecisionRefused."""
    where, why = (act.round_id, act.unit), DECIDED_BECAUSE
    match act.ruling:
        case Ruling.RETURN:
            return return_accepted(office, *where, why, by, now)
        case Ruling.WAIVE:
            return waive(office, *where, why, by, now)
        case Ruling.UNWAIVE:
            return unwaive(office, *where, why, by, now)
        case Ruling.NIL:
            return record_nil(office, *where, why, by, now)
        case Ruling.EXTEND:
            return extend_lock(office, *where, act.until or now, why, by, now, even_past_due=True)
    with office.ledger.snapshot() as ledger:
        before = len(ledger.events(act.round_id))
    decide_held(office, *where, accept=act.ruling is Ruling.TAKE, reason=why, by=by, now=now)
    with office.ledger.snapshot() as ledger:
        return any(event["kind"] == DECIDED for event in ledger.events(act.round_id)[before:])
