"""What an officer changes in the plan file during the year, as the rounds under way take it up.

Phúc Lợi's first quarter: opened Thursday 5/3, units due Friday 13/3, locks Monday 16/3 at 10:00.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import reduce

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dinhky import bootstrap
from dinhky.domain.assignment import State
from dinhky.domain.local_time import at as local_moment
from dinhky.domain.local_time import local
from dinhky.domain.people import Contact
from dinhky.domain.plan import (
    Amendment,
    CancelledRound,
    DueRule,
    FormerName,
    Kind,
    MovedDue,
    Obligation,
    Plan,
    RotaOverride,
    Unit,
)
from dinhky.intake.receive import Verdict, receive
from dinhky.rounds.chasing import chase
from dinhky.rounds.dispatching import flush_outbox
from dinhky.rounds.following import Followed, follow_plan
from dinhky.rounds.opening import open_round
from dinhky.rounds.reporting import compile_report, record_decision, request_approval
from dinhky.rounds.standing import Outcome, is_owed_something, outcome, standings, why_idle

PLAN = "phuc-loi-2026"
QUARTER = f"{PLAN}/PL-5/2026-Q1"
RADIO = f"{PLAN}/PL-3/2026-03"
UNITS = ["vhxh", "vp", "kthtdt", "pvhcc", "vhtttt", "mttq", "bxdd"]


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+07:00")


Change = Callable[[Plan], Plan]


def unit(code: str, **changes: object) -> Change:
    """A unit as the officer changes it; a new one where the code is new."""

    def change(plan: Plan) -> Plan:
        if any(one.code == code for one in plan.units):
            units = tuple(replace(one, **changes) if one.code == code else one for one in plan.units)  # type: ignore[arg-type]
        else:
            contact = Contact(f"Cán bộ {code}", f"{code}@phucloi.example")
            units = (*plan.units, replace(Unit(code, f"Đơn vị {code}", (contact,)), **changes))  # type: ignore[arg-type]
        return replace(plan, units=units)

    return change


def duty(ref: str, **changes: object) -> Change:
    def change(plan: Plan) -> Plan:
        changed = tuple(replace(one, **changes) if one.ref == ref else one for one in plan.obligations)  # type: ignore[arg-type]
        return replace(plan, obligations=changed)

    return change


def without(code: str) -> Change:
    """The unit taken out of the file altogether, its duties too."""

    def change(plan: Plan) -> Plan:
        duties: list[Obligation] = []
        for one in plan.obligations:
            left = tuple(other for other in one.units if other != code)
            duties.append(replace(one, units=left, lead=tuple(other for other in one.lead if other != code)))
        return replace(plan, units=tuple(one for one in plan.units if one.code != code), obligations=tuple(duties))

    return change


def merged(last_day: str = "2026-03-09") -> list[Change]:
    """Mặt trận and Ban xây dựng Đảng become one."""
    until = date.fromisoformat(last_day)
    return [
        unit("khoi", name="Khối Dân vận - Mặt trận", since=until + timedelta(days=1)),
        unit("mttq", until=until, succeeded_by=("khoi",)),
        unit("bxdd", until=until, succeeded_by=("khoi",)),
    ]


def changed(commune, *changes: Change):
    """The commune with its plan file changed so."""
    plan = reduce(lambda plan, change: change(plan), changes, commune.office.plans[PLAN])
    return commune.using(plans={PLAN: plan})


def states(commune, round_id: str = QUARTER) -> dict[str, str]:
    with commune.office.ledger.snapshot() as ledger:
        return {one.unit: one.state.value for one in ledger.assignments(round_id)}


def part(commune, code: str, round_id: str = QUARTER):
    with commune.office.ledger.snapshot() as ledger:
        found = ledger.assignment(round_id, code)
    assert found is not None
    return found


def told(commune, kind: str) -> list[str]:
    return [row["unit"] for row in commune.messages(kind) if row["state"] == "queued"]


# Nothing


def test_a_plan_that_did_not_change_changes_nothing(commune):
    before = commune.messages(), commune.events()
    for moment in ("03-05T08:00", "03-13T16:00", "03-16T09:00", "04-01T08:00"):
        assert follow_plan(commune.office, at(moment)) == Followed()
    assert (commune.messages(), commune.events()) == before


def test_a_look_at_a_plan_that_did_not_change_costs_a_handful_of_queries(commune):
    for round_ in commune.office.rounds.values():
        if round_.opens <= at("03-09T08:00") <= round_.locks:
            open_round(commune.office, round_.id, at("03-09T08:00"))
    asked: list[str] = []
    from sqlalchemy import event

    engine = commune.office.ledger._engine
    event.listen(engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    assert follow_plan(commune.office, at("03-09T08:30")) == Followed()
    assert len([statement for statement in asked if statement.startswith("SELECT")]) <= 4


def test_a_plan_that_cannot_be_read_just_now_changes_nothing(commune):
    assert follow_plan(commune.using(plans={}).office, at("03-09T08:00")) == Followed()
    assert set(states(commune).values()) == {"open"}


# Units


def test_a_renamed_unit_has_its_new_name_where_the_round_is_open(commune):
    renamed = changed(
        commune,
        unit("vp", name="Văn phòng Đảng ủy", former_names=(FormerName(date(2026, 3, 9), "Văn phòng cũ"),)),
    )
    follow_plan(renamed.office, at("03-09T08:00"))
    assert part(commune, "vp").unit_name == "Văn phòng cũ"
    assert follow_plan(renamed.office, at("03-10T08:00")).renamed == 1
    assert part(commune, "vp").unit_name == "Văn phòng Đảng ủy"
    (event,) = [event for event in commune.events() if event["kind"] == "unit_renamed"][1:]
    assert (event["actor"], event["unit"], event["detail"]["was"]) == ("plan", "vp", "Văn phòng cũ")
    assert follow_plan(renamed.office, at("03-10T08:30")) == Followed()


def test_a_locked_round_keeps_the_names_it_had(commune):
    old = part(commune, "vp").unit_name
    renamed = changed(commune, unit("vp", name="Văn phòng Đảng ủy"))
    assert follow_plan(renamed.office, at("03-16T10:01")) == Followed()
    assert part(commune, "vp").unit_name == old
    version = compile_report(renamed.office, QUARTER, at("03-20T08:00"))
    with commune.office.ledger.snapshot() as ledger:
        names = [one["name"] for one in ledger.report_facts(version.id)["units"]]
    assert old in names
    assert "Văn phòng Đảng ủy" not in names


def test_reminders_call_a_unit_by_its_name_of_the_day(commune):
    renamed = changed(
        commune, unit("vp", name="Văn phòng mới", former_names=(FormerName(date(2026, 3, 10), "Văn phòng cũ"),))
    )
    chase(renamed.office, at("03-10T08:00"))
    chase(renamed.office, at("03-12T08:00"))
    bodies = [row["body"] for row in commune.messages("T-3", "T-1") if row["unit"] == "vp"]
    assert ["Văn phòng cũ" in bodies[0], "Văn phòng mới" in bodies[1]] == [True, True]


def test_of_two_merged_units_their_successor_is_asked_once_and_they_no_more(commune):
    office = changed(commune, *merged()).office
    followed = follow_plan(office, at("03-10T08:00"))
    assert (followed.asked, followed.let_off) == (1, 2)
    found = states(commune)
    assert (found["mttq"], found["bxdd"], found["khoi"]) == ("waived", "waived", "open")
    assert part(commune, "mttq").reason == "Đơn vị đã sáp nhập vào Khối Dân vận - Mặt trận."
    assert told(commune, "opening").count("khoi") == 1
    assert not {"mttq", "bxdd"} & set(told(commune, "opening"))
    (notice,) = [row for row in commune.messages("opening") if row["unit"] == "khoi"]
    assert notice["attachments"], "it gets its own workbook"
    assert follow_plan(office, at("03-10T08:30")) == Followed()


def test_before_its_first_day_a_successor_is_not_asked_and_the_old_units_are(commune):
    office = changed(commune, *merged()).office
    assert follow_plan(office, at("03-09T08:00")) == Followed()
    assert set(states(commune)) == set(UNITS)


def test_a_round_that_opens_before_a_merger_asks_the_units_that_are_still_there(new_commune):
    later = changed(new_commune, *merged())
    assert [one.code for one in open_round(later.office, QUARTER, at("03-05T07:30"))] == UNITS
    follow_plan(later.office, at("03-10T07:30"))
    assert {code for code, state in states(later).items() if state == "open"} == {*UNITS, "khoi"} - {"mttq", "bxdd"}


def test_what_a_merged_unit_had_told_stays_under_its_name_and_is_not_asked_again(commune):
    commune.answer("mttq", at("03-09T09:00"))
    with commune.office.ledger.transaction() as ledger:
        ledger.move(QUARTER, "bxdd", State.NIL, at=at("03-09T09:00"), actor="bxdd", reason="Không phát sinh")
    names = [part(commune, code).unit_name for code in ("mttq", "bxdd")]
    assert follow_plan(changed(commune, *merged()).office, at("03-10T08:00")) == Followed()
    assert [part(commune, code).unit_name for code in ("mttq", "bxdd")] == names
    assert "khoi" not in states(commune)


def test_what_one_of_two_merged_units_had_not_told_is_asked_of_their_successor(commune):
    commune.answer("mttq", at("03-09T09:00"))
    follow_plan(changed(commune, *merged()).office, at("03-10T08:00"))
    found = states(commune)
    assert (found["mttq"], found["bxdd"], found["khoi"]) == ("accepted", "waived", "open")


def test_a_unit_that_takes_in_another_goes_on_under_its_own_part(commune):
    absorbed = changed(commune, unit("bxdd", until=date(2026, 3, 9), succeeded_by=("mttq",)))
    assert follow_plan(absorbed.office, at("03-10T08:00")).asked == 0
    assert (states(commune)["bxdd"], states(commune)["mttq"]) == ("waived", "open")


def test_a_split_unit_is_asked_as_its_parts(commune):
    split = changed(
        commune,
        unit("kt", name="Phòng Kinh tế", since=date(2026, 3, 10)),
        unit("htdt", name="Phòng Hạ tầng và Đô thị", since=date(2026, 3, 10)),
        unit("kthtdt", until=date(2026, 3, 9), succeeded_by=("kt", "htdt")),
    )
    assert follow_plan(split.office, at("03-10T08:00")).asked == 2
    assert part(commune, "kthtdt").reason == "Đơn vị đã chia tách thành Phòng Kinh tế; Phòng Hạ tầng và Đô thị."
    assert {"kt", "htdt"} <= set(told(commune, "opening"))


def test_a_closed_unit_is_let_off_and_its_waiting_messages_are_not_sent(commune):
    closed = changed(commune, unit("vp", until=date(2026, 3, 9)))
    follow_plan(closed.office, at("03-10T08:00"))
    assert states(commune)["vp"] == "waived"
    assert part(commune, "vp").reason == "Đơn vị kết thúc hoạt động sau ngày 09/3/2026."
    assert [row["state"] for row in commune.messages() if row["unit"] == "vp"] == ["cancelled"]
    chase(closed.office, at("03-10T08:30"))
    assert [row["unit"] for row in commune.messages("T-3")] == [code for code in UNITS if code != "vp"]


def test_a_unit_that_ends_between_its_due_date_and_the_lock_is_not_asked_either(commune):
    office = changed(commune, unit("vp", until=date(2026, 3, 13), succeeded_by=("vhxh",))).office
    assert follow_plan(office, at("03-13T16:00")) == Followed()
    follow_plan(office, at("03-16T08:00"))
    assert states(commune)["vp"] == "waived"


def test_a_new_unit_is_asked_with_a_workbook_of_its_own(commune):
    grown = changed(commune, unit("ca", name="Công an phường"), duty("PL-5", units=(*UNITS, "ca")))
    followed = follow_plan(grown.office, at("03-09T08:00"))
    assert (followed.asked, followed.queued) == (1, 1)
    assert states(commune)["ca"] == "open"
    (event,) = [event for event in commune.events() if event["kind"] == "unit_added"]
    assert (event["actor"], event["unit"]) == ("plan", "ca")
    chase(grown.office, at("03-10T08:00"))
    assert "ca" in told(commune, "T-3")


def test_a_run_waits_for_a_unit_that_was_asked_after_it_began(commune):
    with commune.office.ledger.transaction() as ledger:
        for code in UNITS:
            ledger.move(QUARTER, code, State.NIL, at=at("03-09T08:00"), actor=code, reason="Không phát sinh")
    assert not is_owed_something(commune.office, QUARTER, at("03-09T08:30"))
    grown = changed(commune, unit("ca", name="Công an phường"), duty("PL-5", units=(*UNITS, "ca")))
    follow_plan(grown.office, at("03-09T09:00"))
    assert is_owed_something(grown.office, QUARTER, at("03-16T10:00"))
    assert not is_owed_something(grown.office, QUARTER, at("03-16T10:01"))


def test_a_unit_taken_out_of_the_duty_is_let_off_unless_it_has_answered(commune):
    commune.answer("vp", at("03-09T09:00"))
    smaller = changed(commune, duty("PL-5", units=tuple(code for code in UNITS if code not in {"vp", "mttq"})))
    assert follow_plan(smaller.office, at("03-10T08:00")).let_off == 1
    assert (states(commune)["vp"], states(commune)["mttq"]) == ("accepted", "waived")
    assert part(commune, "mttq").reason == "Đơn vị không còn thuộc phạm vi nhiệm vụ."


def test_a_unit_asked_again_by_mistake_undone_is_asked_as_before(commune):
    smaller = changed(commune, duty("PL-5", units=tuple(code for code in UNITS if code != "vp")))
    follow_plan(smaller.office, at("03-09T08:00"))
    assert follow_plan(commune.office, at("03-09T08:30")).asked_again == 1
    assert states(commune)["vp"] == "open"
    (notice,) = commune.messages("change")
    assert "tiếp tục thực hiện" in notice["body"].lower()
    assert notice["attachments"], "its opening notice may never have gone out"


def test_a_unit_that_an_officer_let_off_is_never_asked_again_by_the_plan(commune):
    with commune.office.ledger.transaction() as ledger:
        ledger.move(QUARTER, "vp", State.WAIVED, at=at("03-09T08:00"), actor="vhxh", reason="Đang kiện toàn")
    assert follow_plan(commune.office, at("03-09T08:30")) == Followed()
    assert follow_plan(changed(commune, *merged()).office, at("03-10T08:00")).asked_again == 0
    assert states(commune)["vp"] == "waived"


def test_an_amendment_names_other_units_and_says_why(commune):
    amendment = Amendment(date(2026, 3, 1), "Kế hoạch 120/KH-UBND", "thêm công an", units=(*UNITS[1:], "ca"))
    office = changed(commune, unit("ca", name="Công an phường"), duty("PL-5", amended=(amendment,))).office
    follow_plan(office, at("03-09T08:00"))
    assert (states(commune)["vhxh"], states(commune)["ca"]) == ("waived", "open")
    (event,) = [event for event in commune.events() if event["kind"] == "unit_added"]
    assert event["detail"]["reason"] == "Kế hoạch 120/KH-UBND: thêm công an"


# History of units that are gone


def test_a_report_still_compiles_when_a_unit_has_left_the_file_altogether(commune):
    commune.answer("mttq", at("03-12T09:00"))
    name = part(commune, "mttq").unit_name
    office = changed(commune, without("mttq")).office
    assert follow_plan(office, at("03-13T08:00")) == Followed()
    version = compile_report(office, QUARTER, at("03-16T11:00"))
    with office.ledger.snapshot() as ledger:
        assert name in [one["name"] for one in ledger.report_facts(version.id)["units"]]
    (opened,) = [one for one in standings(office, office.plans[PLAN]) if one.opened]
    assert name in [one.unit_name for one in opened.assignments]


def test_a_good_file_of_a_unit_that_is_let_off_is_taken_and_answered_and_asks_nothing_again(commune):
    office = changed(commune, *merged()).office
    follow_plan(office, at("03-10T08:00"))
    good = commune.sample["mttq"][-1].data
    receipt = receive(office, good, file_name="a.xlsx", unit_code="mttq", now=at("03-10T09:00"), route="test")
    assert receipt.verdict is Verdict.ACCEPTED
    assert states(commune)["mttq"] == "waived"
    assert [row["unit"] for row in commune.messages("accepted-1")] == ["mttq"]


def test_a_report_sent_back_reaches_whoever_took_over_from_the_compiler(commune):
    commune.answer("vp")
    plan = commune.office.plans[PLAN]
    office = changed(
        commune,
        unit("moi", name="Phòng mới", since=date(2026, 3, 14)),
        unit(plan.compiler, until=date(2026, 3, 13), succeeded_by=("moi",)),
    ).office
    version = compile_report(office, QUARTER, at("03-16T11:00"))
    record_decision(office, version.id, approved=False, comment="", by="lanhdao", at=at("03-16T14:00"))
    assert [row["unit"] for row in commune.messages() if row["kind"].startswith("report-returned")] == ["moi"]


# Dates


def moved(day: str, reason: str = "Sở Nội vụ cho lùi hạn") -> Change:
    return duty("PL-5", moved=(MovedDue("2026-Q1", date.fromisoformat(day), reason),))


def test_a_moved_due_date_is_told_with_its_reason_to_those_who_still_owe(commune):
    commune.answer("vp", at("03-09T09:00"))
    office = changed(commune, moved("2026-03-20")).office
    assert follow_plan(office, at("03-10T08:00")).moved == 1
    assert told(commune, "change") == [code for code in UNITS if code != "vp"]
    notice = commune.messages("change")[0]
    assert "Sở Nội vụ cho lùi hạn" in notice["body"]
    assert "thứ Năm, 19/3/2026" in notice["body"], "the units' own new date"
    (event,) = [event for event in commune.events() if event["kind"] == "round_changed"]
    assert (event["actor"], event["detail"]["reason"]) == ("plan", "Sở Nội vụ cho lùi hạn")
    assert follow_plan(office, at("03-10T08:30")) == Followed()


def test_a_date_moved_twice_is_told_twice_and_only_the_last_goes_out(commune):
    follow_plan(changed(commune, moved("2026-03-20")).office, at("03-09T08:00"))
    follow_plan(changed(commune, moved("2026-03-25")).office, at("03-09T08:30"))
    found = [(row["state"], "24/3" in row["body"]) for row in commune.messages("change") if row["unit"] == "vp"]
    assert found == [("cancelled", False), ("queued", True)]


def test_a_date_moved_away_and_back_is_told_each_time(commune):
    moves = [("2026-03-20", 9), ("2026-03-25", 10), ("2026-03-20", 11)]
    for day, today in moves:
        office = changed(commune, moved(day)).office
        follow_plan(office, at(f"03-{today:02}T08:00"))
        flush_outbox(office, by="test", clock=lambda today=today: at(f"03-{today:02}T08:10"))
    sent = [row["state"] for row in commune.messages("change") if row["unit"] == "vp"]
    assert sent == ["sent", "sent", "sent"]


def test_a_moved_date_has_a_ladder_of_its_own(commune):
    for moment in ("03-10T08:00", "03-12T08:00"):
        chase(commune.office, at(moment))
    office = changed(commune, moved("2026-03-27")).office
    for moment in ("03-13T08:00", "03-16T08:00", "03-23T08:00", "03-25T08:00", "03-26T08:00", "03-27T08:00"):
        chase(office, at(moment))
        chase(office, at(moment) + timedelta(hours=1))
    steps = [row["kind"] for row in commune.messages() if row["unit"] == "vp"]
    assert steps == ["opening", "T-3", "T-1", "change", "T-3", "T-1", "T-0", "T+1"]
    assert len(commune.messages("escalation")) == 1


def test_a_reminder_of_the_old_date_that_has_not_gone_out_does_not(commune):
    chase(commune.office, at("03-10T16:30"))
    follow_plan(changed(commune, moved("2026-03-27")).office, at("03-11T07:30"))
    assert {row["state"] for row in commune.messages("T-3")} == {"cancelled"}


def test_an_amended_deadline_moves_the_open_round(commune):
    amendment = Amendment(date(2026, 3, 1), "CV 9/UBND", "theo thành phố", due=DueRule(day_of_last_month=20))
    office = changed(commune, duty("PL-5", amended=(amendment,))).office
    assert follow_plan(office, at("03-10T08:00")).moved == 1
    (event,) = [event for event in commune.events() if event["kind"] == "round_changed"]
    assert event["detail"]["reason"] == "CV 9/UBND: theo thành phố"


def test_a_date_moved_after_the_lock_opens_the_round_again(commune):
    office = changed(commune, moved("2026-03-27")).office
    assert follow_plan(office, at("03-18T08:00")).moved == 1
    assert told(commune, "change") == UNITS
    assert outcome(office, QUARTER, "vp", at("03-18T08:00")) is Outcome.WAITING


def test_a_date_moved_into_the_past_closes_the_round_without_a_word(commune):
    office = changed(commune, moved("2026-03-09")).office
    assert follow_plan(office, at("03-11T08:00")).moved == 1
    assert commune.messages("change") == []
    assert follow_plan(office, at("03-11T08:30")) == Followed()


# Rounds not held


CANCELLED = duty("PL-5", cancelled=(CancelledRound("2026-Q1", "Sở Nội vụ không yêu cầu quý này"),))


def test_a_cancelled_round_asks_nobody_and_tells_those_who_still_owed(commune):
    commune.answer("vp", at("03-09T09:00"))
    office = changed(commune, CANCELLED).office
    assert follow_plan(office, at("03-10T08:00")).cancelled == 1
    assert set(states(commune).values()) == {"waived", "accepted"}
    assert part(commune, "mttq").reason == "Không thực hiện kỳ này. Lý do: Sở Nội vụ không yêu cầu quý này."
    assert told(commune, "change") == [code for code in UNITS if code != "vp"]
    assert told(commune, "opening") == []
    chase(office, at("03-12T08:00"))
    assert commune.messages("T-1", "T-3", "escalation") == []
    assert follow_plan(office, at("03-12T08:30")) == Followed()


def test_the_notice_of_a_cancelled_round_does_go_out(commune):
    office = changed(commune, CANCELLED).office
    follow_plan(office, at("03-10T08:00"))
    flush_outbox(office, by="test", clock=lambda: at("03-10T08:05"))
    assert Counter(row["state"] for row in commune.messages("change")) == {"sent": 7}


def test_a_round_held_after_all_asks_as_before(commune):
    follow_plan(changed(commune, CANCELLED).office, at("03-10T08:00"))
    followed = follow_plan(commune.office, at("03-11T08:00"))
    assert (followed.resumed, followed.asked_again) == (1, 7)
    assert set(states(commune).values()) == {"open"}
    assert told(commune, "change") == UNITS
    chase(commune.office, at("03-12T08:00"))
    assert told(commune, "T-1") == UNITS
    assert follow_plan(commune.office, at("03-12T08:30")) == Followed()


def test_who_was_let_off_before_the_cancellation_stays_so_after_it(commune):
    with commune.office.ledger.transaction() as ledger:
        ledger.move(QUARTER, "vp", State.WAIVED, at=at("03-09T08:00"), actor="vhxh", reason="Đang kiện toàn")
    follow_plan(changed(commune, CANCELLED).office, at("03-10T08:00"))
    follow_plan(commune.office, at("03-11T08:00"))
    assert states(commune)["vp"] == "waived"


def test_a_round_known_not_to_be_held_opens_for_nobody_and_for_all_if_it_is_held_after_all(new_commune):
    office = changed(new_commune, CANCELLED).office
    assert open_round(office, QUARTER, at("03-05T07:30")) == []
    assert follow_plan(office, at("03-05T08:00")) == Followed()
    assert new_commune.messages() == []
    assert follow_plan(new_commune.office, at("03-06T08:00")).asked == 7
    assert told(new_commune, "opening") == UNITS


def test_a_run_of_a_cancelled_round_has_nothing_left_to_do_and_says_why(commune):
    office = changed(commune, CANCELLED).office
    assert why_idle(commune.office, QUARTER) is None
    problem = why_idle(office, QUARTER)
    assert problem is not None
    assert "Sở Nội vụ không yêu cầu quý này" in office.words.sentence(problem)
    follow_plan(office, at("03-10T08:00"))
    assert outcome(office, QUARTER, "mttq", at("03-10T08:00")) is Outcome.WAIVED


def test_a_duty_that_ended_asks_nothing_more(commune):
    office = changed(commune, duty("PL-5", until=date(2026, 3, 10))).office
    assert follow_plan(office, at("03-10T08:00")).cancelled == 1
    assert set(states(commune).values()) == {"waived"}
    assert outcome(office, QUARTER, "vp", at("03-10T08:00")) is Outcome.WAIVED
    assert "không còn hiệu lực" in commune.messages("change")[0]["body"]
    assert follow_plan(office, at("03-10T08:30")) == Followed()


# Quotas


def test_a_raised_quota_asks_again_of_those_who_had_done_their_part(commune):
    writers = open_round(commune.office, RADIO, at("03-02T08:00"))
    with commune.office.ledger.transaction() as ledger:
        for writer in writers:
            for state in (State.SUBMITTED, State.ACCEPTED):
                ledger.move(RADIO, writer.code, state, at=at("03-09T08:00"), actor="dinhky")
    amendment = Amendment(date(2026, 3, 10), "Kế hoạch 120/KH-UBND", "tăng chỉ tiêu", count=9)
    office = changed(commune, duty("PL-3", amended=(amendment,))).office
    assert follow_plan(office, at("03-10T08:00")).quotas == 1
    assert set(states(commune, RADIO).values()) == {"submitted"}
    assert told(commune, "change") == [writer.code for writer in writers]
    notice = commune.messages("change")[0]
    assert "Chỉ tiêu mới: 09 tin, bài" in notice["body"]
    assert follow_plan(office, at("03-10T08:30")) == Followed()


def test_another_writer_named_for_the_month_is_asked_and_the_first_let_off(new_commune):
    found = [
        (plan, one)
        for plan in bootstrap.plans(bootstrap.settings({}))[0].values()
        for one in plan.obligations
        if one.rota and plan.year == 2026
    ]
    plan, obligation = found[0]
    commune = new_commune.using(plans={plan.id: plan})
    round_ = next(one for one in commune.office.rounds.values() if one.ref == obligation.ref and not one.cancelled)
    open_round(commune.office, round_.id, round_.opens)
    other = next(code for code in round_.units if code not in round_.asked)
    override = RotaOverride(round_.period.label, (other,), "đổi lượt")
    swapped = duty(obligation.ref, rota_overrides=(override,))(plan)
    office = commune.using(plans={plan.id: swapped}).office
    follow_plan(office, round_.opens + timedelta(hours=1))
    found_states = states(commune, round_.id)
    assert found_states[other] == "open"
    assert {found_states[code] for code in round_.asked} == {"waived"}
    assert "luân phiên" in part(commune, round_.asked[0], round_.id).reason


# A closed year


@pytest.fixture
def closed_year(new_commune):
    """Xuân Đám's year 2025, looked at in 2026."""
    plan = bootstrap.plans(bootstrap.settings({}))[0]["xuan-dam-2025"]
    return new_commune.using(plans={plan.id: plan})


