"""The task that waits for whom a contest cannot do without: it defers, goes on by itself, is red at the very end."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskDeferred

from dinhky import bootstrap
from dinhky.intake.receive import receive
from dinhky.rounds.contests import open_phase
from dinhky.workbook.sample import fill

ROUND = "phuc-loi-2026/PL-6.plan/2026"


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+07:00")


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DINHKY_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DINHKY_LEDGER", raising=False)
    office = bootstrap.office()
    office.ledger.migrate()
    return office


def execute(monkeypatch: pytest.MonkeyPatch, now: str) -> None:
    from dinhky.orchestration.waiting_for_answers import WaitForAnswersOperator

    monkeypatch.setenv("DINHKY_CLOCK", f"2026-{now}+07:00@2")
    monkeypatch.setenv("DINHKY_CLOCK_STARTED", datetime.now().astimezone().isoformat())
    WaitForAnswersOperator(task_id="complete", round_id=ROUND).execute({})


def test_it_defers_while_somebody_owes_and_goes_on_when_nobody_does(office, monkeypatch):
    open_phase(office, ROUND, at("03-06T07:30"))
    for waiting in ("03-13T09:00", "04-20T09:00"):
        with pytest.raises(TaskDeferred) as deferred:
            execute(monkeypatch, waiting)
        path, arguments = deferred.value.trigger.serialize()
        assert path.endswith("waiting_for_answers.AnswersTrigger")
        assert arguments == {"round_id": ROUND}
    with office.ledger.snapshot() as ledger:
        [opening] = [row for row in ledger.messages(ROUND) if row["channel"] == "email"]
    row = {"title": "Kế hoạch", "number": "1/KH", "issued": date(2026, 3, 12)}
    proof = fill(office.files.get(opening["attachments"][0]["sha256"]), {"evidence": [row]})
    receive(office, proof, file_name="a.xlsx", unit_code="vhxh", now=at("04-20T10:00"), route="test",
            plan_id="phuc-loi-2026")  # fmt: skip
    execute(monkeypatch, "04-20T10:01")


def test_once_the_contest_is_over_it_is_red_and_says_who_was_missing(office, monkeypatch):
    open_phase(office, ROUND, at("03-06T07:30"))
    with pytest.raises(AirflowFailException, match="Phòng Văn hóa - Xã hội"):
        execute(monkeypatch, "05-07T09:00")


def test_of_history_it_waits_for_nobody(office, monkeypatch):
    open_phase(office, ROUND, at("06-01T07:30"))
    with pytest.raises(AirflowSkipException):
        execute(monkeypatch, "06-01T08:00")
