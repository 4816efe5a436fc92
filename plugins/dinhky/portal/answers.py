"""What the API says, as models: they are its schema, and hold nothing but the visitor's own affairs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from pydantic import AwareDatetime, BaseModel

from dinhky.domain.assignment import State
from dinhky.domain.errors import Problem
from dinhky.domain.plan import Kind
from dinhky.domain.posts import Tally, ToldPost
from dinhky.intake.receive import Receipt, Verdict
from dinhky.portal.visitors import Visitor
from dinhky.rounds.kept_submissions import Submission
from dinhky.rounds.owed import Affair, Urgency
from dinhky.rounds.ports import Words
from dinhky.rounds.posting import ToldResult


class Refusal(BaseModel):
    """Why something was not done. `message` is for the person who asked; `fields` says what of the request is wrong."""

    error: str
    message: str
    fields: list[str] = []


class Duty(BaseModel):
    """The visitor's part of one round. Days are Vietnamese calendar days; `due` is the unit's own due date.

    `progress` is such as `1/2`, where items are counted. `taken_until`: until then what is sent counts at once.
    """

    ref: str
    name: str
    period: str
    period_name: str
    kind: Kind
    window_start: date
    window_end: date
    due: AwareDatetime
    taken_until: AwareDatetime
    working_days_left: int
    urgency: Urgency
    is_owed: bool
    state: State
    reason: str | None
    progress: str | None

    @classmethod
    def of(cls, affair: Affair, words: Words) -> Duty:
        round_, part = affair.round, affair.part
        return cls(
            ref=round_.ref,
            name=round_.obligation,
            period=round_.period.label,
            period_name=words.period_name(round_.period.label),
            kind=round_.kind,
            window_start=round_.window.start,
            window_end=round_.window.end,
            due=round_.unit_due,
            taken_until=affair.taken_until,
            working_days_left=affair.working_days_left,
            urgency=affair.urgency,
            is_owed=affair.is_owed,
            state=part.state,
            reason=part.reason,
            progress=progress_of(affair.tally, part.unit) if affair.tally else None,
        )


class Affairs(BaseModel):
    """Everything asked of the visitor: what is owed by due date, then the rest."""

    plan: str
    plan_title: str
    unit: str
    unit_name: str
    now: AwareDatetime
    duties: list[Duty]

    @classmethod
    def of(cls, visitor: Visitor) -> Affairs:
        return cls(
            plan=visitor.plan.id,
            plan_title=visitor.plan.title,
            unit=visitor.unit.code,
            unit_name=visitor.unit.name,
            now=visitor.now,
            duties=[Duty.of(affair, visitor.office.words) for affair in visitor.affairs()],
        )


class Place(BaseModel):
    """One thing to be mended, or to be looked at again: the sentence says where, what was found, what is expected."""

    code: str
    where: str
    sentence: str


class Answer(BaseModel):
    """What became of one file. `number` is empty for a refused one: it belongs to no round."""

    verdict: str
    ref: str | None
    period: str | None
    number: int | None
    file_name: str
    received_at: AwareDatetime
    late: bool
    again: bool = False
    problems: list[Place] = []
    questions: list[Place] = []
    has_marked_workbook: bool = False

    @classmethod
    def to_submission(cls, submission: Submission, words: Words, *, again: bool = False) -> Answer:
        _, ref, period = submission.round_id.split("/")
        return cls(
            verdict=submission.state,
            ref=ref,
            period=period,
            number=submission.number,
            file_name=submission.file_name,
            received_at=submission.received_at,
            late=submission.late,
            again=again,
            problems=places(submission.problems, words),
            questions=places(submission.questions, words),
            has_marked_workbook=submission.answer_sha256 is not None,
        )

    @classmethod
    def to_refused(cls, receipt: Receipt, now: datetime, words: Words) -> Answer:
        return cls(
            verdict=Verdict.REFUSED.value,
            ref=None,
            period=None,
            number=None,
            file_name=receipt.file_name,
            received_at=now,
            late=False,
            problems=places(receipt.problems, words),
        )


class TellingAnswer(BaseModel):
    """What became of a told item. `is_new` is false if the very same was told before; `counts` is true if it serves
    this duty in this period; `progress` is how the duty stands now."""

    is_new: bool
    counts: bool
    progress: str

    @classmethod
    def of(cls, result: ToldResult, affair: Affair) -> TellingAnswer:
        """`affair` is the duty's as it stands after the telling. Raises ValueError for one that counts no items."""
        if affair.tally is None:
            raise ValueError(f"{affair.round.id} counts no items")
        told = _as_told(result.post)
        return cls(
            is_new=result.is_new,
            counts=any(_as_told(post) == told for post in affair.tally.counted),
            progress=progress_of(affair.tally, affair.part.unit),
        )


class ToldItem(BaseModel):
    """An item that the visitor told for a duty; it counts once, however often it was told."""

    title: str
    channel: str
    published: date
    evidence: str
    counts: bool

    @classmethod
    def of(cls, post: ToldPost, tally: Tally) -> ToldItem:
        return cls(
            title=post.title,
            channel=post.channel,
            published=post.published,
            evidence=post.evidence,
            counts=does_count(post, tally),
        )


class DutyInFull(BaseModel):
    """One duty with everything that the visitor sent for it."""

    duty: Duty
    submissions: list[Answer]
    told: list[ToldItem]


def places(problems: Iterable[Problem], words: Words) -> list[Place]:
    """Problems, or questions, worded."""
    return [Place(code=one.code, where=one.where, sentence=words.sentence(one)) for one in problems]


def _as_told(post: ToldPost) -> tuple[str, str, str, date, str]:
    return post.unit, post.channel, post.title, post.published, post.evidence


def does_count(post: ToldPost, tally: Tally) -> bool:
    """Whether an item stands in the count, and not another for it."""
    return any(counted.id == post.id for counted in tally.counted)


def progress_of(tally: Tally, unit: str) -> str:
    """`1/2`: of the unit's own part if it has one, else of what all owe together."""
    part = tally.of(unit)
    return tally.progress if part.target is None else part.progress
