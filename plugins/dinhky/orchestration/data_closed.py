"""The task that waits for the data: for the window's end, and for units that were asked after the run had begun."""

from __future__ import annotations

import logging
from typing import Any

from airflow.triggers.base import TaskSuccessEvent, TriggerEvent

from dinhky import bootstrap
from dinhky.domain.plan import Obligation, Plan
from dinhky.orchestration.runs import explained, held_round
from dinhky.orchestration.waiting import LedgerTrigger, WaitUntilOperator, received_until
from dinhky.rounds.standing import is_owed_something

log = logging.getLogger(__name__)


class NothingOwedTrigger(LedgerTrigger):
    """Ends the task when every unit of a round is settled, or the round has locked."""

    def look(self) -> TriggerEvent | None:
        return None if _is_owed_something(self.round_id) else TaskSuccessEvent()


class DataClosedOperator(WaitUntilOperator):
    """Waits until the window has ended and no unit owes its part any more, at the latest for the lock.

    A unit that joined after the run had begun has no task in it: here the run waits for that unit too.
    """

    is_all = False

    def __init__(self, *, plan: Plan, obligation: Obligation, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._plan = plan
        self._obligation = obligation

    def execute(self, context: Any) -> None:
        super().execute(context)
        with explained():
            round_id, _ = held_round(self._plan, self._obligation)
        if _is_owed_something(round_id):
            self.defer(trigger=NothingOwedTrigger(round_id), method_name="resume")

    def resume(self, context: Any, event: str) -> None:
        """Called when a trigger fired: the ledger is asked again."""
        super().resume(context, event)
        self.execute(context)


def _is_owed_something(round_id: str) -> bool:
    """Whether a unit still owes its part; taken to be so while plan or ledger cannot be read."""
    try:
        current = bootstrap.settings()
        return is_owed_something(bootstrap.office(current), round_id, received_until(current))
    except Exception:
        log.exception("The ledger or the plan of %s could not be asked; asking again", round_id)
        return True
