# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what the user wrote under ``socket`` to processes, with real sockets in a directory of their own."""

from __future__ import annotations

import errno
import os
import re
import socket
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Union

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils import _discovery
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._address import Address
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.info import parse_facts
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.master import through_master
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._discovery import Policy, discover
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import (
    CannotConnect,
    ClosedEarly,
    FleetError,
    HAProxyError,
    InputError,
    NotHAProxy,
    TimedOut,
    TransportError,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._fleet import Fleet
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._nbproc import is_shared, others, unreached
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._process import OLD_LIMIT, Process
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._protocol import DIRECT
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._transport import Exchange, converse

from unit.plugins.module_utils.support import (
    SECONDS,
    VERSIONS,
    Answer,
    ScriptedConverse,
    deaf,
    facts,
    reply_of,
    replying,
    serving,
    tables_of,
)

WRITES = Policy(None, True, None)
READS = Policy(None, False, None)
SHORT = 0.15


def _facts(
    pid: int = 1,
    level: str = "admin",
    sockets: str = "unix@/run/a.sock admin all",
    version: str = "3.0",
    nbproc: int = 1,
    place: str = "0x1",
    stopping: bool = False,
) -> bytes:
    """A captured reply of another pid, level, list of sockets …"""
    own = reply_of(version, "facts" if level == "admin" else "facts_operator")
    own = re.sub(rb"^Nbproc: \d+$", b"Nbproc: %d" % nbproc, own, flags=re.MULTILINE)
    own = re.sub(rb"(Pool buffer .*@)0x[0-9a-f]+", rb"\g<1>" + place.encode(), own)
    own = re.sub(rb"^Stopping: \d$", b"Stopping: %d" % stopping, own, flags=re.MULTILINE)
    own = own.replace(b"Pid: 4711", b"Pid: %d" % pid).replace(b"operator\n\n", level.encode() + b"\n\n", 1)
    head, separator, rest = own.partition(b"# socket lvl processes\n")
    return head + separator + sockets.encode() + b"\n\n" + rest.partition(b"\n\n")[2]


Side = Union[bytes, TransportError, Callable[[Exchange], Answer]]  # noqa: UP007 Python 3.9 knows no other


def _found(folder: Path, sides: Mapping[str, Side], entries: list[str], policy: Policy = WRITES) -> Fleet:
    """Discover among files of this directory that are sockets by their kind only, and answer as said.

    :param entries: paths below the directory; "" is the directory itself.
    """
    by_path = {str(folder / name): side for name, side in sides.items()}
    with ExitStack() as stack:
        for path in by_path:
            if not os.path.lexists(path):
                stack.enter_context(socket.socket(socket.AF_UNIX)).bind(path)
                stack.callback(os.unlink, path)

        def answer(exchange: Exchange) -> Answer:
            side = by_path[exchange.address.path]
            return side(exchange) if callable(side) else side

        conversing = ScriptedConverse(answer)
        return discover([str(folder / entry) if entry else str(folder) for entry in entries], policy, conversing, 1.0)


# Policies --------------------------------------------------------------------------------------------------------

REFUSED = CannotConnect("cannot connect: Connection refused", errno=errno.ECONNREFUSED)
MISSING = CannotConnect("cannot connect: No such file", errno=errno.ENOENT)
NO_SOCKET = CannotConnect("cannot connect: Socket operation on non-socket", errno=errno.ENOTSOCK)
ANOTHER_KIND = CannotConnect("cannot connect: Protocol wrong type for socket", errno=errno.EPROTOTYPE)
FORBIDDEN = CannotConnect("cannot connect: Permission denied", errno=errno.EACCES)
NO_FILES = CannotConnect("cannot connect: Too many open files", errno=errno.EMFILE)
FOREIGN = b"SSH-2.0-OpenSSH_9\r\n"
FOREIGN_TABLE = b"\nName: nginx\n\n[6]: admin\n\n# socket lvl\n\npools\n\n"
CHATTY = TimedOut("it did not answer to the end", partial=b"220 mail ready\r\n")
HUNG = TimedOut("it did not answer to the end", partial=b"")
HUNG_HAPROXY = TimedOut("it did not answer to the end", partial=b"\nName: HAProxy")
EMPTY = b""
CUT = b"\nName: HAProxy\nVers"
RESET = ClosedEarly("it broke the connection off")

CERTAINLY_DEAD: dict[str, Side] = {
    "refused": REFUSED,
    "missing": MISSING,
    "not a socket": NO_SOCKET,
    "a socket of another kind": ANOTHER_KIND,
    "another protocol": FOREIGN,
    "another program's table": FOREIGN_TABLE,
    "one that goes on talking": CHATTY,
}
PERHAPS_ALIVE: dict[str, Side] = {
    "forbidden": FORBIDDEN,
    "out of files": NO_FILES,
    "hung": HUNG,
    "hung in the middle": HUNG_HAPROXY,
    "nothing said": EMPTY,
    "cut short": CUT,
    "reset": RESET,
}
ALL: dict[str, Side] = {**CERTAINLY_DEAD, **PERHAPS_ALIVE}


@pytest.mark.parametrize("side", ALL)
class TestASideThatIsNoLivingHAProxy:
    @pytest.mark.parametrize("writes", [True, False])
    def test_named_alone_it_fails_every_task(self, folder: Path, side: str, writes: bool) -> None:
        with pytest.raises(HAProxyError) as caught:
            _found(folder, {"s": ALL[side]}, ["s"], Policy(None, writes, None))
        assert str(caught.value)
        assert caught.value.done == ()

    @pytest.mark.parametrize("writes", [True, False])
    def test_named_beside_a_living_one_it_fails_every_task(self, folder: Path, side: str, writes: bool) -> None:
        with pytest.raises(HAProxyError):
            _found(folder, {"s": ALL[side], "good": _facts()}, ["good", "s"], Policy(None, writes, None))

    @pytest.mark.parametrize("writes", [True, False])
    def test_in_a_directory_what_is_certainly_dead_is_skipped_and_the_rest_only_by_readers(
        self, folder: Path, side: str, writes: bool
    ) -> None:
        sides = {"s": ALL[side], "good": _facts()}
        policy = Policy(None, writes, None)
        if side in PERHAPS_ALIVE and writes:
            with pytest.raises(HAProxyError):
                _found(folder, sides, [""], policy)
            return
        fleet = _found(folder, sides, [""], policy)
        assert [process.name for process in fleet.processes] == [str(folder / "good")]
        (skipped,) = fleet.skipped
        assert skipped.socket == str(folder / "s")
        assert skipped.reason

    @pytest.mark.parametrize("writes", [True, False])
    def test_on_unreachable_warn_skips_it_in_a_directory(self, folder: Path, side: str, writes: bool) -> None:
        fleet = _found(folder, {"s": ALL[side], "good": _facts()}, [""], Policy("warn", writes, None))
        assert [process.name for process in fleet.processes] == [str(folder / "good")]
        assert [skipped.socket for skipped in fleet.skipped] == [str(folder / "s")]

    @pytest.mark.parametrize("writes", [True, False])
    def test_on_unreachable_fail_fails_wherever_it_is(self, folder: Path, side: str, writes: bool) -> None:
        for entries in ([""], ["good", "s"]):
            with pytest.raises(HAProxyError):
                _found(folder, {"s": ALL[side], "good": _facts()}, entries, Policy("fail", writes, None))

    @pytest.mark.parametrize("entry", ["", "s"])
    def test_an_entry_without_any_process_fails_in_spite_of_warn(self, folder: Path, side: str, entry: str) -> None:
        (folder / "d").mkdir()
        sides = {"d/s": ALL[side], "good": _facts()}
        with pytest.raises(FleetError, match="no HAProxy answers behind") as caught:
            _found(folder, sides, ["good", "d" if not entry else "d/s"], Policy("warn", False, None))
        assert str(folder / "d") in str(caught.value)


@pytest.mark.parametrize(
    ("side", "kind"),
    [(REFUSED, CannotConnect), (FOREIGN, NotHAProxy), (CHATTY, NotHAProxy), (HUNG, TimedOut), (EMPTY, ClosedEarly)],
)
def test_the_error_is_the_one_of_the_socket(folder: Path, side: Side, kind: type[HAProxyError]) -> None:
    with pytest.raises(HAProxyError) as caught:
        _found(folder, {"s": side}, ["s"])
    assert caught.value.__class__ is kind


@pytest.mark.parametrize("side", [FOREIGN, FOREIGN_TABLE, CHATTY])
def test_what_is_no_haproxy_is_named_with_what_it_said(folder: Path, side: Side) -> None:
    with pytest.raises(NotHAProxy) as caught:
        _found(folder, {"s": side}, ["s"])
    assert str(folder / "s") in str(caught.value)
    assert "it says" in str(caught.value) or "that says" in str(caught.value)


# Entries ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "entry", ["", "run/a.sock", "./a.sock", "~nobody-of-this-name/a.sock", "localhost", "::1:9999"]
)
def test_an_entry_that_is_no_address_is_refused(entry: str) -> None:
    conversing = ScriptedConverse(lambda _exchange: b"")
    with pytest.raises(InputError, match="is neither an absolute path nor one of"):
        discover([entry], WRITES, conversing, 1.0)
    assert conversing.exchanges == []


