"""Digests of Phúc Lợi's first quarter: units are due on Friday 13/3/2026, the report on Monday 16/3.

The round opened on Thursday 5/3 and locks on 16/3 at 10:00.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from dinhky.domain.digests import Light
from dinhky.domain.errors import PermanentDeliveryError, PlanError, Problem, TemporaryDeliveryError, UncertainDelivery
from dinhky.domain.people import Person
from dinhky.domain.plan import Recipient
from dinhky.rounds.chasing import chase
from dinhky.rounds.chatting import ChatState, Enrollee
from dinhky.rounds.digests import digest
from dinhky.rounds.dispatching import flush_outbox
from dinhky.rounds.kept_mails import KeptMail
from dinhky.rounds.open_questions import Asked
from dinhky.rounds.oversight import oversight
from dinhky.rounds.reporting import compile_when_due, record_decision, request_approval

ROUND = "phuc-loi-2026/PL-5/2026-Q1"
SUPERVISOR = "lanhdao@phucloi.example"
OPERATOR = Recipient("Lê Minh Tuấn", "vanhanh@phucloi.example")
UNITS = ["vhxh", "vp", "kthtdt", "pvhcc", "vhtttt", "mttq", "bxdd"]


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+07:00")


@dataclass
class Wire:
    """A way out that notes what it took; `error` is what it raises instead."""

    out: list[tuple[str, str, str, str]] = field(default_factory=list)
    error: Exception | None = None

    def send(self, queued, _files, _now) -> str:
        if self.error:
            raise self.error
        message = queued.message
        self.out.append((message.address, message.kind, message.subject, message.body))
        return "250"


@dataclass
class House:
    """A commune and its way out."""

    commune: object
    wire: Wire

    @property
    def office(self):
        return self.commune.office

    def tick(self, moment: str) -> int:
        return digest(self.office, at(moment))

    def flush(self, moment: str) -> None:
        flush_outbox(self.office, by="test", clock=lambda: at(moment))

    def morning(self, day: str) -> None:
        """The half hours of a morning, the dispatcher after each."""
        for clock in ("07:30", "08:00", "08:30", "09:00", "11:30"):
            self.tick(f"{day}T{clock}")
            self.flush(f"{day}T{clock}:45")

    def days(self, address: str = SUPERVISOR) -> list[str]:
        """The days of the digests that went out, in order."""
        return [kind[-5:] for to, kind, _, _ in self.wire.out if to == address and kind.startswith("digest-")]

    def last(self, address: str = SUPERVISOR) -> tuple[str, str]:
        """Subject and body of the digest that went out last."""
        return [mail for mail in self.wire.out if mail[0] == address and mail[1].startswith("digest-")][-1][2:]

    def states(self) -> dict[str, str]:
        rows = [row for row in self.commune.messages() if row["kind"].startswith("digest-")]
        return {row["kind"][-5:]: row["state"] for row in rows}


@pytest.fixture
def house(commune) -> House:
    """The quarter has just opened, its opening notices have gone out; nobody is told as operator."""
    wire = Wire()
    found = House(commune.using(channels={"email": wire, "chat": wire}, operator=None, portal_url=None), wire)
    found.flush("03-05T07:31")
    wire.out.clear()
    return found


@pytest.fixture
def operated(house) -> House:
    return House(house.commune.using(operator=OPERATOR), house.wire)


# --- To the supervisor: when ---


def test_on_monday_and_before_each_due_date_and_on_no_other_day(house):
    for day in (5, 6, 9, 10, 11, 12, 13):
        house.morning(f"03-{day:02d}")
    assert house.days() == ["03-09", "03-12", "03-13"]


def test_however_often_it_is_looked_there_is_one(house):
    assert [house.tick(f"03-09T{clock}") for clock in ("07:30", "08:00", "08:00", "08:30")] == [0, 1, 0, 0]


def test_after_an_outage_over_monday_it_is_told_on_the_first_working_morning_once(house):
    for day in (11, 12):
        house.morning(f"03-{day}")
    assert house.days() == ["03-11", "03-12"]  # the latter before Friday's due date


def test_a_digest_that_could_not_go_on_its_day_is_missed_and_told_anew_the_next_morning(house):
    house.wire.error = TemporaryDeliveryError("smtp_unreachable", reason="timeout")
    house.morning("03-09")
    house.flush("03-09T16:59")
    house.wire.error = None
    house.flush("03-10T07:31")
    assert house.states() == {"03-09": "missed"}
    house.morning("03-10")
    house.morning("03-11")
    assert house.days() == ["03-10"]


def test_while_the_server_is_away_for_days_one_goes_when_it_is_back(house):
    house.wire.error = TemporaryDeliveryError("smtp_unreachable", reason="timeout")
    house.morning("03-09")
    house.morning("03-10")
    house.wire.error = None
    house.morning("03-11")
    assert house.days() == ["03-11"]
    assert house.states() == {"03-09": "missed", "03-10": "missed", "03-11": "sent"}


@pytest.mark.parametrize("how", ["cancelled", "nothing opened"])
def test_with_no_round_open_there_is_nothing_to_tell(new_commune, commune, how):
    home = new_commune if how == "nothing opened" else commune
    if how == "cancelled":
        with home.office.ledger.transaction() as ledger:
            round_ = replace(home.office.rounds[ROUND], cancelled="Sở bỏ kỳ báo cáo")
            ledger.update_round(round_, at("03-06T09:00"), "Sở bỏ kỳ báo cáo")
    assert digest(home.office, at("03-09T08:00")) == 0


def test_the_leader_of_a_duty_of_its_own_hears_of_that_duty_alone(house):
    house.commune.open("phuc-loi-2026/PL-2/2026-03")
    plan = house.office.plans["phuc-loi-2026"]
    leader = Person("canbo", "Trần Thị Lan", "vanxa@phucloi.example", "Phó Chủ tịch")
    duties = [replace(one, approver=leader) if one.ref == "PL-2" else one for one in plan.obligations]
    changed = house.commune.using(plans={plan.id: replace(plan, obligations=tuple(duties))})
    both = House(changed, house.wire)
    both.morning("03-09")
    assert both.days() == both.days(leader.email) == ["03-09"]
    assert "Kính gửi: Ông/Bà Trần Thị Lan," in both.last(leader.email)[1]
    assert "Cổng thông tin điện tử phường (tháng 3/2026)" in both.last(leader.email)[1]
    assert "Cổng thông tin điện tử phường (tháng 3/2026)" not in both.last()[1]


def test_it_is_combined_with_nothing_and_leaves_the_escalation_what_it_is(house):
    chase(house.office, at("03-16T08:00"))
    house.morning("03-16")
    told = [kind for to, kind, _, _ in house.wire.out if to == SUPERVISOR]
    assert sorted(told) == ["digest-2026-03-16", "escalation"]


# --- To the supervisor: what ---


def test_it_says_who_is_late_by_name_and_by_how_many_working_days(house):
    for unit in ("vhxh", "kthtdt", "pvhcc", "vhtttt", "mttq"):
        house.commune.answer(unit, at("03-12T09:00"))
    house.morning("03-16")
    subject, body = house.last()
    assert subject == "[Định Kỳ] Tổng hợp 16/3/2026: 1 việc đỏ, 0 vàng, 0 xanh (phường Phúc Lợi)"
    assert "quá hạn 1 ngày làm việc (hạn thứ Sáu, 13/3/2026). 5/7 đơn vị đã xong (71%), đúng hạn 5/7 (71%)." in body
    assert "Còn thiếu: Văn phòng HĐND và UBND phường; Ban Xây dựng đảng." in body
    assert "thứ Hai, 16/3/2026 (hôm nay)" in body


def test_before_the_due_date_it_is_amber_and_names_who_is_missing(house):
    house.commune.answer("vp", at("03-11T09:00"))
    house.morning("03-12")
    subject, body = house.last()
    assert "0 việc đỏ, 1 vàng, 0 xanh" in subject
    assert "1/7 đơn vị đã xong (14%); hạn thứ Sáu, 13/3/2026, còn 1 ngày làm việc. Chưa xong: " in body
    assert "Văn phòng HĐND" not in body


def all_answer(house, moment: str = "03-10T09:00"):
    for unit in UNITS:
        if unit == "bxdd":
            house.commune.waive(unit, ROUND, at(moment))
        else:
            house.commune.answer(unit, at(moment))
    return compile_when_due(house.office, ROUND, at(moment))


def test_a_report_that_waits_for_approval_is_red_and_says_since_when_and_where_to_approve(house):
    house.morning("03-09")
    request_approval(house.office, all_answer(house), at("03-10T09:00"))
    house.morning("03-12")
    assert house.days() == ["03-09"]  # no unit has to keep Friday any more
    house.morning("03-13")
    subject, body = house.last()
    assert subject.startswith("[Định Kỳ] Tổng hợp 13/3/2026: 1 hồ sơ chờ duyệt; 1 việc đỏ, ")
    assert "bản số 1, chờ từ thứ Ba, 10/3/2026 (đã 3 ngày làm việc)." in body
    assert "Browse → Required Actions" in body


@pytest.mark.parametrize(("approved", "told"), [(True, ""), (False, "bản số 1 bị trả lại, chờ từ thứ Năm, 12/3/2026")])
def test_what_is_decided_is_no_longer_asked_and_what_was_sent_back_is_for_the_officer(house, approved, told):
    version = all_answer(house)
    record_decision(
        house.office, version.id, approved=approved, comment="Sửa mục II", by="Hoàng Minh Đức", at=at("03-12T14:00")
    )
    house.morning("03-13")
    _, body = house.last()
    assert "Lãnh đạo duyệt" not in body
    assert told in body
    assert ("Cần quyết định" in body) is not approved


def test_a_file_that_came_too_late_is_named_until_it_is_decided(house):
    house.commune.answer("vp", at("03-16T11:00"))
    house.morning("03-23")
    _, body = house.last()
    assert "tệp gửi muộn của Văn phòng HĐND và UBND phường" in body
    assert "chờ từ thứ Hai, 16/3/2026 (đã 5 ngày làm việc)" in body


def test_what_has_changed_while_it_waited_is_told_as_it_is_when_it_goes(house):
    assert house.tick("03-09T08:00") == 1
    house.commune.answer("vp", at("03-09T09:00"))
    house.flush("03-09T09:30")
    (row,) = house.commune.messages("digest-2026-03-09")
    assert "1/7 đơn vị đã xong" in house.last()[1] == row["body"]


def test_what_has_become_pointless_while_it_waited_is_cancelled(house):
    house.tick("03-09T08:00")
    with house.office.ledger.transaction() as ledger:
        ledger.update_round(replace(house.office.rounds[ROUND], cancelled="Bỏ"), at("03-09T08:10"), "Bỏ")
    house.flush("03-09T08:30")
    assert house.states() == {"03-09": "cancelled"}


def test_whoever_approves_no_more_is_not_told(house):
    house.tick("03-09T08:00")
    plan = house.office.plans["phuc-loi-2026"]
    other = replace(plan, approver=replace(plan.approver, email="moi@phucloi.example"))
    House(house.commune.using(plans={plan.id: other}), house.wire).flush("03-09T08:30")
    assert house.wire.out == []


# --- To the operator ---


def without_assumptions(house: House) -> House:
    plan = house.office.plans["phuc-loi-2026"]
    bare = replace(plan, obligations=tuple(replace(one, assumed=()) for one in plan.obligations))
    return House(house.commune.using(plans={plan.id: bare}), house.wire)


def test_the_operator_hears_nothing_when_there_is_nothing(operated):
    quiet = without_assumptions(operated)
    for day in (9, 10, 11):
        quiet.morning(f"03-{day:02d}")
    assert quiet.days(OPERATOR.email) == []


@pytest.mark.parametrize(
    ("error", "heading", "commands"),
    [
        (
            PermanentDeliveryError("smtp_refused", code=550, reason="no such user"),
            "Thư không gửi được: 07",
            ["dinhky outbox retry {id} --reason", "dinhky outbox cancel {id} --reason"],
        ),
        (
            UncertainDelivery("smtp_silent_after_text", reason="timeout"),
            "Thư không rõ đã đến nơi hay chưa: 07",
            ["dinhky outbox retry {id} --reason", "dinhky outbox cancel {id} --reason"],
        ),
    ],
)
def test_what_failed_is_told_with_its_reason_and_its_command_every_morning(operated, error, heading, commands):
    quiet = without_assumptions(operated)
    quiet.wire.error = error
    chase(quiet.office, at("03-10T08:00"))
    quiet.flush("03-10T08:01")
    quiet.wire.error = None
    quiet.morning("03-11")
    quiet.morning("03-12")
    assert quiet.days(OPERATOR.email) == ["03-11", "03-12"]
    subject, body = quiet.last(OPERATOR.email)
    first = min(row["id"] for row in quiet.commune.messages("T-3"))
    assert "7 lỗi" in subject
    assert heading in body
    assert quiet.office.words.explain(error) in body
    assert all(command.format(id=first) in body for command in commands)


def test_what_waits_is_told(operated):
    quiet = without_assumptions(operated)
    quiet.wire.error = TemporaryDeliveryError("smtp_unreachable", reason="timeout")
    chase(quiet.office, at("03-10T08:00"))
    quiet.flush("03-10T08:01")
    quiet.commune.answer("vp", at("03-16T11:00"))
    with quiet.office.ledger.transaction() as ledger:
        ledger.enrol_chat(
            Enrollee("phuc-loi-2026", "vp", "vanphong@phucloi.example"), "zalo:123456789", at("03-09T09:00")
        )
        ledger.end_chat("zalo:123456789", ChatState.BLOCKED, at("03-10T09:00"), "Người nhận đã chặn Bot.")
        mail = KeptMail("k", "<1@x>", "lan@thu.example", "Biểu quý I", at("03-10T09:00"))
        ledger.begin_mail(mail, by="reader", now=at("03-10T09:00"), lease=quiet.office.lease)
        ledger.finish_mail("k", "unknown_sender", at("03-10T09:01"))
    quiet.wire.error = None
    quiet.tick("03-11T08:00")
    (row,) = [row for row in quiet.commune.messages() if row["address"] == OPERATOR.email]
    assert "7 thư chưa đi được" in row["body"]
    assert "Không kết nối được máy chủ thư (timeout)." in row["body"]
    assert "dinhky decide take phuc-loi-2026 PL-5 2026-Q1 vp --reason" in row["body"]
    assert "Văn phòng HĐND và UBND phường (vanphong@phucloi.example) không còn nhận được tin Zalo" in row["body"]
    assert "zalo:1234" not in row["body"]
    assert "Thư của lan@thu.example" in row["body"]


def test_what_passes_by_itself_is_told_once(operated):
    quiet = without_assumptions(operated)
    with quiet.office.ledger.transaction() as ledger:
        mail = KeptMail("k", "<1@x>", "lan@thu.example", "Biểu quý I", at("03-08T09:00"))
        ledger.begin_mail(mail, by="reader", now=at("03-08T09:00"), lease=quiet.office.lease)
        ledger.finish_mail("k", "unknown_sender", at("03-08T09:01"))
    for day in (9, 10, 11):
        quiet.morning(f"03-{day:02d}")
    assert quiet.days(OPERATOR.email) == ["03-09"]


def test_what_was_missed_is_told_with_how_many(operated):
    quiet = without_assumptions(operated)
    chase(quiet.office, at("03-16T08:00"))  # down over all of the ladder
    quiet.morning("03-16")
    subject, body = quiet.last(OPERATOR.email)
    assert "21 thư bỏ lỡ" in subject
    assert "Đã bỏ lỡ vì hết thời gian gửi" in body


def test_an_assumed_date_is_told_when_it_comes_near_and_then_once_a_week(operated):
    for day in (6, 9, 10, 11, 12, 13, 16, 17):
        operated.morning(f"03-{day:02d}")
    # Friday: the quarter's; Monday 16/3 is a new week; on 17/3 the duties of 31/3 come within two weeks.
    assert operated.days(OPERATOR.email) == ["03-06", "03-09", "03-16", "03-17"]
    assert "tạm ngừng nhận số liệu lúc 10 giờ" in operated.wire.out[0][3]


def test_a_plan_file_that_cannot_be_read_is_told(operated):
    error = PlanError(
        "thu-2026.yaml",
        (Problem("plan_folder_missing", params={"folder": "plans"}),),
    )
    broken = House(without_assumptions(operated).commune.using(plan_errors=(error,)), operated.wire)
    broken.morning("03-10")
    subject, body = broken.last(OPERATOR.email)
    assert "1 lỗi" in subject
    assert "Tệp kế hoạch có lỗi: 01 chỗ" in body


def test_who_has_no_name_is_still_greeted_as_a_person(operated):
    nameless = House(operated.commune.using(operator=replace(OPERATOR, name="")), operated.wire)
    nameless.morning("03-09")
    assert nameless.last(OPERATOR.email)[1].startswith("Kính gửi: Ông/Bà phụ trách hệ thống Định Kỳ,")


# --- Contests ---


def test_a_phase_that_ought_to_have_begun_is_told_the_day_after(house):
    house.commune.open("phuc-loi-2026/PL-6.entries/2026")
    preliminary = house.office.rounds["phuc-loi-2026/PL-6.preliminary/2026"]
    with house.office.ledger.snapshot() as ledger:
        plan = house.office.plans["phuc-loi-2026"]
        seen = [
            oversight(house.office, ledger, plan, SUPERVISOR, preliminary.opens + timedelta(days=days)).questions
            for days in (0, 1)
        ]
    waiting = [[one.round.id for one in questions if one.asked is Asked.PHASE] for questions in seen]
    assert preliminary.id not in waiting[0]
    assert preliminary.id in waiting[1]


def test_jurors_who_owe_scores_after_their_day_are_a_question_for_the_chair(house):
    final = house.office.rounds["phuc-loi-2026/PL-6.final/2026"]
    plan = house.office.plans["phuc-loi-2026"]
    with house.office.ledger.transaction() as ledger:
        ledger.open_round(final, plan.jurors[:2], final.opens)
        seen = oversight(house.office, ledger, plan, SUPERVISOR, final.unit_due + timedelta(hours=9))
    (question,) = [one for one in seen.questions if one.asked is Asked.JURY]
    assert question.names == tuple(juror.name for juror in plan.jurors[:2])
    assert seen.of(Light.RED)[-1].round.id == final.id
