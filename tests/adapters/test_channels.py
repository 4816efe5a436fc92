"""The ways out, each against a real server on loopback."""

from __future__ import annotations

import json
import mailbox
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import compat32, default
from email.utils import parseaddr
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from aiosmtpd import smtp
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from hypothesis import given, settings
from hypothesis import strategies as st

from dinhky.channels.chat import ChatChannel
from dinhky.channels.email import MaildirChannel, compose
from dinhky.channels.imap import ImapSettings
from dinhky.channels.smtp import SmtpChannel, SmtpSettings
from dinhky.domain.errors import (
    AccessRefused,
    DeliveryError,
    PermanentDeliveryError,
    ServerUnavailable,
    TemporaryDeliveryError,
    UncertainDelivery,
)
from dinhky.file_store import FileStore
from dinhky.rounds.kept_messages import Attachment, Message, QueuedMessage
from dinhky.wording import TemplateWords

NOW = datetime.fromisoformat("2026-03-12T09:00+07:00")
WORDS = TemplateWords(Path(__file__).parents[2] / "include" / "templates" / "messages")
SENDER = Address("Định Kỳ", addr_spec="dinhky@phucloi.example")
SECRET = "correct horse"
SUBJECT = "[Định Kỳ] Còn 1 ngày làm việc để nộp số liệu quý I/2026 của Văn phòng HĐND và UBND phường Phúc Lợi"
VIETNAMESE_WORDS = f"{SUBJECT} Báo cáo công tác thông tin, tuyên truyền – “hàng quý” (a, b) Sở Nội vụ TP.".split()
BODY = "Kính gửi: bà Lan,\n\nTệp đã đến.\n.\nMột dòng chỉ có dấu chấm ở trên.\n"


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files")


def queued(key: str = "k", **changes) -> QueuedMessage:
    message = Message(key, "test", "email", "lan@x.example", "Đỗ Thị Ngọc Lan", SUBJECT, BODY, NOW)
    return QueuedMessage(1, replace(message, **changes), f"<{key}@dinhky.invalid>", 1)


