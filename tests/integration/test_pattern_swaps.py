# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What haproxy_map and haproxy_acl hold while they work: traffic, kills, other people's changes, sockets that lie."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

import pytest

from lab.commands import is_write, split_commands
from lab.fleet import Fleet, instances, one
from lab.ports import free_port
from lab.processes import Workspace, wait_until
from lab.recorder import Recorder, Recorders
from lab.tasks import MODULES, Result, run
from lab.versions import Version, versions

MODULE = "haproxy_map"
ROOT = Path(__file__).parents[2]
# Seconds for what is there within milliseconds, on a machine that is busy with other tests.
LONG = 20.0
SWAPS = 100
# Seconds between two lookups, so that the client leaves the module, which runs in the same Python, some time.
PAUSE = 0.0002

Entries = dict[str, str]

SWAPPING = [version for version in versions() if version.number >= (2, 4)]
since_2_4 = pytest.mark.parametrize("haproxy", SWAPPING, ids=lambda version: f"haproxy={version}")
threads = pytest.mark.parametrize("nbthread", [1, 2], ids=lambda count: f"threads={count}")


def body(file: Path, port: int, uses: str = "map") -> str:
    """A frontend that answers with what a map says of three paths: the one asked for, then those of two headers.

    A request that is looked up has its three lookups in one go, in this order.
    """
    lookups = " ".join(f"%[{sample},{uses}({file},none)]" for sample in ("path", "req.hdr(second)", "req.hdr(third)"))
    return f"""\
frontend f
    bind 127.0.0.1:{port}
    http-request return status 200 content-type text/plain lf-string "{lookups}"
"""


class Lab:
    """Processes with one map, which was loaded from one file."""

    def __init__(self, fleet: Fleet, file: Path, port: int) -> None:
        self.fleet = fleet
        self.file = file
        self.port = port
        self.loaded = file.read_bytes()

    def live(self, index: int = 0) -> list[str]:
        """The entries as one process serves them."""
        lines = self.fleet.ask(index, f"show map {self.file}").strip("\n").split("\n")
        return [line.partition(" ")[2] for line in lines if line]

    def start_again(self, index: int = 0) -> None:
        """Start an instance that was killed with the configuration that it had."""
        name = f"p{index + 1}"
        fleet = self.fleet
        fleet.workspace.start([fleet.binary, "-db", "-f", fleet.base / f"{name}.cfg"], fleet.base / f"{name}.log")
        wait_until(lambda: fleet.ask(index, "show info"), LONG, lambda: fleet.complaint(f"{name} does not start"))

    def wish(self, sockets: list[str] | None = None, **options: Any) -> dict[str, Any]:
        """Options of a task about this map."""
        return {"map": str(self.file), "socket": sockets or self.fleet.sockets, "timeout": LONG, **options}

    def done(self, *, through: str = "", **options: Any) -> Result:
        """What such a task comes to, when it comes to a good end."""
        result = run(MODULE, self.wish([through] if through else None, **options))
        assert not result.get("failed"), result["msg"]
        return result


@contextmanager
def lab(version: Version, entries: Entries, *, count: int = 1, nbthread: int = 1, lines: str = "") -> Iterator[Lab]:
    """So many instances with these entries."""
    workspace = Workspace()
    try:
        file, port = workspace.directory / "paths.map", free_port()
        file.write_text("".join(f"{line}\n" for line in written(entries)), encoding="utf-8")
        with instances(version, count, body(file, port), nbthread=nbthread, global_lines=lines) as fleet:
            yield Lab(fleet, file, port)
    finally:
        workspace.stop()


def written(entries: Mapping[str, str]) -> list[str]:
    """Entries as HAProxy shows them."""
    return [f"{key} {value}" for key, value in entries.items()]


def warned(result: Result) -> list[str]:
    """The warnings about somebody else's changes."""
    found = [warning["event"]["msg"] for warning in result.get("warnings", [])]
    return [text for text in found if "somebody else" in text]


def entries_of(letter: str, count: int = 40, value: str = "") -> Entries:
    return {f"/{letter}/{number}": value or letter for number in range(count)}


# Traffic ---------------------------------------------------------------------------------------------------------------


