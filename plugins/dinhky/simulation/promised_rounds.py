"""Rounds: the dates the plan says, opened when they must be, and who is reported to the supervisor for them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from dinhky.domain.local_time import at, local
from dinhky.domain.schedule import Round
from dinhky.simulation.broken import Broken, BrokenPromise, broken
from dinhky.simulation.dates_truth import TrueDates, true_year
from dinhky.simulation.year_played import OFFICE_OPENS, YearPlayed


class Rounds:
    """What is promised of rounds."""

    def __init__(self, year: YearPlayed) -> None:
        self._year = year
        self._truth = year.truth
        self._plan = year.plan
        self._played = year.played
        self._calendar = year.calendar

    def broken(self) -> Iterator[BrokenPromise]:
        """Every promise of these that was not kept."""
        yield from self._dates()
        yield from self._openings()
        for round_ in self._played.rounds.values():
            if round_.id in self._played.opened and not round_.cancelled:
                yield from self._round(round_)

    def _dates(self) -> Iterator[BrokenPromise]:
        """Every round that the plan's year must have, no other, each with the dates that the plan says."""
        true = true_year(self._plan, self._calendar)
        rounds = self._played.rounds
        for round_id in sorted(set(true) ^ set(rounds)):
            yield BrokenPromise(Broken.WRONG_DATE, round_id, kind="round", found=str(round_id in rounds))
        for round_id in set(true) & set(rounds):
            for what, found, expected in _compared(rounds[round_id], true[round_id]):
                if found != expected:
                    kind = f"round: {what}"
                    yield BrokenPromise(
                        Broken.WRONG_DATE, round_id, kind=kind, found=str(found), expected=str(expected)
                    )

    def _openings(self) -> Iterator[BrokenPromise]:
        """Every round that was not over when the system was first up after its opening moment is opened."""
        for round_ in self._played.rounds.values():
            first = self._year.up_from(round_.opens)
            is_over = first > round_.locks
            if not round_.phase and not is_over and self._played.opened.get(round_.id) != first:
                found = str(self._played.opened.get(round_.id, ""))
                yield BrokenPromise(Broken.NEVER_SENT, round_.id, kind="round", at=first, found=found)

    def _round(self, round_: Round) -> Iterator[BrokenPromise]:
        opened = self._played.opened[round_.id]
        if opened > round_.locks:
            return  # history: nobody is written to about it
        for code in round_.asked:
            until = self._truth.takes_until(round_)
            yield from self._year.must_go(round_.id, "opening", self._plan.unit(code), opened, until, owing=None)
        yield from self._escalation(round_)

    def _escalation(self, round_: Round) -> Iterator[BrokenPromise]:
        key = (round_.id, "escalation", "", self._year.approver(round_))
        if self._truth.is_invitation(round_.id):
            return
        self._year.wanted.add(key)
        until = self._truth.takes_until(round_)
        begin = at(self._calendar.on_or_after(local(round_.unit_due).date() + timedelta(days=1)), OFFICE_OPENS)
        for decided in self._year.ticks(max(begin, self._played.opened[round_.id]), until):
            if self._truth.owing(round_.id, decided):
                gone = self._year.certainly_gone(decided, until)
                is_disturbed = gone and self._truth.was_decided_about(round_.id, "", decided, gone)
                if gone and not is_disturbed and self._truth.owing(round_.id, gone):
                    yield from self._year.gone_by(gone, key, decided)
                break
        for sent in self._year.by_kind.get(key, ()):
            if sent.at < begin:
                yield broken(Broken.WRONG_DATE, sent, key, "", str(begin))


def _compared(round_: Round, true: TrueDates) -> Iterator[tuple[str, Any, Any]]:
    yield "window", (round_.window.start, round_.window.end), true.window
    yield "opens", round_.opens, true.opens
    yield "units due", round_.unit_due, true.unit_due
    yield "due", round_.due, true.due
    yield "locks", round_.locks, true.locks
    yield "units", round_.units, true.units
    yield "cancelled", bool(round_.cancelled), true.is_cancelled
    yield "count", round_.count, true.duty.count
    if true.duty.compiled_from or (true.duty.contest and not true.duty.phase):
        yield "asked", round_.asked, ()
    elif true.duty.rota:
        yield "asked", set(round_.asked) <= set(true.units), True
    else:
        yield "asked", round_.asked, true.units
