"""Contacts enrol their chat with the bot, leave it, block it; whatever dies and whenever, each of it happens once."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fake_zalo import TOKEN, FakeZalo, Reply, fake_zalo, refusal

from dinhky import bootstrap
from dinhky.channels.chat import ChatChannel
from dinhky.channels.pace import Pace
from dinhky.channels.zalo_bot import ZaloBot
from dinhky.domain.errors import TemporaryDeliveryError
from dinhky.ledger import SqlLedger
from dinhky.rounds.chasing import chase
from dinhky.rounds.chat_codes import code_for
from dinhky.rounds.chatting import ChatState, Enrollee, Heard, masked
from dinhky.rounds.dispatching import flush_outbox
from dinhky.rounds.enrolling import (
    ANSWERED_EVERY,
    GUESSED_WITHIN,
    GUESSES,
    SILENT_AFTER,
    forget,
    listen,
    take,
)
from dinhky.rounds.kept_messages import Message
from dinhky.rounds.opening import open_round
from dinhky.rounds.ports import Office
from dinhky.simulation.plain_files import PlainWorkbooks

NOW = datetime.fromisoformat("2026-03-05T09:00+07:00")
ROUND = "phuc-loi-2026/PL-5/2026-Q1"
LAN, HUNG, STRANGER = "e4ea2cd5189df1c3a88c", "6ede9afa66b88fe6d6a9", "0f0e0d0c0b0a09080706"
VP = Enrollee("phuc-loi-2026", "vp", "vanphong@phucloi.example")
HAPPENED = ("chat_enrolled", "chat_moved", "chat_left", "chat_blocked", "chat_silent", "chat_forgotten")


@dataclass
class Commune:
    """An office with a bot, the bot's server, and the time."""

    office: Office
    zalo: FakeZalo
    now: datetime = NOW

    def code(self, whose: Enrollee = VP) -> str:
        return code_for(self.office.signer, whose)

    def hears(self, chat_id: str, text: str | None, **changes: Any) -> dict[str, int]:
        """Somebody writes, the bot listens, and the outbox is sent; what came of it."""
        self.zalo.write(chat_id, text, **changes)
        outcomes = listen(self.office, clock=lambda: self.now, wait=timedelta(seconds=1)).outcomes
        self.flush()
        return outcomes

    def flush(self) -> None:
        flush_outbox(self.new_office(), by="test", clock=lambda: self.now)

    def new_office(self) -> Office:
        """As the next task finds it."""
        return replace(self.office)

    def said_to(self, chat_id: str) -> list[str]:
        """The first lines of what a chat was sent, without the mark at their beginning."""
        return [text.splitlines()[0].removeprefix("[Định Kỳ] ") for text in self.zalo.texts_to(chat_id)]

    def states(self) -> dict[Enrollee, tuple[str, ChatState]]:
        with self.office.ledger.snapshot() as ledger:
            return {chat.whose: (chat.address, chat.state) for chat in ledger.chats()}

    def happened(self) -> list[tuple[str, str]]:
        with self.office.ledger.snapshot() as ledger:
            return [(row["kind"], row["unit"]) for row in ledger.events("") if row["kind"] in HAPPENED]

    def rows(self, **wanted: Any) -> list[dict]:
        with self.office.ledger.snapshot() as ledger:
            return [row for row in ledger.messages() if all(row[name] == value for name, value in wanted.items())]


@pytest.fixture
def zalo() -> Iterator[FakeZalo]:
    with fake_zalo() as server:
        yield server


class Letterbox:
    """Email that always arrives."""

    def send(self, queued, _files, _now) -> str:
        return "250"


def commune_with(office: Office, ledger: SqlLedger, zalo: FakeZalo) -> Commune:
    channels = {"email": Letterbox(), "chat": ChatChannel({}, office.words, zalo_token=TOKEN, pace=Pace(0))}
    plans = {VP.plan_id: office.plans[VP.plan_id]}
    forms = bootstrap.forms(bootstrap.settings({}))
    return Commune(
        replace(
            office,
            ledger=ledger,
            plans=plans,
            channels=channels,
            workbooks=PlainWorkbooks(
                forms, office.words.period_name, office.signer
            ),  # these tests look at what is said, not attached
            bot=ZaloBot(TOKEN),
            bot_name="Bot Định Kỳ",
        ),
        zalo,
    )


