"""What an officer decides. The first quarter: opens 5/3, units due Friday 13/3, locks Monday 16/3 10:00, due that day.

Posts of March: opens 5/3, due 31/3, locks Friday 3/4 at the day's end.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dinhky.domain.assignment import State, rates
from dinhky.domain.chase import Step
from dinhky.domain.errors import CompilingRefused, DecisionRefused, SendingRefused, UnknownName
from dinhky.domain.posts import EvidenceKind, ToldPost
from dinhky.intake.receive import Verdict
from dinhky.rounds.chasing import chase
from dinhky.rounds.closing import close_posts_round
from dinhky.rounds.deciding import extend_lock, record_nil, return_accepted, unwaive, waive
from dinhky.rounds.decision_rules import DECIDED
from dinhky.rounds.dispatching import flush_outbox
from dinhky.rounds.following import follow_plan
from dinhky.rounds.held_files import decide_held, held_submissions
from dinhky.rounds.lookup import round_of
from dinhky.rounds.overdue import overdue
from dinhky.rounds.posting import tally_of, tell_post
from dinhky.rounds.report_differences import differences
from dinhky.rounds.reporting import (
    compile_report,
    compile_when_due,
    record_decision,
    refusal,
    request_approval,
    send_report,
)
from dinhky.rounds.standing import Outcome, is_owed_something, outcome

PLAN = "phuc-loi-2026"
QUARTER = f"{PLAN}/PL-5/2026-Q1"
PORTAL_MARCH, EACH_UNIT, MILESTONE = f"{PLAN}/PL-2/2026-03", f"{PLAN}/PL-8/2026-Q1", f"{PLAN}/PL-1/2026"
WHY, WHO = "Số liệu chưa thống nhất với sổ theo dõi", "Nguyễn Thị Cán Bộ"


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+07:00")


BEFORE, LATE, AFTER = at("03-12T09:00"), at("03-16T09:00"), at("03-16T10:30")
"""Before the units' due date; after it and before the lock; after the lock."""
UNTIL = at("03-16T16:00")


def returns(commune, now, unit="vp", round_id=QUARTER, reason=WHY):
    return return_accepted(commune.office, round_id, unit, reason, WHO, now)


def waives(commune, now, unit="vp", round_id=QUARTER, reason=WHY):
    return waive(commune.office, round_id, unit, reason, WHO, now)


def unwaives(commune, now, unit="vp", round_id=QUARTER, reason=WHY):
    return unwaive(commune.office, round_id, unit, reason, WHO, now)


def notes_nil(commune, now, unit="vp", round_id=QUARTER, reason=WHY):
    return record_nil(commune.office, round_id, unit, reason, WHO, now)


def extends(commune, now, unit="vp", round_id=QUARTER, reason=WHY, until=UNTIL):
    return extend_lock(commune.office, round_id, unit, until, reason, WHO, now)


DECISIONS = {"return": returns, "waive": waives, "unwaive": unwaives, "nil": notes_nil, "extend": extends}


def bring_to(commune, state: str, unit: str = "vp") -> None:
    """Let the unit's part of the quarter be in that state; `sent`: answered, and the report sent."""
    if state in {"accepted", "compiled", "sent"}:
        assert commune.answer(unit, at("03-11T08:00")).verdict is Verdict.ACCEPTED
    if state in {"compiled", "sent"}:
        version = compile_report(commune.office, QUARTER, at("03-11T09:00"))
    if state == "sent":
        record_decision(commune.office, version.id, approved=True, comment="", by="lanhdao", at=at("03-11T10:00"))
        send_report(commune.office, QUARTER, at("03-11T10:05"))
    if state == "returned":
        commune.send(QUARTER, unit, at("03-11T08:00"))  # nothing in it
    if state == "nil":
        notes_nil(commune, at("03-11T08:00"), unit, reason="Không có hoạt động")
    if state == "waived":
        waives(commune, at("03-11T08:00"), unit, reason="Đang sắp xếp lại")


def decisions(commune, round_id: str = QUARTER) -> list[dict]:
    return [event for event in commune.events(round_id) if event["kind"] == DECIDED]


def told(commune, ruling: str) -> list[dict]:
    """What units were told of decisions of that kind."""
    return [row for row in commune.messages() if row["kind"].startswith("decision-") and row["kind"].endswith(ruling)]


