"""The keys of an obligation's `contest:` in a plan file, and what in it cannot be together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

from pydantic import Field

from dinhky.domain.contest import Contest, Criterion, Juror, Phase, PhaseKind, Prize
from dinhky.domain.errors import Problem
from dinhky.domain.period import last_day_of_month
from dinhky.domain.plan import nearest
from dinhky.plan_names import LONGEST_UNIT_CODE, LONGEST_UNIT_NAME, Address, Chat, Code, UnitCode
from dinhky.yaml_document import Place, YamlDocument
from dinhky.yaml_values import Day, Entry, Text, at_most, number_from, one_of

NEEDED_PHASES = (PhaseKind.ENTRIES, PhaseKind.FINAL, PhaseKind.AWARD)
"""Without these there is no contest; the others may be left out."""
_NUMBER = re.compile(r"[0-9]{1,3}")


class PhaseEntry(Entry):
    """An item of `phases:`."""

    phase: Annotated[PhaseKind, one_of(PhaseKind)]
    opens: Day
    due: Day


class CriterionEntry(Entry):
    """An item of `criteria:`."""

    code: Annotated[Code, at_most(LONGEST_UNIT_CODE)]
    name: Annotated[Text, at_most(LONGEST_UNIT_NAME)]
    max_points: Annotated[int, number_from(1, 100)]


class JurorEntry(Entry):
    """An item of `jurors:`."""

    code: Annotated[Code, at_most(LONGEST_UNIT_CODE)]
    name: Annotated[Text, at_most(LONGEST_UNIT_NAME)]
    email: Address
    title: Text | None = None
    unit: UnitCode | None = None
    chat: Chat | None = None


class PrizeEntry(Entry):
    """An item of `prizes:`."""

    name: Annotated[Text, at_most(LONGEST_UNIT_NAME)]
    count: Annotated[int, number_from(1, 100)]


class SentOnEntry(Entry):
    """`sent_on:`."""

    to: Text
    count: Annotated[int, number_from(1, 100)]


class ContestSection(Entry):
    """`contest:` of an obligation. The keys are those of `dinhky.domain.contest.Contest`."""

    name: Text
    phases: Annotated[list[PhaseEntry], Field(min_length=1)]
    criteria: Annotated[list[CriterionEntry], Field(min_length=1)]
    jurors: Annotated[list[JurorEntry], Field(min_length=1)]
    finalists: Annotated[int, number_from(1, 500)]
    prizes: Annotated[list[PrizeEntry], Field(min_length=1)]
    tie_break: tuple[Code, ...] = ()
    sent_on: SentOnEntry

    def contest(self) -> Contest:
        """The same as a value of the domain."""
        return Contest(
            phases=tuple(Phase(entry.phase, entry.opens, entry.due) for entry in self.phases),
            criteria=tuple(Criterion(**dict(entry)) for entry in self.criteria),
            jurors=tuple(
                Juror(entry.code, entry.name, entry.email, entry.chat, entry.unit, entry.title or "")
                for entry in self.jurors
            ),
            finalists=self.finalists,
            prizes=tuple(Prize(**dict(entry)) for entry in self.prizes),
            sent_on_to=self.sent_on.to,
            sent_on_count=self.sent_on.count,
            tie_break=self.tie_break,
            name=self.name,
        )


def contest_contradictions(
    document: YamlDocument, index: int, obligation: dict[str, Any], year: str, unit_codes: list[str]
) -> Iterator[Problem]:
    """What each key of the `contest:` of the file's obligation `index` alone allows and together cannot be.

    Looks at the text as typed, like the rest of a plan's contradictions.
    """
    contest = obligation.get("contest")
    if not isinstance(contest, dict):
        return
    place: Place = ("obligations", index, "contest")
    about = {"ref": obligation.get("ref", "")}
    yield from _of_phases(document, place, _groups(contest.get("phases")), obligation, year, about)
    for group, key in (("criteria", "code"), ("jurors", "code"), ("prizes", "name")):
        yield from _repeated(document, (*place, group), _groups(contest.get(group)), key)
    for number, juror in _groups(contest.get("jurors")):
        if juror.get("code") in unit_codes:
            line = (*place, "jurors", number, "code")
            yield document.problem("contest_juror_is_unit", line, found=juror["code"], **about)
    yield from _of_counts(document, place, contest, about)


def _of_phases(
    document: YamlDocument,
    place: Place,
    phases: list[tuple[int, dict[str, Any]]],
    obligation: dict[str, Any],
    year: str,
    about: dict[str, Any],
) -> Iterator[Problem]:
    """Phases follow each other in the order of their kinds and without meeting, since each works on what the one
    before has brought; all of them in the plan's year and up to the obligation's due date."""
    order = [*PhaseKind]
    last_kind, last_due = -1, ""
    for number, phase in phases:
        line, kind = (*place, "phases", number), phase.get("phase")
        if kind in order:
            position = order.index(PhaseKind(str(kind)))
            if position <= last_kind:
                expected = [str(right) for right in order]
                yield document.problem("contest_phase_order", (*line, "phase"), found=kind, expected=expected, **about)
            last_kind = max(last_kind, position)
        opens, due = _day(phase.get("opens")), _day(phase.get("due"))
        for key, day in (("opens", opens), ("due", due)):
            if day and day[:4] != year:
                yield document.problem("plan_day_outside_year", (*line, key), key=key, found=day, year=year)
        if opens and due and due < opens:
            yield document.problem("contest_phase_ends_early", (*line, "due"), found=due, opens=opens, **about)
        if opens and last_due and opens <= last_due:
            yield document.problem("contest_phase_overlaps", (*line, "opens"), found=opens, before=last_due, **about)
        last_due = max(last_due, due)
    kinds = [phase.get("phase") for _, phase in phases]
    for needed in NEEDED_PHASES:
        if phases and needed not in kinds:
            yield document.problem("contest_phase_missing", (*place, "phases"), found=needed.value, **about)
    latest = _latest(obligation, year)
    if latest and last_due > latest:
        yield document.problem("contest_ends_after_due", (*place, "phases"), found=last_due, due=latest, **about)


def _of_counts(
    document: YamlDocument, place: Place, contest: dict[str, Any], about: dict[str, Any]
) -> Iterator[Problem]:
    """No more prizes than finalists, no more sent on than reach the final, ties broken by criteria that exist."""
    finalists = str(contest.get("finalists", ""))
    prizes = [str(prize.get("count", "")) for _, prize in _groups(contest.get("prizes"))]
    if all(map(_NUMBER.fullmatch, [finalists, *prizes])) and sum(map(int, prizes)) > int(finalists):
        yield document.problem(
            "contest_too_many_prizes", (*place, "prizes"), found=sum(map(int, prizes)), finalists=finalists, **about
        )
    sent_on = contest.get("sent_on")
    count = str(sent_on.get("count", "")) if isinstance(sent_on, dict) else ""
    if _NUMBER.fullmatch(count) and _NUMBER.fullmatch(finalists) and int(count) > int(finalists):
        line = (*place, "sent_on", "count")
        yield document.problem("contest_too_many_sent_on", line, found=count, finalists=finalists, **about)
    codes = [str(criterion.get("code")) for _, criterion in _groups(contest.get("criteria"))]
    breakers = contest.get("tie_break")
    for number, code in enumerate(breakers if isinstance(breakers, list) else ()):
        if isinstance(code, str) and code not in codes:
            line = (*place, "tie_break", number)
            near = nearest(code, codes)
            yield document.problem("contest_unknown_criterion", line, found=code, expected=codes, nearest=near, **about)


def _repeated(
    document: YamlDocument, place: Place, items: list[tuple[int, dict[str, Any]]], key: str
) -> Iterator[Problem]:
    first_lines: dict[str, int] = {}
    for number, item in items:
        name, line = item.get(key), (*place, number, key)
        if not isinstance(name, str):
            continue
        if name in first_lines:
            yield document.problem("contest_duplicate", line, key=key, found=name, first=first_lines[name])
        else:
            first_lines[name] = document.lines[line]


def _latest(obligation: dict[str, Any], year: str) -> str:
    """The last day on which the obligation can be due, as ISO text; empty if the file does not tell one."""
    due = obligation.get("due", {})
    if not year.isdigit() or not 1 <= int(year) <= 9998 or not isinstance(due, dict):
        return ""
    if "on" in due:
        return _day(due["on"])
    month = str(due.get("within_month", 12))
    if not _NUMBER.fullmatch(month) or not 1 <= int(month) <= 12:
        return ""
    return last_day_of_month(int(year), int(month)).isoformat()


def _day(value: Any) -> str:
    """ISO text of a day, empty if it is not one: that is a problem of its own."""
    try:
        return date.fromisoformat(str(value)).isoformat() if len(str(value)) == len("2026-03-05") else ""
    except ValueError:
        return ""


def _groups(value: Any) -> list[tuple[int, dict[str, Any]]]:
    """The groups of a list with their positions."""
    return (
        [(number, item) for number, item in enumerate(value) if isinstance(item, dict)]
        if isinstance(value, list)
        else []
    )
