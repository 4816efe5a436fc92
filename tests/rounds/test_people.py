"""People change: deputies, those who left, chosen channels, another leader. Units are due Friday 13/3/2026."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from dinhky.domain.people import Absence, Contact, Deputy, Person, Way
from dinhky.intake.senders import parties_of
from dinhky.rounds.chasing import chase
from dinhky.rounds.dispatching import flush_outbox
from dinhky.rounds.opening import open_round

PLAN = "phuc-loi-2026"
ROUND = f"{PLAN}/PL-5/2026-Q1"
HUNG = Contact("Lê Quốc Hưng", "vp@phucloi.example")
TUNG = Deputy("Mai Thanh Tùng", "tung.vp@phucloi.example")
CHATTING = replace(HUNG, chat="DINHKY_CHAT_VP")
BINH = Person("canbo", "Nguyễn Thị Bình", "binh@phucloi.example", "Phó Chủ tịch")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+07:00")


def absent(first: str, last: str) -> Contact:
    day = date.fromisoformat
    return replace(HUNG, away=(Absence(day(f"2026-{first}"), day(f"2026-{last}"), TUNG),))


def office_with(commune, *contacts: Contact, **more: object):
    """The commune with these contacts of the office `vp`; the plan may be changed again while it runs."""
    plan = commune.office.plans[PLAN]
    units = tuple(replace(unit, contacts=contacts) if unit.code == "vp" else unit for unit in plan.units)
    return commune.using(plans={PLAN: replace(plan, units=units)}, **more)


def reminded(commune, kind: str = "T-3") -> dict[str, str]:
    return {row["address"]: row["state"] for row in commune.messages(kind) if row["unit"] == "vp"}


@pytest.fixture
def opened(another_commune):
    return another_commune()


@pytest.mark.parametrize(
    ("contacts", "chats", "addresses"),
    [
        ([HUNG], [], {"vp@phucloi.example"}),
        ([absent("03-09", "03-10")], [], {"tung.vp@phucloi.example"}),
        ([absent("03-11", "03-20")], [], {"vp@phucloi.example"}),
        ([replace(HUNG, until=date(2026, 3, 9)), Contact("Lan", "lan@x.example")], [], {"lan@x.example"}),
        ([HUNG, Contact("Lan", "lan@x.example")], [], {"vp@phucloi.example", "lan@x.example"}),
        ([CHATTING], ["DINHKY_CHAT_VP"], {"vp@phucloi.example", "DINHKY_CHAT_VP"}),
        ([replace(CHATTING, channels=frozenset({Way.CHAT}))], ["DINHKY_CHAT_VP"], {"DINHKY_CHAT_VP"}),
        ([replace(CHATTING, channels=frozenset({Way.CHAT}))], [], {"vp@phucloi.example"}),
        ([replace(CHATTING, channels=frozenset({Way.EMAIL}))], ["DINHKY_CHAT_VP"], {"vp@phucloi.example"}),
    ],
)
def test_a_reminder_goes_to_who_speaks_for_the_unit_that_day_by_the_way_they_want(opened, contacts, chats, addresses):
    commune = office_with(opened, *contacts, chats=frozenset(chats))
    chase(commune.office, at("03-10T08:00"))
    assert set(reminded(commune)) == addresses


def test_who_went_away_while_a_reminder_waited_is_stood_for_by_the_deputy(opened):
    commune = office_with(opened, HUNG)
    chase(commune.office, at("03-10T16:59"))
    away = office_with(commune, absent("03-11", "03-20"))
    flush_outbox(away.office, by="test", clock=lambda: at("03-11T08:00"))
    flush_outbox(away.office, by="test", clock=lambda: at("03-11T08:05"))
    assert reminded(away) == {"vp@phucloi.example": "cancelled", "tung.vp@phucloi.example": "sent"}
    (letter,) = [row for row in away.messages("T-3") if row["address"] == TUNG.email]
    assert "Kính gửi: Ông/Bà Mai Thanh Tùng" in letter["body"]


def test_who_left_before_the_round_s_opening_notice_went_out_is_not_written_to(opened):
    commune = office_with(opened, HUNG)
    monthly = f"{PLAN}/PL-2/2026-03"
    open_round(commune.office, monthly, at("03-06T18:00"))
    gone = office_with(commune, replace(HUNG, until=date(2026, 3, 6)), Contact("Lan", "lan@x.example"))
    for minute in ("00", "05"):
        flush_outbox(gone.office, by="test", clock=lambda minute=minute: at(f"03-09T08:{minute}"))
    found = {
        row["address"]: row["state"]
        for row in gone.messages("opening")
        if (row["unit"], row["round_id"]) == ("vp", monthly)
    }
    assert found == {"vp@phucloi.example": "cancelled", "lan@x.example": "sent"}


@pytest.mark.parametrize(
    ("address", "day", "is_known"),
    [
        ("tung.vp@phucloi.example", "03-09T09:00", True),
        ("tung.vp@phucloi.example", "03-11T09:00", False),
        ("vp@phucloi.example", "03-09T09:00", True),
    ],
)
def test_the_deputy_may_send_the_unit_s_file_while_they_stand_in(opened, address, day, is_known):
    commune = office_with(opened, absent("03-09", "03-10"))
    assert bool(parties_of(commune.office, address, at(day))) == is_known


def test_the_leader_of_a_field_hears_who_is_late_in_place_of_the_plan_s_approver(opened):
    plan = opened.office.plans[PLAN]
    obligations = tuple(replace(one, approver=BINH) if one.ref == "PL-5" else one for one in plan.obligations)
    commune = opened.using(plans={PLAN: replace(plan, obligations=obligations)})
    chase(commune.office, at("03-16T08:00"))
    chase(commune.office, at("03-16T08:30"))
    assert [(row["address"], row["recipient"]) for row in commune.messages("escalation")] == [(BINH.email, BINH.name)]
    assert commune.office.plans[PLAN].approvers == (plan.approver, BINH)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"unit": "vp"}, 1),
        ({"unit": "nobody"}, 0),
        ({"round_id": ROUND, "unit": "vp"}, 1),
        ({"round_id": f"{PLAN}/PL-1/2026"}, 0),
        ({"unit": "vp", "state": "queued"}, 1),
        ({"unit": "vp", "state": "sent"}, 0),
    ],
)
def test_every_message_can_be_found_by_unit_round_and_state(opened, wanted, found):
    with opened.office.ledger.snapshot() as ledger:
        assert len([row for row in ledger.messages(**wanted) if row["kind"] == "opening"]) == found


def test_every_message_can_be_found_by_the_vietnamese_day_on_which_it_went_out(opened):
    with opened.office.ledger.snapshot() as ledger:
        everything = ledger.messages()
    moment = max(row["not_before"] for row in everything)
    flush_outbox(opened.office, by="test", clock=lambda: at("03-05T23:30"))
    flush_outbox(opened.office, by="test", clock=lambda: at("03-06T08:00"))
    with opened.office.ledger.snapshot() as ledger:
        assert moment <= at("03-06T08:00")
        assert ledger.messages(day=date(2026, 3, 5)) == []
        assert len(ledger.messages(day=date(2026, 3, 6), state="sent")) == len(everything)
