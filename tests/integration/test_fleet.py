# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way to reach every process: one list of addresses, no process forgotten and none counted twice."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils import _discovery

from lab.apps import Apps
from lab.config import bind_lines, servers_body
from lab.errors import LabError
from lab.fleet import Fleet, instances, master_worker, nbproc, one
from lab.master import MasterFleet
from lab.oracle import servers
from lab.ports import free_port, has_ipv6
from lab.processes import wait_until
from lab.recorder import Recorder
from lab.sessions import HeldSession, hold_session
from lab.tasks import Result, run
from lab.versions import Version, newest, oldest

MODULE = "haproxy_server"
DRAIN: dict[str, Any] = {"name": ["web1"], "backend": ["www"], "state": "drain"}
OLDEST = pytest.mark.parametrize("haproxy", [oldest()], ids=lambda version: f"haproxy={version}")


def states(fleet: Fleet) -> list[str]:
    """The state of web1 of www on each process."""
    return [servers(fleet, index)["www", "web1"].state for index in range(len(fleet.sockets))]


def drains(*addresses: str, **options: Any) -> Result:
    """The result of a drain through these addresses, which must go well."""
    result = run(MODULE, {**DRAIN, "socket": list(addresses), **options})
    assert not result.get("failed"), result["msg"]
    return result


def names(result: Result) -> list[str]:
    """The names of the processes of a result."""
    return [process["name"] for process in result["processes"]]


# What a user writes, and whether the process is called so; else by the path that was found.
FORMS: dict[str, tuple[Callable[[Fleet], str], bool]] = {
    "path": (lambda fleet: fleet.sockets[0], True),
    "unix@": (lambda fleet: f"unix@{fleet.sockets[0]}", True),
    "directory": (lambda fleet: str(fleet.directory), False),
    "directory/": (lambda fleet: f"{fleet.directory}/", False),
    "glob": (lambda fleet: f"{fleet.directory}/*.sock", False),
    "glob of directories": (lambda fleet: f"{fleet.base}/r*/p[0-9].sock", False),
    "tcp://": (lambda fleet: f"tcp://{fleet.tcp_addresses[0]}", True),
    "HOST:PORT": (lambda fleet: fleet.tcp_addresses[0], True),
    "ipv4@": (lambda fleet: f"ipv4@{fleet.tcp_addresses[0]}", True),
    "name:PORT": (lambda fleet: fleet.tcp_addresses[0].replace("127.0.0.1", "localhost"), True),
}


@pytest.mark.parametrize(("form", "named"), FORMS.values(), ids=FORMS)
def test_every_form_of_address_reaches_the_process(
    haproxy: Version, apps: Apps, form: Callable[[Fleet], str], named: bool
) -> None:
    with one(haproxy, servers_body(apps.ports), tcp=True) as fleet:
        result = drains(form(fleet), expected_processes=1)
        assert result["changed"]
        assert states(fleet) == ["drain"]
        assert [process["pid"] for process in result["processes"]] == fleet.pids
        assert names(result) == [form(fleet) if named else fleet.sockets[0]]


@pytest.mark.parametrize("form", ["[::1]:PORT", "tcp://[::1]:PORT", "ipv6@[::1]:PORT", "ipv6@::1:PORT"])
def test_every_form_of_ipv6_address_reaches_the_process(haproxy: Version, apps: Apps, form: str) -> None:
    assert has_ipv6(), "this machine's loopback has no IPv6"
    with one(haproxy, servers_body(apps.ports), tcp=True) as fleet:
        (place,) = [address for address in fleet.tcp_addresses if "::1" in address]
        result = drains(form.replace("PORT", place.rpartition(":")[2]), expected_processes=1)
        assert result["changed"]
        assert states(fleet) == ["drain"]


BAD_ADDRESSES = ("relative/p1.sock", "p1.sock", "tcp://", "tcp://localhost", "localhost:0", "localhost:65536", "::1:9")


@pytest.mark.parametrize("address", [*BAD_ADDRESSES, "ipv4@[::1]:9", "ipv6@127.0.0.1:9", "http://x:9/", "a b:9", "x:٣"])
def test_what_is_no_address_is_refused(address: str) -> None:
    failure = run(MODULE, {**DRAIN, "socket": [address]})
    assert failure["failed"]
    assert failure["error"] == "InputError"
    assert repr(address) in failure["msg"]


