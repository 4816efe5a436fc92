"""The facts against a hand count over the case's contents (`conftest.py`)."""

from __future__ import annotations

import dataclasses
import json
import random
from datetime import date

import pytest

from dinhky.domain.assignment import State
from dinhky.domain.content import Activity, Content, Remark
from dinhky.domain.period import Cadence, Dates
from dinhky.domain.schedule import find_round
from dinhky.report import notation
from dinhky.report.facts import facts
from dinhky.report.targets import times_due


@pytest.fixture
def found(plan, first_quarter, answers, calendar, choices):
    return facts(plan, first_quarter, answers, calendar, choices)


def test_totals_are_those_counted_by_hand(found):
    assert found["totals"] == {
        "posts": 6,
        "target": 5,
        "counted_posts": 4,
        "activities": 3,
        "participants": 94,
        "uncounted": 1,
    }


def test_channels_stand_against_the_months_after_the_plan_took_effect(found):
    assert [(c["code"], c["posts"], c["target"], c["lacking"]) for c in found["channels"]] == [
        ("portal", 3, 2, 0),
        ("radio", 1, 2, 1),
        ("city_page", 1, 1, 0),
        ("zalo", 1, None, 0),
    ]
    assert [(p["count"], p["cadence"], p["times"]) for p in found["channels"][0]["parts"]] == [(2, "monthly", 1)]
    assert found["months_counted"] == ["2026-03"]
    assert found["months_left_out"] == ["2026-01", "2026-02"]


def test_a_whole_quarter_counts_three_months(plan, answers, calendar, choices):
    found = facts(plan, find_round(plan, "PL-5", "2026-Q2", calendar), answers, calendar, choices)
    assert [channel["target"] for channel in found["channels"]] == [6, 6, 3, None]
    assert found["months_left_out"] == []


@pytest.mark.parametrize(
    ("cadence", "start", "end", "times"),
    [
        (Cadence.MONTHLY, date(2026, 3, 15), date(2026, 9, 14), 6),
        (Cadence.QUARTERLY, date(2025, 12, 15), date(2026, 3, 14), 1),
        (Cadence.QUARTERLY, date(2025, 12, 15), date(2026, 12, 14), 4),
        (Cadence.HALF_YEARLY, date(2026, 3, 15), date(2026, 6, 14), 0),
        (Cadence.YEARLY, date(2025, 12, 15), date(2026, 12, 14), 1),
        (Cadence.ONCE, date(2025, 12, 15), date(2026, 12, 14), 0),
        (None, date(2025, 12, 15), date(2026, 12, 14), 0),
    ],
)
def test_how_often_a_count_falls_due_in_a_window(plan, cadence, start, end, times):
    assert times_due(plan, cadence, Dates(start, end)) == times


def test_a_period_that_closed_before_the_plan_owes_nothing(plan):
    late_plan = dataclasses.replace(plan, effective_from=date(2026, 3, 15))
    assert times_due(late_plan, Cadence.QUARTERLY, Dates(date(2025, 12, 15), date(2026, 3, 14))) == 0
    assert times_due(late_plan, Cadence.QUARTERLY, Dates(date(2025, 12, 15), date(2026, 6, 14))) == 1


def test_units_keep_the_plans_order_and_silence_is_not_zero(found):
    assert [(u["code"], u["posts"], u["activities"], u["participants"], u["late"]) for u in found["units"]] == [
        ("vhxh", 3, 1, 85, False),
        ("vp", 1, 0, 0, False),
        ("kthtdt", 1, 0, 0, True),
        ("pvhcc", 0, 0, 0, False),
        ("vhtttt", 1, 2, 9, False),
        ("mttq", None, None, None, False),
        ("bxdd", None, None, None, False),
    ]


def test_people_whom_nobody_counted_are_not_zero(reports, plan, first_quarter, make_answer):
    held = Activity(9, "Tuyên truyền trực quan", "Treo băng rôn", date(2026, 3, 8), "Các chung cư", None)
    counted = dataclasses.replace(held, row=10, form="Hội nghị", participants=9)
    told = [Content(activities=activities) for activities in ((held,), (held, counted), ())]
    for content, participants in zip(told, (None, 9, 0), strict=True):
        compiled = reports.compile(plan, first_quarter, [make_answer("vhtttt", content)])
        assert compiled.facts["units"][0]["participants"] == participants


