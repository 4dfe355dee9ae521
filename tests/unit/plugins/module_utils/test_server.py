# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers as a resource: what is read, what is aimed at, how to get there, and what people see of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._address import Address
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.master import through_master
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._engine import carry_out
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import (
    HAProxyError,
    InputError,
    ObjectNotFound,
    ProcessReplaced,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._fleet import PerProcess
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._plan import Plan
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._process import Process
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.not_found import _sentence
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.observed import Observed
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.readings import Reading
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.selection import Names, names_of
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.server import Servers
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.until import UntilServers
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.weight import parse_weight
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._terms import Place
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._transport import Exchange
from hypothesis import given
from hypothesis import strategies as st

from unit.plugins.module_utils.support import (
    VERSIONS,
    ScriptedConverse,
    by_line,
    commands_of,
    facts,
    fleet_of,
    info_table,
    line_of,
    process,
    reply_of,
    said,
    talk,
)
from unit.plugins.module_utils.values import plan_of
from unit.plugins.module_utils.wished import (
    FLAGS,
    asked,
    commands,
    full,
    goals_of,
    item,
    reading,
    resource,
    seen,
    server,
)


def observed(*rows: tuple[str, str, str, int, int], wish: Servers | None = None, **algorithms: str) -> Observed:
    """What a process says that has these servers: backend, name, state, weight, initial weight."""
    every = {row[:2]: server(*row) for row in rows}
    chosen = {key: one for key, one in every.items() if wish is None or wish.wishes.means(key)}
    return seen(*chosen.values(), algorithms=algorithms)._replace(
        keys=list(every), backends=list(dict.fromkeys(backend for backend, _name in every))
    )


# The wish --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "meant"),
    [("ready", "ready"), ("drain", "drain"), ("maint", "maint"), ("enabled", "ready"), ("disabled", "maint")],
)
def test_words_for_states(state: str, meant: str) -> None:
    (wish,) = resource(state=state).wishes.wishes
    assert wish.values.state == meant


