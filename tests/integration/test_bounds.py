# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many servers at once: few exchanges, and no line that could hurt a HAProxy, however small its buffer."""

from __future__ import annotations

import pytest

from lab.fleet import layout, one
from lab.oracle import servers
from lab.recorder import Recorder, Recorders
from lab.tasks import run
from lab.versions import Version

MODULE = "haproxy_server"
MANY = 1000
BODY = "backend www\n" + "".join(f"    server web{number} 127.0.0.1:9\n" for number in range(MANY))
ALL_MAINT = {"name": ["web*"], "backend": ["www"], "state": "maint"}
STATE_COMMAND = "set server www/web999 state maint;"


@pytest.mark.in_turn
@pytest.mark.parametrize("count", [1, 4])
def test_a_thousand_servers_cost_one_exchange_per_table_and_15000_bytes(haproxy: Version, count: int) -> None:
    with layout(haproxy, count, BODY) as fleet, Recorders(fleet) as recorders:
        result = run(MODULE, {**ALL_MAINT, "socket": [str(recorders.directory)]})
        assert not result.get("failed"), result["msg"]
        assert [line["command"] for line in result["commands"]] == [f"set server … state maint ({MANY} times)"] * count
        bound = 8000 if haproxy.number < (3, 0) else 15000
        for index, recorder in enumerate(recorders.all):
            assert {truth.state for truth in servers(fleet, index).values()} == {"maint"}
            requests = [request for request, _reply in recorder.exchanges]
            writes = [request for request in requests if b"set server" in request]
            assert max(map(len, requests)) <= bound
            assert len(writes) <= -(-MANY * len(STATE_COMMAND) // bound) + 1
            # states and statistics, before and after
            facts = [request for request in requests if b"show pools" in request]
            assert len(requests) - len(writes) - len(facts) == 4


@pytest.mark.parametrize("size", [4096, 8192, 65536])
def test_a_smaller_buffer_gets_shorter_lines_and_survives(haproxy: Version, size: int) -> None:
    lines = f"tune.bufsize {size}\n    tune.maxrewrite {min(size // 2, 8000)}"
    with one(haproxy, BODY, global_lines=lines) as fleet, Recorder(fleet.sockets[0]) as recorder:
        pids = fleet.pids
        result = run(MODULE, {**ALL_MAINT, "socket": [recorder.path]})
        assert not result.get("failed"), result["msg"]
        longest = max(len(request) for request, _reply in recorder.exchanges)
        assert longest <= min(size - 1384, 15000)
        if haproxy.number < (3, 0):
            assert longest <= min(size // 2 - 192, 8000)
        assert {truth.state for truth in servers(fleet, 0).values()} == {"maint"}
        assert fleet.pids == pids
