# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conversations over real UNIX sockets, with other sides of every kind."""

from __future__ import annotations

import errno
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils import _transport
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._address import Address
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import (
    CannotConnect,
    ClosedEarly,
    HAProxyError,
    InputError,
    TimedOut,
    TransportError,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._transport import Conversation, Exchange, converse

from unit.plugins.module_utils.support import SECONDS, deaf, read_to_end, replying, serving

SHORT = 0.15
# How much later than its deadline an exchange may end on a busy machine.
SLACK = 1.0


def _asking(path: str, *requests: bytes) -> Conversation[list[bytes]]:
    """One exchange for each request; returns the replies."""
    replies = []
    for request in requests:
        replies.append((yield Exchange(Address(path, path), request)))
    return replies


def _one(path: str, *requests: bytes, timeout: float = SECONDS) -> list[bytes] | HAProxyError:
    (outcome,) = converse([_asking(path, *(requests or (b"hello\n",)))], timeout)
    return outcome


def _open_sockets() -> set[str]:
    """The sockets that this process has open, where /proc tells."""
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            target = os.readlink(entry)  # noqa: PTH115 a socket's link is no path
        except OSError:
            continue
        if target.startswith("socket:"):
            found.add(target)
    return found


@pytest.fixture(autouse=True)
def _no_socket_is_left_open() -> Iterator[None]:
    before = _open_sockets()
    yield
    assert _open_sockets() <= before


# Those that answer -----------------------------------------------------------------------------------------------


def test_a_reply_is_read_to_the_end_of_the_stream(folder: Path) -> None:
    with serving(folder / "s", replying(b"one\ntwo\n\n")) as path:
        assert _one(path) == [b"one\ntwo\n\n"]


def test_the_other_side_hears_the_request_and_its_end(folder: Path) -> None:
    heard = []

    def hear(connection: socket.socket) -> None:
        heard.append(read_to_end(connection))
        connection.sendall(b"\n")

    with serving(folder / "s", hear) as path:
        assert _one(path, b"show info\n") == [b"\n"]
    assert heard == [b"show info\n"]


def test_a_reply_that_comes_byte_by_byte_is_whole(folder: Path) -> None:
    text = b"\nName: HAProxy\n\n"

    def trickle(connection: socket.socket) -> None:
        read_to_end(connection)
        for number in range(len(text)):
            connection.sendall(text[number : number + 1])

    with serving(folder / "s", trickle) as path:
        assert _one(path) == [text]


def test_a_big_reply_is_whole(folder: Path) -> None:
    text = os.urandom(1 << 20) * 20
    with serving(folder / "s", replying(text)) as path:
        outcome = _one(path)
    assert isinstance(outcome, list)
    assert outcome[0] == text


def test_a_big_request_arrives_whole(folder: Path) -> None:
    request = os.urandom(1 << 20) * 4
    heard = []

    def hear(connection: socket.socket) -> None:
        heard.append(read_to_end(connection))
        connection.sendall(b"\n")

    with serving(folder / "s", hear) as path:
        assert _one(path, request) == [b"\n"]
    assert heard == [request]


def test_a_reply_that_begins_while_we_still_write_is_whole(folder: Path) -> None:
    reply = b"early " * 100_000
    request = b"x" * (4 << 20)
    heard = []

    def speak_first(connection: socket.socket) -> None:
        connection.sendall(reply)  # more than the buffers hold: goes on only if the other side reads
        heard.append(len(read_to_end(connection)))
        connection.sendall(b"late")

    with serving(folder / "s", speak_first) as path:
        assert _one(path, request) == [reply + b"late"]
    assert heard == [len(request)]


def test_a_reply_that_ends_while_we_still_write_is_taken(folder: Path) -> None:
    def interrupt(connection: socket.socket) -> None:
        connection.sendall(b"\n[3]: too much\n\n")
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1 << 20):
            pass

    with serving(folder / "s", interrupt) as path:
        assert _one(path, b"x" * (4 << 20)) == [b"\n[3]: too much\n\n"]


