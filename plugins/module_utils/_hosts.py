# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Host and port of a stats socket that is reached by TCP, as users and HAProxy itself write them."""

from __future__ import annotations

import ipaddress
import re

from ._errors import InputError

_PORT = re.compile(r"[0-9]{1,5}", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", re.ASCII)


def host_and_port(text: str) -> tuple[str, int]:
    """``tcp://HOST:PORT``, ``HOST:PORT``, ``[::1]:PORT``, ``ipv4@…``, ``ipv6@…``.

    :raises InputError: for anything else.
    """
    kind, host, port = _split(text)
    if _PORT.fullmatch(port) and 0 < int(port) < 65536 and _is_host(kind, host):
        return host, int(port)
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