@dataclass
class Postbox:
    """What a mail server that does as told has taken. `answers` maps a command to what the server says to it."""

    answers: dict[str, str] = field(default_factory=dict)
    letters: list[Envelope] = field(default_factory=list)
    sessions: set[int] = field(default_factory=set)
    hangs_up_on: str = ""

    async def answer(self, command: str, server: smtp.SMTP) -> str | None:
        if self.hangs_up_on == command:
            server.transport.abort()
        return self.answers.get(command)

    async def handle_MAIL(  # noqa: N802
        self, server: smtp.SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.sessions.add(id(session))
        envelope.mail_from = address
        return await self.answer("MAIL", server) or "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: smtp.SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return await self.answer("RCPT", server) or "250 OK"

    async def handle_DATA(self, server: smtp.SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        said = await self.answer("DATA", server)
        if not said:
            self.letters.append(envelope)
        return said or "250 OK"

    def read(self, number: int = -1) -> EmailMessage:
        return message_from_bytes(self.letters[number].content, policy=default)


class Server(Controller):
    """On a free port. Says nothing of 8BITMIME or SMTPUTF8, as an old server would."""

    def factory(self) -> smtp.SMTP:
        return smtp.SMTP(
            self.handler,
            hostname="loopback",
            ident="test",
            timeout=5,
            auth_require_tls=False,
            authenticator=lambda _server, _session, _envelope, _mechanism, given: AuthResult(
                success=isinstance(given, LoginPassword) and given.password == SECRET.encode(), handled=False
            ),
        )

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def postbox() -> Postbox:
    return Postbox()


@pytest.fixture
def port(postbox: Postbox) -> Iterator[int]:
    server = Server(postbox, hostname="127.0.0.1", port=0)
    server.start()
    yield server.port
    server.stop()


@pytest.fixture
def channel(port: int) -> Iterator[SmtpChannel]:
    made = SmtpChannel(SmtpSettings("127.0.0.1", port), SENDER)
    yield made
    made.close()


def test_a_message_that_the_server_takes_arrives_as_it_was_written(channel, postbox, files):
    attachment = Attachment("Biểu số liệu quý I – Điểm phục vụ hành chính công phường.xlsx", files.put(b"PK\x03\x04"))
    assert channel.send(queued(attachments=(attachment,)), files, NOW).startswith("250")
    letter = postbox.read()
    assert letter["Subject"] == SUBJECT
    assert letter["To"].addresses == (Address("Đỗ Thị Ngọc Lan", addr_spec="lan@x.example"),)
    assert letter["From"].addresses == (SENDER,)
    assert letter["Date"].datetime == NOW
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter.get_body().get_content().replace("\r\n", "\n") == BODY
    (part,) = letter.iter_attachments()
    assert (part.get_filename(), part.get_content()) == (attachment.name, b"PK\x03\x04")
    assert (postbox.letters[0].mail_from, postbox.letters[0].rcpt_tos) == ("dinhky@phucloi.example", ["lan@x.example"])


@settings(deadline=None)
@given(
    subject=st.lists(st.sampled_from(VIETNAMESE_WORDS), min_size=1, max_size=40).map(" ".join),
    name=st.lists(st.sampled_from(VIETNAMESE_WORDS), min_size=1, max_size=15).map(" ".join),
)
def test_no_space_is_lost_between_the_words_of_a_subject_or_a_name(subject, name):
    data = compose(queued(subject=subject, recipient=name), None, SENDER, NOW).as_bytes()
    raw = message_from_bytes(data, policy=compat32)  # the newer policy's own parser adds a space in long names
    assert str(make_header(decode_header(raw["Subject"]))) == subject
    shown, address = parseaddr(str(make_header(decode_header(raw["To"]))).replace(name, "X"))
    assert (shown, address) == ("X", "lan@x.example")
    head = data.split(b"\r\n\r\n")[0]
    assert head.isascii()
    assert max(len(line) for line in head.split(b"\r\n")) < 150


@pytest.mark.parametrize("body", [BODY, "Chào.\n", "a" * 5000 + "ữ" * 5000])
def test_a_server_that_takes_seven_bits_only_gets_seven_bits(channel, postbox, files, body):
    channel.send(queued(body=body), files, NOW)
    assert postbox.letters[0].content.isascii()
    assert max(len(line) for line in postbox.letters[0].content.splitlines()) < 998
    assert postbox.read().get_content().replace("\r\n", "\n").strip() == body.strip()


@pytest.mark.parametrize(
    "name",
    [
        "thư gốc.eml",
        "trang.html",
        "số liệu.csv",
        "không đuôi",
        "a.xlsx.zip",
        "Báo cáo – “quý I”; (bản 2).docx",
        "x" * 200,
    ],
)
def test_an_attachment_of_any_name_and_kind_arrives_byte_for_byte(channel, postbox, files, name):
    data = bytes(range(256)) + b"\r\nFrom x\n.\n"
    channel.send(queued(attachments=(Attachment(name, files.put(data)),)), files, NOW)
    (part,) = postbox.read().iter_attachments()
    assert (part.get_filename(), part.get_payload(decode=True)) == (name, data)


@pytest.mark.parametrize(
    ("command", "said", "error"),
    [
        ("MAIL", "451 later", ServerUnavailable),
        ("RCPT", "450 mailbox busy", TemporaryDeliveryError),
        ("RCPT", "552 mailbox full", TemporaryDeliveryError),
        ("DATA", "452 no space", TemporaryDeliveryError),
        ("MAIL", "550 who are you", AccessRefused),
        ("RCPT", "550 no such user", PermanentDeliveryError),
        ("DATA", "552 too large", PermanentDeliveryError),
        ("DATA", "554 spam", PermanentDeliveryError),
    ],
)
def test_what_a_server_refuses_is_worth_another_try_or_not_as_its_code_says(
    channel, postbox, files, command, said, error
):
    postbox.answers[command] = said
    with pytest.raises(error) as refused:
        channel.send(queued(), files, NOW)
    assert (type(refused.value), refused.value.params) == (error, {"code": int(said[:3]), "reason": said[4:]})
    postbox.answers.clear()
    channel.send(queued(), files, NOW)  # a refused message spoils no later one
    assert len(postbox.letters) == 1


def test_a_server_that_falls_silent_after_the_text_may_have_taken_the_message(channel, postbox, files):
    postbox.hangs_up_on = "DATA"
    with pytest.raises(UncertainDelivery, match="smtp_silent_after_text"):
        channel.send(queued(), files, NOW)
    postbox.hangs_up_on = ""
    assert channel.send(queued("next"), files, NOW).startswith("250"), "on a new connection"


@pytest.mark.parametrize("command", ["MAIL", "RCPT"])
def test_a_server_that_hangs_up_in_mid_dialogue_is_tried_again_on_a_new_connection(channel, postbox, files, command):
    postbox.hangs_up_on = command
    with pytest.raises(TemporaryDeliveryError) as dropped:
        channel.send(queued(), files, NOW)
    assert dropped.value.code == "smtp_unreachable"
    postbox.hangs_up_on = ""
    postbox.answers.clear()
    assert channel.send(queued(), files, NOW).startswith("250")
    assert len(postbox.letters) == 1


def test_a_server_that_is_not_there_is_tried_again_later(files):
    closed = SmtpChannel(SmtpSettings("127.0.0.1", 1), SENDER)
    with pytest.raises(TemporaryDeliveryError, match="smtp_unreachable"):
        closed.send(queued(), files, NOW)


def test_one_connection_serves_a_batch(channel, postbox, files):
    for number in range(5):
        channel.send(queued(str(number)), files, NOW)
    assert (len(postbox.letters), len(postbox.sessions)) == (5, 1)


def test_every_attempt_carries_the_same_message_id(channel, postbox, files):
    postbox.answers["DATA"] = "451 later"
    with pytest.raises(TemporaryDeliveryError):
        channel.send(queued("same"), files, NOW)
    postbox.answers.clear()
    for _ in range(2):
        channel.send(queued("same"), files, NOW)
    assert {postbox.read(number)["Message-ID"] for number in range(2)} == {"<same@dinhky.invalid>"}


INJECTED = "x\r\nBcc: thief@evil.example"


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": INJECTED},
        {"subject": "x\nBcc: thief@evil.example"},
        {"recipient": INJECTED},
        {"address": "lan@x.example\r\nBcc: thief@evil.example"},
        {"address": "lan@x.example, thief@evil.example"},
        {"address": "no address"},
        {"address": ""},
        {"body": "\udce1"},
    ],
    ids=lambda changes: f"{next(iter(changes))}={next(iter(changes.values()))[:20]!r}",
)
def test_a_line_break_or_a_bad_address_fails_its_message_and_adds_no_header_and_no_recipient(
    channel, postbox, files, changes
):
    with pytest.raises(PermanentDeliveryError) as refused:
        channel.send(queued(**changes), files, NOW)
    assert refused.value.code == "message_not_composed"
    assert postbox.letters == []


