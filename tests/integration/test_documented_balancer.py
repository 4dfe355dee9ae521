# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation shows of HAProxy itself and of a single load balancer: its configuration and start, ad hoc lines."""

from __future__ import annotations

import grp
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from documented.claims import Runner, claimed
from documented.found import Block
from documented.kinds import Kind, commands_of, kind_of, words_of
from lab.apps import Apps
from lab.config import DEFAULTS, servers_body
from lab.packages import binary
from lab.ports import free_port
from lab.processes import Workspace, wait_until
from lab.raw import ask
from lab.versions import newest, oldest

from .test_ansible import INTERPRETER, ROOT, ended

pytestmark = pytest.mark.target

GROUP = grp.getgrgid(os.getgid()).gr_name
# What every process says of web1 of www after each of README's lines: its flags (8 drain) and its weight.
BEHIND = (("8", "10"), ("8", "5"), ("0", "5"), ("0", "5"))
# Fails where the master's socket is not asked.
ASK = {
    "haproxyadmin.haproxy.haproxy_info": {"gather_subset": "process"},
    "register": "found",
    "failed_when": "found.old_workers == 'unknown'",
}
ONE = ("--limit", "lb1.example.com")
"""As it takes seconds, only the first line is about both hosts."""
# Becomes nobody: as ``sudo -u root COMMAND``, for those who have none.
SUDO = '#!/bin/sh\nshift 2\nexec "$@"\n'


def of_kind(kind: Kind, *, of: str = "") -> list[Block]:
    """The blocks that are run here, of one file or of all."""
    return [block for block in claimed(Runner.BALANCER) if kind_of(block) is kind and block.file.endswith(of)]


def exchanged(text: str, place: Path) -> str:
    """A text with the paths below this directory, and the group of whoever runs this."""
    for folder in ("/run/", "/etc/"):
        text = text.replace(folder, f"{place}{folder}")
    return re.sub(r"\bgroup([ ,])haproxy\b", rf"group\1{GROUP}", text)


def configuration(block: Block, place: Path, body: str = "") -> str:
    """The whole of which the block shows a part: a section, or lines of ``global``."""
    text = exchanged(block.text, place).replace(":9999", f":{free_port()}")
    if not text.startswith("stats "):
        return f"{DEFAULTS}\n{text}"
    processes = text.count(" process ")
    return f"global\n{f'nbproc {processes}' if processes else ''}\n{text}\n{DEFAULTS}\n{body}"


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    """A directory with those of HAProxy; what was started in it ends."""
    workspace = Workspace()
    for folder in ("run/haproxy", "etc/haproxy"):
        (workspace.directory / folder).mkdir(parents=True)
    yield workspace
    workspace.stop()


def test_haproxy_takes_every_configuration(workspace: Workspace) -> None:
    blocks = of_kind(Kind.CONFIGURATION)
    assert len(blocks) > 3
    file = workspace.directory / "haproxy.cfg"
    for block in blocks:
        file.write_text(configuration(block, workspace.directory))
        with file.open("a") as more:  # without a listener it says that all is well, and fails
            more.write(f"\nfrontend lab\n    bind 127.0.0.1:{free_port()}\n")
        haproxy = binary(oldest() if "nbproc" in file.read_text() else newest())
        done = subprocess.run([haproxy, "-c", "-f", file], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{block.place}\n{done.stdout}{done.stderr}"


def test_lines_and_defaults(workspace: Workspace, apps: Apps, tmp_path: Path) -> None:
    """A HAProxy that is configured and started as the guide about the fleet says does what README's lines say."""
    place = workspace.directory
    admin, master = f"{place}/run/haproxy/admin.sock", f"{place}/run/haproxy-master.sock"
    start_as_documented(workspace, apps)
    wait_until(
        lambda: Path(admin).exists() and ask(admin, "show stat www 4 -1").count(b",UP,") == 4,
        10, (place / "haproxy.log").read_text,
    )  # fmt: skip
    furnish(tmp_path)
    (readme,) = of_kind(Kind.COMMANDS, of="README.md")
    for line, behind, limit in zip(commands_of(readme), BEHIND, ((), ONE, ONE, ONE), strict=True):
        shown = ansible(tmp_path, "adhoc", [*words_of(line)[1:], *limit], sockets=f"{admin},{master}")
        assert web1(admin) == behind, line
    assert f'"name": "{admin}"' in shown
    (defaults,) = of_kind(Kind.DEFAULTS)
    play = {"hosts": "lb", "gather_facts": False, **yaml.safe_load(exchanged(defaults.text, place)), "tasks": [ASK]}
    (tmp_path / "play.json").write_text(json.dumps([play]))
    ansible(tmp_path, "playbook", ["play.json", *ONE])


def start_as_documented(workspace: Workspace, apps: Apps) -> None:
    """Write the configuration and start it as the guide about the fleet says."""
    (start,) = of_kind(Kind.COMMANDS, of="fleet.rst")
    named, *_others = of_kind(Kind.CONFIGURATION, of="fleet.rst")
    (line,) = commands_of(start)
    place = workspace.directory
    haproxy, *words = words_of(exchanged(line, place))
    assert haproxy == "haproxy"
    Path(words[-1]).write_text(configuration(named, place, servers_body(apps.ports)))
    workspace.start([binary(newest()), *words], place / "haproxy.log")


def furnish(place: Path) -> None:
    """The inventory at the end of getting started; beside it what its hosts lack, which is all but their names."""
    (inventory,) = of_kind(Kind.INVENTORY)
    (place / "inventory.yml").write_text(inventory.text)
    sudo = place / "sudo"
    sudo.write_text(SUDO)
    sudo.chmod(0o755)
    become = {"ansible_become_exe": str(sudo), "ansible_become_flags": ""}
    variables = {"ansible_connection": "local", "ansible_python_interpreter": INTERPRETER, **become}
    (place / "group_vars").mkdir()
    (place / "group_vars" / "all.yml").write_text(json.dumps(variables))


def ansible(place: Path, program: str, words: list[str], *, sockets: str = "") -> str:
    """What ``ansible`` or ``ansible-playbook`` says where it succeeds; one host after the other, as both are this one."""
    settings = {"ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache"), "ANSIBLE_FORKS": "1"}
    place_of = {"ANSIBLE_INVENTORY": "inventory.yml", "HAPROXY_SOCKET": sockets}
    done = ended(program, words, {**os.environ, **settings, **place_of}, place)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def web1(socket: str) -> tuple[str, str]:
    """The flags and the weight of web1 of www."""
    rows = [line.split() for line in ask(socket, "show servers state www").decode().splitlines()]
    ((flags, weight),) = [row[6:8] for row in rows if row[3:4] == ["web1"]]
    return flags, weight
