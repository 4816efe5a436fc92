"""The last look at what is about to go to one recipient: what is wanted still, in today's words, as one message; and of
reminders no more than a unit bears (`dinhky.domain.reminder_budget`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from dinhky.domain.chase import is_overdue_reminder, is_reminder
from dinhky.domain.errors import DinhKyError, Problem
from dinhky.domain.local_time import end_of, local, start_of_work
from dinhky.domain.plan import Plan
from dinhky.domain.reminder_budget import leave_for, monday_of
from dinhky.rounds.chasing import queue_due
from dinhky.rounds.combining import combined
from dinhky.rounds.freshness import NoLongerWantedError, as_of_today
from dinhky.rounds.kept_messages import QueuedMessage
from dinhky.rounds.lookup import round_of
from dinhky.rounds.ports import LedgerTransaction, Office

_ONE_A_DAY, _ENOUGH_THIS_WEEK = "message_one_reminder_a_day", "message_reminders_of_the_week"
"""Why a reminder waits, as the outbox shows it."""


@dataclass
class LookedAt:
    """What is to be sent now, if anything; how many messages were found pointless, and how many wait for a day on which
    their reader may be reminded."""

    ready: QueuedMessage | None = None
    cancelled: int = 0
    held: int = 0


def last_look(
    office: Office, ledger: LedgerTransaction, bundle: Sequence[QueuedMessage], by: str, now: datetime
) -> LookedAt:
    """Mark what of the bundle is to go now as `sending`, with the text of today, and what its letter tells besides."""
    look = _Look(office, ledger, by, now)
    ours = ledger.mark_sending([row.id for row in bundle], by, look.until)
    wanted = look.paced(look.fresh([row for row in bundle if row.id in ours]))
    if len(wanted) > 1:
        whole = combined(office, ledger, wanted, now)
        others = [row.id for row in wanted if row.id != whole.id]
        ledger.combine(whole.id, others, whole.message.subject, whole.message.body)
        wanted = [whole]
    look.found.ready = wanted[0] if wanted else None
    return look.found


class _Look:
    def __init__(self, office: Office, ledger: LedgerTransaction, by: str, now: datetime) -> None:
        self._office, self._ledger, self._by, self._now = office, ledger, by, now
        self.until = now + office.lease
        self.found = LookedAt()

    def fresh(self, rows: Sequence[QueuedMessage]) -> list[QueuedMessage]:
        """The rows that are wanted still, in the words of today; the others are settled."""
        wanted = []
        for queued in rows:
            try:
                current = as_of_today(self._office, self._ledger, queued, self._now)
            except NoLongerWantedError as unwanted:
                reason = self._sentence(unwanted.code)
                self._ledger.cancel(queued.id, self._now, reason, missed=unwanted.missed)
                self.found.cancelled += 1
                continue
            if current is not queued:
                self._ledger.rewrite(queued.id, current.message.subject, current.message.body, current.message.section)
            wanted.append(current)
        return wanted

    def paced(self, rows: list[QueuedMessage]) -> list[QueuedMessage]:
        """The rows, with the reminders that their letter must tell too; without reminders, if none may go today."""
        first = next((row.message for row in rows if is_reminder(row.message.kind)), None)
        if first is None or first.round_id is None or not first.unit:
            return rows
        plan_id, unit, address = first.round_id.partition("/")[0], first.unit, first.address
        self._ledger.lock_round(f"{plan_id}/{unit}/reminders")  # another dispatcher may have a letter to them too
        today = local(self._now).date()
        letters = self._ledger.reminder_letters(
            plan_id, unit, address, since=monday_of(today), now=self._now, but=[row.id for row in rows]
        )
        if any(letter.day == today for letter in letters):
            return self._held(
                rows, leave_for(letters, today, self._office.calendar, is_overdue=True).from_day, _ONE_A_DAY
            )
        plan = self._plan(first.round_id)
        if plan:
            rows = self._with_due(rows, plan, unit, address, self._now)
        is_overdue = any(is_overdue_reminder(row.message.kind) for row in rows)
        leave = leave_for(letters, today, self._office.calendar, is_overdue=is_overdue)
        if leave.from_day > today:
            return self._held(rows, leave.from_day, _ENOUGH_THIS_WEEK)
        if plan and leave.tells_until > today:
            rows = self._with_due(rows, plan, unit, address, end_of(leave.tells_until))
        return rows

    def _with_due(
        self, rows: list[QueuedMessage], plan: Plan, unit: str, address: str, by: datetime
    ) -> list[QueuedMessage]:
        """The rows with all else that the unit is to be reminded of by then."""
        told = {(row.message.round_id or "", row.message.kind) for row in rows}
        queue_due(self._office, self._ledger, plan, unit, self._now, by=by, told=told)
        added = self._ledger.take_along(plan.id, unit, address, self._by, self.until)
        return self.fresh([*rows, *added]) if added else rows

    def _held(self, rows: Sequence[QueuedMessage], day: date, why: str) -> list[QueuedMessage]:
        """The rows without the reminders, which wait until that day's morning."""
        reminders = [row.id for row in rows if is_reminder(row.message.kind)]
        self._ledger.hold(reminders, self._by, start_of_work(day), self._sentence(why))
        self.found.held += len(reminders)
        return [row for row in rows if row.id not in reminders]

    def _plan(self, round_id: str) -> Plan | None:
        try:
            return round_of(self._office, round_id)[0]
        except DinhKyError:
            return None  # unreadable just now: what was decided is sent as it was decided

    def _sentence(self, code: str) -> str:
        return self._office.words.sentence(Problem(code))
