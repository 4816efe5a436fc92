"""The folder route: files put in `inbox/<unit>/` or, where several plans share a machine, in `inbox/<plan>/<unit>/`.

A handled file moves to `done/` or `returned/` beside it, with the answer in a text file of the same name and, where
places in it are to be mended or looked at again, a copy in which they are marked. A file that is still being written is
left for the next look.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from dinhky.domain.errors import DinhKyError, PlanUnread, Problem
from dinhky.domain.local_time import local
from dinhky.intake.answering import in_words
from dinhky.intake.receive import Receipt, receive
from dinhky.rounds.ports import Office

DONE = "done"
RETURNED = "returned"
STILL_BEING_WRITTEN_SECONDS = 2.0
"""A file changed less than this long ago is not read yet; in real seconds, for it is the disk that is watched."""
TEMPORARY_PREFIXES = ("~", ".")
"""How office programs begin the names of their lock files and half-written copies."""
LONGEST_NAME = 255
"""Bytes in a file's name, on every file system we meet; a Vietnamese letter takes up to three."""
LONGEST_SUFFIX = 20
MEGABYTE = 1024 * 1024
LARGEST = 10 * MEGABYTE
"""A file of more bytes is not read into memory: a film may lie in a shared folder too. No larger one is taken."""


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
    received but not yet moved is recognised by its bytes. A file that fails in a way nobody foresaw keeps no other
    file from being answered: the failures are raised together at the end.
    """
    handled: list[Handled] = []
    failures: list[Exception] = []
    for arrived, path in sorted(_waiting(inbox)):
        if real_now.timestamp() - arrived >= STILL_BEING_WRITTEN_SECONDS:
            try:
                handled.append(_take(office, path, inbox, office_time(datetime.fromtimestamp(arrived, UTC))))
            except Exception as failure:
                failures.append(failure)
    if failures:
        raise ExceptionGroup("files of the inbox that could not be handled", failures)
    return handled


def _waiting(inbox: Path) -> Iterator[tuple[float, Path]]:
    """The files to handle, each with the moment it appeared."""
    for path in inbox.rglob("*"):
        if path.is_file() and not path.is_symlink() and not path.name.startswith(TEMPORARY_PREFIXES):
            folders = path.relative_to(inbox).parts[:-1]
            if 1 <= len(folders) <= 2 and folders[-1] not in {DONE, RETURNED}:
                with suppress(FileNotFoundError):  # taken back by its sender just now
                    yield path.stat().st_ctime, path


def _take(office: Office, path: Path, inbox: Path, now: datetime) -> Handled:
    *plan_id, unit = path.relative_to(inbox).parts[:-1]
    try:
        before = _stamp(path)
        data = _read(path) if before.size <= LARGEST else b""
    except OSError as error:
        problem = Problem("file_unreadable", params={"file": path.name, "reason": error.strerror})
        return Handled(path, None, office.words.sentence(problem))
    if before.size > LARGEST:
        sizes = {"size_mb": before.size // MEGABYTE, "limit_mb": LARGEST // MEGABYTE}
        sentence = office.words.sentence(Problem("file_too_large", params=sizes))
        _put(path, _target(path, path.parent / RETURNED, now), f"{sentence}\n")
        return Handled(path, None, sentence)
    try:
        receipt = receive(
            office,
            data,
            file_name=path.name,
            unit_code=unit,
            plan_id=plan_id[0] if plan_id else None,
            now=now,
            route="folder",
        )
    except PlanUnread as error:
        return Handled(path, None, office.words.explain(error))  # it stays, and is received once the plan is mended
    except DinhKyError as error:
        sentence = office.words.explain(error)
        _put(path, _target(path, path.parent / RETURNED, now), f"{sentence}\n")
        return Handled(path, None, sentence)
    if not _is_still(path, before):
        return Handled(path, receipt)  # saved again or taken back meanwhile: the next scan reads what is there now
    ending = office.words.file_name("marked_up", stem="") if receipt.answer else ""
    target = _target(path, path.parent / (DONE if receipt.is_taken else RETURNED), now, ending)
    marked = target.with_name(f"{target.stem}{ending}")
    if receipt.answer:
        marked.write_bytes(office.files.get(receipt.answer.sha256))
    _put(path, target, in_words(office, receipt, marked.name if receipt.answer else ""))
    return Handled(path, receipt)


def _read(path: Path) -> bytes:
    """The file's bytes. Raises OSError, also for a link that has taken its place meanwhile: it may lead anywhere."""
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        return file.read(LARGEST + 1)


class _Stamp(NamedTuple):
    """What changes when a file is saved again."""

    number: int
    changed_ns: int
    size: int


def _stamp(path: Path) -> _Stamp:
    status = path.stat(follow_symlinks=False)
    return _Stamp(status.st_ino, status.st_mtime_ns, status.st_size)


def _is_still(path: Path, before: _Stamp) -> bool:
    try:
        return _stamp(path) == before
    except FileNotFoundError:
        return False


def _target(path: Path, folder: Path, now: datetime, ending: str = "") -> Path:
    """Where the file goes: under its own name behind the time, with room for the answer's endings."""
    folder.mkdir(exist_ok=True)
    suffix = path.suffix if len(os.fsencode(path.suffix)) <= LONGEST_SUFFIX else ""
    begin, number = f"{local(now):%Y%m%d-%H%M%S}_", 1
    room = LONGEST_NAME - len(os.fsencode(f"{begin}_999{suffix}{ending}.txt"))
    stem = begin + os.fsencode(path.name.removesuffix(suffix))[:room].decode("utf-8", "ignore")
    target = folder / f"{stem}{suffix}"
    while target.exists():
        number += 1
        target = folder / f"{stem}_{number}{suffix}"
    return target


def _put(path: Path, target: Path, answer: str) -> None:
    """The answer first, then the file: after a crash in between the file is answered once more, in the same words."""
    target.with_name(f"{target.name}.txt").write_text(answer, "utf-8")
    os.replace(path, target)
