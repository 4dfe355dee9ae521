# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks status, canary and block_addresses, on load balancers that differ: nbproc, an old worker, the newest."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.apps import Apps
from lab.config import bind_lines, servers_body
from lab.deployable import Application, command
from lab.fleet import Fleet, MasterFleet, master_worker, nbproc, one
from lab.oracle import Key, Truth, servers
from lab.packages import binary
from lab.ports import free_ports
from lab.processes import Workspace, wait_until
from lab.sessions import hold_session
from lab.traffic import Load, Traffic
from lab.versions import newest, oldest

from .test_ansible import INTERPRETER, ansible

pytestmark = pytest.mark.target

SERVERS = ("web1", "web2", "web3")
# What Ansible cannot make, so that the host is unreachable as one that SSH does not find.
NO_DIRECTORY = "/dev/null/nothing"
READY, DRAINED = Truth("ready", 100, 100), Truth("drain", 5, 100)


@dataclass(frozen=True)
class Site:
    """Load balancers lb1 (newest), lb2 (nbproc 4) and lb3 (behind a master), and what else an inventory has."""

    place: Path
    fleets: dict[str, Fleet]
    ports: tuple[int, ...] = ()

    @property
    def state(self) -> Path:
        """Where former states are kept."""
        return self.place / "state"

    def run(self, playbook: str, variables: dict[str, object], *flags: str) -> subprocess.CompletedProcess[str]:
        """A playbook of the collection. Beside the load balancers there are lb4, unreachable, and lb5, without HAProxy."""
        local = {"ansible_connection": "local", "ansible_python_interpreter": INTERPRETER}
        sockets = {name: fleet.master or str(fleet.directory) for name, fleet in self.fleets.items()}
        hosts: dict[str, dict[str, str]] = {name: {"haproxy_socket": where} for name, where in sockets.items()}
        more = {"lb4": {"ansible_remote_tmp": NO_DIRECTORY}, "lb5": {"haproxy_socket": str(self.place / "none.sock")}}
        apps = {f"app{number}": {"haproxy_server_name": name} for number, name in enumerate(SERVERS, 1)}
        groups = {"haproxy": {"hosts": hosts}, "more": {"hosts": more}, "app": {"hosts": apps}}
        inventory = self.place / "site.json"
        everything = {"vars": {**local, "haproxy_state_dir": str(self.state)}, "children": groups}
        inventory.write_text(json.dumps({"all": everything}))
        words = ("playbook", "-i", str(inventory), f"haproxyadmin.haproxy.{playbook}", "-e", json.dumps(variables))
        return ansible(self.place, *words, *flags, environment={"COLUMNS": "120"})

    def ask(self, question: str) -> list[list[str]]:
        """The lines of a reply, of every current process."""
        return [reply.split("\n") for fleet in self.fleets.values() for reply in fleet.ask_all(question)]

    def truths(self) -> list[dict[Key, Truth]]:
        """What each current process says of its servers."""
        return [servers(fleet, index) for fleet in self.fleets.values() for index in range(len(fleet.sockets))]

    def web1(self) -> set[Truth]:
        """What www/web1 is, on all current processes."""
        return {truths["www", "web1"] for truths in self.truths()}


def all_up(fleets: dict[str, Fleet], count: int) -> bool:
    return all(reply.count(",UP,") == count for it in fleets.values() for reply in it.ask_all("show stat www 4 -1"))


def table(output: str) -> list[str]:
    """What the playbook status shows."""
    found = re.search(r"^ok: \[lb\d\] => \(item=\n(.*?)^\)$", output, re.MULTILINE | re.DOTALL)
    assert found, output
    return found[1].splitlines()


# status -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def seen(apps: Apps, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One session is held by an old worker of lb3; two processes of lb2 differ, and a former state is kept there."""
    ports = free_ports(3)
    # The same on all: a port that differs would be told.
    dead_port = free_ports(1)[0]

    def body(at: int, processes: int = 1) -> str:
        binds = bind_lines(ports[at], processes=processes)
        return servers_body(apps.ports, binds=binds, dead_port=dead_port)

    with one(newest(), body(0)) as a, nbproc(oldest(), 4, body(1, 4)) as b, master_worker("3.0", body(2)) as c:
        fleets = {"lb1": a, "lb2": b, "lb3": c}
        wait_until(lambda: all_up(fleets, 4), 5, lambda: "servers are not up")
        with hold_session(ports[2], "/api/hold"):
            c.reload()
            wait_until(lambda: all_up(fleets, 4), 5, lambda: "servers are not up")
            b.ask(1, "set server www/web2 state drain")
            b.ask(2, "set server www/web2 weight 7")
            for fleet in fleets.values():
                for index in range(len(fleet.sockets)):
                    fleet.ask(index, "set server www/web1 state maint")
            site = Site(tmp_path_factory.mktemp("status"), fleets, tuple(ports))
            site.state.mkdir()
            former = {socket: {"state": "ready", "weight": 10} for socket in b.sockets}
            other = {"/elsewhere.sock": {"state": "maint", "weight": 1}}
            (site.state / "www@web1.json").write_text(
                json.dumps({"backend": "www", "name": "web1", "fleets": [other, former]}, indent=2)
            )
            yield site


