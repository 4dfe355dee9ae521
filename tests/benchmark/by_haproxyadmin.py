# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Does with haproxyadmin, as its documentation shows, what a task does; prints the seconds. Runs where that is installed.

python by_haproxyadmin.py FOLDER_OF_SOCKETS change WEIGHT [SERVER...] | look | add MAP FILE
"""

import sys
import time
from pathlib import Path

from haproxyadmin import haproxy  # type: ignore[import-not-found]


def main(sockets: str, what: str, *words: str) -> None:
    found = haproxy.HAProxy(socket_dir=sockets)
    begin = time.perf_counter()
    if what == "change":
        weight, *servers = words
        for name in servers:
            for server in found.server(name, backend="www"):
                server.setweight(int(weight))
    elif what == "look":
        for server in found.servers():
            _seen = server.name, server.status, server.weight
    else:
        name, file = words
        for line in Path(file).read_text(encoding="ascii").splitlines():
            found.add_map(name, *line.split(" ", 1))
    print(time.perf_counter() - begin)


if __name__ == "__main__":
    main(*sys.argv[1:])
