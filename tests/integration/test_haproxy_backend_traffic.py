# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""haproxy_backend with clients: who joins is up before others go, sessions are waited for, and no request fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any, Self

import pytest

from lab.apps import Apps
from lab.config import DEFAULTS
from lab.fleet import Fleet, one
from lab.ports import free_port, free_ports
from lab.processes import Workspace, wait_until
from lab.tasks import Result, run
from lab.traffic import Request, Traffic
from lab.versions import Version, newest, versions

from .backends import MODULE, Farm, farm, numbers, refused
from .drains import INTERVAL, LONG, Balancers, Waiting, balancers, sticky_backend, wait_ended
from .test_haproxy_backend import A, D, slots

WITH_NEW_SERVERS = [version for version in versions() if numbers(version) >= (2, 6)]
CHANGES = 50
LEAST_RATE = 200.0
"""Requests a second while the membership changes."""
PROCESSES = 2
PATIENT = {"wait_interval": INTERVAL, "wait_timeout": LONG}


# min_up ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(
    scope="module",
    params=[(version, count) for version in WITH_NEW_SERVERS for count in (1, 4)],
    ids=lambda param: f"haproxy={param[0]}-processes={param[1]}",
)
def lab(request: pytest.FixtureRequest, apps: Apps) -> Iterator[Farm]:
    """Each version that makes servers, as one process and as four."""
    version, count = request.param
    with farm(version, count, apps, {"web": 8}) as running:
        yield running


class Seen:
    """What all processes said of a server whenever one of them was sent a command that begins like this."""

    def __init__(self, lab: Farm, backend: str, name: str, beginnings: Sequence[str]) -> None:
        self.status: list[str] = []
        self._lab = lab
        self._key = (backend, name)
        self._beginnings = tuple(beginnings)

    def _look(self, request: bytes) -> bytes | None:
        if any(line.strip().startswith(self._beginnings) for line in request.decode().replace("\n", ";").split(";")):
            self.status += self._lab.cells(*self._key, "status")
        return None

    def __enter__(self) -> Self:
        for recorder in self._lab.recorders.all:
            recorder.swallow = self._look
        return self

    def __exit__(self, *_exception: object) -> None:
        for recorder in self._lab.recorders.all:
            recorder.swallow = None


LEAVE: dict[str, tuple[dict[str, Any], str]] = {
    "purge": ({"purge": True}, "state maint"),
    "purge with drain": ({"purge": True, "drain": True}, "state drain"),
    "weights": ({"weights": {"[abc]": 0}}, "weight 0"),
}


@pytest.mark.parametrize(("wish", "sent"), LEAVE.values(), ids=LEAVE)
def test_with_min_up_those_that_join_are_up_before_others_leave(lab: Farm, wish: dict[str, Any], sent: str) -> None:
    backend = lab.fresh("web")
    new = {**D, "port": lab.ports[3], "options": "check inter 300ms"}
    with Seen(lab, backend, "d", [f"set server {backend}/{name} {sent}" for name in "abc"]) as seen:
        arguments = {"name": backend, "servers": [new], **wish, "min_up": 1, **PATIENT}
        result = run(MODULE, {**arguments, "socket": lab.sockets})
    assert not result.get("failed"), result["msg"]
    assert len(seen.status) >= lab.count**2
    assert set(seen.status) == {"UP"}


def test_with_min_up_nobody_leaves_when_those_that_join_do_not_come_up(lab: Farm) -> None:
    backend = lab.fresh("web")
    new = {**D, "port": free_port(), "options": "check inter 100ms"}
    wish = {"name": backend, "servers": [new], "purge": True, "min_up": 1, "on_timeout": "continue"}
    failure = run(MODULE, {**wish, "wait_timeout": 0.5, "wait_interval": INTERVAL, "socket": lab.sockets})
    assert failure["failed"]
    assert f"{backend}/d" in failure["msg"]
    assert [{name: those[name] for name in "abc"} for those in lab.states(backend)] == [
        dict.fromkeys("abc", "ready")
    ] * lab.count


def test_min_up_that_needs_nobody_waits_for_nobody(lab: Farm) -> None:
    """One that stays is enough."""
    backend = lab.fresh("web")
    new = {**D, "port": free_port(), "options": "check inter 100ms"}
    wish = {"name": backend, "servers": [A, new], "purge": True, "min_up": 1, **PATIENT}
    result = run(MODULE, {**wish, "socket": lab.sockets})
    assert not result.get("failed"), result["msg"]
    assert result["drained_seconds"] < LONG / 2
    assert [set(those) for those in lab.states(backend)] == [{"a", "d"}] * lab.count


