# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task on a fleet of a thousand balancers costs, computed from what one task costs.

python -m benchmark.scale    prints the tables of docs/benchmarks/fleet.md from docs/benchmarks/figures.json
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import ceil
from typing import NamedTuple

from benchmark.findings import Finding
from benchmark.page import kept
from suite.paths import ROOT

BALANCERS, PROCESSORS = 1000, 8
FORKS = (5, 50, 200)
WORKS = ("one server changed", "all servers changed", "haproxy_info")
_WIDE = "haproxy_server on 200 hosts, forks 20, CPU of the main process"
_DEEP = "4 processes, 5,000 servers"
_RECEIVED = f"relay, {_DEEP}, one changed, received"


class Costs(NamedTuple):
    """Of one task on one host that is reached over SSH; seconds and bytes.

    :param start: of a play until its first task.
    :param main: processor of Ansible's main process, of which there is one.
    :param worker: processor of the worker and its ssh, of which `forks` run side by side.
    :param waits: from the begin of a task to its end, as long as nothing else runs.
    :param sent: bytes to the host; `memory`: bytes of a worker, what it shares included.
    """

    start: float
    main: float
    worker: float
    waits: float
    sent: float
    memory: float


class Work(NamedTuple):
    """What a task on a large balancer has above one on a small one.

    :param host: seconds on the host; `main`: processor of the main process; `result`: bytes that come back.
    """

    host: float
    main: float
    result: float


class Estimate(NamedTuple):
    """A task on a fleet.

    :param processor: seconds of the controller's; `bound`: what it waits for, `forks`, `processors` or `main process`.
    """

    seconds: float
    processor: float
    sent: float
    received: float
    memory: float
    bound: str


def estimate(costs: Costs, work: Work, *, forks: int, hosts: int = BALANCERS, processors: int = PROCESSORS) -> Estimate:
    """One task on all hosts, from the start of Ansible to its end. The slowest of three decides how long it takes:

    the main process, which takes one result after the other; the controller's processors; and the forks, each of which
    waits for its host. Nothing of a network is in it, and no host is slower than the others.
    """
    main = costs.main + work.main
    at_once = min(forks, hosts)
    ways = {
        "main process": hosts * main,
        "processors": hosts * (main + costs.worker) / processors,
        "forks": ceil(hosts / at_once) * (costs.waits + work.host),
    }
    bound = max(ways, key=lambda way: ways[way])
    return Estimate(
        seconds=costs.start + ways[bound],
        processor=costs.start + hosts * (main + costs.worker),
        sent=hosts * costs.sent,
        received=hosts * work.result,
        memory=at_once * costs.memory,
        bound=bound,
    )


def enough_forks(costs: Costs, work: Work, *, hosts: int = BALANCERS, processors: int = PROCESSORS) -> int:
    """From how many on they are no longer what is waited for."""
    main = costs.main + work.main
    slowest = max(main, (main + costs.worker) / processors)
    return min(hosts, ceil((costs.waits + work.host) / slowest))


def controllers(costs: Costs, work: Work, seconds: float, *, hosts: int = BALANCERS) -> int:
    """How many of them, with the hosts shared out, end within so many seconds.

    :raises ValueError: when not even one each would do.
    """
    if seconds < costs.start + costs.waits + work.host:
        raise ValueError(f"one host alone takes longer than {seconds:g} s")
    number = 1
    while True:
        share = ceil(hosts / number)
        forks = enough_forks(costs, work, hosts=share)
        if share == 1 or estimate(costs, work, forks=forks, hosts=share).seconds <= seconds:
            return number
        number += 1


def costs_of(findings: Iterable[Finding], way: str = "haproxy_server") -> Costs:
    """From what was measured, in the cases fleet and relay.

    :param way: `haproxy_server`, or `relay`.
    :raises KeyError: naming what was not.
    """
    found = {(one.case, one.name): one.value for one in findings}
    empty = found["fleet", "a play without a task, 200 hosts, CPU"]
    main = (found["fleet", _WIDE] - empty) / 200
    processor = found["relay", f"{way} over SSH, a further task, CPU of the controller"]
    return Costs(
        start=found["fleet", "a play without a task, 200 hosts"],
        main=main,
        worker=max(0.0, processor - main),
        waits=found["relay", f"{way} over SSH, a further task"],
        sent=found["relay", f"{way} over SSH, sent to the host"] * 1000,
        memory=found["fleet", "haproxy_server on 200 hosts, forks 20, memory of a worker"] * 1e6,
    )


def works_of(findings: Iterable[Finding]) -> dict[str, Work]:
    """What the case fleet measured on one balancer of four processes with 5,000 servers.

    What a result costs the main process goes by its bytes, and is taken from the largest: of a small one, a thousand times
    nothing but noise would be counted.

    :raises KeyError: naming what it did not measure.
    """
    found = {one.name: one.value for one in findings if one.case == "fleet"}
    head = f"{_DEEP}: {WORKS[-1]}"
    a_kilobyte = found[f"{head}, CPU of the main process"] / found[f"{head}, result"]
    works = {}
    for work in WORKS:
        result = found[f"{_DEEP}: {work}, result"]
        host = max(0.0, found[f"{_DEEP}: {work}, the module"])
        works[work] = Work(host, a_kilobyte * result, result * 1000)
    return works


def relayed(costs: Costs, work: Work, received: float) -> tuple[Costs, Work]:
    """The same task where the core runs on the controller: what the module computed there, a worker computes here.

    :param received: bytes of replies, which the worker reads; the main process gets the result only.
    """
    return costs._replace(worker=costs.worker + work.host), work._replace(result=received)


def table(costs: Costs, works: Mapping[str, Work]) -> Iterator[str]:
    """Lines of Markdown."""
    yield f"| {BALANCERS:,} balancers, {PROCESSORS} processors | forks | wall | CPU | sent | received | workers' memory | waits for |"
    yield "|---|---:|---:|---:|---:|---:|---:|---|"
    for name, work in works.items():
        for forks in sorted({*FORKS, enough_forks(costs, work)}):
            said = estimate(costs, work, forks=forks)
            yield (
                f"| {name} | {forks} | {_time(said.seconds)} | {_time(said.processor)} | {_size(said.sent)} | "
                f"{_size(said.received)} | {_size(said.memory)} | {said.bound} |"
            )


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 60:.0f} min"


def _size(size: float) -> str:
    return f"{size / 1e6:,.0f} MB" if size < 1e10 else f"{size / 1e9:,.0f} GB"


def main() -> None:
    """Print the tables, of the module and of the relay."""
    cases = kept(ROOT / "docs/benchmarks/figures.json")
    findings = [one for rows in cases.values() for one in rows]
    works = works_of(findings)
    costs = costs_of(findings)
    print("The module:\n")
    print("\n".join(table(costs, works)))
    minute = {name: controllers(costs, work, 60) for name, work in works.items() if costs.start + work.host < 50}
    print(f"\nExecution nodes for a minute: {', '.join(f'{name} {number}' for name, number in minute.items())}.")
    (received,) = (one.value * 1000 for one in findings if one.name == _RECEIVED)
    there, one = relayed(costs_of(findings, "relay"), works[WORKS[0]], received)
    print("\nThe core on the controller:\n")
    print("\n".join(table(there, {WORKS[0]: one})))


if __name__ == "__main__":
    main()
