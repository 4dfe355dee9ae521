# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The look right after servers were taken out: at whom, what it brings back, and when it finds too few left."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.servers import STOPPED, Server
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import NotConverged
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._fleet import PerProcess
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._plan import Goal

from unit.plugins.module_utils.wished import goals_of, item, resource, seen, server


def _three(**changes: dict[str, Any]) -> list[Server]:
    return [server(name=name, **changes.get(name, {})) for name in ("web1", "web2", "web3")]


def _looks(rows: list[Server], /, **wish: Any) -> list[Goal[Any]]:
    return [goal for goal in goals_of(resource(**wish), {"p1": seen(*rows)}) if goal.hindsight]


@pytest.mark.parametrize(
    ("servers", "wish", "names"),
    [
        pytest.param(_three(), {"name": ["web1", "web2"]}, ["web1", "web2"], id="who goes"),
        pytest.param(_three(web1={"state": "drain"}), {"name": ["web1", "web2"]}, ["web2"], id="not who had gone"),
        pytest.param(_three(web1={"op_state": STOPPED}), {"name": ["web1", "web2"]}, ["web2"], id="not who was down"),
        pytest.param(
            _three(web1={"backup": True}), {"name": ["web1", "web2"]}, ["web2"], id="no backup beside active servers"
        ),
        pytest.param(
            [server(name=name, backup=True) for name in ("web1", "web2", "web3")],
            {"name": ["web1"]},
            ["web1"],
            id="a backup where there is nothing else",
        ),
        pytest.param(
            [server(name="web1", backup=True), server(name="web2", backup=True), server(backend="api", name="x")],
            {"name": ["web1"]},
            ["web1"],
            id="active servers of another backend do not count",
        ),
    ],
)
def test_whom_it_looks_after(servers: list[Server], wish: dict[str, Any], names: list[str]) -> None:
    (look,) = _looks(servers, state="drain", backend=["www"], min_up="1", **wish)
    assert look.former
    (former,) = look.former.values()
    assert list(former) == [("www", name) for name in names]
    assert look.until is None
    for key, aimed in former.items():
        assert aimed.record in servers
        assert (aimed.record.name, aimed.fields) == (key[1], {"state", "weight"})


def test_only_items_with_a_guard_are_looked_after() -> None:
    items = [item("web1", state="drain", min_up="1"), item("web2", state="drain")]
    (look,) = _looks(_three(), servers=items)
    assert look.former
    assert list(look.former["p1"]) == [("www", "web1")]


def test_each_is_looked_after_once() -> None:
    """Who is drained first and set to maintenance later has been taken out by then."""
    looks = _looks(_three(), name=["web1"], state="maint", drain=True, min_up="1")
    assert len(looks) == 1


def test_nobody_is_looked_after_without_a_guard() -> None:
    assert _looks(_three(), name=["web1"], state="drain") == []


@pytest.mark.parametrize(
    ("others", "min_up", "enough"),
    [
        pytest.param({}, "2", True, id="as expected"),
        pytest.param({"web2": {"state": "maint"}}, "1", True, id="one more, and still enough"),
        pytest.param({"web2": {"state": "maint"}}, "2", False, id="one more"),
        pytest.param({"web2": {"state": "maint"}}, "34%", False, id="a share"),
        pytest.param({"web2": {"present": False}}, "50%", True, id="of those that are still there"),
        pytest.param({"web2": {"backup": True}}, "2", False, id="a backup beside an active server"),
    ],
)
def test_what_it_finds(others: dict[str, dict[str, Any]], min_up: str, enough: bool) -> None:
    (look,) = _looks(_three(), name=["web1"], state="drain", min_up=min_up)
    assert look.hindsight
    later = PerProcess({"p1": seen(*_three(web1={"state": "drain"}, **others), server(backend="api", name="x"))})
    if enough:
        assert look.hindsight({}, later) == ()
        return
    with pytest.raises(
        NotConverged, match=r"^others were taken out of service at the same time as www/web1: on process "
    ):
        look.hindsight({}, later)


def test_the_sentence_says_who_went_and_what_is_left() -> None:
    (look,) = _looks(_three(), name=["web2", "web1"], state="drain", min_up="1")
    assert look.hindsight
    later = PerProcess({"p1": seen(*_three(**{name: {"state": "drain"} for name in ("web1", "web2", "web3")}))})
    with pytest.raises(NotConverged) as caught:
        look.hindsight({}, later)
    assert str(caught.value) == (
        "others were taken out of service at the same time as www/web1, www/web2: on process p1 0 of the 3 servers of "
        "www are left, and min_up is 1, that is 1"
    )
    assert caught.value.process == "p1"
