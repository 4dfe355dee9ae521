# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applications that are deployed by a command: what runs as asked is left alone, and some versions do not come up."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.deployable import BROKEN, SILENT, Application, command
from lab.errors import LabError
from lab.http_client import Head, head
from lab.packages import binary
from lab.ports import free_port
from lab.processes import Workspace, is_running
from lab.raw import connect
from lab.versions import Version, newest


@dataclass
class Host:
    """Where an application runs; by the command, as a playbook does."""

    workspace: Workspace
    address: str

    def start(self, version: str, haproxy: Version | None = None, address: str = "") -> str:
        options = [] if haproxy is None else ["--haproxy", binary(haproxy)]
        return self._run("start", *options, self.workspace.directory, "web1", address or self.address, version)

    def stop(self) -> str:
        return self._run("stop", self.workspace.directory, "web1")

    def _run(self, *words: object) -> str:
        done = subprocess.run(command(*map(str, words)), capture_output=True, text=True, timeout=30, check=False)
        self.workspace.adopt()
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @property
    def pids(self) -> list[int]:
        return Application(self.workspace.directory, "web1").pids()

    def get(self, path: str, address: str = "") -> Head:
        with connect(address or self.address) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            reply = b""
            while piece := connection.recv(65536):
                reply += piece
        return head(reply.partition(b"\r\n\r\n")[0])


@pytest.fixture
def host() -> Iterator[Host]:
    workspace = Workspace()
    yield Host(workspace, f"127.0.0.7:{free_port()}")
    workspace.stop()


def said(answer: Head) -> tuple[int, str, str]:
    return answer.status, answer.headers.get("x-server", ""), answer.headers.get("x-version", "")


def test_every_haproxy_can_be_the_application(host: Host, haproxy: Version) -> None:
    assert host.start("v1", haproxy) == "started"
    for path in ("/", "/health", "/slow/10", "/any"):
        assert said(host.get(path)) == (200, "web1", "v1"), path
    assert said(host.get("/slow/soon")) == (404, "web1", "v1")
    with pytest.raises(ConnectionRefusedError):
        host.get("/", host.address.replace("127.0.0.7", "127.0.0.1"))


def test_starting_and_stopping_are_idempotent(host: Host) -> None:
    assert host.stop() == "absent"
    assert host.start("v1") == "started"
    first = host.pids
    assert len(first) == 2
    assert host.start("v1") == "unchanged"
    assert host.pids == first
    assert host.start("v2") == "restarted"
    assert said(host.get("/")) == (200, "web1", "v2")
    assert host.pids[0] != first[0]
    assert host.pids[1] == first[1], "the process for slow pages knows no version"
    assert host.start("v2", address=host.address.replace("127.0.0.7", "127.0.0.8")) == "restarted"
    with pytest.raises(ConnectionRefusedError):
        host.get("/")
    last = host.pids
    assert host.stop() == "stopped"
    assert host.pids == []
    assert not any(map(is_running, [*first, *last]))
    assert host.stop() == "absent"
    assert host.start("v2") == "started"


@pytest.mark.parametrize("victim", [0, 1], ids=["haproxy", "slow pages"])
def test_what_has_died_is_started_again(host: Host, victim: int) -> None:
    host.start("v1")
    os.kill(host.pids[victim], signal.SIGKILL)
    host.start("v1")
    assert len(host.pids) == 2
    assert said(host.get("/slow/10")) == (200, "web1", "v1")


@pytest.mark.parametrize("path", ["/", "/health", "/slow/10"])
def test_a_broken_version_answers_503_to_everything(host: Host, path: str) -> None:
    host.start("v1")
    assert host.start(BROKEN) == "restarted"
    assert said(host.get(path)) == (503, "web1", BROKEN)
    assert host.start(BROKEN) == "unchanged"
    assert host.start("v2") == "restarted"
    assert said(host.get(path)) == (200, "web1", "v2")


def test_a_silent_version_does_not_listen(host: Host) -> None:
    host.start("v1")
    assert host.start(SILENT) == "restarted"
    with pytest.raises(ConnectionRefusedError):
        host.get("/")
    assert host.start(SILENT) == "unchanged"
    assert host.start("v2") == "started"
    assert said(host.get("/")) == (200, "web1", "v2")


def test_a_pid_that_belongs_to_another_now_is_left_alone(host: Host) -> None:
    other = host.workspace.start(["sleep", "60"], host.workspace.directory / "log")
    (host.workspace.directory / "web1.pid").write_text(f"{other.pid}\n", encoding="ascii")
    assert host.stop() == "absent"
    assert is_running(other.pid)


@pytest.mark.parametrize(
    ("name", "address", "version"),
    [("../web1", "127.0.0.1:80", "v1"), ("web1", "127.0.0.1", "v 1"), ("web1", "127.0.0.1:80\n", "v1"), ("", ":", "")],
)
def test_names_that_are_none_are_refused(host: Host, name: str, address: str, version: str) -> None:
    with pytest.raises(LabError, match="this is no name"):
        Application(host.workspace.directory, name).start(address, version, binary(newest()))


def test_an_address_that_is_taken_is_told(host: Host) -> None:
    words: list[str | Path] = ["start", host.workspace.directory, "web1", "192.0.2.1:80", "v1"]
    done = subprocess.run(command(*words), capture_output=True, text=True, timeout=30, check=False)
    host.workspace.adopt()
    assert done.returncode == 1
    assert "web1 does not start:" in done.stderr
    assert "192.0.2.1" in done.stderr
