# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guide that is followed word by word: its files are written, its commands run, and what they print is captured."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from lab.packages import binary
from lab.ports import free_ports
from lab.processes import Workspace
from lab.versions import Version
from suite.paths import CACHE

from .blocks import aged

# What brings Ansible and the collection, which the tests have already.
INSTALLS = ("mkdir ", "python3 -m venv ", "pip install ", "ansible-galaxy collection install ")
# Ports that a guide names → free ones, found anew for each walk.
_PORT = re.compile(r"\b80[89]\d\b")
_STEP = re.compile(
    r"""
    ^\.\.[ ](?:captured:[ ](?P<capture>.+)\n
      |code-block::[ ](?P<language>\S+)\n(?:[ ]+:caption:[ ](?P<file>.+)\n)?\n(?P<text>(?:[ ]{4}.*\n|\n(?=[ ]{4}))+))
    """,
    re.MULTILINE | re.VERBOSE,
)
_FIRST = re.compile(r", first (\d+) lines$")
SECONDS = 120


class File(NamedTuple):
    """A block with a caption: what stands in the file of that name."""

    name: str
    text: str


class Commands(NamedTuple):
    """A block of the language console: lines that begin with ``$``."""

    lines: Sequence[str]


class Shown(NamedTuple):
    """A capture: what the last command printed."""

    name: str


class CommandFailedError(Exception):
    """A command of the guide ended badly, and nothing below it shows that it should."""


def steps(guide: str) -> Iterator[File | Commands | Shown]:
    """What a reader of the guide does, in order."""
    for found in _STEP.finditer(guide):
        text = textwrap.dedent(found["text"] or "")
        if found["capture"]:
            yield Shown(found["capture"])
        elif found["file"]:
            yield File(found["file"], text)
        elif found["language"] == "console":
            yield Commands([line.removeprefix("$ ") for line in text.splitlines() if line.startswith("$ ")])


def walk(guide: str, haproxy: Version, *, fails: Sequence[str] = ()) -> dict[str, str]:
    """Follow a guide in an empty directory; returns what its captures show.

    :param fails: captures of commands that are to fail. Raises CommandFailedError.
    """
    workspace = Workspace()
    place = workspace.directory / "first-steps"
    place.mkdir()
    try:
        return _followed(list(steps(guide)), place, _environment(place, haproxy), _ports(guide), fails)
    finally:
        with suppress(OSError, ValueError):  # the guide's own end of it was not reached
            os.kill(int((place / "haproxy.pid").read_text()), signal.SIGKILL)
        workspace.stop()


def _ports(guide: str) -> dict[str, str]:
    named = sorted(set(_PORT.findall(guide)))
    return dict(zip(named, map(str, free_ports(len(named))), strict=True))


def _followed(
    todo: Sequence[File | Commands | Shown],
    place: Path,
    environment: Mapping[str, str],
    ports: Mapping[str, str],
    fails: Sequence[str],
) -> dict[str, str]:
    shown: dict[str, str] = {}
    output = ""
    for number, step in enumerate(todo):
        if isinstance(step, File):
            (place / step.name).write_text(_exchanged(step.text, ports))
        elif isinstance(step, Shown):
            shown[step.name] = _cut(step.name, as_a_reader_sees(output, place, ports))
        else:
            following = todo[number + 1] if number + 1 < len(todo) else None
            may_fail = isinstance(following, Shown) and following.name in fails
            for line in step.lines:
                if not line.startswith(INSTALLS):
                    output = _ran(_exchanged(line, ports), place, environment, may_fail=may_fail)
    return shown


def _exchanged(text: str, words: Mapping[str, str]) -> str:
    for word, instead in words.items():
        text = text.replace(word, instead)
    return text


def _environment(place: Path, haproxy: Version) -> dict[str, str]:
    """Where ``haproxy``, ``ansible`` and the collection are; a terminal of 80 columns."""
    tools = place.parent / "bin"
    tools.mkdir()
    starter = tools / "haproxy"
    starter.write_text(f'#!/bin/sh\nexec "{binary(haproxy)}" "$@"\n')
    starter.chmod(0o755)
    path = os.pathsep.join([str(tools), str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, **terminal(place.parent / "ansible"), "PATH": path, "HAPROXY_SOCKET": ""}


def terminal(home: Path) -> dict[str, str]:
    """What makes Ansible print the same everywhere: the collection, 80 columns, a directory of its own.

    It evaluates its settings as Python would, and a path with a part like ``0or1`` makes Python warn.
    """
    said = {"ANSIBLE_NOCOLOR": "1", "COLUMNS": "80", "PYTHONWARNINGS": "ignore::SyntaxWarning"}
    return {**said, "ANSIBLE_COLLECTIONS_PATH": str(CACHE), "ANSIBLE_HOME": str(home)}


def _ran(line: str, place: Path, environment: Mapping[str, str], *, may_fail: bool) -> str:
    """Both outputs of a command, in the order of their lines."""
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=place,
        env={**environment, "PWD": str(place)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if bool(done.returncode) != may_fail:
        raise CommandFailedError(f"{line}\n{done.stdout}")
    return done.stdout


def as_a_reader_sees(output: str, place: Path, ports: Mapping[str, str]) -> str:
    """The output without what differs from run to run."""
    text = output.replace(str(place), "/home/you/first-steps")
    text = _exchanged(text, {instead: port for port, instead in ports.items()})
    return "\n".join(line.rstrip() for line in aged(text).strip("\n").splitlines())


def _cut(name: str, text: str) -> str:
    first = _FIRST.search(name)
    if not first:
        return text
    return "\n".join([*text.splitlines()[: int(first[1])], "    ..."])