@pytest.mark.parametrize(
    "wish",
    [
        pytest.param({"name": []}, id="no name"),
        pytest.param({"backend": []}, id="no backend"),
        pytest.param({"name": [""]}, id="an empty name"),
        pytest.param({"name": ["web1;shutdown frontend f"]}, id="semicolon"),
        pytest.param({"name": ["web1\n"]}, id="line feed"),
        pytest.param({"name": ["web 1"]}, id="blank"),
        pytest.param({"name": ["web1\\"]}, id="backslash"),
        pytest.param({"name": ["<<"]}, id="payload mark"),
        pytest.param({"name": ["web1\0"]}, id="NUL"),
        pytest.param({"name": ["wéb1"]}, id="not ASCII"),
        pytest.param({"name": ["www/web1"]}, id="a backend in a name"),
        pytest.param({"name": ["#1"]}, id="a numeric id"),
        pytest.param({"name": ["web1"], "backend": ["w;w"]}, id="semicolon in a backend"),
        pytest.param({"name": ["ok", "not ok"]}, id="the second of two"),
        pytest.param({"weight": ""}, id="an empty weight"),
        pytest.param({"weight": "1;x"}, id="a command in a weight"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_read(wish: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        resource(**wish)


@pytest.mark.parametrize("option", ["name", "backend"])
def test_the_option_is_named_that_cannot_be_meant(option: str) -> None:
    with pytest.raises(InputError, match=f"^{option} is empty"):
        resource(**{"name": ["web1"], option: []})
    with pytest.raises(InputError, match=f"^{option} 'w;w': "):
        resource(**{"name": ["web1"], option: ["w;w"]})


@pytest.mark.parametrize(
    ("pattern", "globs"),
    [("web1", 0), ("a.b:c-d_e", 0), ("WEB", 0), ("*", 1), ("web?", 1), ("web[12]", 1), ("web[!3]", 1)],
)
def test_names_and_globs(pattern: str, globs: int) -> None:
    names = names_of("name", [pattern])
    assert (len(names.names), len(names.globs)) == (1 - globs, globs)


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        (["web1"], ["web1"]),
        (["web*"], ["web1", "web2", "web10"]),
        (["web?"], ["web1", "web2"]),
        (["web[!1]"], ["web2"]),
        (["web[1-2]"], ["web1", "web2"]),
        (["api", "web1"], ["web1", "api"]),
        (["api", "api"], ["api"]),
        (["eb1", "web"], []),
        (["eb*"], []),
        (["WEB1"], []),
        (["*"], ["web1", "web2", "web10", "api"]),
        (["[", "api"], ["api"]),
    ],
)
def test_matching(patterns: list[str], found: list[str]) -> None:
    names = names_of("name", patterns)
    assert [name for name in ("web1", "web2", "web10", "api") if names.match(name)] == found


@pytest.mark.parametrize(
    ("patterns", "unmatched"),
    [
        (["web1", "*"], []),
        (["zzz", "web1", "aaa"], ["aaa", "zzz"]),
        (["x*", "web*", "y?"], ["x*", "y?"]),
        (["x*", "zzz"], ["zzz", "x*"]),
        (["web", "eb1"], ["eb1", "web"]),
    ],
)
def test_names_that_match_nothing(patterns: list[str], unmatched: list[str]) -> None:
    assert names_of("name", patterns).unmatched(["web1", "web2"]) == unmatched
    assert set(names_of("name", patterns).unmatched([])) == set(patterns)


def test_a_range_that_is_none_matches_nothing_or_is_refused() -> None:
    """Python 3.9 cannot compile it; later ones translate it to what never matches."""
    try:
        names: Names | str = names_of("name", ["web[z-a]"])
    except InputError as error:
        names = str(error)
    if isinstance(names, str):
        assert names.startswith("name 'web[z-a]': ")
        return
    assert names.unmatched(["web1", "weba", "webz", "web-"]) == ["web[z-a]"]


@given(st.text(st.sampled_from("aw1*?[]!-z"), min_size=1, max_size=8))
def test_any_pattern_is_understood_or_refused(pattern: str) -> None:
    try:
        names: Names | str = names_of("backend", [pattern])
    except InputError as error:
        names = str(error)
    if isinstance(names, str):
        assert repr(pattern) in names
        return
    assert names.match("web1") in (True, False)
    if not set(pattern) & set("*?["):
        assert names.match(pattern) or not names.names


@pytest.mark.parametrize(
    ("pattern", "names", "hint"),
    [
        pytest.param("wbe1", ["web1", "api"], "did you mean web1?", id="near"),
        pytest.param("web3", ["web1", "web2"], "did you mean", id="near to several"),
        pytest.param("zzz", ["web1", "api"], "there are api, web1", id="far"),
        pytest.param("zzz", [], "there are none", id="none there"),
        pytest.param("zzz", [f"web{n:02}" for n in range(12)], "web09, …", id="many"),
    ],
)
def test_a_name_that_matches_nothing_gets_a_hint(pattern: str, names: list[str], hint: str) -> None:
    error = _sentence("server", pattern, names, " in backend www")
    assert str(error).startswith(f"no server {pattern!r} in backend www on any process; ")
    assert hint in str(error)


# Weights ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "initial", "weight"),
    [
        ("0", 10, 0),
        ("20", 10, 20),
        ("256", 1, 256),
        ("007", 10, 7),
        ("0%", 10, 0),
        ("100%", 10, 10),
        ("50%", 10, 5),
        ("50%", 5, 2),
        ("99%", 10, 9),
        ("1%", 100, 1),
        ("200%", 3, 6),
        ("200%", 200, 256),
        ("1000%", 256, 256),
        ("0%", 0, 0),
        ("100%", 0, 0),
        ("50%", 0, 0),
    ],
)
def test_weights(text: str, initial: int, weight: int) -> None:
    assert parse_weight(text).of(initial) == weight


@pytest.mark.parametrize(("text", "initial"), [("50%", 1), ("1%", 99), ("9%", 10), ("1%", 1)])
def test_a_percentage_that_rounds_down_to_nothing_is_refused(text: str, initial: int) -> None:
    with pytest.raises(InputError, match="rounds down to 0"):
        parse_weight(text).of(initial)


@pytest.mark.parametrize(
    "text",
    ["", " ", "-1", "257", "1.5", "50 %", "50%%", "%", "+5", "0x10", "1e2", "ten", "५", "5\n", "1 ", "1000000000", "½"],
)
def test_what_is_no_weight_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is neither a whole number from 0 to 256 nor a whole percentage"):
        parse_weight(text)


@given(st.integers(0, 999), st.integers(0, 256))
def test_a_weight_is_always_one_that_haproxy_takes(percent: int, initial: int) -> None:
    try:
        weight = parse_weight(f"{percent}%").of(initial)
    except InputError:
        assert percent * initial < 100
        return
    assert 0 <= weight <= 256
    assert (weight == 0) == (percent == 0 or initial == 0)


# Aim and route ---------------------------------------------------------------------------------------------------

WEB1 = ("www", "web1", "ready", 10, 10)
WEB2 = ("www", "web2", "drain", 5, 20)
API1 = ("api", "web1", "maint", 50, 50)


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        pytest.param({"state": "ready"}, ["www/web2 state ready", "api/web1 state ready"], id="ready"),
        pytest.param({"state": "drain"}, ["www/web1 state drain", "api/web1 state drain"], id="drain"),
        pytest.param({"state": "maint"}, ["www/web1 state maint", "www/web2 state maint"], id="maint"),
        pytest.param({}, [], id="nothing"),
        pytest.param({"weight": "10"}, ["www/web2 weight 10", "api/web1 weight 10"], id="absolute weight"),
        pytest.param({"weight": "100%"}, ["www/web2 weight 20"], id="percentage of each server's initial weight"),
        pytest.param({"weight": "50%"}, ["www/web1 weight 5", "www/web2 weight 10", "api/web1 weight 25"], id="half"),
        pytest.param({"name": ["web1"], "state": "drain", "backend": ["www"]}, ["www/web1 state drain"], id="one"),
        pytest.param(
            {"name": ["web1"], "state": "drain"}, ["www/web1 state drain", "api/web1 state drain"], id="every backend"
        ),
        pytest.param({"name": ["web2"], "state": "drain"}, [], id="as wished already"),
        pytest.param({"backend": ["a*"], "state": "ready"}, ["api/web1 state ready"], id="a glob of backends"),
        pytest.param(
            {"name": ["web2"], "weight": "7", "state": "ready"},
            ["www/web2 weight 7", "www/web2 state ready"],
            id="comes back with its new weight",
        ),
        pytest.param(
            {"name": ["web2"], "weight": "7", "state": "maint"},
            ["www/web2 state maint", "www/web2 weight 7"],
            id="goes out before its weight changes",
        ),
    ],
)
def test_commands_of_one_process(wish: dict[str, Any], expected: list[str]) -> None:
    wished = resource(**wish)
    now = observed(WEB1, WEB2, API1, wish=wished)
    assert commands(wished, {"p1": now}) == {"p1": [f"set server {command}" for command in expected]}


