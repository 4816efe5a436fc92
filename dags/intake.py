"""What units send by folder and by mail: every minute it is received and answered. The web route needs no task."""

from datetime import UTC, datetime

from airflow.sdk import DAG, get_current_context, task

from dinhky import bootstrap
from dinhky.intake.folder import scan
from dinhky.intake.mailbox import read_mailbox
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

    @task(task_display_name=label("intake_folder"))
    def receive_files() -> list[str]:
        current = bootstrap.settings()
        handled = scan(
            bootstrap.office(current), current.inbox, real_now=datetime.now(UTC), office_time=current.clock.at
        )
        return [f"{file.path.name}: {file.receipt.verdict if file.receipt else file.error}" for file in handled]

    @task(task_display_name=label("intake_mailbox"))
    def receive_mails() -> list[str]:
        current, context = bootstrap.settings(), get_current_context()
        mailbox, reader = bootstrap.intake_mailbox(current, f"{context['dag_run'].run_id}/{context['ti'].try_number}")
        with mailbox:
            handled = read_mailbox(bootstrap.office(current), mailbox, reader)
        return [f"{mail.sender}: {mail.outcome}" for mail in handled]

    receive_files()
    if bootstrap.settings().imap_url:
        receive_mails()
