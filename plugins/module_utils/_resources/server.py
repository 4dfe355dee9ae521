# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers: their own state and weight, for any number of servers at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from .._dialect import servers, stat
from .._dialect.servers import Key, Server
from .._errors import InputError, ReplyNotUnderstood
from .._fleet import PerProcess
from .._plan import Goal, Part, Step
from .._process import Process
from .._shapes import Aimed, Field, merged_view, missed, route
from .._transport import Conversation
from .readings import NEEDED, WANTED, Reading, reading_of
from .selection import Names, names_of

if TYPE_CHECKING:
    from .until import UntilDrained, UntilUp
    from .weight import Weight

# Other words for a state, as `community.general.haproxy` and the older commands have them.
STATES = {"ready": "ready", "drain": "drain", "maint": "maint", "enabled": "ready", "disabled": "maint"}

FIELDS: tuple[Field[Server], ...] = (
    Field("state", lambda server: server.state, servers.set_state),
    Field("weight", lambda server: server.weight, servers.set_weight),
)


class Observed(NamedTuple):
    """What one process says: all servers and backends by name; of those that the task is about, the rest.

    :param algorithms: backend → ``balance`` algorithm, where the level lets it be read.
    """

    keys: list[Key]
    backends: list[str]
    servers: dict[Key, Server]
    readings: dict[Key, Reading]
    algorithms: dict[str, str]


@dataclass(frozen=True)
class Wish:
    """What the task asks for; None: leave alone."""

    names: Names
    backends: Names | None
    state: str | None
    weight: Weight | None
    wait: bool
    wait_interval: float
    fail_on_not_found: bool

    def means(self, backend: str, name: str) -> bool:
        return self.names.match(name) and (self.backends is None or self.backends.match(backend))


def wish_of(params: Mapping[str, Any]) -> Wish:
    """The wish in a module's parameters.

    :raises InputError: for a value that nothing can be meant by.
    """
    return Wish(
        names=names_of("name", params["name"]),
        backends=None if params["backend"] is None else names_of("backend", params["backend"]),
        state=STATES[params["state"]] if params["state"] else None,
        weight=None if params["weight"] is None else _weight(params["weight"]),
        wait=params["wait"],
        wait_interval=params["wait_interval"],
        fail_on_not_found=params["fail_on_not_found"],
    )


def _weight(text: str) -> Weight:
    from .weight import parse_weight  # not every task sets one

    return parse_weight(text)