def test_processes_that_disagree_get_different_commands() -> None:
    wished = resource(name=["web1"], state="drain", weight="50%")
    now = {
        "p1": observed(WEB1, wish=wished),
        "p2": observed(("www", "web1", "drain", 5, 10), wish=wished),
        "p3": observed(("www", "web1", "maint", 2, 40), wish=wished),
        "p4": observed(WEB2, wish=wished),
    }
    assert commands(wished, now) == {
        "p1": ["set server www/web1 state drain", "set server www/web1 weight 5"],
        "p2": [],
        "p3": ["set server www/web1 state drain", "set server www/web1 weight 20"],
        "p4": [],
    }


@pytest.mark.parametrize(
    ("admin", "state", "changes"),
    [
        pytest.param(2, "ready", False, id="inherited maintenance is no reason"),
        pytest.param(16, "ready", False, id="inherited drain is no reason"),
        pytest.param(32, "ready", False, id="a name that does not resolve is no reason"),
        pytest.param(4, "ready", False, id="disabled by configuration, enabled since"),
        pytest.param(5, "ready", True, id="disabled by configuration"),
        pytest.param(2, "maint", True, id="own maintenance beside the inherited one"),
        pytest.param(24, "drain", False, id="own and inherited drain"),
        pytest.param(9, "drain", True, id="maintenance covers drain"),
    ],
)
def test_a_server_is_judged_by_its_own_flags(admin: int, state: str, changes: bool) -> None:
    key = ("www", "web1")
    row = server(*key)._replace(admin_state=admin)
    now = Observed([key], ["www"], {key: row}, {key: reading()}, {}, False)
    assert bool(commands(resource(state=state), {"p1": now})["p1"]) is changes


@pytest.mark.parametrize(
    ("weight", "refused"),
    [("0%", False), ("100%", False), ("0", False), ("10", False), ("50%", True), ("11", True), ("200%", True)],
)
def test_a_static_algorithm_takes_only_all_or_nothing(weight: str, refused: bool) -> None:
    wished = resource(weight=weight)
    now = {"p1": observed(WEB1, www="static-rr")}
    if refused:
        with pytest.raises(InputError, match=r"weight of www/web1: .*static-rr, which takes only 0% and 100%"):
            commands(wished, now)
    else:
        commands(wished, now)


def test_a_state_needs_no_dynamic_algorithm() -> None:
    assert commands(resource(state="drain"), {"p1": observed(WEB1, www="static-rr")})["p1"]


def test_one_server_that_cannot_have_the_weight_refuses_the_task_for_all() -> None:
    wished = resource(weight="50%")
    now = {"p1": observed(WEB1), "p2": observed(WEB1, ("www", "web3", "ready", 1, 1))}
    with pytest.raises(InputError, match="rounds down to 0"):
        commands(wished, now)


# Names that match nothing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "sentence"),
    [
        pytest.param({"name": ["wbe1"]}, "no server 'wbe1' on any process; did you mean web", id="server"),
        pytest.param(
            {"name": ["web2"], "backend": ["api"]},
            "no server 'web2' in backend api on any process; did you mean web1?",
            id="server of another backend",
        ),
        pytest.param({"name": ["x*"]}, "no server 'x*' on any process; there are web1, web2", id="glob"),
        pytest.param({"backend": ["wwww"]}, "no backend 'wwww' on any process; did you mean www?", id="backend"),
        pytest.param({"backend": ["www", "zzz"]}, "no backend 'zzz'", id="second backend"),
        pytest.param({"name": ["web1", "zzz"]}, "no server 'zzz'", id="second server"),
    ],
)
def test_a_name_that_matches_nothing_anywhere_fails(wish: dict[str, Any], sentence: str) -> None:
    wished = resource(**wish)
    now = {"p1": observed(WEB1, WEB2, wish=wished), "p2": observed(API1, wish=wished)}
    with pytest.raises(ObjectNotFound) as caught:
        commands(wished, now)
    assert str(caught.value).startswith(sentence)


def test_a_name_that_only_one_process_has_is_found() -> None:
    wished = resource(name=["web2"], state="ready")
    now = {"p1": observed(WEB2, wish=wished), "p2": observed(API1, wish=wished)}
    assert commands(wished, now) == {"p1": ["set server www/web2 state ready"], "p2": []}


