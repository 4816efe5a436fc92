"""A mail server on loopback that takes mail, and fails when and how it is told to.

A fault strikes the next message: at `MAIL`, `RCPT` or `DATA` (after the final dot) the server says something else than
yes, stalls, or hangs up; after the dot it may have taken the message by then.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from aiosmtpd import smtp
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope, Session

OK = "250 OK"


@dataclass(frozen=True)
class Fault:
    """What happens at `stage` instead of a yes: `says` a line, or stalls for `seconds`, or hangs up.

    `taken`: the message has been taken by then. `late`: it hangs up only after having said yes.
    """

    stage: str
    says: str = ""
    seconds: float = 0.0
    taken: bool = False
    late: bool = False

    @property
    def is_unclear(self) -> bool:
        """Whether the sender cannot know what became of the message."""
        return self.stage == "DATA" and not self.says and not self.late


@dataclass
class FakeSmtp:
    """The server's state: what it has taken, and what is to go wrong next."""

    taken: list[bytes] = field(default_factory=list)
    faults: deque[Fault] = field(default_factory=deque)
    unclear: int = 0
    sessions: set[int] = field(default_factory=set)
    port: int = 0
    _server: Controller | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def letters(self) -> list[EmailMessage]:
        return [message_from_bytes(data, policy=default) for data in self.taken]

    def come_up(self) -> None:
        """Listen, from the second time on at the same port; nothing happens if it listens."""
        if self._server is None:
            server = _Server(self, hostname="127.0.0.1", port=self.port)
            server.start()
            self._server, self.port = server, server.port

    def go_down(self) -> None:
        """Listen no more; nothing happens if it does not."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    async def handle_MAIL(  # noqa: N802
        self, server: smtp.SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        self.sessions.add(id(session))
        envelope.mail_from = address
        return await self._struck("MAIL", server) or OK

    async def handle_RCPT(  # noqa: N802
        self, server: smtp.SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        said = await self._struck("RCPT", server)
        if not said:
            envelope.rcpt_tos.append(address)
        return said or OK

    async def handle_DATA(self, server: smtp.SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        data = envelope.content
        assert isinstance(data, bytes)
        return await self._struck("DATA", server, data) or OK

    async def _struck(self, stage: str, server: smtp.SMTP, data: bytes | None = None) -> str:
        with self._lock:
            fault = self.faults.popleft() if self.faults and self.faults[0].stage == stage else None
            if data is not None and (fault is None or fault.taken or fault.late):
                self.taken.append(data)
            self.unclear += fault is not None and fault.is_unclear
        if fault is None:
            return ""
        if fault.says:
            return fault.says
        if fault.seconds:
            await asyncio.sleep(fault.seconds)
        if fault.late:
            asyncio.get_running_loop().call_later(0.001, server.transport.close)
            return OK
        server.transport.abort()
        return OK


class _Server(Controller):
    def factory(self) -> smtp.SMTP:
        return smtp.SMTP(self.handler, hostname="loopback", ident="test", timeout=60, loop=self.loop)

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def fake_smtp() -> Iterator[FakeSmtp]:
    """A running server."""
    state = FakeSmtp()
    state.come_up()
    try:
        yield state
    finally:
        state.go_down()
