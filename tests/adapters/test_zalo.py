"""Messages to Zalo chats, through apprise, against a server that answers as Zalo does."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from apprise.plugins.zalo import NotifyZalo
from fake_zalo import LONGEST_TEXT, TOKEN, FakeZalo, Reply, fake_zalo, refusal
from hypothesis import example, given
from hypothesis import strategies as st

from dinhky.channels.chat import LONGEST_TEXT as OUR_LIMIT
from dinhky.channels.chat import REST_AFTER_REFUSAL, SECONDS_BETWEEN, ChatChannel
from dinhky.channels.pace import Pace
from dinhky.channels.short_form import length, short_form
from dinhky.channels.zalo import ZaloRoom
from dinhky.channels.zalo_bot import ZaloBot
from dinhky.domain.errors import (
    AccessRefused,
    ChatEnded,
    DeliveryError,
    PermanentDeliveryError,
    ServerUnavailable,
    TemporaryDeliveryError,
    UncertainDelivery,
)
from dinhky.rounds.kept_messages import Attachment, Message, QueuedMessage
from dinhky.wording import TemplateWords

NOW = datetime.fromisoformat("2026-03-12T09:00+07:00")
WORDS = TemplateWords(Path(__file__).parents[2] / "include" / "templates" / "messages")
LAN, HUNG = "e4ea2cd5189df1c3a88c", "6ede9afa66b88fe6d6a9"
SUBJECT = "[Định Kỳ] Còn 1 ngày làm việc để nộp số liệu quý I/2026"
BODY = (
    "Kính gửi: bà Lan,\n\nHạn nộp: *16/3/2026* (xem _biểu_ số 1 [tại đây](x) # và `mã`).\n\n- một\n1. hai\n> ba & <b>\n"
)


@pytest.fixture
def zalo() -> Iterator[FakeZalo]:
    with fake_zalo() as server:
        yield server


class Watch:
    """A clock that only a sleeper moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.seconds += seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def channel(zalo: FakeZalo, watch: Watch) -> ChatChannel:
    pace = Pace(SECONDS_BETWEEN, clock=lambda: watch.seconds, sleep=watch.sleep)
    return ChatChannel({}, WORDS, zalo_token=TOKEN, pace=pace)


def to(chat_id: str = LAN, subject: str = SUBJECT, body: str = BODY, **changes) -> QueuedMessage:
    message = Message("k", "test", "chat", f"zalo:{chat_id}", "Bà Lan", subject, body, NOW, **changes)
    return QueuedMessage(1, message, "<k@dinhky.invalid>", 1)


def test_a_message_arrives_as_plain_text_to_the_letter(channel, zalo):
    assert channel.send(to(), None, NOW) == "zalo z1"
    assert zalo.payloads == [{"chat_id": LAN, "text": f"{SUBJECT}\n\n{BODY.strip()}"}], "and no parse_mode"


# What an answer means