class Lookups:
    """A client that asks without pause, on one connection, and counts what it is told; a context manager."""

    def __init__(self, port: int, *paths: str) -> None:
        self.answers: Counter[tuple[str, ...]] = Counter()
        first, second, third = paths
        headers = f"Host: www.example\r\nsecond: {second}\r\nthird: {third}\r\n"
        self._request = f"GET {first} HTTP/1.1\r\n{headers}\r\n".encode()
        self._connection = socket.create_connection(("127.0.0.1", port), LONG)
        self._ended = threading.Event()
        self._error: list[Exception] = []
        self._thread = threading.Thread(target=self._work, daemon=True)

    def _work(self) -> None:
        try:
            with self._connection.makefile("rb") as replies:
                while not self._ended.is_set():
                    self._connection.sendall(self._request)
                    self.answers[_answer(replies)] += 1
                    self._ended.wait(PAUSE)
        except Exception as error:  # noqa: BLE001 the test asserts that there is none
            self._error.append(error)

    def __enter__(self) -> Self:
        self._thread.start()
        wait_until(lambda: self._error or self.answers, LONG, lambda: "no lookup is answered")
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join(LONG)
        self._connection.close()
        assert not self._error, self._error


def _answer(replies: Any) -> tuple[str, ...]:
    """The words of one answer's body."""
    status = replies.readline()
    assert status.startswith(b"HTTP/1.1 200 "), status
    length = 0
    while (line := replies.readline()) != b"\r\n":
        name, _colon, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    return tuple(replies.read(length).decode().split())


OLD, NEW = ("a", "none", "a"), ("none", "b", "none")
# What three lookups in a row see when another thread commits between two of them: each one the set before or the set
# after, and the set changes once. Never nothing at all, and never both sets around each other.
BETWEEN = {("a", "b", "none"), ("none", "none", "a"), ("a", "none", "none"), ("none", "b", "a")}


@pytest.mark.in_turn
@since_2_4
@threads
def test_traffic_sees_the_old_set_or_the_new_one_and_never_neither(haproxy: Version, nbthread: int) -> None:
    """One request looks up a key of the one set, a key of the other, and the first again.

    With one thread nothing comes between the three. With two a commit may, hence the third lookup: where the first two
    found nothing, the set that the request began with was replaced between them, and the third finds it.
    """
    sets = [entries_of("a"), entries_of("b")]
    with lab(haproxy, sets[0], nbthread=nbthread) as it:
        paths = ("/a/7", "/b/31", "/a/7")
        with Lookups(it.port, *paths) as first, Lookups(it.port, *paths) as second:
            for swap in range(1, SWAPS + 1):
                result = it.done(entries=sets[swap % 2], exclusive=True, atomic="always")
                assert result["atomic"]
                assert (result["added"], result["removed"]) == (40, 40)
        seen = first.answers + second.answers
        assert set(seen) - {OLD, NEW} <= (BETWEEN if nbthread > 1 else set()), seen
        assert min(seen[OLD], seen[NEW]) >= SWAPS / 2, "the lookups did not keep up with the swaps"
        assert it.live() == written(sets[0])


@threads
def test_a_key_that_stays_is_never_missing(haproxy: Version, nbthread: int) -> None:
    """Whatever the way is, on every version; half of the keys that stay get another value each time."""
    stays, moves = {"/stays": "stays"}, ("/moves", "/moves", "/stays")
    sets = [{**entries_of(value), **stays, "/moves": value} for value in ("a", "b")]
    with lab(haproxy, sets[0], nbthread=nbthread) as it:
        with Lookups(it.port, *moves) as lookups:
            for swap in range(1, (20 if haproxy in SWAPPING else SWAPS) + 1):
                it.done(entries=sets[swap % 2], exclusive=True)
        firsts = Counter(word for answer in lookups.answers for word in answer[:2])
        assert set(firsts) == {"a", "b"}, lookups.answers
        assert {answer[2] for answer in lookups.answers} == {"stays"}, lookups.answers
        assert sorted(it.live()) == sorted(written(sets[0]))


# Kills -----------------------------------------------------------------------------------------------------------------


