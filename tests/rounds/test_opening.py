"""Opening a round: who is asked, and what each is sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from dinhky.domain.people import Contact
from dinhky.domain.plan import Unit
from dinhky.rounds.lookup import round_of
from dinhky.rounds.opening import open_round

ROUND = "phuc-loi-2026/PL-5/2026-Q1"
OPENS = datetime.fromisoformat("2026-03-05T07:30+07:00")
UNITS = ["vhxh", "vp", "kthtdt", "pvhcc", "vhtttt", "mttq", "bxdd"]


def test_opening_asks_the_units_of_the_obligation_in_the_plans_order(new_commune):
    assert [unit.code for unit in open_round(new_commune.office, ROUND, OPENS)] == UNITS
    with new_commune.office.ledger.snapshot() as ledger:
        assert [assignment.unit for assignment in ledger.assignments(ROUND)] == UNITS
    assert [event["kind"] for event in new_commune.events()] == ["round_opened"]


def test_each_unit_is_sent_its_own_workbook_and_no_others(new_commune):
    open_round(new_commune.office, ROUND, OPENS)
    office = new_commune.office
    sent = {}
    for row in new_commune.messages("opening"):
        (attachment,) = row["attachments"]
        identity, problems = office.workbooks.identity(office.files.get(attachment["sha256"]))
        assert not problems
        assert identity is not None
        assert (identity.plan, identity.ref, identity.period) == ("phuc-loi-2026", "PL-5", "2026-Q1")
        assert attachment["name"] == f"Bieu-so-lieu_PL-5_2026-Q1_{row['unit']}.xlsx"
        sent[row["unit"]] = (identity.unit, row["address"])
    plan, _ = round_of(office, ROUND)
    assert sent == {unit: (unit, plan.unit(unit).contacts[0].email) for unit in UNITS}


def test_opening_again_changes_nothing(new_commune):
    open_round(new_commune.office, ROUND, OPENS)
    before = new_commune.messages(), new_commune.events()
    open_round(new_commune.office, ROUND, OPENS + timedelta(days=2))
    assert (new_commune.messages(), new_commune.events()) == before


def test_opening_again_asks_a_unit_that_the_plan_has_gained_and_no_other(commune):
    office = commune.office
    plan = office.plans["phuc-loi-2026"]
    newcomer = Unit("ca", "Công an phường", (Contact("Tạ Minh Quân", "congan@phucloi.example"),))
    obligations = tuple(
        replace(one, units=(*one.units, "ca")) if one.ref == "PL-5" else one for one in plan.obligations
    )
    grown = replace(plan, units=(*plan.units, newcomer), obligations=obligations)
    open_round(commune.using(plans={plan.id: grown}).office, ROUND, OPENS + timedelta(days=1))
    assert [row["unit"] for row in commune.messages("opening")] == [*UNITS, "ca"]
    assert commune.assignment("ca").state == "open"


def test_a_round_that_is_over_is_recorded_and_writes_to_nobody(new_commune):
    _, round_ = round_of(new_commune.office, ROUND)
    open_round(new_commune.office, ROUND, round_.locks + timedelta(seconds=1))
    assert new_commune.messages() == []
    assert new_commune.assignment("vp").state == "open"


def test_a_round_still_writes_at_the_very_moment_of_its_lock(new_commune):
    _, round_ = round_of(new_commune.office, ROUND)
    open_round(new_commune.office, ROUND, round_.locks)
    assert len(new_commune.messages("opening")) == len(UNITS)


def test_a_contact_with_a_configured_chat_is_told_there_too_and_others_by_email_alone(new_commune):
    office = new_commune.using(chats=frozenset({"DINHKY_CHAT_VHXH"})).office
    open_round(office, ROUND, OPENS)
    chats = [(row["unit"], row["address"]) for row in new_commune.messages() if row["channel"] == "chat"]
    assert chats == [("vhxh", "DINHKY_CHAT_VHXH")]
    assert len([row for row in new_commune.messages() if row["channel"] == "email"]) == len(UNITS)
