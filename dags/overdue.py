"""What is late, at one look: a red run whose red tasks name every duty that is overdue, and by whom."""

from airflow.sdk import DAG, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from dinhky import bootstrap
from dinhky.orchestration.schedules import RETRIES, START_DATE, overdue_schedule, tick_moment
from dinhky.orchestration.texts import chore_doc, label, overdue_line
from dinhky.rounds.overdue import overdue

with DAG(
    dag_id="overdue",
    dag_display_name=label("overdue"),
    doc_md=chore_doc("overdue"),
    schedule=overdue_schedule(),
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    tags=[label("tag_chore")],
    default_args=RETRIES,
):

    @task(task_display_name=label("overdue_look"))
    def look() -> list[str]:
        return [overdue_line(late) for late in overdue(bootstrap.office(), tick_moment(get_current_context()))]

    @task(task_display_name=label("overdue_duty"), map_index_template="{{ duty }}")
    def late(duty: str) -> None:
        get_current_context()["duty"] = duty
        raise AirflowFailException(duty)

    late.expand(duty=look())