class Moment:
    """Stands at a recorder and does something at one exchange, the answer to which is lost.

    :param which: its number, from 1, or what its request holds.
    :param answered: whether this is when HAProxy has answered, or before it is asked.
    """

    def __init__(self, recorder: Recorder, which: int | bytes, *, answered: bool, does: Callable[[], object]) -> None:
        self.request = b""
        self._which = which
        self._count = 0
        self._does = does
        self._recorder = recorder
        if answered:
            recorder.tamper = lambda request, reply: b"" if self._reached(request) else reply
        else:
            recorder.swallow = lambda request: b"" if self._reached(request) else None

    def _reached(self, request: bytes) -> bool:
        self._count += 1
        here = self._which in request if isinstance(self._which, bytes) else self._count == self._which
        if not here or self.request:
            return False
        self.request = request
        self._does()
        return True

    def over(self) -> None:
        """Let everything pass from now on."""
        self._recorder.tamper = self._recorder.swallow = None


# More than one payload each, and so few that a swap is worth its while on no version.
LARGE = [{f"/{letter}/{number:04}": f"{letter} {'x' * 30}" for number in range(600)} for letter in "ab"]


def ways(version: Version) -> dict[str, Any]:
    """All at once where the version can."""
    return {"exclusive": True, "atomic": "always" if version in SWAPPING else "auto"}


class Program:
    """A run of the module as Ansible starts it on a host: a Python process that reads its arguments from a file."""

    def __init__(self, workspace: Workspace, arguments: dict[str, Any]) -> None:
        file, self._output = workspace.directory / "arguments.json", workspace.directory / "output"
        self._output.unlink(missing_ok=True)
        file.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}), encoding="utf-8")
        path = f"PYTHONPATH={ROOT / '.cache'}"
        self.process: subprocess.Popen[bytes] = workspace.start(
            ["env", path, sys.executable, "-m", f"{MODULES}.{MODULE}", file], self._output
        )

    def output(self) -> str:
        return self._output.read_text(encoding="utf-8")


def _killed_at(
    it: Lab, recorder: Recorder, number: int, workspace: Workspace, wish: dict[str, Any], *, answered: bool
) -> bytes:
    """Start the module and kill it while it waits for the answer of this exchange; returns the request."""
    heard, over = threading.Event(), threading.Event()

    def hold() -> None:
        heard.set()
        assert over.wait(LONG)

    moment = Moment(recorder, number, answered=answered, does=hold)
    program = Program(workspace, it.wish([recorder.path], **wish))
    process = program.process
    wait_until(lambda: heard.is_set() or process.poll() is not None, LONG, lambda: "the module does not get there")
    assert heard.is_set(), program.output()
    process.kill()
    assert process.wait(LONG) < 0
    moment.over()
    over.set()
    return moment.request


@pytest.mark.in_turn
@pytest.mark.parametrize("answered", [False, True], ids=["before it is passed on", "when it was answered"])
def test_the_module_is_killed_at_any_exchange_of_a_swap(haproxy: Version, answered: bool) -> None:
    """The old content or the new one is there, and the next run goes on from what it finds."""
    with ExitStack() as stack:
        workspace = Workspace()
        stack.callback(workspace.stop)
        it = stack.enter_context(lab(haproxy, LARGE[0]))
        recorder = stack.enter_context(Recorder(it.fleet.sockets[0]))
        it.done(through=recorder.path, entries=LARGE[1], **ways(haproxy))
        requests = [request for request, _reply in recorder.exchanges]
        writes = [number for number, request in enumerate(requests, 1) if any(map(is_write, split_commands(request)))]
        now, other = LARGE[1], LARGE[0]
        for number in range(writes[0], writes[-1] + 2):  # and the reading that confirms
            request = _killed_at(
                it, recorder, number, workspace, {"entries": other, **ways(haproxy)}, answered=answered
            )
            if haproxy in SWAPPING:
                assert it.live() in (written(now), written(other)), request
            else:
                assert set(it.live()) <= {*written(now), *written(other)}, request
            it.done(entries=other, **ways(haproxy))
            assert it.live() == written(other), request
            now, other = other, now
        assert not it.done(entries=now, **ways(haproxy))["changed"]


KILLS = {
    "at the second chunk": (b"/b/0500", True),
    "before the last write": (b"", False),
    "after the last write": (b"", True),
}


