"""The oracle: what ought to have been sent and said in a year, held against what was.

It is written from the rules and shares no code with the use cases: who is to be told what follows from the rounds'
dates, from the files that came (`dinhky.simulation.truth`) and from the times at which the system was up.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.contest import SCORED, PhaseKind
from dinhky.domain.local_time import at, local
from dinhky.domain.plan import Kind, Unit
from dinhky.domain.schedule import Round
from dinhky.domain.standing import standing_duties
from dinhky.simulation import wording_truth as words
from dinhky.simulation.acting import Acted
from dinhky.simulation.behaviour import Act, Outage, Ruling
from dinhky.simulation.contest_truth import best
from dinhky.simulation.dates_truth import TrueDates, existing, owed_within, true_year
from dinhky.simulation.playing import Arrival, Played
from dinhky.simulation.recording import Sent
from dinhky.simulation.truth import Truth
from dinhky.simulation.wording_truth import official, weekday_and_day

OFFICE_OPENS, OFFICE_CLOSES = time(7, 30), time(17, 0)
HALF_HOUR, MINUTE = timedelta(minutes=30), timedelta(minutes=1)
A_WEEK = timedelta(days=7)
A_WHILE = timedelta(minutes=70)
"""Longer than the dispatcher ever waits before it tries again: if all works as long as that, everything has gone."""
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
        yield from self._dates()
        yield from self._openings()
        for round_ in self._played.rounds.values():
            if round_.id in self._played.opened and not round_.cancelled:
                yield from self._round(round_)
        yield from self._files()
        yield from self._rulings()
        yield from self._reports()
        yield from self._decisions()
        yield from self._contests()
        yield from self._results()
        yield from self._endings()
        yield from self._everything_sent()
        yield from self._left_over()

    # The rounds and their dates

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
            first = self._up_from(round_.opens)
            is_over = first > round_.locks
            if not round_.phase and not is_over and self._played.opened.get(round_.id) != first:
                found = str(self._played.opened.get(round_.id, ""))
                yield BrokenPromise(Broken.NEVER_SENT, round_.id, kind="round", at=first, found=found)

    def _up_from(self, moment: datetime) -> datetime:
        """The first moment from then on at which the system was up."""
        while outage := next((one for one in self._down if one.covers(moment)), None):
            moment = outage.end
        return moment

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
            yield from self._longer(round_, unit)
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
        key = (round_.id, "escalation", "", self._approver(round_))
        if self._truth.is_invitation(round_.id):
            return
        self._wanted.add(key)
        until = self._truth.takes_until(round_)
        begin = at(self._calendar.on_or_after(local(round_.unit_due).date() + timedelta(days=1)), OFFICE_OPENS)
        for decided in self._ticks(max(begin, self._played.opened[round_.id]), until):
            if self._truth.owing(round_.id, decided):
                gone = self._certainly_gone(decided, until)
                is_disturbed = gone and self._truth.was_decided_about(round_.id, "", decided, gone)
                if gone and not is_disturbed and self._truth.owing(round_.id, gone):
                    yield from self._gone_by(gone, key, decided)
                break
        for sent in self._by_kind.get(key, ()):
            if sent.at < begin:
                yield _broken(Broken.WRONG_DATE, sent, key, "", str(begin))

    def _must_go(
        self, about: str, kind: str, unit: Unit, decided: datetime, end: datetime, *, owing: Round | None
    ) -> Iterator[BrokenPromise]:
        """To every address of the unit, once; a reminder only if the unit still owes when it certainly has gone."""
        for address in _addresses(unit, self._played):
            key = (about, kind, unit.code, address)
            self._wanted.add(key)
            gone = self._certainly_gone(decided, end, is_mail="@" in address)
            if gone and self._truth.was_decided_about(about, unit.code, decided + timedelta(seconds=1), gone):
                continue  # what was queued for it may have been taken back
            if gone and (owing is None or self._truth.owes(owing.id, unit.code, gone)):
                yield from self._gone_by(gone, key, decided)

    def _gone_by(self, gone: datetime, key: tuple[str, str, str, str], decided: datetime) -> Iterator[BrokenPromise]:
        """What was decided then is there, and went out by the moment `gone`."""
        if key not in self._by_kind:
            yield BrokenPromise(Broken.NEVER_SENT, key[0], key[2], key[1], decided)
        elif self._by_kind[key][0].at > gone:
            yield _broken(Broken.WRONG_DATE, self._by_kind[key][0], key, "", str(gone))

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
            if answer.verdict == "accepted":
                for sent in self._said(delivery.round_id, f"accepted-{answer.number}"):
                    if sent.message.unit == unit.code:
                        yield from self._read(sent, self._counted_in(arrival, sent.message.body))
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

    # What officers decided

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
            if verdict.is_new and self._exists(act.unit, local(acted.at).date()):
                unit = self._plan.unit(act.unit)
                kind = f"decision-{verdict.number}-{RULED[act.ruling]}"
                yield from self._must_go(act.round_id, kind, unit, acted.at, acted.at + A_WEEK, owing=None)
                yield from self._words_of_ruling(act, kind)
            if verdict.is_new and act.ruling is Ruling.TAKE:
                yield from self._told_again(acted)

    def _words_of_ruling(self, act: Act, kind: str) -> Iterator[BrokenPromise]:
        """A unit that is given longer reads until when."""
        if act.until is None:
            return
        hour = (f"{local(act.until):%H:%M}", weekday_and_day(act.until, self._reading["weekdays"]))
        for sent in self._said(act.round_id, kind):
            if sent.message.unit == act.unit:
                yield from self._read(sent, [(words.HOUR.findall(sent.message.subject), [hour])])

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
        yield from self._once_to(round_.id, kind, self._approver(round_), acted.at)
        if round_.kind is Kind.POSTS:
            for code in self._plan.existing(self._plan.obligation(round_.ref).lead, local(acted.at).date()):
                for address in _addresses(self._plan.unit(code), self._played):
                    yield from self._once_to(round_.id, kind, address, acted.at, code)

    def _longer(self, round_: Round, unit: Unit) -> Iterator[BrokenPromise]:
        """A unit that was given longer is reminded on the working day before that ends, if it still owes."""
        for verdict in self._truth.verdicts:
            acted, act = verdict.acted, verdict.acted.act
            is_it = verdict.is_new and (act.round_id, act.unit) == (round_.id, unit.code)
            if not is_it or act.ruling is not Ruling.EXTEND or act.until is None:
                continue
            begin = at(self._calendar.on_or_before(local(act.until).date() - timedelta(days=1)), OFFICE_OPENS)
            self._wanted |= {(round_.id, "extended", unit.code, address) for address in _addresses(unit, self._played)}
            if acted.at >= begin:
                continue  # it was told so just then
            for decided in self._ticks(max(begin, round_.unit_due + timedelta(seconds=1)), act.until):
                if self._truth.owes(round_.id, unit.code, decided):
                    yield from self._must_go(round_.id, "extended", unit, decided, act.until, owing=round_)
                    break

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

    # Reports, tallies, products, standing duties

    def _reports(self) -> Iterator[BrokenPromise]:
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

    def _decisions(self) -> Iterator[BrokenPromise]:
        """Whatever was compiled was laid before the approver; what was sent back was told to the compiler's unit.

        What is compiled anew without having changed is asked about again, unless it is approved already.
        """
        for round_id in dict.fromkeys(one.round_id for one in self._played.compiled):
            approver = self._approver(self._played.rounds[round_id])
            compiled = [one for one in self._played.compiled if one.round_id == round_id]
            decided = [one for one in self._played.decided if one.round_id == round_id]
            answers: dict[int, bool] = {}
            again: Counter[int] = Counter()
            for number, one in enumerate(compiled):
                version = one.version.version
                if answers.get(version):
                    continue  # approved as it is
                kind = f"approval-request-v{version}"
                again[version] += version in answers
                if version not in answers:
                    yield from self._once_to(round_id, kind, approver, one.at)
                repeated = [key for key in self._by_kind if key[0] == round_id and key[1].startswith(f"{kind}-after-")]
                self._wanted |= {key for key in repeated if key[3] == approver}
                if len(repeated) < again[version]:
                    yield BrokenPromise(Broken.NEVER_SENT, round_id, kind=f"{kind}-after", at=one.at)
                decision = next((said for said in decided if said.at >= one.at), None)
                if decision is None:
                    continue
                decided.remove(decision)
                answers[version] = decision.approved
                if not decision.approved:
                    yield from self._sent_back(round_id, version, decision.at)
                    is_stuck = number == len(compiled) - 1 and not self._truth.owing(round_id, decision.at)
                    if is_stuck:
                        yield BrokenPromise(Broken.STUCK, round_id, kind="compiling", at=decision.at)

    def _sent_back(self, round_id: str, version: int, moment: datetime) -> Iterator[BrokenPromise]:
        kind = f"report-returned-v{version}-{moment:%Y%m%dT%H%M%S}"
        for code in existing(self._plan, [self._plan.compiler], local(moment).date()):
            for address in _addresses(self._plan.unit(code), self._played):
                yield from self._once_to(round_id, kind, address, moment, code)

    def _contests(self) -> Iterator[BrokenPromise]:
        """A phase opens as soon as those before it have ended as they must, and what it ends with is compiled."""
        compiled = {one.round_id for one in self._played.compiled}
        for round_ in self._played.rounds.values():
            if not round_.phase or round_.cancelled:
                continue
            moment = self._phase_tried(round_)
            if round_.id not in self._played.opened:
                if moment and moment <= round_.locks:
                    yield BrokenPromise(Broken.STUCK, round_.id, kind="phase", at=moment)
                continue
            until = self._truth.takes_until(round_)
            has_ended = False
            if round_.phase is PhaseKind.ENTRIES:
                has_ended = bool(self._truth.entries(round_.ref.rpartition(".")[0], round_.period.label, until))
            elif round_.phase in SCORED:
                has_ended = bool(round_.asked) and not self._truth.owing(round_.id, until)
            if has_ended and round_.id not in compiled:
                yield BrokenPromise(Broken.STUCK, round_.id, kind="phase end", at=until)

    def _phase_tried(self, round_: Round) -> datetime | None:
        """When the phase can be opened first: it is tried every hour from its opening moment on."""
        before = {
            PhaseKind.PRELIMINARY: (PhaseKind.ENTRIES,),
            PhaseKind.FINAL: (PhaseKind.ENTRIES, PhaseKind.PRELIMINARY),
            PhaseKind.AWARD: (PhaseKind.FINAL,),
            PhaseKind.SENT_ON: (PhaseKind.FINAL, PhaseKind.AWARD),
        }
        ready = round_.opens - MINUTE
        for kind in before.get(round_.phase, ()) if round_.phase else ():
            other = self._played.rounds.get(
                f"{round_.plan_id}/{round_.ref.rpartition('.')[0]}.{kind}/{round_.period.label}"
            )
            if other is None:
                continue
            ended = self._proved(other) if kind is PhaseKind.AWARD else self._approved(other)
            if ended is None:
                return None
            ready = max(ready, ended)
        moment = self._up_from(round_.opens)
        while moment <= ready:
            moment = self._up_from(moment + timedelta(hours=1))
        return moment

    def _approved(self, round_: Round) -> datetime | None:
        """When what the phase ended with was approved, and nothing had come in since it was compiled."""
        for decision in self._played.decided:
            if decision.round_id == round_.id and decision.approved:
                compiled = [
                    one.at for one in self._played.compiled if one.round_id == round_.id and one.at <= decision.at
                ]
                files = [file for unit in round_.asked for file in self._truth.accepted(round_.id, unit, decision.at)]
                if compiled and all(file.received < compiled[-1] for file in files):
                    return decision.at
        return None

    def _proved(self, round_: Round) -> datetime | None:
        """When the last of those asked had proved the phase."""
        until = self._truth.takes_until(round_)
        files = [self._truth.accepted(round_.id, unit, until) for unit in self._truth.expected(round_.id, until)]
        return max(found[0].received for found in files) if files and all(files) else None

    def _figures(self, round_: Round, facts: Any, moment: datetime) -> Iterator[BrokenPromise]:
        true = self._truth.report(round_, moment)
        reporting = facts["reporting"]
        codes = self._codes_of(round_, moment)
        window = (round_.window.start, round_.window.end)
        targets: Counter[str] = Counter()
        for duty in self._plan.obligations:
            if duty.kind is Kind.POSTS and not duty.per_unit:
                targets += owed_within(self._plan, duty, window)
        del targets[""]  # on any channel
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
                sorted((codes(one["name"]), *one["periods"]) for one in reporting["missing"]),
                sorted((unit, *true["missing_periods"][unit]) for unit in true["missing"]),
            ),
            "late": (sorted(codes(one["name"]) for one in reporting["late"]), sorted(true["late"])),
            "lacking": (
                {one["code"]: one["lacking"] for one in facts["channels"] if one["lacking"]},
                {code: owed - told for code, owed in targets.items() if (told := true["channels"][code]) < owed},
            ),
            "activities by unit": (
                {one["code"]: one["activities"] for one in facts["units"]},
                true["unit_activities"],
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
            stated["silent"] = (sorted(map(codes, facts["standing"]["silent"])), self._silent(round_, moment))
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
        for (round_id, juror), moment in self._played.let_off.items():
            for address in _addresses(self._plan.unit(juror), self._played):
                yield from self._once_to(round_id, "let-off", address, moment, juror)
        for round_id, moment, version in self._played.announced:
            round_ = self._played.rounds[round_id]
            entered = set(self._truth.entries(round_.ref.rpartition(".")[0], round_.period.label, moment).values())
            lead = self._plan.obligation(round_.ref).lead
            yield from self._once_to(round_id, f"contest-award-v{version.version}", self._approver(round_), moment)
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
        yield from self._once_to(round_.id, "contest-sent-on", self._approver(round_), moment)
        for code in sorted(owners):
            for address in _addresses(self._plan.unit(code), self._played):
                yield from self._once_to(round_.id, "contest-sent-on", address, moment, code)

    def _codes_of(self, round_: Round, moment: datetime) -> words.Codes:
        """What finds units by a name they had at any time between the round's opening and its due date, or `moment`."""
        first = local(self._played.opened.get(round_.id, round_.opens)).date()
        last = max(local(moment).date(), local(round_.due).date())
        found: dict[str, str] = {}
        for unit in (*self._plan.jurors, *self._plan.units):
            days = [first, last, *(past.until for past in unit.former_names if first <= past.until <= last)]
            found |= {unit.name_on(day): unit.code for day in days}
        for code in round_.asked:
            found |= {self._plan.unit(code).name_on(day): code for day in (first, last)}
        return lambda name: found.get(name, name)

    def _silent(self, round_: Round, moment: datetime) -> list[str]:
        """The units that told nothing about any of their standing duties."""
        duties = standing_duties(self._plan, round_.window)
        silent = []
        for unit in self._plan.units:
            own = [duty for duty in duties if unit.code in duty.units]
            if self._truth.is_let_off(round_.id, unit.code, moment):
                continue
            told = (self._truth.silent_about_standing(round_, unit.code, place, moment) for place in range(len(own)))
            if own and all(told):
                silent.append(unit.code)
        return sorted(silent)

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
                yield from self._once_to(round_id, "products", self._approver(round_), closed.at)
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

    def _said(self, round_id: str, kind: str) -> list[Sent]:
        """The messages of one kind about a round."""
        return [sent for sent in self._played.sent if (sent.message.round_id, sent.message.kind) == (round_id, kind)]

    def _standing(self, round_: Round, moment: datetime) -> Iterator[BrokenPromise]:
        """What the approver is told of standing duties; nothing in a period without any."""
        duties = standing_duties(self._plan, round_.window)
        if not duties:
            return
        yield from self._once_to(round_.id, "standing", self._approver(round_), moment)
        places: Counter[str] = Counter()
        expected = []
        for duty in duties:
            for unit in duty.units:
                text = self._truth.told_about_standing(round_, unit, places[unit], moment)
                is_excused = self._truth.is_let_off(round_.id, unit, moment)
                expected.append((duty.ref, unit, words.EXCUSED if is_excused else text))
                places[unit] += 1
        codes = self._codes_of(round_, moment)
        for sent in self._said(round_.id, "standing"):
            yield from self._read(sent, words.of_standing(sent.message.subject, sent.message.body, expected, codes))

    def _products(self, round_: Round, moment: datetime) -> Iterator[BrokenPromise]:
        proved, missing = [], []
        for unit in self._truth.asked(round_.id):
            files = self._truth.accepted(round_.id, unit, moment)
            if not files:
                missing += [unit] if self._truth.owes(round_.id, unit, moment) else []
                continue
            is_late = self._truth.is_late(round_.id, unit, moment)
            proved += [(unit, row["title"], is_late) for row in files[-1].delivery.rows.get("evidence", ())]
        codes = self._codes_of(round_, moment)
        for sent in self._said(round_.id, "products"):
            yield from self._read(sent, words.of_products(sent.message.body, proved, missing, codes))

    def _read(self, sent: Sent, pairs: Iterable[tuple[Any, Any]]) -> Iterator[BrokenPromise]:
        """What of a text is not as it should be."""
        for found, expected in pairs:
            if found != expected:
                key = _key_of(sent, self._plan.id)
                yield _broken(Broken.WRONG_NUMBER, sent, key, str(found), str(expected))

    def _tally(self, round_: Round, moment: datetime) -> Iterator[BrokenPromise]:
        true = self._truth.tally(round_.id, moment)
        if any(moment <= self._truth.closes(round_.id, unit, moment) for unit in self._truth.owing(round_.id, moment)):
            yield BrokenPromise(Broken.WRONG_NUMBER, round_.id, kind="tally", at=moment, found="too early")
        yield from self._once_to(round_.id, "tally", self._approver(round_), moment)
        for code in self._plan.existing(self._plan.obligation(round_.ref).lead, local(moment).date()):
            for address in _addresses(self._plan.unit(code), self._played):
                yield from self._once_to(round_.id, "tally", address, moment, code)
        for sent in self._played.sent:
            message = sent.message
            if message.round_id != round_.id or message.kind != "tally":
                continue
            progress = re.search(self._reading["tally"], message.subject)
            counted = re.search(self._reading["counted"], message.body)
            codes = self._codes_of(round_, moment)
            yield from self._read(sent, words.of_units(message.body, true, codes))
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
        prompt = message.kind.partition("-")[0] in PROMPT or self._cannot_wait(sent)
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
        for found, expected in self._days(sent, round_):
            if found != expected:
                yield _broken(Broken.WRONG_DATE, sent, key, str(found), str(expected))
        if message.kind in REMINDERS:
            yield from self._reminder(sent, key, round_)
        if message.kind in {"overdue", "extended"} and not self._truth.owes(round_.id, message.unit or "", sent.at):
            yield _broken(Broken.NOT_WANTED, sent, key)
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
        if kind in {"opening", "tally", "standing", *REMINDERS} and round_.kind in {Kind.REPORT, Kind.POSTS}:
            yield set(words.DAYS.findall(body)), {(official(round_.window.start), official(round_.window.end))}
        if kind == "opening":
            due = official(local(round_.unit_due).date())
            yield re.findall(r"\d+/\d+/\d{4}", sent.message.subject)[-1:], [due]
            if round_.phase is PhaseKind.ENTRIES:
                yield words.ENTRY_DAYS.findall(body), [official(local(round_.opens).date())]
        weekdays = self._reading["weekdays"]
        if kind == "escalation":
            until = self._truth.takes_until(round_)
            body = words.LONGER.sub("", body)
            yield words.HOUR.findall(body), [(f"{local(until):%H:%M}", weekday_and_day(until, weekdays))]
            if round_.kind is Kind.REPORT:
                yield words.AT_LATEST.findall(body), [weekday_and_day(round_.due, weekdays)]

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
            tally, per_unit = self._truth.tally(round_.id, sent.at), self._plan.obligation(round_.ref).per_unit
            yield from self._read(sent, words.of_part(message.body, tally, unit, whole_too=not per_unit))

    def _escalated(self, sent: Sent, key: tuple[str, str, str, str], round_: Round) -> Iterator[BrokenPromise]:
        owing = self._truth.owing(round_.id, sent.at)
        if not owing:
            yield _broken(Broken.NOT_WANTED, sent, key)
        if round_.kind is Kind.POSTS:
            found = re.search(self._reading["escalated_posts"], sent.message.subject)
            tally = self._truth.tally(round_.id, sent.at)
            missing, codes = tally.missing, self._codes_of(round_, sent.at)
            yield from self._read(sent, words.of_whole(sent.message.body, tally))
            owing_parts = {unit: owes for unit, owes in tally.owes.items() if unit in owing}
            owed = replace(tally, owes=owing_parts)
            yield from self._read(sent, words.of_units(sent.message.body, owed, codes, only_owing=True))
            if not found or int(found[1]) != missing:
                yield _broken(Broken.WRONG_NUMBER, sent, key, sent.message.subject, str(missing))
            return
        counted = re.search(self._reading["escalated"], sent.message.subject)
        expected = (len(owing), len(self._truth.expected(round_.id, sent.at)))
        if not counted or (int(counted[1]), int(counted[2])) != expected:
            yield _broken(Broken.WRONG_NUMBER, sent, key, sent.message.subject, str(expected))
        listed = re.findall(self._reading["listed"], sent.message.body, re.MULTILINE)
        longer = {unit: self._truth.extended(round_.id, unit, sent.at) for unit in owing}
        yield from self._read(sent, words.of_extended(listed, longer, self._reading["weekdays"]))
        listed = [name.partition(words.GIVEN_LONGER)[0] for name in listed]
        if round_.phase in SCORED:
            listed = [name.partition(":")[0] for name in listed]
        codes = self._codes_of(round_, sent.at)
        yield from self._read(sent, [(sorted(map(codes, listed)), sorted(owing))])

    def _date(self, sent: Sent, key: tuple[str, str, str, str], round_: Round) -> Iterator[BrokenPromise]:
        """The first day that the text names with its weekday is the units' due day."""
        expected = weekday_and_day(round_.unit_due, self._reading["weekdays"])
        found = re.search(self._reading["weekday_and_day"], sent.message.body)
        if not found or found[0] != expected:
            yield _broken(Broken.WRONG_DATE, sent, key, found[0] if found else "", expected)

    def _approver(self, round_: Round) -> str:
        return (self._plan.obligation(round_.ref).approver or self._plan.approver).email

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


def _any_covers(outages: Iterable[Outage], moment: datetime) -> bool:
    return any(outage.start <= moment < outage.end for outage in outages)


def _any_meets(outages: Iterable[Outage], begin: datetime, end: datetime) -> bool:
    return any(outage.start < end and begin < outage.end for outage in outages)


def _half_hours(begin: datetime, end: datetime) -> Iterator[datetime]:
    while begin < end:
        yield begin
        begin += HALF_HOUR
