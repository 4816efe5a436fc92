"""The dispatcher: every minute, what stands in the outbox and is due goes out. Nothing else in the system sends."""

from airflow.sdk import DAG, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from dinhky import bootstrap
from dinhky.orchestration.schedules import RETRIES, START_DATE, steady_schedule
from dinhky.orchestration.texts import chore_doc, label
from dinhky.rounds.dispatching import flush_outbox

with DAG(
    dag_id="outbox",
    dag_display_name=label("outbox"),
    doc_md=chore_doc("outbox"),
    schedule=steady_schedule(),
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    tags=[label("tag_chore")],
    default_args=RETRIES,
):

    @task(task_display_name=label("outbox"))
    def flush() -> str:
        context = get_current_context()
        dispatcher = f"{context['dag_run'].run_id}/{context['ti'].try_number}"
        clock = bootstrap.settings().clock
        flushed = flush_outbox(bootstrap.office(), by=dispatcher, clock=clock.now, only_answers=clock.is_fast)
        if flushed.failed or flushed.unknown:
            raise AirflowFailException(label("outbox_needs_a_person"))
        return str(flushed)

    flush()
