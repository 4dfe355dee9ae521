# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work in forked processes, some at a time, each with limits: a change may make code run for ever, or eat all memory."""

from __future__ import annotations

import os
import resource
import selectors
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

# Address space that a process may take, in bytes.
_MEMORY = 4 * 2**30
# A process that uses fewer ticks of processor time in so many seconds waits for something.
_BUSY, _IDLE = 3, 20.0


class Task(NamedTuple):
    """
    :param work: what the process does; it returns what it has to say.
    :param seconds: of processor time.
    """

    number: int
    work: Callable[[int], str]
    seconds: float


class Ending(NamedTuple):
    """
    :param said: what the work returned or, if it replaced the process, what that wrote.
    :param code: the exit code; None: it was killed.
    """

    number: int
    said: str
    code: int | None


@dataclass
class _Child:
    """
    :param ticks: of processor time that it had used when it was last looked at.
    :param look: when it is to be looked at again.
    """

    number: int
    pid: int
    reads: int
    look: float
    ticks: int = 0
    said: bytes = b""


def run(tasks: Iterable[Task], workers: int) -> Iterator[Ending]:
    """Do all tasks, in order as far as there are workers."""
    waiting = iter(tasks)
    with selectors.DefaultSelector() as selector:
        while True:
            while len(selector.get_map()) < workers and (task := next(waiting, None)):
                child = _start(task)
                selector.register(child.reads, selectors.EVENT_READ, child)
            children: list[_Child] = [key.data for key in selector.get_map().values()]
            if not children:
                return
            for key, _events in selector.select(max(0.0, min(child.look for child in children) - time.monotonic())):
                data = os.read(key.fd, 65536)
                key.data.said += data
                if not data:
                    yield _ended(selector, key.data)
            for child in [key.data for key in selector.get_map().values()]:  # without those that have just ended
                if time.monotonic() > child.look:
                    _look(child)


def _start(task: Task) -> _Child:
    reads, writes = os.pipe()
    pid = os.fork()
    if not pid:
        code = 99
        try:
            os.close(reads)
            os.setsid()
            null = os.open(os.devnull, os.O_RDWR)
            for standard in (0, 1, 2):
                os.dup2(null, standard)
            limit = int(task.seconds) + 1
            resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
            resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            os.write(writes, task.work(writes).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writes)
    return _Child(task.number, pid, reads, time.monotonic() + _IDLE)


def _look(child: _Child) -> None:
    """Kill a child that waits for something that does not come; on a busy machine one that works is slow, not idle."""
    stat = Path(f"/proc/{child.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    used = int(stat[11]) + int(stat[12])
    if used - child.ticks < _BUSY:
        os.kill(child.pid, signal.SIGKILL)
    child.ticks, child.look = used, time.monotonic() + _IDLE


def _ended(selector: selectors.BaseSelector, child: _Child) -> Ending:
    selector.unregister(child.reads)
    os.close(child.reads)
    status = os.waitpid(child.pid, 0)[1]
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)  # what it started
    code = None if os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status)
    return Ending(child.number, child.said.decode(errors="replace"), code)
