"""A visitor's word that there is nothing to report."""

from __future__ import annotations

from dinhky.domain.errors import DecisionRefused, DinhKyError
from dinhky.portal.visitors import Visitor
from dinhky.rounds.deciding import record_nil
from dinhky.rounds.owed import Affair

LONGEST_REASON = 1000


class NothingRefused(DinhKyError):
    """That there is nothing to report is no answer to this round, or not any more."""


def say_nothing(visitor: Visitor, affair: Affair, reason: str) -> None:
    """Record it in the unit's own name. Raises NothingRefused."""
    if not reason:
        raise NothingRefused("nil_reason_missing")
    if not affair.may_say_nil:
        raise NothingRefused("nil_not_asked")
    unit = visitor.unit.code
    try:
        record_nil(visitor.office, affair.round.id, unit, reason, unit, visitor.now, by_unit=True)
    except DecisionRefused as refusal:  # worded for an officer, who could decide otherwise
        raise NothingRefused("nil_not_asked") from refusal
