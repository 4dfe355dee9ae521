# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""haproxy_info: one row for every process, as it says itself."""

from __future__ import annotations

from lab import fakes
from lab.apps import Apps
from lab.config import bind_lines, servers_body
from lab.fleet import master_worker, one
from lab.ports import free_port
from lab.sessions import hold_session
from lab.tasks import run
from lab.versions import Version

from .conftest import Balancer

MODULE = "haproxy_info"


def test_a_row_for_every_process(balancer: Balancer) -> None:
    balancer.recorders.clear()
    result = run(MODULE, {"socket": balancer.sockets})
    assert not result["changed"]
    assert [row["pid"] for row in result["processes"]] == balancer.fleet.pids
    for index, row in enumerate(result["processes"]):
        said = dict(line.split(": ", 1) for line in balancer.fleet.ask(index, "show info").splitlines() if ": " in line)
        assert row["version"] == said["Version"]
        assert row["node"] == said["node"]
        assert row["info"].keys() == said.keys()
        assert row["info"]["Maxconn"] == int(said["Maxconn"])
        assert (row["worker"], row["level"], row["reloads"]) == ("current", "admin", None)
        assert isinstance(row["uptime_sec"], int)
        assert isinstance(row["connections"], int)
    assert result["old_workers"] == "unknown"
    assert balancer.recorders.writes() == [[]] * len(balancer.recorders)


def test_check_mode_reads_as_usual(balancer: Balancer) -> None:
    checked = run(MODULE, {"socket": balancer.sockets}, check=True)
    assert [row["pid"] for row in checked["processes"]] == balancer.fleet.pids


def test_old_workers_are_rows_like_the_others(haproxy: Version, apps: Apps) -> None:
    port = free_port()
    with master_worker(haproxy, servers_body(apps.ports, binds=bind_lines(port))) as fleet, hold_session(port):
        former = fleet.pids
        fleet.reload()
        result = run(MODULE, {"socket": [fleet.master], "expected_processes": 1})
        rows = {row["pid"]: row for row in result["processes"]}
        assert set(rows) == {*former, *fleet.pids}
        assert [rows[pid]["worker"] for pid in (*former, *fleet.pids)] == ["old", "current"]
        assert rows[former[0]]["reloads"] > rows[fleet.pids[0]]["reloads"]
        assert result["old_workers"] == [rows[former[0]]["name"]] == [f"{fleet.master}@!{former[0]}"]


def test_a_module_that_reads_skips_a_hung_socket_in_a_directory(haproxy: Version, apps: Apps) -> None:
    with one(haproxy, servers_body(apps.ports)) as fleet, fakes.hung_listener(path=str(fleet.directory / "a.sock")):
        result = run(MODULE, {"socket": [str(fleet.directory)], "timeout": 0.4})
        assert [row["pid"] for row in result["processes"]] == fleet.pids
        assert [skipped["socket"] for skipped in result["skipped_sockets"]] == [str(fleet.directory / "a.sock")]
        assert run(MODULE, {"socket": [str(fleet.directory)], "timeout": 0.4, "on_unreachable": "fail"})["failed"]


def test_a_low_level_is_told(haproxy: Version, apps: Apps) -> None:
    with one(haproxy, servers_body(apps.ports), operator=True, user=True) as fleet:
        for address, level in ((fleet.user_sockets[0], "user"), (fleet.operator_sockets[0], "operator")):
            assert [row["level"] for row in run(MODULE, {"socket": [address]})["processes"]] == [level]
