# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task can ask of a backend: options, and a resource out of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ._errors import InputError
from ._resources.backend import Backends
from ._resources.backend_wish import BackendWish
from ._resources.selection import names_of
from ._resources.wishes import Wishes
from ._server_spec import LEAVING, SERVER

Params = Mapping[str, Any]

_UNSAYABLE = re.compile("[\x00-\x1f\x7f]")
ARGUMENTS: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True, "aliases": ["backend"]},
    "servers": {
        "type": "list",
        "elements": "dict",
        "options": {"name": {"type": "str"}, "backend": {"type": "str"}, **{name: {"type": "raw"} for name in SERVER}},
    },
    "purge": {"type": "bool", "default": False},
    "slots": {"type": "bool", "default": False},
    "slot_prefix": {"type": "str"},
    "weights": {"type": "dict"},
    **{name: SERVER[name] for name in LEAVING},
    "dynamic_cookie": {"type": "str", "choices": ["enabled", "disabled"]},
    "dynamic_cookie_key": {"type": "str", "no_log": True},
    "state": {"type": "str", "choices": ["published", "unpublished", "present", "absent"]},
    "defaults": {"type": "str"},
    "mode": {"type": "str", "choices": ["http", "tcp"]},
}


def backend_of(params: Params) -> Backends:
    """
    :raises InputError: for what cannot be meant or said.
    """
    name = params["name"]
    if names_of("name", [name]).globs:
        raise InputError(f"name {name!r}: one backend is wanted, not a glob")
    _refuse_contradictions(params)
    wish = BackendWish(
        name, params["state"], params["dynamic_cookie"], _key(params), params["defaults"], params["mode"]
    )
    if params["slots"]:
        from ._backend_slots import all_of, slots_of  # few tasks fill slots

        return Backends(all_of(name, params), wish, slots_of(params))
    if not (params["servers"] or params["weights"] or params["purge"] or params["state"] == "absent"):
        return Backends(Wishes(()), wish)
    from ._backend_items import wishes_of  # not every task is about servers

    return Backends(Wishes(tuple(wishes_of(name, params))), wish)


def _refuse_contradictions(params: Params) -> None:
    """
    :raises InputError: for options that mean nothing together.
    """
    for option, of in (("purge", "servers"), ("slots", "servers"), ("slot_prefix", "slots"), ("mode", "defaults")):
        if params[option] and params[of] in (None, False):
            raise InputError(f"{option} means something with {of} only")
    if params["defaults"] is not None and params["state"] in (None, "absent"):
        raise InputError(
            "defaults is for a backend that is to be created; it goes with state=present, published or unpublished"
        )
    others_ = [option for option in ("servers", "weights", "dynamic_cookie", "dynamic_cookie_key") if params[option]]
    if params["state"] == "absent" and others_:
        raise InputError(f"state=absent and {others_[0]} contradict each other")
    if (params["slots"] or params["purge"]) and params["weights"]:
        raise InputError("with slots or purge a weight is said in its item of servers")


def _key(params: Params) -> str | None:
    key: str | None = params["dynamic_cookie_key"]
    if key is not None and (not key or _UNSAYABLE.search(key)):
        raise InputError("dynamic_cookie_key is empty or holds a control character")
    return key