ORDER = ("return", "waive", "unwaive", "nil", "extend")
TABLE = {
    # state of the part → what each decision makes of it, or why it is refused
    "open": ("nothing_to_return", State.WAIVED, "not_waived", State.NIL, State.OPEN),
    "returned": ("nothing_to_return", State.WAIVED, "not_waived", State.NIL, State.RETURNED),
    "accepted": (State.RETURNED, "answered_already", "not_waived", "answered_already", State.ACCEPTED),
    "compiled": (State.RETURNED, "answered_already", "not_waived", "answered_already", State.COMPILED),
    "nil": (State.RETURNED, State.WAIVED, "not_waived", State.NIL, State.NIL),
    "waived": ("nothing_to_return", State.WAIVED, State.OPEN, "unit_is_waived", "unit_is_waived"),
    "sent": ("report_sent", "report_sent", "not_waived", "report_sent", "report_sent"),
}


@pytest.mark.parametrize("moment", [BEFORE, AFTER], ids=["before the lock", "after the lock"])
@pytest.mark.parametrize("state", TABLE)
def test_a_decision_is_taken_where_it_makes_sense_and_taking_it_again_changes_nothing(another_commune, state, moment):
    for name, decide in DECISIONS.items():
        commune = another_commune()
        bring_to(commune, state)
        before = len(decisions(commune))
        wanted = TABLE[state][ORDER.index(name)]
        if isinstance(wanted, State):
            decide(commune, moment)
            after = len(decisions(commune))
            assert commune.assignment("vp").state is wanted, name
            assert after == before + (state != wanted or name == "extend"), name
            assert decide(commune, moment + timedelta(minutes=5)) is False, name
            assert len(decisions(commune)) == after, name
            assert len({row["key"] for row in commune.messages()}) == len(commune.messages())
        else:
            for _ in range(2):
                with pytest.raises(DecisionRefused, match=f"decision_{wanted}\\b"):
                    decide(commune, moment)
            assert len(decisions(commune)) == before, name


def test_every_decision_says_who_when_and_why_and_the_unit_is_told(commune):
    waives(commune, BEFORE)
    (event,) = decisions(commune)
    assert (event["actor"], event["at"], event["unit"]) == (WHO, BEFORE, "vp")
    assert event["detail"] == {"ruling": "waived", "reason": WHY}
    assert {row["unit"] for row in told(commune, "waived")} == {"vp"}
    assert all(WHY in row["body"] for row in told(commune, "waived"))


@pytest.mark.parametrize(
    ("by", "reason", "code"),
    [(" ", WHY, "without_name"), ("plan", WHY, "without_name"), (WHO, " \n", "without_reason")],
)
def test_a_decision_needs_a_person_and_a_reason(commune, by, reason, code):
    with pytest.raises(DecisionRefused, match=f"decision_{code}"):
        waive(commune.office, QUARTER, "vp", reason, by, BEFORE)


def test_nothing_is_decided_about_whom_nothing_is_asked_or_what_was_never_opened(commune):
    with pytest.raises(DecisionRefused, match="decision_unit_not_asked"):
        waives(commune, BEFORE, unit="th")
    with pytest.raises(UnknownName, match="round_not_opened"):
        waives(commune, BEFORE, round_id=f"{PLAN}/PL-5/2026-Q2")


def test_nothing_is_decided_about_a_round_that_was_history_when_it_was_opened(new_commune):
    from dinhky.rounds.opening import open_round

    open_round(new_commune.office, QUARTER, at("05-01T08:00"))
    with pytest.raises(DecisionRefused, match="decision_round_is_history"):
        waives(new_commune, at("05-01T09:00"))


# Returning what was accepted


def test_a_returned_answer_is_out_of_the_totals_and_the_unit_owes_it_again(commune):
    bring_to(commune, "accepted")
    returns(commune, BEFORE)
    part = commune.assignment("vp")
    assert (part.state, part.reason, part.submission_id) == (State.RETURNED, WHY, None)
    assert "vp" in _missing(commune)
    assert is_owed_something(commune.office, QUARTER, BEFORE)
    (body,) = {row["body"] for row in told(commune, "returned")}
    assert WHY in body
    assert "16/3/2026" in body  # until when it is taken


def test_a_returned_unit_is_reminded_of_what_there_is_to_mend(commune):
    bring_to(commune, "accepted")
    returns(commune, at("03-11T09:00"))
    chase(commune.office, at("03-13T08:00"))
    reminders = [row for row in commune.messages("T-0") if row["unit"] == "vp"]
    assert reminders
    assert all(WHY in row["body"] for row in reminders)


