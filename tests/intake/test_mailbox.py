"""The email route: who may send, what is received, what is answered, and where a mail ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest
from a_mailbox import Post, letter

from dinhky.domain.errors import MailboxError, PlanError
from dinhky.domain.people import Contact
from dinhky.intake import mailbox as intake
from dinhky.intake.mail import read_mail
from dinhky.intake.mail_answers import MOST_STRANGERS
from dinhky.intake.mailbox import LARGEST, Outcome
from dinhky.rounds.kept_mails import KeptMail
from dinhky.rounds.opening import open_round

ROUND = "phuc-loi-2026/PL-5/2026-Q1"
XLS = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-{text}+07:00")


NOW = at("12T09:00")


@pytest.fixture
def good(commune) -> bytes:
    """The office's own workbook, filled in."""
    return commune.sample["vp"][-1].data


def submissions(post: Post, round_id: str = ROUND) -> list[tuple[str, str, str]]:
    with post.commune.office.ledger.snapshot() as ledger:
        return [(one.unit, one.route, one.state) for one in ledger.submissions(round_id)]


def with_contacts(post: Post, **contacts: tuple[str, ...]) -> Post:
    """The same commune where units have these addresses, all of the same person."""
    plan = post.commune.office.plans["phuc-loi-2026"]
    units = [
        replace(unit, contacts=tuple(Contact("Trần Thị Đa Năng", one) for one in contacts[unit.code]))
        if unit.code in contacts
        else unit
        for unit in plan.units
    ]
    changed = replace(plan, units=tuple(units))
    return Post(post.commune.using(plans=post.commune.office.plans | {plan.id: changed}), post.box)


# What is received


def test_a_workbook_sent_by_mail_is_received_and_answered_in_its_thread(post, good):
    handled = post.bring(letter("Lê Quốc Hưng <vanphong@phucloi.example>", ("biểu.xlsx", good)), NOW)
    assert handled.outcome is Outcome.RECEIVED
    assert submissions(post) == [("vp", "email", "accepted")]
    [answer] = post.answers()
    assert (answer["kind"], answer["address"]) == ("accepted-1", "vanphong@phucloi.example")
    assert answer["in_reply_to"] == "<1@phucloi.example>"
    assert post.folders == {"Done": 1}


def test_a_mail_arrives_when_the_server_takes_it_not_when_it_is_read(post, good):
    post.box.add(letter("vanphong@phucloi.example", ("biểu.xlsx", good)), at("13T23:59:59"))
    post.read(at("15T08:00"))
    assert (post.commune.assignment("vp").accepted_at, post.commune.assignment("vp").late) == (at("13T23:59:59"), False)


def test_a_server_whose_clock_runs_ahead_does_not_bring_mail_from_the_future(post, good):
    post.box.add(letter("vanphong@phucloi.example", ("biểu.xlsx", good)), at("20T08:00"))
    post.read(NOW)
    assert post.commune.assignment("vp").accepted_at == NOW


@pytest.mark.parametrize(
    "sender",
    [
        "VanPhong@PhucLoi.example",
        "vanphong+baocao@phucloi.example",
        '"Phòng khác <vhxh@phucloi.example>" <vanphong@phucloi.example>',
        "=?utf-8?q?L=C3=AA_Qu=E1=BB=91c_H=C6=B0ng?= <vanphong@phucloi.example>",
    ],
)
def test_the_address_says_who_sends_and_nothing_else_of_the_sender_does(post, good, sender):
    mail = letter("vanphong@phucloi.example", ("biểu.xlsx", good)).as_bytes()
    handled = post.bring(mail.replace(b"From: vanphong@phucloi.example", f"From: {sender}".encode()), NOW)
    assert handled.outcome is Outcome.RECEIVED
    assert submissions(post) == [("vp", "email", "accepted")]
    assert [row["address"] for row in post.answers()] == ["vanphong@phucloi.example"], "as the plan writes it"


def test_no_answer_goes_where_a_reply_to_points(post, good):
    post.bring(letter("vanphong@phucloi.example", ("b.xlsx", good), Reply_To="thief@evil.example"), NOW)
    assert {row["address"] for row in post.answers()} == {"vanphong@phucloi.example"}


