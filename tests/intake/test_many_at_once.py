"""Fifty units press "send" in the same ten seconds, and some at the same moment, on one SQLite ledger."""

from __future__ import annotations

import dataclasses
import random
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest

from dinhky.intake.receive import Receipt, Verdict, receive
from dinhky.rounds.lookup import round_of
from dinhky.rounds.opening import open_round
from dinhky.workbook.sample import fill

NOW = datetime.fromisoformat("2026-03-12T10:00+07:00")
COMMUNES, UNITS = 10, 5
SECONDS = 10.0
SECONDS_FOR_ALMOST_ALL = 1.0
POST = {
    "title": "Một tin",
    "form": "Tin",
    "channel": "Cổng thông tin điện tử phường",
    "published": datetime.fromisoformat("2026-03-04T00:00").date(),
    "link": "https://phucloi.example/tin/khac",
    "field": "Chung",
}


@pytest.fixture
def fifty(commune):
    """Ten communes on one machine, the quarter open in each; of five units in each, the first makes a mistake."""
    plan = commune.office.plans["phuc-loi-2026"]
    plans = {f"phuong-{n}-2026": dataclasses.replace(plan, id=f"phuong-{n}-2026") for n in range(COMMUNES)}
    office = dataclasses.replace(commune.office, plans=plans)
    files = []
    for plan_id, one in plans.items():
        _, round_ = round_of(office, f"{plan_id}/PL-5/2026-Q1")
        open_round(office, round_.id, round_.opens)
        for number, code in enumerate(round_.units[:UNITS]):
            row = POST | ({"form": "Không có"} if number == 0 else {})
            files.append((plan_id, code, fill(office.workbooks.build(one, round_, one.unit(code)), {"posts": [row]})))
    return office, files


@pytest.mark.system
def test_fifty_in_ten_seconds_are_all_answered_at_once_and_nothing_is_lost(fifty):
    office, files = fifty
    receive(office, b"first", file_name="a", unit_code=files[0][1], plan_id=files[0][0], now=NOW, route="test")
    office.workbooks.read(files[0][2], office.plans[files[0][0]], *_round_and_unit(office, *files[0][:2]))
    start = Barrier(len(files))
    chance = random.Random(50)
    pressed = {(plan_id, unit): chance.uniform(0, SECONDS) for plan_id, unit, _ in files}
    taken: list[float] = []

    def send(sent: tuple[str, str, bytes]) -> Receipt:
        plan_id, unit, data = sent
        start.wait()
        time.sleep(pressed[plan_id, unit])
        began = time.perf_counter()
        receipt = receive(office, data, file_name="a.xlsx", unit_code=unit, plan_id=plan_id, now=NOW, route="test")
        taken.append(time.perf_counter() - began)
        return receipt

    with ThreadPoolExecutor(len(files)) as threads:
        receipts = list(threads.map(send, files))
    expected = [Verdict.RETURNED if number % UNITS == 0 else Verdict.ACCEPTED for number in range(len(files))]
    assert [receipt.verdict for receipt in receipts] == expected
    assert [receipt.number for receipt in receipts] == [1] * len(files)
    with office.ledger.snapshot() as ledger:
        for (plan_id, unit, _), receipt in zip(files, receipts, strict=True):
            kept = ledger.newest_submission(f"{plan_id}/PL-5/2026-Q1", unit)
            assert (kept.sha256, kept.state, kept.answer_sha256 is None) == (
                receipt.sha256,
                receipt.verdict.value,
                receipt.verdict is Verdict.ACCEPTED,
            )
            answers = [row for row in ledger.messages(kept.round_id) if row["kind"] == f"{receipt.verdict.value}-1"]
            assert {row["unit"] for row in answers} >= {unit}
    assert statistics.quantiles(taken, n=20)[18] < SECONDS_FOR_ALMOST_ALL, sorted(taken)


def test_one_unit_that_sends_ten_different_files_at_once_gets_ten_numbers(commune):
    plan, round_ = round_of(commune.office, "phuc-loi-2026/PL-5/2026-Q1")
    empty = commune.office.workbooks.build(plan, round_, plan.unit("vp"))
    files = [fill(empty, {"posts": [POST | {"title": f"Tin {n}"}]}) for n in range(10)]
    with ThreadPoolExecutor(10) as threads:
        receipts = list(threads.map(lambda data: commune.receive("vp", data, NOW), files))
    assert sorted(receipt.number for receipt in receipts) == list(range(1, 11))
    with commune.office.ledger.snapshot() as ledger:
        last = max(ledger.submissions(round_.id), key=lambda one: one.number)
        assert ledger.assignment(round_.id, "vp").submission_id == last.id
        assert ledger.content_of(last.id).posts[0].title == next(
            receipt.content.posts[0].title for receipt in receipts if receipt.number == 10
        )


def test_the_same_file_pressed_twice_at_once_is_one_submission(commune):
    data = commune.sample["vp"][-1].data
    with ThreadPoolExecutor(8) as threads:
        receipts = list(threads.map(lambda _: commune.receive("vp", data, NOW), range(8)))
    assert [receipt.number for receipt in receipts] == [1] * 8
    assert sorted(receipt.again for receipt in receipts) == [False, *[True] * 7]
    assert len(commune.messages("accepted-1")) == len({row["address"] for row in commune.messages("accepted-1")})


def _round_and_unit(office, plan_id: str, unit: str):
    plan, round_ = round_of(office, f"{plan_id}/PL-5/2026-Q1")
    return round_, plan.unit(unit)
