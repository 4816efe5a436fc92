"""What a report was compiled from, unit by unit: so that a decision taken since is seen before the report goes out.

A figure can change without a file: a unit is waived, has nothing to report, or has its file returned. What the answers
were when a version was compiled is kept with it as one line of text a unit, and compared with what they are now.
"""

from __future__ import annotations

from collections.abc import Iterable

from dinhky.domain.assignment import Assignment, State
from dinhky.rounds.kept_reports import Parts
from dinhky.rounds.ports import LedgerTransaction


def parts_of(ledger: LedgerTransaction, round_ids: Iterable[str]) -> Parts:
    """The answers of these rounds as they stand, by round and unit."""
    wanted = list(round_ids)
    found = ledger.assignments_of(wanted)
    return {round_id: {part.unit: _line(part) for part in found.get(round_id, [])} for round_id in wanted}


def changed_since(ledger: LedgerTransaction, parts: Parts) -> list[str]:
    """The names of the units whose answers are not what they were."""
    return [
        one.unit_name
        for round_id, assignments in ledger.assignments_of(list(parts)).items()
        for one in assignments
        if parts[round_id].get(one.unit) != _line(one)
    ]


def _line(part: Assignment) -> str:
    """What of a part goes into a report. One that is given longer is waited for: that makes a difference too."""
    if part.state in {State.ACCEPTED, State.COMPILED}:
        return f"file {part.submission_id}"
    if part.settled:
        return f"{part.state.value}: {part.reason}"
    return f"missing, until {part.locks_until.isoformat()}" if part.locks_until else "missing"
