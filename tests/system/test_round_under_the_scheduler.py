"""A quarter under Airflow's real processes: what operators, units and the supervisor rely on.

The tests of this file share one live service and follow the quarter's course, so their order matters.
"""

from __future__ import annotations

from urllib.error import HTTPError

import pytest
from live_service import RUN, Live, wait_for

pytestmark = pytest.mark.system

FULL, SMALL, BYPASSED = "day-du-2026", "nho-2026", "bo-buoc-2026"
FULL_DAG, SMALL_DAG, BYPASSED_DAG = f"{FULL}.PL-5", f"{SMALL}.PL-5", f"{BYPASSED}.PL-5"
UNSENT = {"queued", "claimed", "sending"}
NAMES = {
    "vhxh": "Phòng Văn hóa - Xã hội",
    "vp": "Văn phòng HĐND và UBND phường",
    "kthtdt": "Phòng Kinh tế, Hạ tầng và Đô thị",
    "mttq": "Ủy ban Mặt trận Tổ quốc Việt Nam phường",
}


def test_a_round_is_a_run_named_by_its_period_with_the_window_as_data_interval(live: Live) -> None:
    wait_for(lambda: live.tasks(FULL_DAG), what="the round's run")
    run = live.as_user("admin").run(FULL_DAG, RUN)
    assert run["data_interval_start"] == "2025-12-14T17:00:00Z"  # 15/12/2025 00:00 in Vietnam
    assert run["data_interval_end"] == "2026-03-14T17:00:00Z"  # the end of 14/3/2026


def test_each_unit_is_one_task_under_its_vietnamese_name_that_waits_without_a_worker(live: Live) -> None:
    states = wait_for(
        lambda: {
            name: state
            for name, state in live.tasks(FULL_DAG).items()
            if name in NAMES.values() and state in {"deferred", "success"}
        },
        what="the units' tasks",
    )
    wait_for(lambda: set(live.tasks(FULL_DAG)) >= set(NAMES.values()), what="all four units")
    assert "running" not in states.values()


def test_a_good_workbook_turns_its_unit_green_and_a_wrong_one_is_answered_cell_by_cell(
    live: Live, sample: dict
) -> None:
    wait_for(lambda: len(live.messages(FULL)) >= 4, what="the opening notices")
    live.deliver(FULL, "vhxh", sample["vhxh"][0]["rows"])
    live.deliver(FULL, "kthtdt", sample["kthtdt"][0]["rows"])
    wait_for(lambda: live.tasks(FULL_DAG).get(NAMES["vhxh"]) == "success", what="vhxh in green")
    [answer] = wait_for(
        lambda: [row for row in live.messages(FULL) if row["kind"] == "returned-1"], what="the answer to kthtdt"
    )
    assert "ô E5" in answer["body"]
    assert live.tasks(FULL_DAG)[NAMES["kthtdt"]] != "success"
    live.deliver(FULL, "kthtdt", sample["kthtdt"][1]["rows"])
    wait_for(lambda: live.tasks(FULL_DAG)[NAMES["kthtdt"]] == "success", what="kthtdt in green")


def test_at_the_lock_a_silent_unit_is_red_and_the_report_is_compiled_all_the_same(live: Live) -> None:
    wait_for(lambda: live.tasks(FULL_DAG).get("approve") == "awaiting_input", seconds=180, what="the approval")
    states = live.tasks(FULL_DAG)
    assert states[NAMES["vp"]] == states[NAMES["mttq"]] == "failed"
    assert states["compile"] == "success"


def test_only_the_plans_approver_may_decide(live: Live) -> None:
    with pytest.raises(HTTPError) as refused:
        live.as_user("canbo").decide(FULL_DAG, RUN, "Duyệt")
    assert refused.value.code == 403


def test_after_approval_the_report_goes_to_the_plans_recipients(live: Live) -> None:
    live.answer_approval(FULL_DAG, "Duyệt")
    wait_for(lambda: live.as_user("admin").run(FULL_DAG, RUN)["state"] == "success", what="the run's success")
    [report] = wait_for(
        lambda: [row for row in live.messages(FULL) if row["kind"] == "report-v1" and row["state"] == "sent"],
        what="the report",
    )
    assert len(report["attachments"]) == 2
    assert list((live.home / "mail" / report["address"] / "new").iterdir())


def test_every_unit_was_reminded_once_a_step_and_the_supervisor_once(live: Live) -> None:
    kinds = [(row["kind"], row["unit"]) for row in live.messages(FULL)]
    assert len(kinds) == len(set(kinds)), "every message once"
    for unit in ("vp", "mttq"):
        assert ("T-0", unit) in kinds, "whatever the machine's pace, the due day's reminder goes out"
    assert kinds.count(("escalation", None)) == 1


