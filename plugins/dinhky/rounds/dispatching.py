"""The dispatcher: the only code that makes anything leave the house.

Each message is claimed, marked `sending`, sent, and marked `sent`, each step committed before the next: whatever
moment the process dies at, the ledger says what may have happened. A channel that fails in a way nobody foresaw may
have sent or not: its message becomes `unknown`, for a person to decide, and the others go on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from dinhky.domain.chase import in_office_hours
from dinhky.domain.errors import ChatEnded, PermanentDeliveryError, Problem, TemporaryDeliveryError, UncertainDelivery
from dinhky.rounds.chatting import ChatState
from dinhky.rounds.correspondence import CHAT
from dinhky.rounds.enrolling import is_silent, lose_chat
from dinhky.rounds.freshness import NoLongerWantedError, as_of_today
from dinhky.rounds.ports import LedgerTransaction, Office, QueuedMessage

log = logging.getLogger(__name__)

BATCH = 50
FIRST_RETRY = timedelta(minutes=2)
LONGEST_RETRY = timedelta(hours=1)
"""The wait doubles at every further attempt, 2, 4, 8, 16, 32 minutes, and then stays at an hour."""
MAX_ATTEMPTS = 78
"""About three days: a mail server that is down over a weekend loses nothing."""


@dataclass
class Flushed:
    """What one flush did."""

    sent: int = 0
    failed: int = 0
    put_off: int = 0
    unknown: int = 0
    cancelled: int = 0


def flush_outbox(office: Office, *, by: str, clock: Callable[[], datetime], only_answers: bool = False) -> Flushed:
    """Send everything that is due, batch by batch, until nothing is left. `by` names this dispatcher uniquely.

    Outside office hours, or if `only_answers`, only what need not wait for office hours goes out. What has become
    pointless while it waited is cancelled, what speaks of days left says today's number.
    """
    flushed = Flushed()
    while True:
        now = clock()
        with office.ledger.transaction() as ledger:
            batch = ledger.claim(
                by=by,
                now=now,
                lease=office.lease,
                limit=BATCH,
                office_hours=not only_answers and in_office_hours(now, office.calendar),
            )
        if not batch:
            return flushed
        for queued in batch:
            now = clock()
            if queued.message.office_hours_only and not in_office_hours(now, office.calendar):
                continue  # the day's work ended meanwhile: back in the queue when the lease runs out
            with office.ledger.transaction() as ledger:
                ready = _last_look(office, ledger, queued, by, now, flushed)
            if ready:
                _send(office, ready, now, flushed)


def _last_look(
    office: Office, ledger: LedgerTransaction, queued: QueuedMessage, by: str, now: datetime, flushed: Flushed
) -> QueuedMessage | None:
    """The message marked as `sending` with the text of today; None if it is not ours any more or no longer wanted."""
    if not ledger.mark_sending(queued.id, by):
        return None
    try:
        current = as_of_today(office, ledger, queued, now)
    except NoLongerWantedError as unwanted:
        reason = office.words.sentence(Problem(unwanted.code))
        ledger.cancel(queued.id, now, reason, missed=unwanted.missed)
        flushed.cancelled += 1
        return None
    if current is not queued:
        ledger.rewrite(queued.id, current.message.subject, current.message.body, current.message.section)
    return current


def _send(office: Office, queued: QueuedMessage, now: datetime, flushed: Flushed) -> None:
    try:
        channel = office.channels.get(queued.message.channel)
        if channel is None:
            raise PermanentDeliveryError("channel_missing", channel=queued.message.channel)
        answer = channel.send(queued, office.files, now)
    except TemporaryDeliveryError as error:
        with office.ledger.snapshot() as ledger:
            silent = is_silent(ledger, queued, error, now)
        gives_up = silent or queued.attempts >= MAX_ATTEMPTS
        wait = min(FIRST_RETRY * 2 ** min(queued.attempts - 1, 10), LONGEST_RETRY)
        wait = max(wait, timedelta(seconds=float(error.params.get("retry_after", 0))))
        retry_at = None if gives_up else now + wait
        with office.ledger.transaction() as ledger:
            ledger.mark_failed(queued.id, now, office.words.explain(error), retry_at)
            if silent:
                reason = office.words.explain(error)
                lose_chat(office, ledger, queued.message.address, ChatState.SILENT, now, reason)
        flushed.failed += gives_up
        flushed.put_off += not gives_up
    except UncertainDelivery as error:
        with office.ledger.transaction() as ledger:
            ledger.mark_unknown(queued.id, now, office.words.explain(error))
        flushed.unknown += 1
    except PermanentDeliveryError as error:
        with office.ledger.transaction() as ledger:
            ledger.mark_failed(queued.id, now, office.words.explain(error), None)
            if isinstance(error, ChatEnded):
                reason = office.words.explain(error)
                lose_chat(office, ledger, queued.message.address, ChatState.BLOCKED, now, reason)
        flushed.failed += 1
    except Exception as error:
        log.exception("message %s: the channel failed unexpectedly", queued.id)
        answer = office.words.sentence(Problem("channel_broke", params={"reason": type(error).__name__}))
        with office.ledger.transaction() as ledger:
            ledger.mark_unknown(queued.id, now, answer)
        flushed.unknown += 1
    else:
        with office.ledger.transaction() as ledger:
            ledger.mark_sent(queued.id, now, answer)
        flushed.sent += 1
