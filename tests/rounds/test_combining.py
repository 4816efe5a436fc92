"""What goes out as one message: everything for office hours to one recipient. It is Tuesday 10/3/2026."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dinhky.domain.assignment import State
from dinhky.domain.errors import (
    AccessRefused,
    PermanentDeliveryError,
    ServerUnavailable,
    TemporaryDeliveryError,
    UncertainDelivery,
)
from dinhky.rounds.chasing import chase
from dinhky.rounds.combining import LARGEST_LOAD
from dinhky.rounds.correspondence import message_id_of
from dinhky.rounds.dispatching import BATCH, Flushed, flush_outbox
from dinhky.rounds.kept_messages import Attachment, Message, QueuedMessage
from dinhky.rounds.lookup import round_of

ROUND = "phuc-loi-2026/PL-5/2026-Q1"
MORNING = datetime.fromisoformat("2026-03-10T08:00+07:00")
FLUSH = timedelta(minutes=10)
LAN, APPROVER = "vp@x.example", "lanhdao@x.example"


class Died(BaseException):
    """The process is killed."""


@dataclass
class Wire:
    """A channel that notes what it was given, and fails with whatever stands in `errors`, one a message."""

    out: list[QueuedMessage] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)

    def send(self, queued: QueuedMessage, _files: object, _now: datetime) -> str:
        self.out.append(queued)
        if self.errors:
            raise self.errors.pop(0)
        return "250"


@dataclass
class Post:
    """A commune with a way out, and its outbox."""

    commune: Any
    wire: Wire
    rounds: list[str]

    def queue(self, key: str, **changes: Any) -> None:
        given = Message(
            key=f"{ROUND}|change-{key}|vp|{LAN}",
            kind="change",
            channel="email",
            address=LAN,
            recipient="Bà Lan",
            subject=f"[Định Kỳ] Việc {key}",
            body=f"Kính gửi: Bà Lan,\n\nNội dung {key}.\n\nTrân trọng.\n",
            section=f"Nội dung {key}.\n",
            not_before=MORNING,
            round_id=ROUND,
            unit="vp",
            office_hours_only=True,
        )
        with self.commune.office.ledger.transaction() as ledger:
            assert ledger.queue(replace(given, **changes), MORNING)

    def flush(self, later: timedelta = FLUSH, **changes: Any) -> Flushed:
        return flush_outbox(self.commune.office, by=f"test {later}", clock=lambda: MORNING + later, **changes)

    def rows(self) -> dict[str, dict[str, Any]]:
        with self.commune.office.ledger.snapshot() as ledger:
            return {row["subject"].split()[-1]: row for row in ledger.messages() if row["kind"] != "opening"}

    def states(self) -> set[str]:
        return {row["state"] for row in self.rows().values()}

    @property
    def sections(self) -> list[list[str]]:
        """What every message on the wire told, in its order."""
        return [[line for line in one.message.body.split("\n") if line.startswith("Nội dung")] for one in self.wire.out]


@pytest.fixture
def post(commune) -> Post:
    """The quarter is open and its opening notices have gone out."""
    wire = Wire()
    commune = commune.using(channels={"email": wire, "chat": wire})
    flush_outbox(commune.office, by="openings", clock=lambda: datetime.fromisoformat("2026-03-05T07:31+07:00"))
    wire.out.clear()
    later = {one.unit_due: one.id for one in commune.office.rounds.values() if one.opens > MORNING and not one.phase}
    return Post(commune, wire, [ROUND, *(later[due] for due in sorted(later))])


def test_a_unit_that_owes_five_things_gets_one_message_most_urgent_first(post):
    for number, round_id in enumerate(reversed(post.rounds[:5])):
        post.queue(str(number), round_id=round_id)
    assert post.flush() == Flushed(sent=5)
    (one,) = post.wire.out
    assert one.message.subject.startswith("[Định Kỳ] 5 việc của")
    dues = [round_of(post.commune.office, round_id)[1].unit_due for round_id in post.rounds[:5]]
    assert dues == sorted(dues), "so that the last one queued is the most urgent"
    assert post.sections == [[f"Nội dung {number}." for number in (4, 3, 2, 1, 0)]]
    assert one.message.body.count("Kính gửi") == one.message.body.count("Trân trọng") == 1


def test_the_message_that_carries_others_is_the_oldest_and_keeps_what_was_written(post):
    for key in "abc":
        post.queue(key)
    post.flush()
    rows, (one,) = post.rows(), post.wire.out
    assert one.message_id == rows["a"]["message_id"] == message_id_of(f"{ROUND}|change-a|vp|{LAN}")
    assert [rows[key]["carried_by"] for key in "abc"] == [None, rows["a"]["id"], rows["a"]["id"]]
    assert rows["a"]["combined"] == {"subject": one.message.subject, "body": one.message.body}
    assert [rows[key]["body"] for key in "abc"] == [
        f"Kính gửi: Bà Lan,\n\nNội dung {key}.\n\nTrân trọng.\n" for key in "abc"
    ]
    with post.commune.office.ledger.snapshot() as ledger:
        for key in "abc":
            together = [row["id"] for row in ledger.went_together(rows[key]["id"])]
            assert together == [rows[other]["id"] for other in "abc"]


def test_one_thing_alone_is_sent_as_it_was_written(post):
    post.queue("a")
    post.flush()
    assert post.wire.out[0].message.body == "Kính gửi: Bà Lan,\n\nNội dung a.\n\nTrân trọng.\n"
    assert (post.rows()["a"]["carried_by"], post.rows()["a"]["combined"]) == (None, None)


def test_a_supervisor_gets_one_digest_of_several_rounds_and_units(post):
    for number, round_id in enumerate(post.rounds[:4]):
        post.queue(str(number), kind="escalation-note", round_id=round_id, unit=None, address=APPROVER)
    post.flush()
    (one,) = post.wire.out
    assert one.message.subject.startswith("[Định Kỳ] 4 việc báo cáo lãnh đạo")
    assert len(post.sections[0]) == 4


@pytest.mark.parametrize(
    "changes",
    [
        {"office_hours_only": False},
        {"in_reply_to": "<1@x.example>"},
        {"kind": "approval-request-v1", "unit": None},
        {"address": "another@x.example"},
        {"channel": "chat"},
        {"unit": "vhxh"},
        {"section": ""},
        {"round_id": None},
        {"round_id": "nobody-knows-2026/XX-1/2026-Q1"},
    ],
    ids=str,
)
def test_answers_questions_to_the_approver_and_what_is_for_others_go_by_themselves(post, changes):
    post.queue("a")
    post.queue("b", **changes)
    post.flush()
    assert [len(one.parts) for one in post.wire.out] == [0, 0]
    assert sorted(post.sections) == [["Nội dung a."], ["Nội dung b."]]


def test_reminders_that_are_due_the_same_morning_are_one_message_with_the_right_number_of_days_left(post):
    plan, _ = round_of(post.commune.office, ROUND)
    post.queue("a", address=plan.unit("vp").contacts[0].email)
    chase(post.commune.office, MORNING)
    post.flush()
    (one,) = [one for one in post.wire.out if one.message.unit == "vp"]
    assert {row.message.kind for row in one.rows} == {"change", "T-3"}
    assert "còn 3 ngày làm việc" in one.message.body


def test_a_unit_that_has_done_one_of_three_things_is_told_the_other_two(post):
    chase(post.commune.office, MORNING)
    post.queue("a")
    post.queue("b")
    with post.commune.office.ledger.transaction() as ledger:
        ledger.move(ROUND, "vp", State.NIL, at=MORNING, actor="vp", reason="Không có")
    flushed = post.flush()
    assert flushed.cancelled == 1
    (one,) = [one for one in post.wire.out if one.message.unit == "vp"]
    assert [row.message.kind for row in one.rows] == ["change", "change"]


# --- What becomes of it becomes of all ---


def test_what_is_put_off_is_put_off_together_and_tried_again_under_the_same_message_id(post):
    post.queue("a")
    post.queue("b")
    post.wire.errors.append(TemporaryDeliveryError("smtp_refused", code=450, reason="greylisted"))
    assert post.flush() == Flushed(put_off=2)
    assert {(row["refusals"], row["carried_by"]) for row in post.rows().values()} == {(1, None)}
    post.queue("c")
    assert post.flush(FLUSH + timedelta(minutes=2)) == Flushed(sent=3)
    assert [len(one.parts) for one in post.wire.out] == [2, 3]
    assert len({one.message_id for one in post.wire.out}) == 1


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (UncertainDelivery("smtp_silent_after_text", reason="TimeoutError"), "unknown"),
        (PermanentDeliveryError("smtp_refused", code=550, reason="no such user"), "failed"),
        (RuntimeError("nobody foresaw this"), "unknown"),
    ],
    ids=["silence", "refusal", "surprise"],
)
def test_what_fails_fails_together_and_the_operator_is_told_why(post, error, state):
    post.queue("a")
    post.queue("b")
    post.wire.errors.append(error)
    flushed = post.flush()
    assert post.states() == {state}
    assert flushed.alarms
    assert all("Thư số" in alarm for alarm in flushed.alarms)


def test_a_dispatcher_killed_on_the_wire_leaves_one_recipients_messages_unclear_and_says_so(post):
    for key in "ab":
        post.queue(key)
    for key in "cd":
        post.queue(key, address="another@x.example")
    post.wire.errors.append(Died())
    with pytest.raises(Died):
        post.flush()
    flushed = post.flush(FLUSH + timedelta(minutes=6))
    assert (flushed.unknown, flushed.sent) == (2, 2)
    assert {key: row["state"] for key, row in post.rows().items()} == dict.fromkeys("ab", "unknown") | dict.fromkeys(
        "cd", "sent"
    )
    assert post.rows()["a"]["answer"].startswith("Tiến trình gửi bị ngắt")
    assert flushed.alarms == ["2 thư đang gửi dở khi tiến trình gửi trước bị ngắt; chưa rõ đã đến nơi hay chưa."]


# --- Attachments ---


def attached(post: Post, name: str, data: bytes) -> dict[str, Any]:
    return {"attachments": (Attachment(name, post.commune.office.files.put(data)),)}


def test_every_file_goes_once_and_under_a_name_of_its_own(post):
    post.queue("a", **attached(post, "Bieu.xlsx", b"one"))
    post.queue("b", **attached(post, "Bieu.xlsx", b"two"))
    post.queue("c", **attached(post, "Lai.xlsx", b"one"))
    post.flush()
    (one,) = post.wire.out
    assert [file.name for file in one.message.attachments] == ["Bieu.xlsx", "Bieu_2.xlsx"]


def test_files_too_large_for_one_mail_go_in_several(post):
    for number in range(3):
        post.queue(str(number), **attached(post, f"{number}.xlsx", bytes([number]) * (LARGEST_LOAD // 2)))
    post.flush()
    assert [len(one.rows) for one in post.wire.out] == [2, 1]


def test_a_message_that_has_lost_its_file_takes_no_other_down(post):
    post.queue("a")
    post.queue("b", **attached(post, "b.xlsx", b"lost"))
    post.queue("c")
    path: Path = post.commune.office.files.path(post.rows()["b"]["attachments"][0]["sha256"])
    path.unlink()
    post.flush()
    assert [[row.message.subject[-1] for row in one.rows] for one in post.wire.out] == [["a", "c"], ["b"]]


# --- Batches, gathering, servers that are away ---


def test_what_waits_for_a_recipient_comes_along_though_the_batch_is_full(post):
    post.queue("first")
    for number in range(BATCH):
        post.queue(f"n{number}", address=f"{number}@x.example")
    post.queue("last")
    post.flush()
    assert sorted(len(one.rows) for one in post.wire.out) == [1] * BATCH + [2]


def test_what_was_just_decided_waits_for_what_is_still_being_decided(post):
    gather = timedelta(minutes=3)
    post.queue("a")
    assert post.flush(timedelta(minutes=2), gather=gather) == Flushed()
    post.queue("answer", office_hours_only=False)
    assert post.flush(timedelta(minutes=2), gather=gather) == Flushed(sent=1)
    post.queue("b")
    assert post.flush(timedelta(minutes=3), gather=gather) == Flushed(sent=2)
    post.queue("c")
    assert post.flush(FLUSH, gather=timedelta(hours=8)) == Flushed()
    assert post.flush(FLUSH, gather=timedelta(hours=10)) == Flushed(sent=1), "not past the end of the day"


@dataclass
class Server(Wire):
    """A wire with a connection that must be made first; `away` is why it cannot be."""

    away: ServerUnavailable | None = None
    asked: int = 0
    is_open: bool = False
    watch: Callable[[], None] = lambda: None

    def is_ready(self) -> bool:
        return self.is_open

    def get_ready(self) -> None:
        self.asked += 1
        self.watch()
        if self.away:
            raise self.away
        self.is_open = True

    def close(self) -> None:
        self.is_open = False


def with_server(post: Post, server: Server) -> Post:
    return replace(post, commune=post.commune.using(channels={"email": server, "chat": post.wire}), wire=server)


def test_while_the_server_is_away_one_message_asks_for_it_and_the_batch_is_put_off_and_other_channels_go_on(post):
    away = with_server(post, Server(away=ServerUnavailable("smtp_unreachable", reason="TimeoutError")))
    for number in range(5):
        away.queue(str(number), address=f"{number}@x.example")
    away.queue("chat", channel="chat", address="zalo:1")
    assert away.flush() == Flushed(put_off=5, sent=1)
    assert away.wire.asked == 1
    assert [one.message.channel for one in post.wire.out] == ["chat"]


def test_a_server_that_is_away_for_a_week_loses_nothing_and_the_operator_hears_of_it(post):
    away = with_server(post, Server(away=ServerUnavailable("smtp_unreachable", reason="TimeoutError")))
    away.queue("answer", office_hours_only=False)
    alarms = [away.flush(timedelta(hours=hour)).alarms for hour in range(24 * 7)]
    assert (alarms[0], len(alarms[-1])) == ([], 1)
    assert (away.states(), away.rows()["answer"]["refusals"]) == ({"queued"}, 0)
    away.wire.away = None
    assert away.flush(timedelta(hours=24 * 7)) == Flushed(sent=1)


def test_an_access_that_is_refused_is_told_the_operator_at_once(post):
    away = with_server(post, Server(away=AccessRefused("smtp_login_refused", code=535)))
    away.queue("a")
    assert away.flush().alarms == [away.rows()["a"]["answer"]]


def test_nothing_is_marked_as_going_out_while_the_server_is_waited_for(post):
    waited = with_server(post, Server())
    seen: list[set[str]] = []
    waited.wire.watch = lambda: seen.append(waited.states())
    waited.queue("a")
    waited.flush()
    assert seen == [{"claimed"}]
    assert waited.states() == {"sent"}


def test_a_message_whose_last_look_fails_is_put_off_and_the_others_go_out(post, monkeypatch):
    post.queue("bad", unit=None, address=APPROVER)
    post.queue("worse", unit=None, address=APPROVER)
    post.queue("good")
    letter = type(post.commune.office.words).letter

    def broken(words: Any, name: str, /, **facts: Any) -> Any:
        if name == "combined_person":
            raise KeyError("a template that was edited badly")
        return letter(words, name, **facts)

    monkeypatch.setattr(type(post.commune.office.words), "letter", broken)
    flushed = post.flush()
    assert (flushed.sent, flushed.put_off, len(flushed.alarms)) == (1, 2, 1)
    assert {key: row["state"] for key, row in post.rows().items()} == {
        "bad": "queued",
        "worse": "queued",
        "good": "sent",
    }
