# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What haproxyadmin's research wants read of servers, cases S: haproxy_info on four processes that say and do not agree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lab.apps import Apps
from lab.config import servers_body
from lab.fleet import layout
from lab.ports import free_port
from lab.processes import wait_until
from lab.tasks import run
from lab.versions import Version, newest, oldest

from .spread import Spread, spread

MODULE = "haproxy_info"
SECONDS = 10.0
BOTH = [oldest(), newest()]
EACH = pytest.mark.parametrize("haproxy", BOTH, ids=lambda version: f"haproxy={version}")
TWICE = "bck_all_srv1"


@pytest.fixture(params=BOTH, ids=lambda version: f"haproxy={version}")
def four(request: pytest.FixtureRequest, apps: Apps) -> Iterator[Spread]:
    """nbproc 4 on the oldest version, four instances on the newest."""
    yield from spread(request.param, apps.ports)


def server(four: Spread, backend: str, name: str) -> dict[str, Any]:
    """What the module tells of one server."""
    wish = {"socket": four.sockets, "gather_subset": "servers", "backend": backend, "server": name}
    result = run(MODULE, wish)
    assert not result.get("failed"), result["msg"]
    (row,) = result["servers"]
    found: dict[str, Any] = row
    return found


@pytest.mark.parametrize(
    ("command", "state", "status"),
    [
        pytest.param("disable server", "maint", "MAINT", id="S04 disabled"),
        pytest.param("enable server", "ready", "no check", id="S04 enabled"),
        pytest.param("set server state maint", "maint", "MAINT", id="S05 maint"),
        pytest.param("set server state drain", "drain", "DRAIN", id="S06 drain"),
        pytest.param("set server state ready", "ready", "no check", id="S07 ready"),
    ],
)
def test_states_are_read_as_they_were_said(four: Spread, command: str, state: str, status: str) -> None:
    place = f"backend2_proc34/{TWICE}"
    verb, what, *rest = command.split()
    four.fleet.ask_all(f"set server {place} state {'drain' if state == 'ready' else 'ready'}")
    four.fleet.ask_all(" ".join([verb, what, place, *rest]))
    row = server(four, "backend2_proc34", TWICE)
    assert (row["state"], row["stats"]["status"], row["consistent"]) == (state, status, True)


def test_s09_a_draining_server_that_is_down_is_read_as_draining(four: Spread) -> None:
    place, nowhere = f"backend1_proc34/{TWICE}", free_port()
    four.fleet.ask_all(f"set server {place} addr 127.0.0.1 port {nowhere}")

    def down() -> bool:
        return all(
            f"{TWICE}," in reply and ",DOWN," in reply
            for reply in four.fleet.ask_all("show stat backend1_proc34 4 -1")[2:]
        )

    wait_until(down, SECONDS, lambda: "the server is not down")
    four.fleet.ask_all(f"set server {place} state drain")
    row = server(four, "backend1_proc34", TWICE)
    assert (row["state"], row["stats"]["status"], row["consistent"]) == ("drain", "DOWN", True)


@EACH
def test_s11_s12_what_is_inherited_or_configured_is_no_state_of_its_own(haproxy: Version, apps: Apps) -> None:
    with layout(haproxy, 4, servers_body(apps.ports)) as fleet:
        fleet.ask_all("disable server www/web1")
        result = run(MODULE, {"socket": [str(fleet.directory)], "backend": "odd", "gather_subset": "servers"})
        rows = {row["name"]: row for row in result["servers"]}
        assert (rows["follow1"]["state"], rows["follow1"]["stats"]["status"]) == ("ready", "MAINT (via www/web1)")
        assert (rows["off1"]["state"], rows["off1"]["stats"]["status"]) == ("maint", "MAINT")
        fleet.ask_all("enable server odd/off1")
        (row,) = run(MODULE, {"socket": [str(fleet.directory)], "server": "off1"})["servers"]
        assert (row["state"], row["consistent"]) == ("ready", True)


CHECKED, UNCHECKED = f"backend1_proc34/{TWICE}", f"backend2_proc34/{TWICE}"


@pytest.mark.parametrize(
    ("place", "third", "fourth", "expected"),
    [
        pytest.param(
            UNCHECKED,
            "set server {} state maint",
            "set server {} state drain",
            {"state": ("maint", "drain")},
            id="S14 states",
        ),
        pytest.param(
            UNCHECKED, "set server {} weight 10", "set server {} weight 21", {"weight": (10, 21)}, id="S19 weights"
        ),
        pytest.param(
            UNCHECKED,
            "set server {} addr ::1",
            "set server {} addr ::1",
            {"address": "::1"},
            id="S23 one IPv6 address",
        ),
        pytest.param(
            UNCHECKED,
            "set server {} addr 127.0.0.2 port 81",
            "set server {} addr 127.0.0.3 port 81",
            {"address": ("127.0.0.2", "127.0.0.3"), "port": 81},
            id="S26 addresses but no ports",
        ),
        pytest.param(
            CHECKED,
            "disable health {}",
            "enable health {}",
            {"health_check": ("disabled", "enabled")},
            id="S33 checks",
        ),
        pytest.param(
            UNCHECKED,
            "set maxconn server {} 5",
            "set maxconn server {} 9",
            {"maxconn": (5, 9)},
            id="S34 limits",
        ),
    ],
)
def test_what_differs_is_told_per_process(
    four: Spread, place: str, third: str, fourth: str, expected: dict[str, Any]
) -> None:
    for index, command in ((2, third), (3, fourth)):
        four.fleet.ask(index, command.format(place))
    row = server(four, *place.split("/"))
    sockets = four.recorders.sockets[2:]
    values = {
        name: dict(zip(sockets, value, strict=True)) if isinstance(value, tuple) else value
        for name, value in expected.items()
    }
    assert {name: row[name] for name in expected} == values
    assert row["consistent"] == (values == expected)


@EACH
def test_s31_commas_and_quotes_in_a_checks_words_shift_nothing(haproxy: Version, apps: Apps) -> None:
    body = (
        "backend www\n    option httpchk\n"
        '    http-check expect status 200 on-success "Boom, \\"quoted\\", x"\n'
        f"    server web1 127.0.0.1:{apps.ports[0]} check inter 100ms\n"
    )
    with layout(haproxy, 4, body, global_lines="max-spread-checks 100ms") as fleet:
        wait_until(
            lambda: all("quoted" in reply for reply in fleet.ask_all("show stat www 4 -1")),
            SECONDS,
            lambda: "no check has a result",
        )
        (row,) = run(MODULE, {"socket": [str(fleet.directory)], "gather_subset": "servers"})["servers"]
        assert (row["address"], row["port"]) == ("127.0.0.1", apps.ports[0])
        for each in row["per_process"]:
            stats = each["stats"]
            assert stats.get("last_chk", 'Boom, "quoted", x') == 'Boom, "quoted", x'
            assert stats["addr"] == f"127.0.0.1:{apps.ports[0]}"
            assert (stats["lastsess"], stats["mode"]) == (-1, "http")
