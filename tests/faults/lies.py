# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replies that are wrong and look right: made of true ones. Pure, but for what they remember."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from itertools import count

from lab.commands import is_write, split_commands
from lab.recorder import Swallow, Tamper

FACTS = b"show cli sockets"
"""In the first request of each task, which asks a process what it is."""


def writes_of(request: bytes) -> list[str]:
    """The commands of a request that write."""
    return [command for command in split_commands(request) if is_write(command)]


def is_reading(request: bytes) -> bool:
    """Whether a request reads, and something else than who is there."""
    return FACTS not in request and not writes_of(request)


def swallowed(request: bytes) -> bytes | None:
    """Say to writes that all is well, and pass none of them on."""
    found = writes_of(request)
    return b"\n" * (1 + len(found)) if found else None


def refused_aloud(request: bytes) -> bytes | None:
    """Refuse writes, and repeat what was said, secrets included."""
    found = writes_of(request)
    return f"\n[3]: I will not {found[0]}, not today.\n\n".encode() if found else None


def old_state() -> Tamper:
    """After the first write, the replies from before it."""
    before: dict[bytes, bytes] = {}
    written: list[bytes] = []

    def lie(request: bytes, reply: bytes) -> bytes:
        if writes_of(request):
            written.append(request)
            return reply
        if FACTS in request:
            written.clear()
            before.clear()
            return reply
        return before.get(request, reply) if written else before.setdefault(request, reply)

    return lie


def renamed(request: bytes, reply: bytes) -> bytes:
    """Tables of other objects than those that the task is about."""
    if not is_reading(request):
        return reply
    return re.sub(rb"\b(lab|cookies|edge)\b", rb"foreign", reply).replace(b"/target.", b"/foreign.")


def another_pid(request: bytes, reply: bytes) -> bytes:
    """The pid of a process that nobody has asked before, in each reply but that to the facts."""
    return re.sub(rb"(?m)^Pid: .*$", b"Pid: %d" % next(_pids), reply) if is_reading(request) else reply


_pids = count(70000)


def versions_4(request: bytes, reply: bytes) -> bytes:
    """Another version number."""
    del request
    return re.sub(rb"(?m)^Version: .*$", b"Version: 4.0.0-1", reply)


def more_columns(request: bytes, reply: bytes) -> bytes:
    """Version 4.0, with a column more in each table and a line more in ``show info``."""
    return _columns(versions_4(request, reply), lambda cells, title: [*cells, b"new_in_4" if title else b"1"]).replace(
        b"\nUptime: ", b"\nNew_in_4: 1\nUptime: "
    )


def another_format(request: bytes, reply: bytes) -> bytes:
    """Version 4.0, with tables of a format of its own."""
    reply = versions_4(request, reply).replace(b"\n1\n# be_id", b"\n2\n# be_id").replace(b"# pxname,", b"# proxy,")
    return reply if FACTS in request else re.sub(rb"(?m)^(0x[0-9a-f]+) ", rb'{"ref": "\1"} ', reply)


def other_order(request: bytes, reply: bytes) -> bytes:
    """Tables whose columns stand in another order, titles and cells alike."""
    del request
    return _columns(reply, lambda cells, _title: [*cells[:2], *reversed(cells[2:])])


def lacking_column(request: bytes, reply: bytes) -> bytes:
    """Tables without the column of the state or the type, titles and cells alike."""
    if not is_reading(request):
        return reply
    found = {b",": b"type", b" ": b"srv_admin_state"}
    return _columns(reply, None, found)


def lacking_title(title: bytes) -> Tamper:
    """Tables with a title less than their rows have cells, so that each cell seems to be its neighbour's."""

    def lie(request: bytes, reply: bytes) -> bytes:
        return reply.replace(title, title[-1:], 1) if is_reading(request) else reply

    return lie


def _columns(
    reply: bytes,
    changed: Callable[[list[bytes], bool], list[bytes]] | None,
    dropped: dict[bytes, bytes] | None = None,
) -> bytes:
    """Each table of a reply with other columns: of statistics (commas) and of servers' states (blanks)."""
    lines = reply.split(b"\n")
    separator = b""
    place = -1
    for number, line in enumerate(lines):
        title = line.startswith((b"# pxname,", b"# be_id "))
        if title:
            separator = b"," if line.startswith(b"# pxname") else b" "
            cells = line[2:].split(separator)
            place = cells.index(dropped[separator]) if dropped else -1
        elif not separator or not line:
            separator = b""
            continue
        cells = (line[2:] if title else line).split(separator)
        if changed is not None:
            cells = changed(cells, title)
        if place >= 0:
            del cells[place]
        lines[number] = (b"# " if title else b"") + separator.join(cells)
    return b"\n".join(lines)


def garbage(request: bytes, reply: bytes) -> bytes:
    """As many bytes of nothing."""
    return random.Random("noise").randbytes(len(reply)) if is_reading(request) else reply


def before_proof(change: Callable[[bytes], bytes]) -> Tamper:
    """Change what was asked for, and leave what follows as it is: the word of who answered."""

    def lie(request: bytes, reply: bytes) -> bytes:
        if not is_reading(request):
            return reply
        asked, name, proof = reply[1:].rpartition(b"\nName: ")
        return reply[:1] + change(asked or proof) + name + (proof if asked else b"")

    return lie


def noise(asked: bytes) -> bytes:
    """As many random bytes, the line end kept."""
    return random.Random(len(asked)).randbytes(len(asked)) + b"\n"


def zeros(asked: bytes) -> bytes:
    """Each digit is a NUL."""
    return re.sub(rb"[0-9]", b"\0", asked)


def long_line(asked: bytes) -> bytes:
    """A line of a megabyte in the middle."""
    middle = asked.find(b"\n", len(asked) // 2) + 1
    return asked[:middle] + b"x" * 1_000_000 + b"\n" + asked[middle:]


def cut(whole: Callable[[bytes], bool], places: float) -> Tamper:
    """Replies to requests of this kind end after this share of their bytes."""

    def lie(request: bytes, reply: bytes) -> bytes:
        return reply[: int(len(reply) * places)] if whole(request) else reply

    return lie


def once(swallow: Swallow) -> Swallow:
    """Only the first time that it answers."""
    answered: list[bytes] = []

    def lie(request: bytes) -> bytes | None:
        reply = None if answered else swallow(request)
        if reply is not None:
            answered.append(reply)
        return reply

    return lie
