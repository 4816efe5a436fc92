"""How long Airflow's processes wait for each other in the embedded default."""

from __future__ import annotations

import importlib

import pytest

from dinhky.service import sqlite_patience
from dinhky.service.processes import PROCESSES


@pytest.mark.parametrize("process", [*PROCESSES, None])
def test_all_wait_out_a_burst_but_the_api_server_which_others_wait_for(process, monkeypatch):
    monkeypatch.delenv(sqlite_patience.PROCESS, raising=False)
    if process:
        monkeypatch.setenv(sqlite_patience.PROCESS, process)
    timeout = importlib.reload(sqlite_patience).CONNECT_ARGS["timeout"]
    assert timeout == (15.0 if process == "api-server" else 60.0)
