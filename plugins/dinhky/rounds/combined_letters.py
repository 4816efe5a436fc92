"""Several messages to one recipient as one letter: the matter of each, most urgent first, in `combined_*.txt`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from dinhky.domain.local_time import local
from dinhky.domain.schedule import Round
from dinhky.rounds.kept_messages import Message
from dinhky.rounds.owed import SOON_WORKING_DAYS, Urgency
from dinhky.rounds.ports import Office

_PRESSING = [*Urgency]


@dataclass(frozen=True)
class LetterPart:
    """One matter of a combined letter. `due` is the units' due date; `working_days_left` counts after today."""

    subject: str
    section: str
    round: Round
    due: datetime
    urgency: Urgency
    working_days_left: int


def letter_part(office: Office, round_: Round, message: Message, now: datetime) -> LetterPart:
    """What a message about a round becomes in a combined letter that goes out at `now`."""
    today, last_day = local(now).date(), local(round_.unit_due).date()
    days_left = office.calendar.working_days_after(today, last_day) if today <= last_day else 0
    if now > round_.unit_due:
        urgency = Urgency.OVERDUE
    elif today == last_day:
        urgency = Urgency.TODAY
    else:
        urgency = Urgency.SOON if days_left <= SOON_WORKING_DAYS else Urgency.CALM
    return LetterPart(message.subject, message.section, round_, round_.unit_due, urgency, days_left)


def most_urgent_first(parts: Iterable[LetterPart]) -> list[LetterPart]:
    """In the order in which the recipient should see to them: by urgency, then by due date."""
    return sorted(parts, key=lambda part: (_PRESSING.index(part.urgency), part.due, part.round.ref))
