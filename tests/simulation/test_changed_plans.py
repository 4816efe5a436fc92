"""Years in which the plan changes: the oracle follows by its own rules and raises no false alarm."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from dinhky.domain.plan import Amendment, FormerName, Kind, MovedDue

RENAMED, FORMER = "kt", "Ban Nông nghiệp"


def _renamed(plan):
    """A unit has another name from 21 May on, in a plan without standing duties."""
    former = (FormerName(date(2026, 5, 20), FORMER),)
    units = tuple(replace(unit, former_names=former) if unit.code == RENAMED else unit for unit in plan.units)
    return replace(
        plan,
        units=units,
        obligations=tuple(one for one in plan.obligations if one.kind is not Kind.CONTINUOUS),
    )


def _moved(plan):
    """The second quarter's report is due six days later."""
    return _with(plan, "CV-9", moved=(MovedDue("2026-Q2", date(2026, 6, 24), "Hoãn theo công văn"),))


def _amended(plan):
    """Two posts a quarter instead of one, from July on; and on another channel."""
    channels = [*plan.channels]
    return _with(
        plan,
        "CV-8",
        amended=(Amendment(date(2026, 7, 1), "KH bổ sung", "Tăng chỉ tiêu", count=2, channel=channels[-1]),),
    )


def _begun_late(plan):
    """One duty begins in May."""
    return _with(plan, "CV-4.1", since=date(2026, 5, 1))


def _contest_given_up(plan):
    """The contest's duty ends before the contest does."""
    [contest] = [one for one in plan.obligations if one.kind is Kind.CONTEST]
    return _with(plan, contest.ref, until=contest.contest.phases[2].due)


def _with(plan, ref, **changes):
    changed = tuple(replace(one, **changes) if one.ref == ref else one for one in plan.obligations)
    return replace(plan, obligations=changed)


@pytest.mark.parametrize(
    ("plan_id", "change"),
    [
        *(("canh-vinh-2026", change) for change in (_renamed, _moved, _amended, _begun_late)),
        ("chi-minh-2026", _contest_given_up),
    ],
)
def test_no_false_alarm_in_a_year_with_a_change(stage, plans, plan_id, change):
    plan = change(plans[plan_id])
    assert plan != plans[plan_id]
    year = stage.year(plan, 2)
    assert list(year.broken) == []


def test_a_unit_is_called_by_the_name_of_the_day(stage, plans):
    plan = _renamed(plans["canh-vinh-2026"])
    new = plan.unit(RENAMED).name
    sent = [one for one in stage.play(plan, 2).sent if one.message.unit == RENAMED and one.message.kind == "opening"]
    named = {one.at.date() <= date(2026, 5, 20): (FORMER in one.message.body, new in one.message.body) for one in sent}
    assert named == {True: (True, False), False: (False, True)}
