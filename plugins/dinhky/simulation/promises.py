"""The oracle: what ought to have been sent and said in a year, held against what was.

It is written from the rules and shares no code with the use cases: who is to be told what follows from the rounds'
dates, from the files that came (`dinhky.simulation.truth`) and from the times at which the system was up.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.contest import SCORED, PhaseKind
from dinhky.domain.local_time import at, local
from dinhky.domain.plan import Kind, Unit
from dinhky.domain.schedule import Round
from dinhky.domain.standing import standing_duties
from dinhky.simulation.behaviour import Outage
from dinhky.simulation.contest_truth import best
from dinhky.simulation.playing import Played
from dinhky.simulation.recording import Sent
from dinhky.simulation.truth import Truth

OFFICE_OPENS, OFFICE_CLOSES = time(7, 30), time(17, 0)
HALF_HOUR, MINUTE = timedelta(minutes=30), timedelta(minutes=1)
A_WHILE = timedelta(minutes=70)
"""Longer than the dispatcher ever waits before it tries again: if all works as long as that, everything has gone."""
REMINDERS = {"T-3": 3, "T-1": 1, "T-0": 0}
ANSWERS = ("accepted", "returned", "held", "refused")
PROMPT = (*ANSWERS, "report")
"""Kinds, by their first word, of what somebody waits for: it may go out at any hour."""


class Broken(StrEnum):
    """The kinds of broken promises."""

    NEVER_SENT = "never_sent"
    SENT_TWICE = "sent_twice"
    NOT_WANTED = "not_wanted"
    """To a unit that had done its part, is not asked, or does not exist."""
    OVERTAKEN = "overtaken"
    """A reminder whose time had passed because the next one, or the due date, had come."""
    OUTSIDE_HOURS = "outside_hours"
    AFTER_THE_LOCK = "after_the_lock"
    WRONG_DATE = "wrong_date"
    WRONG_DAYS_LEFT = "wrong_days_left"
    WRONG_NUMBER = "wrong_number"
    WRONG_VERDICT = "wrong_verdict"
    STUCK = "stuck"
    """A message that neither went out nor was settled."""
    UNKNOWN_MESSAGE = "unknown_message"
    NO_REPORT = "no_report"
    CLOSED_YEAR = "closed_year"
    """A message about a round that was over before the system was there."""


@dataclass(frozen=True)
class BrokenPromise:
    """One promise that was not kept. `found` and `expected` are texts for whoever looks into it."""

    what: Broken
    about: str
    unit: str = ""
    kind: str = ""
    at: datetime | None = None
    found: str = ""
    expected: str = ""


def broken_promises(played: Played, calendar: WorkingCalendar, reading: dict[str, Any]) -> list[BrokenPromise]:
    """Every broken promise of a year that was played, in no particular order; empty if all is well.

    `reading` holds the patterns by which messages are read (`reading` in `simulated-units.yaml`).
    """
    return list(_Oracle(played, calendar, reading).all())


class _Oracle:
    def __init__(self, played: Played, calendar: WorkingCalendar, reading: dict[str, Any]) -> None:
        self._played = played
        self._plan = played.plan
        self._calendar = calendar
        self._reading = reading
        self._truth = Truth(played, calendar)
        self._down = played.behaviour.outages
        self._mail_down = (*played.behaviour.outages, *played.behaviour.mail_outages)
        self._by_kind: dict[tuple[str, str, str, str], list[Sent]] = {}
        for sent in played.sent:
            message = sent.message
            key = (message.round_id or self._plan.id, message.kind, message.unit or "", message.address)
            self._by_kind.setdefault(key, []).append(sent)
        self._wanted: set[tuple[str, str, str, str]] = set()

    def all(self) -> Iterator[BrokenPromise]:
        for round_ in self._played.rounds.values():
            if round_.id in self._played.opened and not round_.cancelled:
                yield from self._round(round_)
        yield from self._files()
        yield from self._reports()
        yield from self._results()
        yield from self._endings()
        yield from self._everything_sent()
        yield from self._left_over()

    # What must be sent

    def _round(self, round_: Round) -> Iterator[BrokenPromise]:
        opened = self._played.opened[round_.id]
        if opened > round_.locks:
            return  # history: nobody is written to about it
        ladder = self._ladder(round_)
        for code in round_.asked:
            unit = self._plan.unit(code)
            until = self._truth.takes_until(round_)
            yield from self._must_go(round_.id, "opening", unit, opened, until, owing=None)
            if until > round_.locks:
                late = at(self._calendar.on_or_after(local(round_.locks).date() + timedelta(days=1)), OFFICE_OPENS)
                for decided in self._ticks(max(late, opened), until):
                    if self._truth.owes(round_.id, code, decided):
                        yield from self._must_go(round_.id, "overdue", unit, decided, until, owing=round_)
                        break
                self._wanted |= {(round_.id, "overdue", code, address) for address in _addresses(unit, self._played)}
            for step, begin, end in ladder:
                for decided in self._ticks(max(begin, opened), end):
                    if self._truth.owes(round_.id, code, decided):
                        yield from self._must_go(round_.id, step, unit, decided, end, owing=round_)
                        break
                for address in _addresses(unit, self._played):
                    self._wanted.add((round_.id, step, code, address))
        yield from self._escalation(round_)

    def _ladder(self, round_: Round) -> list[tuple[str, datetime, datetime]]:
        """The reminders, each with the time in which it is the one to send."""
        due = local(round_.unit_due).date()
        last_worked = self._calendar.on_or_before(due)
        begins = [
            (step, at(self._calendar.shift(last_worked, -days), OFFICE_OPENS)) for step, days in REMINDERS.items()
        ]
        ends = [*(begin for _, begin in begins[1:]), round_.unit_due + timedelta(seconds=1)]
        known = [(step, begin, end) for (step, begin), end in zip(begins, ends, strict=True) if begin > round_.opens]
        return [one for one in known if one[1] < one[2]]

    def _escalation(self, round_: Round) -> Iterator[BrokenPromise]:
        approver = self._plan.approver
        key = (round_.id, "escalation", "", approver.email)
        if self._truth.is_invitation(round_.id):
            return
        self._wanted.add(key)
        until = self._truth.takes_until(round_)
        begin = at(self._calendar.on_or_after(local(round_.unit_due).date() + timedelta(days=1)), OFFICE_OPENS)
        for decided in self._ticks(max(begin, self._played.opened[round_.id]), until):
            if self._truth.owing(round_.id, decided):
                gone = self._certainly_gone(decided, until)
                if gone and self._truth.owing(round_.id, gone) and key not in self._by_kind:
                    yield BrokenPromise(Broken.NEVER_SENT, round_.id, kind="escalation", at=decided)
                return

    def _must_go(
        self, about: str, kind: str, unit: Unit, decided: datetime, end: datetime, *, owing: Round | None
    ) -> Iterator[BrokenPromise]:
        """To every address of the unit, once; a reminder only if the unit still owes when it certainly has gone."""
        for address in _addresses(unit, self._played):
            key = (about, kind, unit.code, address)
            self._wanted.add(key)
            if key in self._by_kind:
                continue
            gone = self._certainly_gone(decided, end, is_mail="@" in address)
            if gone and (owing is None or self._truth.owes(owing.id, unit.code, gone)):
                yield BrokenPromise(Broken.NEVER_SENT, about, unit.code, kind, decided)

    def _ticks(self, begin: datetime, end: datetime) -> Iterator[datetime]:
        """The half hours in office hours at which the system was up."""
        here = local(begin)
        moment = here.replace(minute=here.minute // 30 * 30, second=0, microsecond=0)
        while moment < begin:
            moment += HALF_HOUR
        while moment < end:
            if not self._in_office_hours(moment) or moment.time() > time(16, 30):
                day = moment.date() + timedelta(days=moment.time() >= OFFICE_OPENS)
                moment = at(self._calendar.on_or_after(day), OFFICE_OPENS)
                continue
            if not _any_covers(self._down, moment):
                yield moment
            moment += HALF_HOUR

    def _certainly_gone(self, decided: datetime, end: datetime, *, is_mail: bool = True) -> datetime | None:
        """The moment by which a message decided then must have left, if there was time for it before `end`."""
        outages = self._mail_down if is_mail else self._down
        if self._in_office_hours(decided) and not _any_meets(outages, decided, decided + 2 * MINUTE):
            gone = decided + 2 * MINUTE
            if self._in_office_hours(gone):
                return gone if gone < end else None
        for moment in _half_hours(decided, end):
            whole = self._in_office_hours(moment) and self._in_office_hours(moment + A_WHILE)
            if whole and not _any_meets(outages, moment - MINUTE, moment + A_WHILE):
                return moment + A_WHILE if moment + A_WHILE < end else None
        return None

    def _in_office_hours(self, moment: datetime) -> bool:
        here = local(moment)
        return OFFICE_OPENS <= here.time() < OFFICE_CLOSES and self._calendar.is_working_day(here.date())

    # Files and their answers

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
            for address in _addresses(unit, self._played):
                if answer.verdict == "refused":
                    key = (self._plan.id, f"refused-{arrival.receipt.sha256[:16]}", unit.code, address)
                else:
                    key = (delivery.round_id, f"{answer.verdict}-{answer.number}", unit.code, address)
                self._wanted.add(key)
                if key not in self._by_kind:
                    yield BrokenPromise(Broken.NEVER_SENT, key[0], unit.code, key[1], arrival.received)
                elif not _any_covers(self._mail_down, arrival.received + MINUTE):
                    gone = self._by_kind[key][0].at
                    if gone > arrival.received + 2 * MINUTE and "@" not in address:
                        yield BrokenPromise(Broken.NEVER_SENT, key[0], unit.code, key[1], arrival.received, str(gone))

    # Reports, tallies, products, standing duties

    def _reports(self) -> Iterator[BrokenPromise]:
        sent_versions = {version.id for _, _, version in self._played.reports_sent}
        for compiled in self._played.compiled:
            round_ = self._played.rounds[compiled.round_id]
            if round_.kind is Kind.REPORT:
                yield from self._figures(round_, compiled.facts, compiled.at)
            elif round_.phase:
                yield from self._contest_figures(round_, compiled.facts, compiled.at)
        for round_id, moment, version in self._played.reports_sent:
            for recipient in self._plan.report_to:
                key = (round_id, f"report-v{version.version}", "", recipient.email)
                self._wanted.add(key)
                if key not in self._by_kind:
                    yield BrokenPromise(Broken.NEVER_SENT, round_id, kind=key[1], at=moment)
        sent_for = {round_id for round_id, _, _ in self._played.reports_sent}
        for round_id in self._played.opened:
            round_ = self._played.rounds[round_id]
            if round_.kind is Kind.REPORT and not round_.cancelled and round_id not in sent_for:
                yield BrokenPromise(Broken.NO_REPORT, round_id)
        for sent in self._played.sent:
            kind, address = sent.message.kind, sent.message.address
            is_request = kind.startswith("approval-request-v") and address == self._plan.approver.email
            if is_request or (kind.startswith("report-returned-v") and sent.message.unit == self._plan.compiler):
                self._wanted.add(_key_of(sent, self._plan.id))
        asked = Counter(
            (sent.message.round_id, sent.message.kind.partition("-v")[2].partition("-")[0])
            for sent in self._played.sent
            if sent.message.kind.startswith("approval-request")
        )
        for compiled in self._played.compiled:
            if not asked[compiled.round_id, str(compiled.version.version)] and compiled.version.id in sent_versions:
                yield BrokenPromise(Broken.NEVER_SENT, compiled.round_id, kind="approval-request", at=compiled.at)

    def _figures(self, round_: Round, facts: Any, moment: datetime) -> Iterator[BrokenPromise]:
        true = self._truth.report(round_, moment)
        reporting = facts["reporting"]
        names = {unit.code: unit.name for unit in self._plan.units}
        stated: dict[str, tuple[Any, Any]] = {
            "posts": (facts["totals"]["posts"], true["posts"]),
            "activities": (facts["totals"]["activities"], true["activities"]),
            "participants": (facts["totals"]["participants"], true["participants"]),
            "listed posts": (len(facts["posts"]), true["posts"]),
            "listed activities": (len(facts["activities"]), true["activities"]),
            "expected": (reporting["expected"], true["expected"]),
            "actual": (reporting["actual"], true["actual"]),
            "on time": (reporting["on_time"], true["on_time"]),
            "missing": (
                sorted(one["name"] for one in reporting["missing"]),
                sorted(names[unit] for unit in true["missing"]),
            ),
            "channels": (
                {one["code"]: one["posts"] for one in facts["channels"] if one["posts"]},
                dict(true["channels"]),
            ),
            "posts by unit": (
                {one["code"]: one["posts"] for one in facts["units"] if one["posts"]},
                {unit: posts for unit, posts in true["unit_posts"].items() if posts},
            ),
        }
        if not self._plan.obligation(round_.ref).compiled_from:
            stated["late"] = (
                sorted(one["name"] for one in reporting["late"]),
                sorted(names[unit] for unit in true["late"]),
            )
            stated["silent"] = (sorted(facts["standing"]["silent"]), self._silent(round_, moment))
        for what, (found, expected) in stated.items():
            if found != expected:
                yield BrokenPromise(
                    Broken.WRONG_NUMBER,
                    round_.id,
                    kind=f"report: {what}",
                    at=moment,
                    found=str(found),
                    expected=str(expected),
                )

    def _contest_figures(self, round_: Round, facts: Any, moment: datetime) -> Iterator[BrokenPromise]:
        """The entries, or the places of a ranking."""
        stated: dict[str, tuple[Any, Any]]
        if round_.phase is PhaseKind.ENTRIES:
            true = self._truth.entries(round_.ref.rpartition(".")[0], round_.period.label, moment)
            stated = {"entries": (sorted(entry["title"] for entry in facts["entries"]), sorted(true))}
        else:
            name = "final" if round_.phase is PhaseKind.FINAL else "preliminary"
            places = self._truth.ranking(round_, moment)
            stated = {
                "ranking": (
                    {place["title"]: (place["rank"], place["exact_mean"]) for place in facts[name]["places"]},
                    {title: (place.rank, str(place.mean)) for title, place in places.items()},
                )
            }
        for what, (found, expected) in stated.items():
            if found != expected:
                kind = f"contest: {what}"
                yield BrokenPromise(Broken.WRONG_NUMBER, round_.id, "", kind, moment, str(found), str(expected))

    def _results(self) -> Iterator[BrokenPromise]:
        """The results to all who entered, the proposal to approver and lead, what was sent on to its owners.

        Jurors without whom the jury went on are told so.
        """
        approver = self._plan.approver.email
        for (round_id, juror), moment in self._played.let_off.items():
            for address in _addresses(self._plan.unit(juror), self._played):
                yield from self._once_to(round_id, "let-off", address, moment, juror)
        for round_id, moment, version in self._played.announced:
            round_ = self._played.rounds[round_id]
            entered = set(self._truth.entries(round_.ref.rpartition(".")[0], round_.period.label, moment).values())
            lead = self._plan.obligation(round_.ref).lead
            yield from self._once_to(round_id, f"contest-award-v{version.version}", approver, moment)
            for kind, units in (("results", entered), ("award", lead)):
                for code in sorted(units):
                    for address in _addresses(self._plan.unit(code), self._played):
                        yield from self._once_to(round_id, f"contest-{kind}-v{version.version}", address, moment, code)
            for closed in self._played.closed:
                sent_on = self._played.rounds.get(closed.round_id)
                if sent_on and sent_on.phase is PhaseKind.SENT_ON:
                    yield from self._sent_on(sent_on, round_, closed.at)

    def _sent_on(self, round_: Round, final: Round, moment: datetime) -> Iterator[BrokenPromise]:
        whole = round_.ref.rpartition(".")[0]
        contest = self._plan.obligation(whole).contest
        if contest is None:
            return
        entries = self._truth.entries(whole, round_.period.label, moment)
        owners = {entries[title] for title in best(self._truth.ranking(final, moment), contest.sent_on_count)}
        yield from self._once_to(round_.id, "contest-sent-on", self._plan.approver.email, moment)
        for code in sorted(owners):
            for address in _addresses(self._plan.unit(code), self._played):
                yield from self._once_to(round_.id, "contest-sent-on", address, moment, code)

    def _silent(self, round_: Round, moment: datetime) -> list[str]:
        """Names of the units that told nothing about any of their standing duties."""
        duties = standing_duties(self._plan, round_.window)
        silent = []
        for unit in self._plan.units:
            own = [duty for duty in duties if unit.code in duty.units]
            told = (self._truth.silent_about_standing(round_, unit.code, place, moment) for place in range(len(own)))
            if own and all(told):
                silent.append(unit.name)
        return sorted(silent)

    def _endings(self) -> Iterator[BrokenPromise]:
        """The tally of every quota, the products of every milestone, the standing duties of every period."""
        approver = self._plan.approver.email
        for closed in self._played.closed:
            round_id, _, standing = closed.round_id.partition("/standing")
            round_ = self._played.rounds[round_id]
            if standing or closed.round_id.endswith("/standing"):
                yield from self._once_to(round_id, "standing", approver, closed.at)
            elif round_.phase is PhaseKind.SENT_ON:
                continue
            elif round_.kind is Kind.MILESTONE:
                yield from self._once_to(round_id, "products", approver, closed.at)
            elif round_.kind is Kind.POSTS:
                yield from self._tally(round_, closed.at)
        for round_id in self._played.opened:
            round_ = self._played.rounds[round_id]
            is_closed = any(closed.round_id == round_id for closed in self._played.closed)
            if round_.phase and (not round_.asked or self._truth.owing(round_id, self._truth.takes_until(round_))):
                continue  # it waited in vain
            if round_.kind in {Kind.POSTS, Kind.MILESTONE} and not round_.cancelled and not is_closed:
                yield BrokenPromise(Broken.NEVER_SENT, round_id, kind="tally")

    def _tally(self, round_: Round, moment: datetime) -> Iterator[BrokenPromise]:
        true = self._truth.tally(round_.id, moment)
        if true.missing and moment <= round_.locks and any(true.owes.values()):
            yield BrokenPromise(Broken.WRONG_NUMBER, round_.id, kind="tally", at=moment, found="too early")
        yield from self._once_to(round_.id, "tally", self._plan.approver.email, moment)
        for code in self._plan.existing(self._plan.obligation(round_.ref).lead, local(moment).date()):
            for address in _addresses(self._plan.unit(code), self._played):
                yield from self._once_to(round_.id, "tally", address, moment, code)
        for sent in self._played.sent:
            message = sent.message
            if message.round_id != round_.id or message.kind != "tally":
                continue
            progress = re.search(self._reading["tally"], message.subject)
            counted = re.search(self._reading["counted"], message.body)
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

    def _once_to(
        self, about: str, kind: str, address: str, moment: datetime, unit: str = ""
    ) -> Iterator[BrokenPromise]:
        self._wanted.add((about, kind, unit, address))
        if (about, kind, unit, address) not in self._by_kind:
            yield BrokenPromise(Broken.NEVER_SENT, about, unit, kind, moment)

    # What was sent

    def _everything_sent(self) -> Iterator[BrokenPromise]:
        for key, several in self._by_kind.items():
            if len(several) > 1:
                yield _broken(Broken.SENT_TWICE, several[1], key)
            if key not in self._wanted:
                yield _broken(Broken.UNKNOWN_MESSAGE, several[0], key)
            for sent in several:
                yield from self._message(sent, key)

    def _message(self, sent: Sent, key: tuple[str, str, str, str]) -> Iterator[BrokenPromise]:
        message = sent.message
        prompt = message.kind.partition("-")[0] in PROMPT
        if not prompt and not self._in_office_hours(sent.at):
            yield _broken(Broken.OUTSIDE_HOURS, sent, key)
        round_ = self._played.rounds.get(message.round_id or "")
        if round_ is None:
            return
        if message.unit and not prompt and not self._exists(message.unit, local(sent.at).date()):
            yield _broken(Broken.NOT_WANTED, sent, key)
        speaks_of_it = message.kind in {"opening", "escalation", "overdue", *REMINDERS}
        if speaks_of_it and sent.at > self._truth.takes_until(round_):
            yield _broken(Broken.AFTER_THE_LOCK, sent, key)
        if message.kind in {"opening", "escalation", *REMINDERS}:
            yield from self._date(sent, key, round_)
        if message.kind in REMINDERS:
            yield from self._reminder(sent, key, round_)
        if message.kind == "overdue" and not self._truth.owes(round_.id, message.unit or "", sent.at):
            yield _broken(Broken.NOT_WANTED, sent, key)
        if message.kind == "escalation":
            yield from self._escalated(sent, key, round_)

    def _reminder(self, sent: Sent, key: tuple[str, str, str, str], round_: Round) -> Iterator[BrokenPromise]:
        message, unit = sent.message, sent.message.unit or ""
        if not self._truth.owes(round_.id, unit, sent.at):
            yield _broken(Broken.NOT_WANTED, sent, key)
        current = [step for step, begin, end in self._ladder(round_) if begin <= sent.at < end]
        if current != [message.kind]:
            yield _broken(Broken.OVERTAKEN, sent, key, str(current))
        due, today = local(round_.unit_due).date(), local(sent.at).date()
        left = self._calendar.working_days_after(today, due)
        for text in (message.subject, message.body):
            found = re.search(self._reading["days_left"], text)
            is_today = re.search(self._reading["today"], text) is not None
            if is_today != (today == due) or (int(found[1]) if found else None) != (None if today == due else left):
                yield _broken(Broken.WRONG_DAYS_LEFT, sent, key, found[0] if found else text, str(left))
        if round_.kind is Kind.POSTS:
            progress = re.search(self._reading["progress"], message.subject)
            expected = self._truth.tally(round_.id, sent.at).progress_of(unit)
            if not progress or progress[1] != expected:
                yield _broken(Broken.WRONG_NUMBER, sent, key, message.subject, expected)

    def _escalated(self, sent: Sent, key: tuple[str, str, str, str], round_: Round) -> Iterator[BrokenPromise]:
        owing = self._truth.owing(round_.id, sent.at)
        if not owing:
            yield _broken(Broken.NOT_WANTED, sent, key)
        if round_.kind is Kind.POSTS:
            found = re.search(self._reading["escalated_posts"], sent.message.subject)
            missing = self._truth.tally(round_.id, sent.at).missing
            if not found or int(found[1]) != missing:
                yield _broken(Broken.WRONG_NUMBER, sent, key, sent.message.subject, str(missing))
            return
        counted = re.search(self._reading["escalated"], sent.message.subject)
        expected = (len(owing), len(self._truth.expected(round_.id, sent.at)))
        if not counted or (int(counted[1]), int(counted[2])) != expected:
            yield _broken(Broken.WRONG_NUMBER, sent, key, sent.message.subject, str(expected))
        names = sorted(self._plan.unit(unit).name for unit in owing)
        listed = sorted(re.findall(self._reading["listed"], sent.message.body, re.MULTILINE))
        if round_.phase in SCORED:
            listed = [name.partition(":")[0] for name in listed]
        if listed != names:
            yield _broken(Broken.WRONG_NUMBER, sent, key, str(listed), str(names))

    def _date(self, sent: Sent, key: tuple[str, str, str, str], round_: Round) -> Iterator[BrokenPromise]:
        """The first day that the text names with its weekday is the units' due day."""
        due = local(round_.unit_due).date()
        expected = f"{self._reading['weekdays'][due.weekday()]}, {_official(due)}"
        found = re.search(self._reading["weekday_and_day"], sent.message.body)
        if not found or found[0] != expected:
            yield _broken(Broken.WRONG_DATE, sent, key, found[0] if found else "", expected)

    def _exists(self, code: str, day: date) -> bool:
        unit = next((unit for unit in (*self._plan.units, *self._plan.jurors) if unit.code == code), None)
        return unit is not None and (unit.since or day) <= day <= (unit.until or day)

    def _left_over(self) -> Iterator[BrokenPromise]:
        for row in self._played.outbox:
            if row["state"] not in {"sent", "cancelled", "missed"}:
                yield BrokenPromise(
                    Broken.STUCK, row["round_id"] or "", row["unit"] or "", row["kind"], row["created_at"], row["state"]
                )


