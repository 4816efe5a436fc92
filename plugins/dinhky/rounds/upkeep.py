"""What the operator is to look at: what failed, what waits, what was assumed, what cannot be read, what was missed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from dinhky.domain.digests import week_began
from dinhky.domain.errors import Problem
from dinhky.domain.local_time import local
from dinhky.domain.plan import Assumption
from dinhky.domain.schedule import Round
from dinhky.rounds.chatting import ChatState
from dinhky.rounds.held_files import HeldFile, held_submissions
from dinhky.rounds.kept_attention import Bounce, MessageGlimpse, UnmatchedMail
from dinhky.rounds.ports import LedgerTransaction, Office

ASSUMED_WITHIN = timedelta(days=14)
"""How near a due date is of which the operator is reminded that it was assumed."""
OF_DATES = ("due", "unit_due", "opens", "locks", "window", "cadence")
"""The assumptions that a date hangs on."""
UNMATCHED = ("unknown_sender", "which_unit", "forged", "too_many")
"""What became of mails of which nobody could say for which unit they came: see `dinhky.intake.mailbox.Outcome`."""
_LOST = {ChatState.BLOCKED, ChatState.SILENT}


@dataclass(frozen=True)
class HeldUp:
    """Messages that wait for one and the same reason: how many, by which channel, since when."""

    count: int
    channel: str
    reason: str
    since: datetime


@dataclass(frozen=True)
class LostChat:
    """A contact whom a chat no longer reaches: by name of their unit, address, reason."""

    unit: str
    email: str
    reason: str


@dataclass(frozen=True)
class Missed:
    """Messages of one subject that were not sent because their time had passed."""

    subject: str
    count: int
    reason: str


@dataclass(frozen=True)
class AssumedDate:
    """A due date that is near and hangs on what the document does not say. `is_new` if it was not when the operator
    was last written to."""

    commune: str
    round: Round
    day: date
    days_left: int
    assumed: tuple[Assumption, ...]
    is_new: bool


@dataclass(frozen=True)
class Upkeep:
    """All of it. False if there is nothing that the operator has to be written to about today."""

    troubled: tuple[MessageGlimpse, ...]
    bounces: tuple[Bounce, ...]
    held_up: tuple[HeldUp, ...]
    held_files: tuple[HeldFile, ...]
    lost_chats: tuple[LostChat, ...]
    unmatched: tuple[UnmatchedMail, ...]
    assumed: tuple[AssumedDate, ...]
    plan_problems: tuple[Problem, ...]
    missed: tuple[Missed, ...]
    is_first_of_week: bool

    def __bool__(self) -> bool:
        """What was assumed is no reason to write again every morning: once when it comes near, then once a week."""
        has_trouble = bool(self.failed or self.waiting or self.missed)
        return has_trouble or any(one.is_new or self.is_first_of_week for one in self.assumed)

    @property
    def failed(self) -> int:
        """How many things have gone wrong."""
        return len(self.troubled) + len(self.bounces) + len(self.plan_problems)

    @property
    def waiting(self) -> int:
        """How many things wait."""
        stuck = sum(one.count for one in self.held_up)
        return stuck + len(self.held_files) + len(self.lost_chats) + len(self.unmatched)


def upkeep(office: Office, ledger: LedgerTransaction, since: datetime, now: datetime) -> Upkeep:
    """What is to be looked at now; of what passes by itself, what has happened since then."""
    today = local(now).date()
    stuck: dict[str, list[MessageGlimpse]] = {}
    for message in ledger.stuck_messages(since):
        stuck.setdefault(message.state, []).append(message)
    return Upkeep(
        troubled=(*stuck.get("failed", ()), *stuck.get("unknown", ())),
        bounces=tuple(ledger.bounces(since)),
        held_up=tuple(_held_up(stuck.get("queued", ()))),
        held_files=tuple(held_submissions(office)),
        lost_chats=tuple(_lost_chats(office, ledger, since)),
        unmatched=tuple(ledger.unmatched_mails(UNMATCHED, since)),
        assumed=tuple(_assumed_dates(office, since, now)),
        plan_problems=tuple(problem for error in office.plan_errors for problem in error.problems),
        missed=tuple(_missed(stuck.get("missed", ()))),
        is_first_of_week=week_began(today, office.calendar) == today,
    )


def _assumed_dates(office: Office, since: datetime, now: datetime) -> list[AssumedDate]:
    """The due dates of the next two weeks that were assumed, or hang on what was, by date; a contest's once."""
    today, last_told = local(now).date(), local(since).date()
    found = []
    for round_ in office.rounds.values():
        assumed = tuple(item for item in round_.assumed if item.field in OF_DATES)
        days = [day for due in (round_.unit_due, round_.due) if today <= (day := local(due).date())]
        if assumed and days and min(days) <= today + ASSUMED_WITHIN and not (round_.cancelled or round_.phase):
            left = office.calendar.working_days_after(today, min(days))
            commune, is_new = office.plans[round_.plan_id].commune, min(days) - ASSUMED_WITHIN > last_told
            found.append(AssumedDate(commune, round_, min(days), left, assumed, is_new))
    return sorted(found, key=lambda one: (one.day, one.round.id))


def _held_up(messages: Iterable[MessageGlimpse]) -> Iterator[HeldUp]:
    def cause(message: MessageGlimpse) -> tuple[str, str]:
        return message.channel, message.reason

    for (channel, reason), several in groupby(sorted(messages, key=cause), key=cause):
        listed = list(several)
        yield HeldUp(len(listed), channel, reason, min(one.at for one in listed))


def _lost_chats(office: Office, ledger: LedgerTransaction, since: datetime) -> Iterator[LostChat]:
    for chat in ledger.chats():
        if chat.state in _LOST and chat.changed_at >= since:
            plan = office.plans.get(chat.whose.plan_id)
            units = {unit.code: unit.name for unit in (*plan.units, *plan.jurors)} if plan else {}
            yield LostChat(units.get(chat.whose.unit, chat.whose.unit), chat.whose.email, chat.reason)


def _missed(messages: Iterable[MessageGlimpse]) -> Iterator[Missed]:
    def what(message: MessageGlimpse) -> tuple[str, str]:
        return message.subject, message.reason

    for (subject, reason), several in groupby(sorted(messages, key=what), key=what):
        yield Missed(subject, len(list(several)), reason)