def test_the_same_file_again_is_still_returned_and_a_mended_one_counts(commune):
    bring_to(commune, "accepted")
    returns(commune, BEFORE)
    again = commune.answer("vp", BEFORE + timedelta(hours=1))
    assert (again.verdict, again.again) == (Verdict.RETURNED, True)
    assert [problem.code for problem in again.problems] == ["returned_by_officer"]
    assert commune.assignment("vp").state is State.RETURNED
    mended = commune.send(
        QUARTER,
        "vp",
        BEFORE + timedelta(hours=2),
        remarks=[{"kind": "Khó khăn, vướng mắc", "text": "Thiếu thiết bị thu thanh"}],
    )
    assert mended.verdict is Verdict.ACCEPTED
    assert commune.assignment("vp").state is State.ACCEPTED


def test_an_approval_does_not_let_out_a_report_whose_answer_was_returned_since(commune):
    bring_to(commune, "compiled")
    with commune.office.ledger.snapshot() as ledger:
        version = ledger.latest_report(QUARTER)
    record_decision(commune.office, version.id, approved=True, comment="", by="lanhdao", at=BEFORE)
    returns(commune, LATE)
    with pytest.raises(SendingRefused, match="report_outdated"):
        send_report(commune.office, QUARTER, LATE)
    newer = compile_when_due(commune.office, QUARTER, AFTER)
    assert newer.version == 2
    with pytest.raises(SendingRefused, match="not_approved"):
        send_report(commune.office, QUARTER, AFTER)


@pytest.mark.parametrize("name", ["waive", "nil", "extend"])
def test_any_decision_after_compiling_makes_the_report_outdated(commune, name):
    bring_to(commune, "compiled", unit="vhxh")
    with commune.office.ledger.snapshot() as ledger:
        version = ledger.latest_report(QUARTER)
    record_decision(commune.office, version.id, approved=True, comment="", by="lanhdao", at=BEFORE)
    DECISIONS[name](commune, LATE)
    with commune.office.ledger.snapshot() as ledger:
        assert refusal(ledger, version).code == "report_outdated"


def test_a_waiver_that_is_taken_back_leaves_the_compiled_report_as_it_was(commune):
    bring_to(commune, "compiled", unit="vhxh")
    waives(commune, BEFORE)
    unwaives(commune, BEFORE)
    with commune.office.ledger.snapshot() as ledger:
        assert refusal(ledger, ledger.latest_report(QUARTER)).code == "not_approved"


# Waiving


def test_a_waived_unit_is_not_expected_and_what_was_queued_for_it_is_not_sent(commune):
    chase(commune.office, at("03-10T08:00"))
    waives(commune, at("03-10T08:05"))
    flush_outbox(commune.office, by="test", clock=lambda: at("03-10T08:10"))
    states = {(row["kind"], row["state"]) for row in commune.messages() if row["unit"] == "vp"}
    assert ("T-3", "cancelled") in states
    assert ("decision-1-waived", "sent") in states
    assert outcome(commune.office, QUARTER, "vp", BEFORE) is Outcome.WAIVED
    assert rates(_parts(commune)).expected == 6


def test_the_plan_does_not_take_an_officers_waiver_back(commune):
    waives(commune, BEFORE)
    follow_plan(commune.office, BEFORE + timedelta(minutes=5))
    assert commune.assignment("vp").state is State.WAIVED


def test_an_officer_does_not_take_back_what_the_plan_has_let_off(commune):
    with commune.office.ledger.transaction() as ledger:
        ledger.move(QUARTER, "vp", State.WAIVED, at=BEFORE, actor="plan", reason="Đã sáp nhập")
    for decide in (waives, unwaives):
        with pytest.raises(DecisionRefused, match="decision_waived_by_plan"):
            decide(commune, BEFORE)


def test_a_file_that_came_while_the_unit_was_waived_counts_once_it_is_asked_again(commune):
    waives(commune, at("03-11T08:00"))
    commune.answer("vp", at("03-11T09:00"))
    assert commune.assignment("vp").state is State.WAIVED
    unwaives(commune, BEFORE)
    part = commune.assignment("vp")
    assert (part.state, part.late) == (State.ACCEPTED, False)
    assert part.submission_id


def test_the_same_decision_taken_again_after_another_is_told_again(commune):
    waives(commune, BEFORE)
    unwaives(commune, BEFORE)
    waives(commune, BEFORE)
    assert [event["detail"]["ruling"] for event in decisions(commune)] == ["waived", "unwaived", "waived"]
    assert {row["kind"] for row in told(commune, "waived")} == {
        "decision-1-waived",
        "decision-2-unwaived",
        "decision-3-waived",
    }


# Nothing to report


@pytest.mark.parametrize(("moment", "late"), [(BEFORE, False), (LATE, True)])
def test_nothing_to_report_is_an_answer_late_or_not(commune, moment, late):
    notes_nil(commune, moment)
    part = commune.assignment("vp")
    assert (part.state, part.reason, part.late) == (State.NIL, WHY, late)
    assert outcome(commune.office, QUARTER, "vp", moment) is Outcome.ANSWERED
    with commune.office.ledger.snapshot() as ledger:
        facts = ledger.report_facts(compile_report(commune.office, QUARTER, AFTER).id)
    assert [one["reason"] for one in facts["reporting"]["nil"]] == [WHY]


