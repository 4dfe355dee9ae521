# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions and what they can do; the tree of errors; seconds."""

from __future__ import annotations

import inspect
import json

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils import _errors
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._checks import LONGEST, seconds, whole
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import (
    CannotConnect,
    CommandRefused,
    Fault,
    FeatureMissing,
    HAProxyError,
    InputError,
    NotHAProxy,
    Overtaken,
    ReplyNotUnderstood,
    TimedOut,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._features import (
    FEATURES,
    Version,
    has,
    require,
    version_of,
)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        pytest.param("2.2.9-2+deb11u6", (2, 2, 9), id="Debian"),
        pytest.param("3.5-dev5-abc", (3, 5, 0), id="development"),
        pytest.param("3.0.0", (3, 0, 0), id="plain"),
        pytest.param("2.10.1", (2, 10, 1), id="two digits"),
        pytest.param("3.4", (3, 4, 0), id="no patch"),
        pytest.param("3.0.11-1~bpo12+1", (3, 0, 11), id="backport"),
    ],
)
def test_version_of(text: str, version: tuple[int, int, int]) -> None:
    assert version_of(text) == version
    assert str(version_of(text)) == ".".join(map(str, version))


@pytest.mark.parametrize("text", ["", "x", "v3.0", "3", ".5", "-1.2", "3.x"])
def test_no_version(text: str) -> None:
    with pytest.raises(ReplyNotUnderstood):
        version_of(text)


def test_versions_compare_as_numbers() -> None:
    assert version_of("2.10.0") > version_of("2.9.9") > version_of("2.9")


@pytest.mark.parametrize(
    ("version", "there"),
    [("2.2.9", False), ("2.6.12", False), ("2.9.99", False), ("2.10.0", False), ("3.0.0", True), ("3.10.0", True)],
)
def test_long_lines_came_with_3_0(version: str, there: bool) -> None:
    assert has(version_of(version), "long_lines") is there


@pytest.mark.parametrize(
    ("version", "there"),
    [("2.2.9", False), ("3.0.11", False), ("3.1.9", False), ("3.2.0", True), ("3.10.0", True), ("4.0.0", True)],
)
def test_whole_lines_through_a_master_came_with_3_2(version: str, there: bool) -> None:
    assert has(version_of(version), "whole_lines") is there


def test_every_feature_has_a_name_and_a_version_that_can_be_said() -> None:
    for feature, (name, first, broken) in FEATURES.items():
        assert name
        assert (2, 2) <= first < (9, 0)
        assert broken is None or first <= broken[0][:2] <= broken[1][:2]
        with pytest.raises(FeatureMissing) as caught:
            require(Version(2, 1, 7), feature, "p1")
        assert caught.value.process == "p1"
        assert str(caught.value) == f"{name} needs HAProxy {first[0]}.{first[1]}, process p1 runs 2.1.7"


def test_what_a_version_has_and_what_needs_no_version_is_let_through() -> None:
    assert require(Version(3, 0, 0), "long_lines", "p1") is None  # type: ignore[func-returns-value]
    assert require(Version(2, 2, 0), None, "p1") is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    ("version", "feature", "there"),
    [
        pytest.param("2.3.9", "server_ssl", False, id="ssl came with 2.4"),
        pytest.param("2.4.0", "server_ssl", True, id="ssl"),
        pytest.param("2.2.9", "agent_port", False, id="agent port came with 2.4"),
        pytest.param("2.4.0", "agent_port", True, id="agent port"),
        pytest.param("2.5.99", "dynamic_servers", False, id="new servers are an experiment in 2.5"),
        pytest.param("2.6.0", "dynamic_servers", True, id="new servers"),
        pytest.param("2.3.0", "check_address", False, id="check address came with 2.4"),
        pytest.param("3.3.9", "check_address", True, id="check address before it broke"),
        pytest.param("3.4.0", "check_address", False, id="check address, broken"),
        pytest.param("3.4.7", "check_address", False, id="check address, the last that is broken"),
        pytest.param("3.4.8", "check_address", True, id="check address afterwards"),
        pytest.param("3.5.0", "check_address", True, id="check address of the next"),
        pytest.param("2.2.34", "frontend_stays", False, id="2.2 forgets a frontend that was shut down"),
        pytest.param("2.3.0", "frontend_stays", True, id="a frontend that was shut down stays"),
        pytest.param("2.2.9", "frontend_status", True, id="a disabled frontend, before it broke"),
        pytest.param("2.3.0", "frontend_status", False, id="a disabled frontend is called open"),
        pytest.param("2.6.11", "frontend_status", False, id="a disabled frontend, the last that may be broken"),
        pytest.param("2.6.12", "frontend_status", True, id="a disabled frontend afterwards"),
        pytest.param("3.3.9", "clear_all_counters", True, id="clearing all counters, before it broke"),
        pytest.param("3.4.0", "clear_all_counters", False, id="clearing all counters crashes"),
        pytest.param("3.4.1", "clear_all_counters", True, id="clearing all counters afterwards"),
    ],
)
def test_features(version: str, feature: str, there: bool) -> None:
    assert has(version_of(version), feature) is there
    if there:
        require(version_of(version), feature, "p1")
    else:
        with pytest.raises(FeatureMissing):
            require(version_of(version), feature, "p1")


