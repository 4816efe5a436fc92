"""Standing duties, asked about in the quarter's workbook.

Phúc Lợi's PL-12 is the service point's, the party committee's and the Fatherland Front's. The first quarter is due from
units on Friday 13/3/2026 and locks on Monday 16/3 at 10:00.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from dinhky.domain.assignment import State
from dinhky.domain.errors import CompilingRefused, UnknownName
from dinhky.domain.plan import Kind
from dinhky.rounds.deciding import extend_lock
from dinhky.rounds.opening import open_round
from dinhky.rounds.reporting import compile_report
from dinhky.rounds.standing_duties import carrying_report, close_standing, standing_parts, standing_rounds

PLAN = "phuc-loi-2026"
QUARTER = f"{PLAN}/PL-5/2026-Q1"
LOCKED = datetime.fromisoformat("2026-03-16T10:00:01+07:00")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-{text}+07:00")


ACTIVITY = {
    "form": "Hội nghị",
    "title": "Hội nghị tháng 3",
    "held": date(2026, 3, 9),
    "place": "Hội trường",
    "participants": 40,
}


@pytest.fixture
def quarter(new_commune):
    """The quarter has opened; the service point told of its standing duty, the party committee only of a meeting."""
    new_commune.open(QUARTER)
    new_commune.send(QUARTER, "pvhcc", at("10T09:00"), standing=[{"text": "Hướng dẫn 120 lượt người dân"}])
    new_commune.send(QUARTER, "bxdd", at("10T09:00"), activities=[ACTIVITY])
    return new_commune


def told(commune, ref: str = "PL-12") -> dict[str, str]:
    """What became of each unit's part."""
    parts = standing_parts(commune.office, PLAN, ref, "2026-Q1")
    return {one.unit.code: "excused" if one.is_excused else "silent" if one.is_silent else one.text for one in parts}


def without_standing_duties(commune):
    plan = commune.office.plans[PLAN]
    duties = tuple(one for one in plan.obligations if one.kind is not Kind.CONTINUOUS)
    return commune.using(plans={PLAN: replace(plan, obligations=duties)})


def test_a_unit_told_is_silent_or_excused(quarter):
    assert told(quarter) == {"pvhcc": "Hướng dẫn 120 lượt người dân", "bxdd": "silent", "mttq": "silent"}
    quarter.waive("mttq", QUARTER, at("11T09:00"))
    assert told(quarter)["mttq"] == "excused"


def test_who_has_nothing_to_report_at_all_told_nothing_of_its_standing_duty(quarter):
    with quarter.office.ledger.transaction() as ledger:
        ledger.move(QUARTER, "mttq", State.NIL, at=at("11T09:00"), actor="mttq", reason="Không phát sinh")
    assert told(quarter)["mttq"] == "silent"


def test_a_later_workbook_says_what_is_told_and_a_wrong_one_takes_nothing_away(quarter):
    quarter.send(QUARTER, "pvhcc", at("11T09:00"), standing=[{"text": "Hướng dẫn 150 lượt người dân"}])
    wrong = ACTIVITY | {"held": date(2026, 6, 9)}
    quarter.send(QUARTER, "pvhcc", at("12T09:00"), activities=[wrong], standing=[{"text": "Hướng dẫn 200 lượt"}])
    assert told(quarter)["pvhcc"] == "Hướng dẫn 150 lượt người dân"


def test_what_was_told_stays_told_when_the_report_is_compiled(quarter):
    compile_report(quarter.office, QUARTER, LOCKED)
    assert told(quarter)["pvhcc"] == "Hướng dẫn 120 lượt người dân"


def test_the_supervisor_waits_until_nobody_can_tell_any_more(quarter):
    with pytest.raises(CompilingRefused, match="units_still_open"):
        close_standing(quarter.office, PLAN, "2026-Q1", at("16T10:00"))
    assert quarter.messages("standing") == []


def test_the_supervisor_waits_for_a_unit_that_was_given_longer_and_not_for_the_others(quarter):
    extend_lock(
        quarter.office,
        QUARTER,
        "mttq",
        at("18T17:00"),
        "Bận hội nghị",
        "Nguyễn Thị Mẫu",
        at("16T09:00"),
        even_past_due=True,
    )
    for moment in (LOCKED, at("18T17:00")):
        with pytest.raises(CompilingRefused) as refused:
            close_standing(quarter.office, PLAN, "2026-Q1", moment)
        assert refused.value.params["units"] == ["Ủy ban Mặt trận Tổ quốc Việt Nam phường"]
        assert refused.value.params["locks"] == at("18T17:00")
    quarter.send(QUARTER, "mttq", at("17T09:00"), standing=[{"text": "Đã tuyên truyền 3 buổi"}])
    close_standing(quarter.office, PLAN, "2026-Q1", at("17T09:01"))
    (notice,) = quarter.messages("standing")
    assert "Ủy ban Mặt trận Tổ quốc Việt Nam phường: Đã tuyên truyền 3 buổi" in notice["body"]


