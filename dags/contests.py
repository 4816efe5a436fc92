"""One DAG for every contest of every plan: open ► [a group of tasks a phase] ► file. A run is the whole contest.

Entries: open ► [a named task a unit] ► close ► list ► approve. Preliminary and final: open ► [a named task a juror] ►
wait for all scores ► rank ► approve. Plan, launch, award, sent on: open ► [a named task a unit] ► wait for the proof ►
told to the supervisor. The ledger decides whether a phase may open, whatever Airflow's states say.
"""

from airflow.sdk import DAG, task

from dinhky import bootstrap
from dinhky.domain.plan import Kind, Obligation, Plan
from dinhky.domain.schedule import phases_in
from dinhky.orchestration.contest_phases import phase_group
from dinhky.orchestration.duties import dag_settings, duties_of
from dinhky.orchestration.runs import explained, held_round, opened_units
from dinhky.orchestration.texts import label
from dinhky.rounds.contest_results import file_contest


def contest(plan: Plan, obligation: Obligation) -> DAG:
    """The DAG of one contest."""
    with DAG(**dag_settings(plan, obligation, doc="contest", tag="tag_contest")) as dag:

        @task(task_id="open", task_display_name=label("open"))
        def opened() -> str:
            opened_units(plan, obligation)
            with explained():
                return held_round(plan, obligation)[0]

        @task(task_id="file", task_display_name=label("file"))
        def filed() -> str:
            with explained():
                return str(file_contest(bootstrap.office(), *held_round(plan, obligation)))

        phases = phases_in(plan, obligation, bootstrap.calendar_of())
        last = [opened()]
        for round_, later in zip(phases, [*phases[1:], None], strict=True):
            following = f"{later.phase}.wait" if later else "file"
            last = phase_group(plan, plan.obligation(round_.ref), round_, last, following)
        last >> filed()
    return dag


for plan, obligation in duties_of(Kind.CONTEST):
    globals()[f"{plan.id}.{obligation.ref}"] = contest(plan, obligation)
