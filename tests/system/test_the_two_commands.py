"""`make demo` and `make run` as their users start them: they end when they should and leave nothing running."""

from __future__ import annotations

import mailbox
import os
import re
import signal
import socket
import sqlite3
import subprocess
import time
from datetime import datetime
from email import policy
from email.parser import BytesParser
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError

import pytest
from live_service import REPOSITORY, wait_for

from dinhky import bootstrap
from dinhky.service.airflow_api import AirflowApi
from dinhky.service.airflow_environment import passwords
from dinhky.service.processes import MARK

pytestmark = pytest.mark.system

DEMO = REPOSITORY / "var" / "demo"
RECIPIENT = "baocao@sonoivu-hanoi.example"
LONGEST_DEMO_SECONDS = 180
MONDAY = datetime.fromisoformat("2026-11-23T09:00+07:00")


def processes_of(home: Path) -> list[int]:
    """Every process that carries the mark of a service's folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                environment = (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if f"{MARK}={home}".encode() in environment:
                found.append(int(entry.name))
    return found


def mails(folder: Path) -> list:
    """The messages of a recipient's maildir, parsed."""
    box = mailbox.Maildir(folder, factory=None, create=False)
    return [BytesParser(policy=policy.default).parsebytes(box.get_bytes(key)) for key in box.iterkeys()]


