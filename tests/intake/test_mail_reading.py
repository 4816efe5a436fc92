"""Reading a mail: which one it is, what it brings, whatever program or person made it; and nothing ever raises."""

from __future__ import annotations

import base64
import time
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from a_mailbox import OURS, letter
from hypothesis import given, settings
from hypothesis import strategies as st

from dinhky.intake.mail import Mail, read_mail
from dinhky.intake.mail_headers import LONGEST_NAME, LONGEST_SUBJECT

PK = b"PK\x03\x04 a workbook"
ENCODED = base64.b64encode(PK).decode()


def read(data: bytes | EmailMessage, **how: object) -> Mail:
    return read_mail(data if isinstance(data, bytes) else data.as_bytes(policy=SMTP), ours=OURS, **how)


def raw(*headers: str, body: str = "") -> bytes:
    return ("\r\n".join(["From: a@x.example", "Message-ID: <1@x.example>", *headers, "", body])).encode()


def part(*headers: str, body: str = ENCODED) -> bytes:
    """A mail of one part: a file, in base64."""
    return raw("MIME-Version: 1.0", "Content-Transfer-Encoding: base64", *headers, body=body)


def attached(disposition: str, kind: str = "application/octet-stream") -> list[str]:
    return [file.name for file in read(part(f"Content-Type: {kind}", f"Content-Disposition: {disposition}")).files]


# Names


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="so-lieu.xlsx"', "so-lieu.xlsx"),
        ("attachment; filename*=UTF-8''bi%E1%BB%83u%20s%E1%BB%91%20li%E1%BB%87u.xlsx", "biểu số liệu.xlsx"),
        ("attachment; filename*0*=UTF-8''bi%E1%BB%83u%20; filename*1*=s%E1%BB%91.xlsx", "biểu số.xlsx"),
        ('attachment; filename="=?utf-8?B?Ymnhu4N1IHPhu5EueGxzeA==?="', "biểu số.xlsx"),
        ('attachment; filename="=?UTF-8?Q?bi=E1=BB=83u?= =?UTF-8?Q?_s=E1=BB=91.xlsx?="', "biểu số.xlsx"),
        ("attachment; filename*=UTF-8''bie%CC%82%CC%89u.xlsx", "biểu.xlsx"),
        ("attachment; filename*=windows-1258''b%E1o%20c%E1o.xlsx", "báo cáo.xlsx"),
        ("attachment; filename*=no-such-charset''b%C3%A1o.xlsx", "báo.xlsx"),
        ('attachment; filename="=?no-such-charset?Q?b=C3=A1o.xlsx?="', "báo.xlsx"),
        ('attachment; filename="../../etc/passwd.xlsx"', "passwd.xlsx"),
        (r'attachment; filename="C:\\Users\\Lan\\Desktop\\biểu.xlsx"', "biểu.xlsx"),
        ('attachment; filename="biểu.xlsx"', "biểu.xlsx"),
        ("attachment; filename*=UTF-8''a%0D%0ABcc%3A%20x%40y.xlsx", "a Bcc: x@y.xlsx"),
        ("attachment; filename*=UTF-8''a%E2%80%AExslx.exe.xlsx", "a xslx.exe.xlsx"),
        ("attachment; filename*=UTF-8''a%00b.xlsx", "a b.xlsx"),
    ],
)
def test_a_files_name_is_read_as_it_was_meant_and_is_never_more_than_a_name(disposition, name):
    assert attached(disposition) == [name]


@pytest.mark.parametrize("length", [LONGEST_NAME - 5, LONGEST_NAME + 1, 5000])
def test_a_long_name_keeps_its_ending(length):
    [name] = attached(f'attachment; filename="{"a" * length}.xlsx"')
    assert len(name) <= LONGEST_NAME
    assert name.endswith("a.xlsx")


def test_the_name_may_stand_with_the_kind_alone():
    data = part('Content-Type: application/vnd.ms-excel; name="biểu.xls"', body=base64.b64encode(b"\xd0\xcf").decode())
    assert [file.name for file in read(data).files] == ["biểu.xls"]


# What is a file, and what mail programs add


