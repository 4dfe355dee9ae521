# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The long-lived process: modules in its own interpreter, one task after the other, each cycle ended before it ends.

Run as ``python -m soak.worker JSON``. For each task it writes a line of JSON, and ends after the cycle in which its
input is closed.
"""

from __future__ import annotations

import gc
import json
import select
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from lab import tasks

from .cycles import CHANGES, DEED, READS, Cycle, Options, cycles
from .proc import open_files, own_memory


@dataclass(frozen=True)
class Told:
    """What became of one task."""

    module: str
    cycle: str
    seconds: float
    wrong: str
    """What was not as it must be; empty where all was."""
    fds: int
    """That this process has open after it."""
    threads: int


@dataclass(frozen=True)
class Left:
    """What is left in this process after a cycle, when all that nobody holds is gone."""

    memory: int
    """Bytes of its own."""
    blocks: int
    """Pieces of memory that Python has given out."""


def steps_of(cycle: Cycle) -> Iterator[tuple[Options, bool, bool]]:
    """Options, whether in check mode, and whether a change is expected; check mode first, each change twice."""
    for options in cycle.steps:
        yield options, True, cycle.kind != READS
        yield options, False, cycle.kind != READS
        if cycle.kind == CHANGES:
            yield options, False, False


def main(run: Callable[..., tasks.Result] = tasks.run) -> None:
    """Do what the command line says; `run` runs a module."""
    said: dict[str, Any] = json.loads(sys.argv[1])
    socket, pause = said.pop("socket"), said.pop("pause")
    said["version"] = tuple(said["version"])
    all_cycles = cycles(**said)
    while True:
        for cycle in all_cycles:
            _do(cycle, socket, pause, run)
            gc.collect()
            _write(Left(own_memory("self"), sys.getallocatedblocks()))
            if select.select([sys.stdin], [], [], 0)[0]:
                return


def _do(cycle: Cycle, socket: list[str], pause: float, run: Callable[..., tasks.Result]) -> None:
    predicted: tasks.Result = {}
    for options, check, changes in steps_of(cycle):
        begin = time.monotonic()
        result = run(cycle.module, {**options, "socket": socket}, check=check)
        seconds = time.monotonic() - begin
        wrong = _wrong(result, changes=changes)
        if not wrong and not check and changes and cycle.kind != DEED and predicted != result["commands"]:
            wrong = f"check mode said {predicted}, and {result['commands']} was sent"
        predicted = result.get("commands", []) if check else []
        _write(Told(cycle.module, cycle.name, seconds, wrong, open_files("self"), threading.active_count()))
        time.sleep(pause)  # the load has the machine, too


def _wrong(result: tasks.Result, *, changes: bool) -> str:
    if result.get("failed"):
        return str(result["msg"])
    if result["changed"] is not changes:
        return f"changed is {result['changed']}"
    return ""


def _write(what: Told | Left) -> None:
    print(json.dumps(asdict(what)), flush=True)


if __name__ == "__main__":
    main()
