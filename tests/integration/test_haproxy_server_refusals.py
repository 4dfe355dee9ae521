# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task refuses, what HAProxy refuses, and what is said about it: one sentence, and nothing half-known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab import fakes
from lab.apps import Apps
from lab.config import servers_body
from lab.fleet import instances, one
from lab.oracle import servers
from lab.recorder import Recorder, Recorders
from lab.tasks import Result, run
from lab.versions import Version, newest

from .conftest import Balancer

MODULE = "haproxy_server"
DRAIN: dict[str, Any] = {"name": ["web1"], "backend": ["www"], "state": "drain"}
FAILURE_KEYS = {"error", "process", "command", "done", "refused", "not_attempted"}


def fails(arguments: dict[str, Any]) -> Result:
    """The same well-formed failure in check mode and outside it."""
    predicted = run(MODULE, arguments, check=True)
    failure = run(MODULE, arguments)
    for result in (predicted, failure):
        assert result["failed"]
        assert result.keys() >= FAILURE_KEYS
        assert "exception" not in result
        assert "Traceback" not in str(result)
    assert predicted["error"] == failure["error"]
    return failure


HOSTILE = (
    *("web1;disable server www/web2", "web1\ndisable server www/web2", "web1\n", "web1 web2", "web1\\", "a\\;b"),
    *(
        "<<",
        "<<EOF",
        "web1 <<",
        "\0",
        "web1\0",
        "wéb1",
        "\uff57\uff45\uff42\uff11",
        "\u202ebew",
        "#1",
        "www/web1",
        "web1\r",
        "\t",
        " ",
    ),
    *("", "'web1'", '"web1"', "$(id)", "`id`", "{{ 7 * 7 }}", "%s", "../web1", "@1", "@!1 show info", "x" * 20000),
)


# Ansible itself refuses a text option with a NUL: its log cannot take it.
HOSTILE_OPTIONS = [
    (option, text)
    for option in ("name", "backend", "weight")
    for text in HOSTILE
    if not (option == "weight" and "\0" in text)
]


@pytest.mark.parametrize(("option", "text"), HOSTILE_OPTIONS, ids=lambda value: repr(value)[:30])
def test_hostile_text_is_refused_before_anything_is_sent(balancer: Balancer, option: str, text: str) -> None:
    before = [servers(balancer.fleet, index) for index in range(len(balancer.recorders))]
    balancer.recorders.clear()
    value = text if option == "weight" else [text]
    failure = fails({**DRAIN, option: value, "socket": balancer.sockets})
    assert failure["error"] in ("InputError", "ObjectNotFound")
    assert balancer.recorders.writes() == [[]] * len(before)
    assert [servers(balancer.fleet, index) for index in range(len(balancer.recorders))] == before


WEIGHTS = ("257", "-1", "+5", "1.5", "1e2", "50 %", "%", "-5%", "abc", "٣", "0x10", " 5", "5\n", "99999999999999")


@pytest.mark.parametrize("weight", WEIGHTS)
def test_a_weight_that_haproxy_might_misread_is_refused(balancer: Balancer, weight: str) -> None:
    failure = fails({**DRAIN, "weight": weight, "socket": balancer.sockets})
    assert failure["error"] == "InputError"
    assert "from 0 to 256" in failure["msg"]


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown server": ({"name": ["wbe1"]}, "ObjectNotFound", "did you mean web"),
    "unknown backend": ({"backend": ["wwww"]}, "ObjectNotFound", "did you mean www?"),
    "unknown backend, though names need not be found": (
        {"backend": ["nowhere"], "fail_on_not_found": False},
        "ObjectNotFound",
        "no backend 'nowhere'",
    ),
    "server of another backend": ({"name": ["api1"]}, "ObjectNotFound", "in backend www"),
    "one of two names": ({"name": ["web1", "wbe2"]}, "ObjectNotFound", "wbe2"),
    "static algorithm": ({"name": ["fixed1"], "backend": ["fixed"], "weight": "7"}, "InputError", "static-rr"),
    "percentage of next to nothing": ({"name": ["web3"], "weight": "50%"}, "InputError", "rounds down to 0"),
    "no server named": ({"name": []}, "InputError", "name is empty"),
    "no backend named": ({"backend": []}, "InputError", "backend is empty"),
    "another number of processes": ({"expected_processes": 9}, "FleetError", "9 are expected"),
    "no process expected": ({"expected_processes": 0}, "InputError", "at least one"),
    "no time": ({"timeout": 0}, "InputError", "timeout is 0"),
    "endless time": ({"timeout": "inf"}, "InputError", "timeout is inf"),
    "no number": ({"wait_timeout": "nan"}, "InputError", "wait_timeout is nan"),
    "no pause": ({"wait_interval": 0}, "InputError", "wait_interval is 0"),
}