def test_a_line_break_in_an_attachments_name_fails_its_message(files):
    attachment = Attachment("a.xlsx\r\nBcc: thief@evil.example", files.put(b"x"))
    with pytest.raises(PermanentDeliveryError, match="message_not_composed"):
        compose(queued(attachments=(attachment,)), files, SENDER, NOW)


@pytest.mark.parametrize("fate", ["lost", "damaged"])
def test_a_message_whose_attachment_is_gone_fails_for_good(files, fate):
    attachment = Attachment("Báo cáo.docx", files.put(b"good"))
    path = files.path(attachment.sha256)
    path.chmod(0o640)
    path.unlink() if fate == "lost" else path.write_bytes(b"bad!")
    with pytest.raises(PermanentDeliveryError, match="attachment_gone"):
        compose(queued(attachments=(attachment,)), files, SENDER, NOW)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", ("mail.example", 25, "none", None, None)),
        ("smtp://mail.example:2525", ("mail.example", 2525, "none", None, None)),
        ("smtp://mail.example?security=starttls", ("mail.example", 587, "starttls", None, None)),
        ("smtps://lan:a%2Fb%20c@mail.example", ("mail.example", 465, "tls", "lan", "a/b c")),
        ("smtp://lan%40x.example:p@127.0.0.1:587", ("127.0.0.1", 587, "none", "lan@x.example", "p")),
    ],
)
def test_an_smtp_address_says_where_and_how(url, expected):
    found = SmtpSettings.from_url(url)
    assert (found.host, found.port, found.security, found.user, found.password) == expected


@pytest.mark.parametrize(
    "url",
    [
        "mail.example",
        "http://mail.example",
        "smtp://",
        "smtp://lan:hunter2@mail.example?security=maybe",
        "smtp://lan:hun/ter2@mail.example:587",
        "smtp://lan:hunter2@mail.example:port",
        "smtp://lan:hunter2\u2100@mail.example",
        "smtp://lan:hunter2@[mail.example",
    ],
)
def test_a_wrong_smtp_address_is_refused_without_a_word_of_it_in_the_error(url):
    with pytest.raises(ValueError, match="SMTP address") as refused:
        SmtpSettings.from_url(url)
    chain = [refused.value]
    while chain[-1].__cause__ or (chain[-1].__context__ and not chain[-1].__suppress_context__):
        chain.append(chain[-1].__cause__ or chain[-1].__context__)
    said = " ".join(repr(error) for error in chain)
    assert not any(part in said for part in ("hun", "ter2", "lan:"))


