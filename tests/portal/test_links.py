"""The personal link: whom it lets in, until when, and in which messages it stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest

from dinhky.domain.assignment import State
from dinhky.ledger import SqlLedger
from dinhky.rounds.chasing import chase
from dinhky.rounds.links import LinkRefused, PersonalLink, opened_by, read_token, revoke, token_of
from dinhky.rounds.lookup import round_of
from dinhky.signing import HmacSigner

PLAN = "phuc-loi-2026"
PORTAL = "https://baocao.phucloi.example/dinhky"
QUARTER, POSTS = f"{PLAN}/PL-5/2026-Q1", f"{PLAN}/PL-2/2026-03"
SIGNER = HmacSigner(b"a secret of these tests")
LINK = PersonalLink(PLAN, "vp", date(2026, 5, 15), 0)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+07:00")


NOW = at("03-11T09:00")


def opens(office, token: str, now: datetime = NOW) -> str:
    """The unit that a token opens the pages of, or the code of the refusal."""
    with office.ledger.snapshot() as ledger:
        try:
            return opened_by(office, ledger, token, now)[1].code
        except LinkRefused as refusal:
            return refusal.code


# The token


def test_the_same_link_is_always_the_same_text_so_a_message_decided_twice_is_worded_alike():
    assert token_of(SIGNER, LINK) == token_of(HmacSigner(b"a secret of these tests"), LINK)
    assert read_token(SIGNER, token_of(SIGNER, LINK)) == LINK


def test_a_link_is_short_and_no_mail_program_needs_to_quote_or_cut_it():
    token = token_of(SIGNER, LINK)
    assert len(token) < 60
    assert set(token) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")
    assert token[-1].isdigit()


@pytest.mark.parametrize("position", range(len(token_of(SIGNER, LINK))))
def test_a_link_changed_anywhere_is_none_of_ours(position):
    token = token_of(SIGNER, LINK)
    other = "1" if token[position] != "1" else "2"
    with pytest.raises(LinkRefused, match="link_unknown"):
        read_token(SIGNER, token[:position] + other + token[position + 1 :])


@pytest.mark.parametrize(
    "rubbish",
    ["", ".", "....", "a.b.c.d.e", "x" * 5000, "đường.dẫn", "\ud800", "a\0b", "../../etc/passwd", "%00", "." * 200],
)
def test_rubbish_is_none_of_ours(rubbish):
    with pytest.raises(LinkRefused, match="link_unknown"):
        read_token(SIGNER, rubbish)


def test_what_was_signed_for_something_else_or_by_somebody_else_opens_nothing():
    text = token_of(SIGNER, LINK).partition(".")[2]
    for signature in (SIGNER.sign("workbook", text), HmacSigner(b"another secret, as long").sign("link", text)):
        with pytest.raises(LinkRefused):
            read_token(SIGNER, f"{signature}.{text}")


# Whom it lets in


@pytest.mark.parametrize(
    ("moment", "found"),
    [("05-15T23:59:59", "vp"), ("05-16T00:00:00", "link_expired")],
)
def test_a_link_opens_until_the_end_of_its_last_day_in_vietnam(commune, moment, found):
    assert opens(commune.office, token_of(commune.office.signer, LINK), at(moment)) == found


def test_revoking_ends_every_link_of_that_unit_and_of_no_other_and_is_on_record(commune):
    office = commune.office
    links = {
        unit: [token_of(office.signer, PersonalLink(PLAN, unit, date(2026, 5, day), 0)) for day in (1, 15)]
        for unit in ("vp", "mttq")
    }
    plan = office.plans[PLAN]
    revoke(office, plan, plan.unit("vp"), at("03-11T10:00"), by="canbo", reason="Thư bị chuyển ra ngoài")
    assert [opens(office, token) for token in links["vp"]] == ["link_revoked"] * 2
    assert [opens(office, token) for token in links["mttq"]] == ["mttq"] * 2
    assert opens(office, token_of(office.signer, replace(LINK, serial=1))) == "vp"
    assert opens(office, token_of(office.signer, replace(LINK, serial=2))) == "link_revoked", "not given out yet"
    with office.ledger.snapshot() as ledger:
        [event] = [one for one in ledger.events("") if one["kind"] == "links_revoked"]
    assert (event["actor"], event["unit"]) == ("canbo", "vp")
    assert event["detail"] == {"plan": PLAN, "reason": "Thư bị chuyển ra ngoài", "serial": 1}


@pytest.mark.parametrize("gone", [replace(LINK, plan_id="ke-hoach-cu"), replace(LINK, unit="don_vi_cu")])
def test_a_link_of_a_plan_or_unit_that_is_no_more_opens_nothing(commune, gone):
    assert opens(commune.office, token_of(commune.office.signer, gone)) == "link_revoked"


def test_the_ledger_counts_revocations_by_plan_and_unit(ledger_url):
    ledger = SqlLedger(ledger_url)
    ledger.migrate()
    with ledger.transaction() as transaction:
        assert transaction.link_serial(PLAN, "vp") == 0
        assert [transaction.revoke_links(PLAN, "vp", at("03-11T10:00"), "a", "b") for _ in range(2)] == [1, 2]
        transaction.revoke_links("chi-minh-2026", "vp", at("03-11T10:00"), "a", "b")
    with ledger.snapshot() as transaction:
        assert transaction.link_serials(PLAN) == {"vp": 2}
        assert transaction.link_serial("chi-minh-2026", "vp") == 1


def test_the_ledger_gives_a_unit_its_own_parts_and_files_only(ledger_url, commune):
    plan, round_ = round_of(commune.office, QUARTER)
    ledger = SqlLedger(ledger_url)
    ledger.migrate()
    with ledger.transaction() as transaction:
        transaction.open_round(round_, [plan.unit(code) for code in ("vp", "mttq")], round_.opens)
        for unit, sha256 in (("vp", "a" * 64), ("mttq", "b" * 64), ("vp", "c" * 64)):
            transaction.add_submission(
                round_id=round_.id, unit=unit, sha256=sha256, file_name="x", route="test", received_at=round_.opens,
                state="returned", late=False, problems=(), content=None,
            )  # fmt: skip
    with ledger.snapshot() as transaction:
        [(opened, part)] = transaction.parts_of(PLAN, "vp")
        assert (opened.id, part.unit, part.state) == (round_.id, "vp", State.OPEN)
        assert [one.sha256[0] for one in transaction.submissions_of(round_.id, "vp")] == ["a", "c"]
        assert transaction.parts_of(PLAN, "th") == transaction.parts_of("chi-minh-2026", "vp") == []


# In messages


@pytest.fixture
def with_portal(new_commune):
    return new_commune.using(portal_url=PORTAL)


def links_in(body: str) -> list[str]:
    return [line for line in body.splitlines() if line.startswith(PORTAL)]


def test_every_opening_notice_and_reminder_gives_its_unit_a_link_of_its_own(with_portal):
    with_portal.open(QUARTER, POSTS, f"{PLAN}/PL-1/2026", f"{PLAN}/PL-6.entries/2026")
    for day in ("03-10T08:00", "03-12T08:00", "03-13T08:00", "03-26T08:00", "04-07T08:00"):
        chase(with_portal.office, at(day))
    told = [row for row in with_portal.messages() if row["kind"] in {"opening", "T-3", "T-1", "T-0"}]
    assert {row["round_id"].split("/")[1] for row in told} == {"PL-5", "PL-2", "PL-1", "PL-6.entries"}
    assert {row["kind"] for row in told} == {"opening", "T-3", "T-1", "T-0"}
    for row in told:
        [link] = links_in(row["body"])
        assert opens(with_portal.office, link.removeprefix(f"{PORTAL}/u/")) == row["unit"]


def test_a_link_ends_sixty_days_after_the_lock_of_the_round_it_was_sent_for(with_portal):
    with_portal.open(QUARTER)
    [link] = {links_in(row["body"])[0] for row in with_portal.messages("opening") if row["unit"] == "vp"}
    assert read_token(with_portal.office.signer, link.rpartition("/")[2]).expires == date(2026, 5, 15)  # locks 16/3


def test_after_a_revocation_the_next_message_gives_a_link_that_opens(with_portal):
    with_portal.open(QUARTER)
    plan = with_portal.office.plans[PLAN]
    revoke(with_portal.office, plan, plan.unit("vp"), at("03-09T10:00"), by="canbo", reason="Mất điện thoại")
    chase(with_portal.office, at("03-10T08:00"))
    links = {
        row["kind"]: links_in(row["body"])[0].rpartition("/")[2]
        for row in with_portal.messages()
        if row["unit"] == "vp"
    }
    assert opens(with_portal.office, links["opening"]) == "link_revoked"
    assert opens(with_portal.office, links["T-3"]) == "vp"


def test_the_answer_to_a_file_gives_the_link_too(another_commune):
    commune = another_commune().using(portal_url=PORTAL)
    commune.answer("vp")
    commune.receive("vp", b"no workbook", at("03-13T09:00"))
    answers = [row for row in commune.messages() if row["kind"].startswith(("accepted", "refused"))]
    assert len(answers) == 2
    for row in answers:
        [link] = links_in(row["body"])
        assert opens(commune.office, link.removeprefix(f"{PORTAL}/u/")) == "vp"


def test_without_a_portal_no_message_speaks_of_one(new_commune):
    new_commune.open(QUARTER, POSTS)
    chase(new_commune.office, at("03-10T08:00"))
    assert [row for row in new_commune.messages() if "/u/" in row["body"] or "rang riêng" in row["body"]] == []
