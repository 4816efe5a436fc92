"""From Phúc Lợi's plan to its quotas: who writes when, what is owed, and what a change during the year does to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.plan import Amendment, CancelledRound, Plan, RotaOverride
from dinhky.domain.posts import quota_of
from dinhky.domain.schedule import Round, rounds_of
from dinhky.rounds.ports import Office

SEVEN = ("vhxh", "vp", "kthtdt", "pvhcc", "vhtttt", "mttq", "bxdd")


@pytest.fixture
def office(new_commune) -> Office:
    return new_commune.office


def with_duty(plan: Plan, ref: str, **changes: object) -> Plan:
    return replace(
        plan, obligations=tuple(replace(duty, **changes) if duty.ref == ref else duty for duty in plan.obligations)
    )


def with_unit(plan: Plan, code: str, **changes: object) -> Plan:
    return replace(plan, units=tuple(replace(unit, **changes) if unit.code == code else unit for unit in plan.units))


def rounds(plan: Plan, ref: str, calendar: WorkingCalendar) -> list[Round]:
    return rounds_of(plan, plan.obligation(ref), calendar)


def writers(found: Sequence[Round]) -> dict[str, tuple[str, ...]]:
    return {round_.period.label: round_.asked for round_ in found}


def test_the_seven_units_take_turns_on_the_portal(office):
    plan = office.plans["phuc-loi-2026"]
    found = writers(rounds(plan, "PL-2", office.calendar))

    assert found["2026-03"] == ("vhxh", "vp")
    assert found["2026-12"] == ("vhtttt", "mttq")
    numbers = Counter(unit for units in found.values() for unit in units)
    assert sorted(numbers[unit] for unit in SEVEN) == [2, 3, 3, 3, 3, 3, 3]


def test_a_rota_s_quota_is_shared_among_its_writers(office):
    plan = office.plans["phuc-loi-2026"]
    march = rounds(plan, "PL-2", office.calendar)[0]
    quota = quota_of(plan, plan.obligation("PL-2"), march)

    assert (quota.target, quota.channel, quota.units) == (2, "portal", SEVEN)
    assert quota.shares == {"vhxh": 1, "vp": 1}
    assert quota.told_by == march.unit_due


def test_a_quota_without_a_rota_has_no_shares(office):
    plan = office.plans["phuc-loi-2026"]
    shared = quota_of(plan, plan.obligation("PL-3"), rounds(plan, "PL-3", office.calendar)[0])
    each = quota_of(plan, plan.obligation("PL-8"), rounds(plan, "PL-8", office.calendar)[0])

    assert (shared.shares, shared.per_unit, shared.asked) == ({}, False, ("vhtttt", "vhxh"))
    assert (each.shares, each.per_unit, each.asked) == ({}, True, SEVEN)


def test_an_officer_s_writers_stand_and_one_alone_writes_both(office):
    plan = with_duty(
        office.plans["phuc-loi-2026"],
        "PL-2",
        rota_overrides=(RotaOverride("2026-04", ("bxdd",), "Đơn vị đăng ký viết chuyên đề"),),
    )
    april = rounds(plan, "PL-2", office.calendar)[1]

    assert april.asked == ("bxdd",)
    assert quota_of(plan, plan.obligation("PL-2"), april).shares == {"bxdd": 2}


def test_a_merged_unit_s_turns_and_items_are_its_heir_s(office):
    plan = office.plans["phuc-loi-2026"]
    merged = with_unit(plan, "kthtdt", until=date(2026, 7, 14), succeeded_by=("vp",))
    before = writers(rounds(plan, "PL-2", office.calendar))
    found = rounds(merged, "PL-2", office.calendar)

    assert {period for period, units in writers(found).items() if units != before[period]} == {"2026-07", "2026-11"}
    july = found[4]
    assert "kthtdt" not in july.units
    assert quota_of(merged, merged.obligation("PL-2"), july).heirs == {"kthtdt": "vp"}


def test_a_cancelled_month_owes_nothing_and_an_amended_count_is_the_later_months_own(office):
    plan = with_duty(
        office.plans["phuc-loi-2026"],
        "PL-2",
        cancelled=(CancelledRound("2026-05", "Nghỉ theo chỉ đạo"),),
        amended=(Amendment(date(2026, 9, 1), "Kế hoạch sửa đổi", "Tăng chỉ tiêu", count=3, channel="city_page"),),
    )
    duty = plan.obligation("PL-2")
    quotas = {round_.period.label: quota_of(plan, duty, round_) for round_ in rounds(plan, "PL-2", office.calendar)}

    assert quotas["2026-05"].target == 0
    assert {period: quota.target for period, quota in quotas.items() if period > "2026-07"} == {
        "2026-08": 2,
        "2026-09": 3,
        "2026-10": 3,
        "2026-11": 3,
        "2026-12": 3,
    }
    assert (quotas["2026-08"].channel, quotas["2026-09"].channel) == ("portal", "city_page")
    assert sum(quotas["2026-09"].shares.values()) == 3


def test_what_is_published_on_a_last_day_off_and_told_that_day_is_not_late(office):
    plan = office.plans["phuc-loi-2026"]
    may = rounds(plan, "PL-2", office.calendar)[2]
    told_by = quota_of(plan, plan.obligation("PL-2"), may).told_by

    assert may.unit_due.date() == date(2026, 5, 29)
    assert told_by is not None
    assert told_by.date() == date(2026, 5, 31)
