"""What rows of the ledger's tables mean to the use cases."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from dinhky.domain.assignment import Assignment, State
from dinhky.domain.content import Content
from dinhky.ledger.problem_json import problem_from_json
from dinhky.rounds.kept_rounds import OpenedRound
from dinhky.rounds.kept_submissions import Submission


def as_opened_round(row: Row[Any]) -> OpenedRound:
    """Of `rounds`."""
    return OpenedRound(
        id=row.id,
        plan_id=row.plan_id,
        ref=row.ref,
        opens=row.opens,
        unit_due=row.unit_due,
        due=row.due,
        locks=row.locks,
        opened_at=row.opened_at,
        cancelled=row.cancelled,
    )


def as_assignment(row: Row[Any]) -> Assignment:
    """Of `assignments`."""
    return Assignment(
        round_id=row.round_id,
        unit=row.unit,
        unit_name=row.unit_name,
        state=State(row.state),
        reason=row.reason,
        submission_id=row.submission_id,
        accepted_at=row.accepted_at,
        late=row.late,
        locks_until=row.locks_until,
    )


def as_submission(row: Row[Any]) -> Submission:
    """Of `submissions`."""
    return Submission(
        id=row.id,
        round_id=row.round_id,
        unit=row.unit,
        number=row.number,
        sha256=row.sha256,
        file_name=row.file_name,
        route=row.route,
        received_at=row.received_at,
        state=row.state,
        late=row.late,
        problems=tuple(problem_from_json(problem) for problem in row.problems),
        content=Content.from_json(row.content) if row.content else None,
        questions=tuple(problem_from_json(question) for question in row.questions),
        answer_sha256=row.answer_sha256,
    )
