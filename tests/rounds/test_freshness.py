"""The last look before a message goes out. Units are due Friday 13/3/2026, the round locks Monday 16/3 at 10:00.

T-3 is Tuesday 10/3, T-1 Thursday 12/3, T-0 the Friday, the escalation Monday 16/3 at 07:30.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from dinhky.domain.assignment import State
from dinhky.domain.chase import in_office_hours
from dinhky.domain.errors import TemporaryDeliveryError
from dinhky.rounds.chasing import chase
from dinhky.rounds.dispatching import Flushed, flush_outbox
from dinhky.rounds.opening import open_round

ROUND = "phuc-loi-2026/PL-5/2026-Q1"
UNITS = ["vhxh", "vp", "kthtdt", "pvhcc", "vhtttt", "mttq", "bxdd"]


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+07:00")


@dataclass
class Wire:
    """A channel that notes what went out: unit, kind and subject. While `is_down` nothing does."""

    out: list[tuple[str | None, str, str]] = field(default_factory=list)
    is_down: bool = False

    def send(self, queued, _files, _now) -> str:
        if self.is_down:
            raise TemporaryDeliveryError("smtp_unreachable", reason="timeout")
        self.out += [(row.message.unit, row.message.kind, row.message.subject) for row in queued.rows]
        return "250"


@dataclass
class Post:
    """A commune and its way out."""

    commune: object
    wire: Wire

    def flush(self, moment: str, **changes: object) -> Flushed:
        return flush_outbox(self.commune.office, by="test", clock=lambda: at(moment), **changes)

    def chase(self, moment: str) -> None:
        chase(self.commune.office, at(moment))

    def sent(self, unit: str = "vp") -> list[str]:
        return [kind for to, kind, _ in self.wire.out if to == unit]

    def subject(self, kind: str, unit: str | None = "vp") -> str:
        (found,) = [subject for to, what, subject in self.wire.out if (to, what) == (unit, kind)]
        return found

    def state(self, kind: str, unit: str | None = "vp") -> tuple[str, str]:
        """A message's state, and what is noted of it."""
        (row,) = [row for row in self.commune.messages(kind) if row["unit"] == unit]
        return row["state"], row["answer"] or ""


def with_wire(commune) -> Post:
    wire = Wire()
    return Post(commune.using(channels={"email": wire, "chat": wire}), wire)


@pytest.fixture
def post(commune) -> Post:
    """The quarter has just opened and its opening notices have gone out."""
    found = with_wire(commune)
    found.flush("03-05T07:31")
    found.wire.out.clear()
    return found


# --- Office hours ---

OUTSIDE = ["03-05T20:00", "03-06T07:29", "03-08T10:00", "03-07T10:00", "03-06T17:00"]


@pytest.mark.parametrize("moment", OUTSIDE)
def test_openings_wait_for_office_hours(commune, moment):
    post = with_wire(commune)
    assert post.flush(moment) == Flushed()
    assert post.flush("03-09T07:30") == Flushed(sent=len(UNITS))


def test_nobody_is_written_to_at_tet(commune_of):
    post = with_wire(commune_of("vung-ang-2026"))
    open_round(post.commune.office, "vung-ang-2026/VA-1/2026-Q1", at("02-17T10:00"))
    for day in range(17, 22):
        assert post.flush(f"02-{day}T10:00") == Flushed()
    assert post.flush("02-23T07:30") == Flushed(sent=5)


@pytest.mark.parametrize("moment", OUTSIDE)
def test_an_answer_goes_at_once_and_takes_no_reminder_along(post, moment):
    with post.commune.office.ledger.transaction() as ledger:
        ledger.move(ROUND, "bxdd", State.NIL, at=at("03-05T09:00"), actor="bxdd", reason="Không có")
    post.chase("03-10T08:00")
    post.commune.answer("vp", at(moment))
    with post.commune.office.ledger.snapshot() as ledger:
        waiting = [row["kind"] for row in ledger.messages() if row["state"] == "queued"]
    assert Counter(waiting) == {"T-3": 6, "accepted-1": 1}
    post.flush(moment)
    assert [kind for _, kind, _ in post.wire.out] == ["accepted-1"]


