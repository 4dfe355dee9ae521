# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Free TCP ports on loopback that no other lab process hands out at the same time.

HAProxy binds with SO_REUSEPORT, so two fleets given one port would share it silently, each serving half the traffic.
So ports come from outside the kernel's own range for clients, and each lab process takes them from a block of its own.
"""

from __future__ import annotations

import atexit
import itertools
import os
import random
import socket
import threading

from .errors import LabError

FIRST, LAST, BLOCK = 20_000, 32_000, 200
"""Linux gives clients 32,768 and up; 60 blocks are far more than test processes at one time."""

_held: list[tuple[int, socket.socket, itertools.cycle[int]]] = []
_lock = threading.Lock()


def free_ports(count: int) -> list[int]:
    """`count` different ports on which nothing listens, on 127.0.0.1 nor ::1. Raises LabError where there are none."""
    with _lock:
        ports = _own_block()
        found: list[int] = []
        for _try in range(BLOCK):
            if len(found) < count and _is_free(port := next(ports)):
                found.append(port)
    if len(found) < count:
        raise LabError(f"there are no {count} free ports on loopback")
    return found


def free_port() -> int:
    """One port on which nothing listens."""
    return free_ports(1)[0]


def has_ipv6() -> bool:
    """Whether this machine has ::1."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def _own_block() -> itertools.cycle[int]:
    """The ports of this process's block, in turn; an abstract socket holds the block until the process ends."""
    for owner, _socket, ports in _held:
        if owner == os.getpid():
            return ports
    starts = list(range(FIRST, LAST, BLOCK))
    random.shuffle(starts)
    for start in starts:
        holder = socket.socket(socket.AF_UNIX)
        try:
            holder.bind(f"\0haproxy-lab-ports-{start}")
        except OSError:
            holder.close()
            continue
        ports = itertools.cycle(range(start, start + BLOCK))
        _held[:] = [(os.getpid(), holder, ports)]
        atexit.register(holder.close)
        return ports
    raise LabError("all blocks of ports are taken by other lab processes")


def _is_free(port: int) -> bool:
    families = [(socket.AF_INET, "127.0.0.1")] + ([(socket.AF_INET6, "::1")] if has_ipv6() else [])
    for family, host in families:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True
