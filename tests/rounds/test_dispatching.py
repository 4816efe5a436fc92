"""The dispatcher: whatever dies and whenever, nothing is lost and nothing goes out twice."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from dinhky import bootstrap
from dinhky.domain.errors import PermanentDeliveryError, TemporaryDeliveryError
from dinhky.ledger import SqlLedger
from dinhky.rounds.dispatching import BATCH, FIRST_RETRY, LONGEST_RETRY, MAX_REFUSALS, Flushed, flush_outbox
from dinhky.rounds.kept_messages import Message
from dinhky.rounds.ports import Office

NOON = datetime.fromisoformat("2026-03-10T12:00+07:00")
LEASE = timedelta(minutes=5)


class Died(BaseException):
    """The process is killed: nothing in it runs any more."""


@dataclass
class Wire:
    """A channel that notes what went out. `before` and `after` are called on either side of it."""

    out: list[str] = field(default_factory=list)
    before: Callable[[], Any] = lambda: None
    after: Callable[[], Any] = lambda: None

    def send(self, queued, _files, _now) -> str:
        self.before()
        self.out.append(queued.message.key)
        self.after()
        return "250"


@dataclass
class Outbox:
    """An outbox with one channel, and the time."""

    office: Office
    wire: Wire
    now: datetime = NOON

    def queue(self, *keys: str, not_before: datetime = NOON, channel: str = "email") -> None:
        with self.office.ledger.transaction() as ledger:
            for key in keys:
                message = Message(key, "test", channel, f"{key}@x.example", "Bà Lan", "Nhắc", "Nội dung", not_before)
                ledger.queue(message, NOON)

    def flush(self, by: str = "first", office: Office | None = None) -> Flushed:
        return flush_outbox(office or self.office, by=by, clock=lambda: self.now)

    def rows(self) -> dict[str, dict]:
        with self.office.ledger.snapshot() as ledger:
            return {row["key"]: row for row in ledger.messages()}

    def states(self) -> dict[str, str]:
        return {key: row["state"] for key, row in self.rows().items()}


@pytest.fixture
def outbox(ledger_url: str, tmp_path) -> Outbox:
    ledger = SqlLedger(ledger_url)
    ledger.migrate()
    office = bootstrap.office(bootstrap.settings({"DINHKY_HOME": str(tmp_path)}))
    wire = Wire()
    return Outbox(replace(office, ledger=ledger, channels={"email": wire}, lease=LEASE), wire)


def raises(error: BaseException) -> Callable[[], None]:
    def now() -> None:
        raise error

    return now


class LedgerThatDies:
    """A ledger in whose process the `last`-th writing transaction is the last: it dies before, within or after it."""

    def __init__(self, ledger: SqlLedger, last: int, when: str) -> None:
        self._ledger, self._left, self._when = ledger, last, when

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        self._left -= 1
        is_last = self._left == 0
        if is_last and self._when == "before":
            raise Died
        with self._ledger.transaction() as transaction:
            yield transaction
            if is_last and self._when == "within":
                raise Died
        if is_last:
            raise Died


def test_what_is_due_goes_out_once_in_order_and_what_is_not_stays(outbox):
    outbox.queue("later", not_before=NOON + timedelta(seconds=1))
    outbox.queue("second")
    outbox.queue("first", not_before=NOON - timedelta(days=1))
    assert outbox.flush() == Flushed(sent=2)
    assert outbox.flush() == Flushed()
    assert outbox.wire.out == ["first", "second"]
    assert outbox.states()["later"] == "queued"


def test_an_outbox_longer_than_a_batch_is_emptied_in_one_go(outbox):
    keys = [f"{number:03}" for number in range(BATCH * 2 + 1)]
    outbox.queue(*keys)
    assert outbox.flush() == Flushed(sent=len(keys))
    assert outbox.wire.out == keys


# Of three messages: one transaction claims, one marks the first as `sending`, two mark one as sent and the next as
# `sending`, one marks the last as sent, one finds nothing more to claim.
CRASHES = [(number, when) for number in range(1, 7) for when in ("before", "within", "after")]
NOBODY_ON_THE_WIRE = {
    *((number, when) for number in (1, 6) for when in ("before", "within", "after")),
    (2, "before"),
    (2, "within"),
    (5, "after"),
}


@pytest.mark.parametrize(("number", "when"), CRASHES)
def test_a_dispatcher_that_dies_between_any_two_steps_loses_nothing_and_doubles_nothing(outbox, number, when):
    outbox.queue("a", "b", "c")
    dying = replace(outbox.office, ledger=LedgerThatDies(outbox.office.ledger, number, when))
    with pytest.raises(Died):
        outbox.flush(by="dead", office=dying)
    outbox.now += LEASE + timedelta(seconds=1)
    outbox.flush(by="alive")
    states = outbox.states()
    assert set(states.values()) <= {"sent", "unknown"}
    assert max(Counter(outbox.wire.out).values()) == 1
    assert {key for key, state in states.items() if state == "sent"} <= set(outbox.wire.out)
    # Unclear is at most the one message that was on the wire: marked `sending`, its answer not yet noted.
    assert list(states.values()).count("unknown") == ((number, when) not in NOBODY_ON_THE_WIRE)


@pytest.mark.parametrize("side", ["before", "after"])
def test_a_message_on_the_wire_when_the_process_dies_becomes_unknown_and_the_others_go_out(outbox, side):
    outbox.queue("a", "b")
    setattr(outbox.wire, side, raises(Died()))
    with pytest.raises(Died):
        outbox.flush(by="dead")
    setattr(outbox.wire, side, lambda: None)
    assert outbox.flush(by="alive") == Flushed()  # the lease still runs: the dead may yet be alive
    outbox.now += LEASE + timedelta(seconds=1)
    outbox.flush(by="alive")
    assert outbox.states() == {"a": "unknown", "b": "sent"}
    assert outbox.wire.out == (["a", "b"] if side == "after" else ["b"])


def test_a_message_that_was_only_claimed_by_the_dead_has_lost_none_of_its_attempts(outbox):
    outbox.queue("a")
    for _ in range(5):
        with outbox.office.ledger.transaction() as ledger:
            ledger.recover(outbox.now, "")
            (claimed,) = ledger.claim(by="dead", now=outbox.now, lease=LEASE, limit=9)
        assert claimed.attempts == 1
        outbox.now += LEASE + timedelta(seconds=1)


def test_a_slow_dispatcher_does_not_send_what_another_has_taken_over(outbox):
    outbox.queue("a", "b")

    def sleeps_through_its_lease() -> None:
        outbox.wire.before = lambda: None
        outbox.now += LEASE + timedelta(seconds=1)
        outbox.flush(by="other")

    outbox.wire.before = sleeps_through_its_lease
    outbox.flush(by="slow")
    assert Counter(outbox.wire.out) == Counter(["a", "b"])
    assert outbox.states() == {"a": "sent", "b": "sent"}


@pytest.mark.parametrize("dispatchers", [2, 5])
def test_dispatchers_at_work_at_the_same_time_send_everything_once(outbox, dispatchers):
    keys = [f"{number:03}" for number in range(BATCH + 30)]
    outbox.queue(*keys)
    together, flushed = threading.Barrier(dispatchers), []

    def dispatch(name: str) -> None:
        together.wait()
        flushed.append(outbox.flush(by=name))

    threads = [threading.Thread(target=dispatch, args=[str(number)]) for number in range(dispatchers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(outbox.wire.out) == Counter(keys)
    assert sum(one.sent for one in flushed) == len(keys)
    assert set(outbox.states().values()) == {"sent"}


def test_a_temporary_error_is_tried_again_after_a_doubling_pause_and_given_up_in_the_end(outbox):
    outbox.queue("a")
    outbox.wire.before = raises(TemporaryDeliveryError("smtp_refused", code=451, reason="busy"))
    pauses = []
    for _ in range(MAX_REFUSALS - 1):
        assert outbox.flush() == Flushed(put_off=1)
        row = outbox.rows()["a"]
        assert (row["state"], "451" in row["answer"]) == ("queued", True)
        pauses.append(row["not_before"] - outbox.now)
        outbox.now = row["not_before"] - timedelta(seconds=1)
        assert outbox.flush() == Flushed()
        outbox.now = row["not_before"]
    assert pauses[:6] == [*(FIRST_RETRY * factor for factor in (1, 2, 4, 8, 16)), LONGEST_RETRY]
    assert timedelta(days=3) < sum(pauses, timedelta()) < timedelta(days=4), "a weekend without a mail server"
    assert outbox.flush() == Flushed(failed=1)
    assert outbox.states() == {"a": "failed"}


def test_a_temporary_error_that_passes_ends_in_one_message(outbox):
    outbox.queue("a")
    outbox.wire.before = raises(TemporaryDeliveryError("smtp_unreachable", reason="timeout"))
    outbox.flush()
    outbox.wire.before = lambda: None
    outbox.now += FIRST_RETRY
    assert outbox.flush() == Flushed(sent=1)
    assert outbox.wire.out == ["a"]


def test_a_permanent_error_fails_its_message_at_once_and_no_other(outbox):
    outbox.queue("a", "b")

    def refuses_once() -> None:
        outbox.wire.before = lambda: None
        raise PermanentDeliveryError("smtp_refused", code=550, reason="no such user")

    outbox.wire.before = refuses_once
    assert outbox.flush() == Flushed(sent=1, failed=1)
    assert outbox.states() == {"a": "failed", "b": "sent"}
    assert "550" in outbox.rows()["a"]["answer"]


def test_a_channel_that_breaks_unexpectedly_leaves_its_message_to_a_person_and_the_others_go_out(outbox, caplog):
    outbox.queue("a", "b")

    def breaks_once() -> None:
        outbox.wire.after = lambda: None
        raise KeyError("nobody foresaw this")

    outbox.wire.after = breaks_once
    with caplog.at_level(logging.ERROR):
        assert outbox.flush() == Flushed(sent=1, unknown=1)
    assert outbox.states() == {"a": "unknown", "b": "sent"}
    assert "KeyError" in outbox.rows()["a"]["answer"]
    assert "nobody foresaw this" in caplog.text
    outbox.now += timedelta(days=1)
    assert outbox.flush() == Flushed()
    assert outbox.wire.out == ["a", "b"]


def test_a_message_for_a_channel_that_does_not_exist_fails_and_the_others_go_out(outbox):
    outbox.queue("a", channel="pigeon")
    outbox.queue("b")
    assert outbox.flush() == Flushed(sent=1, failed=1)
    assert "pigeon" in outbox.rows()["a"]["answer"]


def test_in_a_year_without_a_calendar_answers_go_out_what_is_for_office_hours_waits_and_an_operator_hears_why(outbox):
    outbox.now = NOON.replace(year=2040)
    outbox.queue("answer", not_before=outbox.now)
    with outbox.office.ledger.transaction() as ledger:
        about = Message("reminder", "T-3", "email", "a@x.example", "Bà Lan", "Nhắc", "Nội dung", outbox.now)
        ledger.queue(replace(about, office_hours_only=True), outbox.now)
    flushed = outbox.flush()
    assert (flushed.sent, outbox.wire.out) == (1, ["answer"])
    assert [alarm for alarm in flushed.alarms if "lịch nghỉ" in alarm]
