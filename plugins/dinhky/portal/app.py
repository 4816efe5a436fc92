"""The portal as one application: the pages, their JSON twin, and what stands around both.

A POST needs no other proof that its sender meant it: there are no cookies, so nothing is sent along by itself, and who
does not know the link cannot make a form that posts to it.
"""

from __future__ import annotations

from datetime import datetime

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from dinhky import bootstrap
from dinhky.domain.errors import DinhKyError, IllegalTransition, PlanUnread, UnknownName
from dinhky.portal import api, pages
from dinhky.portal.answers import Refusal
from dinhky.portal.body_limit import BodyLimit
from dinhky.portal.own_path import own_path
from dinhky.portal.pace import Pace, TooManyRequests
from dinhky.portal.privacy import Privacy
from dinhky.portal.rendering import Pages
from dinhky.portal.sending import LARGEST_FILE_MB, Intake
from dinhky.portal.visitors import OpenOffice
from dinhky.rounds.links import LinkRefused
from dinhky.rounds.ports import Office

PREFIX = "/dinhky"
"""Below which the portal stands, in Airflow's server as in a process of its own: a link works with either."""
API = "/api/"
RETRY_SECONDS = "300"
"""When to come again while a plan's file is being mended."""
TOO_LATE = frozenset({"told_not_asked", "nil_not_asked"})


def create_app(open_office: OpenOffice | None = None, pace: Pace | None = None) -> FastAPI:
    """The portal. `open_office` gives the office and its moment at each request; by default, as the settings say."""
    current = bootstrap.settings()
    app = FastAPI(
        title="Định Kỳ",
        summary="What a unit owes, sends and was answered, by its personal link.",
        version="1",
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,  # to an absolute address, which only a proxy in front would know
        middleware=[Middleware(Privacy), Middleware(BodyLimit)],
    )
    app.state.open_office = open_office or _office_now
    app.state.pace = pace or Pace()
    app.state.intake = Intake()
    app.state.pages = Pages(current.include / "templates" / "portal", lambda: bootstrap.words_of(current))
    app.include_router(api.router)
    app.include_router(pages.router)
    app.mount("/static", StaticFiles(directory=app.state.pages.static))
    app.add_route("/health", _health)
    app.add_exception_handler(DinhKyError, _refused)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _failed)
    return app


def standing_alone() -> ASGIApp:
    """The portal below its prefix, as a process of its own serves it."""
    return Starlette(routes=[Mount(PREFIX, create_app())])


def _office_now() -> tuple[Office, datetime]:
    current = bootstrap.settings()
    return bootstrap.office(current), current.clock.now()


async def _health(_request: Request) -> Response:
    return PlainTextResponse("ok")


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, DinhKyError):
        raise error
    headers = {"Retry-After": str(error.params["seconds"])} if isinstance(error, TooManyRequests) else {}
    if isinstance(error, PlanUnread):
        headers = {"Retry-After": RETRY_SECONDS}
    return _say(request, _status_of(error), error.code, headers=headers, **error.params)


def _status_of(error: DinhKyError) -> int:
    match error:
        case LinkRefused():
            return 403 if error.code == "link_unknown" else 410
        case UnknownName():
            return 404 if error.code == "page_not_found" else 400
        case TooManyRequests():
            return 429
        case PlanUnread():
            return 503
        case IllegalTransition():
            return 409
    return 409 if error.code in TOO_LATE else 400


async def _not_understood(request: Request, error: Exception) -> Response:
    fields = (
        [".".join(map(str, one["loc"])) for one in error.errors()] if isinstance(error, RequestValidationError) else []
    )
    in_path = all(field.startswith("path.") for field in fields)
    if in_path:  # a link, a round or a number that cannot be one of ours
        return _say(request, 404, "page_not_found")
    return _say(request, 422, "request_unreadable", fields=fields)


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 400
    if status == 413:
        return _say(request, 413, "upload_too_large", limit_mb=LARGEST_FILE_MB)
    if status in {404, 405}:
        return _say(request, status, "page_not_found")
    return _say(request, status, "request_unreadable")


async def _failed(request: Request, _error: Exception) -> Response:
    return _say(request, 500, "portal_failed")


def _say(
    request: Request,
    status: int,
    code: str,
    *,
    headers: dict[str, str] | None = None,
    fields: list[str] | None = None,
    **params: object,
) -> Response:
    """The error as a page for people, or as JSON for programs; nothing of it depends on whether a thing exists."""
    told: Pages = request.app.state.pages
    message = told.sentence(code, **params)
    if own_path(request.scope).startswith(API):
        refusal = Refusal(error=code, message=message, fields=fields or [])
        return JSONResponse(refusal.model_dump(), status, headers)
    page = told.page(request, "error", status, message=message, code=code)
    page.headers.update(headers or {})
    return page
