"""What happens when a round is done that no report is compiled from: the supervisor is told how it ended.

Each closing may run at any time and any number of times: too early it refuses, afterwards it changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dinhky.domain.errors import CompilingRefused, UnknownName
from dinhky.domain.local_time import end_of
from dinhky.domain.plan import Plan
from dinhky.domain.posts import Tally
from dinhky.domain.schedule import Round, in_force
from dinhky.rounds.asking import facts_for
from dinhky.rounds.correspondence import to_approver, to_units
from dinhky.rounds.kept_messages import Message
from dinhky.rounds.lookup import round_of
from dinhky.rounds.ports import LedgerTransaction, Office
from dinhky.rounds.posting import tally_of

TALLY = "tally"
PRODUCTS = "products"
TOLD_AGAIN = "outcome_told_again"


def close_posts_round(office: Office, round_id: str, now: datetime) -> Tally:
    """Send the tally of a posts round to its lead and the supervisor, once the period is over and counted out.

    That is when the window has ended and every unit has done its part, at the latest when the round locks, also for
    those who were given longer. Raises CompilingRefused before, UnknownName for a round that was never opened.
    """
    plan, round_ = round_of(office, round_id)
    with office.ledger.transaction() as ledger:
        ledger.lock_round(round_id)
        _refuse_if_too_early(ledger, round_, max(round_.opens, end_of(round_.window.end)), now)
        tally = tally_of(office, ledger, plan, round_)
        queued = sum(ledger.queue(message, now) for message in _tally_messages(office, ledger, plan, round_, now))
        if queued:
            _record(ledger, round_, "tally_sent", now, counted=len(tally.counted), target=tally.target)
    return tally


@dataclass(frozen=True)
class Products:
    """How a milestone ended: how many products were proved, and the names of the units that proved none."""

    products: int
    missing: tuple[str, ...]


def close_milestone(office: Office, round_id: str, now: datetime) -> Products:
    """Tell the supervisor of the products, once every unit has proved its own or the round has locked.

    Raises CompilingRefused before, UnknownName for a round that was never opened.
    """
    plan, round_ = round_of(office, round_id)
    with office.ledger.transaction() as ledger:
        ledger.lock_round(round_id)
        _refuse_if_too_early(ledger, round_, round_.opens, now)
        message, products = _products_message(office, ledger, plan, round_, PRODUCTS, now)
        if ledger.queue(message, now):
            _record(ledger, round_, "products_told", now, products=products.products)
    return products


def tell_again(office: Office, ledger: LedgerTransaction, plan: Plan, round_: Round, now: datetime) -> None:
    """Tell once more how a round ended that was told already, because an officer has taken a late file since."""
    kinds = [event["kind"] for event in ledger.events(round_.id)]
    number = kinds.count(TOLD_AGAIN) + 1
    if "tally_sent" in kinds:
        messages = [*_tally_messages(office, ledger, plan, round_, now, f"{TALLY}-again-{number}")]
    elif "products_told" in kinds:
        messages = [_products_message(office, ledger, plan, round_, f"{PRODUCTS}-again-{number}", now)[0]]
    else:
        return
    ledger.event(TOLD_AGAIN, at=now, actor="dinhky", round_id=round_.id)
    for message in messages:
        ledger.queue(message, now)


def _refuse_if_too_early(ledger: LedgerTransaction, round_: Round, earliest: datetime, now: datetime) -> None:
    if not ledger.round_is_open(round_.id):
        raise UnknownName("round_not_opened", round_id=round_.id)
    awaited = [one for one in ledger.assignments(round_.id) if one.is_awaited(round_.locks, now)]
    if awaited or (not round_.is_over(now) and now <= earliest):
        locks = max((one.closes(round_.locks) for one in awaited), default=round_.locks)
        names = [one.unit_name for one in awaited]
        raise CompilingRefused("units_still_open", round_id=round_.id, units=names, locks=locks)


def _products_message(
    office: Office, ledger: LedgerTransaction, plan: Plan, round_: Round, kind: str, now: datetime
) -> tuple[Message, Products]:
    products = _products(ledger, round_)
    missing = tuple(one.unit_name for one in ledger.assignments(round_.id) if not one.settled)
    message = to_approver(
        office,
        plan,
        round_,
        kind,
        template="milestone_report",
        now=now,
        products=products,
        missing=missing,
        obligation=plan.obligation(round_.ref),
    )
    return message, Products(len(products), missing)


def _tally_messages(
    office: Office, ledger: LedgerTransaction, plan: Plan, round_: Round, now: datetime, kind: str = TALLY
) -> Iterator[Message]:
    facts = facts_for(office, ledger, plan, round_, now)
    duty = in_force(plan.obligation(round_.ref), round_.period)
    yield from to_units(
        office, plan, round_, duty.lead, kind, template="tally_posts", now=now, office_hours_only=True, **facts
    )
    yield to_approver(office, plan, round_, kind, template="tally_posts", now=now, **facts)


def _products(ledger: LedgerTransaction, round_: Round) -> list[dict[str, Any]]:
    """Every product that was proved, in the plan's order of units."""
    return [
        {
            "unit": assignment.unit_name,
            "title": proof.title,
            "number": proof.number,
            "issued": proof.issued,
            "link": proof.link,
            "note": proof.note,
            "late": bool(assignment.late),
        }
        for assignment in ledger.assignments(round_.id)
        if assignment.submission_id
        for proof in ledger.content_of(assignment.submission_id).evidence
    ]


def _record(ledger: LedgerTransaction, round_: Round, kind: str, now: datetime, **detail: Any) -> None:
    """One event, however often the round is closed."""
    if not any(event["kind"] == kind for event in ledger.events(round_.id)):
        ledger.event(kind, at=now, actor="dinhky", round_id=round_.id, **detail)
