"""What the ledger says of all that may need a person, on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from dinhky import bootstrap
from dinhky.domain.schedule import Round
from dinhky.ledger import SqlLedger
from dinhky.rounds.kept_attention import Bounce, UnmatchedMail
from dinhky.rounds.kept_mails import KeptMail
from dinhky.rounds.kept_messages import Attachment, Message
from dinhky.rounds.kept_reports import CompiledReport

NOW = datetime.fromisoformat("2026-03-12T09:00+07:00")
LATER = NOW + timedelta(hours=1)
FILE = Attachment("x", "0" * 64)


@pytest.fixture
def ledger(ledger_url: str) -> SqlLedger:
    made = SqlLedger(ledger_url)
    made.migrate()
    return made


def message(key: str, channel: str = "email", address: str = "lan@x.example") -> Message:
    return Message(key, "test", channel, address, "Bà Lan", f"Thư {key}", "Nội dung", NOW)


def sent_off(ledger: SqlLedger, key: str, **changes: str) -> int:
    """A message that a dispatcher is about to send; its id."""
    with ledger.transaction() as one:
        one.queue(message(key, **changes), NOW)
        (claimed,) = one.claim(by="test", now=NOW, lease=timedelta(minutes=5), limit=5)
        one.mark_sending([claimed.id], "test", LATER)
    return claimed.id


def test_a_message_is_found_by_its_key_with_its_state_and_without_its_words(ledger):
    with ledger.transaction() as one:
        one.queue(message("one"), NOW)
        one.record_missed(message("two"), LATER)
        found = one.glimpses(["one", "two", "three"])
        assert one.glimpses([]) == {}
    assert {key: (glimpse.state, glimpse.decided_at, glimpse.at) for key, glimpse in found.items()} == {
        "one": ("queued", NOW, NOW),
        "two": ("missed", LATER, LATER),
    }


def test_what_needs_a_person_is_what_failed_or_may_have_arrived_and_no_chat_id_is_shown(ledger):
    failed = sent_off(ledger, "failed", channel="chat", address="zalo:123456789012")
    unclear = sent_off(ledger, "unclear")
    sent = sent_off(ledger, "sent")
    with ledger.transaction() as one:
        one.mark_failed([failed], "test", LATER, "Bị từ chối.")
        one.mark_unknown([unclear], "test", LATER, "Không rõ.")
        one.mark_sent([sent], LATER, "250")
        found = one.stuck_messages(LATER)
    told = [(glimpse.id, glimpse.state, glimpse.reason, glimpse.address) for glimpse in found]
    assert told == [(failed, "failed", "Bị từ chối.", "zalo:…9012"), (unclear, "unknown", "Không rõ.", "lan@x.example")]


def test_what_is_held_up_was_tried_before(ledger):
    held_up = sent_off(ledger, "held up")
    with ledger.transaction() as one:
        one.put_off([held_up], "test", LATER, "Máy chủ không trả lời.", refused=False)
        one.queue(message("new"), NOW)
        assert [(found.id, found.reason) for found in one.stuck_messages(NOW)] == [(held_up, "Máy chủ không trả lời.")]


def test_what_passes_by_itself_is_told_from_a_moment_on(ledger):
    with ledger.transaction() as one:
        one.record_missed(message("missed"), NOW)
        one.event("mail_bounced", at=NOW, actor="mailbox", address="lan@x.example", reason="5.2.2 full")
        for key, outcome in (("1", "unknown_sender"), ("2", "received")):
            mail = KeptMail(key, f"<{key}@x>", "ai@y.example", "Biểu", NOW)
            one.begin_mail(mail, by="test", now=NOW, lease=timedelta(minutes=5))
            one.finish_mail(key, outcome, NOW)
        assert [found.key for found in one.stuck_messages(NOW)] == ["missed"]
        assert one.bounces(NOW) == [Bounce("lan@x.example", "5.2.2 full", NOW)]
        assert one.unmatched_mails(["unknown_sender"], NOW) == [UnmatchedMail("ai@y.example", "Biểu", NOW)]
        assert one.stuck_messages(LATER) == one.bounces(LATER) == one.unmatched_mails(["unknown_sender"], LATER) == []


def test_of_reports_only_the_newest_version_counts_and_only_while_it_is_undecided(ledger):
    rounds: dict[str, Round] = dict(bootstrap.office(bootstrap.settings({})).rounds)
    ids = [f"phuc-loi-2026/PL-5/2026-Q{number}" for number in (1, 2, 3)]
    with ledger.transaction() as one:
        for round_id in ids:
            one.open_round(rounds[round_id], [], NOW)
            first = one.add_report(round_id, CompiledReport("a", b"", b"", {}), FILE, FILE, {}, NOW)
            one.set_report_state(first.id, "returned", NOW, "lanhdao")
        second = one.add_report(ids[1], CompiledReport("b", b"", b"", {}), FILE, FILE, {}, LATER)
        third = one.add_report(ids[2], CompiledReport("b", b"", b"", {}), FILE, FILE, {}, LATER)
        one.set_report_state(third.id, "approved", LATER, "lanhdao")
        found = [(version.round_id, version.version, version.state) for version in one.undecided_reports()]
    assert found == [(ids[0], 1, "returned"), (ids[1], second.version, "draft")]
