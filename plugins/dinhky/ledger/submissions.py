"""Submissions: every file that came in for an assignment, numbered and kept, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, update

from dinhky.domain.content import Content
from dinhky.domain.errors import Problem
from dinhky.ledger import schema
from dinhky.ledger.from_rows import as_submission
from dinhky.ledger.problem_json import problem_to_json
from dinhky.ledger.rows import Rows
from dinhky.rounds.kept_submissions import Submission

_OF_UNIT = (
    schema.submissions.c.round_id == bindparam("of_round"),
    schema.submissions.c.unit == bindparam("of_unit"),
)
_NEWEST = select(schema.submissions).where(*_OF_UNIT).order_by(schema.submissions.c.number.desc()).limit(1)
_NEWEST_FILE = _NEWEST.with_only_columns(schema.submissions.c.sha256)
_NEXT_NUMBER = select(func.coalesce(func.max(schema.submissions.c.number), 0) + 1).where(*_OF_UNIT)
_ADD = (
    schema.submissions.insert()
    .values(number=_NEXT_NUMBER.scalar_subquery())
    .returning(schema.submissions.c.id, schema.submissions.c.number)
)
_LAST_DECIDABLE = (
    select(func.max(schema.submissions.c.id))
    .where(schema.submissions.c.state.in_(["held", "accepted", "declined"]))
    .group_by(schema.submissions.c.round_id, schema.submissions.c.unit)
)
_HELD = (
    select(schema.submissions)
    .where(schema.submissions.c.id.in_(_LAST_DECIDABLE), schema.submissions.c.state == "held")
    .order_by(schema.submissions.c.id)
)


class SubmissionRows(Rows):
    """Reads and writes of submissions. What a file said is never changed, only what was decided about it."""

    def newest_submission(self, round_id: str, unit: str) -> Submission | None:
        """The unit's last file for a round, if it sent any."""
        row = self._connection.execute(_NEWEST, {"of_round": round_id, "of_unit": unit}).first()
        return as_submission(row) if row else None

    def is_newest(self, round_id: str, unit: str, sha256: str) -> bool:
        """Whether the unit's last file for a round was this very one."""
        row = self._connection.execute(_NEWEST_FILE, {"of_round": round_id, "of_unit": unit}).first()
        return row is not None and bool(row.sha256 == sha256)

    def add_submission(
        self,
        *,
        round_id: str,
        unit: str,
        sha256: str,
        file_name: str,
        route: str,
        received_at: datetime,
        state: str,
        late: bool,
        problems: Sequence[Problem],
        content: Content | None,
        questions: Sequence[Problem] = (),
        answer_sha256: str | None = None,
    ) -> Submission:
        """Record a received file under the unit's next number."""
        values: dict[str, Any] = {
            "round_id": round_id,
            "unit": unit,
            "sha256": sha256,
            "file_name": file_name,
            "route": route,
            "received_at": received_at,
            "state": state,
            "late": late,
            "problems": [problem_to_json(problem) for problem in problems],
            "questions": [problem_to_json(question) for question in questions],
            "content": content.to_json() if content else None,
            "answer_sha256": answer_sha256,
        }
        added = self._connection.execute(_ADD, values | {"of_round": round_id, "of_unit": unit}).one()
        self.event(
            "file_received",
            at=received_at,
            actor=unit,
            round_id=round_id,
            unit=unit,
            number=added.number,
            sha256=sha256,
            file_name=file_name,
            route=route,
            state=state,
        )
        told = {"problems": tuple(problems), "questions": tuple(questions), "content": content}
        return Submission(id=added.id, number=added.number, **values | told)

    def submissions(self, round_id: str) -> list[Submission]:
        """Every file received for a round, in order of arrival."""
        table = schema.submissions
        found = self._connection.execute(select(table).where(table.c.round_id == round_id).order_by(table.c.id))
        return [as_submission(row) for row in found]

    def content_of(self, submission_id: int) -> Content:
        """What an accepted submission says. Raises LookupError for one without content."""
        table = schema.submissions
        content = self._connection.scalar(select(table.c.content).where(table.c.id == submission_id))
        if content is None:
            raise LookupError(f"submission {submission_id} has no content")
        return Content.from_json(content)

    def decide_submission(self, submission: Submission, state: str, problems: Sequence[Problem]) -> Submission:
        """Let a kept file have another state by somebody's decision; `problems` tell its sender why it does not count.

        The caller records who decided it, when and why.
        """
        table = schema.submissions
        self._connection.execute(
            update(table)
            .where(table.c.id == submission.id)
            .values(state=state, problems=[problem_to_json(problem) for problem in problems])
        )
        row = self._connection.execute(select(table).where(table.c.id == submission.id)).one()
        return as_submission(row)

    def held_submissions(self) -> list[Submission]:
        """Of every round and unit, the last file, where that one waits for a decision; in order of arrival."""
        return [as_submission(row) for row in self._connection.execute(_HELD)]
