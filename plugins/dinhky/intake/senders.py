"""From the address that a mail comes from to the units, and jurors, for whom it may speak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dinhky.domain.content import Identity
from dinhky.domain.local_time import local
from dinhky.domain.people import Contact
from dinhky.domain.plan import Plan, Unit
from dinhky.rounds.ports import Office
from dinhky.rounds.succession import named_on


@dataclass(frozen=True)
class Party:
    """A unit or juror of a plan, and the contact whose address it was."""

    plan: Plan
    unit: Unit
    contact: Contact


def parties_of(office: Office, address: str, now: datetime) -> list[Party]:
    """Every unit of every plan that exists now and has a contact with that address, under the name it has.

    Capitals make no difference, nor does what stands after a plus sign.
    """
    today = local(now).date()
    wanted = _plain(address)
    return [
        Party(plan, named_on(unit, today), contact)
        for plan in office.plans.values()
        for unit in (*plan.units, *plan.jurors)
        if unit.exists_on(today)
        for contact in dict.fromkeys((*unit.still_here_on(today), *unit.contacts_on(today)))
        if _plain(contact.email) == wanted
    ]


def party_meant(office: Office, parties: Sequence[Party], identity: Identity | None, now: datetime) -> Party | None:
    """For which of them a workbook comes: whose it says it is, else the only one, or the only one asked now.

    None where several are left. A workbook that claims to be somebody else's is still its sender's, to be answered.
    """
    left = list(parties)
    if identity:
        of_plan = [party for party in left if party.plan.id == identity.plan]
        left = [party for party in of_plan if party.unit.code == identity.unit] or of_plan or left
    if len({_name(party) for party in left}) > 1:
        left = [party for party in left if _is_asked(office, party, now)] or left
    return left[0] if len({_name(party) for party in left}) == 1 else None


def _name(party: Party) -> tuple[str, str]:
    return party.plan.id, party.unit.code


def _is_asked(office: Office, party: Party, now: datetime) -> bool:
    return any(
        round_.plan_id == party.plan.id
        and party.unit.code in round_.asked
        and round_.opens <= now
        and not round_.is_over(now)
        for round_ in office.rounds.values()
    )


def _plain(address: str) -> str:
    local_part, _, domain = address.strip().casefold().rpartition("@")
    return f"{local_part.partition('+')[0]}@{domain}"
