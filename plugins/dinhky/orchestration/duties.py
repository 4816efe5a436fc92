"""What the DAGs of all kinds of duty share: which duties they are for, and how such a DAG is set up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from airflow.sdk import get_parsing_context

from dinhky import bootstrap
from dinhky.domain.plan import Kind, Obligation, Plan
from dinhky.orchestration.schedules import RETRIES, START_DATE, round_schedule, standing_schedule
from dinhky.orchestration.texts import label, obligation_doc, obligation_title


def duties_of(kind: Kind) -> Iterator[tuple[Plan, Obligation]]:
    """Every duty of that kind in every readable plan; where the service plays only some duties, those of them.

    A task's process reads its DAG file to run one DAG: for it there is only that duty.
    """
    current = bootstrap.settings()
    wanted = get_parsing_context().dag_id
    for plan in bootstrap.plans(current)[0].values():
        for obligation in plan.obligations:
            dag_id = f"{plan.id}.{obligation.ref}"
            if obligation.kind is kind and current.plays(dag_id) and wanted in (None, dag_id):
                yield plan, obligation


def dag_settings(plan: Plan, obligation: Obligation, *, doc: str, tag: str) -> dict[str, Any]:
    """The arguments of a duty's DAG. `doc` names its page in `operators/`, `tag` the label of its kind."""
    is_standing = obligation.kind is Kind.CONTINUOUS
    return {
        "dag_id": f"{plan.id}.{obligation.ref}",
        "dag_display_name": obligation_title(plan, obligation),
        "description": obligation.quote or label("no_quote"),
        "doc_md": obligation_doc(plan, obligation, doc),
        "schedule": standing_schedule(plan) if is_standing else round_schedule(plan, obligation),
        "start_date": START_DATE,
        "catchup": False,
        "max_active_runs": 16,
        "tags": [plan.commune, str(plan.year), label(tag)],
        "default_args": RETRIES,
    }
