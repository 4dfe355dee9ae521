# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""haproxy_command against real HAProxy processes: what each answers, and that one item is one command."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab.apps import Apps
from lab.config import servers_body
from lab.fleet import layout, master_worker, one
from lab.oracle import servers
from lab.processes import Workspace
from lab.recorder import Recorder, Recorders
from lab.tasks import Result, run
from lab.versions import Version, versions

from .conftest import Balancer

MODULE = "haproxy_command"
MANY = 1500
WEB1 = "www/web1"


@dataclass(frozen=True)
class Mapped(Balancer):
    """One or four processes with a map of the name `map` and an ACL of the name `acl`."""

    map: str
    acl: str

    def command(self, *commands: object, **options: Any) -> Result:
        """The result of these commands to all processes."""
        return run(MODULE, {"command": list(commands), "socket": self.sockets, **options})

    def entries(self) -> list[list[str]]:
        """The entries of the map of each process, without their references."""
        return [
            [line.partition(" ")[2] for line in reply.strip("\n").splitlines()]
            for reply in self.fleet.ask_all(f"show map {self.map}")
        ]

    def patterns(self) -> list[list[str]]:
        """The same of the ACL."""
        return [
            [line.partition(" ")[2] for line in reply.strip("\n").splitlines()]
            for reply in self.fleet.ask_all(f"show acl {self.acl}")
        ]

    def start_from(self) -> None:
        """Nothing in the map and the ACL, web1 ready, nothing recorded."""
        self.fleet.ask_all(f"clear map {self.map}")
        self.fleet.ask_all(f"clear acl {self.acl}")
        self.fleet.ask_all(f"set server {WEB1} state ready")
        self.recorders.clear()

    def states(self) -> set[str]:
        return {servers(self.fleet, index)["www", "web1"].state for index in range(len(self.recorders))}


def mapped_body(place: Path, ports: list[int]) -> str:
    """The sample body, with a map and an ACL that a backend reads."""
    for name in ("a.map", "a.acl"):
        (place / name).write_text("")
    return servers_body(ports) + (
        "\nbackend mapped\n"
        f"    http-request set-header X-Name %[req.hdr(host),map({place}/a.map,none)]\n"
        f"    http-request deny if {{ path_beg -f {place}/a.acl }}\n"
        f"    server web1 127.0.0.1:{ports[0]}\n"
    )


@pytest.fixture(
    scope="module",
    params=[(version, count) for version in versions() for count in (1, 4)],
    ids=lambda param: f"haproxy={param[0]}-processes={param[1]}",
)
def mapped(request: pytest.FixtureRequest, apps: Apps) -> Iterator[Mapped]:
    """Each version, as one process and as four."""
    version, count = request.param
    workspace = Workspace()
    try:
        place = workspace.directory
        with layout(version, count, mapped_body(place, apps.ports)) as fleet, Recorders(fleet) as recorders:
            yield Mapped(fleet, recorders, f"{place}/a.map", f"{place}/a.acl")
    finally:
        workspace.stop()


def well(result: Result) -> Result:
    """The result, which must be no failure."""
    assert not result.get("failed"), result["msg"]
    return result


def refused(mapped: Mapped, command: object, *words: str) -> None:
    """Refused in check mode and outside it, before anything is sent to any process."""
    mapped.recorders.clear()
    for check in (True, False):
        failure = run(MODULE, {"command": [command], "socket": mapped.sockets}, check=check)
        assert failure.get("failed"), failure
        assert failure["error"] == "InputError", failure["msg"]
        assert "exception" not in failure
        assert all(word in failure["msg"] for word in words), failure["msg"]
    assert mapped.recorders.writes() == [[]] * len(mapped.recorders)


# Replies ---------------------------------------------------------------------------------------------------------


def test_every_process_answers_every_command(mapped: Mapped) -> None:
    mapped.recorders.clear()
    result = well(mapped.command("show info", f"get weight {WEB1}"))
    sockets = mapped.recorders.sockets
    assert [(row["command"], row["process"]) for row in result["results"]] == [
        (command, socket) for command in ("show info", f"get weight {WEB1}") for socket in sockets
    ]
    pids = [
        int(line.partition(": ")[2])
        for row in result["results"]
        for line in row["stdout_lines"]
        if line.startswith("Pid: ")
    ]
    assert pids == mapped.fleet.pids
    for row in result["results"]:
        assert row["stdout_lines"] == row["stdout"].split("\n")
        assert row["severity"] is None
    assert {row["stdout"] for row in result["results"] if row["command"] == f"get weight {WEB1}"} == {"10 (initial 10)"}
    assert not result["changed"]
    assert result["commands"] == []
    assert mapped.recorders.writes() == [[]] * len(sockets)


