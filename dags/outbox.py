"""The dispatcher: every minute, what stands in the outbox and is due goes out. Nothing else in the system sends."""

from datetime import timedelta

from airflow.sdk import DAG, get_current_context, task
from airflow.sdk.exceptions import AirflowFailException

from dinhky import bootstrap
from dinhky.orchestration.connections import sending_office
from dinhky.orchestration.schedules import RETRIES, START_DATE, steady_schedule
from dinhky.orchestration.texts import chore_doc, label
from dinhky.rounds.dispatching import flush_outbox

GATHER = timedelta(minutes=3)
"""How long a message for office hours waits for others to the same recipient: a morning's rounds open, and are chased,
one after the other."""
MOST_ALARMS = 20

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
        flushed = flush_outbox(
            sending_office(),
            by=dispatcher,
            clock=clock.now,
            only_answers=clock.is_fast,
            gather=GATHER if clock.is_real else timedelta(),
        )
        if flushed.alarms:
            raise AirflowFailException("\n".join([label("outbox_needs_a_person"), *flushed.alarms[:MOST_ALARMS]]))
        return str(flushed)

    flush()
