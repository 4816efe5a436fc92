"""From an id to the plan and round it names."""

from __future__ import annotations

from dinhky.domain.plan import Plan, unknown
from dinhky.domain.schedule import Round, find_round
from dinhky.rounds.ports import Office


def plan_of(office: Office, plan_id: str) -> Plan:
    """The plan of that id. Raises UnknownName."""
    if plan_id not in office.plans:
        raise unknown("unknown_plan", plan_id, list(office.plans))
    return office.plans[plan_id]


def round_of(office: Office, round_id: str) -> tuple[Plan, Round]:
    """The plan and round of an id such as `phuc-loi-2026/PL-5/2026-Q1`. Raises UnknownName."""
    plan_id, _, rest = round_id.partition("/")
    ref, _, period = rest.partition("/")
    plan = plan_of(office, plan_id)
    known = office.rounds.get(round_id)
    return plan, known or find_round(plan, ref, period, office.calendar)
