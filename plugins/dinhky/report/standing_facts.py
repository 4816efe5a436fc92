"""What units told about their standing duties in a report's period, and who told nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dinhky.domain.assignment import State
from dinhky.domain.plan import Plan
from dinhky.domain.schedule import Round
from dinhky.domain.standing import standing_duties
from dinhky.rounds.ports import UnitAnswer


def standing_facts(
    plan: Plan, round_: Round, answers: Sequence[UnitAnswer], told: Sequence[UnitAnswer]
) -> dict[str, Any]:
    """Duty by duty the units that owe it, what they `told` and which are `silent`; and who is silent about all it owes.

    A unit that did not answer is silent, one that was waived is not. `told` are the answers that count. What was told
    about a duty that the plan does not know, or that is not the unit's, stands with the others and is not lost.
    """
    names = {answer.unit.code: answer.unit.name for answer in answers}
    waived = {answer.unit.code for answer in answers if answer.assignment.state is State.WAIVED}
    texts: dict[str, list[tuple[str, str]]] = {}
    titles: dict[str, str] = {}
    for answer in told:
        for row in answer.content.standing if answer.content else ():
            texts.setdefault(row.ref, []).append((answer.unit.code, row.text))
            titles.setdefault(row.ref, row.duty or row.ref)
    duties = []
    silent: dict[str, bool] = {}
    for duty in standing_duties(plan, round_.window):
        said = texts.pop(duty.ref, [])
        spoke = {unit for unit, _ in said}
        owing = list(duty.units)
        for unit in owing:
            silent[unit] = silent.get(unit, True) and unit not in spoke and unit not in waived
        quiet = [unit for unit in owing if unit not in spoke | waived]
        duties.append(_duty(plan, names, duty.ref, duty.name, owing, said, quiet))
    duties += [_duty(plan, names, ref, titles[ref], [], said, []) for ref, said in texts.items()]
    place = {unit.code: index for index, unit in enumerate(plan.units)}
    quiet = sorted(
        (unit for unit, is_silent in silent.items() if is_silent), key=lambda unit: place.get(unit, len(place))
    )
    return {"duties": duties, "silent": [_name(plan, names, unit) for unit in quiet]}


def _duty(
    plan: Plan,
    names: dict[str, str],
    ref: str,
    title: str,
    units: list[str],
    said: list[tuple[str, str]],
    silent: list[str],
) -> dict[str, Any]:
    return {
        "ref": ref,
        "name": title,
        "units": [_name(plan, names, unit) for unit in units],
        "told": [{"unit": _name(plan, names, unit), "text": text} for unit, text in said],
        "silent": [_name(plan, names, unit) for unit in silent],
    }


def _name(plan: Plan, names: dict[str, str], unit: str) -> str:
    return names.get(unit) or plan.unit(unit).name
