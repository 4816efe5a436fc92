"""Starting, watching and stopping Airflow's four processes so that nothing is ever left running.

`airflow standalone` is not used: it opens its log servers to the network and orphans its children when ended.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO

from dinhky.domain.errors import DinhKyError
from dinhky.service.sqlite_patience import PROCESS

PROCESSES = {
    "api-server": [],
    "scheduler": ["--skip-serve-logs"],
    "dag-processor": [],
    "triggerer": ["--skip-serve-logs"],
}
READY_SECONDS = 120
STOP_ORDER = (("scheduler",), ("api-server", "dag-processor", "triggerer"))
"""The scheduler first: tasks that are running still need the API server to end well."""
STOP_SECONDS = 6
"""How long each of the two is given; a task that takes longer is ended and will be run again at the next start."""
KEEP_ENVIRONMENT_READABLE = {"SPT_NOENV": "1"}
"""Airflow renames its processes; otherwise the new name would be written over the environment, our mark included."""
MOST_RESTARTS = 3
RESTARTS_COUNTED_FOR = 600.0
"""A process that ends more often than that within so many seconds is not started again: something else is wrong."""
MARK = "DINHKY_SERVICE"
"""An environment variable that every process of a service carries, also those Airflow puts in sessions of their own."""
PR_SET_PDEATHSIG = 1


class ServiceError(DinhKyError):
    """The service cannot start or has lost a process; the code names the sentence for the operator."""


class AirflowProcesses:
    """Airflow's four processes for one service folder. Use as a context manager: leaving it stops them all.

    `on_restart` is told the name of a process that ended and was started again. Raises ServiceError if another service
    runs in the same folder, or if a process ends again and again.
    """

    def __init__(self, home: Path, on_restart: Callable[[str], None]) -> None:
        self._home = home
        self._on_restart = on_restart
        self._environment: dict[str, str] = {}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._restarts: list[float] = []
        self._lock: IO[str] | None = None

    def __enter__(self) -> AirflowProcesses:
        self._take_lock()
        self._end_leftovers()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def run(self, environment: dict[str, str], *arguments: str) -> None:
        """Run one Airflow command to its end, its output in the log folder. Raises ServiceError if it fails."""
        with self._log(arguments[0]) as log:
            done = subprocess.run(
                [sys.executable, "-m", "airflow", *arguments],
                env={**os.environ, **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                check=False,
            )
        if done.returncode:
            raise ServiceError("command_failed", command=" ".join(arguments), log=str(self._log_path(arguments[0])))

    def start(self, environment: dict[str, str], port: int) -> None:
        """Start the four processes, each in a process group of its own, and wait until all report healthy.

        Raises ServiceError if one dies or they take too long.
        """
        self._environment = {**os.environ, **environment, MARK: str(self._home), **KEEP_ENVIRONMENT_READABLE}
        for name in PROCESSES:
            self._start(name)
        deadline = time.monotonic() + READY_SECONDS
        while not _is_healthy(port):
            for name in self._ended():
                raise ServiceError("process_died", name=name, log=str(self._log_path(name)))
            if time.monotonic() > deadline:
                raise ServiceError("not_ready", seconds=READY_SECONDS, log=str(self._log_path("scheduler").parent))
            time.sleep(0.2)

    def check(self) -> None:
        """Start again what has ended: now and then SQLite is locked for longer than one of them bears.

        Raises ServiceError if that happens again and again.
        """
        for name in self._ended():
            now = time.monotonic()
            self._restarts = [at for at in self._restarts if now - at < RESTARTS_COUNTED_FOR]
            if len(self._restarts) >= MOST_RESTARTS:
                raise ServiceError("process_died", name=name, log=str(self._log_path(name)))
            self._restarts.append(now)
            self._start(name)
            self._on_restart(name)

    def stop(self) -> None:
        """End every process with all its children: politely, then by force. Nothing is left running."""
        for names in STOP_ORDER:
            ending = [self._running[name] for name in names if name in self._running]
            for process in ending:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)
            deadline = time.monotonic() + STOP_SECONDS
            while any(process.poll() is None for process in ending) and time.monotonic() < deadline:
                time.sleep(0.1)
        self._end_leftovers()
        for process in self._running.values():
            process.wait()
        self._running.clear()
        if self._lock:
            self._lock.close()
            self._lock = None

    def _start(self, name: str) -> None:
        with self._log(name) as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", "airflow", name, *PROCESSES[name]],
                env=self._environment | {PROCESS: name},
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )

    def _ended(self) -> list[str]:
        return [name for name, process in self._running.items() if process.poll() is not None]

    def _log_path(self, name: str) -> Path:
        return self._home / "logs" / f"{name}.log"

    def _log(self, name: str) -> IO[bytes]:
        path = self._log_path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("ab")

    def _take_lock(self) -> None:
        self._home.mkdir(parents=True, exist_ok=True)
        self._lock = (self._home / "service.lock").open("w", encoding="utf-8")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._lock.close()
            raise ServiceError("already_running", home=str(self._home)) from error

    def _end_leftovers(self) -> None:
        """End whatever carries this folder's mark: what an interrupted run left, or what did not heed the signal."""
        mark = f"{MARK}={self._home}".encode()
        while left := [pid for pid in _living() if mark in _environment_of(pid)]:
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)


def free_port(wanted: int, *, exactly: bool) -> int:
    """`wanted` if it is free on 127.0.0.1, else the next free one, or ServiceError if it must be exactly that."""
    for port in range(wanted, wanted + 50):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                if exactly:
                    raise ServiceError("port_busy", port=port) from error
            else:
                return port
    raise ServiceError("port_busy", port=wanted)


def _is_healthy(port: int) -> bool:
    """Whether the API server answers and finds the others healthy."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/monitor/health", timeout=5) as answer:
            health = json.load(answer)
    except (OSError, ValueError):
        return False
    return all(health[part]["status"] == "healthy" for part in ("scheduler", "dag_processor", "triggerer"))


def die_with_parent() -> None:
    """Called in a new process before its program: it is ended when ours ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _living() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _environment_of(pid: int) -> list[bytes]:
    """The environment a process was started with; empty for one that has ended or is not ours to look into."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []
