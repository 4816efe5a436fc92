"""Digests: to each supervisor on the first working day of the week and before each due date that somebody has still to
keep, to the operator every morning on which there is something; each once, on its day, and true.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta

from dinhky.domain.local_time import at, local
from dinhky.domain.plan import Kind
from dinhky.domain.schedule import Round
from dinhky.simulation.broken import BrokenPromise, Key
from dinhky.simulation.recording import Sent
from dinhky.simulation.year_played import YearPlayed, any_covers

MORNING_BEGINS, MORNING_ENDS = time(8), time(12)
OFFICE_CLOSES = time(17)
HALF_HOUR, ONE_DAY, TWO_WEEKS = timedelta(minutes=30), timedelta(days=1), timedelta(days=14)
DATED = {"due", "unit_due", "opens", "locks", "window", "cadence"}
LATE = re.compile(r"^- (.+): quá hạn (\d+) ngày làm việc \(hạn .*?\)\. .*Còn thiếu: (.+)\.$", re.MULTILINE)
GIVEN_LONGER = re.compile(r" \(được gia hạn đến [^)]*\)")


class Digests:
    """What is promised of digests."""

    def __init__(self, year: YearPlayed) -> None:
        self._year = year
        self._truth = year.truth
        self._plan = year.plan
        self._played = year.played
        self._calendar = year.calendar
        self._rounds = [
            round_ for round_ in self._played.rounds.values() if round_.phase or round_.kind is not Kind.CONTEST
        ]
        self._told: dict[str, set[date]] = {}
        for row in self._played.outbox:
            if row["kind"].startswith("digest-") and row["state"] in {"sent", "cancelled"}:
                self._told.setdefault(row["address"], set()).add(date.fromisoformat(row["kind"][-10:]))

    def broken(self) -> Iterator[BrokenPromise]:
        """Every promise of these that was not kept."""
        approvers = {self._year.approver(round_) for round_ in self._rounds}
        day, last = self._first_day(), local(max(round_.locks for round_ in self._rounds)).date()
        while day <= last:
            if self._calendar.is_working_day(day) and (morning := self._morning(day)):
                for email in sorted(approvers):
                    yield from self._to_supervisor(email, day, morning)
                yield from self._to_operator(day, morning)
            day += ONE_DAY
        for sent in self._played.sent:
            if sent.message.kind.startswith("digest-"):
                yield from self._sent(sent, approvers)

    def _first_day(self) -> date:
        return local(min(round_.opens for round_ in self._rounds)).date()

    def _morning(self, day: date) -> datetime | None:
        """The first look of the day: none, if the system was down all morning."""
        moment = at(day, MORNING_BEGINS)
        while any_covers(self._year.down, moment):
            moment += HALF_HOUR
        return moment if moment < at(day, MORNING_ENDS) else None

    # To supervisors

    def _to_supervisor(self, email: str, day: date, morning: datetime) -> Iterator[BrokenPromise]:
        gone = self._year.certainly_gone(morning, at(day, OFFICE_CLOSES))
        if gone is None:
            return
        at_both = self._occasions(email, day, morning) & self._occasions(email, day, gone)
        if at_both and not self._was_told(email, max(at_both), day):
            yield from self._year.gone_by(gone, (self._plan.id, f"digest-{day}", "", email), morning)

    def _occasions(self, email: str, day: date, moment: datetime) -> set[date]:
        """The days, up to this one, on which there was certainly something to tell that is still so at the moment."""
        found = set()
        for round_ in self._rounds:
            opened = self._played.opened.get(round_.id)
            is_there = opened and opened <= moment - HALF_HOUR and not round_.cancelled and opened <= round_.locks
            if not is_there or self._year.approver(round_) != email or moment > self._truth.takes_until(round_):
                continue
            opens = local(round_.opens).date()
            days = {self._week_of(day), *(self._eve(due) for due in self._to_be_kept(round_, moment) if due >= day)}
            found |= {one for one in days if opens <= one <= day}
        return found

    def _to_be_kept(self, round_: Round, moment: datetime) -> Iterator[date]:
        if self._truth.owing(round_.id, moment):
            yield local(round_.unit_due).date()
        if round_.kind is Kind.REPORT:
            sent = [at for round_id, at, _ in self._played.reports_sent if round_id == round_.id]
            if not sent or moment < min(sent):
                yield local(round_.due).date()

    def _was_told(self, email: str, since: date, before: date) -> bool:
        return any(since <= day < before for day in self._told.get(email, ()))

    def _week_of(self, day: date) -> date:
        """The first day worked in the week of that day."""
        monday = day - timedelta(days=day.weekday())
        week = (monday + timedelta(days=number) for number in range(7))
        return next(one for one in week if self._calendar.is_working_day(one))

    def _eve(self, due: date) -> date:
        """The last day worked before it."""
        due -= ONE_DAY
        while not self._calendar.is_working_day(due):
            due -= ONE_DAY
        return due

    # To the operator

    def _to_operator(self, day: date, morning: datetime) -> Iterator[BrokenPromise]:
        """At least in every week, as long as there are dates before us that were assumed."""
        gone = self._year.certainly_gone(morning, at(day, OFFICE_CLOSES))
        addresses = {row["address"] for row in self._played.outbox if row["kind"].startswith("digest-operator-")}
        if gone and day == self._week_of(day) and any(self._is_assumed(round_, day) for round_ in self._rounds):
            for email in addresses or {""}:
                yield from self._year.gone_by(gone, (self._plan.id, f"digest-operator-{day}", "", email), morning)

    def _is_assumed(self, round_: Round, day: date) -> bool:
        fields = {item.field for item in self._plan.obligation(round_.ref).assumed}
        dues = (local(due).date() for due in (round_.unit_due, round_.due))
        is_near = any(day <= due <= day + TWO_WEEKS for due in dues)
        return bool(fields & DATED) and is_near and not round_.phase and not round_.cancelled

    # What was sent

    def _sent(self, sent: Sent, approvers: Iterable[str]) -> Iterator[BrokenPromise]:
        kind, address = sent.message.kind, sent.message.address
        key: Key = (self._plan.id, kind, "", address)
        day = date.fromisoformat(kind[-10:])
        is_of_today = day == local(sent.at).date()
        if kind.startswith("digest-operator-"):
            self._year.wanted |= {key} if is_of_today else set()
            return
        dues = {local(due).date() for round_ in self._rounds for due in (round_.unit_due, round_.due)}
        eves = {eve for due in dues if due >= day and (eve := self._eve(due)) <= day}
        newest = max({self._week_of(day), *eves})
        if is_of_today and address in approvers and not self._was_told(address, newest, day):
            self._year.wanted.add(key)
        yield from self._year.read(sent, [(sorted(self._late_in(sent)), sorted(self._late(sent)))])

    def _late_in(self, sent: Sent) -> Iterator[tuple[int, list[str]]]:
        """By how many working days the letter says that who is late."""
        for _, days, listed in LATE.findall(sent.message.body):
            names = GIVEN_LONGER.sub("", listed).split("; ")
            yield int(days), sorted(names)

    def _late(self, sent: Sent) -> Iterator[tuple[int, list[str]]]:
        today = local(sent.at).date()
        for round_ in self._rounds:
            is_theirs = self._year.approver(round_) == sent.message.address
            opened = self._played.opened.get(round_.id)
            if not is_theirs or opened is None or opened > round_.locks or self._truth.is_invitation(round_.id):
                continue
            late = [
                unit
                for unit in self._truth.owing(round_.id, sent.at)
                if round_.unit_due < sent.at <= self._closes(round_, unit, sent.at)
            ]
            if late:
                days = self._calendar.working_days_after(local(round_.unit_due).date(), today)
                yield days, sorted(self._plan.unit(unit).name_on(today) for unit in late)

    def _closes(self, round_: Round, unit: str, moment: datetime) -> datetime:
        return max(self._truth.takes_until(round_), self._truth.closes(round_.id, unit, moment))
