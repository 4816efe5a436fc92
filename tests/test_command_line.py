"""The `dinhky` command: its exit status, its JSON and its sentences, as docs/command-line.md promises them."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from dinhky.cli import main

REPOSITORY = Path(__file__).parents[1]
PLAN = REPOSITORY / "include" / "data" / "plans" / "phuc-loi-2026.yaml"
QUARTER = ["phuc-loi-2026", "PL-5", "2026-Q1"]
ROUND_KEYS = {
    *("ref", "obligation", "kind", "period", "window_start", "window_end"),
    *("opens", "unit_due", "due", "locks", "units", "asked", "count", "moved", "cancelled", "assumed"),
}
STANDING_KEYS = {
    *("opened", "expected", "actual", "on_time", "reporting_rate", "reporting_rate_on_time", "assignments"),
}


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home of its own, which does not exist yet, and no other setting."""
    for name in ("DINHKY_LEDGER", "DINHKY_PLANS", "DINHKY_SMTP", "DINHKY_CLOCK", "DINHKY_INCLUDE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DINHKY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    """Run a command; its status and what it printed on the two streams."""

    def command(*arguments: object) -> tuple[int, str, str]:
        status = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return command


@pytest.fixture
def data(run):
    """Run a command with --format json; its status and what it gave."""

    def command(*arguments: object) -> tuple[int, object]:
        status, out, err = run(*arguments, "--format", "json")
        assert err == ""
        return status, json.loads(out)

    return command


@pytest.fixture
def opened(home, opened_home, monkeypatch, sample, secret, tmp_path) -> dict[str, Path]:
    """The first quarter has opened; the units' files lie ready."""
    monkeypatch.setenv("DINHKY_HOME", str(home))
    monkeypatch.setenv("DINHKY_SECRET", secret)
    shutil.copytree(opened_home, home)
    files = {}
    for unit, sendings in sample.items():
        for number, sending in enumerate(sendings, start=1):
            files[f"{unit}-{number}"] = tmp_path / f"{unit}-{number}.xlsx"
            files[f"{unit}-{number}"].write_bytes(sending.data)
    return files


def test_a_mailbox_that_was_never_set_cannot_be_read(run, monkeypatch):
    monkeypatch.delenv("DINHKY_IMAP", raising=False)
    status, out, err = run("mailbox")
    assert (status, out) == (2, "")
    assert "DINHKY_IMAP" in err


def test_the_real_plan_is_valid_and_says_what_it_assumes_and_what_cannot_be_kept(data, run):
    status, (result,) = data("plan", "check", PLAN)
    assert status == 0
    assert set(result) == {"file", "valid", "errors", "warnings", "assumed", "units", "obligations", "rounds"}
    assert (result["valid"], result["errors"], result["units"], result["obligations"]) == (True, [], 9, 12)
    assert {tuple(item) for item in result["assumed"]} == {("ref", "field", "reason")}
    assert any("PL-5" in sentence for sentence in result["warnings"])
    status, out, _ = run("plan", "check", PLAN)
    assert status == 0
    assert "hợp lệ" in out
    assert all(sentence in out for sentence in result["warnings"])


def test_a_plan_with_a_mistake_gives_status_1_the_line_and_the_nearest_name_and_hides_no_good_plan(data, run, tmp_path):
    wrong = tmp_path / PLAN.name
    lines = PLAN.read_text("utf-8").splitlines()
    line = lines.index("compiler: vhxh") + 1
    wrong.write_text("\n".join(lines).replace("compiler: vhxh", "compiler: vhhx"), "utf-8")
    status, results = data("plan", "check", wrong, PLAN)
    assert (status, [result["valid"] for result in results]) == (1, [False, True])
    (sentence,) = results[0]["errors"]
    assert f"dòng {line}" in sentence
    assert "“vhxh”" in sentence
    status, out, _ = run("plan", "check", wrong)
    assert status == 1
    assert sentence in out


def test_the_calendar_has_exactly_the_documented_keys_and_the_reports_due_dates(data):
    status, rounds = data("calendar", PLAN)
    assert status == 0
    assert all(set(one) == ROUND_KEYS | {"phases"} for one in rounds)
    assert {phase["ref"] for one in rounds for phase in one["phases"]} >= {"PL-6.plan", "PL-6.entries", "PL-6.final"}
    reports = [one for one in rounds if one["ref"] == "PL-5"]
    assert [one["due"] for one in reports] == [
        "2026-03-16T23:59:59+07:00",
        "2026-06-15T23:59:59+07:00",
        "2026-09-15T23:59:59+07:00",
        "2026-12-15T23:59:59+07:00",
    ]
    first = reports[0]
    assert (first["window_start"], first["window_end"]) == ("2025-12-15", "2026-03-14")
    assert (first["opens"], first["unit_due"]) == ("2026-03-05T07:30:00+07:00", "2026-03-13T23:59:59+07:00")
    assert first["locks"] == "2026-03-16T10:00:00+07:00"
    assert first["units"] == ["vhxh", "vp", "kthtdt", "pvhcc", "vhtttt", "mttq", "bxdd"]
    assert {tuple(item) for item in first["assumed"]} == {("field", "reason")}


def test_the_calendar_for_people_has_one_line_a_round_a_phase_and_a_standing_duty(data, run):
    rounds = data("calendar", PLAN)[1]
    status, out, _ = run("calendar", PLAN)
    assert (status, len(out.splitlines())) == (0, len(rounds) + sum(len(one["phases"]) for one in rounds) + 2)
    assert out.splitlines()[-1].startswith("PL-12  thường xuyên")
    assert "hạn 16/3/2026" in out


def test_what_is_assumed_is_marked_where_the_dates_of_the_rounds_are_shown(data, run):
    marked = sum("tạm tính" in line for line in run("status", "vung-ang-2026")[1].splitlines())
    assert marked == sum(bool(round_["assumed"]) for round_ in data("status", "vung-ang-2026")[1]) > 0


def test_a_juror_s_sheet_is_not_written_before_its_entries_are_known(run, tmp_path):
    status, out, err = run("workbook", "phuc-loi-2026", "PL-6.final", "2026", "gk1", "-o", tmp_path / "gk1.xlsx")
    assert (status, out) == (2, "")
    assert "chấm chung khảo chưa được mở" in err
    assert not (tmp_path / "gk1.xlsx").exists()


def test_a_unit_s_workbook_is_written_and_is_the_unit_s_own(run, data, opened, tmp_path):
    file = tmp_path / "vp.xlsx"
    status, out, err = run("workbook", *QUARTER, "vp", "-o", file)
    assert (status, err) == (0, "")
    assert str(file) in out
    status, receipt = data("receive", file, "--unit", "vp", "--at", "2026-03-10T09:00+07:00")
    assert (status, [problem["code"] for problem in receipt["problems"]]) == (1, ["workbook_empty"])


@pytest.mark.parametrize(
    ("arguments", "nearest"),
    [
        (["workbook", "phuc-loi-2025", "PL-5", "2026-Q1", "vp", "-o", "x.xlsx"], "phuc-loi-2026"),
        (["workbook", "phuc-loi-2026", "PL5", "2026-Q1", "vp", "-o", "x.xlsx"], "PL-5"),
        (["workbook", "phuc-loi-2026", "PL-5", "2026-Q5", "vp", "-o", "x.xlsx"], "2026-Q4"),
        (["workbook", "phuc-loi-2026", "PL-5", "2026-Q1", "vhttt", "-o", "x.xlsx"], "vhtttt"),
        (["compile", "phuc-loi-2025", "PL-5", "2026-Q1"], "phuc-loi-2026"),
        (["compile", "phuc-loi-2026", "PL5", "2026-Q1"], "PL-5"),
        (["status", "phuc-loi-206"], "phuc-loi-2026"),
        (["receive", str(PLAN), "--unit", "vhxhh"], "vhxh"),
        (["receive", str(PLAN), "--unit", "vhxhh", "--plan", "phuc-loi-2026"], "vhxh"),
    ],
)
def test_a_wrong_name_gives_status_2_and_a_sentence_with_the_nearest_right_one(run, arguments, nearest):
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert f"“{nearest}”" in err
    assert "ó phải" in err
    assert not Path("x.xlsx").exists()


def test_a_name_that_resembles_nothing_is_answered_with_the_right_ones(run):
    status, _, err = run("workbook", "phuc-loi-2026/PL-5", "a/b", "c", "vp", "-o", "x.xlsx")
    assert status == 2
    assert "2026-Q1, 2026-Q2, 2026-Q3, 2026-Q4" in err


@pytest.mark.parametrize(
    "arguments",
    [["calendar", "no/such.yaml"], ["receive", "no/such.xlsx", "--unit", "vp"]],
    ids=lambda arguments: arguments[0],
)
def test_a_missing_file_gives_status_2_and_is_named(run, arguments):
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert "such" in err
    assert "Traceback" not in err


def test_a_missing_plan_is_a_problem_of_what_was_asked_about(data):
    status, (result,) = data("plan", "check", "no/such.yaml")
    assert (status, result["valid"]) == (1, False)
    assert "such.yaml" in result["errors"][0]


@pytest.mark.parametrize("command", [["status"], ["receive", str(PLAN), "--unit", "vp"]], ids=["status", "receive"])
@pytest.mark.parametrize("moment", ["yesterday", "2026-13-01", "16/3/2026"])
def test_a_moment_that_is_none_gives_status_2_and_an_example(run, command, moment):
    status, out, err = run(*command, "--at", moment)
    assert (status, out) == (2, "")
    assert f"“{moment}”" in err
    assert "2026-03-10T09:00+07:00" in err


def test_receiving_gives_exactly_the_documented_keys_and_status_1_for_a_returned_file(data, run, opened):
    status, receipt = data("receive", opened["kthtdt-1"], "--unit", "kthtdt", "--at", "2026-03-10T09:15+07:00")
    assert status == 1
    about_the_file = {"verdict", "round", "unit", "number", "late", "again", "sha256", "counted", "answer_sha256"}
    assert set(receipt) == about_the_file | {"problems", "questions"}
    assert (receipt["verdict"], receipt["round"], receipt["number"]) == ("returned", "/".join(QUARTER), 1)
    assert [set(problem) for problem in receipt["problems"]] == [{"code", "where", "sentence"}] * 3
    status, out, _ = run("receive", opened["kthtdt-1"], "--unit", "kthtdt", "--at", "2026-03-10T09:15+07:00")
    assert status == 1
    assert all(problem["sentence"] in out for problem in receipt["problems"])


@pytest.mark.parametrize(
    ("moment", "verdict", "late"),
    [
        ("2026-03-12T09:00+07:00", "accepted", False),
        ("2026-03-13T23:59", "accepted", False),  # without a zone it is Vietnam's
        ("2026-03-14T00:00", "accepted", True),
        ("2026-03-16T11:00+07:00", "held", True),
    ],
)
def test_a_good_file_gives_status_0_and_the_moment_decides_on_late_and_held(data, opened, moment, verdict, late):
    status, receipt = data("receive", opened["vp-1"], "--unit", "vp", "--plan", "phuc-loi-2026", "--at", moment)
    assert (status, receipt["verdict"], receipt["late"]) == (0, verdict, late)


def test_a_file_that_matches_nothing_gives_status_1(data, opened):
    status, receipt = data("receive", PLAN, "--unit", "vp", "--plan", "phuc-loi-2026", "--at", "2026-03-12T09:00+07:00")
    assert (status, receipt["verdict"], receipt["round"]) == (1, "refused", None)


def test_status_has_exactly_the_documented_keys_and_the_rates_of_a_round(data, run, opened):
    run("receive", opened["vp-1"], "--unit", "vp", "--at", "2026-03-12T09:00+07:00")
    run("receive", opened["mttq-1"], "--unit", "mttq", "--at", "2026-03-15T20:00+07:00")
    status, standings = data("status", "phuc-loi-2026", "--at", "2026-03-16T08:00+07:00")
    assert status == 0
    assert all(set(one) == ROUND_KEYS | STANDING_KEYS for one in standings)
    (quarter,) = [one for one in standings if one["opened"]]
    assert (quarter["expected"], quarter["actual"], quarter["on_time"]) == (7, 2, 1)
    assert quarter["reporting_rate"] == pytest.approx(2 / 7)
    assert quarter["reporting_rate_on_time"] == pytest.approx(1 / 7)
    assert all(set(one) == {"unit", "name", "state", "reason", "late", "overdue"} for one in quarter["assignments"])
    assert {one["unit"] for one in quarter["assignments"] if one["overdue"]} == {
        *("vhxh", "kthtdt", "pvhcc", "vhtttt", "bxdd"),
    }
    assert {one["reporting_rate"] for one in standings if not one["opened"]} == {None}


def test_status_for_people_names_every_unit_and_who_is_late(run, opened):
    run("receive", opened["mttq-1"], "--unit", "mttq", "--at", "2026-03-15T20:00+07:00")
    status, out, _ = run("status", "--at", "2026-03-16T08:00+07:00")
    assert status == 0
    assert "Ủy ban Mặt trận Tổ quốc Việt Nam phường: đã nhận (muộn)" in out
    assert "Ban Xây dựng đảng: chưa nộp (quá hạn)" in out
    assert "đã nộp 1/7, đúng hạn 0" in out


def test_compiling_an_opened_round_writes_both_documents_and_again_gives_the_same_version(run, opened, home):
    run("receive", opened["vp-1"], "--unit", "vp", "--at", "2026-03-12T09:00+07:00")
    status, out, err = run("compile", *QUARTER)
    assert (status, err) == (0, "")
    assert "bản số 1" in out
    assert len(list((home / "drafts" / "/".join(QUARTER) / "v1").iterdir())) == 2
    assert run("compile", *QUARTER)[1] == out


def test_compiling_what_was_never_opened_gives_status_2_even_in_a_new_home(run):
    status, out, err = run("compile", *QUARTER)
    assert (status, out) == (2, "")
    assert "chưa được mở" in err


@pytest.fixture
def office_morning(monkeypatch):
    """A Thursday on which offices work."""
    monkeypatch.setenv("DINHKY_CLOCK", "2026-03-12T09:00+07:00@1")


@pytest.mark.usefixtures("office_morning")
def test_the_outbox_is_listed_and_flushed_into_maildirs(run, opened, home):
    status, out, _ = run("outbox")
    assert (status, len(out.splitlines())) == (0, 7)
    assert all("queued" in line for line in out.splitlines())
    assert run("outbox", "list")[1] == out
    status, out, _ = run("outbox", "flush")
    assert (status, out.strip()) == (0, "Đã gửi 7, hoãn 0, lỗi 0.")
    assert len(list((home / "mail").iterdir())) == 7
    assert all("sent" in line for line in run("outbox")[1].splitlines())


def test_what_waits_for_office_hours_is_told_when_it_is_flushed_on_a_sunday(run, opened, home, monkeypatch):
    monkeypatch.setenv("DINHKY_CLOCK", "2026-03-08T09:00+07:00@1")
    status, out, _ = run("outbox", "flush")
    assert (status, out.strip()) == (0, "Đã gửi 0, hoãn 0, lỗi 0; 7 thư chờ giờ hành chính.")


@pytest.mark.usefixtures("office_morning")
def test_a_flush_in_which_something_failed_for_good_gives_status_1(run, opened, home):
    for file in (home / "files").rglob("*"):
        if file.is_file():
            file.unlink()
    status, out, _ = run("outbox", "flush")
    summary, *alarms = out.splitlines()
    assert (status, summary, len(alarms)) == (1, "Đã gửi 0, hoãn 0, lỗi 7.", 7)
    assert all("không còn nguyên vẹn" in alarm for alarm in alarms)
    assert "dinhky outbox retry" in run("outbox", "list")[1].splitlines()[-1], "and what to do about it"


@pytest.mark.usefixtures("office_morning")
def test_a_person_looks_at_a_message_that_failed_has_it_tried_again_and_gives_another_up(run, opened, home):
    kept = {file: file.read_bytes() for file in (home / "files").rglob("*") if file.is_file()}
    for file in kept:
        file.unlink()
    run("outbox", "flush")
    for file, data in kept.items():
        file.write_bytes(data)
    status, out, _ = run("outbox", "show", "1")
    assert (status, out.startswith("Thư số 1, failed lúc")) == (0, True)
    assert "Kính gửi" in out
    status, out, _ = run("outbox", "retry", "1", "--reason", "Đã khôi phục tệp", "--by", "vhxh")
    assert (status, out.strip()) == (0, "Đã đưa lại vào hàng đợi: thư số 1.")
    status, out, _ = run("outbox", "cancel", "2", "--reason", "Đã đưa tận tay", "--by", "vhxh")
    assert (status, out.strip()) == (0, "Sẽ không gửi nữa: thư số 2.")
    assert run("outbox", "flush")[1].startswith("Đã gửi 1, ")
    states = [line.split()[1] for line in run("outbox")[1].splitlines()[:7]]
    assert states == ["sent", "cancelled", *["failed"] * 5]
    with sqlite3.connect(home / "ledger.db") as ledger:
        decided = ledger.execute("SELECT kind, actor FROM events WHERE kind LIKE 'message%' ORDER BY id").fetchall()
    assert decided == [("message_retried", "vhxh"), ("message_cancelled", "vhxh")]


@pytest.mark.parametrize("action", ["retry", "cancel"])
@pytest.mark.parametrize("message", ["1", "99"])
@pytest.mark.usefixtures("office_morning")
def test_what_is_on_its_way_sent_or_not_there_cannot_be_decided_about(run, opened, action, message):
    run("outbox", "flush")
    before = run("outbox")[1]
    status, out, err = run("outbox", action, message, "--reason", "x")
    assert (status, out, run("outbox")[1]) == (2, "", before)
    assert "Thư số 1 đang ở trạng thái “sent”" in err if message == "1" else "Không có thư số 99" in err


@pytest.mark.parametrize("arguments", [["status"], ["outbox"], ["outbox", "flush"]], ids=" ".join)
def test_a_new_home_is_made_on_first_use(run, home, arguments):
    assert run(*arguments)[0] == 0
    assert (home / "ledger.db").exists()


@pytest.mark.parametrize(
    "arguments", [[], ["nonsense"], ["calendar"], ["outbox", "burn"], ["status", "--format", "ics"]]
)
def test_a_command_that_does_not_exist_gives_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: dinhky" in capsys.readouterr().err


def test_every_documented_command_exists(capsys):
    documented = {
        line.split("`")[1].split()[1]
        for line in (REPOSITORY / "docs" / "command-line.md").read_text("utf-8").splitlines()
        if line.startswith("| `dinhky ")
    }
    assert {"plan", "calendar", "workbook", "receive", "status", "compile", "outbox", "serve", "demo"} <= documented
    for command in documented:
        with pytest.raises(SystemExit) as ended:
            main([command, "--help"])
        assert ended.value.code == 0


TOLD = ("post", "phuc-loi-2026", "--unit", "vhtttt", "--channel", "radio", "--title", "Một cửa, một lần đến")


@pytest.mark.usefixtures("office_morning")
@pytest.mark.parametrize(
    "evidence", [("--link", "https://dai.example/bai-1"), ("--log", "Phát 17 giờ 00"), ("--file",)]
)
def test_a_post_is_told_with_each_kind_of_evidence_and_once(run, opened, tmp_path, evidence):
    file = tmp_path / "nhat-ky.pdf"
    file.write_bytes(b"%PDF")
    evidence = (*evidence, file) if evidence == ("--file",) else evidence
    status, out, _ = run(*TOLD, "--date", "2026-03-10", *evidence)
    assert (status, "Đã ghi nhận “Một cửa, một lần đến”, đăng ngày 10/3/2026." in out) == (0, True)
    status, out, _ = run(*TOLD, "--date", "2026-03-10", *evidence)
    assert (status, "đã được ghi nhận trước đó" in out) == (0, True)


@pytest.mark.usefixtures("office_morning")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--date", "2026-03-20", "--log", "x"), "Ngày đăng 20/3/2026 chưa tới"),
        (("--date", "2026-03-10", "--link", "bài của tôi"), "không phải là một đường dẫn"),
    ],
)
def test_a_post_that_cannot_be_is_refused_in_a_sentence(run, opened, arguments, said):
    status, _, err = run(*TOLD, *arguments)
    assert status == 2
    assert said in err


