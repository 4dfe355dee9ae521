# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The relay: what runs on the target, on Python 3.9 and its standard library, sent as source (`program.py`).

It looks for sockets, holds the exchanges that it is given, of all places at once, and prints what came of them. It knows
nothing of HAProxy but that a reply of one begins with an empty line.
"""

# Python 3.9, and pathlib takes longer to load than all of it takes.
# ruff: noqa: B905, PTH110, PTH111, PTH112, PTH116, PTH117, PTH118, PTH207, PTH208, UP041

from __future__ import annotations

import _thread
import binascii
import os
import socket
import stat
import time
import zlib
from typing import Any


def look(entries: Any) -> Any:
    """The entries that count, and (entry, whether it names one socket, text, path) of what they mean; no path: a host."""
    said = entries or [one.strip() for one in os.environ.get("HAPROXY_SOCKET", "").split(",") if one.strip()]
    rows = []
    for entry in said:
        path = "" if "\0" in entry else os.path.expanduser(entry.removeprefix("unix@"))
        places = None
        if not os.path.isabs(path):
            path = ""
        elif os.path.isdir(path):
            places = [os.path.join(path, name) for name in os.listdir(path) if name[:1] != "."]
        elif not os.path.lexists(path) and any(sign in path for sign in "*?["):
            import glob  # seldom, and slow to load

            places = glob.glob(path)
        if places is None:
            rows.append((entry, True, entry, path))
        else:
            rows += [(entry, False, place, place) for place in sorted(places) if is_socket(place)]
    return said, rows


def is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False


def connected(place: Any, end: float) -> Any:
    """A connection to a path, or to host and port."""
    if not isinstance(place, str):
        return socket.create_connection(place, max(0.001, end - time.monotonic()))
    link = socket.socket(socket.AF_UNIX)
    link.settimeout(max(0.001, end - time.monotonic()))
    try:
        link.connect(place)
    except BaseException:
        link.close()
        raise
    return link


def exchange(place: Any, request: bytes, seconds: float, grace: float, delay: float, whole: int) -> Any:
    """(kind, number, data): `ok`; `refused` or `broken` with the system's number; `busy` or `silent`: out of time.

    The rules are those of the core's transport.
    """
    time.sleep(delay)
    begin = time.monotonic()
    end = begin + seconds
    while True:
        try:
            link = connected(place, end)
            break
        except OSError as error:
            now = time.monotonic()
            if now >= end:
                return "busy", 0, b""
            # 11: its backlog is full; 2, 111: a reload
            if error.errno != 11 and not (error.errno in (2, 111) and now < begin + grace):
                return "refused", error.errno or 0, str(error).encode()
            time.sleep(0.01)
    parts: Any = []
    with link:
        try:
            try:
                link.settimeout(max(0.001, end - time.monotonic()))
                link.sendall(request)
                link.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it may have said why before it hung up: read that
            while True:
                link.settimeout(max(0.001, end - time.monotonic()))
                parts.append(link.recv(262144))
                if not parts[-1] or (whole and is_whole(b"".join(parts[:2]), whole)):
                    return "ok", 0, b"".join(parts)
        except socket.timeout:
            return "silent", 0, b"".join(parts)
        except OSError as error:
            return ("ok", 0, b"".join(parts)) if parts else ("broken", error.errno or 0, b"")


def is_whole(data: bytes, kind: int) -> bool:
    """1: it is no stats socket, and goes on talking; 2: a master that knows no such worker, and may not hang up."""
    if kind == 1:
        return data[:1] != b"\n" and data[:15] != b"Unknown command" and (b"\n" in data or len(data) >= 4096)
    return (
        data.lstrip(b"\n").startswith((b"Can't find the target ", b"Can't connect to the target "))
        and data[-1:] == b"\n"
    )


def filled(step: Any, reply: bytes) -> Any:
    """The requests of a step: one, or one for each first word of the lines that name these servers (and backends)."""
    request, names = step[0], step[5]
    if names is None:
        return [request]
    rows = [line.split() for line in reply.split(b"\n")]
    servers, backends = names
    return [
        request.replace(b"#ID", b"#" + number)
        for number in sorted(
            {r[0] for r in rows if len(r) > 3 and r[3] in servers and (not backends or r[1] in backends)}
        )
    ]


def talk(place: Any, steps: Any, told: Any) -> None:
    """Each step in its turn, those that are only foreseen as long as a HAProxy answers."""
    reply = b"\n"
    for step in steps:
        if reply[:1] != b"\n":
            return
        for request in filled(step, reply):
            kind, number, reply = exchange(place, request, *step[1:5])
            told.append((request, kind, number, reply))


def side_by_side(talks: Any) -> Any:
    """What came of them all."""
    told: Any = [[] for _talk in talks]
    locks = []
    for (place, steps), its in list(zip(talks, told))[1:]:
        lock = _thread.allocate_lock()
        lock.acquire()
        locks.append(lock)

        def work(place: Any = place, steps: Any = steps, its: Any = its, lock: Any = lock) -> None:
            try:
                talk(place, steps, its)
            finally:
                lock.release()

        _thread.start_new_thread(work, ())
    for (place, steps), its in list(zip(talks, told))[:1]:
        talk(place, steps, its)
    for lock in locks:
        lock.acquire()
    return told


def main(entries: Any, usual: Any, talks: Any, steps: Any) -> None:
    """Print it: a head that is a Python literal, a line's end, all replies; compressed.

    :param entries: where to look, None: nowhere; `usual`: where, if nothing is said.
    :param talks: (place, steps) each; `steps`: for each place that is found.
    """
    said, rows = ([], []) if entries is None else look(entries)
    if entries is not None and not said:
        rows = [("", False, place, place) for place in usual if os.path.exists(place)]
    found = list(dict.fromkeys(row[3] for row in rows if row[3]))
    talks = [*talks, *((path, steps) for path in found)]
    told = side_by_side(talks)
    paths = {place: (os.path.realpath(place), is_socket(place)) for place, _steps in talks if isinstance(place, str)}
    heads = [
        (place, [(request, kind, number, len(data)) for request, kind, number, data in its])
        for (place, _steps), its in zip(talks, told)
    ]
    body = b"".join(data for its in told for _request, _kind, _number, data in its)
    text = repr((said, rows, paths, heads)).encode() + b"\n" + body
    print("\nrelay:" + binascii.b2a_base64(zlib.compress(text, 1), newline=False).decode())