@pytest.fixture
def commune(ledger_url: str, tmp_path: Path, zalo: FakeZalo) -> Commune:
    ledger = SqlLedger(ledger_url)
    ledger.migrate()
    return commune_with(bootstrap.office(bootstrap.settings({"DINHKY_HOME": str(tmp_path)})), ledger, zalo)


# Enrolling


def test_who_sends_the_code_is_greeted_and_written_to_by_chat_and_email_from_then_on(commune):
    assert commune.hears(LAN, f"Mã: {commune.code()}") == {"enrolled": 1}
    (welcome,) = commune.zalo.texts_to(LAN)
    plan = commune.office.plans[VP.plan_id]
    assert all(part in welcome for part in (plan.title, plan.unit("vp").name, VP.email, "DỪNG"))
    assert commune.states() == {VP: (f"zalo:{LAN}", ChatState.ACTIVE)}
    open_round(commune.new_office(), ROUND, commune.now)
    commune.flush()
    assert "Mở đợt" in commune.said_to(LAN)[1]
    assert {row["channel"]: row["state"] for row in commune.rows(kind="opening", unit="vp")} == {
        "email": "sent",
        "chat": "sent",
    }
    assert {row["unit"] for row in commune.rows(kind="opening", channel="chat")} == {"vp"}


def test_the_code_stands_in_the_notice_of_who_has_not_enrolled_and_of_nobody_else(commune):
    commune.hears(LAN, commune.code())
    open_round(commune.new_office(), ROUND, commune.now)
    for row in commune.rows(kind="opening"):
        whose = Enrollee(VP.plan_id, row["unit"], row["address"])
        invited = f"nhắn mã {commune.code(whose)} cho Zalo Bot “Bot Định Kỳ”" in row["body"]
        assert invited == (row["unit"] != "vp"), row["address"]
        assert ("nhắn mã" in row["body"]) == invited


def test_a_reminder_says_the_code_too(commune):
    open_round(commune.new_office(), ROUND, commune.now)
    chase(commune.new_office(), datetime.fromisoformat("2026-03-12T09:00+07:00"))
    rows = commune.rows(kind="T-1", unit="vp")
    assert [commune.code() in row["body"] for row in rows] == [True]


def test_without_a_bot_nobody_is_invited_and_no_chat_is_written_to(commune):
    commune.hears(LAN, commune.code())
    open_round(replace(commune.office, bot=None), ROUND, commune.now)
    assert {row["channel"] for row in commune.rows(kind="opening")} == {"email"}
    assert not any("nhắn mã" in row["body"] for row in commune.rows(kind="opening"))


def test_one_chat_may_serve_several_units_and_is_sent_each_units_messages(commune):
    vhxh = contact_of(commune, "vhxh")
    assert commune.hears(LAN, f"{commune.code()} và {commune.code(vhxh)}") == {"enrolled": 1}
    assert len(commune.said_to(LAN)) == 2
    open_round(commune.new_office(), ROUND, commune.now)
    commune.flush()
    assert sorted(row["unit"] for row in commune.rows(kind="opening", channel="chat", state="sent")) == ["vhxh", "vp"]
    assert commune.hears(LAN, "DỪNG") == {"left": 1}
    goodbye = commune.zalo.texts_to(LAN)[-1]
    plan = commune.office.plans[VP.plan_id]
    assert all(plan.unit(code).name in goodbye for code in ("vhxh", "vp"))


def contact_of(commune: Commune, unit: str) -> Enrollee:
    (contact, *_) = commune.office.plans[VP.plan_id].unit(unit).contacts
    return Enrollee(VP.plan_id, unit, contact.email)


def test_a_chat_that_the_plan_names_as_well_is_written_to_once(commune):
    vhxh = contact_of(commune, "vhxh")
    commune.hears(LAN, commune.code(vhxh))
    office = replace(commune.office, chats=frozenset({"DINHKY_CHAT_VHXH"}))
    open_round(office, ROUND, commune.now)
    assert [row["address"] for row in commune.rows(kind="opening", channel="chat", unit="vhxh")] == [f"zalo:{LAN}"]


