# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A reply of 100 MB on each way by which replies are read: what it costs in memory and time, and how it ends.

Each task runs in a process of its own, as on a managed host, so that the largest memory is that of this task.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from lab.recorder import Tamper
from lab.versions import newest

from .judged import check_form, kind_of
from .lies import is_reading
from .modules import DEEDS
from .sample import started
from .stage import meddling

SIZE = 100_000_000
"""Bytes of the reply."""
ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0

_PROGRAM = """
import json, re, sys, time
from lab.tasks import run
module, arguments = json.loads(sys.argv[1])
peak = lambda: int(re.search("VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1000
run(module, {**arguments, "socket": ["/nonexistent"]})
idle = peak()
began = time.process_time()
result = run(module, arguments, check=True, diff=False)
seconds = time.process_time() - began
print(json.dumps([{**result, "results": []}, seconds, peak() - idle]))
"""


class Large(NamedTuple):
    """A way to read.

    :param wanted: in the request whose reply is large.
    :param grow: makes it large.
    :param kind: what comes of it.
    :param memory: MB at most, of which the reply itself is 100.
    :param seconds: of processor time at most.
    """

    module: str
    more: dict[str, Any]
    wanted: bytes
    grow: Callable[[bytes], bytes]
    kind: str
    memory: float
    seconds: float


def _rows(pattern: bytes, named: Callable[[int], bytes]) -> Callable[[bytes], bytes]:
    """The row that matches comes again and again, each time with another name, until the reply is large enough."""

    def grow(reply: bytes) -> bytes:
        row = re.search(pattern, reply)
        assert row, f"no row like {pattern!r} in {reply[:500]!r}"
        before, after = row[0][: row.start(1) - row.start()], row[0][row.end(1) - row.start() :]
        count = (SIZE - len(reply)) // (len(row[0]) + 4)
        return reply[: row.end()] + b"".join(before + named(n) + after for n in range(count)) + reply[row.end() :]

    return grow


# Nobody asks for a hundred MB of results, so that all but the last are about one object of the many that are read.
_STATES = _rows(rb"(?m)^\d+ other \d+ (srv\d+) .*\n", b"x%07d".__mod__)
WAYS: dict[str, Large] = {
    "states of servers": Large(
        "haproxy_server", {}, b"show servers state", _STATES, "ok", 1200, 20
    ),
    "statistics": Large(
        "haproxy_info", {"gather_subset": ["servers"], "backend": ["lab"]}, b"show stat -1",
        _rows(rb"(?m)^other,(srv\d+),.*\n", b"x%07d".__mod__), "ok", 1200, 30,
    ),
    "entries of a map": Large(
        "haproxy_map", {}, b"show map /", _rows(rb"(?m)^0x[0-9a-f]+ (fixed) .*\n", b"x%07d".__mod__), "ok", 2500, 40,
    ),
    "one line": Large(
        "haproxy_server", {}, b"show servers state", lambda reply: b"\nx" + b"x" * SIZE + reply, "ReplyNotUnderstood", 900, 10
    ),
    "a raw command": Large(
        "haproxy_command", {"command": ["show servers state other"]}, b"show servers state", _STATES, "ok", 3000, 40
    ),
}  # fmt: skip


def _large(grow: Callable[[bytes], bytes], wanted: bytes) -> Tamper:
    return lambda request, reply: grow(reply) if is_reading(request) and wanted in request else reply


@pytest.mark.parametrize("way", WAYS)
def test_a_large_reply_costs_what_is_stated(way: str, record_property: Callable[[str, object], None]) -> None:
    row = WAYS[way]
    record_property("haproxy", newest().name)
    with started(newest(), count=1, kind="instances") as (sample, recorders):
        with meddling(*recorders.all, tamper=_large(row.grow, row.wanted)):
            more = {**row.more, "socket": recorders.sockets, "timeout": PATIENCE}
            arguments = DEEDS[row.module].task(sample.map, sample.acl, **more)
            done = subprocess.run(
                [sys.executable, "-c", _PROGRAM, json.dumps([row.module, arguments])],
                env={**os.environ, "PYTHONPATH": f"{ROOT / 'tests'}:{ROOT / '.cache'}"},
                capture_output=True, text=True, timeout=PATIENCE, check=True,
            )  # fmt: skip
        assert max(len(reply) for _request, reply in recorders[0].exchanges) > 0.95 * SIZE
    result, seconds, memory = json.loads(done.stdout)
    print(f"{way}: {kind_of(result)}, {seconds:.1f} s, {memory:.0f} MB")
    record_property("cell", [f"100 MB of {way}", row.module, newest().name, kind_of(result), seconds])
    record_property("memory", memory)
    check_form(result)
    assert kind_of(result) == row.kind, result.get("msg")
    assert memory < row.memory
    assert seconds < row.seconds
