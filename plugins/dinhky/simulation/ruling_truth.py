"""What an officer's decision deserved: whether it makes sense as things stand, and what it changes about a part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from dinhky.domain.plan import Kind
from dinhky.domain.schedule import Round
from dinhky.simulation.acting import Acted
from dinhky.simulation.behaviour import Ruling
from dinhky.simulation.part_truth import ACCEPTED, BY_OFFICER, DECLINED, HELD, Part
from dinhky.simulation.played import Arrival

LONGEST_EXTENSION = timedelta(days=60)


@dataclass(frozen=True)
class Verdict:
    """What a decision deserved: whether it could be taken, and whether it changed anything; `number` of those told."""

    acted: Acted
    is_refused: bool
    is_new: bool
    number: int = 0


class YearSoFar(Protocol):
    """What a decision must know of the year, and how it lets files count or takes them back."""

    @property
    def rounds(self) -> Mapping[str, Round]: ...

    def is_told(self, round_id: str, unit: str, moment: datetime) -> bool: ...

    def has_answered(self, round_: Round, unit: str, moment: datetime) -> bool: ...

    def tally(self, round_id: str, moment: datetime) -> Any: ...

    def take(self, part: Part, arrival: Arrival, moment: datetime) -> None: ...

    def take_back(self, key: tuple[str, str], moment: datetime) -> None: ...


def carried_out(year: YearSoFar, part: Part, acted: Acted) -> bool | None:
    """Carry a decision out; False if nothing is left to change, None if it must be refused."""
    act, moment = acted.act, acted.at
    round_, now = year.rounds[act.round_id], part.now
    is_told = year.is_told(act.round_id, act.unit, moment)
    match act.ruling:
        case Ruling.TAKE | Ruling.DECLINE:
            return _decide_late(year, part, acted)
        case Ruling.RETURN if part.last is Ruling.RETURN:
            return False
        case Ruling.UNWAIVE if part.last is Ruling.UNWAIVE:
            return False
        case Ruling.WAIVE if now.is_waived:
            return False
        case Ruling.NIL if now.is_nil:
            return False
        case Ruling.EXTEND if now.until == act.until:
            return False
    if is_told or (now.is_waived != (act.ruling is Ruling.UNWAIVE)):
        return None
    has_answered = year.has_answered(round_, act.unit, moment) and not now.is_nil
    match act.ruling:
        case Ruling.RETURN:
            return _return(year, round_, part, moment, act.unit)
        case Ruling.WAIVE if not has_answered:
            part.become(moment, is_waived=True, files=(), is_late=None, is_nil=False)
        case Ruling.UNWAIVE:
            part.become(moment, is_waived=False)
            place = part.counting()
            if place is not None:
                arrival = part.kept[place][0]
                part.accept(arrival, moment, is_late=arrival.arrived > round_.unit_due)
        case Ruling.NIL if round_.kind is not Kind.MILESTONE and not has_answered:
            if round_.kind is Kind.POSTS and year.tally(round_.id, moment).own.get(act.unit):
                return None
            part.become(moment, is_nil=True, files=(), is_late=moment > round_.unit_due)
        case Ruling.EXTEND if act.until and max(moment, round_.locks) < act.until:
            if act.until > round_.locks + LONGEST_EXTENSION:
                return None
            part.become(moment, until=act.until)
        case _:
            return None
    return True


def _return(year: YearSoFar, round_: Round, part: Part, moment: datetime, unit: str) -> bool | None:
    place = part.counting()
    is_answered = bool(part.now.files) or round_.kind is Kind.POSTS
    if not part.now.is_nil and (place is None or not is_answered):
        return None
    if place is not None:
        part.mark(place, BY_OFFICER)
    part.become(moment, files=(), is_late=None, is_nil=False)
    year.take_back((round_.id, unit), moment)
    return True


def _decide_late(year: YearSoFar, part: Part, acted: Acted) -> bool | None:
    place = part.to_decide()
    if place is None:
        return None
    arrival, state = part.kept[place]
    if acted.act.ruling is Ruling.DECLINE:
        if state != HELD:
            return False if state == DECLINED else None
        part.mark(place, DECLINED)
        return True
    if state == ACCEPTED:
        return False
    if not part.can_be_taken(place):
        return None
    part.mark(place, ACCEPTED)
    year.take(part, arrival, acted.at)
    return True
