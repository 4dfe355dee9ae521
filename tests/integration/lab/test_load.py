# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The load generator: what flows through balancers is counted, and nothing that goes wrong is missed."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lab.deployable import Application
from lab.fleet import Fleet, instances, one
from lab.load_client import Client, Clients, Target
from lab.load_log import Closed, Request
from lab.load_report import LoadReport
from lab.packages import binary
from lab.ports import free_port, free_ports
from lab.processes import Workspace, wait_until
from lab.raw import connect
from lab.traffic import FLOOD, Load, Traffic
from lab.versions import newest

LONG = 20.0
ENOUGH = 1000
LIGHT = Load(rate=300.0, slow=12.0)


@dataclass
class Farm:
    """Two applications behind two balancers, each with an address of its own."""

    workspace: Workspace
    fleet: Fleet
    targets: list[str]
    addresses: dict[str, str]

    def deploy(self, name: str, version: str) -> str:
        return Application(self.workspace.directory, name).start(self.addresses[name], version, binary(newest()))

    def traffic(self, load: Load, prefix: Sequence[str] = ()) -> Traffic:
        return Traffic(self.workspace, self.targets, load, prefix)

    def lines(self) -> list[str]:
        """The log of the traffic until now."""
        return (self.workspace.directory / "traffic.log").read_text(encoding="utf-8").splitlines()

    def wait_for(self, count: int, word: str = "") -> None:
        """Wait until this stands in so many more lines of the log."""
        before = sum(word in line for line in self.lines())
        wait_until(
            lambda: sum(word in line for line in self.lines()) >= before + count, LONG, lambda: f"not {count} {word}"
        )


@pytest.fixture
def farm(workspace: Workspace) -> Iterator[Farm]:
    ports, fronts = free_ports(2), free_ports(2)
    addresses = {f"web{number}": f"127.0.1.{number}:{port}" for number, port in enumerate(ports, 1)}
    targets = [f"127.0.0.{number}:{port}" for number, port in enumerate(fronts, 2)]
    servers = "".join(f"    server {name} {address} check inter 300ms\n" for name, address in addresses.items())

    def body(number: int) -> str:
        return f"""\
frontend public
    bind {targets[number - 1]}
    default_backend www
backend www
    balance leastconn
    retries 0
    option httpchk GET /health
{servers}"""

    for name, address in addresses.items():
        Application(workspace.directory, name).start(address, "v1", binary(newest()))
    workspace.adopt()
    with instances(newest(), 2, body, global_lines="maxconn 2000") as fleet:
        yield Farm(workspace, fleet, targets, addresses)


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    made = Workspace()
    yield made
    made.stop()


def test_requests_flow_through_two_balancers_and_none_fails(farm: Farm) -> None:
    traffic = farm.traffic(FLOOD)
    farm.wait_for(ENOUGH)
    farm.wait_for(4, "/slow/1000")
    seen = traffic.report()
    assert seen.failures == ()
    assert seen.failed == 0
    requests = traffic.finished()
    assert seen.requests == len(requests) >= ENOUGH
    assert len({(request.target, request.is_slow, request.connection) for request in requests}) == 8
    assert set(seen.targets) == set(farm.targets)
    assert set(seen.servers) == set(farm.addresses)
    assert all(count.requests > ENOUGH / 10 for count in (*seen.targets.values(), *seen.servers.values()))
    assert {version for count in seen.servers.values() for version in count.versions} == {"v1"}
    assert sum(made for made, _failed in seen.each_second) == seen.requests


def test_slow_requests_under_way_are_waited_for_at_the_end(farm: Farm) -> None:
    traffic = farm.traffic(Load(rate=10.0, slow=12.0))
    farm.wait_for(1, "/slow/3000")
    requests = traffic.finished()
    slow = [request for request in requests if request.is_slow]
    assert {request.connection for request in slow} == {"kept", "new"}
    assert {request.path for request in slow} == {"/slow/1000", "/slow/2000", "/slow/3000"}
    for request in slow:
        assert request.succeeded
        wanted = int(request.path.removeprefix("/slow/")) / 1000
        assert wanted <= request.seconds < wanted + LONG / 4, "it was not the application that was slow"
    last = max(request.start for request in requests)
    assert sum(request.end > last + 0.5 for request in slow) > 5, "it ended without its answers"


@pytest.mark.parametrize("version", ["v2", "broken"])
def test_who_does_not_drain_loses_requests(farm: Farm, version: str) -> None:
    traffic = farm.traffic(LIGHT)
    farm.wait_for(8, "/slow/1000")
    assert farm.deploy("web1", version) == "restarted"
    farm.wait_for(100)
    seen = traffic.report()
    assert seen.failed > 0
    assert any(failure.is_slow for failure in seen.failures), "those under way were cut off"
    versions = {name: set(count.versions) for name, count in seen.servers.items()}
    assert versions["web2"] == {"v1"}
    assert "v1" in versions["web1"]
    if version == "v2":
        assert versions["web1"] == {"v1", "v2"}


