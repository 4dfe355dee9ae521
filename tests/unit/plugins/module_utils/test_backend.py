# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backend as a resource: what comes before what, what of it is compared, and what people see of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.backends import Backend
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.servers import STOPPED, Server
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import (
    FeatureMissing,
    HAProxyError,
    InputError,
    ObjectNotFound,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._fleet import PerProcess
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._plan import Goal
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.backend import Backends
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.observed import Observed
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.until import UntilServers
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._terms import Terms

from unit.plugins.module_utils.support import VERSIONS, facts, process, reply_of, said, talk
from unit.plugins.module_utils.test_backend_options import backend
from unit.plugins.module_utils.wished import commands, goals_of, seen, server

ADDRESS = {"address": "192.0.2.9", "port": 80}


def has(*servers: Server, **fields: Any) -> Observed:
    """What a process says that has the backend ``www`` with these servers."""
    record = Backend("www", present=True, published=True, servers=len(servers))._replace(**fields)
    return seen(*servers, backends=["www"])._replace(backend=record)


def lacks(of: Backends, *servers: Server) -> Observed:
    """What a process says that has no such backend; as observed, where the task makes it."""
    there = seen(*servers, backends=["api"] + (["www"] if of.wish.makes else []))
    return there._replace(backend=Backend("www"))


def new(name: str) -> Server:
    """One that could be there."""
    return server("www", name, present=False, op_state=STOPPED, weight=0, initial=0)._replace(backend_id="")


def way(of: Backends, now: Observed) -> list[str]:
    """The commands of one process."""
    return commands(of, {"p1": now})["p1"]


# Cookies of new servers ------------------------------------------------------------------------------------------


def _after(of: Backends, now: Observed) -> Backend:
    """The backend when all goals have come true."""
    for goal in goals_of(of, {"p1": now}):
        now = of.predicted(now, goal.aimed.get("p1", {}))
    record: Backend = now.backend
    return record


@pytest.mark.parametrize(
    ("late", "cookie", "there", "expected"),
    [
        pytest.param(True, "enabled", False, "partly", id="2.6"),
        pytest.param(False, "enabled", False, "enabled", id="newer"),
        pytest.param(True, "disabled", False, "disabled", id="2.6, without cookies"),
        pytest.param(True, "enabled", True, "enabled", id="2.6, nothing is made"),
    ],
)
def test_a_server_that_is_made_may_have_no_cookie_until_they_are_enabled_again(
    late: bool, cookie: str, there: bool, expected: str
) -> None:
    web2 = server(name="web2", address="192.0.2.9", port=80) if there else new("web2")
    now = has(server(), web2, cookie=cookie, fits=True, late=late)
    servers = {"servers": [{"name": "web2", **ADDRESS}]}
    after = _after(backend(**servers), now)
    assert (after.cookie, after.fits) == (expected, expected != "partly")
    enabling = backend(dynamic_cookie="enabled", **servers)
    assert _after(enabling, now).cookie == "enabled"
    again = expected == "partly" or cookie == "disabled"
    assert way(enabling, now)[-1:] == (
        ["enable dynamic-cookie backend www"] if again else way(backend(**servers), now)[-1:]
    )


# The order -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("options", "now", "expected"), [
    pytest.param({}, has(server()), [], id="nothing"),
    pytest.param(
        {"servers": [{"name": "web2", **ADDRESS}], "purge": True}, has(server(), new("web2")),
        ["add server www/web2 192.0.2.9:80", "set server www/web2 state ready", "set server www/web1 state maint",
         "del server www/web1"],
        id="who joins before who leaves",
    ),
    pytest.param(
        {"servers": [{"name": "web2", "state": "ready"}, {"name": "web1", "state": "maint"}]},
        has(server(), server(name="web2", state="maint")),
        ["set server www/web2 state ready", "set server www/web1 state maint"],
        id="whatever the order of the items",
    ),
    pytest.param(
        {"servers": [{"name": "web1", "state": "drain"}], "weights": {"web2": "9"}, "dynamic_cookie": "enabled"},
        has(server(), server(name="web2"), cookie="disabled"),
        ["set server www/web2 weight 9", "enable dynamic-cookie backend www", "set server www/web1 state drain"],
        id="cookies when all are there and none has left",
    ),
    pytest.param(
        {"servers": [{"name": "web1", "state": "drain"}, {"name": "web2", "state": "ready"}], "state": "published"},
        has(server(), server(name="web2", state="maint"), published=False),
        ["set server www/web2 state ready", "set server www/web1 state drain", "publish backend www"],
        id="published last",
    ),
    pytest.param(
        {"servers": [{"name": "web1", "state": "drain"}, {"name": "web2", "state": "ready"}], "state": "unpublished"},
        has(server(), server(name="web2", state="maint")),
        ["unpublish backend www", "set server www/web2 state ready", "set server www/web1 state drain"],
        id="unpublished first",
    ),
    pytest.param(
        {"weights": {"web1": "0", "web2": "100%"}}, has(server(), server(name="web2", weight=0, initial=5)),
        ["set server www/web2 weight 5", "set server www/web1 weight 0"],
        id="weight 0 is leaving",
    ),
    pytest.param(
        {"servers": [{"name": "web1", "health_status": "down"}, {"name": "web2", "state": "ready"}]},
        has(server(), server(name="web2", state="maint")),
        ["set server www/web2 state ready", "set server www/web1 health down"],
        id="down is leaving",
    ),
    pytest.param(
        {"servers": [], "purge": True, "drain": True}, has(server()),
        ["set server www/web1 state drain", "set server www/web1 state maint", "del server www/web1"],
        id="empty",
    ),
    pytest.param({"state": "published"}, has(server()), [], id="published already"),
    pytest.param({"state": "present"}, has(server(), published=False), [], id="present says nothing of publishing"),
])  # fmt: skip
def test_what_comes_before_what(options: dict[str, Any], now: Observed, expected: Sequence[str]) -> None:
    assert way(backend(**options), now) == expected