def test_many_commands_have_many_answers(mapped: Mapped) -> None:
    result = well(mapped.command(*["show info"] * 60))
    assert len(result["results"]) == 60 * len(mapped.recorders)
    assert "warnings" not in result


def test_one_command_is_enough_of_a_list(mapped: Mapped) -> None:
    result = well(run(MODULE, {"command": "show info", "socket": mapped.sockets}))
    assert len(result["results"]) == len(mapped.recorders)
    assert not result["changed"]


def test_severity_is_haproxys_own(mapped: Mapped) -> None:
    """A notice is no refusal; silence and data have none."""
    mapped.start_from()
    address = next(line for line in mapped.fleet.ask(0, "show servers state api").splitlines() if " web1 " in line)
    here = address.split()[4]
    notice, silence = f"set server api/web1 addr {here}", "set server api/web1 state ready"
    result = well(mapped.command(notice, silence, "show info"))
    severities = {row["command"]: row["severity"] for row in result["results"]}
    assert severities == {notice: 4, silence: None, "show info": None}
    assert {row["stdout"] for row in result["results"] if row["command"] == silence} == {""}
    assert {tuple(row["stdout_lines"]) for row in result["results"] if row["command"] == silence} == {()}
    assert all(row["stdout"] for row in result["results"] if row["command"] == notice)


@pytest.mark.parametrize("count", [1, 4], ids=lambda count: f"processes={count}")
def test_long_replies_are_whole(haproxy: Version, count: int) -> None:
    body = "backend www\n" + "".join(f"    server web{number} 127.0.0.1:9\n" for number in range(MANY))
    with layout(haproxy, count, body) as fleet:
        wish = {"command": ["show servers state", "show stat"], "socket": [str(fleet.directory)]}
        for row in well(run(MODULE, wish))["results"]:
            assert len(row["stdout"]) > 65536
            words = set(row["stdout"].replace(",", " ").split())
            assert {f"web{number}" for number in range(MANY)} <= words
            assert len(row["stdout_lines"]) >= MANY


def test_a_long_map_is_whole(mapped: Mapped) -> None:
    mapped.start_from()
    items = [
        {
            "command": f"add map {mapped.map}",
            "payload": "\n".join(f"key{number} {number:064}" for number in range(first, first + 80)),
        }
        for first in range(0, 1200, 80)
    ]
    result = well(mapped.command(*items, f"show map {mapped.map}"))
    expected = [f"key{number} {number:064}" for number in range(1200)]
    assert mapped.entries() == [expected] * len(mapped.recorders)
    for row in result["results"][-len(mapped.recorders) :]:
        assert len(row["stdout"]) > 65536
        assert [line.partition(" ")[2] for line in row["stdout_lines"]] == expected
    mapped.start_from()


# Changed and check mode ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["show info", "get weight www/web1", "help", "  show pools", "show stat -1 1 -1"])
def test_what_reads_is_no_change_and_runs_in_check_mode(mapped: Mapped, command: str) -> None:
    for check in (True, False):
        mapped.recorders.clear()
        result = well(run(MODULE, {"command": [command], "socket": mapped.sockets}, check=check))
        assert not result["changed"]
        assert result["commands"] == []
        assert [row["command"] for row in result["results"]] == [command.strip()] * len(mapped.recorders)
        assert all(row["stdout"] for row in result["results"])
        assert mapped.recorders.writes() == [[]] * len(mapped.recorders)


def test_check_mode_sends_what_reads_and_tells_the_rest(mapped: Mapped) -> None:
    mapped.start_from()
    drain, add = f"set server {WEB1} state drain", {"command": f"add map {mapped.map}", "payload": "a b"}
    commands = ("show info", drain, add, f"show map {mapped.map}")
    predicted = well(run(MODULE, {"command": list(commands), "socket": mapped.sockets}, check=True))
    processes = len(mapped.recorders)
    assert mapped.recorders.writes() == [[]] * processes
    assert predicted["changed"]
    assert [row["command"] for row in predicted["results"]] == ["show info"] * processes + [commands[3]] * processes
    result = well(mapped.command(*commands))
    assert result["commands"] == predicted["commands"]
    assert result["commands"] == [
        {"process": socket, "command": command}
        for socket in mapped.recorders.sockets
        for command in (drain, f"add map {mapped.map}")
    ]
    assert len(result["results"]) == 4 * processes
    assert mapped.states() == {"drain"}
    assert mapped.entries() == [["a b"]] * processes
    again = well(mapped.command(drain))
    assert again["changed"], "nothing is compared"


