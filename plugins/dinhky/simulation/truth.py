"""What the behaviour says that units told, worked out without the system: who owed what when, and what counts.

Nothing here calls the use cases or the domain's tallies: it is written from the rules, to be compared with what the
system made of the same files. Of a file only what the behaviour knows of it is used, never what the system read.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.contest import SCORED, PhaseKind
from dinhky.domain.plan import Kind, Plan
from dinhky.domain.schedule import Round
from dinhky.simulation.acting import Acted
from dinhky.simulation.behaviour import Fault, Ruling
from dinhky.simulation.contest_truth import TruePlace, best, true_ranking
from dinhky.simulation.dates_truth import amended
from dinhky.simulation.part_truth import (
    ACCEPTED,
    HELD,
    REFUSED,
    RETURNED,
    Part,
    Standing,
)
from dinhky.simulation.played import Arrival, Played
from dinhky.simulation.post_truth import TruePost, TrueTally, same_posts, told_since, true_tally
from dinhky.simulation.ruling_truth import Verdict, carried_out


@dataclass(frozen=True)
class Answer:
    """What a file deserved: `verdict`, its number among the unit's files for the round, and whether it came before."""

    arrival: Arrival
    verdict: str
    number: int
    again: bool


class Truth:
    """The year as it ought to have been understood, from the files that came and the moments they were taken in."""

    def __init__(self, played: Played, calendar: WorkingCalendar) -> None:
        self.played = played
        self.plan: Plan = played.plan
        self.calendar = calendar
        self.answers: list[Answer] = []
        self._channels = {name: code for code, name in self.plan.channels.items()}
        self._parts: dict[tuple[str, str], Part] = {}
        self._told_moments: list[datetime] = []
        self._told: list[dict[tuple[str, str], list[TruePost]]] = []
        self._tallies: dict[tuple[str, int, frozenset[str]], TrueTally] = {}
        self._refused: set[tuple[str, str]] = set()
        self._sent: dict[str, datetime] = {}
        for round_id, moment, _ in played.reports_sent:
            self._sent.setdefault(round_id, moment)
        self._posts: dict[tuple[str, str], list[TruePost]] = {}
        self.verdicts: list[Verdict] = []
        for event in played.happened:
            if isinstance(event, Acted):
                self.verdicts.append(self._judged(event))
                continue
            answer = self._answer(event)
            self.answers.append(answer)
            if answer.verdict == ACCEPTED and not answer.again:
                part = self._parts[event.delivery.round_id, event.delivery.unit]
                part.last = None
                self.take(part, event, event.received)

    @property
    def rounds(self) -> Mapping[str, Round]:
        return self.played.rounds

    # Files

    def take(self, part: Part, arrival: Arrival, moment: datetime) -> None:
        """A file counts from then on: for its round, and what it tells of posts for every quota."""
        delivery = arrival.delivery
        round_ = self.rounds[delivery.round_id]
        if round_.kind is not Kind.POSTS:  # there the items count, not the file
            part.accept(arrival, moment, is_late=arrival.arrived > round_.unit_due)
        earlier = self._posts.get((delivery.round_id, delivery.unit), [])
        posts = [told_since(post, earlier) for post in self._posts_of(arrival)]
        if posts or (delivery.round_id, delivery.unit) in self._posts:
            self.tell((delivery.round_id, delivery.unit), posts, moment)

    def tell(self, key: tuple[str, str], posts: list[TruePost], moment: datetime) -> None:
        """From then on these are the posts that stand of what the unit told for the round."""
        self._posts = {**self._posts, key: posts}
        self._told_moments.append(moment)
        self._told.append(self._posts)
        for (round_id, unit), part in self._parts.items():
            is_open = self.rounds[round_id].kind is Kind.POSTS and moment <= self.closes(round_id, unit, moment)
            if part.now.is_nil and is_open and self.tally(round_id, moment).own.get(unit):
                part.become(moment, is_nil=False)  # it tells something after all

    def take_back(self, key: tuple[str, str], moment: datetime) -> None:
        """From then on nothing stands of what the unit told for the round."""
        if self._posts.get(key):
            self.tell(key, [], moment)

    def _answer(self, arrival: Arrival) -> Answer:
        delivery = arrival.delivery
        key = (delivery.round_id, delivery.unit)
        if delivery.fault is Fault.NO_WORKBOOK:
            again = (delivery.unit, delivery.fingerprint) in self._refused
            self._refused.add((delivery.unit, delivery.fingerprint))
            return Answer(arrival, REFUSED, 0, again)
        part = self._parts.setdefault(key, Part())
        seen = (delivery.fingerprint, RETURNED if delivery.fault else ACCEPTED)
        sent = self._sent.get(delivery.round_id)
        is_sent = sent is not None and sent <= arrival.received
        is_closed = is_sent or self._is_closed(delivery.round_id, delivery.unit, arrival)
        verdict = RETURNED if delivery.fault else HELD if is_closed else ACCEPTED
        if part.newest == seen:
            state = part.kept[-1][1]
            if is_closed or state != HELD:  # the same answer as before
                return Answer(arrival, state if state in {ACCEPTED, HELD} else RETURNED, part.number, again=True)
        part.newest = seen
        part.kept.append((arrival, verdict))
        return Answer(arrival, verdict, part.number, again=False)

    # Decisions

    def _judged(self, acted: Acted) -> Verdict:
        """What a decision deserved; what it changes is changed from its moment on."""
        act = acted.act
        part = self._parts.setdefault((act.round_id, act.unit), Part())
        changes = carried_out(self, part, acted) if act.unit in self.asked(act.round_id) else None
        if not changes:
            return Verdict(acted, is_refused=changes is None, is_new=False)
        part.last = act.ruling
        part.told += 1
        return Verdict(acted, is_refused=False, is_new=True, number=part.told)

    def is_told(self, round_id: str, unit: str, moment: datetime) -> bool:
        """Whether the round's outcome was told by then, so that nothing about it is decided any more."""
        sent = self._sent.get(round_id)
        if self.rounds[round_id].kind is Kind.REPORT:
            return sent is not None and sent <= moment
        is_closed = any(closed.round_id == round_id and closed.at <= moment for closed in self.played.closed)
        return is_closed or moment > self.closes(round_id, unit, moment)

    def standing(self, round_id: str, unit: str, moment: datetime) -> Standing:
        """How the unit's part stood then."""
        part = self._parts.get((round_id, unit))
        return part.standing(moment) if part else Standing()

    def closes(self, round_id: str, unit: str, moment: datetime) -> datetime:
        """Until when the unit's files counted, as was decided by then."""
        until = self.takes_until(self.rounds[round_id])
        return max(until, self.standing(round_id, unit, moment).until or until)

    def extended(self, round_id: str, unit: str, moment: datetime) -> datetime | None:
        """Until when the unit was given longer than others by then, if it was."""
        return self.standing(round_id, unit, moment).until

    def returned(self, round_id: str, unit: str) -> list[tuple[datetime, datetime]]:
        """When a file of the unit was sent back, or its answer by an officer, so that it owed it again; and when
        something happened to it after that."""
        happened: list[tuple[datetime, bool]] = []
        for answer in self.answers:
            delivery, moment = answer.arrival.delivery, answer.arrival.received
            if (
                (delivery.round_id, delivery.unit) == (round_id, unit)
                and not answer.again
                and answer.verdict != REFUSED
            ):
                is_sent_back = answer.verdict == RETURNED and not self._is_closed(round_id, unit, answer.arrival)
                happened.append((moment, is_sent_back))
        for verdict in self.verdicts:
            act = verdict.acted.act
            if verdict.is_new and (act.round_id, act.unit) == (round_id, unit):
                happened.append((verdict.acted.at, act.ruling is Ruling.RETURN))
        happened.sort(key=lambda one: one[0])  # of one moment, in the order in which it happened: files first
        ends = [moment for moment, _ in happened[1:]] + [datetime.max.replace(tzinfo=UTC)]
        return [
            (moment, end)
            for (moment, is_sent_back), end in zip(happened, ends, strict=False)
            if is_sent_back and moment < end and self.owes(round_id, unit, moment)
        ]

    def was_decided_about(self, round_id: str, unit: str, begin: datetime, end: datetime) -> bool:
        """Whether an officer decided anything about the unit's part (any unit's, if empty) in that time."""
        return any(
            verdict.is_new and one.act.round_id == round_id and unit in ("", one.act.unit) and begin <= one.at <= end
            for verdict in self.verdicts
            for one in [verdict.acted]
        )

    def takes_until(self, round_: Round) -> datetime:
        """Until when something is asked and taken: for what a contest cannot go on without, until all of it is over."""
        if round_.phase is None or round_.phase is PhaseKind.ENTRIES:
            return round_.locks
        whole = self.rounds[f"{round_.plan_id}/{round_.ref.rpartition('.')[0]}/{round_.period.label}"]
        return max(round_.locks, whole.locks)

    def _is_closed(self, round_id: str, unit: str, arrival: Arrival) -> bool:
        """Whether a good file that came then waits for a decision instead of counting."""
        round_ = self.rounds[round_id]
        is_over = arrival.arrived > self.closes(round_id, unit, arrival.received)
        last = self._last_decision(round_id, arrival.received)
        if round_.phase is PhaseKind.ENTRIES:
            return is_over and last is not False
        if round_.phase in SCORED:
            return is_over or last is True or self.is_let_off(round_id, unit, arrival.received)
        return is_over

    def _last_decision(self, round_id: str, moment: datetime) -> bool | None:
        found = [one.approved for one in self.played.decided if one.round_id == round_id and one.at < moment]
        return found[-1] if found else None

    def is_let_off(self, round_id: str, unit: str, moment: datetime) -> bool:
        """Whether nothing was expected of the unit then: a juror without whom the jury went on, a unit waived."""
        let_off = self.played.let_off.get((round_id, unit))
        return (let_off is not None and let_off <= moment) or self.standing(round_id, unit, moment).is_waived

    def expected(self, round_id: str, moment: datetime) -> list[str]:
        """The units that counted then as those of whom something was expected."""
        return [unit for unit in self.asked(round_id) if not self.is_let_off(round_id, unit, moment)]

    def accepted(self, round_id: str, unit: str, moment: datetime) -> list[Arrival]:
        """The files that counted by then, oldest first; the last stands."""
        return list(self.standing(round_id, unit, moment).files)

    def is_late(self, round_id: str, unit: str, moment: datetime) -> bool:
        """Whether the unit's first answer came after its due date; a correction changes nothing about that."""
        return bool(self.standing(round_id, unit, moment).is_late)

    def owes(self, round_id: str, unit: str, moment: datetime) -> bool:
        """Whether the unit still had to do something for the round then."""
        return not self.is_let_off(round_id, unit, moment) and not self.has_answered(
            self.rounds[round_id], unit, moment
        )

    def owing(self, round_id: str, moment: datetime) -> list[str]:
        """The units of the round that owed something then, in the plan's order."""
        return [unit for unit in self.asked(round_id) if self.owes(round_id, unit, moment)]

    def asked(self, round_id: str) -> tuple[str, ...]:
        round_ = self.rounds[round_id]
        return round_.asked if round_id in self.played.opened and not round_.cancelled else ()

    def is_invitation(self, round_id: str) -> bool:
        return self.rounds[round_id].phase is PhaseKind.ENTRIES

    # Posts

    def _posts_of(self, arrival: Arrival) -> list[TruePost]:
        delivery = arrival.delivery
        round_ = self.rounds[delivery.round_id]
        return [
            TruePost(
                unit=delivery.unit,
                channel=self._channels[row["channel"]],
                field=row["field"],
                published=row["published"],
                told_at=arrival.arrived,
                duty=round_.ref if round_.kind is Kind.POSTS else "",
                source=round_.ref,
                mark=mark,
            )
            for row, mark in zip(delivery.rows.get("posts", ()), delivery.marks, strict=True)
        ]

    def told(self, moment: datetime) -> list[TruePost]:
        """What stands by then, in the order in which it was told."""
        position = bisect_right(self._told_moments, moment)
        if not position:
            return []
        posts = [post for listed in self._told[position - 1].values() for post in listed]
        return sorted(posts, key=lambda post: (post.told_at, post.published))

    def tally(self, round_id: str, moment: datetime) -> TrueTally:
        """How the quota of a round stood then."""
        waived = frozenset(unit for unit in self.asked(round_id) if self.is_let_off(round_id, unit, moment))
        version = bisect_right(self._told_moments, moment)
        key = (round_id, version, waived)
        if key not in self._tallies:
            round_ = self.rounds[round_id]
            duty = amended(self.plan.obligation(round_.ref), round_.period.year, round_.period.last_month)
            self._tallies[key] = true_tally(duty, round_, self.told(moment), waived)
        return self._tallies[key]

    # Reports

    def report(self, round_: Round, moment: datetime) -> dict[str, Any]:
        """The figures that a report compiled then must state, as far as they come from the units' files."""
        shorter = self.plan.obligation(round_.ref).compiled_from
        sources = [round_]
        if shorter:
            sources = [
                one
                for one in self.rounds.values()
                if one.ref == shorter
                and round_.window.start <= one.window.start
                and one.window.end <= round_.window.end
            ]
        units = list(dict.fromkeys(unit for one in sources for unit in self.asked(one.id)))
        files = {
            unit: [found[-1] for one in sources if (found := self.accepted(one.id, unit, moment))] for unit in units
        }
        workbook = {unit: [post for file in files[unit] for post in self._posts_of(file)] for unit in units}
        elsewhere = self._elsewhere(round_, shorter or round_.ref, workbook, moment)
        posts = {unit: workbook[unit] + elsewhere.get(unit, []) for unit in units}
        held = {
            unit: [row for file in files[unit] for row in file.delivery.rows.get("activities", ())] for unit in units
        }
        wanted = {unit: [one for one in sources if self._is_expected(one, unit, moment)] for unit in units}
        expected = [unit for unit in units if wanted[unit]]
        told = {unit: [one for one in wanted[unit] if self.has_answered(one, unit, moment)] for unit in units}
        answered = [unit for unit in expected if told[unit] == wanted[unit]]
        late = [unit for unit in units if any(self.is_late(one.id, unit, moment) for one in told[unit])]
        missing_periods = {
            unit: [one.period.label for one in wanted[unit] if one not in told[unit]] if shorter and told[unit] else []
            for unit in units
        }
        return {
            "posts": sum(len(listed) for listed in posts.values()),
            "activities": sum(len(listed) for listed in held.values()),
            "participants": sum(row["participants"] or 0 for listed in held.values() for row in listed),
            "channels": Counter(post.channel for listed in posts.values() for post in listed),
            "unit_posts": {unit: len(listed) for unit, listed in posts.items()},
            "expected": len(expected),
            "actual": len(answered),
            "on_time": sum(unit not in late for unit in answered),
            "missing": [unit for unit in expected if unit not in answered],
            "missing_periods": missing_periods,
            "unit_activities": {unit: len(held[unit]) if told[unit] else None for unit in units},
            "late": late,
        }

    def _is_expected(self, round_: Round, unit: str, moment: datetime) -> bool:
        return unit in self.asked(round_.id) and not self.is_let_off(round_.id, unit, moment)

    def has_answered(self, round_: Round, unit: str, moment: datetime) -> bool:
        """Whether the unit had done its part by then: by a file, by saying there is nothing, or by enough items."""
        standing = self.standing(round_.id, unit, moment)
        if round_.kind is Kind.POSTS:
            return standing.is_nil or not self.tally(round_.id, moment).owes.get(unit, 0)
        return bool(standing.files) or standing.is_nil

    def _elsewhere(
        self, round_: Round, source: str, workbook: Mapping[str, list[TruePost]], moment: datetime
    ) -> dict[str, list[TruePost]]:
        """Posts of the window that stand in no workbook of the report but were told in other ways, once each."""
        inside = [post for listed in workbook.values() for post in listed]
        others = [
            post
            for post in self.told(moment)
            if post.source != source and post.published in round_.window and post.told_at <= round_.locks
        ]
        listed = {id(post) for post in inside}
        found: dict[str, list[TruePost]] = {}
        for group in same_posts([*inside, *others]):
            if id(group[0]) not in listed:
                found.setdefault(group[0].unit, []).append(group[0])
        return found

    # Contests

    def entries(self, whole: str, period: str, moment: datetime) -> dict[str, str]:
        """The titles entered by then, each with its unit."""
        round_id = f"{self.plan.id}/{whole}.{PhaseKind.ENTRIES}/{period}"
        return {
            row["title"]: unit
            for unit in self.asked(round_id)
            for files in [self.accepted(round_id, unit, moment)]
            if files
            for row in files[-1].delivery.rows.get("entries", ())
        }

    def ranking(self, round_: Round, moment: datetime) -> dict[str, TruePlace]:
        """The ranking of a phase in which jurors score, by the sheets that counted then."""
        whole = round_.ref.rpartition(".")[0]
        contest = self.plan.obligation(whole).contest
        if contest is None:
            return {}
        entries = self.entries(whole, round_.period.label, moment)
        preliminary = self.rounds.get(f"{self.plan.id}/{whole}.{PhaseKind.PRELIMINARY}/{round_.period.label}")
        if round_.phase is PhaseKind.FINAL and preliminary:
            reached = best(self.ranking(preliminary, moment), contest.finalists)
            entries = {title: unit for title, unit in entries.items() if title in reached}
        hands = {
            juror: files[-1].delivery.scores
            for juror in self.expected(round_.id, moment)
            if (files := self.accepted(round_.id, juror, moment))
        }
        return true_ranking(contest, entries, {juror: hand for juror, hand in hands.items() if hand})

    def silent_about_standing(self, round_: Round, unit: str, duty_number: int, moment: datetime) -> bool:
        """Whether the unit told nothing about its standing duty of that place in its sheet."""
        return not self.told_about_standing(round_, unit, duty_number, moment)

    def told_about_standing(self, round_: Round, unit: str, duty_number: int, moment: datetime) -> str:
        """What the unit told about its standing duty of that place in its sheet; empty if nothing."""
        files = self.accepted(round_.id, unit, moment)
        rows = files[-1].delivery.rows.get("standing", ()) if files else ()
        return str(rows[duty_number].get("text") or "") if duty_number < len(rows) else ""