def test_status_marks_what_deviates_and_goes_on_without_those_that_do_not_answer(seen: Site) -> None:
    before = seen.truths()
    done = seen.run("status", {"haproxy_load_balancers": "more,haproxy", "haproxy_server_name": ["web[12]", "api*"]})
    assert done.returncode == 0, done.stdout + done.stderr
    assert seen.truths() == before
    lines = [re.sub(r" {2,}", "  ", line) for line in table(done.stdout)]
    master = seen.fleets["lb3"]
    assert isinstance(master, MasterFleet)
    (old,) = master.old_pids
    version = re.escape
    for wanted in (
        r"! lb4  Failed to create temporary directory.*",
        r"! lb5  no HAProxy answers behind .*",
        rf"  lb1  1  {version(newest().name)}\S*  \d+ s  \d+",
        rf"  lb2  4  {version(oldest().name)}\S*  \d+ s  \d+",
        rf"! lb3  old master.sock@!{old}  3\.0\S*  \d+ s  1",
        r"  api  api2  all  ready  50  0  0  no check",
        rf"! api  \S+  lb3 master.sock@!{old}  old  1  0",
        r"! www  web1  all  maint  10  0  0  MAINT",
        r"  www  web2  lb1  ready  100  0  0  UP L4OK",
        r"  www  web2  lb2 p1.sock  ready  100  0  0  UP L4OK",
        r"! www  web2  lb2 p2.sock  drain  100  0  0  DRAIN L4OK",
        r"  state differs",
        r"! www  web2  lb2 p3.sock  ready  7  0  0  UP L4OK",
        r"  weight differs",
        r"! www/web1 was ready, weight 10 on lb2: a deploy goes on, or broke off",
        r"what deviates is marked !",
    ):
        assert any(re.fullmatch(wanted, line) for line in lines), (wanted, lines)
    assert not [line for line in lines if "web3" in line or "odd" in line or "elsewhere" in line]
    # A terminal has 80; with a worker that has so long a name a line of numbers has some more.
    assert max(map(len, table(done.stdout))) <= 90


def test_status_is_a_line_a_server_where_all_agree_with_check_mode_too(seen: Site) -> None:
    variables: dict[str, object] = {"haproxy_load_balancers": ["lb1", "lb2"], "haproxy_backend": "fix*"}
    done = seen.run("status", variables, "--check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line for line in table(done.stdout) if line.startswith(("  fixed", "!"))] == [
        "  fixed    fixed1  all    ready      10         0      0  no check",
        "  fixed    fixed2  all    ready      20         0      0  no check",
    ]
    assert table(done.stdout)[-1] == "nothing deviates"


# canary and block_addresses ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def workspace() -> Iterator[Workspace]:
    workspace = Workspace()
    yield workspace
    workspace.stop()


@pytest.fixture(scope="module")
def site(workspace: Workspace) -> Iterator[Site]:
    """Three applications behind all load balancers, which also refuse the addresses of an ACL."""
    place, ports = workspace.directory, free_ports(3)
    (place / "deploy.yml").write_text(json.dumps([{"ansible.builtin.command": {"argv": start(place, "{{ wanted }}")}}]))
    addresses = [f"127.0.0.1:{port}" for port in free_ports(3)]
    (place / "addresses").write_text(" ".join(addresses))
    (place / "blocked.acl").write_text("203.0.113.0/24\n")
    for name, address in zip(SERVERS, addresses, strict=True):
        Application(place, name).start(address, "v1", binary(newest()))

    def body(at: int, processes: int = 1) -> str:
        lines = zip(SERVERS, addresses, strict=True)
        return (
            f"frontend public\n{bind_lines(ports[at], processes=processes)}"
            f"    http-request deny if {{ src -f {place}/blocked.acl }}\n"
            "    default_backend www\n\nbackend www\n    balance roundrobin\n"
            + "".join(f"    server {name} {address} weight 100 check inter 100ms\n" for name, address in lines)
        )

    try:
        with one(newest(), body(0)) as a, nbproc(oldest(), 4, body(1, 4)) as b, master_worker("3.0", body(2)) as c:
            fleets = {"lb1": a, "lb2": b, "lb3": c}
            wait_until(lambda: all_up(fleets, 3), 5, lambda: "servers are not up")
            yield Site(place, fleets, tuple(ports))
    finally:
        for name in SERVERS:
            Application(place, name).stop()


def start(place: Path, version: str) -> list[str]:
    """The command line that deploys web1."""
    address = "{{ lookup('ansible.builtin.file', deployed_to).split() | first }}"
    return command("start", place, "web1", address, version, "--haproxy", binary(newest()))


