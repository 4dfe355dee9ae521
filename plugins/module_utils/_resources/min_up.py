# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many servers of a backend must stay in service."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import partial
from typing import Any

from .._dialect.servers import RUNNING, STARTING, Key, Server
from .._errors import InputError, NotConverged
from .._fleet import PerProcess
from .._plan import Goal
from .._shapes import Aimed
from .._terms import Place
from .values import Values

_WRITTEN = re.compile(r"([0-9]{1,6})(%?)", re.ASCII)


def refuse_too_few(
    now: PerProcess[Any], wished: Mapping[str, Mapping[Key, Values]], *, joined_first: bool = False
) -> bool:
    """Whether servers that the task brings have to be up before others go.

    :param joined_first: whether they may count.
    :raises InputError: when the task takes servers out of a backend and leaves fewer than its ``min_up`` in service on
        one of the processes.
    """
    needed = False
    for process, each in wished.items():
        wishes = {(key[0], values.min_up) for key, values in each.items() if values.min_up is not None}
        going = set(_going(now[process].servers, each)) if wishes else set()
        for backend, written in sorted(wishes):
            here = [it for key, it in now[process].servers.items() if key[0] == backend and it.present]
            coming = [
                key
                for key, it in each.items()
                if joined_first and key[0] == backend and _joins(now[process].servers[key], it)
            ]
            needed = _judge(process, backend, written, here, going, len(coming)) or needed
    return needed


def looked_after(
    goals: Sequence[Goal[Any]], now: PerProcess[Any], wished: Mapping[str, Mapping[Key, Values]]
) -> Iterator[Goal[Any]]:
    """The goals, with a look right after servers were taken out: somebody else may have taken out others at that moment.

    Only that look brings the servers back; whatever fails later leaves them as they are, as without it.
    """
    gone: set[Place] = set()
    active = {(process, key[0]) for process, seen in now.items() for key, it in seen.servers.items() if _is_active(it)}
    for goal in goals:
        former: dict[str, dict[Key, Aimed[Server]]] = {}
        for process, those in goal.aimed.items():
            for key, aimed in those.items():
                server = now[process].servers[key]
                guarded = wished[process][key].min_up is not None and (process, key) not in gone
                counts = in_service(server) and not (server.backup and (process, key[0]) in active)
                if guarded and counts and not in_service(aimed.record):
                    former.setdefault(process, {})[key] = Aimed(server, frozenset({"state", "weight"}))
                    gone.add((process, key))
        if former:
            look = partial(_still_enough, former, wished)
            yield replace(goal, until=None, former=PerProcess(former), hindsight=look)
            goal = replace(goal, aimed=_without_deeds(goal.aimed))
        yield goal


def _without_deeds(aimed: PerProcess[Mapping[Key, Aimed[Server]]]) -> PerProcess[Mapping[Key, Aimed[Server]]]:
    """The same once they are done, as deeds are sent whatever is there."""
    return PerProcess(
        {
            process: {key: Aimed(each.record, each.fields) for key, each in those.items()}
            for process, those in aimed.items()
        }
    )


def _still_enough(
    gone: Mapping[str, Mapping[Key, Any]],
    wished: Mapping[str, Mapping[Key, Values]],
    _seen: Mapping[str, bytes],
    now: PerProcess[Any],
) -> Sequence[str]:
    """
    :raises NotConverged: when fewer are left in service than the tasks that took some out asked for.
    """
    for process, keys in gone.items():
        for backend, written in sorted({(key[0], wished[process][key].min_up or "") for key in keys}):
            here = [it for key, it in now[process].servers.items() if key[0] == backend and it.present]
            serving, wanted = _serving(here), least(written, len(here))
            if len(serving) < wanted:
                out = ", ".join(sorted("/".join(key) for key in keys if key[0] == backend))
                raise NotConverged(
                    f"others were taken out of service at the same time as {out}: on process {process} {len(serving)} of "
                    f"the {len(here)} servers of {backend} are left, and min_up is {written}, that is {wanted}",
                    process=process,
                )
    return ()


def _serving(servers: Sequence[Server]) -> list[Server]:
    """Those in service; backup servers only where there is no other."""
    active = any(map(_is_active, servers))
    return [server for server in servers if in_service(server) and not (active and server.backup)]


def _is_active(server: Server) -> bool:
    """Whether, beside it, backup servers do not count."""
    return server.present and not server.backup


def _going(servers: Mapping[Key, Server], wished: Mapping[Key, Values]) -> Iterator[str]:
    """The servers that the task takes out of service, as ``backend/name``, and those that track them."""
    out = {servers[key].called for key, values in wished.items() if _leaves(values)}
    yield from (servers[key].called for key, values in wished.items() if _loses(servers[key], values))
    while out:
        yield from out
        out = {server.called for server in servers.values() if server.tracks in out}


def _judge(
    process: str, backend: str, written: str, servers: Sequence[Server], going: AbstractSet[str], coming: int
) -> bool:
    """Whether it takes those that come."""
    wanted = least(written, len(servers))
    serving = _serving(servers)
    out = sorted(server.name for server in serving if server.called in going)
    left = len(serving) - len(out)
    if out and left + coming < wanted:
        raise InputError(
            f"min_up is {written} of the {len(servers)} servers of {backend}, that is {wanted}; on process {process} "
            f"{len(serving)} are in service, and without {', '.join(out[:10])} only {left + coming} would be",
            process=process,
        )
    return bool(out) and left < wanted


def least(written: str, servers: int) -> int:
    """``"2"`` or ``"50%"`` (of so many servers, rounded up) as a number.

    :raises InputError: when it is neither.
    """
    found = _WRITTEN.fullmatch(written)
    if found is None or (found[2] and int(found[1]) > 100):
        raise InputError(f"min_up {written!r} is neither a whole number nor a percentage up to 100%")
    number = int(found[1])
    return -(-number * servers // 100) if found[2] else number


def in_service(server: Server) -> bool:
    """Whether the server gets traffic: running or starting, ready in effect, with a weight. A backup server counts."""
    return server.op_state in (STARTING, RUNNING) and server.effective_state == "ready" and server.weight > 0


def _leaves(values: Values) -> bool:
    """Whether the server is taken out, and with it what tracks it."""
    down = any(values.settings.get(name) in ("down", "stopping") for name in ("health_status", "agent_status"))
    return values.state in ("drain", "maint", "absent") or down


def _joins(server: Server, values: Values) -> bool:
    """Whether the server comes into service; a backup is none that others may go for."""
    comes = values.state == "ready" or (values.state == "present" and not server.present)
    said = dict(zip(values.options, values.options[1:]))
    weight = values.settings.get("weight")
    first = said.get("weight", "1")
    initial = server.initial_weight if server.present else int(first) if first.isdecimal() else 1
    idle = weight.of(initial) == 0 if weight is not None else not (server.weight if server.present else initial)
    return comes and not (in_service(server) or idle or server.backup or "backup" in values.options)


def _loses(server: Server, values: Values) -> bool:
    weight = values.settings.get("weight")
    return weight is not None and weight.of(server.initial_weight) == 0
