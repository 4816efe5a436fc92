"""The folder route: files put in `inbox/<unit>/` or, where several plans share a machine, in `inbox/<plan>/<unit>/`.

A handled file moves to `done/` or `returned/` beside it, with the answer in a text file of the same name. A file that
is still being written is left for the next look.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dinhky.domain.errors import DinhKyError
from dinhky.domain.local_time import local
from dinhky.intake.receive import Receipt, Verdict, receive
from dinhky.rounds.ports import Office

DONE = "done"
RETURNED = "returned"
STILL_BEING_WRITTEN_SECONDS = 2.0
"""A file changed less than this long ago is not read yet; in real seconds, for it is the disk that is watched."""
TEMPORARY_PREFIXES = ("~", ".")
"""How office programs begin the names of their lock files and half-written copies."""


@dataclass(frozen=True)
class Handled:
    """A file of the folder and what it was answered. `error` is a sentence where no unit could be made out."""

    path: Path
    receipt: Receipt | None
    error: str | None = None


def scan(
    office: Office, inbox: Path, *, real_now: datetime, office_time: Callable[[datetime], datetime]
) -> list[Handled]:
    """Receive every settled file below `inbox`, oldest first. `office_time` turns a real instant into the office's.

    A file arrived when it appeared in the folder (its inode's change time, which copying cannot preserve), not when we
    looked: an outage of ours makes no unit late. If a scan dies half-way, the next one finds the rest; a file
    received but not yet moved is recognised by its bytes.
    """
    arrivals = sorted((path.stat().st_ctime, path) for path in _waiting(inbox))
    return [
        _take(office, path, inbox, office_time(datetime.fromtimestamp(arrived, UTC)))
        for arrived, path in arrivals
        if real_now.timestamp() - arrived >= STILL_BEING_WRITTEN_SECONDS
    ]


def _waiting(inbox: Path) -> Iterator[Path]:
    for path in inbox.rglob("*"):
        if path.is_file() and not path.is_symlink() and not path.name.startswith(TEMPORARY_PREFIXES):
            folders = path.relative_to(inbox).parts[:-1]
            if 1 <= len(folders) <= 2 and folders[-1] not in {DONE, RETURNED}:
                yield path


def _take(office: Office, path: Path, inbox: Path, now: datetime) -> Handled:
    *plan_id, unit = path.relative_to(inbox).parts[:-1]
    try:
        receipt = receive(
            office,
            path.read_bytes(),
            file_name=path.name,
            unit_code=unit,
            plan_id=plan_id[0] if plan_id else None,
            now=now,
            route="folder",
        )
    except DinhKyError as error:
        return Handled(
            path, None, office.words.explain(error)
        )  # left where it lies: the folder's name is what is wrong
    is_done = receipt.verdict in {Verdict.ACCEPTED, Verdict.HELD}
    _move(path, path.parent / (DONE if is_done else RETURNED), now, _answer(office, receipt))
    return Handled(path, receipt)


def _answer(office: Office, receipt: Receipt) -> str:
    subject, body = office.words.message(
        "folder_answer", receipt=receipt, sentences=[office.words.sentence(problem) for problem in receipt.problems]
    )
    return f"{subject}\n\n{body}"


def _move(path: Path, folder: Path, now: datetime, answer: str) -> None:
    folder.mkdir(exist_ok=True)
    stem = f"{local(now):%Y%m%d-%H%M%S}_{path.stem}"
    target, number = folder / f"{stem}{path.suffix}", 1
    while target.exists():
        number += 1
        target = folder / f"{stem}_{number}{path.suffix}"
    target.with_suffix(f"{path.suffix}.txt").write_text(answer, "utf-8")
    os.replace(path, target)