def test_clearing_the_whole_run_and_playing_it_again_changes_no_document_and_sends_nothing(live: Live) -> None:
    archive = live.home / "archive" / FULL
    documents = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in archive.rglob("*.*")}
    wait_for(lambda: all(row["state"] not in UNSENT for row in live.messages(FULL)), what="the last message to go out")
    messages = live.messages(FULL)
    assert documents
    live.as_user("admin").clear(FULL_DAG, RUN)
    wait_for(lambda: live.as_user("admin").run(FULL_DAG, RUN)["state"] != "success", what="the run begun anew")
    wait_for(lambda: live.as_user("admin").run(FULL_DAG, RUN)["state"] == "success", what="the run's second success")
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in archive.rglob("*.*")} == documents
    assert live.messages(FULL) == messages


def test_an_approval_marked_success_by_hand_sends_nothing_and_says_why(live: Live) -> None:
    wait_for(lambda: live.tasks(SMALL_DAG).get("approve") == "awaiting_input", what="the approval")
    live.as_user("admin").set_task_state(SMALL_DAG, RUN, "approve", "success")
    wait_for(lambda: live.tasks(SMALL_DAG).get("send") == "failed", what="the refusal")
    assert "sổ theo dõi không có phê duyệt" in live.log(SMALL_DAG, "send")
    assert not [row for row in live.messages(SMALL) if row["kind"].startswith("report-v")]


def test_a_report_sent_back_is_told_with_the_comment_and_can_be_asked_about_again(live: Live) -> None:
    admin = live.as_user("admin")
    admin.clear(SMALL_DAG, RUN, tasks=["approve"], downstream=True)
    wait_for(lambda: live.tasks(SMALL_DAG).get("approve") == "awaiting_input", what="the second asking")
    live.answer_until(SMALL_DAG, "Trả lại", "Đề nghị rà soát lại số liệu", task="sent_back", state="failed")
    assert live.tasks(SMALL_DAG)["send"] == "skipped"
    told = next(row for row in live.messages(SMALL) if row["kind"].startswith("report-returned"))
    assert "Đề nghị rà soát lại số liệu" in told["body"]

    admin.clear(SMALL_DAG, RUN, tasks=["compile"], downstream=True)
    wait_for(lambda: live.tasks(SMALL_DAG).get("approve") == "awaiting_input", what="the third asking")
    live.answer_approval(SMALL_DAG, "Duyệt")
    wait_for(lambda: live.tasks(SMALL_DAG).get("file") == "success", what="the filed report")
    assert len([row for row in live.messages(SMALL) if row["kind"] == "report-v1"]) == 1


def test_a_broken_plan_file_is_an_import_error_with_its_line_and_leaves_the_good_plans_alone(live: Live) -> None:
    admin = live.as_user("admin")
    broken = live.plans / "hong-2026.yaml"
    broken.write_text("id: hong-2026\ntitel: Kế hoạch\n", "utf-8")
    errors = wait_for(
        lambda: [
            error
            for error in admin.call("GET", "/api/v2/importErrors")["import_errors"]
            if "hong-2026.yaml" in error["stack_trace"]
        ],
        what="the import error",
    )
    assert "hong-2026.yaml, dòng 2" in errors[0]["stack_trace"]
    assert "title" in errors[0]["stack_trace"], "the nearest right name"
    dags = {dag["dag_id"]: dag for dag in admin.call("GET", "/api/v2/dags")["dags"]}
    assert {FULL_DAG, SMALL_DAG} <= set(dags)
    assert not dags[FULL_DAG]["has_import_errors"]
    broken.unlink()
    wait_for(lambda: not admin.call("GET", "/api/v2/importErrors")["import_errors"], what="the import error to go away")


def test_a_run_whose_approval_is_removed_from_the_dag_while_it_waits_does_not_send_and_says_why(live: Live) -> None:
    wait_for(lambda: live.tasks(BYPASSED_DAG).get("approve") == "awaiting_input", seconds=180, what="the approval")
    file = live.dags / "periodic_reports.py"
    code = file.read_text("utf-8")
    start, end = code.index("        approve = ApproveReportOperator("), code.index("        send_task = sent()")
    without = code[:start] + code[end:]
    without = without.replace("report_id >> approve >> [send_task, sent_back()]", "report_id >> send_task")
    assert "approve" not in without.split('"""', 2)[2].replace("ApproveReportOperator", "").replace(
        "orchestration.approval", ""
    )
    file.write_text(without, "utf-8")
    wait_for(lambda: live.tasks(BYPASSED_DAG).get("send") == "failed", seconds=120, what="the refusal")
    assert "sổ theo dõi không có phê duyệt" in live.log(BYPASSED_DAG, "send")
    assert not [row for row in live.messages(BYPASSED) if row["kind"].startswith("report-v")]
