"""Not faster than a server can bear, and not at all while it has asked us to wait."""

from __future__ import annotations

import time
from collections.abc import Callable

from dinhky.domain.errors import TemporaryDeliveryError


class Pace:
    """At most one message every so many seconds to one server.

    Real seconds, of this process alone: two dispatchers at once are told by the server itself when they are too fast.
    """

    def __init__(
        self,
        seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._seconds, self._clock, self._sleep = seconds, clock, sleep
        self._free_at: dict[str, float] = {}
        self._closed: dict[str, tuple[float, TemporaryDeliveryError]] = {}

    def wait_for(self, server: str) -> None:
        """Wait until the server may be written to. Raises what it refused us with, as long as it is closed."""
        if server in self._closed:
            until, refusal = self._closed[server]
            left = until - self._clock()
            if left > 0:
                raise type(refusal)(refusal.code, **(refusal.params | {"retry_after": left}))
        delay = self.delay(server)
        if delay > 0:
            self._sleep(delay)
        self.take_turn(server)

    def delay(self, server: str) -> float:
        """For how many seconds the server is not to be written to after the message before; none if not above 0."""
        return self._free_at.get(server, 0.0) - self._clock()

    def take_turn(self, server: str) -> None:
        """Something is being written to the server now."""
        self._free_at[server] = self._clock() + self._seconds

    def close(self, server: str, seconds: float, refusal: TemporaryDeliveryError) -> None:
        """Leave the server alone for so many seconds: everything else would be refused alike."""
        self._closed[server] = (self._clock() + seconds, refusal)