# What an officer decides


def test_decisions_from_the_command_line_say_whether_they_changed_anything(opened, run):
    where = ["phuc-loi-2026", "PL-5", "2026-Q1", "vp"]
    because = ["--reason", "Đang sắp xếp lại", "--by", "Nguyễn Thị Cán Bộ"]
    for decision, said, again in (
        ("waive", "được miễn thực hiện", "đã được miễn từ trước"),
        ("unwaive", "không còn được miễn", "đã bỏ miễn từ trước"),
        ("nil", "không phát sinh", "đã ghi nhận từ trước"),
        ("return", "đã trả lại", "đã trả lại từ trước"),
    ):
        for expected in (said, again):
            status, out, err = run("decide", decision, *where, *because)
            assert (status, err) == (0, "")
            assert expected in out


def test_a_decision_that_cannot_be_taken_says_why_and_changes_nothing(opened, run):
    status, out, err = run("decide", "take", "phuc-loi-2026", "PL-5", "2026-Q1", "vp", "--reason", "Thử")
    assert (status, out) == (2, "")
    assert "không có tệp nào" in err


def test_nothing_is_held_until_a_file_comes_too_late(opened, run, data):
    assert run("decide", "held")[1] == "Không có tệp nào chờ quyết định.\n"
    run("receive", opened["vp-1"], "--unit", "vp", "--at", "2026-03-16T12:00")
    status, held = data("decide", "held")
    assert status == 0
    assert [(one["round"], one["unit"], one["number"], one["report_sent"]) for one in held] == [
        ("phuc-loi-2026/PL-5/2026-Q1", "vp", 1, False)
    ]
    assert "chờ" not in run("decide", "decline", "phuc-loi-2026", "PL-5", "2026-Q1", "vp", "--reason", "Quá muộn")[1]
    assert data("decide", "held") == (0, [])