def test_a_unit_says_so_itself_until_the_lock_and_an_officer_afterwards_too(commune):
    with pytest.raises(DecisionRefused, match="decision_only_by_officer"):
        record_nil(commune.office, QUARTER, "vp", WHY, "Trần Văn Đầu Mối", AFTER, by_unit=True)
    assert record_nil(commune.office, QUARTER, "vp", WHY, "Trần Văn Đầu Mối", BEFORE, by_unit=True)
    assert record_nil(commune.office, QUARTER, "mttq", WHY, WHO, AFTER)
    assert [event["detail"]["by_unit"] for event in decisions(commune)] == [True, False]


def test_a_file_after_nothing_to_report_stands_in_its_place(commune):
    notes_nil(commune, BEFORE)
    commune.answer("vp", BEFORE + timedelta(hours=1))
    assert commune.assignment("vp").state is State.ACCEPTED


def test_nothing_published_settles_the_units_part_of_a_quota_and_the_tally_says_why(commune):
    commune.open(EACH_UNIT)
    notes_nil(commune, at("03-20T09:00"), round_id=EACH_UNIT, reason="Không có tin về cải cách hành chính")
    assert commune.assignment("vp", EACH_UNIT).state is State.NIL
    close_posts_round(commune.office, EACH_UNIT, at("04-04T08:00"))
    (body,) = {row["body"] for row in commune.messages("tally") if row["unit"] is None}
    assert "0/2, còn thiếu 02 (không phát sinh: Không có tin về cải cách hành chính)" in body


def test_who_tells_something_after_all_no_longer_says_that_there_is_nothing(commune):
    commune.open(EACH_UNIT)
    notes_nil(commune, at("03-20T09:00"), round_id=EACH_UNIT)
    _tell(commune, "vp", "1", at("03-21T09:00"))
    assert commune.assignment("vp", EACH_UNIT).state is State.SUBMITTED
    with pytest.raises(DecisionRefused, match="decision_answered_already"):
        notes_nil(commune, at("03-22T09:00"), round_id=EACH_UNIT)


def test_a_product_is_never_nothing(commune):
    commune.open(MILESTONE)
    with pytest.raises(DecisionRefused, match="decision_nil_not_here"):
        notes_nil(commune, at("03-06T09:00"), unit="vhxh", round_id=MILESTONE)


# Giving longer


def test_a_unit_given_longer_is_waited_for_and_its_file_counts_late(commune):
    extends(commune, LATE)
    assert outcome(commune.office, QUARTER, "vp", AFTER) is Outcome.WAITING
    assert outcome(commune.office, QUARTER, "mttq", AFTER) is Outcome.MISSING
    assert is_owed_something(commune.office, QUARTER, AFTER)
    with pytest.raises(CompilingRefused, match="units_still_open"):
        compile_when_due(commune.office, QUARTER, AFTER)
    assert commune.answer("vp", AFTER).verdict is Verdict.ACCEPTED
    assert commune.assignment("vp").late is True
    assert commune.answer("mttq", AFTER).verdict is Verdict.HELD
    assert compile_when_due(commune.office, QUARTER, AFTER).version == 1


def test_longer_ends_too(commune):
    extends(commune, LATE)
    past = UNTIL + timedelta(minutes=1)
    assert outcome(commune.office, QUARTER, "vp", past) is Outcome.MISSING
    assert not is_owed_something(commune.office, QUARTER, past)
    assert commune.answer("vp", past).verdict is Verdict.HELD
    assert compile_when_due(commune.office, QUARTER, past).version == 1


def test_given_longer_after_the_lock_a_red_task_that_is_cleared_waits_again(commune):
    assert outcome(commune.office, QUARTER, "vp", AFTER) is Outcome.MISSING
    extends(commune, AFTER)
    assert outcome(commune.office, QUARTER, "vp", AFTER) is Outcome.WAITING


def test_a_file_held_before_the_unit_was_given_longer_counts_when_it_is_sent_again(commune):
    assert commune.answer("vp", AFTER).verdict is Verdict.HELD
    extends(commune, AFTER)
    assert commune.answer("vp", AFTER + timedelta(minutes=5)).verdict is Verdict.ACCEPTED
    assert held_submissions(commune.office) == []


