"""What officers decide in a year, drawn from its seed: a few decisions of every kind, some too late or senseless."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import TypeVar

from dinhky.domain.plan import Kind, Plan
from dinhky.domain.schedule import Round
from dinhky.simulation.behaviour import Act, Delivery, Ruling

T = TypeVar("T")

EACH = 4
"""How many decisions of each kind a year may have at most."""
_DECIDED_ABOUT = {Kind.REPORT, Kind.POSTS, Kind.MILESTONE}


def acts_of(plan: Plan, rounds: Sequence[Round], deliveries: Sequence[Delivery], seed: int) -> tuple[Act, ...]:
    """The year's decisions, in order. They are drawn apart from all else: the year is the same without them."""
    rng = random.Random(f"{plan.id} {seed} officer")  # noqa: S311 - a play, not a secret
    known = {round_.id: round_ for round_ in rounds if _is_decided_about(round_)}
    files = [one for one in deliveries if one.round_id in known and one.fault is None and one.unit == one.workbook_unit]
    parts = [(round_, unit) for round_ in known.values() for unit in round_.asked]
    if not parts:
        return ()
    drawn = [*_about_files(rng, known, files), *_about_parts(rng, parts)]
    # One who is given longer twice would be reminded twice under one kind of message: nothing new to learn from.
    first_extension: dict[tuple[str, str], Act] = {}
    for act in drawn:
        if act.ruling is Ruling.EXTEND:
            first_extension.setdefault((act.round_id, act.unit), act)
    kept = [one for one in drawn if one.ruling is not Ruling.EXTEND or first_extension[one.round_id, one.unit] is one]
    return tuple(sorted(kept, key=lambda act: (act.at, act.round_id, act.unit, act.ruling)))


def _is_decided_about(round_: Round) -> bool:
    return round_.kind in _DECIDED_ABOUT and not round_.phase and not round_.cancelled


def _about_files(rng: random.Random, known: dict[str, Round], files: Sequence[Delivery]) -> list[Act]:
    """Files returned, and those that came late taken, declined, or made room for beforehand."""
    acts = []
    for file in _some(rng, files):
        acts.append(Act(file.at + _hours(rng, 1, 40), file.round_id, file.unit, Ruling.RETURN))
        if rng.random() < 0.3:  # by mistake
            acts.append(Act(acts[-1].at + _hours(rng, 1, 20), file.round_id, file.unit, Ruling.TAKE))
    late = [one for one in files if one.at > known[one.round_id].locks]
    for ruling in (Ruling.TAKE, Ruling.DECLINE, Ruling.TAKE):
        acts += [
            Act(file.at + _hours(rng, 1, 60), file.round_id, file.unit, ruling) for file in _some(rng, late or files)
        ]
    for file in _some(rng, late):
        locks = known[file.round_id].locks
        begin = locks - _hours(rng, -6, 30)
        acts.append(Act(begin, file.round_id, file.unit, Ruling.EXTEND, locks + _hours(rng, 1, 90)))
    return acts


def _about_parts(rng: random.Random, parts: Sequence[tuple[Round, str]]) -> list[Act]:
    """Units waived, asked again, without anything to report, given longer; at any time from opening to well past."""
    acts = []
    for ruling in (Ruling.WAIVE, Ruling.NIL, Ruling.EXTEND):
        for round_, unit in _some(rng, parts):
            span = round_.locks - round_.opens + timedelta(hours=30)
            moment = round_.opens + timedelta(hours=2) + span * rng.random()
            if rng.random() < 0.5:
                moment = max(round_.opens + timedelta(hours=2), round_.unit_due - _hours(rng, -30, 90))
            until = round_.locks + _hours(rng, -2, 100) if ruling is Ruling.EXTEND else None
            acts.append(Act(moment, round_.id, unit, ruling, until))
            if ruling is Ruling.WAIVE and rng.random() < 0.5:
                acts.append(Act(moment + _hours(rng, 1, 60), round_.id, unit, Ruling.UNWAIVE))
            if rng.random() < 0.2:
                acts.append(Act(moment + _hours(rng, 1, 9), round_.id, unit, ruling, until))
    return acts


def _some(rng: random.Random, choices: Sequence[T]) -> list[T]:
    return rng.sample(choices, min(len(choices), rng.randint(1, EACH)))


def _hours(rng: random.Random, least: int, most: int) -> timedelta:
    return timedelta(hours=rng.randint(least, most), minutes=rng.randint(0, 59), seconds=rng.randint(0, 59))