def test_a_batch_that_is_not_done_by_the_end_of_the_day_goes_on_in_the_morning(post):
    post.chase("03-10T16:59")
    moments = iter([at("03-10T16:59:58")] * 4 + [at("03-10T17:00")] * 50)
    flushed = flush_outbox(post.commune.office, by="slow", clock=lambda: next(moments))
    assert flushed == Flushed(sent=3)
    post.flush("03-11T07:30")
    assert Counter(kind for _, kind, _ in post.wire.out) == {"T-3": 7}
    assert {row["attempts"] for row in post.commune.messages("T-3")} == {1}


# --- Reminders ---


def test_a_reminder_to_a_unit_that_answered_overnight_is_cancelled(post):
    post.chase("03-10T16:59")
    post.commune.answer("vp", at("03-10T21:00"))
    flushed = post.flush("03-11T07:30")
    assert (flushed.cancelled, flushed.sent) == (1, 7)
    assert post.sent() == ["accepted-1"]
    assert post.state("T-3") == ("cancelled", "Đơn vị đã thực hiện xong trước khi thư được gửi đi, nên không nhắc nữa.")
    post.flush("03-12T07:30")
    assert post.sent() == ["accepted-1"]


@pytest.mark.parametrize("state", [State.NIL, State.WAIVED])
def test_a_reminder_to_a_unit_of_which_nothing_more_is_asked_is_cancelled(post, state):
    post.chase("03-10T16:59")
    with post.commune.office.ledger.transaction() as ledger:
        ledger.move(ROUND, "vp", state, at=at("03-10T21:00"), actor="vhxh", reason="Đang sắp xếp lại")
    post.flush("03-11T07:30")
    assert post.sent() == []


def test_a_reminder_says_the_days_left_on_the_day_on_which_it_goes(post):
    post.chase("03-10T16:59")
    (row,) = [row for row in post.commune.messages("T-3") if row["unit"] == "vp"]
    assert "Còn 3 ngày làm việc" in row["subject"]
    post.flush("03-11T07:30")
    assert "Còn 2 ngày làm việc" in post.subject("T-3")
    (row,) = [row for row in post.commune.messages("T-3") if row["unit"] == "vp"]
    assert row["subject"] == post.subject("T-3")
    assert "còn 2 ngày làm việc" in row["body"]


def test_a_reminder_that_a_mail_server_kept_waiting_says_the_days_left_too(post):
    post.chase("03-10T16:30")
    post.wire.is_down = True
    assert post.flush("03-10T16:59").put_off == len(UNITS)
    post.flush("03-11T07:30")  # its time in the queue is now that of the next attempt, today
    post.wire.is_down = False
    post.flush("03-11T09:30")
    assert "Còn 2 ngày làm việc" in post.subject("T-3")
    assert max(Counter(post.wire.out).values()) == 1


def test_a_reminder_of_yesterday_gives_way_to_that_of_the_due_day_even_if_no_tick_has_decided_it_yet(post):
    post.chase("03-12T16:59")
    post.flush("03-13T07:30")
    assert "Hôm nay là hạn nộp" in post.subject("T-0")
    assert post.sent() == ["T-0"]
    assert post.state("T-1")[0] == "missed"
    post.chase("03-13T08:00")
    post.flush("03-13T08:01")
    assert post.sent() == ["T-0"]


def test_of_two_reminders_that_waited_only_the_later_goes(post):
    post.chase("03-10T08:00")
    post.wire.is_down = True
    post.flush("03-10T08:00")
    post.chase("03-12T08:00")
    post.wire.is_down = False
    post.flush("03-12T09:30")
    assert post.sent() == ["T-1"]
    state, reason = post.state("T-3")
    assert state == "missed"
    assert "Thư nhắc sau" in reason


def test_after_the_due_date_a_reminder_is_marked_as_missed_and_never_goes(post):
    post.chase("03-13T16:59")
    flushed = post.flush("03-16T07:30")
    assert (flushed.sent, flushed.cancelled) == (0, len(UNITS))
    assert post.state("T-0") == ("missed", "Đã quá hạn của đơn vị trước khi thư nhắc được gửi đi.")
    post.chase("03-16T07:31")
    assert "T-0" not in {row["kind"] for row in post.commune.messages() if row["state"] == "queued"}


