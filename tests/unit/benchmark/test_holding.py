# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a process is held, seen on one of which it is known."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from benchmark.held import Holds
from benchmark.holding import longest_hold
from lab.processes import wait_until
from lab.raw import ask

# Answers each connection, and computes before that for as many milliseconds as it is told.
_SERVER = """
import select, socket, sys, time
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
poll = select.epoll()
poll.register(listener.fileno(), select.EPOLLIN)
while True:
    poll.poll()
    connection = listener.accept()[0]
    told = connection.recv(100)
    end = time.process_time() + int(told or 0) / 1e3
    while time.process_time() < end:
        pass
    connection.close()
"""


def test_the_longest_of_several_holds_is_found(tmp_path: Path) -> None:
    address = str(tmp_path / "s")
    with subprocess.Popen([sys.executable, "-c", _SERVER, address]) as server:
        try:
            wait_until(lambda: Path(address).exists(), 5, lambda: "no server")
            holds = [longest_hold(server.pid, address, partial(_say, address, each)) for each in ((5, 40, 5), (5, 5))]
        finally:
            server.kill()
    assert 0.04 <= holds[0] < 0.08
    assert 0.005 <= holds[1] < 0.03


def _say(address: str, milliseconds: tuple[int, ...]) -> None:
    for each in milliseconds:
        ask(address, str(each).encode())


@pytest.mark.parametrize(
    ("holds", "ratio", "sharp"),
    [
        pytest.param(Holds("", 300, 200, 100), 2.0, True, id="the connection does not count"),
        pytest.param(Holds("", 900, 1000, 100), 8 / 9, True, id="no longer than a command of its own"),
        pytest.param(Holds("", 140, 140, 100), 1.0, False, id="hardly more than a connection"),
    ],
)
def test_holds_are_compared_without_their_connections(holds: Holds, ratio: float, sharp: bool) -> None:
    assert holds.ratio == pytest.approx(ratio)
    assert holds.sharp is sharp
