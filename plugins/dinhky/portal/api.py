"""The same as the pages for programs: JSON under `/api/v1/{token}`, with a schema at `/openapi.json`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, Request, UploadFile
from fastapi.responses import Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from dinhky.portal.answers import Affairs, Answer, Duty, DutyInFull, Refusal, TellingAnswer, ToldItem
from dinhky.portal.downloads import XLSX, marked_download, sent_download, workbook_download
from dinhky.portal.nothing import LONGEST_REASON, say_nothing
from dinhky.portal.sending import Intake
from dinhky.portal.told import GivenLine, Told, tell
from dinhky.portal.visitors import Guest, Number, PacedGuest, PeriodLabel, Ref, Visitor
from dinhky.rounds.owed import told_by_unit

REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Refusal, "description": description}
    for status, description in {
        400: "what was sent cannot be read, or cannot be recorded: the message says why",
        403: "the link is not one of ours",
        404: "there is nothing of that name for this unit",
        409: "it is too late for that, or it was settled before",
        410: "the link has expired or was revoked",
        413: "the file is too large",
        422: "what was sent is not what the schema says",
        429: "too often within a minute",
        503: "the plan cannot be read just now: come again in a few minutes",
    }.items()
}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
WORKBOOK: dict[int | str, dict[str, Any]] = {200: {"content": {XLSX: _BINARY}, "description": "the workbook"}}
A_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": _BINARY, XLSX: _BINARY}, "description": "the file"}
}

router = APIRouter(prefix="/api/v1/{token}", responses=REFUSALS)
ROUND = "/rounds/{ref}/{period}"


class NothingToReport(BaseModel):
    """Why there is nothing to report."""

    reason: Annotated[GivenLine, Field(min_length=1, max_length=LONGEST_REASON)]


@router.get("")
def affairs(visitor: Guest) -> Affairs:
    """Everything asked of the unit: what is owed, most urgent first, then the rest."""
    return Affairs.of(visitor)


@router.get(ROUND)
def duty(visitor: Guest, ref: Ref, period: PeriodLabel) -> DutyInFull:
    """One of them, with what the unit has sent for it."""
    words = visitor.office.words
    with visitor.office.ledger.snapshot() as ledger:
        affair = visitor.affair(ledger, ref, period)
        sent = ledger.submissions_of(affair.round.id, visitor.unit.code)
        told = told_by_unit(ledger, visitor.plan, affair)
    return DutyInFull(
        duty=Duty.of(affair, words),
        submissions=[Answer.to_submission(one, words) for one in sent],
        told=[ToldItem.of(post, affair.tally) for post in told if affair.tally],
    )


@router.get(f"{ROUND}/workbook", response_class=Response, responses=WORKBOOK)
def workbook(visitor: PacedGuest, ref: Ref, period: PeriodLabel) -> Response:
    """The unit's own workbook to fill in, with what is known already."""
    with visitor.office.ledger.snapshot() as ledger:
        return workbook_download(visitor, ledger, visitor.affair(ledger, ref, period))


@router.post("/files")
async def send_file(request: Request, visitor: PacedGuest, file: Annotated[UploadFile, File()]) -> Answer:
    """Send a filled-in workbook: it says itself for which round. Sending the same bytes again changes nothing."""
    intake: Intake = request.app.state.intake
    receipt = await intake.take(visitor, file)
    words = visitor.office.words
    if receipt.round_id is None or receipt.number is None:
        return Answer.to_refused(receipt, visitor.now, words)
    return await run_in_threadpool(_answer, visitor, receipt.round_id, receipt.number, again=receipt.again)


def _answer(visitor: Visitor, round_id: str, number: int, *, again: bool) -> Answer:
    _, ref, period = round_id.split("/")
    with visitor.office.ledger.snapshot() as ledger:
        submission = visitor.submission(ledger, visitor.affair(ledger, ref, period), number)
    return Answer.to_submission(submission, visitor.office.words, again=again)


@router.get(f"{ROUND}/submissions/{{number}}")
def submission(visitor: Guest, ref: Ref, period: PeriodLabel, number: Number) -> Answer:
    """The answer to one file that the unit sent."""
    with visitor.office.ledger.snapshot() as ledger:
        found = visitor.submission(ledger, visitor.affair(ledger, ref, period), number)
    return Answer.to_submission(found, visitor.office.words)


@router.get(f"{ROUND}/submissions/{{number}}/file", response_class=Response, responses=A_FILE)
def sent_file(visitor: Guest, ref: Ref, period: PeriodLabel, number: Number) -> Response:
    """The file as the unit sent it."""
    return sent_download(visitor, ref, period, number)


@router.get(f"{ROUND}/submissions/{{number}}/marked", response_class=Response, responses=A_FILE)
def marked_file(visitor: Guest, ref: Ref, period: PeriodLabel, number: Number) -> Response:
    """The same with each place to be mended marked in it."""
    return marked_download(visitor, ref, period, number)


@router.post(f"{ROUND}/posts")
def tell_post(visitor: PacedGuest, ref: Ref, period: PeriodLabel, told: Told) -> TellingAnswer:
    """Tell of one published item. Telling the very same again changes nothing."""
    with visitor.office.ledger.snapshot() as ledger:
        before = visitor.affair(ledger, ref, period)
    result = tell(visitor, before, told)
    with visitor.office.ledger.snapshot() as ledger:
        return TellingAnswer.of(result, visitor.affair(ledger, ref, period))


@router.post(f"{ROUND}/nothing")
def nothing_to_report(visitor: PacedGuest, ref: Ref, period: PeriodLabel, nothing: NothingToReport) -> Duty:
    """Answer that there is nothing to report, and why."""
    with visitor.office.ledger.snapshot() as ledger:
        before = visitor.affair(ledger, ref, period)
    say_nothing(visitor, before, nothing.reason)
    with visitor.office.ledger.snapshot() as ledger:
        return Duty.of(visitor.affair(ledger, ref, period), visitor.office.words)
