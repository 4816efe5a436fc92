"""The very hidden sheet that says whom a workbook was built for. A claim to be cross-checked, never a credential."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from dinhky.domain.content import Identity
from dinhky.domain.errors import Problem
from dinhky.domain.period import Period
from dinhky.domain.plan import Plan, Unit
from dinhky.domain.schedule import Round
from dinhky.workbook.cell_text import clean_line

IDENTITY_SHEET = "_dinhky"


def identity_rows(identity: Identity) -> list[tuple[str, str]]:
    """The sheet's rows: a field's name and its value."""
    return list(asdict(identity).items())


def identity_from_rows(rows: Sequence[Sequence[Any]]) -> Identity | None:
    """The identity that the sheet's rows spell; None if a field is missing or the period is none."""
    found = {clean_line(row[0]): clean_line(row[1]) for row in rows if len(row) >= 2}
    values = {field.name: found.get(field.name, "") for field in fields(Identity)}
    try:
        Period.parse(values["period"])
    except ValueError:
        return None
    return Identity(**values) if all(values.values()) else None


def mismatches(identity: Identity, plan: Plan, round_: Round, unit: Unit) -> list[Problem]:
    """Why this workbook is not the one asked for: another plan, obligation, period or unit, each named for people."""
    if identity.plan != plan.id:
        return [Problem("other_plan", params={"found": identity.plan, "expected": plan.id, "title": plan.title})]
    problems = []
    if identity.ref != round_.ref:
        names = {obligation.ref: obligation.name for obligation in plan.obligations}
        found = names.get(identity.ref, identity.ref)
        problems.append(Problem("other_obligation", params={"found": found, "expected": round_.obligation}))
    if identity.period != round_.period.label:
        params = {"found": identity.period, "expected": round_.period.label}
        problems.append(Problem("other_period", params=params))
    if identity.unit != unit.code:
        unit_names = {one.code: one.name for one in plan.units}
        found = unit_names.get(identity.unit, identity.unit)
        problems.append(Problem("other_unit", params={"found": found, "expected": unit.name}))
    return problems
