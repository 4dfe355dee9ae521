# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task can ask of servers: options, and wishes out of them. Documented in plugins/doc_fragments/server.py."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._argspec import WAIT
from ._errors import InputError
from ._resources.selection import names_of
from ._resources.server import Servers
from ._resources.values import STATES, values_of
from ._resources.wishes import Wish, Wishes

Params = Mapping[str, Any]
Spec = dict[str, dict[str, Any]]

_TEXT: dict[str, Any] = {"type": "str"}
_NUMBER: dict[str, Any] = {"type": "int"}
_CHECK: dict[str, Any] = {"type": "str", "choices": ["enabled", "disabled"]}
_SWITCH: dict[str, Any] = {"type": "bool", "default": False}
_NAMES: dict[str, Any] = {"type": "list", "elements": "str"}

# What one server can be asked for.
SERVER: Spec = {
    "state": {"type": "str", "choices": list(STATES)},
    "weight": _TEXT,
    "address": _TEXT,
    "port": _NUMBER,
    "fqdn": _TEXT,
    "maxconn": _NUMBER,
    "ssl": {"type": "bool"},
    "check_address": _TEXT,
    "check_port": _NUMBER,
    "agent_address": _TEXT,
    "agent_port": _NUMBER,
    "agent_send": _TEXT,
    "health_check": _CHECK,
    "agent_check": _CHECK,
    "health_status": {"type": "str", "choices": ["up", "stopping", "down"]},
    "agent_status": {"type": "str", "choices": ["up", "down"]},
    "health": _SWITCH,
    "agent": _SWITCH,
    "options": _TEXT,
    "drain": _SWITCH,
    **WAIT,
    "wait_retries": _NUMBER,
    "on_timeout": {"type": "str", "choices": ["fail", "shutdown", "continue"], "default": "fail"},
    "shutdown_sessions": _SWITCH,
    "min_up": _TEXT,
    "fail_on_not_found": {"type": "bool", "default": True},
}
ARGUMENTS: Spec = {
    "name": {**_NAMES, "aliases": ["server", "host"]},
    "backend": _NAMES,
    "servers": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": {**_NAMES, "required": True},
            "backend": _NAMES,
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
    from ._resources.former import Keeping, Restoring  # few tasks remember anything
    from ._resources.state_files import StateFiles, folders

    if not 1 <= params["former_share"] <= 100:
        raise InputError(f"former_share is {params['former_share']}; it is a percentage from 1 to 100")
    files = StateFiles(folders(params["state_dir"]))
    if params["former"] == "restore":
        return Restoring(wishes, files, params["former_share"])
    return Keeping(wishes, files, anew=params["former"] == "replace")


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