@pytest.mark.parametrize(("chunk", "answered"), KILLS.values(), ids=KILLS)
def test_haproxy_is_killed_in_a_swap(haproxy: Version, chunk: bytes, answered: bool) -> None:
    """It starts with the file's content, which is the old one as a whole; the next run makes both the new one."""
    with lab(haproxy, LARGE[0]) as it, Recorder(it.fleet.sockets[0]) as recorder:
        options = {**ways(haproxy), "persist": True}
        last = b"commit map" if haproxy in SWAPPING else b"del map"
        moment = Moment(recorder, chunk or last, answered=answered, does=lambda: it.fleet.kill(0))
        failure = run(MODULE, it.wish([recorder.path], entries=LARGE[1], **options))
        assert moment.request
        assert failure["failed"]
        assert failure["process"] == recorder.path
        moment.over()
        it.start_again()
        assert it.live() == it.file.read_text(encoding="utf-8").splitlines() == written(LARGE[0])
        it.done(entries=LARGE[1], **options)
        assert it.live() == it.file.read_text(encoding="utf-8").splitlines() == written(LARGE[1])


MOMENTS = {
    "before it is told of the version": (b"prepare map", False),
    "between its chunks": (b"add map @", True),
    "before its commit": (b"commit map", False),
    "after its commit": (b"commit map", True),
}


@since_2_4
@pytest.mark.parametrize(("moment", "passed_on"), MOMENTS.values(), ids=MOMENTS)
def test_one_of_four_dies_in_the_middle(haproxy: Version, moment: bytes, passed_on: bool) -> None:
    """It is named, the others all have the same, and the next run makes all four the same."""
    victim = 2
    with lab(haproxy, LARGE[0], count=4) as it, Recorders(it.fleet) as recorders:
        heard: list[bytes] = []

        def kill(request: bytes) -> bytes | None:
            if moment not in request or heard:
                return None
            heard.append(request)
            if moment == b"commit map":
                others = [each for index, each in enumerate(recorders.all) if index != victim]
                wait_until(
                    lambda: all(any("commit" in line for line in each.writes()) for each in others),
                    LONG,
                    lambda: "the others are not told to commit",
                )
            if passed_on:
                it.fleet.ask(victim, request.decode())
            it.fleet.kill(victim)
            return None

        recorders[victim].swallow = kill
        wish = it.wish([str(recorders.directory)], entries=LARGE[1], exclusive=True, atomic="always")
        failure = run(MODULE, wish)
        assert heard
        assert failure["failed"]
        assert failure["process"] == recorders.sockets[victim]
        assert recorders.sockets[victim] in failure["msg"]
        committed = moment == b"commit map"
        expected = written(LARGE[1] if committed else LARGE[0])
        assert [it.live(index) == expected for index in (0, 1, 3)] == [True] * 3
        assert failure["changed"] == committed
        assert ({line["process"] for line in failure["done"] if "commit" in line["command"]}) == (
            {path for index, path in enumerate(recorders.sockets) if index != victim} if committed else set()
        )
        it.start_again(victim)
        it.done(entries=LARGE[1], exclusive=True, atomic="always", expected_processes=4)
        assert [it.live(index) == written(LARGE[1]) for index in range(4)] == [True] * 4


# Somebody else's changes -----------------------------------------------------------------------------------------------

BASE = {"/x": "1", "/y": "2", "/z": "3"}


class Somebody:
    """Sends commands to a process past the recorder, whenever a request that holds these bytes is on its way."""

    def __init__(self, it: Lab, recorder: Recorder, at: bytes, *commands: str, times: int = 1) -> None:
        self.acted = 0

        def act(request: bytes) -> bytes | None:
            if at in request and self.acted < times:
                for command in commands:
                    it.fleet.ask(0, command.format(map=it.file, time=self.acted))
                self.acted += 1
            return None

        recorder.swallow = act


STEPS = {
    "at prepare": b"prepare map",
    "at the first chunk": b"add map @",
    "at the reading": b"show map @",
    "at the commit": b"commit map",
}