def test_what_is_broken_is_said_with_the_versions() -> None:
    with pytest.raises(FeatureMissing) as caught:
        require(Version(3, 4, 2), "check_address", "p1")
    sentence = "changing the check_address of a server does not work with HAProxy 3.4.0 to 3.4.7, process p1 runs 3.4.2"
    assert str(caught.value) == sentence


# Errors ----------------------------------------------------------------------------------------------------------

KINDS = [
    kind for _name, kind in inspect.getmembers(_errors, inspect.isclass) if issubclass(kind, HAProxyError)
]  # fmt: skip


def _made(kind: type[HAProxyError]) -> HAProxyError:
    if issubclass(kind, Overtaken):
        return kind("it broke", {})
    return kind("it broke", answer="no") if issubclass(kind, CommandRefused) else kind("it broke")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_gives_the_same_keys(kind: type[HAProxyError]) -> None:
    result = _made(kind).as_result()
    assert list(result) == ["error", "process", "command", "done", "refused", "not_attempted", "unconfirmed"]
    assert result["error"] == kind.__name__
    assert json.loads(json.dumps(result)) == result
    assert str(_made(kind)).endswith("it broke")
    assert (str(_made(kind)) == "it broke") is (kind is not Fault)


def test_no_two_errors_share_the_lists_of_what_was_done() -> None:
    first, second = _made(InputError), _made(InputError)
    first.done = [{"process": "p1", "command": "x"}]
    assert second.done == ()
    assert first.as_result()["done"] == [{"process": "p1", "command": "x"}]


@pytest.mark.parametrize(
    ("process", "message", "sentence"),
    [
        pytest.param("", "no", "no", id="no process"),
        pytest.param("p1", "no", "process p1: no", id="a process"),
        pytest.param("p1", "p1 is gone", "p1 is gone", id="a process that the message names"),
    ],
)
def test_the_sentence_names_the_process_once(process: str, message: str, sentence: str) -> None:
    assert str(HAProxyError(message, process=process)) == sentence


def test_a_place_is_filled_in_and_never_replaced() -> None:
    error = HAProxyError("no", process="p1")
    error.locate("p2", "show info")
    error.locate("p3", "show stat")
    assert (error.process, error.command) == ("p1", "show info")


def test_transport_errors_keep_what_the_system_said() -> None:
    assert CannotConnect("no", errno=2).errno == 2
    assert TimedOut("late", partial=b"half").partial == b"half"


def test_a_fault_asks_for_a_report_and_keeps_what_was_done() -> None:
    fault = Fault("KeyError: 'x'", done=[{"process": "p1", "command": "set x"}])
    assert str(fault) == "a fault of this collection, please report it: KeyError: 'x'"
    assert fault.as_result()["done"] == [{"process": "p1", "command": "set x"}]


def test_what_is_no_haproxy_keeps_what_it_said() -> None:
    assert NotHAProxy("no", said="SSH-2.0").said == "SSH-2.0"
    assert NotHAProxy("no").said == ""


# Seconds ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0.01, 1.0, LONGEST])
def test_seconds(value: float) -> None:
    assert seconds("timeout", value, least=0.01) == value


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), float("-inf"), -1.0, -0.0, 0.0, 0.009, LONGEST * 1.1],
)
def test_what_is_no_number_of_seconds_is_refused(value: float) -> None:
    with pytest.raises(InputError, match=r"timeout is .*; it takes seconds from 0\.01 to 1000000"):
        seconds("timeout", value, least=0.01)


def test_no_second_at_all_is_a_number_where_it_makes_sense() -> None:
    assert seconds("wait_timeout", 0.0, least=0.0) == 0.0


# Whole numbers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "least"), [(0, 0), (7, 0), (65535, 0), (1, 1)])
def test_whole(value: int, least: int) -> None:
    assert whole("port", value, most=65535, least=least) == value


@pytest.mark.parametrize(("value", "least"), [(-1, 0), (65536, 0), (10**30, 0), (0, 1)])
def test_a_number_beyond_its_bounds_is_refused(value: int, least: int) -> None:
    with pytest.raises(InputError, match=f"port is {value}; it takes whole numbers from {least} to 65535"):
        whole("port", value, most=65535, least=least)
