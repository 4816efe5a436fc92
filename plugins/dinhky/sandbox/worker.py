"""One child process, seen from its parent."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from dinhky.sandbox import child

_STARTS_WITHIN = 60.0
"""Seconds of real time. A child of a busy machine may take long to import what it needs; that is no file's fault."""
_PIECE = 2**20


class Stop(StrEnum):
    """Why there is no answer."""

    TIME = "time"
    MEMORY = "memory"
    CRASH = "crash"
    """The process ended by itself, as native code does on an error that it cannot handle."""
    FAILED = "failed"
    """The function raised; the child lives on."""


class ChildStopped(Exception):
    """The child gave no answer. `detail` is the class of the error if its function raised one.

    Not one of our own tree of errors: whoever uses the sandbox knows what the file was and words it.
    """

    def __init__(self, stop: Stop, detail: str = "") -> None:
        super().__init__(stop.value, detail)
        self.stop = stop
        self.detail = detail


class ChildVanished(Exception):
    """The child was ended from outside, or before it looked at the file: nothing is known about the file."""


@dataclass(frozen=True)
class Limits:
    """What one file may cost. `memory_mb` is the child's whole address space, `cpu_seconds` what it may compute.

    `wall_seconds` is real time from the first byte sent to the last received: far more than the computing, because a
    busy machine must not turn an honest file away; it ends a child that sleeps.
    """

    memory_mb: int
    cpu_seconds: float
    wall_seconds: float
    answer_mb: int
    open_files: int


class Worker:
    """A started child that serves one function. Belongs to the process that started it; used by one thread at a time.

    Raises RuntimeError if the child cannot start: a fault of the installation, not of a file.
    """

    def __init__(self, function: str, limits: Limits) -> None:
        self._limits = limits
        told = (function, limits.memory_mb, limits.cpu_seconds, limits.open_files)
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-m", child.__name__, *map(str, told)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            cwd="/",
            env=_environment(),
            start_new_session=True,  # Ctrl-C is for the parent, whose end ends the child
        )
        assert self._process.stdin
        assert self._process.stdout
        assert self._process.stderr
        self._input, self._output = self._process.stdin.fileno(), self._process.stdout.fileno()
        for pipe in (self._input, self._output):
            os.set_blocking(pipe, False)
            _widen(pipe)
        try:
            self._receive(len(child.READY), time.monotonic() + _STARTS_WITHIN)
        except (ChildStopped, ChildVanished) as error:
            said = self._process.stderr.read().decode("utf-8", "replace") if self._process.poll() is not None else ""
            self.end()
            raise RuntimeError(f"the child for {function} does not start: {said[-2000:]}") from error
        os.set_blocking(self._process.stderr.fileno(), False)

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, payload: bytes) -> tuple[bytes, bool]:
        """The function's answer, and whether the child can be asked again.

        Raises ChildStopped or ChildVanished; after those the child can be asked again only if its function `FAILED`.
        """
        deadline = time.monotonic() + self._limits.wall_seconds
        self._send(len(payload).to_bytes(child.LENGTH, "little") + payload, deadline)
        header = self._receive(child.HEADER, deadline)
        status, is_last, length = header[:1], header[1:2] == b"1", int.from_bytes(header[2:], "little")
        if status == child.OUT_OF_MEMORY or length > self._limits.answer_mb * 2**20:
            raise ChildStopped(Stop.MEMORY)
        answer = self._receive(length, deadline)
        if status == child.FAILED:
            raise ChildStopped(Stop.FAILED, answer.decode("utf-8", "replace"))
        return answer, not is_last

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def end(self) -> None:
        """Kill the child, if it is still there, and leave nothing of it behind."""
        self._process.kill()
        self._process.wait()
        self.forget()

    def forget(self) -> None:
        """Close this process's ends of the pipes without touching the child: it may be another process's by now."""
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe:
                pipe.close()
        if self._process.returncode is None:
            self._process.returncode = 0  # it is not ours to wait for: spares the warning that it still runs

    def _send(self, data: bytes, deadline: float) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._input, rest[:_PIECE]) :]
            except BlockingIOError:
                self._wait(self._input, select.POLLOUT, deadline)
            except BrokenPipeError:
                raise self._ended() from None

    def _receive(self, wanted: int, deadline: float) -> bytes:
        received = bytearray()
        while len(received) < wanted:
            try:
                piece = os.read(self._output, min(wanted - len(received), _PIECE))
            except BlockingIOError:
                self._wait(self._output, select.POLLIN, deadline)
                continue
            if not piece:
                raise self._ended()
            received += piece
        return bytes(received)

    def _wait(self, pipe: int, what: int, deadline: float) -> None:
        poll = select.poll()
        poll.register(pipe, what)
        if not poll.poll(max(deadline - time.monotonic(), 0) * 1000):
            raise ChildStopped(Stop.TIME)

    def _ended(self) -> ChildStopped | ChildVanished:
        """Why the child closed its pipes."""
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return ChildStopped(Stop.CRASH)
        if code == -signal.SIGPROF:
            return ChildStopped(Stop.TIME)
        if code == -signal.SIGABRT:  # how Rust ends when it is refused memory
            return ChildStopped(Stop.MEMORY)
        if code >= 0 or code in {-signal.SIGKILL, -signal.SIGTERM, -signal.SIGHUP, -signal.SIGINT}:
            return ChildVanished(f"exit code {code}")
        return ChildStopped(Stop.CRASH)


def _widen(pipe: int) -> None:
    """Let a usual workbook go through in one go. Where the system grants no more, it goes in pieces."""
    with suppress(OSError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIECE)


def _environment() -> dict[str, str]:
    """Where the interpreter finds its modules and libraries, and none of our secrets."""
    libraries = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONUTF8": "1", **libraries}
