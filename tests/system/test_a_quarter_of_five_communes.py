"""A quarter of all five communes under the real scheduler, beside the simulation of the same behaviour."""

from __future__ import annotations

import re
import sqlite3
import subprocess
from collections import Counter

import pytest
from live_service import REPOSITORY

pytestmark = [pytest.mark.system, pytest.mark.year]

YEAR = REPOSITORY / "var" / "year"
LONGEST_SECONDS = 1_500


@pytest.fixture(scope="module")
def played() -> subprocess.CompletedProcess[str]:
    """The second quarter, from two days before it to a week after its last lock; a quiet day in 2.5 seconds."""
    command = [REPOSITORY / ".venv/bin/dinhky", "year", "--from", "2026-03-30", "--to", "2026-07-10"]
    return subprocess.run(
        [*command, "--day-seconds", "2.5", "--once"],
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )


def test_messages_and_reports_are_those_of_the_simulation(played: subprocess.CompletedProcess[str]) -> None:
    assert played.returncode == 0, played.stdout + played.stderr
    assert "giống hệt mô phỏng" in played.stdout


def test_what_was_played_is_a_quarter_of_four_communes_and_nothing_of_the_closed_year(
    played: subprocess.CompletedProcess[str],
) -> None:
    ledger = sqlite3.connect(f"file:{YEAR / 'ledger.db'}?mode=ro", uri=True)
    opened = {round_id for (round_id,) in ledger.execute("SELECT id FROM rounds")}
    assert {
        *("phuc-loi-2026/PL-5/2026-Q2", "phuc-loi-2026/PL-2/2026-05", "phuc-loi-2026/PL-8/2026-Q2"),
        *("canh-vinh-2026/CV-9/2026-Q2", "canh-vinh-2026/CV-4.2/2026-Q2", "chi-minh-2026/CM-1/2026-Q2"),
        *("vung-ang-2026/VA-1/2026-Q2", "vung-ang-2026/VA-2/2026-H1"),
    } <= opened
    assert not [round_id for round_id in opened if round_id.startswith("xuan-dam")]
    sent = ledger.execute("SELECT count(*) FROM reports WHERE state = 'sent'").fetchone()[0]
    assert sent >= 5, "four quarters' reports and a half-year's"
    asked_for_the_half_year = ledger.execute("SELECT count(*) FROM assignments WHERE round_id LIKE '%VA-2%'").fetchone()
    assert asked_for_the_half_year == (0,), "a unit is asked once"


def test_no_task_failed_but_where_a_rule_says_so(played: subprocess.CompletedProcess[str]) -> None:
    """A rule's sentence ends a task without another error behind it. Tasks that were killed are not seen here."""
    logs = (path.read_text("utf-8") for path in (YEAR / "airflow" / "logs").rglob("attempt=?.log"))
    failed = [line for text in logs for line in text.splitlines() if '"event":"Task failed' in line]
    kinds = Counter(tuple(re.findall(r'"exc_type":"(\w+)"', line)) for line in failed)
    assert set(kinds) == {("AirflowFailException",)}, kinds


def test_every_message_went_out_once(played: subprocess.CompletedProcess[str]) -> None:
    mails = [path.name for path in (YEAR / "mail").rglob("new/*")]
    assert len(mails) > 200
    ledger = sqlite3.connect(f"file:{YEAR / 'ledger.db'}?mode=ro", uri=True)
    by_themselves = "SELECT count(*) FROM outbox WHERE state = 'sent' AND carried_by IS NULL"
    [sent] = ledger.execute(by_themselves).fetchone()  # the others went out within one of these
    assert len(mails) == sent
    assert ledger.execute("SELECT count(*) FROM outbox WHERE state IN ('failed', 'unknown')").fetchone() == (0,)