@pytest.mark.parametrize(("change", "error", "words"), REFUSED.values(), ids=REFUSED)
def test_a_wish_that_cannot_come_true_is_refused(
    balancer: Balancer, change: dict[str, Any], error: str, words: str
) -> None:
    balancer.recorders.clear()
    failure = fails({**DRAIN, **change, "socket": balancer.sockets})
    assert failure["error"] == error
    assert words in failure["msg"]
    assert failure["done"] == failure["refused"] == failure["not_attempted"] == []
    assert balancer.recorders.writes() == [[]] * len(balancer.recorders)


@pytest.mark.parametrize("level", ["operator", "user"])
def test_a_socket_of_too_low_a_level_is_named(haproxy: Version, apps: Apps, level: str) -> None:
    with one(haproxy, servers_body(apps.ports), operator=True, user=True) as fleet:
        (low,) = fleet.operator_sockets if level == "operator" else fleet.user_sockets
        failure = fails({**DRAIN, "socket": [low]})
        assert failure["error"] == "PermissionDenied"
        assert failure["process"] == low
        assert low in failure["msg"]
        assert f"has level {level}" in failure["msg"]
        assert "level admin" in failure["msg"]
        assert servers(fleet, 0)["www", "web1"].state == "ready"
        allowed = run(MODULE, {**DRAIN, "state": "ready", "socket": [low]})
        assert not allowed["changed"], "reading needs no level"
        both = run(MODULE, {**DRAIN, "socket": [low, *fleet.sockets]})
        assert len(both["processes"]) == 1, "two sockets of one process are one process"
        assert both["changed"], "the socket with the higher level is used"


FAKES: dict[str, tuple[Callable[[], Any], str, str]] = {
    "dead": (fakes.dead_socket, "CannotConnect", "nothing listens there"),
    "regular file": (fakes.regular_file, "CannotConnect", "cannot connect"),
    "hung": (fakes.hung_listener, "TimedOut", "within 0.4 s"),
    "closes at once": (fakes.closes_at_once, "ClosedEarly", "the connection"),
    "foreign, greets": (fakes.foreign_daemon, "NotHAProxy", "no HAProxy"),
    "foreign, web server": (fakes.web_server, "NotHAProxy", "no HAProxy"),
    "cut short": (lambda: fakes.answers(b"\nName: HAProxy\nVersion: 3.0.1\n"), "ClosedEarly", "cut short"),
    "a byte at a time, for ever": (lambda: fakes.drips(b"\nName: HAProxy\n" * 1000, 0.05), "TimedOut", "within 0.4 s"),
}


@pytest.mark.parametrize(("fake", "error", "words"), FAKES.values(), ids=FAKES)
def test_what_is_no_living_haproxy_is_one_sentence(fake: Callable[[], Any], error: str, words: str) -> None:
    with fake() as path:
        failure = fails({**DRAIN, "socket": [path], "timeout": 0.4})
        assert failure["error"] == error
        assert words in failure["msg"]
        assert path in failure["msg"]
        assert failure["done"] == failure["refused"] == failure["not_attempted"] == []


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "no.sock")
    failure = fails({**DRAIN, "socket": [missing]})
    assert failure["error"] == "CannotConnect"
    assert f"cannot connect to {missing}: No such file or directory" in failure["msg"]