@since_2_4
@pytest.mark.parametrize("at", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize(
    ("command", "key"),
    [
        pytest.param("add map {map} /theirs 9", "/theirs", id="add"),
        pytest.param("del map {map} /y", "/y", id="delete"),
    ],
)
def test_an_exclusive_swap_names_what_it_took_away(haproxy: Version, at: bytes, command: str, key: str) -> None:
    with lab(haproxy, BASE) as it, Recorder(it.fleet.sockets[0]) as recorder:
        somebody = Somebody(it, recorder, at, command)
        result = run(MODULE, it.wish([recorder.path], entries={"/x": "1", "/n": "4"}, exclusive=True, atomic="always"))
        assert somebody.acted == 1
        assert not result.get("failed"), result["msg"]
        (warning,) = warned(result)
        assert repr(key) in warning
        assert it.live() == ["/x 1", "/n 4"]


@since_2_4
@pytest.mark.parametrize("at", STEPS.values(), ids=STEPS)
def test_a_value_that_somebody_sets_meanwhile_is_not_believed_gone(haproxy: Version, at: bytes) -> None:
    """Up to 3.0 a ``set map`` reaches prepared versions, too: what was loaded or committed is then not what was wished,
    which is found. Elsewhere the swap takes it away and says so.
    """
    wished = {"/x": "1", "/y": "new"}
    with lab(haproxy, BASE) as it, Recorder(it.fleet.sockets[0]) as recorder:
        Somebody(it, recorder, at, "set map {map} /x theirs")
        result = run(MODULE, it.wish([recorder.path], entries=wished, exclusive=True, atomic="always"))
        if result.get("failed"):
            assert haproxy.number <= (3, 0)
            assert result["error"] in ("NotConverged", "InputError")
            assert "'/x'" in result["msg"]
            assert it.live() == (["/x theirs", "/y new"] if result["changed"] else ["/x theirs", "/y 2", "/z 3"])
        else:
            (warning,) = warned(result)
            assert "'/x'" in warning
            assert it.live() == written(wished)
        it.done(entries=wished, exclusive=True, atomic="always")
        assert it.live() == written(wished)


@since_2_4
@pytest.mark.parametrize("at", STEPS.values(), ids=STEPS)
@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param("add map {map} /theirs 9", {**BASE, "/theirs": "9"}, id="add"),
        pytest.param("del map {map} /y", {"/x": "1", "/z": "3"}, id="delete"),
        pytest.param("set map {map} /y 9", {**BASE, "/y": "9"}, id="set"),
    ],
)
def test_an_additive_swap_keeps_what_somebody_else_did(
    haproxy: Version, at: bytes, command: str, expected: Entries
) -> None:
    """Both are there afterwards; where the commit had taken theirs away, the task plans again, once."""
    with lab(haproxy, BASE) as it, Recorder(it.fleet.sockets[0]) as recorder:
        somebody = Somebody(it, recorder, at, command)
        result = run(MODULE, it.wish([recorder.path], entries={"/ours": "5"}, atomic="always"))
        assert somebody.acted == 1
        assert not result.get("failed"), result["msg"]
        assert sorted(it.live()) == sorted(written({**expected, "/ours": "5"}))
        assert result["changed"]
        assert not it.done(entries={"/ours": "5"}, atomic="always")["changed"]


@since_2_4
def test_being_overtaken_twice_is_a_failure(haproxy: Version) -> None:
    with lab(haproxy, BASE) as it, Recorder(it.fleet.sockets[0]) as recorder:
        somebody = Somebody(it, recorder, b"prepare map", "add map {map} /theirs{time} 9", times=2)
        failure = run(MODULE, it.wish([recorder.path], entries={"/ours": "5"}, atomic="always"))
        assert somebody.acted == 2
        assert failure["failed"]
        assert failure["error"] == "Overtaken"
        assert "'/theirs1'" in failure["msg"]
        assert failure["changed"]
        assert "/ours 5" in it.live()


# Sockets that lie ------------------------------------------------------------------------------------------------------


def swallows(what: bytes, reply: bytes) -> Callable[[bytes], bytes | None]:
    return lambda request: reply if what in request else None


@since_2_4
def test_a_chunk_that_was_not_done_is_found_before_the_commit(haproxy: Version) -> None:
    with lab(haproxy, BASE) as it, Recorder(it.fleet.sockets[0]) as recorder:
        recorder.swallow = swallows(b"add map @", b"\n\n")
        failure = run(MODULE, it.wish([recorder.path], entries={"/n": "4"}, exclusive=True, atomic="always"))
        assert failure["error"] == "InputError"
        assert "entry 1, '/n'" in failure["msg"]
        assert not failure["changed"]
        assert not [line for line in recorder.writes() if "commit" in line]
        assert it.live() == written(BASE)