def test_nul_in_a_path_is_refused() -> None:
    with pytest.raises(InputError):
        discover(["/run/a\0b"], WRITES, ScriptedConverse(lambda _exchange: b""), 1.0)


def test_home_is_understood_and_the_name_stays_as_the_user_wrote_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(folder))
    conversing = ScriptedConverse(lambda _exchange: _facts())
    fleet = discover(["~/a.sock"], WRITES, conversing, 1.0)
    assert [(process.name, process.address) for process in fleet.processes] == [
        ("~/a.sock", Address("~/a.sock", path=str(folder / "a.sock")))
    ]


def test_of_a_directory_only_sockets_count_links_to_sockets_too(folder: Path) -> None:
    (folder / "d").mkdir()
    (folder / "d" / "readme.txt").write_text("x")
    (folder / "d" / "below").mkdir()
    (folder / "d" / "dangling").symlink_to("nowhere")
    (folder / "d" / "link").symlink_to(folder / "real")
    os.mkfifo(folder / "d" / "fifo")
    fleet = _found(folder, {"real": _facts(1), "d/own": _facts(2), "d/link": _facts(1)}, ["d"])
    assert [process.name for process in fleet.processes] == [str(folder / "d" / "link"), str(folder / "d" / "own")]
    assert fleet.skipped == ()


