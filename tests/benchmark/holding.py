# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a thread of HAProxy is held: what it computes between two looks at its sockets.

HAProxy polls (epoll_wait), works off what is ready, and polls again; a request that arrives meanwhile waits for the next
poll. So the longest hold is the longest way from the end of one poll to the begin of the next. It is counted in time of
the processor: a clock on the wall, or the latency of a probe, tells on a busy machine what else that machine has to do,
in milliseconds, where commands take microseconds. The kernel stops HAProxy at each system call (ptrace) and the clock
of the process is read there; that costs HAProxy about a microsecond a call.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

# <sys/ptrace.h>
_SYSCALL, _DETACH, _SEIZE, _INTERRUPT, _GET_SYSCALL_INFO = 24, 17, 0x4206, 0x4207, 0x420E
_TRACESYSGOOD = 1
_AT_SYSCALL = signal.SIGTRAP | 0x80
_ENTRY, _EXIT = 1, 2
# op, architecture, two pointers, number of the call
_INFO = struct.Struct("=B3xIQQQ")
# epoll_wait, epoll_pwait, epoll_pwait2, by architecture (AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64)
_POLLS = {0xC000003E: (232, 281, 441), 0xC00000B7: (22, 441)}
_ALL_KINDS = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.restype = ctypes.c_long
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def processor_seconds(pid: int) -> float:
    """What a process has computed until now, in seconds of the processor; not only in ticks of the kernel."""
    return time.clock_gettime(~pid << 3 | 2)  # what clock_getcpuclockid(3) gives for a process


def longest_hold(pid: int, address: str, work: Callable[[], object]) -> float:
    """Seconds of the processor for which the only thread of a process was held at most while `work` ran in a thread.

    :param address: of its stats socket: a connection there ends its last poll.
    """
    worker = _Worker(work, address)
    holds = _Holds(pid)
    _ptrace(_SEIZE, pid, _TRACESYSGOOD)
    try:
        _ptrace(_INTERRUPT, pid)
        worker.start()
        while True:
            status = os.waitpid(pid, _ALL_KINDS)[1]
            if not os.WIFSTOPPED(status):
                raise RuntimeError(f"HAProxy {pid} ended")
            stop = os.WSTOPSIG(status)
            if stop == _AT_SYSCALL:
                holds.called(*_call_of(pid))
                if holds.polls and worker.done.is_set():
                    break
            # Above 16 bits the kernel says that it is no signal, but a stop of its own.
            _ptrace(_SYSCALL, pid, 0 if stop == _AT_SYSCALL or status >> 16 else stop)
    finally:
        with suppress(OSError):  # it is gone, and that is the error
            _ptrace(_DETACH, pid)
        worker.join()
    if worker.error is not None:
        raise worker.error
    return holds.longest


class _Holds:
    """What system calls tell of a process."""

    def __init__(self, pid: int) -> None:
        self.longest = 0.0
        self.polls = False
        """Whether it is in a poll."""
        self._pid = pid
        self._since = processor_seconds(pid)  # it was in a poll until now, or is as soon as it is let go

    def called(self, kind: int, is_poll: bool) -> None:
        now = processor_seconds(self._pid)
        if kind == _ENTRY:
            self.polls = is_poll
            if is_poll:
                self.longest = max(self.longest, now - self._since)
        elif kind == _EXIT and self.polls:
            self.polls, self._since = False, now


class _Worker(threading.Thread):
    """Does the work, then lets HAProxy poll once more."""

    def __init__(self, work: Callable[[], object], address: str) -> None:
        super().__init__(daemon=True)
        self.done = threading.Event()
        self.error: Exception | None = None
        self._work = work
        self._address = address

    def run(self) -> None:
        try:
            self._work()
        except Exception as error:  # noqa: BLE001 it is raised again where the work was given
            self.error = error
        self.done.set()
        with socket.socket(socket.AF_UNIX) as last:
            last.connect(self._address)


def _call_of(pid: int) -> tuple[int, bool]:
    """At which end of a system call it stands, and whether that begins a poll."""
    buffer = ctypes.create_string_buffer(88)
    _ptrace(_GET_SYSCALL_INFO, pid, len(buffer), buffer)
    kind, architecture, _place, _stack, number = _INFO.unpack_from(buffer)
    if architecture not in _POLLS:
        raise RuntimeError(f"an unknown kind of processor: {architecture:#x}")
    return kind, kind == _ENTRY and number in _POLLS[architecture]


def _ptrace(request: int, pid: int, data: int = 0, into: Any = None) -> None:
    """The fourth argument is data, but for the request that fills a buffer of so many bytes."""
    address, value = (data, ctypes.addressof(into)) if into is not None else (0, data)
    if _libc.ptrace(request, pid, address, value) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"ptrace {request:#x} of {pid}: {os.strerror(number)}")
