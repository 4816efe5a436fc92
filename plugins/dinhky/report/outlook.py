"""What the plan obliges whom to do in the period after a report's own, with its dates."""

from __future__ import annotations

from typing import Any

from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.local_time import local
from dinhky.domain.period import Window
from dinhky.domain.plan import Obligation, Plan
from dinhky.domain.schedule import Round, year_of
from dinhky.domain.standing import standing_duties


def outlook(plan: Plan, round_: Round, calendar: WorkingCalendar) -> dict[str, Any]:
    """The next period as the plan sees it.

    `report` is that period's own round of this report (None if the plan's year ends before it); its `compiled_from` is
    the cadence of the shorter report that it is compiled from, if nobody is asked for it. `duties` falls due in its
    months, by first due date and then as the plan lists them; `standing` are the duties without a date. A due date
    or count that the plan's document does not set is named in a duty's `assumed`. Raises CalendarGap for a year
    without known days off.
    """
    upcoming = round_.period.following()
    months = upcoming.window(Window.CALENDAR)
    rounds: dict[str, list[Round]] = {}
    report = None
    for later in year_of(plan, calendar):
        if later.ref == round_.ref:
            report = later if later.period == upcoming else report
        elif local(later.due).date() in months and not later.cancelled:
            rounds.setdefault(later.ref, []).append(later)
    place = {duty.ref: index for index, duty in enumerate(plan.obligations)}
    by_first_due = sorted(rounds.items(), key=lambda found: (found[1][0].due, place[found[0]]))
    standing = standing_duties(plan, months)
    shorter = plan.obligation(round_.ref).compiled_from
    return {
        "period": upcoming.label,
        "report": report
        and {
            "window": {"start": report.window.start.isoformat(), "end": report.window.end.isoformat()},
            "unit_due": local(report.unit_due).date().isoformat(),
            "due": local(report.due).date().isoformat(),
            "compiled_from": plan.obligation(shorter).cadence if shorter else None,
        },
        "duties": [_duty(plan, plan.obligation(ref), due) for ref, due in by_first_due],
        "standing": [{"ref": duty.ref, "name": duty.name, "units": _names(plan, duty.units)} for duty in standing],
    }


def _duty(plan: Plan, duty: Obligation, rounds: list[Round]) -> dict[str, Any]:
    return {
        "ref": duty.ref,
        "name": rounds[0].obligation,
        "quote": duty.quote,
        "kind": duty.kind,
        "cadence": duty.cadence,
        "count": rounds[0].count,
        "per_unit": duty.per_unit,
        "lead": _names(plan, duty.lead),
        "rounds": [{"period": due.period.label, "due": local(due.due).date().isoformat()} for due in rounds],
        "assumed": [assumption.field for assumption in duty.assumed],
    }


def _names(plan: Plan, codes: tuple[str, ...]) -> list[str]:
    return [plan.unit(code).name for code in codes]
