"""Who is to be reminded of what by now. Never asked: "is today T-3"; always: "what is due by now and not yet done"."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import zip_longest

from dinhky.domain.calendar import WorkingCalendar
from dinhky.domain.local_time import END_OF_OFFICE_DAY, START_OF_OFFICE_DAY, local, start_of_work
from dinhky.domain.schedule import Round


class Step(StrEnum):
    """What a round tells of its own accord, beside the rungs of its ladder (`T-3`, `T+1`: see `rung`).

    The values are part of outbox keys: never renamed.
    """

    OPENING = "opening"
    ESCALATION = "escalation"
    """To the supervisor, once a round: who has not answered."""
    OVERDUE = "overdue"
    """To those without whom a contest cannot go on, once, after the lock: they are waited for."""
    EXTENDED = "extended"
    """To a unit that was given longer than the round's lock, on the working day before that ends."""
    MEND = "mend"
    """To a unit whose file was sent back, and that has neither sent it again nor heard of the round since."""
    MEND_OVERDUE = "mend-overdue"
    """The same after the units' due date."""
    CHANGE = "change"
    """To those asked: the round has another due date, or is not held."""


_RUNG = re.compile(r"T([+-])([0-9]+)")
_OVERDUE = frozenset({Step.OVERDUE, Step.EXTENDED, Step.MEND_OVERDUE})
_REMINDERS = _OVERDUE | {Step.MEND}


def rung(working_days: int) -> str:
    """The name of the reminder so many working days after the units' due date, negative before it: `T-3`, `T-0`,
    `T+1`. Part of outbox keys: never renamed."""
    return f"T+{working_days}" if working_days > 0 else f"T-{-working_days}"


def days_of_rung(step: str) -> int | None:
    """How many working days after the due date a rung lies, negative before it; None for any other step."""
    found = _RUNG.fullmatch(step)
    return None if found is None else int(found[2]) * (1 if found[1] == "+" else -1)


def is_reminder(kind: str) -> bool:
    """Whether a message of that kind reminds a unit of what it owes."""
    return kind in _REMINDERS or days_of_rung(kind) is not None


def is_overdue_reminder(kind: str) -> bool:
    """Whether a message of that kind reminds a unit of what was due before."""
    return kind in _OVERDUE or (days_of_rung(kind) or 0) > 0


@dataclass(frozen=True)
class Due:
    """A step, the moment from which it is due, and the one from which the ladder's next is, whether told or not."""

    step: str
    at: datetime
    overtaken_at: datetime | None = None


def in_office_hours(now: datetime, calendar: WorkingCalendar) -> bool:
    """Whether offices may be written to: a working day, 07:30 to 17:00 in Vietnam."""
    here = local(now)
    return START_OF_OFFICE_DAY <= here.time() < END_OF_OFFICE_DAY and calendar.is_working_day(here.date())


def unit_ladder(round_: Round, calendar: WorkingCalendar) -> list[Due]:
    """The reminders before the due date with their moments, in order. One due before the round opens does not exist."""
    last_day = calendar.on_or_before(local(round_.unit_due).date())
    ladder = _rungs(last_day, sorted(-days for days in round_.reminders.before), calendar)
    return [due for due in ladder if due.at > round_.opens]


def overdue_ladder(
    round_: Round, calendar: WorkingCalendar, *, until: datetime | None = None, given_at: datetime | None = None
) -> list[Due]:
    """The reminders after the due date with their moments, in order, as long as the unit's file is taken.

    For a unit that was given longer `until` then, at `given_at`: what its reminder of the extension's end will tell, or
    its being given longer has just told, is not told by these.
    """
    last_day = local(round_.unit_due).date()
    ladder = _rungs(last_day, sorted(round_.reminders.overdue), calendar)
    if until is None or until <= round_.locks:
        return [due for due in ladder if due.at <= round_.locks]
    end = extension_reminder_at(until, calendar)
    return [due for due in ladder if due.at < end and (due.at <= round_.locks or given_at is None or due.at > given_at)]


def _rungs(due_day: date, working_days: Sequence[int], calendar: WorkingCalendar) -> list[Due]:
    moments = [start_of_work(calendar.shift(due_day, days)) for days in working_days]
    return [
        Due(rung(days), moment, following)
        for days, (moment, following) in zip(working_days, zip_longest(moments, moments[1:]), strict=True)
    ]


def reminder_due(
    round_: Round,
    done: Collection[str],
    now: datetime,
    calendar: WorkingCalendar,
    by: datetime | None = None,
) -> str | None:
    """The one reminder before the due date to send to a unit that has not answered, or None.

    After an outage several steps may have become due: only the latest counts, and it silences the earlier ones. Once
    the unit's due date has passed this ladder says nothing more. `by` looks ahead: the latest that will be due by then.
    """
    if now > round_.unit_due or round_.is_over(now):
        return None
    return _latest(unit_ladder(round_, calendar), done, by or now)


def overdue_reminder_due(ladder: Collection[Due], done: Collection[str], round_: Round, now: datetime) -> str | None:
    """Of a unit's `overdue_ladder`, the one to send now to a unit that has not answered, or None."""
    return _latest(ladder, done, now) if now > round_.unit_due else None


def _latest(ladder: Collection[Due], done: Collection[str], by: datetime) -> str | None:
    due = [one for one in ladder if one.at <= by]
    if not due or due[-1].step in done:
        return None
    overtaken_at = due[-1].overtaken_at  # by a step that need not be told: neither need this one be, so late
    return None if overtaken_at and overtaken_at <= by else due[-1].step


def escalation_at(round_: Round, calendar: WorkingCalendar) -> datetime:
    """When the supervisor is told who is late: the first office morning after the units' due date."""
    return start_of_work(calendar.on_or_after(local(round_.unit_due).date() + timedelta(days=1)))


def extension_reminder_at(until: datetime, calendar: WorkingCalendar) -> datetime:
    """When a unit that was given longer, `until` then, is reminded: the morning of the working day before."""
    return start_of_work(calendar.on_or_before(local(until).date() - timedelta(days=1)))


def mend_reminder_at(round_: Round, returned_at: datetime, calendar: WorkingCalendar) -> datetime | None:
    """When a unit whose file was sent back then is reminded of it, if it is not heard of before; None for never."""
    days = round_.reminders.after_return
    return start_of_work(calendar.shift(local(returned_at).date(), days)) if days else None


def missed_steps(
    round_: Round, overdue: Collection[Due], done: Collection[str], now: datetime, calendar: WorkingCalendar
) -> list[str]:
    """Steps whose time came and went unsent (the system was down past the due date, or the unit had been written to
    often enough): recorded, never sent late. `overdue` are those of its `overdue_ladder` whose time is over too."""
    if now <= round_.unit_due:
        return []
    return [due.step for due in (*unit_ladder(round_, calendar), *overdue) if due.step not in done]
