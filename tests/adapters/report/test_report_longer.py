"""A half-year's and a year's report compiled from the accepted quarters: nobody is asked again."""

from __future__ import annotations

import dataclasses
import io
from datetime import date

import docx
import pytest

from dinhky.domain.assignment import State
from dinhky.domain.content import Activity, Content, Remark, StandingAnswer
from dinhky.domain.period import Cadence, Dates, Window
from dinhky.domain.plan import Amendment, CancelledRound, DueRule, Plan
from dinhky.domain.schedule import find_round
from dinhky.report.facts import facts
from dinhky.report.targets import shared_targets, times_due, unit_targets
from dinhky.rounds.merged_answers import merged

H1 = Dates(date(2025, 12, 15), date(2026, 6, 14))


@pytest.fixture
def plan(plan: Plan) -> Plan:
    """The ward's plan from the year's start on, with a half-yearly and a yearly report compiled from the quarters."""
    quarter = plan.obligation("PL-5")
    longer = {"compiled_from": "PL-5", "due": DueRule(day_of_last_month=22), "unit_due_working_days_before": 0}
    half = dataclasses.replace(quarter, ref="VA-2", name="Báo cáo 6 tháng", cadence=Cadence.HALF_YEARLY, **longer)
    year = dataclasses.replace(quarter, ref="VA-3", name="Báo cáo năm", cadence=Cadence.YEARLY, **longer)
    return dataclasses.replace(
        plan, effective_from=date(2025, 12, 15), obligations=(*plan.obligations, half, year), year=2026
    )


@pytest.fixture
def half(plan, calendar):
    return find_round(plan, "VA-2", "2026-H1", calendar)


def said(make_post, *titles: str, on: date = date(2026, 3, 9), standing: str = "") -> Content:
    posts = tuple(make_post(5 + n, title, "portal", on) for n, title in enumerate(titles))
    answers = (StandingAnswer(5, "PL-12", "", standing),) if standing else ()
    held = (Activity(5, "Hội nghị", f"Hội nghị {titles[0]}", on, "Hội trường", 20),) if titles else ()
    remarks = tuple(Remark(5 + n, "difficulty", f"Khó khăn {title}", "") for n, title in enumerate(titles))
    return Content(posts=posts, activities=held, remarks=remarks, standing=answers)


@pytest.fixture
def told(make_answer, make_post):
    """Two quarters. pvhcc told in both; mttq late, then missing; bxdd waived, then nil; vp only asked in the second."""
    june = date(2026, 6, 9)
    return [
        (
            "2026-Q1",
            [
                make_answer("pvhcc", said(make_post, "A", "B", standing="Hướng dẫn 100 lượt"), State.COMPILED),
                make_answer("mttq", said(make_post, "C"), late=True),
                make_answer("bxdd", state=State.WAIVED, reason="Chưa thành lập"),
            ],
        ),
        (
            "2026-Q2",
            [
                make_answer("pvhcc", said(make_post, "D", on=june, standing="Hướng dẫn 80 lượt")),
                make_answer("mttq", said(make_post, "X", on=june), State.RETURNED),
                make_answer("bxdd", state=State.NIL, reason="Không phát sinh"),
                make_answer("vp", said(make_post, "E", on=june)),
            ],
        ),
    ]


@pytest.fixture
def answers(told, half):
    return merged(half.id, told)


def by_unit(answers):
    return {answer.unit.code: answer for answer in answers}


def test_each_unit_is_one_answer_of_all_its_accepted_workbooks(answers):
    assert list(by_unit(answers)) == ["pvhcc", "mttq", "bxdd", "vp"]
    point = by_unit(answers)["pvhcc"]
    assert [post.title for post in point.content.posts] == ["A", "B", "D"]
    assert [row.text for row in point.content.standing] == ["Hướng dẫn 100 lượt", "Hướng dẫn 80 lượt"]
    assert (point.assignment.state, point.assignment.late) == (State.ACCEPTED, False)
    assert (point.periods, point.missing_periods) == (("2026-Q1", "2026-Q2"), ())


def test_answered_means_in_every_period_and_late_in_any(answers):
    front = by_unit(answers)["mttq"]
    assert front.assignment.state is State.RETURNED
    assert not front.assignment.answered
    assert (front.periods, front.missing_periods, front.late_periods) == (("2026-Q1",), ("2026-Q2",), ("2026-Q1",))
    assert [post.title for post in front.content.posts] == ["C"], "what was returned does not count"