def test_who_drains_loses_none(farm: Farm) -> None:
    traffic = farm.traffic(LIGHT)
    farm.wait_for(8, "/slow/1000")
    farm.fleet.ask_all("set server www/web1 state drain")
    wait_until(lambda: sessions(farm.fleet, "web1") == 0, LONG, lambda: "web1 keeps its sessions")
    farm.deploy("web1", "v2")
    farm.fleet.ask_all("set server www/web1 state ready")
    farm.wait_for(20, " web1 v2 ")
    seen = traffic.report()
    assert seen.failures == ()
    assert set(seen.servers["web1"].versions) == {"v1", "v2"}


def sessions(fleet: Fleet, server: str) -> int:
    """Of this server on all processes."""
    total = 0
    for reply in fleet.ask_all("show stat www 4 -1"):
        titles, *rows = reply.strip("\n").splitlines()
        place = titles.removeprefix("# ").split(",").index
        total += sum(int(row.split(",")[place("scur")]) for row in rows if row.split(",")[place("svname")] == server)
    return total


def test_a_killed_balancer_is_told_apart(farm: Farm) -> None:
    traffic = farm.traffic(FLOOD)
    farm.wait_for(ENOUGH)
    farm.fleet.kill(0)
    farm.wait_for(50, "ConnectionRefusedError")
    farm.wait_for(ENOUGH)
    seen = traffic.report()
    dead, alive = farm.targets
    assert seen.failed == seen.failed_at(dead) > 0
    assert seen.failed_at(alive) == 0
    assert seen.targets[alive].requests > ENOUGH
    assert seen.targets[dead].failed < seen.targets[alive].requests, (
        "a dead one is not asked more than one that answers"
    )


@pytest.mark.parametrize(
    "prefix",
    [["nice", "-n", "1"], ["sh", "-c", '"$@"; :', "sh"], ["sh", "-c", 'setpriv --pdeathsig KILL "$@"; :', "sh"]],
    ids=["becomes", "waits", "takes it along"],
)
def test_a_prefix_may_become_the_generator_or_wait_for_it(farm: Farm, prefix: list[str]) -> None:
    """As nsenter does both, with one process namespace or another."""
    traffic = farm.traffic(LIGHT, prefix)
    farm.wait_for(100)
    assert traffic.report().failed == 0
    assert len(traffic.finished()) > 100


def test_a_kept_connection_that_is_closed_while_idle_is_no_failure(workspace: Workspace) -> None:
    target = f"127.0.0.2:{free_port()}"
    body = f"""\
defaults
    mode http
    timeout client 5s
    timeout http-keep-alive 20ms
frontend quick
    bind {target}
    http-request return status 200 content-type text/plain string "x" hdr x-server web1 hdr x-version v1
"""
    with one(newest(), body):
        seen = after(1.5, Traffic(workspace, [target], Load(rate=80.0, clients=16, slow=0.0)))
    assert seen.failures == ()
    assert seen.closed_idle[target] > 10
    assert seen.servers["web1"].requests == seen.requests > 50


class Waiting:
    """An owner that waits for its client."""

    def __init__(self) -> None:
        self.made: list[Request] = []

    def over(self, _client: Client, made: Request) -> None:
        self.made.append(made)


@pytest.mark.parametrize("resets", [False, True], ids=["closed", "reset"])
def test_a_close_that_only_the_kernel_knows_of_is_no_failure(resets: bool) -> None:
    """The process may be late to hear of it; what counts is whether it came before the request was sent."""
    owner, log = Waiting(), list[Request | Closed]()
    clients = Clients(log.append, timeout=LONG)
    with socket.create_server(("127.0.0.1", free_port())) as listener:
        listener.settimeout(LONG / 4)  # where it asks on the old connection, no new one comes
        client = Client(clients, owner, Target("{}:{}".format(*listener.getsockname())), keep=True)
        for count in (1, 2):
            client.ask("/")
            connection, _address = listener.accept()
            with connection:
                connection.sendall(GOOD)  # it asks the same each time
                while len(owner.made) < count:
                    clients.turn(LONG)
                if resets:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.recv(4096)
    clients.close()
    assert [made.succeeded for made in owner.made] == [True, True]
    assert [type(entry) for entry in log] == [Request, Closed, Request]


def after(seconds: float, traffic: Traffic) -> LoadReport:
    """The report of so many seconds of traffic."""
    time.sleep(seconds)  # the load is what takes time
    return traffic.report()


