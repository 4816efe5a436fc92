"""One DAG for every quota of posts of every plan: open ► [a named task a unit] ► tally.

A run is a period. A unit's task turns green when its part is counted, however its posts were told. The tally goes to
the lead and the supervisor; it is red where the quota was missed.
"""

from airflow.sdk import DAG, TriggerRule, task
from airflow.sdk.exceptions import AirflowFailException

from dinhky import bootstrap
from dinhky.domain.plan import Kind, Obligation, Plan
from dinhky.orchestration.data_closed import DataClosedOperator
from dinhky.orchestration.duties import dag_settings, duties_of
from dinhky.orchestration.runs import explained, held_round, opened_units
from dinhky.orchestration.texts import label
from dinhky.orchestration.waiting import UnitSubmissionOperator
from dinhky.rounds.closing import close_posts_round


def post_quota(plan: Plan, obligation: Obligation) -> DAG:
    """The DAG of one quota of posts."""
    with DAG(**dag_settings(plan, obligation, doc="post_quota", tag="tag_posts")) as dag:

        @task(task_id="open", task_display_name=label("open"))
        def opened() -> list[dict[str, str]]:
            return opened_units(plan, obligation)

        @task(task_id="tally", task_display_name=label("tally"), trigger_rule=TriggerRule.ALL_DONE)
        def tallied() -> str:
            with explained():
                tally = close_posts_round(bootstrap.office(), *held_round(plan, obligation))
            if not tally.is_met:
                raise AirflowFailException(label("quota_missed").format(progress=tally.progress))
            return tally.progress

        open_task = opened()
        units = UnitSubmissionOperator.partial(
            task_id="unit", task_display_name=label("unit_posts"), map_index_template="{{ task.unit_name }}"
        ).expand_kwargs(open_task)
        window_over = DataClosedOperator(
            task_id="close",
            task_display_name=label("close_posts"),
            moment="{{ data_interval_end.isoformat() }}",
            plan=plan,
            obligation=obligation,
        )
        open_task >> window_over
        [units, window_over] >> tallied()
    return dag


for plan, obligation in duties_of(Kind.POSTS):
    globals()[f"{plan.id}.{obligation.ref}"] = post_quota(plan, obligation)