def test_another_units_workbook_is_returned_to_its_sender(post):
    data = post.commune.sample["vhxh"][0].data
    post.bring(letter("vanphong@phucloi.example", ("b.xlsx", data)), NOW)
    assert submissions(post) == [("vp", "email", "returned")]
    assert [row["address"] for row in post.answers()] == ["vanphong@phucloi.example"]


def test_several_workbooks_in_one_mail_are_each_received_and_answered_in_its_thread(post, good):
    wrong = post.commune.sample["kthtdt"][0].data
    post = with_contacts(post, vp=("chung@phucloi.example",), kthtdt=("chung@phucloi.example",))
    post.bring(letter("chung@phucloi.example", ("a.xlsx", good), ("b.xlsx", wrong)), NOW)
    assert sorted(submissions(post)) == [("kthtdt", "email", "returned"), ("vp", "email", "accepted")]
    assert [row["in_reply_to"] for row in post.answers()] == ["<1@phucloi.example>"] * 2


def test_a_signed_letter_beside_the_workbook_is_no_wrong_file(post, good):
    post.bring(letter("vanphong@phucloi.example", ("công văn.pdf", b"%PDF-1.7"), ("biểu.xlsx", good)), NOW)
    assert [row["kind"] for row in post.answers()] == ["accepted-1"]


@pytest.mark.parametrize(
    ("name", "data"), [("biểu.xls", XLS), ("biểu.pdf", b"%PDF-1.7"), ("biểu.zip", b"PK\x03\x04" + bytes(40))]
)
def test_a_file_of_the_wrong_kind_is_answered_with_the_way_out(post, name, data):
    handled = post.bring(letter("vanphong@phucloi.example", (name, data)), NOW)
    [answer] = post.answers()
    assert (handled.outcome, answer["kind"][:8]) == (Outcome.RECEIVED, "refused-")
    assert ".xlsx" in answer["body"]


# The same again


def test_the_same_mail_delivered_twice_is_answered_once(post, good):
    mail = letter("vanphong@phucloi.example", ("biểu.xlsx", good))
    post.bring(mail, NOW)
    post.bring(b"Received: by another road\r\n" + mail.as_bytes(), at("12T09:01"))
    assert len(submissions(post)) == 1
    assert len(post.answers()) == 1
    assert post.folders == {"Done": 2}


@pytest.mark.parametrize("unit", ["vp", "kthtdt"])
def test_the_same_file_in_another_mail_changes_nothing_and_is_answered_in_that_mails_thread(post, unit):
    address, data = {"vp": "vanphong", "kthtdt": "kthtdt"}[unit], post.commune.sample[unit][0].data
    mails = [letter(f"{address}@phucloi.example", ("b.xlsx", data), message_id=f"<{n}@x.example>") for n in (1, 2)]
    for mail in (mails[0], mails[1], mails[1]):
        post.bring(mail.as_bytes(), NOW)
    assert len(submissions(post)) == 1
    first, second = post.answers()
    assert [first["in_reply_to"], second["in_reply_to"]] == ["<1@x.example>", "<2@x.example>"]
    assert "giống hệt" in second["body"]
    assert first["address"] == second["address"]


def test_a_file_refused_before_is_answered_again_in_the_next_mails_thread(post):
    for number in (1, 2):
        post.bring(letter("vanphong@phucloi.example", ("b.xls", XLS), message_id=f"<{number}@x.example>"), NOW)
    first, second = post.answers()
    assert [first["in_reply_to"], second["in_reply_to"]] == ["<1@x.example>", "<2@x.example>"]
    assert ".xlsx" in second["body"]


def test_a_machine_that_gives_every_mail_the_same_message_id_loses_none(post, good):
    post.bring(letter("vanphong@phucloi.example", ("b.xls", XLS)), NOW)
    post.bring(letter("vanphong@phucloi.example", ("b.xlsx", good)), NOW)
    assert submissions(post) == [("vp", "email", "accepted")]