def test_commands_go_out_in_order_and_a_payload_with_its_own(mapped: Mapped) -> None:
    mapped.start_from()
    add = {"command": f"add map {mapped.map}", "payload": "k1 one\nk2 two words, \\; and <<more\n"}
    result = well(mapped.command(f"show map {mapped.map}", add, f"show map {mapped.map}", f"del map {mapped.map} k1"))
    processes = len(mapped.recorders)
    assert (
        mapped.recorders.writes()
        == [[f"add map {mapped.map} <<\nk1 one\nk2 two words, \\; and <<more", f"del map {mapped.map} k1"]] * processes
    )
    shown = [
        [line.partition(" ")[2] for line in row["stdout_lines"]]
        for row in result["results"]
        if "show" in row["command"]
    ]
    assert shown == [[]] * processes + [["k1 one", "k2 two words, \\; and <<more"]] * processes
    assert mapped.entries() == [["k2 two words, \\; and <<more"]] * processes


# Refusals of HAProxy ---------------------------------------------------------------------------------------------

UNKNOWN = ("bogus", "bogus command", "frobnicate the server", "@1 show info")


@pytest.mark.parametrize("command", UNKNOWN)
def test_an_unknown_command_is_recognised(mapped: Mapped, command: str) -> None:
    failure = mapped.command(command)
    assert failure["error"] == "UnknownCommand", failure["msg"]
    assert failure["command"] == command
    assert failure["process"] in mapped.recorders.sockets
    assert failure["done"] == []


REFUSALS: dict[str, tuple[str, str]] = {
    "no such server": (f"set server {WEB1}9 state drain", "No such server."),
    "no such backend": ("set server nowhere/web1 state drain", "No such backend."),
    "no such frontend": ("disable frontend nowhere", "No such frontend."),
    "a weight": (f"set weight {WEB1} 999", "Absolute weight can only be between 0 and 256 inclusive"),
    "a static algorithm": ("set weight fixed/fixed1 15", "static LB algorithm"),
    "too many connections": ("set maxconn global 100000", "Value out of range"),
    "no address": (f"set server {WEB1} addr nonsense", "nvalid addr"),
    "an agent that is none": ("set server api/api1 agent-addr zz", "agent checks are not enabled on this server"),
    "no map": ("show map /nowhere/x.map", "Unknown map identifier"),
    "reading what is not there": ("get weight nowhere/web1", "No such backend."),
}


