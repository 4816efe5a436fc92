"""The email route through a real IMAP server: Dovecot, over TLS; and a reader that is killed at random moments."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import socket
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from urllib.parse import quote

import pytest
from a_dovecot import PASSWORD, USER, Dovecot, dovecot
from a_mailbox import Post, letter
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as Keeps

from dinhky import bootstrap
from dinhky.channels.imap import ImapMailbox, ImapSettings
from dinhky.cli import main
from dinhky.domain.errors import MailboxError
from dinhky.intake.mailbox import read_mailbox

pytestmark = pytest.mark.system

ROUND = "phuc-loi-2026/PL-5/2026-Q1"
NOW = "2026-03-12T09:00+07:00"
KILLS = 10
BACKLOG = 12
LONGEST_LIFE = 0.5
"""Seconds that a reader goes on after it has handled as many mails as it was meant to."""


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    if shutil.which("dovecot") is None:
        if os.environ.get("CI"):
            pytest.fail("CI needs Dovecot: apt-get install dovecot-imapd")
        pytest.skip("no Dovecot on this machine")
    with dovecot() as running:
        yield running


@pytest.fixture(autouse=True)
def empty(server: Dovecot) -> Iterator[None]:
    """Every test leaves the mailbox as it found it."""
    yield
    for file in server.maildir.rglob("*/[0-9]*"):
        file.unlink()


def url(server: Dovecot, *, tls: bool = False, password: str = PASSWORD, ca: bool = True) -> str:
    login = f"{quote(USER, '')}:{quote(password, '')}"
    way = f"imaps://{login}@127.0.0.1:{server.tls_port}?" if tls else f"imap://{login}@localhost:{server.port}?"
    return way + ("" if tls else "security=starttls&") + (f"ca={server.ca}" if ca else "")


def opened(server: Dovecot, **how: bool) -> ImapMailbox:
    return ImapMailbox(ImapSettings.from_url(url(server, **how)))


@pytest.fixture
def settings(server: Dovecot, commune, monkeypatch) -> bootstrap.Settings:
    """Of a service that reads this mailbox, on the morning of 12 March; also what this process's environment says."""
    environment = {
        "DINHKY_HOME": str(commune.home),
        "DINHKY_IMAP": url(server),
        "DINHKY_SENDER": "dinhky@phucloi.example",
        "DINHKY_REPLY_TO": USER,
        "DINHKY_SECRET": commune.secret,
        "DINHKY_CLOCK": NOW,
        "DINHKY_CLOCK_STARTED": (datetime.now(UTC) - timedelta(seconds=5)).isoformat(),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return bootstrap.settings()


class Letters(Keeps):
    """A mail server that keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[bytes] = []

    def prepare_message(self, session, envelope):
        self.kept.append(envelope.content)
        return super().prepare_message(session, envelope)

    def handle_message(self, message) -> None:
        pass


@pytest.fixture
def outgoing(settings, monkeypatch) -> Iterator[Letters]:
    letters = Letters()
    controller = Controller(letters, hostname="127.0.0.1", port=0, ready_timeout=20)
    controller.port = _free_port()
    controller.start()
    monkeypatch.setenv("DINHKY_SMTP", f"smtp://127.0.0.1:{controller.port}")
    yield letters
    controller.stop()


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def test_a_workbook_goes_the_whole_way_from_a_mail_to_the_answer_in_its_thread(server, commune, outgoing, capsys):
    server.deliver(letter("Lê Quốc Hưng <vanphong@phucloi.example>", ("biểu.xlsx", commune.sample["vp"][-1].data)))
    assert main(["mailbox"]) == 0
    assert "vanphong@phucloi.example “Nộp báo cáo quý I”: đã nhận tệp" in capsys.readouterr().out
    with commune.office.ledger.snapshot() as ledger:
        [submission] = ledger.submissions(ROUND)
    assert (submission.unit, submission.route, submission.state, submission.late) == ("vp", "email", "accepted", False)
    assert (len(server.mails()), len(server.mails(".Dinhky.Done"))) == (0, 1)
    assert main(["outbox", "flush"]) == 0
    [answer] = [
        mail for data in outgoing.kept if (mail := message_from_bytes(data, policy=default))["In-Reply-To"] is not None
    ]
    assert answer["In-Reply-To"] == answer["References"] == "<1@phucloi.example>"
    assert answer["Subject"].startswith("Re: [Định Kỳ] Đã nhận")
    assert (answer["Reply-To"], answer["Auto-Submitted"]) == (USER, "auto-replied")
    assert main(["mailbox"]) == 0, "an empty mailbox is no trouble"


def test_our_own_answer_come_back_is_known_for_our_own(server, commune, outgoing):
    server.deliver(letter("vanphong@phucloi.example", ("biểu.xlsx", commune.sample["vp"][-1].data)))
    main(["mailbox"])
    main(["outbox", "flush"])
    sent = len(outgoing.kept)
    assert sent > 0
    for data in outgoing.kept:
        server.deliver(data)
    assert main(["mailbox"]) == 0
    assert main(["outbox", "flush"]) == 0
    assert (len(outgoing.kept), len(server.mails(".Dinhky.Ignored"))) == (sent, sent)


@pytest.mark.parametrize("tls", [True, False], ids=["TLS", "STARTTLS"])
def test_a_server_is_believed_only_with_a_certificate_that_is_checked(server, tls):
    with opened(server, tls=tls) as mailbox:
        assert list(mailbox.waiting()) == []
    with pytest.raises(MailboxError) as refused, opened(server, tls=tls, ca=False):
        pass
    assert refused.value.params == {"reason": "SSLCertVerificationError"}


def test_a_login_that_is_refused_names_no_password(server):
    with pytest.raises(MailboxError) as refused, ImapMailbox(ImapSettings.from_url(url(server, password="hunter2"))):
        pass
    assert refused.value.code == "imap_login_refused"
    assert refused.value.__cause__ is None
    assert "hunter2" not in repr(refused.value)


def test_a_server_that_is_not_there_is_an_error_of_the_mailbox():
    with pytest.raises(MailboxError) as refused, ImapMailbox(ImapSettings.from_url("imap://a:b@127.0.0.1:1")):
        pass
    assert (refused.value.code, refused.value.params) == ("imap_unreachable", {"reason": "ConnectionRefusedError"})


@pytest.mark.parametrize("lacks", [(), ("MOVE",), ("MOVE", "UIDPLUS")], ids=["moves", "copies", "copies and marks"])
def test_a_handled_mail_leaves_the_folder_whatever_the_server_can_do(server, lacks):
    for number in range(3):
        server.deliver(letter("a@x.example", message_id=f"<{number}@x.example>"))
    with opened(server) as mailbox:
        mailbox._server.capabilities = tuple(one for one in mailbox._server.capabilities if one not in lacks)
        first, second, third = mailbox.waiting()
        assert b"<1@x.example>" in (mailbox.read(second.uid) or b"")
        mailbox.file_away(second.uid, "Refused")
        assert [one.uid for one in mailbox.waiting()] == [first.uid, third.uid]
        mailbox.file_away(second.uid, "Refused")
    with opened(server) as mailbox:
        assert len(list(mailbox.waiting())) == 2
    assert {b"<1@x.example>" in mail for mail in server.mails(".Dinhky.Refused")} == {True}


def test_a_mail_that_is_gone_is_nobodys_trouble(server):
    server.deliver(letter("a@x.example"))
    with opened(server) as mailbox:
        [waiting] = mailbox.waiting()
        mailbox.file_away(waiting.uid, "Done")
        assert (mailbox.read(waiting.uid), mailbox.read_head(waiting.uid)) == (None, None)
        mailbox.file_away(waiting.uid, "Done")
    assert len(server.mails(".Dinhky.Done")) == 1


def test_a_mail_is_told_with_its_size_and_moment_and_stays_unread(server):
    mail = letter("a@x.example", ("b.xlsx", b"PK\x03\x04" * 1000))
    before = datetime.now(UTC) - timedelta(seconds=2)
    server.deliver(mail)
    with opened(server) as mailbox:
        [waiting] = mailbox.waiting()
        data, head = mailbox.read(waiting.uid), mailbox.read_head(waiting.uid)
    assert data is not None
    assert head is not None
    assert (waiting.size, head) == (len(data), data.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
    assert before <= waiting.arrived <= datetime.now(UTC)
    assert not [file.name for file in (server.maildir / "cur").glob("*") if "S" in file.name.rpartition(",")[2]]


def test_folders_are_found_where_the_server_has_its_own_way_of_naming_them():
    with dovecot(separator=".", prefix="INBOX.") as other:
        other.deliver(letter("a@x.example"))
        with opened(other) as mailbox:
            [waiting] = mailbox.waiting()
            mailbox.file_away(waiting.uid, "Done")
        assert len(other.mails(".Dinhky.Done")) == 1


# Killed at random moments


def mail_number(sample: dict, number: int) -> bytes:
    """The units' files again and again, right and wrong ones and one of no kind, each time in another mail."""
    addresses = {"vp": "vanphong"}
    files = [(unit, sending.data) for unit, sendings in sample.items() for sending in sendings] + [
        ("vhxh", b"%PDF-1.7")
    ]
    unit, data = files[number % len(files)]
    sender = f"{addresses.get(unit, unit)}@phucloi.example"
    return letter(sender, ("b.xlsx", data), message_id=f"<{number}@x.example>").as_bytes()


def read_until_empty(settings: bootstrap.Settings, number: int) -> None:
    office = replace(bootstrap.office(settings), lease=timedelta(seconds=0))
    while True:
        mailbox, reader = bootstrap.intake_mailbox(settings, f"reader {number}")
        with mailbox:
            if not list(mailbox.waiting()):
                return
            read_mailbox(office, mailbox, reader)


def numbered(office) -> list[tuple[str, int, str, str]]:
    with office.ledger.snapshot() as ledger:
        return sorted((one.unit, one.number, one.sha256, one.state) for one in ledger.submissions(ROUND))


def test_a_reader_that_is_killed_again_and_again_receives_and_answers_every_mail_once(
    server, commune, another_commune, settings
):
    dice, mails, left, processes = random.Random(4), [], [], multiprocessing.get_context("fork")
    assert settings.clock.now() < bootstrap.office(settings).rounds[ROUND].locks, "and every fork knows the rounds"
    while len(left) < KILLS:
        while len(server.mails()) < BACKLOG:
            mails.append(mail_number(commune.sample, len(mails)))
            server.deliver(mails[-1])
        before, handles = len(server.mails()), dice.randint(0, 2)
        reader = processes.Process(target=read_until_empty, args=(settings, len(left)))
        reader.start()
        while handles and reader.is_alive() and len(server.mails()) > before - handles:
            time.sleep(0.002)
        reader.join(dice.uniform(0, LONGEST_LIFE))
        if reader.is_alive():
            reader.kill()
            reader.join()
            left.append(len(server.mails()))
    read_until_empty(settings, KILLS)
    assert sum(BACKLOG - one for one in left) >= KILLS / 2, "killed in the midst of the work"
    assert (len(server.mails()), len(server.mails(".Dinhky.Done"))) == (0, len(mails))
    with commune.office.ledger.snapshot() as ledger:
        answers = Counter(row["in_reply_to"] for row in ledger.messages() if row["in_reply_to"])
    assert answers == {f"<{one}@x.example>": 1 for one in range(len(mails))}
    undisturbed = Post(another_commune())
    for mail in mails:
        undisturbed.box.add(mail, datetime.fromisoformat(NOW))
    undisturbed.read(datetime.fromisoformat(NOW))
    assert numbered(commune.office) == numbered(undisturbed.commune.office)