def test_a_server_that_is_not_found_may_be_no_failure() -> None:
    wished = resource(name=["zzz", "web1"], state="drain", fail_on_not_found=False)
    assert commands(wished, {"p1": observed(WEB1, wish=wished)}) == {"p1": ["set server www/web1 state drain"]}


def test_a_backend_that_is_not_found_is_always_a_failure() -> None:
    wished = resource(name=["zzz"], backend=["zzz"], fail_on_not_found=False)
    with pytest.raises(ObjectNotFound, match="no backend 'zzz'"):
        commands(wished, {"p1": observed(WEB1, wish=wished)})


# What people see -------------------------------------------------------------------------------------------------


def test_views_show_one_value_or_who_says_what() -> None:
    now = PerProcess({"p1": observed(WEB1), "p2": observed(("www", "web1", "drain", 10, 10)), "p3": observed(API1)})
    assert resource().view(now, [("www", "web1"), ("api", "web1")]) == {
        "www/web1": {"name": "web1", "backend": "www", "state": {"p1": "ready", "p2": "drain"}, "weight": 10},
        "api/web1": {"name": "web1", "backend": "api", "state": "maint", "weight": 50},
    }


def test_a_server_that_is_not_everywhere_is_absent_where_it_could_be() -> None:
    """What is fed back deletes it there again, and touches no process that could not have it."""
    wished = resource(name=["web1"], backend=["www"], state="absent")
    here, without, unable = seen(server()), seen(backends=["www"]), seen(backends=["www"])._replace(dynamic=False)
    now = PerProcess({"p1": here, "p2": without, "p3": seen(backends=["api"]), "p4": unable})
    (row,) = cast("list[dict[str, Any]]", wished.known(now)["servers"])
    assert (row["backend"], row["name"]) == ("www", "web1")
    assert row["before"] == {
        "backend": "www", "name": "web1", "state": {"p1": "ready", "p2": "absent"},
        "weight": {"p1": 1}, "options": {"p1": "weight 1"},
    }  # fmt: skip


def test_a_server_that_is_nowhere_is_not_absent_only_where_it_could_be() -> None:
    wished = resource(name=["web1"], backend=["www"], state="ready")
    now = PerProcess({"p1": seen(backends=["www"]), "p2": seen(backends=["www"])})
    assert wished.view(now, [("www", "web1")]) == {"www/web1": {"backend": "www", "name": "web1"}}


def test_the_answer_lists_the_chosen_servers_by_backend_and_name() -> None:
    wished = resource(name=["web1"])
    before = PerProcess({"p1": observed(WEB1, WEB2, API1, wish=wished), "p2": observed(WEB1, wish=wished)})
    after = PerProcess({"p1": observed(("www", "web1", "drain", 5, 10), API1, wish=wished), "p2": observed(WEB1)})
    answer = wished.answer(before, after, 1.0)
    rows = answer["servers"]
    assert isinstance(rows, list)
    api, www = rows
    assert (api["backend"], api["name"], api["processes"], api["consistent"]) == ("api", "web1", ["p1"], True)
    assert www["before"] == {"name": "web1", "backend": "www", "state": "ready", "weight": 10}
    assert www["after"] == {
        "name": "web1",
        "backend": "www",
        "state": {"p1": "drain", "p2": "ready"},
        "weight": {"p1": 5, "p2": 10},
    }
    assert (www["initial_weight"], www["consistent"], www["processes"]) == (10, False, ["p1", "p2"])
    assert set(www["readings"]) == {"p1", "p2"}
    assert set(www["readings"]["p1"]) == set(Reading._fields) - {"in_flight", "fall", "agent_runs"}
    assert set(answer) == {"servers"}
    assert json.loads(json.dumps(answer)) == answer


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        pytest.param({"state": "drain", "wait": True}, True, id="drains and waits"),
        pytest.param({"state": "drain"}, False, id="drains"),
        pytest.param(
            {"servers": [item("web1", state="drain", wait=True), item("web2", state="ready")]}, True, id="one of two"
        ),
        pytest.param({"state": "ready", "wait": True}, False, id="waits for something else"),
    ],
)
def test_the_answer_tells_how_long_draining_took(wish: dict[str, Any], told: bool) -> None:
    now = PerProcess({"p1": observed(WEB1, WEB2)})
    answer = resource(**wish).answer(now, now, 2.3456)
    assert answer.get("drained_seconds") == (2.346 if told else None)
    assert ("drained_seconds" in answer) is told


def test_processes_that_differ_only_in_their_initial_weight_show_it() -> None:
    now = PerProcess({"p1": observed(WEB1), "p2": observed(("www", "web1", "ready", 10, 20))})
    rows = resource().answer(now, now, 0.0)["servers"]
    assert isinstance(rows, list)
    (row,) = rows
    assert row["initial_weight"] == {"p1": 10, "p2": 20}
    assert row["consistent"] is False


# Reading ---------------------------------------------------------------------------------------------------------

STATE = "show backend;show servers state;show info"


