# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's fleets on every HAProxy version: what they promise to the tests that use them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab.apps import Apps
from lab.config import bind_lines, servers_body
from lab.errors import LabError
from lab.fleet import instances, layout, master_worker, nbproc, one
from lab.packages import PACKAGE, binary, exact_version
from lab.ports import free_port, free_ports, has_ipv6
from lab.processes import is_running, wait_until
from lab.raw import ask, connect
from lab.sessions import hold_connection, hold_session
from lab.versions import Version, newest, oldest, version, versions

TESTS = Path(__file__).parents[2]


def info(reply: str) -> dict[str, str]:
    """A ``show info`` reply as a mapping."""
    return dict(line.split(": ", 1) for line in reply.splitlines() if ": " in line)


def column(reply: str, row: tuple[str, str], name: str) -> str:
    """One cell of ``show stat``."""
    lines = reply.removeprefix("# ").splitlines()
    header = lines[0].split(",")
    cells = next(line.split(",") for line in lines[1:] if line.startswith(f"{row[0]},{row[1]},"))
    return cells[header.index(name)]


def get(port: int, path: str = "/") -> bytes:
    """The response to one request; empty where the connection is closed without one."""
    with connect(f"127.0.0.1:{port}") as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        reply = b""
        while piece := connection.recv(65536):
            reply += piece
    return reply


def test_binary_is_the_version_asked_for(haproxy: Version) -> None:
    assert exact_version(haproxy).startswith(f"{haproxy}.")
    said = subprocess.run([binary(haproxy), "-v"], capture_output=True, text=True, check=True).stdout
    assert exact_version(haproxy) in said


def test_binary_uses_no_library_of_the_machine(haproxy: Version) -> None:
    folder = binary(haproxy).parent
    loader = next(folder.glob("ld-*"))
    listed = subprocess.run([loader, "--list", folder / PACKAGE], capture_output=True, text=True, check=True).stdout
    paths = [line.split(" => ")[1].split(" (")[0] for line in listed.splitlines() if " => " in line]
    assert paths
    assert [path for path in paths if Path(path).parent != folder] == []


def test_one_process_answers_at_each_level_and_over_tcp(haproxy: Version, apps: Apps) -> None:
    with one(haproxy, servers_body(apps.ports), operator=True, user=True, tcp=True) as fleet:
        addresses = [*fleet.sockets, *fleet.operator_sockets, *fleet.user_sockets, *fleet.tcp_addresses]
        levels = [fleet.ask(address, "show cli level").strip() for address in addresses]
        assert levels == ["admin", "operator", "user", "admin", "admin"][: 5 if has_ipv6() else 4]
        assert {info(fleet.ask(address, "show info"))["Pid"] for address in addresses} == {str(fleet.pids[0])}
        assert sorted(os.listdir(fleet.directory)) == ["p1.sock"]  # noqa: PTH208 - the names are the point
        assert max(len(path) for path in fleet.sockets) < 97


def test_instances_share_a_port_and_have_a_body_each(haproxy: Version) -> None:
    port = free_port()
    reply = '    http-request return status 200 content-type text/plain string "this is {0}"\n'

    def body(number: int) -> str:
        return f"frontend public\n{bind_lines(port)}{reply.format(number)}"

    with instances(haproxy, 4, body) as fleet:
        assert len(set(fleet.pids)) == 4
        assert fleet.running == sorted(fleet.pids)
        assert [Path(path).name for path in fleet.sockets] == ["p1.sock", "p2.sock", "p3.sock", "p4.sock"]
        replies = {get(port).rpartition(b" ")[2] for _each in range(60)}
        assert replies == {b"1", b"2", b"3", b"4"}


def test_layout_gives_the_processes_asked_for(haproxy: Version, apps: Apps) -> None:
    binds = bind_lines(free_port(), processes=3 if haproxy.has_nbproc else 1)
    with layout(haproxy, 3, servers_body(apps.ports, binds=binds)) as fleet:
        assert len(set(fleet.pids)) == 3
        nbprocs = [info(reply)["Nbproc"] for reply in fleet.ask_all("show info")]
        assert nbprocs == (["3"] * 3 if haproxy.has_nbproc else ["1"] * 3)
        fleet.ask(0, "set weight www/web1 5%")
        assert [reply.split()[0] for reply in fleet.ask_all("get weight www/web2")] == ["100"] * 3


