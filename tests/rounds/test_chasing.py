"""Reminders and escalations of Phúc Lợi's first quarter: units due Friday 13/3, round locks Monday 16/3 at 10:00."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dinhky.domain.assignment import State
from dinhky.domain.chase import in_office_hours
from dinhky.rounds.chasing import chase
from dinhky.rounds.opening import open_round

ROUND = "phuc-loi-2026/PL-5/2026-Q1"
UNITS = ["vhxh", "vp", "kthtdt", "pvhcc", "vhtttt", "mttq", "bxdd"]
REMINDERS = ("T-3", "T-1", "T-0")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-{text}+07:00")


def tick(commune, *moments: str) -> None:
    for moment in moments:
        chase(commune.office, at(moment))


def told(commune, unit: str = "vp") -> list[tuple[str, str]]:
    """Every step of a unit with what became of it, in the order decided."""
    return [(row["kind"], row["state"]) for row in commune.messages(*REMINDERS) if row["unit"] == unit]


@pytest.mark.parametrize(
    ("moments", "expected"),
    [
        pytest.param(["05T07:30", "09T16:30"], [], id="nothing before the third working day ahead"),
        pytest.param(["10T07:29"], [], id="nothing before the office opens"),
        pytest.param(["10T07:30"], ["T-3"], id="three working days ahead, at the start of work"),
        pytest.param(["10T07:30", "10T08:00", "11T16:30"], ["T-3"], id="each step once however often the tick runs"),
        pytest.param(["10T08:00", "12T08:00", "13T08:00"], ["T-3", "T-1", "T-0"], id="the whole ladder"),
        pytest.param(["12T16:59"], ["T-1"], id="missed steps collapse into the latest"),
        pytest.param(["13T16:59"], ["T-0"], id="the due day's silences both before"),
        pytest.param(["13T08:00", "10T08:00", "12T08:00"], ["T-0", "T-3", "T-1"], id="a clock set back loses nothing"),
        pytest.param(["13T17:00", "13T23:59", "14T09:00"], [], id="nothing after hours or on a Saturday"),
    ],
)
def test_a_unit_that_owes_is_reminded_of_what_is_due_by_now_and_not_yet_done(commune, moments, expected):
    tick(commune, *moments)
    for unit in UNITS:
        assert told(commune, unit) == [(step, "queued") for step in expected]


def test_a_step_whose_time_passed_unsent_is_recorded_as_missed_and_never_sent(commune):
    tick(commune, "10T08:00", "16T07:30", "16T08:00")
    assert told(commune) == [("T-3", "queued"), ("T-1", "missed"), ("T-0", "missed")]


def test_what_an_outage_past_the_lock_swallowed_is_recorded_and_nothing_of_it_is_sent(commune):
    tick(commune, "17T08:00", "18T08:00")
    assert told(commune) == [("T-3", "missed"), ("T-1", "missed"), ("T-0", "missed")]
    assert [row["state"] for row in commune.messages("escalation")] == ["missed"]


def test_the_supervisor_is_told_once_and_by_name_who_is_late(commune):
    commune.answer("vhxh", at("12T09:00"))
    tick(commune, "13T16:30", "16T07:29")
    assert commune.messages("escalation") == []
    tick(commune, "16T07:30", "16T08:00", "16T09:30", "16T10:30")
    (notice,) = commune.messages("escalation")
    assert notice["address"] == "lanhdao@phucloi.example"
    assert "6/7" in notice["subject"]
    assert "Văn phòng HĐND và UBND phường" in notice["body"]
    assert "Phòng Văn hóa - Xã hội" not in notice["body"]


def test_the_supervisor_is_not_bothered_when_everybody_answered(commune):
    for unit in UNITS[:-1]:
        commune.answer(unit, at("12T09:00"))
    with commune.office.ledger.transaction() as ledger:
        ledger.move(ROUND, "bxdd", State.NIL, at=at("12T10:00"), actor="bxdd", reason="Không phát sinh")
    tick(commune, "13T08:00", "16T08:00")
    assert commune.messages(*REMINDERS, "escalation") == []


def test_nothing_is_asked_once_the_round_has_locked(commune):
    tick(commune, "16T10:00")
    last = len(commune.messages())
    tick(commune, "16T10:01", "17T08:00", "20T08:00")
    assert len(commune.messages()) == last
    assert [row["kind"] for row in commune.messages("escalation")] == ["escalation"]


def test_a_unit_that_was_returned_to_is_reminded_and_told_what_to_mend(commune):
    wrong = commune.sample["kthtdt"][0]
    commune.receive("kthtdt", wrong.data, wrong.at)
    tick(commune, "12T08:00")
    (reminder,) = [row for row in commune.messages("T-1") if row["unit"] == "kthtdt"]
    assert commune.assignment("kthtdt").reason in reminder["body"]


@pytest.mark.parametrize("how", ["answered", "nil", "waived"])
def test_nothing_goes_to_a_unit_of_which_nothing_more_is_asked(commune, how):
    if how == "answered":
        commune.answer("vp", at("09T09:00"))
    else:
        with commune.office.ledger.transaction() as ledger:
            ledger.move(ROUND, "vp", State(how), at=at("09T09:00"), actor="vhxh", reason="Đang sáp nhập")
    tick(commune, "10T08:00", "12T08:00", "13T08:00", "16T08:00")
    assert told(commune, "vp") == []
    assert told(commune, "bxdd") != []


def test_a_unit_that_is_waived_no_longer_is_reminded_again(commune):
    for state in (State.WAIVED, State.OPEN):
        with commune.office.ledger.transaction() as ledger:
            ledger.move(ROUND, "vp", state, at=at("09T09:00"), actor="vhxh", reason="Nhầm")
    tick(commune, "10T08:00")
    assert told(commune, "vp") == [("T-3", "queued")]


@pytest.mark.parametrize("change", ["no plan", "no obligation", "no unit"])
def test_what_one_plan_has_lost_leaves_no_other_round_unreminded(commune, change):
    plan = commune.office.plans["phuc-loi-2026"]
    neighbour = replace(plan, id="ward-b-2026")
    both = {plan.id: plan, neighbour.id: neighbour}
    open_round(commune.using(plans=both).office, "ward-b-2026/PL-5/2026-Q1", at("05T08:00"))
    without_vp = tuple(unit for unit in plan.units if unit.code != "vp")
    now = {
        "no plan": {neighbour.id: neighbour},
        "no obligation": {plan.id: replace(plan, obligations=()), neighbour.id: neighbour},
        "no unit": {plan.id: replace(plan, units=without_vp), neighbour.id: neighbour},
    }[change]
    chase(commune.using(plans=now).office, at("10T08:00"))
    reminded = Counter(row["round_id"].split("/")[0] for row in commune.messages("T-3"))
    assert reminded["ward-b-2026"] == len(UNITS)
    assert reminded["phuc-loi-2026"] == (len(UNITS) - 1 if change == "no unit" else 0)


MINUTES = int((at("17T12:00") - at("05T07:30")).total_seconds() // 60)
ANY_MOMENT = st.integers(0, MINUTES).map(lambda minutes: at("05T07:30") + timedelta(minutes=minutes))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moments=st.lists(ANY_MOMENT, max_size=10), answered=st.none() | ANY_MOMENT)
def test_whenever_the_tick_runs_nobody_hears_a_step_twice_or_out_of_hours_or_after_answering(
    another_commune, moments, answered
):
    commune = another_commune()
    happenings = sorted([(moment, "tick") for moment in moments] + ([(answered, "answer")] if answered else []))
    for moment, happening in happenings:
        before = len(commune.messages())
        if happening == "answer":
            commune.answer("vp", moment)
            continue
        chase(commune.office, moment)
        if not in_office_hours(moment, commune.office.calendar):
            assert len(commune.messages()) == before
    rows = commune.messages(*REMINDERS, "escalation")
    assert max(Counter((row["kind"], row["unit"]) for row in rows).values(), default=0) <= 1
    for unit in UNITS:
        sent = [row for row in rows if row["unit"] == unit and row["state"] == "queued"]
        steps = [REMINDERS.index(row["kind"]) for row in sent]
        assert steps == sorted(steps)  # never an earlier step after a later one
        assert len({row["created_at"] for row in sent}) == len(sent)  # one tick, one reminder
    is_in_time = answered is not None and answered <= at("16T10:00")
    heard_after = [row for row in rows if row["unit"] == "vp" and answered and row["created_at"] > answered]
    assert not (is_in_time and heard_after)
    if any(at("10T07:30") <= moment <= at("13T16:59") and moment.hour in range(8, 17) for moment in moments):
        assert [row for row in rows if row["unit"] == "bxdd" and row["state"] == "queued"]


def test_a_tick_every_half_hour_of_the_quarters_end_tells_the_whole_story_once(commune):
    moment = at("05T00:00")
    while moment < at("17T12:00"):
        chase(commune.office, moment)
        moment += timedelta(minutes=30)
    assert told(commune) == [("T-3", "queued"), ("T-1", "queued"), ("T-0", "queued")]
    times = [row["created_at"] for row in commune.messages(*REMINDERS, "escalation") if row["unit"] in {"vp", None}]
    assert times == [at("10T07:30"), at("12T07:30"), at("13T07:30"), at("16T07:30")]


def test_a_unit_whose_contact_has_changed_hears_the_next_step_and_not_the_same_one_again(commune):
    tick(commune, "10T08:00")
    plan = commune.office.plans["phuc-loi-2026"]
    units = tuple(
        replace(unit, contacts=(replace(unit.contacts[0], email="moi@phucloi.example"),)) for unit in plan.units
    )
    changed = commune.using(plans={plan.id: replace(plan, units=units)})
    tick(changed, "10T09:00", "12T08:00")
    assert told(commune) == [("T-3", "queued"), ("T-1", "queued")]