REFUSALS = [
    # answer, error, code
    (refusal(401, "Unauthorized"), AccessRefused, "chat_token_refused"),
    (refusal(401, "Unauthorized", status=401), AccessRefused, "chat_token_refused"),
    (Reply(401, b""), AccessRefused, "chat_token_refused"),
    (refusal(429, "Quota exceeded"), ServerUnavailable, "chat_over_limit"),
    (refusal(429, "Quota exceeded", status=429, Retry_After="30"), ServerUnavailable, "chat_over_limit"),
    (refusal(403, "Forbidden: bot was blocked by the user"), ChatEnded, "chat_blocked"),
    (refusal(403, "Forbidden", status=403), ChatEnded, "chat_blocked"),
    (refusal(403, "Internal server error"), TemporaryDeliveryError, "chat_refused"),
    (refusal(400, "Bad request: chat not found"), ChatEnded, "chat_gone"),
    (refusal(404, "User not found", status=404), ChatEnded, "chat_gone"),
    (refusal(400, "Bad request: text is empty"), PermanentDeliveryError, "chat_refused"),
    (refusal(404, "Not found"), TemporaryDeliveryError, "chat_refused"),
    (refusal(408, "Request timeout"), UncertainDelivery, "chat_silent"),
    (Reply(504, b"<html>Gateway Time-out</html>"), UncertainDelivery, "chat_silent"),
    (Reply(500, b"oops"), TemporaryDeliveryError, "chat_refused"),
    (Reply(502, b"<html>Bad Gateway</html>"), TemporaryDeliveryError, "chat_refused"),
    (Reply(503, {"ok": False}), TemporaryDeliveryError, "chat_refused"),
    (Reply(302, b"", {"Location": "http://127.0.0.1:1/elsewhere"}), TemporaryDeliveryError, "chat_refused"),
    (Reply(200, {"ok": False}), TemporaryDeliveryError, "chat_refused"),
    (Reply(200, {"error": -216, "message": "Access token is invalid"}), TemporaryDeliveryError, "chat_refused"),
    (Reply(200, {"error": "-32", "message": "Rate limit"}), TemporaryDeliveryError, "chat_refused"),
    (Reply(200, b"<html>Welcome to the hotel</html>"), UncertainDelivery, "chat_answer_unreadable"),
    (Reply(200, b'{"ok": tr'), UncertainDelivery, "chat_answer_unreadable"),
    (Reply(200, []), UncertainDelivery, "chat_answer_unreadable"),
    (Reply(200, {}), UncertainDelivery, "chat_answer_unreadable"),
    (Reply(fault="drops"), UncertainDelivery, "chat_silent"),
    (Reply(fault="drops", after_taking=True), UncertainDelivery, "chat_silent"),
    (Reply(body={"ok": True}, fault="breaks off", after_taking=True), UncertainDelivery, "chat_silent"),
    (Reply(fault="silent", after_taking=True), UncertainDelivery, "chat_silent"),
]


@pytest.mark.parametrize(("reply", "error", "code"), REFUSALS, ids=lambda value: getattr(value, "__name__", str(value)))
def test_what_is_not_taken_is_worth_another_try_or_not_as_the_answer_says(
    channel, zalo, monkeypatch, reply, error, code
):
    monkeypatch.setattr(ZaloRoom, "socket_read_timeout", 0.2)
    zalo.replies.append(reply)
    with pytest.raises(DeliveryError) as failed:
        channel.send(to(), None, NOW)
    assert (type(failed.value), failed.value.code) == (error, code)
    assert WORDS.explain(failed.value), "and there is a sentence for the operator"


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (Reply(200, {"ok": True, "result": {"message_id": "82599fa32f56", "date": 1}}), "zalo 82599fa32f56"),
        (Reply(200, {"ok": True}), "zalo"),
        (Reply(200, {"ok": True, "error_code": 0, "result": []}), "zalo"),
        (Reply(200, {"error": 0, "message": "Success"}), "zalo"),
    ],
)  # fmt: skip
def test_what_is_taken_is_known_by_its_answer(channel, zalo, reply, answer):
    zalo.replies.append(reply)
    assert channel.send(to(), None, NOW) == answer