def test_all_addresses_of_one_process_are_one_process(haproxy: Version, apps: Apps) -> None:
    """Levels, links, TCP on IPv4 and IPv6: the one with the highest level is used, under the first name."""
    with one(haproxy, servers_body(apps.ports), operator=True, user=True, tcp=True) as fleet:
        link = fleet.base / "link.sock"
        link.symlink_to(fleet.sockets[0])
        first = fleet.user_sockets[0]
        everything = [first, *fleet.operator_sockets, str(link), *fleet.sockets, *fleet.tcp_addresses]
        result = drains(*everything, expected_processes=1)
        assert names(result) == [first]
        assert result["processes"][0]["socket"] != first
        assert states(fleet) == ["drain"]


@OLDEST
def test_a_shared_socket_of_nbproc_finds_the_sockets_of_all_processes(haproxy: Version, apps: Apps) -> None:
    with nbproc(haproxy, 4, servers_body(apps.ports), shared=True) as fleet:
        assert fleet.shared_socket
        for _attempt in range(3):
            result = drains(fleet.shared_socket, expected_processes=4)
            assert names(result) == fleet.sockets
        assert states(fleet) == ["drain"] * 4


@OLDEST
def test_some_processes_of_nbproc_bring_the_others(haproxy: Version, apps: Apps) -> None:
    with nbproc(haproxy, 4, servers_body(apps.ports)) as fleet:
        result = drains(fleet.sockets[1], expected_processes=4)
        assert names(result) == fleet.sockets
        assert states(fleet) == ["drain"] * 4


@OLDEST
def test_processes_of_nbproc_without_a_socket_of_their_own_stop_a_task_that_writes(
    haproxy: Version, apps: Apps
) -> None:
    """One that reads warns."""
    with nbproc(haproxy, 4, servers_body(apps.ports), shared=True) as fleet:
        assert fleet.shared_socket
        Path(fleet.sockets[3]).rename(fleet.base / "away.sock")
        with Recorder(fleet.sockets[0]) as recorder:
            failure = run(MODULE, {**DRAIN, "socket": [fleet.shared_socket, recorder.path]})
            assert failure["failed"]
            assert failure["error"] == "FleetError"
            assert "has 4 processes, and 1 of them cannot be reached" in failure["msg"]
            assert recorder.writes() == []
            told = run("haproxy_info", {"gather_subset": ["process"], "socket": [fleet.shared_socket, recorder.path]})
            assert len(told["processes"]) == 3
            (skipped,) = told["skipped_sockets"]
            assert "has 4 processes, and 1 of them cannot be reached" in skipped["reason"]
            assert "1 of them cannot be reached" in str(told["warnings"])


@OLDEST
def test_a_shared_socket_behind_a_proxy_is_seen_by_who_answers(haproxy: Version, apps: Apps) -> None:
    """HAProxy does not name the proxy's address, so only further connections show that it is shared."""
    with (
        nbproc(haproxy, 4, servers_body(apps.ports), shared=True) as fleet,
        Recorder(str(fleet.shared_socket)) as proxy,
    ):
        result = drains(proxy.path, expected_processes=4)
        assert names(result) == fleet.sockets
        assert proxy.writes() == []


def spread_body(ports: list[int], binds: list[str]) -> str:
    """Proxies spread over four processes as in haproxyadmin's own configuration."""
    app = [f"127.0.0.1:{port}" for port in ports]
    return f"""\
frontend frontend_proc1
    bind-process 1
{binds[0]}
    default_backend backend_proc1
backend backend_proc1
    bind-process 1
    server member1_proc1 {app[0]}
    server bck_all_srv1 {app[1]} weight 100 check inter 200ms
frontend frontend_proc2
    bind-process 2
{binds[1]}
    default_backend backend_proc2
backend backend_proc2
    bind-process 2
    server bck_proc2_srv1_proc2 {app[0]} check inter 200ms
backend backend1_proc34
    bind-process 3-4
    server bck1_proc34_srv1 {app[0]} check inter 200ms
    server bck_all_srv1 {app[1]} check inter 200ms
backend backend2_proc34
    bind-process 3-4
    server bck2_proc34_srv1 {app[2]}
    server bck_all_srv1 {app[3]}
"""