GOOD = b"HTTP/1.1 200 OK\r\nX-Server: web1\r\nX-Version: v1\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Misbehaving:
    """A server that answers every request with the same bytes, and then perhaps closes; a context manager."""

    reply: bytes
    closes: bool = True
    resets: bool = False
    connections: list[socket.socket] = field(default_factory=list)

    def __enter__(self) -> str:
        self._listener = socket.create_server(("127.0.0.1", free_port()), backlog=100)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        host, port = self._listener.getsockname()
        return f"{host}:{port}"

    def __exit__(self, *_error: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(LONG)
        for each in (self._listener, *self.connections):
            each.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            if self.resets:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.recv(4096)
            connection.sendall(self.reply)
            if self.closes:
                connection.close()


MISBEHAVIOUR = {
    "closes without an answer": (Misbehaving(b""), "EOFError", "-"),
    "resets": (Misbehaving(b"", resets=True), "ConnectionResetError", "-"),
    "cuts the head": (Misbehaving(GOOD[:30]), "EOFError", "-"),
    "cuts the body": (Misbehaving(GOOD[:-1]), "EOFError", "web1"),
    "cuts the body by a reset": (Misbehaving(GOOD[:-1], resets=True), "ConnectionResetError", "web1"),
    "answers twice": (Misbehaving(GOOD * 2), "ValueError", "web1"),
    "tells no length": (Misbehaving(GOOD.replace(b"Content-Length: 2\r\n", b"")), "ValueError", "web1"),
    "speaks something else": (Misbehaving(b"SSH-2.0-x\r\n\r\n"), "ValueError", "-"),
    "never answers": (Misbehaving(b"", closes=False), "TimeoutError", "-"),
    "answers in part": (Misbehaving(GOOD[:-1], closes=False), "TimeoutError", "web1"),
    "has another success": (Misbehaving(GOOD.replace(b"200", b"204")), "204", "web1"),
    "is no application": (Misbehaving(GOOD.replace(b"X-Server: web1\r\n", b"")), "200 of no application", "-"),
    "fails": (Misbehaving(b"HTTP/1.0 503 Service Unavailable\r\nX-Server: web2\r\n\r\n"), "503", "web2"),
}


@pytest.mark.parametrize(("server", "kind", "name"), MISBEHAVIOUR.values(), ids=MISBEHAVIOUR)
def test_no_misbehaviour_is_forgiven(workspace: Workspace, server: Misbehaving, kind: str, name: str) -> None:
    with server as target:
        traffic = Traffic(workspace, [target], Load(rate=40.0, clients=2, slow=0.0, timeout=0.3))
        log = workspace.directory / "traffic.log"
        wait_until(lambda: len(log.read_text(encoding="utf-8").splitlines()) > 5, LONG, lambda: "nothing happens")
        seen = traffic.report()
    # A connection of this server is of no use for a second request, which its own closing may meet.
    assert seen.failed == seen.requests > 5
    assert kind in seen.kinds
    assert set(seen.kinds) <= {kind, "ConnectionResetError"}
    assert name in seen.servers


def test_an_answer_to_nothing_is_a_failure(workspace: Workspace) -> None:
    """A second one that comes while nothing is asked would be taken for the answer to what is asked next."""
    released = threading.Event()

    class Late(Misbehaving):
        def _serve(self) -> None:
            connection, _address = self._listener.accept()
            self.connections.append(connection)
            connection.recv(4096)
            connection.sendall(GOOD)
            assert released.wait(LONG)
            connection.sendall(GOOD)

    with Late(b"") as target:
        traffic = Traffic(workspace, [target], Load(rate=0.2, clients=1, slow=0.0, timeout=0.5))
        released.set()
        log = workspace.directory / "traffic.log"
        wait_until(lambda: "ValueError" in log.read_text(encoding="utf-8"), LONG, lambda: "it is not noticed")
        assert "ValueError" in traffic.report().kinds


def test_where_nobody_listens_each_request_fails(workspace: Workspace) -> None:
    target = f"127.0.0.9:{free_port()}"
    with pytest.raises(ConnectionRefusedError):
        connect(target)
    seen = after(0.5, Traffic(workspace, [target], Load(rate=None, clients=4, slow=4.0)))
    assert dict(seen.kinds) == {"ConnectionRefusedError": seen.requests}
    assert seen.requests < 200, "it is asked without a pause"


def test_the_log_and_the_report_are_files_of_their_own_for_each_traffic(farm: Farm) -> None:
    both = [farm.traffic(LIGHT), farm.traffic(LIGHT)]
    farm.wait_for(50)
    assert all(traffic.report().failed == 0 for traffic in both)
    assert {path.name for path in Path(farm.workspace.directory).glob("traffic*.json")} == {
        "traffic.json",
        "traffic1.json",
    }
