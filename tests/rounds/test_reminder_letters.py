"""The letters of reminders that leave the house: what the plan's ladder comes to, and never too many.

Units are due Friday 13/3/2026, the round locks Monday 16/3 at 10:00. Offices open at 07:30; the dispatcher comes by a
minute after each tick.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from dinhky.domain.errors import ServerUnavailable
from dinhky.domain.people import Contact
from dinhky.domain.plan import MovedDue
from dinhky.domain.reminders import Reminders
from dinhky.rounds.chasing import chase
from dinhky.rounds.deciding import extend_lock, return_accepted
from dinhky.rounds.dispatching import Flushed, flush_outbox
from dinhky.rounds.opening import open_round

ROUND, POSTS = "phuc-loi-2026/PL-5/2026-Q1", "phuc-loi-2026/PL-8/2026-Q1"
DAILY = Reminders(before=(4, 3, 2, 1, 0))


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-{text}+07:00")


@dataclass
class Wire:
    """A channel that notes each letter: when, to which unit and address, of what kinds, and in which words."""

    letters: list[tuple[datetime, str | None, str, list[str], str, str]] = field(default_factory=list)
    down: bool = False

    def send(self, queued, _files, now) -> str:
        if self.down:
            raise ServerUnavailable("smtp_unreachable", reason="timeout")
        one, kinds = queued.message, sorted(row.message.kind for row in queued.rows)
        self.letters.append((now, one.unit, one.address, kinds, one.subject, one.body))
        return "250"


@dataclass
class Post:
    """A commune whose first quarter has just opened, and its letters."""

    commune: Any
    wire: Wire

    def goes_on(self, first: str, last: str, *more: str) -> None:
        """A tick and the dispatcher at 07:30 and 16:30 of every day, and at `more` moments."""
        day, moments = at(f"{first}T00:00").date(), [at(one) for one in more]
        while day <= at(f"{last}T00:00").date():
            moments += [at(f"{day:%d}T07:30"), at(f"{day:%d}T16:30")]
            day += timedelta(days=1)
        for moment in sorted(moments):
            self.tick(moment)

    def tick(self, moment: datetime | str) -> Flushed:
        moment = at(moment) if isinstance(moment, str) else moment
        chase(self.commune.office, moment)
        return flush_outbox(self.commune.office, by="test", clock=lambda: moment + timedelta(minutes=1))

    def told(self, unit: str = "vp") -> list[tuple[str, list[str]]]:
        """The unit's letters: the day, and the kinds of what they tell."""
        return [(f"{when:%d}", kinds) for when, to, _, kinds, _, _ in self.wire.letters if to == unit]

    def subject(self, day: str, unit: str = "vp") -> str:
        (found,) = [words for when, to, _, _, words, _ in self.wire.letters if (f"{when:%d}", to) == (day, unit)]
        return found

    def body(self, day: str, unit: str = "vp") -> str:
        (found,) = [body for when, to, _, _, _, body in self.wire.letters if (f"{when:%d}", to) == (day, unit)]
        return found

    def states(self, unit: str = "vp", round_id: str = ROUND) -> dict[str, str]:
        return {
            row["kind"]: row["state"]
            for row in self.commune.messages()
            if (row["unit"], row["round_id"]) == (unit, round_id) and row["kind"] != "opening"
        }

    def with_plan(self, **changes: Any) -> Post:
        (plan,) = self.commune.office.plans.values()
        return replace(self, commune=self.commune.using(plans={plan.id: replace(plan, **changes)}))

    def with_duty(self, ref: str, **changes: Any) -> Post:
        (plan,) = self.commune.office.plans.values()
        duties = tuple(replace(one, **changes) if one.ref == ref else one for one in plan.obligations)
        return self.with_plan(obligations=duties)

    def with_posts_due(self, day: date) -> Post:
        """Every unit's posts of the quarter are due on that day."""
        return self.with_duty("PL-8", moved=(MovedDue("2026-Q1", day, "Sớm hơn"),))