@pytest.mark.parametrize(
    ("until", "code"),
    [
        (at("03-16T09:59"), "gives_nothing"),
        (at("03-16T10:00"), "gives_nothing"),
        (at("03-17T08:00"), "past_due"),
        (at("12-16T08:00"), "too_long"),
    ],
)
def test_nonsense_is_no_extension(commune, until, code):
    with pytest.raises(DecisionRefused, match=f"decision_extension_{code}"):
        extends(commune, LATE, until=until)


def test_an_extension_that_has_passed_already_gives_nothing(commune):
    with pytest.raises(DecisionRefused, match="decision_extension_gives_nothing"):
        extends(commune, at("03-16T15:00"), until=at("03-16T14:00"))


def test_past_the_reports_due_date_only_if_that_is_meant(commune):
    assert extend_lock(commune.office, QUARTER, "vp", at("03-18T17:00"), WHY, WHO, LATE, even_past_due=True)
    assert commune.assignment("vp").locks_until == at("03-18T17:00")


def test_who_was_given_longer_is_reminded_the_working_day_before_and_shown_so_to_the_supervisor(commune):
    office = commune.office
    extend_lock(office, QUARTER, "vp", at("03-19T17:00"), WHY, WHO, at("03-13T09:00"), even_past_due=True)
    chase(office, LATE)
    (escalated,) = commune.messages(Step.ESCALATION.value)
    assert "(được gia hạn đến 17:00 thứ Năm, 19/3/2026)" in escalated["body"]
    chase(office, at("03-17T16:00"))
    assert commune.messages(Step.EXTENDED.value) == []
    for moment in ("03-18T08:00", "03-18T15:00"):
        chase(office, at(moment))
    reminders = commune.messages(Step.EXTENDED.value)
    assert {row["unit"] for row in reminders} == {"vp"}
    assert len(reminders) == len({row["address"] for row in reminders})
    late = {one.round.id: one for one in overdue(office, at("03-18T08:00"))}[QUARTER]
    assert late.units == tuple(late.extended)
    assert late.extended == {commune.assignment("vp").unit_name: at("03-19T17:00")}
    flush_outbox(office, by="test", clock=lambda: at("03-18T15:05"))
    assert {row["state"] for row in commune.messages(Step.EXTENDED.value)} == {"sent"}


def test_a_reminder_of_longer_time_is_not_sent_once_the_unit_has_answered(commune):
    office = commune.office
    extend_lock(office, QUARTER, "vp", at("03-19T17:00"), WHY, WHO, at("03-13T09:00"), even_past_due=True)
    chase(office, at("03-18T08:00"))
    commune.answer("vp", at("03-18T08:01"))
    flush_outbox(office, by="test", clock=lambda: at("03-18T08:05"))
    assert {row["state"] for row in commune.messages(Step.EXTENDED.value)} == {"cancelled"}


def test_told_in_the_evening_of_hours_that_end_in_the_night_a_unit_learns_it_at_once(commune):
    extends(commune, at("03-15T20:00"))
    extend_lock(commune.office, QUARTER, "mttq", at("03-16T23:00"), WHY, WHO, at("03-16T18:00"))
    by_unit = {row["unit"]: row["office_hours_only"] for row in told(commune, "extended")}
    assert by_unit == {"vp": True, "mttq": False}


def test_a_quota_is_not_closed_while_a_unit_was_given_longer_and_takes_its_items_then(commune):
    commune.open(EACH_UNIT)
    extends(commune, at("04-02T09:00"), round_id=EACH_UNIT, until=at("04-07T17:00"))
    with pytest.raises(CompilingRefused, match="units_still_open"):
        close_posts_round(commune.office, EACH_UNIT, at("04-04T08:00"))
    for unit in ("vp", "mttq"):
        _log(commune, unit, EACH_UNIT, at("04-06T08:00"), "1", "2")
    assert commune.assignment("vp", EACH_UNIT).state is State.ACCEPTED
    assert commune.assignment("mttq", EACH_UNIT).state is State.OPEN  # its log is held
    assert not close_posts_round(commune.office, EACH_UNIT, at("04-06T09:00")).is_met


# A quota's items


def test_a_returned_log_takes_its_items_with_it(commune):
    commune.open(EACH_UNIT)
    _log(commune, "vp", EACH_UNIT, at("03-20T08:00"), "1", "2")
    assert commune.assignment("vp", EACH_UNIT).state is State.ACCEPTED
    returns(commune, at("03-20T09:00"), round_id=EACH_UNIT)
    assert commune.assignment("vp", EACH_UNIT).state is State.RETURNED
    assert _counted(commune, EACH_UNIT) == 0
    assert returns(commune, at("03-20T09:05"), round_id=EACH_UNIT) is False
    _log(commune, "vp", EACH_UNIT, at("03-20T10:00"), "1", "3")
    assert _counted(commune, EACH_UNIT) == 2
    assert commune.assignment("vp", EACH_UNIT).state is State.ACCEPTED