def test_a_directory_without_a_socket_fails_with_its_name(folder: Path) -> None:
    with pytest.raises(FleetError) as caught:
        discover([str(folder)], WRITES, ScriptedConverse(lambda _exchange: b""), 1.0)
    assert str(caught.value) == f"no HAProxy answers behind {folder}: there is no socket there"


def test_a_directory_that_cannot_be_read_is_an_error_of_the_tree(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("os.scandir", refuse)
    with pytest.raises(FleetError, match=f"no HAProxy answers behind {folder}: there is no socket there"):
        discover([str(folder)], WRITES, ScriptedConverse(lambda _exchange: b""), 1.0)


@pytest.mark.parametrize(
    ("pattern", "pids"),
    [
        pytest.param("*.sock", [1, 2], id="star"),
        pytest.param("p?.sock", [1, 2], id="question mark"),
        pytest.param("p[2-9].sock", [2], id="range"),
        pytest.param("*", [1, 2, 3], id="all"),
    ],
)
def test_a_glob_means_the_sockets_that_it_matches(folder: Path, pattern: str, pids: list[int]) -> None:
    (folder / "p9.sock").write_text("no socket")
    fleet = _found(folder, {"p1.sock": _facts(1), "p2.sock": _facts(2), "other": _facts(3)}, [pattern])
    assert sorted(process.facts.pid for process in fleet.processes) == pids


def test_a_glob_is_no_promise_about_each_socket_and_one_about_any(folder: Path) -> None:
    fleet = _found(folder, {"p1": _facts(1), "p2": REFUSED}, ["p*"])
    assert [skipped.socket for skipped in fleet.skipped] == [str(folder / "p2")]
    with pytest.raises(FleetError, match="there is no socket there"):
        _found(folder, {"p1": _facts(1)}, ["p1", "q*"])


def test_a_path_that_exists_is_no_glob(folder: Path) -> None:
    (process,) = _found(folder, {"p[1]": _facts(1), "p1": _facts(2)}, ["p[1]"]).processes
    assert process.facts.pid == 1


def test_a_directory_with_the_characters_of_a_glob_is_a_directory(folder: Path) -> None:
    (folder / "d[1]").mkdir()
    (folder / "d1").mkdir()
    (process,) = _found(folder, {"d[1]/s": _facts(1), "d1/s": _facts(2)}, ["d[1]"]).processes
    assert process.facts.pid == 1


def test_tcp_addresses_are_asked_under_the_name_that_the_user_wrote() -> None:
    conversing = ScriptedConverse(lambda exchange: _facts(exchange.address.port))
    fleet = discover(["tcp://lb1:1", "[::1]:2", "lb2:3"], WRITES, conversing, 1.0)
    assert [(process.name, process.address.host) for process in fleet.processes] == [
        ("[::1]:2", "::1"),
        ("lb2:3", "lb2"),
        ("tcp://lb1:1", "lb1"),
    ]


def test_processes_are_in_the_order_of_their_names(folder: Path) -> None:
    fleet = _found(folder, {"c": _facts(1), "a": _facts(2), "b": _facts(3)}, ["c", "a", "b"])
    assert [process.facts.pid for process in fleet.processes] == [2, 3, 1]


def test_an_address_that_is_given_twice_is_asked_once(folder: Path) -> None:
    conversing = ScriptedConverse(lambda _exchange: _facts())
    path = str(folder / "s")
    fleet = discover([path, path], WRITES, conversing, 1.0)
    assert len(fleet.processes) == len(conversing.exchanges) == 1


def test_all_addresses_are_asked_in_one_call_with_the_timeout_of_the_task(folder: Path) -> None:
    conversing = ScriptedConverse(lambda exchange: _facts(int(exchange.address.path[-1])))
    fleet = discover([f"{folder}/{number}" for number in range(1, 5)], WRITES, conversing, 2.5)
    assert conversing.timeouts == [2.5]
    assert fleet.timeout == 2.5
    assert len(fleet.processes) == 4
    assert set(conversing.lines) == {"show info;show cli level;show cli sockets;show pools"}


# One process is one process --------------------------------------------------------------------------------------


def test_two_sockets_of_one_process_are_one_called_by_the_first_and_asked_by_the_highest(folder: Path) -> None:
    sides = {"a-op": _facts(level="operator"), "b-admin": _facts(), "c-user": _facts(level="user")}
    (process,) = _found(folder, sides, [""]).processes
    assert process.name == str(folder / "a-op")
    assert process.address.path == str(folder / "b-admin")
    assert process.facts.level == "admin"


def test_of_two_sockets_with_one_level_the_first_is_used(folder: Path) -> None:
    (process,) = _found(folder, {"a": _facts(), "b": _facts()}, ["b", "a"]).processes
    assert process.name == process.address.text == str(folder / "b")


def test_a_named_entry_whose_process_has_another_name_is_satisfied(folder: Path) -> None:
    fleet = _found(folder, {"a": _facts(), "b": _facts()}, ["a", "b"])
    assert len(fleet.processes) == 1


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"pid": 2}, id="another pid"),
        pytest.param({"sockets": "unix@/run/b.sock admin all"}, id="other sockets: another container"),
        pytest.param({"place": "0x2"}, id="another place in memory: another container"),
        pytest.param({"version": "2.6"}, id="another version"),
    ],
)
def test_processes_that_differ_are_two(folder: Path, other: dict[str, str]) -> None:
    fleet = _found(folder, {"a": _facts(), "b": _facts(**other)}, [""])  # type: ignore[arg-type]
    assert len(fleet.processes) == 2


