"""Reminders: every step of a unit's ladder told in its time, or by the week's last letter before; never too often."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from dinhky.domain.local_time import at, local
from dinhky.domain.plan import Unit
from dinhky.domain.schedule import Round
from dinhky.simulation.behaviour import Ruling
from dinhky.simulation.broken import Broken, BrokenPromise
from dinhky.simulation.ladder_truth import (
    SECOND,
    is_overdue,
    ladder_of,
    overdue_ladder_of,
    reminds_of_extension,
)
from dinhky.simulation.letters_truth import Letters
from dinhky.simulation.year_played import OFFICE_OPENS, YearPlayed, addresses


@dataclass(frozen=True)
class _Wanted:
    """A unit is to be reminded of a round by `step` from `begin` to `end`; heard of it `since` is heard of it."""

    round: Round
    unit: Unit
    step: str
    begin: datetime
    end: datetime
    since: datetime


class Reminders:
    """What is promised to the units that owe something."""

    def __init__(self, year: YearPlayed) -> None:
        self._year = year
        self._truth = year.truth
        self._calendar = year.calendar
        self._letters = Letters(year.played.sent)

    def broken(self) -> Iterator[BrokenPromise]:
        """Every promise of these that was not kept."""
        for round_ in self._year.played.rounds.values():
            opened = self._year.played.opened.get(round_.id)
            if opened is None or round_.cancelled or opened > round_.locks:
                continue
            for code in round_.asked:
                for wanted in self._all_wanted(round_, self._year.plan.unit(code)):
                    yield from self._told(wanted, opened)
        yield from self._too_many()

    def _too_many(self) -> Iterator[BrokenPromise]:
        for (unit, address), letter, count, is_of_a_day in self._letters.too_many():
            message = letter.sent[0].message
            what = Broken.TOO_MANY_A_DAY if is_of_a_day else Broken.TOO_MANY_A_WEEK
            found = f"{count}: {address}"
            yield BrokenPromise(what, message.round_id or "", unit, message.kind, letter.at, found)

    def _all_wanted(self, round_: Round, unit: Unit) -> Iterator[_Wanted]:
        for step, begin, end in ladder_of(round_, self._calendar):
            yield _Wanted(round_, unit, step, begin, end, begin)
        for step, begin, end in overdue_ladder_of(round_, self._calendar):
            until = self._truth.extended(round_.id, unit.code, begin)
            longer = until if until and until > round_.locks else None
            if begin <= (longer or round_.locks) and not (longer and begin >= self._end_told(longer)):
                yield _Wanted(round_, unit, step, begin, min(end, (longer or round_.locks) + SECOND), begin)
        yield from self._late_in_a_contest(round_, unit)
        yield from self._longer(round_, unit)
        yield from self._mending(round_, unit)

    def _end_told(self, until: datetime) -> datetime:
        return reminds_of_extension(until, self._calendar)

    def _late_in_a_contest(self, round_: Round, unit: Unit) -> Iterator[_Wanted]:
        """Those without whom a contest cannot go on are waited for after the lock, and told so once."""
        until = self._truth.takes_until(round_)
        if until > round_.locks:
            begin = at(self._calendar.on_or_after(local(round_.locks).date() + timedelta(days=1)), OFFICE_OPENS)
            yield _Wanted(round_, unit, "overdue", begin, until, begin)

    def _longer(self, round_: Round, unit: Unit) -> Iterator[_Wanted]:
        """A unit that was given longer is reminded on the working day before that ends, if it still owes."""
        for verdict in self._truth.verdicts:
            acted, act = verdict.acted, verdict.acted.act
            is_it = verdict.is_new and (act.round_id, act.unit) == (round_.id, unit.code)
            if not is_it or act.ruling is not Ruling.EXTEND or act.until is None:
                continue
            begin = self._end_told(act.until)
            self._want(round_, unit, "extended")
            if acted.at < begin:  # else it was told so just then
                begin = max(begin, round_.unit_due + SECOND)
                yield _Wanted(round_, unit, "extended", begin, act.until, begin)

    def _mending(self, round_: Round, unit: Unit) -> Iterator[_Wanted]:
        """A unit whose file was sent back, and that did nothing since, hears of it, unless it hears of the round so."""
        self._want(round_, unit, "mend")
        self._want(round_, unit, "mend-overdue")
        days = round_.reminders.after_return
        for returned, again in self._truth.returned(round_.id, unit.code) if days else ():
            begin = at(self._calendar.shift(local(returned).date(), days), OFFICE_OPENS)
            closes = self._truth.closes(round_.id, unit.code, begin)
            end = min(again, closes + SECOND)
            if begin < end:
                yield _Wanted(round_, unit, "mend", begin, end, returned)

    def _want(self, round_: Round, unit: Unit, step: str) -> None:
        self._year.wanted |= {(round_.id, step, unit.code, address) for address in addresses(unit)}

    def _told(self, wanted: _Wanted, opened: datetime) -> Iterator[BrokenPromise]:
        self._want(wanted.round, wanted.unit, wanted.step)
        for address in addresses(wanted.unit):
            found = self._missing(wanted, address, opened)
            if found:
                at_last = self._year.by_kind.get((wanted.round.id, wanted.step, wanted.unit.code, address), ())
                late = str(at_last[0].at) if at_last else ""
                what = Broken.WRONG_DATE if late else Broken.NEVER_SENT
                yield BrokenPromise(what, wanted.round.id, wanted.unit.code, wanted.step, found, late, str(found))

    def _missing(self, wanted: _Wanted, address: str, opened: datetime) -> datetime | None:
        """When the address ought to have heard of it and did not.

        What must be told is decided at the first moment at which the unit owes it and may be written to.
        """
        round_id, code = wanted.round.id, wanted.unit.code
        for decided in self._year.ticks(max(wanted.begin, opened), wanted.end):
            if not self._owes_since(wanted, decided):
                continue
            overdue = decided > wanted.round.unit_due
            letter = self._letters.forbidding(code, address, decided, overdue=overdue)
            if letter is None:
                gone = self._year.certainly_gone(decided, wanted.end, is_mail="@" in address)
                begun = wanted.begin if is_overdue(wanted.step) else decided + SECOND
                is_disturbed = gone and self._truth.was_decided_about(round_id, code, begun, gone)
                if gone and not is_disturbed and self._owes_since(wanted, gone):
                    return self._unheard(wanted, address, decided, gone)
                return None
            is_known = opened <= letter.at and self._owes_since(wanted, letter.at)
            if is_known and (letter.at >= wanted.begin or not overdue):
                return self._unheard(wanted, address, decided, decided)
        return None

    def _owes_since(self, wanted: _Wanted, moment: datetime) -> bool:
        """Whether the unit owed it then; of a file that was sent back, all the time since."""
        round_id, code = wanted.round.id, wanted.unit.code
        if not self._truth.owes(round_id, code, moment) or (wanted.step == "mend" and moment <= wanted.since):
            return False
        between = [one.received for one in self._year.played.arrivals if wanted.since < one.received < moment]
        return wanted.step != "mend" or all(self._truth.owes(round_id, code, one) for one in between)

    def _unheard(self, wanted: _Wanted, address: str, decided: datetime, by: datetime) -> datetime | None:
        """None if the address was told of the round in time: since the step was due, or in the same week before by a
        letter that told the whole week; else when it was decided."""
        monday = local(decided).date() - timedelta(days=local(decided).weekday())
        for letter in self._letters.of(wanted.unit.code, address):
            is_ahead = letter.week == monday and self._letters.is_week_told(wanted.unit.code, letter.at)
            in_time = letter.at <= by and (letter.at >= wanted.since or is_ahead)
            if in_time and letter.tells_of(wanted.round.id):
                return None
        return decided
