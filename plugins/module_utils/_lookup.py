# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and numbers of hosts."""

from __future__ import annotations

import queue
import socket
import threading
from contextlib import suppress
from typing import Any, Union

# Family and place for ``connect``.
Places = list[tuple[int, Union[str, tuple[Any, ...]]]]


def canonical(text: str) -> str | None:
    """An IPv4 or IPv6 address as the system, and so HAProxy, prints it; None: it is none."""
    for family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError, ValueError):
            return socket.inet_ntop(family, socket.inet_pton(family, text))
    return None


def places_of(host: str, port: int, seconds: float) -> Places:
    """The addresses of a host, within a deadline: the system's own lookup knows none.

    :raises OSError: when there is none, or none was found in time.
    """
    found: queue.SimpleQueue[Places | OSError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answer = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            found.put(error)
        else:
            found.put([(family, place) for family, _type, _protocol, _name, place in answer])

    threading.Thread(target=look_up, daemon=True).start()
    try:
        places = found.get(timeout=seconds)
    except queue.Empty as error:
        raise TimeoutError(f"the name {host} was not resolved within {seconds:g} s") from error
    if isinstance(places, OSError):
        raise places
    return places
