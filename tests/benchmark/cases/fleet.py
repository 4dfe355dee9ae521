# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two hundred hosts of an inventory, a HAProxy each, and one balancer of many servers: what docs/benchmarks/fleet.md
counts with. Connections are local, so this machine does the hosts' part, too, and each play runs once only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmark.ansible import INTERPRETER, OURS, PING
from benchmark.findings import RATIO, Finding
from benchmark.lone import servers_body
from benchmark.measured import module
from benchmark.played import Spent, inventory, played
from lab.fleet import Fleet, instances, one
from lab.versions import newest

CASE = "fleet"
HOSTS = 200
FORKS = (5, 20, 50)
FREE_FORKS = 20
PROCESSES, SERVERS = 4, 5000
MODULE = f"{OURS}.haproxy_server"
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": str(INTERPRETER)}

Task = Mapping[str, Any]


def run() -> Iterator[Finding]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        yield from _wide(folder)
        yield from _deep(folder)


def _wide(folder: Path) -> Iterator[Finding]:
    """Many small hosts. Raises RuntimeError where a task did not reach one of them."""
    with instances(newest(), HOSTS, "backend www\n    server web1 127.0.0.1:1 weight 256\n") as fleet:
        hosts = {f"lb{number}": {"its_socket": socket} for number, socket in enumerate(fleet.sockets)}
        play = partial(played, inventory(folder / "wide.json", hosts, LOCAL))
        place = {"socket": "{{ its_socket }}", "backend": "www", "name": "web1"}
        weights = count(1)
        yield from _empty(play([]))
        for forks, strategy in (*((forks, "linear") for forks in FORKS), (FREE_FORKS, "free")):
            how = f"forks {forks}" + ("" if strategy == "linear" else f", strategy {strategy}")
            weight = next(weights)
            ours = play([{MODULE: {**place, "weight": str(weight)}}], forks=forks, strategy=strategy)
            _arrived(fleet, weight)
            yield from _costs("haproxy_server", how, ours)
            if strategy == "linear":
                ping = play([{PING: {}}], forks=forks)
                yield from _costs("ansible.builtin.ping", how, ping)
                yield Finding(
                    CASE, f"haproxy_server on {HOSTS} hosts / ping, {how}", ours.seconds / ping.seconds, RATIO
                )


def _empty(spent: Spent) -> Iterator[Finding]:
    yield Finding(CASE, f"a play without a task, {HOSTS} hosts", spent.seconds, "s")
    yield Finding(CASE, f"a play without a task, {HOSTS} hosts, CPU", spent.processor, "s")


def _costs(what: str, how: str, spent: Spent) -> Iterator[Finding]:
    name = f"{what} on {HOSTS} hosts, {how}"
    yield Finding(CASE, name, spent.seconds, "s")
    yield Finding(CASE, f"{name}, CPU", spent.processor, "s")
    yield Finding(CASE, f"{name}, CPU of the main process", spent.main, "s")
    yield Finding(CASE, f"{name}, memory of a worker", spent.worker, "MB")
    yield Finding(CASE, f"{name}, hosts a second", HOSTS / spent.seconds, "1/s")


def _arrived(fleet: Fleet, weight: int) -> None:
    missed = [said for said in fleet.ask_all("get weight www/web1") if not said.startswith(f"{weight} ")]
    if missed:
        raise RuntimeError(f"weight {weight} is not on {len(missed)} of {HOSTS} hosts; one says {missed[0].strip()!r}")


def _deep(folder: Path) -> Iterator[Finding]:
    """One balancer of several processes with thousands of servers: the module alone, and what its result costs the play.

    What one process with one server costs is taken off: it is that of any task.
    """
    weights = count(1)
    body = servers_body(SERVERS)
    with instances(newest(), PROCESSES, body) as fleet, one(newest(), servers_body(1)) as small:
        tasks: dict[str, Callable[[], Task]] = {
            "one server changed": lambda: _server(fleet, "s7", next(weights)),
            "all servers changed": lambda: _server(fleet, "*", next(weights)),
            "haproxy_info": lambda: {f"{OURS}.haproxy_info": {"socket": fleet.sockets}},
        }
        play = partial(played, inventory(folder / "deep.json", {"lb1": {}}, LOCAL))
        floor_alone = _alone(_server(small, "s0", next(weights)), folder)
        floor = play([_server(small, "s0", next(weights))])
        for name, task in tasks.items():
            alone = _alone(task(), folder)
            spent = play([task()]).less(floor, 1)
            head = f"{PROCESSES} processes, {SERVERS:,} servers: {name}"
            yield Finding(CASE, f"{head}, the module", alone[0] - floor_alone[0], "s")
            yield Finding(CASE, f"{head}, result", alone[1] / 1000, "KB")
            yield Finding(CASE, f"{head}, in a play", spent.seconds, "s")
            yield Finding(CASE, f"{head}, CPU of the main process", max(0.0, spent.main), "s")
            yield Finding(CASE, f"{head}, memory of the main process", spent.megabytes, "MB")


def _server(fleet: Fleet, name: str, weight: int) -> Task:
    return {MODULE: {"socket": fleet.sockets, "backend": "www", "name": name, "weight": str(weight)}}


def _alone(task: Task, folder: Path) -> tuple[float, int]:
    """Seconds of the module as Ansible starts it on a host, and the bytes that it prints."""
    ((name, options),) = task.items()
    cost = module(name.rpartition(".")[2], options, folder)
    return cost.seconds, len(cost.printed)