@since_2_4
def test_a_commit_that_was_not_done_is_found(haproxy: Version) -> None:
    with lab(haproxy, BASE) as it, Recorder(it.fleet.sockets[0]) as recorder:
        shown = it.fleet.ask(0, f"show map {it.file}").encode()
        recorder.swallow = swallows(b"commit map", b"\n" + shown + b"\n")
        failure = run(MODULE, it.wish([recorder.path], entries={"/n": "4"}, exclusive=True, atomic="always"))
        assert failure["error"] == "NotConverged"
        assert "'/n'" in failure["msg"]
        assert it.live() == written(BASE)


@pytest.mark.parametrize("what", [b"add map", b"set map", b"del map"], ids=["add", "set", "delete"])
def test_a_single_command_that_was_not_done_is_found(haproxy: Version, what: bytes) -> None:
    """All of one kind travel in lines of their own here: a lie about one is a lie about its line."""
    wished = {b"add map": {**BASE, "/n": "4"}, b"set map": {**BASE, "/y": "9"}, b"del map": {"/x": "1", "/z": "3"}}[
        what
    ]
    with lab(haproxy, BASE) as it, Recorder(it.fleet.sockets[0]) as recorder:
        recorder.swallow = swallows(what, b"\n\n")
        failure = run(MODULE, it.wish([recorder.path], entries=wished, exclusive=True))
        # What HAProxy may refuse is tried before, where it can be: then the lie is about that.
        assert failure["error"] in (("InputError", "NotConverged") if what == b"add map" else ("NotConverged",))
        assert failure["process"] == recorder.path
        assert it.live() == written(BASE)


def test_a_reading_that_lies_after_the_work_is_not_taken_for_success(haproxy: Version) -> None:
    with lab(haproxy, BASE) as it, Recorder(it.fleet.sockets[0]) as recorder:
        readings: list[bytes] = []

        def lie(request: bytes, reply: bytes) -> bytes:
            if b"show map" not in request or b"commit" in request:
                return reply
            readings.append(reply)
            written_now = recorder.writes()
            return reply.replace(b" 4\n", b" 5\n") if written_now else reply

        recorder.tamper = lie
        failure = run(MODULE, it.wish([recorder.path], entries={"/n": "4"}, exclusive=True, **_always(haproxy)))
        assert failure["failed"]
        assert failure["error"] in ("NotConverged", "InputError", "PartlyApplied")
        assert "'/n" in failure["msg"]
        assert len(readings) >= 2


def _always(version: Version) -> dict[str, str]:
    return {"atomic": "always"} if version in SWAPPING else {}


# All is loaded before anything is committed ----------------------------------------------------------------------------


@since_2_4
def test_nothing_is_committed_before_all_is_loaded_and_read_everywhere(haproxy: Version) -> None:
    events: list[tuple[str, str]] = []
    kinds = (b"commit map", b"show map @", b"add map @", b"prepare map")

    def kind_of(request: bytes) -> str:
        return next((kind.decode() for kind in kinds if kind in request), "")

    def asked(request: bytes) -> None:
        events.append(("asked", kind_of(request)))

    def answered(request: bytes, reply: bytes) -> bytes:
        events.append(("answered", kind_of(request)))
        return reply

    with lab(haproxy, LARGE[0], count=4) as it, Recorders(it.fleet) as recorders:
        for recorder in recorders.all:
            recorder.swallow, recorder.tamper = asked, answered
        wish = it.wish([str(recorders.directory)], entries=LARGE[1], exclusive=True, atomic="always")
        result = run(MODULE, wish)
        assert not result.get("failed"), result["msg"]
        first = events.index(("asked", "commit map"))
        before = Counter(events[:first])
        assert before["answered", "prepare map"] == before["answered", "show map @"] == 4
        assert before["answered", "add map @"] >= 4 * 2
        later = Counter(events[first:])
        assert later["asked", "commit map"] == later["answered", "commit map"] == 4
        assert not {kind for _what, kind in later} - {"commit map", ""}
        assert [it.live(index) == written(LARGE[1]) for index in range(4)] == [True] * 4


