"""The reminders of one recipient in the outbox, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from dinhky.domain.reminder_budget import ReminderLetter
from dinhky.ledger import SqlLedger
from dinhky.rounds.kept_messages import Message

NOW = datetime.fromisoformat("2026-03-12T09:00+07:00")
MONDAY = date(2026, 3, 9)
FIRST = Message("a", "T-3", "email", "a@x.example", "Bà Lan", "Nhắc", "Nội dung", NOW)
FIRST = replace(FIRST, round_id="thu-2026/T-1/2026-Q1", unit="vp", office_hours_only=True, section="Nội dung")


@pytest.fixture
def ledger(ledger_url: str) -> SqlLedger:
    made = SqlLedger(ledger_url)
    made.migrate()
    return made


def send(ledger: SqlLedger, at: datetime, *messages: Message, end: str = "sent") -> None:
    """Send them as one letter."""
    with ledger.transaction() as transaction:
        for message in messages:
            transaction.queue(replace(message, not_before=at), at)
        ids = [row.id for row in transaction.claim(by="me", now=at, lease=timedelta(hours=1), limit=50)]
        transaction.mark_sending(ids, "me", at + timedelta(hours=1))
        transaction.combine(ids[0], ids[1:], "Nhiều việc", "Nội dung")
        if end == "sent":
            transaction.mark_sent(ids, at, "250")
        elif end == "failed":
            transaction.mark_failed(ids, "me", at, "550")
        elif end == "unknown":
            transaction.mark_unknown(ids, "me", at, "?")


def letters(ledger: SqlLedger, now: datetime = NOW, but: tuple[int, ...] = ()) -> list[ReminderLetter]:
    with ledger.snapshot() as snapshot:
        return snapshot.reminder_letters("thu-2026", "vp", "a@x.example", since=MONDAY, now=now, but=but)


@pytest.mark.parametrize(("end", "counts"), [("sent", True), ("unknown", True), ("sending", True), ("failed", False)])
def test_a_letter_counts_if_it_has_gone_or_may_have(ledger, end, counts):
    send(ledger, NOW, FIRST, end=end)
    assert letters(ledger) == ([ReminderLetter(NOW.date())] if counts else [])


def test_what_went_as_one_is_one_letter_and_overdue_if_any_of_it_is(ledger):
    send(ledger, NOW, FIRST, replace(FIRST, key="b", kind="T+1"), replace(FIRST, key="c", kind="mend"))
    assert letters(ledger) == [ReminderLetter(NOW.date(), is_overdue=True)]


@pytest.mark.parametrize(
    "other",
    [
        {"kind": "opening"},
        {"unit": "vhxh"},
        {"address": "b@x.example"},
        {"round_id": "thu-2026-b/T-1/2026-Q1"},
        {"round_id": "thu-2027/T-1/2027-Q1"},
    ],
)
def test_only_reminders_of_that_plan_to_that_unit_and_address_count(ledger, other):
    send(ledger, NOW, replace(FIRST, **other))
    assert letters(ledger) == []


def test_a_letter_of_the_week_before_and_what_is_about_to_go_do_not_count(ledger):
    send(ledger, datetime.fromisoformat("2026-03-08T23:59:59+07:00"), FIRST)
    send(ledger, NOW, replace(FIRST, key="b"), end="sending")
    with ledger.snapshot() as snapshot:
        (about_to_go,) = [row["id"] for row in snapshot.messages(state="sending")]
    assert letters(ledger, but=(about_to_go,)) == []
    send(ledger, datetime.fromisoformat("2026-03-09T00:00:00+07:00"), replace(FIRST, key="c"))
    assert letters(ledger, but=(about_to_go,)) == [ReminderLetter(MONDAY)]


def test_what_waits_for_the_same_reader_goes_along_whenever_it_was_to_be_tried(ledger):
    later = replace(FIRST, not_before=NOW + timedelta(days=3))
    others = [{"unit": "vhxh"}, {"address": "b@x.example"}, {"kind": "opening"}, {"round_id": "thu-2027/T-1/2027-Q1"}]
    with ledger.transaction() as transaction:
        transaction.queue(later, NOW)
        for number, other in enumerate(others):
            transaction.queue(replace(later, key=f"other {number}", **other), NOW)
        (taken,) = transaction.take_along("thu-2026", "vp", "a@x.example", "me", NOW + timedelta(hours=1))
        assert transaction.take_along("thu-2026", "vp", "a@x.example", "me", NOW + timedelta(hours=1)) == []
        row = transaction.outbox_row(taken.id)
    assert (taken.message.key, taken.attempts, row["state"], row["claimed_by"]) == ("a", 1, "sending", "me")


def test_what_is_held_waits_as_if_nobody_had_taken_it_up_and_says_why(ledger):
    until = NOW + timedelta(days=1)
    with ledger.transaction() as transaction:
        transaction.queue(FIRST, NOW)
        (taken,) = transaction.claim(by="me", now=NOW, lease=timedelta(hours=1), limit=50)
        transaction.mark_sending([taken.id], "me", NOW + timedelta(hours=1))
        transaction.hold([taken.id], "another", until, "Hôm nay đã nhắc")
        assert transaction.outbox_row(taken.id)["state"] == "sending"
        transaction.hold([taken.id], "me", until, "Hôm nay đã nhắc")
        row = transaction.outbox_row(taken.id)
        assert transaction.claim(by="me", now=NOW, lease=timedelta(hours=1), limit=50) == []
        (again,) = transaction.claim(by="me", now=until, lease=timedelta(hours=1), limit=50)
    assert (row["state"], row["not_before"], row["attempts"]) == ("queued", until, 0)
    assert (row["answer"], row["claimed_by"], row["lease_until"]) == ("Hôm nay đã nhắc", None, None)
    assert again.attempts == 1
