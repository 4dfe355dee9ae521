# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user is told of a change that will not last."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.servers import Server
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._fleet import PerProcess

from unit.plugins.module_utils.wished import UNCHECKED, full, goals_of, reading, resource, seen, server

MADE = "is made at run time"
DELETED = "is deleted at run time"
AGENT = "has an agent check, which may undo 'ready'"
NAMED = "has a host name"
ASLEEP = "has a health check that was disabled in maintenance"
HERE = {"name": ["web1"], "backend": ["www"]}


def _advice(options: dict[str, Any], *servers: Server) -> list[str]:
    return list(resource(**options).warnings(PerProcess({"p1": seen(*servers)})))


@pytest.mark.parametrize(
    ("options", "one", "told"),
    [
        pytest.param({"state": "ready"}, server(), "", id="nothing to say"),
        pytest.param({**HERE, "state": "present", "address": "::1"}, server(present=False), MADE, id="made"),
        pytest.param({**HERE, "state": "ready", "address": "::1"}, server(present=False), MADE, id="made ready"),
        pytest.param({**HERE, "state": "present"}, server(), "", id="there already"),
        pytest.param({**HERE, "state": "absent"}, server(), DELETED, id="deleted"),
        pytest.param({**HERE, "state": "absent"}, server(present=False), "", id="absent already"),
        pytest.param({"state": "ready"}, full(admin_state=1), AGENT, id="an agent may undo it"),
        pytest.param({"state": "ready"}, full(admin_state=8), AGENT, id="an agent may undo it after a drain"),
        pytest.param({"state": "ready"}, full(), "", id="ready already"),
        pytest.param({"state": "ready", "wait": True}, full(admin_state=1), "", id="the wait would see it"),
        pytest.param(
            {"state": "ready", "agent_check": "disabled"}, full(admin_state=1), "", id="the task stops the agent"
        ),
        pytest.param({"state": "ready"}, full(admin_state=1, agent_state=2), "", id="the agent is off"),
        pytest.param({"state": "ready"}, full(admin_state=1, agent_state=UNCHECKED), "", id="no agent"),
        pytest.param({"state": "drain"}, full(), "", id="draining"),
        pytest.param({"address": "::2"}, full(fqdn="a.test"), NAMED, id="a resolver may move it back"),
        pytest.param({"address": "127.0.0.1"}, full(fqdn="a.test"), "", id="there it is already"),
        pytest.param({"address": "::2"}, full(), "", id="no resolver"),
        pytest.param({"health_check": "enabled"}, full(check_state=10), ASLEEP, id="it would sleep on"),
        pytest.param({"weight": "1"}, full(check_state=14), ASLEEP, id="it sleeps"),
        pytest.param({"weight": "1"}, full(check_state=10), "", id="it is off"),
        pytest.param(
            {"health_check": "enabled"}, full(check_state=10, admin_state=1), "", id="it pauses in maintenance"
        ),
        pytest.param({"state": "maint"}, full(check_state=14), "", id="the next ready wakes it"),
        pytest.param({"fqdn": "b.test"}, full(fqdn="a.test"), "", id="another name"),
    ],
)
def test_advice(options: dict[str, Any], one: Server, told: str) -> None:
    sentences = _advice(options, one)
    assert [sentence.startswith(f"www/web1 {told}") for sentence in sentences] == ([True] if told else [])


def test_a_server_that_goes_needs_no_advice_about_its_check_that_sleeps() -> None:
    (sentence,) = _advice({**HERE, "state": "absent"}, full(check_state=14, agent_state=UNCHECKED))
    assert sentence.startswith(f"www/web1 {DELETED}")


@pytest.mark.parametrize(
    ("options", "agent", "blamed"),
    [
        pytest.param({"state": "drain"}, "L7OK/ready", True, id="state"),
        pytest.param({"weight": "5"}, "L7OK/100%", True, id="weight"),
        pytest.param({"maxconn": 5}, "L7OK/maxconn:9", True, id="maxconn"),
        pytest.param({"address": "::2"}, "L7OK/ready", False, id="what no agent sets"),
        pytest.param({"maxconn": 5}, None, False, id="no agent"),
    ],
)
def test_what_an_agent_may_have_undone_is_said_with_its_last_word(
    options: dict[str, Any], agent: str | None, blamed: bool
) -> None:
    of, one = resource(**options), full()
    now = seen(one)
    now.readings["www", "web1"] = reading(agent_runs=agent is not None, agent=agent)
    (goal,) = goals_of(of, {"p1": now})
    ((part, sentence),) = of.missed(now, goal.aimed["p1"]).items()
    assert part == (("www", "web1"), next(iter(options)))
    assert sentence.startswith(f"{next(iter(options))} of www/web1 is ")
    assert sentence.endswith(f" (its agent check may have said so; its last word: {agent})") is blamed


def test_many_servers_are_one_sentence() -> None:
    many = [server(name=f"web{number}") for number in range(1, 8)]
    (sentence,) = _advice({"state": "absent"}, *many)
    assert sentence.startswith("www/web1; www/web2; www/web3; www/web4; www/web5; and 2 more is deleted")


def test_a_server_of_many_processes_is_told_once() -> None:
    now = PerProcess({name: seen(server()) for name in ("p1", "p2", "p3")})
    (sentence,) = resource(state="absent").warnings(now)
    assert sentence.count("www/web1") == 1
