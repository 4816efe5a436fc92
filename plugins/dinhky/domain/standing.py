"""Standing duties: without a deadline of their own, asked about in a periodic workbook."""

from __future__ import annotations

from dataclasses import replace

from dinhky.domain.period import Dates
from dinhky.domain.plan import Kind, Obligation, Plan


def standing_duties(plan: Plan, window: Dates) -> list[Obligation]:
    """The plan's standing duties in force on a day of `window`, in the plan's order.

    Each as it stands on the last day: as amended by then, and with the units that exist then.
    """
    found = []
    for duty in plan.obligations:
        begun = duty.since is None or duty.since <= window.end
        ended = duty.until is not None and duty.until < window.start
        if duty.kind is Kind.CONTINUOUS and begun and not ended:
            for amendment in sorted(duty.amended, key=lambda one: one.since):
                duty = duty.amended_by(amendment) if amendment.since <= window.end else duty
            found.append(replace(duty, units=plan.existing(duty.units, window.end)))
    return found


def standing_rows(plan: Plan, unit: str, window: Dates) -> list[dict[str, str]]:
    """What stands in the sheet `standing` of this unit's workbook: each of its standing duties, by ref and name."""
    return [{"ref": duty.ref, "duty": duty.name} for duty in standing_duties(plan, window) if unit in duty.units]
