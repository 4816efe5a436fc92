"""A run of a standing duty looks at what was told in its report's workbooks, and at nothing where nobody was asked."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from dinhky import bootstrap
from dinhky.rounds.opening import open_round

ROUND = "phuc-loi-2026/PL-5/2026-Q1"


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The task that looks, in the run of the first quarter, a day after its report has locked."""
    from airflow.dag_processing.dagbag import DagBag

    from dinhky.orchestration import runs

    monkeypatch.setenv("DINHKY_HOME", str(tmp_path))
    monkeypatch.delenv("DINHKY_LEDGER", raising=False)
    monkeypatch.setenv("DINHKY_CLOCK", "2026-03-17T08:00+07:00")
    bootstrap.office().ledger.migrate()
    window = datetime.fromisoformat("2025-12-15T00:00+07:00")
    run = {"dag_run": SimpleNamespace(run_id="scheduled__2026-Q1", data_interval_start=window)}
    monkeypatch.setattr(runs, "get_current_context", lambda: run)
    bag = DagBag(str(bootstrap.REPOSITORY / "dags" / "standing_duties.py"))
    return bag.dags["phuc-loi-2026.PL-12"].task_dict["open"].python_callable


def test_every_unit_that_has_the_duty_is_named_with_what_it_told(look):
    open_round(bootstrap.office(), ROUND, datetime.fromisoformat("2026-03-05T07:30+07:00"))
    found = look()
    assert "Ban Xây dựng đảng" in [part["unit_name"] for part in found]
    assert {part["text"] for part in found} == {""}


def test_where_the_service_was_set_up_after_the_report_nobody_is_called_silent(look):
    with pytest.raises(AirflowSkipException, match="chưa gửi biểu số liệu"):
        look()