def test_a_server_that_is_not_there_has_taken_nothing(channel, monkeypatch):
    monkeypatch.setattr(NotifyZalo, "notify_url", "http://127.0.0.1:1/bot{token}/sendMessage")
    with pytest.raises(TemporaryDeliveryError, match="chat_unreachable"):
        channel.send(to(), None, NOW)


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("30", 30),
        ("0", REST_AFTER_REFUSAL),
        ("-5", REST_AFTER_REFUSAL),
        ("soon", REST_AFTER_REFUSAL),
        ("1e99", 86400),
        ("nan", REST_AFTER_REFUSAL),
        pytest.param(format_datetime(datetime.now(UTC) + timedelta(days=400)), 86400, id="a day far off"),
        (format_datetime(datetime(2020, 1, 1, tzinfo=UTC)), REST_AFTER_REFUSAL),
    ],
)
def test_a_bot_over_its_limit_rests_as_long_as_zalo_asks_and_asks_nothing_meanwhile(
    channel, zalo, watch, asked, seconds
):
    zalo.replies.append(refusal(429, "Quota exceeded", status=429, Retry_After=asked))
    with pytest.raises(TemporaryDeliveryError) as first:
        channel.send(to(), None, NOW)
    watch.seconds += 5
    with pytest.raises(TemporaryDeliveryError) as second:
        channel.send(to(HUNG), None, NOW)
    assert len(zalo.payloads) == 1, "Zalo was left alone"
    assert first.value.params["retry_after"] in {seconds, 0}
    assert second.value.params["retry_after"] == pytest.approx(seconds - 5)
    watch.seconds += seconds
    channel.send(to(HUNG), None, NOW)
    assert [chat for chat, _ in zalo.taken] == [HUNG]


def test_a_refused_token_is_not_tried_again_for_every_message_of_a_batch(channel, zalo):
    zalo.token = "1:another"
    for _ in range(3):
        with pytest.raises(TemporaryDeliveryError, match="chat_token_refused"):
            channel.send(to(), None, NOW)
    zalo.token = TOKEN
    assert zalo.taken == []


def test_of_two_recipients_one_who_has_blocked_the_bot_keeps_nothing_from_the_other(channel, zalo):
    zalo.blocked_by.add(LAN)
    with pytest.raises(ChatEnded):
        channel.send(to(LAN), None, NOW)
    channel.send(to(HUNG), None, NOW)
    assert [chat for chat, _ in zalo.taken] == [HUNG]


def test_messages_go_out_one_a_second_also_to_different_people(channel, watch):
    for chat in (LAN, HUNG, LAN):
        channel.send(to(chat), None, NOW)
    assert watch.slept == [SECONDS_BETWEEN, SECONDS_BETWEEN]


def test_a_zalo_chat_that_the_plan_names_by_a_variable_fares_alike(zalo, watch):
    channel = ChatChannel({"DINHKY_CHAT_VP": f"zalo://{TOKEN}/{LAN}"}, WORDS, pace=Pace(0))
    named = replace(to(), message=replace(to().message, address="DINHKY_CHAT_VP"))
    assert channel.send(named, None, NOW) == "zalo z1"
    zalo.blocked_by.add(LAN)
    with pytest.raises(ChatEnded):
        channel.send(named, None, NOW)


@pytest.mark.parametrize(
    ("url", "chat", "token"),
    [
        ("", LAN, None),
        ("", "a b,c", TOKEN),
        ("", "", TOKEN),
        ("", LAN, "no token"),
        (f"zalo://{TOKEN}", "", None),
        (f"zalo://{TOKEN}/{LAN}/{HUNG}", "", None),
        ("zalo://", "", None),
        ("zalo://hunter2hunter2/x", "", None),
    ],
)
def test_a_chat_that_cannot_be_addressed_fails_for_good_and_shows_no_secret(zalo, caplog, url, chat, token):
    caplog.set_level(logging.DEBUG)
    channel = ChatChannel({"DINHKY_CHAT_VP": url}, WORDS, zalo_token=token, pace=Pace(0))
    one = to(chat) if not url else replace(to(), message=replace(to().message, address="DINHKY_CHAT_VP"))
    with pytest.raises(PermanentDeliveryError) as failed:
        channel.send(one, None, NOW)
    shown = (
        "".join(traceback.format_exception(failed.value)) + caplog.text + WORDS.explain(failed.value) + repr(channel)
    )
    assert not any(secret in shown for secret in (TOKEN, "hunter2", LAN))
    assert zalo.taken == []


