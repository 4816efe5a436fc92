"""What a round without a report ends with. Phúc Lợi's March 2026 is due Tuesday 31/3 and locks Friday 3/4, day's end;
Vũng Áng's milestones are due and lock on the same days.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from dinhky.domain.assignment import State
from dinhky.domain.errors import CompilingRefused, UnknownName
from dinhky.domain.plan import Amendment, FormerName
from dinhky.intake.receive import Verdict
from dinhky.rounds.closing import close_milestone, close_posts_round
from dinhky.rounds.opening import open_round

RADIO_MARCH, PORTAL_MARCH = "phuc-loi-2026/PL-3/2026-03", "phuc-loi-2026/PL-2/2026-03"
UNIT_PLANS = "vung-ang-2026/VA-4/2026"
SUPERVISOR = "lanhdao@phucloi.example"
RADIO = "Đài truyền thanh phường"


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+07:00")


def row(name: str, day: str, channel: str = RADIO, **other: str) -> dict:
    return {
        "title": f"Tin số {name}",
        "form": "Bài phát thanh",
        "channel": channel,
        "published": date.fromisoformat(f"2026-{day}"),
        "link": f"Phát 17 giờ 00 ngày {day}",
        "field": "Chung",
    } | other


# --- The tally of a quota ---


@pytest.fixture
def march(new_commune):
    """A commune of which one owner has told both pieces of the month for the radio."""
    new_commune.open(RADIO_MARCH)
    new_commune.send(RADIO_MARCH, "vhtttt", at("03-20T09:00"), posts=[row("1", "03-06"), row("2", "03-19")])
    return new_commune


def test_the_tally_waits_for_the_end_of_the_month_although_the_target_is_met(march):
    for moment in ("03-20T10:00", "03-31T23:59:59"):
        with pytest.raises(CompilingRefused, match="units_still_open"):
            close_posts_round(march.office, RADIO_MARCH, at(moment))
    assert march.messages("tally") == []
    assert close_posts_round(march.office, RADIO_MARCH, at("04-01T00:00")).progress == "2/2"


def test_the_tally_goes_once_to_the_lead_and_the_supervisor(march):
    for moment in ("04-01T00:00", "04-01T08:00", "04-04T08:00"):
        close_posts_round(march.office, RADIO_MARCH, at(moment))
    told = march.messages("tally")
    assert sorted(row["address"] for row in told) == [SUPERVISOR, "vhtttt@phucloi.example", "vhxh@phucloi.example"]
    for message in told:
        assert message["office_hours_only"]
        assert message["subject"] == f"[Định Kỳ] Tin, bài tháng 3/2026 trên {RADIO}: 2/2"
        assert "1. 06/3/2026 – Trung tâm Văn hoá, Thông tin và Thể thao – “Tin số 1”" in message["body"]
    assert [event["kind"] for event in march.events(RADIO_MARCH)].count("tally_sent") == 1


def test_the_tally_waits_for_the_lock_while_something_is_missing_and_then_says_what(new_commune):
    new_commune.open(PORTAL_MARCH)
    link = {"channel": "Cổng thông tin điện tử phường", "link": "https://phucloi.example/tin/1"}
    new_commune.send(PORTAL_MARCH, "vp", at("04-01T09:00"), posts=[row("1", "03-06", **link)])
    with pytest.raises(CompilingRefused, match="units_still_open"):
        close_posts_round(new_commune.office, PORTAL_MARCH, at("04-03T23:59:59"))
    assert close_posts_round(new_commune.office, PORTAL_MARCH, at("04-04T00:00")).progress == "1/2"
    (told,) = [row for row in new_commune.messages("tally") if row["address"] == SUPERVISOR]
    assert "1/2, chưa đủ" in told["subject"]
    assert "- Phòng Văn hóa - Xã hội: 0/1, còn thiếu 01" in told["body"]
    assert "- Văn phòng HĐND và UBND phường: 1/1" in told["body"]
    assert "(báo muộn)" in told["body"]


def test_what_counted_twice_does_not_is_in_the_tally_with_the_reason(new_commune):
    new_commune.open(RADIO_MARCH)
    new_commune.send(RADIO_MARCH, "vhtttt", at("03-20T09:00"), posts=[row("1", "03-06"), row("2", "03-19")])
    new_commune.send(RADIO_MARCH, "vhxh", at("03-21T09:00"), posts=[row("1", "03-06")])
    close_posts_round(new_commune.office, RADIO_MARCH, at("04-01T08:00"))
    (told,) = [row for row in new_commune.messages("tally") if row["address"] == SUPERVISOR]
    assert "Không tính vì trùng:" in told["body"]
    assert (
        "“Tin số 1”: trùng tiêu đề với “Tin số 1” (Trung tâm Văn hoá, Thông tin và Thể thao, 06/3/2026)" in told["body"]
    )


def test_a_quota_of_which_every_owner_is_waived_is_closed_at_the_end_of_its_month(new_commune):
    new_commune.open(RADIO_MARCH)
    for unit in ("vhtttt", "vhxh"):
        new_commune.waive(unit, RADIO_MARCH, at("03-09T09:00"))
    assert close_posts_round(new_commune.office, RADIO_MARCH, at("04-01T08:00")).units == ()


def test_the_tally_names_the_channel_and_goes_to_the_lead_that_the_plan_was_amended_to(march):
    plan = march.office.plans["phuc-loi-2026"]
    amendment = Amendment(date(2026, 3, 20), "Kế hoạch 120/KH-UBND", "đổi kênh", channel="social", lead=("vp",))
    duties = tuple(replace(one, amended=(amendment,)) if one.ref == "PL-3" else one for one in plan.obligations)
    commune = march.using(plans={plan.id: replace(plan, obligations=duties)})
    close_posts_round(commune.office, RADIO_MARCH, at("04-04T08:00"))
    told = commune.messages("tally")
    assert sorted(row["address"] for row in told) == [SUPERVISOR, "vanphong@phucloi.example"]
    assert {row["subject"] for row in told} == {
        "[Định Kỳ] Tin, bài tháng 3/2026 trên Các trang mạng xã hội: 0/2, chưa đủ"
    }


def test_the_tally_calls_a_unit_by_the_name_of_the_day(march):
    plan = march.office.plans["phuc-loi-2026"]
    former = FormerName(date(2026, 12, 31), "Trung tâm Văn hoá cũ")
    units = tuple(replace(one, former_names=(former,)) if one.code == "vhtttt" else one for one in plan.units)
    commune = march.using(plans={plan.id: replace(plan, units=units)})
    close_posts_round(commune.office, RADIO_MARCH, at("04-01T08:00"))
    assert {"- Trung tâm Văn hoá cũ: 02" in row["body"] for row in commune.messages("tally")} == {True}


@pytest.mark.parametrize(
    ("close", "round_id"),
    [(close_posts_round, RADIO_MARCH), (close_milestone, "phuc-loi-2026/PL-7/2026")],
    ids=["posts", "milestone"],
)
def test_nothing_is_told_of_a_round_that_was_never_opened(new_commune, close, round_id):
    with pytest.raises(UnknownName, match="round_not_opened"):
        close(new_commune.office, round_id, at("12-01T08:00"))
    assert new_commune.messages() == []


@pytest.mark.parametrize(
    ("close", "round_id", "event"),
    [
        (close_posts_round, RADIO_MARCH, "tally_sent"),
        (close_milestone, "phuc-loi-2026/PL-1/2026", "products_told"),
    ],
    ids=["posts", "milestone"],
)
def test_of_history_nobody_is_told_and_nothing_is_said_to_have_been(new_commune, close, round_id, event):
    open_round(new_commune.office, round_id, at("06-01T08:00"))
    close(new_commune.office, round_id, at("06-01T08:01"))
    assert new_commune.messages() == []
    assert event not in [one["kind"] for one in new_commune.events(round_id)]


# --- A milestone's products ---


@pytest.fixture
def vung_ang(commune_of):
    """Vũng Áng, where each of five units owes a plan of its own."""
    commune = commune_of("vung-ang-2026")
    commune.open(UNIT_PLANS)
    return commune


UNITS = ["vhxh", "kthtdt", "vp", "pvhcc", "mttq"]


def proof(unit: str) -> dict:
    return {"title": f"Kế hoạch của {unit}", "number": f"12/KH-{unit.upper()}", "issued": date(2026, 3, 20)}


def prove(commune, *units: str, now: datetime) -> None:
    for unit in units:
        receipt = commune.send(UNIT_PLANS, unit, now, evidence=[proof(unit)])
        assert receipt.verdict is Verdict.ACCEPTED


def test_the_supervisor_is_told_of_the_products_once_when_the_last_is_proved(vung_ang):
    prove(vung_ang, *UNITS[:-1], now=at("03-25T09:00"))
    with pytest.raises(CompilingRefused, match="units_still_open") as refused:
        close_milestone(vung_ang.office, UNIT_PLANS, at("03-25T10:00"))
    assert refused.value.params["units"] == ["Ủy ban Mặt trận Tổ quốc phường"]
    prove(vung_ang, "mttq", now=at("03-26T09:00"))
    for moment in ("03-26T09:01", "03-27T09:00", "04-04T09:00"):
        assert close_milestone(vung_ang.office, UNIT_PLANS, at(moment)).products == 5
    (told,) = vung_ang.messages("products")
    assert told["address"] == "lanhdao@vungang.example"
    assert "Đã hoàn thành" in told["subject"]
    assert "Kế hoạch của mttq, số 12/KH-MTTQ, ngày 20/3/2026" in told["body"]
    assert [event["kind"] for event in vung_ang.events(UNIT_PLANS)].count("products_told") == 1


def test_at_the_lock_the_supervisor_is_told_who_proved_nothing_and_who_was_late(vung_ang):
    prove(vung_ang, "vhxh", now=at("03-31T23:59:59"))
    prove(vung_ang, "vp", now=at("04-01T09:00"))
    vung_ang.waive("mttq", UNIT_PLANS, at("03-20T09:00"))
    with pytest.raises(CompilingRefused):
        close_milestone(vung_ang.office, UNIT_PLANS, at("04-03T23:59:59"))
    products = close_milestone(vung_ang.office, UNIT_PLANS, at("04-04T00:00"))
    assert (products.products, len(products.missing)) == (2, 2)
    (told,) = vung_ang.messages("products")
    assert "Chưa đủ kết quả" in told["subject"]
    assert "- Trung tâm Phục vụ hành chính công phường: chưa báo kết quả." in told["body"]
    assert "Mặt trận" not in told["body"]
    lines = {line.split(":")[0]: line for line in told["body"].splitlines() if line.startswith("- ")}
    assert "(báo muộn)" in lines["- Văn phòng HĐND và UBND phường"]
    assert "(báo muộn)" not in lines["- Phòng Văn hóa - Xã hội"]


def test_a_proof_needs_a_number_a_link_or_a_word_where_it_is(vung_ang):
    receipt = vung_ang.send(
        UNIT_PLANS, "vp", at("03-25T09:00"), evidence=[{"title": "Kế hoạch", "issued": date(2026, 3, 20)}]
    )
    assert receipt.verdict is Verdict.RETURNED
    assert vung_ang.assignment("vp", UNIT_PLANS).state is State.RETURNED


def test_a_wrong_proof_after_a_good_one_takes_nothing_away(vung_ang):
    prove(vung_ang, *UNITS, now=at("03-25T09:00"))
    vung_ang.send(UNIT_PLANS, "vp", at("03-26T09:00"), evidence=[{"title": "Khác", "issued": date(2026, 3, 20)}])
    assert close_milestone(vung_ang.office, UNIT_PLANS, at("03-26T09:01")).products == 5


def test_a_later_proof_stands_in_place_of_the_earlier_one(vung_ang):
    prove(vung_ang, *UNITS, now=at("03-25T09:00"))
    vung_ang.send(UNIT_PLANS, "vp", at("03-26T09:00"), evidence=[proof("vp") | {"number": "15/KH-VP"}])
    close_milestone(vung_ang.office, UNIT_PLANS, at("03-26T09:01"))
    (told,) = vung_ang.messages("products")
    assert "15/KH-VP" in told["body"]
    assert "12/KH-VP" not in told["body"]