@OLDEST
def test_an_object_on_some_processes_is_changed_and_told_there(haproxy: Version, apps: Apps) -> None:
    binds = [f"    bind 127.0.0.1:{free_port()} process {number}" for number in (1, 2)]
    with nbproc(haproxy, 4, spread_body(apps.ports, binds)) as fleet:
        place = {"socket": [str(fleet.directory)], "expected_processes": 4}
        result = run(MODULE, {"name": ["bck_all_srv1"], "state": "drain", **place})
        assert not result.get("failed"), result["msg"]
        found = {row["backend"]: [fleet.sockets.index(name) for name in row["processes"]] for row in result["servers"]}
        assert found == {"backend_proc1": [0], "backend1_proc34": [2, 3], "backend2_proc34": [2, 3]}
        told = [(fleet.sockets.index(line["process"]), line["command"]) for line in result["commands"]]
        drain = "set server {}/bck_all_srv1 state drain"
        assert sorted(told) == [
            (0, drain.format("backend_proc1")),
            *sorted((index, drain.format(f"backend{n}_proc34")) for index in (2, 3) for n in (1, 2)),
        ]
        assert {row["consistent"] for row in result["servers"]} == {True}
        only = run(MODULE, {"name": ["bck_proc2*"], "weight": "7", **place})
        assert [row["processes"] for row in only["servers"]] == [[fleet.sockets[1]]]


# Master sockets


@pytest.fixture
def mastered(haproxy: Version, apps: Apps) -> Iterator[tuple[MasterFleet, int]]:
    """A master and its worker, and the port of its frontend."""
    port = free_port()
    with master_worker(haproxy, servers_body(apps.ports, binds=bind_lines(port))) as fleet:
        wait_until(lambda: fleet.ask(0, "show stat www 4 -1").count(",UP,") == 4, 5, lambda: "servers are not up")
        yield fleet, port


def held(fleet: Fleet, port: int) -> tuple[HeldSession, str]:
    """A session that stays, and the server that has it."""
    session = hold_session(port)
    rows = [line.split(",") for line in fleet.ask(0, "show stat www 4 -1").splitlines()]
    scur = rows[0].index("scur")
    return session, next(row[1] for row in rows[1:] if len(row) > scur and row[scur] == "1")


def test_a_master_socket_leads_to_its_worker(mastered: tuple[MasterFleet, int]) -> None:
    fleet, _port = mastered
    assert fleet.master
    result = drains(fleet.master, expected_processes=1)
    assert names(result) == [f"{fleet.master}@1"]
    assert result["old_workers"] == []
    assert states(fleet) == ["drain"]
    again = drains(fleet.master)
    assert not again["changed"]
    both = drains(fleet.sockets[0], fleet.master, expected_processes=1)
    assert names(both) == fleet.sockets
    assert both["old_workers"] == []


def test_a_refusal_through_a_master_is_a_refusal(mastered: tuple[MasterFleet, int]) -> None:
    fleet, _port = mastered
    assert fleet.master
    failure = run(MODULE, {"name": ["wbe1"], "backend": ["www"], "state": "drain", "socket": [fleet.master]})
    assert failure["error"] == "ObjectNotFound"
    static = run(MODULE, {"name": ["fixed1"], "weight": "3", "socket": [fleet.master]})
    assert static["error"] == "InputError"


def test_many_commands_through_a_master(mastered: tuple[MasterFleet, int]) -> None:
    fleet, _port = mastered
    assert fleet.master
    result = run(MODULE, {"name": ["*"], "state": "maint", "weight": "0%", "socket": [fleet.master]})
    assert not result.get("failed"), result["msg"]
    assert {(truth.state, truth.weight) for truth in servers(fleet, 0).values()} == {("maint", 0)}
    assert not run(MODULE, {"name": ["*"], "state": "maint", "weight": "0%", "socket": [fleet.master]})["changed"]


def test_old_workers_are_told_and_never_written_to(mastered: tuple[MasterFleet, int]) -> None:
    fleet, port = mastered
    assert fleet.master
    first, _name = held(fleet, port)
    (former,) = fleet.pids
    with first:
        fleet.reload()
        second = hold_session(port)
        with second:
            fleet.reload()
            with Recorder(fleet.master) as recorder:
                result = drains(recorder.path, expected_processes=1)
                assert result["changed"]
                assert len(result["old_workers"]) == 2
                assert f"{recorder.path}@!{former}" in result["old_workers"]
                workers = {process["pid"]: process["worker"] for process in result["processes"]}
                assert workers[former] == "old"
                assert workers[fleet.pids[0]] == "current"
                writes = [command for command in recorder.writes() if "set server" in command]
                assert all(f"@!{fleet.pids[0]} " in write or "@" not in write for write in writes), writes
                assert len(writes) == 1
            assert states(fleet) == ["drain"]
            assert not drains(fleet.master)["changed"], "an old worker never makes a task changed"