def test_an_empty_directory_is_named(tmp_path: Path) -> None:
    failure = fails({**DRAIN, "socket": [str(tmp_path)]})
    assert failure["error"] == "FleetError"
    assert f"{tmp_path}: there is no socket" in failure["msg"]


def test_a_directory_leaves_out_what_is_certainly_no_haproxy(haproxy: Version, apps: Apps) -> None:
    with one(haproxy, servers_body(apps.ports)) as fleet, fakes.dead_socket(path=str(fleet.directory / "a.sock")):
        result = run(MODULE, {**DRAIN, "socket": [str(fleet.directory)]})
        assert result["changed"]
        assert [skipped["socket"] for skipped in result["skipped_sockets"]] == [str(fleet.directory / "a.sock")]
        assert any("a.sock" in str(warning) for warning in result["warnings"])
        strict = fails({**DRAIN, "socket": [str(fleet.directory)], "on_unreachable": "fail"})
        assert strict["error"] == "CannotConnect"


def test_a_hung_socket_in_a_directory_stops_a_task_that_writes(haproxy: Version, apps: Apps) -> None:
    with one(haproxy, servers_body(apps.ports)) as fleet, fakes.hung_listener(path=str(fleet.directory / "a.sock")):
        arguments = {**DRAIN, "socket": [str(fleet.directory)], "timeout": 0.4}
        assert fails(arguments)["error"] == "TimedOut"
        assert servers(fleet, 0)["www", "web1"].state == "ready"
        assert run(MODULE, {**arguments, "on_unreachable": "warn"})["changed"]


def test_a_link_to_a_socket_is_the_same_process(haproxy: Version, apps: Apps) -> None:
    with one(haproxy, servers_body(apps.ports)) as fleet:
        link = fleet.base / "link.sock"
        link.symlink_to(fleet.sockets[0])
        result = run(MODULE, {**DRAIN, "socket": [str(link), fleet.sockets[0]], "expected_processes": 1})
        assert [process["name"] for process in result["processes"]] == [str(link)]


def test_a_socket_that_lies_makes_the_task_fail(haproxy: Version, apps: Apps) -> None:
    """It accepts every command and changes nothing."""

    def lie(request: bytes) -> bytes | None:
        return b"\n" * (request.count(b";") + 1) if b"set server" in request else None

    with one(haproxy, servers_body(apps.ports)) as fleet, Recorder(fleet.sockets[0], swallow=lie) as recorder:
        failure = run(MODULE, {**DRAIN, "socket": [recorder.path]})
        assert failure["failed"]
        assert failure["error"] == "NotConverged"
        assert failure["process"] == recorder.path
        assert "state of www/web1 is ready, not drain" in failure["msg"]
        assert [line["command"] for line in failure["done"]] == ["set server www/web1 state drain"]


def test_a_refusal_on_one_of_four_says_who_did_what(apps: Apps) -> None:
    def refuse(request: bytes) -> bytes | None:
        return b"\n\n[3]: Not today.\n\n" if b"set server" in request else None

    with instances(newest(), 4, servers_body(apps.ports)) as fleet, Recorders(fleet) as recorders:
        recorders[2].swallow = refuse
        arguments = {"name": ["web1", "web2"], "backend": ["www"], "state": "drain"}
        failure = run(MODULE, {**arguments, "socket": [str(recorders.directory)]})
        assert failure["failed"]
        assert failure["error"] == "PartlyApplied"
        assert failure["changed"]
        assert "Not today." in failure["msg"]
        assert failure["process"] == recorders.sockets[2]
        done = [(line["process"], line["command"]) for line in failure["done"]]
        assert done == [
            (socket, f"set server www/{name} state drain")
            for socket in recorders.sockets
            for name in (("web1",) if socket == recorders.sockets[2] else ("web1", "web2"))
        ]
        refused = [(line["process"], line["command"]) for line in failure["refused"]]
        assert refused == [(recorders.sockets[2], "set server www/web2 state drain")]
        states = [servers(fleet, index)["www", "web2"].state for index in range(4)]
        assert states == ["drain", "drain", "ready", "drain"]
