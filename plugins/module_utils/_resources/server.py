# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers: their own state and weight, for any number of servers at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from .._dialect import servers, stat
from .._dialect.servers import ServerRow
from .._errors import InputError
from .._fleet import PerProcess
from .._plan import Goal, Step
from .._process import Process
from .._protocol import Command
from .._shapes import Aimed, Field, merged_view, missed, route
from .._transport import Conversation
from .readings import READ_COLUMNS, Reading, reading_of
from .selection import check_pattern, matching, not_found
from .until import UntilDrained, UntilUp
from .weight import Weight, parse_weight

Key = tuple[str, str]

# Other words for a state, as `community.general.haproxy` and the older commands have them.
STATES = {"ready": "ready", "drain": "drain", "maint": "maint", "enabled": "ready", "disabled": "maint"}


@dataclass(frozen=True)
class Server:
    """What may be set of a server."""

    backend: str
    name: str
    state: str
    weight: int
    initial_weight: int

    @property
    def called(self) -> str:
        return f"{self.backend}/{self.name}"


def _say_state(server: Server) -> Command:
    return servers.set_state(server.backend, server.name, server.state)


def _say_weight(server: Server) -> Command:
    return servers.set_weight(server.backend, server.name, server.weight)


STATE: Field[Server] = Field("state", lambda server: server.state, _say_state)
SETTINGS: tuple[Field[Server], ...] = (Field("weight", lambda server: server.weight, _say_weight),)
FIELDS = (STATE, *SETTINGS)


def _rows(server: Server) -> Sequence[Field[Server]]:
    """A server goes out of service before anything else of it changes, and comes back after."""
    return (*SETTINGS, STATE) if server.state == "ready" else FIELDS


class Observed(NamedTuple):
    """What one process says of its servers.

    :param readings: of the servers that the task is about.
    :param algorithms: backend → ``balance`` algorithm, of the same servers' backends, where the level lets it be read.
    """

    servers: dict[Key, Server]
    rows: dict[Key, ServerRow]
    backends: tuple[str, ...]
    readings: dict[Key, Reading]
    algorithms: dict[str, str]


@dataclass(frozen=True)
class Wish:
    """What the task asks for; None: leave alone."""

    names: tuple[str, ...]
    backends: tuple[str, ...] | None
    state: str | None
    weight: Weight | None
    wait: bool
    wait_interval: float
    fail_on_not_found: bool


def wish_of(params: Mapping[str, Any]) -> Wish:
    """The wish in a module's parameters.

    :raises InputError: for a value that nothing can be meant by.
    """
    if not params["name"]:
        raise InputError("name is empty; it takes at least one server's name or a glob")
    if params["backend"] is not None and not params["backend"]:
        raise InputError("backend is empty; leave it out to mean every backend that has the server")
    return Wish(
        names=tuple(check_pattern("name", name) for name in params["name"]),
        backends=tuple(check_pattern("backend", name) for name in params["backend"]) if params["backend"] else None,
        state=STATES[params["state"]] if params["state"] else None,
        weight=None if params["weight"] is None else parse_weight(params["weight"]),
        wait=params["wait"],
        wait_interval=params["wait_interval"],
        fail_on_not_found=params["fail_on_not_found"],
    )


