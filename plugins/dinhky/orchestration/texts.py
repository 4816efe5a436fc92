"""What operators and approvers read in the Airflow UI, from `include/templates/operators/`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from dinhky import bootstrap
from dinhky.domain.contest import PhaseKind
from dinhky.domain.errors import PlanError
from dinhky.domain.plan import Obligation, Plan
from dinhky.domain.schedule import phases_in, rounds_of
from dinhky.rounds.kept_reports import ReportVersion
from dinhky.rounds.lookup import round_of
from dinhky.rounds.overdue import OverdueRound
from dinhky.rounds.ports import Office
from dinhky.rounds.reporting import draft_folder, replaced
from dinhky.rounds.standing_duties import carrying_report


def label(name: str) -> str:
    """A short text of the UI: a button, a task's or DAG's display name."""
    return str(_labels(bootstrap.settings().operators)[name])


def phase_title(kind: PhaseKind) -> str:
    """The display name of a phase's group of tasks."""
    return _render("phase_title.txt", phase=kind)


def obligation_title(plan: Plan, obligation: Obligation) -> str:
    """The display name of an obligation's DAG."""
    return _render("obligation_title.txt", plan=plan, obligation=obligation)


def obligation_doc(plan: Plan, obligation: Obligation, page: str) -> str:
    """The `doc_md` of an obligation's DAG: what it is, its dates, what is assumed, what to do when something is red.

    `page` names its template in `operators/`.
    """
    calendar = bootstrap.calendar_of()
    return _render(
        f"{page}.md",
        plan=plan,
        obligation=obligation,
        rounds=rounds_of(plan, obligation, calendar),
        phases=phases_in(plan, obligation, calendar),
        report=carrying_report(plan),
        names={unit.code: unit.name for unit in (*plan.units, *plan.jurors)},
    )


def chore_doc(name: str) -> str:
    """The `doc_md` of a chore's DAG."""
    return _render(f"{name}.md")


def overdue_line(late: OverdueRound) -> str:
    """One overdue round as an operator reads it in the list of a run's tasks."""
    return _render("overdue_line.txt", late=late).strip()


def approval_text(office: Office, version: ReportVersion, facts: dict[str, Any]) -> str:
    """What the approver reads before deciding: the main figures of a report, or of what a contest's phase ended with,
    and where its documents are."""
    plan, round_ = round_of(office, version.round_id)
    paths = sorted(str(path) for path in draft_folder(office, version).iterdir())
    page = "approval_contest.md" if round_.phase else "approval.md"
    with office.ledger.snapshot() as ledger:
        replacing = replaced(ledger, round_, version)
    return _render(page, plan=plan, round=round_, version=version, facts=facts, paths=paths, **replacing)


def plan_problems(errors: list[PlanError]) -> str:
    """Every problem of the unreadable plans, one a line; empty if all plans are readable."""
    words = bootstrap.words_of()
    return "\n".join(words.sentence(problem) for error in errors for problem in error.problems)


def _render(name: str, **facts: Any) -> str:
    text = (bootstrap.settings().operators / name).read_text("utf-8")
    return bootstrap.words_of().render(text, **facts)


@lru_cache(maxsize=2)
def _labels(folder: Path) -> dict[str, str]:
    loaded: dict[str, str] = yaml.safe_load((folder / "labels.yaml").read_text("utf-8"))
    return loaded
