"""Whatever a file makes the child do, the parent gets an answer or a reason, in time, and the next file is served."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dinhky.sandbox.pool import ChildStopped, Limits, Sandbox, Stop

LIMITS = Limits(memory_mb=256, cpu_seconds=0.3, wall_seconds=1.5, answer_mb=2, open_files=3)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))


@pytest.fixture
def sandbox(here: None) -> Iterator[Sandbox]:
    sandbox = Sandbox("misbehaving:misbehave", LIMITS)
    yield sandbox
    sandbox.close()


def is_there(pid: int) -> bool:
    """Whether there is such a process, if only as a zombie."""
    return Path(f"/proc/{pid}").exists()


def is_running(pid: int) -> bool:
    """As `is_there`, without zombies: those of a parent that has ended are the system's to bury."""
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize(
    ("order", "stop"),
    [
        ("compute", Stop.TIME),
        ("sleep", Stop.TIME),
        ("fill", Stop.MEMORY),
        ("abort", Stop.MEMORY),
        ("flood", Stop.MEMORY),
        ("segfault", Stop.CRASH),
        ("leave", Stop.CRASH),
        ("raise", Stop.FAILED),
        ("open /etc/passwd", Stop.FAILED),
        ("connect", Stop.FAILED),
    ],
)
def test_a_child_that_is_stopped_says_why_and_the_next_file_is_served(sandbox, order, stop):
    started = time.monotonic()
    with pytest.raises(ChildStopped) as stopped:
        sandbox.run(order.encode())
    assert stopped.value.stop is stop
    assert time.monotonic() - started < LIMITS.wall_seconds + 2
    assert sandbox.run(b"reverse abc") == b"cba"


def test_no_child_is_started_before_it_is_needed_and_one_is_kept(sandbox):
    assert sandbox.children == []
    answers = {sandbox.run(b"reverse " + bytes([n])) for n in range(50)}
    assert len(answers) == 50
    assert len(sandbox.children) == 1


def test_large_payloads_and_answers_pass_both_ways(sandbox):
    payload = os.urandom(2**21)
    assert sandbox.run(b"reverse " + payload) == payload[::-1]


def test_an_error_is_told_by_its_class_alone_because_its_text_may_be_the_files(sandbox):
    with pytest.raises(ChildStopped) as stopped:
        sandbox.run("raise Số điện thoại".encode())
    assert (stopped.value.detail, str(stopped.value)) == ("ValueError", "('failed', 'ValueError')")


def test_a_large_parent_does_not_make_its_children_large(sandbox):
    ours = bytearray(b"x") * (300 * 2**20)
    sandbox.run(b"reverse abc")
    assert len(sandbox.children) == 1
    assert len(ours) > LIMITS.memory_mb * 2**20


def test_a_child_that_has_swollen_is_replaced_after_its_answer(sandbox):
    sandbox.run(b"reverse abc")
    [first] = sandbox.children
    assert sandbox.run(b"swell") == b"swollen"
    assert sandbox.children == []
    assert not is_there(first)


def test_a_child_ended_from_outside_costs_no_file(sandbox):
    sandbox.run(b"reverse abc")
    [first] = sandbox.children
    os.kill(first, signal.SIGKILL)
    assert sandbox.run(b"reverse abc") == b"cba"
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(sandbox.run, b"sleep")
        time.sleep(0.2)
        [second] = sandbox.children
        os.kill(second, signal.SIGTERM)
        with pytest.raises(ChildStopped) as stopped:
            answer.result()
    assert stopped.value.stop is Stop.TIME, "it was asked again, and slept again"
    assert not is_there(first)
    assert not is_there(second)


def test_a_file_that_ends_every_child_is_not_tried_for_ever(sandbox):
    with pytest.raises(ChildStopped) as stopped:
        sandbox.run(b"terminate")
    assert stopped.value.stop is Stop.CRASH


def test_fifty_threads_share_two_children_and_each_gets_its_own_answer(sandbox):
    payloads = [b"reverse " + str(n).encode() * 1000 for n in range(400)]
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(sandbox.run, payloads))
    assert answers == [payload.removeprefix(b"reverse ")[::-1] for payload in payloads]
    assert len(sandbox.children) <= 2


def test_threads_are_served_while_others_send_what_ends_the_child(sandbox):
    def send(n: int) -> bytes | Stop:
        try:
            return sandbox.run(b"abort" if n % 4 == 0 else b"reverse abc")
        except ChildStopped as stopped:
            return stopped.stop

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(24)))
    assert answers == [Stop.MEMORY if n % 4 == 0 else b"cba" for n in range(24)]


def test_a_stray_print_is_no_answer(sandbox):
    assert sandbox.run(b"print") == b"answer"


def test_a_child_is_told_none_of_our_secrets(sandbox, monkeypatch):
    monkeypatch.setenv("DINHKY_SECRET", "x")
    assert b"DINHKY" not in sandbox.run(b"environment")


def test_a_function_that_does_not_exist_is_our_fault_and_not_the_files():
    with pytest.raises(RuntimeError, match="no_such_module"):
        Sandbox("no_such_module:work", LIMITS).run(b"")


def test_a_forked_process_starts_its_own_child_and_leaves_its_parents_alone(sandbox):
    sandbox.run(b"reverse abc")
    [mine] = sandbox.children
    result, told = os.pipe()
    if (forked := os.fork()) == 0:
        ok = sandbox.children == [] and sandbox.run(b"reverse abc") == b"cba" and mine not in sandbox.children
        sandbox.close()
        os.write(told, b"y" if ok else b"n")
        os._exit(0)
    os.waitpid(forked, 0)
    assert os.read(result, 1) == b"y"
    os.close(result)
    os.close(told)
    assert sandbox.children == [mine]
    assert sandbox.run(b"reverse abc") == b"cba"
    assert sandbox.children == [mine]


def test_a_process_forked_while_a_thread_waits_for_a_child_is_served_too(sandbox):
    def sleep() -> None:
        with pytest.raises(ChildStopped):
            sandbox.run(b"sleep")

    thread = threading.Thread(target=sleep)
    thread.start()
    while not sandbox.children:
        time.sleep(0.01)
    if (forked := os.fork()) == 0:
        os._exit(0 if sandbox.run(b"reverse abc") == b"cba" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(forked, 0)[1]) == 0
    thread.join()


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, None])
def test_children_end_with_their_parent_however_it_ends(here, end):
    program = (
        "import sys; from dinhky.sandbox.pool import Sandbox, Limits; "
        f"s = Sandbox('misbehaving:misbehave', {LIMITS!r}); s.run(b'reverse abc'); "
        "print(s.children[0], flush=True); sys.stdin.read(1)"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as parent:
        child = int(parent.stdout.readline())
        assert is_running(child)
        if end is None:
            parent.stdin.close()
        else:
            parent.send_signal(end)
        parent.wait()
    deadline = time.monotonic() + 10
    while is_running(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_running(child)
