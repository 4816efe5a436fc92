"""How quotas, milestones and standing duties ended, and what was told of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from dinhky.domain.contest import PhaseKind
from dinhky.domain.local_time import local
from dinhky.domain.plan import Kind
from dinhky.domain.schedule import Round
from dinhky.domain.standing import standing_duties
from dinhky.simulation import wording_truth as words
from dinhky.simulation.broken import Broken, BrokenPromise
from dinhky.simulation.year_played import YearPlayed, addresses


class Endings:
    """What is promised of how rounds end."""

    def __init__(self, year: YearPlayed) -> None:
        self._year = year
        self._truth = year.truth
        self._plan = year.plan
        self._played = year.played

    def broken(self) -> Iterator[BrokenPromise]:
        """Every promise of these that was not kept."""
        yield from self._endings()

    def _endings(self) -> Iterator[BrokenPromise]:
        """The tally of every quota, the products of every milestone, the standing duties of every period."""
        for closed in self._played.closed:
            round_id, _, standing = closed.round_id.partition("/standing")
            round_ = self._played.rounds[round_id]
            if standing or closed.round_id.endswith("/standing"):
                yield from self._standing(round_, closed.at)
            elif round_.phase is PhaseKind.SENT_ON:
                continue
            elif round_.kind is Kind.MILESTONE:
                yield from self._year.once_to(round_id, "products", self._year.approver(round_), closed.at)
                yield from self._products(round_, closed.at)
            elif round_.kind is Kind.POSTS:
                yield from self._tally(round_, closed.at)
        for round_id in self._played.opened:
            round_ = self._played.rounds[round_id]
            is_closed = any(closed.round_id == round_id for closed in self._played.closed)
            if round_.phase and (not round_.asked or self._truth.owing(round_id, self._truth.takes_until(round_))):
                continue  # it waited in vain
            if round_.kind in {Kind.POSTS, Kind.MILESTONE} and not round_.cancelled and not is_closed:
                yield BrokenPromise(Broken.NEVER_SENT, round_id, kind="tally")

    def _standing(self, round_: Round, moment: datetime) -> Iterator[BrokenPromise]:
        """What the approver is told of standing duties; nothing in a period without any."""
        duties = standing_duties(self._plan, round_.window)
        if not duties:
            return
        yield from self._year.once_to(round_.id, "standing", self._year.approver(round_), moment)
        places: Counter[str] = Counter()
        expected = []
        for duty in duties:
            for unit in duty.units:
                text = self._truth.told_about_standing(round_, unit, places[unit], moment)
                is_excused = self._truth.is_let_off(round_.id, unit, moment)
                expected.append((duty.ref, unit, words.EXCUSED if is_excused else text))
                places[unit] += 1
        codes = self._year.codes_of(round_, moment)
        for sent in self._year.said(round_.id, "standing"):
            yield from self._year.read(
                sent, words.of_standing(sent.message.subject, sent.message.body, expected, codes)
            )

    def _products(self, round_: Round, moment: datetime) -> Iterator[BrokenPromise]:
        proved, missing = [], []
        for unit in self._truth.asked(round_.id):
            files = self._truth.accepted(round_.id, unit, moment)
            if not files:
                missing += [unit] if self._truth.owes(round_.id, unit, moment) else []
                continue
            is_late = self._truth.is_late(round_.id, unit, moment)
            proved += [(unit, row["title"], is_late) for row in files[-1].delivery.rows.get("evidence", ())]
        codes = self._year.codes_of(round_, moment)
        for sent in self._year.said(round_.id, "products"):
            yield from self._year.read(sent, words.of_products(sent.message.body, proved, missing, codes))

    def _tally(self, round_: Round, moment: datetime) -> Iterator[BrokenPromise]:
        true = self._truth.tally(round_.id, moment)
        if any(moment <= self._truth.closes(round_.id, unit, moment) for unit in self._truth.owing(round_.id, moment)):
            yield BrokenPromise(Broken.WRONG_NUMBER, round_.id, kind="tally", at=moment, found="too early")
        yield from self._year.once_to(round_.id, "tally", self._year.approver(round_), moment)
        for code in self._plan.existing(self._plan.obligation(round_.ref).lead, local(moment).date()):
            for address in addresses(self._plan.unit(code)):
                yield from self._year.once_to(round_.id, "tally", address, moment, code)
        for sent in self._played.sent:
            message = sent.message
            if message.round_id != round_.id or message.kind != "tally":
                continue
            progress = re.search(self._year.reading["tally"], message.subject)
            counted = re.search(self._year.reading["counted"], message.body)
            codes = self._year.codes_of(round_, moment)
            yield from self._year.read(sent, words.of_units(message.body, true, codes))
            found = (progress and progress[1], counted and int(counted[1]))
            if found != (true.progress, true.counted):
                yield BrokenPromise(
                    Broken.WRONG_NUMBER,
                    round_.id,
                    kind="tally",
                    at=sent.at,
                    found=str(found),
                    expected=str((true.progress, true.counted)),
                )
