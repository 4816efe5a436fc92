"""What is kept of the files that units sent, and of the posts they tell.

Instants that cross these lines are aware datetimes; the ledger stores and returns UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from dinhky.domain.content import Content
from dinhky.domain.errors import Problem
from dinhky.domain.period import Dates
from dinhky.domain.posts import ToldPost

DECIDED_AGAINST = frozenset({"returned_by_officer", "declined_by_officer"})
"""The problems of files that are as they should be, and do not count all the same."""


@dataclass(frozen=True)
class Submission:
    """One file received for an assignment: numbered, never overwritten. `received_at` is UTC.

    `problems` stopped it; `questions` did not: the sender is asked to look again, and what was understood counts.
    `state` is `accepted`, `returned`, `held` (waits for an officer's decision) or `declined` (by that decision).
    `answer_sha256` is the sender's own workbook with every place marked, as it was stored to be sent back.
    """

    id: int
    round_id: str
    unit: str
    number: int
    sha256: str
    file_name: str
    route: str
    received_at: datetime
    state: str
    late: bool
    problems: tuple[Problem, ...] = ()
    content: Content | None = None
    questions: tuple[Problem, ...] = ()
    answer_sha256: str | None = None

    @property
    def is_decided_against(self) -> bool:
        """Whether nothing is wrong with the file itself: an officer has returned or declined it."""
        return any(problem.code in DECIDED_AGAINST for problem in self.problems)


class SubmissionsKept(Protocol):
    """Files and told posts in a transaction. Every write is idempotent: repeating it changes nothing."""

    def newest_submission(self, round_id: str, unit: str) -> Submission | None:
        """The unit's last file for a round, if it sent any."""

    def is_newest(self, round_id: str, unit: str, sha256: str) -> bool:
        """Whether the unit's last file for a round was this very one."""

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
    ) -> Submission: ...

    def submissions(self, round_id: str) -> list[Submission]: ...

    def decide_submission(self, submission: Submission, state: str, problems: Sequence[Problem]) -> Submission:
        """Let a kept file have another state by somebody's decision; `problems` tell why it does not count."""

    def held_submissions(self) -> list[Submission]:
        """Of every round and unit, the last file, where that one waits for a decision; in order of arrival."""

    def content_of(self, submission_id: int) -> Content: ...

    def submissions_of(self, round_id: str, unit: str) -> list[Submission]:
        """Every file that the unit sent for a round, in order of arrival."""

    def tell_item(self, plan_id: str, key: str, post: ToldPost) -> bool:
        """Record one item told by itself; False if it was told under this key before."""

    def replace_items(self, plan_id: str, submission: Submission, posts: Sequence[ToldPost]) -> None:
        """Let a submission's items stand in place of those of the unit's earlier submissions for the same round."""

    def withdraw_items(self, round_id: str, unit: str, at: datetime) -> None:
        """Take the items of a unit's submissions for a round out of the count."""

    def restore_items(self, submission: Submission) -> None:
        """Let the items of a file that was returned, and is taken back, count again."""

    def told_in_files(self, round_id: str, unit: str) -> list[ToldPost]:
        """The items that stand and that the unit told in its workbooks for this round, in order of telling."""

    def told(self, plan_id: str, window: Dates) -> list[ToldPost]:
        """Every item of the plan that stands and was published within these days, in order of telling."""