def test_nobody_takes_the_place_of_anothers_mail_by_its_message_id(post, good):
    mail = letter("vanphong@phucloi.example", ("b.xlsx", good)).as_bytes()
    post.bring(mail.replace(b"vanphong@", b"stranger@"), NOW)
    assert post.bring(mail, NOW).outcome is Outcome.RECEIVED


def test_a_mail_without_a_message_id_is_known_by_its_bytes(post, good):
    mail = letter("vanphong@phucloi.example", ("b.xlsx", good), message_id="")
    post.bring(mail, NOW)
    post.bring(mail, NOW)
    assert len(post.answers()) == 1


# Who may send


def test_one_address_of_two_units_is_told_apart_by_the_workbook(post, good):
    both = with_contacts(post, vp=("chung@phucloi.example",), vhxh=("chung@phucloi.example",))
    both.bring(letter("chung@phucloi.example", ("b.xlsx", good)), NOW)
    assert submissions(both) == [("vp", "email", "accepted")]


def test_where_the_file_does_not_say_for_which_of_two_units_it_comes_the_sender_is_asked(post):
    both = with_contacts(post, vp=("chung@phucloi.example",), vhxh=("chung@phucloi.example",))
    handled = both.bring(letter("chung@phucloi.example", ("số liệu.xls", XLS)), NOW)
    assert handled.outcome is Outcome.WHICH_UNIT
    [answer] = both.answers()
    assert answer["address"] == "chung@phucloi.example"
    for text in ("Văn phòng HĐND và UBND phường", "Phòng Văn hóa - Xã hội", "số liệu.xls"):
        assert text in answer["body"]
    assert both.folders == {"Refused": 1}


def test_one_unit_of_two_plans_is_told_apart_by_the_workbook(post, good):
    plan = post.commune.office.plans["phuc-loi-2026"]
    last_year = replace(plan, id="ward-b-2026", title="Kế hoạch khác")
    both = Post(post.commune.using(plans={last_year.id: last_year, plan.id: plan}))
    open_round(both.commune.office, "ward-b-2026/PL-5/2026-Q1", at("05T08:00"))
    both.bring(letter("vanphong@phucloi.example", ("b.xlsx", good)), NOW)
    assert submissions(both) == [("vp", "email", "accepted")]
    assert submissions(both, "ward-b-2026/PL-5/2026-Q1") == []


def test_a_unit_that_is_no_more_is_unknown(post, good):
    plan = post.commune.office.plans["phuc-loi-2026"]
    units = [replace(one, until=at("01T00:00").date()) if one.code == "vp" else one for one in plan.units]
    gone = Post(post.commune.using(plans={plan.id: replace(plan, units=tuple(units))}))
    handled = gone.bring(letter("vanphong@phucloi.example", ("b.xlsx", good)), NOW)
    assert handled.outcome is Outcome.UNKNOWN_SENDER


# Strangers


def test_a_stranger_is_told_how_to_reach_us_and_nothing_of_anybodys_affairs(post, good):
    handled = post.bring(letter("la@evil.example", ("b.xlsx", good), subject="Nhấp vào evil.example"), NOW)
    assert (handled.outcome, submissions(post), post.folders) == (Outcome.UNKNOWN_SENDER, [], {"Refused": 1})
    [answer] = post.answers()
    assert (answer["address"], answer["attachments"], answer["recipient"]) == ("la@evil.example", [], "la@evil.example")
    text = f"{answer['subject']} {answer['body']}"
    plan = post.commune.office.plans["phuc-loi-2026"]
    for secret in ("Nhấp vào", "Phúc Lợi", plan.title, *(unit.name for unit in plan.units)):
        assert secret not in text


def test_a_stranger_is_answered_once_a_day(post):
    for hour, number in ((9, 1), (16, 2)):
        post.bring(letter("la@evil.example", message_id=f"<{number}@evil.example>"), at(f"12T{hour:02}:00"))
    assert len(post.answers()) == 1
    post.bring(letter("la@evil.example", message_id="<3@evil.example>"), at("13T09:00"))
    assert len(post.answers()) == 2


