"""Mails made to break or to stall the reading: each is answered as unreadable, or read, soon; none makes it raise."""

from __future__ import annotations

import base64
import time

import pytest
from a_mailbox import OURS

from dinhky.intake.mail import Mail, read_mail
from dinhky.intake.mail_headers import LONGEST_HEAD, LONGEST_PARAMETERS, MOST_BOUNDARIES, MOST_LINES

SOON = 2
"""Seconds of the processor; reading any of these once took many times that, or had no end."""
FROM = b"From: a@x.example\r\nSubject: Q1\r\nMessage-ID: <1@x.example>\r\n"
MULTIPART = b"Content-Type: multipart/mixed; boundary=B\r\n\r\n"
PK = b"PK\x03\x04 a workbook"


def read(data: bytes) -> Mail:
    return read_mail(data, ours=OURS, authserv="mx")


def read_soon(data: bytes) -> Mail:
    before = time.process_time()
    mail = read(data)
    assert time.process_time() - before < SOON
    return mail


def encoded(inner: bytes, *, kind: bytes = b"message/rfc822", name: bytes = b"") -> bytes:
    """A mail whose only part is another mail, in base64."""
    disposition = b"Content-Disposition: attachment; filename=" + name + b"\r\n" if name else b""
    kind = b"Content-Type: " + kind + b"\r\nContent-Transfer-Encoding: base64\r\n"
    return FROM + MULTIPART + b"--B\r\n" + kind + disposition + b"\r\n" + base64.encodebytes(inner) + b"--B--\r\n"


@pytest.mark.parametrize("name", [b"Subject", b"Return-Path", b"X-Loop", b"Auto-Submitted", b"Precedence"])
def test_an_encoded_word_that_is_none_does_not_make_reading_raise(name):
    mail = read(b"From: a@x.example\r\n" + name + b": =?utf-8?b?a?=\r\n\r\nbody")
    assert mail.sender == "a@x.example"
    assert mail.is_readable


@pytest.mark.parametrize("parameters", [b"x*" + b"9" * 5000 + b"*=x", b"x*=y; x*1=z; x*=q"])
@pytest.mark.parametrize("kind", [b"multipart/report", b"multipart/mixed", b"text/plain"])
def test_parameters_that_are_none_do_not_make_reading_raise(parameters, kind):
    mail = read(FROM + b"Content-Type: " + kind + b"; " + parameters + b"\r\n\r\nbody")
    assert mail.sender == "a@x.example"
    assert (mail.machine == "bounce") == (kind == b"multipart/report")


def test_a_mail_whose_very_headers_fail_is_one_unreadable_mail_of_nobody(monkeypatch):
    def fail(*_: object) -> str:
        raise AssertionError("a case of the standard library that nobody foresaw")

    monkeypatch.setattr("dinhky.intake.mail.address_of", fail)
    one, same, other = read(FROM + b"\r\n1"), read(FROM + b"\r\n1"), read(FROM + b"\r\n2")
    assert one == same
    assert one.key != other.key
    assert (one.sender, one.machine, one.is_readable, one.may_be_answered) == ("", None, False, False)
    assert one.thread == f"<{one.key[:40]}@no-message-id.invalid>"


COSTLY = {
    "megabytes of header lines": FROM + b"X: y\r\n" * 500_000 + b"\r\nbody",
    "one header of megabytes": FROM + b"X: " + b"y" * 3_000_000 + b"\r\n\r\nbody",
    "headers without end, of bare returns": FROM + b"X: y\r" * 500_000,
    "a head above the bound": FROM + b"X: " + b"y" * LONGEST_HEAD + b"\r\n\r\nbody",
    "empty lines without end": FROM + b"\r\n" * (MOST_LINES + 1),
    "bare returns without end": FROM + b"\r\n" + b"\r" * (MOST_LINES + 1),
    "a report of empty lines": FROM + b"Content-Type: Message/Delivery-Status\r\n\r\n" + b"\r\n" * 300_000,
    "one boundary by the hundred thousand": FROM + MULTIPART + b"--B\r\n" * 300_000,
    "one boundary before every part": FROM + MULTIPART + b"--B\r\n\r\n" * 150_000,
    "boundaries in pieces": FROM
    + b"".join(
        b'Content-Type: multipart/mixed; boundary%s="b%d"\r\n\r\n--b%d\r\n' % (sign, n, n)
        for n in range(MOST_BOUNDARIES + 1)
        for sign in (b"*0", b"*", b" * 0 *")
    ),
    "parameters without end": FROM + b'Content-Type: multipart/report; a="' + b";" * 1_000_000 + b"\r\n\r\nbody",
    "folded parameters": FROM + b"Content-Disposition: x" + b";\r\n a=b" * LONGEST_PARAMETERS + b"\r\n\r\nbody",
    "parameters of a part": FROM + MULTIPART + b'--B\r\nContent-Type: multipart/x; a="' + b";" * 900_000 + b"\r\n\r\n",
}