def test_a_drain_waits_for_sessions_of_old_workers(mastered: tuple[MasterFleet, int]) -> None:
    fleet, port = mastered
    assert fleet.master
    session, name = held(fleet, port)
    with session:
        (former,) = fleet.pids
        fleet.reload()
        arguments = {"name": [name], "backend": ["www"], "state": "drain", "wait": True, "wait_interval": 0.1}
        failure = run(MODULE, {**arguments, "socket": [fleet.master], "wait_timeout": 0.3})
        assert failure["failed"]
        assert f"1 sessions of www/{name} on the old worker {fleet.master}@!{former}" in failure["msg"]
        outcome: list[Result] = []
        task = threading.Thread(
            target=lambda: outcome.append(run(MODULE, {**arguments, "socket": [str(fleet.master)], "wait_timeout": 20}))
        )
        task.start()
        time.sleep(0.5)  # five readings
        assert task.is_alive(), "the task ended though an old worker has a session"
        assert session.finish().startswith(b"HTTP/1.1 200")
        task.join(20)
    (result,) = outcome
    assert not result.get("failed"), result["msg"]
    assert result["drained_seconds"] > 0.3


def test_a_drain_warns_when_old_workers_are_unknown(mastered: tuple[MasterFleet, int]) -> None:
    fleet, _port = mastered
    alone = drains(fleet.sockets[0], wait=True)
    assert alone["old_workers"] == "unknown"
    assert any("old workers are unknown" in str(warning) for warning in alone["warnings"])
    known = drains(fleet.sockets[0], str(fleet.master), wait=True)
    assert "warnings" not in known


def test_the_live_worker_after_a_failed_reload_is_current(mastered: tuple[MasterFleet, int]) -> None:
    fleet, _port = mastered
    assert fleet.master
    pids = fleet.pids
    with pytest.raises(LabError):
        fleet.reload("frontend broken\n    bind nowhere:at:all\n", seconds=1)
    wait_until(lambda: fleet.ask(fleet.master, "show proc") != "", 5, lambda: "the master does not answer")
    result = drains(fleet.master, expected_processes=1)
    assert [process["pid"] for process in result["processes"]] == pids
    assert result["old_workers"] == []
    assert states(fleet) == ["drain"]


@OLDEST
def test_workers_of_nbproc_behind_a_master(haproxy: Version, apps: Apps) -> None:
    with master_worker(haproxy, servers_body(apps.ports), workers=4) as fleet:
        assert fleet.master
        result = drains(fleet.master, expected_processes=4)
        assert names(result) == [f"{fleet.master}@{number}" for number in (1, 2, 3, 4)]
        assert states(fleet) == ["drain"] * 4


# Reloads while a task runs


@pytest.mark.parametrize("through", ["worker", "master"])
def test_a_reload_before_the_write_is_seen_and_planned_again(mastered: tuple[MasterFleet, int], through: str) -> None:
    """The write goes to the old worker or to the new one; in both cases the new one is drained at the end."""
    fleet, port = mastered
    session, _name = held(fleet, port)
    target = fleet.sockets[0] if through == "worker" else str(fleet.master)
    reloaded: list[bool] = []

    def reload_first(request: bytes) -> bytes | None:
        if b"set server www" in request and not reloaded:
            reloaded.append(True)
            fleet.reload()
        return None

    with session, Recorder(target, swallow=reload_first) as recorder:
        result = drains(recorder.path, expected_processes=1)
        assert reloaded
        assert any("planned again" in str(warning) for warning in result["warnings"])
        assert states(fleet) == ["drain"]
        assert result["changed"]
        assert [process["pid"] for process in result["processes"] if process["worker"] == "current"] == fleet.pids


def test_reloads_without_end_fail_with_a_sentence(mastered: tuple[MasterFleet, int]) -> None:
    fleet, _port = mastered

    def always(request: bytes) -> bytes | None:
        if b"show servers state" in request:
            fleet.reload()
        return None

    with Recorder(fleet.sockets[0], swallow=always) as recorder:
        failure = run(MODULE, {**DRAIN, "socket": [recorder.path]})
        assert failure["failed"]
        assert failure["error"] == "ProcessReplaced"
        assert "HAProxy was reloaded" in failure["msg"]


