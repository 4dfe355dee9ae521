# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of the documentation that install the collection and look at it, with the collection that they installed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from documented.claims import Runner, claimed, runnable
from documented.kinds import words_of
from suite.paths import ROOT
from suite.stage import staged

from .test_ansible import ended

pytestmark = pytest.mark.target

NOWHERE = "http://127.0.0.1:9"
"""Nothing of this is to be brought from a Galaxy."""


def run(place: Path, words: list[str]) -> str:
    """What one of Ansible's programs prints, which finds no other collection than those installed here; it must succeed."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    settings = {"ANSIBLE_COLLECTIONS_PATH": str(place / "installed"), "ANSIBLE_HOME": str(place / "ansible")}
    program, *options = words
    environment = {**own, **settings, "ANSIBLE_GALAXY_SERVER": NOWHERE}
    done = ended(program.removeprefix("ansible-"), options, environment, place)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_installs_and_shows_itself(tmp_path: Path) -> None:
    """The lines in a shell's order: what makes the directory, what installs, what looks at what is installed."""
    lines = [line for block in claimed(Runner.INSTALLING) for line in runnable(block)]
    (makes,) = (line for line in lines if line.startswith("mkdir "))
    installs = [line for line in lines if " install " in line]
    version = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    checkout = staged(tmp_path / "checkout")
    place = subprocess.check_output(["bash", "-c", f"{makes} && pwd"], cwd=tmp_path, text=True).strip()
    run(Path(place), ["ansible-galaxy", "collection", "build", str(checkout)])
    for line in installs:
        printed = run(Path(place), [*words_of(line.replace("/path/to/the/checkout", str(checkout))), "--force"])
        assert f"haproxyadmin.haproxy:{version} was installed successfully" in printed, line
    assert len(installs) == 2
    for line in lines:
        if line not in (makes, *installs):
            *_words, name = words = words_of(line)
            printed = run(Path(place), words)
            assert name in printed, line
            assert f"{place}/installed" in printed, line