def with_parts(*parts: tuple[str, str]) -> bytes:
    """A mail of several parts, each with its headers."""
    inner = "".join(
        f"--B\r\n{headers}\r\nContent-Transfer-Encoding: base64\r\n\r\n{base64.b64encode(body.encode()).decode()}\r\n"
        for headers, body in parts
    )
    return raw("MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="B"', body=f"{inner}--B--\r\n")


XLSX = (
    "Content-Type: application/vnd.openxmlformats-officedocument.spreadsheetml.sheet\r\n"
    'Content-Disposition: attachment; filename="b.xlsx"'
)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ("Content-Type: text/plain", "Kính gửi"),
        ("Content-Type: text/html", "<p>Kính gửi</p>"),
        ("Content-Type: text/plain; name=ATT00001.txt", ""),
        ("Content-Type: text/html; name=ATT00002.htm\r\nContent-Disposition: attachment", "<br>"),
        ("Content-Type: image/png; name=image001.png\r\nContent-Disposition: inline", "png"),
        ("Content-Type: image/jpeg; name=chuky.jpg\r\nContent-Disposition: attachment", "jpg"),
        ("Content-Type: application/pkcs7-signature; name=smime.p7s", "signed"),
        ("Content-Type: application/octet-stream; name=smime.p7s", "signed"),
        ("Content-Type: application/pgp-signature; name=signature.asc", "signed"),
        ("Content-Type: text/vcard; name=lan.vcf", "BEGIN:VCARD"),
        ("Content-Type: application/octet-stream; name=lan.vcf", "BEGIN:VCARD"),
        ("Content-Type: text/calendar; method=REQUEST; name=hop.ics", "BEGIN:VCALENDAR"),
        ("Content-Type: application/octet-stream", "no name, no kind"),
        ("Content-Type: application/pdf; name=cong-van.pdf", "%PDF"),
        ("Content-Type: application/msword; name=cong-van.docx", "PK\x03\x04"),
    ],
)
def test_what_stands_beside_a_workbook_is_not_taken_for_one(headers, body):
    assert [file.name for file in read(with_parts((headers, body), (XLSX, "PK"))).files] == ["b.xlsx"]


@pytest.mark.parametrize("name", ["cong-van.pdf", "so-lieu.docx", "so-lieu.rtf", "so-lieu.txt", "so-lieu.html", "x"])
def test_without_a_workbook_what_was_meant_to_be_one_is_there_to_be_answered(name):
    data = with_parts((f"Content-Type: application/octet-stream; name={name}", "text"))
    assert [file.name for file in read(data).files] == [name]


@pytest.mark.parametrize("name", ["b.xls", "b.ods", "b.csv", "b.xlsm", "b.zip", "B.XLSX"])
def test_every_kind_of_workbook_is_one_also_those_that_cannot_be_read(name):
    data = with_parts((f"Content-Type: application/octet-stream; name={name}", "x"), (XLSX, "PK"))
    assert [file.name for file in read(data).files] == [name, "b.xlsx"]


def test_a_workbook_without_a_name_is_known_by_its_kind_or_its_first_bytes():
    unnamed = XLSX.partition("\r\n")[0]
    assert [file.data for file in read(with_parts((unnamed, "x"))).files] == [b"x"]
    octets = "Content-Type: application/octet-stream"
    assert [file.data for file in read(with_parts((octets, PK.decode()))).files] == [PK]


def test_the_same_file_twice_in_a_mail_is_one():
    assert len(read(letter("a@x.example", ("a.xlsx", PK), ("b.xlsx", PK))).files) == 1


# Forwarded


def forwarded(inner: EmailMessage) -> EmailMessage:
    outer = letter("a@x.example")
    outer.add_attachment(inner)
    return outer


def test_a_workbook_in_a_mail_that_was_forwarded_whole_is_found():
    inner = letter("b@x.example", ("b.xlsx", PK), message_id="<2@x.example>")
    for mail in (forwarded(inner), forwarded(forwarded(inner))):
        assert [file.data for file in read(mail).files] == [PK]


