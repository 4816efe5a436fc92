"""`dinhky chat …`: the bot's affairs from a shell."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_zalo import TOKEN, FakeZalo, fake_zalo

from dinhky.cli import main

LAN = "e4ea2cd5189df1c3a88c"
WHOSE = ["phuc-loi-2026", "vp", "vanphong@phucloi.example"]
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def zalo() -> Iterator[FakeZalo]:
    with fake_zalo() as server:
        yield server


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a chat command in a home of its own, with a bot; its status and what it printed."""
    for name in ("DINHKY_LEDGER", "DINHKY_PLANS", "DINHKY_SMTP", "DINHKY_CLOCK", "DINHKY_INCLUDE", "DINHKY_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DINHKY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DINHKY_ZALO_BOT", TOKEN)

    def command(*arguments: str) -> tuple[int, str]:
        status = main(["chat", *arguments])
        return status, capsys.readouterr().out

    return command


def test_a_contact_enrols_is_listed_without_the_whole_chat_id_and_is_forgotten(run, zalo):
    status, code = run("code", *WHOSE)
    assert status == 0
    zalo.write(LAN, code)
    zalo.write(LAN, "Alo?")
    assert run("poll", "--wait", "1") == (0, "Đã đọc 2 tin: ghi danh 1, dừng 0, chưa hiểu 1.\n")

    status, shown = run("list")
    assert status == 0
    assert shown.startswith("phuc-loi-2026  vp  vanphong@phucloi.example  zalo:…a88c  đang nhận tin từ ")
    assert LAN not in shown
    status, listed = run("list", "--format", "json")
    (chat,) = json.loads(listed)
    assert (chat["plan_id"], chat["unit"], chat["email"], chat["chat"], chat["state"]) == (
        *WHOSE,
        "zalo:…a88c",
        "active",
    )

    assert run("forget", *WHOSE, "--by", "canbo")[0] == 0
    assert "đã xóa" in run("list")[1]
    assert run("forget", *WHOSE)[0] == 1


def test_a_lost_chat_makes_the_list_end_in_a_status_of_its_own(run, zalo):
    zalo.write(LAN, run("code", *WHOSE)[1])
    run("poll")
    zalo.blocked_by.add(LAN)
    assert main(["outbox", "flush"]) == 1
    status, shown = run("list")
    assert status == 1
    assert "không nhắn được" in shown
    assert "từ nay chỉ gửi thư điện tử" in shown


@pytest.mark.parametrize(
    "whose",
    [
        ["phuc-loi-2026", "vp", "ai-do@phucloi.example"],
        ["no-plan", "vp", "vanphong@phucloi.example"],
    ],
)
def test_who_is_no_contact_has_no_code(run, whose):
    status, said = run("code", *whose)
    assert status == 2
    assert "không phải người liên hệ" in said


def test_a_unit_that_does_not_exist_is_told_the_nearest_name(run, capsys):
    assert main(["chat", "code", "phuc-loi-2026", "vpp", "vanphong@phucloi.example"]) == 2
    assert "vpp" in capsys.readouterr().err


def test_without_a_bot_there_is_nothing_to_listen_to(run, monkeypatch):
    monkeypatch.delenv("DINHKY_ZALO_BOT")
    assert run("poll") == (2, "Chưa khai báo Zalo Bot (biến DINHKY_ZALO_BOT).\n")


def test_a_bot_whose_token_is_refused_says_so_and_shows_no_token(run, zalo, capsys):
    zalo.token = "1:another"
    assert main(["chat", "poll"]) == 2
    said = capsys.readouterr().err
    assert "không chấp nhận mã truy cập" in said
    assert TOKEN not in said