def test_a_new_server_is_waited_for_when_asked(lab: Farm) -> None:
    backend = lab.fresh("web")
    new = {**D, "port": lab.ports[3], "options": "check inter 100ms"}
    result = run(MODULE, {"name": backend, "servers": [new], "wait": True, **PATIENT, "socket": lab.sockets})
    assert not result.get("failed"), result["msg"]
    assert set(lab.cells(backend, "d", "status")) == {"UP"}
    dead = {**new, "name": "e", "port": free_port()}
    wish = {"name": backend, "servers": [dead], "purge": True, "wait": True, "wait_timeout": 0.5, "wait_interval": 0.1}
    failure = run(MODULE, {**wish, "socket": lab.sockets})
    assert failure["error"] in ("WaitTimedOut", "PartlyApplied"), failure["msg"]
    assert f"{backend}/e" in failure["msg"]
    assert all({"a", "b", "c", "d"} <= set(those) for those in lab.states(backend)), "others left before it was up"


@pytest.mark.parametrize("version", versions(), ids=lambda version: f"haproxy={version}")
def test_with_min_up_a_slot_is_filled_before_another_is_emptied(version: Version, apps: Apps) -> None:
    with farm(version, 4, apps, {"pool": 1}) as lab:
        lab.tell_all("set server pool1/spare state maint")
        first = run(MODULE, {**slots("pool1", apps.ports[0]), "socket": lab.sockets})
        assert first["changed"]
        with Seen(lab, "pool1", "s2", ["set server pool1/s1 state"]) as seen:
            wish = slots("pool1", apps.ports[1], purge=True, min_up=1, **PATIENT)
            result = run(MODULE, {**wish, "socket": lab.sockets})
        assert not result.get("failed"), result["msg"]
        assert set(seen.status) == {"no check"}
        refused(lab, slots("pool1", purge=True, min_up=1), "InputError", "without s2 only 0 would be")


# Sessions --------------------------------------------------------------------------------------------------------------


class Task(Waiting):
    """A task of this module in a thread of its own."""

    def _run(self, arguments: dict[str, Any]) -> None:
        self.result = run(MODULE, arguments)
        self.ended = time.monotonic()


@pytest.fixture(params=WITH_NEW_SERVERS, ids=lambda version: f"haproxy={version}")
def bound(request: pytest.FixtureRequest, apps: Apps) -> Iterator[Balancers]:
    """Processes whose clients a cookie binds to a server of ``www``."""
    running = balancers(request.param, PROCESSES, sticky_backend(apps))
    with running.fleet:
        yield running


def leaves(bound: Balancers, **options: Any) -> dict[str, Any]:
    """The task after which web1 is gone, and the others are not."""
    others = [{"name": f"web{number}"} for number in (2, 3, 4)]
    return {"name": "www", "servers": others, "purge": True, "socket": bound.socket, **PATIENT, **options}


def is_gone(bound: Balancers) -> bool:
    """Whether no process has web1."""
    return all("www,web1," not in bound.fleet.ask(index, "show stat") for index in range(PROCESSES))


@pytest.mark.parametrize("drain", [False, True], ids=["maintenance", "drain"])
def test_sessions_of_a_server_that_leaves_are_waited_for(bound: Balancers, drain: bool) -> None:
    """On all processes; none of them deletes it before the last has ended."""
    with bound.hold(0) as first, bound.hold(1) as second:
        task = Task(leaves(bound, drain=drain))
        bound.wait_for("drain" if drain else "maint")
        assert task.keeps_waiting()
        assert b" 200 " in first.finish().splitlines()[0]
        assert task.keeps_waiting()
        assert bound.states("web1") == ["drain" if drain else "maint"] * PROCESSES
        assert b" 200 " in second.finish().splitlines()[0]
        result = task.succeeded()
    assert is_gone(bound)
    assert result["drained_seconds"] >= 2 * INTERVAL


