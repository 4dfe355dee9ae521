# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role drain_server where a load balancer refuses, does not answer, dies, or still has sessions."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from subprocess import PIPE, STDOUT
from typing import Any

import pytest

from lab.apps import Apps
from lab.fleet import MasterFleet, instances, one
from lab.oracle import Truth
from lab.ports import free_ports
from lab.recorder import Recorders
from lab.sessions import HeldSession
from lab.versions import newest, oldest

from .deploys import Hosts, Site, Told, body, three_that_differ

pytestmark = pytest.mark.target


@pytest.fixture(scope="module")
def lab(apps: Apps, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Three load balancers that differ."""
    with three_that_differ(apps, tmp_path_factory.mktemp("site")) as made:
        yield made


@pytest.fixture
def site(lab: Site) -> Site:
    """As configured."""
    lab.begin()
    return lab


def test_nothing_is_done_where_one_says_no(site: Site) -> None:
    """Each host is a case; none is drained anywhere, nothing is kept, and none is deployed."""
    two = ["lb1", "lb3"]
    cases: dict[str, tuple[dict[str, Any], str]] = {
        "unreachable": (
            {"haproxy_load_balancers": ["lb1", "gone"]},
            r"gone: .*127\.0\.0\.1 port \d+: Connection refused",
        ),
        "min_up": ({"haproxy_load_balancers": two, "haproxy_min_up": "100%"}, r"lb1: .* lb3: "),
        "unknown": ({"haproxy_load_balancers": two, "haproxy_server_name": "w9"}, "lb1: no server 'w9'"),
        "no_group": (
            {"haproxy_load_balancers": "balancers"},
            'haproxy_load_balancers is "balancers": no group that has',
        ),
        "no_host": (
            {"haproxy_load_balancers": ["lb1", "lb9"]},
            r'haproxy_load_balancers is \["lb1", "lb9"\]: no group',
        ),
        "empty_group": ({"haproxy_load_balancers": "nobody"}, 'haproxy_load_balancers is "nobody": no group that has'),
        "empty_list": (
            {"haproxy_load_balancers": []},
            r"haproxy_load_balancers is \[\]: no group that has hosts and no",
        ),
    }
    before = site.truths()
    hosts: Hosts = {name: {"haproxy_server_name": "w1", **given} for name, (given, _words) in cases.items()}
    hosts["again"] = {"haproxy_server_name": "w3", "haproxy_load_balancers": "lb1", "twice": True, "second": "w9"}
    done = site.run("roles", hosts)
    assert "lb1: no server 'w9'" in done.why("again")
    assert site.files == ["lb1/www@w3.json"], "what an earlier run of the role has done stays"
    assert site.truths("w3")["lb1"] == [Truth("drain", 10, 10)]
    site.run("roles", {"again": {**hosts["again"], "twice": False}}).ended_well("again")
    (site.place / "deployed" / "again").unlink()
    for name, (_given, words) in cases.items():
        assert re.search(words, done.why(name)), done.why(name)
        if "group" not in words:
            assert f"{name} was not drained, and nothing may be done to it: " in done.why(name)
        assert "put back" not in done.why(name)
    assert site.truths() == before
    assert (site.files, site.deployed) == ([], [])


def test_what_was_drained_is_put_back(apps: Apps, site: Site) -> None:
    """app1: lb9 dies when lb1 has been asked and is told. app2: one of the processes of lb8 refuses."""
    ports = free_ports(5)
    eighth = instances(oldest(), 4, lambda number: body(apps, [f"127.0.0.1:{ports[number]}"]))
    with eighth, one(newest(), body(apps, [f"127.0.0.1:{ports[0]}"])) as ninth, Recorders(eighth) as slow:
        with Recorders(site.fleets["lb1"]) as first:
            lock = threading.Lock()

            def kill(request: bytes) -> bytes | None:
                with lock:
                    if b"set server www/w1 " in request and ninth.running:
                        ninth.kill(0)
                return None

            def refuse(request: bytes) -> bytes | None:
                return b"\n[3]: No such server.\n\n" if b"www/w2 state drain" in request else None

            first[0].swallow, slow[2].swallow = kill, refuse
            sockets = {"lb1": first.sockets[0], "lb8": str(slow.directory), "lb9": ninth.sockets[0]}
            fleets = {"lb1": site.fleets["lb1"], "lb8": eighth, "lb9": ninth}
            ports_of = {"lb1": site.ports["lb1"], "lb8": ports[1:], "lb9": ports[:1]}
            more = Site(site.place, fleets, ports_of, sockets)
            more.begin()
            more.differ("w1", [Truth("ready", 7, 10)])
            more.differ("w2", [Truth("ready", weight, 10) for weight in (1, 2, 3, 4, 5, 6)])
            before = more.truths("w2")
            kept = site.place / "state" / "lb1" / "www@w1.json"  # of a run that was broken off at a small weight
            earlier = json.dumps({"fleets": [{sockets["lb1"]: {"state": "ready", "weight": 100}}]})
            kept.parent.mkdir(exist_ok=True)
            kept.write_text(earlier)
            hosts: Hosts = {
                "app1": {"haproxy_server_name": "w1", "haproxy_load_balancers": ["lb1", "lb9"]},
                "app2": {"haproxy_server_name": "w2", "haproxy_load_balancers": ["lb1", "lb8"]},
            }
            done = more.run("roles", hosts)
        del fleets["lb9"]
        more.fleets = fleets
        words = {name: done.why(name) for name in hosts}
        assert re.search(r"app1 was not drained, .*: lb9: .*It was put back on lb1\.", words["app1"]), words
        assert re.search(r"app2 was not drained, .*: lb8: .*No such server", words["app2"]), words
        assert more.truths("w1")["lb1"] == [Truth("ready", 7, 10)]
        assert more.truths("w2") == {name: before[name] for name in fleets}
        assert (more.files, more.deployed) == (["lb1/www@w1.json"], [])
        assert kept.read_text() == earlier


def test_sessions(site: Site) -> None:
    """All load balancers wait at the same time; then each host has its own way. An old worker's sessions count."""
    seconds = 15  # in which a busy machine gets round all load balancers
    hosts: Hosts = {
        "app1": {"haproxy_server_name": "w1", "haproxy_wait_timeout": 60},
        "app2": {"haproxy_server_name": "w2", "haproxy_on_timeout": "shutdown"},
        "app3": {"haproxy_server_name": "w3", "haproxy_on_timeout": "continue", "haproxy_load_balancers": ["lb1"]},
        "app4": {"haproxy_server_name": "w4", "haproxy_load_balancers": ["lb1"]},
    }
    third = site.fleets["lb3"]
    assert isinstance(third, MasterFleet)
    with ExitStack() as stack:
        finishing = [stack.enter_context(site.hold("lb3", 0, "w1"))]
        third.reload()
        site.begin()
        finishing += [stack.enter_context(site.hold(*place, "w1")) for place in (("lb1", 0), ("lb2", 1))]
        ended = [stack.enter_context(site.hold(*place, "w2")) for place in (("lb1", 0), ("lb2", 3), ("lb3", 0))]
        left = [stack.enter_context(site.hold("lb1", 0, name)) for name in ("w3", "w4")]
        done = _when_seen(site, hosts, "[app1 -> lb3] => (item=lb3: ", finishing, seconds)
        assert [each.is_open() for each in left] == [True, True]
        assert [each.is_open() for each in ended] == [False, False, False], str(done)
    for name, process in (("lb1", "p1.sock"), ("lb2", "p2.sock"), ("lb3", "master.sock@!")):
        assert re.search(
            rf"app1 -> {name}\] => \(item={name}: still waiting for 1 sessions .*www/w1 on .*{process}", done.stdout
        ), str(done)
    assert "app1 -> lb3] => (item=lb3: no session is left)" in done.stdout
    done.ended_well("app1", "app2", "app3")
    assert re.search(
        f"app4 was not drained, .*: lb1: after {seconds} s still waiting for 1 sessions", done.why("app4")
    ), done.why("app4")
    assert "It was put back on lb1." in done.why("app4")
    assert site.deployed == ["app1", "app2", "app3"]
    assert site.truths("w4")["lb1"] == [Truth("ready", 10, 10)]
    expected = {"w1": ("lb1", "lb2", "lb3"), "w2": ("lb1", "lb2", "lb3"), "w3": ("lb1",)}
    assert site.files == sorted(f"{name}/www@{server}.json" for server, names in expected.items() for name in names)
    began = [_changed(site, f"state/{name}/www@w2.json") for name in ("lb1", "lb2", "lb3")]
    assert began[2] - began[0] < seconds, "all drain before the time of one is over"
    assert _changed(site, "deployed/app2") - began[0] >= seconds


def _changed(site: Site, name: str) -> float:
    return (site.place / name).stat().st_mtime


def _when_seen(site: Site, hosts: Hosts, sign: str, sessions: list[HeldSession], seconds: float) -> Told:
    """Drain these hosts; when Ansible has said this, the sessions end."""
    command, environment = site.command("roles", hosts, haproxy_wait_timeout=seconds, enables=False)
    seen = []
    with subprocess.Popen(command, env=environment, stdout=PIPE, stderr=STDOUT, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            seen.append(line)
            while sign in line and sessions:
                sessions.pop().finish()
    return Told(process.returncode, "".join(seen), "")