@pytest.mark.parametrize(("command", "words"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_fails_with_haproxys_words(mapped: Mapped, command: str, words: str) -> None:
    failure = mapped.command(command)
    assert failure.get("failed"), failure
    assert words in failure["msg"]
    assert command in failure["msg"]
    assert failure["command"] == command
    assert failure["process"] in mapped.recorders.sockets
    assert failure["done"] == []
    assert "exception" not in failure


def test_the_first_refusal_stops_and_tells_what_was_done(mapped: Mapped) -> None:
    mapped.start_from()
    weight, bad = f"set weight {WEB1} 7", f"set weight {WEB1} 999"
    failure = mapped.command(weight, "show info", bad, f"set server {WEB1} state maint")
    assert failure["failed"]
    assert "256" in failure["msg"]
    assert failure["done"] == [{"process": socket, "command": weight} for socket in mapped.recorders.sockets]
    assert mapped.recorders.writes() == [[weight, bad]] * len(mapped.recorders)
    assert mapped.states() == {"ready"}


def test_what_was_not_sent_and_who_refused_is_told(mapped: Mapped) -> None:
    mapped.start_from()
    bad, later = f"set weight {WEB1} 999", f"set weight {WEB1} 7"
    failure = mapped.command(bad, later)
    sockets = mapped.recorders.sockets
    assert [(line["process"], line["command"]) for line in failure["refused"]] == [(socket, bad) for socket in sockets]
    assert all("256" in line["answer"] for line in failure["refused"])
    assert failure["not_attempted"] == [{"process": socket, "command": later} for socket in sockets]
    assert ("more of 4 processes" in failure["msg"]) == (len(sockets) == 4)


def test_a_command_without_an_answer_is_told_as_unconfirmed(mapped: Mapped) -> None:
    """It was carried out: only its answer got lost."""
    mapped.start_from()
    weight = f"set weight {WEB1} 7"
    last = mapped.recorders.all[-1]
    last.tamper = lambda request, reply: b"" if weight.encode() in request else reply
    try:
        failure = mapped.command(weight)
    finally:
        last.tamper = None
    assert failure["error"] == "ClosedEarly"
    assert failure["unconfirmed"] == [{"process": last.path, "command": weight}]
    assert failure["done"] == [{"process": it.path, "command": weight} for it in mapped.recorders.all[:-1]]
    assert failure["changed"]


def test_what_one_process_refuses_the_others_have_done(haproxy: Version, apps: Apps) -> None:
    with (
        one(haproxy, servers_body(apps.ports)) as first,
        one(haproxy, f"backend other\n    server web1 127.0.0.1:{apps.ports[0]}\n") as second,
    ):
        drain = f"set server {WEB1} state drain"
        failure = run(MODULE, {"command": [drain, "set maxconn global 7"], "socket": [*second.sockets, *first.sockets]})
        assert failure["error"] == "NotFound", failure["msg"]
        assert failure["process"] == second.sockets[0]
        assert failure["done"] == [{"process": first.sockets[0], "command": drain}]
        assert servers(first, 0)["www", "web1"].state == "drain"
        assert ["Maxconn: 200\n" in each.ask(0, "show info") for each in (first, second)] == [True, True]


def test_a_low_level_is_haproxys_to_judge(haproxy: Version, apps: Apps) -> None:
    with one(haproxy, servers_body(apps.ports), operator=True, user=True) as fleet:
        drain = f"set server {WEB1} state drain"
        for address in (fleet.operator_sockets[0], fleet.user_sockets[0]):
            assert run(MODULE, {"command": [drain], "socket": [address]})["error"] == "PermissionDenied"
            assert not well(run(MODULE, {"command": ["show info"], "socket": [address]}))["changed"]
        assert well(run(MODULE, {"command": ["clear counters"], "socket": [fleet.operator_sockets[0]]}))["changed"]
        assert servers(fleet, 0)["www", "web1"].state == "ready"


@pytest.mark.parametrize("command", ["prompt", "quit", "prompt n"])
def test_what_is_for_people_at_a_terminal_is_refused(mapped: Mapped, command: str) -> None:
    mapped.start_from()
    refused(mapped, command, "a connection that goes on")


# One item is one command -----------------------------------------------------------------------------------------

MAINT = f"set server {WEB1} state maint"
SEVERAL: dict[str, tuple[object, str]] = {
    "a semicolon": (f"show info;{MAINT}", "';'"),
    "a semicolon and blanks": (f"show info ; {MAINT}", "';'"),
    "a semicolon at the end": ("show info;", "';'"),
    "a semicolon at the start": (f";{MAINT}", "';'"),
    "an escaped backslash before it": (f"show info \\\\;{MAINT}", "';'"),
    "the second of two": (f"show info \\;;{MAINT}", "';'"),
    "a line end": (f"show info\n{MAINT}", "control character"),
    "a line end and carriage return": (f"show info\r\n{MAINT}", "control character"),
    "an escaped line end": (f"show info\\\n{MAINT}", "control character"),
    "a line end at the end": ("show info\n", "control character"),
    "a carriage return": ("show info\r", "control character"),
    "a payload's mark": ("show info <<", "'<<'"),
    "a payload's mark and its end": ("show info <<EOF", "'<<'"),
    "a payload's mark within": ("show <<info x", "'<<'"),
    "a payload's mark in a word": ("add map x<< a", "'<<'"),
    "a payload's mark behind a backslash": ("show map x\\<<", "'<<'"),
    "half a payload's mark escaped": ("show map x\\<<<", "'<<'"),
    "a backslash at the end": ("show info \\", "ends in a backslash"),
    "three backslashes at the end": ("show info \\\\\\", "ends in a backslash"),
    "an escape character": ("show info \x1b", "control character"),
    "a delete": ("show info \x7f", "control character"),
    "nothing": ("", "empty command"),
    "blanks": (" \t ", "empty command"),
    "a number": (5, "a text, or a dictionary"),
    "a list": (["show info"], "a text, or a dictionary"),
    "a dictionary without a command": ({"payload": "a b"}, "a text, or a dictionary"),
    "a dictionary with more": ({"command": "show info", "process": 1}, "a text, or a dictionary"),
    "a command that is no text": ({"command": 5}, "a text, or a dictionary"),
    "a payload that is no text": ({"command": "add map x", "payload": 5}, "a text, or a dictionary"),
    "an empty line in a payload": ({"command": "add map x", "payload": f"a b\n\n{MAINT}"}, "empty line"),
    "an empty line before a payload": ({"command": "add map x", "payload": f"\n{MAINT}"}, "empty line"),
    "a line with a carriage return in a payload": (
        {"command": "add map x", "payload": f"a b\r\n\r\n{MAINT}"},
        "empty line",
    ),
    "a payload beside one": ({"command": "add map x <<", "payload": "a b"}, "'<<'"),
    "a semicolon beside a payload": ({"command": f"{MAINT};add map x", "payload": "a b"}, "';'"),
}


@pytest.mark.parametrize(("command", "words"), SEVERAL.values(), ids=SEVERAL)
def test_what_is_not_exactly_one_command_is_refused(mapped: Mapped, command: object, words: str) -> None:
    mapped.start_from()
    refused(mapped, command, words)
    assert mapped.states() == {"ready"}


@pytest.mark.parametrize(
    "command", ["show info \0", f"show info\0{MAINT}", {"command": "add map x", "payload": "a\0b"}]
)
def test_a_zero_byte_is_refused(mapped: Mapped, command: object) -> None:
    """By us or by Ansible itself, whose log cannot take it."""
    mapped.start_from()
    failure = mapped.command(command)
    assert failure["failed"]
    assert mapped.recorders.writes() == [[]] * len(mapped.recorders)


def test_no_command_is_refused(mapped: Mapped) -> None:
    failure = mapped.command()
    assert failure["error"] == "InputError"
    assert "command is empty" in failure["msg"]


def test_one_bad_item_keeps_all_from_being_sent(mapped: Mapped) -> None:
    mapped.start_from()
    failure = mapped.command(MAINT, "show info;show stat")
    assert failure["error"] == "InputError"
    assert mapped.recorders.writes() == [[]] * len(mapped.recorders)
    assert mapped.states() == {"ready"}


# What an item says, and what HAProxy stores of it.
ESCAPED: dict[str, tuple[str, str]] = {
    "a semicolon": ("/a\\;b", "/a;b"),
    "a blank": ("/a\\ b", "/a b"),
    "a backslash": ("/a\\\\b", "/a\\b"),
    "a backslash at the end": ("/a\\\\", "/a\\"),
    "a backslash, then a semicolon": ("/a\\\\\\;b", "/a\\;b"),
    "a payload's mark": ("/a\\<\\<", "/a<<"),
    "a payload's mark alone": ("\\<\\<", "<<"),
    "a payload's mark within": ("/a\\<\\<b", "/a<<b"),
    "one of it": ("/a<b", "/a<b"),
    "a number sign": ("/a#b", "/a#b"),
    "quotes": ('"/a\'b"', '"/a\'b"'),
    "other letters": ("/é☃", "/é☃"),
    "another command, escaped": ("/a\\;set\\ server\\ www/web1\\ state\\ maint", "/a;set server www/web1 state maint"),
}


@pytest.mark.parametrize(("text", "stored"), ESCAPED.values(), ids=ESCAPED)
def test_what_is_escaped_is_stored_as_meant(mapped: Mapped, text: str, stored: str) -> None:
    mapped.start_from()
    result = well(mapped.command(f"add acl {mapped.acl} {text}", timeout=3))
    assert {row["stdout"] for row in result["results"]} == {""}
    assert mapped.patterns() == [[stored]] * len(mapped.recorders)
    assert mapped.states() == {"ready"}


def test_a_payload_cannot_become_a_command(mapped: Mapped) -> None:
    mapped.start_from()
    payload = f"a b;{MAINT}\nc <<\n;{MAINT}\n{MAINT}\n \\"
    mapped.command({"command": f"add map {mapped.map}", "payload": payload}, timeout=3)
    assert mapped.states() == {"ready"}


# Bounds ----------------------------------------------------------------------------------------------------------

LONG: dict[str, object] = {
    "a command": "show map " + "x" * 20000,
    "a payload": {"command": "add map x", "payload": "\n".join(f"key{number} value" for number in range(1500))},
    "a payload of one line": {"command": "add map x", "payload": "k " + "v" * 20000},
    "other letters": "show map " + "é" * 8000,
}


@pytest.mark.parametrize("command", LONG.values(), ids=LONG)
def test_a_command_that_could_abort_haproxy_is_refused(mapped: Mapped, command: object) -> None:
    mapped.start_from()
    pids = mapped.fleet.pids
    for wish in ([command], [MAINT, command]):
        mapped.recorders.clear()
        failure = run(MODULE, {"command": wish, "socket": mapped.sockets})
        assert failure["error"] == "InputError"
        assert "over the bound of" in failure["msg"]
        assert len(failure["msg"]) < 1000
        assert mapped.recorders.writes() == [[]] * len(pids)
    assert mapped.fleet.pids == pids
    assert mapped.states() == {"ready"}


def test_what_stays_within_the_bound_works(mapped: Mapped) -> None:
    mapped.start_from()
    bound = 8000 if mapped.fleet.version.number < (3, 0) else 15000
    head = f"set severity-output number;add map {mapped.map} <<\n"
    pairs = "\n".join(f"key{number} {'v' * 80}" for number in range(500))
    payload = pairs[: bound - len(head) - 3]
    whole = payload.rpartition("\n")[0]
    well(mapped.command({"command": f"add map {mapped.map}", "payload": whole}))
    assert mapped.entries() == [whole.split("\n")] * len(mapped.recorders)


@pytest.mark.parametrize("size", [4096, 8192])
def test_a_smaller_buffer_has_a_smaller_bound(haproxy: Version, apps: Apps, size: int) -> None:
    with (
        one(haproxy, servers_body(apps.ports), global_lines=f"tune.bufsize {size}") as fleet,
        Recorder(fleet.sockets[0]) as recorder,
    ):
        pids = fleet.pids
        failure = run(MODULE, {"command": ["show map " + "x" * size], "socket": [recorder.path]})
        assert failure["error"] == "InputError"
        assert not any(b"xxx" in exchange[0] for exchange in recorder.exchanges)
        assert fleet.pids == pids


# Master sockets --------------------------------------------------------------------------------------------------


def test_through_a_master_socket(haproxy: Version, apps: Apps) -> None:
    workspace = Workspace()
    try:
        place = workspace.directory
        with master_worker(haproxy, mapped_body(place, apps.ports)) as fleet:
            wish = {"socket": [str(fleet.master)]}
            name, pids = f"{fleet.master}@1", fleet.pids
            drain, file = f"set server {WEB1} state drain", f"{place}/a.map"
            result = well(run(MODULE, {"command": ["show info", drain, "help"], **wish}))
            assert {row["process"] for row in result["results"]} == {name}
            assert f"Pid: {fleet.pids[0]}" in result["results"][0]["stdout_lines"]
            assert result["commands"] == [{"process": name, "command": drain}]
            assert servers(fleet, 0)["www", "web1"].state == "drain"
            add = {"command": f"add map {file}", "payload": "k1 v1\nk2 two words"}
            shown = well(run(MODULE, {"command": [add, f"show map {file}"], **wish}))["results"][-1]["stdout_lines"]
            assert [line.partition(" ")[2] for line in shown] == ["k1 v1", "k2 two words"]
            assert run(MODULE, {"command": ["bogus"], **wish})["error"] == "UnknownCommand"
            for outside in ("@1 show info", "@0 show proc", "@!1 show info", "@@1 show info", "reload"):
                assert run(MODULE, {"command": [outside], **wish})["error"] == "UnknownCommand", outside
            missing = run(MODULE, {"command": ["set server www/x state maint"], **wish})
            assert missing["error"] == "NotFound"
            assert run(MODULE, {"command": [f"show info;{MAINT}"], **wish})["error"] == "InputError"
            assert servers(fleet, 0)["www", "web1"].state == "drain"
            assert fleet.pids == pids
            wrong = run(MODULE, {"command": [f"set server {WEB1} state bad"], **wish})
            assert wrong.get("failed") or "may be a refusal" in str(wrong["warnings"])
            fleet.reload()
            again = well(run(MODULE, {"command": [f"get weight {WEB1}"], **wish}))
            assert [row["stdout"] for row in again["results"]] == ["10 (initial 10)"]
    finally:
        workspace.stop()