def test_waived_once_is_not_expected_then_and_nothing_to_report_is_an_answer(answers, told, half):
    party = by_unit(answers)["bxdd"]
    assert (party.assignment.state, party.assignment.reason) == (State.NIL, "Không phát sinh")
    assert (party.content, party.periods) == (None, ("2026-Q2",))
    first_only = by_unit(merged(half.id, told[:1]))["bxdd"]
    assert (first_only.assignment.state, first_only.assignment.reason) == (State.WAIVED, "Chưa thành lập")


def test_merging_is_stable_whatever_the_rows_order(told, half):
    def turned(answer):
        content = answer.content
        return dataclasses.replace(answer, content=content and dataclasses.replace(content, posts=content.posts[::-1]))

    other = [(label, [turned(answer) for answer in answers]) for label, answers in told]
    assert merged(half.id, other) == merged(half.id, told)


def test_the_half_year_before_is_what_is_compared_with(told, half, plan, calendar, choices):
    answers = merged(half.id, told, before=[("2025-Q3", told[0][1]), ("2025-Q4", told[1][1])])
    assert [post.title for post in by_unit(answers)["pvhcc"].previous.posts] == ["A", "B", "D"]
    assert by_unit(answers)["bxdd"].previous is None
    comparison = facts(plan, half, answers, calendar, choices)["comparison"]
    assert comparison["posts"] == {"previous": 5, "current": 5, "difference": 0}
    assert facts(plan, half, answers, calendar, choices)["previous_period"] == "2025-H2"


def test_the_facts_are_the_sum_of_the_quarters(plan, half, answers, calendar, choices):
    found = facts(plan, half, answers, calendar, choices)
    assert found["compiled_from"] == ["2026-Q1", "2026-Q2"]
    assert (found["totals"]["posts"], found["totals"]["activities"], found["totals"]["participants"]) == (5, 4, 80)
    assert [post["title"] for post in found["posts"]] == ["E", "A", "B", "D", "C"]
    assert [channel["target"] for channel in found["channels"]] == [12, 12, 6, None]
    assert len(found["months_counted"]) == 6
    assert [duty["target"] for duty in found["units"][0]["duties"]] == [4, 2]
    rates = found["reporting"]
    assert (rates["expected"], rates["actual"], rates["on_time"], rates["told"]) == (4, 3, 3, 4)
    assert found["standing"]["silent"] == ["Ủy ban Mặt trận Tổ quốc Việt Nam phường"]
    front = next(unit for unit in found["units"] if unit["code"] == "mttq")
    assert (front["answered"], front["posts"], front["missing_periods"]) == (False, 1, ["2026-Q2"])


def text_of(document: bytes) -> str:
    book = docx.Document(io.BytesIO(document))
    cells = [cell.text for table in book.tables for row in table.rows for cell in row.cells]
    return "\n".join([paragraph.text for paragraph in book.paragraphs] + cells).replace("\u00a0", " ")


def test_the_document_of_a_half_year(reports, plan, half, answers):
    text = text_of(reports.compile(plan, half, answers).document)
    for sentence in (
        "trên địa bàn phường Phúc Lợi 6 tháng đầu năm 2026",
        "(số liệu tính từ ngày 15/12/2025 đến hết ngày 14/6/2026)",
        "02 tin, bài/tháng × 06 tháng",
        "4. So sánh với 6 tháng cuối năm 2025",
        "Số liệu tổng hợp từ báo cáo quý I/2026, quý II/2026 của các đơn vị; các đơn vị không phải báo cáo riêng. Số"
        " đơn vị phải báo cáo: 04; đã nộp đủ các kỳ: 03 đơn vị (đạt 75%);"
        " nộp đúng hạn ở tất cả các kỳ: 03 đơn vị (đạt 75%).",
        "- Nộp muộn: 01 đơn vị, gồm: Ủy ban Mặt trận Tổ quốc Việt Nam phường (quý I/2026).",
        "- Chưa nộp đủ các kỳ: 01 đơn vị, gồm: Ủy ban Mặt trận Tổ quốc Việt Nam phường (thiếu quý II/2026).",
        "Chưa gửi: quý II/2026",
        "+ Điểm phục vụ hành chính công phường: Hướng dẫn 80 lượt.",
        "IV. NHIỆM VỤ 6 THÁNG CUỐI NĂM 2026",
        "tổng hợp từ báo cáo quý của các đơn vị; Phòng Văn hóa - Xã hội tổng hợp, tham mưu báo cáo chậm nhất ngày",
        "DANH MỤC TIN, BÀI TUYÊN TRUYỀN CẢI CÁCH HÀNH CHÍNH 6 THÁNG ĐẦU NĂM 2026",
    ):
        assert sentence in text
    assert "Thời hạn các đơn vị gửi báo cáo" not in text


