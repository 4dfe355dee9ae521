# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task of the collection costs, beside ansible.builtin.ping: seconds of a whole ad-hoc command; what maps and a deploy cost."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmark.maps import maps
from benchmark.rolling import rolling
from lab.config import servers_body
from lab.fleet import layout, one
from lab.versions import newest
from suite.payload import LIMIT, bytes_above_ping

RUNS = 7
# The size of a large balancer: servers in one backend, processes.
MANY, PROCESSES = 1000, 4


def bench() -> int:
    """Print the table; returns the exit code, which is 1 when the deploy lost a request."""
    with one(newest(), servers_body([1])) as fleet:
        server = f"name=web1 backend=www state=ready socket={fleet.sockets[0]}"
        ping = _seconds("ansible.builtin.ping", "")
        ours = _seconds("haproxyadmin.haproxy.haproxy_server", server)
    with layout(newest(), PROCESSES, _many_servers()) as fleet:
        place = f"name=* socket={fleet.directory}"
        # The weights alternate, so that each run changes every server.
        many = _seconds("haproxyadmin.haproxy.haproxy_server", *(f"{place} weight={weight}" for weight in (20, 10)))
        same = _seconds("haproxyadmin.haproxy.haproxy_server", f"{place} state=ready")
    print(f"ad hoc, median of {RUNS}  ping {ping:.3f} s  haproxy_server {ours:.3f} s  above ping {ours - ping:.3f} s")
    print(f"{MANY} servers x {PROCESSES} processes  changed {many:.3f} s  unchanged {same:.3f} s")
    print(f"source above ping    {bytes_above_ping('haproxy_server')} bytes of at most {LIMIT}")
    maps()
    return 0 if rolling() else 1


def _many_servers() -> str:
    servers = (f"    server s{number} 127.0.0.1:{10000 + number} weight 10\n" for number in range(MANY))
    return "backend www\n    balance roundrobin\n" + "".join(servers)


def _seconds(module: str, *arguments: str) -> float:
    """The median of so many runs; they take turns with these arguments."""
    interpreter = Path(sys.executable).resolve()  # not .venv's, as ansible-core 2.19 runs none with a blank in its path
    host = ["localhost", "-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={interpreter}"]
    times = []
    for run in range(RUNS):
        command = ["ansible", *host, "-m", module, "-a", arguments[run % len(arguments)]]
        begin = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - begin)
    return statistics.median(times)
