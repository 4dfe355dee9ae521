# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m demo``: exit code 0 only when the deploy lost no request; see the package."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from types import FrameType

from lab.errors import LabError

from .report import Report, shortcomings, table
from .run import run_demo


def main(arguments: list[str] | None = None) -> int:
    """Run the demo, or the test that is made of it; returns the exit code."""
    parser = argparse.ArgumentParser(prog="demo", description="A rolling deploy of a live HAProxy, under load.")
    parser.add_argument("--test", action="store_true", help="also leave the drain out and expect lost requests")
    chosen = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _test() if chosen.test else _demo()
    except LabError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
        return 130


def _demo() -> int:
    problems = shortcomings(_shown(drain=True))
    for problem in problems:
        print(f"FAILED: {problem}")
    return int(bool(problems))


def _test() -> int:
    """Two checks; the second says whether the first one could have failed."""
    with_drain = shortcomings(_shown(drain=True))
    print()
    lost = _shown(drain=False).failed
    print()
    checks = {
        "the deploy loses no request": with_drain,
        "without the drain requests are lost": [] if lost else ["the generator saw no loss, so it proves nothing"],
    }
    for name, problems in checks.items():
        print("; ".join([f"{'FAILED' if problems else 'ok    '} {name}", *problems]))
    failed = sum(map(bool, checks.values()))
    print(f"{len(checks) - failed} passed, {failed} failed")
    return int(bool(failed))


def _shown(*, drain: bool) -> Report:
    """Run, print lines and table as they come, and how long all of it took."""
    begin = time.monotonic()
    seen = run_demo(drain=drain, say=lambda line: print(line, flush=True))
    print(
        f"\n{table(seen)}\n\n{seen.failed} of {seen.requests} requests failed; all took {time.monotonic() - begin:.0f} s"
    )
    return seen


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
