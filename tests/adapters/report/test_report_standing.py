"""Standing duties in a report: what was told, and who told nothing."""

from __future__ import annotations

import dataclasses
import io
from datetime import date

import docx
import openpyxl
import pytest

from dinhky.domain.assignment import State
from dinhky.domain.content import Content, StandingAnswer
from dinhky.domain.period import Cadence
from dinhky.domain.plan import Kind, Plan
from dinhky.domain.schedule import find_round
from dinhky.domain.standing import standing_duties, standing_rows
from dinhky.report.facts import facts

POINT, FRONT = "Điểm phục vụ hành chính công phường", "Ủy ban Mặt trận Tổ quốc Việt Nam phường"


def text_of(document: bytes) -> str:
    return "\n".join(paragraph.text for paragraph in docx.Document(io.BytesIO(document)).paragraphs)


def telling(*rows: tuple[str, str]) -> Content:
    return Content(standing=tuple(StandingAnswer(5 + n, ref, "", text) for n, (ref, text) in enumerate(rows)))


@pytest.fixture
def two_duties(plan: Plan) -> Plan:
    """A plan with a second standing duty, of one unit that owes the first too and one that owes nothing else."""
    second = dataclasses.replace(plan.obligations[-1], ref="PL-13", name="Giám sát", units=("mttq", "bxdd"))
    return dataclasses.replace(plan, obligations=(*plan.obligations, second))


def standing(plan, round_, answers, calendar, choices):
    return facts(plan, round_, answers, calendar, choices)["standing"]


def test_each_duty_tells_its_units_what_they_did_and_who_is_silent(
    two_duties, first_quarter, calendar, choices, make_answer
):
    answers = [make_answer("pvhcc", telling(("PL-12", "Hướng dẫn 120 lượt"))), make_answer("mttq", telling())]
    found = standing(two_duties, first_quarter, answers, calendar, choices)
    assert found == {
        "duties": [
            {
                "ref": "PL-12",
                "name": "Hướng dẫn dịch vụ công trực tuyến",
                "units": [POINT, FRONT],
                "told": [{"unit": POINT, "text": "Hướng dẫn 120 lượt"}],
                "silent": [FRONT],
            },
            {
                "ref": "PL-13",
                "name": "Giám sát",
                "units": [FRONT, "Ban Xây dựng đảng"],
                "told": [],
                "silent": [FRONT, "Ban Xây dựng đảng"],
            },
        ],
        "silent": [FRONT, "Ban Xây dựng đảng"],
    }


def test_a_unit_that_told_of_one_of_its_duties_is_not_silent(two_duties, first_quarter, calendar, choices, make_answer):
    answers = [make_answer("mttq", telling(("PL-13", "Giám sát 02 cuộc")))]
    found = standing(two_duties, first_quarter, answers, calendar, choices)
    assert found["duties"][0]["silent"] == [POINT, FRONT]
    assert found["silent"] == [POINT, "Ban Xây dựng đảng"]


def test_who_did_not_answer_is_silent_and_who_was_waived_is_not(plan, first_quarter, calendar, choices, make_answer):
    answers = [
        make_answer("pvhcc", telling(("PL-12", "Bản bị trả lại")), State.RETURNED),
        make_answer("mttq", state=State.WAIVED, reason="Bận bầu cử"),
    ]
    found = standing(plan, first_quarter, answers, calendar, choices)
    assert found["silent"] == [POINT]
    assert found["duties"][0]["told"] == []


def test_what_was_told_of_an_unknown_duty_is_not_lost(reports, plan, first_quarter, make_answer):
    compiled = reports.compile(plan, first_quarter, [make_answer("vp", telling(("", "Làm thêm việc khác")))])
    assert "Văn phòng HĐND và UBND phường: Làm thêm việc khác." in text_of(compiled.document)


