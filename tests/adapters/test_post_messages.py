"""What units, leads and supervisors read about quotas of posts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from dinhky import bootstrap
from dinhky.domain.posts import EvidenceKind, Tally, ToldPost, quota_of, tally
from dinhky.rounds.lookup import round_of
from dinhky.wording import TemplateWords

SETTINGS = bootstrap.settings({})
OFFICE = bootstrap.office(SETTINGS)
WORDS: TemplateWords = bootstrap.words_of(SETTINGS)
MORNING = datetime.fromisoformat("2026-03-10T09:00+07:00")
numbers = count(1)


def told(unit: str, **facts: Any) -> ToldPost:
    number = next(numbers)
    post = ToldPost(
        id=str(number),
        unit=unit,
        channel="portal",
        title=f"Một cửa số {number}",
        published=date(2026, 3, 6),
        evidence=f"https://phucloi.example/tin-{number}",
        evidence_kind=EvidenceKind.LINK,
        told_at=MORNING,
    )
    return replace(post, **facts)


def facts(round_id: str, unit: str, posts: list[ToldPost], **more: Any) -> dict[str, Any]:
    plan, round_ = round_of(OFFICE, round_id)
    duty = plan.obligation(round_.ref)
    return {
        "plan": plan,
        "round": round_,
        "period": round_.period.label,
        "unit": plan.unit(unit),
        "contact": plan.unit(unit).contacts[0],
        "obligation": duty,
        "links": {},
        "reads_replies": False,
        "channel_name": plan.channels.get(duty.channel or "", ""),
        "tally": tally(quota_of(plan, duty, round_), posts),
        "working_days_left": 3,
        "is_due_today": False,
        "is_overdue": False,
        "nil": {},
        "extended": {},
        "returned_because": None,
        "writers": [plan.unit(code).name for code in round_.asked] if duty.rota else [],
        "names": {each.code: each.name for each in plan.units},
    } | more


def for_the_supervisor(found: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key not in {"unit", "contact"}} | {"name": "Hoàng Minh Đức"}


def test_the_opening_says_what_is_owed_where_by_whom_and_until_when():
    subject, body = WORDS.message("opening_posts", **facts("phuc-loi-2026/PL-2/2026-03", "vp", []))

    assert subject == (
        "[Định Kỳ] Mở đợt tin, bài tháng 3/2026: tuyên truyền kết quả CCHC trên Cổng thông tin điện tử phường, "
        "hạn 31/3/2026"
    )
    assert "Chỉ tiêu chung: 02 tin, bài." in body
    assert "tháng 3/2026 do Phòng Văn hóa - Xã hội, Văn phòng HĐND và UBND phường thực hiện" in body
    assert "phần của đơn vị: 01 tin, bài" in body
    assert "- Nơi đăng, phát: Cổng thông tin điện tử phường." in body
    assert "từ 01/3/2026 đến hết 31/3/2026" in body
    assert "inbox/phuc-loi-2026/vp" in body


@pytest.mark.parametrize(
    ("round_id", "unit", "expected"),
    [
        ("phuc-loi-2026/PL-8/2026-Q2", "vp", "- Chỉ tiêu của đơn vị: 02 tin, bài."),
        (
            "phuc-loi-2026/PL-3/2026-04",
            "vhxh",
            "- Chỉ tiêu chung: 02 tin, bài, do các đơn vị sau cùng thực hiện: "
            "Trung tâm Văn hoá, Thông tin và Thể thao; Phòng Văn hóa - Xã hội.",
        ),
        ("phuc-loi-2026/PL-11/2026-Q2", "kthtdt", "- Chỉ tiêu: 01 tin, bài."),
        ("phuc-loi-2026/PL-10/2026-04", "vp", "- Nơi đăng, phát: kênh bất kỳ trong các kênh nêu tại kế hoạch."),
    ],
)
def test_the_opening_of_each_kind_of_quota(round_id, unit, expected):
    assert expected in WORDS.message("opening_posts", **facts(round_id, unit, []))[1].splitlines()


def test_the_reminder_names_the_channel_what_is_there_and_what_is_missing():
    subject, body = WORDS.message("reminder_posts", **facts("phuc-loi-2026/PL-8/2026-Q1", "vp", [told("vp")]))

    assert subject == (
        "[Định Kỳ] Còn 3 ngày làm việc: tin, bài quý I/2026 trên Cổng thông tin điện tử phường mới có 1/2"
    )
    assert "- Phần của đơn vị: đã có 1/2; còn thiếu 01 tin, bài." in body
    assert "còn 3 ngày làm việc." in body


def test_the_reminder_of_a_common_target_counts_all_together():
    found = facts("phuc-loi-2026/PL-3/2026-03", "vhxh", [told("vhtttt", channel="radio")], is_due_today=True)
    subject, body = WORDS.message("reminder_posts", **found)

    assert subject == "[Định Kỳ] Hôm nay là hạn: tin, bài tháng 3/2026 trên Đài truyền thanh phường mới có 1/2"
    assert "- Chỉ tiêu chung của các đơn vị: đã có 1/2; còn thiếu 01 tin, bài." in body


def test_the_reminder_tells_a_writer_its_part_and_what_was_not_counted():
    first = told("vhxh", title="Một cửa")
    again = told("vp", title="MỘT CỬA!", told_at=MORNING + timedelta(hours=1))
    found = facts("phuc-loi-2026/PL-2/2026-03", "vp", [first, again], returned_because="Ô B5 sai.")
    _, body = WORDS.message("reminder_posts", **found)

    assert "- Phần của đơn vị: đã có 0/1; còn thiếu 01 tin, bài." in body
    assert "- Cả nhiệm vụ: đã có 1/2; phân công tháng 3/2026: Phòng Văn hóa - Xã hội, Văn phòng" in body
    assert "- Không tính “MỘT CỬA!” (06/3/2026): trùng với “Một cửa” của Phòng Văn hóa - Xã hội (06/3/2026)." in body
    assert "điểm cần sửa đầu tiên: Ô B5 sai." in body


def test_the_supervisor_reads_who_owes_what():
    found = for_the_supervisor(facts("phuc-loi-2026/PL-2/2026-03", "vp", [told("vhxh")]))
    subject, body = WORDS.message("escalation_posts", **found)

    assert subject.startswith("[Định Kỳ] Thiếu 01 tin, bài tháng 3/2026 trên Cổng thông tin điện tử phường: ")
    assert "Đã có 1/2 tin, bài trên Cổng thông tin điện tử phường, còn thiếu 01." in body
    assert [line for line in body.splitlines() if line.startswith("- ")] == [
        "- Văn phòng HĐND và UBND phường: đã có 0/1, còn thiếu 01"
    ]


def test_the_supervisor_reads_who_shares_a_target():
    found = for_the_supervisor(facts("phuc-loi-2026/PL-3/2026-03", "vhxh", [told("vhtttt", channel="radio")]))
    _, body = WORDS.message("escalation_posts", **found)

    assert [line for line in body.splitlines() if line.startswith("- ")] == [
        "- Trung tâm Văn hoá, Thông tin và Thể thao: đã có 01",
        "- Phòng Văn hóa - Xã hội: đã có 00",
    ]


def test_the_monthly_tally():
    posts = [
        told("vhxh", title="Một cửa", evidence="https://phucloi.example/tin/mot-cua-7"),
        told("vp", title="Hẹn giờ", told_at=datetime.fromisoformat("2026-04-02T09:00+07:00")),
        told("kthtdt", title="Đất đai", published=date(2026, 3, 9)),
        told(
            "mttq",
            title="Một cửa ở phường",
            evidence="https://phucloi.example/tin/mot-cua-7?fbclid=x",
            told_at=MORNING + timedelta(days=1),
        ),
    ]
    found = for_the_supervisor(facts("phuc-loi-2026/PL-2/2026-03", "vp", posts))
    subject, body = WORDS.message("tally_posts", **found)

    assert subject == "[Định Kỳ] Tin, bài tháng 3/2026 trên Cổng thông tin điện tử phường: 2/2"
    assert (
        body
        == f"""\