def test_a_login_that_is_taken_sends_and_one_that_is_refused_names_no_password(port, postbox, files):
    good = SmtpChannel(SmtpSettings("127.0.0.1", port, user="lan", password=SECRET), SENDER)
    assert good.send(queued(), files, NOW).startswith("250")
    good.close()
    wrong = SmtpSettings("127.0.0.1", port, user="lan", password="hunter2")
    channel = SmtpChannel(wrong, SENDER)
    with pytest.raises(TemporaryDeliveryError) as refused:
        channel.send(queued(), files, NOW)
    assert refused.value.code == "smtp_login_refused"
    for shown in (repr(refused.value), str(refused.value), repr(wrong), str(wrong), repr(channel)):
        assert "hunter2" not in shown
    assert refused.value.__suppress_context__
    assert len(postbox.letters) == 1


def test_without_a_server_mail_lies_in_one_maildir_a_recipient(tmp_path, files):
    channel = MaildirChannel(tmp_path / "mail", SENDER)
    for address in ("lan@x.example", "lan@x.example", "hung@x.example"):
        assert channel.send(queued(address=address), files, NOW).startswith(f"maildir:{address}/")
    boxes = {folder.name: len(mailbox.Maildir(folder)) for folder in (tmp_path / "mail").iterdir()}
    assert boxes == {"lan@x.example": 2, "hung@x.example": 1}
    (letter,) = mailbox.Maildir(tmp_path / "mail" / "hung@x.example", factory=None)
    assert message_from_bytes(letter.as_bytes(), policy=default)["Subject"] == SUBJECT


@dataclass
class ChatServer:
    """An HTTP server that notes what is posted to it and answers with `status`."""

    port: int
    posted: list[dict]
    status: list[int]


@pytest.fixture
def chat_server() -> Iterator[ChatServer]:
    posted: list[dict] = []
    status = [200]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status[0])
            self.end_headers()

        def log_message(self, *_) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield ChatServer(server.server_port, posted, status)
    server.shutdown()
    thread.join()
    server.server_close()


def to_chat(variable: str = "DINHKY_CHAT_VP") -> QueuedMessage:
    return queued(channel="chat", address=variable)


def test_a_chat_message_is_its_subject_and_its_text_as_they_are(chat_server, files):
    channel = ChatChannel({"DINHKY_CHAT_VP": f"json://127.0.0.1:{chat_server.port}/room"}, WORDS)
    assert channel.send(to_chat(), files, NOW) == "apprise"
    (posted,) = chat_server.posted
    assert posted["message"].split() == f"{SUBJECT}\n\n{BODY}".split()


def test_a_text_longer_than_one_reads_on_a_phone_goes_in_its_short_form(chat_server, files):
    body = "".join(f"{number}. Trang tính “Tin bài”, ô E{number}: cần đường dẫn.\n" for number in range(1500))
    channel = ChatChannel({"DINHKY_CHAT_VP": f"json://127.0.0.1:{chat_server.port}/room"}, WORDS)
    channel.send(replace(to_chat(), message=replace(to_chat().message, body=body)), files, NOW)
    (posted,) = chat_server.posted
    assert len(posted["message"]) <= 2000
    assert posted["message"].startswith(f"{SUBJECT}\n\n0. Trang tính")
    assert posted["message"].endswith("toàn văn đã gửi trong thư điện tử.")


def test_a_chat_that_does_not_take_a_message_is_tried_again(chat_server, files):
    chat_server.status[0] = 500
    channel = ChatChannel({"DINHKY_CHAT_VP": f"json://lan:hunter2@127.0.0.1:{chat_server.port}/room"}, WORDS)
    with pytest.raises(TemporaryDeliveryError) as refused:
        channel.send(to_chat(), files, NOW)
    assert refused.value.params == {"variable": "DINHKY_CHAT_VP"}


@pytest.mark.parametrize("secrets", [{}, {"DINHKY_CHAT_VP": ""}, {"DINHKY_CHAT_VP": "nonsense://hunter2@x"}])
def test_a_chat_without_a_usable_address_fails_for_good_and_shows_no_secret(files, secrets, caplog):
    channel = ChatChannel(secrets, WORDS)
    with pytest.raises(PermanentDeliveryError) as refused:
        channel.send(to_chat(), files, NOW)
    assert "hunter2" not in f"{refused.value!r} {channel!r} {caplog.text}"