def test_each_units_own_duties(found):
    duties = {
        u["code"]: [(d["ref"], d["posts"], d["target"], d["lacking"]) for d in u["duties"]] for u in found["units"]
    }
    assert duties["vhxh"] == [("PL-8", 2, 2, 0), ("PL-9", 1, 1, 0)]
    assert duties["vp"] == [("PL-8", 1, 2, 1), ("PL-9", 0, 1, 1)]
    assert duties["mttq"] == []
    assert [u["code"] for u in found["units"] if u["fulfilled"]] == ["vhxh"]
    assert duties["bxdd"] == [("PL-8", None, 2, None), ("PL-9", None, 1, None)]


def test_forms_fields_and_activities_are_counted_in_the_forms_order(found):
    assert [(f["name"], f["posts"]) for f in found["forms"]] == [("Tin", 4), ("Bài viết", 1), ("Bài phát thanh", 1)]
    assert [(f["name"], f["posts"]) for f in found["fields"]] == [
        ("Cải cách thể chế", 1),
        ("Cải cách thủ tục hành chính", 2),
        ("Chung", 3),
    ]
    assert [(a["name"], a["activities"], a["participants"], a["uncounted"]) for a in found["activity_forms"]] == [
        ("Hội nghị", 2, 94, 0),
        ("Tuyên truyền trực quan", 1, 0, 1),
    ]


def test_who_answered_and_how(found):
    reporting = found["reporting"]
    assert (reporting["expected"], reporting["actual"], reporting["on_time"]) == (6, 5, 4)
    assert reporting["reporting_rate"] == 5 / 6
    assert reporting["late"] == [{"name": "Phòng Kinh tế, Hạ tầng và Đô thị", "on": "2026-03-16", "periods": []}]
    assert [unit["name"] for unit in reporting["missing"]] == ["Ban Xây dựng đảng"]
    assert reporting["nil"] == [
        {"name": "Điểm phục vụ hành chính công phường", "reason": "Mới kiện toàn nhân sự, chưa có tin bài"}
    ]
    assert [unit["name"] for unit in reporting["waived"]] == ["Ủy ban Mặt trận Tổ quốc Việt Nam phường"]


def test_remarks_are_told_apart(found):
    assert [remark["text"] for remark in found["difficulties"]] == ["Chưa có cán bộ chuyên trách viết tin, bài."]
    assert [remark["unit"] for remark in found["proposals"]] == ["Phòng Kinh tế, Hạ tầng và Đô thị"]


def test_remark_kinds_may_be_codes_or_names(choices):
    assert choices.is_difficulty("difficulty")
    assert choices.is_difficulty("Khó khăn, vướng mắc")
    assert not choices.is_difficulty("proposal")
    assert not choices.is_difficulty("Đề xuất, kiến nghị")


def test_posts_are_numbered_in_order_of_unit_and_row(plan, first_quarter, answers, calendar, choices, found):
    shuffled = [
        dataclasses.replace(a, content=dataclasses.replace(a.content, posts=a.content.posts[::-1])) if a.content else a
        for a in random.Random(1).sample(answers, len(answers))
    ]
    assert facts(plan, first_quarter, shuffled, calendar, choices) == found
    assert [post["no"] for post in found["posts"]] == [1, 2, 3, 4, 5, 6]
    assert found["posts"][0]["channel"] == "Cổng thông tin điện tử phường"


def test_only_accepted_workbooks_are_counted(plan, first_quarter, calendar, choices, make_answer, make_post):
    content = Content(posts=(make_post(9, "Bị trả lại", "portal"),))
    for state, posts in ((State.RETURNED, 0), (State.SUBMITTED, 0), (State.ACCEPTED, 1), (State.COMPILED, 1)):
        found = facts(plan, first_quarter, [make_answer("vp", content, state)], calendar, choices)
        assert (found["totals"]["posts"], len(found["posts"])) == (posts, posts)


def test_an_earlier_compilation_changes_nothing(plan, first_quarter, answers, calendar, choices, found):
    compiled = [
        dataclasses.replace(a, assignment=dataclasses.replace(a.assignment, state=State.COMPILED))
        if a.assignment.state is State.ACCEPTED
        else a
        for a in answers
    ]
    assert facts(plan, first_quarter, compiled, calendar, choices) == found


def test_a_channel_the_plan_does_not_know_is_still_counted(
    plan, first_quarter, calendar, choices, make_answer, make_post
):
    content = Content(posts=(make_post(9, "Bài", "Báo Hà Nội Mới"),))
    found = facts(plan, first_quarter, [make_answer("vp", content)], calendar, choices)
    assert found["channels"][-1] | {"parts": []} == {
        "code": "Báo Hà Nội Mới", "name": "Báo Hà Nội Mới", "posts": 1, "parts": [], "target": None, "lacking": 0
    }  # fmt: skip