@dataclass(frozen=True)
class Servers:
    """The servers that a wish is about, as a resource."""

    wish: Wish

    def observe(self, process: Process) -> Conversation[Observed]:
        names, state = yield from process.ask_tables((servers.SHOW_BACKENDS, servers.SHOW_STATE))
        rows = servers.parse_state(state)
        chosen = self._chosen(rows)
        readings: dict[Key, Reading] = {}
        algorithms: dict[str, str] = {}
        for command in stat.show_stat_of({backend for backend, _name in chosen}):
            table = yield from process.ask(command)
            for cells in stat.parse_stat(table, READ_COLUMNS):
                key = (cells["pxname"], cells["svname"])
                if cells["type"] == stat.SERVER and key in chosen:
                    readings[key] = reading_of(cells, rows[key])
                elif cells["type"] == stat.BACKEND:
                    algorithms[key[0]] = cells.get("algo", "")
        return Observed(
            servers={key: _server(row) for key, row in rows.items()},
            rows=rows,
            backends=tuple(servers.parse_backends(names)),
            readings=readings,
            algorithms=algorithms,
        )

    def _chosen(self, keys: Iterable[Key]) -> set[Key]:
        chosen = list(keys)
        if self.wish.backends is not None:
            backends = set(matching(self.wish.backends, {backend for backend, _name in chosen}))
            chosen = [key for key in chosen if key[0] in backends]
        names = set(matching(self.wish.names, {name for _backend, name in chosen}))
        return {key for key in chosen if key[1] in names}

    def aim(self, now: PerProcess[Observed]) -> Sequence[Goal[Observed]]:
        self._all_found(now)
        aimed = PerProcess(
            {
                process: {
                    key: self._target(server, observed.algorithms.get(key[0], ""))
                    for key, server in observed.servers.items()
                    if key in observed.readings
                }
                for process, observed in now.items()
            }
        )
        return [Goal(aimed, self._until(now))]

    def _target(self, server: Server, algorithm: str) -> Aimed[Server]:
        fields: dict[str, Any] = {}
        if self.wish.state is not None:
            fields["state"] = self.wish.state
        if self.wish.weight is not None:
            fields["weight"] = weight = self.wish.weight.of(server.initial_weight)
            if algorithm == "static-rr" and weight not in (0, server.initial_weight):
                raise InputError(
                    f"weight of {server.called}: its backend uses the static algorithm {algorithm}, which takes only "
                    f"0% and 100% (here {server.initial_weight}), not {weight}"
                )
        return Aimed(replace(server, **fields), frozenset(fields))

    def _until(self, now: PerProcess[Observed]) -> UntilUp | UntilDrained | None:
        if not self.wish.wait or self.wish.state in (None, "maint"):
            return None
        if self.wish.state == "drain":
            return UntilDrained()
        returning = frozenset(
            (process, key)
            for process, observed in now.items()
            for key in observed.readings
            if observed.servers[key].state != "ready"
        )
        return UntilUp(returning, self.wish.wait_interval)

    def _all_found(self, now: PerProcess[Observed]) -> None:
        """
        :raises ObjectNotFound: for the first name that matches nothing anywhere.
        """
        keys = {key for observed in now.values() for key in observed.servers}
        backends = {name for observed in now.values() for name in observed.backends}
        within = keys
        where = ""
        if self.wish.backends is not None:
            for pattern in self.wish.backends:
                if not matching([pattern], backends):
                    raise not_found("backend", pattern, backends, "")
            chosen = set(matching(self.wish.backends, backends))
            within = {key for key in keys if key[0] in chosen}
            where = f" in backend {', '.join(self.wish.backends)}"
        names = {name for _backend, name in within}
        for pattern in self.wish.names:
            if self.wish.fail_on_not_found and not matching([pattern], names):
                raise not_found("server", pattern, names, where)

    def route(self, now: Observed, aimed: Mapping[Key, Aimed[Server]]) -> Iterable[Step]:
        return route(_rows, now.servers, aimed)

    def predicted(self, now: Observed, aimed: Mapping[Key, Aimed[Server]]) -> Observed:
        return now._replace(servers={**now.servers, **{key: target.record for key, target in aimed.items()}})

    def missed(self, now: Observed, aimed: Mapping[Key, Aimed[Server]]) -> dict[Key, str]:
        return missed(FIELDS, now.servers, aimed, lambda server: server.called)

    def view(self, now: PerProcess[Observed], keys: Sequence[Key]) -> dict[str, object]:
        return {"/".join(key): _item(now, key) for key in keys}

    def answer(self, before: PerProcess[Observed], after: PerProcess[Observed]) -> dict[str, object]:
        keys = sorted({key for observed in before.values() for key in observed.readings})
        return {"servers": [_result(key, before, after) for key in keys]}


def _server(row: ServerRow) -> Server:
    return Server(row.backend, row.name, row.own_state, row.weight, row.initial_weight)


def _having(now: PerProcess[Observed], key: Key) -> dict[str, Server]:
    return {process: observed.servers[key] for process, observed in now.items() if key in observed.servers}


def _item(now: PerProcess[Observed], key: Key) -> dict[str, object]:
    """A server as an item of the option ``servers``."""
    return {"name": key[1], "backend": key[0], **merged_view(FIELDS, _having(now, key))}


def _result(key: Key, before: PerProcess[Observed], after: PerProcess[Observed]) -> dict[str, object]:
    here = PerProcess(_having(after, key))
    return {
        "backend": key[0],
        "name": key[1],
        "before": _item(before, key),
        "after": _item(after, key),
        "initial_weight": PerProcess({name: server.initial_weight for name, server in here.items()}).merged(),
        "consistent": here.same,
        "processes": list(here),
        "readings": {
            process: after[process].readings[key].as_result() for process in here if key in after[process].readings
        },
    }
