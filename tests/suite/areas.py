# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The areas of ./dev test, and running them."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from threading import Lock

from suite.artefact import artefact
from suite.docs import site
from suite.lint import lint
from suite.log import Log
from suite.long import long_soak, mutation
from suite.paths import ROOT
from suite.playbooks import demo, molecule
from suite.pytests import faults, integration, playbooks, sequences, soak, unit, unit_on_oldest
from suite.results import Row, failure, has_failed, judged, summary
from suite.sanity import sanity

Area = Callable[[Log], list[Row]]

Phase = tuple[int, Mapping[str, Area]]
"""Areas, and how many of them run beside each other."""

PHASES: Sequence[Phase] = (
    # While these wait, their requests go on: they cost less the sooner they are done, so little runs beside them.
    (2, {"molecule": molecule, "demo": demo, "soak": soak, "sequences": sequences}),
    (
        3,
        {
            "playbooks": playbooks,
            "integration": integration,
            "faults": faults,
            "sanity": sanity,
            "unit-3.9": unit_on_oldest,
            "unit": unit,
            "lint": lint,
            "artefact": artefact,
            "docs": site,
        },
    ),
)
# Each of them has the machine to itself.
LONG_PHASES: Sequence[Phase] = ((1, {"mutation": mutation}), (1, {"long-soak": long_soak}))
LONG = "long"
"""In the place of an area: everything runs on everything, and the areas of the long run do, too."""
AREAS, LONG_AREAS = ([name for _count, areas in phases for name in areas] for phases in (PHASES, LONG_PHASES))

_printing = Lock()


def test(names: Sequence[str]) -> int:
    """Run these areas, or all; prints the summary; returns the exit code."""
    phases = [*PHASES, *(LONG_PHASES if LONG in names else ())]
    known = [name for _count, areas in phases for name in areas]
    if unknown := [name for name in names if name not in (LONG, *known)]:
        there = ", ".join([*AREAS, f"and with {LONG}", *LONG_AREAS])
        print(f"dev: no area {', '.join(unknown)}; there are {there}", file=sys.stderr)
        return 2
    if LONG in names:
        os.environ["LONG"] = "1"
    strict = os.environ.get("STRICT") == "1"
    chosen = [name for name in known if name in names or not {*names} - {LONG}]
    rows: dict[str, list[Row]] = {}
    begin = time.monotonic()
    for count, areas in phases:
        with ThreadPoolExecutor(count) as pool:
            started = {
                pool.submit(_run, name, area, strict=strict): name for name, area in areas.items() if name in chosen
            }
            for done in as_completed(started):
                name, error = started[done], done.exception()
                if error:  # the other areas still tell what they find
                    traceback.print_exception(error)
                    rows[name] = [failure(name, f"{type(error).__name__}: {error}")]
                else:
                    rows[name] = done.result()
    ordered = [row for name in chosen for row in rows[name]]
    print("\n" + summary(ordered, wall=time.monotonic() - begin))
    return int(has_failed(ordered))


def _run(name: str, area: Area, *, strict: bool) -> list[Row]:
    """Run one area to its judged rows; its log is printed whole when something failed, and for the figures of a long run."""
    log = Log(name)
    begin = time.monotonic()
    rows = [judged(row, strict=strict) for row in area(log)]
    seconds = time.monotonic() - begin
    if len(rows) == 1:  # else each row says its own
        rows = [replace(rows[0], seconds=seconds)]
    with _printing:
        verdict = "FAILED" if has_failed(rows) else "ok"
        if has_failed(rows) or os.environ.get("LONG") == "1":
            print(f"\n---- {name}: {log.path.relative_to(ROOT)}\n{log.path.read_text()}----", flush=True)
        print(f"{name:12} {verdict:6} {seconds:6.1f} s, {log.processor_seconds:6.1f} s of a processor", flush=True)
    return rows
