"""One DAG for every milestone of every plan: open ► [a named task a unit] ► told to the supervisor.

A unit's task turns green when its proof of the product is in. The last step is red where a product was not proved.
"""

from airflow.sdk import DAG, TriggerRule, task
from airflow.sdk.exceptions import AirflowFailException

from dinhky import bootstrap
from dinhky.domain.plan import Kind, Obligation, Plan
from dinhky.orchestration.duties import dag_settings, duties_of
from dinhky.orchestration.runs import explained, held_round, opened_units
from dinhky.orchestration.texts import label
from dinhky.orchestration.waiting import UnitSubmissionOperator
from dinhky.rounds.closing import close_milestone


def milestone(plan: Plan, obligation: Obligation) -> DAG:
    """The DAG of one milestone."""
    with DAG(**dag_settings(plan, obligation, doc="milestone", tag="tag_milestone")) as dag:

        @task(task_id="open", task_display_name=label("open"))
        def opened() -> list[dict[str, str]]:
            return opened_units(plan, obligation)

        @task(task_id="report", task_display_name=label("report_milestone"), trigger_rule=TriggerRule.ALL_DONE)
        def reported() -> int:
            with explained():
                closed = close_milestone(bootstrap.office(), *held_round(plan, obligation))
            if closed.missing:
                raise AirflowFailException(label("products_missing").format(units="; ".join(closed.missing)))
            return closed.products

        units = UnitSubmissionOperator.partial(
            task_id="unit", task_display_name=label("unit_milestone"), map_index_template="{{ task.unit_name }}"
        ).expand_kwargs(opened())
        units >> reported()
    return dag


for plan, obligation in duties_of(Kind.MILESTONE):
    globals()[f"{plan.id}.{obligation.ref}"] = milestone(plan, obligation)
