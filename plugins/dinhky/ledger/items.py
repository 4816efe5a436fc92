"""What units told of single published items, from workbooks and one by one; the tallies are counted from here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from dinhky.domain.period import Dates
from dinhky.domain.posts import EvidenceKind, ToldPost
from dinhky.ledger import schema
from dinhky.ledger.rows import Rows
from dinhky.rounds.kept_submissions import Submission

_TOLD = (
    select(schema.items)
    .where(
        schema.items.c.plan_id == bindparam("of_plan"),
        schema.items.c.published.between(bindparam("first_day"), bindparam("last_day")),
        schema.items.c.withdrawn_at.is_(None),
    )
    .order_by(schema.items.c.told_at, schema.items.c.id)
)
_IN_FILES = (
    select(schema.items)
    .join(schema.submissions, schema.submissions.c.id == schema.items.c.submission_id)
    .where(
        schema.submissions.c.round_id == bindparam("of_round"),
        schema.submissions.c.unit == bindparam("of_unit"),
        schema.items.c.withdrawn_at.is_(None),
    )
    .order_by(schema.items.c.told_at, schema.items.c.id)
)
_WITHDRAW = (
    update(schema.items)
    .where(
        schema.items.c.submission_id.in_(
            select(schema.submissions.c.id).where(
                schema.submissions.c.round_id == bindparam("of_round"),
                schema.submissions.c.unit == bindparam("of_unit"),
                schema.submissions.c.id != bindparam("but"),
            )
        ),
        schema.items.c.withdrawn_at.is_(None),
    )
    .values(withdrawn_at=bindparam("moment"))
)


class ItemRows(Rows):
    """Reads and writes of told items. A row is never removed: what no longer counts is withdrawn, with the moment."""

    def tell_item(self, plan_id: str, key: str, post: ToldPost) -> bool:
        """Record one item told by itself; False if it was told under this key before."""
        self._read.clear()
        return self._insert_unless_present(schema.items, _values(plan_id, key, post))

    def replace_items(self, plan_id: str, submission: Submission, posts: Sequence[ToldPost]) -> None:
        """Let a submission's items stand in place of those of the unit's earlier submissions for the same round."""
        if submission.number > 1:
            self._withdraw(submission.round_id, submission.unit, submission.received_at, but=submission.id)
        self._read.clear()
        rows = [
            _values(plan_id, f"submission/{submission.id}/{number}", post) | {"submission_id": submission.id}
            for number, post in enumerate(posts)
        ]
        if rows:
            self._insert_all_unless_present(schema.items, rows)

    def withdraw_items(self, round_id: str, unit: str, at: datetime) -> None:
        """Take the items of a unit's submissions for a round out of the count."""
        self._withdraw(round_id, unit, at)

    def restore_items(self, submission: Submission) -> None:
        """Let the items of a file that was returned, and is taken back, count again."""
        self._read.clear()
        table = schema.items
        self._connection.execute(update(table).where(table.c.submission_id == submission.id).values(withdrawn_at=None))

    def told_in_files(self, round_id: str, unit: str) -> list[ToldPost]:
        """The items that stand and that the unit told in its workbooks for this round, in order of telling."""
        return [_told(row) for row in self._connection.execute(_IN_FILES, {"of_round": round_id, "of_unit": unit})]

    def told(self, plan_id: str, window: Dates) -> list[ToldPost]:
        """Every item of the plan that stands and was published within these days, in order of telling.

        Read once a transaction, as long as it does not change them.
        """
        if (plan_id, window) not in self._read:
            self._read[plan_id, window] = self._told(plan_id, window)
        return self._read[plan_id, window]

    @cached_property
    def _read(self) -> dict[tuple[str, Dates], list[ToldPost]]:
        """What this transaction has read: every message of a round speaks of the same items."""
        return {}

    def _told(self, plan_id: str, window: Dates) -> list[ToldPost]:
        found = self._connection.execute(_TOLD, {"of_plan": plan_id, "first_day": window.start, "last_day": window.end})
        return [_told(row) for row in found]

    def _withdraw(self, round_id: str, unit: str, at: datetime, but: int | None = None) -> None:
        self._read.clear()
        self._connection.execute(_WITHDRAW, {"of_round": round_id, "of_unit": unit, "but": but or 0, "moment": at})


def _values(plan_id: str, key: str, post: ToldPost) -> dict[str, Any]:
    return {
        "key": key,
        "plan_id": plan_id,
        "unit": post.unit,
        "channel": post.channel,
        "title": post.title,
        "published": post.published,
        "evidence": post.evidence,
        "evidence_kind": post.evidence_kind.value,
        "field": post.field,
        "form": post.form,
        "author": post.author,
        "duty": post.duty,
        "told_at": post.told_at,
        "source": post.source,
    }


@lru_cache(maxsize=8192)
def _told(row: Row[Any]) -> ToldPost:
    """A row never changes but for its withdrawal, and is read again for every message about its round."""
    return ToldPost(
        id=f"{row.id:012d}",  # as text in the order of telling, whatever else the ledger holds
        unit=row.unit,
        channel=row.channel,
        title=row.title,
        published=row.published,
        evidence=row.evidence,
        evidence_kind=EvidenceKind(row.evidence_kind),
        told_at=row.told_at,
        field=row.field,
        duty=row.duty,
        source=row.source,
        form=row.form,
        author=row.author,
    )
