# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plays on the hosts of an inventory: their seconds, and who spent how much CPU."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from benchmark.findings import seconds_of
from suite.paths import ROOT

_HERE = ROOT / "tests/benchmark"
RELAY_LOG = "HAPROXY_RELAY_LOG"


class Spent(NamedTuple):
    """One run of ansible-playbook.

    :param main: CPU seconds of its main process, which is one and hands out all tasks and takes all results.
    :param others: CPU seconds of what it started: a worker for each task and host, ssh; with the connection local the
        modules, too.
    :param megabytes: of the main process, resident at most; `worker`: of the largest of the others, what it shares with
        the main process included.
    """

    seconds: float
    main: float
    others: float
    megabytes: float
    worker: float

    @property
    def processor(self) -> float:
        """CPU seconds of all of it."""
        return self.main + self.others

    def less(self, other: Spent, times: int) -> Spent:
        """What each of so many tasks took that the other run did not have; the memory is that of the run itself."""
        return self._replace(
            seconds=(self.seconds - other.seconds) / times,
            main=(self.main - other.main) / times,
            others=(self.others - other.others) / times,
        )


def played(
    inventory: Path,
    tasks: Sequence[Mapping[str, Any]],
    *,
    forks: int = 5,
    strategy: str = "linear",
    environment: Mapping[str, str] | None = None,
) -> Spent:
    """Run a play of these tasks on all hosts. Raises CalledProcessError where one of them fails."""
    with TemporaryDirectory() as folder:
        file, spent = Path(folder) / "play.yml", Path(folder) / "spent.json"
        # JSON is YAML.
        file.write_text(
            json.dumps([{"hosts": "all", "gather_facts": False, "strategy": strategy, "tasks": [*tasks]}]),
            encoding="utf-8",
        )
        own = {"ANSIBLE_CALLBACKS_ENABLED": "spent", "SPENT": str(spent), **(environment or {})}
        words = ["ansible-playbook", "-i", str(inventory), "-f", str(forks), str(file)]
        seconds = seconds_of(lambda: _run(words, own))
        told = json.loads(spent.read_text(encoding="ascii"))
    return Spent(seconds, **told)


def ad_hoc(inventory: Path, module: str, arguments: Mapping[str, Any]) -> float:
    """Seconds of one `ansible all -m`. Raises CalledProcessError where it fails."""
    # "{}" would be words for a command.
    words = [
        "ansible",
        "all",
        "-i",
        str(inventory),
        "-m",
        module,
        *(["-a", json.dumps(arguments)] if arguments else []),
    ]
    return seconds_of(lambda: _run(words, {}))


def _run(words: Sequence[str], own: Mapping[str, str]) -> None:
    plugins = {
        "ANSIBLE_ACTION_PLUGINS": str(_HERE / "relay/action"),
        "ANSIBLE_CALLBACK_PLUGINS": str(_HERE / "callback"),
        "PYTHONPATH": str(ROOT / "tests"),
    }
    env = {**os.environ, **plugins, **own}
    done = subprocess.run(words, check=False, capture_output=True, text=True, env=env)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, [*words], done.stdout, done.stderr)


def inventory(file: Path, hosts: Mapping[str, Mapping[str, Any]], variables: Mapping[str, Any]) -> Path:
    """Write one: hosts with their variables, and variables of all."""
    file.write_text(json.dumps({"all": {"hosts": hosts, "vars": variables}}), encoding="utf-8")
    return file