@pytest.mark.parametrize("version", VERSIONS)
def test_processes_of_every_version_are_understood(folder: Path, version: str) -> None:
    sides = {"op": reply_of(version, "facts_operator"), "admin": reply_of(version, "facts")}
    (process,) = _found(folder, sides, [""]).processes
    assert process.facts.level == "admin"
    assert process.facts.pid == 4711


# Masters ---------------------------------------------------------------------------------------------------------


class _Master:
    """A master of 3.0 or, with whole lines, of 3.2, and its workers.

    :param listed: as ``show proc`` lists them, at each asking the next, the last for good: current and old pids.
    :param answers: pid → what the worker answers to the facts.
    """

    def __init__(
        self, listed: list[tuple[list[int], list[int]]], answers: Mapping[int, Answer], version: str = "3.0.11"
    ) -> None:
        self.listed = listed
        self.answers = answers
        self.version = version
        self.exchanges: list[Exchange] = []

    def __call__(self, exchange: Exchange) -> Answer:
        self.exchanges.append(exchange)
        line = exchange.request
        if line == b"show proc\n":
            return self._listed()
        addressed = re.match(rb"(@@?)!(\d+) ", line)
        if addressed is None:
            return reply_of(self.version[:3], "master_facts")
        assert (addressed[1] == b"@@") == (self.version >= "3.2")
        answer = self.answers.get(int(addressed[2]))
        if answer is None:
            return b"Can't find the target PID matching the prefix '@!%d'\n" % int(addressed[2])
        return answer[1:] if isinstance(answer, bytes) and self.version < "3.2" else answer

    def _listed(self) -> bytes:
        current, old = self.listed.pop(0) if len(self.listed) > 1 else self.listed[0]
        rows = ["#<PID>          <type>          <reloads>       <uptime>        <version>"]
        rows += [
            f"1               master          {len(old)} [failed: 0]   0d00h00m00s     {self.version}",
            "# workers",
        ]
        rows += [
            f"{pid}              worker          0               0d00h00m00s     {self.version}" for pid in current
        ]
        rows += ["# old workers"] if old else []
        rows += [f"{pid}              worker          1               0d00h00m00s     {self.version}" for pid in old]
        return ("\n".join(rows) + "\n\n").encode()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_master_is_found_by_its_answer_and_its_worker_behind_it(folder: Path, version: str) -> None:
    """With the captured replies of every version."""
    heard: list[bytes] = []

    def master(exchange: Exchange) -> bytes:
        heard.append(exchange.request)
        if exchange.request == b"show proc\n":
            return reply_of(version, "proc_old")
        if b"!4711" in exchange.request:
            return reply_of(version, "old_facts")
        if b"!4712" in exchange.request:
            return reply_of(version, "through_facts").replace(b"Pid: 4711", b"Pid: 4712")
        return reply_of(version, "master_facts")

    fleet = _found(folder, {"m": master}, ["m"])
    (process,) = fleet.processes
    assert (process.name, process.facts.pid, process.reloads, process.old) == (f"{folder}/m@1", 4712, 0, False)
    assert fleet.old is not None
    (old,) = fleet.old
    assert (old.name, old.facts.pid, old.reloads, old.old) == (f"{folder}/m@!4711", 4711, 1, True)
    whole_line = tuple(map(int, version.split("."))) >= (3, 2)
    assert process.route == through_master(4712, whole_line=whole_line)
    assert all(request.count(b"show proc") <= 1 and b"set server" not in request for request in heard)


def test_a_worker_that_ends_between_the_listing_and_the_asking_is_left_out(folder: Path) -> None:
    fleet = _found(folder, {"m": _Master([([5], [4])], {5: _facts(5)})}, ["m"])
    assert [process.facts.pid for process in fleet.processes] == [5]
    assert fleet.old == ()


def test_a_silent_old_worker_that_is_gone_from_the_list_is_left_out(folder: Path) -> None:
    master = _Master([([5], [4]), ([5], [])], {5: _facts(5), 4: TimedOut("late")})
    fleet = _found(folder, {"m": master}, ["m"])
    assert fleet.old == ()
    to_old = [exchange for exchange in master.exchanges if b"!4 " in exchange.request]
    assert [exchange.limit for exchange in to_old] == [OLD_LIMIT]


def test_a_silent_old_worker_that_is_listed_still_is_old_and_stops_nobody(folder: Path) -> None:
    master = _Master([([5], [4])], {5: _facts(5), 4: TimedOut("late")})
    fleet = _found(folder, {"m": master}, ["m"])
    assert [process.facts.pid for process in fleet.processes] == [5]
    assert [(process.name, process.facts.pid, process.old) for process in fleet.old or ()] == [
        (f"{folder}/m@!4", 4, True)
    ]
    (silent,) = fleet.old or ()
    assert silent.facts.info == {"Name": "HAProxy", "Version": "3.0.11", "Pid": "4", "Stopping": "1"}
    assert silent.facts.level == "user", "nobody knows what it would let us do"
    assert {exchange.delay for exchange in master.exchanges} == {0.0}
    to_old = [exchange for exchange in master.exchanges if b"!4 " in exchange.request]
    assert [exchange.limit for exchange in to_old] == [OLD_LIMIT]


