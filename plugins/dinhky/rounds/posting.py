"""Quotas of posts: items come in by workbook or one by one; the tally says who has done their part."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from types import MappingProxyType

from dinhky.domain.assignment import Assignment, State
from dinhky.domain.content import Content, Post
from dinhky.domain.errors import DinhKyError
from dinhky.domain.local_time import local
from dinhky.domain.period import Dates
from dinhky.domain.plan import Kind, Plan, unknown
from dinhky.domain.posts import EvidenceKind, Tally, ToldPost, distinct_posts, keys_of, quota_of, tallies, told_by
from dinhky.domain.same_item import has_several_links, is_web_link
from dinhky.domain.schedule import Round, rounds_of
from dinhky.rounds.kept_messages import Attachment
from dinhky.rounds.kept_submissions import Submission
from dinhky.rounds.lookup import plan_of
from dinhky.rounds.ports import LedgerTransaction, Office


class ItemRefused(DinhKyError):
    """A told item that cannot be recorded; the code says why."""


@dataclass(frozen=True)
class ToldResult:
    """What became of an item told by itself. `is_new` is False if the very same had been told before.

    `tallies` are those of the open rounds in which it counts, as they stand now.
    """

    post: ToldPost
    is_new: bool
    tallies: tuple[Tally, ...]


def tell_post(
    office: Office, plan_id: str, post: ToldPost, now: datetime, file: Attachment | None = None
) -> ToldResult:
    """Record one published item that a unit tells by itself, and let the tallies follow. Repeating it changes nothing.

    `file` is the stored evidence where that is a file.

    Raises UnknownName for a plan, unit, channel or duty that does not exist; ItemRefused for a day to come
    (`item_in_the_future`), one outside the plan's year (`item_of_another_year`), or a link that is none (`item_link`)
    or several (`item_links`).
    """
    plan = plan_of(office, plan_id)
    plan.unit(post.unit)
    if post.channel not in plan.channels:
        raise unknown("unknown_channel", post.channel, [*plan.channels])
    if post.duty:
        plan.obligation(post.duty)
    if post.published > local(now).date():
        raise ItemRefused("item_in_the_future", published=post.published)
    if post.published not in _plan_year(plan):
        raise ItemRefused("item_of_another_year", published=post.published, year=plan.year)
    if post.evidence_kind is EvidenceKind.LINK and not is_web_link(post.evidence):
        code = "item_links" if has_several_links(post.evidence) else "item_link"
        raise ItemRefused(code, found=post.evidence)
    post = replace(post, told_at=now)
    with office.ledger.transaction() as ledger:
        ledger.lock_round(f"{plan.id}/items")
        is_new = ledger.tell_item(plan.id, _key(plan, post), post)
        if is_new:
            ledger.event(
                "item_told",
                at=now,
                actor=post.unit,
                unit=post.unit,
                plan=plan.id,
                channel=post.channel,
                title=post.title,
                published=post.published.isoformat(),
                evidence_sha256=file.sha256 if file else None,
            )
        recounted = recount(office, ledger, plan, [post.published], now)
    counting = tuple(one for one in recounted if post.published in one.quota.window and one.quota.takes(post))
    return ToldResult(post, is_new, counting)


def take_items(
    office: Office,
    ledger: LedgerTransaction,
    plan: Plan,
    round_: Round,
    submission: Submission,
    content: Content,
    now: datetime,
    *,
    by_decision: bool = False,
) -> None:
    """Let the posts of an accepted workbook count, in place of those of the unit's earlier one for the same round.

    What stood in the earlier one too has been told since then: a correction makes nothing late, and nobody else's.
    `by_decision`: an officer has taken the workbook, so that it counts for the unit although the round has locked.
    """
    ledger.lock_round(f"{plan.id}/items")
    earlier = ledger.told_in_files(round_.id, submission.unit) if submission.number > 1 else []
    told_at: dict[tuple[str, ...], datetime] = {}
    for one in earlier:
        for key in keys_of(one):
            told_at[key] = min(one.told_at, told_at.get(key, one.told_at))
    posts = _told_posts(round_, submission.unit, content.posts, submission.received_at)
    if told_at:
        posts = [
            replace(post, told_at=min([post.told_at, *(told_at[key] for key in keys_of(post) if key in told_at)]))
            for post in posts
        ]
    ledger.replace_items(plan.id, submission, posts)
    recount(office, ledger, plan, None, now, taken=(round_.id, submission.unit) if by_decision else None)


def told_elsewhere(
    ledger: LedgerTransaction, plan: Plan, round_: Round, ref: str, contents: Mapping[str, Content]
) -> dict[str, tuple[Post, ...]]:
    """By unit, what was told until the lock of the round's window by other ways than the workbooks of `ref`, and is not
    in one too.

    `contents` are those workbooks by unit. A unit is asked once: a post told in a month's log or one by one need not
    stand in the quarter's workbook. Such a post has no row, so its row is 0.
    """
    first = datetime.min.replace(tzinfo=UTC)  # of a post told both ways, the one in the workbook counts
    in_workbooks = [
        post for unit, content in contents.items() for post in _told_posts(round_, unit, content.posts, first)
    ]
    others = [
        post
        for post in ledger.told(plan.id, round_.window)
        if post.source != ref and post.told_at <= round_.locks  # what comes later is not told in this report any more
    ]
    distinct, _ = distinct_posts([*in_workbooks, *others])
    listed = {id(post) for post in in_workbooks}
    found: dict[str, tuple[Post, ...]] = {}
    for post in sorted(distinct, key=lambda post: (post.published, post.told_at, post.id)):
        if id(post) not in listed:
            row = Post(0, post.title, post.form, post.channel, post.published, post.evidence, post.author, post.field)
            found[post.unit] = (*found.get(post.unit, ()), row)
    return found


def tally_of(
    office: Office,
    ledger: LedgerTransaction,
    plan: Plan,
    round_: Round,
    told: Sequence[ToldPost] | None = None,
    parts: Mapping[str, Sequence[Assignment]] = MappingProxyType({}),
) -> Tally:
    """How the quota of a posts round stands, from the ledger.

    `told` is all the plan was told, `parts` are the assignments of rounds, if they have been read already.
    """
    obligation = plan.obligation(round_.ref)
    rounds = [round_]
    if obligation.carries_surplus:
        rounds = [one for one in rounds_of(plan, obligation, office.calendar) if one.window <= round_.window]
    if told is None:
        told = ledger.told(plan.id, _plan_year(plan))  # an item told again in another month is the same item still
    quotas = [
        quota_of(plan, obligation, one, _waived(parts.get(one.id) or ledger.assignments(one.id))) for one in rounds
    ]
    return tallies(quotas, told)[-1]


def recount(
    office: Office,
    ledger: LedgerTransaction,
    plan: Plan,
    days: Iterable[date] | None,
    now: datetime,
    *,
    taken: tuple[str, str] | None = None,
) -> tuple[Tally, ...]:
    """Let the assignments of the plan's open posts rounds say what the items say; the tallies of those rounds.

    Only the rounds which items published on one of `days` can concern are looked at, all of them if None. What a
    round's tally said when it locked stays, except of units that were given longer, and of the round and unit `taken`,
    of which an officer has just taken a late file.
    """
    wanted = None if days is None else list(days)
    open_rounds = ledger.opened_round_ids(not_over_before=now)
    rounds = [
        round_
        for round_id in dict.fromkeys([*open_rounds, *([taken[0]] if taken else [])])
        if (round_ := office.rounds.get(round_id)) and _is_touched(plan, round_, wanted)
    ]
    if not rounds:
        return ()
    told = ledger.told(plan.id, _plan_year(plan))
    parts = ledger.assignments_of([round_.id for round_ in rounds])
    found = []
    for round_ in rounds:
        tally = tally_of(office, ledger, plan, round_, told, parts)
        in_time = tally
        if now > told_by(round_):
            by_then = [post for post in told if post.told_at <= told_by(round_)]
            in_time = tally_of(office, ledger, plan, round_, by_then, parts)
        moving = [
            part
            for part in parts.get(round_.id, [])
            if now <= part.closes(round_.locks) or (round_.id, part.unit) == taken
        ]
        _let_assignments_follow(ledger, moving, tally, in_time, now)
        found.append(tally)
    return tuple(found)


def _is_touched(plan: Plan, round_: Round, days: list[date] | None) -> bool:
    """Whether the round counts posts of the plan, and one published on one of `days` (None: any) can concern it."""
    if round_.plan_id != plan.id or round_.kind is not Kind.POSTS or round_.cancelled:
        return False
    carries = plan.obligation(round_.ref).carries_surplus
    first_day = _plan_year(plan).start if carries else round_.window.start
    return days is None or any(first_day <= day <= round_.window.end for day in days)


def _plan_year(plan: Plan) -> Dates:
    """The days on which something that the plan asks for can have been published, under either rule for windows."""
    return Dates(date(plan.year - 1, 12, 15), date(plan.year, 12, 31))


def _waived(parts: Iterable[Assignment]) -> list[str]:
    return [one.unit for one in parts if one.state is State.WAIVED]


def _told_posts(round_: Round, unit: str, posts: Iterable[Post], told_at: datetime) -> list[ToldPost]:
    """The rows of a workbook as told items."""
    return [
        ToldPost(
            id=f"row {row.row:06d}",
            unit=unit,
            channel=row.channel,
            title=row.title,
            published=row.published,
            evidence=row.link,
            evidence_kind=EvidenceKind.LINK if is_web_link(row.link) else EvidenceKind.LOG,
            told_at=told_at,
            field=row.field,
            duty=round_.ref if round_.kind is Kind.POSTS else "",
            source=round_.ref,
            form=row.form,
            author=row.author,
        )
        for row in posts
    ]


def _let_assignments_follow(
    ledger: LedgerTransaction, parts: Iterable[Assignment], tally: Tally, in_time: Tally, now: datetime
) -> None:
    """Move who has done its part, or no longer has; late is who had not by what was told `in_time`."""
    for assignment in parts:
        part = tally.of(assignment.unit)
        if assignment.state in {State.WAIVED, State.COMPILED}:
            continue
        if assignment.state is State.NIL and not part.counted:
            continue  # who tells something after all, no longer says that there is nothing
        if part.owes:
            is_new = part.counted and assignment.state in {State.OPEN, State.NIL}
            if is_new or assignment.state is State.ACCEPTED:  # a correction may strike out what had counted
                ledger.move(assignment.round_id, assignment.unit, State.SUBMITTED, at=now, actor="dinhky")
        elif assignment.state is not State.ACCEPTED:
            through = None if assignment.state is State.SUBMITTED else State.SUBMITTED
            late = bool(in_time.of(assignment.unit).owes)
            whose = (assignment.round_id, assignment.unit)
            ledger.move(*whose, State.ACCEPTED, through=through, at=now, actor="dinhky", late=late)


def _key(plan: Plan, post: ToldPost) -> str:
    """The same unit telling the same thing in the same words is telling it once."""
    parts = (post.unit, post.channel, post.title.strip(), post.published.isoformat(), post.evidence.strip(), post.duty)
    return f"{plan.id}/{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:32]}"
