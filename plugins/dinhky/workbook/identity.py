"""The very hidden sheet that says whom a workbook was built for. A claim to be cross-checked, never a credential."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from dinhky.domain.content import Identity
from dinhky.domain.errors import Problem
from dinhky.domain.period import Period
from dinhky.domain.plan import Plan, Unit
from dinhky.domain.schedule import Round
from dinhky.rounds.ports import Signer
from dinhky.workbook.cell_text import clean_line

IDENTITY_SHEET = "_dinhky"
PURPOSE = "workbook"
"""What the signature is worth something for."""
_SIGNATURE = "signature"
_FIELDS = tuple(field.name for field in fields(Identity))


@dataclass(frozen=True)
class Claim:
    """What a file says of itself, and the signature under it; empty if there is none."""

    identity: Identity
    signature: str

    def is_ours(self, signer: Signer) -> bool:
        """Whether we said so ourselves."""
        return signer.is_ours(PURPOSE, _signed_text(self.identity), self.signature)


def identity_rows(identity: Identity, signer: Signer) -> list[tuple[str, str]]:
    """The sheet's rows: each field's name and value, and our signature under all of them."""
    return [*asdict(identity).items(), (_SIGNATURE, signer.sign(PURPOSE, _signed_text(identity)))]


def claim_in(rows: Sequence[Sequence[Any]]) -> Claim | None:
    """What the sheet's rows spell; None if a field is missing or the period is none."""
    found = {clean_line(row[0]): clean_line(row[1]) for row in rows if len(row) >= 2}
    values = {name: found.get(name, "") for name in _FIELDS}
    try:
        Period.parse(values["period"])
    except ValueError:
        return None
    return Claim(Identity(**values), found.get(_SIGNATURE, "")) if all(values.values()) else None


def mismatch(identity: Identity, plan: Plan, round_: Round, unit: Unit) -> Problem | None:
    """Why this workbook is not the one asked for: another plan's, obligation's, period's or unit's, named for people.

    What is named is always whose file it is and of which period, whichever of them is the wrong one.
    """
    if identity.plan != plan.id:
        return Problem("other_plan", params={"found": identity.plan, "expected": plan.id, "title": plan.title})
    duties = {obligation.ref: obligation.name for obligation in plan.obligations}
    units = {one.code: one.name for one in (*plan.units, *plan.jurors)}
    params = {
        "found_period": identity.period,
        "expected_period": round_.period.label,
        "found_unit": units.get(identity.unit, identity.unit),
        "expected_unit": unit.name,
    }
    if identity.ref != round_.ref:
        found = duties.get(identity.ref, identity.ref)
        return Problem("other_obligation", params={"found": found, "expected": round_.obligation, **params})
    if identity.unit != unit.code:
        return Problem("other_unit", params=params)
    return Problem("other_period", params=params) if identity.period != round_.period.label else None


def _signed_text(identity: Identity) -> str:
    """Every field by its name, each on a line: no value has a line break in it."""
    return "\n".join(f"{name}={clean_line(getattr(identity, name))}" for name in _FIELDS)