def test_nobody_makes_us_write_to_the_whole_world(post):
    for number in range(MOST_STRANGERS + 5):
        post.bring(letter(f"victim{number}@world.example", message_id=f"<{number}@evil.example>"), NOW)
    assert len(post.answers()) == MOST_STRANGERS
    assert post.folders == {"Refused": MOST_STRANGERS + 5}


@pytest.mark.parametrize(
    "mail",
    [
        letter("no-reply@shop.example"),
        letter("donotreply@shop.example"),
        letter("bounces+123@shop.example"),
        letter("a@x.example, b@x.example"),
        b"Subject: no sender at all\r\n\r\n",
        b"From: \r\n\r\n",
        b"From: not an address\r\n\r\n",
        b"From: a@x.example\r\nFrom: b@x.example\r\n\r\n",
    ],
    ids=lambda mail: str(mail["From"] if isinstance(mail, EmailMessage) else mail)[:40],
)
def test_where_nobody_would_read_it_nothing_is_answered(post, mail):
    assert post.bring(mail, NOW).outcome is Outcome.UNKNOWN_SENDER
    assert post.answers() == []


# Nothing to receive


def test_a_mail_without_a_file_is_told_so_and_what_is_owed(post):
    handled = post.bring(letter("vanphong@phucloi.example"), NOW)
    [answer] = post.answers()
    assert (handled.outcome, answer["in_reply_to"]) == (Outcome.NOT_TAKEN, "<1@phucloi.example>")
    for text in ("không có tệp", "Báo cáo", "quý I/2026", "hạn thứ Sáu, 13/3/2026"):
        assert text in answer["body"]


def test_a_unit_that_owes_nothing_is_told_so(post):
    post.commune.answer("vp")
    post.bring(letter("vanphong@phucloi.example"), NOW)
    assert "không có việc nào đang chờ nộp" in post.answers()[-1]["body"]


def test_who_only_thanks_us_is_told_that_no_file_came_once_a_day(post):
    for number in range(3):
        post.bring(letter("vanphong@phucloi.example", message_id=f"<{number}@x.example>"), NOW)
    assert len(post.answers()) == 1


def test_the_personal_link_is_in_the_answer_where_there_is_a_portal(post):
    with_portal = Post(post.commune.using(portal_url="https://dinhky.phucloi.example"))
    with_portal.bring(letter("vanphong@phucloi.example"), NOW)
    assert "https://dinhky.phucloi.example/u/" in with_portal.answers()[0]["body"]


def test_a_mail_that_is_too_large_is_not_fetched_and_its_sender_is_told_the_limit(post, good):
    uid = post.box.add(letter("vanphong@phucloi.example", ("b.xlsx", good)), NOW)
    post.box.announced_sizes[uid] = LARGEST + 20 * 2**20
    [handled] = post.read(NOW)
    [answer] = post.answers()
    assert (handled.outcome, submissions(post)) == (Outcome.NOT_TAKEN, [])
    assert "khoảng 35 MB, vượt giới hạn 15 MB" in answer["body"]


def test_what_outlook_has_wrapped_is_answered_with_the_way_out(post):
    mail = letter("vanphong@phucloi.example")
    mail.add_attachment(b"\x78\x9f\x3e\x22rest", maintype="application", subtype="ms-tnef", filename="winmail.dat")
    handled = post.bring(mail, NOW)
    assert handled.outcome is Outcome.NOT_TAKEN
    assert "winmail.dat" in post.answers()[0]["body"]


def test_a_mail_that_cannot_be_taken_apart_is_answered_too(post):
    nested = b"Content-Type: message/rfc822\r\n\r\n" * 3000
    mail = b"From: vanphong@phucloi.example\r\nMessage-ID: <1@x.example>\r\n" + nested
    assert post.bring(mail, NOW).outcome is Outcome.NOT_TAKEN
    assert "cấu trúc bất thường" in post.answers()[0]["body"]


# Forged


