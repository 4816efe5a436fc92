"""The few calls of Airflow's REST API that the demonstration and the tests make, as a user who has logged in."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from time import sleep
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote

SETTLED = timedelta(seconds=5)
"""Airflow 3.3.2 loses an answer given within a second or two of the question, or of its being asked again: it takes the
resumed task for failed, and its retry asks again. People are slower than that; machines wait this long."""

PRESSED_AGAIN_AFTER = (1.0, 3.0, 6.0)
"""Seconds between the times that a button is pressed which the server was too busy to see."""


@dataclass(frozen=True)
class Question:
    """A task that waits for a person."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int

    @property
    def path(self) -> str:
        """Where its answer goes."""
        task = f"taskInstances/{self.task_id}/{self.map_index}"
        return f"/api/v2/dags/{self.dag_id}/dagRuns/{quote(self.run_id)}/{task}/hitlDetails"


class AirflowApi:
    """Airflow's API at `base_url`, logged in as one user."""

    def __init__(self, base_url: str, user: str, password: str) -> None:
        self._base_url = base_url
        self._token = ""
        self._token = self.call("POST", "/auth/token", {"username": user, "password": password})["access_token"]

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One call; its JSON answer. Raises urllib.error.HTTPError for 4xx and 5xx."""
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self._base_url + path, data, headers, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 (our own http address)
            text = answer.read()
        return json.loads(text) if text else None

    def press(self, method: str, path: str, body: dict[str, Any]) -> None:
        """A call that does the same if it is made twice, made again if the server fails: on SQLite it gives up when it
        has waited for a lock for too long, and whoever sees that presses the button again."""
        for pause in PRESSED_AGAIN_AFTER:
            try:
                self.call(method, path, body)
                return
            except HTTPError as error:
                if error.code != HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise
                sleep(pause)
        self.call(method, path, body)

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """A DAG run."""
        found: dict[str, Any] = self.call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{quote(run_id)}")
        return found

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """The task instances of a run."""
        answer = self.call("GET", f"/api/v2/dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances?limit=200")
        found: list[dict[str, Any]] = answer["task_instances"]
        return found

    def decide(self, dag_id: str, run_id: str, option: str, comment: str | None = None) -> None:
        """Answer the approval task of a run."""
        self.call(
            "PATCH",
            _approval(dag_id, run_id),
            {"chosen_options": [option], "params_input": {"comment": comment}},
        )

    def waits_for_decision(self, dag_id: str, run_id: str) -> bool:
        """Whether a run's approval has stood unanswered for long enough to be answered by a machine."""
        try:
            question = self.call("GET", _approval(dag_id, run_id))
        except HTTPError as error:
            if error.code == HTTPStatus.NOT_FOUND:
                return False
            raise
        if question["response_received"] or question["task_instance"]["state"] != "awaiting_input":
            return False
        return _is_settled(question)

    def unanswered(self) -> list[Question]:
        """The questions that stand unanswered, long enough for a machine."""
        path = "/api/v2/dags/~/dagRuns/~/hitlDetails?response_received=false&state=awaiting_input&limit=100"
        questions = self.call("GET", path)["hitl_details"]
        return [
            Question(task["dag_id"], task["dag_run_id"], task["task_id"], task["map_index"])
            for question in questions
            for task in [question["task_instance"]]
            if _is_settled(question)
        ]

    def answer(self, question: Question, option: str, comment: str | None = None) -> None:
        """Answer one question."""
        self.call("PATCH", question.path, {"chosen_options": [option], "params_input": {"comment": comment}})

    def clear(self, dag_id: str, run_id: str, *, tasks: list[str] | None = None, downstream: bool = False) -> None:
        """Clear a run, or some tasks of it, as the operator's Clear button does."""
        body: dict[str, Any] = {
            "dry_run": False,
            "dag_run_id": run_id,
            "only_failed": False,
            "include_downstream": downstream,
            "reset_dag_runs": True,
        }
        if tasks:
            body["task_ids"] = tasks
        self.press("POST", f"/api/v2/dags/{dag_id}/clearTaskInstances", body)

    def set_task_state(self, dag_id: str, run_id: str, task_id: str, state: str) -> None:
        """Mark a task by hand, as the operator's Mark button does."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances/{task_id}"
        self.press("PATCH", path, {"new_state": state})


def _is_settled(question: dict[str, Any]) -> bool:
    """By when the task last began: `created_at` is of the first time of asking, however often it is asked again."""
    began = question["task_instance"]["start_date"] or question["created_at"]
    return datetime.now(UTC) - datetime.fromisoformat(began) >= SETTLED


def _approval(dag_id: str, run_id: str) -> str:
    return f"/api/v2/dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances/approve/-1/hitlDetails"
