"""The reader may die between any two steps: each mail is received once, answered once, and ends where it belongs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from a_mailbox import Box, Died, Post, letter

NOW = datetime.fromisoformat("2026-03-12T09:00+07:00")
LATER = timedelta(minutes=10)
"""Past the lease of a dead reader."""
ROUND = "phuc-loi-2026/PL-5/2026-Q1"


class DyingLedger:
    """A ledger whose process may end before a transaction, before its end (nothing is kept), or after it."""

    def __init__(self, ledger: Any, before: Callable[[str], None]) -> None:
        self._ledger = ledger
        self._before = before

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        self._before("transaction")
        with self._ledger.transaction() as transaction:
            yield transaction
            self._before("commit")
        self._before("committed")

    @contextmanager
    def snapshot(self) -> Iterator[Any]:
        self._before("look")
        with self._ledger.snapshot() as transaction:
            yield transaction


@dataclass
class Fate:
    """Ends the process at the step of this number; None: never."""

    deadly: int | None
    step: int = 0

    def __call__(self, name: str) -> None:
        self.step += 1
        if self.step == self.deadly:
            raise Died(f"{name}, step {self.step}")


def mails(sample: dict) -> dict[str, bytes]:
    """One of each fate, from different people, so that the order is the only thing they share."""
    good, wrong = sample["vp"][-1].data, sample["kthtdt"][0].data
    others = sample["vhxh"][0].data
    made = {
        "two files for one round": letter("vanphong@phucloi.example", ("sai.xlsx", others), ("b.xlsx", good)),
        "wrong": letter("kthtdt@phucloi.example", ("b.xlsx", wrong), message_id="<2@x.example>"),
        "the same wrong one again": letter("kthtdt@phucloi.example", ("b.xlsx", wrong), message_id="<3@x.example>"),
        "no file": letter("mttq@phucloi.example", message_id="<4@x.example>"),
        "a stranger": letter("la@evil.example", message_id="<5@x.example>"),
        "a machine": letter("vhtttt@phucloi.example", message_id="<6@x.example>", Auto_Submitted="auto-replied"),
        "no such kind": letter("pvhcc@phucloi.example", ("b.pdf", b"%PDF-1.7"), message_id="<7@x.example>"),
    }
    return {name: mail.as_bytes() for name, mail in made.items()}


def play(commune: Any, deadly: int | None, chosen: list[bytes]) -> tuple[Post, int]:
    """Read the mails with a reader that dies at one step, and then with one that does not."""
    fate = Fate(deadly)
    box = Box(before=fate)
    for mail in chosen:
        box.add(mail, NOW)
    post = Post(commune.using(ledger=DyingLedger(commune.office.ledger, fate)), box)
    try:
        post.read(NOW, by="the first")
    except Died:
        fate.deadly = None
        post.read(NOW + LATER, by="the second")
    return Post(commune, box), fate.step


def outcome(post: Post) -> dict[str, Any]:
    """What must be the same whatever moment the first reader died at."""
    with post.commune.office.ledger.snapshot() as ledger:
        submissions = [(one.unit, one.number, one.sha256, one.state) for one in ledger.submissions(ROUND)]
    return {
        "submissions": sorted(submissions),
        "answers": sorted((row["address"], row["kind"], row["subject"], row["in_reply_to"]) for row in post.answers()),
        "folders": {name: sorted(mails) for name, mails in post.box.folders.items()},
        "waiting": list(post.box.inbox),
        "states": [(unit, post.commune.assignment(unit).state) for unit in ("vp", "kthtdt", "pvhcc")],
    }


NAMES = (
    "two files for one round",
    "wrong",
    "the same wrong one again",
    "no file",
    "a stranger",
    "a machine",
    "no such kind",
)


def test_without_a_death_every_mail_has_its_answer(another_commune, sample):
    post, _ = play(another_commune(), None, list(mails(sample).values()))
    assert tuple(mails(sample)) == NAMES
    found = outcome(post)
    assert [(unit, number, state) for unit, number, _, state in found["submissions"]] == [
        ("kthtdt", 1, "returned"),
        ("vp", 1, "returned"),
        ("vp", 2, "accepted"),
    ]
    assert sorted(thread for _, _, _, thread in found["answers"]) == [
        *("<1@phucloi.example>", "<1@phucloi.example>", "<2@x.example>", "<3@x.example>", "<4@x.example>"),
        *("<5@x.example>", "<7@x.example>"),
    ]
    assert {name: len(kept) for name, kept in found["folders"].items()} == {"Done": 4, "Refused": 2, "Ignored": 1}
    assert found["waiting"] == []


@pytest.mark.parametrize("name", [name for name in NAMES if name != "wrong"])  # it is in the next one
def test_the_reader_may_die_at_any_step_of_a_mail(another_commune, sample, name):
    mail = mails(sample)[name]
    first = [mails(sample)["wrong"]] if name == "the same wrong one again" else []
    _, before = play(another_commune(), None, first)
    expected, steps = play(another_commune(), None, [*first, mail])
    assert steps - before >= 5
    for deadly in range(before, steps + 1):
        post, _ = play(another_commune(), deadly, [*first, mail])
        assert outcome(post) == outcome(expected), f"died at step {deadly} of {steps}"


def test_the_reader_may_die_twice_and_more_often(another_commune, sample):
    """Every run dies a few steps further on than the one before it did."""
    commune, chosen = another_commune(), list(mails(sample).values())
    fate = Fate(None)
    box = Box(before=fate)
    for mail in chosen:
        box.add(mail, NOW)
    post = Post(commune.using(ledger=DyingLedger(commune.office.ledger, fate)), box)
    deaths = 0
    while box.inbox:
        fate.step, fate.deadly = 0, 5 + deaths
        try:
            post.read(NOW + LATER * deaths, by=f"reader {deaths}")
        except Died:
            deaths += 1
    assert deaths > 10
    undisturbed, _ = play(another_commune(), None, chosen)
    assert outcome(Post(commune, box)) == outcome(undisturbed)