def _observe(wished: Servers, answers: Mapping[str, bytes]) -> Observed | HAProxyError:
    (outcome,) = ScriptedConverse(by_line(dict(answers)))([wished.observe(process())], 1.0)
    return outcome


@pytest.mark.parametrize("version", VERSIONS)
class TestObservingEveryVersion:
    def test_few_backends_are_read_one_by_one(self, version: str) -> None:
        answers = {STATE: reply_of(version, "state"), "show stat #2 6 -1": reply_of(version, "stat_www")}
        found = _observe(resource(backend=["www"]), answers)
        assert isinstance(found, Observed)
        assert len(found.keys) == 18
        assert sorted(name for _backend, name in found.readings) == ["web1", "web2", "web3", "web4"]
        assert set(found.servers) == set(found.readings)
        assert found.algorithms == {"www": "roundrobin"}
        assert found.backends == ["www", "api", "fixed", "odd", "more"]
        assert found.readings["www", "web1"].status.startswith("UP")
        assert found.readings["www", "web1"].check_status == "L4OK"

    def test_readings_after_changes(self, version: str) -> None:
        table = reply_of(version, "stat_changed")
        answers = {f"show stat #{number} 6 -1": table for number in range(2, 7)}
        found = _observe(resource(), {STATE: reply_of(version, "state_changed"), **answers})
        assert isinstance(found, Observed)
        assert set(found.readings) == set(found.servers) == set(found.keys)
        assert found.algorithms["fixed"] == "static-rr"
        follow = found.readings["odd", "follow1"]
        assert (follow.status, follow.effective_state, follow.inherited_from) == (
            "MAINT (via www/web1)",
            "maint",
            "www/web1",
        )
        said = found.readings["more", "said1"]
        assert (said.check_status, said.check_code, said.last_check) == ("L7OK", 200, 'all "fine", really\u2028so')
        assert (said.sessions, said.queue, said.agent) == (0, 0, None)
        assert json.loads(json.dumps(said.as_result())) == said.as_result()
        api1 = found.servers["api", "api1"]
        assert (api1.state, api1.weight, api1.initial_weight, api1.backend_id) == ("ready", 5, 50, "3")

    def test_a_server_whose_first_check_is_under_way_is_not_up_yet(self, version: str) -> None:
        answers = {STATE: reply_of(version, "state"), "show stat #6 6 -1": reply_of(version, "stat")}
        found = _observe(resource(backend=["more"], name=["mute1"]), answers)
        assert isinstance(found, Observed)
        key = ("more", "mute1")
        places = frozenset({("p1", key)})
        values = dict.fromkeys(places, asked(state="ready", wait=True))
        for returning in (frozenset[Place](), places):
            until = UntilServers(values, ups=places, returning=returning, stopped=returning)
            assert until.judge(PerProcess({"p1": found}), PerProcess({}), 9.0, {("p1", key): 1.0}).left

    def test_a_wish_over_captured_replies_leads_to_the_right_commands(self, version: str) -> None:
        wished = resource(backend=["odd", "fixed"], state="ready", weight="100%")
        answers = {
            STATE: reply_of(version, "state"),
            "show stat #5 6 -1": reply_of(version, "stat"),
            "show stat #4 6 -1": reply_of(version, "stat"),
        }
        found = _observe(wished, answers)
        assert isinstance(found, Observed)
        assert commands(wished, {"p1": found}) == {"p1": ["set server odd/off1 state ready"]}

    def test_a_reply_cut_short_anywhere_is_an_error_of_the_tree(self, version: str) -> None:
        wished = resource(backend=["www"])
        state, table = reply_of(version, "state"), reply_of(version, "stat_www")
        for end in range(0, len(state), 11):
            assert isinstance(talk(wished.observe(process()), state[:end], table), HAProxyError)
        for end in range(0, len(table), 11):
            assert isinstance(talk(wished.observe(process()), state, table[:end]), HAProxyError)

    def test_a_refused_table_is_an_error_with_its_place(self, version: str) -> None:
        wished = resource(backend=["www"])
        error = talk(wished.observe(process("p7")), reply_of(version, "state"), reply_of(version, "refused_proxy"))
        assert isinstance(error, HAProxyError)
        assert (error.process, error.command) == ("p7", "show stat #2 6 -1")


STATE_REPLY = (
    b"\n# name\nwww\n\n1\n# be_id be_name srv_name srv_op_state srv_admin_state srv_uweight srv_iweight srv_check_state "
    b"srv_agent_state srv_addr srv_fqdn srv_port\n2 www web1 2 0 1 1 0 0 127.0.0.1 - 80\n\n" + info_table()
)


@pytest.mark.parametrize(
    "table",
    [
        pytest.param("# pxname,svname,\nwww,web1,\n", id="a heading of two columns"),
        pytest.param("# pxname,svname,type,\nwww,web1,2,\n", id="a heading without readings"),
        pytest.param(
            "# pxname,svname,type,status,scur,qcur,check_status,check_code,last_chk,\nwww,web1,2,UP,many,0,,,,\n",
            id="sessions that are no number",
        ),
        pytest.param(
            "# pxname,svname,type,status,scur,qcur,check_status,check_code,last_chk,\nwww,web1,2,UP,0,0,L7OK,ok,,\n",
            id="a code that is no number",
        ),
    ],
)
def test_statistics_that_say_something_else_are_an_error_of_the_tree(table: str) -> None:
    with pytest.raises(HAProxyError):
        _told(resource(), STATE_REPLY, f"\n{table}\n".encode() + info_table())


