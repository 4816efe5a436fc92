"""What a played year comes to: for an operator's table, and as plain types for JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from dinhky.domain.assignment import Assignment, Rates, rates
from dinhky.domain.local_time import local
from dinhky.domain.plan import Obligation
from dinhky.simulation.broken import BrokenPromise
from dinhky.simulation.ladder_truth import AFTER_DUE, BEFORE_DUE
from dinhky.simulation.letters_truth import Letters
from dinhky.simulation.played import Played

FAMILIES = (
    "opening",
    "reminder",
    "reminder-overdue",
    "mend",
    "escalation",
    "change",
    "accepted",
    "returned",
    "held",
    "refused",
    "approval-request",
    "report-returned",
    "report",
    "tally",
    "products",
    "standing",
    "overdue",
    "extended",
    "decision",
    "let-off",
    "contest-results",
    "contest-award",
    "contest-sent-on",
    "digest",
)
"""The kinds of messages as they are counted, in the order in which they are shown."""


@dataclass(frozen=True)
class DutyYear:
    """One duty's year: how many rounds it had, and how the parts of those who were asked ended."""

    obligation: Obligation
    rounds: int
    rates: Rates

    @property
    def late(self) -> int:
        return self.rates.actual - self.rates.on_time

    @property
    def missing(self) -> int:
        return self.rates.expected - self.rates.actual


@dataclass(frozen=True)
class WorstDay:
    """The day on which a unit got most messages, and how many; answers to its own files not counted.

    `reminders_a_day` and `reminders_a_week` are the most letters of reminders that any address of the unit got on one
    day, and from a Monday to a Sunday beside what is overdue.
    """

    unit: str
    name: str
    temperament: str
    messages: int
    day: date | None
    count: int
    reminders_a_day: int
    reminders_a_week: int


@dataclass(frozen=True)
class Summary:
    """A year in figures."""

    played: Played
    broken: Sequence[BrokenPromise]
    duties: tuple[DutyYear, ...]
    messages: dict[str, int]
    worst_days: tuple[WorstDay, ...]

    @property
    def rounds(self) -> int:
        return len(self.played.opened)

    @property
    def rates(self) -> Rates:
        return rates(part for parts in self.played.assignments.values() for part in parts)

    @property
    def worst(self) -> WorstDay:
        return max(self.worst_days, key=lambda day: day.count)

    @property
    def reminders_a_day(self) -> int:
        """The most letters of reminders that anybody got on one day."""
        return max(day.reminders_a_day for day in self.worst_days)

    @property
    def reminders_a_week(self) -> int:
        """The most that anybody got from a Monday to a Sunday, beside what is overdue."""
        return max(day.reminders_a_week for day in self.worst_days)


def summarised(played: Played, broken: Sequence[BrokenPromise]) -> Summary:
    """The figures of a year that was played."""
    plan = played.plan
    refs = list(dict.fromkeys(round_.ref for round_ in sorted(played.rounds.values(), key=lambda one: one.opens)))
    place = {obligation.ref: index for index, obligation in enumerate(plan.obligations)}
    refs.sort(key=lambda ref: place.get(ref, place.get(ref.rpartition(".")[0], len(place))))
    letters = Letters(played.sent)
    counted = Counter(family(sent.message.kind) for sent in played.sent)
    return Summary(
        played=played,
        broken=broken,
        duties=tuple(_duty_year(played, ref) for ref in refs),
        messages={kind: counted[kind] for kind in (*FAMILIES, *sorted(set(counted) - set(FAMILIES))) if counted[kind]},
        worst_days=tuple(_worst_day(played, letters, unit.code, unit.name) for unit in (*plan.units, *plan.jurors)),
    )


def family(kind: str) -> str:
    """The kind of a message without its number, version or moment; the reminders before the due date are one, and
    those after it."""
    if BEFORE_DUE.fullmatch(kind):
        return "reminder"
    if AFTER_DUE.fullmatch(kind):
        return "reminder-overdue"
    return next((name for name in FAMILIES if kind == name or kind.startswith(f"{name}-")), kind)


def as_json(summary: Summary) -> dict[str, Any]:
    """The figures, every broken promise, every message and every report, as plain types."""
    played = summary.played
    total = summary.rates
    return {
        "plan": played.plan.id,
        "seed": played.behaviour.seed,
        "rounds": summary.rounds,
        "expected": total.expected,
        "on_time": total.on_time,
        "late": total.actual - total.on_time,
        "missing": total.expected - total.actual,
        "messages_by_kind": summary.messages,
        "most_reminders_a_day": summary.reminders_a_day,
        "most_reminders_a_week": summary.reminders_a_week,
        "obligations": [
            {
                "ref": duty.obligation.ref,
                "obligation": duty.obligation.name,
                "kind": duty.obligation.kind.value,
                "rounds": duty.rounds,
                "expected": duty.rates.expected,
                "on_time": duty.rates.on_time,
                "late": duty.late,
                "missing": duty.missing,
            }
            for duty in summary.duties
        ],
        "units": [
            {
                "unit": day.unit,
                "name": day.name,
                "temperament": day.temperament,
                "messages": day.messages,
                "worst_day": day.day.isoformat() if day.day else None,
                "worst_day_messages": day.count,
                "most_reminders_a_day": day.reminders_a_day,
                "most_reminders_a_week": day.reminders_a_week,
            }
            for day in summary.worst_days
        ],
        "outages": [
            {"what": what, "start": local(one.start).isoformat(), "end": local(one.end).isoformat()}
            for what, listed in (("system", played.behaviour.outages), ("mail", played.behaviour.mail_outages))
            for one in listed
        ],
        "broken": [
            {
                "what": one.what.value,
                "about": one.about,
                "unit": one.unit,
                "kind": one.kind,
                "at": local(one.at).isoformat() if one.at else None,
                "found": one.found,
                "expected": one.expected,
            }
            for one in summary.broken
        ],
        "messages": [
            {
                "at": local(sent.at).isoformat(),
                "kind": sent.message.kind,
                "channel": sent.message.channel,
                "address": sent.message.address,
                "recipient": sent.message.recipient,
                "unit": sent.message.unit,
                "round": sent.message.round_id,
                "subject": sent.message.subject,
                "body": sent.message.body,
            }
            for sent in played.sent
        ],
        "reports": [
            {
                "round": compiled.round_id,
                "version": compiled.version.version,
                "compiled_at": local(compiled.at).isoformat(),
                "facts": compiled.facts,
            }
            for compiled in played.compiled
        ],
    }


def _duty_year(played: Played, ref: str) -> DutyYear:
    rounds = [round_id for round_id in played.opened if played.rounds[round_id].ref == ref]
    parts: list[Assignment] = [part for round_id in rounds for part in played.assignments.get(round_id, [])]
    return DutyYear(played.plan.obligation(ref), len(rounds), rates(parts))


def _worst_day(played: Played, letters: Letters, code: str, name: str) -> WorstDay:
    theirs = [sent for sent in played.sent if sent.message.unit == code]
    unasked = Counter(
        local(sent.at).date()
        for sent in theirs
        if family(sent.message.kind) not in {"accepted", "returned", "held", "refused"}
    )
    day, count = max(unasked.items(), key=lambda item: (item[1], -item[0].toordinal()), default=(None, 0))
    temperament = played.behaviour.temperaments.get(code)
    return WorstDay(
        unit=code,
        name=name,
        temperament=temperament.value if temperament else "",
        messages=len(theirs),
        day=day,
        count=count,
        reminders_a_day=letters.most_a_day(code),
        reminders_a_week=letters.most_a_week(code),
    )
