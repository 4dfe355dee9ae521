# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``haproxy_info`` found on several load balancers, as one row for each server and process."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

Result = Mapping[str, Any]
"""What ``haproxy_info`` returned for one load balancer, or how it failed."""

_SERVES = ("UP", "no check")


class Seen(NamedTuple):
    """A server, or a backend as a whole (``server`` is ""), on one process."""

    backend: str
    server: str
    balancer: str
    process: str
    old: bool
    state: str
    weight: str
    address: str
    sessions: int
    queue: int
    status: str
    check: str

    @property
    def health(self) -> str:
        """As HAProxy says it. In maintenance the last check is an old one, and not told."""
        return self.status if "MAINT" in self.status else f"{self.status} {self.check}".strip()

    @property
    def serves(self) -> bool:
        """Whether it takes new requests, and nothing is wrong with it."""
        return self.state in ("ready", "") and self.status in _SERVES and self.weight != "0"


class Kept(NamedTuple):
    """What a server was before a deploy that has not come to its end."""

    backend: str
    server: str
    was: str
    balancer: str


def answers(result: Result) -> bool:
    """Whether a load balancer answered."""
    return "processes" in result and "servers" in result


def short_names(result: Result) -> dict[str, str]:
    """Process → its name without the directory, or in full where two would have the same."""
    names = [str(process["name"]) for process in result["processes"]]
    brief = [name.rpartition("/")[2] for name in names]
    return {name: short if brief.count(short) == 1 else name for name in names for short in [name.rpartition("/")[2]]}


def seen(results: Mapping[str, Result]) -> list[Seen]:
    """Backends and their servers, by name and then by load balancer."""
    rows = [
        row
        for balancer, result in results.items()
        if answers(result)
        for kind in ("backends", "servers")
        for it in result.get(kind, ())
        for row in _rows(balancer, it, short_names(result), set(_old(result)))
    ]
    return sorted(rows, key=lambda row: row[:2])


def _old(result: Result) -> Iterator[str]:
    return (process["name"] for process in result["processes"] if process["worker"] == "old")


def _rows(balancer: str, it: Mapping[str, Any], names: Mapping[str, str], old: set[str]) -> Iterator[Seen]:
    is_server = "backend" in it
    for each in it["per_process"]:
        process, stats = each["process"], each["stats"]
        if process not in names:  # it ended between two questions
            continue
        yield Seen(
            backend=str(it["backend"] if is_server else it["name"]),
            server=str(it["name"]) if is_server else "",
            balancer=balancer,
            process=names[process],
            old=process in old,
            state=_value(it, "state", process),
            weight=_value(it, "weight", process),
            address=_address(it, process),
            sessions=int(stats.get("scur", 0)),
            queue=int(stats.get("qcur", 0)),
            status=str(stats.get("status", "")),
            check=_check(stats),
        )


def _check(stats: Mapping[str, Any]) -> str:
    """What the last check said, and its code; HAProxy puts a star before it while the next one runs."""
    return "/".join(str(stats[name]) for name in ("check_status", "check_code") if stats.get(name)).removeprefix("* ")


def _address(it: Mapping[str, Any], process: str) -> str:
    """Name or address, and port; "" for one that has neither."""
    host = _value(it, "fqdn", process) or _value(it, "address", process)
    port = _value(it, "port", process)
    host = f"[{host}]" if ":" in host and port else host
    return f"{host}:{port}" if port else host


def _value(it: Mapping[str, Any], name: str, process: str) -> str:
    """What the process has; where processes differ the value is a dictionary."""
    value = it.get(name)
    if isinstance(value, Mapping):
        value = value.get(process)
    return "" if value is None else str(value)


def kept(results: Mapping[str, Result], files: Mapping[str, str]) -> list[Kept]:
    """What the files of each load balancer keep for the processes that answered there.

    :param files: load balancer → its files of former states, one after the other.
    """
    found = set()
    for balancer, text in files.items():
        result = results.get(balancer, {})
        names = set(short_names(result)) if answers(result) else set()
        for document in _documents(text):
            for part in document.get("fleets", ()):
                for process in names & set(part):
                    was = ", weight ".join(
                        str(part[process][key]) for key in ("state", "weight") if key in part[process]
                    )
                    found.add(Kept(str(document["backend"]), str(document["name"]), was, balancer))
    return sorted(found)


def _documents(text: str) -> Iterator[Mapping[str, Any]]:
    """The JSON documents in a text; what is none ends it."""
    decoder = json.JSONDecoder()
    while text := text.lstrip():
        try:
            document, end = decoder.raw_decode(text)
        except ValueError:
            return
        text = text[end:]
        if isinstance(document, Mapping) and {"backend", "name"} <= document.keys():
            yield document
