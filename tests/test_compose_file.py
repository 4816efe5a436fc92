"""`docker-compose.yaml` runs the same service as `make run`: same processes, same settings, on PostgreSQL."""

from __future__ import annotations

import inspect
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from dinhky import bootstrap
from dinhky.service.airflow_environment import DATABASE, SHARED, airflow_environment
from dinhky.service.processes import PROCESSES

REPOSITORY = Path(__file__).parents[1]
COMPOSE = REPOSITORY / "docker-compose.yaml"
SECRETS = ("POSTGRES_PASSWORD", "AIRFLOW_FERNET_KEY", "AIRFLOW_SECRET_KEY", "AIRFLOW_JWT_SECRET")
LEGITIMATELY_DIFFERENT = {
    "AIRFLOW__CORE__DAGS_FOLDER": "a path in the image",
    "AIRFLOW__CORE__PLUGINS_FOLDER": "a path in the image",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": "a path in the volume",
    "AIRFLOW__LOGGING__BASE_LOG_FOLDER": "a path in the volume",
    "AIRFLOW__CORE__FERNET_KEY": "given in .env, not made in the home folder",
    "AIRFLOW__API__SECRET_KEY": "given in .env, not made in the home folder",
    "AIRFLOW__API_AUTH__JWT_SECRET": "given in .env, not made in the home folder",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "PostgreSQL, not SQLite",
    "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": "the API server is another container",
    "AIRFLOW__API__HOST": "inside the container; published to 127.0.0.1 only",
}
NOT_AIRFLOWS_PROCESSES = {"postgres", "mail", "create-ledger", "prepare", "portal"}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return yaml.safe_load(COMPOSE.read_text("utf-8"))["services"]


@pytest.fixture(scope="module")
def environment(services) -> dict[str, str]:
    """What every Airflow process gets; the secrets still as `${…}`."""
    return services["scheduler"]["environment"]


def settings_of(file: Path, *, commented: bool) -> dict[str, str]:
    """The `NAME=value` lines of an env file; the commented ones too where asked for."""
    mark = "(?:# ?)?" if commented else ""
    return dict(re.findall(rf"^{mark}([A-Z_]+)=(.*)$", file.read_text("utf-8"), re.MULTILINE))


def test_docker_compose_finds_it_valid(tmp_path):
    program = shutil.which("docker-compose")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("CI needs docker-compose: apt-get install docker-compose")
        pytest.skip("no docker-compose on this machine")
    shutil.copy(COMPOSE, tmp_path)
    example = (REPOSITORY / ".env.example").read_text("utf-8")
    (tmp_path / ".env").write_text(re.sub(rf"^({'|'.join(SECRETS)})=$", r"\1=x", example, flags=re.MULTILINE), "utf-8")
    without_ours = {name: value for name, value in os.environ.items() if not name.startswith(("DINHKY", "AIRFLOW"))}
    command = [program, "--project-directory", str(tmp_path), "--file", str(tmp_path / COMPOSE.name), "config"]
    checked = subprocess.run(command, capture_output=True, text=True, env=without_ours, timeout=60, check=False)
    assert checked.returncode == 0, checked.stderr
    assert set(yaml.safe_load(checked.stdout)["services"]) == set(PROCESSES) | NOT_AIRFLOWS_PROCESSES


@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_has_a_default(secret):
    uses = re.findall(rf"\$\{{{secret}([^}}]*)\}}", COMPOSE.read_text("utf-8"))
    assert uses
    assert all(use.startswith(":?") for use in uses)
    assert settings_of(REPOSITORY / ".env.example", commented=False)[secret] == ""


def test_it_runs_exactly_the_four_airflow_processes_with_their_flags(services):
    commands = {name: services[name]["command"].split() for name in services.keys() - NOT_AIRFLOWS_PROCESSES}
    assert commands == {name: [name, *flags] for name, flags in PROCESSES.items()}


def test_every_process_has_the_same_image_and_settings(services):
    ours = [services[name] for name in [*PROCESSES, "prepare", "portal"]]
    assert len({(service["build"], service["image"]) for service in ours}) == 1
    assert all(service["environment"] == ours[0]["environment"] for service in ours)
    assert all(service["volumes"] == ours[0]["volumes"] for service in ours)
    assert all(service["env_file"] == ".env" for service in ours), "chat addresses have names of the plan's choosing"


def test_it_is_on_postgresql_with_a_mail_catcher(services, environment):
    assert services["postgres"]["image"].startswith("postgres:")
    assert environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].startswith("postgresql+psycopg2://dinhky:")
    assert environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].endswith("@postgres/airflow")
    assert environment["DINHKY_LEDGER"].endswith("@postgres/dinhky")
    assert environment["DINHKY_SMTP"] == "${DINHKY_SMTP:-smtp://mail:1025}"
    assert "mailpit" in services["mail"]["image"]


