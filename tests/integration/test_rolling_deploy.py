# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook rolling_deploy: deploys that fail, that are broken off, and that go on beside each other.

Load balancers that die in the middle are in the molecule scenario ``failure``.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from lab.apps import Apps
from lab.oracle import Truth
from lab.processes import wait_until

from .deploys import LONG, Hosts, Site, three_that_differ

pytestmark = pytest.mark.target

DIFFERENT = (Truth("ready", 7, 10), Truth("ready", 10, 10), Truth("ready", 99, 10))
ALL_AT_ONCE = ("-e", '{"haproxy_serial": "100%", "haproxy_max_fail_percentage": 100}')


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


def test_deploys_that_fail(site: Site) -> None:
    """Who gets traffic again: by HAProxy's own checks, always, or never; and what is said."""
    hosts: Hosts = {
        "good": {"drain_server_server_name": "w1", "enable_server_server_name": "w1"},
        "bad": {"haproxy_server_name": "dead"},
        "unchecked": {"haproxy_server_name": "plain"},
        "always": {"haproxy_server_name": "w2", "haproxy_backend": "api", "haproxy_put_back": "always"},
        "never": {"haproxy_server_name": "w4", "haproxy_put_back": "never", "drain_server_maintenance": True},
    }
    site.differ("w1", DIFFERENT)
    before = site.truths()
    more: dict[str, Any] = {"fails": True, "haproxy_put_back_after": 2, "haproxy_load_balancers": ["lb2"]}
    done = site.run("rolling_deploy", hosts, *ALL_AT_ONCE, **more)
    back = {"good": True, "bad": False, "unchecked": False, "always": True, "never": False}
    for name, is_back in back.items():
        end = "It has its traffic back." if is_back else "It stays drained, and the next run goes on from there."
        assert done.why(name) == f"{name} was not deployed: The disk is full. {end}"
    states = {name: {it.state for it in site.truths(name)["lb2"]} for name in ("w1", "dead", "plain", "w4")}
    assert states == {"w1": {"ready"}, "dead": {"drain"}, "plain": {"drain"}, "w4": {"maint"}}
    assert {it.state for it in site.truths("w2", "api")["lb2"]} == {"ready"}
    assert site.files == [f"lb2/www@{name}.json" for name in ("dead", "plain", "w4")]
    again = site.run(
        "rolling_deploy", {n: hosts[n] for n in ("unchecked", "never")}, *ALL_AT_ONCE, **{**more, "fails": False}
    )
    again.ended_well("unchecked", "never")
    assert site.files == ["lb2/www@dead.json"]
    (site.place / "state" / "lb2" / "www@dead.json").unlink()
    site.differ("dead", [Truth("ready", 10, 10)])
    assert site.truths() == before


def test_two_at_a_time_and_a_deploy_elsewhere(site: Site) -> None:
    """Of two hosts at a time and another deploy beside, never more are out than min_up allows; nobody is lost."""
    more = {"haproxy_load_balancers": ["lb2"], "haproxy_min_up": 6}  # of eight, one of them down
    assert site.run("rolling_deploy", {"app1": {"haproxy_server_name": "w1"}}, **more).code == 0
    elsewhere = {"app2": {"haproxy_server_name": "w2", "waits": True}}
    process = _started(site, elsewhere, **more)
    _wait_deployed(site, "app2")
    hosts = {name: {"haproxy_server_name": f"w{name[-1]}"} for name in ("app3", "app4")}
    refused = site.run("rolling_deploy", hosts, "-e", "haproxy_serial=2", **more)
    for name in hosts:
        assert "was not drained" in refused.why(name)
        assert "lb2: " in refused.why(name)
    assert site.states("w2") == {"drain", "ready"}
    assert site.states("w3") == site.states("w4") == {"ready"}
    assert site.files == ["lb2/www@w2.json"]
    (site.place / "deployed" / "app2.go").touch()
    assert process.wait(LONG) == 0
    assert site.files == []
    done = site.run("rolling_deploy", hosts, "-e", "haproxy_serial=2", **{**more, "haproxy_min_up": 5})
    done.ended_well(*hosts)
    assert site.deployed == ["app1", "app2", "app3", "app4"]
    assert {state for n in range(1, 7) for state in site.states(f"w{n}")} == {"ready"}


def _started(site: Site, hosts: Hosts, **more: Any) -> subprocess.Popen[bytes]:
    """A rolling deploy that goes on beside, in a process group of its own as in a terminal."""
    command, environment = site.command("rolling_deploy", hosts, **more)
    with (site.place / "log").open("ab") as log:
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)


def _wait_deployed(site: Site, host: str) -> None:
    wait_until(
        lambda: host in site.deployed,
        LONG,
        lambda: f"{host} is not deployed: {(site.place / 'log').read_text()[-3000:]}",
    )


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "killed"])
def test_broken_off_between_drain_and_enable(site: Site, sign: signal.Signals) -> None:
    """The next run ends with all servers in their former states."""
    names = ["lb1"] if sign == signal.SIGKILL else ["lb2", "lb3"]
    more = {"haproxy_load_balancers": names}
    site.differ("w1", DIFFERENT)
    before = site.truths()
    hosts = {"app1": {"haproxy_server_name": "w1", "waits": True}}
    process = _started(site, hosts, **more)
    _wait_deployed(site, "app1")
    os.killpg(process.pid, sign)
    assert process.wait(LONG) != 0
    kept = {name: f"{name}/www@w1.json" in site.files for name in names}
    # ansible-core 2.19 lets the task fail that Ctrl-C ends, and the rescue puts the host back.
    assert all(kept.values()) or (sign == signal.SIGINT and not any(kept.values())), (site.place / "log").read_text()
    for name, is_kept in kept.items():
        assert {it.state for it in site.truths("w1")[name]} == {"drain" if is_kept else "ready"}
    (site.place / "deployed" / "app1").unlink()
    (site.place / "deployed" / "app1.go").touch()
    done = site.run("rolling_deploy", hosts, **more)
    done.ended_well("app1")
    assert site.truths() == before
    assert (site.files, site.deployed) == ([], ["app1"])
