# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applications behind the balancer: ports on loopback that answer HTTP 200 at once, and can be stopped one by one."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from .fleet import one
from .ports import free_ports
from .processes import wait_until
from .raw import connect
from .versions import newest

SECONDS = 5.0


class Apps:
    """`count` application ports, one HAProxy of the newest version behind all; a context manager.

    The body of an answer is the application's name, ``app1`` and so on. A request whose path holds "hold" is answered
    when its whole body has arrived, within 300 s: ``sessions.hold_session``.
    """

    def __init__(self, count: int) -> None:
        """Start them; returns when they listen. Raises LabError."""
        self.ports = free_ports(count)
        body = "".join(_frontend(number, port) for number, port in enumerate(self.ports, 1))
        self._fleet = one(newest(), body, global_lines="maxconn 2000")

    def stop_port(self, port: int) -> None:
        """Let this port refuse new connections; those that are open go on."""
        self._say("disable", port)
        wait_until(lambda: not _listens(port), SECONDS, lambda: f"application port {port} does not stop")

    def start_port(self, port: int) -> None:
        """Let a stopped port listen again."""
        self._say("enable", port)
        wait_until(lambda: _listens(port), SECONDS, lambda: f"application port {port} does not start")

    def stop(self) -> None:
        """Stop all. May be called again."""
        self._fleet.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _say(self, verb: str, port: int) -> None:
        self._fleet.ask(0, f"{verb} frontend app{self.ports.index(port) + 1}")


def _frontend(number: int, port: int) -> str:
    return f"""\
frontend app{number}
    bind 127.0.0.1:{port}
    http-request wait-for-body time 300s if {{ path_sub hold }}
    http-request return status 200 content-type text/plain string "app{number}"

"""


def _listens(port: int) -> bool:
    try:
        connect(f"127.0.0.1:{port}").close()
    except ConnectionError:
        return False
    return True
