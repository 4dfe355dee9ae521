# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of a task's wishes is about which server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.servers import Key
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import InputError, ObjectNotFound
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._fleet import PerProcess

from unit.plugins.module_utils.wished import API1, WEB1, WEB2, commands, goals_of, item, resource, seen, server, wishes

ALL = (WEB1, WEB2, API1)


@pytest.mark.parametrize(
    ("options", "loose", "meant"),
    [
        pytest.param({"name": ["web1"], "backend": ["www"]}, False, [WEB1], id="exact"),
        pytest.param({"name": ["web1", "web2"], "backend": ["www", "api"]}, False, [*ALL], id="exact, several"),
        pytest.param({"name": ["web1"]}, True, [WEB1, API1], id="every backend"),
        pytest.param({"name": ["web*"], "backend": ["www"]}, True, [WEB1, WEB2], id="a glob of servers"),
        pytest.param({"name": ["web1"], "backend": ["*"]}, True, [WEB1, API1], id="a glob of backends"),
        pytest.param({"name": ["web1", "x*"], "backend": ["www"]}, True, [WEB1], id="a name beside a glob"),
        pytest.param({"name": ["web9"], "backend": ["www"]}, False, [], id="nobody"),
    ],
)
def test_what_a_wish_means(options: dict[str, Any], loose: bool, meant: list[Key]) -> None:
    every = wishes(**options)
    (wish,) = every.wishes
    assert wish.loose is loose
    assert [key for key in ALL if every.means(key)] == meant
    assert [key for key in ALL if every.of(key) == [wish]] == meant
    assert [key for key in ALL if every.look_at(*key)] == meant


def test_exact_and_loose_items_are_found_side_by_side() -> None:
    every = wishes(servers=[item("web1"), item("api*", None), item("web2")])
    assert [len(every.of(key)) for key in ((*ALL, ("any", "api7")))] == [1, 1, 0, 1]
    assert every.of(WEB1) == [every.wishes[0]]


@pytest.mark.parametrize(
    "items",
    [
        pytest.param([item("web1"), item("web1")], id="two exact ones"),
        pytest.param([item("web1"), item("web*")], id="a name and a glob"),
        pytest.param([item("web1"), item("web1", None)], id="a backend and every backend"),
        pytest.param([item("web?"), item("*1")], id="two globs"),
    ],
)
def test_two_wishes_about_one_server_are_refused(items: list[dict[str, Any]]) -> None:
    with pytest.raises(InputError, match="two items of servers are about www/web1"):
        commands(resource(servers=items), {"p1": seen(server())})


def test_two_wishes_that_never_meet_are_fine() -> None:
    items = [item("web1", state="drain"), item("web1", "api", state="maint")]
    now = {"p1": seen(server(), server("api"))}
    assert commands(resource(servers=items), now) == {
        "p1": ["set server www/web1 state drain", "set server api/web1 state maint"]
    }


def test_whoever_guards_a_backend_looks_at_all_of_it() -> None:
    every = wishes(name=["web1"], backend=["www"], state="drain", min_up="1")
    assert [key for key in ALL if every.look_at(*key)] == [WEB1, WEB2]
    assert [key for key in ALL if every.means(key)] == [WEB1]


@pytest.mark.parametrize(
    ("options", "new", "keys"),
    [
        pytest.param({"name": ["web9"], "backend": ["www"], "state": "present"}, True, {("www", "web9")}, id="present"),
        pytest.param({"name": ["web9"], "backend": ["www"], "state": "present"}, False, {("www", "web9")},
                     id="present, on a version that cannot make it"),
        pytest.param({"name": ["web9"], "backend": ["www"], "state": "absent"}, False, {("www", "web9")}, id="absent"),
        pytest.param({"name": ["web9"], "backend": ["www"], "state": "ready", "address": "::1"}, True,
                     {("www", "web9")}, id="ready with an address"),
        pytest.param({"name": ["web9"], "backend": ["www"], "state": "ready", "address": "::1"}, False, set(),
                     id="ready with an address, on a version that cannot make it"),
        pytest.param({"name": ["web9"], "backend": ["www"], "state": "ready"}, True, set(), id="ready"),
        pytest.param({"name": ["web9"], "backend": ["www"], "address": "::1"}, True, set(), id="an address alone"),
        pytest.param({"name": ["web9"], "backend": ["*"], "state": "present"}, True,
                     {("www", "web9"), ("api", "web9")}, id="every backend there is"),
        pytest.param({"name": ["web9"], "backend": ["zzz"], "state": "present"}, True, set(), id="no such backend"),
        pytest.param({"name": ["web9"], "state": "present"}, True, set(), id="no backend said"),
        pytest.param({"name": ["w*", "x"], "backend": ["www"], "state": "absent"}, True, {("www", "x")},
                     id="globs make nothing"),
        pytest.param({"servers": [item("web8", weight="5"), item("web9", state="absent")]}, True, {("www", "web9")},
                     id="one of two items"),
    ],
)  # fmt: skip
def test_could_be(options: dict[str, Any], new: bool, keys: set[Key]) -> None:
    assert wishes(**options).could_be(["www", "api"], new=new) == keys


def test_settings_of_all_wishes_and_processes() -> None:
    every = wishes(servers=[item("web1", weight="5"), item("web2", maxconn={"p1": 1}), item("web3", state="drain")])
    assert every.settings == {"weight", "maxconn"}


# Each process ----------------------------------------------------------------------------------------------------

SPECIAL: dict[str, Any] = {"state": {"p1": "drain", "p2": "maint"}}


