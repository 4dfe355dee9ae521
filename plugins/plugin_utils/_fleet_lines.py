# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet as lines of text: one for a server where all processes agree, else one for each load balancer or process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from textwrap import wrap
from typing import NamedTuple

from ._fleet_seen import Kept, Result, Seen, answers, kept, seen, short_names

MARK = "!"
_BALANCERS = ("load balancer", "processes", "version", "runs for", "connections")
_SERVERS = ("backend", "server", "where", "state", "weight", "sessions", "queue", "health")
_NUMBERS = ("connections", "weight", "sessions", "queue")
_WIDTH = 79  # of a terminal, so that nothing is wrapped in the middle of a word
_LONGEST_REASON = 240
_SAID = ("state", "weight", "address")  # what all processes should have the same
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


class Line(NamedTuple):
    """One line of a table; `deviates` marks it."""

    cells: Sequence[str]
    deviates: bool = False
    remark: str = ""


def fleet_lines(results: Mapping[str, Result], files: Mapping[str, str]) -> list[str]:
    """Everything there is to say.

    :param results: load balancer → what ``haproxy_info`` returned there, with processes, backends and servers.
    :param files: load balancer → its files of former states, one after the other.
    """
    rows = seen(results)
    balancers, servers = list(_balancers(results)), list(_servers(rows))
    shown = {(row.backend, row.server) for row in rows}
    unfinished = list(_unfinished(each for each in kept(results, files) if (each.backend, each.server) in shown))
    deviates = bool(unfinished) or any(line.deviates for line in (*balancers, *servers))
    return [
        *_table(_BALANCERS, balancers),
        "",
        *(_table(_SERVERS, servers) if servers else ["  no server of this name"]),
        *(["", *unfinished] if unfinished else []),
        "",
        f"what deviates is marked {MARK}" if deviates else "nothing deviates",
    ]


# Load balancers ---------------------------------------------------------------------------------------------------


def _balancers(results: Mapping[str, Result]) -> Iterator[Line]:
    for name, result in results.items():
        if not answers(result):
            yield Line((name, _reason(result.get("msg", ""))), deviates=True)
            continue
        current, old = ([it for it in result["processes"] if (it["worker"] == "old") is old] for old in (False, True))
        versions = sorted({str(it["version"]) for it in current})
        ages = [int(it["uptime_sec"] or 0) for it in current]
        connections = sum(int(it["connections"] or 0) for it in current)
        cells = name, str(len(current)), ", ".join(versions), _age(min(ages, default=0)), str(connections)
        yield Line(cells, deviates=len(versions) > 1)
        names = short_names(result)
        for it in old:
            age, holds = _age(int(it["uptime_sec"] or 0)), str(it["connections"] or 0)
            yield Line((name, f"old {names[it['name']]}", str(it["version"]), age, holds), deviates=True)
        for it in result.get("skipped_sockets", ()):
            yield Line((name, _reason(f"{it['socket']} is left out: {it['reason']}")), deviates=True)


def _reason(message: object) -> str:
    """The first line of a message, as far as it fits."""
    first = (str(message).strip() or "it does not answer").splitlines()[0].removeprefix("Task failed: ")
    return first if len(first) <= _LONGEST_REASON else f"{first[: _LONGEST_REASON - 1]}…"


def _age(seconds: int) -> str:
    """In the greatest unit that is there."""
    size, unit = next((each for each in _UNITS if seconds >= each[0]), _UNITS[-1])
    return f"{seconds // size} {unit}"


# Servers ----------------------------------------------------------------------------------------------------------


def _servers(rows: Iterable[Seen]) -> Iterator[Line]:
    """Backends only where they want something."""
    for _backend, group in groupby(rows, key=lambda row: row.backend):
        inside = list(group)
        places = {(row.balancer, row.process) for row in inside if not row.old}
        for server, these in groupby(inside, key=lambda row: row.server):
            everywhere = list(these)
            current = [row for row in everywhere if not row.old]
            if current and (server or any(row.queue or not row.serves for row in current)):
                yield from _server(current, places)
            if server:
                yield from (_line([row], f"{row.balancer} {row.process}", "") for row in everywhere if _holds(row))


def _holds(row: Seen) -> bool:
    return row.old and bool(row.sessions or row.queue)


