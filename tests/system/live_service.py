"""What a test of the live service can do with it: look at runs, deliver workbooks, wait for what must come."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import yaml

from dinhky import bootstrap
from dinhky.rounds.ports import Office
from dinhky.service.airflow_api import AirflowApi
from dinhky.service.airflow_environment import passwords
from dinhky.workbook.sample import fill

REPOSITORY = bootstrap.REPOSITORY
RUN = "scheduled__2026-Q1"


@dataclass
class Live:
    """The running service and what a test does with it."""

    url: str
    home: Path
    plans: Path
    dags: Path
    clients: dict[str, AirflowApi] = field(default_factory=dict)

    def as_user(self, user: str) -> AirflowApi:
        """The API, logged in as that user."""
        if user not in self.clients:
            self.clients[user] = AirflowApi(self.url, user, passwords(self.home)[user])
        return self.clients[user]

    @property
    def office(self) -> Office:
        return bootstrap.office()

    def tasks(self, dag_id: str) -> dict[str, str]:
        """The states of a run's tasks; mapped ones under the name the operator sees. Empty before the run exists."""
        try:
            tasks = self.as_user("admin").tasks(dag_id, RUN)
        except HTTPError as error:
            if error.code != HTTPStatus.NOT_FOUND:
                raise
            return {}
        return {task["rendered_map_index"] or task["task_id"]: task["state"] for task in tasks}

    def answer_approval(self, dag_id: str, option: str, comment: str | None = None) -> None:
        """Answer as the plan's approver, again if Airflow loses it, until the ledger holds a new decision."""
        approver, events = self.as_user("lanhdao"), f"{dag_id.replace('.', '/')}/2026-Q1"

        def decisions() -> int:
            with self.office.ledger.snapshot() as ledger:
                kinds = [event["kind"] for event in ledger.events(events)]
            return sum(kind in {"report_approved", "report_returned"} for kind in kinds)

        before = decisions()

        def is_decided() -> bool:
            if approver.waits_for_decision(dag_id, RUN):
                approver.decide(dag_id, RUN, option, comment)
            return decisions() > before

        wait_for(is_decided, what=f"the ledger's record of {option}")

    def answer_until(self, dag_id: str, option: str, comment: str, *, task: str, state: str) -> None:
        """Answer as the plan's approver, each time Airflow asks, until a task has followed the answer."""

        def has_followed() -> bool:
            if self.as_user("lanhdao").waits_for_decision(dag_id, RUN):
                self.as_user("lanhdao").decide(dag_id, RUN, option, comment)
            return self.tasks(dag_id).get(task) == state

        wait_for(has_followed, seconds=180, what=f"{task} to be {state}")

    def log(self, dag_id: str, task_id: str) -> str:
        """Everything that the newest try of a task has logged."""
        api = self.as_user("admin")
        task = next(task for task in api.tasks(dag_id, RUN) if task["task_id"] == task_id)
        path = f"/api/v2/dags/{dag_id}/dagRuns/{RUN}/taskInstances/{task_id}/logs/{task['try_number']}"
        return str(api.call("GET", path))

    def messages(self, plan_id: str) -> list[dict[str, Any]]:
        """The outbox rows of a plan's first quarter."""
        with self.office.ledger.snapshot() as ledger:
            return ledger.messages(f"{plan_id}/PL-5/2026-Q1")

    def workbook_of(self, plan_id: str, unit: str) -> tuple[str, bytes]:
        """The workbook that came with the unit's opening notice, as name and bytes."""
        [notice] = [row for row in self.messages(plan_id) if row["kind"] == "opening" and row["unit"] == unit]
        attached = notice["attachments"][0]
        return attached["name"], self.office.files.get(attached["sha256"])

    def deliver(self, plan_id: str, unit: str, rows: dict[str, Any]) -> None:
        """Fill in the unit's workbook and put it in its folder, as the unit would."""
        name, workbook = self.workbook_of(plan_id, unit)
        folder = self.home / "inbox" / plan_id / unit
        folder.mkdir(parents=True, exist_ok=True)
        half_written = folder / f".{name}"
        half_written.write_bytes(fill(workbook, rows))
        half_written.rename(folder / name)


def wait_for(condition: Callable[[], Any], *, seconds: float = 90.0, what: str = "") -> Any:
    """What the condition gives, once it gives something true; an AssertionError after `seconds` of real time."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what or condition}"
        time.sleep(0.5)
    return found


def copy_of_plan(folder: Path, plan_id: str, units: list[str]) -> None:
    """Phúc Lợi's plan under another id, its quarterly report asked of some units only."""
    plan = yaml.safe_load((REPOSITORY / "include/data/plans/phuc-loi-2026.yaml").read_text("utf-8"))
    plan["id"] = plan_id
    plan["obligations"] = [row for row in plan["obligations"] if row["ref"] == "PL-5"]
    plan["obligations"][0]["units"] = units
    (folder / f"{plan_id}.yaml").write_text(yaml.safe_dump(plan, allow_unicode=True, sort_keys=False), "utf-8")
