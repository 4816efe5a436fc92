"""Every DAG can be loaded, and tells its operator what it is and what to do when something is red."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dinhky import bootstrap

REPOSITORY = bootstrap.REPOSITORY
ACCENTED = re.compile("[ăâđêôơưĂÂĐÊÔƠƯ\u00c0-\u00ff\u1ea0-\u1ef9]")
LONGEST_DAG_FILE = 110


@pytest.fixture(scope="module")
def dags() -> dict:
    from airflow.dag_processing.dagbag import DagBag

    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DINHKY_ZALO_BOT", "1:not-a-bot")  # with every chore that there can be
        bag = DagBag(str(REPOSITORY / "dags"))
    assert not bag.import_errors
    return dict(bag.dags)


def test_there_is_one_dag_an_obligation_of_every_plan_and_one_a_chore(dags: dict) -> None:
    obligations = {
        f"{plan.id}.{obligation.ref}" for plan in bootstrap.plans()[0].values() for obligation in plan.obligations
    }
    assert {"phuc-loi-2026.PL-5", "xuan-dam-2025.XD-4", "canh-vinh-2026.CV-4.1"} <= obligations
    assert set(dags) == obligations | {"chase", "chat_enrolment", "intake", "outbox", "overdue"}


def test_without_a_bot_nobody_listens_to_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.dag_processing.dagbag import DagBag

    monkeypatch.delenv("DINHKY_ZALO_BOT", raising=False)
    bag = DagBag(str(REPOSITORY / "dags" / "chat_enrolment.py"))

    assert not bag.import_errors
    assert not bag.dags


def test_every_dag_speaks_vietnamese_to_its_operator(dags: dict) -> None:
    for dag in dags.values():
        assert ACCENTED.search(dag.dag_display_name), dag.dag_id
        assert dag.tags, dag.dag_id
        assert "màu đỏ" in dag.doc_md, f"{dag.dag_id} does not say what to do when something is red"
        for task in dag.tasks:
            assert ACCENTED.search(task.task_display_name), task.task_id


def test_ids_are_ascii_so_that_addresses_and_files_can_carry_them(dags: dict) -> None:
    for dag in dags.values():
        assert all(name.isascii() for name in [dag.dag_id, *dag.task_ids])


def test_every_task_is_tried_again_before_an_operator_is_troubled(dags: dict) -> None:
    for dag in dags.values():
        for task in dag.tasks:
            retries = getattr(task, "retries", None) or task.partial_kwargs["retries"]
            assert retries >= 1, f"{dag.dag_id}.{task.task_id}"


def test_no_chore_runs_beside_itself(dags: dict) -> None:
    assert all(dags[name].max_active_runs == 1 for name in ("chase", "intake", "outbox", "overdue"))


def test_what_the_document_does_not_say_stands_in_the_dags_doc_as_assumed(dags: dict) -> None:
    for plan in bootstrap.plans()[0].values():
        for obligation in plan.obligations:
            doc = dags[f"{plan.id}.{obligation.ref}"].doc_md
            assert all(item.reason in doc for item in obligation.assumed), obligation.ref


def test_a_report_is_sent_only_behind_its_approval(dags: dict) -> None:
    dag = dags["phuc-loi-2026.PL-5"]
    assert dag.task_dict["send"].upstream_task_ids == {"approve"}
    assert dag.task_dict["approve"].upstream_task_ids == {"compile"}
    assert dag.task_dict["approve"].assigned_users == [{"id": "lanhdao", "name": "Hoàng Minh Đức"}]


def test_a_longer_report_waits_for_the_locks_of_the_shorter_ones_it_is_compiled_from(dags: dict) -> None:
    def complete(dag: str) -> dict[str, str]:
        rounds = dags[dag].timetable.serialize()["rounds"]
        return {round_["label"]: round_["window_end"] for round_ in rounds}

    assert complete("vung-ang-2026.VA-1")["2026-Q2"] == "2026-06-15T00:00:00+07:00"
    assert complete("vung-ang-2026.VA-2")["2026-H1"] == "2026-06-18T10:03:00+07:00"
    assert complete("vung-ang-2026.VA-3")["2026"] == "2026-12-18T10:03:00+07:00"


def test_a_standing_duty_is_looked_at_when_the_last_file_before_the_lock_has_come_in(dags: dict) -> None:
    rounds = dags["vung-ang-2026.VA-6"].timetable.serialize()["rounds"]
    [begun] = [round_["run_after"] for round_ in rounds if round_["label"] == "2026-Q2"]
    assert begun == "2026-06-18T03:03:00+00:00"


def test_a_standing_duty_is_looked_at_when_who_was_given_longer_has_had_it(dags: dict) -> None:
    dag = dags["vung-ang-2026.VA-6"]
    assert type(dag.task_dict["close"]).__name__ == "DataClosedOperator"
    assert dag.task_dict["open"].upstream_task_ids == {"close"}


@pytest.mark.parametrize("file", sorted((REPOSITORY / "dags").glob("*.py")), ids=lambda file: file.name)
def test_a_dag_file_is_wiring_that_a_newcomer_reads_in_a_minute(file: Path) -> None:
    assert len(file.read_text("utf-8").splitlines()) <= LONGEST_DAG_FILE


@pytest.mark.parametrize("year", [2019, 2031, 2098])
def test_a_plan_of_a_distant_year_leaves_the_others_their_dags_and_gets_its_own(
    year: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.dag_processing.dagbag import DagBag

    good = (REPOSITORY / "include/data/plans/phuc-loi-2026.yaml").read_text("utf-8")
    (tmp_path / "phuc-loi-2026.yaml").write_text(good, "utf-8")
    distant = good.replace("phuc-loi-2026", f"hong-{year}").replace("year: 2026", f"year: {year}")
    (tmp_path / f"hong-{year}.yaml").write_text(re.sub(r"(?<=: )2026(?=-\d\d-\d\d)", str(year), distant), "utf-8")
    monkeypatch.setenv("DINHKY_PLANS", str(tmp_path))
    bag = DagBag(str(REPOSITORY / "dags"))
    assert not bag.import_errors
    assert {"phuc-loi-2026.PL-5", f"hong-{year}.PL-5"} <= set(bag.dags)
    assert len(bag.dags["phuc-loi-2026.PL-5"].timetable.serialize()["rounds"]) == 4


def test_a_plan_of_a_year_without_calendar_is_told_with_its_line_and_leaves_the_others_their_dags(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.dag_processing.dagbag import DagBag

    good = (REPOSITORY / "include/data/plans/phuc-loi-2026.yaml").read_text("utf-8")
    (tmp_path / "phuc-loi-2026.yaml").write_text(good, "utf-8")
    far = good.replace("phuc-loi-2026", "hong-2100").replace("year: 2026", "year: 2100").replace("on: 2026", "on: 2100")
    (tmp_path / "hong-2100.yaml").write_text(far, "utf-8")
    monkeypatch.setenv("DINHKY_PLANS", str(tmp_path))
    bag = DagBag(str(REPOSITORY / "dags"))
    assert "phuc-loi-2026.PL-5" in bag.dags
    [(file, error)] = bag.import_errors.items()
    assert file.endswith("plan_problems.py")
    line = next(number for number, text in enumerate(good.splitlines(), 1) if text.startswith("year:"))
    assert f"hong-2100.yaml, dòng {line}" in error


def test_a_broken_plan_breaks_only_the_dag_that_reports_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.dag_processing.dagbag import DagBag

    good = (REPOSITORY / "include/data/plans/phuc-loi-2026.yaml").read_text("utf-8")
    (tmp_path / "phuc-loi-2026.yaml").write_text(good, "utf-8")
    (tmp_path / "hong-2026.yaml").write_text(good.replace("channels:", "chanels:", 1), "utf-8")
    monkeypatch.setenv("DINHKY_PLANS", str(tmp_path))
    bag = DagBag(str(REPOSITORY / "dags"))
    assert "phuc-loi-2026.PL-5" in bag.dags
    [(file, error)] = bag.import_errors.items()
    assert file.endswith("plan_problems.py")
    line = next(number for number, text in enumerate(good.splitlines(), 1) if text.startswith("channels:"))
    assert f"hong-2026.yaml, dòng {line}" in error
    assert "“channels”" in error
