# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide "From haproxyadmin": every task in it runs, on processes as haproxyadmin's own configuration makes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from documented.claims import Runner, claimed
from lab.apps import Apps
from lab.fleet import Fleet, layout
from lab.oracle import servers
from lab.versions import Version, newest, oldest

from .spread import MAXCONN, Spread, spread
from .test_ansible import ROOT
from .test_examples import Task, entries, every, run_tasks, sets_body, tasks_for, together, with_paths
from .test_haproxy_frontend import frontends
from .test_haproxy_global import limits

pytestmark = pytest.mark.target

GUIDE = ROOT / "docs" / "docsite" / "rst" / "from_haproxyadmin.rst"
# The modules of maps and ACLs, which haproxyadmin's own configuration has none of.
SETS = [f"haproxyadmin.haproxy.haproxy_{name}" for name in ("map", "acl", "map_info", "acl_info")]
# What haproxyadmin's classes HAProxy, Frontend, Backend and Server have.
MEMBERS = (
    "frontends", "frontend", "backends", "backend", "servers", "server", "metric", "maxconn", "ratelimitconn",
    "ratelimitsess", "ratelimitsslsess", "totalrequests", "requests", "processids", "uptime", "uptimesec",
    "description", "nodename", "releasedate", "version", "info", "errors", "command", "clearcounters",
    "setmaxconn", "setratelimitconn", "setratelimitsess", "setratelimitsslsess", "show_acl", "get_acl", "add_acl",
    "del_acl", "clear_acl", "show_map", "get_map", "add_map", "set_map", "del_map", "clear_map", "name", "iid",
    "process_nb", "status", "requests_per_process", "stats_per_process", "enable", "disable", "shutdown", "sid",
    "weight", "check_status", "check_code", "last_status", "last_agent_check", "address", "port", "setstate",
    "setweight", "retry", "retry_interval", "timeout",
)  # fmt: skip


@pytest.fixture(params=[oldest(), newest()], ids=lambda version: f"haproxy={version}")
def four(request: pytest.FixtureRequest, apps: Apps) -> Iterator[Spread]:
    """nbproc 4 on the oldest version, four instances on the newest."""
    yield from spread(request.param, apps.ports)


def test_the_guide_names_all_that_haproxyadmin_has() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    assert [member for member in MEMBERS if f"``{member}``" not in text] == []


def test_every_block_of_the_guide_is_tasks() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    assert text.count(".. code-block::") == len(claimed(Runner.FROM_HAPROXYADMIN)) == 6
    tasks = yaml.safe_load(together(claimed(Runner.FROM_HAPROXYADMIN)))
    assert len(tasks) == text.count("- name: ")
    modules = {key for task in tasks for key in task if key.startswith("haproxyadmin.")}
    names = ("info", "global", "command", "frontend", "server")
    assert modules == {*SETS, *(f"haproxyadmin.haproxy.haproxy_{name}" for name in names)}


def tasks_of(fleet: Fleet, place: Path, *, sets: bool) -> list[Task]:
    """The tasks of the guide about maps and ACLs, or all others."""
    text = with_paths(together(claimed(Runner.FROM_HAPROXYADMIN)), fleet, place)
    return [task for task in tasks_for(fleet.version, text) if sets == any(name in task for name in SETS)]


def run_all(place: Path, fleet: Fleet, tasks: list[Task]) -> None:
    """Run them; none may fail or be skipped."""
    told = run_tasks(place, fleet, tasks, deploy="true")
    assert f" ok={len(list(every(tasks)))} " in told
    assert "failed=0 skipped=0 rescued=0 ignored=0" in told


@pytest.mark.parametrize("haproxy", [oldest(), newest()], ids=lambda version: f"haproxy={version}")
def test_every_task_about_maps_and_acls_runs(haproxy: Version, tmp_path: Path) -> None:
    sets = tmp_path / "sets"
    with layout(haproxy, 4, sets_body(sets)) as fleet:
        tasks = tasks_of(fleet, sets, sets=True)
        cleared = [task["name"].startswith("clear_") for task in tasks]
        assert sum(cleared) == 2
        run_all(tmp_path, fleet, [task for task, clears in zip(tasks, cleared, strict=True) if not clears])
        left = [entries(reply) for reply in fleet.ask_all(f"show map {sets}/hosts.map")]
        assert left == [["www.example.com www"]] * 4
        run_all(tmp_path, fleet, [task for task, clears in zip(tasks, cleared, strict=True) if clears])
        for command in (f"show map {sets}/paths.map", f"show acl {sets}/blocked.acl"):
            assert [entries(reply) for reply in fleet.ask_all(command)] == [[]] * 4


def test_every_other_task_of_the_guide_runs(four: Spread, tmp_path: Path) -> None:
    run_all(tmp_path, four.fleet, tasks_of(four.fleet, tmp_path, sets=False))
    for index in range(4):
        assert limits(four.fleet, index) == {
            "maxconn": MAXCONN,
            **dict.fromkeys(("rate_limit_connections", "rate_limit_sessions"), 0),
            **dict.fromkeys(("rate_limit_ssl_sessions", "rate_limit_http_compression"), 0),
        }
    for index in (2, 3):
        now = frontends(four.fleet, index)
        assert now["frontend1_proc34"] == ("OPEN", 500)
        shut = now.get("frontend2_proc34")
        assert shut is None if four.fleet.version.number < (2, 3) else shut is not None and shut.status == "STOP"
        truths = servers(four.fleet, index)
        assert truths["backend1_proc34", "bck_all_srv1"].state == "drain"
        assert truths["backend2_proc34", "bck_all_srv1"].state == "maint"
    assert servers(four.fleet, 0)["backend_proc1", "bck_all_srv1"] == ("ready", 20, 100)
    state = four.fleet.ask(2, "show servers state backend1_proc34")
    assert " bck1_proc34_srv1 127.0.0.2 " in state