def _server(rows: Sequence[Seen], places: set[tuple[str, str]]) -> Iterator[Line]:
    """One server.

    :param rows: the current processes that have it.
    :param places: load balancers and processes that have its backend.
    """
    lacking = places - {(row.balancer, row.process) for row in rows}
    missing = [f"not on {_named(lacking, places)}"] if lacking else []
    usual = {name: _usual([getattr(row, name) for row in rows]) for name in _SAID}

    def line(part: Sequence[Seen], where: str) -> Line:
        first = part[0]
        other = [name for name in _SAID if getattr(first, name) != usual[name]]
        differs = [f"address {first.address} differs" if name == "address" else f"{name} differs" for name in other]
        return _line(part, where, ", ".join([*differs, *missing]))

    if len({_shown(row) for row in rows}) == 1:
        yield line(rows, _named({(row.balancer, row.process) for row in rows}, places))
        return
    for balancer, group in groupby(rows, key=lambda row: row.balancer):
        here = list(group)
        if len({_shown(row) for row in here}) == 1:
            yield line(here, balancer)
        else:
            yield from (line([row], f"{balancer} {row.process}") for row in here)


def _usual(values: Sequence[str]) -> str | None:
    """What more than half of them are; None: nothing is, and so each differs."""
    value, count = Counter(values).most_common(1)[0]
    return value if count * 2 > len(values) else None


def _shown(row: Seen) -> tuple[str, ...]:
    """What must be the same for two processes to share a line."""
    return row.state, row.weight, row.address, row.health


def _named(chosen: set[tuple[str, str]], places: set[tuple[str, str]]) -> str:
    """Load balancers that are meant as a whole by their names, else processes; "all" for all."""
    if chosen == places:
        return "all"
    whole = {balancer for balancer, _process in places} - {balancer for balancer, _process in places - chosen}
    parts = [f"{balancer} {process}" for balancer, process in chosen if balancer not in whole]
    return ", ".join(sorted([*whole, *parts]))


def _line(rows: Sequence[Seen], where: str, remark: str) -> Line:
    """One line for processes that agree."""
    first = rows[0]
    state, weight, health = ("old", "", "") if first.old else (first.state, first.weight, first.health)
    sums = str(sum(row.sessions for row in rows)), str(sum(row.queue for row in rows))
    cells = first.backend, first.server or "(backend)", where, state, weight, *sums, health
    return Line(cells, first.old or bool(remark) or not first.serves, remark)


def _unfinished(some: Iterable[Kept]) -> Iterator[str]:
    """Servers that have not got back what they had."""
    for (backend, server, was), group in groupby(sorted(some), key=lambda each: each[:3]):
        where = ", ".join(each.balancer for each in group)
        text = f"{backend}/{server} was {was} on {where}: a deploy goes on, or broke off"
        yield from wrap(text, _WIDTH, initial_indent=f"{MARK} ", subsequent_indent="  ")


# Text -------------------------------------------------------------------------------------------------------------


def _table(header: Sequence[str], lines: Sequence[Line]) -> list[str]:
    """Aligned columns; in a line that is shorter the last cell is a text that takes the rest, and further lines."""
    whole = [line.cells for line in lines if len(line.cells) == len(header)]
    first = [line.cells[:1] for line in lines]
    widths = [max(len(row[at]) for row in (header, *whole, *(first if at == 0 else ()))) for at in range(len(header))]
    return [text for line in (Line(header), *lines) for text in _texts(header, line, widths)]


def _texts(header: Sequence[str], line: Line, widths: Sequence[int]) -> list[str]:
    padded = [
        cell.rjust(widths[at]) if header[at] in _NUMBERS else cell.ljust(widths[at])
        for at, cell in enumerate(line.cells)
    ]
    mark, below = f"{MARK if line.deviates else ' '} ", " " * (4 + widths[0])
    if len(padded) < len(header):
        name, text = padded
        return wrap(text, _WIDTH, initial_indent=f"{mark}{name}  ", subsequent_indent=below)
    whole = (mark + "  ".join(padded)).rstrip()
    if not line.remark:
        return [whole]
    with_remark = mark + "  ".join([*padded, line.remark])
    return [with_remark] if len(with_remark) <= _WIDTH else [whole, below + line.remark]