@pytest.mark.parametrize("reply", [None, *(reply for reply, _, _ in REFUSALS)], ids=str)
def test_the_token_and_the_chat_id_are_in_no_log_and_no_error(channel, zalo, monkeypatch, caplog, reply):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(ZaloRoom, "socket_read_timeout", 0.2)
    if reply:
        if isinstance(reply.body, dict):
            tell_tale = f"{reply.body.get('description', '')} {TOKEN} {LAN}"
            reply = replace(reply, body=reply.body | {"description": tell_tale})
        zalo.replies.append(reply)
    shown = ""
    try:
        channel.send(to(), None, NOW)
    except DeliveryError as error:
        shown = "".join(traceback.format_exception(error)) + WORDS.explain(error)
    assert "urllib3" in caplog.text, "the log that would show them was kept"
    assert not any(secret in shown + caplog.text for secret in (TOKEN, LAN, TOKEN.partition(":")[2]))


# The short form


def test_a_text_too_long_for_a_chat_is_cut_between_lines_and_says_where_the_rest_is(channel, zalo):
    lines = [f"{number}. Trang tính “Tin bài”, ô E{number}: cần đường dẫn đầy đủ." for number in range(1, 200)]
    link = "Trang riêng của đơn vị: https://portal.example/u/x.vhxh.0.PLACEHOLDER"
    channel.send(to(body="\n".join([*lines, "", link])), None, NOW)
    (text,) = zalo.texts_to(LAN)
    assert 0.9 * LONGEST_TEXT < length(text) <= LONGEST_TEXT
    shown = text.split("\n")
    assert shown[0] == SUBJECT
    assert shown[-1] == "Tin đã rút gọn; toàn văn đã gửi trong thư điện tử."
    assert link in shown
    kept = [line for line in shown if line[:1].isdigit()]
    assert kept == lines[: len(kept)] or kept[:-1] == lines[: len(kept) - 1]


def test_a_chat_carries_no_file_and_says_so(channel, zalo):
    channel.send(to(attachments=(Attachment("Biểu số liệu quý I.xlsx", "0" * 64),)), None, NOW)
    assert zalo.texts_to(LAN)[0].endswith(
        "\n\nTệp kèm theo (Biểu số liệu quý I.xlsx) đã gửi trong thư điện tử cùng nội dung."
    )


VIETNAMESE = st.text(
    st.sampled_from("aăâbcdđeêghiklmnoôơpqrstuưvxyàáảãạằắẳẵặầấẩẫậề ế.,:;\n\n-()😀🇻🇳1234567890"), max_size=3000
)
LINES = st.lists(
    st.one_of(
        st.text(st.sampled_from("đơn vị nộp số liệu 😀"), max_size=120),
        st.just("https://portal.example/u/phuc-loi-2026.vhxh.0.AAAA"),
        st.text("x", max_size=2500),
    ),
    max_size=60,
).map("\n".join)
REST = "Tin đã rút gọn; toàn văn đã gửi trong thư điện tử."


@given(subject=st.text(st.sampled_from("Định Kỳ quý I"), min_size=1, max_size=200), body=st.one_of(VIETNAMESE, LINES))
@example(subject="S", body="x" * 5000)
@example(subject="S", body="😀" * 1500)
@example(subject="S", body="\n".join(["https://portal.example/" + "x" * 1500] * 3))
def test_no_short_form_is_too_long_breaks_a_word_or_loses_its_order(subject, body):
    text = short_form(subject, body, limit=OUR_LIMIT, rest_elsewhere=REST)
    assert length(text) <= OUR_LIMIT
    whole = f"{subject}\n\n{body}"
    if length(whole) <= OUR_LIMIT - 2 or REST not in text:
        assert text.split() == short_form(subject, body, limit=10**9, rest_elsewhere="").split() == norm(whole).split()
    else:
        before, _, after = text.partition("…")
        words = iter(norm(whole).split())
        assert all(word in words for word in before.split()), "words of the text, in its order, each whole"
        lines = [line.strip() for line in norm(whole).splitlines()]
        assert all(line.strip() in [*lines, REST, ""] for line in after.splitlines())


