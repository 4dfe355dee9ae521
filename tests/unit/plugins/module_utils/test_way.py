# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How one server gets from what it is to what is wished."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.servers import RUNNING, STOPPED, Server
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import InputError
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.way import (
    CHECK,
    CREATE,
    GO,
    KILL,
    MAINT,
    REMOVE,
    SETTLE,
    Leg,
    way,
)

from unit.plugins.module_utils.wished import asked, full, server

STATE = {"state"}
KILLED = {"sessions"}
MISSING = server(present=False)
IN = {state: server(state=state, sessions=3) for state in ("ready", "drain", "maint")}
HERE = {"address": "::1"}


def _way(one: Server, algorithm: str = "", **options: Any) -> list[Leg]:
    return list(way(one, asked(**options), algorithm))


def _short(legs: list[Leg]) -> list[tuple[int, str, set[str]]]:
    return [(leg.number, leg.aimed.record.state, set(leg.aimed.fields)) for leg in legs]


@pytest.mark.parametrize("now", IN)
@pytest.mark.parametrize(
    ("options", "legs"),
    [
        pytest.param({}, [(GO, None, set())], id="nothing"),
        pytest.param({"drain": True}, [(GO, None, set())], id="drain alone means nothing"),
        pytest.param({"state": "ready"}, [(GO, "ready", STATE)], id="ready"),
        pytest.param({"state": "ready", "drain": True}, [(GO, "ready", STATE)], id="ready, drain means nothing"),
        pytest.param({"state": "drain"}, [(GO, "drain", STATE)], id="drain"),
        pytest.param({"state": "drain", "drain": True}, [(GO, "drain", STATE)], id="drain by drain"),
        pytest.param({"state": "maint"}, [(GO, "maint", STATE)], id="maint"),
        pytest.param({"state": "present"}, [(GO, None, set())], id="present"),
        pytest.param({"state": "present", "drain": True}, [(GO, None, set())], id="present, drain means nothing"),
        pytest.param({"state": "absent"}, [(GO, "maint", STATE), (REMOVE, "absent", STATE)], id="absent"),
        pytest.param({"shutdown_sessions": True}, [(GO, None, set()), (KILL, None, KILLED)], id="killed alone"),
        pytest.param(
            {"state": "drain", "shutdown_sessions": True}, [(GO, "drain", STATE), (KILL, "drain", KILLED)],
            id="drain, killed",
        ),
        pytest.param(
            {"state": "maint", "shutdown_sessions": True}, [(GO, "maint", STATE), (KILL, "maint", KILLED)],
            id="maint, killed",
        ),
        pytest.param(
            {"state": "absent", "shutdown_sessions": True},
            [(GO, "maint", STATE), (KILL, "maint", KILLED), (REMOVE, "absent", STATE)], id="absent, killed",
        ),
        pytest.param(
            {"state": "ready", "weight": "100%"}, [(SETTLE, None, {"weight"}), (GO, "ready", STATE)],
            id="ready with a weight",
        ),
        pytest.param({"state": "maint", "weight": "100%"}, [(GO, "maint", {"state", "weight"})], id="maint, weight"),
        pytest.param({"weight": "100%"}, [(GO, None, {"weight"})], id="weight alone"),
    ],
)  # fmt: skip
def test_legs_of_one_that_is_there(
    now: str, options: dict[str, Any], legs: list[tuple[int, str | None, set[str]]]
) -> None:
    """Where no state is said, it stays as it is."""
    expected = [(number, now if state is None else state, fields) for number, state, fields in legs]
    assert _short(_way(IN[now], **options)) == expected


@pytest.mark.parametrize("now", ["ready", "drain"])
@pytest.mark.parametrize("kills", [False, True])
@pytest.mark.parametrize("state", ["maint", "absent"])
def test_legs_by_drain(now: str, state: str, kills: bool) -> None:
    expected = [(GO, "drain", STATE), (MAINT, "maint", STATE)]
    expected += [(KILL, "maint", KILLED)] if kills else []
    expected += [(REMOVE, "absent", STATE)] if state == "absent" else []
    assert _short(_way(IN[now], state=state, drain=True, shutdown_sessions=kills)) == expected


@pytest.mark.parametrize("kills", [False, True])
@pytest.mark.parametrize("state", ["maint", "absent"])
def test_a_server_in_maintenance_is_never_opened_again_to_drain(state: str, kills: bool) -> None:
    expected = [(MAINT, "maint", STATE)]
    expected += [(KILL, "maint", KILLED)] if kills else []
    expected += [(REMOVE, "absent", STATE)] if state == "absent" else []
    assert _short(_way(IN["maint"], state=state, drain=True, shutdown_sessions=kills)) == expected


