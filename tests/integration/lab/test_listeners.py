# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorder and the false sockets."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from lab import fakes
from lab.apps import Apps
from lab.commands import is_complete, is_write, split_commands
from lab.config import servers_body
from lab.errors import LabError
from lab.fleet import instances, one
from lab.raw import ask, connect
from lab.recorder import Recorder, Recorders
from lab.versions import Version


@pytest.mark.parametrize(
    ("request_", "commands"),
    [
        pytest.param(b"show info\n", ["show info"], id="one"),
        pytest.param(b"set severity-output number;get weight b/s\n", ["get weight b/s"], id="severity-dropped"),
        pytest.param(b"a b; c;;d\n", ["a b", "c", "d"], id="several"),
        pytest.param(rb"add map m k a\;b" + b"\n", [r"add map m k a\;b"], id="escaped-semicolon"),
        pytest.param(rb"add map m k a\\;b" + b"\n", [r"add map m k a\\", "b"], id="escaped-backslash"),
        pytest.param(b"show x;add map #0 <<\nk v;w\nl x\n\n", ["show x", "add map #0 <<\nk v;w\nl x"], id="payload"),
        pytest.param(b"add map #0 <<E\nk v\n\nl x\nE\nshow y\n", ["add map #0 <<E\nk v\n\nl x", "show y"], id="mark"),
        pytest.param(rb"add map m k \<<x" + b"\n", [r"add map m k \<<x"], id="escaped-mark"),
        pytest.param(b"prompt\nshow info\nquit\n", ["prompt", "show info", "quit"], id="lines"),
        pytest.param(b"\n", [], id="empty"),
        pytest.param(b"get map m \xff\n", ["get map m \udcff"], id="bytes"),
        pytest.param(b"trailing\\", ["trailing\\"], id="trailing-backslash"),
    ],
)
def test_split_commands(request_: bytes, commands: list[str]) -> None:
    assert split_commands(request_) == commands


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("show info", False), ("get weight b/s", False), ("help", False), ("prompt i", False), ("quit", False),
        ("set severity-output number", False), ("set timeout cli 60", False), ("@1 show info", False), ("@1", False),
        ("set weight b/s 1", True), ("@1 set weight b/s 1", True), ("add map #0 <<\nshow x", True),
        ("clear counters", True), ("disable frontend f", True), ("shutdown session 0x1", True),
    ],
)  # fmt: skip
def test_is_write(command: str, expected: bool) -> None:
    assert is_write(command) is expected


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (b"a\n", True),
        (b"a", False),
        (b"a <<\nb\n", False),
        (b"a <<\nb\n\n", True),
        (b"a <<E\n\n", False),
        (b"\n", True),
    ],
)
def test_is_complete(request_: bytes, expected: bool) -> None:
    assert is_complete(request_) is expected


def test_recorder_forwards_and_records(haproxy: Version, apps: Apps) -> None:
    with one(haproxy, servers_body(apps.ports)) as fleet, Recorder(fleet.sockets[0]) as recorder:
        reply = ask(recorder.path, "get weight www/web1")
        assert reply == ask(fleet.sockets[0], "get weight www/web1")
        ask(recorder.path, "set severity-output number;set weight www/web1 33", half_close=True)
        assert recorder.exchanges[0] == (b"get weight www/web1\n", reply)
        assert recorder.commands() == ["get weight www/web1", "set weight www/web1 33"]
        assert recorder.writes() == ["set weight www/web1 33"]
        assert fleet.ask(0, "get weight www/web1").startswith("33 ")
        recorder.clear()
        assert recorder.exchanges == []


def test_recorder_carries_64_connections_at_once(haproxy: Version, apps: Apps) -> None:
    many = one(haproxy, servers_body(apps.ports), global_lines="stats maxconn 100")
    with many as fleet, Recorder(fleet.sockets[0]) as recorder, ThreadPoolExecutor(64) as pool:
        replies = list(pool.map(lambda _each: ask(recorder.path, "show servers state"), range(256)))
        assert all(b"a.b:c-d_e" in reply for reply in replies)
        assert len(recorder.exchanges) == 256


