"""Digests in a whole year: the oracle sees what is wrong with them, and the year under the scheduler has the same."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from dinhky.ledger.transaction import SqlTransaction
from dinhky.rounds import digests
from dinhky.rounds.kept_messages import Letter
from dinhky.service.year_comparison import differences
from dinhky.service.year_pace import paced
from dinhky.simulation.broken import Broken
from dinhky.simulation.playing import play
from dinhky.simulation.recording import RecordingChannel

FIRST, LAST = (datetime.fromisoformat(f"{day}T00:00+07:00") for day in ("2025-01-15", "2026-01-15"))
PLAN = "xuan-dam-2025"


@pytest.mark.parametrize("begin", ["digest-2025", "digest-operator-2025"])
def test_a_digest_that_is_never_queued(monkeypatch, broken_in, begin):
    queue = SqlTransaction.queue
    dropped: list[str] = []

    def forgetful(self, message, at, **more):
        if message.kind.startswith(begin) and (not dropped or message.key in dropped):
            dropped.append(message.key)
            return True
        return queue(self, message, at, **more)

    monkeypatch.setattr(SqlTransaction, "queue", forgetful)
    broken = broken_in(PLAN, 2)
    assert len(set(dropped)) == 1
    assert [(promise.what, promise.kind[:11]) for promise in broken] == [(Broken.NEVER_SENT, begin[:11])]


def test_a_digest_sent_twice(monkeypatch, broken_in):
    send = RecordingChannel.send

    def stammering(self, queued, files, now):
        if queued.message.kind.startswith("digest-2") and not any("digest-2" in one.message.kind for one in self.sent):
            send(self, queued, files, now)
        return send(self, queued, files, now)

    monkeypatch.setattr(RecordingChannel, "send", stammering)
    assert [promise.what for promise in broken_in(PLAN, 2)] == [Broken.SENT_TWICE]


def test_a_digest_every_morning(monkeypatch, kinds_broken_in):
    monkeypatch.setattr(digests, "is_to_be_told", lambda *_: True)
    assert kinds_broken_in(PLAN, 2) == {Broken.UNKNOWN_MESSAGE}


@pytest.mark.parametrize(
    "change",
    [
        lambda text: re.sub(r"quá hạn (\d+) ngày", lambda found: f"quá hạn {int(found[1]) + 1} ngày", text),
        lambda text: re.sub(r"Còn thiếu: [^;.]+", "Còn thiếu: Ban Xây dựng đảng", text),
    ],
    ids=["days", "names"],
)
def test_who_is_late_told_wrongly(kinds_broken_in, change):
    class OtherWords:
        def __init__(self, words):
            self._words = words

        def __getattr__(self, name):
            return getattr(self._words, name)

        def letter(self, name, /, **facts):
            letter = self._words.letter(name, **facts)
            is_digest = name == "digest_supervisor"
            return Letter(letter.subject, change(letter.body), letter.section) if is_digest else letter

    assert kinds_broken_in("chi-minh-2026", 2, spoil=lambda office: {"words": OtherWords(office.words)}) == {
        Broken.WRONG_NUMBER
    }


def test_a_year_under_the_scheduler_is_compared_by_its_digests_too(stage, plans):
    plan = plans[PLAN]
    with stage.office(plan) as office:
        behaviour = paced(stage.behaviour(plan, 1, with_outages=False), office.rounds, FIRST, LAST)
        played = play(office, plan, behaviour, stage.fill)
        assert differences(office, played, FIRST, LAST) == []
        mondays = [row for row in played.outbox if row["kind"].startswith("digest-2025")]
        played.outbox.remove(mondays[len(mondays) // 2])
        assert [(one.what, one.key.split("|")[0]) for one in differences(office, played, FIRST, LAST)] == [
            ("extra", "digest")
        ]