def test_what_is_said_before_a_hang_up_in_the_middle_of_the_request_is_heard(folder: Path) -> None:
    """HAProxy from 3.0 on says that a command is too big, and closes with the rest of it unread."""

    def refuse(connection: socket.socket) -> None:
        connection.recv(1)
        connection.sendall(b"\n[3]: too big\n\n")

    with serving(folder / "s", refuse) as path:
        assert _one(path, b"x" * (4 << 20)) == [b"\n[3]: too big\n\n"]


def test_a_conversation_has_a_connection_for_each_exchange(folder: Path) -> None:
    heard = []

    def echo(connection: socket.socket) -> None:
        heard.append(read_to_end(connection))
        connection.sendall(b"to " + heard[-1])

    with serving(folder / "s", echo) as path:
        assert _one(path, b"a\n", b"b\n", b"c\n") == [b"to a\n", b"to b\n", b"to c\n"]
    assert heard == [b"a\n", b"b\n", b"c\n"]


def test_a_conversation_may_go_to_several_addresses(folder: Path) -> None:
    def asking(first: str, second: str) -> Conversation[bytes]:
        one = yield Exchange(Address("a", first), b"x")
        two = yield Exchange(Address("b", second), b"x")
        return one + two

    with serving(folder / "a", replying(b"1")) as first, serving(folder / "b", replying(b"2")) as second:
        assert converse([asking(first, second)], SECONDS) == [b"12"]


def test_a_conversation_without_an_exchange_has_its_result() -> None:
    def silent() -> Conversation[int]:
        yield from ()
        return 5

    assert converse([silent()], SECONDS) == [5]


def test_nobody_to_talk_to_is_no_result() -> None:
    assert converse([], SECONDS) == []


def test_results_come_in_the_order_of_the_conversations(folder: Path) -> None:
    released = threading.Event()

    def late(connection: socket.socket) -> None:
        read_to_end(connection)
        released.wait(SECONDS)
        connection.sendall(b"late")

    def early(connection: socket.socket) -> None:
        read_to_end(connection)
        connection.sendall(b"early")
        released.set()

    with serving(folder / "a", late) as first, serving(folder / "b", early) as second:
        assert converse([_asking(first, b"x"), _asking(second, b"x")], SECONDS) == [[b"late"], [b"early"]]


def test_300_conversations_at_once(folder: Path) -> None:
    with serving(folder / "s", replying(b"\n\n"), backlog=512, threads=2) as path:
        assert converse([_asking(path, b"x\n", b"y\n") for _number in range(300)], SECONDS) == [[b"\n\n"] * 2] * 300


# Those that do not -----------------------------------------------------------------------------------------------


