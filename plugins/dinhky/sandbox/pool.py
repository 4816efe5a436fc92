"""A few kept children that serve one function, for as many threads as ask."""

from __future__ import annotations

import atexit
import os
import queue
import weakref

from dinhky.sandbox.worker import ChildStopped, ChildVanished, Limits, Stop, Worker

__all__ = ["ChildStopped", "Limits", "Sandbox", "Stop"]

_sandboxes: weakref.WeakSet[Sandbox] = weakref.WeakSet()


class Sandbox:
    """Runs `package.module:function`, which takes bytes and returns bytes, in child processes with limits.

    Children are started when they are first needed, kept, and replaced when they end. Threads share at most `workers`
    of them and wait their turn. A process forked from this one starts its own. A child ends with its parent.

        MARKING = Sandbox(
            "dinhky.workbook.marking:mark",  # imported by the child alone, when it starts
            Limits(memory_mb=300, cpu_seconds=1.5, wall_seconds=8, answer_mb=32, open_files=16),
            workers=1,
        )
        answer = MARKING.run(payload)
    """

    def __init__(self, function: str, limits: Limits, *, workers: int = 2) -> None:
        self.function = function
        self.limits = limits
        self._count = workers
        self._start_empty()
        _sandboxes.add(self)

    def run(self, payload: bytes) -> bytes:
        """The function's answer. Raises ChildStopped if it does not come; RuntimeError if no child can be started."""
        try:
            return self._run(payload)
        except ChildVanished:  # nobody's fault: once more, in a new one
            try:
                return self._run(payload)
            except ChildVanished as vanished:
                raise ChildStopped(Stop.CRASH) from vanished

    @property
    def children(self) -> list[int]:
        """The process ids of the children there are."""
        return [worker.pid for worker in list(self._workers)]

    def close(self) -> None:
        """End the children. A thread that waits for one gets no answer; those that ask later start new ones."""
        for worker in list(self._workers):
            self._end(worker)

    def forget(self) -> None:
        """In a process just forked: the children are its parent's, and end with that."""
        for worker in list(self._workers):
            worker.forget()
        self._start_empty()

    def _start_empty(self) -> None:
        self._workers: set[Worker] = set()
        # The last one used is used first: where one is enough, one is started.
        self._seats: queue.LifoQueue[Worker | None] = queue.LifoQueue()
        for _ in range(self._count):
            self._seats.put(None)

    def _run(self, payload: bytes) -> bytes:
        seats = self._seats
        worker = seats.get()
        is_reusable = False
        try:
            if worker is None or not worker.is_alive():
                if worker:
                    self._end(worker)
                worker = Worker(self.function, self.limits)
                self._workers.add(worker)
            answer, is_reusable = worker.ask(payload)
            return answer
        except ChildStopped as stopped:
            is_reusable = stopped.stop is Stop.FAILED
            raise
        finally:
            if worker and not is_reusable:
                self._end(worker)
                worker = None
            seats.put(worker)

    def _end(self, worker: Worker) -> None:
        worker.end()
        self._workers.discard(worker)


def _close_all() -> None:
    for sandbox in list(_sandboxes):
        sandbox.close()


def _forget_all() -> None:
    for sandbox in list(_sandboxes):
        sandbox.forget()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_forget_all)
