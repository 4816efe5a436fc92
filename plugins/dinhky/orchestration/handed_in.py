"""Whoever plays the units on a fast clock, and the ticks, wait for each other.

A day passes in seconds there. A file of the evening must have come in when the next morning's tick looks, and on a busy
machine nothing but waiting makes it so. In earnest nobody plays the units, and nothing waits.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep

LONGEST_SECONDS = 10.0
"""Of real time: then the tick goes on without."""
LOOK_EVERY_SECONDS = 0.05


class HandedIn:
    """A note in the service's folder: the moment before which every file has been handed in."""

    def __init__(self, home: Path) -> None:
        self._note = home / "handed-in.txt"
        self._told: datetime | None = None

    def tell(self, moment: datetime) -> None:
        """Say that whatever was to come before this moment has come."""
        if moment != self._told:
            new = self._note.with_suffix(".new")
            new.write_text(moment.isoformat(), "ascii")
            os.replace(new, self._note)
            self._told = moment

    def wait_for(self, moment: datetime) -> None:
        """Return when the files from before this moment have come, or were awaited for long enough."""
        deadline = monotonic() + LONGEST_SECONDS
        while monotonic() < deadline:
            with suppress(FileNotFoundError):
                if datetime.fromisoformat(self._note.read_text("ascii")) < moment:
                    sleep(LOOK_EVERY_SECONDS)
                    continue
            return
