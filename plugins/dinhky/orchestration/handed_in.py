"""Whoever plays the units on a fast clock, and the ticks and locks, wait for each other.

A day passes in seconds there. A file of the evening must have come in when the next morning's tick looks, and must not
when the last one does; what locks the day after must know of it. On a busy machine nothing but waiting makes it so. In
earnest nobody plays the units, and nothing waits.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, sleep

LONGEST_SECONDS = 10.0
"""Of real time: then the tick goes on without."""
LOOK_EVERY_SECONDS = 0.05


class HandedIn:
    """Notes in the service's folder: before which moment every file has come in, and which tick was the last."""

    def __init__(self, home: Path) -> None:
        self._files = home / "handed-in.txt"
        self._all_files = home / "handed-in-all.txt"
        self._ticks = home / "ticked.txt"

    def tell(self, moment: datetime, *, all_until: datetime | None = None) -> None:
        """Say that whatever was to come before this moment has come.

        `all_until` is earlier if a file is still to come for which no tick need wait, since it waits for a tally.
        """
        _write(self._all_files, min(moment, all_until or moment))
        _write(self._files, moment)

    def wait_for(self, moment: datetime) -> None:
        """Return when the files from before this moment have come, or were awaited for long enough."""
        deadline = monotonic() + LONGEST_SECONDS
        while (told := _read(self._files)) and told < moment and monotonic() < deadline:
            sleep(LOOK_EVERY_SECONDS)

    def complete_until(self, now: datetime) -> datetime:
        """Up to which moment, `now` at the latest, all files have come."""
        told = _read(self._all_files)
        return min(now, told) if told else now

    def tell_tick(self, moment: datetime) -> None:
        """Say that the tick that stands for this moment has decided, if anybody plays the units."""
        if self._files.exists():
            _write(self._ticks, moment)

    def last_tick(self) -> datetime | None:
        """What the last tick stood for that said so."""
        return _read(self._ticks)


def _write(note: Path, moment: datetime) -> None:
    new = note.with_suffix(".new")
    new.write_text(moment.isoformat(), "ascii")
    os.replace(new, note)


def _read(note: Path) -> datetime | None:
    with suppress(FileNotFoundError):
        return datetime.fromisoformat(note.read_text("ascii")).astimezone(UTC)
    return None
