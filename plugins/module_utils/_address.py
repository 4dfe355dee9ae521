# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forms in which users and HAProxy itself write the address of a stats socket."""

from __future__ import annotations

import os
from typing import NamedTuple


class Address(NamedTuple):
    """Where a stats socket is.

    :param text: as the user wrote it, as the directory showed it or as HAProxy told it.
    :param path: of a UNIX socket; empty for TCP.
    :param host: name, IPv4 or IPv6 address; empty for a UNIX socket.
    """

    text: str
    path: str = ""
    host: str = ""
    port: int = 0


def address_of(text: str) -> Address:
    """``/PATH``, ``~/PATH``, ``unix@/PATH``, ``tcp://HOST:PORT``, ``HOST:PORT``, ``[::1]:PORT``, ``ipv4@…``, ``ipv6@…``.

    :raises InputError: for anything else.
    """
    path = "" if "\0" in text else os.path.expanduser(text.removeprefix("unix@"))
    if os.path.isabs(path):
        return Address(text, path=path)
    from ._hosts import host_and_port  # most sockets are paths

    host, port = host_and_port(text)
    return Address(text, host=host, port=port)
