"""What the plan wants within a report's window: how often a count falls due, channel by channel and unit by unit."""

from __future__ import annotations

from collections import Counter
from typing import Any

from dinhky.domain.period import Cadence, Dates, Period, Window, periods_of
from dinhky.domain.plan import Kind, Obligation, Plan
from dinhky.domain.schedule import in_force


def window_kind(window: Dates) -> Window:
    """By which rule a report's window was drawn: the calendar's begin on a first, the decree's on a 15th."""
    return Window.CALENDAR if window.start.day == 1 else Window.DECREE


def times_due(plan: Plan, cadence: Cadence | None, window: Dates) -> int:
    """How many periods of a cadence count within `window`: see `periods_counted`."""
    return len(periods_counted(plan, cadence, window))


def periods_counted(plan: Plan, cadence: Cadence | None, window: Dates) -> list[Period]:
    """The periods of a cadence that count within `window`, in order.

    A period counts if its own window, drawn by the same rule, lies inside and does not close before the plan takes
    effect: what ended before the plan existed is owed nothing.
    """
    if cadence is None or cadence is Cadence.ONCE:
        return []
    return [period for period in _inside(cadence, window) if _ends(period, window) >= plan.effective_from]


def months_left_out(plan: Plan, window: Dates) -> list[Period]:
    """The months inside `window` that owe nothing because they closed before the plan took effect."""
    return [month for month in _inside(Cadence.MONTHLY, window) if _ends(month, window) < plan.effective_from]


def shared_targets(plan: Plan, window: Dates) -> dict[str, list[dict[str, Any]]]:
    """By channel code, the parts of its target: duties owed by the commune as a whole.

    Each part tells `count` items per `cadence`, `times` of them within the window, `target` their product. A duty whose
    count was amended within the window has a part for each count.
    """
    targets: dict[str, list[dict[str, Any]]] = {}
    for duty in _post_duties(plan):
        if not duty.per_unit:
            for part in _parts(plan, duty, window):
                if part["channel"] is not None:
                    targets.setdefault(part.pop("channel"), []).append(part)
    return targets


def unit_targets(plan: Plan, unit: str, window: Dates) -> list[dict[str, Any]]:
    """The parts owed by this unit alone, as in `shared_targets`; each names its `channel` code, or None for any."""
    return [part for duty in _post_duties(plan) if duty.per_unit for part in _parts(plan, duty, window, unit)]


def _inside(cadence: Cadence, window: Dates) -> list[Period]:
    kind = window_kind(window)
    years = range(window.start.year, window.end.year + 1)
    periods = [period for year in years for period in periods_of(cadence, year)]
    return [
        period
        for period in periods
        if window.start <= period.window(kind).start and period.window(kind).end <= window.end
    ]


def _ends(period: Period, window: Dates) -> Any:
    return period.window(window_kind(window)).end


def _post_duties(plan: Plan) -> list[Obligation]:
    return [duty for duty in plan.obligations if duty.kind is Kind.POSTS and duty.count]


def _parts(plan: Plan, duty: Obligation, window: Dates, unit: str | None = None) -> list[dict[str, Any]]:
    """The duty's parts of the window's target, in the order in which its counts were in force; for one unit, if named.

    A duty of which nothing falls due in the window is told as one part, zero times.
    """
    cancelled = {round_.period for round_ in duty.cancelled}
    versions: Counter[Obligation] = Counter()
    for period in periods_counted(plan, duty.cadence, window):
        last_day = _ends(period, window)
        now = in_force(duty, period)
        is_owed = (duty.since or last_day) <= last_day and (duty.until is None or last_day <= duty.until)
        if period.label in cancelled or not is_owed or (unit and unit not in plan.existing(now.units, last_day)):
            continue
        versions[now] += 1
    if not versions and unit and unit not in duty.units:
        return []
    return [_part(now, times) for now, times in (versions or {duty: 0}).items()]


def _part(duty: Obligation, times: int) -> dict[str, Any]:
    count = duty.count or 0
    return {
        "ref": duty.ref,
        "duty": duty.name,
        "channel": duty.channel,
        "count": count,
        "cadence": duty.cadence,
        "times": times,
        "target": count * times,
        "assumed": duty.is_assumed("count"),
    }