def test_a_forwarded_mail_that_was_encoded_is_found_too():
    inner = letter("b@x.example", ("b.xlsx", PK), message_id="<2@x.example>").as_bytes()
    headers = ("Content-Type: message/rfc822", "Content-Transfer-Encoding: base64")
    assert [file.data for file in read(raw(*headers, body=base64.encodebytes(inner).decode())).files] == [PK]


def test_a_forwarded_mail_that_was_saved_as_a_file_is_found_too():
    outer = letter("a@x.example")
    inner = letter("b@x.example", ("b.xlsx", PK), message_id="<2@x.example>").as_bytes()
    outer.add_attachment(inner, maintype="application", subtype="octet-stream", filename="Nộp báo cáo.eml")
    assert [file.data for file in read(outer).files] == [PK]


def test_the_empty_workbook_in_our_own_mail_is_not_sent_back_to_us():
    ours = letter("dinhky@phucloi.example", ("empty.xlsx", PK), message_id=f"<{'0' * 40}@dinhky.invalid>")
    outer = forwarded(ours)
    outer.add_attachment(PK + b"!", maintype="application", subtype="octet-stream", filename="b.xlsx")
    assert [file.name for file in read(outer).files] == ["b.xlsx"]


# Headers


@pytest.mark.parametrize(
    ("line", "subject"),
    [
        ("Subject: =?utf-8?B?QsOhbyBjw6Fv?= quý I", "Báo cáo quý I"),
        ("Subject: =?utf-8?Q?B=C3=A1o?=\r\n =?utf-8?Q?_c=C3=A1o?=", "Báo cáo"),
        ("Subject: Báo cáo", "Báo cáo"),
        ("Subject: =?x-unknown?Q?abc?=", "abc"),
        ("Subject: a\tb\x07c\u202ed", "a b c d"),
        ("X-Other: no subject", ""),
        ("Subject: " + "dài " * 100_000, ("dài " * 1000)[:LONGEST_SUBJECT].strip()),
    ],
    ids=lambda value: value[:30],
)
def test_a_subject_is_one_line_of_text(line, subject):
    found = read(raw(line)).subject
    assert found == subject


def test_bytes_that_are_no_text_in_a_header_are_read_as_well_as_can_be():
    assert read(b"From: a@x.example\r\nSubject: B\xe1o c\xe1o \xff\r\n\r\n").subject.startswith("Báo cáo")
    assert read(b"From: \xff\xfe <a@x.example>\r\n\r\n").sender == "a@x.example"


@pytest.mark.parametrize(
    "header", ["Message-ID", "From", "Subject", "References", "Content-Type", "Content-Disposition", "Return-Path"]
)
def test_a_huge_header_takes_no_time(header):
    before = time.process_time()
    read(f"From: a@x.example\r\n{header}: {'=?utf-8?Q?a?= <x@y> ' * 50_000}\r\n\r\nbody".encode())
    read(f"From: a@x.example\r\n{header}: {'(' * 100_000}\r\n\r\nbody".encode())
    assert time.process_time() - before < 3


@pytest.mark.parametrize("junk", ["<a b@x>", "<>", "no brackets", "<" + "a" * 2000 + "@x>", "<a@x\r\n\tBcc: y>"])
def test_only_a_message_id_that_a_header_may_hold_is_answered_to(junk):
    mail = read(f"From: a@x.example\r\nMessage-ID: {junk}\r\n\r\nbody".encode())
    assert mail.thread.endswith("@no-message-id.invalid>")


# Bodies that nobody should have written