def test_a_contact_who_enrols_another_phone_has_moved_there_and_the_first_is_told(commune):
    commune.hears(LAN, commune.code())
    assert commune.hears(HUNG, commune.code()) == {"enrolled": 1}
    assert commune.states() == {VP: (f"zalo:{HUNG}", ChatState.ACTIVE)}
    assert "chuyển sang tài khoản Zalo khác" in commune.said_to(LAN)[-1]
    assert "Đã kết nối" in commune.said_to(HUNG)[-1]
    assert commune.happened() == [("chat_enrolled", "vp"), ("chat_moved", "vp")]


def test_the_same_code_again_changes_nothing_and_is_answered_once_an_hour(commune):
    commune.hears(LAN, commune.code())
    assert commune.hears(LAN, commune.code()) == {"known": 1}
    assert len(commune.said_to(LAN)) == 1
    commune.now += ANSWERED_EVERY + timedelta(minutes=1)
    commune.hears(LAN, commune.code())
    assert commune.said_to(LAN)[1:] == ["Cuộc trò chuyện này đã được kết nối"]
    assert commune.happened() == [("chat_enrolled", "vp")]


def test_a_text_that_is_no_code_is_answered_politely_and_at_most_once_an_hour(commune):
    for minute in range(0, 150, 10):
        commune.now = NOW + timedelta(minutes=minute)
        commune.hears(STRANGER, "Alo?" if minute % 20 else None)
    assert commune.said_to(STRANGER) == ["Chưa nhận ra mã của đơn vị"] * 2
    assert commune.states() == {}
    assert len(commune.said_to(LAN)) == 0


def test_a_code_cannot_be_found_by_trying(commune):
    for _ in range(GUESSES):
        commune.hears(STRANGER, "PT7K-3M2Q")
    assert commune.hears(STRANGER, commune.code()) == {"guessing": 1}
    assert commune.states() == {}
    assert commune.hears(LAN, commune.code()) == {"enrolled": 1}, "others are heard"
    commune.now += GUESSED_WITHIN + timedelta(minutes=1)
    assert commune.hears(STRANGER, commune.code()) == {"enrolled": 1}


def test_a_code_in_a_group_enrols_nobody_because_personal_links_would_go_there(commune):
    group = {"chat": {"id": STRANGER, "chat_type": "GROUP"}}
    assert commune.hears(STRANGER, commune.code(), **group) == {"in_a_group": 1}
    assert commune.said_to(STRANGER) == ["Bot không nhận mã trong nhóm"]
    assert commune.states() == {}


def test_a_code_of_another_secret_or_of_a_unit_that_is_no_more_enrols_nobody(commune):
    other = replace(commune.office, signer=bootstrap.HmacSigner(b"another secret, 16+"))
    assert commune.hears(LAN, code_for(other.signer, VP)) == {"not_understood": 1}
    plan = commune.office.plans[VP.plan_id]
    units = tuple(replace(unit, until=NOW.date() - timedelta(days=1)) for unit in plan.units)
    commune.office = replace(commune.office, plans={plan.id: replace(plan, units=units)})
    assert commune.hears(HUNG, commune.code()) == {"not_understood": 1}


# Leaving, blocking, forgetting


def test_who_says_stop_gets_email_alone_and_may_come_back(commune):
    commune.hears(LAN, commune.code())
    assert commune.hears(LAN, "DỪNG") == {"left": 1}
    assert commune.states()[VP][1] is ChatState.LEFT
    open_round(commune.new_office(), ROUND, commune.now)
    assert {row["channel"] for row in commune.rows(kind="opening", unit="vp")} == {"email"}
    assert commune.hears(LAN, commune.code()) == {"enrolled": 1}
    assert commune.states()[VP][1] is ChatState.ACTIVE
    assert [kind for kind, _ in commune.happened()] == ["chat_enrolled", "chat_left", "chat_enrolled"]
    assert len(commune.said_to(LAN)) == 3