def test_nbproc_has_a_socket_per_process_and_a_shared_one(apps: Apps) -> None:
    port = free_port()
    body = servers_body(apps.ports, binds=bind_lines(port, processes=4))
    with nbproc(oldest(), 4, body, shared=True) as fleet:
        assert [info(reply)["Process_num"] for reply in fleet.ask_all("show info")] == ["1", "2", "3", "4"]
        assert fleet.shared_socket is not None
        # An idle HAProxy may let one process answer connection after connection; stopped, it leaves them to the others.
        first = int(info(fleet.ask(fleet.shared_socket, "show info"))["Pid"])
        with fleet.pause(fleet.pids.index(first)):
            assert int(info(fleet.ask(fleet.shared_socket, "show info"))["Pid"]) != first
        fleet.ask(1, "set weight www/web1 20")
        assert [reply.split()[0] for reply in fleet.ask_all("get weight www/web1")] == ["10", "20", "10", "10"]
        for turn in ("disable", "enable"):
            fleet.ask_all(f"{turn} frontend public")
        assert all(b" 200 " in get(port) for _each in range(12))
    with pytest.raises(LabError, match="has no nbproc"):
        nbproc(newest(), 2, body)


def test_servers_of_the_sample_body(haproxy: Version, apps: Apps) -> None:
    with one(haproxy, servers_body(apps.ports, binds=bind_lines(port := free_port()))) as fleet:
        weights = [fleet.ask(0, f"get weight www/web{number}").split()[0] for number in (1, 2, 3, 4)]
        assert weights == ["10", "100", "1", "256"]

        def status(server: str) -> str:
            return column(fleet.ask(0, "show stat"), ("odd", server), "status")

        wait_until(lambda: status("dead1") == "DOWN", 5, lambda: "dead1 stays up")
        assert status("off1") == "MAINT"
        assert status("follow1").startswith("UP")
        assert status("a.b:c-d_e") == "no check"
        assert [b" 200 " in get(port, path) for path in ("/", "/api", "/fixed")] == [True] * 3


def test_reload_leaves_an_old_worker_while_a_session_is_held(haproxy: Version, apps: Apps) -> None:
    port = free_port()
    with master_worker(haproxy, servers_body(apps.ports, binds=bind_lines(port))) as fleet:
        before = fleet.pids
        with hold_session(port) as session:
            after = fleet.reload()
            assert not set(before) & set(after)
            assert fleet.pids == after
            assert fleet.old_pids == before
            assert f"\n{before[0]} " in fleet.ask(fleet.master, "show proc").partition("# old workers")[2]
            assert "Stopping: 1" in fleet.ask(fleet.master, f"@!{before[0]} show info")
            assert session.is_open()
            assert b" 200 " in session.finish()
        fleet.wait_old_gone()
        assert fleet.running == sorted([fleet.master_pid, *after])


def test_reload_takes_another_body_and_repeats(haproxy: Version, apps: Apps) -> None:
    with master_worker(haproxy, servers_body(apps.ports, binds=bind_lines(port := free_port()))) as fleet:
        with hold_connection(port), hold_session(port):
            fleet.reload()
            with hold_session(port):
                fleet.reload("backend fresh\n    server new1 127.0.0.1:9\n")
                assert len(fleet.old_pids) == 2
                assert "fresh" in fleet.ask(0, "show backend")
        fleet.wait_old_gone()


def test_failed_reload_keeps_the_worker(haproxy: Version) -> None:
    with master_worker(haproxy, "backend b\n") as fleet:
        before = fleet.pids
        with pytest.raises(LabError, match="no_such_keyword"):
            fleet.reload("backend b\n    no_such_keyword\n", seconds=0.3)
        assert fleet.pids == before
        assert fleet.reload("backend b\n") != before


def test_master_of_several_processes(apps: Apps) -> None:
    body = servers_body(apps.ports, binds=bind_lines(free_port(), processes=2))
    with master_worker(oldest(), body, workers=2) as fleet:
        assert [info(fleet.ask(fleet.master, f"@{number} show info"))["Process_num"] for number in (1, 2)] == ["1", "2"]
        assert len(set(fleet.reload())) == 2