def test_a_silent_current_worker_fails(folder: Path) -> None:
    with pytest.raises(TimedOut):
        _found(folder, {"m": _Master([([5], [])], {5: TimedOut("late")})}, ["m"])


def test_while_a_reload_goes_on_the_master_is_asked_until_there_is_a_current_worker(folder: Path) -> None:
    master = _Master([([], [4]), ([], [4]), ([5], [4])], {5: _facts(5), 4: _facts(4, stopping=True)})
    fleet = _found(folder, {"m": master}, ["m"])
    assert [process.facts.pid for process in fleet.processes] == [5]
    listings = [exchange for exchange in master.exchanges if exchange.request == b"show proc\n"]
    assert [exchange.delay > 0 for exchange in listings] == [False, True, True]
    assert all(exchange.grace > 0 for exchange in listings)


def test_a_master_without_a_current_worker_fails_after_a_few_tries(folder: Path) -> None:
    master = _Master([([], [4])], {4: _facts(4, stopping=True)})
    with pytest.raises(FleetError, match="is a master without a current worker that answers"):
        _found(folder, {"m": master}, ["m"])
    assert 2 <= sum(exchange.request == b"show proc\n" for exchange in master.exchanges) <= 10
    with pytest.raises(FleetError, match="is a master without a current worker that answers"):
        _found(folder, {"m": _Master([([], [])], {})}, ["m"])


def test_a_worker_that_a_failed_reload_lists_as_old_and_that_serves_is_current(folder: Path) -> None:
    fleet = _found(folder, {"m": _Master([([], [5])], {5: _facts(5)}, "3.2.26")}, ["m"])
    assert [(process.name, process.old) for process in fleet.processes] == [(f"{folder}/m@1", False)]
    assert fleet.old == ()


def test_a_worker_that_the_list_calls_current_and_that_stops_is_old(folder: Path) -> None:
    master = _Master([([4, 5], [])], {5: _facts(5), 4: _facts(4, stopping=True)})
    fleet = _found(folder, {"m": master}, ["m"])
    assert [process.facts.pid for process in fleet.processes] == [5]
    assert [process.facts.pid for process in fleet.old or ()] == [4]


def test_without_a_master_nobody_knows_old_workers(folder: Path) -> None:
    assert _found(folder, {"s": _facts()}, ["s"]).old is None


def test_a_worker_behind_a_master_and_on_its_own_socket_is_one_under_the_direct_name(folder: Path) -> None:
    master = _Master([([5], [])], {5: _facts(5)})
    fleet = _found(folder, {"m": master, "z": _facts(5, level="operator")}, ["m", "z"])
    (process,) = fleet.processes
    assert process.name == str(folder / "z")
    assert process.facts.level == "admin"  # the master's is the higher one, so it is asked through that
    assert (process.address.path, process.reloads) == (str(folder / "m"), 0)
    assert process.route.each == "@!5 "


def test_a_worker_with_two_ways_of_one_level_is_asked_directly(folder: Path) -> None:
    master = _Master([([5], [])], {5: _facts(5)})
    (process,) = _found(folder, {"a-master": master, "b": _facts(5)}, [""]).processes
    assert (process.name, process.address.path) == (str(folder / "b"), str(folder / "b"))
    assert process.route == DIRECT
    assert process.reloads == 0


def test_an_old_worker_that_its_own_socket_still_reaches_is_no_current_process(folder: Path) -> None:
    with pytest.raises(FleetError, match="no current process answers"):
        _found(folder, {"s": _facts(4, stopping=True)}, ["s"])
    fleet = _found(folder, {"s": _facts(4, stopping=True), "t": _facts(5)}, [""])
    assert [process.facts.pid for process in fleet.processes] == [5]


def test_what_a_master_says_in_place_of_its_list_is_an_error_of_the_tree(folder: Path) -> None:
    def master(exchange: Exchange) -> bytes:
        return b"what?\n\n" if exchange.request == b"show proc\n" else reply_of("3.0", "master_facts")

    with pytest.raises(HAProxyError, match="not a list of processes"):
        _found(folder, {"m": master}, ["m"])


@pytest.mark.parametrize(("expected", "fails"), [(1, False), (2, True)])
def test_expected_processes_counts_current_ones_only(folder: Path, expected: int, fails: bool) -> None:
    master = _Master([([5], [4])], {5: _facts(5), 4: _facts(4, stopping=True)})
    policy = Policy(None, True, expected)
    if fails:
        with pytest.raises(FleetError, match=r"1 process answers .*, and 2 are expected"):
            _found(folder, {"m": master}, ["m"], policy)
    else:
        assert len(_found(folder, {"m": master}, ["m"], policy).processes) == 1


# nbproc ----------------------------------------------------------------------------------------------------------