def test_the_first_report_has_nothing_to_compare_with(found):
    assert found["comparison"] is None
    assert found["first_report"] is True


def test_the_quarter_before_is_compared_figure_by_figure(plan, first_quarter, answers, calendar, choices, make_post):
    before = Content(
        posts=(make_post(9, "Cũ", "portal"), make_post(10, "Cũ hơn", "radio"), make_post(11, "Cũ nhất", "radio")),
        activities=(Activity(9, "Hội nghị", "Cũ", date(2025, 11, 2), "Hội trường", 200),),
    )
    answers = [dataclasses.replace(answers[0], previous=before), *answers[1:]]
    comparison = facts(plan, first_quarter, answers, calendar, choices)["comparison"]
    assert comparison["units"] == 1
    assert comparison["posts"] == {"previous": 3, "current": 6, "difference": 3}
    assert [(c["previous"], c["current"], c["difference"]) for c in comparison["channels"]] == [
        (1, 3, 2), (2, 1, -1), (0, 1, 1), (0, 1, 1),
    ]  # fmt: skip
    assert comparison["activities"] == {"previous": 1, "current": 3, "difference": 2}
    assert comparison["participants"] == {"previous": 200, "current": 94, "difference": -106}


def test_the_next_quarters_duties_have_their_own_dates(found):
    ahead = found["next"]
    assert ahead["report"] == {
        "window": {"start": "2026-03-15", "end": "2026-06-14"}, "unit_due": "2026-06-12", "due": "2026-06-15",
        "compiled_from": None,
    }  # fmt: skip
    duties = {duty["ref"]: [due["due"] for due in duty["rounds"]] for duty in ahead["duties"]}
    assert duties == {
        "PL-2": ["2026-04-29", "2026-05-29", "2026-06-30"],
        "PL-3": ["2026-04-29", "2026-05-29", "2026-06-30"],
        "PL-4": ["2026-04-29", "2026-05-29", "2026-06-30"],
        "PL-6": ["2026-04-29"],
        "PL-8": ["2026-06-30"],
        "PL-9": ["2026-06-30"],
    }
    assert [duty["ref"] for duty in ahead["standing"]] == ["PL-12"]


def test_the_last_quarter_looks_past_the_plan(plan, answers, calendar, choices):
    ahead = facts(plan, find_round(plan, "PL-5", "2026-Q4", calendar), answers, calendar, choices)["next"]
    assert (ahead["period"], ahead["report"], ahead["duties"]) == ("2027-Q1", None, [])


def test_addressees_are_not_listed_again_among_the_copies(found):
    assert found["letterhead"]["copies"] == ["TT ĐU, HĐND phường", "Lãnh đạo UBND phường"]


def test_facts_are_plain_json_whatever_a_unit_typed(plan, first_quarter, calendar, choices, make_answer, make_post):
    content = Content(
        posts=(make_post(9, "Dòng một\nDòng hai\ud800\x07\u202e", "portal"),),
        remarks=(Remark(9, "difficulty", "Kho\u0301 khăn", ""),),
    )
    found = facts(plan, first_quarter, [make_answer("vp", content)], calendar, choices)
    assert json.loads(json.dumps(found, ensure_ascii=False).encode()) == found
    assert found["posts"][0]["title"] == "Dòng một Dòng hai"
    assert found["difficulties"][0]["text"] == "Khó khăn"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (notation.number(0), "0"),
        (notation.number(2), "02"),
        (notation.number(9), "09"),
        (notation.number(10), "10"),
        (notation.number(1250), "1.250"),
        (notation.difference(3), "+03"),
        (notation.difference(-106), "-106"),
        (notation.difference(0), "0"),
        (notation.percent(5 / 6), "83,3%"),
        (notation.percent(1.0), "100%"),
        (notation.percent(None), "–"),
        (notation.day("2026-03-05"), "05/3/2026"),
        (notation.day("2026-02-05"), "05/02/2026"),
        (notation.month_year("2026-01"), "01/2026"),
        (notation.month_year("2026-12"), "12/2026"),
        (notation.sentence("Thiếu kinh phí"), "Thiếu kinh phí."),
        (notation.sentence("Thiếu kinh phí."), "Thiếu kinh phí."),
        (notation.capitalize_first("quý IV/2026"), "Quý IV/2026"),
    ],
)
def test_numbers_and_days_as_documents_write_them(written, expected):
    assert written == expected
