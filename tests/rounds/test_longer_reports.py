"""Reports compiled from shorter ones. In Vũng Áng 2026 the quarters lock on 18/3, 18/6, 18/9 and 18/12 at 10:00.

The first half-year is due on 22/6 and covers 15/12/2025 to 14/6/2026; the year on 24/12 and covers all four quarters.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta

import pytest

from dinhky.domain.errors import CompilingRefused, SendingRefused
from dinhky.domain.posts import EvidenceKind, ToldPost
from dinhky.intake.receive import Verdict
from dinhky.rounds.chasing import chase
from dinhky.rounds.opening import open_round
from dinhky.rounds.posting import tell_post
from dinhky.rounds.reporting import compile_report, compile_when_due, record_decision, request_approval, send_report

PLAN = "vung-ang-2026"
QUARTERS = [f"{PLAN}/VA-1/2026-Q{number}" for number in range(1, 5)]
HALF, SECOND_HALF, YEAR = f"{PLAN}/VA-2/2026-H1", f"{PLAN}/VA-2/2026-H2", f"{PLAN}/VA-3/2026"
UNITS = ["vhxh", "kthtdt", "vp", "pvhcc", "mttq"]
NAMES = {
    "vhxh": "Phòng Văn hóa - Xã hội",
    "vp": "Văn phòng HĐND và UBND phường",
    "mttq": "Ủy ban Mặt trận Tổ quốc phường",
}
PORTAL = "Cổng thông tin điện tử phường"
LAST_DAYS = ["03-10", "06-10", "09-10", "12-10"]
"""A day within each quarter's data, before its units are due."""


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+07:00")


def row(name: str, day: str) -> dict:
    return {
        "title": f"Tin số {name}",
        "form": "Tin",
        "channel": PORTAL,
        "published": date.fromisoformat(f"2026-{day}"),
        "link": f"https://vungang.example/tin/bai-{name}-1.html",
        "field": "Chung",
    }


@pytest.fixture
def commune(commune_of):
    """The first quarter and the first half-year have opened."""
    commune = commune_of(PLAN)
    commune.open(QUARTERS[0], HALF)
    return commune


def answer(commune, quarter: int, *units: str, now: datetime | None = None) -> None:
    """Each unit sends its workbook of a quarter (from 1) with one post of its own."""
    day = LAST_DAYS[quarter - 1]
    for unit in units:
        posts = [row(f"{unit}-q{quarter}", day)]
        receipt = commune.send(QUARTERS[quarter - 1], unit, now or at(f"{day}T10:00"), posts=posts)
        assert receipt.verdict is Verdict.ACCEPTED


def tell(commune, unit: str, name: str, day: str, now: datetime) -> None:
    link = f"https://vungang.example/tin/bai-{name}-1.html"
    told = ToldPost(
        "", unit, "portal", f"Tin số {name}", date.fromisoformat(f"2026-{day}"), link, EvidenceKind.LINK, now
    )
    tell_post(commune.office, PLAN, told, now)


def facts(commune, round_id: str) -> dict:
    with commune.office.ledger.snapshot() as ledger:
        return ledger.report_facts(ledger.latest_report(round_id).id)


def titles(commune, round_id: str) -> list[str]:
    return sorted(post["title"].removeprefix("Tin số ") for post in facts(commune, round_id)["posts"])


def decide_and_send(commune, round_id: str, now: datetime) -> None:
    version = compile_when_due(commune.office, round_id, now)
    request_approval(commune.office, version, now)
    record_decision(commune.office, version.id, approved=True, comment="", by="lanhdao", at=now)
    send_report(commune.office, round_id, now)


def test_nobody_is_asked_for_the_half_year(commune):
    assert open_round(commune.office, HALF, at("02-02T08:00")) == []
    commune.open(QUARTERS[1])
    for day in ("06-17T08:00", "06-18T08:00", "06-19T08:00", "06-22T08:00", "06-23T08:00"):
        chase(commune.office, at(day))
    asked = {row["round_id"] for row in commune.messages() if row["unit"]}
    assert asked == set(QUARTERS[:2])
    assert {row["round_id"] for row in commune.messages("escalation")} == {QUARTERS[1]}
    assert Counter(row["unit"] for row in commune.messages("opening")) == dict.fromkeys(UNITS, 2)


