# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation shows of several load balancers runs under load, on its own inventory: plays, playbooks, filters."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from documented.claims import Runner, claimed
from documented.found import Block
from documented.kinds import Kind, commands_of, kind_of, words_of
from lab.apps import Apps
from lab.config import bind_lines
from lab.fleet import Fleet, MasterFleet, master_worker, nbproc, one
from lab.oracle import Truth, servers
from lab.ports import free_ports
from lab.processes import Workspace, wait_until
from lab.traffic import Load, Traffic
from lab.versions import newest, oldest

from .drains import hold
from .test_ansible import INTERPRETER, ROOT
from .test_examples import entries

pytestmark = pytest.mark.target

LOAD = Load(rate=60, slow=4)
"""Requests a second, so many that a canary gets some within its two seconds."""
LONG = 120.0
"""Seconds that a play may take to get somewhere."""
# Notes what every process says of a server at that moment; run by the Python of these tests.
NOTE = """\
import json, sys
from lab.raw import ask

notes, what, server, *sockets = sys.argv[1:]
rows = [line.split() for socket in sockets for line in ask(socket, "show servers state www").decode().splitlines()]
with open(notes, "a", encoding="utf-8") as file:
    print(json.dumps([what, server, [row[6:8] for row in rows if row[3:4] == [server]]]), file=file)
"""
DRAINED, BACK = ("8", "100"), ("0", "100")
"""The flags and the weight of a server that drains, and of one in service."""
READY = Truth("ready", 100, 100)
CANARY = {
    "haproxy_load_balancers": ["lb1"],
    "haproxy_canary_seconds": 2,
    "haproxy_canary_share": 50,
    "haproxy_canary_min_requests": 1,
}
"""What application hosts have for it."""