@pytest.mark.parametrize(
    ("options", "legs"),
    [
        pytest.param({"state": "absent"}, [], id="absent"),
        pytest.param({"state": "absent", "drain": True, "shutdown_sessions": True}, [], id="absent by all means"),
        pytest.param({"state": "present", **HERE}, [(CREATE, "maint"), (GO, "ready")], id="present ends ready"),
        pytest.param({"state": "ready", **HERE}, [(CREATE, "maint"), (GO, "ready")], id="ready"),
        pytest.param({"state": "drain", **HERE}, [(CREATE, "maint"), (GO, "drain")], id="drain"),
        pytest.param({"state": "maint", **HERE}, [(CREATE, "maint"), (GO, "maint")], id="maint"),
        pytest.param({"state": "maint", "drain": True, **HERE}, [(CREATE, "maint"), (GO, "maint")], id="no drain"),
        pytest.param(
            {"state": "present", "options": "check", **HERE}, [(CREATE, "maint"), (SETTLE, "maint"), (GO, "ready")],
            id="its checks run before it is ready",
        ),
        pytest.param(
            {"state": "present", "weight": "5", **HERE}, [(CREATE, "maint"), (SETTLE, "maint"), (GO, "ready")],
            id="its weight before it is ready",
        ),
        pytest.param(
            {"state": "maint", "shutdown_sessions": True, **HERE},
            [(CREATE, "maint"), (GO, "maint"), (KILL, "maint")], id="killed",
        ),
    ],
)  # fmt: skip
def test_legs_of_one_that_is_not_there(options: dict[str, Any], legs: list[tuple[int, str]]) -> None:
    assert [(number, state) for number, state, _fields in _short(_way(MISSING, **options))] == legs


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        pytest.param({"health_check": "enabled"}, [GO], id="a check alone needs no leg of its own"),
        pytest.param({"health_check": "enabled", "check_port": 81}, [CHECK, GO], id="a check before its port"),
        pytest.param({"agent_check": "enabled", "agent_send": "x"}, [CHECK, GO], id="an agent before its text"),
        pytest.param({"health_check": "disabled", "check_port": 81}, [GO], id="a port before the check is off"),
        pytest.param({"health_check": "enabled", "agent_port": 81}, None, id="of the other check"),
        pytest.param(
            {"state": "ready", "health_check": "enabled", "check_port": 81}, [CHECK, SETTLE, GO], id="before ready"
        ),
    ],
)
def test_checks_are_switched_on_before_what_they_take_only_while_they_run(
    options: dict[str, Any], numbers: list[int] | None
) -> None:
    one = full(check_state=6 if options.get("health_check") == "disabled" else 2, agent_state=2)
    if numbers is None:
        with pytest.raises(InputError, match="its agent check is disabled"):
            _way(one, **options)
    else:
        assert [leg.number for leg in _way(one, **options)] == numbers


@pytest.mark.parametrize("state", ["present"])
def test_a_server_without_an_address_cannot_be_made(state: str) -> None:
    with pytest.raises(InputError, match="www/web1 does not exist, and to create it its address is needed"):
        _way(MISSING, state=state)


@pytest.mark.parametrize(
    ("options", "sessions"),
    [
        pytest.param({"state": "maint"}, [3], id="maintenance keeps them"),
        pytest.param({"state": "maint", "shutdown_sessions": True}, [3, 0], id="ended"),
        pytest.param({"state": "maint", "drain": True}, [3, 0], id="drained"),
        pytest.param({"state": "drain", "wait": True, "shutdown_sessions": True}, [3, 0], id="waited for, then ended"),
        pytest.param({"state": "absent"}, [3, 0], id="waited for"),
        pytest.param({"state": "absent", "shutdown_sessions": True}, [3, 0, 0], id="ended instead of waited for"),
    ],
)
def test_what_is_predicted_of_sessions(options: dict[str, Any], sessions: list[int]) -> None:
    assert [leg.aimed.record.sessions for leg in _way(IN["ready"], **options)] == sessions


@pytest.mark.parametrize("drain", [False, True])
def test_an_agent_is_stopped_before_the_state_that_it_would_undo(drain: bool) -> None:
    first, *_rest = _way(full(), state="maint", drain=drain, agent_check="disabled", maxconn=3)
    assert first.number == GO
    assert first.aimed.fields == ({"state", "agent_check"} if drain else {"state", "agent_check", "maxconn"})


def test_an_agent_that_is_to_run_starts_after_the_drain() -> None:
    first, second = _way(full(agent_state=2), state="maint", drain=True, agent_check="enabled")
    assert first.aimed.fields == STATE
    assert second.aimed.fields == {"state", "agent_check"}


def test_health_is_said_with_the_state_and_everything_else_before_it() -> None:
    one = full(check_state=0, admin_state=1, op_state=STOPPED)
    settle, go = _way(one, state="ready", maxconn=3, health_status="down", agent_status="up")
    assert (settle.number, go.number) == (SETTLE, GO)
    assert settle.aimed.fields == {"maxconn"}
    assert not settle.aimed.deeds
    assert go.aimed.fields == STATE
    assert [step.command.text for step in go.aimed.deeds.values()] == [
        "set server www/web1 health down",
        "set server www/web1 agent up",
    ]


@pytest.mark.parametrize(
    ("now", "to", "checked", "runs"),
    [
        pytest.param("maint", "ready", False, True, id="comes back unchecked"),
        pytest.param("maint", "drain", False, True, id="drains unchecked"),
        pytest.param("maint", "ready", True, False, id="a check has to say so"),
        pytest.param("maint", "maint", False, False, id="stays"),
        pytest.param("drain", "ready", False, False, id="was forced down and stays so"),
    ],
)
def test_who_comes_back_without_a_check_runs_at_once(now: str, to: str, checked: bool, runs: bool) -> None:
    one = server(state=now, op_state=STOPPED, check_state=6 if checked else 0)
    (leg,) = _way(one, state=to)
    assert leg.aimed.record.op_state == (RUNNING if runs else STOPPED)


@pytest.mark.parametrize(
    ("algorithm", "weight", "refused"),
    [
        ("static-rr", "50%", True),
        ("static-rr", "0%", False),
        ("static-rr", "100%", False),
        ("roundrobin", "50%", False),
        ("", "50%", False),
    ],
)
def test_weights_of_static_backends(algorithm: str, weight: str, refused: bool) -> None:
    one = server(weight=10, initial=10)
    if refused:
        with pytest.raises(InputError, match="static algorithm"):
            _way(one, algorithm, weight=weight)
    else:
        assert _way(one, algorithm, weight=weight)