def test_the_half_year_is_both_quarters(commune):
    answer(commune, 1, *UNITS)
    commune.open(QUARTERS[1])
    answer(commune, 2, *UNITS)
    compile_when_due(commune.office, HALF, at("06-18T10:00:01"))
    assert titles(commune, HALF) == sorted(f"{unit}-q{quarter}" for unit in UNITS for quarter in (1, 2))
    found = facts(commune, HALF)
    assert (found["compiled_from"], found["totals"]["posts"]) == (["2026-Q1", "2026-Q2"], 10)
    assert found["reporting"]["missing"] == found["reporting"]["late"] == []
    compile_report(commune.office, QUARTERS[0], at("03-18T10:05"))
    assert compile_when_due(commune.office, HALF, at("06-18T11:00")).version == 1, (
        "compiled or not, accepted is accepted"
    )


@pytest.mark.parametrize("moment", ["06-15T00:01", "06-18T10:00"])
def test_it_is_refused_while_a_quarter_may_still_be_answered(commune, moment):
    answer(commune, 1, *UNITS)
    commune.open(QUARTERS[1])
    answer(commune, 2, *UNITS[:-1])
    with pytest.raises(CompilingRefused, match="units_still_open") as refused:
        compile_when_due(commune.office, HALF, at(moment))
    assert refused.value.params["units"] == [NAMES["mttq"]]


def test_it_is_refused_while_a_quarter_is_still_to_open(commune):
    answer(commune, 1, *UNITS)
    with pytest.raises(CompilingRefused, match="units_still_open"):
        compile_when_due(commune.office, HALF, at("03-20T08:00"))


def test_it_is_refused_while_a_quarter_that_all_answered_may_still_be_corrected(commune):
    answer(commune, 1, *UNITS)
    commune.open(QUARTERS[1])
    answer(commune, 2, *UNITS)
    with pytest.raises(CompilingRefused, match="units_still_open"):
        compile_when_due(commune.office, HALF, at("06-15T08:00"))
    commune.send(QUARTERS[1], "vp", at("06-16T09:00"), posts=[row("corrected", "06-09")])
    compile_when_due(commune.office, HALF, at("06-18T10:00:01"))
    assert "corrected" in titles(commune, HALF)
    assert "vp-q2" not in titles(commune, HALF)


def test_once_the_quarters_reports_are_sent_nothing_can_change_and_it_waits_no_longer(commune):
    answer(commune, 1, *UNITS)
    decide_and_send(commune, QUARTERS[0], at("03-16T09:00"))
    commune.open(QUARTERS[1])
    answer(commune, 2, *UNITS)
    decide_and_send(commune, QUARTERS[1], at("06-16T09:00"))
    assert commune.send(QUARTERS[1], "vp", at("06-16T10:00"), posts=[row("x", "06-09")]).verdict is Verdict.HELD
    compile_when_due(commune.office, HALF, at("06-16T11:00"))
    assert len(titles(commune, HALF)) == 10


def test_a_quarter_that_is_missing_is_named_and_what_was_told_counts(commune):
    answer(commune, 1, *UNITS)
    commune.open(QUARTERS[1])
    answer(commune, 2, *UNITS[:-1])
    compile_when_due(commune.office, HALF, at("06-18T10:00:01"))
    found = facts(commune, HALF)
    (missing,) = found["reporting"]["missing"]
    assert (missing["name"], missing["periods"]) == (NAMES["mttq"], ["2026-Q2"])
    assert "mttq-q1" in titles(commune, HALF)


def test_a_file_accepted_late_is_in_and_its_quarter_is_named_as_late(commune):
    answer(commune, 1, *UNITS[:-1])
    answer(commune, 1, "mttq", now=at("03-18T09:00"))
    commune.open(QUARTERS[1])
    answer(commune, 2, *UNITS)
    compile_when_due(commune.office, HALF, at("06-18T10:00:01"))
    assert "mttq-q1" in titles(commune, HALF)
    (late,) = facts(commune, HALF)["reporting"]["late"]
    assert (late["name"], late["periods"]) == (NAMES["mttq"], ["2026-Q1"])