def norm(text: str) -> str:
    import unicodedata

    return unicodedata.normalize("NFC", text)


@given(body=VIETNAMESE.filter(lambda text: text.strip()))
def test_apprise_hands_on_every_text_as_it_is(body):
    sent: list[dict] = []

    class Deaf(ZaloRoom):
        def _post(self, text: str) -> str:
            sent.append(text)
            return "zalo"

    import apprise

    service = apprise.Apprise()
    service.add(Deaf(token=TOKEN, targets=[LAN]))
    text = short_form("Chào *bạn* <b>", body, limit=OUR_LIMIT, rest_elsewhere=REST)
    assert service.notify(body=text, body_format="text")
    assert sent == [text]


# What people write to the bot


def hear(zalo: FakeZalo) -> list:
    bot, heard = ZaloBot(TOKEN), []
    while one := bot.hear(timedelta(seconds=1)):
        heard.append(one)
    return heard


def test_each_text_is_heard_once_and_under_the_same_key_however_often_it_is_handed_out(zalo):
    update = zalo.write(LAN, "PT7K-3M2Q", message_id="2d758cb5e222177a4e35")
    zalo.write(HUNG, None)
    first = hear(zalo)
    zalo.updates.append(update)
    assert [(one.address, one.text, one.is_private) for one in first] == [
        (f"zalo:{LAN}", "PT7K-3M2Q", True),
        (f"zalo:{HUNG}", "", True),
    ]
    assert hear(zalo) == first[:1]
    assert hear(zalo) == []
    assert zalo.asked[0] == {"timeout": "1"}


@pytest.mark.parametrize(
    "update",
    [
        {"event_name": "message.text.received"},
        {"message": None},
        {"message": {"chat": {"id": "a/../b"}, "text": "x"}},
        {"message": {"chat": "x", "text": "x"}},
        {"message": {"from": {"is_bot": True}, "chat": {"id": LAN}, "text": "x"}},
        {"event_name": "something.new", "result": 5},
    ],
    ids=json.dumps,
)
def test_an_update_that_names_nobody_is_passed_over(zalo, update):
    zalo.updates.append(update)
    zalo.write(LAN, "x")
    assert [one.address for one in hear(zalo)] == [f"zalo:{LAN}"]


@pytest.mark.parametrize(
    ("reply", "heard"),
    [
        (refusal(408, "Request timeout"), None),
        (refusal(408, "Request timeout", status=408), None),
        (Reply(200, {"ok": True}), None),
        (Reply(200, {"ok": True, "result": None}), None),
        (Reply(200, {"ok": True, "result": []}), None),
        (refusal(401, "Unauthorized"), "chat_token_refused"),
        (refusal(404, "Webhook is set"), "chat_refused"),
        (Reply(500, b"oops"), "chat_refused"),
        (Reply(200, b"<html>"), "chat_refused"),
        (Reply(fault="drops"), "chat_unreachable"),
        (Reply(body={"ok": True}, fault="breaks off"), "chat_unreachable"),
    ],
    ids=str,
)
def test_when_nobody_has_written_there_is_nothing_and_what_fails_is_tried_again_later(zalo, caplog, reply, heard):
    caplog.set_level(logging.DEBUG)
    zalo.update_replies.append(reply)
    bot = ZaloBot(TOKEN)
    if heard is None:
        assert bot.hear(timedelta(seconds=1)) is None
    else:
        with pytest.raises(TemporaryDeliveryError) as failed:
            bot.hear(timedelta(seconds=1))
        assert failed.value.code == heard
        assert TOKEN not in "".join(traceback.format_exception(failed.value)) + WORDS.explain(failed.value)
    assert TOKEN not in caplog.text + repr(bot)
