# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adds a file's entries to a map with haproxyadmin, one call each; prints the seconds. Runs where that is installed."""

import sys
import time
from pathlib import Path

from haproxyadmin import haproxy  # type: ignore[import-not-found]


def main(sockets: str, name: str, file: str) -> None:
    """`sockets` is the directory of the stats sockets."""
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    found = haproxy.HAProxy(socket_dir=sockets)
    begin = time.perf_counter()
    for line in lines:
        key, value = line.split(" ", 1)
        found.add_map(name, key, value)
    print(time.perf_counter() - begin)


if __name__ == "__main__":
    main(*sys.argv[1:])
