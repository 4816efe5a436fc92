"""Airflow's API as we call it: a button that the server was too busy to see is pressed again."""

from __future__ import annotations

from email.message import Message
from urllib.error import HTTPError

import pytest

from dinhky.service import airflow_api
from dinhky.service.airflow_api import AirflowApi


@pytest.fixture
def pressed(monkeypatch) -> list[str]:
    """The calls that came, by path; the server answers as `codes` say and then well."""
    calls: list[str] = []
    codes = iter([500, 500])

    def call(self, method, path, body=None):
        if path == "/auth/token":
            return {"access_token": "token"}
        calls.append(path)
        if path.endswith("/missing/clearTaskInstances"):
            raise HTTPError(path, 404, "not found", Message(), None)
        if code := next(codes, None):
            raise HTTPError(path, code, "busy", Message(), None)
        return None

    monkeypatch.setattr(AirflowApi, "call", call)
    monkeypatch.setattr(airflow_api, "sleep", lambda seconds: None)
    return calls


def test_a_button_is_pressed_again_while_the_server_fails(pressed):
    AirflowApi("http://127.0.0.1", "admin", "").clear("a", "run")
    assert pressed == ["/api/v2/dags/a/clearTaskInstances"] * 3


def test_what_the_server_refuses_is_not_asked_again(pressed):
    with pytest.raises(HTTPError, match="not found"):
        AirflowApi("http://127.0.0.1", "admin", "").clear("missing", "run")
    assert len(pressed) == 1