@dataclass(frozen=True)
class Servers:
    """The servers that a wish is about, as a resource."""

    wish: Wish

    def observe(self, process: Process) -> Conversation[Observed]:
        names, table = yield from process.ask_tables((servers.SHOW_BACKENDS, servers.SHOW_STATE))
        state = servers.parse_state(table, self.wish.means)
        backends = servers.parse_backends(names)
        readings: dict[Key, Reading] = {}
        algorithms: dict[str, str] = {}
        for command in stat.show_stat_of({server.backend_id for server in state.wanted.values()}):
            table = yield from process.ask(command)
            for cells in stat.parse_stat(table, NEEDED, WANTED):
                key = (cells["pxname"], cells["svname"])
                if cells["type"] == stat.SERVER and key in state.wanted:
                    readings[key] = reading_of(cells, state.wanted[key])
                elif cells["type"] == stat.BACKEND:
                    algorithms[key[0]] = cells.get("algo", "")
        for key, server in state.wanted.items():
            if key not in readings and server.backend in algorithms:
                raise ReplyNotUnderstood(f"show stat has no row for {server.called}", process=process.name)
        # A backend that the configuration disables has servers but no statistics, and takes no command.
        alive = {key: server for key, server in state.wanted.items() if key in readings}
        return Observed(state.keys, backends, alive, readings, algorithms)

    def aim(self, now: PerProcess[Observed]) -> Sequence[Goal[Observed]]:
        self._all_found(now)
        settings = frozenset() if self.wish.weight is None else frozenset({"weight"})
        state = frozenset() if self.wish.state is None else frozenset({"state"})
        if self.wish.state != "ready":
            return [self._goal(now, settings | state, settings | state)]
        # A server comes back when its settings are confirmed, and not before.
        back = self._goal(now, state, settings | state)
        return [self._goal(now, settings, settings), back] if settings else [back]

    @property
    def _drains(self) -> bool:
        return self.wish.wait and self.wish.state == "drain"

    def _goal(self, now: PerProcess[Observed], fields: frozenset[str], reached: frozenset[str]) -> Goal[Observed]:
        """The goal that speaks of these fields, when those others are ``reached``, too."""
        aimed = {
            process: {
                key: Aimed(self._target(server, reached, observed.algorithms.get(server.backend, "")), fields)
                for key, server in observed.servers.items()
            }
            for process, observed in now.items()
        }
        return Goal(PerProcess(aimed), self._until(now) if self.wish.wait and "state" in fields else None)

    def _target(self, server: Server, reached: frozenset[str], algorithm: str) -> Server:
        if self.wish.weight is not None and "weight" in reached:
            weight = self.wish.weight.of(server.initial_weight)
            # Hash algorithms are static or not by their hash type, which cannot be read: HAProxy judges those itself.
            if algorithm == "static-rr" and weight not in (0, server.initial_weight):
                raise InputError(
                    f"weight of {server.called}: its backend uses the static algorithm {algorithm}, which takes only "
                    f"0% and 100% (here {server.initial_weight}), not {weight}"
                )
            server = server._replace(weight=weight)
        return server.put(self.wish.state) if self.wish.state is not None and "state" in reached else server

    def _until(self, now: PerProcess[Observed]) -> UntilDrained | UntilUp | None:
        from .until import UntilDrained, UntilUp  # not every task waits

        every = {(process, key): server for process, it in now.items() for key, server in it.servers.items()}
        if self.wish.state == "drain":
            return UntilDrained(frozenset(every))
        if self.wish.state != "ready":
            return None
        returning = frozenset(place for place, server in every.items() if server.state != "ready")
        stopped = frozenset(place for place, server in every.items() if server.state == "maint")
        return UntilUp(frozenset(every), returning, stopped, self.wish.wait_interval)

    def _all_found(self, now: PerProcess[Observed]) -> None:
        """
        :raises ObjectNotFound: for the first name that matches nothing anywhere.
        """
        alive = {name for observed in now.values() for _backend, name in observed.servers}
        backends = {name for observed in now.values() for name in observed.backends}
        lost = self.wish.backends.unmatched(backends) if self.wish.backends else []
        if lost or (self.wish.fail_on_not_found and self.wish.names.unmatched(alive)):
            from .not_found import not_found  # needed after failures only

            keys = {key for observed in now.values() for key in observed.keys}
            raise not_found(self.wish.names, self.wish.backends, keys, backends, alive)

    def route(self, now: Observed, aimed: Mapping[Key, Aimed[Server]]) -> Iterable[Step]:
        return route(FIELDS, now.servers, aimed)

    def predicted(self, now: Observed, aimed: Mapping[Key, Aimed[Server]]) -> Observed:
        return now._replace(servers={**now.servers, **{key: target.record for key, target in aimed.items()}})

    def missed(self, now: Observed, aimed: Mapping[Key, Aimed[Server]]) -> dict[Part, str]:
        return missed(FIELDS, now.servers, aimed, lambda server: server.called)

    def view(self, now: PerProcess[Observed], keys: Sequence[Key]) -> dict[str, object]:
        return {"/".join(key): _item(now, key) for key in keys}

    def remains(self, process: Process) -> Conversation[Mapping[Key, int]]:
        from .._dialect.connections import SHOW_CONNECTIONS, parse_connections  # where there are old workers only

        (table,) = yield from process.ask_tables((SHOW_CONNECTIONS,))
        used = parse_connections(table)
        return {key: count for key, count in used.items() if self.wish.means(*key)}

    def answer(self, before: PerProcess[Observed], after: PerProcess[Observed], waited: float) -> dict[str, object]:
        keys = sorted({key for observed in before.values() for key in observed.servers})
        rows = [_result(key, before, after) for key in keys]
        return {"servers": rows, "drained_seconds": round(waited, 3)} if self._drains else {"servers": rows}


def _having(now: PerProcess[Observed], key: Key) -> dict[str, Server]:
    return {process: observed.servers[key] for process, observed in now.items() if key in observed.servers}


def _item(now: PerProcess[Observed], key: Key) -> dict[str, object]:
    """A server as an item of the option ``servers``."""
    return {"name": key[1], "backend": key[0], **merged_view(FIELDS, _having(now, key))}


def _result(key: Key, before: PerProcess[Observed], after: PerProcess[Observed]) -> dict[str, object]:
    here = _having(after, key)
    initial = PerProcess({name: server.initial_weight for name, server in here.items()})
    views = [{row.name: row.read(server) for row in FIELDS} for server in here.values()]
    return {
        "backend": key[0],
        "name": key[1],
        "before": _item(before, key),
        "after": _item(after, key),
        "initial_weight": initial.merged(),
        "consistent": initial.same and all(view == views[0] for view in views),
        "processes": list(here),
        "readings": {process: after[process].readings[key].as_result() for process in here},
    }