Kính gửi: Ông/Bà Hoàng Minh Đức,

Kết quả thực hiện nhiệm vụ “{found["round"].obligation}” tháng 3/2026 (tin, bài đăng, phát từ 01/3/2026 đến hết \
31/3/2026):

- Nơi đăng, phát: Cổng thông tin điện tử phường
- Chỉ tiêu: 02 tin, bài
- Được tính: 03; đạt 2/2
- Vượt: 01 (không chuyển sang kỳ sau)
- Phân công luân phiên: Phòng Văn hóa - Xã hội, Văn phòng HĐND và UBND phường

Theo đơn vị:
- Phòng Văn hóa - Xã hội: 1/1
- Văn phòng HĐND và UBND phường: 1/1
- Phòng Kinh tế, Hạ tầng và Đô thị: 01 (ngoài phân công)

Tin, bài được tính:
1. 06/3/2026 – Phòng Văn hóa - Xã hội – “Một cửa” – https://phucloi.example/tin/mot-cua-7
2. 06/3/2026 – Văn phòng HĐND và UBND phường – “Hẹn giờ” – {posts[1].evidence} (báo muộn)
3. 09/3/2026 – Phòng Kinh tế, Hạ tầng và Đô thị – “Đất đai” – {posts[2].evidence}

Không tính vì trùng:
- 06/3/2026 – Ủy ban Mặt trận Tổ quốc Việt Nam phường – “Một cửa ở phường”: trùng đường dẫn với “Một cửa” \
(Phòng Văn hóa - Xã hội, 06/3/2026)

