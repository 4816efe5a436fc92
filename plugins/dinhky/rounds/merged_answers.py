"""Several periods' answers of a unit as one: what a half-year's or a year's report is compiled from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields

from dinhky.domain.assignment import Assignment, State
from dinhky.domain.content import Content
from dinhky.rounds.ports import UnitAnswer

_TOLD = frozenset({State.ACCEPTED, State.COMPILED})

Told = Sequence[tuple[str, Sequence[UnitAnswer]]]
"""Rounds of the shorter report, in order: a period's label and its units' answers."""


def merged(round_id: str, told: Told, before: Told = ()) -> list[UnitAnswer]:
    """One answer for each unit that was asked in any of the periods, in the order in which units first appear.

    A unit has answered if it did in every period in which it was expected, is late if it was in any, and waived if it
    was in all. Only accepted workbooks go into its content: period after period, each in the order of its rows.
    `before` are the same periods of the longer period before this one, for comparison.
    """
    earlier = _by_unit(before)
    return [_merged(round_id, parts, earlier.get(unit, [])) for unit, parts in _by_unit(told).items()]


def _by_unit(told: Told) -> dict[str, list[tuple[str, UnitAnswer]]]:
    found: dict[str, list[tuple[str, UnitAnswer]]] = {}
    for label, answers in told:
        for answer in answers:
            found.setdefault(answer.unit.code, []).append((label, answer))
    return found


def _merged(round_id: str, parts: list[tuple[str, UnitAnswer]], before: list[tuple[str, UnitAnswer]]) -> UnitAnswer:
    newest = parts[-1][1]
    expected = [(label, answer) for label, answer in parts if answer.assignment.state is not State.WAIVED]
    missing = [(label, answer) for label, answer in expected if not answer.assignment.answered]
    accepted = [answer for _, answer in expected if _is_told(answer)]
    late = [label for label, answer in expected if answer.assignment.answered and answer.assignment.late]
    if missing:
        state = missing[0][1].assignment.state
    elif expected:
        state = State.ACCEPTED if accepted else State.NIL
    else:
        state = State.WAIVED
    reasons = [answer.assignment.reason for _, answer in parts if answer.assignment.state is state]
    arrived = [at for _, answer in expected if answer.assignment.answered and (at := answer.assignment.accepted_at)]
    assignment = Assignment(
        round_id,
        newest.unit.code,
        newest.assignment.unit_name,
        state,
        reason=reasons[-1] if reasons else None,
        accepted_at=max(arrived) if arrived and not missing else None,
        late=bool(late) if expected and not missing else None,
    )
    return UnitAnswer(
        unit=newest.unit,
        assignment=assignment,
        content=_joined(answer.content for answer in accepted),
        previous=_joined(answer.content for _, answer in before if _is_told(answer)),
        periods=tuple(label for label, answer in expected if answer.assignment.answered),
        missing_periods=tuple(label for label, _ in missing),
        late_periods=tuple(late),
    )


def _is_told(answer: UnitAnswer) -> bool:
    return answer.content is not None and answer.assignment.state in _TOLD


def _joined(contents: Iterable[Content | None]) -> Content | None:
    """The contents one after the other; None if there is none."""
    told = [content for content in contents if content is not None]
    if not told:
        return None
    groups = {
        group.name: tuple(
            record for content in told for record in sorted(getattr(content, group.name), key=lambda row: row.row)
        )
        for group in fields(Content)
    }
    return Content(**groups)
