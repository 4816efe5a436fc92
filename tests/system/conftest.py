"""A live service for the tests that need Airflow's real processes: its own folder, plans, DAGs and fast clock."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from live_service import REPOSITORY, Live, copy_of_plan

from dinhky import bootstrap
from dinhky.service.console import Console
from dinhky.service.running import prepare, service

STARTS = "2026-03-12T06:30+07:00"
ENDS = "2026-03-16T11:00+07:00"
RATE = 3_600
START_UP = timedelta(seconds=20)


@pytest.fixture(scope="session")
def sample() -> dict[str, list[dict[str, Any]]]:
    """The sample quarter: each unit's deliveries, in order."""
    text = (REPOSITORY / "include/data/samples/phuc-loi-2026-Q1.yaml").read_text("utf-8")
    units: dict[str, list[dict[str, Any]]] = yaml.safe_load(text)["units"]
    return units


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The service with two plans whose first quarter is about to end: a full one and a small one."""
    root = tmp_path_factory.mktemp("live")
    plans, dags = root / "plans", root / "dags"
    plans.mkdir()
    copy_of_plan(plans, "day-du-2026", ["vhxh", "vp", "kthtdt", "mttq"])
    copy_of_plan(plans, "nho-2026", ["vhxh"])
    copy_of_plan(plans, "bo-buoc-2026", ["vhxh"])
    shutil.copytree(REPOSITORY / "dags", dags, ignore=shutil.ignore_patterns("__pycache__"))
    before = dict(os.environ)
    os.environ.update(
        DINHKY_HOME=str(root / "home"),
        DINHKY_PLANS=str(plans),
        DINHKY_DAGS=str(dags),
        AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL="2",
        AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL="2",
    )

    def start_clock() -> dict[str, str]:
        clock = {
            "DINHKY_CLOCK": f"{STARTS}@{RATE}/{ENDS}",
            "DINHKY_CLOCK_STARTED": (datetime.now(UTC) + START_UP).isoformat(),
        }
        os.environ.update(clock)
        return clock

    current = bootstrap.settings()
    console = Console(current.operators, bootstrap.words_of(current))
    try:
        with service(console, current.home, port=None, prepare=lambda: prepare(current), environment=start_clock) as (
            _,
            url,
        ):
            yield Live(url, current.home, plans, dags)
    finally:
        os.environ.clear()
        os.environ.update(before)
