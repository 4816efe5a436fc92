"""What keeps a personal link personal: it stands in the path, so no log, cache or other site may get to see it."""

from __future__ import annotations

import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dinhky.portal.own_path import own_path

MASK = "…"
_TOKEN = re.compile(r"(/(?:u|api/v1)/)[^/]+")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Robots-Tag": "noindex, nofollow",
}
NOT_KEPT, KEPT_A_WHILE = "no-store", "public, max-age=300"
STATIC = "/static/"
"""The style sheet and the script: all that a browser may keep, as they say nothing of anybody."""


def masked(path: str) -> str:
    """A path as it may be written down: `/dinhky/u/…/PL-5/2026-Q1`."""
    return _TOKEN.sub(rf"\1{MASK}", path)


class Privacy:
    """Answers with the headers above, and shows whoever logs requests a path without the token.

    Servers and middlewares around us (uvicorn, Airflow's access log) take the path from the scope they passed in, when
    the answer goes out: the application gets a copy, and the original is masked before anything else happens.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        own = dict(scope)
        is_static = own_path(own).startswith(STATIC)
        scope["path"] = masked(scope["path"])
        scope["raw_path"] = scope["path"].encode()

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers["Cache-Control"] = KEPT_A_WHILE if is_static else NOT_KEPT
            await send(message)

        await self._app(own, receive, with_headers)
