"""A contest's phase as a group of tasks. Each is one call of a use case, or waits: the ledger decides everything."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from airflow.sdk import TaskGroup, TriggerRule, task
from airflow.sdk.exceptions import AirflowFailException

from dinhky import bootstrap
from dinhky.domain.contest import SCORED, PhaseKind
from dinhky.domain.plan import Obligation, Plan
from dinhky.domain.schedule import Round
from dinhky.orchestration.approval import ApproveReportOperator
from dinhky.orchestration.runs import explained, held_round
from dinhky.orchestration.texts import label, phase_title
from dinhky.orchestration.waiting import LOCK_GRACE, UnitSubmissionOperator, WaitUntilOperator
from dinhky.orchestration.waiting_for_answers import WaitForAnswersOperator
from dinhky.rounds.closing import close_milestone
from dinhky.rounds.contest_results import announce_results, close_sent_on
from dinhky.rounds.contests import close_entries, open_phase, rank_phase

# What waits for units and jurors runs whatever became of their tasks: red ones let the contest go on, and so do skipped
# ones (a juror let off, a unit that did not enter). What follows needs the phase's opening to have succeeded.
_STARTS_WHATEVER_WAS_PROVED = {PhaseKind.LAUNCH, PhaseKind.ENTRIES}
_UNIT_LABELS = {PhaseKind.ENTRIES: "entries_unit", PhaseKind.PRELIMINARY: "jury_unit", PhaseKind.FINAL: "jury_unit"}


def phase_group(plan: Plan, phase: Obligation, round_: Round, after: list[Any], following: str) -> list[Any]:
    """The group of one phase, beginning after the tasks `after`; `following` is the id of the task after its approval.

    Returns the tasks after which the next phase begins.
    """
    kind = PhaseKind(str(phase.phase))
    with TaskGroup(group_id=kind.value, group_display_name=phase_title(kind)):
        wait = WaitUntilOperator(
            task_id="wait",
            task_display_name=label("phase_wait"),
            moment=round_.opens.isoformat(),
            trigger_rule=TriggerRule.ALL_DONE if kind in _STARTS_WHATEVER_WAS_PROVED else TriggerRule.ALL_SUCCESS,
        )

        @task(task_id="open", task_display_name=label("phase_open"))
        def opened() -> list[dict[str, str]]:
            with explained():
                round_id, _ = _held(plan, phase)
                units = open_phase(bootstrap.office(), round_id, _opening_moment(round_))
            return [{"round_id": round_id, "unit": unit.code, "unit_name": unit.name} for unit in units]

        open_task = opened()
        units = UnitSubmissionOperator.partial(
            task_id="unit",
            task_display_name=label(_UNIT_LABELS.get(kind, "phase_unit")),
            map_index_template="{{ task.unit_name }}",
        ).expand_kwargs(open_task)
        after >> wait >> open_task
        if kind is PhaseKind.ENTRIES:
            return [_approval(plan, phase, _listed(plan, phase, round_, open_task, units), kind, following)]
        complete = WaitForAnswersOperator(
            task_id="complete",
            task_display_name=label("jury_complete" if kind in SCORED else "phase_complete"),
            round_id=round_.id,
            trigger_rule=TriggerRule.ALL_DONE,
        )
        [open_task, units] >> complete
        if kind in SCORED:
            return [_approval(plan, phase, _ranked(plan, phase, [open_task, complete]), kind, following)]
        report = _reported(plan, phase, [open_task, complete])
        if kind is PhaseKind.AWARD:
            return [report, _announced(plan, phase, open_task)]
        return [report] if kind is PhaseKind.SENT_ON else [open_task, units]


def _listed(plan: Plan, phase: Obligation, round_: Round, open_task: Any, units: Any) -> Any:
    close = WaitUntilOperator(
        task_id="close",
        task_display_name=label("entries_close"),
        moment=(round_.locks + LOCK_GRACE).isoformat(),
    )

    @task(task_id="list", task_display_name=label("entries_list"), trigger_rule=TriggerRule.ALL_DONE)
    def listed() -> int:
        with explained():
            return close_entries(bootstrap.office(), *_held(plan, phase)).id

    list_task = listed()
    open_task >> close
    [close, units] >> list_task
    return list_task


def _ranked(plan: Plan, phase: Obligation, after: list[Any]) -> Any:
    @task(task_id="rank", task_display_name=label(f"{phase.phase}_rank"))
    def ranked() -> int:
        with explained():
            return rank_phase(bootstrap.office(), *_held(plan, phase)).id

    rank = ranked()
    after >> rank
    return rank


def _approval(plan: Plan, phase: Obligation, report_id: Any, kind: PhaseKind, following: str) -> Any:
    approve = ApproveReportOperator(
        task_id="approve",
        task_display_name=label("phase_approve"),
        subject=label("contest_approval_subject"),
        report_id=report_id,
        approver=plan.approver_of(phase.ref),
        task_if_approved=following,
        task_if_returned=f"{kind}.sent_back",
    )

    @task(task_id="sent_back", task_display_name=label("phase_sent_back"))
    def sent_back() -> None:
        raise AirflowFailException(label("phase_sent_back_explained"))

    report_id >> approve >> sent_back()
    return approve


def _reported(plan: Plan, phase: Obligation, after: list[Any]) -> Any:
    close = close_sent_on if phase.phase is PhaseKind.SENT_ON else close_milestone

    @task(task_id="report", task_display_name=label("phase_report"))
    def reported() -> None:
        with explained():
            close(bootstrap.office(), *_held(plan, phase))

    report = reported()
    after >> report
    return report


def _announced(plan: Plan, phase: Obligation, open_task: Any) -> Any:
    final = plan.obligation(f"{_whole(plan, phase).ref}.{PhaseKind.FINAL}")

    @task(task_id="announce", task_display_name=label("announce"))
    def announced() -> None:
        with explained():
            announce_results(bootstrap.office(), *_held(plan, final))

    announce = announced()
    open_task >> announce
    return announce


def _whole(plan: Plan, phase: Obligation) -> Obligation:
    return plan.obligation(phase.ref.rpartition(".")[0])


def _held(plan: Plan, phase: Obligation) -> tuple[str, datetime]:
    """The id of the phase's round and the office time; skips the task where the phase, or the contest, is not held."""
    held_round(plan, _whole(plan, phase))
    return held_round(plan, phase)


def _opening_moment(round_: Round) -> datetime:
    """What an opening stands for: its planned moment if it is hardly later, as for every tick."""
    clock = bootstrap.settings().clock
    return clock.tick(clock.real(round_.opens))
