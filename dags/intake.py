"""The folder route: every minute, the files that units have put in their inbox folders are received and answered."""

from datetime import UTC, datetime

from airflow.sdk import DAG, task

from dinhky import bootstrap
from dinhky.intake.folder import scan
from dinhky.orchestration.schedules import RETRIES, START_DATE, steady_schedule
from dinhky.orchestration.texts import chore_doc, label

with DAG(
    dag_id="intake",
    dag_display_name=label("intake"),
    doc_md=chore_doc("intake"),
    schedule=steady_schedule(),
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    tags=[label("tag_chore")],
    default_args=RETRIES,
):

    @task(task_display_name=label("intake"))
    def receive_files() -> list[str]:
        current = bootstrap.settings()
        handled = scan(
            bootstrap.office(current), current.inbox, real_now=datetime.now(UTC), office_time=current.clock.at
        )
        return [f"{file.path.name}: {file.receipt.verdict if file.receipt else file.error}" for file in handled]

    receive_files()