@pytest.fixture
def post(commune) -> Post:
    wire = Wire()
    found = Post(commune.using(channels={"email": wire, "chat": wire}), wire)
    flush_outbox(found.commune.office, by="test", clock=lambda: at("05T07:31"))
    wire.letters.clear()
    return found


# --- The ladder ---


def test_the_usual_ladder_of_a_unit_that_never_answers(post):
    post.goes_on("05", "18")
    assert post.told() == [("10", ["T-3"]), ("12", ["T-1"]), ("13", ["T-0"]), ("16", ["T+1"])]
    assert post.states()["T+1"] == "sent"


def test_a_plan_sets_other_steps_and_a_duty_its_own(post):
    post = post.with_plan(reminders=Reminders(before=(5, 0), overdue=()))
    post.goes_on("05", "18")
    assert post.told() == [("06", ["T-5"]), ("13", ["T-0"])]
    assert [key.split("|")[1] for key in keys(post, "vp")] == ["opening", "T-5", "T-0"]
    other = post.with_duty("PL-5", reminders=Reminders(before=(2,)))
    assert other.commune.office.rounds[ROUND].reminders.before == (2,)
    assert other.commune.office.rounds[POSTS].reminders.before == (5, 0)


def keys(post: Post, unit: str) -> Iterable[str]:
    return [row["key"] for row in post.commune.messages() if row["unit"] == unit and row["round_id"] == ROUND]


def test_an_outage_of_three_days_over_two_steps_is_one_message_with_the_right_number_of_days_left(post):
    post.tick("09T16:30")
    post.tick("12T16:30")  # T-3 and T-1 were due on the 10th and that morning
    assert post.told() == [("12", ["T-1"])]
    assert "Còn 1 ngày làm việc" in post.subject("12")
    post.goes_on("13", "13")
    assert post.told() == [("12", ["T-1"]), ("13", ["T-0"])]


def test_after_the_due_date_a_unit_hears_by_how_much_it_is_late_and_until_when_it_is_taken(post):
    post.goes_on("16", "16")
    assert "Quá hạn 1 ngày làm việc" in post.subject("16")
    assert "đã quá hạn 1 ngày làm việc" in post.body("16")
    assert "10:00 thứ Hai, 16/3/2026" in post.body("16")


def test_an_overdue_step_stops_at_once_on_submission(post):
    post.goes_on("13", "13")
    chase(post.commune.office, at("16T07:30"))
    post.commune.answer("vp", at("16T07:30"))
    flush_outbox(post.commune.office, by="test", clock=lambda: at("16T07:31"))
    assert post.states()["T+1"] == "cancelled"
    assert post.states("bxdd")["T+1"] == "sent"


def test_an_overdue_step_past_the_lock_is_recorded_as_missed_and_one_after_it_does_not_exist(post):
    post.goes_on("13", "13")
    post.tick("16T10:30")
    assert post.states()["T+1"] == "missed"
    assert "T+3" not in post.states()
    assert [day for day, _ in post.told()] == ["13"]


def test_a_unit_that_was_given_longer_hears_the_steps_that_lie_within(post):
    extend_lock(post.commune.office, ROUND, "vp", at("24T17:00"), "Bão", "lanhdao", at("13T09:00"), even_past_due=True)
    post.goes_on("16", "25")
    assert post.told() == [("16", ["T+1", "decision-1-extended"]), ("18", ["T+3"]), ("23", ["extended"])]
    assert "17:00 thứ Ba, 24/3/2026" in post.body("18")
    assert [day for day, _ in post.told("bxdd")] == ["16"]


# --- A file that was sent back ---


@pytest.fixture
def wrong(post) -> Post:
    """On Thursday the 5th a unit has sent a file that was sent back."""
    post.commune.receive("kthtdt", post.commune.sample["kthtdt"][0].data, at("05T10:00"))
    post.tick("05T10:00")
    post.wire.letters.clear()
    return post