@pytest.mark.parametrize(("state", "published"), [("present", []), ("unpublished", []),
                                                  ("published", ["publish backend www"])])  # fmt: skip
def test_a_backend_is_made_before_its_servers_and_published_after_them(state: str, published: list[str]) -> None:
    of = backend(state=state, defaults="dd", mode="http", servers=[{"name": "web1", **ADDRESS}])
    assert way(of, lacks(of, new("web1"))) == [
        "add backend www from dd mode http",
        "add server www/web1 192.0.2.9:80",
        "set server www/web1 state ready",
        *published,
    ]


def test_it_is_made_where_it_is_missing_only() -> None:
    of = backend(state="published", defaults="dd", servers=[{"name": "web1", **ADDRESS}])
    one = server(address="192.0.2.9", port=80)
    assert commands(of, {"p1": has(one), "p2": lacks(of, new("web1")), "p3": has(one, published=False)}) == {
        "p1": [],
        "p2": ["add backend www from dd", "add server www/web1 192.0.2.9:80", "set server www/web1 state ready",
               "publish backend www"],
        "p3": ["publish backend www"],
    }  # fmt: skip


def test_slots_are_filled_on_every_process() -> None:
    of = backend(slots=True, slot_prefix="s", purge=True, servers=[{**ADDRESS, "address": "192.0.2.7"}])
    held = {"p1": "192.0.2.7", "p2": "192.0.2.9"}
    now = {
        name: has(
            server("www", "s1", "maint", address=address, port=80), server("www", "s2", address="192.0.2.8", port=80)
        )
        for name, address in held.items()
    }
    assert commands(of, now) == {
        "p1": ["set server www/s1 state ready", "set server www/s2 state maint"],
        "p2": ["set server www/s1 addr 192.0.2.7", "set server www/s1 state ready", "set server www/s2 state maint"],
    }