def test_what_waits_for_a_chat_that_has_ended_is_not_sent_there(commune):
    commune.hears(LAN, commune.code())
    commune.now = NOW.replace(hour=6)
    open_round(commune.new_office(), ROUND, commune.now)
    commune.hears(LAN, "dừng")
    commune.now = NOW
    commune.flush()
    assert [(row["channel"], row["state"]) for row in commune.rows(kind="opening", unit="vp")] == [
        ("email", "sent"),
        ("chat", "cancelled"),
    ]
    assert not any("Mở đợt" in line for line in commune.said_to(LAN))


@pytest.mark.parametrize(
    "reply",
    [refusal(403, "Forbidden: bot was blocked by the user"), refusal(400, "Bad request: chat not found", status=400)],
    ids=["blocked", "gone"],
)
def test_a_chat_that_was_blocked_falls_back_to_email_and_tells_the_operator_once(commune, reply):
    commune.hears(LAN, f"{commune.code()} {commune.code(contact_of(commune, 'vhxh'))}")
    open_round(commune.new_office(), ROUND, commune.now)
    commune.zalo.replies.append(reply)
    commune.flush()
    refused, cancelled = sorted(
        commune.rows(kind="opening", channel="chat"), key=lambda row: row["state"], reverse=True
    )
    assert (refused["state"], cancelled["state"]) == ("failed", "cancelled")
    assert "từ nay chỉ gửi thư điện tử" in refused["answer"]
    assert {row["state"] for row in commune.rows(kind="opening", channel="email")} == {"sent"}
    assert {state for _, state in commune.states().values()} == {ChatState.BLOCKED}
    assert sorted(commune.happened()[2:]) == [("chat_blocked", "vhxh"), ("chat_blocked", "vp")]
    chase(commune.new_office(), datetime.fromisoformat("2026-03-12T09:00+07:00"))
    assert {row["channel"] for row in commune.rows(kind="T-1", unit="vp")} == {"email"}


def test_of_two_recipients_one_blocked_the_other_is_written_to(commune):
    commune.hears(LAN, commune.code())
    commune.hears(HUNG, commune.code(contact_of(commune, "vhxh")))
    commune.zalo.blocked_by.add(LAN)
    open_round(commune.new_office(), ROUND, commune.now)
    commune.flush()
    assert {row["unit"]: row["state"] for row in commune.rows(kind="opening", channel="chat")} == {
        "vp": "failed",
        "vhxh": "sent",
    }
    assert commune.states()[VP][1] is ChatState.BLOCKED
    assert commune.states()[contact_of(commune, "vhxh")][1] is ChatState.ACTIVE


def goes_on_refusing(commune: Commune, reply: Reply, times: int, *, others: bool) -> dict:
    """A message to the first chat is refused so often, while others are written to or not; what became of it."""
    commune.hears(LAN, commune.code())
    with commune.office.ledger.transaction() as ledger:
        ledger.queue(text_to(LAN, "k", commune.now), commune.now)
    for number in range(times):
        (row,) = commune.rows(key="k")
        commune.now = max(row["not_before"], commune.now)
        if others:
            with commune.office.ledger.transaction() as ledger:
                ledger.queue(text_to(HUNG, f"other {number}", commune.now - timedelta(seconds=1)), commune.now)
        commune.zalo.replies.extend([Reply(body={"ok": True}), reply] if others else [reply])
        commune.flush()
    (row,) = commune.rows(key="k")
    return row


def text_to(chat_id: str, key: str, now: datetime) -> Message:
    return Message(key, "test", "chat", f"zalo:{chat_id}", "Bà Lan", "Nhắc", "Nội dung", now)


def test_a_chat_that_never_takes_a_message_is_silent_and_falls_back_to_email(commune):
    row = goes_on_refusing(commune, Reply(500, b""), SILENT_AFTER, others=True)
    assert row["state"] == "failed"
    assert commune.states()[VP][1] is ChatState.SILENT
    assert commune.happened()[-1] == ("chat_silent", "vp")
    open_round(commune.new_office(), ROUND, commune.now)
    assert {row["channel"] for row in commune.rows(kind="opening", unit="vp")} == {"email"}


