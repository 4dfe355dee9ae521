# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real hosts: what they promise to playbooks and scenarios."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.errors import LabError
from lab.hosts import Host, Hosts, Plan, kernel
from lab.hosts.ways import way
from lab.packages import sshd_from_package
from lab.processes import wait_until

from .traces import BALANCERS, KINDS, PLAN, ROOT, SECONDS, SMALL, USER, Traces, ssh, works


def playbook(hosts: Hosts, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run ``ansible-playbook`` over the hosts, with as many forks."""
    settings = {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache")}
    return subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", "-i", hosts.inventory, "-f", str(len(hosts.addresses)), *arguments],
        env={**os.environ, **settings}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module", params=KINDS)
def hosts(request: pytest.FixtureRequest) -> Iterator[Hosts]:
    """Three balancers, each of another version and layout, and an application's host."""
    with Hosts(PLAN, kind=request.param) as running:
        yield running


def test_hosts_are_namespaces_or_say_why() -> None:
    """Under STRICT=1 this machine must have namespaces."""
    with Hosts(Plan({"a1": Host()})) as hosts:
        assert (hosts.kind, bool(hosts.why)) == ((KINDS[0], KINDS[0] == "loopback"))
        assert "\n" not in hosts.why
        assert hosts.kind == "namespaces" or os.environ.get("STRICT") != "1", hosts.why


PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.shell: hostname | tee {{ place }}/{{ inventory_hostname }}.txt
      register: own
    - ansible.builtin.command: hostname
      delegate_to: app1
      register: delegated
    - haproxyadmin.haproxy.haproxy_info:
        gather_subset: process
        socket: "{{ haproxy_socket }}"
      when: "'haproxy' in group_names"
      register: info
    - ansible.builtin.copy:
        content: "{{ hostvars | dict2items | items2dict }}"
        dest: "{{ result }}"
        mode: "0600"
      run_once: true
      delegate_to: localhost
"""


def test_a_playbook_runs_on_all_hosts(hosts: Hosts, tmp_path: Path) -> None:
    play, result = tmp_path / "play.yml", tmp_path / "result.json"
    play.write_text(PLAY)
    apart = hosts.kind == "namespaces"
    names = list(hosts.addresses) if apart else ["lb2", "app1"]  # two tell what there is to tell
    variables = {"place": "/srv" if apart else str(tmp_path), "result": str(result)}
    done = playbook(hosts, play, "-e", json.dumps(variables), "--limit", ",".join(names))
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(result.read_text())
    if apart:
        assert {name: told[name]["own"]["stdout"] for name in hosts.addresses} == {
            name: name for name in hosts.addresses
        }
        assert {told[name]["delegated"]["stdout"] for name in hosts.addresses} == {"app1"}
        for name in hosts.addresses:
            assert [path.name for path in hosts.outside(name, "/srv").iterdir()] == [f"{name}.txt"]
    for name, balancer in ((name, hosts.balancers[name]) for name in names if name in hosts.balancers):
        processes = [each for each in told[name]["info"]["processes"] if each["worker"] == "current"]
        assert [each["pid"] for each in processes] == balancer.pids, name
        assert processes[0]["version"].startswith(f"{balancer.plan.version}."), name


def test_one_path_is_another_socket_on_each_host() -> None:
    """What is named the same is another HAProxy, on namespaces; on loopback the names differ."""
    with Hosts(Plan({name: Host(balancer=BALANCERS["lb1"]) for name in ("lb1", "lb2")})) as hosts:
        paths = {hosts.path(name, "/run/haproxy/admin.sock") for name in hosts.addresses}
        assert len(paths) == (1 if hosts.kind == "namespaces" else 2)
        hosts.balancers["lb1"].ask("disable server www/app1")
        states = [balancer.ask("show servers state www").split()[-19:][0:6] for balancer in hosts.balancers.values()]
        assert states[0] != states[1]


def test_requests_pass_a_balancer_to_an_application(hosts: Hosts) -> None:
    """The network of the hosts is there for a load generator, too."""
    server = "import http.server as s; s.HTTPServer(('{}', 8080), s.BaseHTTPRequestHandler).serve_forever()"
    pid = hosts.start("app1", [sys.executable, "-c", server.format(hosts.addresses["app1"])])
    address = hosts.addresses["lb1"]
    request = f"import urllib.request as u; u.urlopen(u.Request('http://{address}:8000/', method='PUT'), timeout=5)"
    command = hosts.inside([sys.executable, "-c", request])

    def answered() -> bool:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        return "HTTP Error 501: Unsupported method ('PUT')" in done.stderr

    wait_until(answered, SECONDS, lambda: "no answer")
    hosts.kill("app1", pid)
    wait_until(lambda: pid not in hosts.processes("app1"), SECONDS, lambda: "it survives")


def test_a_reload_leaves_an_old_worker_while_it_has_a_session(hosts: Hosts) -> None:
    balancer = hosts.balancers["lb3"]
    hold = f"""if 1:
        import socket, sys
        with socket.create_connection(("{hosts.addresses["lb3"]}", 8000)) as connection:
            connection.sendall(b"GET / HTTP/1.1\\r\\n")
            print("held", flush=True)
            sys.stdin.read()
    """
    before = balancer.pids
    with subprocess.Popen(
        hosts.inside([sys.executable, "-c", hold]), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == b"held\n"
        wait_until(
            lambda: balancer.ask("show stat public 1 -1").splitlines()[1].split(",")[4] == "1",
            SECONDS,
            lambda: "no session",
        )
        after = hosts.reload("lb3")
        assert balancer.old_pids == before
        assert balancer.pids == after != before
    wait_until(lambda: not balancer.old_pids, SECONDS, lambda: "the old worker stays")


def test_a_command_on_a_host_ends_with_the_one_that_was_started(hosts: Hosts) -> None:
    mark = f"1000.{os.getpid()}"  # by which no other sleep is known

    def sleeps() -> bool:
        """Whether it is more than the words of what brings it there."""
        return any(Path(f"/proc/{pid}/comm").read_text() == "sleep\n" for pid in kernel.mentioning(mark))

    with subprocess.Popen(hosts.inside(["sleep", mark], "app1")) as process:
        wait_until(sleeps, SECONDS, lambda: "nothing started")
        process.terminate()
    wait_until(lambda: not kernel.mentioning(mark), SECONDS, lambda: f"{kernel.mentioning(mark)} go on")


def test_a_user_has_namespaces_too_with_an_sshd_from_the_packages() -> None:
    """As root this makes the user namespace that a user needs: one user, one group, setgroups forbidden."""
    if not works(USER):
        with pytest.raises(LabError, match=r"^in a user namespace: "):
            way(USER)
        assert os.environ.get("STRICT") != "1"
        return
    hosts = Hosts(SMALL, kind="namespaces", by=USER, sshd=sshd_from_package())
    with hosts, Traces.of(hosts) as traces:
        assert "user" in {kind for kind, _name in traces.namespaces}
        done = ssh(hosts, "lb1", "id -u; hostname; cat /proc/self/setgroups; tail -n 1 /proc/self/uid_map")
        assert done.stdout.split() == ["0", "lb1", "deny", "0", str(os.geteuid()), "1"], done
        assert hosts.balancers["lb1"].pids == [int(pid) for pid in _asked_within(hosts)]
        hosts.stop()
        assert traces.left() == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_crash_takes_one_host_only(kind: str) -> None:
    with Hosts(Plan({name: Host(start=(("sleep", "1000"),)) for name in ("a1", "a2")}), kind=kind) as hosts:
        pids = {name: hosts.place.processes(name).values() for name in hosts.addresses}
        hosts.crash("a1")
        assert [kernel.born(pid) for pid in pids["a1"]] == [None] * len(pids["a1"])
        assert None not in [kernel.born(pid) for pid in pids["a2"]]
        if kind == "namespaces":
            assert ssh(hosts, "a1", "true").returncode == 255
            assert ssh(hosts, "a2", "hostname").stdout == "a2\n"
            with pytest.raises(LabError, match="a1 has crashed"):
                hosts.inside(["true"], "a1")


def _asked_within(hosts: Hosts) -> list[str]:
    """The pids that the sockets of lb1 tell on the host itself, by the paths that the host knows."""
    script = (
        "import glob, socket\n"
        "for path in sorted(glob.glob('/run/haproxy/*.sock')):\n"
        "    s = socket.socket(socket.AF_UNIX); s.connect(path); s.sendall(b'show info\\n')\n"
        "    print(s.makefile().read().partition('Pid: ')[2].split()[0])\n"
    )
    done = subprocess.run(
        hosts.inside([sys.executable, "-c", script], "lb1"), capture_output=True, text=True, check=True
    )
    return done.stdout.split()