def test_a_server_that_has_no_statistics_is_not_passed_over_in_silence() -> None:
    empty = b"\n# pxname,svname,type,status,scur,qcur,check_status,check_code,last_chk,\n\n"
    with pytest.raises(HAProxyError):
        _told(resource(name=["web1"], state="drain"), STATE_REPLY, empty + info_table())


@pytest.mark.parametrize("version", VERSIONS)
def test_a_server_of_a_backend_that_is_disabled_is_not_passed_over_in_silence(version: str) -> None:
    """``show servers state`` has it, ``show stat`` has not, and HAProxy refuses every command."""
    wished = resource(name=["web1"], backend=["off"], state="drain")
    assert reply_of(version, "refused_disabled") == b"\n[3]: Proxy is disabled.\n\n"
    with pytest.raises(HAProxyError):
        _told(wished, reply_of(version, "state_disabled"), reply_of(version, "stat_disabled"))


def _told(wished: Servers, *replies: bytes) -> dict[str, list[str]]:
    """The commands that follow from these replies; for one at least HAProxy must have been asked."""
    found = talk(wished.observe(process("p1")), *replies)
    if isinstance(found, HAProxyError):
        raise found
    return commands(wished, {"p1": found})


# The whole way ---------------------------------------------------------------------------------------------------


class _HAProxy:
    """As much of a HAProxy as servers need: states and weights, and nothing else."""

    def __init__(self, servers_of: Mapping[tuple[str, str], tuple[str, int, int]], refuses: Sequence[str] = ()) -> None:
        self.servers = dict(servers_of)
        self.refuses = refuses

    def answer(self, line: str) -> bytes:
        if line == STATE:
            return b"\n" + self._state().encode() + b"\n" + info_table()
        if line.startswith("show stat "):
            return b"\n" + self._stat().encode() + b"\n" + info_table()
        return ("\n" + "".join(self._told(command) for command in commands_of(line))).encode()

    def _told(self, command: str) -> str:
        if command in self.refuses:
            return "[3]: Proxy is disabled.\n\n"
        _set, _server, place, what, value = command.split(" ")
        backend, name = place.split("/")
        state, weight, initial = self.servers[backend, name]
        self.servers[backend, name] = (
            (value, weight, initial) if what == "state" else (state, int(value), initial)
        )  # fmt: skip
        return "\n"

    def _state(self) -> str:
        backends = "".join(f"{name}\n" for name in sorted({backend for backend, _name in self.servers}))
        columns = (
            "be_id be_name srv_name srv_op_state srv_admin_state srv_uweight srv_iweight srv_check_state "
            "srv_agent_state srv_addr srv_fqdn srv_port"
        )
        rows = "".join(
            f"{len(backend)} {backend} {name} 2 {FLAGS[state]} {weight} {initial} 0 0 - - 0\n"
            for (backend, name), (state, weight, initial) in self.servers.items()
        )
        return f"# name\n{backends}\n1\n# {columns}\n{rows}"

    def _stat(self) -> str:
        heading = "# pxname,svname,type,status,scur,qcur,check_status,check_code,last_chk,\n"
        return heading + "".join(f"{backend},{name},2,no check,0,0,,,,\n" for backend, name in self.servers)


def _planned(wished: Servers, haproxys: Mapping[str, _HAProxy]) -> tuple[Plan[Observed], Any]:
    def answer(exchange: Exchange) -> bytes:
        return haproxys[exchange.address.text].answer(line_of(exchange))

    fleet = fleet_of([process(name) for name in sorted(haproxys)], ScriptedConverse(answer))
    return plan_of(fleet, wished), fleet


SERVER_STATES = st.fixed_dictionaries(
    {key: st.tuples(st.sampled_from(list(FLAGS)), st.integers(0, 256), st.integers(0, 256))
     for key in (("www", "web1"), ("www", "web2"), ("api", "web1"))}
)  # fmt: skip
WISHES = st.fixed_dictionaries(
    {
        "name": st.sampled_from([["*"], ["web1"], ["web2"], ["web*"]]),
        "backend": st.sampled_from([None, ["www"], ["api", "www"]]),
        "state": st.sampled_from([None, "ready", "drain", "maint", "enabled", "disabled"]),
        "weight": st.sampled_from([None, "0", "7", "256", "0%", "50%", "100%", "300%"]),
    }
)


