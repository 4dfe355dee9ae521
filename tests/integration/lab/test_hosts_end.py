# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real hosts end: with their context, with whoever made them, by the command line; and nothing of them is left."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.hosts import Balancer, Host, Hosts, Plan, kernel
from lab.processes import Workspace, wait_until
from lab.versions import newest

from .traces import BALANCERS, KINDS, SECONDS, SMALL, Traces, killed, knowing_the_lab, left, ssh


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_left_after_the_end(kind: str) -> None:
    hosts = Hosts(SMALL, kind=kind)
    with hosts, Traces.of(hosts) as traces:
        assert (len(traces.namespaces) >= 4 * len(hosts.addresses)) == (kind == "namespaces")
        hosts.start("app1", ["sh", "-c", "(setsid sleep 1000 &) ; sleep 1000"])
        generator = subprocess.Popen(hosts.inside(["sleep", "1000"]))
        if kind == "namespaces":
            assert ssh(hosts, "app1", "(setsid sleep 1000 >/dev/null 2>&1 &) ; hostname").stdout == "app1\n"
            assert kernel.titles(f"ssh: {traces.base}/world/c/") != []
            network = hosts.place.network
            wait_until(lambda: kernel.namespace(generator.pid, "net") == network, SECONDS, lambda: "it stays outside")
        else:
            generator.kill()  # nothing shows whose it is
        hosts.stop()
        assert traces.left() == []
        assert generator.wait(SECONDS) == -9


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_left_after_a_start_that_failed(kind: str) -> None:
    bad = Plan({"a1": Host(), "lb1": Host(balancer=Balancer("3.0", "frontend f\n    mode nonsense\n"))})
    workspace = Workspace()
    with pytest.raises(LabError, match=r"(?s)HAProxy 3\.0 on lb1: ended at its start.*nonsense"):
        Hosts(bad, kind=kind, workspace=workspace)
    assert left(workspace.directory) == []


KILLED = """
import json, os, signal, sys
from traces import *
hosts = Hosts(SMALL, kind={kind!r})
hosts.start("app1", ["sh", "-c", "(setsid sleep 1000 &) ; sleep 1000"])
if hosts.ssh_config is not None:
    ssh(hosts, "app1", "sleep 1000 >/dev/null 2>&1 &")
else:  # all are there before anybody ends
    base = hosts.workspace.directory
    wait_until(lambda: sum(line.endswith(": sleep 1000 ") for line in left(base)) == 3, SECONDS, lambda: str(left(base)))
print(json.dumps([str(hosts.workspace.directory), outer_pids(hosts)]), flush=True)
sys.stdin.readline()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_left_when_the_parent_is_killed(kind: str) -> None:
    with killed(KILLED.format(kind=kind)) as traces:
        traces.wait_gone()


def lab_hosts(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """``python -m lab.hosts``."""
    return subprocess.run(
        [sys.executable, "-m", "lab.hosts", *arguments], env=knowing_the_lab(),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_line_leaves_hosts_and_ends_them(kind: str, tmp_path: Path) -> None:
    plan, place = tmp_path / "plan.json", tmp_path / "hosts"
    balancer = {"version": newest().name, "layout": "master_worker", "body": BALANCERS["lb3"].body}
    app = {"groups": ["app"], "start": [["sleep", "1000"]], "variables": {"answer": 42}}
    plan.write_text(json.dumps({"hosts": {"lb1": {"balancer": balancer}, "app1": app}}))
    try:
        up = lab_hosts("up", place, plan, "--kind", kind)
        assert (up.returncode, up.stdout.split()[0]) == (0, kind), up.stderr
        base = Path(json.loads((place / "hosts.json").read_text())["base"])
        assert left(base) != []
        inventory = json.loads((place / "inventory.json").read_text())["all"]
        assert inventory["hosts"]["app1"]["answer"] == 42
        assert list(inventory["children"]["app"]["hosts"]) == ["app1"]
        inside = lab_hosts("inside", place, "--host", "lb1", "sh", "-c", "echo $HOST")
        assert inside.stdout.strip() == inventory["hosts"]["lb1"]["ansible_host"], inside.stderr
        started = lab_hosts("start", place, "--host", "app1", "sleep", "1000")
        assert started.stdout.strip().isdecimal(), started.stderr
        reloaded = lab_hosts("reload", place, "lb1")
        assert reloaded.stdout.strip().isdecimal(), reloaded.stderr
        again = lab_hosts("up", place, plan)
        assert (again.returncode, "has hosts already" in again.stderr) == (1, True)
    finally:
        down = lab_hosts("down", place)
    assert down.returncode == 0, down.stderr
    assert left(base) == []
    assert list(place.iterdir()) == []
    assert lab_hosts("down", place).returncode == 0


KILLED_UP = """
import json, os, signal, sys
from pathlib import Path
from lab.hosts import left
from traces import SMALL, outer_pids
made = left.Hosts
def killed(*arguments, **options):
    hosts = made(*arguments, **options)
    print(json.dumps([str(hosts.workspace.directory), outer_pids(hosts)]), flush=True)
    sys.stdin.readline()
    os.kill(os.getpid(), signal.SIGKILL)
left.Hosts = killed
left.up(Path({place!r}), SMALL, {kind!r})
"""


@pytest.mark.parametrize("kind", KINDS)
def test_down_follows_an_up_that_was_killed(kind: str, tmp_path: Path) -> None:
    """The guardian ends the hosts, down removes the state."""
    with killed(KILLED_UP.format(place=str(tmp_path), kind=kind)) as traces:
        assert [path.name for path in tmp_path.iterdir()] == ["hosts.json"]
        down = lab_hosts("down", tmp_path)
        assert down.returncode == 0, down.stderr
        assert list(tmp_path.iterdir()) == []
        traces.wait_gone()
