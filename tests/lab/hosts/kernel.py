# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel tells of processes and their namespaces."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


def pids() -> Iterator[int]:
    """All processes of this machine."""
    return (int(entry.name) for entry in os.scandir("/proc") if entry.name.isdecimal())


def children(parent: int) -> list[int]:
    """The pids of the running children of a process."""
    return [pid for pid in pids() if _parent(pid) == parent]


def namespace(pid: int, kind: str) -> str | None:
    """Which namespace a process is in, such as "net:[4026531840]"; None where it has ended or is not ours to look at."""
    with contextlib.suppress(OSError):
        return os.readlink(f"/proc/{pid}/ns/{kind}")  # noqa: PTH115 - the text is no path
    return None


def held(pid: int, kind: str) -> int:
    """A file descriptor, to be closed, that keeps a namespace of a process from ending. Raises OSError.

    As long as it is open the number in the namespace's name is not given to another one.
    """
    return os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)


def members(kind: str, wanted: str | None) -> list[int]:
    """All processes in a namespace, zombies left out; none for None."""
    if wanted is None:
        return []
    return [pid for pid in pids() if namespace(pid, kind) == wanted and born(pid) is not None]


def inner_pid(pid: int) -> int | None:
    """The pid of a process in its own process namespace; None where it has ended."""
    for line in _lines(pid, "status"):
        name, _colon, value = line.partition(":")
        if name == "NSpid":
            return int(value.split()[-1])
    return None


def born(pid: int) -> int | None:
    """When a process started, in clock ticks since the machine did; None for one that has ended.

    With the pid it tells a process from another that got its number later.
    """
    with contextlib.suppress(IndexError):
        state, *rest = _lines(pid, "stat")[0].rpartition(")")[2].split()
        return None if state in "ZX" else int(rest[18])
    return None


def titles(begin: str) -> list[int]:
    """The processes whose command line begins so."""
    return [pid for pid in pids() if _command(pid).startswith(begin.encode())]


def mentioning(word: str) -> list[int]:
    """The processes that have this word in their command line."""
    return [pid for pid in pids() if word.encode() in _command(pid).split(b"\0")]


def _command(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def _parent(pid: int) -> int | None:
    with contextlib.suppress(IndexError):
        state, parent, *_rest = _lines(pid, "stat")[0].rpartition(")")[2].split()
        return None if state in "ZX" else int(parent)
    return None


def _lines(pid: int, file: str) -> list[str]:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/{file}").read_text(encoding="utf-8", errors="replace").splitlines()
    return []