def test_a_log_that_was_returned_by_mistake_brings_its_items_back(commune):
    commune.open(EACH_UNIT)
    _log(commune, "vp", EACH_UNIT, at("03-20T08:00"), "1", "2")
    returns(commune, at("03-20T09:00"), round_id=EACH_UNIT)
    decide_held(commune.office, EACH_UNIT, "vp", accept=True, reason="Trả nhầm", by=WHO, now=at("03-20T10:00"))
    assert _counted(commune, EACH_UNIT) == 2
    assert commune.assignment("vp", EACH_UNIT).state is State.ACCEPTED


def test_the_items_of_a_returned_report_leave_the_other_quotas_too(commune):
    commune.open(EACH_UNIT)
    commune.send(QUARTER, "vp", at("03-11T08:00"), posts=[_row("1", "03-07"), _row("2", "03-08")])
    assert commune.assignment("vp", EACH_UNIT).state is State.ACCEPTED
    returns(commune, BEFORE)
    assert commune.assignment("vp", EACH_UNIT).state is State.SUBMITTED


def test_what_was_told_one_by_one_is_no_file_that_could_be_returned(commune):
    commune.open(EACH_UNIT)
    for name in ("1", "2"):
        _tell(commune, "vp", name, at("03-20T08:00"))
    with pytest.raises(DecisionRefused, match="decision_nothing_to_return"):
        returns(commune, at("03-20T09:00"), round_id=EACH_UNIT)


def test_once_the_tally_was_told_nothing_about_it_is_decided(commune):
    commune.open(EACH_UNIT)
    close_posts_round(commune.office, EACH_UNIT, at("04-04T08:00"))
    for decide in (waives, notes_nil, extends):
        with pytest.raises(DecisionRefused, match="decision_outcome_told"):
            decide(commune, at("04-04T09:00"), round_id=EACH_UNIT)


def test_a_waived_unit_leaves_a_target_of_its_own_and_not_a_common_one(commune):
    commune.open(EACH_UNIT, PORTAL_MARCH)
    for round_id, target in ((EACH_UNIT, 12), (PORTAL_MARCH, 2)):
        waives(commune, at("03-20T08:00"), round_id=round_id)
        with commune.office.ledger.snapshot() as ledger:
            assert tally_of(commune.office, ledger, *round_of(commune.office, round_id)).target == target


# Files that came too late


def test_a_late_file_that_is_taken_is_the_units_answer_and_late(commune):
    commune.answer("vp", AFTER)
    (held,) = held_submissions(commune.office)
    assert (held.submission.unit, held.submission.number, held.is_report_sent) == ("vp", 1, False)
    assert decide_held(commune.office, QUARTER, "vp", accept=True, reason=WHY, by=WHO, now=AFTER) is None
    part = commune.assignment("vp")
    assert (part.state, part.late) == (State.ACCEPTED, True)
    assert held_submissions(commune.office) == []
    assert "nộp muộn" in told(commune, "taken")[0]["body"]
    decide_held(commune.office, QUARTER, "vp", accept=True, reason=WHY, by=WHO, now=AFTER)
    assert len(decisions(commune)) == 1


def test_a_late_file_that_is_declined_stays_out_and_can_be_taken_later(commune):
    commune.answer("vp", AFTER)
    for _ in range(2):
        decide_held(commune.office, QUARTER, "vp", accept=False, reason=WHY, by=WHO, now=AFTER)
    assert commune.assignment("vp").state is State.OPEN
    assert len(decisions(commune)) == 1
    assert held_submissions(commune.office) == []
    again = commune.answer("vp", AFTER + timedelta(hours=1))
    assert again.again
    assert [problem.code for problem in again.problems] == ["declined_by_officer"]
    decide_held(commune.office, QUARTER, "vp", accept=True, reason="Xem lại", by=WHO, now=AFTER)
    assert commune.assignment("vp").state is State.ACCEPTED


def test_taking_a_file_after_the_report_was_sent_makes_a_version_that_needs_its_own_approval(commune):
    bring_to(commune, "sent", unit="vhxh")
    assert commune.answer("vp", BEFORE).verdict is Verdict.HELD
    version = decide_held(commune.office, QUARTER, "vp", accept=True, reason=WHY, by=WHO, now=BEFORE)
    assert version.version == 2
    again = decide_held(commune.office, QUARTER, "vp", accept=True, reason=WHY, by=WHO, now=BEFORE)
    assert again.id == version.id
    with pytest.raises(SendingRefused, match="not_approved"):
        send_report(commune.office, QUARTER, BEFORE)
    assert commune.answer("mttq", BEFORE).verdict is Verdict.HELD  # the report stays sent, whatever is prepared
    record_decision(commune.office, version.id, approved=True, comment="", by="lanhdao", at=BEFORE)
    assert send_report(commune.office, QUARTER, BEFORE).version == 2