def broken_in_a_closed_year(sent: Iterable[Sent]) -> list[BrokenPromise]:
    """What was sent although every round was over before it was opened: nothing may be."""
    return [
        BrokenPromise(Broken.CLOSED_YEAR, one.message.round_id or "", one.message.unit or "", one.message.kind, one.at)
        for one in sent
    ]


def _addresses(unit: Unit, _played: Played) -> list[str]:
    """Where a unit is written to: every contact by email, and by chat where there is one."""
    return [address for contact in unit.contacts for address in (contact.email, contact.chat) if address]


def _key_of(sent: Sent, plan_id: str) -> tuple[str, str, str, str]:
    message = sent.message
    return message.round_id or plan_id, message.kind, message.unit or "", message.address


def _broken(
    what: Broken, sent: Sent, key: tuple[str, str, str, str], found: str = "", expected: str = ""
) -> BrokenPromise:
    return BrokenPromise(what, key[0], key[2], key[1], sent.at, found or sent.message.address, expected)


def _official(day: date) -> str:
    """A day as official documents write it: days below 10 and the months 1 and 2 with a zero."""
    return f"{day.day:02d}/{f'{day.month:02d}' if day.month <= 2 else day.month}/{day.year}"


def _any_covers(outages: Iterable[Outage], moment: datetime) -> bool:
    return any(outage.start <= moment < outage.end for outage in outages)


def _any_meets(outages: Iterable[Outage], begin: datetime, end: datetime) -> bool:
    return any(outage.start < end and begin < outage.end for outage in outages)


def _half_hours(begin: datetime, end: datetime) -> Iterator[datetime]:
    while begin < end:
        yield begin
        begin += HALF_HOUR
