"""Files and officers' decisions: the verdict each deserved, and the answer that tells of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from dinhky.domain.contest import SCORED, PhaseKind
from dinhky.domain.local_time import local
from dinhky.domain.plan import Kind
from dinhky.simulation import wording_truth as words
from dinhky.simulation.acting import Acted
from dinhky.simulation.behaviour import Act, Ruling
from dinhky.simulation.broken import Broken, BrokenPromise
from dinhky.simulation.played import Arrival
from dinhky.simulation.wording_truth import weekday_and_day
from dinhky.simulation.year_played import MINUTE, YearPlayed, addresses, any_covers

A_WEEK = timedelta(days=7)
RULED = {
    Ruling.RETURN: "returned",
    Ruling.WAIVE: "waived",
    Ruling.UNWAIVE: "unwaived",
    Ruling.NIL: "nil",
    Ruling.EXTEND: "extended",
    Ruling.TAKE: "taken",
    Ruling.DECLINE: "declined",
}
"""What messages of a decision are called."""


class Answers:
    """What is promised to whoever sends a file, and to whom an officer decides about."""

    def __init__(self, year: YearPlayed) -> None:
        self._year = year
        self._truth = year.truth
        self._plan = year.plan
        self._played = year.played

    def broken(self) -> Iterator[BrokenPromise]:
        """Every promise of these that was not kept."""
        yield from self._files()
        yield from self._rulings()

    def _files(self) -> Iterator[BrokenPromise]:
        for answer in self._truth.answers:
            arrival, delivery = answer.arrival, answer.arrival.delivery
            found = arrival.receipt.verdict.value
            if (found, arrival.receipt.again) != (answer.verdict, answer.again and answer.verdict != "refused"):
                yield BrokenPromise(
                    Broken.WRONG_VERDICT,
                    delivery.round_id,
                    delivery.unit,
                    at=arrival.received,
                    found=f"{found} {arrival.receipt.again}",
                    expected=f"{answer.verdict} {answer.again}",
                )
            if answer.again:
                continue
            unit = self._plan.unit(delivery.unit)
            if answer.verdict == "accepted":
                for sent in self._year.said(delivery.round_id, f"accepted-{answer.number}"):
                    if sent.message.unit == unit.code:
                        yield from self._year.read(sent, self._counted_in(arrival, sent.message.body))
            for address in addresses(unit):
                if answer.verdict == "refused":
                    key = (self._plan.id, f"refused-{arrival.receipt.sha256[:16]}", unit.code, address)
                else:
                    key = (delivery.round_id, f"{answer.verdict}-{answer.number}", unit.code, address)
                self._year.wanted.add(key)
                if key not in self._year.by_kind:
                    yield BrokenPromise(Broken.NEVER_SENT, key[0], unit.code, key[1], arrival.received)
                elif not any_covers(self._year.mail_down, arrival.received + MINUTE):
                    gone = self._year.by_kind[key][0].at
                    if gone > arrival.received + 2 * MINUTE and "@" not in address:
                        yield BrokenPromise(Broken.NEVER_SENT, key[0], unit.code, key[1], arrival.received, str(gone))

    def _counted_in(self, arrival: Arrival, body: str) -> Iterator[tuple[Any, Any]]:
        """What the answer to a file that was accepted must say of it, and of the quota it counts for."""
        delivery = arrival.delivery
        round_ = self._played.rounds[delivery.round_id]
        if round_.kind is Kind.POSTS:
            sheets = ["posts"]
        elif round_.kind is Kind.REPORT:
            sheets = ["posts", "activities", "remarks"]
        else:
            sheets = {PhaseKind.ENTRIES: ["entries"]}.get(round_.phase, ["scores"] if round_.phase in SCORED else [])  # type: ignore[arg-type]
        yield from words.of_file(body, delivery.rows, sheets)
        is_alone = sum(one.received == arrival.received for one in self._played.arrivals) == 1
        if round_.kind is Kind.POSTS and is_alone:
            tally = self._truth.tally(round_.id, arrival.received)
            yield from words.of_part(body, tally, delivery.unit, whole_too=False)

    def _rulings(self) -> Iterator[BrokenPromise]:
        """A decision that makes no sense is refused, one that was taken is not taken again; the unit is told of it."""
        for verdict in self._truth.verdicts:
            acted, act = verdict.acted, verdict.acted.act
            found, expected = (bool(acted.refused), acted.is_new), (verdict.is_refused, verdict.is_new)
            if found != expected:
                yield BrokenPromise(
                    Broken.WRONG_VERDICT,
                    act.round_id,
                    act.unit,
                    act.ruling.value,
                    acted.at,
                    f"{acted.refused} {acted.is_new}",
                    str(expected),
                )
            if verdict.is_new and self._year.exists(act.unit, local(acted.at).date()):
                unit = self._plan.unit(act.unit)
                kind = f"decision-{verdict.number}-{RULED[act.ruling]}"
                yield from self._year.must_go(act.round_id, kind, unit, acted.at, acted.at + A_WEEK, owing=None)
                yield from self._words_of_ruling(act, kind)
            if verdict.is_new and act.ruling is Ruling.TAKE:
                yield from self._told_again(acted)

    def _words_of_ruling(self, act: Act, kind: str) -> Iterator[BrokenPromise]:
        """A unit that is given longer reads until when."""
        if act.until is None:
            return
        hour = (f"{local(act.until):%H:%M}", weekday_and_day(act.until, self._year.reading["weekdays"]))
        for sent in self._year.said(act.round_id, kind):
            if sent.message.unit == act.unit:
                yield from self._year.read(sent, [(words.HOUR.findall(sent.message.subject), [hour])])

    def _told_again(self, acted: Acted) -> Iterator[BrokenPromise]:
        """How a round ended is told once more if a late file was taken after it was told."""
        round_ = self._played.rounds[acted.act.round_id]
        if round_.kind is Kind.REPORT:
            return
        taken = [
            one.acted.at
            for one in self._truth.verdicts
            if one.is_new and (one.acted.act.round_id, one.acted.act.ruling) == (round_.id, Ruling.TAKE)
        ]
        told = [closed.at for closed in self._played.closed if closed.round_id == round_.id]
        after = [at for at in taken if told and at > told[0]]
        if acted.at not in after:
            return
        kind = f"{'tally' if round_.kind is Kind.POSTS else 'products'}-again-{after.index(acted.at) + 1}"
        yield from self._year.once_to(round_.id, kind, self._year.approver(round_), acted.at)
        if round_.kind is Kind.POSTS:
            for code in self._plan.existing(self._plan.obligation(round_.ref).lead, local(acted.at).date()):
                for address in addresses(self._plan.unit(code)):
                    yield from self._year.once_to(round_.id, kind, address, acted.at, code)