def _of_nbproc(folder: Path, pid: int, count: int = 2, named: int = 2, shared: str = "shared") -> bytes:
    """The facts of a process of an nbproc with a socket p1, p2 … for each, and a shared one."""
    own = [f"unix@{folder}/p{number} admin {number}" for number in range(1, named + 1)]
    lines = "\n".join([*own, f"unix@{folder}/{shared} admin all"])
    return _facts(pid, version="2.2", nbproc=count, sockets=lines)


def test_captured_sockets_of_nbproc_tell_which_are_shared() -> None:
    for name in ("nbproc_facts", "nbproc_facts_shared"):
        known = parse_facts(tables_of("2.2", name))
        assert known.nbproc == 2
        assert is_shared(Address("a", path="/run/haproxy/shared.sock"), known) is True
        assert is_shared(Address("a", path="/run/haproxy/run/p1.sock"), known) is False
        assert is_shared(Address("a", path="/run/elsewhere.sock"), known) is None
        paths = [address.path for address in others(Process("p", Address("p", path="/p"), known))]
        assert paths == ["/run/haproxy/run/p1.sock", "/run/haproxy/run/p2.sock"]
    one = facts("3.0.11", sockets=["unix@/run/haproxy/p1.sock admin 1"])
    assert others(Process("p", Address("p", path="/p"), one)) == [], "there is only this one"
    alone = parse_facts(tables_of("3.0", "facts"))
    assert is_shared(Address("a", path="/run/elsewhere.sock"), alone) is False
    assert others(Process("p", Address("p", path="/p"), alone)) == []


@pytest.mark.parametrize(
    ("sockets", "address", "shared"),
    [
        (["ipv4@127.0.0.1:9999 admin 1"], Address("a", host="127.0.0.1", port=9999), False),
        (["ipv4@127.0.0.1:9999 admin all"], Address("a", host="127.0.0.1", port=9999), True),
        (["ipv6@::1:9999 admin 1-2"], Address("a", host="::1", port=9999), True),
        (["ipv4@127.0.0.1:9999 admin 1"], Address("a", host="127.0.0.1", port=9998), None),
        (["abns@x admin 1", "sockpair@5 admin all"], Address("a", path="/x"), None),
        (["unix@run/rel.sock admin 1", "unix@/x admin 2"], Address("a", path="/x"), False),
    ],
)
def test_an_address_is_shared_as_haproxy_says(sockets: list[str], address: Address, shared: bool | None) -> None:
    assert is_shared(address, facts("2.2.9", sockets=sockets, Nbproc="2")) is shared


def test_of_a_shared_socket_every_process_is_asked_at_its_own(folder: Path) -> None:
    sides = {name: _of_nbproc(folder, pid) for name, pid in (("shared", 1), ("p1", 1), ("p2", 2))}
    fleet = _found(folder, sides, ["shared"])
    assert [(process.name, process.facts.pid) for process in fleet.processes] == [
        (str(folder / "p1"), 1),
        (str(folder / "p2"), 2),
    ]
    assert not any(process.shared for process in fleet.processes)


def test_of_one_process_of_an_nbproc_the_others_are_found_too(folder: Path) -> None:
    fleet = _found(folder, {"p1": _of_nbproc(folder, 1), "p2": _of_nbproc(folder, 2)}, ["p1"])
    assert [process.facts.pid for process in fleet.processes] == [1, 2]


def test_an_address_of_an_nbproc_that_was_given_is_not_asked_again(folder: Path) -> None:
    """HAProxy names sockets in its own words; the user's are others."""
    asked: list[int] = []

    def side(pid: int) -> Callable[[Exchange], bytes]:
        def answer(_exchange: Exchange) -> bytes:
            asked.append(pid)
            return _of_nbproc(folder, pid, count=3, named=3)

        return answer

    fleet = _found(folder, {"p1": side(1), "p2": side(2), "p3": side(3)}, ["p1", "p2"])
    assert [process.facts.pid for process in fleet.processes] == [1, 2, 3]
    assert asked == [1, 2, 3]


def test_what_an_address_of_an_nbproc_that_was_given_said_is_told(folder: Path) -> None:
    sides: dict[str, Side] = {"p1": _of_nbproc(folder, 1), "p2": REFUSED}
    with pytest.raises(FleetError, match=r"use the master socket; process .*/p2: cannot connect: Connection refused$"):
        _found(folder, sides, [""])


def test_what_an_address_of_an_nbproc_that_was_not_given_said_is_told(folder: Path) -> None:
    sides: dict[str, Side] = {"p1": _of_nbproc(folder, 1), "p2": REFUSED}
    with pytest.raises(FleetError, match=r"use the master socket; process .*/p2: cannot connect: Connection refused$"):
        _found(folder, sides, ["p1"])


def test_each_address_of_an_nbproc_that_does_not_answer_is_told(folder: Path) -> None:
    sides: dict[str, Side] = {"p1": _of_nbproc(folder, 1, count=3, named=3), "p2": REFUSED, "p3": MISSING}
    said = ("p2: cannot connect: Connection refused", "p3: cannot connect: No such file")
    with pytest.raises(FleetError) as caught:
        _found(folder, sides, [""])
    assert str(caught.value).endswith("use the master socket" + "".join(f"; process {folder}/{text}" for text in said))