# Backends that go ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("now", "expected"), [
    pytest.param(
        has(server()),
        ["del backend www", "unpublish backend www", "set server www/web1 state maint", "del server www/web1",
         "del backend www"],
        id="asked whether it may go, and then all the rest",
    ),
    pytest.param(
        has(server(state="maint"), published=False), ["del backend www", "del server www/web1", "del backend www"],
        id="it has servers",
    ),
    pytest.param(has(), ["del backend www", "unpublish backend www", "del backend www"], id="it is published"),
    pytest.param(has(published=False), ["del backend www"], id="nothing is in the way, so asking is doing"),
])  # fmt: skip
def test_absent_asks_first(now: Observed, expected: Sequence[str]) -> None:
    assert way(backend(state="absent"), now) == expected


def test_absent_where_it_is_absent_is_nothing() -> None:
    of = backend(state="absent")
    assert commands(of, {"p1": lacks(of), "p2": lacks(of)}) == {"p1": [], "p2": []}
    assert commands(of, {"p1": lacks(of), "p2": has(published=False)}) == {"p1": [], "p2": ["del backend www"]}


def test_asking_comes_before_anything_else_and_is_not_read_back() -> None:
    of = backend(state="absent")
    first, *later = goals_of(of, {"p1": has(server())})
    steps = list(of.route(has(server()), first.aimed["p1"]))
    assert [(step.command.text, step.seen) for step in steps] == [
        ("del backend www", False),
        ("unpublish backend www", True),
    ]
    assert of.missed(has(server(), published=False), first.aimed["p1"]) == {}
    assert later


def _back(of: Backends, goal: Goal[Observed], now: Observed) -> list[str]:
    assert goal.former is not None
    return [step.command.text for step in of.route(now, goal.former["p1"])]


def test_what_keeps_it_brings_it_and_its_servers_back() -> None:
    """Where servers drain first, it stays unpublished as they stay draining."""
    of = backend(state="absent")
    goals = goals_of(of, {"p1": has(server())})
    now = has(server(state="maint"), published=False)
    assert [_back(of, goal, now) for goal in goals] == [
        ["publish backend www"],
        ["publish backend www", "set server www/web1 state ready"],
        ["publish backend www", "set server www/web1 state ready"],
        ["publish backend www"],
    ]
    patient = goals_of(backend(state="absent", drain=True), {"p1": has(server())})
    assert [goal.former is None for goal in patient] == [False, True, False, False, False]


def test_one_that_was_unpublished_stays_so_when_it_cannot_be_deleted() -> None:
    of = backend(state="absent")
    goals = goals_of(of, {"p1": has(server(), published=False)})
    assert not any("publish" in text for goal in goals for text in _back(of, goal, has(server(), published=False)))


def test_nothing_else_goes_back_to_published() -> None:
    of = backend(state="unpublished", servers=[{"name": "web1", "state": "maint"}])
    assert all(goal.former is None for goal in goals_of(of, {"p1": has(server())}))


# What is not there -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"servers": [], "purge": True}, {"dynamic_cookie": "enabled"},
                                     {"weights": {"*": "5"}}])  # fmt: skip
def test_a_backend_that_no_process_has_fails(options: dict[str, Any]) -> None:
    of = backend(**options)
    with pytest.raises(ObjectNotFound, match="no backend 'www' on any process; there are api"):
        way(of, lacks(of))


@pytest.mark.parametrize("state", ["present", "published", "unpublished"])
def test_a_backend_that_should_be_there_and_is_not_needs_defaults(state: str) -> None:
    of = backend(state=state)
    with pytest.raises(InputError, match="process p2 has no backend www; to create one, say defaults"):
        commands(of, {"p1": has(), "p2": lacks(of)})


