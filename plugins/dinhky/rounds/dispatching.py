"""The dispatcher: the only code that makes anything leave the house.

Each message is claimed, marked `sending`, sent, and marked `sent`, each step committed before the next: whatever
moment the process dies at, the ledger says what may have happened. Only one message is `sending` at a time; what became
of it is noted in the transaction that marks the next one. A channel that fails in a way nobody foresaw may have sent or
not: its message becomes `unknown`, for a person to decide, and the others go on.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from dinhky.domain.chase import in_office_hours
from dinhky.domain.errors import (
    AccessRefused,
    CalendarGap,
    ChatEnded,
    PermanentDeliveryError,
    Problem,
    ServerUnavailable,
    TemporaryDeliveryError,
    UncertainDelivery,
)
from dinhky.rounds.chatting import ChatState
from dinhky.rounds.combining import bundles
from dinhky.rounds.enrolling import is_silent, lose_chat
from dinhky.rounds.kept_messages import QueuedMessage
from dinhky.rounds.last_look import last_look
from dinhky.rounds.ports import Connection, LedgerTransaction, Office

log = logging.getLogger(__name__)

BATCH = 50
FIRST_RETRY = timedelta(minutes=2)
LONGEST_RETRY = timedelta(hours=1)
"""The wait doubles at every further attempt, 2, 4, 8, 16, 32 minutes, and then stays at an hour."""
MAX_REFUSALS = 78
"""About three days of "not now" from a server that is there. While there is none, nothing is counted or lost."""
LONG_AWAY = 6
"""After so many attempts, an hour, an operator hears of a server that is away."""


@dataclass
class Flushed:
    """What one flush did, in messages of the outbox; `held` are reminders that wait for another day.

    `alarms` are sentences for the operator: what needs a person.
    """

    sent: int = 0
    failed: int = 0
    put_off: int = 0
    unknown: int = 0
    cancelled: int = 0
    held: int = 0
    alarms: list[str] = field(default_factory=list, compare=False)

    def add(self, other: Flushed) -> None:
        self.sent += other.sent
        self.failed += other.failed
        self.put_off += other.put_off
        self.unknown += other.unknown
        self.cancelled += other.cancelled
        self.held += other.held
        self.alarms += [alarm for alarm in other.alarms if alarm not in self.alarms]


def flush_outbox(
    office: Office,
    *,
    by: str,
    clock: Callable[[], datetime],
    only_answers: bool = False,
    gather: timedelta = timedelta(),
) -> Flushed:
    """Send everything that is due, batch by batch, until nothing is left. `by` names this dispatcher uniquely.

    Outside office hours, or if `only_answers`, only what need not wait for office hours goes out. What has become
    pointless while it waited is cancelled, what speaks of days left says today's number. What waits for office hours
    and the same recipient goes as one message, so that it may wait as long as `gather` for others to be decided; not
    past the end of the day.
    """
    dispatcher = _Dispatcher(office, by, clock)
    try:
        while batch := dispatcher.claim(only_answers=only_answers, gather=gather):
            dispatcher.send_all(batch)
    finally:
        dispatcher.hang_up()
    return dispatcher.flushed


_Outcome = Callable[[LedgerTransaction], Flushed]
"""Notes in the ledger what became of a message, and says how that counts."""


@dataclass
class _Dispatcher:
    """One flush. `outcome` is what became of the message that is still marked as `sending`."""

    office: Office
    by: str
    clock: Callable[[], datetime]
    flushed: Flushed = field(default_factory=Flushed)
    outcome: _Outcome | None = None

    def claim(self, *, only_answers: bool, gather: timedelta) -> list[QueuedMessage]:
        now = self.clock()
        waits = gather if self._is_office_time(now + gather) else timedelta()
        with self.office.ledger.transaction() as ledger:
            left = ledger.recover(now, self._sentence("dispatcher_died"))
            batch = ledger.claim(
                by=self.by,
                now=now,
                lease=self.office.lease,
                limit=BATCH,
                office_hours=not only_answers and self._is_office_time(now),
                gathered_by=now - waits,
            )
        self.flushed.add(Flushed(unknown=left, alarms=[self._sentence("messages_left", count=left)] if left else []))
        return batch

    def send_all(self, batch: Sequence[QueuedMessage]) -> None:
        waiting = deque(bundles(self.office, batch))
        while waiting:
            bundle = waiting.popleft()
            now = self.clock()
            if bundle[0].message.office_hours_only and not self._is_office_time(now):
                continue  # the day's work ended meanwhile: back in the queue when the lease runs out
            channel = bundle[0].message.channel
            if away := self._why_away(channel):
                with_it = [bundle, *(one for one in waiting if one[0].message.channel == channel)]
                waiting = deque(one for one in waiting if one[0].message.channel != channel)
                self._settle(self._unavailable([row for one in with_it for row in one], away, now))
            elif ready := self._last_look(bundle, now):
                self.outcome = self._hand_over(ready, now)
        self._settle()

    def _is_office_time(self, moment: datetime) -> bool:
        """Whether what is for office hours may go. In a year without a calendar it waits, and answers go on."""
        try:
            return in_office_hours(moment, self.office.calendar)
        except CalendarGap as gap:
            self.flushed.add(Flushed(alarms=[self.office.words.explain(gap)]))
            return False

    def hang_up(self) -> None:
        """Close the connections that were kept for this flush."""
        for channel in self.office.channels.values():
            if isinstance(channel, Connection):
                channel.close()

    def _why_away(self, name: str) -> ServerUnavailable | None:
        """Make sure that a message can be handed over at once. What takes time is done while none is marked."""
        channel = self.office.channels.get(name)
        if not isinstance(channel, Connection) or channel.is_ready():
            return None
        self._settle()
        try:
            channel.get_ready()
        except ServerUnavailable as away:
            return away
        return None

    def _settle(self, *more: _Outcome) -> None:
        """Note what became of the message before, and whatever else."""
        outcomes = [self.outcome, *more] if self.outcome else more
        if outcomes:
            with self.office.ledger.transaction() as ledger:
                done = [outcome(ledger) for outcome in outcomes]
            self.outcome = None
            for one in done:
                self.flushed.add(one)

    def _last_look(self, bundle: Sequence[QueuedMessage], now: datetime) -> QueuedMessage | None:
        """The message to be sent now, marked as `sending` with the text of today; None if nothing is left of it."""
        ready: list[QueuedMessage] = []

        def look(ledger: LedgerTransaction) -> Flushed:
            found = last_look(self.office, ledger, bundle, self.by, now)
            ready.extend([found.ready] if found.ready else [])
            return Flushed(cancelled=found.cancelled, held=found.held)

        try:
            self._settle(look)
        except Exception as error:
            log.exception("message %s: the last look at it failed", bundle[0].id)
            reason = self._sentence("message_not_looked_at", reason=type(error).__name__)
            self._settle(self._put_off(bundle, now + LONGEST_RETRY, reason))
            return None
        return ready[0] if ready else None

    def _hand_over(self, queued: QueuedMessage, now: datetime) -> _Outcome:
        """Put a message on the wire. Returns what became of it."""
        try:
            channel = self.office.channels.get(queued.message.channel)
            if channel is None:
                raise PermanentDeliveryError("channel_missing", channel=queued.message.channel)
            answer = channel.send(queued, self.office.files, now)
        except ServerUnavailable as away:
            return self._unavailable(queued.rows, away, now)
        except TemporaryDeliveryError as error:
            return self._refused(queued, error, now)
        except UncertainDelivery as error:
            return self._unknown(queued, self.office.words.explain(error), now)
        except PermanentDeliveryError as error:
            return self._failed(queued, error, now)
        except Exception as error:
            log.exception("message %s: the channel failed unexpectedly", queued.id)
            return self._unknown(queued, self._sentence("channel_broke", reason=type(error).__name__), now)
        ids = [row.id for row in queued.rows]

        def sent(ledger: LedgerTransaction) -> Flushed:
            ledger.mark_sent(ids, now, answer)
            return Flushed(sent=len(ids))

        return sent

    def _unavailable(self, rows: Sequence[QueuedMessage], away: ServerUnavailable, now: datetime) -> _Outcome:
        """Nobody is there to take messages: no fault of theirs, and none is given up for it."""
        attempts = max(row.attempts for row in rows)
        reason = self.office.words.explain(away)
        alarms = []
        if isinstance(away, AccessRefused):
            alarms.append(reason)
        elif attempts >= LONG_AWAY:
            alarms.append(self._sentence("server_away_long", reason=reason))
        by_wait: dict[timedelta, list[int]] = {}
        for row in rows:
            by_wait.setdefault(_wait(row.attempts, away), []).append(row.id)

        def put_off(ledger: LedgerTransaction) -> Flushed:
            for wait, ids in by_wait.items():
                ledger.put_off(ids, self.by, now + wait, reason, refused=False)
            return Flushed(put_off=len(rows), alarms=alarms)

        return put_off

    def _refused(self, queued: QueuedMessage, error: TemporaryDeliveryError, now: datetime) -> _Outcome:
        """The server is there and does not take this message now."""
        reason = self.office.words.explain(error)
        given_up = [row for row in queued.rows if row.refusals + 1 >= MAX_REFUSALS]
        others = [row for row in queued.rows if row not in given_up]
        until = now + _wait(queued.refusals + 1, error)

        def refused(ledger: LedgerTransaction) -> Flushed:
            if is_silent(ledger, queued, error, now):
                lose_chat(self.office, ledger, queued.message.address, ChatState.SILENT, now, reason)
                return self._note_failed(ledger, queued.rows, reason, now)
            if others:
                ledger.put_off([row.id for row in others], self.by, until, reason, refused=True)
            failed = self._note_failed(ledger, given_up, reason, now) if given_up else Flushed()
            failed.put_off = len(others)
            return failed

        return refused

    def _failed(self, queued: QueuedMessage, error: PermanentDeliveryError, now: datetime) -> _Outcome:
        reason = self.office.words.explain(error)

        def failed(ledger: LedgerTransaction) -> Flushed:
            noted = self._note_failed(ledger, queued.rows, reason, now)
            if isinstance(error, ChatEnded):
                lose_chat(self.office, ledger, queued.message.address, ChatState.BLOCKED, now, reason)
            return noted

        return failed

    def _note_failed(
        self, ledger: LedgerTransaction, rows: Sequence[QueuedMessage], reason: str, now: datetime
    ) -> Flushed:
        ledger.mark_failed([row.id for row in rows], self.by, now, reason)
        return Flushed(failed=len(rows), alarms=[self._alarm(row, reason) for row in rows])

    def _unknown(self, queued: QueuedMessage, reason: str, now: datetime) -> _Outcome:
        def unknown(ledger: LedgerTransaction) -> Flushed:
            ledger.mark_unknown([row.id for row in queued.rows], self.by, now, reason)
            return Flushed(unknown=len(queued.rows), alarms=[self._alarm(queued, reason)])

        return unknown

    def _put_off(self, rows: Sequence[QueuedMessage], until: datetime, reason: str) -> _Outcome:
        def put_off(ledger: LedgerTransaction) -> Flushed:
            ledger.put_off([row.id for row in rows], self.by, until, reason, refused=False)
            return Flushed(put_off=len(rows), alarms=[self._alarm(rows[0], reason)])

        return put_off

    def _alarm(self, queued: QueuedMessage, reason: str) -> str:
        return self._sentence("message_alarm", id=queued.id, subject=queued.message.subject, reason=reason)

    def _sentence(self, code: str, **params: Any) -> str:
        return self.office.words.sentence(Problem(code, params=params))


def _wait(tries: int, error: TemporaryDeliveryError) -> timedelta:
    """How long to leave a message alone that has been tried so often; as long as the server asks for, if it does."""
    wait: timedelta = LONGEST_RETRY if tries > LONG_AWAY else min(FIRST_RETRY * (1 << tries - 1), LONGEST_RETRY)
    with suppress(ValueError, OverflowError):
        wait = max(wait, timedelta(seconds=float(error.params.get("retry_after", 0))))
    return wait