def test_a_file_sent_back_and_not_sent_again_is_reminded_of_once_saying_what_to_mend(wrong):
    wrong.goes_on("05", "09")
    assert wrong.told("kthtdt") == [("09", ["mend"])]
    assert wrong.commune.assignment("kthtdt").reason.rstrip(". ") in wrong.body("09", "kthtdt")
    assert "còn 4 ngày làm việc" in wrong.body("09", "kthtdt")
    assert wrong.told("vp") == []


def test_a_file_that_was_mended_is_not_reminded_of(wrong):
    wrong.commune.answer("kthtdt", at("06T10:00"))
    wrong.goes_on("06", "09")
    assert wrong.states("kthtdt").keys() == {"returned-1", "accepted-2"}


def test_who_was_reminded_of_the_round_since_is_not_told_again(post):
    post.commune.receive("kthtdt", post.commune.sample["kthtdt"][0].data, at("09T10:00"))
    post.goes_on("09", "11")
    assert [kinds for _, kinds in post.told("kthtdt")] == [["returned-1"], ["T-3"]]


def test_what_is_sent_back_again_has_a_reminder_of_its_own(wrong):
    wrong = wrong.with_plan(reminders=Reminders(before=(), overdue=()))
    wrong.goes_on("05", "09")
    return_again(wrong, "kthtdt", "09T17:30")
    wrong.goes_on("10", "13")
    assert [kinds for _, kinds in wrong.told("kthtdt") if kinds == ["mend"]] == [["mend"], ["mend"]]
    told = [key.split("|")[1] for key in keys(wrong, "kthtdt") if "|mend" in key]
    assert [one.partition("@")[0] for one in told] == ["mend-1", "mend-2"]


def return_again(post: Post, unit: str, moment: str) -> None:
    post.commune.answer(unit, at(moment) - timedelta(minutes=5))
    return_accepted(post.commune.office, ROUND, unit, "Thiếu số người dự", "lanhdao", at(moment))


def test_a_file_sent_back_is_not_reminded_of_after_the_lock(post):
    post.commune.receive("kthtdt", post.commune.sample["kthtdt"][0].data, at("16T09:30"))
    post.goes_on("16", "20")
    assert not {"mend", "mend-overdue"} & post.states("kthtdt").keys()


def test_a_plan_may_do_without(wrong):
    wrong = wrong.with_plan(reminders=Reminders(after_return=0))
    wrong.goes_on("05", "09")
    assert wrong.told("kthtdt") == []


# --- Not too often ---


def test_the_third_letter_of_a_week_tells_the_rest_of_it_and_no_other_follows_till_monday(post):
    post = post.with_plan(reminders=DAILY)
    post.goes_on("09", "16")
    assert post.told() == [("09", ["T-4"]), ("10", ["T-3"]), ("11", ["T-0"]), ("16", ["T+1"])]
    assert "Còn 2 ngày làm việc" in post.subject("11")
    assert post.states() == {
        "T-4": "sent", "T-3": "sent", "T-2": "missed", "T-1": "missed", "T-0": "sent", "T+1": "sent"
    }  # fmt: skip


def test_the_third_letter_tells_of_other_rounds_too_with_their_own_days_left(post):
    post = post.with_duty("PL-5", reminders=DAILY).with_posts_due(date(2026, 3, 18))
    open_round(post.commune.office, POSTS, at("05T08:00"))
    flush_outbox(post.commune.office, by="test", clock=lambda: at("05T08:01"))
    post.wire.letters.clear()
    post.goes_on("09", "16")
    assert post.told()[2] == ("11", ["T-0", "T-3"])  # the posts' third day ahead would be Friday
    assert "còn 2 ngày làm việc" in post.body("11")
    assert "còn 5 ngày làm việc" in post.body("11")
    assert [day for day, _ in post.told()] == ["09", "10", "11", "16"]


