"""A server on loopback that answers as the Zalo Bot API does, errors included: `sendMessage` and `getUpdates`.

As documented: an answer is `{"ok": …, "result" | "error_code" and "description": …}`; `getUpdates` takes a `timeout` in
seconds, hands out one update a call, each once, without an offset, and says 408 when nobody has written.
"""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from apprise.plugins.zalo import NotifyZalo

TOKEN = "738499441022:abcDEF-ghi_JKL0123456789"
LONGEST_TEXT = 2000


@dataclass
class Reply:
    """What the server says instead of taking a message. `fault` is what it does rather than answer.

    `silent`: nothing at all; `drops`: hangs up without a word; `breaks off`: in the middle of the answer.
    `after_taking`: the message has been taken by then.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    fault: str = ""
    after_taking: bool = False


def refusal(number: int, description: str, *, status: int = 200, **headers: str) -> Reply:
    """An error as the Bot API tells it: by default within an answer of status 200."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {"ok": False, "error_code": number, "description": description}, named)


@dataclass
class FakeZalo:
    """The server's state: what it has taken, what it is to say, and to whom nothing can be sent."""

    port: int = 0
    taken: list[tuple[str, str]] = field(default_factory=list)
    payloads: list[dict[str, Any]] = field(default_factory=list)
    replies: deque[Reply] = field(default_factory=deque)
    """What the next messages are answered with, in order; after them, all are taken."""
    blocked_by: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    update_replies: deque[Reply] = field(default_factory=deque)
    updates: deque[dict[str, Any]] = field(default_factory=deque)
    token: str = TOKEN
    released: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)
    asked: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/bot{{token}}/sendMessage"

    def texts_to(self, chat_id: str) -> list[str]:
        return [text for chat, text in self.taken if chat == chat_id]

    def write(self, chat_id: str, text: str | None, *, message_id: str = "", **changes: Any) -> dict[str, Any]:
        """Somebody writes to the bot."""
        number = len(self.asked) + len(self.updates) + time.monotonic_ns()
        message = {
            "from": {"id": chat_id, "display_name": "Ngọc Lan", "is_bot": False},
            "chat": {"id": chat_id, "chat_type": "PRIVATE"},
            "message_id": message_id or f"m{number}",
            "date": 1773280800000,
        } | changes
        if text is not None:
            message["text"] = text
        kind = "message.text.received" if text is not None else "message.sticker.received"
        update = {"event_name": kind, "message": message}
        self.updates.append(update)
        return update

    def answer_to(self, token: str, method: str, payload: dict[str, Any]) -> Reply:
        if token != self.token:
            return refusal(401, "Unauthorized")
        if method == "getUpdates":
            return self._update(payload)
        if method != "sendMessage":
            return refusal(404, "Not found")
        with self.lock:
            self.payloads.append(payload)
            reply = self.replies.popleft() if self.replies else None
        if reply and not reply.after_taking:
            return reply
        chat, text = payload.get("chat_id"), payload.get("text")
        if not isinstance(text, str) or not 1 <= len(text.encode("utf-16-le")) // 2 <= LONGEST_TEXT:
            return refusal(400, "Bad request: text must have 1 to 2000 characters")
        if chat in self.blocked_by:
            return refusal(403, "Forbidden: bot was blocked by the user")
        if chat in self.unknown:
            return refusal(400, "Bad request: chat not found")
        with self.lock:
            self.taken.append((chat, text))
        return reply or Reply(body={"ok": True, "result": {"message_id": f"z{len(self.taken)}", "date": 1773280800000}})

    def _update(self, payload: dict[str, Any]) -> Reply:
        self.asked.append(payload)
        if self.update_replies:
            return self.update_replies.popleft()
        until = time.monotonic() + min(float(payload.get("timeout", 30)), 0.05)  # no test waits longer
        while time.monotonic() < until and not self.updates:
            time.sleep(0.01)
        if not self.updates:
            return refusal(408, "Request timeout")
        return Reply(body={"ok": True, "result": self.updates.popleft()})


@contextmanager
def fake_zalo() -> Iterator[FakeZalo]:
    """A running server, with apprise's plugin pointed at it."""
    state = FakeZalo()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found = re.fullmatch(r"/bot([^/]+)/(\w+)", self.path)
            data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            reply = state.answer_to(*found.groups(), json.loads(data)) if found else refusal(404, "Not found")
            if reply.fault == "silent":
                state.released.wait(30)
                return
            if reply.fault == "drops":
                self._hang_up()
                return
            body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body) + (50 if reply.fault else 0)))
            self.end_headers()
            self.wfile.write(body)
            if reply.fault == "breaks off":
                self.wfile.flush()
                self._hang_up()

        def _hang_up(self) -> None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

        def log_message(self, *_: object) -> None:
            pass

        def handle(self) -> None:
            with suppress(OSError, ValueError):  # we have hung up
                super().handle()

        def finish(self) -> None:
            with suppress(OSError, ValueError):
                super().finish()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    real, NotifyZalo.notify_url = NotifyZalo.notify_url, state.url
    try:
        yield state
    finally:
        NotifyZalo.notify_url = real
        state.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
