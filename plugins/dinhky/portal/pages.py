"""The pages by personal link. They work without scripts: forms post, and the answer is a page with its own address."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from dinhky.domain.errors import DinhKyError, UnknownName
from dinhky.domain.local_time import local
from dinhky.domain.posts import EvidenceKind
from dinhky.portal.answers import TellingAnswer, does_count, places, progress_of
from dinhky.portal.downloads import marked_download, sent_download, workbook_download
from dinhky.portal.nothing import LONGEST_REASON, NothingRefused, say_nothing
from dinhky.portal.rendering import Pages, base_of
from dinhky.portal.sending import LARGEST_FILE_MB, Intake, SendingRefused
from dinhky.portal.told import TellingRefused, channels_for, duty_of, one_line, tell, typed
from dinhky.portal.visitors import Guest, Number, PacedGuest, PeriodLabel, Ref, Visitor
from dinhky.rounds.owed import Affair, Urgency, told_by_unit
from dinhky.rounds.posting import ItemRefused
from dinhky.rounds.succession import as_of

router = APIRouter(prefix="/u/{token}", include_in_schema=False, default_response_class=HTMLResponse)
ROUND = "/{ref}/{period}"
UNDERSTOOD_BUT_NOT_DONE = 422
NOTICES = frozenset({"told", "told_again", "told_elsewhere", "told_double", "nothing", "again"})
"""What a page may say of something just done: named in its address, worded in its template."""


@router.get("")
@router.get("/")
def home(request: Request, visitor: Guest) -> Response:
    """Everything asked of the unit, most urgent first."""
    return _home(request, visitor)


@router.get(ROUND)
def duty(
    request: Request,
    visitor: Guest,
    ref: Ref,
    period: PeriodLabel,
    answer: Annotated[int | None, Query(ge=1, le=1_000_000)] = None,
    done: str = "",
) -> Response:
    """One duty: what to do, the place to send it, what was sent and how it was answered."""
    return _duty(request, visitor, ref, period, answer=answer, notice=done if done in NOTICES else "")


@router.get(f"{ROUND}/workbook")
def workbook(visitor: PacedGuest, ref: Ref, period: PeriodLabel) -> Response:
    """The unit's own workbook to fill in."""
    with visitor.office.ledger.snapshot() as ledger:
        return workbook_download(visitor, ledger, visitor.affair(ledger, ref, period))


@router.get(f"{ROUND}/{{number}}/file")
def sent_file(visitor: Guest, ref: Ref, period: PeriodLabel, number: Number) -> Response:
    """A file as the unit sent it."""
    return sent_download(visitor, ref, period, number)


@router.get(f"{ROUND}/{{number}}/marked")
def marked_file(visitor: Guest, ref: Ref, period: PeriodLabel, number: Number) -> Response:
    """The same with each place to be mended marked in it."""
    return marked_download(visitor, ref, period, number)


@router.get("/files")
@router.get(f"{ROUND}/posts")
@router.get(f"{ROUND}/nothing")
def after_a_reload(request: Request, visitor: Guest, ref: str = "", period: str = "") -> Response:
    """Whoever loads again, or bookmarks, the address that a form was sent to gets the page of that form."""
    return _to_duty(request, visitor, ref, period, "") if ref else _to_home(request, visitor)


@router.post("/files")
async def send_file(
    request: Request, visitor: PacedGuest, file: Annotated[UploadFile | None, File()] = None
) -> Response:
    """Take a file; the answer stands on the page of the round that the file is for."""
    intake: Intake = request.app.state.intake
    try:
        receipt = await intake.take(visitor, file)
    except SendingRefused as refusal:
        return await run_in_threadpool(_home, request, visitor, refusal=refusal)
    if receipt.round_id is None or receipt.number is None:
        refused = {
            "file_name": one_line((file and file.filename) or ""),
            "problems": places(receipt.problems, visitor.office.words),
        }
        return await run_in_threadpool(_home, request, visitor, refused=refused)
    _, ref, period = receipt.round_id.split("/")
    again = "&done=again" if receipt.again else ""
    return _to_duty(request, visitor, ref, period, f"answer={receipt.number}{again}#answer")