def test_recorder_carries_a_prompt(haproxy: Version, apps: Apps) -> None:
    with one(haproxy, servers_body(apps.ports)) as fleet, Recorder(fleet.sockets[0]) as recorder:
        with connect(recorder.path) as client:
            for command in (b"prompt\n", b"get weight www/web1\n", b"get weight www/web2\n"):
                client.sendall(command)
                reply = b""
                while not reply.endswith(b"\n> "):
                    reply += client.recv(4096)
            assert reply.startswith(b"100 ")
        assert recorder.commands() == ["prompt", "get weight www/web1", "get weight www/web2"]


def test_recorder_lies(haproxy: Version, apps: Apps) -> None:
    def accepts_all(request: bytes) -> bytes | None:
        return b"\n" if any(map(is_write, split_commands(request))) else None

    with one(haproxy, servers_body(apps.ports)) as fleet:
        with Recorder(fleet.sockets[0], swallow=accepts_all) as recorder:
            assert ask(recorder.path, "set weight www/web1 33") == b"\n"
            assert ask(recorder.path, "get weight www/web1").startswith(b"10 ")
            assert recorder.writes() == ["set weight www/web1 33"]
        with Recorder(fleet.sockets[0], tamper=lambda _request, reply: reply[:3]) as recorder:
            assert ask(recorder.path, "get weight www/web1") == b"10 "
            recorder.tamper = None
            assert ask(recorder.path, "get weight www/web1").endswith(b"\n\n")


def test_recorders_stand_for_a_directory(haproxy: Version, apps: Apps) -> None:
    with instances(haproxy, 3, servers_body(apps.ports)) as fleet, Recorders(fleet) as recorders:
        assert sorted(os.listdir(recorders.directory)) == ["p1.sock", "p2.sock", "p3.sock"]  # noqa: PTH208
        ask(recorders.sockets[1], "set weight www/web1 20")
        assert recorders.writes() == [[], ["set weight www/web1 20"], []]
        assert [reply.split()[0] for reply in fleet.ask_all("get weight www/web1")] == ["10", "20", "10"]
    assert not recorders.directory.exists()


def test_recorder_of_nothing_closes_and_says_where_it_cannot_listen(tmp_path: Path) -> None:
    # Closed before the request was read: an error rather than an empty reply.
    with Recorder("/nonexistent.sock") as recorder, contextlib.suppress(ConnectionError):
        assert ask(recorder.path, "show info") == b""
    with pytest.raises(LabError, match="cannot listen"):
        Recorder("/nonexistent.sock", str(tmp_path / "no" / "folder.sock"))


def test_sockets_that_refuse() -> None:
    with fakes.dead_socket() as path, pytest.raises(ConnectionRefusedError):
        ask(path, "show info")
    with fakes.regular_file() as path, pytest.raises(ConnectionRefusedError):
        ask(path, "show info")
    assert not Path(path).exists()


def test_listeners_that_hang() -> None:
    for fake in (fakes.hung_listener(), fakes.drips(b"x" * 1000, 0.05), fakes.endless()):
        with fake as path, pytest.raises(TimeoutError):
            ask(path, "show info", 0.3)


@pytest.mark.parametrize(
    ("fake", "reply"),
    [
        (fakes.foreign_daemon, b"220 hello\r\n500 what?\r\n"),
        (fakes.web_server, b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
        (lambda: fakes.answers(b"Name: HAPr"), b"Name: HAPr"),
    ],
)
def test_listeners_that_answer(fake: Callable[[], AbstractContextManager[str]], reply: bytes) -> None:
    with fake() as path:
        assert ask(path, "show info") == reply


def test_listener_that_closes_at_once(tmp_path: Path) -> None:
    chosen = str(tmp_path / "closes.sock")
    with fakes.closes_at_once(chosen) as path, socket.socket(socket.AF_UNIX) as client:
        assert path == chosen
        client.settimeout(5)
        client.connect(path)
        assert client.recv(1) == b""
