"""No request body beyond a limit is ever taken in, whatever its head says of its length."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dinhky.workbook.guard import MAX_FILE

FORM_OVERHEAD = 64 * 1024
"""What a multipart form adds to a file: boundaries, names."""
LARGEST_BODY = MAX_FILE + FORM_OVERHEAD
LARGEST_FORM = 64 * 1024
"""What is sent where no file is taken: JSON of ten megabytes takes hundreds when it is parsed."""
LARGEST_DISCARDED = 8 * LARGEST_BODY
"""How much of a too large body is still read, and thrown away: a browser shows no answer before it has sent all."""


class BodyLimit:
    """Answers 413 where a route begins to read a body that is too large: `largest` for a file, else `LARGEST_FORM`."""

    def __init__(self, app: ASGIApp, largest: int = LARGEST_BODY) -> None:
        self._app = app
        self._largest = largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        taken = 0
        largest = self._largest if scope.get("path", "").endswith("/files") else LARGEST_FORM

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                if taken > largest:
                    await _discard(receive, message, taken)
                    raise HTTPException(413)
            return message

        await self._app(scope, counted if scope["type"] == "http" else receive, send)


async def _discard(receive: Receive, message: Message, taken: int) -> None:
    while message["type"] == "http.request" and message.get("more_body") and taken <= LARGEST_DISCARDED:
        message = await receive()
        taken += len(message.get("body", b""))
