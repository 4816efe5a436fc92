"""Jurors' files come by the same door as units': through their own folder, in the plan that asks them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from dinhky import bootstrap
from dinhky.domain.assignment import State
from dinhky.intake.folder import scan
from dinhky.intake.receive import Verdict, receive
from dinhky.rounds.contests import close_entries, open_phase
from dinhky.rounds.lookup import round_of
from dinhky.rounds.opening import workbook_for
from dinhky.rounds.ports import Office
from dinhky.rounds.reporting import record_decision
from dinhky.workbook.sample import fill

ENTRIES, PRELIMINARY = (f"phuc-loi-2026/PL-6.{phase}/2026" for phase in ("entries", "preliminary"))
POINTS = {"points.novelty": 20, "points.feasibility": "21,5", "points.effect": 15, "points.reach": 10}


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+07:00")


def attached(office: Office, round_id: str, unit: str) -> bytes:
    with office.ledger.snapshot() as ledger:
        [row] = [
            row
            for row in ledger.messages(round_id)
            if (row["kind"], row["unit"], row["channel"]) == ("opening", unit, "email")
        ]
    return office.files.get(row["attachments"][0]["sha256"])


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """All plans' office: the preliminary of Phúc Lợi has opened with two entries; Chí Minh has a juror gk1 too."""
    office = bootstrap.office(bootstrap.settings({"DINHKY_HOME": str(tmp_path / "home")}))
    office = replace(office, plans={name: office.plans[name] for name in ("phuc-loi-2026", "chi-minh-2026")})
    office.ledger.migrate()
    open_phase(office, ENTRIES, at("03-17T07:30"))
    rows = [{"title": f"Ý tưởng {n}", "author": "Lê Văn Mẫu", "summary": "Tóm tắt"} for n in (1, 2)]
    told = fill(attached(office, ENTRIES, "tdp"), {"entries": rows})
    taken = receive(office, told, file_name="a.xlsx", unit_code="tdp", now=at("04-02T09:00"), route="test")
    assert taken.verdict is Verdict.ACCEPTED
    version = close_entries(office, ENTRIES, at("04-11T00:05"))
    record_decision(office, version.id, approved=True, comment="", by="lanhdao", at=at("04-13T08:00"))
    open_phase(office, PRELIMINARY, at("04-13T08:05"))
    return office


def test_a_jurors_sheet_is_taken_from_their_folder(office, tmp_path):
    folder = tmp_path / "inbox" / "phuc-loi-2026" / "gk1"
    folder.mkdir(parents=True)
    (folder / "phiếu.xlsx").write_bytes(fill(attached(office, PRELIMINARY, "gk1"), {"scores": [POINTS, POINTS]}))
    now = datetime.now(UTC) + timedelta(minutes=1)
    [handled] = scan(office, tmp_path / "inbox", real_now=now, office_time=lambda _: at("04-14T09:00"))
    assert handled.receipt is not None
    assert (handled.receipt.verdict, handled.receipt.unit) == (Verdict.ACCEPTED, "gk1")
    with office.ledger.snapshot() as ledger:
        found = ledger.assignment(PRELIMINARY, "gk1")
    assert found is not None
    assert found.state is State.ACCEPTED


def test_the_plan_of_a_juror_is_told_by_the_sheet_where_two_plans_have_such_a_juror(office):
    sheet = fill(attached(office, PRELIMINARY, "gk1"), {"scores": [POINTS, POINTS]})
    receipt = receive(office, sheet, file_name="a.xlsx", unit_code="gk1", now=at("04-14T09:00"), route="test")
    assert receipt.round_id == PRELIMINARY


def test_a_juror_s_sheet_fetched_anew_begins_with_the_scores_that_count_and_is_nobody_else_s(office):
    plan, round_ = round_of(office, PRELIMINARY)
    given = [POINTS | {"comment": "Dễ áp dụng"}, POINTS | {"points.novelty": 8.1, "points.reach": 0}]
    told = fill(attached(office, PRELIMINARY, "gk1"), {"scores": given})
    first = receive(office, told, file_name="a.xlsx", unit_code="gk1", now=at("04-14T09:00"), route="test")
    wrong = fill(told, {"scores": [{"points.novelty": 99}]})
    assert (
        receive(office, wrong, file_name="b.xlsx", unit_code="gk1", now=at("04-14T10:00"), route="test").verdict
        is Verdict.RETURNED
    )
    with office.ledger.snapshot() as ledger:
        _, anew = workbook_for(office, ledger, plan, round_, plan.unit("gk1"))
        _, others = workbook_for(office, ledger, plan, round_, plan.unit("gk2"))
    reading = office.workbooks.read(anew, plan, round_, plan.unit("gk1"))
    assert (reading.problems, reading.questions) == ((), ())
    assert reading.content.scores == first.content.scores
    assert reading.content.scores[1].points["novelty"] == Decimal("8.1")
    assert {problem.code for problem in office.workbooks.read(others, plan, round_, plan.unit("gk2")).problems} == {
        "value_missing"
    }, "nobody sees another's scores"


def test_one_juror_cannot_send_anothers_sheet(office):
    sheet = fill(attached(office, PRELIMINARY, "gk2"), {"scores": [POINTS, POINTS]})
    receipt = receive(office, sheet, file_name="a.xlsx", unit_code="gk1", now=at("04-14T09:00"), route="test")
    assert receipt.verdict is Verdict.RETURNED
    with office.ledger.snapshot() as ledger:
        assert all(one.submission_id is None for one in ledger.assignments(PRELIMINARY))


def test_a_sheet_before_its_phase_has_opened_is_refused(office):
    plan = office.plans["phuc-loi-2026"]
    final = office.rounds["phuc-loi-2026/PL-6.final/2026"]
    early = office.workbooks.build(plan, final, plan.unit("gk1"))
    receipt = receive(office, early, file_name="a.xlsx", unit_code="gk1", now=at("04-14T09:00"), route="test")
    assert receipt.verdict is Verdict.REFUSED
