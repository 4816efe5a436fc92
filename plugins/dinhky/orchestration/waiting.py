"""The tasks that wait: one for each unit's submission, one for a moment. Both defer: waiting holds no worker."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from airflow.triggers.base import BaseTrigger, TaskSuccessEvent, TriggerEvent

from dinhky import bootstrap
from dinhky.bootstrap import Settings
from dinhky.domain.errors import Problem
from dinhky.orchestration.handed_in import HandedIn
from dinhky.rounds.standing import Outcome, outcome, why_waived

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 20.0
LOOK_EVERY_SECONDS_ON_A_FAST_CLOCK = 2.0
LOCK_GRACE = timedelta(minutes=3)
"""A file that arrived just before the lock may still be on its way through the intake, which runs every minute."""


class LedgerTrigger(BaseTrigger):
    """Looks at a round in the ledger every so often, and fires when there is something to fire for."""

    def __init__(self, round_id: str) -> None:
        super().__init__()
        self.round_id = round_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{type(self).__module__}.{type(self).__qualname__}", {"round_id": self.round_id}

    def look(self) -> TriggerEvent | None:
        """What to fire, None to look again later. Runs in a thread; raises for nothing: a ledger may be restarting."""
        raise NotImplementedError

    async def run(self) -> AsyncIterator[TriggerEvent]:
        clock = bootstrap.settings().clock
        pause = LOOK_EVERY_SECONDS if clock.is_real else LOOK_EVERY_SECONDS_ON_A_FAST_CLOCK
        while (event := await asyncio.to_thread(self.look)) is None:
            await asyncio.sleep(pause)
        yield event


class UnitSubmissionTrigger(LedgerTrigger):
    """Fires when a unit's part of a round is waived or missing at the lock; ends the task itself when it is answered.

    The usual end needs no worker: a process less for each unit of each round.
    """

    def __init__(self, round_id: str, unit: str) -> None:
        super().__init__(round_id)
        self.unit = unit

    def serialize(self) -> tuple[str, dict[str, Any]]:
        path, arguments = super().serialize()
        return path, {**arguments, "unit": self.unit}

    def look(self) -> TriggerEvent | None:
        found = _outcome_or_waiting(self.round_id, self.unit)
        if found is Outcome.WAITING:
            return None
        return TaskSuccessEvent() if found is Outcome.ANSWERED else TriggerEvent(found.value)


class UnitSubmissionOperator(BaseOperator):
    """Waits for one unit's part: green when answered, red when the round locked without it, skipped when nothing is
    expected of the unit or the round is history.

    It shows and gates, nothing more: clearing it makes it look again, and no state it takes changes the ledger.
    """

    template_fields = ("round_id", "unit", "unit_name")

    def __init__(self, *, round_id: str, unit: str, unit_name: str, **kwargs: Any) -> None:
        kwargs.setdefault("retries", 2)
        super().__init__(**kwargs)
        self.round_id = round_id
        self.unit = unit
        self.unit_name = unit_name

    def execute(self, context: Any) -> None:
        self._show(_outcome_or_waiting(self.round_id, self.unit))

    def resume(self, context: Any, event: str) -> None:
        """Called when the trigger fired. The ledger is asked again: the event only says that it is worth asking."""
        self.log.info("The trigger saw %s", event)
        self.execute(context)

    def _show(self, found: Outcome) -> None:
        if found is Outcome.WAITING:
            self.defer(trigger=UnitSubmissionTrigger(self.round_id, self.unit), method_name="resume")
        if found is Outcome.WAIVED:
            reason = why_waived(bootstrap.office(), self.round_id, self.unit)
            raise AirflowSkipException(self._sentence("unit_waived", reason=reason))
        if found is Outcome.HISTORY:
            raise AirflowSkipException(self._sentence("round_is_history"))
        if found is Outcome.DECLINED:
            raise AirflowSkipException(self._sentence("unit_declined"))
        if found is Outcome.MISSING:
            raise AirflowFailException(self._sentence("unit_missing_at_lock"))
        self.log.info(self._sentence("unit_answered"))

    def _sentence(self, code: str, **facts: str) -> str:
        return bootstrap.words_of().sentence(Problem(code, params={"unit": self.unit_name} | facts))


class MomentTrigger(BaseTrigger):
    """Fires when the office clock shows a moment, given in ISO form; at once if it has passed. Ends the task itself if
    `is_all`."""

    def __init__(self, moment: str, is_all: bool = True) -> None:
        super().__init__()
        self.moment = moment
        self.is_all = is_all

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{type(self).__module__}.{type(self).__qualname__}", {"moment": self.moment, "is_all": self.is_all}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        moment = datetime.fromisoformat(self.moment)
        clock = bootstrap.settings().clock
        while (left := (clock.real(moment) - datetime.now(UTC)).total_seconds()) > 0:
            await asyncio.sleep(min(left, 60.0))
        while not await asyncio.to_thread(has_come, moment):
            await asyncio.sleep(LOOK_EVERY_SECONDS_ON_A_FAST_CLOCK)
        yield TaskSuccessEvent() if self.is_all else TriggerEvent(self.moment)


class WaitUntilOperator(BaseOperator):
    """Waits until the office clock shows a moment (ISO, with its zone); on a fast clock, also until all files from
    before it are in. On the real clock a moment after a lock has `LOCK_GRACE` in it."""

    is_all = True
    """Whether nothing is left to do when the moment has come."""
    template_fields = ("moment",)

    def __init__(self, *, moment: str, **kwargs: Any) -> None:
        kwargs.setdefault("retries", 2)
        super().__init__(**kwargs)
        self.moment = moment

    def execute(self, context: Any) -> None:
        if not has_come(datetime.fromisoformat(self.moment)):
            self.defer(trigger=MomentTrigger(self.moment, self.is_all), method_name="resume")

    def resume(self, context: Any, event: str) -> None:
        """Called when the moment has come."""
        self.log.info("It is past %s", event)


def _outcome_or_waiting(round_id: str, unit: str) -> Outcome:
    """What has become of a unit's part; still waiting while plan or ledger cannot be read.

    A plan file being edited or a database being restarted is no reason to call a unit missing.
    """
    try:
        return _outcome(round_id, unit)
    except Exception:
        log.exception("The ledger or the plan of %s could not be asked about %s; asking again", round_id, unit)
        return Outcome.WAITING


def _outcome(round_id: str, unit: str) -> Outcome:
    current = bootstrap.settings()
    return outcome(bootstrap.office(current), round_id, unit, received_until(current))


def received_until(current: Settings) -> datetime:
    """The office moment up to which the intake has seen all that was sent, in UTC."""
    now = current.clock.now()
    return now - LOCK_GRACE if current.clock.is_real else HandedIn(current.home).complete_until(now)


def has_come(moment: datetime) -> bool:
    """Whether the office clock has reached the moment; and on a fast clock, whether all files from before it are in."""
    current = bootstrap.settings()
    now = current.clock.now()
    return moment <= (now if current.clock.is_real else HandedIn(current.home).complete_until(now))
