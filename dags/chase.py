"""The chase tick: every half hour of the office day, what is due by now and not yet done goes into the outbox.

In the morning digests follow it, in the same task: they tell what the tick has left.

On a fast clock the tick also sends it: a minute later, when the dispatcher comes by, it would be another day.
"""

from airflow.sdk import DAG, get_current_context, task

from dinhky import bootstrap
from dinhky.orchestration.connections import sending_office
from dinhky.orchestration.schedules import (
    FIRST_OF_ALL,
    RETRIES,
    START_DATE,
    chase_catches_up,
    office_hours_schedule,
    tick,
)
from dinhky.orchestration.texts import chore_doc, label
from dinhky.rounds.chasing import chase
from dinhky.rounds.digests import digest
from dinhky.rounds.dispatching import flush_outbox

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

    @task(task_display_name=label("chase"), priority_weight=FIRST_OF_ALL)
    def decide() -> str:
        context = get_current_context()
        with tick(context) as moment:
            office = bootstrap.office()
            decided = chase(office, moment)
            decided.queued += digest(office, moment)
            if bootstrap.settings().clock.is_fast:
                by = f"{context['dag_run'].run_id}/{context['ti'].try_number}"
                flush_outbox(sending_office(), by=by, clock=lambda: moment)
        return str(decided)

    decide()
