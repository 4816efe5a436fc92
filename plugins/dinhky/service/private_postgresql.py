"""A PostgreSQL of one's own, for as long as something is tried out: on a socket, in a folder that goes with it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dinhky.service.processes import ServiceError, die_with_parent

INSTALLED = Path("/usr/lib/postgresql")
"""Where Debian puts the programs, a folder for each version."""
READY_SECONDS, STOP_SECONDS = 30, 20
AS_ROOT = "postgres"
"""The user as whom it runs if we are root, which it refuses to be."""
NOTHING_TO_LOSE = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")


def is_installed() -> bool:
    """Whether this machine has a PostgreSQL that could be started."""
    return bool(_programs())


@contextmanager
def private_postgresql() -> Iterator[str]:
    """The URL of an empty database, on a server that ends with the block, or with this process.

    Raises ServiceError if none is installed or it does not start.
    """
    if not is_installed():
        raise ServiceError("postgresql_missing", folder=str(INSTALLED))
    folder = Path(tempfile.mkdtemp(prefix="dinhky-pg-"))  # short: a socket's path has at most 107 bytes
    user = AS_ROOT if os.geteuid() == 0 else None
    try:
        if user:
            shutil.chown(folder, user)
        yield from _serve(folder, user)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _serve(folder: Path, user: str | None) -> Iterator[str]:
    programs, data, log = _programs()[-1], folder / "data", folder / "log"
    initialise = ["--auth=trust", "--username=dinhky", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    subprocess.run(
        [programs / "initdb", "--pgdata", data, *initialise], check=True, capture_output=True, cwd=folder, user=user
    )
    settings = ("listen_addresses=", f"unix_socket_directories={folder}", "max_connections=300", *NOTHING_TO_LOSE)
    with log.open("wb") as output:
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, *(part for one in settings for part in ("-c", one))],
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=folder,
            user=user,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
    try:
        deadline = time.monotonic() + READY_SECONDS
        while subprocess.run([programs / "pg_isready", "-q", "-h", folder], check=False).returncode:
            if server.poll() is not None or time.monotonic() > deadline:
                raise ServiceError("postgresql_not_ready", reason=log.read_text("utf-8", "replace").strip()[-300:])
            time.sleep(0.05)
        yield f"postgresql+psycopg2://dinhky@/postgres?host={folder}"
    finally:
        server.send_signal(signal.SIGINT)  # its fast way to stop: it waits for nobody
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _programs() -> list[Path]:
    return sorted(INSTALLED.glob("*/bin"), key=lambda path: int(path.parent.name))
