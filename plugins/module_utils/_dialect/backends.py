# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a backend as a whole can be given: dynamic cookies and, from 3.4 on, whether it is published and there at all."""

from __future__ import annotations

import re
from typing import NamedTuple

from .._protocol import Command, encode, word
from . import stat
from .cookies import dynamic_cookie

_DYNAMIC = re.compile("[0-9a-f]{16}")
_UNPUBLISHED = "(UNPUB)"
SHOW = Command("show stat -1 6 -1")
NEEDED = ("pxname", "svname", "type", "status", "cookie")
WANTED = ("addr",)


class Backend(NamedTuple):
    """A backend as far as it can be given something.

    :param present: whether it is there.
    :param published: whether it takes traffic; None: the configuration disables it.
    :param cookie: whether its servers get dynamic cookies (``partly``: not all that should); None: no server tells.
    :param late: whether a server that is added gets no dynamic cookie.
    :param fits: whether these come from the key that is wished; None: no server tells.
    :param key: the secret that is to be said; never read.
    :param asked: whether HAProxy was asked if it can be deleted.
    :param defaults: the ``defaults`` section that it is made from, and its mode.
    """

    name: str
    present: bool = False
    published: bool | None = False
    cookie: str | None = None
    fits: bool | None = None
    late: bool = False
    key: str = ""
    asked: bool = False
    servers: int = 0
    defaults: str | None = None
    mode: str | None = None

    @property
    def called(self) -> str:
        return f"backend {self.name}"

    @property
    def state(self) -> str:
        if not self.present:
            return "absent"
        return {True: "published", False: "unpublished", None: "disabled"}[self.published]


def parse_backend(table: str, name: str, key: str | None) -> Backend:
    """The backend of this name in ``show stat``.

    :param key: what its dynamic cookies may come from.
    :raises ReplyNotUnderstood: when it is no such table.
    """
    status: str | None = None
    cookies = []
    for row in stat.parse_stat(table, NEEDED, WANTED):
        if row["pxname"] == name and row["type"] == stat.BACKEND:
            status = row["status"]
        elif row["pxname"] == name and row["type"] == stat.SERVER:
            cookies.append((row["cookie"], row.get("addr", "")))
    dynamic = [(cookie, place) for cookie, place in cookies if _DYNAMIC.fullmatch(cookie)]
    # One that is added while they are enabled gets none on 2.6, until they are enabled or the key is said again.
    lacking = any(not cookie and _has_address(place) for cookie, place in cookies)
    told = [] if key is None else [fits for fits in (_comes_from(key, *it) for it in dynamic) if fits is not None]
    return Backend(
        name,
        present=status is not None,
        published=status is not None and not status.endswith(_UNPUBLISHED),
        cookie=("partly" if lacking else "enabled") if dynamic else "disabled" if lacking else None,
        fits=all(told) and not lacking if told else None,
        servers=len(cookies),
    )


def _has_address(place: str) -> bool:
    """Whether dynamic cookies are for a server at this place: those on UNIX sockets get none."""
    return place.rpartition(":")[2].isdigit()


def _comes_from(key: str, cookie: str, place: str) -> bool | None:
    """Whether the server at this place has its cookie from the key; None: it cannot be told."""
    address, _colon, port = place.rpartition(":")
    try:
        return dynamic_cookie(encode(key), address.strip("[]"), int(port)) == cookie
    except (ValueError, OverflowError):
        return None


def add_backend(backend: Backend) -> Command:
    mode = f" mode {backend.mode}" if backend.mode else ""
    text = f"add backend {word(backend.name)} from {word(backend.defaults or '')}{mode}"
    return Command(text, "add backend …", "admin", "dynamic_backends")


def del_backend(backend: Backend) -> Command:
    return Command(f"del backend {word(backend.name)}", "del backend …", "admin", "dynamic_backends")


def try_to_delete(backend: Backend) -> Command:
    """The same, where it is sure to be refused for now: HAProxy says first what keeps the backend for ever."""
    for_now = ("Backend must be unpublished", "Only a backend without server")
    return del_backend(backend)._replace(as_good=for_now)


def publish(backend: Backend) -> Command:
    verb = "publish" if backend.published else "unpublish"
    return Command(f"{verb} backend {word(backend.name)}", f"{verb} backend …", "admin", "dynamic_backends")


def switch_cookie(backend: Backend) -> Command:
    verb = "enable" if backend.cookie == "enabled" else "disable"
    text = f"{verb} dynamic-cookie backend {word(backend.name)}"
    return Command(text, f"{verb} dynamic-cookie backend …", "admin", silent=True)


def set_key(backend: Backend) -> Command:
    """The key is a secret: results tell only that there is one."""
    text = f"set dynamic-cookie-key backend {word(backend.name)} "
    return Command(text + word(backend.key), "set dynamic-cookie-key …", "admin", silent=True, told=f"{text}********")