def test_the_document_of_a_year(reports, plan, told, calendar):
    year = find_round(plan, "VA-3", "2026", calendar)
    compiled = reports.compile(plan, year, merged(year.id, told))
    text = text_of(compiled.document)
    assert compiled.facts["compiled_from"] == ["2026-Q1", "2026-Q2", "2026-Q3", "2026-Q4"]
    assert [channel["target"] for channel in compiled.facts["channels"]] == [24, 24, 12, None]
    assert "trên địa bàn phường Phúc Lợi năm 2026" in text
    assert "IV. NHIỆM VỤ NĂM 2027" in text
    assert "Nhiệm vụ năm 2027 thực hiện theo kế hoạch của năm kế tiếp." in text


def test_what_some_told_is_reported_although_nobody_answered_every_period(reports, plan, half, told):
    front = [(label, [answer for answer in answers if answer.unit.code == "mttq"]) for label, answers in told]
    text = text_of(reports.compile(plan, half, merged(half.id, front)).document)
    assert "các đơn vị đã đăng, phát 01 tin, bài" in text
    assert "chưa có đơn vị nào gửi số liệu" not in text


# --- Targets over longer windows


@pytest.mark.parametrize(
    ("cadence", "window", "times"),
    [
        (Cadence.MONTHLY, Dates(date(2026, 1, 1), date(2026, 6, 30)), 6),
        (Cadence.QUARTERLY, Dates(date(2026, 1, 1), date(2026, 6, 30)), 2),
        (Cadence.HALF_YEARLY, Dates(date(2026, 1, 1), date(2026, 12, 31)), 2),
        (Cadence.YEARLY, Dates(date(2026, 1, 1), date(2026, 12, 31)), 1),
        (Cadence.MONTHLY, H1, 6),
        (Cadence.QUARTERLY, H1, 2),
    ],
)
def test_windows_of_the_calendar_count_like_those_of_the_decree(plan, cadence, window, times):
    assert times_due(plan, cadence, window) == times


def test_a_report_by_the_calendar_does_not_speak_of_the_15th(reports, plan, calendar, make_answer):
    by_calendar = dataclasses.replace(plan.obligation("PL-5"), window=Window.CALENDAR)
    others = tuple(by_calendar if duty.ref == "PL-5" else duty for duty in plan.obligations)
    changed = dataclasses.replace(plan, effective_from=date(2026, 2, 5), obligations=others)
    round_ = find_round(changed, "PL-5", "2026-Q1", calendar)
    compiled = reports.compile(changed, round_, [make_answer("vp")])
    assert compiled.facts["months_counted"] == ["2026-02", "2026-03"]
    assert "không tính chỉ tiêu tháng 01/2026" in text_of(compiled.document)
    assert "từ ngày 15 tháng trước" not in text_of(compiled.document)


def test_amended_and_cancelled_periods_count_as_they_then_stood(plan):
    changed = dataclasses.replace(
        plan.obligation("PL-2"),
        amended=(Amendment(date(2026, 4, 15), "Kế hoạch 2", "Tăng chỉ tiêu", count=3),),
        cancelled=(CancelledRound("2026-02", "Nghỉ Tết"),),
    )
    parts = shared_targets(dataclasses.replace(plan, obligations=(changed,)), H1)["portal"]
    assert [(part["count"], part["times"], part["target"]) for part in parts] == [(2, 2, 4), (3, 3, 9)]


def test_a_unit_owes_from_the_day_it_exists(plan):
    units = tuple(
        dataclasses.replace(unit, since=date(2026, 4, 1)) if unit.code == "vp" else unit for unit in plan.units
    )
    young = dataclasses.replace(plan, units=units)
    assert [part["target"] for part in unit_targets(young, "vp", H1)] == [2, 1]
    assert [part["target"] for part in unit_targets(young, "mttq", H1)] == [4, 2]
