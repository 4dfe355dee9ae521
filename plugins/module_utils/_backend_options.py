# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task can ask of a backend: options, and a resource out of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ._argspec import WAIT
from ._errors import InputError
from ._resources.backend import Backends, BackendWish
from ._resources.membership import Slots, others, tenant_of
from ._resources.selection import Names, names_of
from ._resources.values import STATES, Values, values_of
from ._resources.wishes import Wish, Wishes
from ._server_items import parts_of
from ._server_options import SERVER

Params = Mapping[str, Any]

_UNSAYABLE = re.compile("[\x00-\x1f\x7f]")
# What stands beside the servers and is about those that go.
_LEAVING = ("drain", *WAIT, "on_timeout", "shutdown_sessions", "min_up")
_NO_LEAVING = {"drain": False, "shutdown_sessions": False}
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
    **{name: SERVER[name] for name in _LEAVING},
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
        return Backends(_all_of(name, params), wish, _slots(params))
    return Backends(Wishes(tuple(_wishes(name, params))), wish)


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


def _beside(params: Params) -> Params:
    """The options of servers that stand beside the items."""
    beside = {name: spec.get("default") for name, spec in SERVER.items()}
    return {**beside, **{name: params[name] for name in _LEAVING}, "state": "present", "backend": [params["name"]]}


def _leaving(params: Params, state: str) -> Values:
    return values_of({**_beside(params), "state": state})


def _items(params: Params) -> Iterator[tuple[Params, Params, Mapping[str, Params]]]:
    for item in params["servers"] or ():
        if item["backend"] not in (None, params["name"]):
            raise InputError(
                f"an item of servers is about backend {item['backend']}, and the task about {params['name']}"
            )
        names, values, special = parts_of(_beside(params), {**item, "backend": [params["name"]]}, SERVER)
        said = item["shutdown_sessions"] is not None
        yield names, _fitting(values, said), {process: _fitting(its, said) for process, its in special.items()}


def _fitting(values: Params, said: bool) -> Params:
    """Ending sessions beside ``servers`` is about those that leave.

    :param said: whether the item itself asks for it.
    """
    stays = STATES.get(values["state"]) in ("ready", "present")
    return {**values, "shutdown_sessions": False} if stays and not said else values


def _wishes(backend: str, params: Params) -> Iterator[Wish]:
    here = names_of("name", [backend])
    listed: list[str] = []
    for names, values, special in _items(params):
        if not names["name"]:
            raise InputError("an item of servers needs a name")
        listed.append(names["name"])
        each = {process: values_of(its) for process, its in special.items()}
        yield Wish(_exact(names["name"]), here, values_of(values), each, values["fail_on_not_found"])
    twice = sorted({name for name in listed if listed.count(name) > 1})
    if twice:
        raise InputError(f"two items of servers are about {twice[0]}")
    for pattern, weight in (params["weights"] or {}).items():
        asked = values_of({**_beside(params), "state": None, "weight": str(weight), **_NO_LEAVING})
        yield Wish(names_of("weights", [str(pattern)]), here, asked, {}, fail_on_not_found=True)
    if params["purge"] or params["state"] == "absent":
        yield Wish(others(listed), here, _leaving(params, "absent"), {}, fail_on_not_found=False)


def _exact(name: str) -> Names:
    names = names_of("servers", [name])
    if names.globs:
        raise InputError(f"servers: {name!r} is a glob; each item is one server")
    return names


def _all_of(backend: str, params: Params) -> Wishes:
    """Every server of the backend, to be looked at; which of them get what is decided by what they hold."""
    asked = [values_of(values) for _names, values, _special in _items(params)]
    settings = {name: None for values in asked for name in values.settings}
    every = _leaving(params, "maint")._replace(state=None, settings=settings)
    return Wishes((Wish(others(()), names_of("name", [backend]), every, {}, fail_on_not_found=False),))


def _slots(params: Params) -> Slots:
    tenants = []
    for number, (names, values, special) in enumerate(_items(params), 1):
        if special:
            raise InputError(f"item {number} of servers: with slots all processes get the same")
        state = "ready" if values["state"] == "present" else values["state"]
        tenants.append(tenant_of(names, values_of({**values, "state": state}), number))
    places: Sequence[tuple[str, int | None]] = [(it.address, it.port) for it in tenants]
    if len(set(places)) < len(places):
        raise InputError("two items of servers have the same address and port")
    portless = {address for address, port in places if port is None}
    if any(port is not None and address in portless for address, port in places):
        raise InputError("two items of servers have the same address, and one of them says no port")
    named = [it.slot for it in tenants if it.slot]
    if len(set(named)) < len(named):
        raise InputError("two items of servers have the same slot")
    return Slots(params["slot_prefix"], tuple(tenants), _leaving(params, "maint") if params["purge"] else None)
