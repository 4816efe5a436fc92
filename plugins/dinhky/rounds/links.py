"""The personal link: it opens one unit's own affairs to whoever holds it, without a login, until a day.

A link names plan, unit, its last day and a serial, and is signed. The same four make the same link, so that deciding a
message twice words it alike. Revoking counts the unit's serial up: every link made before is dead at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType

from dinhky.domain.errors import DinhKyError, PlanUnread
from dinhky.domain.local_time import local
from dinhky.domain.plan import Plan, Unit
from dinhky.domain.schedule import Round
from dinhky.rounds.contest_answers import takes_until
from dinhky.rounds.ports import LedgerTransaction, Office, Signer
from dinhky.rounds.succession import known_unit, named_on

PURPOSE = "link"
VALID_AFTER_LOCK = timedelta(days=60)
"""A link outlives its round: a report sent back, or a file held, is looked up weeks later. A link found in a mailbox a
year later opens nothing."""
NO_LINKS: Mapping[str, str] = MappingProxyType({})


class LinkRefused(DinhKyError):
    """A personal link that opens nothing: `link_unknown`, `link_expired`, `link_revoked`."""


@dataclass(frozen=True)
class PersonalLink:
    """What a link says. It opens until the end of the day `expires` in Vietnam."""

    plan_id: str
    unit: str
    expires: date
    serial: int


def token_of(signer: Signer, link: PersonalLink) -> str:
    """The link as one part of a URL's path. It ends in a digit: mail programs leave a final `-` or `_` out of links."""
    text = f"{link.plan_id}.{link.unit}.{link.expires:%Y%m%d}.{link.serial}"
    return f"{signer.sign(PURPOSE, text)}.{text}"


def read_token(signer: Signer, token: str) -> PersonalLink:
    """What a token says. Raises LinkRefused for one that we did not sign."""
    signature, _, text = token.partition(".")
    if not signer.is_ours(PURPOSE, text, signature):
        raise LinkRefused("link_unknown")
    plan_id, unit, expires, serial = text.split(".")
    return PersonalLink(plan_id, unit, date.fromisoformat(expires), int(serial))


def opened_by(office: Office, ledger: LedgerTransaction, token: str, now: datetime) -> tuple[Plan, Unit]:
    """Whose affairs the token opens at `now`; the unit under the name it has. Raises LinkRefused; PlanUnread for a good
    link of a plan that cannot be read just now."""
    link = read_token(office.signer, token)
    today = local(now).date()
    if today > link.expires:
        raise LinkRefused("link_expired")
    if ledger.link_serial(link.plan_id, link.unit) != link.serial:
        raise LinkRefused("link_revoked")
    plan = office.plans.get(link.plan_id)
    unit = known_unit(plan, link.unit) if plan else None
    if plan is None and (link.plan_id in office.unread_plans or not office.plans):
        raise PlanUnread("portal_plan_unread")
    if plan is None or unit is None:  # gone, or it no longer knows the unit
        raise LinkRefused("link_revoked")
    return plan, named_on(unit, today)


def personal_links(office: Office, ledger: LedgerTransaction, plan: Plan, round_: Round) -> Mapping[str, str]:
    """The links that messages about a round give, by unit; none where there is no portal."""
    expires = local(takes_until(office, round_)).date() + VALID_AFTER_LOCK
    return _urls(office, ledger, plan, expires)


def links_for_the_year(office: Office, ledger: LedgerTransaction, plan: Plan) -> Mapping[str, str]:
    """The links that messages about no round give, by unit: they open as long as the plan's year asks anything."""
    return _urls(office, ledger, plan, date(plan.year, 12, 31) + VALID_AFTER_LOCK)


def revoke(office: Office, plan: Plan, unit: Unit, now: datetime, *, by: str, reason: str) -> None:
    """Let no link that the unit ever got open anything again; who, when and why stands in the events.

    The next message, or `dinhky link`, gives a new one.
    """
    with office.ledger.transaction() as ledger:
        ledger.revoke_links(plan.id, unit.code, now, by, reason)


def url_of(portal_url: str, signer: Signer, link: PersonalLink) -> str:
    """The address to write into a message, or to type."""
    return f"{portal_url}/u/{token_of(signer, link)}"


def _urls(office: Office, ledger: LedgerTransaction, plan: Plan, expires: date) -> Mapping[str, str]:
    if office.portal_url is None:
        return NO_LINKS
    serials = ledger.link_serials(plan.id)
    return {
        unit.code: url_of(
            office.portal_url, office.signer, PersonalLink(plan.id, unit.code, expires, serials.get(unit.code, 0))
        )
        for unit in (*plan.units, *plan.jurors)
    }
