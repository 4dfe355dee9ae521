# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook rolling_deploy, run as a user runs it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from lab.errors import LabError
from lab.processes import wait_until

from .site import DEPLOY, ROOT, Site

RUN_SECONDS = 300.0
INTERRUPT_SECONDS = 30.0


class Run(NamedTuple):
    """A playbook that has ended."""

    code: int
    output: str


def deploy(
    site: Site, name: str, hosts: str, variables: Mapping[str, Any], own: Mapping[str, Mapping[str, Any]] | None = None
) -> Run:
    """Deploy these hosts, a pattern, to the end; `variables` are extra ones, `own` are those of single hosts."""
    with _playing(site, name, hosts, variables, own or {}) as process:
        process.wait(RUN_SECONDS)
    return _ended(site, name, process)


def interrupted(
    site: Site, name: str, hosts: str, own: Mapping[str, Mapping[str, Any]], is_time: Callable[[], bool]
) -> Run:
    """The same, and Ctrl-C when it is time."""
    with _playing(site, name, hosts, {}, own) as process:
        wait_until(
            lambda: is_time() or process.poll() is not None, RUN_SECONDS, lambda: f"{name} does not come to that"
        )
        # The terminal sends it to the whole group.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        process.wait(INTERRUPT_SECONDS)
    return _ended(site, name, process)


@contextmanager
def _playing(
    site: Site, name: str, hosts: str, variables: Mapping[str, Any], own: Mapping[str, Mapping[str, Any]]
) -> Iterator[subprocess.Popen[bytes]]:
    """The playbook at work; killed where this fails."""
    inventory = site.directory / f"{name}.yml"
    inventory.write_text(json.dumps({"all": {"hosts": own}}), encoding="utf-8")
    extra = json.dumps({"haproxy_deploy_tasks": str(DEPLOY), **variables})
    command = [sys.executable, "-m", "ansible", "playbook", "haproxyadmin.haproxy.rolling_deploy"]
    command += ["-i", str(site.inventory), "-i", str(inventory), "--limit", hosts, "-e", extra]
    with (
        _log(site, name).open("wb") as output,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=_environment(site),
            start_new_session=True,
        ) as process,
    ):
        try:
            yield process
        except subprocess.TimeoutExpired as error:
            raise LabError(f"{name} does not end, see {output.name}") from error
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def _ended(site: Site, name: str, process: subprocess.Popen[bytes]) -> Run:
    return Run(process.returncode, _log(site, name).read_text(encoding="utf-8", errors="replace"))


def _log(site: Site, name: str) -> Path:
    return site.directory / f"{name}.log"


def _environment(site: Site) -> dict[str, str]:
    """Nothing of the Ansible that may have started this, and nothing of the user's own."""
    file = site.directory / "ansible.cfg"
    file.write_text("[defaults]\n", encoding="ascii")
    own = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    kept = {name: os.environ[name] for name in ("ANSIBLE_HOME",) if name in os.environ}
    settings = {"ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache"), "ANSIBLE_CONFIG": str(file), "ANSIBLE_NOCOLOR": "1"}
    return {**own, **kept, **settings}
