"""Quotas of posts. March 2026 in Phúc Lợi: opens 5/3 07:30, due Tuesday 31/3, locks Friday 3/4 at the day's end.

April opens 1/4 and is due 29/4, May is due Friday 29/5 while things can still be published until Sunday 31/5.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from dinhky.domain.assignment import State
from dinhky.domain.errors import UnknownName
from dinhky.domain.posts import EvidenceKind, ToldPost
from dinhky.intake.receive import Verdict
from dinhky.rounds.chasing import chase
from dinhky.rounds.lookup import round_of
from dinhky.rounds.opening import open_round
from dinhky.rounds.posting import ItemRefused, tally_of, tell_post
from dinhky.rounds.reporting import compile_report

PLAN = "phuc-loi-2026"
PORTAL_MARCH, PORTAL_APRIL = f"{PLAN}/PL-2/2026-03", f"{PLAN}/PL-2/2026-04"
RADIO_MARCH, RADIO_APRIL, RADIO_MAY = (f"{PLAN}/PL-3/2026-{month}" for month in ("03", "04", "05"))
EACH_UNIT = f"{PLAN}/PL-8/2026-Q1"
INSTITUTIONS = f"{PLAN}/PL-10/2026-03"
QUARTER = f"{PLAN}/PL-5/2026-Q1"
PORTAL, RADIO = "Cổng thông tin điện tử phường", "Đài truyền thanh phường"


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+07:00")


def row(name: str, day: str, channel: str = PORTAL, link: str | None = None, **other: str) -> dict:
    """A row of a workbook; what is broadcast is shown by a line of the log."""
    usual = f"Phát 17 giờ 00 ngày {day}" if channel == RADIO else f"https://phucloi.example/tin/bai-{name}-1.html"
    return {
        "title": f"Tin số {name}",
        "form": "Tin",
        "channel": channel,
        "published": date.fromisoformat(f"2026-{day}"),
        "link": link or usual,
        "field": "Chung",
    } | other


def post(unit: str, name: str, day: str, channel: str = "portal", **other: object) -> ToldPost:
    """A post told by itself."""
    told = ToldPost(
        id="",
        unit=unit,
        channel=channel,
        title=f"Tin số {name}",
        published=date.fromisoformat(f"2026-{day}"),
        evidence=f"https://phucloi.example/tin/bai-{name}-1.html",
        evidence_kind=EvidenceKind.LINK,
        told_at=at("01-01T00:00"),
    )
    return replace(told, **other)


def broadcast(unit: str, name: str, day: str) -> ToldPost:
    return post(unit, name, day, "radio", evidence=f"Phát 17 giờ 00 ngày {day}", evidence_kind=EvidenceKind.LOG)


def tell(commune, *posts: ToldPost, now: datetime) -> None:
    for one in posts:
        tell_post(commune.office, PLAN, one, now)


def tally(commune, round_id: str):
    with commune.office.ledger.snapshot() as ledger:
        return tally_of(commune.office, ledger, *round_of(commune.office, round_id))


def states(commune, round_id: str) -> dict[str, str]:
    with commune.office.ledger.snapshot() as ledger:
        return {one.unit: one.state.value for one in ledger.assignments(round_id)}


def reminded(commune, round_id: str) -> list[tuple[str, str]]:
    return [(row["kind"], row["unit"]) for row in commune.messages("T-3", "T-1", "T-0") if row["round_id"] == round_id]


def amended(commune, ref: str, **changes: object):
    """The commune with another text of one duty in its plan."""
    plan = commune.office.plans[PLAN]
    duties = tuple(replace(duty, **changes) if duty.ref == ref else duty for duty in plan.obligations)
    return commune.using(plans={PLAN: replace(plan, obligations=duties)})


# --- The rota's two writers ---


@pytest.mark.parametrize("way", ["workbook", "one by one"])
def test_the_writers_of_the_month_meet_its_target_one_after_the_other(new_commune, way):
    new_commune.open(PORTAL_MARCH)
    assert (tally(new_commune, PORTAL_MARCH).progress, states(new_commune, PORTAL_MARCH)) == (
        "0/2",
        {"vhxh": "open", "vp": "open"},
    )
    steps = [("vhxh", "1", "03-10", "1/2", "open"), ("vp", "2", "03-20", "2/2", "accepted")]
    for unit, name, day, progress, state_of_vp in steps:
        moment = at(f"{day}T15:00")
        if way == "workbook":
            receipt = new_commune.send(PORTAL_MARCH, unit, moment, posts=[row(name, day)])
            assert receipt.verdict is Verdict.ACCEPTED
        else:
            tell(new_commune, post(unit, name, day), now=moment)
        assert tally(new_commune, PORTAL_MARCH).progress == progress
        assert states(new_commune, PORTAL_MARCH) == {"vhxh": "accepted", "vp": state_of_vp}
    assert new_commune.assignment("vp", PORTAL_MARCH).late is False


def test_a_helper_s_piece_counts_and_the_answer_says_how_the_part_stands(new_commune):
    new_commune.open(PORTAL_MARCH)
    tell(new_commune, post("mttq", "1", "03-06"), now=at("03-06T10:00"))
    found = tally(new_commune, PORTAL_MARCH)
    assert (found.progress, [(part.unit, part.counted) for part in found.helpers]) == ("1/2", [("mttq", 1)])
    assert states(new_commune, PORTAL_MARCH) == {"vhxh": "open", "vp": "open"}
    new_commune.send(PORTAL_MARCH, "vhxh", at("03-10T09:00"), posts=[row("2", "03-09")])
    assert states(new_commune, PORTAL_MARCH) == {"vhxh": "accepted", "vp": "accepted"}
    (answer,) = new_commune.messages("accepted-1")
    assert "Tin, bài trong tệp: 1. Phần của đơn vị đã có 1/1." in answer["body"]


# --- A target that two owners share ---


def test_a_shared_target_is_met_by_whoever_tells_and_then_nobody_is_reminded(new_commune):
    new_commune.open(RADIO_MARCH)
    new_commune.send(RADIO_MARCH, "vhtttt", at("03-10T09:00"), posts=[row("1", "03-06", RADIO)])
    assert states(new_commune, RADIO_MARCH) == {"vhtttt": "submitted", "vhxh": "open"}
    chase(new_commune.office, at("03-26T08:00"))
    assert reminded(new_commune, RADIO_MARCH) == [("T-3", "vhtttt"), ("T-3", "vhxh")]
    for reminder in new_commune.messages("T-3"):
        assert f"trên {RADIO} mới có 1/2" in reminder["subject"]
        assert f"Nơi đăng, phát: {RADIO}." in reminder["body"]
        assert "đã có 1/2; còn thiếu 01 tin, bài" in reminder["body"]
    new_commune.send(
        RADIO_MARCH, "vhtttt", at("03-27T09:00"), posts=[row(n, d, RADIO) for n, d in [("1", "03-06"), ("2", "03-26")]]
    )
    assert states(new_commune, RADIO_MARCH) == {"vhtttt": "accepted", "vhxh": "accepted"}
    for moment in ("03-30T08:00", "03-31T08:00", "04-01T08:00"):
        chase(new_commune.office, at(moment))
    assert reminded(new_commune, RADIO_MARCH) == [("T-3", "vhtttt"), ("T-3", "vhxh")]
    assert new_commune.messages("escalation") == []


def test_where_nothing_came_the_supervisor_is_told_the_channel_and_what_is_missing(new_commune):
    new_commune.open(RADIO_MARCH)
    tell(new_commune, broadcast("vhxh", "1", "03-06"), now=at("03-10T09:00"))
    chase(new_commune.office, at("04-01T07:30"))
    (notice,) = new_commune.messages("escalation")
    assert "Thiếu 01 tin, bài" in notice["subject"]
    assert f"trên {RADIO}" in notice["subject"]
    assert "- Phòng Văn hóa - Xã hội: đã có 01" in notice["body"]
    assert "- Trung tâm Văn hoá, Thông tin và Thể thao: đã có 00" in notice["body"]


# --- A target for each unit ---


def test_each_unit_answers_for_its_own_two(new_commune):
    new_commune.open(EACH_UNIT)
    new_commune.send(EACH_UNIT, "vp", at("03-10T09:00"), posts=[row("1", "01-06"), row("2", "03-06")])
    new_commune.send(EACH_UNIT, "mttq", at("03-10T09:00"), posts=[row("3", "02-06")])
    tell(new_commune, post("kthtdt", "4", "03-02"), now=at("03-10T10:00"))
    assert states(new_commune, EACH_UNIT) == dict.fromkeys(["vhxh", "pvhcc", "vhtttt", "bxdd"], "open") | {
        "vp": "accepted",
        "mttq": "submitted",
        "kthtdt": "submitted",
    }
    assert tally(new_commune, EACH_UNIT).progress == "4/14"
    chase(new_commune.office, at("03-30T08:00"))
    assert "vp" not in {unit for _, unit in reminded(new_commune, EACH_UNIT)}
    subjects = {row["unit"]: row["subject"] for row in new_commune.messages("T-1")}
    assert f"trên {PORTAL} mới có 1/2" in subjects["mttq"]
    assert f"trên {PORTAL} mới có 0/2" in subjects["bxdd"]


def test_one_unit_s_surplus_pays_for_no_other_and_not_for_the_next_quarter(new_commune):
    following = f"{PLAN}/PL-8/2026-Q2"
    new_commune.open(EACH_UNIT, following)
    new_commune.send(EACH_UNIT, "vp", at("03-10T09:00"), posts=[row(str(n), "03-06") for n in range(4)])
    assert (tally(new_commune, EACH_UNIT).progress, tally(new_commune, EACH_UNIT).surplus) == ("2/14", 2)
    assert tally(new_commune, following).of("vp").owes == 2


def test_a_waived_unit_owes_nothing_and_stays_waived(new_commune):
    new_commune.open(EACH_UNIT)
    new_commune.waive("vp", EACH_UNIT, at("03-09T09:00"))
    assert tally(new_commune, EACH_UNIT).progress == "0/12"
    receipt = new_commune.send(EACH_UNIT, "vp", at("03-10T09:00"), posts=[row("1", "03-06"), row("2", "03-07")])
    assert receipt.verdict is Verdict.ACCEPTED
    assert states(new_commune, EACH_UNIT)["vp"] == "waived"
    chase(new_commune.office, at("03-30T08:00"))
    assert "vp" not in {unit for _, unit in reminded(new_commune, EACH_UNIT)}


def test_an_owner_of_a_shared_target_who_is_waived_leaves_all_of_it_to_the_other(new_commune):
    new_commune.open(RADIO_MARCH)
    new_commune.waive("vhxh", RADIO_MARCH, at("03-09T09:00"))
    found = tally(new_commune, RADIO_MARCH)
    assert (found.progress, [(part.unit, part.owes) for part in found.units]) == ("0/2", [("vhtttt", 2)])


# --- What counts ---


def test_only_the_field_counts_or_what_was_told_for_the_very_duty(new_commune):
    new_commune.open(INSTITUTIONS)
    tell(new_commune, post("vp", "1", "03-06", field="Chung"), now=at("03-06T09:00"))
    assert tally(new_commune, INSTITUTIONS).progress == "0/1"
    assert new_commune.assignment("vp", INSTITUTIONS).state is State.OPEN
    tell(new_commune, post("vp", "2", "03-06", field="Cải cách thể chế"), now=at("03-06T10:00"))
    assert tally(new_commune, INSTITUTIONS).progress == "1/1"
    assert new_commune.assignment("vp", INSTITUTIONS).state is State.ACCEPTED


def test_the_duty_s_own_log_serves_it_whatever_field_was_chosen(new_commune):
    new_commune.open(INSTITUTIONS)
    new_commune.send(INSTITUTIONS, "vp", at("03-10T09:00"), posts=[row("1", "03-06", field="Chung")])
    assert new_commune.assignment("vp", INSTITUTIONS).state is State.ACCEPTED


@pytest.mark.parametrize(
    "second",
    [
        pytest.param({"evidence": "http://www.phucloi.example/tin/bai-1-1.html?utm_source=zalo&fbclid=7"}, id="link"),
        pytest.param({"evidence": "https://phucloi.example/khac/2", "title": "TIN  số 1."}, id="title on one channel"),
    ],
)
def test_what_is_told_twice_counts_once_and_the_reminder_says_so(new_commune, second):
    new_commune.open(RADIO_MARCH, PORTAL_MARCH)
    first = post("vhxh", "1", "03-06")
    tell(new_commune, first, replace(first, unit="vp", **({"title": "Nhan đề khác"} | second)), now=at("03-10T09:00"))
    found = tally(new_commune, PORTAL_MARCH)
    assert (found.progress, len(found.duplicates)) == ("1/2", 1)
    assert states(new_commune, PORTAL_MARCH) == {"vhxh": "accepted", "vp": "open"}
    chase(new_commune.office, at("03-26T08:00"))
    (reminder,) = [row for row in new_commune.messages("T-3") if row["round_id"] == PORTAL_MARCH]
    assert "trùng với “Tin số 1” của Phòng Văn hóa - Xã hội" in reminder["body"]


def test_the_same_title_twice_in_one_workbook_is_one_item(new_commune):
    new_commune.open(RADIO_MARCH)
    twice = [row("1", "03-06", RADIO), row("1", "03-07", RADIO)]
    assert new_commune.send(RADIO_MARCH, "vhxh", at("03-10T09:00"), posts=twice).verdict is Verdict.ACCEPTED
    assert tally(new_commune, RADIO_MARCH).progress == "1/2"
    assert states(new_commune, RADIO_MARCH) == {"vhtttt": "open", "vhxh": "submitted"}


def test_an_item_of_another_channel_does_not_count(new_commune):
    new_commune.open(RADIO_MARCH)
    new_commune.send(RADIO_MARCH, "vhxh", at("03-10T09:00"), posts=[row("1", "03-06", PORTAL)])
    assert tally(new_commune, RADIO_MARCH).progress == "0/2"


@pytest.mark.parametrize(
    ("kind", "evidence"),
    [
        (EvidenceKind.LINK, "https://phucloi.example/tin/1"),
        (EvidenceKind.FILE, "ảnh chụp bảng tin.jpg"),
        (EvidenceKind.LOG, "Phát 17 giờ 00 ngày 06/3/2026"),
    ],
)
def test_a_link_a_file_and_a_line_of_a_broadcast_log_are_evidence_alike(new_commune, kind, evidence):
    new_commune.open(RADIO_MARCH)
    told = post("vhxh", "1", "03-06", "radio", evidence=evidence, evidence_kind=kind)
    result = tell_post(new_commune.office, PLAN, told, at("03-10T09:00"))
    assert [(one.quota.ref, one.progress) for one in result.tallies] == [("PL-3", "1/2")]
    assert [one.evidence_kind for one in tally(new_commune, RADIO_MARCH).counted] == [kind]


def test_a_month_s_log_counts_for_the_quarter_and_the_quarter_s_workbook_for_the_month(new_commune):
    new_commune.open(PORTAL_MARCH, EACH_UNIT, QUARTER)
    new_commune.send(PORTAL_MARCH, "vhxh", at("03-10T09:00"), posts=[row("1", "03-06")])
    new_commune.send(QUARTER, "vp", at("03-11T09:00"), posts=[row("2", "03-07"), row("3", "02-07")])
    assert states(new_commune, PORTAL_MARCH) == {"vhxh": "accepted", "vp": "accepted"}
    found = tally(new_commune, EACH_UNIT)
    assert (found.of("vhxh").progress, found.of("vp").progress) == ("1/2", "2/2")
    assert states(new_commune, EACH_UNIT)["vp"] == "accepted"


def test_telling_the_very_same_again_changes_nothing(new_commune):
    new_commune.open(RADIO_MARCH)
    told = broadcast("vhxh", "1", "03-06")
    assert tell_post(new_commune.office, PLAN, told, at("03-10T09:00")).is_new
    before = new_commune.events(RADIO_MARCH), new_commune.events("")
    again = tell_post(new_commune.office, PLAN, told, at("03-11T09:00"))
    assert not again.is_new
    assert [one.progress for one in again.tallies] == ["1/2"]
    assert (new_commune.events(RADIO_MARCH), new_commune.events("")) == before


@pytest.mark.parametrize(
    ("changes", "now", "code"),
    [
        ({"published": date(2026, 3, 11)}, "2026-03-10T23:59", "item_in_the_future"),
        ({"published": date(2025, 12, 14)}, "2026-03-10T09:00", "item_of_another_year"),
        ({"published": date(2027, 1, 2)}, "2027-01-04T09:00", "item_of_another_year"),
        ({"evidence": "cổng phường, chuyên mục CCHC"}, "2026-03-10T09:00", "item_link"),
        ({"evidence": "https://phucloi.example/1;https://phucloi.example/2"}, "2026-03-10T09:00", "item_links"),
    ],
)
def test_what_cannot_be_true_is_refused_in_plain_words_and_not_kept(new_commune, changes, now, code):
    told = replace(post("vhxh", "1", "03-06"), **changes)
    with pytest.raises(ItemRefused) as refused:
        tell_post(new_commune.office, PLAN, told, datetime.fromisoformat(f"{now}+07:00"))
    assert refused.value.code == code
    sentence = new_commune.office.words.explain(refused.value)
    assert "Vui lòng" in sentence
    assert "{{" not in sentence
    assert new_commune.events("") == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"channel": "radioo"}, "có kênh “radioo”. Có phải là “radio”?"),
        ({"unit": "vhx"}, "đơn vị “vhx”"),
        ({"duty": "PL-33"}, "nhiệm vụ “PL-33”"),
    ],
)
def test_a_name_that_does_not_exist_is_refused_with_the_nearest_one(new_commune, changes, says):
    with pytest.raises(UnknownName) as unknown:
        tell_post(new_commune.office, PLAN, replace(post("vhxh", "1", "03-06"), **changes), at("03-10T09:00"))
    assert says in new_commune.office.words.explain(unknown.value)


# --- When it counts ---


def test_an_item_counts_in_the_month_of_its_publication_though_told_in_the_next(new_commune):
    new_commune.open(RADIO_MARCH, RADIO_APRIL)
    tell(new_commune, broadcast("vhxh", "1", "03-06"), now=at("03-10T09:00"))
    tell(new_commune, broadcast("vhtttt", "2", "03-30"), now=at("04-02T09:00"))
    assert (tally(new_commune, RADIO_MARCH).progress, tally(new_commune, RADIO_APRIL).progress) == ("2/2", "0/2")
    assert states(new_commune, RADIO_MARCH) == {"vhtttt": "accepted", "vhxh": "accepted"}
    assert new_commune.assignment("vhtttt", RADIO_MARCH).late is True
    assert [one.title for one in tally(new_commune, RADIO_MARCH).late] == ["Tin số 2"]
    assert states(new_commune, RADIO_APRIL) == {"vhtttt": "open", "vhxh": "open"}


def test_told_after_the_lock_it_counts_for_its_month_but_who_had_missed_it_has(new_commune):
    new_commune.open(RADIO_MARCH, RADIO_APRIL)
    tell(new_commune, broadcast("vhxh", "1", "03-06"), now=at("03-10T09:00"))
    tell(new_commune, broadcast("vhtttt", "2", "03-30"), now=at("04-06T09:00"))
    assert (tally(new_commune, RADIO_MARCH).progress, tally(new_commune, RADIO_APRIL).progress) == ("2/2", "0/2")
    assert states(new_commune, RADIO_MARCH) == {"vhtttt": "open", "vhxh": "submitted"}


def test_a_log_after_the_lock_is_held_and_counts_nowhere(new_commune):
    new_commune.open(RADIO_MARCH)
    late = new_commune.send(RADIO_MARCH, "vhxh", at("04-04T09:00"), posts=[row("1", "03-06", RADIO)])
    assert late.verdict is Verdict.HELD
    assert tally(new_commune, RADIO_MARCH).progress == "0/2"


def test_surplus_is_not_carried_into_the_next_month(new_commune):
    new_commune.open(RADIO_MARCH, RADIO_APRIL)
    tell(new_commune, *(broadcast("vhxh", str(n), "03-06") for n in range(5)), now=at("03-10T09:00"))
    assert (tally(new_commune, RADIO_MARCH).progress, tally(new_commune, RADIO_MARCH).surplus) == ("2/2", 3)
    assert tally(new_commune, RADIO_APRIL).missing == 2


def test_surplus_is_carried_where_the_plan_says_so(new_commune):
    commune = amended(new_commune, "PL-3", carries_surplus=True)
    commune.open(RADIO_MARCH, RADIO_APRIL)
    tell(commune, *(broadcast("vhxh", str(n), "03-06") for n in range(3)), now=at("03-10T09:00"))
    assert (tally(commune, RADIO_APRIL).carried, tally(commune, RADIO_APRIL).missing) == (1, 1)
    tell(commune, broadcast("vhxh", "9", "04-02"), now=at("04-03T09:00"))
    assert states(commune, RADIO_APRIL) == {"vhtttt": "accepted", "vhxh": "accepted"}


def test_surplus_told_late_settles_the_next_month_where_the_plan_carries_it(new_commune):
    commune = amended(new_commune, "PL-3", carries_surplus=True)
    commune.open(RADIO_MARCH, RADIO_APRIL)
    tell(commune, *(broadcast("vhxh", str(n), "03-06") for n in range(4)), now=at("04-02T09:00"))
    assert tally(commune, RADIO_APRIL).missing == 0
    assert states(commune, RADIO_APRIL) == {"vhtttt": "accepted", "vhxh": "accepted"}


def test_what_was_told_before_the_round_opened_counts_from_its_first_moment(new_commune):
    tell(new_commune, broadcast("vhxh", "1", "03-02"), broadcast("vhxh", "2", "03-03"), now=at("03-04T09:00"))
    new_commune.open(RADIO_MARCH)
    assert states(new_commune, RADIO_MARCH) == {"vhtttt": "accepted", "vhxh": "accepted"}
    chase(new_commune.office, at("03-26T08:00"))
    assert reminded(new_commune, RADIO_MARCH) == []


def test_opening_again_moves_nothing(new_commune):
    tell(new_commune, broadcast("vhxh", "1", "03-02"), now=at("03-04T09:00"))
    new_commune.open(RADIO_MARCH)
    before = new_commune.events(RADIO_MARCH)
    open_round(new_commune.office, RADIO_MARCH, at("03-06T09:00"))
    assert new_commune.events(RADIO_MARCH) == before


@pytest.mark.parametrize(
    ("moment", "late"),
    [("05-29T23:59:59", False), ("05-31T23:59:59", False), ("06-01T00:00:00", True)],
)
def test_nobody_is_late_on_a_day_on_which_things_can_still_be_published(new_commune, moment, late):
    new_commune.open(RADIO_MAY)
    told = [broadcast("vhxh", str(n), "05-28") for n in range(2)]
    tell(new_commune, *told, now=at(moment))
    assert new_commune.assignment("vhxh", RADIO_MAY).late is late
    assert bool(tally(new_commune, RADIO_MAY).late) is late


# --- One workbook after the other ---


def test_a_later_log_stands_in_place_of_the_earlier_one(new_commune):
    new_commune.open(RADIO_MARCH)
    new_commune.send(RADIO_MARCH, "vhxh", at("03-10T09:00"), posts=[row("1", "03-06", RADIO), row("2", "03-07", RADIO)])
    assert states(new_commune, RADIO_MARCH) == {"vhtttt": "accepted", "vhxh": "accepted"}
    new_commune.send(RADIO_MARCH, "vhxh", at("03-11T09:00"), posts=[row("3", "03-08", RADIO)])
    assert [one.title for one in tally(new_commune, RADIO_MARCH).counted] == ["Tin số 3"]
    assert new_commune.assignment("vhxh", RADIO_MARCH).settled is False
    chase(new_commune.office, at("03-26T08:00"))
    assert reminded(new_commune, RADIO_MARCH) == [("T-3", "vhtttt"), ("T-3", "vhxh")]


def test_a_wrong_later_log_takes_nothing_away(new_commune):
    new_commune.open(RADIO_MARCH)
    new_commune.send(RADIO_MARCH, "vhxh", at("03-10T09:00"), posts=[row("1", "03-06", RADIO)])
    wrong = new_commune.send(RADIO_MARCH, "vhxh", at("03-11T09:00"), posts=[row("2", "04-08", RADIO)])
    assert wrong.verdict is Verdict.RETURNED
    assert tally(new_commune, RADIO_MARCH).progress == "1/2"
    tell(new_commune, broadcast("vhtttt", "3", "03-09"), now=at("03-12T09:00"))
    assert states(new_commune, RADIO_MARCH) == {"vhtttt": "accepted", "vhxh": "accepted"}


def test_a_wrong_later_log_of_a_unit_that_has_done_its_part_is_answered_and_moves_nothing(new_commune):
    new_commune.open(EACH_UNIT)
    new_commune.send(EACH_UNIT, "vp", at("03-10T09:00"), posts=[row("1", "01-06"), row("2", "03-06")])
    before = new_commune.assignment("vp", EACH_UNIT)
    assert new_commune.send(EACH_UNIT, "vp", at("03-11T09:00"), posts=[row("3", "04-06")]).verdict is Verdict.RETURNED
    assert new_commune.assignment("vp", EACH_UNIT) == before
    (answer,) = new_commune.messages("returned-2")
    assert "vẫn được giữ nguyên" in answer["body"]


def test_the_same_log_twice_is_one(new_commune):
    new_commune.open(RADIO_MARCH)
    for day in ("10", "11"):
        new_commune.send(RADIO_MARCH, "vhxh", at(f"03-{day}T09:00"), posts=[row("1", "03-06", RADIO)])
    assert tally(new_commune, RADIO_MARCH).progress == "1/2"


def test_an_item_told_in_time_is_in_time_in_a_later_log_too(new_commune):
    new_commune.open(RADIO_MARCH)
    new_commune.send(RADIO_MARCH, "vhxh", at("03-10T09:00"), posts=[row("1", "03-06", RADIO)])
    both = [row("1", "03-06", RADIO), row("2", "03-30", RADIO)]
    new_commune.send(RADIO_MARCH, "vhxh", at("04-02T09:00"), posts=both)
    assert [one.title for one in tally(new_commune, RADIO_MARCH).late] == ["Tin số 2"]


def test_an_item_stays_with_the_unit_that_told_it_first_when_that_unit_sends_a_later_log(new_commune):
    new_commune.open(EACH_UNIT)
    new_commune.send(EACH_UNIT, "vp", at("03-10T09:00"), posts=[row("1", "03-06")])
    new_commune.send(EACH_UNIT, "mttq", at("03-11T09:00"), posts=[row("1", "03-06")])
    new_commune.send(EACH_UNIT, "vp", at("03-12T09:00"), posts=[row("1", "03-06"), row("2", "03-07")])
    found = tally(new_commune, EACH_UNIT)
    assert (found.of("vp").progress, found.of("mttq").progress) == ("2/2", "0/2")


# --- What the quarter's report makes of it ---


def quarter_posts(commune) -> list[tuple[str, str]]:
    version = compile_report(commune.office, QUARTER, at("03-16T10:05"))
    with commune.office.ledger.snapshot() as ledger:
        return [(post["unit"], post["title"]) for post in ledger.report_facts(version.id)["posts"]]


@pytest.mark.parametrize("repeated", [True, False])
def test_a_post_of_a_month_s_log_stands_once_in_the_quarter_s_report(new_commune, repeated):
    new_commune.open(QUARTER, PORTAL_MARCH)
    new_commune.send(PORTAL_MARCH, "vp", at("03-10T09:00"), posts=[row("1", "03-06"), row("after", "03-15")])
    own = [row("2", "02-07")] + ([row("1", "03-06", link="https://phucloi.example/tin/bai-1-1.html?x=1")] * repeated)
    assert new_commune.send(QUARTER, "vp", at("03-12T09:00"), posts=own).verdict is Verdict.ACCEPTED
    found = quarter_posts(new_commune)
    assert sorted(title for _, title in found) == ["Tin số 1", "Tin số 2"]
    assert {unit for unit, _ in found} == {"Văn phòng HĐND và UBND phường"}


def test_a_unit_that_never_sent_the_quarter_s_workbook_is_missing_but_its_posts_count(new_commune):
    new_commune.open(QUARTER, PORTAL_MARCH)
    new_commune.send(PORTAL_MARCH, "vp", at("03-10T09:00"), posts=[row("1", "03-06")])
    tell(new_commune, broadcast("bxdd", "2", "03-07"), now=at("03-10T09:00"))
    assert quarter_posts(new_commune) == [
        ("Văn phòng HĐND và UBND phường", "Tin số 1"),
        ("Ban Xây dựng đảng", "Tin số 2"),
    ]
    with new_commune.office.ledger.snapshot() as ledger:
        facts = ledger.report_facts(ledger.latest_report(QUARTER).id)
    assert facts["totals"]["posts"] == 2
    assert "Văn phòng HĐND và UBND phường" in [one["name"] for one in facts["reporting"]["missing"]]


def test_a_post_that_one_unit_lists_in_its_workbook_is_not_counted_again_for_another_that_told_it(new_commune):
    new_commune.open(QUARTER, PORTAL_MARCH)
    tell(new_commune, post("vhxh", "1", "03-06"), now=at("03-06T09:00"))
    new_commune.send(QUARTER, "vp", at("03-12T09:00"), posts=[row("1", "03-06")])
    assert quarter_posts(new_commune) == [("Văn phòng HĐND và UBND phường", "Tin số 1")]