def test_a_file_that_came_after_the_quarter_s_lock_waits_for_a_decision_and_is_not_in(commune):
    answer(commune, 1, *UNITS[:-1])
    held = commune.send(QUARTERS[0], "mttq", at("03-19T09:00"), posts=[row("held", "03-10")])
    assert held.verdict is Verdict.HELD
    commune.open(QUARTERS[1])
    answer(commune, 2, *UNITS)
    compile_when_due(commune.office, HALF, at("06-18T10:00:01"))
    assert "held" not in titles(commune, HALF)
    assert facts(commune, HALF)["reporting"]["missing"][0]["periods"] == ["2026-Q1"]


def test_what_was_told_otherwise_since_the_quarter_is_new_and_counts_once(commune):
    answer(commune, 1, *UNITS)
    compile_when_due(commune.office, QUARTERS[0], at("03-18T10:05"))
    tell(commune, "vp", "new", "03-12", at("03-25T09:00"))
    tell(commune, "vp", "vp-q1", "03-10", at("03-25T09:00"))
    tell(commune, "vp", "after", "06-15", at("06-16T09:00"))
    commune.open(QUARTERS[1])
    answer(commune, 2, *UNITS)
    compile_when_due(commune.office, HALF, at("06-18T10:00:01"))
    found = titles(commune, HALF)
    assert found == sorted([*(f"{unit}-q{quarter}" for unit in UNITS for quarter in (1, 2)), "new"])
    assert "new" not in titles(commune, QUARTERS[0])


def test_posts_of_a_unit_that_never_sent_a_workbook_are_in(commune):
    answer(commune, 1, *UNITS[:-1])
    tell(commune, "mttq", "alone", "03-10", at("03-11T09:00"))
    commune.open(QUARTERS[1])
    answer(commune, 2, *UNITS[:-1])
    compile_when_due(commune.office, HALF, at("06-18T10:00:01"))
    assert "alone" in titles(commune, HALF)
    (missing,) = facts(commune, HALF)["reporting"]["missing"]
    assert missing["name"] == NAMES["mttq"]


def test_a_unit_waived_for_a_quarter_is_not_missing(commune):
    commune.waive("mttq", QUARTERS[0], at("03-09T09:00"))
    answer(commune, 1, *UNITS[:-1])
    commune.open(QUARTERS[1])
    answer(commune, 2, *UNITS)
    compile_when_due(commune.office, HALF, at("06-18T10:00:01"))
    assert facts(commune, HALF)["reporting"]["missing"] == []
    assert "mttq-q2" in titles(commune, HALF)


def test_the_half_year_is_approved_and_sent_like_any_report(commune):
    answer(commune, 1, *UNITS)
    commune.open(QUARTERS[1])
    answer(commune, 2, *UNITS)
    now = at("06-18T10:00:01")
    version = compile_when_due(commune.office, HALF, now)
    with pytest.raises(SendingRefused, match="not_approved"):
        send_report(commune.office, HALF, now)
    record_decision(commune.office, version.id, approved=True, comment="", by="lanhdao", at=now + timedelta(hours=1))
    send_report(commune.office, HALF, now + timedelta(hours=2))
    send_report(commune.office, HALF, now + timedelta(hours=3))
    sent = commune.messages("report-v1")
    assert sorted(row["address"] for row in sent) == ["baocao@sonoivu-hatinh.example", "baocao@sovhttdl-hatinh.example"]


def test_the_year_is_all_four_quarters_and_the_second_half_is_compared_with_the_first(commune):
    commune.open(SECOND_HALF, YEAR)
    for quarter in range(1, 5):
        commune.open(QUARTERS[quarter - 1])
        answer(commune, quarter, *(UNITS if quarter != 3 else UNITS[1:]))
    locked = at("12-18T10:00:01")
    for round_id in (HALF, SECOND_HALF, YEAR):
        compile_when_due(commune.office, round_id, locked)
    assert len(titles(commune, YEAR)) == 19
    assert facts(commune, YEAR)["compiled_from"] == ["2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4"]
    (missing,) = facts(commune, YEAR)["reporting"]["missing"]
    assert (missing["name"], missing["periods"]) == (NAMES["vhxh"], ["2026-Q3"])
    assert facts(commune, SECOND_HALF)["comparison"]["posts"] == {"previous": 10, "current": 9, "difference": -1}
    assert Counter(row["unit"] for row in commune.messages("opening")) == dict.fromkeys(UNITS, 4)
