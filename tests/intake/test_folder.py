"""The folder route. A file arrives when it appears in the folder; it is answered where it was put."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook

from dinhky.domain.errors import PlanError
from dinhky.intake import folder
from dinhky.intake.folder import STILL_BEING_WRITTEN_SECONDS, Handled, scan
from dinhky.intake.receive import Verdict
from dinhky.rounds.opening import open_round
from dinhky.workbook.guard import MAX_FILE

ROUND = "phuc-loi-2026/PL-5/2026-Q1"
OFFICE_NOW = datetime.fromisoformat("2026-03-12T09:00+07:00")


def look(commune, *, later: float = 10.0) -> list[Handled]:
    """Scan the inbox `later` seconds from now; whatever arrived did so on 12/3 at 09:00."""
    real_now = datetime.now(UTC) + timedelta(seconds=later)
    return scan(commune.office, commune.home / "inbox", real_now=real_now, office_time=lambda _: OFFICE_NOW)


def put(commune, where: str, data: bytes) -> Path:
    path = commune.home / "inbox" / where
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def inbox(commune) -> list[str]:
    root = commune.home / "inbox"
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_a_good_file_goes_to_done_and_a_wrong_one_to_returned_each_with_its_answer(commune):
    put(commune, "vp/biểu.xlsx", commune.sample["vp"][0].data)
    put(commune, "kthtdt/biểu.xlsx", commune.sample["kthtdt"][0].data)
    look(commune)
    assert inbox(commune) == [
        "kthtdt/returned/20260312-090000_biểu.xlsx",
        "kthtdt/returned/20260312-090000_biểu.xlsx.txt",
        "kthtdt/returned/20260312-090000_biểu_can-sua.xlsx",
        "vp/done/20260312-090000_biểu.xlsx",
        "vp/done/20260312-090000_biểu.xlsx.txt",
    ]
    returned = (commune.home / "inbox" / inbox(commune)[1]).read_text("utf-8")
    assert returned.startswith("CẦN SỬA 3 ĐIỂM")
    assert commune.assignment("kthtdt").reason in returned
    assert "20260312-090000_biểu_can-sua.xlsx" in returned
    marked = load_workbook(commune.home / "inbox" / inbox(commune)[2])
    assert marked.sheetnames[0] == "Cần sửa"
    assert (commune.home / "inbox" / inbox(commune)[4]).read_text("utf-8").startswith("ĐÃ NHẬN")
    assert (commune.home / "inbox" / inbox(commune)[3]).read_bytes() == commune.sample["vp"][0].data


def test_the_marked_workbook_is_mended_and_put_into_the_folder_again(commune):
    put(commune, "kthtdt/biểu.xlsx", commune.sample["kthtdt"][0].data)
    look(commune)
    [marked] = (commune.home / "inbox" / "kthtdt" / "returned").glob("*_can-sua.xlsx")
    book = load_workbook(marked)
    posts = book["Tin bài"]
    posts["E5"], posts["C6"], posts["B7"] = date(2026, 3, 2), "Tin", "Bản tin cải cách hành chính tuần 9"
    book.save(commune.home / "inbox" / "kthtdt" / marked.name)
    look(commune)
    assert commune.assignment("kthtdt").state == "accepted"
    assert [path.name for path in (commune.home / "inbox" / "kthtdt" / "done").glob("*.xlsx")] == [
        "20260312-090000_20260312-090000_biểu_can-sua.xlsx"
    ]


def test_what_was_handled_is_not_looked_at_again(commune):
    put(commune, "vp/a.xlsx", commune.sample["vp"][0].data)
    assert len(look(commune)) == 1
    assert look(commune) == []


@pytest.mark.parametrize(("age", "is_taken"), [(0.0, False), (-0.1, False), (0.1, True)])
def test_a_file_that_changed_a_moment_ago_is_left_for_the_next_look(commune, age, is_taken):
    path = put(commune, "vp/a.xlsx", commune.sample["vp"][0].data)
    settled = datetime.fromtimestamp(path.stat().st_ctime + STILL_BEING_WRITTEN_SECONDS + age - 0.05, UTC)
    found = scan(commune.office, commune.home / "inbox", real_now=settled, office_time=lambda _: OFFICE_NOW)
    assert (len(found), path.exists()) == (int(is_taken), not is_taken)


@pytest.mark.parametrize(
    "name", ["vp/~$a.xlsx", "vp/.a.xlsx.swp", "a.xlsx", "vp/x/y/a.xlsx", "vp/done/a.xlsx", "vp/returned/a.xlsx"]
)
def test_lock_files_hidden_files_and_files_outside_a_units_folder_are_not_taken(commune, name):
    path = put(commune, name, commune.sample["vp"][0].data)
    assert look(commune) == []
    assert path.exists()


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_symlink_is_never_followed(commune, tmp_path, what):
    secret = tmp_path / "elsewhere" / "secret.xlsx"
    secret.parent.mkdir()
    secret.write_bytes(commune.sample["vp"][0].data)
    box = commune.home / "inbox"
    (box / "vhxh").mkdir(parents=True)
    if what == "file":
        (box / "vhxh" / "a.xlsx").symlink_to(secret)
    else:
        (box / "vp").symlink_to(secret.parent)
    assert look(commune) == []
    assert secret.exists()


def test_where_several_plans_share_a_machine_the_folder_says_which(commune):
    plan = commune.office.plans["phuc-loi-2026"]
    neighbour = replace(plan, id="ward-b-2026")
    both = commune.using(plans={plan.id: plan, neighbour.id: neighbour})
    open_round(both.office, "ward-b-2026/PL-5/2026-Q1", OFFICE_NOW)
    put(both, "phuc-loi-2026/vp/a.xlsx", both.sample["vp"][0].data)
    put(both, "ward-b-2026/vp/a.xlsx", both.sample["vp"][0].data)
    receipts = {one.receipt.round_id: one.receipt.verdict for one in look(both)}
    assert receipts == {ROUND: Verdict.ACCEPTED, "ward-b-2026/PL-5/2026-Q1": Verdict.RETURNED}
    assert [name.rsplit("/", 1)[0] for name in inbox(both)] == [
        *["phuc-loi-2026/vp/done"] * 2,
        *["ward-b-2026/vp/returned"] * 2,
    ]


def test_a_folder_that_is_no_units_keeps_its_file_and_the_sentence_names_the_nearest(commune):
    path = put(commune, "vhxhh/a.xlsx", commune.sample["vhxh"][0].data)
    (handled,) = look(commune)
    assert handled.receipt is None
    assert "có phải “vhxh”" in handled.error
    assert not path.exists()
    kept, answer = (commune.home / "inbox" / name for name in inbox(commune))
    assert kept.read_bytes() == commune.sample["vhxh"][0].data
    assert answer.read_text("utf-8").strip() == handled.error


def test_while_a_plan_cannot_be_read_its_units_files_stay_where_they_are(commune):
    data = commune.sample["vp"][0].data
    path = put(commune, "vp/a.xlsx", data)
    other = replace(commune.office.plans["phuc-loi-2026"], id="phuc-loi-2027")
    unread = PlanError("phuc-loi-2026.yaml", ())
    for plans in ({}, {other.id: other}):
        [handled] = look(commune.using(plans=plans, plan_errors=(unread,)))
        assert handled.receipt is None
        assert "phuc-loi-2026 đang có chỗ chưa đọc được" in (handled.error or "")
        assert inbox(commune) == ["vp/a.xlsx"]
    [handled] = look(commune)
    assert (handled.receipt and handled.receipt.verdict, path.exists()) == (Verdict.ACCEPTED, False)


def test_a_film_in_the_folder_is_not_read_into_memory(commune):
    path = put(commune, "vp/hội nghị.mp4", b"film")
    with path.open("r+b") as film:
        film.truncate(3 * 2**30)  # takes no room on the disk
    put(commune, "vp/biểu.xlsx", commune.sample["vp"][0].data)
    film_answer, good = sorted(look(commune), key=lambda one: one.receipt is not None)
    assert "khoảng 3072 MB, vượt giới hạn 10 MB" in (film_answer.error or "")
    assert good.receipt is not None
    assert "vp/returned/20260312-090000_hội nghị.mp4.txt" in inbox(commune)


def test_no_larger_file_is_taken_than_the_guard_takes():
    assert folder.LARGEST == MAX_FILE


def test_a_link_put_in_a_files_place_while_it_was_looked_at_is_not_followed(commune, monkeypatch, tmp_path):
    (tmp_path / "secret").write_bytes(b"not theirs")
    path = put(commune, "vp/a.xlsx", b"x")
    real = folder._stamp

    def exchanged(seen: Path):
        stamp = real(seen)
        path.unlink()
        path.symlink_to(tmp_path / "secret")
        return stamp

    monkeypatch.setattr(folder, "_stamp", exchanged)
    [handled] = look(commune)
    assert handled.receipt is None
    assert [row for row in commune.messages() if row["kind"] != "opening"] == []


def test_a_file_taken_back_while_it_was_read_counts_and_stops_no_other(commune, monkeypatch):
    path = put(commune, "vp/a.xlsx", commune.sample["vp"][0].data)

    def takes_back(*arguments, **named):
        receipt = receive(*arguments, **named)
        path.unlink()
        return receipt

    receive = folder.receive
    monkeypatch.setattr(folder, "receive", takes_back)
    (handled,) = look(commune)
    assert handled.receipt.verdict is Verdict.ACCEPTED
    assert inbox(commune) == []


def test_a_file_saved_again_while_it_was_read_is_read_again(commune, monkeypatch):
    path = put(commune, "vp/a.xlsx", commune.sample["kthtdt"][0].data)

    def saves_again(*arguments, **named):
        receipt = receive(*arguments, **named)
        path.write_bytes(commune.sample["vp"][0].data)
        return receipt

    receive = folder.receive
    monkeypatch.setattr(folder, "receive", saves_again)
    look(commune)
    monkeypatch.undo()
    assert path.exists(), "what was saved meanwhile has not been read yet"
    look(commune)
    assert commune.assignment("vp").state == "accepted"


def test_files_of_the_same_name_that_arrive_in_the_same_second_are_all_kept(commune):
    for data in (b"one", b"two", b"three"):
        put(commune, "vp/a.xlsx", data)
        look(commune)
    kept = [name for name in inbox(commune) if name.endswith(".xlsx")]
    assert kept == [f"vp/returned/20260312-090000_a{number}.xlsx" for number in ("", "_2", "_3")]
    assert {(commune.home / "inbox" / name).read_bytes() for name in kept} == {b"one", b"two", b"three"}
    assert len(inbox(commune)) == 6


@pytest.mark.parametrize(
    "name",
    [
        "ữ" * 83 + ".xlsx",  # 254 bytes: there is no room for the time before it and the answer's ending after it
        "không đuôi",
        "a." + "b" * 200,
        "nhiều.chấm.xlsx",
        "dấu chấm cuối.",
    ],
)
def test_any_name_a_file_system_can_hold_is_handled(commune, name):
    put(commune, f"vp/{name}", commune.sample["vp"][0].data)
    (handled,) = look(commune)
    assert handled.receipt.verdict is Verdict.ACCEPTED
    moved, answer = inbox(commune)
    assert answer == f"{moved}.txt"


def test_a_name_that_is_no_text_is_handled(commune):
    box = commune.home / "inbox" / "vp"
    box.mkdir(parents=True)
    (box / os.fsdecode(b"bi\xe1u.xlsx")).write_bytes(commune.sample["vp"][0].data)
    (handled,) = look(commune)
    assert handled.receipt.verdict is Verdict.ACCEPTED


def test_a_file_that_breaks_the_reader_keeps_no_other_from_being_answered(commune, monkeypatch):
    put(commune, "vhxh/a.xlsx", b"breaks")
    good = put(commune, "vp/a.xlsx", commune.sample["vp"][0].data)
    identity = commune.office.workbooks.identity

    def breaks(data: bytes):
        return 1 / 0 if data == b"breaks" else identity(data)

    monkeypatch.setattr(commune.office.workbooks, "identity", breaks)
    with pytest.raises(ExceptionGroup) as failed:
        look(commune)
    assert [type(failure) for failure in failed.value.exceptions] == [ZeroDivisionError]
    assert not good.exists()
    assert commune.assignment("vp").state == "accepted"


def test_a_file_that_cannot_be_read_is_named_and_keeps_no_other_from_being_answered(commune, monkeypatch):
    locked = put(commune, "vhxh/a.xlsx", b"")
    put(commune, "vp/a.xlsx", commune.sample["vp"][0].data)
    read = folder._read

    def refuse(path: Path) -> bytes:
        if path == locked:
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(folder, "_read", refuse)
    errors = {one.path.parent.name: one.error for one in look(commune)}
    assert "a.xlsx" in errors["vhxh"]
    assert errors["vp"] is None
    assert locked.exists()


def test_a_crash_between_receiving_and_moving_is_recognised_by_the_bytes(commune, monkeypatch):
    path = put(commune, "vp/a.xlsx", commune.sample["vp"][0].data)

    replace_file = os.replace

    def dies(source: Path, target: Path) -> None:
        if Path(source) == path:
            raise KeyboardInterrupt
        replace_file(source, target)

    monkeypatch.setattr(folder.os, "replace", dies)
    with pytest.raises(KeyboardInterrupt):
        scan(
            commune.office,
            commune.home / "inbox",
            real_now=datetime.now(UTC) + timedelta(seconds=10),
            office_time=lambda _: OFFICE_NOW,
        )
    monkeypatch.undo()
    before = commune.messages(), commune.events()
    (handled,) = look(commune)
    assert (handled.receipt.verdict, handled.receipt.again, handled.receipt.number) == (Verdict.ACCEPTED, True, 1)
    assert (commune.messages(), commune.events()) == before
    assert not path.exists()
    assert inbox(commune) == ["vp/done/20260312-090000_a.xlsx", "vp/done/20260312-090000_a.xlsx.txt"]
    assert "giống hệt" in (commune.home / "inbox" / inbox(commune)[1]).read_text("utf-8")


def test_a_file_arrived_when_it_appeared_and_not_when_we_looked_and_whatever_its_date_says(commune):
    path = put(commune, "vp/a.xlsx", commune.sample["vp"][0].data)
    os.utime(path, (0, 0))
    appeared = path.stat().st_ctime
    asked = []

    def office_time(real: datetime) -> datetime:
        asked.append(real.timestamp())
        return OFFICE_NOW

    days_later = datetime.now(UTC) + timedelta(days=5)
    scan(commune.office, commune.home / "inbox", real_now=days_later, office_time=office_time)
    assert asked == [pytest.approx(appeared, abs=1e-3)]
    assert commune.assignment("vp").accepted_at == OFFICE_NOW


def test_files_are_received_in_the_order_in_which_they_appeared(commune):
    first = put(commune, "vp/z.xlsx", b"first")
    while put(commune, "vp/a.xlsx", b"second").stat().st_ctime <= first.stat().st_ctime:
        pass  # two files of one clock tick have no order
    assert [one.path.name for one in look(commune)] == ["z.xlsx", "a.xlsx"]
