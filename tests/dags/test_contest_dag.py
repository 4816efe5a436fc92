"""A contest's DAG: a group of tasks a phase, in order, with the supervisor's approval between those that are judged."""

from __future__ import annotations

import pytest
from airflow.sdk import TriggerRule

from dinhky import bootstrap

PHASES = ["plan", "launch", "entries", "preliminary", "final", "award", "sent_on"]


@pytest.fixture(scope="module")
def dags() -> dict:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(bootstrap.REPOSITORY / "dags"))
    assert not bag.import_errors
    return dict(bag.dags)


@pytest.fixture(scope="module")
def dag(dags):
    return dags["phuc-loi-2026.PL-6"]


def upstream(dag, task: str) -> set[str]:
    return set(dag.task_dict[task].upstream_task_ids)


def test_every_contest_of_every_plan_has_one(dags):
    assert {"phuc-loi-2026.PL-6", "chi-minh-2026.CM-5"} <= set(dags)


def test_every_phase_is_a_group_with_its_name(dag):
    groups = dag.task_group.get_task_group_dict()
    assert [name for name in groups if name] == PHASES
    assert groups["preliminary"].group_display_name == "Chấm sơ khảo"
    assert all(not group.group_display_name.endswith("\n") for group in groups.values())


def test_phases_follow_each_other_behind_the_approvals(dag):
    assert upstream(dag, "plan.wait") == {"open"}
    assert upstream(dag, "launch.wait") == {"plan.open", "plan.unit"}
    assert upstream(dag, "entries.wait") == {"launch.open", "launch.unit"}
    assert upstream(dag, "preliminary.wait") == {"entries.approve"}
    assert upstream(dag, "final.wait") == {"preliminary.approve"}
    assert upstream(dag, "award.wait") == {"final.approve"}
    assert upstream(dag, "sent_on.wait") == {"award.report", "award.announce"}
    assert upstream(dag, "file") == {"sent_on.report"}


@pytest.mark.parametrize("phase", PHASES)
def test_a_phase_opens_on_its_day_and_has_a_named_task_for_each_of_those_asked(dag, phase):
    contest = bootstrap.plans()[0]["phuc-loi-2026"].obligation("PL-6").contest
    days = {one.kind.value: one.opens for one in contest.phases}
    assert dag.task_dict[f"{phase}.wait"].moment == f"{days[phase]}T07:30:00+07:00"
    assert upstream(dag, f"{phase}.open") == {f"{phase}.wait"}
    assert upstream(dag, f"{phase}.unit") == {f"{phase}.open"}
    assert dag.task_dict[f"{phase}.unit"].partial_kwargs["map_index_template"] == "{{ task.unit_name }}"


def test_what_is_late_is_red_and_does_not_end_the_contest(dag):
    for task in ("entries.list", *(f"{phase}.complete" for phase in PHASES if phase != "entries")):
        assert dag.task_dict[task].trigger_rule == TriggerRule.ALL_DONE
    assert upstream(dag, "final.complete") == {"final.open", "final.unit"}
    assert upstream(dag, "final.rank") == {"final.open", "final.complete"}
    assert upstream(dag, "entries.list") == {"entries.close", "entries.unit"}


@pytest.mark.parametrize(
    ("phase", "following"), [("entries", "preliminary"), ("preliminary", "final"), ("final", "award")]
)
def test_an_approval_lets_the_next_phase_begin_and_a_return_is_red(dag, phase, following):
    approve = dag.task_dict[f"{phase}.approve"]
    assert set(approve.options_mapping.values()) == {f"{following}.wait", f"{phase}.sent_back"}
    assert set(approve.options_mapping.values()) == set(approve.downstream_task_ids)
    assert approve.assigned_users == [{"id": "lanhdao", "name": "Hoàng Minh Đức"}]


def test_its_page_names_the_phases_the_jury_and_what_is_assumed(dag):
    for told in ("Chấm chung khảo", "Nguyễn Khắc Sơn", "dinhky contest let-off phuc-loi-2026 PL-6", "tạm đặt"):
        assert told in dag.doc_md