def test_held_session_counts_at_its_server(haproxy: Version, apps: Apps) -> None:
    with one(haproxy, servers_body(apps.ports, binds=bind_lines(port := free_port()))) as fleet:
        with hold_session(port, "/fixed/hold"), hold_session(port, "/fixed/hold"):
            current = [column(fleet.ask(0, "show stat"), ("fixed", name), "scur") for name in ("fixed1", "fixed2")]
            assert sum(map(int, current)) == 2

        def ended() -> bool:
            return column(fleet.ask(0, "show stat"), ("fixed", "BACKEND"), "scur") == "0"

        wait_until(ended, 5, lambda: "sessions stay after their clients left")


def test_stopped_application_takes_its_server_down(haproxy: Version) -> None:
    with Apps(4) as apps, one(haproxy, servers_body(apps.ports)) as fleet:

        def is_up(server: str) -> bool:
            return column(fleet.ask(0, "show stat"), ("www", server), "status") != "DOWN"

        apps.stop_port(apps.ports[1])
        wait_until(lambda: not is_up("web2"), 5, lambda: "web2 stays up")
        assert is_up("web1")
        apps.start_port(apps.ports[1])
        wait_until(lambda: is_up("web2"), 5, lambda: "web2 stays down")


def test_killed_and_paused_processes(haproxy: Version, apps: Apps) -> None:
    with instances(haproxy, 3, servers_body(apps.ports)) as fleet:
        pid = fleet.kill(2)
        assert not is_running(pid)
        with pytest.raises(ConnectionRefusedError):
            fleet.ask(2, "show info")
        with fleet.pause(1), pytest.raises(TimeoutError):
            fleet.ask(1, "show info", 0.2)
        assert "Pid: " in fleet.ask(1, "show info")


def test_nothing_is_left(haproxy: Version, apps: Apps) -> None:
    body = servers_body(apps.ports, binds=bind_lines(port := free_port()))
    with master_worker(haproxy, body) as first, hold_session(port):
        first.reload()
        seen = first.running
        assert len(seen) == 3
        first.stop()
    second = layout(haproxy, 2, "")
    seen += second.running
    with contextlib.suppress(RuntimeError), second:
        assert second.pause(0).pid in seen
        raise RuntimeError("on purpose, while a process is paused")
    assert [pid for pid in seen if is_running(pid)] == []
    assert not first.base.exists()
    assert not second.base.exists()


def test_a_refused_configuration_is_told_in_haproxys_words(haproxy: Version) -> None:
    for start in (one, master_worker):
        with pytest.raises(LabError, match="no_such_keyword"):
            start(haproxy, "frontend f\n    no_such_keyword\n")
    if haproxy.has_nbproc:
        with pytest.raises(LabError, match="no_such_keyword"):
            nbproc(haproxy, 2, "frontend f\n    no_such_keyword\n")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_python_leaves_nothing(number: int) -> None:
    script = (
        "from lab.fleet import instances\n"
        "fleet = instances('3.0', 2, 'backend b\\n')\n"
        "print(fleet.base, *fleet.running, flush=True)\n"
        "input()\n"
    )
    env = {**os.environ, "PYTHONPATH": str(TESTS)}
    with subprocess.Popen(
        [sys.executable, "-c", script], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as python:
        assert python.stdout is not None
        base, *pids = python.stdout.readline().split()
        assert len(pids) == 2
        assert all(is_running(int(pid)) for pid in pids)
        python.send_signal(number)
    wait_until(lambda: not any(is_running(int(pid)) for pid in pids), 5, lambda: "processes are left")
    wait_until(lambda: not Path(base).exists(), 5, lambda: "the directory is left")


def test_the_oracle_refuses_what_would_abort_haproxy() -> None:
    with pytest.raises(ValueError, match="15000"):
        ask("/nonexistent", "x" * 15_000)


def test_ports_are_free_and_different() -> None:
    ports = [*free_ports(30), *free_ports(30)]
    assert len(set(ports)) == 60
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", ports[0]))
        taken.listen()
        assert ports[0] not in free_ports(140)


def test_versions_are_in_order_and_unknown_ones_named() -> None:
    assert [each.name for each in versions()] == ["2.2", "2.6", "3.0", "3.2", "3.4"]
    with pytest.raises(LabError, match=r"no HAProxy 9\.9"):
        version("9.9")


def test_waiting_has_an_end() -> None:
    begin = time.monotonic()
    with pytest.raises(LabError, match="never"):
        wait_until(lambda: None, 0.05, lambda: "never")
    assert time.monotonic() - begin < 1