@pytest.mark.parametrize(
    ("said", "is_taken"),
    [
        ("mx.phucloi.example; dmarc=fail header.from=phucloi.example", False),
        ("mx.phucloi.example; dmarc=pass; spf=fail", True),
        ("mx.phucloi.example; spf=fail smtp.mailfrom=evil.example; dkim=none", False),
        ("mx.phucloi.example; spf=fail; dkim=pass", True),
        ("mx.phucloi.example; dmarc=none; spf=softfail", True),
        ("mx.phucloi.example; spf=pass (dmarc=fail is only said in this comment)", True),
        ("mx.phucloi.example 1; dmarc=fail", False),
        ("mx.evil.example; dmarc=fail", True),
    ],
)
def test_a_mail_that_our_own_server_calls_forged_is_not_taken_in_the_units_name(post, good, said, is_taken):
    mail = letter("vanphong@phucloi.example", ("b.xlsx", good), Authentication_Results=said)
    handled = post.bring(mail, NOW, authserv="mx.phucloi.example")
    assert (handled.outcome is Outcome.RECEIVED) == is_taken
    assert bool(submissions(post)) == is_taken
    [answer] = post.answers()
    assert answer["address"] == "vanphong@phucloi.example"
    assert ("không xác minh được" in answer["body"]) == (not is_taken)


def test_the_topmost_word_of_our_server_counts(post, good):
    mail = letter("vanphong@phucloi.example", ("b.xlsx", good), Authentication_Results="mx.x.example; dmarc=pass")
    forged = b"Authentication-Results: mx.x.example; dmarc=fail\r\n" + mail.as_bytes()
    assert post.bring(forged, NOW, authserv="mx.x.example").outcome is Outcome.FORGED


def test_where_our_server_says_nothing_of_senders_its_header_may_have_come_with_the_mail(post, good):
    mail = letter("vanphong@phucloi.example", ("b.xlsx", good), Authentication_Results="mx.x.example; dmarc=fail")
    assert post.bring(mail, NOW).outcome is Outcome.RECEIVED


# Machines

PROOF = {
    "an automatic reply": (letter("vanphong@phucloi.example", Auto_Submitted="auto-replied"), "auto_reply"),
    "a vacation notice": (letter("vanphong@phucloi.example", Auto_Submitted="auto-replied (vacation)"), "auto_reply"),
    "an old autoresponder": (letter("vanphong@phucloi.example", Precedence="auto_reply"), "auto_reply"),
    "one more": (letter("vanphong@phucloi.example", X_Autoreply="yes"), "auto_reply"),
    "out of office of Outlook": (letter("vanphong@phucloi.example", X_Auto_Response_Suppress="All"), "auto_reply"),
    "bulk": (letter("tin@x.example", Precedence="bulk"), "bulk"),
    "a mailing list": (letter("tin@x.example", List_Id="<tin.x.example>"), "bulk"),
    "ourselves": (letter("Định Kỳ <dinhky@phucloi.example>"), "loop"),
    "our own mail come back": (letter("vanphong@phucloi.example", message_id=f"<{'0' * 40}@dinhky.invalid>"), "loop"),
    "a redirected one": (letter("vanphong@phucloi.example", X_Loop="dinhky@phucloi.example"), "loop"),
    "an empty envelope": (letter("vanphong@phucloi.example", Return_Path="<>"), "bounce"),
    "the mail system": (letter("Mail Delivery System <MAILER-DAEMON@mx.example>"), "bounce"),
    "an answer to an invitation": (
        letter("vanphong@phucloi.example", Content_Class="urn:content-classes:calendarmessage"),
        "calendar",
    ),
}


@pytest.mark.parametrize("what", PROOF)
def test_machines_are_not_answered(post, what):
    mail, outcome = PROOF[what]
    assert post.bring(mail, NOW).outcome == outcome
    assert (post.answers(), post.folders) == ([], {"Ignored": 1})


@pytest.mark.parametrize("header", ["Precedence", "List_Id", "X_Auto_Response_Suppress"])
def test_a_units_workbook_does_not_lie_unread_for_a_mark_that_people_s_mail_bears_too(post, good, header):
    value = {"Precedence": "list", "List_Id": "<vp.phucloi.example>", "X_Auto_Response_Suppress": "All"}[header]
    post.bring(letter("vanphong@phucloi.example", ("b.xlsx", good), **{header: value}), NOW)
    assert submissions(post) == [("vp", "email", "accepted")]