def test_a_reload_between_two_tasks_does_not_matter(mastered: tuple[MasterFleet, int]) -> None:
    fleet, _port = mastered
    assert fleet.master
    for address in (fleet.master, fleet.sockets[0]):
        fleet.reload()
        assert drains(address)["changed"]
        assert not drains(address)["changed"]


def test_a_master_that_re_executes_itself_is_asked_again(mastered: tuple[MasterFleet, int]) -> None:
    """It refuses connections for 8 to 50 ms after the signal."""
    fleet, _port = mastered
    assert fleet.master
    for _reload in range(5):
        os.kill(fleet.master_pid, signal.SIGUSR2)
        result = run(MODULE, {**DRAIN, "state": "ready", "socket": [fleet.master], "timeout": 3})
        assert "fault of this collection" not in result.get("msg", "")
        wait_until(
            lambda: run(MODULE, {**DRAIN, "socket": [str(fleet.master)]}).get("failed") is None, 5, lambda: "gone"
        )


# Many processes, and faults among them


def test_sixty_four_processes_in_one_task(apps: Apps) -> None:
    body = f"backend www\n    server web1 127.0.0.1:{apps.ports[0]}\n"
    with instances(newest(), 64, body) as fleet:
        result = drains(str(fleet.directory), expected_processes=64)
        assert names(result) == sorted(fleet.sockets)
        assert states(fleet) == ["drain"] * 64
        idle = time.monotonic()
        drains(str(fleet.directory))
        idle = time.monotonic() - idle
        with fleet.pause(17), fleet.pause(40):
            began = time.monotonic()
            failure = run(MODULE, {**DRAIN, "state": "ready", "socket": [str(fleet.directory)], "timeout": 0.5})
            assert time.monotonic() - began < idle + 0.5 + 0.5
        assert failure["error"] == "TimedOut"
        assert "within 0.5 s" in failure["msg"]
        assert states(fleet) == ["drain"] * 64, "nothing was written anywhere"


def test_connections_that_stats_maxconn_does_not_allow_are_named(haproxy: Version, apps: Apps) -> None:
    from lab.raw import connect

    with one(haproxy, servers_body(apps.ports), global_lines="stats maxconn 2") as fleet:
        taken = [connect(fleet.sockets[0]) for _number in range(2)]
        for connection in taken:
            connection.sendall(b"prompt\n")
            connection.recv(100)
        try:
            failure = run(MODULE, {**DRAIN, "socket": fleet.sockets, "timeout": 0.4})
        finally:
            for connection in taken:
                connection.close()
        assert failure["error"] == "TimedOut"
        assert "stats maxconn" in failure["msg"]
        assert drains(fleet.sockets[0])["changed"]


# Where nothing is said


def test_the_usual_places_are_searched_masters_included(
    mastered: tuple[MasterFleet, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet, _port = mastered
    places = (f"{fleet.base}/none.sock", fleet.sockets[0], str(fleet.master))
    monkeypatch.setattr(_discovery, "USUAL_PLACES", places)
    monkeypatch.delenv("HAPROXY_SOCKET", raising=False)
    for arguments in (DRAIN, {**DRAIN, "socket": None}):
        result = run(MODULE, arguments)
        assert not result.get("failed"), result["msg"]
        assert names(result) == fleet.sockets
        assert result["old_workers"] == []


def test_the_environment_says_where(mastered: tuple[MasterFleet, int], monkeypatch: pytest.MonkeyPatch) -> None:
    fleet, _port = mastered
    monkeypatch.setattr(_discovery, "USUAL_PLACES", ())
    monkeypatch.setenv("HAPROXY_SOCKET", f"{fleet.sockets[0]}, {fleet.master}")
    assert names(run(MODULE, DRAIN)) == fleet.sockets
    monkeypatch.setenv("HAPROXY_SOCKET", "")
    failure = run(MODULE, DRAIN)
    assert failure["error"] == "FleetError"
    assert "no HAProxy answers in the usual places" in failure["msg"]


@pytest.mark.parametrize("empty", ["", [], [""], [" "]])
def test_an_empty_list_does_not_mean_the_usual_places(empty: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAPROXY_SOCKET", "/run/haproxy/admin.sock")
    failure = run(MODULE, {**DRAIN, "socket": empty})
    assert failure["error"] == "InputError"
    assert "socket is empty" in failure["msg"]
