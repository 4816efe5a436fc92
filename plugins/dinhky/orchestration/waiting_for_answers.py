"""The task that waits past a lock for those without whom a contest cannot go on. It defers: that holds no worker."""

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from airflow.triggers.base import TriggerEvent

from dinhky import bootstrap
from dinhky.domain.errors import Problem
from dinhky.orchestration.waiting import LedgerTrigger
from dinhky.rounds.contests import is_open, still_asks, whom_it_waits_for
from dinhky.rounds.standing import why_idle

log = logging.getLogger(__name__)


class AnswersTrigger(LedgerTrigger):
    """Fires when a phase of a contest waits for nobody any more, or takes nothing more."""

    def look(self) -> TriggerEvent | None:
        return None if _still_waits(self.round_id) else TriggerEvent("complete")


class WaitForAnswersOperator(BaseOperator):
    """Waits until all jurors have scored or were let off, or all proofs are in: red once the whole contest is over.

    The tasks of those who are late are red meanwhile; this one goes on by itself when the last of them has answered.
    """

    template_fields = ("round_id",)

    def __init__(self, *, round_id: str, **kwargs: Any) -> None:
        kwargs.setdefault("retries", 2)
        super().__init__(**kwargs)
        self.round_id = round_id

    def execute(self, context: Any) -> None:
        current = bootstrap.settings()
        office, words = bootstrap.office(current), bootstrap.words_of(current)
        if idle := why_idle(office, self.round_id):
            raise AirflowSkipException(words.sentence(idle))
        if not is_open(office, self.round_id):
            raise AirflowSkipException(words.sentence(Problem("phase_not_opened", params={"phase": ""})))
        names = whom_it_waits_for(office, self.round_id)
        if not names:
            return
        if not still_asks(office, self.round_id, current.clock.now()):
            raise AirflowFailException(words.sentence(Problem("contest_is_over", params={"names": list(names)})))
        self.log.info(words.sentence(Problem("waits_for", params={"names": list(names)})))
        self.defer(trigger=AnswersTrigger(self.round_id), method_name="resume")

    def resume(self, context: Any, event: str) -> None:
        """Called when the trigger fired. The ledger is asked again: the event only says that it is worth asking."""
        self.log.info("The trigger saw %s", event)
        self.execute(context)


def _still_waits(round_id: str) -> bool:
    """Whether somebody is waited for and can still answer; yes while plan or ledger cannot be read."""
    try:
        current = bootstrap.settings()
        office = bootstrap.office(current)
        return bool(whom_it_waits_for(office, round_id)) and still_asks(office, round_id, current.clock.now())
    except Exception:
        log.exception("The ledger or the plan of %s could not be asked; asking again", round_id)
        return True
