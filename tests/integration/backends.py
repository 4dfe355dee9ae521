# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests about backends share: processes with plenty of backends, each for one test, and the law of haproxy_backend."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lab.apps import Apps
from lab.config import DEFAULTS
from lab.fleet import Fleet, layout
from lab.prophecy import sent, told
from lab.recorder import Recorders
from lab.tasks import Result, run
from lab.versions import Version

from .conftest import Balancer, _given
from .test_haproxy_server_settings import at

MODULE = "haproxy_backend"
KEY = "set dynamic-cookie-key backend "
DELETES_SERVERS = "adding or deleting a server needs HAProxy 2.6, process"
CHANGES_BACKENDS = "adding, deleting, publishing or unpublishing a backend needs HAProxy 3.4, process"
OLD_KEY = "the old key"

# Kind of backend → its lines; {0} to {3} are the ports of applications.
KINDS = {
    "web": """
    balance roundrobin
    server a 127.0.0.1:{0} weight 10
    server b 127.0.0.1:{1} weight 100
    server c 127.0.0.1:{2}
""",
    "pool": """
    balance roundrobin
    server-template s 1-4 127.0.0.1:{0} disabled
    server spare 127.0.0.1:{0} backup
""",
    "duo": """
    balance roundrobin
    server-template s 1-2 127.0.0.1:{0} disabled
    server-template t 1-2 127.0.0.1:{0} disabled
""",
    "sticky": """
    balance roundrobin
    cookie SRV insert dynamic
    dynamic-cookie-key the\\ old\\ key
    server a 127.0.0.1:{0}
    server b 127.0.0.2:{1}
    server six [::1]:{2}
    server own 127.0.0.1:{3} cookie own
""",
    "keyless": """
    balance roundrobin
    cookie SRV insert
    server a 127.0.0.1:{0}
    server six [::1]:{1}
""",
    "owncookies": """
    balance roundrobin
    cookie SRV insert
    server a 127.0.0.1:{0} cookie a
    server b 127.0.0.1:{1} cookie b
""",
    "empty": """
    balance roundrobin
""",
    "fixed": """
    balance static-rr
    server a 127.0.0.1:{0} weight 10
    server b 127.0.0.1:{1} weight 10
""",
    "hashed": """
    balance source
    hash-type map-based
    server a 127.0.0.1:{0}
    server b 127.0.0.1:{1}
""",
    "tracked": """
    balance roundrobin
    server a 127.0.0.1:{0} check inter 500ms
    server b 127.0.0.1:{1} track {name}/a
    server c 127.0.0.1:{2}
""",
    "used": """
    balance roundrobin
    use-server b if {{ path_beg /b }}
    server a 127.0.0.1:{0}
    server b 127.0.0.1:{1}
    server c 127.0.0.1:{2}
""",
}

Members = dict[str, dict[str, Any]]
"""Server → what it has on one process, by the names of the module's options."""


@dataclass(frozen=True)
class Farm(Balancer):
    """One process or four with many backends of each kind; those that ``fresh`` gives nobody has touched yet."""

    ports: list[int]
    stock: dict[str, int]
    used: dict[str, int] = field(default_factory=dict)

    def fresh(self, kind: str) -> str:
        """The name of a backend that is as configured."""
        self.used[kind] = self.used.get(kind, 0) + 1
        assert self.used[kind] <= self.stock[kind], f"the farm needs more backends of the kind {kind}"
        return f"{kind}{self.used[kind]}"

    @property
    def count(self) -> int:
        """How many processes there are."""
        return len(self.recorders)

    def can(self, version: str) -> bool:
        """Whether the processes are of this version or a newer one."""
        return numbers(self.fleet.version) >= tuple(map(int, version.split(".")))

    def tell(self, index: int, *commands: str) -> str:
        """Raw commands to one process, past the recorders."""
        return self.fleet.ask(index, ";".join(commands))

    def tell_all(self, *commands: str) -> None:
        """The same to all."""
        for index in range(self.count):
            self.tell(index, *commands)

    def members(self, backend: str) -> list[Members]:
        """The servers of a backend on each process, read without the collection's own code."""
        return [members(self.fleet, index, backend) for index in range(self.count)]

    def states(self, backend: str) -> list[dict[str, str]]:
        """The same, states only."""
        return [{name: own["state"] for name, own in those.items()} for those in self.members(backend)]

    def weights(self, backend: str) -> list[dict[str, int]]:
        """The same, weights only."""
        return [{name: own["weight"] for name, own in those.items()} for those in self.members(backend)]

    def places(self, backend: str) -> list[dict[str, tuple[str, int]]]:
        """Where those that are not in maintenance are."""
        return [
            {name: (own["address"], own["port"]) for name, own in those.items() if own["state"] != "maint"}
            for those in self.members(backend)
        ]

    def status(self, backend: str) -> list[str]:
        """What each process says of the backend itself; "" where it is not."""
        return [row_of(self.fleet, index, backend, "BACKEND").get("status", "") for index in range(self.count)]

    def cells(self, backend: str, server: str, column: str) -> list[str]:
        """One cell of ``show stat`` on each process."""
        return [row_of(self.fleet, index, backend, server).get(column, "") for index in range(self.count)]

    def cookies(self, backend: str) -> list[dict[str, str]]:
        """Server → the cookie that each process shows."""
        return [
            {row["svname"]: row["cookie"] for row in rows(self.fleet, index, backend) if row["svname"] != "BACKEND"}
            for index in range(self.count)
        ]


def numbers(version: Version) -> tuple[int, ...]:
    """A version that compares."""
    return tuple(map(int, version.name.split(".")))


