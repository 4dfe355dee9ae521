# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""haproxy_server against real HAProxy processes: the law, for named cases and for random ones."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.oracle import Key, Truth, put, servers
from lab.prophecy import holds
from lab.tasks import run

from .conftest import Balancer

STATES = ("ready", "drain", "maint")
# Servers whose backend takes every weight.
FREE: tuple[Key, ...] = (
    *(("www", name) for name in ("web1", "web2", "web3", "web4")),
    *(("api", name) for name in ("web1", "api1", "api2")),
    *(("odd", name) for name in ("off1", "spare1", "dead1", "a.b:c-d_e", "follow1")),
)


def start_from(balancer: Balancer, **differing: Truth) -> None:
    """All servers as configured (but ready), except web1 of www on the processes named p1, p2 …"""
    for index in range(len(balancer.recorders)):
        truths = {key: Truth("ready", now.initial_weight, 0) for key, now in servers(balancer.fleet, index).items()}
        if f"p{index + 1}" in differing:
            truths["www", "web1"] = differing[f"p{index + 1}"]
        put(balancer.fleet, index, truths)


def agrees(balancer: Balancer, result: dict[str, Any]) -> None:
    """The result's ``after`` is what every process says."""
    names = [process["name"] for process in result["processes"]]
    for row in result["servers"]:
        for index, name in enumerate(names):
            truth = servers(balancer.fleet, index).get((row["backend"], row["name"]))
            assert (truth is not None) == (name in row["processes"])
            if truth is not None:
                for field in ("state", "weight"):
                    value = row["after"][field]
                    assert (value[name] if isinstance(value, dict) else value) == getattr(truth, field)


CASES: dict[str, dict[str, Any]] = {
    "drain": {"name": ["web1"], "state": "drain"},
    "maint": {"name": ["web1"], "state": "maint"},
    "disabled is maint": {"name": ["web1"], "state": "disabled"},
    "ready": {"name": ["web1"], "state": "ready"},
    "enabled is ready": {"name": ["web1"], "state": "enabled"},
    "weight alone": {"name": ["web1"], "backend": ["www"], "weight": "33"},
    "weight 0": {"name": ["web1"], "weight": "0"},
    "weight 256": {"name": ["web1"], "weight": "256"},
    "half": {"name": ["web1"], "weight": "50%"},
    "above the initial weight": {"name": ["web2"], "weight": "300%"},
    "state and weight": {"name": ["web1"], "state": "maint", "weight": "7"},
    "one backend": {"name": ["web1"], "backend": ["api"], "state": "drain"},
    "several names": {"name": ["web1", "web2"], "state": "drain"},
    "globs": {"name": ["web[13]", "api?"], "backend": ["w*", "a*"], "state": "maint", "weight": "100%"},
    "everything": {"name": ["*"], "state": "drain"},
    "static algorithm, 0%": {"name": ["fixed1"], "weight": "0%"},
    "static algorithm, 100%": {"name": ["fixed1"], "weight": "100%", "state": "drain"},
    "disabled in the configuration": {"name": ["off1"], "state": "ready"},
    "tracking": {"name": ["follow1"], "state": "drain"},
    "backup": {"name": ["spare1"], "state": "maint"},
    "down": {"name": ["dead1"], "state": "drain"},
    "unusual name": {"name": ["a.b:c-d_e"], "state": "maint", "weight": "0"},
    "nothing asked": {"name": ["web1"]},
    "nothing found": {"name": ["web9"], "fail_on_not_found": False, "state": "drain"},
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_prophecy_of_a_case(balancer: Balancer, case: dict[str, Any]) -> None:
    start_from(balancer)
    result = holds("haproxy_server", {**case, "socket": balancer.sockets}, balancer.recorders, "servers")
    agrees(balancer, result)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("former", STATES)
def test_prophecy_from_every_state_to_every_state(balancer: Balancer, former: str, state: str) -> None:
    start_from(balancer, **{f"p{n}": Truth(former, 10, 10) for n in (1, 2, 3, 4)})
    arguments = {"name": ["web1"], "backend": ["www"], "state": state, "socket": balancer.sockets}
    result = holds("haproxy_server", arguments, balancer.recorders, "servers")
    agrees(balancer, result)
    assert result["changed"] == (former != state)


def test_processes_that_disagree_converge(balancer: Balancer) -> None:
    """Only the processes that deviate get a command."""
    start_from(balancer, p1=Truth("maint", 10, 10), p3=Truth("drain", 99, 10))
    arguments = {"name": ["web1"], "backend": ["www"], "state": "drain", "weight": "10", "socket": balancer.sockets}
    result = holds("haproxy_server", arguments, balancer.recorders, "servers")
    agrees(balancer, result)
    (row,) = result["servers"]
    assert row["consistent"]
    assert (row["after"]["state"], row["after"]["weight"]) == ("drain", 10)
    wanted = {
        "p1.sock": ["set server www/web1 state drain"],
        "p2.sock": ["set server www/web1 state drain"],
        "p3.sock": ["set server www/web1 weight 10"],
        "p4.sock": ["set server www/web1 state drain"],
    }
    sent: dict[str, list[str]] = {}
    for line in result["commands"]:
        sent.setdefault(line["process"].rpartition("/")[2], []).append(line["command"])
    assert sent == {name: wanted[name] for name in sorted(wanted)[: len(balancer.recorders)]}
    if len(balancer.recorders) == 4:
        states = {name.rpartition("/")[2]: state for name, state in row["before"]["state"].items()}
        assert states == {"p1.sock": "maint", "p2.sock": "ready", "p3.sock": "drain", "p4.sock": "ready"}


@st.composite
def _worlds(draw: st.DrawFn) -> tuple[list[dict[Key, Truth]], dict[str, Any]]:
    """Four processes in any states, and a wish."""
    truth = st.builds(Truth, st.sampled_from(STATES), st.integers(0, 256), st.just(0))
    processes = draw(st.lists(st.fixed_dictionaries(dict.fromkeys(FREE, truth)), min_size=4, max_size=4))
    percent = st.integers(1, 300).map(lambda number: f"{number}%")
    wish = draw(
        st.fixed_dictionaries(
            {
                "name": st.lists(
                    st.sampled_from(("web1", "web2", "web*", "api?", "off1", "*1", "a.b:c-d_e")), min_size=1
                )
            },
            optional={
                "state": st.sampled_from((*STATES, "enabled", "disabled")),
                "weight": st.integers(0, 256).map(str) | percent,
                "backend": st.lists(st.sampled_from(("www", "a*", "odd", "w?w")), min_size=1),
            },
        )
    )
    return processes, {**wish, "fail_on_not_found": False}


@pytest.mark.in_turn
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=_worlds())
def test_prophecy_of_random_states_and_wishes(
    balancer: Balancer, world: tuple[list[dict[Key, Truth]], dict[str, Any]]
) -> None:
    processes, wish = world
    for index in range(len(balancer.recorders)):
        put(balancer.fleet, index, processes[index])
    arguments = {**wish, "socket": balancer.sockets}
    if run("haproxy_server", arguments, check=True).get("failed"):
        balancer.recorders.clear()
        failure = run("haproxy_server", arguments)
        assert failure["error"] == "InputError"
        assert balancer.recorders.writes() == [[]] * len(balancer.recorders)
        return
    result = holds("haproxy_server", arguments, balancer.recorders, "servers")
    agrees(balancer, result)
