"""The environment in which Airflow's processes run. `docker-compose.yaml` is kept in step with it by a test."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from dinhky.bootstrap import REPOSITORY, USERS

DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
"""Where Airflow's own database is, if it is to be another than the embedded default."""
SHARED = {
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
    "AIRFLOW__CORE__DEFAULT_TIMEZONE": "Asia/Ho_Chi_Minh",
    "AIRFLOW__CORE__PARALLELISM": "4",
    # Otherwise a file is passed over that does not happen to contain the words "dag" and "airflow".
    "AIRFLOW__CORE__DAG_DISCOVERY_SAFE_MODE": "False",
    # Reading all DAG files is most of what an idle service does; an edited plan still counts within a minute.
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "55",
    # With the default of 5 a task that resumes within 5 s of deferring is taken for failed.
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
    "AIRFLOW__API__WORKERS": "1",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin,lanhdao:op,canbo:user,xem:viewer",
}
"""What every way of running Định Kỳ sets alike."""


_PATIENT_SQLITE = {
    f"AIRFLOW__DATABASE__SQL_ALCHEMY_CONNECT_ARGS{kind}": "dinhky.service.sqlite_patience.CONNECT_ARGS"
    for kind in ("", "_ASYNC")
}


def airflow_environment(home: Path, port: int) -> dict[str, str]:
    """The variables for a service with embedded defaults in `home`, its UI on 127.0.0.1:`port`."""
    airflow_home = home / "airflow"
    kept = _secrets(home)
    base_url = f"http://127.0.0.1:{port}"
    database = os.environ.get(DATABASE) or f"sqlite:///{airflow_home / 'airflow.db'}"
    return SHARED | {
        "AIRFLOW_HOME": str(airflow_home),
        "AIRFLOW__CORE__DAGS_FOLDER": os.environ.get("DINHKY_DAGS") or str(REPOSITORY / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{base_url}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords_file(home)),
        "AIRFLOW__CORE__FERNET_KEY": kept["fernet_key"],
        DATABASE: database,
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": base_url,
        "AIRFLOW__API__SECRET_KEY": kept["secret_key"],
        "AIRFLOW__API_AUTH__JWT_SECRET": kept["jwt_secret"],
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(airflow_home / "logs"),
        "DINHKY_HOME": str(home),
        "DINHKY_PORTAL_URL": os.environ.get("DINHKY_PORTAL_URL") or f"{base_url}/dinhky",
        "PYTHONUNBUFFERED": "1",
        **(_PATIENT_SQLITE if database.startswith("sqlite") else {}),
    }


def passwords_file(home: Path) -> Path:
    """Where the UI's passwords are: JSON, name to password, readable by the service's owner only."""
    return home / "passwords.json"


def passwords(home: Path) -> dict[str, str]:
    """The UI's users and passwords; made at the first start, kept afterwards."""
    file = passwords_file(home)
    if not file.exists():
        _write_private(file, {user: secrets.token_urlsafe(9) for user in USERS})
    kept: dict[str, str] = json.loads(file.read_text("utf-8"))
    return kept


def _secrets(home: Path) -> dict[str, str]:
    file = home / "secrets.json"
    if not file.exists():
        from cryptography.fernet import Fernet

        made = {
            "fernet_key": Fernet.generate_key().decode(),
            "secret_key": secrets.token_urlsafe(32),
            "jwt_secret": secrets.token_urlsafe(64),
        }
        _write_private(file, made)
    kept: dict[str, str] = json.loads(file.read_text("utf-8"))
    return kept


def _write_private(file: Path, content: dict[str, str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump(content, stream)