@pytest.mark.parametrize("state", ["present", "published", "unpublished"])
def test_a_backend_that_is_disabled_can_be_neither_published_nor_unpublished(state: str) -> None:
    of, off = backend(state=state), has(published=None)
    for now, first in (({"p1": has(), "p2": off}, "p2"), ({"p1": off, "p2": off}, "p1")):
        if state == "present":
            assert commands(of, now) == {"p1": [], "p2": []}
        else:
            with pytest.raises(InputError, match=f"^process {first}: backend www is disabled by the configuration$"):
                commands(of, now)


def test_a_backend_that_some_processes_have_is_changed_there() -> None:
    of = backend(dynamic_cookie="enabled")
    assert commands(of, {"p1": has(cookie="disabled"), "p2": lacks(of)}) == {
        "p1": ["enable dynamic-cookie backend www"],
        "p2": [],
    }


# How many stay ---------------------------------------------------------------------------------------------------

_GREEN = {"servers": [{"name": "green", **ADDRESS}], "purge": True}


def _waited_for(of: Backends, now: Mapping[str, Observed]) -> list[set[str]]:
    """For each goal the servers that have to be up before the next."""
    return [
        {name for _process, (_backend, name) in goal.until.ups} if isinstance(goal.until, UntilServers) else set()
        for goal in goals_of(of, now)
    ]


@pytest.mark.parametrize(("min_up", "waits"), [("0", False), ("1", True), ("100%", True), (None, False)])
def test_who_joins_is_waited_for_where_min_up_needs_it(min_up: str | None, waits: bool) -> None:
    of = backend(**_GREEN, min_up=min_up)
    waited = _waited_for(of, {"p1": has(server(), new("green"))})
    assert {"green"} in waited if waits else not any(waited)


def test_it_needs_it_everywhere_where_one_process_does() -> None:
    of = backend(**_GREEN, min_up="1")
    spare = server(name="web2", state="ready")
    two = has(server(), spare, new("green"))
    assert any(_waited_for(of, {"p1": two, "p2": has(server(), new("green"))}))
    of = backend(servers=[{"name": "green", **ADDRESS}, {"name": "web1", "state": "maint"}], min_up="1")
    assert not any(_waited_for(of, {"p1": two}))


def test_waiting_for_min_up_is_never_given_up() -> None:
    """Else on_timeout=continue would take servers out though none has come."""
    of = backend(**_GREEN, min_up="1", on_timeout="continue", wait_timeout=3)
    untils = [goal.until for goal in goals_of(of, {"p1": has(server(), new("green"))})]
    (joined,) = [it for it in untils if isinstance(it, UntilServers) and it.ups]
    (left,) = [it for it in untils if isinstance(it, UntilServers) and not it.ups]
    assert joined.terms(("p1", ("www", "green"))) == Terms(3.0, "fail")
    assert left.terms(("p1", ("www", "web1"))) == Terms(3.0, "continue")


def test_too_few_even_with_those_that_join_is_refused() -> None:
    with pytest.raises(InputError, match=r"min_up is 3 of the 1 servers of www, that is 3; .*only 1 would be"):
        way(backend(**_GREEN, min_up="3"), has(server(), new("green")))


# Cookies ---------------------------------------------------------------------------------------------------------

ENABLE, DISABLE = "enable dynamic-cookie backend www", "disable dynamic-cookie backend www"
KEY = "set dynamic-cookie-key backend www k"


