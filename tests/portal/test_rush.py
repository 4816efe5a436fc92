"""Fifty units press "send" within the same ten seconds: a real process, real files, each is answered in its second."""

from __future__ import annotations

import random
import re
import statistics
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest
import yaml
from running_portal import Running, running_portal

from dinhky import bootstrap
from dinhky.domain.assignment import State
from dinhky.rounds.opening import open_round
from dinhky.workbook.sample import fill

pytestmark = pytest.mark.system

UNITS = [f"dv{number:02d}" for number in range(1, 51)]
PLAN = "nam-muoi-2026"
ROUND = f"{PLAN}/PL-5/2026-Q1"
WITHIN_SECONDS = 10
P95_SECONDS = 1.0
ROWS = 20


@dataclass(frozen=True)
class Pressed:
    """One press of the button: how long until the answer was there, and the page."""

    unit: str
    seconds: float
    page: str


def plan_of_fifty(folder: Path) -> None:
    """Phúc Lợi's quarter, asked of fifty units."""
    plan = yaml.safe_load((bootstrap.REPOSITORY / "include/data/plans/phuc-loi-2026.yaml").read_text("utf-8"))
    plan["id"], plan["compiler"] = PLAN, "dv01"
    plan["units"] = [
        {
            "code": code,
            "name": f"Đơn vị {code}",
            "contacts": [{"name": "Lê Văn Mẫu", "email": f"{code}@phucloi.example"}],
        }
        for code in UNITS
    ]
    plan["obligations"] = [row for row in plan["obligations"] if row["ref"] == "PL-5"]
    plan["obligations"][0] |= {"units": UNITS, "lead": ["dv01"]}
    (folder / f"{PLAN}.yaml").write_text(yaml.safe_dump(plan, allow_unicode=True, sort_keys=False), "utf-8")


def rows_of(unit: str) -> list[dict]:
    return [
        {
            "title": f"Tin số {number} của {unit}",
            "form": "Tin",
            "channel": "Cổng thông tin điện tử phường",
            "published": date(2026, 3, 1 + number % 9),
            "link": f"https://phucloi.example/tin/{unit}-{number}-1.html",
            "author": "Lê Văn Mẫu",
            "field": "Cải cách thể chế",
        }
        for number in range(1, ROWS + 1)
    ]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    plans, home = tmp_path_factory.mktemp("plans"), tmp_path_factory.mktemp("home")
    plan_of_fifty(plans)
    with running_portal(home, plans) as portal:
        open_round(portal.office, ROUND, portal.office.rounds[ROUND].opens)
        yield portal


@pytest.fixture(scope="module")
def files(running: Running) -> dict[str, bytes]:
    plan, round_ = running.office.plans[PLAN], running.office.rounds[ROUND]
    return {
        unit: fill(running.office.workbooks.build(plan, round_, plan.unit(unit)), {"posts": rows_of(unit)})
        for unit in UNITS
    }


def press(running: Running, unit: str, data: bytes, at: float) -> Pressed:
    """Wait for the moment, send by the form, follow to the answer."""
    boundary = uuid4().hex
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{unit}.xlsx"\r\n\r\n'.encode()
        + data
        + f"\r\n--{boundary}--\r\n".encode()
    )
    request = urllib.request.Request(
        f"{running.link(PLAN, unit)}/files", body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    )
    time.sleep(max(0.0, at - time.monotonic()))
    began = time.monotonic()
    with urllib.request.urlopen(request, timeout=60) as answer:
        page = answer.read().decode()
    return Pressed(unit, time.monotonic() - began, page)


def all_press(running: Running, files: dict[str, bytes], seconds: float) -> list[Pressed]:
    chance = random.Random(4)  # when offices press a button
    began = time.monotonic() + 0.5
    moments = {unit: began + chance.uniform(0, seconds) for unit in UNITS}
    with ThreadPoolExecutor(len(UNITS)) as pool:
        return list(pool.map(lambda unit: press(running, unit, files[unit], moments[unit]), UNITS))


def p95(pressed: list[Pressed]) -> float:
    return statistics.quantiles([one.seconds for one in pressed], n=20)[-1]


def test_every_unit_is_answered_within_its_second_and_nothing_is_lost(running, files, record_testsuite_property):
    pressed = all_press(running, files, WITHIN_SECONDS)
    for one in pressed:
        assert "Đã ghi nhận" in one.page
        assert f"<strong>{ROWS}</strong> tin, bài" in one.page
    record_testsuite_property("p95_seconds_within_ten", p95(pressed))
    with running.office.ledger.snapshot() as ledger:
        found = {one.unit: one for one in ledger.submissions(ROUND)}
        assert len(ledger.submissions(ROUND)) == len(UNITS)
        assert {one.unit: one.state for one in ledger.assignments(ROUND)} == dict.fromkeys(UNITS, State.ACCEPTED)
        answers = [row for row in ledger.messages(ROUND) if row["kind"] == "accepted-1"]
        told = ledger.told(PLAN, running.office.rounds[ROUND].window)
    assert found.keys() == set(UNITS)
    for unit, submission in found.items():
        assert (submission.number, submission.state, submission.route) == (1, "accepted", "web")
        assert running.office.files.get(submission.sha256) == files[unit]
        assert [post.title for post in submission.content.posts] == [row["title"] for row in rows_of(unit)]
    assert len(answers) == len(UNITS)
    assert len(told) == len(UNITS) * ROWS
    assert p95(pressed) < P95_SECONDS


def test_all_in_the_same_instant_are_answered_too_and_sending_again_changes_nothing(
    running, files, record_testsuite_property
):
    pressed = all_press(running, files, 0)
    assert all("Đúng tệp này đã được nhận trước đó" in one.page for one in pressed)
    record_testsuite_property("p95_seconds_all_at_once", p95(pressed))
    with running.office.ledger.snapshot() as ledger:
        assert len(ledger.submissions(ROUND)) == len(UNITS)


def test_the_log_of_the_process_names_no_link(running, files):
    press(running, "dv01", files["dv01"], 0)
    log = running.log.read_text("utf-8")
    assert "POST /dinhky/u/%E2%80%A6/files" in log or "POST /dinhky/u/…/files" in log
    assert not re.search(re.escape(PLAN) + r"\.dv", log)
