"""A played year as the oracle looks at it: what is true of it, what was sent, and what each promise may ask of both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.local_time import at, local
from dinhky.domain.plan import Unit
from dinhky.domain.schedule import Round
from dinhky.simulation import wording_truth as words
from dinhky.simulation.behaviour import Outage
from dinhky.simulation.broken import Broken, BrokenPromise, Key, broken, key_of
from dinhky.simulation.played import Played
from dinhky.simulation.recording import Sent
from dinhky.simulation.truth import Truth

OFFICE_OPENS, OFFICE_CLOSES = time(7, 30), time(17, 0)
HALF_HOUR, MINUTE = timedelta(minutes=30), timedelta(minutes=1)
A_WHILE = timedelta(minutes=70)
"""Longer than the dispatcher ever waits before it tries again: if all works as long as that, everything has gone."""


class YearPlayed:
    """The year, the truth about it, and its messages. `wanted` grows: the keys of all messages that may be there."""

    def __init__(self, played: Played, calendar: WorkingCalendar, reading: dict[str, Any]) -> None:
        self.played = played
        self.plan = played.plan
        self.calendar = calendar
        self.reading = reading
        self.truth = Truth(played, calendar)
        self.down = played.behaviour.outages
        self.mail_down = (*played.behaviour.outages, *played.behaviour.mail_outages)
        self.by_kind: dict[Key, list[Sent]] = {}
        for sent in played.sent:
            self.by_kind.setdefault(key_of(sent, self.plan.id), []).append(sent)
        self.wanted: set[Key] = set()

    def up_from(self, moment: datetime) -> datetime:
        """The first moment from then on at which the system was up."""
        while outage := next((one for one in self.down if one.covers(moment)), None):
            moment = outage.end
        return moment

    def must_go(
        self, about: str, kind: str, unit: Unit, decided: datetime, end: datetime, *, owing: Round | None
    ) -> Iterator[BrokenPromise]:
        """To every address of the unit, once; a reminder only if the unit still owes when it certainly has gone."""
        for address in addresses(unit):
            key = (about, kind, unit.code, address)
            self.wanted.add(key)
            gone = self.certainly_gone(decided, end, is_mail="@" in address)
            if gone and self.truth.was_decided_about(about, unit.code, decided + timedelta(seconds=1), gone):
                continue  # what was queued for it may have been taken back
            if gone and (owing is None or self.truth.owes(owing.id, unit.code, gone)):
                yield from self.gone_by(gone, key, decided)

    def gone_by(self, gone: datetime, key: Key, decided: datetime) -> Iterator[BrokenPromise]:
        """What was decided then is there, and went out by the moment `gone`."""
        if key not in self.by_kind:
            yield BrokenPromise(Broken.NEVER_SENT, key[0], key[2], key[1], decided)
        elif self.by_kind[key][0].at > gone:
            yield broken(Broken.WRONG_DATE, self.by_kind[key][0], key, "", str(gone))

    def ticks(self, begin: datetime, end: datetime) -> Iterator[datetime]:
        """The half hours in office hours at which the system was up."""
        here = local(begin)
        moment = here.replace(minute=here.minute // 30 * 30, second=0, microsecond=0)
        while moment < begin:
            moment += HALF_HOUR
        while moment < end:
            if not self.in_office_hours(moment) or moment.time() > time(16, 30):
                day = moment.date() + timedelta(days=moment.time() >= OFFICE_OPENS)
                moment = at(self.calendar.on_or_after(day), OFFICE_OPENS)
                continue
            if not any_covers(self.down, moment):
                yield moment
            moment += HALF_HOUR

    def certainly_gone(self, decided: datetime, end: datetime, *, is_mail: bool = True) -> datetime | None:
        """The moment by which a message decided then must have left, if there was time for it before `end`."""
        outages = self.mail_down if is_mail else self.down
        if self.in_office_hours(decided) and not any_meets(outages, decided, decided + 2 * MINUTE):
            gone = decided + 2 * MINUTE
            if self.in_office_hours(gone):
                return gone if gone < end else None
        for moment in _half_hours(decided, end):
            whole = self.in_office_hours(moment) and self.in_office_hours(moment + A_WHILE)
            if whole and not any_meets(outages, moment - MINUTE, moment + A_WHILE):
                return moment + A_WHILE if moment + A_WHILE < end else None
        return None

    def in_office_hours(self, moment: datetime) -> bool:
        here = local(moment)
        return OFFICE_OPENS <= here.time() < OFFICE_CLOSES and self.calendar.is_working_day(here.date())

    def once_to(self, about: str, kind: str, address: str, moment: datetime, unit: str = "") -> Iterator[BrokenPromise]:
        self.wanted.add((about, kind, unit, address))
        if (about, kind, unit, address) not in self.by_kind:
            yield BrokenPromise(Broken.NEVER_SENT, about, unit, kind, moment)

    def said(self, round_id: str, kind: str) -> list[Sent]:
        """The messages of one kind about a round."""
        return [sent for sent in self.played.sent if (sent.message.round_id, sent.message.kind) == (round_id, kind)]

    def read(self, sent: Sent, pairs: Iterable[tuple[Any, Any]]) -> Iterator[BrokenPromise]:
        """What of a text is not as it should be."""
        for found, expected in pairs:
            if found != expected:
                key = key_of(sent, self.plan.id)
                yield broken(Broken.WRONG_NUMBER, sent, key, str(found), str(expected))

    def codes_of(self, round_: Round, moment: datetime) -> words.Codes:
        """What finds units by a name they had at any time between the round's opening and its due date, or `moment`."""
        first = local(self.played.opened.get(round_.id, round_.opens)).date()
        last = max(local(moment).date(), local(round_.due).date())
        found: dict[str, str] = {}
        for unit in (*self.plan.jurors, *self.plan.units):
            days = [first, last, *(past.until for past in unit.former_names if first <= past.until <= last)]
            found |= {unit.name_on(day): unit.code for day in days}
        for code in round_.asked:
            found |= {self.plan.unit(code).name_on(day): code for day in (first, last)}
        return lambda name: found.get(name, name)

    def approver(self, round_: Round) -> str:
        return (self.plan.obligation(round_.ref).approver or self.plan.approver).email

    def exists(self, code: str, day: date) -> bool:
        unit = next((unit for unit in (*self.plan.units, *self.plan.jurors) if unit.code == code), None)
        return unit is not None and (unit.since or day) <= day <= (unit.until or day)


def addresses(unit: Unit) -> list[str]:
    """Where a unit is written to: every contact by email, and by chat where there is one."""
    return [address for contact in unit.contacts for address in (contact.email, contact.chat) if address]


def any_covers(outages: Iterable[Outage], moment: datetime) -> bool:
    """Whether something was down at that moment."""
    return any(outage.start <= moment < outage.end for outage in outages)


def any_meets(outages: Iterable[Outage], begin: datetime, end: datetime) -> bool:
    """Whether something was down at any time of that span."""
    return any(outage.start < end and begin < outage.end for outage in outages)


def _half_hours(begin: datetime, end: datetime) -> Iterator[datetime]:
    while begin < end:
        yield begin
        begin += HALF_HOUR
