# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The experiment of benchmark/relay beside the module and ping: what a further task costs, and what passes the wire.

Before anything is measured both must say and do the same. What docs/benchmarks/controller.md and fleet.md count with.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, Self

from benchmark.ansible import OURS, PING
from benchmark.cases.fleet import LOCAL, PROCESSES, SERVERS
from benchmark.findings import RATIO, Finding, alternating, paired
from benchmark.lone import servers_body
from benchmark.played import RELAY_LOG, Spent, ad_hoc, inventory, played
from lab.errors import LabError
from lab.fleet import instances, one
from lab.hosts import Balancer, Host, Hosts, Plan
from lab.versions import newest

CASE = "relay"
RUNS, TASKS = 3, 9
AD_HOC_RUNS = 7
MODULE, RELAY = f"{OURS}.haproxy_server", "haproxy_server"
NAMES = {"ping": PING, "module": "haproxy_server", "relay": "relay", "controller": "controller"}
_ANSIBLES = ("invocation", "failed_when_result", "deprecations")
"""What Ansible, or its own module code, puts into a result."""
_PLACE = {"socket": "{{ haproxy_socket }}", "backend": "www", "name": "s0"}

Task = Mapping[str, Any]


class Place(NamedTuple):
    """Hosts of an inventory, and how many bytes (there, back) passed the wire until now."""

    inventory: Path
    wire: Callable[[], tuple[int, int]]


def run() -> Iterator[Finding]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        four = stack.enter_context(instances(newest(), 4, servers_body(3)))
        tcp = stack.enter_context(one(newest(), servers_body(3), tcp=True))
        local: dict[str, Mapping[str, Any]] = {
            "one": {"haproxy_socket": tcp.sockets},
            "four": {"haproxy_socket": [str(four.directory)]},
            "tcp": {"haproxy_socket": tcp.tcp_addresses[:1], "haproxy_via": "controller"},
        }
        places = {
            name: Place(inventory(folder / f"{name}.json", {"lb1": its}, LOCAL), lambda: (0, 0))
            for name, its in local.items()
        }
        places["ssh"] = stack.enter_context(_OverSsh()).place
        for place in places.values():
            _same(place.inventory)
        yield from _ad_hoc(places["one"].inventory)
        yield from _further(places)
        yield from _large(folder)


class _OverSsh:
    """One balancer in a namespace of its own, reached by OpenSSH. Raises LabError where there are no namespaces."""

    def __init__(self) -> None:
        plan = Plan(
            {"lb1": Host(balancer=Balancer(str(newest()), servers_body(3)))}, variables={"ansible_pipelining": True}
        )
        self._hosts = Hosts(plan)
        if self._hosts.kind != "namespaces":
            self._hosts.stop()
            raise LabError(self._hosts.why)
        self.place = Place(Path(self._hosts.inventory), self._passed)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._hosts.stop()

    def _passed(self) -> tuple[int, int]:
        """As the host's kernel counts, SSH and its acknowledgements included."""
        done = subprocess.run(
            self._hosts.inside(["cat", "/proc/net/dev"], "lb1"), check=True, capture_output=True, text=True
        )
        rows = [
            line.partition(":")[2].split() for line in done.stdout.splitlines() if ":" in line and " lo:" not in line
        ]
        rows = [row for row in rows if not row[0].startswith("lo")]
        return sum(int(row[0]) for row in rows), sum(int(row[8]) for row in rows)


def _task(way: str, **options: Any) -> Task:
    if way == "ping":
        return {PING: {}}
    return {MODULE if way == "module" else RELAY: {**_PLACE, **options}}


def _same(hosts: Path) -> None:
    """Raises CalledProcessError, with Ansible's words, where a result of the relay is not the module's."""
    tasks: list[Task] = []
    for options in ({"weight": "9"}, {"state": "drain"}, {"state": "maint", "weight": "50%"}):
        for check in (True, False):
            for way in ("module", "relay"):
                tasks += [
                    {**_task(way, state="ready", weight="100%")},
                    {**_task(way, **options), "register": way, "check_mode": check, "diff": True},
                    {**_task(way, **options), "register": f"{way}_again", "check_mode": check},
                ]
            tasks.append({"ansible.builtin.assert": {"that": _alike("module", "relay")}})
            tasks.append({"ansible.builtin.assert": {"that": _alike("module_again", "relay_again")}})
            tasks.append(
                {
                    "ansible.builtin.assert": {
                        "that": ["relay is changed", "relay.diff | length > 0", "relay.commands | length > 0"]
                    }
                }
            )
    for wrong in ({"state": "sideways"}, {"weight": "300"}, {"name": "nobody"}):
        for way in ("module", "relay"):
            tasks.append({**_task(way, **wrong), "register": way, "ignore_errors": True})
        tasks.append({"ansible.builtin.assert": {"that": ["relay is failed", "relay.msg == module.msg"]}})
    played(hosts, tasks)