def canary(site: Site, version: str, **more: object) -> subprocess.CompletedProcess[str]:
    deploys = {"haproxy_deploy_tasks": str(site.place / "deploy.yml"), "wanted": version, "haproxy_canary_seconds": 2}
    return site.run("canary", {**deploys, "deployed_to": str(site.place / "addresses"), **more})


def test_a_canary_that_answers_badly_is_drained_again_and_the_next_good_one_gets_everything(
    site: Site, workspace: Workspace
) -> None:
    traffic = Traffic(workspace, [f"127.0.0.1:{port}" for port in site.ports], Load(rate=80, slow=0))
    bad = canary(site, "broken", haproxy_canary_share=5, haproxy_canary_min_requests=3)
    assert bad.returncode == 2, bad.stdout + bad.stderr
    said = re.search(
        r"app1 gets no more requests.*?: (\d+) of (\d+) requests failed \(100 %\): \1 answered", bad.stdout
    )
    assert said, bad.stdout
    assert said[1] == said[2]
    assert int(said[1]) >= 3
    assert site.web1() == {DRAINED}
    assert (site.state / "www@web1.json").exists()
    # A twentieth of the share of the others: what it broke is little.
    good = canary(site, "v2", haproxy_canary_share=50)
    assert good.returncode == 0, good.stdout + good.stderr
    assert re.search(r"\(item=0 of [1-9]\d+ requests failed \(0 %\)", good.stdout), good.stdout
    assert site.web1() == {READY}
    assert not list(site.state.iterdir())
    report = traffic.finished()
    failed = [request for request in report if not request.succeeded]
    assert 3 <= len(failed) < len(report) / 20


def test_a_canary_that_nobody_asked_is_not_proven(site: Site) -> None:
    silent = canary(site, "v3", haproxy_load_balancers=["lb1"])
    try:
        assert silent.returncode == 2, silent.stdout + silent.stderr
        assert "0 of 0 requests failed (0 %); 0 of 0 on lb1; 1.0 % of at least 10 requests may fail" in silent.stdout
        assert servers(site.fleets["lb1"], 0)["www", "web1"] == DRAINED
    finally:
        site.fleets["lb1"].ask(0, "set server www/web1 weight 100; set server www/web1 state ready")
        (site.state / "www@web1.json").unlink()


def entries(site: Site) -> set[tuple[str, ...]]:
    """What the ACL holds, of every process."""
    replies = site.ask(f"show acl {site.place}/blocked.acl")
    return {tuple(sorted(line.partition(" ")[2] for line in reply if line)) for reply in replies}


def block(site: Site, *addresses: str, **more: object) -> subprocess.CompletedProcess[str]:
    acl = str(site.place / "blocked.acl")
    return site.run("block_addresses", {"haproxy_block_acl": acl, "haproxy_block_addresses": addresses, **more})


def test_addresses_are_blocked_on_all_and_let_in_again(site: Site) -> None:
    first = ("203.0.113.0/24",)
    done = block(site, "192.0.2.7", "2001:db8::/32", haproxy_block_persist=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert entries(site) == {("192.0.2.7", "2001:db8::/32", *first)}
    assert "192.0.2.7\n" in (site.place / "blocked.acl").read_text()
    done = block(site, "192.0.2.7", "2001:db8::/32", haproxy_block_state="absent", haproxy_block_persist=True)
    assert "ok: [lb2] => (item=0 more, 2 less, 1 in all)" in done.stdout
    assert entries(site) == {first}


@pytest.mark.parametrize(
    ("addresses", "more", "why"),
    [
        pytest.param(["192.0.2.7", "300.1.1.1"], {}, "no address is 300.1.1.1", id="a bad address"),
        pytest.param(
            ["192.0.2.7"], {"haproxy_load_balancers": "more,haproxy"},
            r"lb4: Task failed: Failed to create .*; lb5: cannot connect to ", id="two that do not answer",
        ),
        pytest.param(
            ["192.0.2.7"], {"haproxy_block_acl": "/no.acl", "haproxy_block_anyway": True},
            r"lb1: .*/no.acl.*; lb2: .*; lb3: ", id="an unknown ACL, whatever is not waited for",
        ),
    ],
)  # fmt: skip
def test_one_that_cannot_stops_it_before_any_is_changed(
    site: Site, addresses: list[str], more: dict[str, object], why: str
) -> None:
    before = entries(site)
    done = block(site, *addresses, **more)
    assert done.returncode == 2, done.stdout + done.stderr
    assert re.search(rf"Nothing was changed on any load balancer[.:] {why}", done.stdout), done.stdout
    assert entries(site) == before


def test_those_that_do_not_answer_can_be_left_out(site: Site) -> None:
    done = block(site, "192.0.2.8", haproxy_load_balancers="more,haproxy", haproxy_block_anyway=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {each[0] for each in entries(site)} == {"192.0.2.8"}
    for name in ("lb4", "lb5"):
        assert f"ok: [{name}] => (item=NOT CHANGED: " in done.stdout