def test_the_demonstration_ends_by_itself_with_the_report_in_the_recipients_mailbox(tmp_path: Path) -> None:
    began = time.monotonic()
    done = subprocess.run(
        ["make", "-C", str(REPOSITORY), "demo", "APPROVE=auto", "ONCE=1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    seconds = time.monotonic() - began
    assert done.returncode == 0, done.stdout + done.stderr
    wait_for(lambda: not processes_of(DEMO), seconds=15, what="the last process to end")
    assert seconds < LONGEST_DEMO_SECONDS, f"{seconds:.0f} s"

    [report] = mails(DEMO / "mail" / RECIPIENT)
    assert [part.get_filename() for part in report.iter_attachments()] == [
        "Bao-cao_PL-5_2026-Q1.docx",
        "Phu-luc-so-lieu_PL-5_2026-Q1.xlsx",
    ]
    ledger = sqlite3.connect(DEMO / "ledger.db")
    states = dict(ledger.execute("SELECT unit, state FROM assignments WHERE round_id LIKE '%2026-Q1'"))
    assert states == dict.fromkeys(("vhxh", "vp", "kthtdt", "pvhcc", "vhtttt", "mttq"), "compiled") | {"bxdd": "open"}
    late = ledger.execute("SELECT unit FROM assignments WHERE round_id LIKE '%2026-Q1' AND late").fetchall()
    assert late == [("mttq",)]
    kinds = [row[0] for row in ledger.execute("SELECT kind FROM outbox WHERE unit = 'bxdd' ORDER BY id")]
    assert kinds[:4] == ["opening", "T-3", "T-1", "T-0"]
    [escalation] = [mail for mail in mails(DEMO / "mail" / "lanhdao@phucloi.example") if "chưa nộp" in mail["Subject"]]
    assert "Ban Xây dựng đảng" in escalation.get_body(("plain",)).get_content()
    # On a slow machine a unit may answer between the decision to remind it and the sending: then it is not reminded.
    assert {state for (state,) in ledger.execute("SELECT state FROM outbox")} <= {"sent", "queued", "cancelled"}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A service of its own whose clock begins on a Monday morning of November 2026, at the usual pace."""
    return {**os.environ, "DINHKY_HOME": str(tmp_path / "home"), "DINHKY_CLOCK": f"{MONDAY.isoformat()}@1"}


def start(environment: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(REPOSITORY / ".venv/bin/dinhky"), "serve", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def rows(home: Path, query: str) -> list[tuple]:
    """What the ledger answers; nothing while it does not exist yet."""
    try:
        return sqlite3.connect(f"file:{home / 'ledger.db'}?mode=ro", uri=True).execute(query).fetchall()
    except sqlite3.OperationalError:
        return []


def triggerers(home: Path) -> set[int]:
    """The service's triggerer; more than one while its parts are starting."""
    return {pid for pid in processes_of(home) if b"triggerer" in Path(f"/proc/{pid}/cmdline").read_bytes()}


def play_a_quarter_of_the_closed_year(home: Path, url: str) -> dict[str, str]:
    """What an operator does to see it: a run for a day of that quarter. The states of its tasks at its end."""
    admin, dag_id = AirflowApi(url, "admin", passwords(home)["admin"]), "xuan-dam-2025.XD-1"
    a_day = {"logical_date": "2025-03-05T09:00:00+07:00"}

    def start_it() -> str:
        try:
            return str(admin.call("POST", f"/api/v2/dags/{dag_id}/dagRuns", a_day)["dag_run_id"])
        except HTTPError as error:
            if error.code < HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
            return ""  # SQLite was busy with a hundred rounds: one presses again

    run_id = wait_for(start_it, what="Airflow to take it")
    assert "2025-Q1" in run_id
    wait_for(lambda: admin.run(dag_id, run_id)["state"] in {"success", "failed"}, what="the past quarter's run to end")
    return {task["task_id"]: task["state"] for task in admin.tasks(dag_id, run_id)}


def test_the_service_opens_the_rounds_that_are_open_in_all_five_communes_and_nothing_that_is_over(
    environment: dict[str, str], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    every = bootstrap.office(bootstrap.settings({})).rounds.values()
    open_now = {round_.id: len(round_.asked) for round_ in every if round_.opens <= MONDAY <= round_.locks}
    assert {round_id.split("/")[0] for round_id in open_now} == {
        *("phuc-loi-2026", "canh-vinh-2026", "vung-ang-2026", "chi-minh-2026")
    }, "the plan of the closed year has nothing open"
    service = start(environment)
    try:
        wait_for(
            lambda: len(rows(home, "SELECT id FROM rounds")) >= len(open_now), seconds=240, what="all that is open now"
        )
        wait_for(
            lambda: len(rows(home, "SELECT 1 FROM outbox WHERE state = 'sent'")) >= sum(open_now.values()),
            seconds=120,
            what="their opening notices",
        )
        assert {round_id for (round_id,) in rows(home, "SELECT id FROM rounds")} == set(open_now)
        kinds = {kind.partition("-")[0] for (kind,) in rows(home, "SELECT kind FROM outbox")}
        assert kinds - {"digest"} == {"opening"}, "and a supervisor's letter, as it is Monday"
        listening = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=True).stdout
        ours = {str(pid) for pid in processes_of(home)}
        addresses = {line.split()[3] for line in listening.splitlines() if set(re.findall(r"pid=(\d+)", line)) & ours}
        assert addresses, "the UI listens"
        assert all(address.startswith("127.0.0.1:") for address in addresses), addresses
        killed = triggerers(home)
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: triggerers(home) - killed, seconds=30, what="the triggerer to be started again")
        states = play_a_quarter_of_the_closed_year(home, f"http://{next(iter(addresses))}")
        assert states["unit"] == "skipped", states
        assert rows(home, "SELECT 1 FROM rounds WHERE id = 'xuan-dam-2025/XD-1/2025-Q1'"), "it is on record"
        assert not rows(home, "SELECT key FROM outbox WHERE key LIKE 'xuan-dam-2025%'"), "and nobody was written to"
    finally:
        service.send_signal(signal.SIGINT)
        output = service.communicate(timeout=60)[0]
    assert service.returncode == 0, output
    wait_for(lambda: not processes_of(home), seconds=15, what="the last process to end")
    assert "Tiến trình triggerer của Airflow đã dừng đột ngột và vừa được khởi động lại." in output
    assert "Sắp đến hạn: PL-" in output
    assert "hạn thứ Hai, 30/11/2026" in output
    assert not [word for word in passwords(home).values() if word in output], "a password in what may be a log"
    assert "KHÔNG gửi ra ngoài" in output


def test_what_an_interrupted_run_left_behind_is_ended_at_the_next_start(
    environment: dict[str, str], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    killed = start(environment)
    wait_for(lambda: len(processes_of(home)) >= 1, seconds=60, what="the first process")
    killed.kill()
    killed.communicate()
    again = start(environment)
    try:
        wait_for(lambda: (home / "logs" / "scheduler.log").exists(), seconds=120, what="the second start")
    finally:
        again.send_signal(signal.SIGTERM)
        again.communicate(timeout=60)
    wait_for(lambda: not processes_of(home), seconds=15, what="the last process to end")


def test_a_busy_port_is_said_in_a_sentence(environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        service = start(environment, "--port", str(port))
        output = service.communicate(timeout=60)[0]
    assert service.returncode == 2
    assert f"Cổng {port} đang được chương trình khác dùng" in output
    assert "Traceback" not in output


def test_a_second_service_in_the_same_folder_is_refused_in_a_sentence(
    environment: dict[str, str], tmp_path: Path
) -> None:
    import fcntl

    home = tmp_path / "home"
    home.mkdir()
    with (home / "service.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        output = start(environment).communicate(timeout=60)[0]
    assert "đang chạy trong" in output
    assert "Traceback" not in output