@pytest.mark.parametrize(
    ("reply", "others"),
    [(Reply(500, b""), False), (refusal(401, "Unauthorized"), True), (refusal(429, "Quota exceeded"), True)],
    ids=["no chat is reached", "the token is refused", "the limit is passed"],
)
def test_no_chat_is_given_up_for_what_ails_the_service_or_the_bot(commune, reply, others):
    row = goes_on_refusing(commune, reply, SILENT_AFTER + 2, others=others)
    assert row["state"] == "queued"
    assert commune.states()[VP][1] is ChatState.ACTIVE


def test_a_message_waits_as_long_as_zalo_asks(commune):
    commune.hears(LAN, commune.code())
    open_round(commune.new_office(), ROUND, commune.now)
    commune.zalo.replies.append(refusal(429, "Quota exceeded", status=429, Retry_After="1800"))
    commune.flush()
    (row,) = commune.rows(kind="opening", channel="chat")
    assert (row["state"], row["not_before"]) == ("queued", NOW + timedelta(minutes=30))


def test_a_forgotten_chat_is_written_to_no_more_and_its_address_is_gone(commune):
    commune.hears(LAN, commune.code())
    known = forget(commune.office, VP, commune.now, by="canbo")
    assert known.address == f"zalo:{LAN}"
    assert forget(commune.office, VP, commune.now, by="canbo") is None
    assert commune.states() == {VP: ("", ChatState.FORGOTTEN)}
    open_round(commune.new_office(), ROUND, commune.now)
    assert {row["channel"] for row in commune.rows(kind="opening", unit="vp")} == {"email"}
    assert commune.happened()[-1] == ("chat_forgotten", "vp")
    assert commune.hears(LAN, commune.code()) == {"enrolled": 1}


def test_lists_and_errors_show_no_whole_chat_id():
    assert masked(f"zalo:{LAN}") == "zalo:…a88c"
    assert masked("zalo:abc") == "zalo:…"
    assert masked("DINHKY_CHAT_VP") == "DINHKY_CHAT_VP"


def test_a_bot_that_cannot_be_asked_says_so_and_keeps_what_it_has_heard(commune):
    commune.zalo.write(LAN, commune.code())
    commune.zalo.update_replies.extend([Reply(body={"ok": True, "result": commune.zalo.updates.popleft()}), Reply(502)])
    with pytest.raises(TemporaryDeliveryError):
        listen(commune.office, clock=lambda: commune.now, wait=timedelta(seconds=1))
    assert commune.states()[VP][1] is ChatState.ACTIVE


# Once, whatever happens


def test_the_same_update_twice_does_nothing_the_second_time(commune):
    update = commune.zalo.write(LAN, commune.code())
    commune.zalo.updates.extend([update, update])
    outcomes = listen(commune.office, clock=lambda: commune.now, wait=timedelta(seconds=1)).outcomes
    commune.flush()
    assert outcomes == {"enrolled": 1, "known": 2}
    assert len(commune.said_to(LAN)) == 1


def test_two_pollers_that_hear_the_same_at_once_act_upon_it_once(commune):
    heard = Heard("0" * 64, f"zalo:{LAN}", commune.code())
    came_of_it: list[str] = []
    together = threading.Barrier(4)

    def poll() -> None:
        together.wait()
        came_of_it.append(take(commune.new_office(), heard, commune.now))

    threads = [threading.Thread(target=poll) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(came_of_it) == ["", "", "", "enrolled"]
    assert len(commune.rows(kind="chat_welcome")) == 1


class Died(BaseException):
    """The process is killed."""


@dataclass
class Steps:
    """Counts every step that touches the ledger or the wire, and dies at one of them."""

    dies_at: int = 0
    taken: int = 0

    def step(self) -> None:
        self.taken += 1
        if self.taken == self.dies_at:
            raise Died


class MortalTransaction:
    """A transaction of which every call is a step."""

    def __init__(self, transaction: Any, steps: Steps) -> None:
        self._transaction, self._steps = transaction, steps

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._transaction, name)

        def called(*args: Any, **kwargs: Any) -> Any:
            self._steps.step()
            return method(*args, **kwargs)

        return called


@dataclass
class MortalLedger:
    """A ledger in a process that dies: within a transaction, before it is committed or after."""

    ledger: SqlLedger
    steps: Steps

    @contextmanager
    def transaction(self) -> Iterator[MortalTransaction]:
        with self.ledger.transaction() as transaction:
            yield MortalTransaction(transaction, self.steps)
            self.steps.step()
        self.steps.step()

    snapshot = transaction


