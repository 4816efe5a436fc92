"""What the plan wants within a report's window: how often a count falls due, channel by channel and unit by unit."""

from __future__ import annotations

from typing import Any

from dinhky.domain.period import Cadence, Dates, Period, Window, periods_of
from dinhky.domain.plan import Kind, Obligation, Plan
from dinhky.domain.schedule import quota_months


def times_due(plan: Plan, cadence: Cadence | None, window: Dates) -> int:
    """How many periods of a cadence count within `window`.

    A period counts if its decree window lies inside and does not close before the plan takes effect, as
    `quota_months` rules for months.
    """
    if cadence is Cadence.MONTHLY:
        return len(quota_months(plan, window))
    if cadence is None or cadence is Cadence.ONCE:
        return 0
    periods = (period for year in (window.start.year, window.end.year) for period in periods_of(cadence, year))
    spans = {period.window(Window.DECREE) for period in periods}
    return sum(
        window.start <= span.start and span.end <= window.end and span.end >= plan.effective_from for span in spans
    )


def shared_targets(plan: Plan, window: Dates) -> dict[str, list[dict[str, Any]]]:
    """By channel code, the parts of its target: duties owed by the commune as a whole.

    Each part tells `count` items per `cadence`, `times` of them within the window, `target` their product.
    """
    targets: dict[str, list[dict[str, Any]]] = {}
    for duty in _post_duties(plan):
        if duty.channel is not None and not duty.per_unit:
            targets.setdefault(duty.channel, []).append(_part(plan, duty, window))
    return targets


def unit_targets(plan: Plan, unit: str, window: Dates) -> list[dict[str, Any]]:
    """The parts owed by this unit alone, as in `shared_targets`; each names its `channel` code, or None for any."""
    return [
        _part(plan, duty, window) | {"channel": duty.channel}
        for duty in _post_duties(plan)
        if duty.per_unit and unit in duty.units
    ]


def months_left_out(plan: Plan, window: Dates) -> list[Period]:
    """The months inside `window` that owe nothing because they closed before the plan took effect."""
    counted = quota_months(plan, window)
    months = (month for year in (window.start.year, window.end.year) for month in periods_of(Cadence.MONTHLY, year))
    return sorted(
        {
            month
            for month in months
            if month not in counted
            and month.window(Window.DECREE).start >= window.start
            and month.window(Window.DECREE).end <= window.end
        }
    )


def _post_duties(plan: Plan) -> list[Obligation]:
    return [duty for duty in plan.obligations if duty.kind is Kind.POSTS and duty.count]


def _part(plan: Plan, duty: Obligation, window: Dates) -> dict[str, Any]:
    times = times_due(plan, duty.cadence, window)
    count = duty.count or 0
    return {
        "ref": duty.ref,
        "duty": duty.name,
        "count": count,
        "cadence": duty.cadence,
        "times": times,
        "target": count * times,
        "assumed": any(assumption.field == "count" for assumption in duty.assumed),
    }
