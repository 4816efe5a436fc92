"""What a person decides about messages in the outbox: to try again what failed or is unclear, to give up what waits.

Messages that went out as one are decided about together: they failed, or may have arrived, together.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dinhky.domain.errors import DecisionRefused, UnknownName
from dinhky.rounds.ports import LedgerTransaction, Office

CAN_BE_RETRIED = frozenset({"failed", "unknown"})
CAN_BE_CANCELLED = frozenset({"queued", "failed", "unknown"})


def retry_message(office: Office, message_id: int, *, by: str, reason: str, now: datetime) -> list[int]:
    """Queue again a message that failed, or of which it is not known whether it arrived, and what went with it.

    Returns their ids. Raises DecisionRefused for one in any other state, UnknownName for none. Records the event.
    """
    with office.ledger.transaction() as ledger:
        rows = _decidable(ledger, message_id, CAN_BE_RETRIED)
        ids = [row["id"] for row in rows]
        ledger.requeue(ids, now)
        _record(ledger, "message_retried", rows, by, reason, now)
    return ids


def cancel_message(office: Office, message_id: int, *, by: str, reason: str, now: datetime) -> list[int]:
    """Let a message that waits, failed, or may have arrived, never be sent again, and what went with it.

    Returns their ids. Raises DecisionRefused for one in any other state, UnknownName for none. Records the event.
    """
    with office.ledger.transaction() as ledger:
        rows = _decidable(ledger, message_id, CAN_BE_CANCELLED)
        for row in rows:
            ledger.cancel(row["id"], now, reason)
        _record(ledger, "message_cancelled", rows, by, reason, now)
    return [row["id"] for row in rows]


def _decidable(ledger: LedgerTransaction, message_id: int, states: frozenset[str]) -> list[dict[str, Any]]:
    ledger.lock_outbox()
    together = ledger.went_together(message_id)
    row = next((one for one in together if one["id"] == message_id), None)
    if row is None:
        raise UnknownName("unknown_message", id=message_id)
    if row["state"] not in states:
        raise DecisionRefused("message_not_decidable", id=message_id, state=row["state"])
    return [one for one in together if one["state"] == row["state"]]


def _record(
    ledger: LedgerTransaction, kind: str, rows: list[dict[str, Any]], by: str, reason: str, now: datetime
) -> None:
    for row in rows:
        ledger.event(
            kind,
            at=now,
            actor=by,
            round_id=row["round_id"] or "",
            unit=row["unit"] or "",
            message=row["id"],
            was=row["state"],
            reason=reason,
        )
