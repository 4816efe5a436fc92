"""The chase tick: every half hour of the office day, what is due by now and not yet done goes into the outbox."""

from airflow.sdk import DAG, get_current_context, task

from dinhky import bootstrap
from dinhky.orchestration.schedules import RETRIES, START_DATE, chase_catches_up, office_hours_schedule, tick
from dinhky.orchestration.texts import chore_doc, label
from dinhky.rounds.chasing import chase

with DAG(
    dag_id="chase",
    dag_display_name=label("chase"),
    doc_md=chore_doc("chase"),
    schedule=office_hours_schedule(),
    start_date=START_DATE,
    catchup=chase_catches_up(),
    max_active_runs=1,
    tags=[label("tag_chore")],
    default_args=RETRIES,
):

    @task(task_display_name=label("chase"))
    def decide() -> str:
        return str(chase(bootstrap.office(), tick(get_current_context())))

    decide()
