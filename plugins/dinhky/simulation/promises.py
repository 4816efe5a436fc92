"""The oracle: what ought to have been sent and said in a year, held against what was.

It is written from the rules and shares no code with the use cases: who is to be told what follows from the rounds'
dates, from the files that came (`dinhky.simulation.truth`) and from the times at which the system was up.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dinhky.domain.calendar import WorkingCalendar
from dinhky.simulation.broken import Broken, BrokenPromise
from dinhky.simulation.played import Played
from dinhky.simulation.promised_answers import Answers
from dinhky.simulation.promised_contests import Contests
from dinhky.simulation.promised_digests import Digests
from dinhky.simulation.promised_endings import Endings
from dinhky.simulation.promised_messages import Messages
from dinhky.simulation.promised_reminders import Reminders
from dinhky.simulation.promised_reports import Reports
from dinhky.simulation.promised_rounds import Rounds
from dinhky.simulation.recording import Sent
from dinhky.simulation.year_played import YearPlayed


def broken_promises(played: Played, calendar: WorkingCalendar, reading: dict[str, Any]) -> list[BrokenPromise]:
    """Every broken promise of a year that was played, in no particular order; empty if all is well.

    `reading` holds the patterns by which messages are read (`reading` in `simulated-units.yaml`).
    """
    year = YearPlayed(played, calendar, reading)
    concepts = (
        Rounds(year),
        Reminders(year),
        Answers(year),
        Reports(year),
        Contests(year),
        Endings(year),
        Digests(year),
    )
    found = [promise for concept in concepts for promise in concept.broken()]
    return [*found, *Messages(year).broken()]  # last: by now all that may have been sent is known


def broken_in_a_closed_year(sent: Iterable[Sent]) -> list[BrokenPromise]:
    """What was sent although every round was over before it was opened: nothing may be."""
    return [
        BrokenPromise(Broken.CLOSED_YEAR, one.message.round_id or "", one.message.unit or "", one.message.kind, one.at)
        for one in sent
    ]
