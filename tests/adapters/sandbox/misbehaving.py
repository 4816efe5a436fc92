"""What a child may be made to do by a file; the payload says which."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import time
from pathlib import Path

_kept = []


def misbehave(payload: bytes) -> bytes:
    order, _, rest = payload.partition(b" ")
    match order:
        case b"reverse":
            return rest[::-1]
        case b"compute":
            while True:
                pass
        case b"sleep":
            time.sleep(60)
        case b"fill":
            bytearray(2**32)
        case b"swell":
            _kept.append(bytearray(b"x") * (150 * 2**20))
            return b"swollen"
        case b"abort":
            os.abort()
        case b"segfault":
            ctypes.string_at(1)
        case b"leave":
            os._exit(3)
        case b"flood":
            return b"x" * (3 * 2**20)
        case b"raise":
            raise ValueError(rest.decode())
        case b"open":
            Path(os.fsdecode(rest)).open("rb").close()
        case b"connect":
            socket.socket()
        case b"terminate":
            os.kill(os.getpid(), signal.SIGTERM)
        case b"environment":
            return repr(sorted(os.environ)).encode()
        case b"print":
            print("not an answer")  # noqa: T201
            return b"answer"
    return b""