@pytest.mark.parametrize("what", COSTLY)
def test_a_mail_that_would_cost_too_much_is_soon_answered_as_unreadable(what):
    mail = read_soon(COSTLY[what])
    assert not mail.is_readable
    assert (mail.sender, mail.subject) == ("a@x.example", "Q1")


@pytest.mark.parametrize("what", COSTLY)
def test_a_mail_within_a_mail_may_cost_no_more(what):
    assert not read_soon(encoded(COSTLY[what])).is_readable
    assert not read_soon(encoded(COSTLY[what], kind=b"application/octet-stream", name=b"a.eml")).is_readable


def test_mails_within_a_mail_may_cost_no_more_together_than_one():
    inner = FROM + MULTIPART + b"x\r\n" * 140_000
    part = b"--B\r\nContent-Type: application/x; name=a.eml\r\n\r\n"
    nested = inner
    for n in range(12):
        boundary = b"C%d" % n
        nested = (FROM + MULTIPART + part + nested).replace(b"B\r\n", boundary + b"\r\n")
    assert not read(nested).is_readable


MARKS = "\u0323\u0301" * 600_000


@pytest.mark.parametrize(
    "line",
    [
        f"Subject: a{MARKS[:20_000]}",
        f'Content-Disposition: attachment; filename="a{MARKS[:3_000]}.xlsx"',
        "Content-Disposition: attachment; filename*=UTF-8''a" + "%CC%A3%CC%81" * 600 + ".xlsx",
        f'Content-Disposition: attachment; filename="{"=?a?q?" * 1_300}"',
        f"Subject: {'=?a?q?' * 10_000}",
        f"From: {'(' * 60_000}",
        f"From: {'a@b,' * 15_000}",
    ],
    ids=lambda line: line[:60],
)
def test_headers_that_take_the_square_of_their_length_are_read_in_part(line):
    before = time.process_time()
    read(f"From: a@x.example\r\n{line}\r\n\r\n".encode() + PK)
    assert time.process_time() - before < 0.5


def test_the_senders_charset_is_not_asked_about_a_body():
    body = b"\r\n\r\n" + b"a\xc3\xa9" * 500_000 + b"-" + b"zz9" * 1_000_000
    for kind in (b"text/plain; charset=punycode", b"application/x; name=b.xlsx; charset=punycode"):
        assert read_soon(FROM + b"Content-Type: " + kind + body).is_readable
        assert read_soon(b"Return-Path: <>\r\n" + FROM + b"Content-Type: " + kind + body).machine == "bounce"


def test_a_full_mail_as_programs_make_it_is_read():
    workbook = PK + b"\x00" * 10_000_000
    part = b"--B\r\nContent-Type: application/x; name=b.xlsx\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    mail = read(FROM + MULTIPART + part + base64.encodebytes(workbook).replace(b"\n", b"\r\n") + b"\r\n--B--\r\n")
    assert mail.is_readable
    assert [len(file.data) for file in mail.files] == [len(workbook)]


def test_a_workbook_in_a_mail_that_was_forwarded_encoded_is_still_found():
    inner = FROM.replace(b"<1@", b"<2@") + b"Content-Type: application/x; name=b.xlsx\r\n\r\n" + PK
    assert [file.data for file in read(encoded(inner)).files] == [PK]