def test_sessions_that_do_not_end_fail_the_task(bound: Balancers) -> None:
    with bound.hold(1) as session:
        failure = run(MODULE, leaves(bound, wait_timeout=0.4))
        assert failure["failed"]
        assert "1 sessions and 0 queued requests of www/web1" in failure["msg"]
        assert bound.states("web1") == ["ready"] * PROCESSES, "the former state was not restored"
        assert b" 200 " in session.finish().splitlines()[0]


def test_sessions_that_do_not_end_are_ended(bound: Balancers) -> None:
    with bound.hold(1) as session:
        result = run(MODULE, leaves(bound, wait_timeout=0.4, on_timeout="shutdown"))
        assert not result.get("failed"), result["msg"]
        wait_ended(session)
    assert is_gone(bound)


def test_sessions_that_do_not_end_are_left_alone(bound: Balancers) -> None:
    """What still serves is not deleted, whatever the task does about the rest."""
    with bound.hold(1) as session:
        failure = run(MODULE, leaves(bound, wait_timeout=0.4, on_timeout="continue"))
        assert failure["failed"]
        assert "sessions are left on www/web1" in failure["msg"]
        assert "nothing is deleted anywhere" in failure["msg"]
        assert session.is_open()
        assert not is_gone(bound)
        assert b" 200 " in session.finish().splitlines()[0]


def test_sessions_are_ended_at_once_where_that_is_asked(bound: Balancers) -> None:
    """Those of servers that stay go on."""
    with bound.hold(0) as leaving, bound.hold(1, "web2") as staying:
        result = run(MODULE, leaves(bound, shutdown_sessions=True))
        assert not result.get("failed"), result["msg"]
        wait_ended(leaving)
        assert b" 200 " in staying.finish().splitlines()[0]
    assert is_gone(bound)


def test_sessions_of_servers_that_get_a_weight_go_on(bound: Balancers) -> None:
    """What ends sessions is for those that leave."""
    with bound.hold(0) as leaving, bound.hold(1, "web2") as weighed, bound.hold(0, "web3") as listed:
        servers = [{"name": "web1", "state": "maint"}, {"name": "web3", "weight": 7}]
        wish = {"name": "www", "servers": servers, "weights": {"web2": 5}, "shutdown_sessions": True}
        result = run(MODULE, {**wish, **PATIENT, "socket": bound.socket})
        assert not result.get("failed"), result["msg"]
        wait_ended(leaving)
        for staying in (weighed, listed):
            assert b" 200 " in staying.finish().splitlines()[0]


# Traffic ---------------------------------------------------------------------------------------------------------------

SLOW = "150ms"
# Nothing that a balancer could hide is hidden: a request goes to one server, once.
STRICT = "retries 0\n    default-server pool-purge-delay 100ms\n"


def slow_apps(ports: Sequence[int]) -> Fleet:
    """Applications that tell their names, and answer on paths below /slow a moment later."""
    body = "".join(
        f"""
frontend app{number}
    bind 127.0.0.1:{port}
    tcp-request inspect-delay {SLOW}
    tcp-request content accept if !{{ path_beg /slow }}
    tcp-request content accept if WAIT_END
    http-request return status 200 content-type text/plain string "ok" hdr x-server app{number}
"""
        for number, port in enumerate(ports, 1)
    )
    return one(newest(), body, global_lines="maxconn 2000")


class Clients:
    """Two load generators before one port."""

    def __init__(self, stack: ExitStack, port: int) -> None:
        workspaces = [Workspace(), Workspace()]
        for workspace in workspaces:
            stack.callback(workspace.stop)
        self._running = [Traffic(workspace, port) for workspace in workspaces]
        self._began = time.monotonic()

    def finished(self, called: str) -> list[Request]:
        """All requests since, none of which failed; tells their rate."""
        changed = time.monotonic()
        made = [request for traffic in self._running for request in traffic.finished()]
        rate = sum(self._began <= request.start < changed for request in made) / (changed - self._began)
        print(f"{called}: {len(made)} requests, {rate:.0f} a second over {changed - self._began:.1f} s")
        assert [request for request in made if not request.succeeded] == []
        assert rate >= LEAST_RATE
        assert any(request.is_slow and request.seconds > 0.1 for request in made)
        return made


def changed(arguments: dict[str, Any]) -> Result:
    """A run that changes something."""
    result = run(MODULE, arguments)
    assert not result.get("failed"), result["msg"]
    assert result["changed"]
    return result