def test_of_a_closed_year_every_round_is_recorded_and_nothing_is_ever_queued(closed_year):
    office = closed_year.office
    assert len(office.rounds) > 4
    for round_ in office.rounds.values():
        for unit_ in open_round(office, round_.id, at("02-02T08:00")):
            assert outcome(office, round_.id, unit_.code, at("02-02T09:00")) is Outcome.HISTORY
        assert why_idle(office, round_.id) is not None
        if round_.kind is Kind.REPORT:
            version = compile_report(office, round_.id, at("02-02T09:00"))
            request_approval(office, version, at("02-02T09:00"))
            record_decision(office, version.id, approved=False, comment="", by="lanhdao", at=at("02-02T10:00"))
    for day in (2, 3, 27):
        chase(office, at(f"02-{day:02}T08:30"))
    assert closed_year.messages() == []


def test_who_sends_a_file_for_a_closed_year_is_answered_all_the_same(closed_year):
    office = closed_year.office
    (plan,) = office.plans.values()
    round_ = next(one for one in office.rounds.values() if one.asked and one.ref == "XD-1")
    open_round(office, round_.id, at("02-02T08:00"))
    sender = plan.unit(round_.asked[0])
    empty = office.workbooks.build(plan, round_, sender)
    receive(office, empty, file_name="a.xlsx", unit_code=sender.code, now=at("02-02T09:00"), route="test")
    assert [row["kind"] for row in closed_year.messages()] == ["returned-1"]