@given(st.lists(SERVER_STATES, min_size=1, max_size=4), WISHES)
def test_the_prophecy_predicted_is_applied_is_read_back(
    states: list[dict[tuple[str, str], tuple[str, int, int]]], wish: dict[str, Any]
) -> None:
    haproxys = {f"p{number}": _HAProxy(state) for number, state in enumerate(states)}
    wished = resource(**wish)
    before = [dict(haproxy.servers) for haproxy in haproxys.values()]
    try:
        planned, fleet = _planned(wished, haproxys)
    except InputError:
        assert wish["weight"] == "50%"  # of 1, which is less than 1
        assert before == [haproxy.servers for haproxy in haproxys.values()]
        return
    assert before == [haproxy.servers for haproxy in haproxys.values()]
    after = carry_out(fleet, wished, planned).after
    assert {name: found.servers for name, found in after.items()} == {
        name: found.servers for name, found in planned.after.items()
    }
    assert wished.view(planned.after, planned.changes) == wished.view(after, planned.changes)
    again, _fleet = _planned(wished, haproxys)
    assert not again.commands()


def test_of_two_commands_for_one_server_behind_a_refusal_each_is_judged_by_itself() -> None:
    """HAProxy runs the rest of the line: the state took, the weight did not."""
    refuses = ["set server api/web1 state maint", "set server www/web1 weight 7"]
    state = {("api", "web1"): ("ready", 7, 10), ("www", "web1"): ("ready", 10, 10)}
    haproxys = {"p1": _HAProxy(state, refuses)}
    wished = resource(name=["web1"], state="maint", weight="7")
    planned, fleet = _planned(wished, haproxys)
    assert len(planned.commands()) == 3
    with pytest.raises(HAProxyError) as caught:
        carry_out(fleet, wished, planned)
    assert haproxys["p1"].servers["www", "web1"] == ("maint", 10, 10)
    assert [line["command"] for line in caught.value.done] == ["set server www/web1 state maint"]
    assert [line["command"] for line in caught.value.refused] == refuses


# What is waited for ----------------------------------------------------------------------------------------------


def test_what_each_wish_waits_for() -> None:
    now = PerProcess({"p1": observed(WEB1, WEB2), "p2": observed(("www", "web1", "maint", 1, 1))})
    web1, web2 = ("www", "web1"), ("www", "web2")

    every = {("p1", web1), ("p1", web2), ("p2", web1)}

    def untils(**wish: Any) -> list[object]:
        untils = [goal.until for goal in goals_of(resource(**wish), now)]
        return [
            None if until is None else (until.drains, until.ups, until.returning, until.stopped, until.interval)
            for until in untils
            if until is None or isinstance(until, UntilServers)
        ]

    nobody: set[Place] = set()
    drained = (every, nobody, nobody, nobody, 0.5)
    returning = (nobody, every, {("p1", web2), ("p2", web1)}, {("p2", web1)}, 2.0)
    assert untils(state="drain", wait=True) == [drained]
    assert untils(state="ready", wait=True, wait_interval=2.0) == [returning]
    assert untils(state="ready", wait=True, wait_interval=2.0, weight="5") == [None, returning]
    assert untils(state="drain", wait=True, weight="5") == [drained]
    assert untils(state="maint", wait=True) == [None]
    assert untils(wait=True, weight="5") == [None]
    assert untils(state="ready") == [None]
    assert untils(state="drain") == [None]
    drained_first = ({("p1", web1), ("p1", web2)}, nobody, nobody, nobody, 0.5)
    assert untils(state="maint", drain=True) == [drained_first, drained]
    assert untils(state="absent") == [drained, None]
    assert untils(state="absent", drain=True) == [drained_first, drained, None]
    killed = (every, nobody, nobody, nobody, 0.5)
    assert untils(state="maint", shutdown_sessions=True) == [None, killed]
    assert untils(state="drain", shutdown_sessions=True) == [None, None]
    assert untils(state="absent", shutdown_sessions=True) == [None, killed, None]


@pytest.mark.parametrize("present", [False, True])
def test_a_server_that_is_made_has_no_check_of_before_that_could_count(present: bool) -> None:
    made = server(name="web2", present=False, op_state=0, weight=0, initial=0)._replace(backend_id="")
    now = seen(full(name="web2", address="192.0.2.1") if present else made)
    of = resource(name=["web2"], backend=["www"], state="ready", wait=True, address="192.0.2.1")
    until = goals_of(of, {"p1": now})[-1].until
    assert isinstance(until, UntilServers)
    place: Place = ("p1", ("www", "web2"))
    assert until.ups == {place}
    assert until.stopped == (set() if present else {place})


def test_a_server_that_another_one_tracks_is_not_deleted() -> None:
    of, tracking = resource(state="absent"), {"www/web1": "www/web2"}
    now = seen(server())._replace(tracked=tracking)
    with pytest.raises(InputError, match=r"^www/web1 cannot be deleted: www/web2 tracks it$"):
        goals_of(of, {"p1": now})
    assert goals_of(resource(state="maint"), {"p1": now})


def test_what_is_made_is_deleted_again_when_it_does_not_get_so_far() -> None:
    made = server(name="web2", present=False, op_state=0, weight=0, initial=0)._replace(backend_id="")
    here = full(name="web2", address="192.0.2.1")
    of = resource(name=["web2"], backend=["www"], state="ready", address="192.0.2.1", port=80)
    now = {"p1": seen(made), "p2": seen(here)}
    formers = [goal.former for goal in goals_of(of, now)]
    first, last = formers[0], formers[-1]
    assert first is not None
    assert {name: {key: it.record.state for key, it in aimed.items()} for name, aimed in first.items()} == {
        "p1": {("www", "web2"): "absent"}
    }
    assert last is None, "with its state it stays"


