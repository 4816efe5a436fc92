"""A year's behaviour, all of it drawn from one seed: who answers when and how, what breaks, what the approver says."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.contest import SCORED, PhaseKind
from dinhky.domain.local_time import at, local
from dinhky.domain.plan import Kind, Obligation, Plan
from dinhky.domain.schedule import Round, all_rounds_of
from dinhky.simulation.behaviour import Behaviour, Decision, Delivery, Fault, LetOff, Mark, Outage, Scoring, Temperament
from dinhky.simulation.officer import acts_of
from dinhky.simulation.vocabulary import Vocabulary
from dinhky.simulation.writing import Desk, Told, typed_posts, without_repeats

USUAL = {
    Temperament.EARLY: 3,
    Temperament.PUNCTUAL: 4,
    Temperament.LAST_MINUTE: 3,
    Temperament.LATE: 2,
    Temperament.CARELESS: 2,
    Temperament.DOUBLE_SENDER: 2,
    Temperament.FORGETFUL: 1,
}
"""How many units in how many have which temperament."""
OUT_OF_CHARACTER = 0.2
"""How often a unit answers as it usually does not."""
MAX_OUTAGES = 4
LONGEST_OUTAGE, LONGEST_MAIL_OUTAGE = 90, 30
"""In hours."""
EXTRA_TICKS = 20


def behaviour_of(
    plan: Plan, calendar: WorkingCalendar, seed: int, words: Vocabulary, *, with_outages: bool = True
) -> Behaviour:
    """What happens to the plan in the year of that seed. The same arguments give the same behaviour."""
    return _Year(plan, calendar, seed, words).behaviour(with_outages)


class _Year:
    def __init__(self, plan: Plan, calendar: WorkingCalendar, seed: int, words: Vocabulary) -> None:
        self._plan = plan
        self._calendar = calendar
        self._seed = seed
        self._words = words
        self._rng = random.Random(f"{plan.id} {seed}")  # noqa: S311 - a play, not a secret
        self._desk = Desk(plan, words, self._rng)
        self._rounds = all_rounds_of(plan, calendar)
        kinds, weights = list(USUAL), list(USUAL.values())
        self._temperaments = {unit.code: self._rng.choices(kinds, weights)[0] for unit in (*plan.units, *plan.jurors)}

    def behaviour(self, with_outages: bool) -> Behaviour:
        deliveries = [
            delivery for round_ in self._rounds if not round_.cancelled for delivery in self._deliveries(round_)
        ]
        decisions = {round_.id: self._decisions() for round_ in self._rounds}
        let_off = tuple(
            LetOff(round_.id, round_.locks + timedelta(hours=self._rng.choice([8, 10, 34])))
            for round_ in self._rounds
            if round_.phase in SCORED
        )
        outages, mail_outages = self._outages(LONGEST_OUTAGE), self._outages(LONGEST_MAIL_OUTAGE)
        ticks = self._extra_ticks()
        in_order = tuple(sorted(deliveries, key=lambda one: (one.at, one.unit, one.round_id)))
        return Behaviour(
            plan_id=self._plan.id,
            seed=self._seed,
            temperaments=self._temperaments,
            deliveries=in_order,
            decisions=decisions,
            outages=outages if with_outages else (),
            mail_outages=mail_outages if with_outages else (),
            extra_ticks=ticks,
            let_off=let_off,
            acts=acts_of(self._plan, self._rounds, in_order, self._seed),
        )

    def _deliveries(self, round_: Round) -> list[Delivery]:
        found: list[Delivery] = []
        for unit in round_.asked:
            temperament = self._temperaments[unit]
            if self._rng.random() < OUT_OF_CHARACTER:
                temperament = self._rng.choice(list(Temperament))
            if temperament is Temperament.FORGETFUL:
                if self._rng.random() < 0.7:
                    continue
                temperament = Temperament.LATE
            found += self._of_unit(round_, unit, temperament)
        return found

    def _of_unit(self, round_: Round, unit: str, temperament: Temperament) -> list[Delivery]:
        when = self._moment(round_, temperament)
        good = self._good(round_, unit, when)
        sent = [good]
        if temperament is Temperament.CARELESS or self._rng.random() < 0.05:
            before = self._rng.randint(1, 2)
            for count in range(before, 0, -1):
                wrong_at = max(round_.opens + timedelta(minutes=20), when - timedelta(hours=3 * count))
                if wrong_at < when:
                    sent.append(self._wrong(round_, unit, good, wrong_at))
        if temperament is Temperament.DOUBLE_SENDER or self._rng.random() < 0.04:
            sent.append(replace(good, at=when + timedelta(minutes=self._rng.randint(2, 90))))
            if self._rng.random() < 0.6:
                sent.append(self._good(round_, unit, when + timedelta(hours=self._rng.randint(2, 60)), correcting=good))
        if self._rng.random() < 0.04:  # a wrong file after the good one takes nothing away
            sent.append(self._wrong(round_, unit, good, when + timedelta(hours=self._rng.randint(1, 30))))
        return sent

    def _moment(self, round_: Round, temperament: Temperament) -> datetime:
        """When a unit of that temperament sends its file."""
        rng, calendar = self._rng, self._calendar
        first, due = local(round_.opens).date(), local(round_.unit_due).date()
        last_worked = calendar.on_or_before(due)
        match temperament:
            case Temperament.EARLY:
                begin, end = first + timedelta(days=1), calendar.shift(last_worked, -5)
            case Temperament.LAST_MINUTE:
                begin, end = due, due
            case Temperament.LATE:
                end = local(round_.locks).date() + timedelta(days=2 if rng.random() < 0.25 else 0)
                begin = min(due + timedelta(days=1), end)
            case _:
                begin, end = calendar.shift(last_worked, -5), calendar.shift(last_worked, -1)
        begin = max(begin, first)
        if temperament is not Temperament.LATE:
            end = min(max(end, begin), due)
        day = begin + timedelta(days=rng.randint(0, max(0, (end - begin).days)))
        hour = rng.randint(7, 21) if rng.random() < 0.25 else rng.randint(8, 16)
        moment = at(day, time(hour, rng.randint(0, 59), rng.randint(0, 59)))
        return max(moment, round_.opens + timedelta(minutes=rng.randint(30, 400)))

    def _good(self, round_: Round, unit: str, when: datetime, correcting: Delivery | None = None) -> Delivery:
        last_day = local(when).date()
        obligation = self._plan.obligation(round_.ref)
        rows: dict[str, Any] = {}
        marks: tuple[Mark, ...] = ()
        scores = None
        match round_:
            case Round(kind=Kind.REPORT):
                told = self._desk.posts(unit, round_, obligation, self._rng.randint(0, 5), last_day)
                told = without_repeats([*told, *self._retold(unit, round_, last_day)])
                rows["posts"], marks = typed_posts(told)
                at_least_one = 0 if told else 1
                rows["activities"] = self._desk.activities(round_, self._rng.randint(at_least_one, 3), last_day)
                rows["remarks"] = self._desk.remarks(self._rng.randint(0, 2))
                rows["standing"] = self._desk.standing(unit, round_)
            case Round(kind=Kind.POSTS):
                rows["posts"], marks = self._log(round_, obligation, unit, last_day, correcting)
            case Round(phase=PhaseKind.ENTRIES):
                rows["entries"] = self._desk.entries(self._rng.randint(2, 5))
            case Round(phase=PhaseKind.PRELIMINARY | PhaseKind.FINAL):
                scores = Scoring(seed=self._rng.randint(0, 10**6), coarse=self._seed % 2 == 0)
            case _:
                rows["evidence"] = self._desk.evidence(last_day)
        typed = {sheet: tuple(listed) for sheet, listed in rows.items() if listed}
        return Delivery(when, unit, round_.id, unit, typed, marks, scores=scores)

    def _log(
        self, round_: Round, obligation: Obligation, unit: str, last_day: date, correcting: Delivery | None
    ) -> tuple[tuple[dict[str, Any], ...], tuple[Mark, ...]]:
        """A log of posts; a correction adds to the earlier one, and sometimes strikes a row out."""
        share = round_.count or 1
        if correcting:
            told = [Told(mark, dict(row)) for mark, row in zip(correcting.marks, correcting.rows["posts"], strict=True)]
            if self._rng.random() < 0.3 and len(told) > 1:
                told.pop()
            told += self._desk.posts(unit, round_, obligation, self._rng.randint(1, 2), last_day)
        else:
            count = max(1, share + self._rng.choice([-1, 0, 0, 0, 1]))
            told = self._desk.posts(unit, round_, obligation, count, last_day)
        return typed_posts(without_repeats(told))

    def _retold(self, unit: str, round_: Round, last_day: date) -> list[Told]:
        """What the unit told in its logs already and writes in the quarter's workbook too, some in another guise."""
        end = min(last_day, round_.window.end)
        candidates = [
            one for one in self._desk.told.get(unit, []) if round_.window.start <= one.row["published"] <= end
        ]
        return [
            self._desk.in_another_guise(one) if self._rng.random() < 0.3 else one
            for one in candidates
            if self._rng.random() < 0.4
        ]

    def _wrong(self, round_: Round, unit: str, good: Delivery, when: datetime) -> Delivery:
        faults = [Fault.NOTHING_IN_IT, Fault.NO_WORKBOOK]
        if len(round_.asked) > 1:
            faults.append(Fault.OTHER_UNIT)
        if good.scores:
            faults = [Fault.SCORE_MISSING, Fault.NO_WORKBOOK, Fault.OTHER_UNIT]
        if any(sheet in good.rows for sheet in ("posts", "activities", "evidence")):
            faults += [Fault.DATE_OUTSIDE, Fault.DATE_OUTSIDE, Fault.TITLE_MISSING]
        if "posts" in good.rows:
            faults.append(Fault.CHOICE_UNKNOWN)
        fault = self._rng.choice(faults)
        wrong = replace(good, at=when, fault=fault)
        match fault:
            case Fault.OTHER_UNIT:
                other = self._rng.choice([code for code in round_.asked if code != unit])
                return replace(wrong, workbook_unit=other)
            case Fault.NOTHING_IN_IT:
                return replace(wrong, rows={}, marks=())
            case Fault.SCORE_MISSING if good.scores:
                return replace(wrong, scores=replace(good.scores, skips=self._rng.randint(0, 5)))
            case Fault.NO_WORKBOOK | Fault.SCORE_MISSING:
                return replace(wrong, rows={"text": ({"number": self._desk.number()},)}, marks=(), scores=None)
        sheet = next(sheet for sheet in ("posts", "activities", "evidence") if sheet in good.rows)
        rows = [dict(row) for row in good.rows[sheet]]
        if fault is Fault.DATE_OUTSIDE:
            day = "issued" if sheet == "evidence" else "held" if sheet == "activities" else "published"
            rows[-1][day] = round_.window.end + timedelta(days=self._rng.randint(40, 60))
        elif fault is Fault.TITLE_MISSING:
            rows[-1]["title"] = ""
        else:
            rows[-1]["channel"] = self._words.texts["wrong_choice"]
        return replace(wrong, rows={**good.rows, sheet: tuple(rows)})

    def _decisions(self) -> tuple[Decision, ...]:
        """What the approver says of a round: sometimes not yet, in the end yes."""
        sent_back = sum(self._rng.random() < 0.2 for _ in range(2))
        waits = [timedelta(hours=self._rng.choice([1, 2, 5, 24, 50])) for _ in range(sent_back + 1)]
        return tuple(Decision(wait, approved=number == sent_back) for number, wait in enumerate(waits))

    def _outages(self, longest: int) -> tuple[Outage, ...]:
        """Hours or days in which something is down; often around the days on which much is due."""
        rng = self._rng
        outages = []
        for _ in range(rng.randint(0, MAX_OUTAGES)):
            round_ = rng.choice(self._rounds)
            due = self._calendar.on_or_before(local(round_.unit_due).date())
            days = [
                self._calendar.shift(due, -3),
                self._calendar.shift(due, -1),
                due,
                self._calendar.shift(due, 1),
                local(round_.locks).date(),
                local(round_.opens).date(),
                _some_day(rng, self._plan.year),
            ]
            start = at(rng.choice(days), time(rng.randint(0, 23), rng.randint(0, 59)))
            is_short = rng.random() < 0.6
            lasts = timedelta(minutes=rng.randint(20, 600)) if is_short else timedelta(hours=rng.randint(12, longest))
            outages.append(Outage(start, start + lasts))
        return tuple(sorted(outages, key=lambda outage: outage.start))

    def _extra_ticks(self) -> tuple[datetime, ...]:
        rng = self._rng
        slots = [time(hour, minute) for hour in range(7, 17) for minute in (0, 30)]
        return tuple(sorted(at(_some_day(rng, self._plan.year), rng.choice(slots)) for _ in range(EXTRA_TICKS)))


def _some_day(rng: random.Random, year: int) -> date:
    return date(year, 1, 1) + timedelta(days=rng.randint(0, 364))