def test_a_history_round_whose_date_is_moved_into_the_future_is_opened_to_all(closed_year):
    office = closed_year.office
    (plan,) = office.plans.values()
    round_ = max((one for one in office.rounds.values() if one.ref == "XD-1"), key=lambda one: one.due)
    open_round(office, round_.id, at("02-02T08:00"))
    late = duty("XD-1", moved=(MovedDue(round_.period.label, date(2026, 2, 27), "huyện yêu cầu bổ sung"),))(plan)
    reopened = closed_year.using(plans={plan.id: late})
    follow_plan(reopened.office, at("02-02T09:00"))
    assert [row["unit"] for row in reopened.messages("opening")] == list(round_.asked)


# Any sequence of changes

DAYS = st.sampled_from([date(2026, 3, day) for day in (4, 8, 9, 10, 11, 12, 13, 14)])
CODES = st.sampled_from(UNITS)
COMPILER = "vhxh"
NEW = ("khoi", "kt")


def _ending(code: str, last_day: date, heirs: tuple[str, ...]) -> Change:
    def change(plan: Plan) -> Plan:
        for heir in heirs:
            plan = unit(heir)(plan) if heir in UNITS else unit(heir, since=last_day + timedelta(days=1))(plan)
        return unit(code, until=last_day, succeeded_by=tuple(heir for heir in heirs if heir != code))(plan)

    return change


