"""The DAG that shows what is overdue: its task looks at the moment it was scheduled for, and finds what is late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from dinhky import bootstrap
from dinhky.rounds.opening import open_round

ROUND = "phuc-loi-2026/PL-5/2026-Q1"


def office_time(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+07:00")


@pytest.fixture
def seen_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What the task finds in a run scheduled for an office moment, and begun half an hour later."""
    from airflow.dag_processing.dagbag import DagBag

    monkeypatch.setenv("DINHKY_HOME", str(tmp_path))
    monkeypatch.delenv("DINHKY_LEDGER", raising=False)
    office = bootstrap.office()
    office.ledger.migrate()
    open_round(office, ROUND, office_time("03-05T07:30"))
    bag = DagBag(str(bootstrap.REPOSITORY / "dags" / "overdue.py"))
    look = bag.dags["overdue"].task_dict["look"].python_callable

    def look_at(moment: datetime) -> list[str]:
        scheduled = datetime.now(UTC) - timedelta(seconds=30)
        monkeypatch.setenv("DINHKY_CLOCK", f"{moment.isoformat()}@60")
        monkeypatch.setenv("DINHKY_CLOCK_STARTED", scheduled.isoformat())
        run = {"dag_run": SimpleNamespace(run_after=scheduled)}
        monkeypatch.setitem(look.__globals__, "get_current_context", lambda: run)
        return look()

    return look_at


def test_nothing_is_overdue_before_the_units_are_due(seen_at):
    assert seen_at(office_time("03-12T08:00")) == []


def test_after_that_each_duty_is_a_line_that_names_who_is_late(seen_at):
    [line] = seen_at(office_time("03-16T08:00"))
    assert "PL-5" in line
    assert "Phòng Văn hóa - Xã hội" in line