def test_what_opens_after_the_third_letter_waits_and_is_recorded_as_missed(post):
    post = post.with_duty("PL-5", reminders=DAILY).with_posts_due(date(2026, 3, 13))
    post.goes_on("09", "11")
    open_round(post.commune.office, POSTS, at("12T08:00"))
    held = post.tick("12T08:00")
    assert held.held == sum(row["kind"] == "T-1" and row["round_id"] == POSTS for row in post.commune.messages())
    (waiting,) = [one for one in post.commune.messages("T-1") if (one["unit"], one["round_id"]) == ("vp", POSTS)]
    assert (waiting["state"], waiting["attempts"], waiting["not_before"]) == ("queued", 0, at("16T07:30"))
    assert "đủ số thư nhắc" in waiting["answer"]
    post.goes_on("13", "16")
    assert post.told()[3:] == [("12", ["opening"]), ("16", ["T+1", "T+1"])]
    assert {step: post.states(round_id=POSTS)[step] for step in ("T-1", "T-0")} == {"T-1": "missed", "T-0": "missed"}


def test_a_second_letter_on_a_day_waits_for_the_next_morning_and_joins_what_goes_then(post):
    post = post.with_posts_due(date(2026, 3, 16))
    post.tick("12T07:30")
    open_round(post.commune.office, POSTS, at("12T10:00"))
    assert post.tick("12T10:00").held
    assert post.told() == [("12", ["T-1"]), ("12", ["opening"])]
    (waiting,) = [one for one in post.commune.messages("T-3") if (one["unit"], one["round_id"]) == ("vp", POSTS)]
    assert waiting["not_before"] == at("13T07:30")
    assert "ngày làm việc tiếp theo" in waiting["answer"]
    post.tick("13T07:30")
    assert post.told()[2:] == [("13", ["T-0", "T-1"])]
    assert "2 việc" in post.subject("13")


def test_what_a_mail_server_kept_waiting_takes_along_what_was_decided_since(post):
    post = post.with_posts_due(date(2026, 3, 16))
    open_round(post.commune.office, POSTS, at("05T08:00"))
    flush_outbox(post.commune.office, by="test", clock=lambda: at("05T08:01"))
    post.wire.letters.clear()
    post.tick("10T07:30")
    post.wire.letters.clear()
    post.wire.down = True
    post.tick("11T07:30")
    post.wire.down = False
    chase(post.commune.office, at("12T07:30"))
    flush_outbox(post.commune.office, by="test", clock=lambda: at("12T07:30"))
    post.goes_on("12", "12")
    assert post.told() == [("12", ["T-1", "T-3"])]
    assert post.tick("12T17:00") == Flushed()


def test_each_who_speaks_for_a_unit_has_days_and_weeks_of_their_own(post):
    (plan,) = post.commune.office.plans.values()
    second = Contact("Bà Hai", "hai@phucloi.example")
    units = tuple(replace(one, contacts=(*one.contacts, second)) if one.code == "vp" else one for one in plan.units)
    post.with_plan(reminders=DAILY).goes_on("09", "10")
    post = post.with_plan(units=units, reminders=DAILY)  # somebody comes in the middle of the week
    post.goes_on("11", "13")
    to_second = [
        (f"{when:%d}", kinds) for when, _, address, kinds, _, _ in post.wire.letters if address == second.email
    ]
    assert to_second == [("11", ["T-0"])]


def test_what_is_overdue_does_not_count_for_the_week_and_takes_the_rest_along(post):
    late = Reminders(before=(0,), overdue=(1, 2, 3, 4))
    post = post.with_duty("PL-5", reminders=late).with_posts_due(date(2026, 3, 20))
    post = post.with_duty("PL-8", reminders=DAILY)
    extend_lock(post.commune.office, ROUND, "vp", at("31T17:00"), "Bão", "lanhdao", at("13T09:00"), even_past_due=True)
    open_round(post.commune.office, POSTS, at("05T08:00"))
    flush_outbox(post.commune.office, by="test", clock=lambda: at("13T09:01"))
    post.goes_on("16", "20")
    reminding = [(day, kinds) for day, kinds in post.told() if any(one.startswith("T") for one in kinds)]
    assert [day for day, _ in reminding] == ["16", "17", "18", "19", "20"]
    assert [kinds for _, kinds in reminding] == [
        ["T+1", "T-4"], ["T+2", "T-3"], ["T+3", "T-2"], ["T+4", "T-1"], ["T-0"]
    ]  # fmt: skip