@pytest.mark.in_turn
@pytest.mark.parametrize(
    ("version", "by"),
    [
        *((version, "purge") for version in WITH_NEW_SERVERS),
        *((version, "slots") for version in (versions()[0], newest())),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else f"haproxy={value}",
)
def test_no_request_fails_while_the_membership_changes(version: Version, by: str) -> None:
    """Two or three of four applications serve at a time, others each time; drained by turns."""
    ports = free_ports(4)
    public = free_port()
    body = (
        DEFAULTS
        + f"""
frontend public
    bind 127.0.0.1:{public}
    default_backend www
backend www
    balance leastconn
    {STRICT}"""
    )
    if by == "slots":
        body += f"    server-template s 1-4 127.0.0.1:{ports[0]} disabled\n"
    else:
        body += f"    server app1 127.0.0.1:{ports[0]}\n    server app2 127.0.0.1:{ports[1]}\n"
    with ExitStack() as stack:
        stack.enter_context(slow_apps(ports))
        fleet = stack.enter_context(one(version, body, global_lines="maxconn 2000"))
        task = {"name": "www", "purge": True, "socket": fleet.sockets, "wait_timeout": LONG, "wait_interval": 0.02}
        if by == "slots":
            changed({**task, **slots("www", ports[0], ports[1])})
        clients = Clients(stack, public)
        for number in range(CHANGES):
            wanted = {(number + 1) % 4, (number + 2) % 4}
            if by == "slots":
                wish = slots("www", *(ports[each] for each in sorted(wanted)))
            else:
                wish = {
                    "servers": [
                        {"name": f"app{each + 1}", "address": "127.0.0.1", "port": ports[each]}
                        for each in sorted(wanted)
                    ]
                }
            changed({**task, **wish, "drain": bool(number % 2), "min_up": "50%"})
        requests = clients.finished(f"HAProxy {version}, by {by}")
    assert {request.server for request in requests} == {"app1", "app2", "app3", "app4"}


def test_a_new_backend_gets_traffic_once_it_is_published() -> None:
    """Where a name that is computed leads to it; without it, the default backend serves. No request fails either way."""
    version = newest()
    ports = free_ports(2)
    public = free_port()
    body = (
        DEFAULTS.replace("defaults", "defaults plain")
        + DEFAULTS
        + f"""
frontend public
    bind 127.0.0.1:{public}
    use_backend %[str(green)]
    default_backend blue
backend blue
    server app1 127.0.0.1:{ports[0]}
"""
    )
    with ExitStack() as stack:
        stack.enter_context(slow_apps(ports))
        fleet = stack.enter_context(one(version, body, global_lines="maxconn 2000"))
        sessions = served(fleet)
        task = {"name": "green", "socket": fleet.sockets, **PATIENT}
        clients = Clients(stack, public)
        for _time in range(5):
            new = {"name": "app2", "address": "127.0.0.1", "port": ports[1], "options": "check inter 100ms"}
            made = {**task, "state": "present", "defaults": "plain", "servers": [new], "wait": True}
            changed(made)
            before = sessions("blue")
            wait_until(partial(has_served, sessions, "blue", before + 20), LONG, lambda: "blue gets no traffic")
            assert sessions("green") == 0, "it got traffic before it was published"
            changed({**made, "state": "published"})
            wait_until(partial(has_served, sessions, "green", 20), LONG, lambda: "green gets no traffic")
            changed({**task, "state": "unpublished"})
            changed({**task, "state": "absent"})
            whole = {**made, "state": "published"}
            assert changed(whole)["backend"]["after"]["state"] == "published"
            wait_until(partial(has_served, sessions, "green", 20), LONG, lambda: "green gets no traffic")
            changed({**task, "state": "absent", "drain": True})
        requests = clients.finished(f"HAProxy {version}, new backends")
    assert {request.server for request in requests} == {"app1", "app2"}


def has_served(sessions: Callable[[str], int], backend: str, count: int) -> bool:
    """Whether a backend has had more sessions than so many."""
    return sessions(backend) > count


def served(fleet: Fleet) -> Callable[[str], int]:
    """How many sessions a backend has had."""

    def total(backend: str) -> int:
        titles, *lines = fleet.ask(0, f"show stat {backend} 2 -1").strip("\n").splitlines()
        return int(lines[0].split(",")[titles.removeprefix("# ").split(",").index("stot")])

    return total
