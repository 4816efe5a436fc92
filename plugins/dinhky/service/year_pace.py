"""A behaviour made playable on a fast clock: nothing hangs on minutes, because there a minute is a few milliseconds.

What is asked, told wrongly, late or never stays as it was. Files arrive in the evening, after the day's tick; none so
close to a close or a lock that a worker's second could decide on which side it falls; the approver says yes, and no
officer decides anything about a unit's part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, time, timedelta

from dinhky.domain.local_time import at, local
from dinhky.domain.plan import Kind
from dinhky.domain.schedule import Round
from dinhky.simulation.behaviour import Behaviour, Delivery, Outage

EVENING = time(20, 0)
CLEAR_OF_A_CLOSE = timedelta(days=2)
LONG_AGO = timedelta(days=800)


def paced(behaviour: Behaviour, rounds: Mapping[str, Round], first: datetime, last: datetime) -> Behaviour:
    """The behaviour for a service that runs from `first` to `last` without a break. `rounds` are the plan's by id."""
    known = [one for one in behaviour.deliveries if one.round_id in rounds]
    evening = [replace(one, at=_evening(one, rounds[one.round_id], number)) for number, one in enumerate(known)]
    within = [one for one in evening if first + timedelta(days=1) <= one.at < last]
    return replace(
        behaviour,
        deliveries=tuple(sorted(_without_corrections(within, rounds), key=lambda one: one.at)),
        decisions={},
        outages=(Outage(first - LONG_AGO, first),),
        mail_outages=(),
        extra_ticks=(),
        acts=(),
    )


def _evening(delivery: Delivery, round_: Round, number: int) -> datetime:
    """The evening of the day, or of one well before a close or lock that is too near. `number` keeps the order."""
    day = local(delivery.at).date()
    closes = [local(round_.locks).date()] + ([round_.window.end] if round_.kind is Kind.POSTS else [])
    for close in sorted(closes, reverse=True):
        if close - timedelta(days=1) <= day <= close:
            day = max(close - CLEAR_OF_A_CLOSE, local(round_.opens).date() + timedelta(days=1))
    return at(day, EVENING) + timedelta(milliseconds=number)


def _without_corrections(deliveries: list[Delivery], rounds: Mapping[str, Round]) -> list[Delivery]:
    """Without what a unit sends for a report after its first good file: whether that is still in time hangs on when
    the report was compiled."""
    done: set[tuple[str, str]] = set()
    kept = []
    for delivery in sorted(deliveries, key=lambda one: one.at):
        part = (delivery.round_id, delivery.unit)
        if part not in done:
            kept.append(delivery)
        if delivery.fault is None and rounds[delivery.round_id].kind is not Kind.POSTS:
            done.add(part)
    return kept
