# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole runs of Ansible on this machine: ad hoc, and plays whose slope is what a further task costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmark.findings import seconds_of

PING = "ansible.builtin.ping"
OURS = "haproxyadmin.haproxy"
# Not .venv's link, as ansible-core 2.19 runs none with a blank in its path.
INTERPRETER = Path(sys.executable).resolve()
_HOST = ("-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={INTERPRETER}")


def ad_hoc(module: str, arguments: Mapping[str, Any] | None = None, *, collections: Path | None = None) -> float:
    """Seconds of one `ansible localhost -m`. Raises CalledProcessError where it fails.

    :param collections: a folder of further collections.
    """
    words = ["ansible", "localhost", *_HOST, "-m", module, *(["-a", json.dumps(arguments)] if arguments else [])]
    return seconds_of(lambda: _run(words, collections))


def play(tasks: Sequence[Mapping[str, Any]], *, collections: Path | None = None) -> float:
    """Seconds of a playbook with these tasks. Raises CalledProcessError where it fails."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "play.yml"
        # JSON is YAML.
        file.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [*tasks]}]))
        return seconds_of(lambda: _run(["ansible-playbook", *_HOST, str(file)], collections))


def _run(words: Sequence[str], collections: Path | None) -> None:
    paths = [os.environ["ANSIBLE_COLLECTIONS_PATH"], *([str(collections)] if collections else [])]
    env = os.environ | {"ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(paths)}
    done = subprocess.run(words, check=False, capture_output=True, text=True, env=env)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, [*words], done.stdout, done.stderr)
