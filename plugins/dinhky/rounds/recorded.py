"""What a unit need not tell again: what its workbook shows of earlier answers, and how a quota stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from decimal import Decimal
from typing import Any

from dinhky.domain.assignment import State
from dinhky.domain.content import RECORDS, Content
from dinhky.domain.plan import Kind, Plan, Unit
from dinhky.domain.posts import Tally, distinct_posts
from dinhky.domain.schedule import Round
from dinhky.domain.standing import standing_rows
from dinhky.rounds.ports import LedgerTransaction, Office
from dinhky.rounds.posting import tally_of

Rows = dict[str, list[dict[str, Any]]]
"""By a sheet's key, rows as a mapping from a column's key to its value, choices by the plan's and form's codes."""

NOT_CARRIED = frozenset({"standing", "scores"})
"""Groups whose rows come from the system, with the answers beside them."""


def recorded_rows(ledger: LedgerTransaction, plan: Plan, round_: Round, unit: Unit, tally: Tally | None) -> Rows:
    """`recorded`: the unit's posts of the round's window that were told in other ways than its workbook for this round.

    They count already. In a round of posts only those that serve its duty are shown. What a post in the workbook
    repeats is left out: it stands there.
    """
    told = [post for post in ledger.told(plan.id, round_.window) if post.unit == unit.code]
    if tally:
        told = [post for post in told if tally.quota.takes(post)]
    own = {post.id for post in told if post.source == round_.ref}
    distinct, repeated = distinct_posts(told)
    in_workbook = {one.counted.id for one in repeated if one.post.id in own} | own
    return {
        "recorded": [
            {
                "title": post.title,
                "channel": plan.channels.get(post.channel, post.channel),
                "published": post.published,
                "evidence": post.evidence,
            }
            for post in sorted(distinct, key=lambda post: (post.published, post.told_at, post.id))
            if post.id not in in_workbook
        ]
    }


def carried_rows(ledger: LedgerTransaction, plan: Plan, round_: Round, unit: Unit) -> Rows:
    """What the unit's accepted workbook for this round says: a later workbook replaces it whole, so it begins with it.

    What was sent back is not carried: the sender has it, marked at every place.
    """
    standing = [dict(row) for row in standing_rows(plan, unit.code, round_.window)]
    content = _accepted(ledger, round_, unit)
    if content is None:
        return {"standing": standing}
    answers = {answer.ref: answer.text for answer in content.standing}
    rows: Rows = {"standing": [row | {"text": answers.get(row["ref"], "")} for row in standing]}
    for group, kind in RECORDS.items():
        if group not in NOT_CARRIED and (records := getattr(content, group)):
            names = [field.name for field in fields(kind) if field.name != "row"]
            rows[group] = [{name: getattr(record, name) for name in names} for record in records]
    return rows


def scored_rows(
    ledger: LedgerTransaction, round_: Round, unit: Unit, entries: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """A juror's `entries`, each with the points and the comment of the juror's own accepted sheet: a later sheet
    replaces it whole, so it begins with them. Nothing of another juror is in it."""
    content = _accepted(ledger, round_, unit)
    given = {score.entry: score for score in content.scores} if content else {}
    rows = []
    for entry in entries:
        row = dict(entry)
        if score := given.get(row["entry"]):
            row |= {f"points.{code}": _as_number(points) for code, points in score.points.items()}
            row["comment"] = score.comment
        rows.append(row)
    return rows


def quota_rows(office: Office, ledger: LedgerTransaction, plan: Plan, round_: Round, unit: Unit) -> tuple[Rows, Tally]:
    """`quota`: one row that says what a round of posts asks of all units and of this one, and what counts by now."""
    tally = tally_of(office, ledger, plan, round_)
    part = tally.of(unit.code)
    row = {
        "target": tally.target,
        "counted": len(tally.counted),
        "missing": tally.missing,
        "own_target": part.target,
        "own_counted": part.counted,
        "own_missing": part.owes,
        "carried": part.carried or (0 if tally.quota.per_unit else tally.carried),
    }
    return {"quota": [row]}, tally


def begun_rows(office: Office, ledger: LedgerTransaction, plan: Plan, round_: Round, unit: Unit) -> Rows:
    """All that stands in a unit's workbook when it gets it, but for a juror's entries."""
    quota: Rows = {}
    tally = None
    if round_.kind is Kind.POSTS:
        quota, tally = quota_rows(office, ledger, plan, round_, unit)
    shows_posts = round_.kind in {Kind.POSTS, Kind.REPORT}
    recorded = recorded_rows(ledger, plan, round_, unit, tally) if shows_posts else {}
    return carried_rows(ledger, plan, round_, unit) | recorded | quota


def _as_number(points: Decimal) -> int | float:
    """Points as they stand in a cell: 8.1 is read back as exactly that."""
    return int(points) if points == points.to_integral_value() else float(points)


def _accepted(ledger: LedgerTransaction, round_: Round, unit: Unit) -> Content | None:
    """The content of the unit's file that counts, if one does."""
    assignment = ledger.assignment(round_.id, unit.code)
    if assignment is None or assignment.state is State.NIL:
        return None
    counting = [one for one in ledger.submissions_of(round_.id, unit.code) if one.state == "accepted" and one.content]
    return counting[-1].content if counting else None
