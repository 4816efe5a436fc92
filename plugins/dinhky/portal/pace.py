"""How often one unit may ask for work: a script gone wild must not keep the others waiting.

In memory and per process: it protects the process it is in. Only names that a signed link has proved are counted, so
nobody can fill the memory with invented ones.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from threading import Lock

from dinhky.domain.errors import DinhKyError

MOST_A_MINUTE = 60
MINUTE_SECONDS = 60.0


class TooManyRequests(DinhKyError):
    """Somebody asks too often; `seconds` says when to come again."""


class Pace:
    """Lets each name do so many things a minute, by the machine's own steady clock."""

    def __init__(self, most: int = MOST_A_MINUTE, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._steps: dict[tuple[str, str], deque[float]] = {}
        self._lock = Lock()

    def step(self, name: tuple[str, str]) -> None:
        """Count one thing done. Raises TooManyRequests if it is one too many; that one is not counted."""
        now = self._clock()
        with self._lock:
            steps = self._steps.setdefault(name, deque())
            while steps and steps[0] <= now - MINUTE_SECONDS:
                steps.popleft()
            if len(steps) >= self._most:
                raise TooManyRequests("too_many_requests", seconds=math.ceil(steps[0] + MINUTE_SECONDS - now))
            steps.append(now)
