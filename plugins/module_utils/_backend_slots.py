# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers of a backend as addresses in the slots of a ``server-template``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ._backend_items import items_of, leaving
from ._errors import InputError
from ._resources.membership import Slots, tenant_of
from ._resources.others import others
from ._resources.selection import names_of
from ._resources.values import values_of
from ._resources.wish import Wish
from ._resources.wishes import Wishes

Params = Mapping[str, Any]


def all_of(backend: str, params: Params) -> Wishes:
    """Every server of the backend, to be looked at; which of them get what is decided by what they hold."""
    asked = [values_of(values) for _names, values, _special in items_of(params)]
    settings = {name: None for values in asked for name in values.settings}
    every = leaving(params, "maint")._replace(state=None, settings=settings)
    return Wishes((Wish(others(()), names_of("name", [backend]), every, {}, fail_on_not_found=False),))


def slots_of(params: Params) -> Slots:
    tenants = []
    for number, (names, values, special) in enumerate(items_of(params), 1):
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
    return Slots(params["slot_prefix"], tuple(tenants), leaving(params, "maint") if params["purge"] else None)