NOTHING_RAISES = {
    "empty": b"",
    "no header": b"\r\n\r\nbody",
    "no end": b"From: a@x.example",
    "NUL": b"From: a@x.example\x00\r\n\r\n\x00",
    "no boundary": raw("Content-Type: multipart/mixed", body="--B\r\n"),
    "an empty boundary": raw('Content-Type: multipart/mixed; boundary=""', body="--\r\n--\r\n"),
    "never closed": raw('Content-Type: multipart/mixed; boundary="B"', body="--B\r\nContent-Type: text/plain\r\n\r\nx"),
    "bad base64": part('Content-Type: application/octet-stream; name="b.xlsx"', body="!!!!===="),
    "unknown encoding": raw("Content-Type: application/x; name=b.xlsx", "Content-Transfer-Encoding: x-rot13", body="x"),
    "uuencoded": raw("Content-Type: application/x; name=b.xlsx", "Content-Transfer-Encoding: x-uuencode", body="begin"),
    "unknown charset": raw("Content-Type: text/plain; charset=klingon", body="x"),
    "a kind that is none": raw("Content-Type: ;;;==\x01", body="x"),
    "a mail that holds nothing": raw("Content-Type: message/rfc822"),
    "a report of nothing": raw("Content-Type: multipart/report; report-type=delivery-status; boundary=B"),
    "partial": raw("Content-Type: message/partial; id=1; number=1; total=2", body="x"),
    "external": raw("Content-Type: message/external-body; access-type=local-file; name=/etc/passwd", body="x"),
    "8 bit": b"From: a@x.example\r\nContent-Type: text/plain; name=\xff.xlsx\r\n\r\n\xff",
}


@pytest.mark.parametrize("what", NOTHING_RAISES)
def test_a_broken_mail_is_read_as_far_as_it_goes(what):
    for ending in (b"\r\n", b"\n", b"\r"):
        mail = read(NOTHING_RAISES[what].replace(b"\r\n", ending))
        assert len(mail.key) == 64
        assert all(b"root:" not in file.data for file in mail.files)


def test_mails_within_mails_without_end_are_not_read_to_the_end():
    nested = b"From: a@x.example\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 5000
    assert not read(nested).is_readable
    boundaries = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(500))
    assert not read(b"From: a@x.example\r\n" + boundaries).is_readable


def test_the_slowest_mail_of_full_size_takes_seconds_and_not_minutes():
    for depth, lines in ((90, 1_000_000), (20, 149_000)):
        deep = b"".join(b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (n, n) for n in range(depth))
        mail = b"From: a@x.example\r\n" + deep + b"Content-Type: text/plain\r\n\r\n" + b"--\r\n" * lines
        before = time.process_time()
        read(mail)
        assert time.process_time() - before < 10


def test_ten_thousand_parts_are_not_all_looked_at():
    parts = b"--B\r\nContent-Type: application/x; name=b.xlsx\r\n\r\nx\r\n" * 10_000
    mail = read(b'From: a@x.example\r\nContent-Type: multipart/mixed; boundary="B"\r\n\r\n' + parts)
    assert len(mail.files) <= 1


WORDS = st.sampled_from(
    [b"From: ", b"a@x.example", b"<a@b>", b"Content-Type: ", b"multipart/mixed; boundary=B", b"message/rfc822", b"\r\n",
     b"\r\n\r\n", b"--B", b"--B--", b"Content-Disposition: attachment; filename=", b"filename*0*=utf-8''%", b"=?utf-8?",
     b"Q?", b"B?", b"?=", b"\xff", b"\x00", b'"', b"(", b"Content-Transfer-Encoding: base64", b"multipart/report",
     b"message/delivery-status", b"Message-ID: ", b"Auto-Submitted: ", b"Precedence: ", b";", b"=", b" ", b"\t",
     b".eml", b"Authentication-Results: mx; dmarc=", b"text/calendar", b"name=", b"x" * 200]
)  # fmt: skip


@given(st.one_of(st.binary(max_size=400), st.lists(WORDS, max_size=60).map(b"".join)))
@settings(max_examples=600, deadline=None)
def test_no_bytes_make_reading_raise(data):
    for is_head in (False, True):
        mail = read(data, authserv="mx", is_head=is_head)
        assert mail.key == read(data, authserv="mx", is_head=is_head).key
        for text in (mail.subject, mail.sender, mail.thread, *(file.name for file in mail.files)):
            assert text.isprintable()
            text.encode("utf-8")


@given(st.dictionaries(st.sampled_from(["From", "Subject", "Message-ID", "Content-Type", "Content-Disposition"]),
                       st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=80)))  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_no_header_makes_reading_raise(headers):
    read("".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode() + b"\r\nbody")