def members(fleet: Fleet, index: int, backend: str) -> Members:
    """The servers of one backend on one process; none where there is no such backend."""
    _version, *lines = fleet.ask(index, f"show servers state {backend}").strip("\n").splitlines()
    if not lines or not lines[0].startswith("#"):
        return {}
    columns = lines[0].removeprefix("# ").split()
    stat = {row["svname"]: row for row in rows(fleet, index, backend)}
    found = {}
    for line in lines[1:]:
        cells = {name.removeprefix("srv_"): cell for name, cell in zip(columns, line.split(), strict=True)}
        row = stat[cells["name"]]
        found[cells["name"]] = {**_given(cells), "maxconn": int(row["slim"] or 0)}
    return found


def rows(fleet: Fleet, index: int, backend: str) -> list[dict[str, str]]:
    """``show stat`` of one backend on one process; empty where there is none."""
    titles, *lines = fleet.ask(index, f"show stat {backend} 6 -1").strip("\n").splitlines() or [""]
    names = titles.removeprefix("# ").split(",")
    return [dict(zip(names, line.split(","), strict=False)) for line in lines]


def row_of(fleet: Fleet, index: int, backend: str, name: str) -> dict[str, str]:
    """One row of it; empty where there is none."""
    return next((row for row in rows(fleet, index, backend) if row.get("svname") == name), {})


@contextlib.contextmanager
def farm(version: Version, count: int, apps: Apps, stock: dict[str, int], more: str = "") -> Iterator[Farm]:
    """Start it with so many backends of each kind, and ``more`` beside."""
    # Only 3.4 makes backends, for which it needs defaults with a name.
    named = DEFAULTS.replace("defaults", "defaults plain") if numbers(version) >= (3, 4) else ""
    body = [named, DEFAULTS, more]
    for kind, wanted in stock.items():
        for number in range(1, wanted + 1):
            name = f"{kind}{number}"
            body.append(f"backend {name}" + KINDS[kind].format(*apps.ports, name=name))
    with layout(version, count, "\n".join(body)) as fleet, Recorders(fleet) as recorders:
        yield Farm(fleet, recorders, apps.ports, stock)


# The law ---------------------------------------------------------------------------------------------------------------


def law(lab: Farm, arguments: dict[str, Any]) -> Result:
    """Check mode predicts what the run does, the run does what it tells, what it tells is so, and the second run is idle.

    ``lab.prophecy`` for a backend: servers that are gone are no rows of the second run, a key is told as stars.
    """
    arguments = {"socket": lab.sockets, **arguments}
    predicted = silent(lab, arguments, check=True)
    lab.recorders.clear()
    applied = run(MODULE, arguments)
    assert not applied.get("failed"), applied["msg"]
    assert written(lab) == sent(applied), "the result tells other commands than were sent"
    assert told(predicted, "servers") == told(applied, "servers"), "check mode predicted something else"
    assert predicted["backend"] == applied["backend"]
    assert applied["changed"] == any(written(lab))
    agrees(lab, applied)
    again = silent(lab, arguments)
    assert not again["changed"]
    assert again["commands"] == []
    kept = there(applied, "after")
    assert there(again, "before") == there(again, "after") == kept
    assert again["backend"]["before"] == again["backend"]["after"] == applied["backend"]["after"]
    return applied


def there(result: Result, moment: str) -> list[dict[str, Any]]:
    """The servers that there are, before or after."""
    return [row[moment] for row in result["servers"] if row[moment].get("state") != "absent"]


def silent(lab: Farm, arguments: dict[str, Any], *, check: bool = False) -> Result:
    """The result of a run that sends nothing that writes."""
    lab.recorders.clear()
    result = run(MODULE, {"socket": lab.sockets, **arguments}, check=check)
    assert not result.get("failed"), result["msg"]
    assert lab.recorders.writes() == [[]] * lab.count, "check mode wrote" if check else "the second run wrote"
    return result


def written(lab: Farm) -> list[list[str]]:
    """The writing commands of each process, keys as stars."""
    return [[masked(command) for command in commands] for commands in lab.recorders.writes()]


def masked(command: str) -> str:
    """A command as results tell it."""
    if not command.startswith(KEY):
        return command
    return f"{KEY}{command.removeprefix(KEY).split(' ')[0]} ********"


def agrees(lab: Farm, result: Result) -> None:
    """What the result says of the servers and the backend is what every process says."""
    backend = result["backend"]["name"]
    names = [process["name"] for process in result["processes"]]
    for name, truth, status in zip(names, lab.members(backend), lab.status(backend), strict=True):
        for row in result["servers"]:
            own = truth.get(row["name"], {"state": "absent"})
            for option, value in at(row["after"], name).items():
                if option != "options":
                    assert (row["name"], option, own[option]) == (row["name"], option, value)
        state = "absent" if not status else "unpublished" if status.endswith("(UNPUB)") else "published"
        assert at(result["backend"]["after"], name)["state"] == state


def refused(lab: Farm, arguments: dict[str, Any], error: str, words: str) -> Result:
    """Check mode and a run fail alike, and nothing is sent."""
    before = lab.members(arguments["name"])
    for check in (True, False):
        lab.recorders.clear()
        failure = run(MODULE, {"socket": lab.sockets, **arguments}, check=check)
        assert failure.get("failed"), failure
        assert (failure["error"], failure["changed"]) == (error, False), failure["msg"]
        assert words in failure["msg"]
        assert failure["done"] == failure["refused"] == failure["unconfirmed"] == failure.get("also_done", []) == []
        assert lab.recorders.writes() == [[]] * lab.count
    assert lab.members(arguments["name"]) == before
    return failure


def needs(lab: Farm, sentence: str) -> str:
    """The sentence about a version, as the first process's failure has it."""
    return f"{sentence} {lab.recorders.sockets[0]} runs {lab.fleet.version.name}."