CHANGES = st.one_of(
    st.builds(_ending, CODES, DAYS, st.lists(st.sampled_from([*NEW, "vp"]), max_size=2, unique=True).map(tuple)),
    st.builds(lambda code: duty("PL-5", units=tuple(one for one in UNITS if one != code)), CODES),
    st.just(duty("PL-5", units=tuple(UNITS))),
    st.builds(without, CODES.filter(lambda code: code != COMPILER)),
    st.builds(lambda code, day: unit(code, name=f"{code} mới", former_names=(FormerName(day, "cũ"),)), CODES, DAYS),
    st.sampled_from([moved("2026-03-20"), moved("2026-03-12"), duty("PL-5", moved=())]),
    st.sampled_from([CANCELLED, duty("PL-5", cancelled=())]),
    st.builds(lambda day: duty("PL-5", until=day), st.none() | DAYS),
)
STEPS = st.tuples(st.sampled_from(["change", "tick", "answer", "open"]), CHANGES, CODES, st.integers(1, 30))


@settings(
    max_examples=15, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(STEPS, min_size=1, max_size=10))
def test_whatever_changes_nothing_is_asked_of_a_unit_that_does_not_exist(another_commune, steps):
    commune, moment = another_commune(), at("03-05T08:00")
    for what, change, code, hours in steps:
        moment += timedelta(hours=hours)
        if what == "change":
            commune = changed(commune, change)
        elif what == "answer":
            if commune.sample[code] and any(one.code == code for one in commune.office.plans[PLAN].units):
                commune.answer(code, moment)
        elif what == "open" and QUARTER in commune.office.rounds:
            open_round(commune.office, QUARTER, moment)
        if not time(7, 30) <= local(moment).time() < time(16, 30):
            moment = local_moment(local(moment).date() + timedelta(days=1), time(8))
        chase(commune.office, moment)
        follow_plan(commune.office, moment)
        assert follow_plan(commune.office, moment) == Followed()
        flush_outbox(commune.office, by="test", clock=lambda moment=moment: moment)
        plan = commune.office.plans[PLAN]
        here = {one.code for one in plan.units if one.exists_on(local(moment).date())}
        round_ = commune.office.rounds.get(QUARTER)
        if round_ is None or not round_.is_over(moment):
            assert {one for one, state in states(commune).items() if state in {"open", "submitted", "returned"}} <= here
        sent = [
            row
            for row in commune.messages()
            if row["settled_at"] == moment and row["state"] == "sent" and row["office_hours_only"] and row["unit"]
        ]
        assert {row["unit"] for row in sent} <= here
    rows = [row for row in commune.messages("opening") if row["state"] == "sent"]
    assert max(Counter(row["unit"] for row in rows).values(), default=0) <= 1
