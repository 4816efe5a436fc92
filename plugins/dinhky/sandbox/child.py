"""The child's side: takes bytes on its input, gives bytes on its output, one job after another, until the input ends.

A job is 8 bytes of length and the payload; an answer is a status, whether it is this child's last, 8 bytes of length
and the bytes. Nothing in either is ever executed or unpickled.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Callable
from importlib import import_module

READY = b"R"
DONE, FAILED, OUT_OF_MEMORY = b"D", b"F", b"M"
LENGTH = 8
HEADER = 1 + 1 + LENGTH
"""Bytes before an answer: status, `1` if the child ends after it, length."""
WORN_OUT = 0.5
"""A child that still holds this share of its memory after an answer ends, so that the next file finds all of it."""


def main(function: str, memory_mb: int, cpu_seconds: float, open_files: int) -> None:
    """Serve `package.module:function`, which takes bytes and returns bytes, until standard input ends.

    `open_files` counts the three standard ones: with 3, the function can open neither a file nor a socket.
    """
    module, _, name = function.partition(":")
    work: Callable[[bytes], bytes] = getattr(import_module(module), name)
    sys.stdout = sys.stderr  # a stray print must not be taken for an answer
    own_size = os.open("/proc/self/statm", os.O_RDONLY)  # before files are limited
    _limit(memory_mb * 2**20, open_files)
    os.write(1, READY)
    while (payload := _job()) is not None:
        signal.setitimer(signal.ITIMER_PROF, cpu_seconds)
        status, answer = _answer(work, payload)
        signal.setitimer(signal.ITIMER_PROF, 0)
        del payload
        held = int(os.pread(own_size, 100, 0).split()[0]) * resource.getpagesize()
        is_last = status == OUT_OF_MEMORY or held > WORN_OUT * memory_mb * 2**20
        _write(status + (b"1" if is_last else b"0") + len(answer).to_bytes(LENGTH, "little") + answer)
        if is_last:
            return


def _limit(memory: int, open_files: int) -> None:
    """No core file of what a unit sent, no more memory or files than told; the end of the time kills."""
    for kind, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, memory),
        (resource.RLIMIT_NOFILE, open_files),
    ):
        resource.setrlimit(kind, (most, most))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)  # the default ends the process, in the middle of native code too


def _answer(work: Callable[[bytes], bytes], payload: bytes) -> tuple[bytes, bytes]:
    """The function's bytes, or the name of the error's class: its text may hold what the file says."""
    try:
        return DONE, work(payload)
    except MemoryError:
        return OUT_OF_MEMORY, b""
    except BaseException as error:  # a Rust panic is no Exception
        return FAILED, type(error).__name__.encode("utf-8", "replace")


def _job() -> bytes | None:
    """The next payload; None when nobody will send one."""
    header = _read(LENGTH)
    if len(header) < LENGTH:
        return None
    wanted = int.from_bytes(header, "little")
    payload = _read(wanted)
    return payload if len(payload) == wanted else None


def _read(wanted: int) -> bytes:
    pieces = []
    while wanted and (piece := os.read(0, min(wanted, 2**20))):
        pieces.append(piece)
        wanted -= len(piece)
    return b"".join(pieces)


def _write(data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(1, rest) :]


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]))
