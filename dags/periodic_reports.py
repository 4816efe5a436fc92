"""One DAG for every periodic report of every plan: open ► [a named task a unit] ► compile ► approve ► send ► file.

A run is a round and is named by its period. The ledger decides everything; the tasks only ask it and show its answer,
so each may run twice. `approve` records the decision itself: `send` goes by the ledger and not by Airflow's states.
"""

from airflow.sdk import DAG, TriggerRule, task
from airflow.sdk.exceptions import AirflowFailException

from dinhky import bootstrap
from dinhky.domain.plan import Kind, Obligation, Plan
from dinhky.orchestration.approval import ApproveReportOperator
from dinhky.orchestration.data_closed import DataClosedOperator
from dinhky.orchestration.duties import dag_settings, duties_of
from dinhky.orchestration.runs import explained, held_round, opened_units
from dinhky.orchestration.texts import label
from dinhky.orchestration.waiting import UnitSubmissionOperator
from dinhky.rounds.reporting import compile_when_due, file_report, send_report


def periodic_report(plan: Plan, obligation: Obligation) -> DAG:
    """The DAG of one periodic report."""
    with DAG(**dag_settings(plan, obligation, doc="periodic_report", tag="tag_report")) as dag:

        @task(task_id="open", task_display_name=label("open"))
        def opened() -> list[dict[str, str]]:
            return opened_units(plan, obligation)

        @task(task_id="compile", task_display_name=label("compile"), trigger_rule=TriggerRule.ALL_DONE)
        def compiled() -> int:
            with explained():
                return compile_when_due(bootstrap.office(), *held_round(plan, obligation)).id

        @task(task_id="send", task_display_name=label("send"))
        def sent() -> None:
            with explained():
                send_report(bootstrap.office(), *held_round(plan, obligation))

        @task(task_id="file", task_display_name=label("file"))
        def filed() -> str:
            with explained():
                return str(file_report(bootstrap.office(), *held_round(plan, obligation)))

        @task(task_id="sent_back", task_display_name=label("sent_back"))
        def sent_back() -> None:
            raise AirflowFailException(label("sent_back_explained"))

        open_task = opened()
        units = UnitSubmissionOperator.partial(
            task_id="unit", task_display_name=label("unit"), map_index_template="{{ task.unit_name }}"
        ).expand_kwargs(open_task)
        data_closed = DataClosedOperator(
            task_id="close",
            task_display_name=label("close"),
            moment="{{ data_interval_end.isoformat() }}",
            plan=plan,
            obligation=obligation,
        )
        report_id = compiled()
        approve = ApproveReportOperator(
            task_id="approve",
            task_display_name=label("approve"),
            report_id=report_id,
            approver=plan.approver_of(obligation.ref),
            task_if_approved="send",
            task_if_returned="sent_back",
        )
        send_task = sent()
        open_task >> data_closed
        [units, data_closed] >> report_id >> approve >> [send_task, sent_back()]
        send_task >> filed()
    return dag


for plan, obligation in duties_of(Kind.REPORT):
    globals()[f"{plan.id}.{obligation.ref}"] = periodic_report(plan, obligation)
