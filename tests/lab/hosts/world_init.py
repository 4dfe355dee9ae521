# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first process of the world: makes its network and its hosts, then reaps what is left to it, until it is killed.

``python -I -S world_init.py SPEC.json``; imports nothing of the lab. What it made goes with it: its death is that of
its process namespace, and with the last process go networks and mounts. Writes the pids of the hosts, as this
namespace counts them, to the file that the specification names, or what went wrong to standard error.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, Any


def main(spec: dict[str, Any]) -> None:
    """Make all, tell, and reap."""
    _run("mount", "-t", "proc", "proc", "/proc")
    if Path("/etc/hosts").exists():
        _run("mount", "--bind", spec["hosts_file"], "/etc/hosts")
    hosts = {name: _begun(name, spec["init"], host) for name, host in spec["hosts"].items()}
    for name, process in hosts.items():
        _expect(name, process, "here")
    _run("ip", "-batch", "-", text="\n".join(_network(spec, {name: each.pid for name, each in hosts.items()})) + "\n")
    for process in hosts.values():
        _pipe(process.stdin).write(b"\n")
        _pipe(process.stdin).close()
    for name, process in hosts.items():
        _expect(name, process, "ready")
    made = Path(spec["made"])
    unfinished = made.with_suffix(".new")
    unfinished.write_text(json.dumps({name: process.pid for name, process in hosts.items()}), encoding="utf-8")
    unfinished.rename(made)
    while True:
        # Every host has an unshare here, so that there is always somebody to wait for, until the last host is gone.
        try:
            os.wait()
        except ChildProcessError:
            _wait_for_orphans()


def _begun(name: str, init: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """A host whose namespaces are made and which waits for its network."""
    return subprocess.Popen(
        ["unshare", "--net", "--mount", "--uts", "--pid", "--fork", "--kill-child", "sh", init, name],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/", env={**os.environ, **environment},
    )  # fmt: skip


def _network(spec: dict[str, Any], pids: dict[str, int]) -> list[str]:
    """What ``ip`` is told: a bridge with the world's own address, and a pair of interfaces for each host."""
    lines = ["link set lo up", "link add name lab0 type bridge", f"addr add {spec['address']} dev lab0"]
    lines.append("link set lab0 up")
    for number, (_name, pid) in enumerate(pids.items(), 1):
        lines.append(f"link add name host{number} type veth peer name eth0 netns {pid}")
        lines.append(f"link set host{number} master lab0 up")
    return lines


def _expect(name: str, process: subprocess.Popen[bytes], word: str) -> None:
    """Read one line from a host; what it says instead of the word is the reason for which all ends."""
    said = _pipe(process.stdout).readline().decode("utf-8", "replace").strip()
    if said != word:
        sys.exit(f"host {name} did not say {word} but {said or 'nothing'}")


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


def _run(*command: str, text: str = "") -> None:
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command[:2])}: {(done.stderr or done.stdout).strip()}")


def _wait_for_orphans() -> None:
    """Processes from outside may still be started here; the kernel hands them over when their parents end."""
    signal.sigtimedwait({signal.SIGCHLD}, 1.0)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