def test_whoever_approves_and_gets_a_replacing_report_reads_what_is_different_in_it(commune):
    bring_to(commune, "sent", unit="vhxh")
    commune.answer("vp", BEFORE)
    version = decide_held(commune.office, QUARTER, "vp", accept=True, reason=WHY, by=WHO, now=BEFORE)
    request_approval(commune.office, version, BEFORE)
    (asked,) = commune.messages("approval-request-v2")
    name = commune.assignment("vp").unit_name
    expected = ["Bản này thay bản số 1 đã gửi", "- đơn vị đã nộp: 1 → 2", f"- {name}: tình trạng: chưa nộp → đã nộp"]
    for line in (*expected, f"- {name}: hoạt động: không có → 1"):
        assert line in asked["body"]
    assert "vhxh" not in asked["body"]
    record_decision(commune.office, version.id, approved=True, comment="", by="lanhdao", at=BEFORE)
    send_report(commune.office, QUARTER, BEFORE)
    sent = commune.messages("report-v2")
    assert sent
    assert all("Thay thế" in row["subject"] and expected[1] in row["body"] for row in sent)
    assert all("thay báo cáo đã gửi" not in row["body"] for row in commune.messages("report-v1"))


def test_two_versions_with_the_same_figures_have_no_difference(commune):
    bring_to(commune, "compiled")
    with commune.office.ledger.snapshot() as ledger:
        facts = ledger.report_facts(ledger.latest_report(QUARTER).id)
    assert list(differences(facts, facts)) == []


def test_a_late_log_counts_for_its_unit_and_the_tally_is_told_again(commune):
    commune.open(EACH_UNIT)
    close_posts_round(commune.office, EACH_UNIT, at("04-04T08:00"))
    assert _log(commune, "vp", EACH_UNIT, at("04-06T08:00"), "1", "2").verdict is Verdict.HELD
    for _ in range(2):
        decide_held(commune.office, EACH_UNIT, "vp", accept=True, reason=WHY, by=WHO, now=at("04-06T09:00"))
    part = commune.assignment("vp", EACH_UNIT)
    assert (part.state, part.late) == (State.ACCEPTED, True)
    assert len([row for row in commune.messages("tally-again-1") if row["unit"] is None]) == 1
    assert commune.messages("tally-again-2") == []


def test_an_answer_that_was_returned_by_mistake_can_be_taken_back(commune):
    bring_to(commune, "accepted")
    returns(commune, BEFORE)
    decide_held(commune.office, QUARTER, "vp", accept=True, reason="Trả lại nhầm", by=WHO, now=BEFORE)
    part = commune.assignment("vp")
    assert (part.state, part.late) == (State.ACCEPTED, False)


@pytest.mark.parametrize(("accept", "code"), [(True, "unit_is_waived"), (False, "")])
def test_a_waived_units_late_file_is_not_taken_before_it_is_asked_again(commune, accept, code):
    waives(commune, LATE)
    commune.answer("vp", AFTER)
    if code:
        with pytest.raises(DecisionRefused, match=code):
            decide_held(commune.office, QUARTER, "vp", accept=accept, reason=WHY, by=WHO, now=AFTER)
    else:
        decide_held(commune.office, QUARTER, "vp", accept=accept, reason=WHY, by=WHO, now=AFTER)
        assert held_submissions(commune.office) == []


def test_a_file_that_nobody_held_is_not_decided_about(commune):
    with pytest.raises(DecisionRefused, match="decision_no_such_file"):
        decide_held(commune.office, QUARTER, "vp", accept=True, reason=WHY, by=WHO, now=AFTER)
    commune.send(QUARTER, "vp", BEFORE)  # wrong, sent back by itself
    for accept in (True, False):
        with pytest.raises(DecisionRefused, match="decision_file_not_held"):
            decide_held(commune.office, QUARTER, "vp", accept=accept, reason=WHY, by=WHO, now=AFTER)


# Whatever is decided in whatever order


