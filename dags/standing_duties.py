"""One DAG for every standing duty of every plan: once a period, close ► [a named task a unit] ► told to the supervisor.

Standing duties are asked about in the periodic report's workbook. A run waits for units that were given longer than the
report's lock. A unit's task is green if it told something about the duty in the period, red if it told nothing.
"""

from airflow.sdk import DAG, TriggerRule, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from dinhky import bootstrap
from dinhky.domain.plan import Kind, Obligation, Plan
from dinhky.orchestration.data_closed import DataClosedOperator
from dinhky.orchestration.duties import dag_settings, duties_of
from dinhky.orchestration.runs import explained, this_standing_period
from dinhky.orchestration.texts import label
from dinhky.rounds.standing_duties import carrying_report, close_standing, standing_parts


def standing_duty(plan: Plan, obligation: Obligation) -> DAG:
    """The DAG of one standing duty."""
    with DAG(**dag_settings(plan, obligation, doc="standing_duty", tag="tag_standing")) as dag:

        @task(task_id="open", task_display_name=label("look_standing"))
        def looked() -> list[dict[str, str]]:
            with explained():
                period, _ = this_standing_period(plan)
                parts = standing_parts(bootstrap.office(), plan.id, obligation.ref, period)
            return [{"unit_name": part.unit.name, "text": part.text, "excused": str(part.is_excused)} for part in parts]

        @task(task_id="unit", task_display_name=label("unit_standing"), map_index_template="{{ unit_name }}")
        def unit(unit_name: str, text: str, excused: str) -> str:
            get_current_context()["unit_name"] = unit_name
            if excused == str(True):
                raise AirflowSkipException(label("standing_excused"))
            if not text:
                raise AirflowFailException(label("standing_silent").format(unit=unit_name))
            return text

        @task(task_id="report", task_display_name=label("report_standing"), trigger_rule=TriggerRule.ALL_DONE)
        def reported() -> None:
            with explained():
                period, now = this_standing_period(plan)
                parts = close_standing(bootstrap.office(), plan.id, period, now)[obligation.ref]
            silent = [part.unit.name for part in parts if part.is_silent]
            if silent:
                raise AirflowFailException(label("standing_silent").format(unit="; ".join(silent)))

        everything_in = DataClosedOperator(
            task_id="close",
            task_display_name=label("close_standing"),
            moment="{{ data_interval_end.isoformat() }}",
            plan=plan,
            obligation=carrying_report(plan) or obligation,
        )
        look = looked()
        everything_in >> look
        unit.expand_kwargs(look) >> reported()
    return dag


for plan, obligation in duties_of(Kind.CONTINUOUS):
    globals()[f"{plan.id}.{obligation.ref}"] = standing_duty(plan, obligation)