def test_expected_processes_counts_those_of_an_nbproc_that_were_not_given(folder: Path) -> None:
    sides = {"p1": _of_nbproc(folder, 1), "p2": _of_nbproc(folder, 2)}
    assert len(_found(folder, sides, ["p1"], Policy(None, True, 2)).processes) == 2
    with pytest.raises(FleetError, match="2 processes answer"):
        _found(folder, sides, ["p1"], Policy(None, True, 1))


def test_fewer_than_all_processes_of_an_nbproc_fail_a_writer_and_not_a_reader(folder: Path) -> None:
    sides: dict[str, Side] = {"p1": _of_nbproc(folder, 1, count=3), "p2": _of_nbproc(folder, 2, count=3)}
    with pytest.raises(FleetError) as caught:
        _found(folder, sides, ["p1"])
    assert "has 3 processes, and 1 of them cannot be reached by a socket of their own" in str(caught.value)
    assert "use the master socket" in str(caught.value)
    assert len(_found(folder, sides, ["p1"], READS).processes) == 2


def test_a_dead_process_of_an_nbproc_fails_a_writer_and_not_a_reader(folder: Path) -> None:
    sides: dict[str, Side] = {"p1": _of_nbproc(folder, 1), "p2": REFUSED}
    with pytest.raises(FleetError, match="1 of them cannot be reached"):
        _found(folder, sides, ["p1"])
    assert [process.facts.pid for process in _found(folder, sides, ["p1"], READS).processes] == [1]


def test_an_nbproc_with_a_shared_socket_only_is_nobody_that_can_be_told_apart(folder: Path) -> None:
    sides = {"shared": _of_nbproc(folder, 1, named=0)}
    with pytest.raises(FleetError, match="2 of them cannot be reached"):
        _found(folder, sides, ["shared"])
    with pytest.raises(FleetError, match="2 of them cannot be reached"):
        _found(folder, sides, ["shared"], READS)


def test_an_address_that_haproxy_does_not_name_is_tried_by_further_connections(folder: Path) -> None:
    """Behind a proxy, another mount or a chroot."""
    turn: list[int] = []

    def either(_exchange: Exchange) -> bytes:
        turn.append(0)
        return _of_nbproc(folder, 1 + len(turn) % 2, named=0)

    with pytest.raises(FleetError, match="2 of them cannot be reached"):
        _found(folder, {"elsewhere": either}, ["elsewhere"])
    assert 2 <= len(turn) <= 5
    turn.clear()

    def always(_exchange: Exchange) -> bytes:
        turn.append(0)
        return _of_nbproc(folder, 1, named=0)

    fleet = _found(folder, {"elsewhere": always}, ["elsewhere"], READS)
    assert [process.facts.pid for process in fleet.processes] == [1]
    assert len(turn) > 5


def test_two_addresses_that_haproxy_does_not_name_reach_both_processes(folder: Path) -> None:
    sides = {f"e{pid}": _of_nbproc(folder, pid, named=0) for pid in (1, 2)}
    assert [process.facts.pid for process in _found(folder, sides, [""]).processes] == [1, 2]


@pytest.mark.parametrize(
    ("pids", "stopping", "told"),
    [
        pytest.param([1, 2], "0", [], id="all"),
        pytest.param([1], "0", ["1 of them cannot be reached"], id="one of two"),
        pytest.param([1], "1", [], id="an old worker: it is on its way out"),
        pytest.param([1, 2], "1", [], id="old workers"),
    ],
)
def test_who_reads_part_of_an_nbproc_is_told(pids: list[int], stopping: str, told: list[str]) -> None:
    usable = [Process(f"p{pid}", Address(f"p{pid}", path=f"/p{pid}"),
                      facts("2.2.9", pid=pid, Nbproc="2", Stopping=stopping)) for pid in pids]  # fmt: skip
    assert [(one.name, sentence.split(", and ")[1].split(" by ")[0]) for one, sentence in unreached(usable)] == [
        ("p1", words) for words in told
    ]


def test_a_link_to_a_socket_of_one_process_is_the_socket(folder: Path) -> None:
    (folder / "link").symlink_to(folder / "p1")
    sides = {"p1": _of_nbproc(folder, 1), "p2": _of_nbproc(folder, 2), "link": _of_nbproc(folder, 1)}
    fleet = _found(folder, sides, ["link"])
    assert [process.facts.pid for process in fleet.processes] == [1, 2]
    assert not any(process.shared for process in fleet.processes)


# Expected number -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expected", "fails"), [(None, False), (1, True), (2, False), (3, True)], ids=["any", "fewer", "as many", "more"]
)
def test_expected_processes(folder: Path, expected: int | None, fails: bool) -> None:
    sides = {"a": _facts(1), "b": _facts(2), "b-again": _facts(2)}
    policy = Policy(None, True, expected)
    if not fails:
        assert len(_found(folder, sides, [""], policy).processes) == 2
        return
    with pytest.raises(FleetError) as caught:
        _found(folder, sides, [""], policy)
    assert (
        f"2 processes answer ({folder}/a, {folder}/b), and {expected} {'is' if expected == 1 else 'are'} expected"
        in str(caught.value)
    )


# The usual places ------------------------------------------------------------------------------------------------


