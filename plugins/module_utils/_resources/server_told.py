# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers as results show them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .._dialect.servers import ENABLED, Key, Server
from .._fleet import PerProcess
from .._shapes import merged_view
from .observed import Observed
from .settable import settable
from .values import Values
from .wishes import Wishes

Now = PerProcess[Observed]


def told(
    wishes: Wishes, wished: PerProcess[dict[Key, Values]], before: Now, after: Now, waited: float
) -> dict[str, object]:
    """The keys of a result that are about servers.

    :param wished: what was asked of each server.
    """
    keys = sorted({key for each in wished.values() for key in each})
    after = PerProcess({process: _since(before[process], it) for process, it in after.items()})
    answer: dict[str, object] = {"servers": [_result(wishes, key, before, after) for key in keys]}
    if any(
        values.waits_for_sessions and before[p].servers[key].present
        for p, it in wished.items()
        for key, values in it.items()
    ):
        answer["drained_seconds"] = round(waited, 3)
    return answer


def item(wishes: Wishes, now: Now, key: Key) -> dict[str, object]:
    """A server as an item of the option ``servers``."""
    spoken = wishes.spoken(key)
    values = {process: settable(server, spoken) for process, server in _having(now, key)}
    if wishes.delete:
        from .creation import with_options  # few tasks delete servers

        values = {process: with_options(its, now[process].servers[key]) for process, its in values.items()}
    if values:  # where it could be and is not, it is absent: what is fed back does not make it there
        lack = [name for name, it in now.items() if name not in values and it.dynamic and key[0] in it.backends]
        values.update({name: {"state": "absent"} for name in lack})
    return {"name": key[1], "backend": key[0], **merged_view(values)}


def warnings(before: Now, wished: PerProcess[dict[Key, Values]]) -> Iterable[str]:
    """What something else may undo."""
    pairs = [(before[p].servers[key], values) for p, each in wished.items() for key, values in each.items()]
    if not any(_may_not_last(server, values) for server, values in pairs):
        return ()
    from .advice import advice  # most changes last until the next reload

    return advice(pairs)


def _may_not_last(server: Server, values: Values) -> bool:
    made_or_gone = not server.present or values.state == "absent"
    return made_or_gone or bool(server.fqdn or server.agent_state & ENABLED or server.check_sleeps)


def _result(wishes: Wishes, key: Key, before: Now, after: Now) -> dict[str, object]:
    here = {process: server for process, server in _having(after, key) if server.present}
    there = here or {process: server for process, server in _having(before, key) if server.present}
    initial = PerProcess({process: server.initial_weight for process, server in there.items()})
    views = [settable(server, wishes.spoken(key)) for _process, server in _having(after, key)]
    return {
        "backend": key[0],
        "name": key[1],
        "before": item(wishes, before, key),
        "after": item(wishes, after, key),
        "initial_weight": initial.merged() if initial else None,
        "consistent": initial.same and all(view == views[0] for view in views),
        "processes": list(there),
        "readings": {name: after[name].readings[key].as_result() for name in here if key in after[name].readings},
    }


def _since(before: Observed, after: Observed) -> Observed:
    """With servers that are gone as absent ones."""
    gone = [key for key in before.servers if key not in after.servers]
    if not gone:
        return after
    from .creation import missing  # most servers stay

    return after._replace(servers={**after.servers, **{key: missing(key) for key in gone}})


def _having(now: Now, key: Key) -> Iterator[tuple[str, Server]]:
    return ((process, observed.servers[key]) for process, observed in now.items() if key in observed.servers)