Trân trọng.
"""
    )


def test_the_tally_of_each_unit_s_own_target_says_who_is_short():
    found = facts("phuc-loi-2026/PL-8/2026-Q1", "vhxh", [told("vp"), told("vp"), told("vp")])
    subject, body = WORDS.message("tally_posts", **found)

    assert subject.endswith(": 2/14, chưa đủ")
    assert body.startswith("Kính gửi: Ông/Bà Trần Thu Hà (Phòng Văn hóa - Xã hội),\n")
    assert "- Chỉ tiêu: 14 tin, bài (tính riêng từng đơn vị)\n" in body
    assert "- Văn phòng HĐND và UBND phường: 3/2, vượt 01\n" in body
    assert "- Ban Xây dựng đảng: 0/2, còn thiếu 02\n" in body


@pytest.mark.parametrize("template", ["opening_posts", "reminder_posts", "escalation_posts", "tally_posts"])
@pytest.mark.parametrize("ref", ["PL-2/2026-03", "PL-3/2026-04", "PL-8/2026-Q1", "PL-10/2026-05", "PL-11/2026-Q3"])
@pytest.mark.parametrize("many", [0, 3])
def test_no_message_has_leftovers_or_holes(template, ref, many):
    _, round_ = round_of(OFFICE, f"phuc-loi-2026/{ref}")
    posts = [told(round_.asked[0], channel="radio", published=round_.window.end) for _ in range(many)]
    found = facts(round_.id, round_.asked[0], posts, name="Hoàng Minh Đức")
    found["tally"] = carried(found["tally"])
    subject, body = WORDS.message(template, **found)

    for text in (subject, body):
        assert not any(leftover in text for leftover in ("{{", "{%", "None", "Undefined", " \n", "\n\n\n", "  "))


def carried(found: Tally) -> Tally:
    """The same tally with something carried over from the period before."""
    return replace(found, carried=1, units=tuple(replace(unit, carried=1) for unit in found.units))


def test_operators_read_who_writes_when():
    plan, round_ = round_of(OFFICE, "phuc-loi-2026/PL-2/2026-03")
    text = (SETTINGS.operators / "post_quota.md").read_text("utf-8")
    shown = WORDS.render(text, plan=plan, obligation=plan.obligation("PL-2"), rounds=[round_])

    assert "**luân phiên** giữa các đơn vị" in shown
    assert "| tháng 3/2026 | 01/3/2026 | 31/3/2026 |" in shown
    assert "Phòng Văn hóa - Xã hội; Văn phòng HĐND và UBND phường |" in shown
    assert "\n\n\n\n" not in shown
