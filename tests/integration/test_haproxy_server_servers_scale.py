# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A thousand servers on four processes in one task: few exchanges, and few seconds."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from lab.fleet import layout
from lab.oracle import servers
from lab.recorder import Recorder, Recorders
from lab.tasks import run
from lab.versions import Version

from .drains import MODULE, Balancers

SERVERS = 1000
PROCESSES = 4
SECONDS = 15.0
"""What a task may take on a machine that does other things too; it takes about one."""


@pytest.fixture
def lab(haproxy: Version) -> Iterator[Balancers]:
    """Four processes with a thousand servers, all ready."""
    lines = [f"    server server{number:04} 127.0.0.1:9 weight 10\n" for number in range(SERVERS)]
    with layout(haproxy, PROCESSES, "backend www\n" + "".join(lines)) as fleet:
        yield Balancers(fleet, [0] * PROCESSES)


def _requests(recorder: Recorder) -> list[bytes]:
    return [request for request, _reply in recorder.exchanges]


def _writing(recorder: Recorder) -> list[bytes]:
    return [request for request in _requests(recorder) if b"set server" in request]


@pytest.mark.in_turn
def test_a_thousand_servers_on_four_processes(lab: Balancers, haproxy: Version) -> None:
    with Recorders(lab.fleet) as recorders:
        arguments = {
            "name": ["server*"],
            "backend": ["www"],
            "state": "drain",
            "weight": "7",
            "socket": [str(recorders.directory)],
        }
        began = time.monotonic()
        result = run(MODULE, arguments)
        seconds = time.monotonic() - began
        assert not result.get("failed"), result["msg"]
        # HAProxy before 2.6 hangs at lines that come near its buffer.
        longest = 15_000 if haproxy.number >= (3, 0) else 8_000
        for recorder in recorders.all:
            requests = _requests(recorder)
            writes = _writing(recorder)
            assert len(recorder.writes()) == 2 * SERVERS
            size = sum(len(command) + 1 for command in recorder.writes())
            fewest = -(-size // longest)
            assert fewest <= len(writes) <= fewest + 1
            assert max(map(len, writes)) <= longest
            # Each table before the writes and once again after them, and nothing else but who answers there.
            tables = [request for request in requests if b"show servers state" in request or b"show stat" in request]
            before = [request for request in tables if requests.index(request) < requests.index(writes[0])]
            assert sorted(tables) == sorted(2 * list(dict.fromkeys(tables))), "a table was read more than twice"
            assert len(set(tables)) == 2, "states and statistics are a table each"
            assert len(before) == len(tables), "the same requests before and after"
            # Under nbproc an address that HAProxy does not name, such as a recorder's, is tried several times.
            assert len(requests) - len(tables) - len(writes) <= (20 if haproxy.has_nbproc else 2)
    assert seconds < SECONDS
    for process in range(PROCESSES):
        truths = set(servers(lab.fleet, process).values())
        assert {(truth.state, truth.weight) for truth in truths} == {("drain", 7)}
    assert len(result["servers"]) == SERVERS
    assert [line["command"] for line in result["commands"][:2]] == [
        f"set server … state drain ({SERVERS} times)",
        f"set server … weight ({SERVERS} times)",
    ]
    assert len(result["commands"]) == 2 * PROCESSES


@pytest.mark.in_turn
def test_a_thousand_items_are_as_quick(lab: Balancers) -> None:
    """Half of them weigh something else; the second run reads and writes nothing."""
    items = [
        {"name": f"server{number:04}", "backend": "www", "state": "drain", "weight": number % 2}
        for number in range(SERVERS)
    ]
    with Recorders(lab.fleet) as recorders:
        arguments = {"servers": items, "socket": [str(recorders.directory)], "min_up": 0}
        began = time.monotonic()
        result = run(MODULE, arguments)
        assert not result.get("failed"), result["msg"]
        assert time.monotonic() - began < SECONDS
        assert [len(writes) for writes in recorders.writes()] == [2 * SERVERS] * PROCESSES
        recorders.clear()
        again = run(MODULE, arguments)
        assert not again["changed"]
        assert recorders.writes() == [[]] * PROCESSES
        for recorder in recorders.all:
            assert len([request for request in _requests(recorder) if b"show servers state" in request]) == 1


@pytest.mark.in_turn
def test_a_drain_of_a_thousand_is_one_wait(lab: Balancers) -> None:
    """Nothing has a session: drain, one more reading, maintenance."""
    with Recorders(lab.fleet) as recorders:
        arguments = {
            "name": ["*"],
            "backend": ["www"],
            "state": "maint",
            "drain": True,
            "socket": [str(recorders.directory)],
        }
        began = time.monotonic()
        result = run(MODULE, arguments)
        assert not result.get("failed"), result["msg"]
        assert time.monotonic() - began < SECONDS
        for recorder in recorders.all:
            assert len([request for request in _requests(recorder) if b"show servers state" in request]) == 3
    assert {truth.state for truth in servers(lab.fleet, PROCESSES - 1).values()} == {"maint"}