@since_2_4
def test_a_process_that_refuses_while_loading_keeps_all_from_committing(haproxy: Version) -> None:
    """The third takes addresses only, and one entry is none, which only HAProxy can tell."""
    workspace = Workspace()
    try:
        file, port = workspace.directory / "nets.map", free_port()
        file.write_bytes(b"10.0.0.1 a\n")
        bodies = [body(file, port, "map_ip" if number == 3 else "map") for number in range(1, 5)]
        with instances(haproxy, 4, lambda number: bodies[number - 1]) as fleet, Recorders(fleet) as recorders:
            entries = {"10.0.0.2": "b", "10.0.0.0/99": "c", "10.0.0.3": "d"}
            arguments = {"map": str(file), "entries": entries, "exclusive": True, "atomic": "always"}
            failure = run(MODULE, {**arguments, "socket": [str(recorders.directory)]})
            assert failure["failed"]
            assert failure["process"] == recorders.sockets[2]
            assert "entry 2, '10.0.0.0/99'" in failure["msg"]
            assert not failure["changed"]
            assert failure["done"] == []
            assert not [line for lines in recorders.writes() for line in lines if "commit" in line]
            assert [len(lines) >= 2 for lines in recorders.writes()] == [True] * 4, "all were loading"
            for index in range(4):
                assert fleet.ask(index, f"show map {file}").split(" ", 1)[1] == "10.0.0.1 a\n\n"
    finally:
        workspace.stop()


# Nothing is longer than HAProxy takes ----------------------------------------------------------------------------------

MANY = 20_000
# Escaped, such a value is nearly twice as long in a line of commands.
VALUE = r"a\b;c d<<e " * 8


@pytest.mark.parametrize("bufsize", [16384, 8192], ids=lambda size: f"bufsize={size}")
@pytest.mark.parametrize("exclusive", [True, False], ids=["exclusive", "additive"])
def test_no_line_is_longer_than_the_buffer_takes(haproxy: Version, bufsize: int, exclusive: bool) -> None:
    entries = {f"/long/{number:05}": f"{VALUE}{number}" for number in range(MANY)}
    with (
        lab(haproxy, {**BASE, "/long/00007": "short"}, lines=f"tune.bufsize {bufsize}") as it,
        Recorder(it.fleet.sockets[0]) as recorder,
    ):
        result = run(MODULE, it.wish([recorder.path], entries=entries, exclusive=exclusive))
        assert not result.get("failed"), result["msg"]
        _all_within(recorder, bufsize)
        assert sorted(it.live()) == sorted(written(entries if exclusive else {**BASE, **entries}))


@pytest.mark.parametrize("bufsize", [16384, 8192], ids=lambda size: f"bufsize={size}")
def test_no_line_of_an_acl_is_longer_than_the_buffer_takes(haproxy: Version, bufsize: int) -> None:
    """An ACL takes no payload: many commands travel in one line. Deleting them is another such line."""
    with ExitStack() as stack:
        workspace = Workspace()
        stack.callback(workspace.stop)
        file = workspace.directory / "paths.acl"
        file.write_bytes(b"/old\n")
        use = f"    bind 127.0.0.1:{free_port()}\n    http-request deny if {{ path -f {file} }}\n"
        fleet = stack.enter_context(one(haproxy, f"frontend f\n{use}", global_lines=f"tune.bufsize {bufsize}"))
        recorder = stack.enter_context(Recorder(fleet.sockets[0]))
        entries = [f"/long/{number:04}/{VALUE}" for number in range(MANY // 10)]
        for arguments in ({"exclusive": True}, {"state": "absent"}):
            wish = {"acl": str(file), "socket": [recorder.path], "entries": entries, **arguments}
            result = run("haproxy_acl", wish)
            assert not result.get("failed"), result["msg"]
            _all_within(recorder, bufsize)
            assert (fleet.ask(0, f"show acl {file}").count("\n") - 1) == (
                len(entries) if "exclusive" in arguments else 0
            )


def _all_within(recorder: Recorder, bufsize: int) -> None:
    """Every request: the lines of one connection, with their payload."""
    longest = max(len(request) for request, _reply in recorder.exchanges)
    # 15,000 bytes are safe on every version with its own buffer; of a smaller one HAProxy keeps back up to 1024.
    assert longest <= min(15_000, bufsize - 1024)
    assert longest > min(15_000, bufsize - 1024) // 4, "a line is filled: otherwise this proves nothing"