def test_who_let_a_longer_time_pass_too_is_silent(quarter):
    extend_lock(
        quarter.office,
        QUARTER,
        "mttq",
        at("18T17:00"),
        "Bận hội nghị",
        "Nguyễn Thị Mẫu",
        at("16T09:00"),
        even_past_due=True,
    )
    close_standing(quarter.office, PLAN, "2026-Q1", at("18T17:01"))
    (notice,) = quarter.messages("standing")
    assert "Ủy ban Mặt trận Tổ quốc Việt Nam phường: không báo cáo nội dung nào trong kỳ" in notice["body"]


def test_the_supervisor_is_told_once_a_period_who_told_what_and_who_nothing(quarter):
    quarter.waive("mttq", QUARTER, at("11T09:00"))
    for moment in (LOCKED, at("16T11:00"), at("20T08:00")):
        close_standing(quarter.office, PLAN, "2026-Q1", moment)
    (notice,) = quarter.messages("standing")
    assert notice["address"] == "lanhdao@phucloi.example"
    assert notice["office_hours_only"]
    assert "1 nội dung chưa được báo cáo" in notice["subject"]
    assert "- Điểm phục vụ hành chính công phường: Hướng dẫn 120 lượt người dân" in notice["body"]
    assert "- Ban Xây dựng đảng: không báo cáo nội dung nào trong kỳ" in notice["body"]
    assert "- Ủy ban Mặt trận Tổ quốc Việt Nam phường: được miễn báo cáo kỳ này" in notice["body"]


def test_the_supervisor_is_told_as_soon_as_every_unit_has_answered(new_commune):
    new_commune.open(QUARTER)
    for unit in ("vhxh", "vp", "kthtdt", "pvhcc", "vhtttt", "mttq", "bxdd"):
        standing = [{"text": "Đã thực hiện"}] if unit in {"pvhcc", "mttq", "bxdd"} else []
        new_commune.send(QUARTER, unit, at("10T09:00"), activities=[ACTIVITY], standing=standing)
    close_standing(new_commune.office, PLAN, "2026-Q1", at("10T10:00"))
    (notice,) = new_commune.messages("standing")
    assert "chưa được báo cáo" not in notice["subject"]


def test_the_quarter_s_report_names_the_same_silent_units(quarter):
    version = compile_report(quarter.office, QUARTER, LOCKED)
    with quarter.office.ledger.snapshot() as ledger:
        standing = ledger.report_facts(version.id)["standing"]
    (duty,) = standing["duties"]
    assert sorted(duty["silent"]) == ["Ban Xây dựng đảng", "Ủy ban Mặt trận Tổ quốc Việt Nam phường"]
    assert sorted(standing["silent"]) == sorted(duty["silent"])


def test_a_quarter_that_was_never_opened_is_no_reason_to_call_anybody_silent(new_commune):
    with pytest.raises(UnknownName, match="round_not_opened"):
        close_standing(new_commune.office, PLAN, "2026-Q1", LOCKED)
    assert new_commune.messages() == []


def test_of_a_quarter_that_was_history_when_it_opened_nobody_is_told(new_commune):
    open_round(new_commune.office, QUARTER, LOCKED)
    close_standing(new_commune.office, PLAN, "2026-Q1", LOCKED)
    assert new_commune.messages() == []


def test_a_plan_without_standing_duties_sends_no_empty_message(quarter):
    commune = without_standing_duties(quarter)
    assert close_standing(commune.office, PLAN, "2026-Q1", LOCKED) == {}
    assert commune.messages("standing") == []


def test_what_does_not_exist_is_refused_by_name(quarter):
    with pytest.raises(UnknownName):
        standing_parts(quarter.office, PLAN, "PL-2", "2026-Q1")
    with pytest.raises(UnknownName):
        standing_parts(quarter.office, PLAN, "PL-12", "2026-Q9")
    with pytest.raises(UnknownName):
        close_standing(quarter.office, "phuc-loi-2027", "2026-Q1", LOCKED)


@pytest.mark.parametrize(
    ("plan", "ref", "periods"),
    [
        ("phuc-loi-2026", "PL-5", 4),
        ("vung-ang-2026", "VA-1", 4),
        ("canh-vinh-2026", "CV-9", 4),
        ("chi-minh-2026", "CM-1", 4),
    ],
)
def test_every_plan_s_standing_duties_are_asked_about_with_the_report_that_asks_units(commune_of, plan, ref, periods):
    office = commune_of(plan).office
    carrying = carrying_report(office.plans[plan])
    assert carrying is not None
    assert carrying.ref == ref
    assert len(standing_rounds(office, office.plans[plan])) == periods