@dataclass(frozen=True)
class Site:
    """The load balancers of the inventory in "Rolling deploys", in a directory with all that plays need."""

    workspace: Workspace
    fleets: dict[str, Fleet]
    ports: dict[str, list[int]]

    @property
    def place(self) -> Path:
        """With all that plays need."""
        return self.workspace.directory

    @property
    def sockets(self) -> list[str]:
        """Of every process, those of lb1 first."""
        return [socket for fleet in self.fleets.values() for socket in fleet.sockets]

    def exchanged(self, text: str) -> str:
        """A text of the documentation with the paths and the patience of this site."""
        mastered = self.fleets["lb2"]
        words = {
            "/run/haproxy/admin.sock": mastered.sockets[0],
            "/run/haproxy-master.sock": mastered.master or "",
            "[/run/haproxy/]": f"[{self.fleets['lb3'].directory}]",
            "/etc/haproxy/": f"{self.place}/",
            "enable_server_pause: 30": "enable_server_pause: 1",
        }
        for word, instead in words.items():
            text = text.replace(word, instead)
        return text

    @contextmanager
    def started(self, words: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
        """``ansible-playbook`` at work, as a user starts it in this directory; killed where this fails."""
        settings = {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache"), "COLUMNS": "120"}
        here = {"PWD": str(self.place), "ANSIBLE_INVENTORY": "inventory.yml", "PYTHONPATH": str(ROOT / "tests")}
        found = {"HAPROXY_SOCKET": str(self.fleets["lb1"].directory)}  # lb1 has it in the usual place
        with (
            log.open("wb") as output,
            subprocess.Popen(
                [sys.executable, "-m", "ansible", "playbook", *words],
                cwd=self.place,
                env={**os.environ, **settings, **here, **found},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            ) as process,
        ):
            try:
                yield process
            finally:
                process.kill()

    def run(self, words: Sequence[str]) -> str:
        """Run it to its end; returns what it printed."""
        log = self.place / "line.log"
        with self.started(words, log) as process:
            code = process.wait(2 * LONG)
        assert code == 0, log.read_text()
        return log.read_text()

    def truths(self) -> set[Truth]:
        """What all processes say of their servers."""
        places = [(fleet, index) for fleet in self.fleets.values() for index in range(len(fleet.sockets))]
        return {truth for fleet, index in places for truth in servers(fleet, index).values()}

    def notes(self) -> list[tuple[str, str, set[tuple[str, ...]]]]:
        """Of each deploy and each step of a ramp the server, and its flags and weight on all processes meanwhile."""
        lines = map(json.loads, (self.place / "notes").read_text().splitlines())
        return [(what, server, {tuple(row) for row in rows}) for what, server, rows in lines]

    def end(self) -> None:
        """Nothing is drained or kept, and the next notes are new ones."""
        assert self.truths() == {READY}
        assert not list((self.place / "state").iterdir())
        (self.place / "notes").unlink()


def of_kind(kind: Kind) -> list[Block]:
    """The blocks that are run here."""
    return [block for block in claimed(Runner.SITE) if kind_of(block) is kind]


def lines() -> list[tuple[str, ...]]:
    """The command lines; one that another one says and more is left out."""
    blocks = of_kind(Kind.COMMANDS)
    said = [line.replace("inventory.yml", "inventory") for block in blocks for line in commands_of(block)]
    every = {tuple(words_of(line)) for line in said}
    return sorted(line for line in every if not any({*line} < {*other} for other in every))


@pytest.fixture(scope="module")
def site(apps: Apps) -> Iterator[Site]:
    """Load balancers of three kinds with two application hosts, of which one has a name of its own there."""
    workspace = Workspace()
    place = workspace.directory
    (place / "blocked.acl").write_text("203.0.113.0/24\n")
    ports = {"lb1": free_ports(1), "lb2": free_ports(1), "lb3": free_ports(2)}

    def body(binds: str) -> str:
        named = zip(("app1", "app2", "web2"), apps.ports, strict=False)
        lines = [
            f"    server {name} 127.0.0.1:{port} cookie {name} weight 100 check inter 100ms" for name, port in named
        ]
        return "\n".join([
            f"frontend public\n{binds}    http-request deny if {{ src -f {place}/blocked.acl }}",
            "    http-after-response set-header X-Server %[srv_name]\n    http-after-response set-header X-Version v1",
            "    default_backend www\n\nbackend www\n    balance roundrobin\n    cookie SRV insert indirect nocache",
            *lines, "",
        ])  # fmt: skip

    twofold = "".join(f"    bind 127.0.0.1:{port} process {number}\n" for number, port in enumerate(ports["lb3"], 1))
    try:
        with (
            one(newest(), body(bind_lines(ports["lb1"]))) as a,
            master_worker("3.0", body(bind_lines(ports["lb2"]))) as b,
            nbproc(oldest(), 2, body(twofold)) as c,
        ):
            assert isinstance(b, MasterFleet)
            made = Site(workspace, {"lb1": a, "lb2": b, "lb3": c}, ports)
            wait_until(
                lambda: all(reply.count(",UP,") == 3 for each in (a, b, c) for reply in each.ask_all("show stat www 4 -1")),
                10, lambda: "servers are not up",
            )  # fmt: skip
            _furnish(made)
            yield made
    finally:
        workspace.stop()


def _furnish(site: Site) -> None:
    """The inventory as documented, under both of its names, and beside it what a real one would not have."""
    (inventory,) = of_kind(Kind.INVENTORY)
    for name in ("inventory", "inventory.yml"):
        (site.place / name).write_text(site.exchanged(inventory.text))
    for name in ("group_vars", "host_vars"):
        (site.place / name).mkdir()
    # As each takes seconds, only app1 is behind all load balancers.
    (site.place / "host_vars" / "app2.yml").write_text(json.dumps({"haproxy_load_balancers": ["lb1"]}))
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": INTERPRETER,
        "haproxy_state_dir": str(site.place / "state"),
    }
    (site.place / "group_vars" / "all.yml").write_text(json.dumps(variables))
    for name in ("deploy", "check_errors"):
        server = "{{ haproxy_server_name | default(inventory_hostname) }}"
        note = [sys.executable, "-c", NOTE, str(site.place / "notes"), name, server, *site.sockets]
        (site.place / f"{name}.yml").write_text(json.dumps([{"ansible.builtin.command": {"argv": note}}]))


def plays(site: Site) -> Iterator[Any]:
    """All plays, those of roles first; before one that only brings a server back it is drained.

    As each takes seconds, only the first of them is about all load balancers.
    """
    every = [play for block in of_kind(Kind.PLAYS) for play in yaml.safe_load(site.exchanged(block.text))]
    first, *others = [play for play in every if "roles" in play]
    yield first
    for play in others:
        lone = {**play, "vars": {"haproxy_load_balancers": ["lb1"]}}
        if "drain_server" not in str(play):
            yield {**lone, "roles": ["haproxyadmin.haproxy.drain_server"]}
        yield lone
    yield from (play for play in every if play not in (first, *others))


def of_filters() -> Any:
    """A play of the tasks that show filters, with what they speak of."""
    info = {"haproxyadmin.haproxy.haproxy_info": {"socket": "{{ haproxy_socket | default(omit) }}"}}
    known = dict.fromkeys(("second", "found"), "{{ first }}")
    tasks = [task for block in of_kind(Kind.TASKS) for task in yaml.safe_load(block.text)]
    begun = [{**info, "register": "first"}, {"ansible.builtin.set_fact": known}]
    return {
        "hosts": "lb1:lb2",
        "gather_facts": False,
        "tasks": [*begun, *({**task, "run_once": True} for task in tasks)],
    }


def test_plays_and_what_they_print(site: Site) -> None:
    """One session is held on lb1 and one on a process of lb3, so that there is something to wait for."""
    (output,) = of_kind(Kind.OUTPUT)
    wanted = [shape(line) for line in output.text.splitlines()]
    played, log = [*plays(site), of_filters()], site.place / "plays.log"
    (site.place / "plays.json").write_text(json.dumps(played))
    held = [hold(port, "app1") for port in (site.ports["lb1"][0], site.ports["lb3"][1])]

    def missing() -> list[str]:
        return [each for each in wanted if not re.search(each, log.read_text())]

    with site.started(["plays.json", "--limit", "app1,lb1,lb2"], log) as process:
        wait_until(lambda: process.poll() is not None or not missing(), LONG, lambda: f"{missing()}\n{log.read_text()}")
        for session in held:
            session.finish()
        code = process.wait(2 * LONG)
    assert (code, missing()) == (0, []), log.read_text()
    *roles, (what, server, simple) = site.notes()
    assert (what, server) == ("deploy", "app1")
    on_lb1 = {DRAINED, BACK}
    assert roles == [
        ("deploy", "app1", {DRAINED}),
        ("deploy", "app1", on_lb1),
        *(("check_errors", "app1", {("0", weight), BACK}) for weight in ("5", "25")),
    ]
    assert simple == on_lb1
    site.end()


def test_playbooks_lose_no_request(site: Site) -> None:
    targets = [f"127.0.0.1:{port}" for ports in site.ports.values() for port in ports]
    traffic = Traffic(site.workspace, targets, LOAD)
    told = {}
    for line in lines():
        # As it takes seconds, a canary is one on lb1 only.
        (site.place / "group_vars" / "app.yml").write_text(json.dumps(CANARY if "canary" in line[1] else {}))
        told[line[1].rpartition(".")[2]] = site.run([site.exchanged(word) for word in line[1:]])
    report = traffic.report()
    assert sorted(told) == sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))
    assert (report.failed, report.requests > 100) == (0, True), report.sentence()
    assert site.notes() == [
        ("deploy", "app1", {DRAINED, BACK}),  # the canary
        ("deploy", "app1", {DRAINED}),
        ("deploy", "web2", {DRAINED, BACK}),  # on lb1
    ]
    assert re.search(r"^  www +web2 +all +ready .*^nothing deviates$", told["status"], re.MULTILINE | re.DOTALL)
    blocked = ["192.0.2.7", "198.51.100.0/24", "203.0.113.0/24"]
    replies = [reply for fleet in site.fleets.values() for reply in fleet.ask_all(f"show acl {site.place}/blocked.acl")]
    assert [sorted(entries(reply)) for reply in replies] == [blocked] * len(site.sockets)
    site.end()


def shape(line: str) -> str:
    """What matches such a line, with whatever number of sessions at whatever path."""
    return re.sub(r"\d+(?=\\ (?:sessions|queued))", r"\\d+", re.sub(r"/run/\S+(?=\\\))", r"\\S+", re.escape(line)))
