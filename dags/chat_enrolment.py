"""The chat bot's ear: every minute, what people have written to it is heard, acted upon and answered by the outbox.

Without a bot there is nothing to hear, and no DAG.
"""

from datetime import timedelta

from airflow.sdk import DAG, task

from dinhky import bootstrap
from dinhky.orchestration.schedules import RETRIES, START_DATE, steady_schedule
from dinhky.orchestration.texts import chore_doc, label
from dinhky.rounds.enrolling import listen

WAIT = timedelta(seconds=10)
"""How long a run waits for one more text: whoever is enrolling sends a second one within seconds."""

if bootstrap.settings().zalo_bot:
    with DAG(
        dag_id="chat_enrolment",
        dag_display_name=label("chat_enrolment"),
        doc_md=chore_doc("chat_enrolment"),
        schedule=steady_schedule(),
        start_date=START_DATE,
        catchup=False,
        max_active_runs=1,
        tags=[label("tag_chore")],
        default_args=RETRIES,
    ):

        @task(task_display_name=label("chat_enrolment"))
        def hear() -> str:
            clock = bootstrap.settings().clock
            return str(listen(bootstrap.office(), clock=clock.now, wait=WAIT))

        hear()
