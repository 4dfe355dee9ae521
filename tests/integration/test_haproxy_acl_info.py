# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""haproxy_acl_info against real HAProxy processes, and cases A of haproxyadmin that only read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lab.tasks import Result, run

from .patterns import ACL, ACLS, INLINE, LAYOUTS, MAP, Sets, layout_id, nothing_sent, started


@pytest.fixture(scope="module", params=LAYOUTS, ids=layout_id)
def sets(request: pytest.FixtureRequest) -> Iterator[Sets]:
    """Each version, as one process and as four."""
    with started(*request.param) as running:
        yield running


def info(sets: Sets, **options: Any) -> Result:
    """What the module tells; it must succeed, and write nothing."""
    sets.recorders.clear()
    result = run("haproxy_acl_info", {"socket": sets.sockets, **options})
    assert not result.get("failed"), result["msg"]
    assert nothing_sent(sets)
    assert result["changed"] is False
    return result


def fails(sets: Sets, **options: Any) -> Result:
    failure = run("haproxy_acl_info", {"socket": sets.sockets, **options})
    assert failure.get("failed"), failure
    assert "exception" not in failure, failure["exception"]
    return failure


def test_a01_all_acls_are_listed_those_without_a_name_behind(sets: Sets) -> None:
    """HAProxy's own ones, of its HTTP client, among them."""
    acls = info(sets)["acls"]
    names = [each["name"] for each in acls if each["name"]]
    virtual = ["virt@blocked"] if sets.version.number >= (3, 0) else []
    assert names == sorted([*map(sets.path, ACLS), *virtual])
    assert [each["name"] for each in acls[: len(names)]] == names
    inline = [each["uses"] for each in acls[len(names) :]]
    assert all(len(uses) == 1 for uses in inline)
    assert any("acl 'src' file '" in uses[0] for uses in inline), inline
    for each in acls:
        if each["name"]:
            assert len(each["per_process"]) == sets.count
            assert all(use.startswith(("acl at file '", "map at file '")) for use in each["uses"]), each["uses"]


def test_a02_by_name_by_number_and_by_number_0(sets: Sets) -> None:
    sets.put(ACL, "str.acl", ["/a", "two words"])
    path = sets.path("str.acl")
    names = [path, f"opt@{path}"]
    if sets.count == 1 or sets.version.has_nbproc:
        assert sets.number(0, ACL, path) == "#0"
        names.append("#0")
    for name in names:
        (found,) = info(sets, acl=name)["acls"]
        assert (found["name"], found["consistent"]) == (path, True)
        assert [row["entries"] for row in found["per_process"]] == [["/a", "two words"]] * sets.count


@pytest.mark.parametrize("name", ["/nowhere.acl", "#99999", "0", "str.acl"])
@pytest.mark.parametrize("more", [{}, {"value": "a"}], ids=["entries", "lookup"])
def test_a03_and_a11_an_unknown_acl_fails(sets: Sets, name: str, more: dict[str, str]) -> None:
    failure = fails(sets, acl=name, **more)
    assert failure["error"] == "ObjectNotFound"
    assert f"no configuration loads an ACL {name!r}" in failure["msg"]


def test_a04_an_empty_acl_is_an_empty_list(sets: Sets) -> None:
    sets.put(ACL, "str.acl", [])
    (found,) = info(sets, acl=sets.path("str.acl"))["acls"]
    assert [row["entries"] for row in found["per_process"]] == [[]] * sets.count


def test_a10_a_lookup_that_matches_and_one_that_does_not(sets: Sets) -> None:
    sets.put(ACL, "ip.acl", ["10.0.0.0/8"])
    result = info(sets, acl=sets.path("ip.acl"), value="10.1.1.1")
    assert (result["found"], result["key"], result["type"], result["consistent"]) == (True, "10.0.0.0/8", "ip", True)
    assert "value" not in result
    assert len(result["lookups"]) == sets.count
    assert result["lookups"][0] == {
        "process": sets.recorders.sockets[0],
        "found": True,
        "type": "ip",
        "case_sensitive": True,
        "key": "10.0.0.0/8",
    }
    result = info(sets, acl=sets.path("ip.acl"), value="11.1.1.1")
    assert (result["found"], result["key"], result["type"]) == (False, None, None)


def test_a10_a_lookup_without_case(sets: Sets) -> None:
    sets.put(ACL, "icase.acl", ["/Page"])
    result = info(sets, acl=sets.path("icase.acl"), value="/pAGE")
    assert (result["found"], result["key"]) == (True, "/Page")
    assert {row["case_sensitive"] for row in result["lookups"]} == {False}


def test_an_acl_in_the_configuration_can_be_read(sets: Sets) -> None:
    number = sets.number(0, ACL, INLINE)
    if sets.count == 4 and not sets.version.has_nbproc:
        assert "is not the same acl on every process" in fails(sets, acl=number)["msg"]
        return
    (found,) = info(sets, acl=number)["acls"]
    assert (found["name"], [row["entries"] for row in found["per_process"]]) == (
        "",
        [["10.0.0.1", "10.0.0.2"]] * sets.count,
    )
    assert info(sets, acl=number, value="10.0.0.2")["found"]


def test_an_acl_that_is_a_map_too_can_be_read(sets: Sets) -> None:
    sets.put(MAP, "both.map", ["10.0.0.1 v1"])
    (found,) = info(sets, acl=sets.path("both.map"))["acls"]
    assert found["per_process"][0]["entry_count"] == 1
    assert info(sets, acl=sets.path("both.map"), value="10.0.0.1")["found"]


def test_an_acl_that_differs_is_told_per_process(sets: Sets) -> None:
    sets.put(ACL, "str.acl", ["/a"])
    sets.fill(0, ACL, "str.acl", ["/a", "/b"])
    (found,) = info(sets, acl=sets.path("str.acl"))["acls"]
    assert found["consistent"] == (sets.count == 1)
    assert [row["entry_count"] for row in found["per_process"]] == [2, 1, 1, 1][: sets.count]


def test_a_value_needs_an_acl(sets: Sets) -> None:
    failure = fails(sets, value="a")
    assert failure["error"] == "InputError"
    assert "say which by the option acl" in failure["msg"]


def test_a19_a_socket_for_operators_is_refused_in_a_sentence_from_3_3_on() -> None:
    version, count = LAYOUTS[-1]
    with started(version, count, operator=True) as sets:
        operators = {"socket": [str(sets.fleet.base / "operator")]}
        tasks: dict[str, dict[str, Any]] = {
            "haproxy_acl_info": operators,
            "haproxy_acl": {**operators, "acl": sets.path("str.acl"), "entries": ["/a"]},
            "haproxy_map": {**operators, "map": sets.path("str.map"), "entries": {"a": "b"}},
        }
        for module, arguments in tasks.items():
            failure = run(module, arguments)
            assert failure["error"] == "PermissionDenied", failure["msg"]
            assert "has level operator" in failure["msg"]
            assert "needs level admin; use a socket whose 'stats socket' line says 'level admin'" in failure["msg"]
        assert sets.contents(ACL, "str.acl") == [[]] * count


def test_a19_operators_may_do_all_before_3_3() -> None:
    version, _count = next(layout for layout in LAYOUTS if layout[0].number == (3, 2))
    with started(version, 1, operator=True) as sets:
        arguments = {"socket": sets.fleet.operator_sockets, "acl": sets.path("str.acl"), "entries": ["/a"]}
        assert run("haproxy_acl", arguments)["changed"]
        assert sets.contents(ACL, "str.acl") == [[b"/a"]]