STEPS = st.lists(
    st.tuples(
        st.sampled_from([*DECISIONS, "send", "send again", "take", "decline", "compile"]),
        st.sampled_from(["vp", "mttq"]),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=9,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_whatever_is_decided_in_whatever_order_the_figures_are_those_of_what_is_accepted(another_commune, steps):
    commune = another_commune()
    moment, sent = at("03-13T08:00"), {}
    taken = 0
    for what, unit, hours in steps:
        moment += timedelta(hours=1 + hours * 9)
        try:
            if what in DECISIONS:
                taken += bool(
                    DECISIONS[what](commune, moment, unit, until=UNTIL)
                    if what == "extend"
                    else DECISIONS[what](commune, moment, unit)
                )
            elif what in {"take", "decline"}:
                before = len(decisions(commune))
                decide_held(commune.office, QUARTER, unit, accept=what == "take", reason=WHY, by=WHO, now=moment)
                taken += len(decisions(commune)) - before
            elif what == "compile":
                compile_report(commune.office, QUARTER, moment)
            else:
                sent[unit] = sent.get(unit, 0) + (what == "send")
                _activity(commune, unit, sent[unit], moment)
        except DecisionRefused:
            pass
    parts = {part.unit: part for part in _parts(commune)}
    with commune.office.ledger.snapshot() as ledger:
        files = {one.id: one for one in ledger.submissions(QUARTER)}
    for part in parts.values():
        is_counted = part.state in {State.ACCEPTED, State.COMPILED}
        assert is_counted == (part.submission_id is not None)
        assert not is_counted or files[part.submission_id].state == "accepted"
        assert (part.late is not None) == part.answered
    version = compile_report(commune.office, QUARTER, moment)
    with commune.office.ledger.snapshot() as ledger:
        facts = ledger.report_facts(version.id)
        assert refusal(ledger, version).code == "not_approved"
    assert facts["totals"]["activities"] == sum(part.submission_id is not None for part in parts.values())
    assert facts["reporting"]["expected"] == sum(part.state is not State.WAIVED for part in parts.values())
    assert facts["reporting"]["actual"] == sum(part.answered for part in parts.values())
    assert len(decisions(commune)) == taken
    keys = [row["key"] for row in commune.messages()]
    assert len(keys) == len(set(keys))
    assert len(
        {row["kind"] for row in commune.messages() if row["kind"].startswith("decision-") and row["unit"] == "vp"}
    ) == sum(event["unit"] == "vp" for event in decisions(commune))


# Contests


def test_a_phases_dates_are_the_plans_and_jurors_are_let_off_by_their_chair(commune):
    plan_phase = f"{PLAN}/PL-6.plan/2026"
    commune.open(plan_phase)
    with pytest.raises(DecisionRefused, match="decision_not_in_a_contest"):
        extends(commune, at("03-12T08:00"), unit="vhxh", round_id=plan_phase, until=at("03-20T17:00"))
    waives(commune, at("03-12T08:00"), unit="vhxh", round_id=plan_phase)
    assert commune.assignment("vhxh", plan_phase).state is State.WAIVED


def _parts(commune):
    with commune.office.ledger.snapshot() as ledger:
        return ledger.assignments(QUARTER)


def _missing(commune) -> list[str]:
    return [part.unit for part in _parts(commune) if not part.settled]


def _row(name: str, day: str) -> dict:
    return {
        "title": f"Tin số {name}",
        "form": "Tin",
        "channel": "Cổng thông tin điện tử phường",
        "published": date.fromisoformat(f"2026-{day}"),
        "link": f"https://phucloi.example/tin/bai-{name}-1.html",
        "field": "Cải cách thủ tục hành chính",
    }


def _log(commune, unit: str, round_id: str, now: datetime, *names: str):
    return commune.send(round_id, unit, now, posts=[_row(f"{unit}{name}", "03-18") for name in names])


def _tell(commune, unit: str, name: str, now: datetime) -> None:
    post = ToldPost(
        id="",
        unit=unit,
        channel="portal",
        title=f"Tin kể riêng {name}",
        published=date(2026, 3, 18),
        evidence=f"https://phucloi.example/tin/rieng-{name}-1.html",
        evidence_kind=EvidenceKind.LINK,
        told_at=now,
        field="",
        duty="PL-8",
    )
    tell_post(commune.office, PLAN, post, now)


def _counted(commune, round_id: str) -> int:
    with commune.office.ledger.snapshot() as ledger:
        return len(tally_of(commune.office, ledger, *round_of(commune.office, round_id)).counted)


def _activity(commune, unit: str, number: int, now: datetime) -> None:
    """The unit sends a workbook with one activity."""
    row = {
        "title": f"Hội nghị số {number}",
        "form": "Hội nghị",
        "held": date(2026, 3, 6),
        "place": "Hội trường",
        "participants": 10,
    }
    commune.send(QUARTER, unit, now, activities=[row])