def test_deleting_is_tried_as_long_as_the_server_with_the_most_time_may_take() -> None:
    now = {"p1": observed(WEB1, WEB2)}
    of = resource(servers=[
        item("web1", state="absent", wait_timeout=3.0, wait_interval=2.0),
        item("web2", state="absent", wait_timeout=7.0, wait_interval=1.0),
    ])  # fmt: skip
    assert goals_of(of, now)[-1].retry == (7.0, 1.0)


def test_a_server_comes_back_only_when_its_weight_is_confirmed() -> None:
    wished = resource(name=["web2"], state="ready", weight="7")
    now = PerProcess({"p1": observed(WEB2, wish=wished)})
    first, second = goals_of(wished, now)
    key = ("www", "web2")
    assert (first.aimed["p1"][key].fields, second.aimed["p1"][key].fields) == ({"weight"}, {"state"})
    assert (first.aimed["p1"][key].record.state, first.aimed["p1"][key].record.weight) == ("drain", 7)
    assert (second.aimed["p1"][key].record.state, second.aimed["p1"][key].record.weight) == ("ready", 7)


def test_a_server_whose_weight_is_refused_does_not_come_back() -> None:
    haproxys = {"p1": _HAProxy({("www", "web1"): ("maint", 10, 10)}, ["set server www/web1 weight 7"])}
    wished = resource(state="ready", weight="7")
    planned, fleet = _planned(wished, haproxys)
    with pytest.raises(HAProxyError):
        carry_out(fleet, wished, planned)
    assert haproxys["p1"].servers["www", "web1"] == ("maint", 10, 10)


# What is missed --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "afterwards", "sentences"),
    [
        pytest.param("absent", seen(), [], id="gone, as wished"),
        pytest.param("absent", seen(server()), ["state of www/web1 is ready, not absent"], id="still there"),
        pytest.param("maint", seen(server(state="maint")), [], id="in the state that is wished"),
        pytest.param("maint", seen(server()), ["state of www/web1 is ready, not maint"], id="in another state"),
        pytest.param("maint", seen(), ["www/web1 is gone"], id="gone, and should stay"),
    ],
)
def test_what_is_missed_afterwards(wish: str, afterwards: Observed, sentences: list[str]) -> None:
    of = resource(state=wish)
    goal = goals_of(of, {"p1": seen(server())})[-1]
    assert list(of.missed(afterwards, goal.aimed["p1"]).values()) == sentences


# Old workers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
def test_what_remains_on_an_old_worker_are_the_sessions_of_the_wished_servers(version: str) -> None:
    whole_line = tuple(map(int, version.split("."))) >= (3, 2)
    route = through_master(4711, whole_line=whole_line)
    old = Process("/m@!4711", Address("/m", path="/m"), facts(f"{version}.0", Stopping="1"), route, 1)
    for wish, expected in (
        ({"name": ["web1"]}, {("www", "web1"): 0, ("api", "web1"): 1}),
        ({"name": ["web1"], "backend": ["www"]}, {("www", "web1"): 0}),
        ({"name": ["zzz"]}, {}),
    ):
        assert talk(resource(**wish).remains(old), reply_of(version, "old_conn")) == expected
        assert isinstance(talk(resource(**wish).remains(old), reply_of(version, "gone_facts")), ProcessReplaced)


def test_whose_time_is_over_has_its_sessions_ended_there_and_on_old_workers() -> None:
    busy = seen(server(sessions=2), server(name="web2", sessions=3))
    now = PerProcess({"p1": busy, "p2": busy})
    of = resource()
    goal = of.last_resort(now, [("p1", ("www", "web1")), ("p2", ("www", "web2")), ("/m@!4711", None)])
    assert {name: [step.command.text for step in of.route(now[name], aimed)] for name, aimed in goal.aimed.items()} == {
        "p1": ["shutdown sessions server www/web1"],
        "p2": ["shutdown sessions server www/web2"],
    }
    assert goal.sweep == {("www", "web1"), ("www", "web2")}


def test_a_server_of_a_disabled_backend_beside_a_living_one_is_left_out() -> None:
    state = STATE_REPLY.replace(b"\n\n" + info_table(), b"\n3 off web1 2 0 1 1 0 0 127.0.0.1 - 80\n\n" + info_table())
    heading = b"\n# pxname,svname,type,status,scur,qcur,check_status,check_code,last_chk,\n"
    found = talk(
        resource(name=["web1"], state="drain").observe(process()),
        state,
        said(heading + b"www,web1,2,UP,0,0,,,,\n\n"),
        said(heading + b"\n"),
    )
    assert isinstance(found, Observed)
    assert found.keys == [("www", "web1"), ("off", "web1")]
    assert list(found.servers) == list(found.readings) == [("www", "web1")]
    wished = resource(name=["web1"], state="drain")
    assert commands(wished, {"p1": found}) == {"p1": ["set server www/web1 state drain"]}