def test_a_reminder_says_what_had_to_be_mended_by_the_time_it_goes(post):
    post.chase("03-10T08:00")
    wrong = post.commune.sample["kthtdt"][0]
    post.commune.receive("kthtdt", wrong.data, wrong.at)
    post.flush("03-10T10:00")
    (row,) = [row for row in post.commune.messages("T-3") if row["unit"] == "kthtdt"]
    assert post.commune.assignment("kthtdt").reason in row["body"]


# --- Openings ---


def test_an_opening_that_is_past_the_lock_does_not_go_any_more(commune):
    post = with_wire(commune)
    flushed = post.flush("03-17T08:00")
    assert (flushed.sent, flushed.cancelled) == (0, len(UNITS))
    assert post.state("opening") == ("missed", "Đợt đã khóa trước khi thư được gửi đi.")


def test_a_unit_waived_before_its_opening_went_is_not_written_to(commune):
    post = with_wire(commune)
    commune.waive("vp", ROUND, at("03-05T07:31"))
    assert post.flush("03-05T08:00") == Flushed(sent=len(UNITS) - 1, cancelled=1)
    assert post.sent() == []


# --- The escalation ---


def test_an_escalation_that_has_become_pointless_is_cancelled(post):
    for unit in UNITS[:-2]:
        post.commune.answer(unit, at("03-12T09:00"))
    with post.commune.office.ledger.transaction() as ledger:
        ledger.move(ROUND, "mttq", State.NIL, at=at("03-12T09:00"), actor="mttq", reason="Không có")
    post.chase("03-16T07:30")
    with post.commune.office.ledger.transaction() as ledger:
        ledger.move(ROUND, "bxdd", State.NIL, at=at("03-16T07:40"), actor="bxdd", reason="Không có")
    post.flush("03-16T07:45")
    assert post.state("escalation", None) == (
        "cancelled",
        "Các đơn vị đã thực hiện đủ trước khi thư được gửi đi.",
    )
    assert "escalation" not in {kind for _, kind, _ in post.wire.out}


def test_an_escalation_names_who_is_missing_when_it_goes(post):
    post.chase("03-16T07:30")
    post.commune.answer("vp", at("03-16T07:40"))
    post.flush("03-16T07:45")
    assert "6/7 đơn vị" in post.subject("escalation", None)
    (row,) = post.commune.messages("escalation")
    assert "Văn phòng HĐND và UBND phường" not in row["body"]


def test_an_escalation_past_the_lock_is_marked_as_missed(post):
    post.chase("03-16T09:59")
    post.flush("03-16T10:01")
    assert post.state("escalation", None)[0] == "missed"


# --- Whatever happens to the plan ---


@pytest.mark.parametrize("lost", ["plan", "obligation"])
def test_what_was_decided_goes_as_it_was_decided_while_its_plan_cannot_be_read(post, lost):
    post.chase("03-10T08:00")
    (plan,) = post.commune.office.plans.values()
    plans = {} if lost == "plan" else {plan.id: replace(plan, obligations=())}
    changed = replace(post, commune=post.commune.using(plans=plans))
    assert changed.flush("03-10T08:05").sent == len(UNITS)


def test_a_message_to_a_unit_that_the_plan_lost_holds_up_no_other(post):
    post.chase("03-10T08:00")
    (plan,) = post.commune.office.plans.values()
    smaller = replace(plan, units=tuple(unit for unit in plan.units if unit.code != "vp"))
    changed = replace(post, commune=post.commune.using(plans={plan.id: smaller}))
    flushed = changed.flush("03-10T08:05")
    assert (flushed.sent, flushed.cancelled) == (len(UNITS) - 1, 1)


def test_whenever_the_dispatcher_runs_nothing_goes_out_of_hours(post):
    sent_at = []
    moment = at("03-05T08:00")
    while moment < at("03-17T12:00"):
        before = len(post.wire.out)
        post.chase(f"{moment:%m-%dT%H:%M}")
        post.flush(f"{moment:%m-%dT%H:%M}")
        sent_at += [moment] * (len(post.wire.out) - before)
        moment += timedelta(hours=5, minutes=50)
    assert sent_at
    assert all(in_office_hours(one, post.commune.office.calendar) for one in sent_at)
    assert max(Counter((unit, kind) for unit, kind, _ in post.wire.out).values()) == 1