def _alike(one: str, other: str) -> str:
    plain = f"| dict2items | rejectattr('key', 'in', {list(_ANSIBLES)}) | items2dict"
    return f"({one} {plain}) == ({other} {plain})"


def _ad_hoc(hosts: Path) -> Iterator[Finding]:
    """One task from the start of Ansible to its end, locally, with a change."""
    weights = count(1)

    def change(module: str) -> float:
        return ad_hoc(hosts, module, {**_PLACE, "weight": str(next(weights))})

    ways: dict[str, Callable[[], float]] = {
        "ping": partial(ad_hoc, hosts, PING, {}),
        "module": partial(change, MODULE),
        "relay": partial(change, RELAY),
    }
    found = alternating(ways, AD_HOC_RUNS)
    for way, seconds in found.items():
        yield Finding(CASE, f"{NAMES[way]} ad hoc", median(seconds), "s")
    yield Finding(CASE, "relay ad hoc / ping", paired(found["relay"], found["ping"]), RATIO)


class _Cost(NamedTuple):
    spent: Spent
    there: float
    back: float


def _further(places: Mapping[str, Place]) -> Iterator[Finding]:
    """Runs take turns; what is told is the median of each."""
    weights = count(1)
    ways = [
        (name, way) for name in places for way in (("controller",) if name == "tcp" else ("ping", "module", "relay"))
    ]
    ways.remove(("four", "ping"))
    found: dict[tuple[str, str], list[_Cost]] = {each: [] for each in ways}
    for number in range(RUNS):
        for name, way in ways if number % 2 == 0 else reversed(ways):
            found[name, way].append(_slope(places[name], way, weights))
    words = {"one": "locally", "four": "locally, 4 processes", "ssh": "over SSH", "tcp": "over TCP"}
    for (name, way), costs in found.items():
        head = f"{NAMES[way]} {words[name]}, "
        yield Finding(CASE, f"{head}a further task", median(cost.spent.seconds for cost in costs), "s")
        # Over SSH the host's part is no child of Ansible.
        who = "CPU of the controller" if name == "ssh" else "CPU"
        yield Finding(CASE, f"{head}a further task, {who}", median(cost.spent.processor for cost in costs), "s")
        if name == "ssh":
            yield Finding(CASE, f"{head}sent to the host", median(cost.there for cost in costs) / 1000, "KB")
            yield Finding(CASE, f"{head}received", median(cost.back for cost in costs) / 1000, "KB")
    for name in ("one", "four", "ssh"):
        pairs = zip(found[name, "relay"], found[name, "module"], strict=True)
        ratio = median(mine.spent.seconds / its.spent.seconds for mine, its in pairs)
        yield Finding(CASE, f"relay / haproxy_server, {words[name]}", ratio, RATIO)


def _slope(place: Place, way: str, weights: Iterator[int]) -> _Cost:
    """What each further task takes; each changes something."""

    def play(number: int) -> _Cost:
        tasks = [_task(way, weight=str(next(weights) % 256 + 1)) for _task_number in range(number)]
        before = place.wire()
        spent = played(place.inventory, tasks)
        after = place.wire()
        return _Cost(spent, after[0] - before[0], after[1] - before[1])

    first, many = play(1), play(TASKS)
    times = TASKS - 1
    return _Cost(
        many.spent.less(first.spent, times), (many.there - first.there) / times, (many.back - first.back) / times
    )


def _large(folder: Path) -> Iterator[Finding]:
    """Where there is much to read the replies themselves travel: one server changed of thousands."""
    log = folder / "relay.log"
    weights = count(1)
    with instances(newest(), PROCESSES, servers_body(SERVERS)) as fleet:
        hosts = inventory(folder / "large.json", {"lb1": {"haproxy_socket": fleet.sockets}}, LOCAL)
        play = partial(played, hosts, environment={RELAY_LOG: str(log)})
        empty = play([])
        for way in ("module", "relay"):
            spent = play([_task(way, weight=str(next(weights)))]).less(empty, 1)
            head = f"{NAMES[way]}, {PROCESSES} processes, {SERVERS:,} servers, one changed"
            yield Finding(CASE, head, spent.seconds, "s")
            yield Finding(CASE, f"{head}, CPU", spent.processor, "s")
    yield Finding(CASE, f"{head}, received", _said(log.read_text(encoding="ascii").splitlines()) / 1000, "KB")


def _said(lines: Sequence[str]) -> int:
    return sum(int(json.loads(line)["bytes_back"]) for line in lines)
