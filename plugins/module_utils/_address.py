# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The forms in which users and HAProxy itself write the address of a stats socket."""

from __future__ import annotations

import ipaddress
import os
import re
from typing import NamedTuple

from ._errors import InputError

_PORT = re.compile(r"[0-9]{1,5}", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", re.ASCII)


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
    path = os.path.expanduser(text.removeprefix("unix@"))
    if os.path.isabs(path) and "\0" not in path:
        return Address(text, path=path)
    kind, host, port = _split(text)
    if _PORT.fullmatch(port) and 0 < int(port) < 65536 and _is_host(kind, host):
        return Address(text, host=host, port=int(port))
    raise InputError(
        f"socket {text!r} is neither an absolute path nor one of unix@PATH, tcp://HOST:PORT, HOST:PORT, [IPV6]:PORT, "
        "ipv4@HOST:PORT, ipv6@HOST:PORT"
    )


def _split(text: str) -> tuple[str, str, str]:
    """Kind (``""``, ``ipv4``, ``ipv6``), host without its brackets, port."""
    kind = ""
    for prefix in ("tcp://", "ipv4@", "ipv6@"):
        if text.startswith(prefix):
            kind, text = prefix.rstrip("@:/"), text[len(prefix) :]
            break
    host, _colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        return "ipv4" if kind == "ipv4" else "ipv6", host[1:-1], port
    return kind, host, port


def _is_host(kind: str, host: str) -> bool:
    try:
        version = ipaddress.ip_address(host).version
    except ValueError:
        return kind in ("", "tcp") and bool(_HOST.fullmatch(host))
    # Without brackets nobody can tell the port of an IPv6 address from its end, except where HAProxy says so itself.
    return version == (6 if kind == "ipv6" else 4)