def test_the_document_says_it_and_names_the_silent(reports, plan, first_quarter, make_answer):
    told = [make_answer("pvhcc", telling(("PL-12", "Hướng dẫn 120 lượt")))]
    text = text_of(reports.compile(plan, first_quarter, told).document)
    assert "5. Nhiệm vụ thường xuyên" in text
    assert f"+ {POINT}: Hướng dẫn 120 lượt." in text
    assert f"Đơn vị không báo cáo về nhiệm vụ thường xuyên trong kỳ: {FRONT}." in text
    everyone = [*told, make_answer("mttq", telling(("PL-12", "Vận động 40 hộ")))]
    text = text_of(reports.compile(plan, first_quarter, everyone).document)
    assert "Các đơn vị được giao nhiệm vụ thường xuyên đều đã báo cáo trong kỳ." in text
    nothing = text_of(reports.compile(plan, first_quarter, []).document)
    assert "- Hướng dẫn dịch vụ công trực tuyến: chưa có đơn vị nào báo cáo." in nothing


def test_a_plan_without_standing_duties_has_no_such_section(reports, plan, first_quarter, answers):
    without = dataclasses.replace(plan, obligations=plan.obligations[:-1])
    compiled = reports.compile(without, first_quarter, answers)
    assert compiled.facts["standing"] == {"duties": [], "silent": []}
    assert "Nhiệm vụ thường xuyên" not in text_of(compiled.document)


def test_the_annex_lists_the_told_and_the_silent(reports, plan, first_quarter, make_answer):
    told = [make_answer("pvhcc", telling(("PL-12", "=Hướng dẫn")))]
    annex = openpyxl.load_workbook(io.BytesIO(reports.compile(plan, first_quarter, told).annex))
    rows = [[cell.value for cell in row[:4]] for row in annex["Nhiệm vụ thường xuyên"].iter_rows(min_row=6, max_row=7)]
    duty = "Hướng dẫn dịch vụ công trực tuyến"
    assert rows == [[1, duty, POINT, "=Hướng dẫn"], [2, duty, FRONT, "Không báo cáo"]]


def test_a_duty_counts_while_it_is_in_force_and_with_the_units_that_exist(plan, first_quarter):
    window = first_quarter.window
    duty = plan.obligations[-1]

    def rows(unit: str, **changes: object) -> list[dict[str, str]]:
        changed = dataclasses.replace(duty, **changes)
        return standing_rows(dataclasses.replace(plan, obligations=(changed,)), unit, window)

    assert rows("mttq") == [{"ref": "PL-12", "duty": duty.name}]
    assert rows("vp") == []
    assert rows("mttq", since=date(2026, 3, 15)) == rows("mttq", until=date(2025, 12, 14)) == []
    assert rows("mttq", since=date(2026, 3, 14)) == rows("mttq", until=date(2025, 12, 15)) == rows("mttq")
    units = tuple(
        dataclasses.replace(unit, until=date(2026, 2, 1), succeeded_by=("vp",)) if unit.code == "mttq" else unit
        for unit in plan.units
    )
    merged = dataclasses.replace(plan, units=units)
    assert standing_rows(merged, "mttq", window) == []
    assert standing_rows(merged, "vp", window) == [{"ref": "PL-12", "duty": duty.name}]
    assert all(one.kind is Kind.CONTINUOUS for one in standing_duties(plan, window))


def test_a_monthly_report_tells_its_own_month(reports, plan, calendar, make_answer):
    monthly = dataclasses.replace(plan.obligation("PL-5"), cadence=Cadence.MONTHLY)
    others = tuple(monthly if duty.ref == "PL-5" else duty for duty in plan.obligations)
    monthly_plan = dataclasses.replace(plan, obligations=others)
    round_ = find_round(monthly_plan, "PL-5", "2026-04", calendar)
    compiled = reports.compile(monthly_plan, round_, [make_answer("pvhcc")])
    text = text_of(compiled.document)
    assert "trên địa bàn phường Phúc Lợi tháng 4/2026" in text
    assert "4. So sánh với tháng 3/2026" in text
    assert "IV. NHIỆM VỤ THÁNG 5/2026" in text
    assert [channel["target"] for channel in compiled.facts["channels"]] == [2, 2, 1, None]
