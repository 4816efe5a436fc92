"""Digests: what a supervisor hears on the first working day of the week and before each due date, and what the operator
hears every working morning. A letter of its own each, at most one a day; nothing to tell, no letter.

It may run at any time, any number of times. A digest is of its day: one that could not go out on it is missed, and what
it was to tell is told on the first working morning after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from dinhky.domain.digests import Matter, in_digest_hours, is_to_be_told
from dinhky.domain.local_time import local
from dinhky.domain.plan import Plan
from dinhky.rounds.correspondence import EMAIL, message_key
from dinhky.rounds.kept_attention import MessageGlimpse
from dinhky.rounds.kept_messages import Letter, Message
from dinhky.rounds.oversight import Oversight, name_of_supervisor, oversight, supervisors_of
from dinhky.rounds.ports import LedgerTransaction, Office
from dinhky.rounds.succession import as_of
from dinhky.rounds.upkeep import upkeep

DIGEST = "digest"
ALL_PLANS = "*"
"""Stands where the keys of other digests name their plan; no plan can be called so."""
LOOKED_BACK = timedelta(days=21)
"""How far back is looked for what was told; of what passed by itself, the operator hears as far back as that. Longer
than any holiday."""
_NOT_TOLD = {"missed", "queued", "claimed"}


def digest(office: Office, now: datetime) -> int:
    """Queue every digest that is to be told this morning and has not been; returns how many were."""
    if not in_digest_hours(now, office.calendar):
        return 0
    with office.ledger.snapshot() as ledger:
        found = [
            message
            for plan in office.plans.values()
            for email in supervisors_of(plan)
            if (message := _to_supervisor_if_due(office, ledger, plan, email, now))
        ]
        if office.operator:
            told = _told(ledger, ALL_PLANS, office.operator.email, now)
            letter = None if local(now).date() in told else _to_operator(office, ledger, told, now)
            found += [letter] if letter else []
    if not found:
        return 0
    with office.ledger.transaction() as ledger:
        return sum(ledger.queue(message, now) for message in found)


def is_digest(message: Message) -> bool:
    """Whether it is a digest of some day."""
    return message.key.startswith(f"{DIGEST}|")


def is_of_today(message: Message, now: datetime) -> bool:
    """Whether a digest may still go out: it is of today."""
    return message.key.split("|", 3)[2] == local(now).date().isoformat()


def current_digest(office: Office, ledger: LedgerTransaction, message: Message, now: datetime) -> Message | None:
    """A digest that was decided today as it is worded now; None if there is nothing to tell, or nobody to be told."""
    plan_id = message.key.split("|", 3)[1]
    if plan_id == ALL_PLANS:
        is_theirs = office.operator is not None and office.operator.email == message.address
        told = _told(ledger, ALL_PLANS, message.address, now)
        return _to_operator(office, ledger, told, now) if is_theirs else None
    plan = office.plans.get(plan_id)
    if plan is None:
        return message  # its file cannot be read just now: what was decided is sent as it was decided
    if message.address not in supervisors_of(plan):
        return None
    return _to_supervisor(office, plan, message.address, oversight(office, ledger, plan, message.address, now), now)


def _to_supervisor_if_due(
    office: Office, ledger: LedgerTransaction, plan: Plan, email: str, now: datetime
) -> Message | None:
    today, told = local(now).date(), _told(ledger, plan.id, email, now)
    if not is_to_be_told(_all_there_could_be(office, plan), today, told.keys(), office.calendar):
        return None  # nearly every day: no need to look at the rounds
    seen = oversight(office, ledger, plan, email, now)
    if not is_to_be_told(seen.matters, today, told.keys(), office.calendar):
        return None
    return _to_supervisor(office, plan, email, seen, now)


def _all_there_could_be(office: Office, plan: Plan) -> list[Matter]:
    """Whatever the plan's rounds turn out to be, there is no more to tell, and on no other days."""
    rounds = (round_ for round_ in office.rounds.values() if round_.plan_id == plan.id)
    dues = {local(due).date() for round_ in rounds for due in (round_.unit_due, round_.due)}
    return [Matter(date.min, tuple(dues))]


def _to_supervisor(office: Office, plan: Plan, email: str, seen: Oversight, now: datetime) -> Message | None:
    if not seen.matters:
        return None
    today, name = local(now).date(), name_of_supervisor(plan, email)
    letter = office.words.letter("digest_supervisor", plan=as_of(plan, today), name=name, today=today, seen=seen)
    return _message(plan.id, f"{DIGEST}-{today}", name, email, letter, now)


def _to_operator(
    office: Office, ledger: LedgerTransaction, told: Mapping[date, MessageGlimpse], now: datetime
) -> Message | None:
    if office.operator is None:
        return None
    name, email = office.operator.name, office.operator.email
    today = local(now).date()
    before = [one.decided_at for day, one in told.items() if day < today]
    since = max(before, default=now - LOOKED_BACK)
    found = upkeep(office, ledger, since, now)
    if not found:
        return None
    problems = [office.words.sentence(problem) for problem in found.plan_problems]
    letter = office.words.letter("digest_operator", name=name, today=today, found=found, plan_problems=problems)
    return _message(ALL_PLANS, f"{DIGEST}-operator-{today}", name or email, email, letter, now)


def _message(about: str, kind: str, name: str, email: str, letter: Letter, now: datetime) -> Message:
    return Message(
        key=_key(about, local(now).date(), email),
        kind=kind,
        channel=EMAIL,
        address=email,
        recipient=name,
        subject=letter.subject,
        body=letter.body,
        section=letter.section,
        not_before=now,
        office_hours_only=True,
    )


def _key(about: str, day: date, email: str) -> str:
    return message_key(DIGEST, about, day.isoformat(), email)


def _told(ledger: LedgerTransaction, about: str, email: str, now: datetime) -> dict[date, MessageGlimpse]:
    """The digests of the last days, by day: today's, and of those before all but what was missed, or will be because it
    has not gone out yet."""
    today = local(now).date()
    days = [today - timedelta(days=number) for number in range(LOOKED_BACK.days + 1)]
    found = ledger.glimpses([_key(about, day, email) for day in days])
    by_day = {day: one for day in days if (one := found.get(_key(about, day, email)))}
    return {day: one for day, one in by_day.items() if day == today or one.state not in _NOT_TOLD}