@pytest.mark.parametrize(("options", "cookie", "fits", "compared", "deeds"), [
    pytest.param({"dynamic_cookie": "enabled"}, "enabled", None, [], [], id="enabled"),
    pytest.param({"dynamic_cookie": "enabled"}, "disabled", None, [ENABLE], [], id="to be enabled"),
    pytest.param({"dynamic_cookie": "enabled"}, "partly", None, [ENABLE], [], id="enabled, but not for all"),
    pytest.param({"dynamic_cookie": "enabled"}, None, None, [], [ENABLE], id="enabled, and nobody tells"),
    pytest.param({"dynamic_cookie": "disabled"}, "enabled", None, [DISABLE], [], id="to be disabled"),
    pytest.param({"dynamic_cookie": "disabled"}, "partly", None, [DISABLE], [], id="to be disabled for the rest"),
    pytest.param({"dynamic_cookie": "disabled"}, "disabled", None, [], [], id="disabled"),
    pytest.param({"dynamic_cookie_key": "k"}, "enabled", True, [], [], id="the key"),
    pytest.param({"dynamic_cookie_key": "k"}, "enabled", False, [KEY], [], id="another key"),
    pytest.param({"dynamic_cookie_key": "k"}, "partly", False, [KEY], [], id="the key, but not for all"),
    pytest.param({"dynamic_cookie_key": "k"}, "disabled", None, [], [KEY], id="a key that nobody sees"),
    pytest.param({"dynamic_cookie_key": "k"}, None, None, [], [KEY], id="a key, and nobody tells"),
    pytest.param(
        {"dynamic_cookie": "enabled", "dynamic_cookie_key": "k"}, "disabled", None, [ENABLE, KEY], [],
        id="enabled with a key",
    ),
    pytest.param(
        {"dynamic_cookie": "enabled", "dynamic_cookie_key": "k"}, "enabled", True, [], [], id="enabled with the key"
    ),
    pytest.param(
        {"dynamic_cookie": "disabled", "dynamic_cookie_key": "k"}, "enabled", True, [DISABLE], [KEY],
        id="disabled, with a key for later",
    ),
])  # fmt: skip
def test_cookies_are_compared_where_they_are_seen(
    options: dict[str, Any], cookie: str | None, fits: bool | None, compared: Sequence[str], deeds: Sequence[str]
) -> None:
    of = backend(**options)
    now = has(server(), cookie=cookie, fits=fits)
    (goal,) = goals_of(of, {"p1": now})
    steps = list(of.route(now, goal.aimed["p1"]))
    assert [step.command.text for step in steps if step.seen] == compared
    assert [step.command.text for step in steps if not step.seen] == deeds


def test_what_is_compared_must_be_so_afterwards() -> None:
    of = backend(dynamic_cookie="enabled")
    (goal,) = goals_of(of, {"p1": has(server(), cookie="disabled")})
    aimed = goal.aimed["p1"]
    assert of.missed(has(server(), cookie="enabled"), aimed) == {}
    (sentence,) = of.missed(has(server(), cookie="disabled"), aimed).values()
    assert sentence.startswith("dynamic_cookie of backend www is disabled, not enabled; ")
    assert sentence.endswith("HAProxy seems to have no key for it: say dynamic_cookie_key")


def test_the_key_is_nowhere_in_what_people_see() -> None:
    of = backend(dynamic_cookie="enabled", dynamic_cookie_key="geheim")
    now, then = has(server(), cookie="enabled", fits=False), has(server(), cookie="enabled", fits=True)
    (goal,) = goals_of(of, {"p1": now})
    before, after = PerProcess({"p1": now}), PerProcess({"p1": then})
    shown = [step.command.shown for step in of.route(now, goal.aimed["p1"])]
    wrong = list(of.missed(now, goal.aimed["p1"]).values())
    told = [of.answer(before, after, 0.0), of.diff(before, after, [of.wish.own]), of.known(before)]
    assert shown == ["set dynamic-cookie-key backend www ********"]
    assert wrong == ["dynamic_cookie_key of backend www is False, not True"]
    assert "geheim" not in json.dumps([told, shown, wrong])


# What people see -------------------------------------------------------------------------------------------------