def test_every_delivery_error_says_whether_to_try_again():
    assert {kind.__name__ for kind in DeliveryError.__subclasses__()} == {
        "TemporaryDeliveryError",
        "PermanentDeliveryError",
        "UncertainDelivery",
    }


def test_a_password_is_not_sent_over_the_network_in_clear():
    with pytest.raises(ValueError, match="starttls") as refused:
        SmtpSettings.from_url("smtp://lan:hunter2@mail.example:587")
    assert "hunter2" not in str(refused.value)


# Answers


def test_an_answer_stands_beside_the_mail_it_answers_and_says_what_became_of_it(channel, postbox, files):
    channel.send(queued(in_reply_to="<1@phucloi.example>"), files, NOW)
    letter = postbox.read()
    assert letter["In-Reply-To"] == letter["References"] == "<1@phucloi.example>"
    assert letter["Subject"] == f"Re: {SUBJECT}"


@pytest.mark.parametrize("length", [30, 80, 240])
def test_a_long_message_id_is_given_back_letter_by_letter(files, length):
    answered = f"<{'a' * length}@mail.phucloi.example>"
    head = compose(queued(in_reply_to=answered), files, SENDER, NOW).as_bytes().split(b"\r\n\r\n")[0].decode()
    assert f"\r\nIn-Reply-To: {answered}\r\n" in head
    assert f"\r\nReferences: {answered}\r\n" in head


@pytest.mark.parametrize(("answered", "says"), [("<1@phucloi.example>", "auto-replied"), (None, "auto-generated")])
def test_every_mail_says_that_a_machine_wrote_it_and_wants_no_machines_answer(files, answered, says):
    email = compose(queued(in_reply_to=answered), files, SENDER, NOW)
    assert email["Auto-Submitted"] == says
    assert (email["X-Auto-Response-Suppress"], email["X-Loop"]) == ("OOF, AutoReply", SENDER.addr_spec)


def test_answers_to_our_mail_go_where_they_are_read(port, postbox, files):
    with_mailbox = SmtpChannel(SmtpSettings("127.0.0.1", port), SENDER, Address(addr_spec="nhantep@phucloi.example"))
    with_mailbox.send(queued(), files, NOW)
    with_mailbox.close()
    assert postbox.read()["Reply-To"] == "nhantep@phucloi.example"
    assert compose(queued(), files, SENDER, NOW)["Reply-To"] is None


def test_a_line_break_in_what_is_answered_to_adds_no_header(files):
    with pytest.raises(PermanentDeliveryError, match="message_not_composed"):
        compose(queued(in_reply_to="<a@x>\r\nBcc: thief@evil.example"), files, SENDER, NOW)


# The intake mailbox's address


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("imaps://lan:p@mail.example", ("mail.example", 993, "tls", "lan", "p", "INBOX", None, None)),
        ("imaps://lan:p@mail.example:1993/INBOX", ("mail.example", 1993, "tls", "lan", "p", "INBOX", None, None)),
        (
            "imap://lan%40x.example:a%2Fb@mail.example/Nop%20bao%20cao?security=starttls&authserv=mx.x.example&ca=a.pem",
            ("mail.example", 143, "starttls", "lan@x.example", "a/b", "Nop bao cao", "mx.x.example", "a.pem"),
        ),
        ("imap://lan:p@127.0.0.1:1143", ("127.0.0.1", 1143, "none", "lan", "p", "INBOX", None, None)),
    ],
)
def test_an_imap_address_says_where_and_how(url, expected):
    found = ImapSettings.from_url(url)
    assert (found.host, found.port, found.security, found.user, found.password) == expected[:5]
    assert (found.folder, found.authserv, found.ca) == expected[5:]
    assert "password" not in repr(found)


@pytest.mark.parametrize(
    "url",
    [
        "mail.example",
        "smtp://lan:hunter2@mail.example",
        "imaps://mail.example",
        "imaps://lan@mail.example",
        "imap://lan:hunter2@mail.example",
        "imap://lan:hunter2@mail.example?security=maybe",
        "imaps://lan:hun/ter2@mail.example:993",
        "imaps://lan:hunter2@mail.example:port",
        "imaps://lan:hunter2@mail.example/H%E1%BB%99p",
    ],
)
def test_a_wrong_imap_address_is_refused_without_a_word_of_it_in_the_error(url):
    with pytest.raises(ValueError, match=r"IMAP address|password is not sent") as refused:
        ImapSettings.from_url(url)
    assert not any(part in repr(refused.value) for part in ("hun", "ter2", "lan:"))
    assert refused.value.__cause__ is None
