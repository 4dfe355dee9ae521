# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frontends, backends and servers over all processes, as ``haproxy_info`` shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .._dialect import stat
from .._dialect.servers import SHOW_STATE, Server, parse_state
from .._fleet import Fleet, PerProcess
from .._metrics import Rule, Stats, merged, rules_of
from .._process import Process
from .._shapes import merged_view
from .._transport import Conversation
from .filters import Filters
from .learning import Learned, learn, natures_for, natures_of_all
from .settable import settable
from .tables import Key, Table, read_table, stats_of


class Said(NamedTuple):
    """What one process says: its statistics, and its servers as they can be set."""

    table: Table
    servers: Mapping[Key, Server]


def gather(fleet: Fleet, kinds: Mapping[str, str], filters: Filters) -> dict[str, Any]:
    """
    :param kinds: key of the result → kind of row.
    """

    def read(process: Process) -> Conversation[Said]:
        table = yield from read_table(process, kinds.values(), filters.row)
        servers = (yield from _servers(process, filters)) if stat.SERVER in kinds.values() else {}
        return Said(table, servers)

    old = {name: said for name, said in fleet.each_old(read).items() if said is not None}
    everything = PerProcess({**fleet.each(read), **old})
    tables = {name: said.table for name, said in everything.items()}
    learned = learn(fleet, tables)
    current = frozenset(process.name for process in fleet.processes)
    rows = _rows(fleet, tables, learned)
    result = {}
    for key, kind in kinds.items():
        rules = rules_of(natures_of_all(learned, kind))
        servers = {name: said.servers for name, said in everything.items()} if kind == stat.SERVER else None
        objects = sorted(rows.get(kind, {}).items())
        result[key] = [_object(it, said, rules, current, servers) for it, said in objects]
    return result


def _servers(process: Process, filters: Filters) -> Conversation[Mapping[Key, Server]]:
    state = parse_state(
        (yield from process.ask(SHOW_STATE)), lambda backend, name: filters.row(stat.SERVER, backend, name)
    )
    return state.wanted


def _rows(fleet: Fleet, tables: Mapping[str, Table], learned: Learned) -> dict[str, dict[Key, dict[str, Stats]]]:
    """Kind → object → process → what it says."""
    rows: dict[str, dict[Key, dict[str, Stats]]] = {}
    for name, table in tables.items():
        for row, stats in stats_of(table, natures_for(learned, fleet[name].facts.version)):
            rows.setdefault(row.kind, {}).setdefault(row.key, {})[name] = stats
    return rows


def _object(
    key: Key,
    said: Mapping[str, Stats],
    rules: Mapping[str, Rule],
    current: frozenset[str],
    servers: Mapping[str, Mapping[Key, Server]] | None,
) -> dict[str, Any]:
    """One row of the result.

    :param current: the processes that must agree, where one of them has it: an old worker keeps what it had.
    :param servers: process → servers as they can be set; None: it is no server.
    """
    bound = current & said.keys() or said.keys()
    stats, consistent = merged(said, rules, bound)
    answer: dict[str, Any] = {"name": key[0]}
    if servers is not None:
        values = {
            process: settable(_with_limit(servers[process][key], said[process]), ())
            for process in said
            if process in bound and key in servers[process]
        }
        views = list(values.values())
        same = all(view == views[0] for view in views[1:])
        consistent = consistent and same
        view = views[0] if views and same else merged_view(values)
        answer = {"name": key[1], "backend": key[0], **view}
    answer["stats"] = stats
    answer["per_process"] = [{"process": process, "stats": each} for process, each in said.items()]
    answer["consistent"] = consistent
    return answer


def _with_limit(server: Server, stats: Stats) -> Server:
    """With what only ``show stat`` tells of what can be set."""
    limit = stats.get("slim", 0)
    return server._replace(maxconn=limit if isinstance(limit, int) else None)
