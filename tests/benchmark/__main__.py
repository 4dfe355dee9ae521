# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""./dev bench [CASE...] [--check]: measures, prints, writes docs/benchmarks."""

from __future__ import annotations

import argparse
import subprocess
import sys
from importlib import import_module
from itertools import chain
from pathlib import Path

from benchmark.cases import TITLES
from benchmark.findings import Finding
from benchmark.goals import missed
from benchmark.machine import machine_line
from benchmark.page import keep, kept, page, told
from suite.environment import made
from suite.paths import CACHE, ROOT

_FOLDER = ROOT / "docs" / "benchmarks"


def main() -> int:
    """Returns 1 where --check finds that a goal was missed."""
    parser = argparse.ArgumentParser(prog="./dev bench", description="What tasks cost, beside ping and the peers.")
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"these only: {', '.join(TITLES)}")
    parser.add_argument("--check", action="store_true", help="fail when a goal is missed; writes nothing")
    words = parser.parse_args()
    if unknown := {*words.cases} - {*TITLES}:
        parser.error(f"no case {', '.join(sorted(unknown))}; there are {', '.join(TITLES)}")
    chosen = [case for case in TITLES if not words.cases or case in words.cases]
    print(machine_line(), flush=True)
    found = {case: list(_measured(case)) for case in chosen}
    if not words.check:
        _write(found)
        return 0
    sentences = missed(chain.from_iterable(found.values()), chosen)
    print("\n".join(sentences) or "every goal is met")
    return 1 if sentences else 0


def _measured(case: str) -> list[Finding]:
    print(f"\n{TITLES[case]}", flush=True)
    findings = []
    for found in import_module(f"benchmark.cases.{case}").run():
        print(f"  {found.name:66} {found.size or '':>9} {told(found):>12}", flush=True)
        findings.append(found)
    return findings


def _write(found: dict[str, list[Finding]]) -> None:
    """The page and the plot; cases that did not run keep their figures."""
    figures = _FOLDER / "figures.json"
    _FOLDER.mkdir(exist_ok=True)
    cases = {case: rows for case in TITLES if (rows := {**kept(figures), **found}.get(case))}
    keep(figures, cases)
    (_FOLDER / "figures.md").write_text(page(TITLES, cases, machine_line()), encoding="utf-8")
    python = made(CACHE / "peers", Path(sys.executable), "requirements-peers.txt")
    subprocess.run([python, ROOT / "tests/benchmark/plot.py", figures, _FOLDER / "size.svg"], check=True)


if __name__ == "__main__":
    sys.exit(main())
