# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task can ask of servers: options, and wishes out of them. Documented in plugins/doc_fragments/server.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._errors import InputError
from ._resources.selection import names_of
from ._resources.server import Servers
from ._resources.values import values_of
from ._resources.wish import Wish
from ._resources.wishes import Wishes
from ._server_spec import NAMES, SERVER, Spec

Params = Mapping[str, Any]

ARGUMENTS: Spec = {
    "name": {**NAMES, "aliases": ["server", "host"]},
    "backend": NAMES,
    "servers": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": {**NAMES, "required": True},
            "backend": NAMES,
            **{name: {"type": "raw"} for name in SERVER},
        },
    },
    **SERVER,
    "former": {"type": "str", "choices": ["keep", "replace", "restore"]},
    "former_share": {"type": "int", "default": 100},
    "state_dir": {"type": "path"},
}
RULES: dict[str, Any] = {
    "mutually_exclusive": [("name", "servers"), ("wait_timeout", "wait_retries")],
    "required_one_of": [("name", "servers")],
}


def servers_of(params: Params) -> Servers:
    """The servers that a task is about.

    :raises InputError: for a value that nothing can be meant by.
    """
    wishes = wishes_of(params)
    if params["former"] is None:
        return Servers(wishes)
    from ._resources.former import remembered  # few tasks remember anything

    return remembered(wishes, params["former"], params["former_share"], params["state_dir"])


def wishes_of(params: Params) -> Wishes:
    """
    :raises InputError: for a value that nothing can be meant by.
    """
    if params["servers"] is None:
        return Wishes((_wish(params, values=params, special={}),))
    if not params["servers"]:
        raise InputError("servers is empty; it takes at least one item")
    from ._server_items import parts_of  # most tasks have one wish for all

    return Wishes(tuple(_wish(*parts_of(params, item, SERVER)) for item in params["servers"]))


def _wish(params: Params, values: Params, special: Mapping[str, Params]) -> Wish:
    return Wish(
        names=names_of("name", params["name"]),
        backends=None if params["backend"] is None else names_of("backend", params["backend"]),
        values=values_of(values),
        special={process: values_of(its) for process, its in special.items()},
        fail_on_not_found=values["fail_on_not_found"],
    )
