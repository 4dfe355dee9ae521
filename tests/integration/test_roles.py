# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles drain_server and enable_server, as Ansible runs them on load balancers that differ."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lab.apps import Apps
from lab.oracle import Truth

from .deploys import Hosts, Site, three_that_differ
from .test_ansible import PLAYBOOKS

pytestmark = pytest.mark.target

DIFFERENT = (Truth("ready", 7, 10), Truth("ready", 10, 10), Truth("ready", 99, 10), Truth("ready", 0, 10))


@pytest.fixture(scope="module")
def lab(apps: Apps, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Three load balancers, of which one has an old worker."""
    with three_that_differ(apps, tmp_path_factory.mktemp("site")) as made:
        yield made


@pytest.fixture
def site(lab: Site) -> Site:
    """As configured."""
    lab.begin()
    return lab


def test_out_and_in_again_and_nothing_is_done_twice(site: Site) -> None:
    """Former states that differ from process to process come back, also those of hosts that were out already."""
    site.differ("w1", DIFFERENT)
    site.differ("w2", [Truth("maint", 10, 10)])
    site.differ("w3", [Truth("drain", 3, 10)])
    before = site.truths()
    hosts: Hosts = {
        "app1": {"haproxy_server_name": "w1", "twice": True},
        "app2": {"haproxy_server_name": "w2", "haproxy_load_balancers": ["lb2"]},
        "app3": {"haproxy_server_name": "w3", "haproxy_load_balancers": ["lb1"]},
    }
    checked = site.run("roles", {"app1": {"haproxy_server_name": "w1"}}, "--check", "--diff")
    checked.ended_well("app1")
    assert site.truths() == before
    assert (site.files, site.deployed) == ([], [])
    assert checked.recap("app1")["changed"] > 0
    assert '"state": "ready"' in checked.stdout, "the diff shows the file"

    done = site.run("roles", hosts)
    done.ended_well(*hosts)
    assert site.truths() == before
    assert (site.files, site.deployed) == ([], list(hosts))
    for second in ("SECOND DRAIN", "SECOND ENABLE"):
        assert "ok: [app1 -> lb2]" in done.part(second, "DEPLOY")
        assert "changed:" not in done.part(second, "DEPLOY")
    assert sorted(_fact(site, "app1")) == ["lb1", "lb2", "lb3"]
    assert _fact(site, "app2") == {"lb2": [{"backend": "www", "name": "w2", "state": "maint", "weight": 10}]}


def _fact(site: Site, host: str) -> Any:
    """``haproxy_server_before`` when this host was deployed."""
    return json.loads((site.place / "deployed" / host).read_text())


def _touched(site: Site, host: str) -> set[tuple[str, str, str]]:
    """Load balancer, backend and server of which it speaks."""
    return {(name, row["backend"], row["name"]) for name, rows in _fact(site, host).items() for row in rows}


def test_variables(site: Site) -> None:
    """Where load balancers, backends and names come from, and that the roles' own variables win."""
    own = {"server_name": "w3", "backend": "www", "load_balancers": ["lb3"]}
    hosts: Hosts = {
        "w1": {"haproxy_backend": ["www", "ap?"], "haproxy_load_balancers": ["lb1", "lb3"]},
        "app2": {"haproxy_server_name": ["w2", "w5"], "haproxy_load_balancers": "lb2"},
        "app3": {
            "haproxy_server_name": "nobody",
            "haproxy_backend": "nowhere",
            "haproxy_load_balancers": "gone",
            **{f"{role}_server_{name}": value for role in ("drain", "enable") for name, value in own.items()},
        },
        "app4": {
            "haproxy_server_name": "w4",
            "haproxy_load_balancers": ["lb1"],
            "drain_server_maintenance": True,
            "enables": False,
        },
        "app6": {"haproxy_server_name": "w6", "haproxy_load_balancers": "lb1", "drain_server_forget": True},
    }
    site.differ("w6", [Truth("ready", 5, 10)])
    (site.place / "state" / "lb1").mkdir(exist_ok=True)
    earlier = {site.fleets["lb1"].sockets[0]: {"state": "maint", "weight": 9}}
    (site.place / "state" / "lb1" / "www@w6.json").write_text(json.dumps({"fleets": [earlier]}))

    site.run("roles", hosts, "--limit", "app").ended_well(*hosts)
    assert _touched(site, "w1") == {(name, backend, "w1") for name in ("lb1", "lb3") for backend in ("www", "api")}
    assert _touched(site, "app2") == {("lb2", "www", "w2"), ("lb2", "www", "w5")}
    assert _touched(site, "app3") == {("lb3", "www", "w3")}
    assert site.truths("w4")["lb1"] == [Truth("maint", 10, 10)]
    assert site.files == ["lb1/www@w4.json"]
    assert {state for name in ("w1", "w2", "w3", "w5", "w6") for state in site.states(name)} == {"ready"}
    assert site.truths("w6")["lb1"] == [Truth("ready", 5, 10)], "that it was in maintenance was forgotten"


def test_a_ramp(site: Site) -> None:
    """Each step is a share of what each load balancer had; where a check fails the host stays at its step."""
    site.differ("w1", [Truth("ready", 100, 10)])
    site.differ("w2", [Truth("ready", weight, 10) for weight in (3, 40, 100, 256, 20)])
    before = site.truths("w1"), site.truths("w2")
    more = {
        "enable_server_ramp": [5, 25, 100],
        "enable_server_check_tasks": str(PLAYBOOKS / "tasks" / "check_step.yml"),
        "enable_server_pause": 1,
    }
    hosts: Hosts = {
        "app1": {"haproxy_server_name": "w1", "haproxy_load_balancers": "lb1"},
        "app2": {"haproxy_server_name": "w2", "haproxy_load_balancers": "lb2", "takes": 25},
    }
    done = site.run("roles", hosts, **more)
    done.ended_well("app1")
    assert site.truths("w1") == before[0]
    assert done.why("app2") == "Too many errors at 25%"
    assert [it.weight for it in site.truths("w2")["lb2"]] == [10, 25, 64, 5]
    assert site.files == ["lb2/www@w2.json"]
    site.run("roles", {"app2": {**hosts["app2"], "takes": 100}}, **more).ended_well("app2")
    assert site.truths("w2") == before[1]
    assert site.files == []
