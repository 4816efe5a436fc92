"""Standing duties: without a deadline of their own, asked about in a periodic workbook."""

from __future__ import annotations

from dinhky.domain.period import Dates
from dinhky.domain.plan import Kind, Obligation, Plan


def standing_duties(plan: Plan, window: Dates) -> list[Obligation]:
    """The plan's standing duties that were in force on a day of `window`, in the plan's order."""
    return [
        duty
        for duty in plan.obligations
        if duty.kind is Kind.CONTINUOUS
        and (duty.since is None or duty.since <= window.end)
        and (duty.until is None or window.start <= duty.until)
    ]


def standing_rows(plan: Plan, unit: str, window: Dates) -> list[dict[str, str]]:
    """What stands in the sheet `standing` of this unit's workbook: each of its standing duties, by ref and name."""
    return [{"ref": duty.ref, "duty": duty.name} for duty in standing_duties(plan, window) if unit in duty.units]