def test_what_is_asked_of_each_process() -> None:
    wished = resource(servers=[item("web1", **SPECIAL)])
    assert commands(wished, {name: seen(server()) for name in ("p1", "p2", "p3")}) == {
        "p1": ["set server www/web1 state drain"],
        "p2": ["set server www/web1 state maint"],
        "p3": [],
    }


def test_a_process_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="a value is for process p2, and there are only p1, p3"):
        commands(resource(servers=[item("web1", **SPECIAL)]), {name: seen(server()) for name in ("p1", "p3")})


def test_a_server_may_be_made_on_one_process_and_be_there_on_another() -> None:
    wished = resource(servers=[item("web9", state="present", address="::1")])
    (wish,) = wished.wishes.wishes
    missing = server(name="web9", present=False)
    now = {"p1": seen(missing), "p2": seen(server(name="web9", address="::1"))}
    assert [list(wished.wishes.assigned(name, one.servers)) for name, one in now.items()] == [
        [(("www", "web9"), wish.values)]
    ] * 2


@pytest.mark.parametrize(
    ("state", "assigned"), [("absent", True), ("present", True), ("ready", False), ("drain", False), (None, False)]
)
def test_who_is_not_there_is_asked_only_to_be_made_or_to_stay_away(state: str | None, assigned: bool) -> None:
    every = wishes(name=["web1"], backend=["www"], state=state)
    assert bool(list(every.assigned("p1", {WEB1: server(present=False)}))) is assigned


def test_where_a_server_is_to_be_made_has_to_be_said() -> None:
    now = {"p1": seen(server()), "p2": seen(backends=["www"])}
    with pytest.raises(InputError, match="process p2 has no www/web1; say the backend, and it is created there"):
        goals_of(resource(name=["web1"], state="present", address="::1"), now)


def test_of_several_servers_that_nobody_can_place_the_first_by_name_is_told() -> None:
    names = [f"web{number}" for number in range(1, 9)]
    now = {"p1": seen(*(server(name=name) for name in reversed(names))), "p2": seen(backends=["www"])}
    with pytest.raises(InputError, match="process p2 has no www/web1; say the backend"):
        goals_of(resource(name=["web?"], state="present", address="::1"), now)


def test_what_is_spoken_of_is_told_by_server() -> None:
    every = wishes(servers=[item("web1", weight="5"), item("web2", maxconn={"p1": 1})])
    assert every.spoken(WEB1) == {"weight"}
    assert every.spoken(WEB2) == {"maxconn"}
    assert every.spoken(API1) == frozenset()


# Names that match nothing ----------------------------------------------------------------------------------------


def _found(now: Mapping[str, list[Key]], backends: list[str], **options: Any) -> None:
    every = wishes(**options)
    observed = {name: seen(*(server(*key) for key in keys), backends=backends) for name, keys in now.items()}
    every.all_found(observed, {name: dict(every.assigned(name, one.servers)) for name, one in observed.items()})


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"name": ["web1"]}, id="on one process"),
        pytest.param({"name": ["web1", "web2"], "backend": ["www"]}, id="one on each"),
        pytest.param({"name": ["web*"]}, id="a glob"),
        pytest.param({"name": ["zzz"], "fail_on_not_found": False}, id="nobody, and that is no failure"),
        pytest.param({"name": ["zzz"], "backend": ["www"], "state": "absent"}, id="absent already"),
        pytest.param({"name": ["zzz"], "state": "absent"}, id="absent everywhere"),
        pytest.param({"servers": [item("web1", state="absent"), item("web2", state="ready")]}, id="items"),
    ],
)
def test_all_found(options: dict[str, Any]) -> None:
    _found({"p1": [WEB1], "p2": [WEB2]}, ["www"], **options)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        pytest.param({"name": ["zzz"]}, "no server 'zzz'", id="server"),
        pytest.param({"name": ["web1", "zzz"]}, "no server 'zzz'", id="one of two"),
        pytest.param({"name": ["web1"], "backend": ["zzz"]}, "no backend 'zzz'", id="backend"),
        pytest.param(
            {"name": ["zzz"], "backend": ["zzz"], "state": "absent"}, "no backend 'zzz'", id="absent in no backend"
        ),
        pytest.param(
            {"name": ["web1"], "backend": ["zzz"], "fail_on_not_found": False}, "no backend 'zzz'", id="always"
        ),
        pytest.param({"servers": [item("web1"), item("zzz")]}, "no server 'zzz'", id="the second item"),
        pytest.param(
            {"servers": [item("zzz", fail_on_not_found=False), item("yyy")]}, "no server 'yyy'", id="item by item"
        ),
    ],
)
def test_names_that_match_nothing(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ObjectNotFound) as caught:
        _found({"p1": [WEB1], "p2": [WEB2]}, ["www"], **options)
    assert str(caught.value).startswith(sentence)


def test_a_server_that_can_be_made_on_no_process_is_not_found() -> None:
    """2.2: ``ready`` with an address makes nothing there."""
    with pytest.raises(ObjectNotFound, match="no server 'web9'"):
        goals_of(resource(name=["web9"], backend=["www"], state="ready", address="::1"), {"p1": seen(server())})


def test_a_server_of_a_backend_that_the_configuration_disables_is_not_simply_absent() -> None:
    now = PerProcess({"p1": seen(backends=["off"])._replace(keys=[("off", "web1")])})
    with pytest.raises(ObjectNotFound, match="is only in backends that the configuration disables"):
        goals_of(resource(name=["web1"], backend=["off"], state="absent"), now)