def test_an_automatic_reply_is_not_received_even_with_a_workbook_in_it(post, good):
    mail = letter("vanphong@phucloi.example", ("b.xlsx", good), Auto_Submitted="auto-replied")
    assert post.bring(mail, NOW).outcome is Outcome.AUTO_REPLY
    assert submissions(post) == []


def test_what_sends_more_than_a_person_can_is_not_answered_any_more(post, monkeypatch):
    monkeypatch.setattr(intake, "MOST_A_DAY", 3)
    for number in range(5):
        post.box.add(letter("vanphong@phucloi.example", ("b.xls", XLS), message_id=f"<{number}@x.example>"), NOW)
    assert [one.outcome for one in post.read(NOW)] == [Outcome.RECEIVED] * 3 + [Outcome.TOO_MANY] * 2
    assert [event["kind"] for event in post.commune.events("")].count("mail_too_many") == 2
    [told] = post.answers("too-many-2026-03-12")
    assert "đã có hơn 3 thư gửi từ địa chỉ này" in told["body"], "who is no machine hears of it, once"
    assert (
        post.bring(letter("vanphong@phucloi.example", message_id="<9@x.example>"), at("13T09:00")).outcome
        == "not_taken"
    )


def test_who_writes_in_a_units_name_does_not_use_up_what_the_unit_may_send(post, good, monkeypatch):
    monkeypatch.setattr(intake, "MOST_A_DAY", 3)
    false = "mx.phucloi.example; dmarc=fail header.from=phucloi.example"
    for number in range(5):
        mail = letter("vanphong@phucloi.example", message_id=f"<{number}@evil.example>")
        mail["Authentication-Results"] = false
        post.box.add(mail, NOW)
    post.box.add(letter("vanphong@phucloi.example", ("b.xlsx", good)), NOW)
    handled = post.read(NOW, authserv="mx.phucloi.example")
    assert [one.outcome for one in handled] == [Outcome.FORGED] * 5 + [Outcome.RECEIVED]


def test_files_beyond_those_that_one_mail_may_bring_are_named(post, good, monkeypatch):
    monkeypatch.setattr(intake, "MOST_FILES", 1)
    post.bring(letter("vanphong@phucloi.example", ("b.xlsx", good), ("tháng 2.xlsx", XLS), ("c.xlsx", b"x")), NOW)
    assert submissions(post) == [("vp", "email", "accepted")]
    [told] = [row for row in post.answers() if row["kind"].startswith("not-taken-")]
    assert "Chưa nhận được một số tệp" in told["subject"]
    assert "chưa nhận: “tháng 2.xlsx”, “c.xlsx”" in told["body"]


# While an officer mends a plan


def without_its_plan(post: Post) -> Post:
    """The same commune while its plan file has a mistake in it."""
    return Post(post.commune.using(plans={}, plan_errors=(PlanError("phuc-loi-2026.yaml", ()),)), post.box)


def test_while_a_plan_cannot_be_read_its_units_are_no_strangers_and_their_mail_waits(post, good):
    post.box.add(letter("vanphong@phucloi.example", ("b.xlsx", good)), at("13T23:59:59"))
    with pytest.raises(ExceptionGroup) as raised:
        without_its_plan(post).read(at("14T00:01"))
    assert [one.code for one in raised.value.exceptions] == ["plan_unread"]
    assert (len(post.box.inbox), post.answers()) == (1, [])
    [handled] = post.read(at("14T00:02"), by="the next")
    assert (handled.outcome, post.commune.assignment("vp").late) == (Outcome.RECEIVED, False)


def test_a_workbook_of_a_plan_that_cannot_be_read_waits_also_if_its_sender_is_known_from_another(post, good):
    other = replace(post.commune.office.plans["phuc-loi-2026"], id="phuc-loi-2027")
    half = Post(
        post.commune.using(plans={other.id: other}, plan_errors=(PlanError("phuc-loi-2026.yaml", ()),)), post.box
    )
    post.box.add(letter("vanphong@phucloi.example", ("b.xlsx", good)), NOW)
    with pytest.raises(ExceptionGroup):
        half.read(NOW)
    assert (len(post.box.inbox), post.answers()) == (1, [])