def test_both_databases_are_made_before_anything_uses_them(services):
    assert services["postgres"]["environment"]["POSTGRES_DB"] == "airflow"
    assert services["create-ledger"]["command"][-1].endswith("createdb dinhky")
    waits = {name: services[name]["depends_on"] for name in ("create-ledger", "prepare", "portal", *PROCESSES)}
    assert waits.pop("create-ledger") == {"postgres": {"condition": "service_healthy"}}
    assert waits.pop("prepare") == {"create-ledger": {"condition": "service_completed_successfully"}}
    assert all(wait == {"prepare": {"condition": "service_completed_successfully"}} for wait in waits.values())


@pytest.mark.parametrize("name", SHARED)
def test_what_every_way_of_running_sets_alike_is_set_alike(environment, name):
    assert environment[name] == SHARED[name]


def test_every_airflow_variable_of_make_run_has_its_counterpart(environment, tmp_path, monkeypatch):
    monkeypatch.delenv("DINHKY_DAGS", raising=False)
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql+psycopg2://airflow@localhost/airflow")
    made = {name: value for name, value in airflow_environment(tmp_path, 8080).items() if name.startswith("AIRFLOW__")}
    given = {name: value for name, value in environment.items() if name.startswith("AIRFLOW__")}
    assert given.keys() == made.keys()
    assert {name for name in made if given[name] != made[name]} == LEGITIMATELY_DIFFERENT.keys()


def test_paths_in_the_containers_are_where_the_image_and_the_volume_are(environment, services):
    dockerfile = (REPOSITORY / "Dockerfile").read_text("utf-8")
    for name, folder in (("CORE__DAGS_FOLDER", "dags"), ("CORE__PLUGINS_FOLDER", "plugins")):
        assert environment[f"AIRFLOW__{name}"] == f"/opt/dinhky/{folder}"
        assert f"{folder} /opt/dinhky/{folder}\n" in dockerfile
    home = environment["DINHKY_HOME"]
    assert f"dinhky:{home}" in services["scheduler"]["volumes"]
    assert f"install --directory --owner airflow --group 0 {home}\n" in dockerfile, "else the volume is root's"
    assert environment["AIRFLOW_HOME"] == f"{home}/airflow"
    assert environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"] == f"{home}/passwords.json"


def test_the_workers_find_the_api_server(environment):
    port = environment["AIRFLOW__API__PORT"]
    assert environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == f"http://api-server:{port}/execution/"


def test_the_units_pages_are_a_process_of_their_own_where_messages_say_they_are(services, environment):
    assert services["portal"]["command"][-1].startswith("exec dinhky portal --host 0.0.0.0")
    [published] = services["portal"]["ports"]
    assert environment["DINHKY_PORTAL_URL"] == f"${{DINHKY_PORTAL_URL:-http://{published.rpartition(':')[0]}/dinhky}}"


def test_nothing_is_published_beyond_this_machine(services):
    ports = [str(port) for service in services.values() for port in service.get("ports", [])]
    assert len(ports) == 3
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert not any("network_mode" in service for service in services.values())


def test_every_variable_it_takes_is_in_the_example(environment):
    taken = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE.read_text("utf-8")))
    assert set(SECRETS) < taken
    assert taken <= settings_of(REPOSITORY / ".env.example", commented=False).keys()


class Asked(Mapping[str, str]):
    """An environment without variables that remembers which it was asked for."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def test_every_setting_that_is_read_is_in_the_example_and_no_other():
    asked = Asked()
    bootstrap.settings(asked)
    listed = settings_of(REPOSITORY / ".env.example", commented=True).keys() - set(SECRETS)
    chats = {name for name in listed if name.startswith("DINHKY_CHAT_")}
    assert chats, "an example of a chat address"
    source = Path(inspect.getsourcefile(airflow_environment) or "").read_text("utf-8")
    of_the_service = {DATABASE, *re.findall(r'os\.environ\.get\("(\w+)"', source)}
    assert len(of_the_service) > 1
    assert listed - chats == asked.names | of_the_service


def test_the_examples_values_are_the_defaults():
    given = {name: value for name, value in settings_of(REPOSITORY / ".env.example", commented=False).items() if value}
    assert set(given) == {"DINHKY_SENDER", "DINHKY_SENDER_NAME"}
    assert bootstrap.settings(given).sender == bootstrap.settings({}).sender


def test_the_image_is_the_airflow_that_is_pinned():
    pinned = re.search(r"^apache-airflow==(\S+)", (REPOSITORY / "requirements.txt").read_text("utf-8"), re.MULTILINE)
    dockerfile = (REPOSITORY / "Dockerfile").read_text("utf-8")
    image = re.search(r"^FROM apache/airflow:(\S+)-python(\S+)", dockerfile, re.MULTILINE)
    assert pinned
    assert image
    assert image[1] == pinned[1]
    assert image[2] in {"3.11", "3.12"}