@contextmanager
def _dead(path: Path) -> Iterator[None]:
    """A socket whose listener is gone."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(1)
    yield


@contextmanager
def _datagram(path: Path) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        yield


@contextmanager
def _file(path: Path) -> Iterator[None]:
    path.write_text("x")
    yield


@contextmanager
def _directory(path: Path) -> Iterator[None]:
    path.mkdir()
    yield


@contextmanager
def _dangling(path: Path) -> Iterator[None]:
    path.symlink_to("nowhere")
    yield


@contextmanager
def _nothing(_path: Path) -> Iterator[None]:
    yield


@pytest.mark.parametrize(
    ("made", "number", "hint"),
    [
        pytest.param(_nothing, errno.ENOENT, "is HAProxy running", id="nothing there"),
        pytest.param(_dangling, errno.ENOENT, "is HAProxy running", id="dangling link"),
        pytest.param(_dead, errno.ECONNREFUSED, "nothing listens there", id="nobody listens"),
        pytest.param(_file, errno.ECONNREFUSED, "; it is not a socket", id="a file"),
        pytest.param(_directory, errno.ECONNREFUSED, "; it is not a socket", id="a directory"),
        pytest.param(_datagram, errno.EPROTOTYPE, "a socket of another kind", id="datagrams"),
    ],
)
def test_what_takes_no_connection_is_said_with_path_and_cause(
    folder: Path, made: object, number: int, hint: str
) -> None:
    path = folder / "s"
    assert callable(made)
    with made(path):
        outcome = _one(str(path))
    assert isinstance(outcome, CannotConnect)
    assert outcome.errno == number
    assert str(path) in outcome.message
    assert os.strerror(number) in outcome.message
    assert hint in outcome.message
    assert "\n" not in outcome.message


@pytest.mark.parametrize(
    ("call", "number", "hint"),
    [
        pytest.param("connect", errno.EACCES, "change its user, group or mode", id="no permission"),
        pytest.param("connect", errno.EPERM, "", id="forbidden"),
        pytest.param("__init__", errno.EMFILE, "", id="too many files are open"),
    ],
)
def test_what_the_system_refuses_is_an_error_of_the_tree(
    monkeypatch: pytest.MonkeyPatch, call: str, number: int, hint: str
) -> None:
    def refuse(*_arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("socket.socket", type("Refusing", (socket.socket,), {call: refuse}))
    outcome = _one("/run/haproxy/admin.sock")
    assert isinstance(outcome, CannotConnect)
    assert outcome.errno == number
    assert outcome.message.startswith(f"cannot connect to /run/haproxy/admin.sock: {os.strerror(number)}")
    assert hint in outcome.message


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("x" * 200, id="longer than a socket's path may be"),
        pytest.param("a\0b", id="NUL"),
        pytest.param("\ud800", id="no bytes for it"),
    ],
)
def test_a_path_that_no_socket_has_is_an_error_of_the_tree(folder: Path, name: str) -> None:
    outcome = _one(f"{folder}/{name}")
    assert isinstance(outcome, CannotConnect)
    assert str(folder) in outcome.message


def test_the_address_is_called_as_the_user_wrote_it() -> None:
    def asking() -> Conversation[bytes]:
        return (yield Exchange(Address("~/sock", "/nonexistent/sock"), b"x"))

    (outcome,) = converse([asking()], SECONDS)
    assert isinstance(outcome, CannotConnect)
    assert "cannot connect to ~/sock: " in outcome.message


def test_a_reply_of_nothing_is_the_conversations_to_judge(folder: Path) -> None:
    with serving(folder / "s", replying(b"")) as path:
        assert _one(path) == [b""]


def test_a_reply_that_is_cut_short_is_the_conversations_to_judge(folder: Path) -> None:
    with serving(folder / "s", replying(b"\nName: HAPr")) as path:
        assert _one(path) == [b"\nName: HAPr"]


def test_a_reset_connection_is_closed_early(folder: Path) -> None:
    def reset(connection: socket.socket) -> None:
        connection.recv(1)  # the rest stays unread, so that closing resets the connection

    with serving(folder / "s", reset) as path:
        outcome = _one(path, b"show info\n")
    assert isinstance(outcome, ClosedEarly)
    assert f"{path} broke the connection off" in outcome.message


def test_a_reply_over_all_bounds_is_cut_off(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_transport, "MAX_REPLY", 1_000_000)
    with serving(folder / "s", replying(b"x" * 4_000_000)) as path:
        outcome = _one(path)
    assert isinstance(outcome, ClosedEarly)
    assert "more than 1000000 bytes" in outcome.message


# Those that hang -------------------------------------------------------------------------------------------------


def test_eight_hung_ones_cost_one_timeout(folder: Path) -> None:
    with deaf([folder / str(number) for number in range(8)]) as paths:
        began = time.monotonic()
        outcomes = converse([_asking(path, b"x") for path in paths], SHORT)
        seconds = time.monotonic() - began
    assert SHORT <= seconds < min(SHORT + SLACK, 8 * SHORT)
    for path, outcome in ((path, outcomes[place]) for place, path in enumerate(paths)):
        assert isinstance(outcome, TimedOut)
        assert outcome.message == f"{path} did not answer to the end within {SHORT:g} s"


def test_those_that_answer_are_not_held_up_in_their_result_by_one_that_hangs(folder: Path) -> None:
    with deaf([folder / "h"]) as (hung,), serving(folder / "s", replying(b"\n")) as path:
        first, second = converse([_asking(hung, b"x"), _asking(path, b"x", b"y")], SHORT)
    assert isinstance(first, TimedOut)
    assert second == [b"\n", b"\n"]


def test_a_slow_one_does_not_gain_time_by_saying_something_now_and_then(folder: Path) -> None:
    ended = threading.Event()

    def drip(connection: socket.socket) -> None:
        while not ended.wait(0.01):
            connection.sendall(b".")

    with serving(folder / "s", drip) as path:
        began = time.monotonic()
        outcome = _one(path, timeout=SHORT)
        seconds = time.monotonic() - began
        ended.set()
    assert isinstance(outcome, TimedOut)
    assert SHORT <= seconds < SHORT + SLACK
    assert set(outcome.partial) == {ord(".")}


def test_one_that_does_not_read_costs_one_timeout(folder: Path) -> None:
    with deaf([folder / "s"]) as (path,):
        began = time.monotonic()
        outcome = _one(path, b"x" * (4 << 20), timeout=SHORT)
        seconds = time.monotonic() - began
    assert isinstance(outcome, TimedOut)
    assert SHORT <= seconds < SHORT + SLACK


def test_each_exchange_has_a_timeout_of_its_own(folder: Path) -> None:
    ended = threading.Event()

    def answer(connection: socket.socket) -> None:
        read_to_end(connection)
        ended.wait(0.6 * SHORT * 2)
        connection.sendall(b"\n")

    with serving(folder / "s", answer) as path:
        outcome = _one(path, b"a", b"b", timeout=2 * SHORT)
    assert outcome == [b"\n", b"\n"]


@contextmanager
def _full(path: Path) -> Iterator[tuple[socket.socket, int]]:
    """A listener whose backlog is full, and how many connections it takes to fill it."""
    with socket.socket(socket.AF_UNIX) as listener, ExitStack() as clients:
        listener.bind(str(path))
        listener.listen(0)
        count = 0
        while count < 1000:
            client = clients.enter_context(socket.socket(socket.AF_UNIX))
            client.setblocking(False)
            try:
                client.connect(str(path))
            except BlockingIOError:
                break
            count += 1
        yield listener, count


def test_a_dead_socket_is_dead_however_late_that_is_noticed(folder: Path) -> None:
    """On a busy machine the deadline passes between two tries; what the last one said is still what is wrong."""

    def asking() -> Conversation[bytes]:
        return (yield Exchange(Address("s", str(folder / "s")), b"x\n", grace=SECONDS))

    def busy(path: str) -> Conversation[bytes]:
        reply = yield Exchange(Address(path, path), b"x\n")
        time.sleep(2 * SHORT)
        return reply

    with _dead(folder / "s"), serving(folder / "other", replying(b"\n")) as other:
        outcome, _reply = converse([asking(), busy(other)], SHORT)
    assert isinstance(outcome, CannotConnect)
    assert outcome.errno == errno.ECONNREFUSED


def test_a_full_backlog_is_waited_for_up_to_the_deadline(folder: Path) -> None:
    with _full(folder / "s"):
        began = time.monotonic()
        outcome = _one(str(folder / "s"), timeout=SHORT)
        seconds = time.monotonic() - began
    assert isinstance(outcome, TimedOut)
    assert "did not accept a connection within" in outcome.message
    assert SHORT <= seconds < SHORT + SLACK


def test_a_backlog_that_empties_is_no_failure(folder: Path) -> None:
    with _full(folder / "s") as (listener, count), serving(folder / "other", replying(b"\n")) as other:
        listener.settimeout(SECONDS)

        def answer() -> None:
            connection, _peer = listener.accept()
            with connection:
                read_to_end(connection)
                connection.sendall(b"at last")

        thread = threading.Thread(target=answer)

        def emptying() -> Conversation[None]:
            yield Exchange(Address(other, other), b"x")  # meanwhile the first conversation meets the full backlog
            for _number in range(count):
                listener.accept()[0].close()
            thread.start()

        outcomes: list[object] = list(converse([_asking(str(folder / "s"), b"x")], 0.0))
        assert isinstance(outcomes[0], TimedOut)
        conversations: list[Conversation[object]] = [_asking(str(folder / "s"), b"x"), emptying()]
        assert converse(conversations, SECONDS) == [[b"at last"], None]
        thread.join(SECONDS)


def test_a_listener_that_appears_for_the_next_exchange_is_reached(folder: Path) -> None:
    """An error that a conversation answers is not its end: it may ask again."""

    def asking(path: str) -> Conversation[tuple[str, bytes]]:
        try:
            yield Exchange(Address(path, path + ".old"), b"x")
        except CannotConnect as error:
            return type(error).__name__, (yield Exchange(Address(path, path), b"x"))
        raise AssertionError

    with serving(folder / "s", replying(b"new")) as path:
        assert converse([asking(path)], SECONDS) == [("CannotConnect", b"new")]


@pytest.mark.parametrize("kind", ["refused", "hung", "reset"])
def test_an_error_is_thrown_into_the_conversation_which_may_answer_it(folder: Path, kind: str) -> None:
    def asking(path: str) -> Conversation[str]:
        try:
            yield Exchange(Address(path, path), b"xy")
        except TransportError as error:
            return type(error).__name__
        raise AssertionError

    def reset(connection: socket.socket) -> None:
        connection.recv(1)

    if kind == "refused":
        assert converse([asking(str(folder / "s"))], SECONDS) == ["CannotConnect"]
    elif kind == "hung":
        with deaf([folder / "s"]) as (path,):
            assert converse([asking(path)], SHORT) == ["TimedOut"]
    else:
        with serving(folder / "s", reset) as path:
            assert converse([asking(path)], SECONDS) == ["ClosedEarly"]


def test_an_error_that_the_conversation_raises_is_its_outcome(folder: Path) -> None:
    def asking(path: str) -> Conversation[None]:
        yield Exchange(Address(path, path), b"x")
        raise InputError("no")

    def asked_nothing() -> Conversation[None]:
        yield from ()
        raise InputError("never")

    with serving(folder / "s", replying(b"\n")) as path:
        outcomes = converse([asking(path), asked_nothing()], SECONDS)
    assert [str(outcome) for outcome in outcomes] == ["no", "never"]


def test_a_fault_in_one_conversation_leaves_no_connection_open(folder: Path) -> None:
    """The fixture looks for what is left."""

    def asking(path: str) -> Conversation[None]:
        yield Exchange(Address(path, path), b"x")
        raise ZeroDivisionError

    with deaf([folder / "h"]) as (hung,), serving(folder / "s", replying(b"\n")) as path:
        hanging = _asking(hung, b"x")
        with pytest.raises(ZeroDivisionError):
            converse([hanging, asking(path)], SECONDS)


def test_nothing_is_left_busy_while_waiting(folder: Path) -> None:
    """Waiting for a hung process must not burn the processor of a load balancer."""
    with deaf([folder / "s"]) as (path,):
        began = time.process_time()
        _one(path, timeout=2 * SHORT)
        assert time.process_time() - began < SHORT


# TCP -------------------------------------------------------------------------------------------------------------


@contextmanager
def _tcp(reply: bytes, family: socket.AddressFamily = socket.AF_INET, host: str = "127.0.0.1") -> Iterator[int]:
    """The port of a listener that answers one connection."""
    with socket.socket(family) as listener:
        listener.bind((host, 0))
        listener.listen(8)
        listener.settimeout(SECONDS)

        def answer() -> None:
            connection, _peer = listener.accept()
            with connection:
                read_to_end(connection)
                connection.sendall(reply)

        thread = threading.Thread(target=answer)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(SECONDS)


def _to(address: Address, **options: float) -> Conversation[bytes]:
    return (yield Exchange(address, b"show info\n", **options))  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_tcp(host: str) -> None:
    with _tcp(b"\nhere\n\n") as port:
        address = Address("t", host=_first(port) if host == "localhost" else host, port=port)
        assert converse([_to(address)], SECONDS) == [b"\nhere\n\n"]


def _first(port: int) -> str:
    """A name, where this machine gives it the address that the listener has."""
    found = socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM)[0][4][0]
    return "localhost" if found == "127.0.0.1" else "127.0.0.1"


def test_tcp_over_ipv6() -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")
    with _tcp(b"\n6\n\n", socket.AF_INET6, "::1") as port:
        assert converse([_to(Address("t", host="::1", port=port))], SECONDS) == [b"\n6\n\n"]


def test_tcp_where_nobody_listens_is_said_with_the_address() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        (outcome,) = converse([_to(Address(f"127.0.0.1:{port}", host="127.0.0.1", port=port))], SECONDS)
    assert isinstance(outcome, CannotConnect)
    assert outcome.errno == errno.ECONNREFUSED
    assert outcome.message.startswith(f"cannot connect to 127.0.0.1:{port}: Connection refused")


def test_a_host_with_several_addresses_is_reached_where_somebody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name for IPv6 and IPv4, and HAProxy listens on one."""

    def several(_host: str, port: int, **_options: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{last}", port)) for last in (3, 1, 2)]

    monkeypatch.setattr("socket.getaddrinfo", several)
    with _tcp(b"\nhere\n\n") as port:
        assert converse([_to(Address("t", host="several.invalid", port=port))], SECONDS) == [b"\nhere\n\n"]
    (outcome,) = converse([_to(Address("t", host="several.invalid", port=port))], SECONDS)
    assert isinstance(outcome, CannotConnect)
    assert outcome.errno == errno.ECONNREFUSED


def test_a_host_that_nobody_knows_is_an_error_of_the_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_arguments: object, **_options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    (outcome,) = converse([_to(Address("gone.invalid:1", host="gone.invalid", port=1))], SECONDS)
    assert isinstance(outcome, CannotConnect)
    assert outcome.message.startswith("cannot connect to gone.invalid:1: ")


def test_a_name_that_is_looked_up_for_ever_costs_one_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = threading.Event()

    def silent(*_arguments: object, **_options: object) -> None:
        asked.wait(SECONDS)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr("socket.getaddrinfo", silent)
    began = time.monotonic()
    (outcome,) = converse([_to(Address("slow.invalid:1", host="slow.invalid", port=2))], SHORT)
    assert time.monotonic() - began < SHORT + SLACK
    asked.set()
    assert isinstance(outcome, CannotConnect)
    assert "the name slow.invalid was not resolved within" in outcome.message


# Patience of one exchange ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["missing", "refusing"])
def test_within_its_grace_a_connection_is_tried_again(folder: Path, kind: str) -> None:
    """A master that re-executes itself refuses for a moment."""
    path = folder / "s"
    if kind == "refusing":
        with _dead(path):
            pass

    def appear() -> None:
        time.sleep(SHORT)
        path.unlink(missing_ok=True)
        listener.bind(str(path))
        listener.listen(8)
        connection, _peer = listener.accept()
        with connection:
            read_to_end(connection)
            connection.sendall(b"\nback\n\n")

    with socket.socket(socket.AF_UNIX) as listener:
        listener.settimeout(SECONDS)
        thread = threading.Thread(target=appear)
        thread.start()
        outcome = converse([_to(Address("s", path=str(path)), grace=SECONDS)], SECONDS)
        thread.join(SECONDS)
    assert outcome == [b"\nback\n\n"]


def test_tcp_is_tried_again_within_its_grace() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(SECONDS)

        def appear() -> None:
            time.sleep(SHORT)
            listener.listen(8)
            connection, _peer = listener.accept()
            with connection:
                read_to_end(connection)
                connection.sendall(b"\nback\n\n")

        thread = threading.Thread(target=appear)
        thread.start()
        address = Address("t", host="127.0.0.1", port=listener.getsockname()[1])
        outcome = converse([_to(address, grace=SECONDS)], SECONDS)
        thread.join(SECONDS)
    assert outcome == [b"\nback\n\n"]


def test_after_its_grace_the_refusal_is_the_answer(folder: Path) -> None:
    began = time.monotonic()
    (outcome,) = converse([_to(Address("s", path=str(folder / "s")), grace=SHORT)], SECONDS)
    seconds = time.monotonic() - began
    assert isinstance(outcome, CannotConnect)
    assert outcome.errno == errno.ENOENT
    assert SHORT / 2 <= seconds < SHORT + SLACK


def test_a_grace_longer_than_the_timeout_ends_with_it(folder: Path) -> None:
    began = time.monotonic()
    (outcome,) = converse([_to(Address("s", path=str(folder / "s")), grace=SECONDS)], SHORT)
    assert isinstance(outcome, (CannotConnect, TimedOut))
    assert time.monotonic() - began < SHORT + SLACK


def test_what_no_reload_explains_gets_no_grace(folder: Path) -> None:
    with _datagram(folder / "s"):
        began = time.monotonic()
        (outcome,) = converse([_to(Address("s", path=str(folder / "s")), grace=SECONDS)], SECONDS)
        assert time.monotonic() - began < SLACK
    assert isinstance(outcome, CannotConnect)
    assert outcome.errno == errno.EPROTOTYPE


def test_without_grace_a_refusal_is_the_answer_at_once(folder: Path) -> None:
    began = time.monotonic()
    (outcome,) = converse([_to(Address("s", path=str(folder / "s")))], SECONDS)
    assert isinstance(outcome, CannotConnect)
    assert time.monotonic() - began < SLACK


def test_an_exchange_may_have_less_time_than_the_task_allows(folder: Path) -> None:
    with deaf([folder / "s"]) as (path,):
        began = time.monotonic()
        (outcome,) = converse([_to(Address(path, path=path), limit=SHORT)], SECONDS)
        seconds = time.monotonic() - began
    assert isinstance(outcome, TimedOut)
    assert outcome.message == f"{path} did not answer to the end within {SHORT:g} s"
    assert SHORT <= seconds < SHORT + SLACK


def test_an_exchange_never_has_more_time_than_the_task_allows(folder: Path) -> None:
    with deaf([folder / "s"]) as (path,):
        (outcome,) = converse([_to(Address(path, path=path), limit=SECONDS)], SHORT)
    assert isinstance(outcome, TimedOut)


def test_an_exchange_that_is_delayed_begins_later_and_has_its_whole_time(folder: Path) -> None:
    with serving(folder / "s", replying(b"\n\n")) as path:
        began = time.monotonic()
        outcome = converse([_to(Address(path, path=path), delay=2 * SHORT)], SHORT)
        seconds = time.monotonic() - began
    assert outcome == [b"\n\n"]
    assert 2 * SHORT <= seconds < 2 * SHORT + SLACK


def test_what_was_said_before_a_reset_is_the_conversations_to_judge(folder: Path) -> None:
    """A worker that ends resets the connection behind its last words."""

    def speak_and_reset(connection: socket.socket) -> None:
        connection.recv(1)  # the rest stays unread, so that closing resets the connection
        connection.sendall(b"\nall of it\n\n")

    with serving(folder / "s", speak_and_reset) as path:
        assert _one(path, b"show info\n") == [b"\nall of it\n\n"]


def test_an_interruption_from_outside_leaves_no_connection_open(folder: Path) -> None:
    """The fixture looks for what is left."""

    def asking(path: str) -> Conversation[None]:
        yield Exchange(Address(path, path), b"x")
        raise KeyboardInterrupt

    with deaf([folder / "a", folder / "b"]) as paths, serving(folder / "s", replying(b"\n")) as path:
        hanging = [_to(Address(one, path=one)) for one in paths]
        with pytest.raises(KeyboardInterrupt):
            converse([*hanging, asking(path)], SECONDS)
