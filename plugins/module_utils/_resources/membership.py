# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers of a backend as addresses in the slots of a ``server-template``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from .._dialect.servers import Key, Server
from .._errors import InputError
from .._fleet import PerProcess
from .observed import Observed
from .values import Values

_NUMBERED = re.compile(r"(.*?)([0-9]+)")


class Tenant(NamedTuple):
    """What a slot is to hold.

    :param slot: the name of the slot that it has to be; "": any.
    """

    address: str
    port: int | None
    slot: str
    values: Values


@dataclass(frozen=True)
class Slots:
    """Servers of one prefix, which take in addresses.

    :param prefix: of their names; None: the only one that several numbered servers have.
    :param leaving: what is asked of a slot whose address is not wished; None: nothing.
    """

    prefix: str | None
    tenants: tuple[Tenant, ...]
    leaving: Values | None

    def assigned(self, now: Mapping[str, Mapping[str, Server]]) -> dict[str, Values]:
        """Slot → what is asked of it, the same on every process.

        :param now: process → name → server of the backend.
        :raises InputError: when there are not slots enough.
        """
        names = self._names(now)
        slots = [name for name in names if all(name in those for those in now.values())]
        taken = self._kept(slots, now)
        free = [
            name
            for name in slots
            if name not in taken.values() and all(_is_free(those[name]) for those in now.values())
        ]
        new = [place for place, _tenant in enumerate(self.tenants) if place not in taken]
        if len(new) > len(free):
            raise InputError(
                f"{len(self.tenants)} servers are wanted, {len(taken)} of them have a slot, and of {len(slots)} slots "
                f"{len(free)} are free"
            )
        taken.update(zip(new, free))
        wished = {taken[place]: tenant.values for place, tenant in enumerate(self.tenants)}
        if self.leaving is not None:
            wished.update({name: self.leaving for name in names if name not in wished})
        return wished

    def _names(self, now: Mapping[str, Mapping[str, Server]]) -> list[str]:
        """The slots that any process has, by number."""
        numbers = _NUMBERED if self.prefix is None else re.compile(f"({re.escape(self.prefix)})([0-9]+)", re.ASCII)
        found: dict[str, dict[str, int]] = {}
        for name in {name for those in now.values() for name in those}:
            numbered = numbers.fullmatch(name)
            if numbered:
                found.setdefault(numbered[1], {})[name] = int(numbered[2])
        if self.prefix is None and len(found) != 1:
            raise InputError(
                f"slot_prefix must say which servers are slots; there are {', '.join(sorted(found)) or 'none with a number'}"
            )
        slots = found.get(self.prefix, {}) if self.prefix is not None else next(iter(found.values()))
        return sorted(slots, key=lambda name: (slots[name], name))

    def _kept(self, names: Sequence[str], now: Mapping[str, Mapping[str, Server]]) -> dict[int, str]:
        """Place of a tenant → the slot that it has to be in, or that has it already: on the most processes, and in
        service rather than out of it."""
        taken = {place: tenant.slot for place, tenant in enumerate(self.tenants) if tenant.slot}
        for slot in taken.values():
            if slot not in names:
                raise InputError(f"there is no slot {slot}")
        for place, tenant in enumerate(self.tenants):
            if place in taken:
                continue
            having = [
                (sum(_has(those[name], tenant) * (2 - _is_free(those[name])) for those in now.values()), name)
                for name in names
                if name not in taken.values()
            ]
            best = max(having, key=lambda it: it[0], default=(0, ""))
            if best[0]:
                taken[place] = best[1]
        return taken


def _has(server: Server, tenant: Tenant) -> bool:
    return server.address == tenant.address and tenant.port in (None, server.port)


def _is_free(server: Server) -> bool:
    return server.state == "maint"


def in_backend(backend: str, servers: Mapping[Key, Server]) -> dict[str, Server]:
    return {key[1]: server for key, server in servers.items() if key[0] == backend and server.present}


def tenant_of(item: Mapping[str, Any], values: Values, number: int) -> Tenant:
    """
    :raises InputError: for an item without an address.
    """
    address = values.settings.get("address")
    if address is None:
        raise InputError(f"item {number} of servers: with slots each needs an address")
    return Tenant(address, values.settings.get("port"), item.get("name") or "", values)


def in_slots(slots: Slots, backend: str, now: Mapping[str, Observed]) -> PerProcess[dict[Key, Values]]:
    """Process → server → what is asked of it.

    :raises InputError: when there are not slots enough.
    """
    here = {process: in_backend(backend, seen.servers) for process, seen in now.items()}
    wished = slots.assigned({process: those for process, those in here.items() if those})
    return PerProcess(
        {p: {(backend, name): it for name, it in wished.items() if name in those} for p, those in here.items()}
    )