def test_the_answer_tells_of_the_backend_and_its_servers() -> None:
    of = backend(servers=[{"name": "web1", "state": "drain"}], state="unpublished")
    before = PerProcess({"p1": has(server()), "p2": has(server(), published=False)})
    after = PerProcess({"p1": has(server(state="drain"), published=False), "p2": has(server(), published=False)})
    answer = of.answer(before, after, 0.0)
    assert answer["backend"] == {
        "name": "www",
        "before": {"name": "www", "state": {"p1": "published", "p2": "unpublished"}},
        "after": {"name": "www", "state": "unpublished"},
        "consistent": True,
    }
    servers = answer["servers"]
    assert isinstance(servers, list)
    assert [(one["name"], one["before"]["state"], one["after"]["state"]) for one in servers] == [
        ("web1", "ready", {"p1": "drain", "p2": "ready"})
    ]


@pytest.mark.parametrize(("options", "told"), [({}, False), ({"dynamic_cookie": "enabled"}, True),
                                               ({"dynamic_cookie_key": "k"}, True)])  # fmt: skip
def test_cookies_are_told_where_the_task_is_about_them(options: dict[str, Any], told: bool) -> None:
    now = PerProcess({"p1": has(server(), cookie="enabled")})
    answer: Any = backend(**options).answer(now, now, 0.0)
    assert ("dynamic_cookie" in answer["backend"]["before"]) is told


def test_a_diff_has_the_backend_only_where_it_changes() -> None:
    of = backend(servers=[{"name": "web1", "state": "drain"}], state="unpublished")
    before, after = PerProcess({"p1": has(server())}), PerProcess({"p1": has(server(state="drain"), published=False)})
    both: Any
    one: Any
    (both,) = of.diff(before, after, [of.wish.own, ("www", "web1")])
    assert both["before"]["www"] == {"name": "www", "state": "published"}
    assert both["after"]["www"] == {"name": "www", "state": "unpublished"}
    assert (both["before"]["www/web1"]["state"], both["after"]["www/web1"]["state"]) == ("ready", "drain")
    (one,) = of.diff(before, after, [("www", "web1")])
    assert one["before"] == {"www/web1": both["before"]["www/web1"]}


# Reading ---------------------------------------------------------------------------------------------------------


def _observe(version: str, of: Backends) -> Observed:
    """What the resource reads of the process of ``lab.capture.BACKENDS``; it gets all rows, whichever it asks for."""
    found = talk(
        of.observe(process(known=facts(f"{version}.0"))),
        reply_of(version, "backends_state"),
        said(reply_of(version, "backends_stat")),
    )
    if isinstance(found, HAProxyError):
        raise found
    return found


@pytest.mark.parametrize(("name", "options", "record"), [
    ("sticky", {"dynamic_cookie_key": "secret"}, (True, True, "enabled", True)),
    ("sticky", {"dynamic_cookie_key": "other"}, (True, True, "enabled", False)),
    ("plain", {"dynamic_cookie": "enabled"}, (True, True, "disabled", None)),
    ("off", {}, (True, None, None, None)),
    ("fresh", {"state": "absent"}, (False, False, None, None)),
])  # fmt: skip
@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_observed(version: str, name: str, options: dict[str, Any], record: tuple[Any, ...]) -> None:
    found = _observe(version, backend(**{**options, "name": name})).backend
    assert (found.present, found.published, found.cookie, found.fits) == record


@pytest.mark.parametrize("version", VERSIONS)
def test_a_backend_that_the_task_makes_needs_a_version_that_can(version: str) -> None:
    of = backend(name="fresh", state="present", defaults="lab", servers=[{"name": "web1", **ADDRESS}])
    if version == "3.4":
        found = _observe(version, of)
        assert not found.backend.present
        assert [(key, one.present) for key, one in found.servers.items()] == [(("fresh", "web1"), False)]
        assert "fresh" in found.backends
    else:
        with pytest.raises(FeatureMissing, match="adding, deleting, publishing or unpublishing a backend needs"):
            _observe(version, of)
