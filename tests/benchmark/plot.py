# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cost against size, both logarithmic. Runs in the environment of requirements-peers.txt, which has matplotlib.

python plot.py FIGURES.json OUT.svg
"""

import json
import sys
from pathlib import Path

import matplotlib as mpl  # type: ignore[import-not-found]
from matplotlib.figure import Figure  # type: ignore[import-not-found]

SECONDS = {"s": 1.0, "ms": 1e-3, "µs": 1e-6}


def main(source: str, out: str) -> None:
    """One line for each name that was measured at several sizes."""
    mpl.rcParams["svg.hashsalt"] = "haproxyadmin"  # the same figures make the same file
    cases = json.loads(Path(source).read_text(encoding="utf-8"))["cases"]
    lines: dict[str, list[tuple[int, float]]] = {}
    for rows in cases.values():
        for name, value, unit, size in rows:
            if size and unit in SECONDS:
                lines.setdefault(name, []).append((size, value * SECONDS[unit]))
    figure = Figure(figsize=(9, 6))
    axes = figure.add_subplot(xscale="log", yscale="log", xlabel="entries, servers or processes", ylabel="seconds")
    for name, points in lines.items():
        if len(points) > 1:
            axes.plot(*zip(*sorted(points), strict=True), marker="o", label=name)
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend(fontsize="small")
    figure.savefig(out, metadata={"Date": None})


if __name__ == "__main__":
    main(*sys.argv[1:])