@pytest.fixture
def usual(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Mapping[str, Side], Policy], Fleet]:
    """Discover without an entry, in usual places below the directory."""
    places = tuple(str(folder / name) for name in ("admin.sock", "haproxy.sock", "stats"))
    monkeypatch.setattr(_discovery, "USUAL_PLACES", places)

    def found(sides: Mapping[str, Side], policy: Policy) -> Fleet:
        return _found(folder, sides, [], policy)

    return found


Usual = Callable[[Mapping[str, Side], Policy], Fleet]


def test_every_live_usual_place_is_used(folder: Path, usual: Usual) -> None:
    fleet = usual({"admin.sock": _facts(1), "stats": _facts(2)}, WRITES)
    assert [process.name for process in fleet.processes] == [str(folder / "admin.sock"), str(folder / "stats")]
    assert fleet.skipped == ()


def test_a_link_between_usual_places_does_no_harm(folder: Path, usual: Usual) -> None:
    (folder / "stats").symlink_to(folder / "admin.sock")
    fleet = usual({"admin.sock": _facts(1), "stats": _facts(1)}, WRITES)
    assert [process.name for process in fleet.processes] == [str(folder / "admin.sock")]


def test_no_usual_place_is_a_failure_that_lists_them(folder: Path, usual: Usual) -> None:
    with pytest.raises(FleetError) as caught:
        usual({}, WRITES)
    for name in ("admin.sock", "haproxy.sock", "stats"):
        assert str(folder / name) in str(caught.value)
    assert "say where with 'socket'" in str(caught.value)


@pytest.mark.parametrize("side", CERTAINLY_DEAD)
def test_a_dead_usual_place_is_skipped_beside_a_live_one_and_fails_alone(folder: Path, usual: Usual, side: str) -> None:
    fleet = usual({"admin.sock": ALL[side], "stats": _facts()}, WRITES)
    assert [skipped.socket for skipped in fleet.skipped] == [str(folder / "admin.sock")]
    with pytest.raises(FleetError, match="no HAProxy answers in the usual places"):
        usual({"admin.sock": ALL[side]}, WRITES)


@pytest.mark.parametrize("side", PERHAPS_ALIVE)
def test_a_usual_place_that_may_be_alive_fails_writers(usual: Usual, side: str) -> None:
    with pytest.raises(HAProxyError):
        usual({"admin.sock": ALL[side], "stats": _facts()}, WRITES)
    assert len(usual({"admin.sock": ALL[side], "stats": _facts()}, READS).processes) == 1


def test_the_usual_places_are_paths_of_sockets() -> None:
    assert len(set(_discovery.USUAL_PLACES)) == len(_discovery.USUAL_PLACES)
    stats = {"/run/haproxy/admin.sock", "/run/haproxy.sock", "/run/haproxy/haproxy.sock", "/run/haproxy/stats.sock",
             "/var/run/haproxy.sock", "/var/lib/haproxy/stats", "/var/lib/haproxy/stats.sock"}  # fmt: skip
    masters = {"/run/haproxy-master.sock", "/run/haproxy/master.sock", "/run/haproxy/haproxy-master.sock",
               "/var/lib/haproxy/master.sock"}  # fmt: skip
    assert set(_discovery.USUAL_PLACES) == stats | masters


# Over real sockets -----------------------------------------------------------------------------------------------


def test_a_directory_of_real_sockets_of_every_kind(folder: Path) -> None:
    with ExitStack() as stack:
        stack.enter_context(serving(folder / "admin", replying(_facts(1))))
        stack.enter_context(serving(folder / "admin2", replying(_facts(2))))
        stack.enter_context(serving(folder / "foreign", replying(FOREIGN)))
        datagram = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        datagram.bind(str(folder / "datagram"))
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(folder / "dead"))
        fleet = discover([str(folder)], WRITES, converse, SECONDS)
    assert [process.facts.pid for process in fleet.processes] == [1, 2]
    assert [Path(skipped.socket).name for skipped in fleet.skipped] == ["datagram", "dead", "foreign"]


def test_hung_sockets_in_a_directory_cost_a_reader_one_timeout_and_fail_a_writer(folder: Path) -> None:
    with deaf([folder / f"h{number}" for number in range(4)]), serving(folder / "s", replying(_facts())):
        fleet = discover([str(folder)], READS, converse, SHORT)
        assert len(fleet.processes) == 1
        assert len(fleet.skipped) == 4
        with pytest.raises(TimedOut) as caught:
            discover([str(folder)], WRITES, converse, SHORT)
    assert str(caught.value) == (
        f"{folder}/h0 did not answer to the end within {SHORT:g} s; "
        "it hangs, or its 'stats maxconn' connections are all in use"
    )


@pytest.mark.parametrize("named", ["missing", "x" * 200])
def test_a_named_path_that_leads_nowhere_is_one_sentence(folder: Path, named: str) -> None:
    with pytest.raises(CannotConnect) as caught:
        discover([str(folder / named)], WRITES, converse, SECONDS)
    assert str(folder / named) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_only_reading_commands_are_sent(folder: Path) -> None:
    exchanges: list[Exchange] = []

    def answer(exchange: Exchange) -> bytes:
        exchanges.append(exchange)
        return _facts()

    discover([str(folder / "s")], WRITES, ScriptedConverse(answer), 1.0)
    (exchange,) = exchanges
    assert all(part.startswith((b"show ", b"set severity-output ")) for part in exchange.request.split(b";"))