@router.post(f"{ROUND}/posts")
def tell_post(
    request: Request,
    visitor: PacedGuest,
    ref: Ref,
    period: PeriodLabel,
    channel: Annotated[str, Form()] = "",
    title: Annotated[str, Form()] = "",
    published: Annotated[str, Form()] = "",
    evidence: Annotated[str, Form()] = "",
    evidence_kind: Annotated[str, Form()] = "link",
    field: Annotated[str, Form()] = "",
) -> Response:
    """Take one published item; the tally is shown at once."""
    form = {
        "channel": channel,
        "title": title,
        "published": published,
        "evidence": evidence,
        "evidence_kind": evidence_kind,
        "field": field,
    }
    with visitor.office.ledger.snapshot() as ledger:
        affair = visitor.affair(ledger, ref, period)
    try:
        told = typed(form)
        result = tell(visitor, affair, told)
    except (TellingRefused, ItemRefused, UnknownName) as refusal:
        return _duty(request, visitor, ref, period, refusal=refusal, form=form, at="posts")
    with visitor.office.ledger.snapshot() as ledger:
        after = visitor.affair(ledger, ref, period)
    if not result.is_new:
        done = "told_again"
    elif told.published not in after.round.window:
        done = "told_elsewhere"
    else:
        done = "told" if TellingAnswer.of(result, after).counts else "told_double"
    return _to_duty(request, visitor, ref, period, f"done={done}#posts")


@router.post(f"{ROUND}/nothing")
def nothing_to_report(
    request: Request, visitor: PacedGuest, ref: Ref, period: PeriodLabel, reason: Annotated[str, Form()] = ""
) -> Response:
    """Take the unit's word that there is nothing to report."""
    with visitor.office.ledger.snapshot() as ledger:
        affair = visitor.affair(ledger, ref, period)
    try:
        say_nothing(visitor, affair, one_line(reason)[:LONGEST_REASON])
    except NothingRefused as refusal:
        return _duty(request, visitor, ref, period, refusal=refusal, at="nothing")
    return _to_duty(request, visitor, ref, period, "done=nothing#state")


def _home(
    request: Request,
    visitor: Visitor,
    *,
    refusal: DinhKyError | None = None,
    refused: dict[str, Any] | None = None,
) -> Response:
    affairs = visitor.affairs()
    return _pages(request).page(
        request,
        "home",
        UNDERSTOOD_BUT_NOT_DONE if refusal or refused else 200,
        **_facts(request, visitor),
        owed=[one for one in affairs if one.is_owed],
        done=[one for one in affairs if one.urgency is Urgency.DONE],
        before=[one for one in affairs if one.urgency is Urgency.CLOSED],
        refusal=_sentence(request, refusal),
        refused=refused,
        progress=_progress,
    )


def _duty(
    request: Request,
    visitor: Visitor,
    ref: str,
    period: str,
    *,
    answer: int | None = None,
    notice: str = "",
    refusal: DinhKyError | None = None,
    at: str = "",
    form: dict[str, str] | None = None,
) -> Response:
    words = visitor.office.words
    with visitor.office.ledger.snapshot() as ledger:
        affair = visitor.affair(ledger, ref, period)
        sent = ledger.submissions_of(affair.round.id, visitor.unit.code)
        told = told_by_unit(ledger, visitor.plan, affair)
    shown = next((one for one in sent if one.number == answer), None)
    last_kind = next((post.evidence_kind for post in reversed(told) if post.evidence_kind != EvidenceKind.FILE), "link")
    return _pages(request).page(
        request,
        "duty",
        UNDERSTOOD_BUT_NOT_DONE if refusal else 200,
        **_facts(request, visitor),
        affair=affair,
        duty=duty_of(visitor, affair),
        progress=_progress(affair),
        shown=shown,
        problems=places(shown.problems, words) if shown else [],
        questions=places(shown.questions, words) if shown else [],
        sent=sent[::-1],
        told=[(post, affair.tally and does_count(post, affair.tally)) for post in told],
        channels=channels_for(visitor, affair) if affair.takes_posts else {},
        form=form or {"evidence_kind": str(last_kind)},
        today=local(visitor.now).date(),
        notice=notice,
        refusal=_sentence(request, refusal),
        at=at,
    )


def _facts(request: Request, visitor: Visitor) -> dict[str, Any]:
    plan = as_of(visitor.plan, local(visitor.now).date())
    return {
        "plan": plan,
        "unit": visitor.unit,
        "is_person": visitor.is_person,
        "now": visitor.now,
        "compiler": plan.unit(plan.compiler).name,
        "own": f"{base_of(request)}u/{visitor.token}",
        "limit_mb": LARGEST_FILE_MB,
    }


def _progress(affair: Affair) -> str:
    return progress_of(affair.tally, affair.part.unit) if affair.tally else ""


def _pages(request: Request) -> Pages:
    pages: Pages = request.app.state.pages
    return pages


def _sentence(request: Request, refusal: DinhKyError | None) -> str:
    return _pages(request).sentence(refusal.code, **refusal.params) if refusal else ""


def _to_home(request: Request, visitor: Visitor) -> Response:
    return RedirectResponse(f"{base_of(request)}u/{visitor.token}", status_code=303)


def _to_duty(request: Request, visitor: Visitor, ref: str, period: str, rest: str) -> Response:
    """On to the page of a round, with a way that holds below any prefix."""
    return RedirectResponse(f"{base_of(request)}u/{visitor.token}/{ref}/{period}?{rest}", status_code=303)
