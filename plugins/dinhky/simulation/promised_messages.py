"""Every message that was sent: in its hours, wanted at all, and true on the day on which it went."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from dinhky.domain.contest import SCORED, PhaseKind
from dinhky.domain.local_time import at, local
from dinhky.domain.plan import Kind
from dinhky.domain.schedule import Round
from dinhky.simulation import wording_truth as words
from dinhky.simulation.broken import Broken, BrokenPromise, Key, broken
from dinhky.simulation.ladder_truth import AFTER_DUE, BEFORE_DUE, is_reminder, ladder_of, overdue_ladder_of
from dinhky.simulation.letters_truth import Letters
from dinhky.simulation.recording import Sent
from dinhky.simulation.wording_truth import official, weekday_and_day
from dinhky.simulation.year_played import MINUTE, OFFICE_OPENS, YearPlayed

ANSWERS = ("accepted", "returned", "held", "refused")
PROMPT = (*ANSWERS, "report")
"""Kinds, by their first word, of what somebody waits for: it may go out at any hour."""


class Messages:
    """What is promised of each message."""

    def __init__(self, year: YearPlayed) -> None:
        self._year = year
        self._truth = year.truth
        self._letters = Letters(year.played.sent)
        self._played = year.played
        self._calendar = year.calendar

    def broken(self) -> Iterator[BrokenPromise]:
        """Every promise of these that was not kept."""
        yield from self._everything_sent()
        yield from self._left_over()

    def _everything_sent(self) -> Iterator[BrokenPromise]:
        for key, several in self._year.by_kind.items():
            if len(several) > self._allowed(key):
                yield broken(Broken.SENT_TWICE, several[-1], key)
            if key not in self._year.wanted:
                yield broken(Broken.UNKNOWN_MESSAGE, several[0], key)
            for sent in several:
                yield from self._message(sent, key)

    def _allowed(self, key: Key) -> int:
        """How often a message of that key may be sent: once; of a file that was sent back, once each time."""
        return len(self._truth.returned(key[0], key[2])) if key[1] in {"mend", "mend-overdue"} else 1

    def _message(self, sent: Sent, key: Key) -> Iterator[BrokenPromise]:
        message = sent.message
        prompt = message.kind.partition("-")[0] in PROMPT or self._cannot_wait(sent)
        if not prompt and not self._year.in_office_hours(sent.at):
            yield broken(Broken.OUTSIDE_HOURS, sent, key)
        round_ = self._played.rounds.get(message.round_id or "")
        if round_ is None:
            return
        if message.unit and not prompt and not self._year.exists(message.unit, local(sent.at).date()):
            yield broken(Broken.NOT_WANTED, sent, key)
        is_before_due, is_late = BEFORE_DUE.fullmatch(message.kind), AFTER_DUE.fullmatch(message.kind)
        speaks_of_it = message.kind in {"opening", "escalation", "overdue"} or is_before_due
        if speaks_of_it and sent.at > self._truth.takes_until(round_):
            yield broken(Broken.AFTER_THE_LOCK, sent, key)
        if message.kind in {"opening", "escalation"} or is_before_due:
            yield from self._date(sent, key, round_)
        for found, expected in self._days(sent, round_):
            if found != expected:
                yield broken(Broken.WRONG_DATE, sent, key, str(found), str(expected))
        if is_reminder(message.kind) and not self._truth.owes(round_.id, message.unit or "", sent.at):
            yield broken(Broken.NOT_WANTED, sent, key)
        if is_before_due:
            yield from self._reminder(sent, key, round_)
        elif is_late:
            yield from self._late(sent, key, round_)
        elif message.kind in {"mend", "mend-overdue"}:
            yield from self._mending(sent, key, round_)
        if message.kind == "escalation":
            yield from self._escalated(sent, key, round_)

    def _cannot_wait(self, sent: Sent) -> bool:
        """Whether a unit is told of a decision that leaves it no office hours to act in."""
        message = sent.message
        if not message.kind.startswith("decision-") or not message.round_id or not message.unit:
            return False
        day = local(sent.at).date() + timedelta(days=local(sent.at).time() >= OFFICE_OPENS)
        opens = at(self._calendar.on_or_after(day), OFFICE_OPENS)
        return sent.at - MINUTE <= self._truth.closes(message.round_id, message.unit, sent.at) <= opens

    def _days(self, sent: Sent, round_: Round) -> Iterator[tuple[Any, Any]]:
        """The days of the window, the hour until which something is taken, and the due day in the subject."""
        kind, body = sent.message.kind, sent.message.body
        told = kind in {"opening", "tally", "standing"} or BEFORE_DUE.fullmatch(kind) or AFTER_DUE.fullmatch(kind)
        if told and round_.kind in {Kind.REPORT, Kind.POSTS}:
            yield set(words.DAYS.findall(body)), {(official(round_.window.start), official(round_.window.end))}
        if kind == "opening":
            due = official(local(round_.unit_due).date())
            yield re.findall(r"\d+/\d+/\d{4}", sent.message.subject)[-1:], [due]
            if round_.phase is PhaseKind.ENTRIES:
                yield words.ENTRY_DAYS.findall(body), [official(local(round_.opens).date())]
        weekdays = self._year.reading["weekdays"]
        if kind == "escalation":
            until = self._truth.takes_until(round_)
            body = words.LONGER.sub("", body)
            yield words.HOUR.findall(body), [(f"{local(until):%H:%M}", weekday_and_day(until, weekdays))]
            if round_.kind is Kind.REPORT:
                yield words.AT_LATEST.findall(body), [weekday_and_day(round_.due, weekdays)]

    def _reminder(self, sent: Sent, key: Key, round_: Round) -> Iterator[BrokenPromise]:
        message, unit = sent.message, sent.message.unit or ""
        slots = ladder_of(round_, self._calendar)
        begin, end = next(((begin, end) for step, begin, end in slots if step == message.kind), (sent.at, sent.at))
        is_ahead = sent.at < begin and _monday(begin) == _monday(sent.at)
        if not (begin <= sent.at < end) and not (is_ahead and self._letters.is_week_told(unit, sent.at)):
            yield broken(Broken.OVERTAKEN, sent, key, f"{begin} – {end}")
        due, today = local(round_.unit_due).date(), local(sent.at).date()
        left = self._calendar.working_days_after(today, due)
        for text in (message.subject, message.body):
            found = re.search(self._year.reading["days_left"], text)
            is_today = re.search(self._year.reading["today"], text) is not None
            if is_today != (today == due) or (int(found[1]) if found else None) != (None if today == due else left):
                yield broken(Broken.WRONG_DAYS_LEFT, sent, key, found[0] if found else text, str(left))
        if round_.kind is Kind.POSTS:
            progress = re.search(self._year.reading["progress"], message.subject)
            expected = self._truth.tally(round_.id, sent.at).progress_of(unit)
            if not progress or progress[1] != expected:
                yield broken(Broken.WRONG_NUMBER, sent, key, message.subject, expected)
            tally, per_unit = (
                self._truth.tally(round_.id, sent.at),
                self._year.plan.obligation(round_.ref).per_unit,
            )
            yield from self._year.read(sent, words.of_part(message.body, tally, unit, whole_too=not per_unit))

    def _late(self, sent: Sent, key: Key, round_: Round) -> Iterator[BrokenPromise]:
        """A reminder after the due date says by how much, and until when the file is taken."""
        message = sent.message
        until = self._truth.closes(round_.id, message.unit or "", sent.at)
        slots = overdue_ladder_of(round_, self._calendar)
        if sent.at > until:
            yield broken(Broken.AFTER_THE_LOCK, sent, key)
        if not any(step == message.kind and begin <= sent.at < end for step, begin, end in slots):
            yield broken(Broken.OVERTAKEN, sent, key)
        late = str(self._calendar.working_days_after(local(round_.unit_due).date(), local(sent.at).date()))
        for text in (message.subject, message.body):
            found = re.search(self._year.reading["days_late"], text)
            if not found or found[1] != late:
                yield broken(Broken.WRONG_DAYS_LEFT, sent, key, found[0] if found else text, late)
        hour = (f"{local(until):%H:%M}", weekday_and_day(until, self._year.reading["weekdays"]))
        yield from self._year.read(sent, [(words.HOUR.findall(message.body), [hour])])

    def _mending(self, sent: Sent, key: Key, round_: Round) -> Iterator[BrokenPromise]:
        """That a file was sent back is told once the unit has had its days, and heard nothing of the round since."""
        unit = sent.message.unit or ""
        returned = [moment for moment, _ in self._truth.returned(round_.id, unit) if moment < sent.at]
        if not returned:
            yield broken(Broken.NOT_WANTED, sent, key)
            return
        if sent.at > self._truth.closes(round_.id, unit, sent.at):
            yield broken(Broken.AFTER_THE_LOCK, sent, key)
        due = at(self._calendar.shift(local(returned[-1]).date(), round_.reminders.after_return), OFFICE_OPENS)
        is_ahead = _monday(due) == _monday(sent.at) and self._letters.is_week_told(unit, sent.at)
        if sent.at < due and not is_ahead:
            yield broken(Broken.WRONG_DATE, sent, key, "", str(due))
        letters = self._letters.of(unit, sent.message.address)
        if any(one.tells_of(round_.id) and returned[-1] < one.at < sent.at for one in letters):
            yield broken(Broken.NOT_WANTED, sent, key)
        if not re.search(self._year.reading["mend"], sent.message.body):
            yield broken(Broken.WRONG_VERDICT, sent, key, sent.message.body)

    def _escalated(self, sent: Sent, key: Key, round_: Round) -> Iterator[BrokenPromise]:
        owing = self._truth.owing(round_.id, sent.at)
        if not owing:
            yield broken(Broken.NOT_WANTED, sent, key)
        if round_.kind is Kind.POSTS:
            found = re.search(self._year.reading["escalated_posts"], sent.message.subject)
            tally = self._truth.tally(round_.id, sent.at)
            missing, codes = tally.missing, self._year.codes_of(round_, sent.at)
            yield from self._year.read(sent, words.of_whole(sent.message.body, tally))
            owing_parts = {unit: owes for unit, owes in tally.owes.items() if unit in owing}
            owed = replace(tally, owes=owing_parts)
            yield from self._year.read(sent, words.of_units(sent.message.body, owed, codes, only_owing=True))
            if not found or int(found[1]) != missing:
                yield broken(Broken.WRONG_NUMBER, sent, key, sent.message.subject, str(missing))
            return
        counted = re.search(self._year.reading["escalated"], sent.message.subject)
        expected = (len(owing), len(self._truth.expected(round_.id, sent.at)))
        if not counted or (int(counted[1]), int(counted[2])) != expected:
            yield broken(Broken.WRONG_NUMBER, sent, key, sent.message.subject, str(expected))
        listed = re.findall(self._year.reading["listed"], sent.message.body, re.MULTILINE)
        longer = {unit: self._truth.extended(round_.id, unit, sent.at) for unit in owing}
        yield from self._year.read(sent, words.of_extended(listed, longer, self._year.reading["weekdays"]))
        listed = [name.partition(words.GIVEN_LONGER)[0] for name in listed]
        if round_.phase in SCORED:
            listed = [name.partition(":")[0] for name in listed]
        codes = self._year.codes_of(round_, sent.at)
        yield from self._year.read(sent, [(sorted(map(codes, listed)), sorted(owing))])

    def _date(self, sent: Sent, key: Key, round_: Round) -> Iterator[BrokenPromise]:
        """The first day that the text names with its weekday is the units' due day."""
        expected = weekday_and_day(round_.unit_due, self._year.reading["weekdays"])
        found = re.search(self._year.reading["weekday_and_day"], sent.message.body)
        if not found or found[0] != expected:
            yield broken(Broken.WRONG_DATE, sent, key, found[0] if found else "", expected)

    def _left_over(self) -> Iterator[BrokenPromise]:
        for row in self._played.outbox:
            if row["state"] not in {"sent", "cancelled", "missed"}:
                yield BrokenPromise(
                    Broken.STUCK, row["round_id"] or "", row["unit"] or "", row["kind"], row["created_at"], row["state"]
                )


def _monday(moment: datetime) -> date:
    day = local(moment).date()
    return day - timedelta(days=day.weekday())