def test_machines_are_filed_away_whatever_cannot_be_read(post):
    mail = letter("vanphong@phucloi.example", Auto_Submitted="auto-replied")
    assert without_its_plan(post).bring(mail, NOW).outcome is Outcome.AUTO_REPLY


# Bounces

BOUNCE = """\
From: Mail Delivery System <MAILER-DAEMON@mx.example>
To: dinhky@phucloi.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Content-Type: multipart/report; report-type=delivery-status; boundary="B"
Message-ID: <77@mx.example>

--B
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.
--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; vanphong@phucloi.example
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 user unknown

--B
Content-Type: {kind}

From: dinhky@phucloi.example
Message-ID: {message_id}

--B--
"""


@pytest.mark.parametrize("kind", ["message/rfc822", "text/rfc822-headers"])
@pytest.mark.parametrize("action", ["failed", "delayed"])
def test_a_message_of_ours_that_did_not_arrive_is_an_event_for_the_operator(post, kind, action):
    sent = next(row for row in post.commune.messages("opening") if row["unit"] == "vp")
    bounce = BOUNCE.format(kind=kind, action=action, message_id=sent["message_id"])
    assert post.bring(bounce.encode(), NOW).outcome is Outcome.BOUNCE
    found = [event for event in post.commune.events() if event["kind"] == "mail_bounced"]
    if action == "delayed":
        assert found == []
        return
    [event] = found
    assert (event["unit"], event["detail"]["address"]) == ("vp", sent["address"])
    assert event["detail"]["reason"] == "5.1.1 smtp; 550 5.1.1 user unknown"


def test_a_bounce_of_something_else_is_no_event(post):
    bounce = BOUNCE.format(kind="message/rfc822", action="failed", message_id=f"<{'1' * 40}@dinhky.invalid>")
    assert post.bring(bounce.encode(), NOW).outcome is Outcome.BOUNCE
    assert "mail_bounced" not in [event["kind"] for event in post.commune.events("")]


# When something fails


def test_a_mail_that_fails_in_a_way_nobody_foresaw_keeps_no_other_from_being_answered(post, good, monkeypatch):
    def broken(*arguments, file_name, **rest):
        if file_name == "poison.xlsx":
            raise ZeroDivisionError
        return real(*arguments, file_name=file_name, **rest)

    real = intake.receive
    monkeypatch.setattr(intake, "receive", broken)
    post.box.add(letter("vanphong@phucloi.example", ("poison.xlsx", good), message_id="<0@x.example>"), NOW)
    post.box.add(letter("vanphong@phucloi.example", ("b.xlsx", good)), NOW)
    with pytest.raises(ExceptionGroup):
        post.read(NOW)
    assert (len(post.answers()), len(post.box.inbox)) == (1, 1)
    monkeypatch.undo()
    assert [one.outcome for one in post.read(NOW + timedelta(minutes=1))] == [Outcome.RECEIVED]


def test_a_mailbox_that_fails_is_not_taken_for_a_mail_that_does(post, good):
    def refuses(step: str) -> None:
        raise MailboxError("imap_unreachable", reason="gone")

    post.box.add(letter("vanphong@phucloi.example", ("b.xlsx", good)), NOW)
    post.box.before = refuses
    with pytest.raises(MailboxError):
        post.read(NOW)


def test_while_one_reader_is_at_a_mail_another_leaves_it_alone_until_the_first_must_be_dead(post):
    uid = post.box.add(letter("vanphong@phucloi.example"), NOW)
    key = read_mail(post.box.inbox[uid][0], ours=frozenset()).key
    with post.commune.office.ledger.transaction() as ledger:
        ledger.begin_mail(KeptMail(key, "", "", "", NOW), by="another", now=NOW, lease=timedelta(minutes=5))
    assert post.read(NOW + timedelta(minutes=4)) == []
    assert [one.outcome for one in post.read(NOW + timedelta(minutes=6))] == [Outcome.NOT_TAKEN]