@dataclass
class MortalEar:
    """A bot whose process may die between hearing something and acting upon it."""

    bot: ZaloBot
    steps: Steps

    def hear(self, wait: timedelta) -> Heard | None:
        self.steps.step()
        heard = self.bot.hear(wait)
        self.steps.step()
        return heard


@dataclass
class MortalWire:
    """A channel whose process may die before or after a message has gone out."""

    channel: ChatChannel
    steps: Steps
    out: list[str] = field(default_factory=list)

    def send(self, queued, files, now) -> str:
        self.steps.step()
        answer = self.channel.send(queued, files, now)
        self.out.append(queued.message.key)
        self.steps.step()
        return answer


@pytest.fixture(scope="module")
def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("empty") / "ledger.db"
    ledger = SqlLedger(f"sqlite:///{file}")
    ledger.migrate()
    ledger.dispose()  # what is written lies in the file itself
    return file


@pytest.mark.parametrize("zalo_hands_out", ["again what was lost", "everything once"])
@pytest.mark.parametrize("said", ["code", "stop", "nonsense"])
def test_whatever_step_it_dies_at_a_text_is_acted_upon_once_and_answered_once(
    zalo, empty_ledger, tmp_path, zalo_hands_out, said
):
    office = bootstrap.office(bootstrap.settings({"DINHKY_HOME": str(tmp_path)}))

    def play(dies_at: int) -> int:
        """Live through it, dying once; the number of steps that were there to die at."""
        file = tmp_path / f"{dies_at}.db"
        shutil.copy(empty_ledger, file)
        ledger = SqlLedger(f"sqlite:///{file}", durable=False)
        commune = commune_with(office, ledger, zalo)
        zalo.taken.clear()
        before = 0
        if said == "stop":
            commune.hears(LAN, commune.code())
            before = len(commune.said_to(LAN))
        text = {"code": commune.code(), "stop": "DỪNG", "nonsense": "Alo?"}[said]
        steps = Steps(dies_at)
        wire = MortalWire(commune.office.channels["chat"], steps)
        mortal = replace(
            commune.office,
            ledger=MortalLedger(ledger, steps),
            bot=MortalEar(ZaloBot(TOKEN), steps),
            channels={"chat": wire, "email": Letterbox()},
        )
        update = zalo.write(LAN, text)
        try:
            listen(mortal, clock=lambda: commune.now, wait=timedelta(seconds=1))
            flush_outbox(mortal, by="first", clock=lambda: commune.now)
        except Died:
            commune.now += timedelta(minutes=10)  # the lease of what the dead one held has run out
            kinds = {"code": "chat_welcome", "stop": "chat_goodbye", "nonsense": "chat_unknown"}
            if zalo_hands_out == "again what was lost":
                zalo.updates.append(update)
            elif not commune.rows(kind=kinds[said]) and not zalo.updates:
                zalo.write(LAN, text)  # no answer comes: the person writes again
            listen(commune.office, clock=lambda: commune.now, wait=timedelta(seconds=1))
            flush_outbox(commune.office, by="second", clock=lambda: commune.now)
        zalo.updates.clear()
        answers = commune.said_to(LAN)[before:]
        unknown = commune.rows(state="unknown")
        assert len(answers) + len(unknown) in {1, 2 if unknown else 1}, dies_at
        assert len(answers) <= 1, dies_at
        assert len(unknown) <= 1, dies_at
        assert {row["state"] for row in commune.rows()} <= {"sent", "unknown"}, dies_at
        expected = {"code": [("chat_enrolled", "vp")], "stop": [("chat_enrolled", "vp"), ("chat_left", "vp")]}
        assert commune.happened() == expected.get(said, []), dies_at
        states = {"code": ChatState.ACTIVE, "stop": ChatState.LEFT}
        assert commune.states() == ({VP: (f"zalo:{LAN}", states[said])} if said in states else {}), dies_at
        return steps.taken

    whole = play(0)
    assert whole > 15
    for dies_at in range(1, whole + 1):
        play(dies_at)
