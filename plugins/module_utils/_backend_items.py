# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers that a task wants a backend to have, as wishes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ._errors import InputError
from ._resources.others import others
from ._resources.selection import Names, names_of
from ._resources.states import STATES
from ._resources.values import Values, values_of
from ._resources.wish import Wish
from ._server_items import parts_of
from ._server_spec import LEAVING, SERVER

Params = Mapping[str, Any]

_NO_LEAVING = {"drain": False, "shutdown_sessions": False}


def _beside(params: Params) -> Params:
    """The options of servers that stand beside the items."""
    return {**dict.fromkeys(SERVER), **{name: params[name] for name in LEAVING}}


def leaving(params: Params, state: str) -> Values:
    return values_of({**_beside(params), "state": state})


def items_of(params: Params) -> Iterator[tuple[Params, Params, Mapping[str, Params]]]:
    for item in params["servers"] or ():
        if item["backend"] not in (None, params["name"]):
            raise InputError(
                f"an item of servers is about backend {item['backend']}, and the task about {params['name']}"
            )
        names, values, special = parts_of(_beside(params), {**item, "backend": [params["name"]]}, SERVER)
        said = item["shutdown_sessions"] is not None
        yield names, _fitting(values, said), {process: _fitting(its, said) for process, its in special.items()}


def _fitting(values: Params, said: bool) -> Params:
    """What an item leaves open: the server is there, also on processes for which a dictionary says no state; ending
    sessions beside ``servers`` is about those that leave.

    :param said: whether the item itself asks for it.
    """
    values = {**values, "state": values["state"] or "present"}
    stays = STATES.get(values["state"]) in ("ready", "present")
    return {**values, "shutdown_sessions": False} if stays and not said else values


def wishes_of(backend: str, params: Params) -> Iterator[Wish]:
    here = names_of("name", [backend])
    listed: list[str] = []
    for names, values, special in items_of(params):
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
        yield Wish(others(listed), here, leaving(params, "absent"), {}, fail_on_not_found=False)


def _exact(name: str) -> Names:
    names = names_of("servers", [name])
    if names.globs:
        raise InputError(f"servers: {name!r} is a glob; each item is one server")
    return names
