# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Those who do the tasks: a long-lived process with the modules in it, and Ansible, playbook after playbook."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Self

from lab.processes import wait_until

from .cycles import cycles
from .playbooks import INTERPRETER, ROOT, Measured, measured, playbook, written
from .site import Site
from .worker import Left, Told

ROUND_SECONDS = 120.0
"""Four processes on a busy machine do the first round in 20 s."""
PLAYBOOK_SECONDS = 300.0
REST_SECONDS = 2.0


class Worker:
    """The long-lived process, at work while the context lasts, and on until its cycle has ended."""

    def __init__(self, site: Site, realm: str, pause: float, module: str = "soak.worker") -> None:
        """`pause` is seconds after each task; `module` is the program."""
        number = site.fleet.version.number
        words = {"realm": realm, "files": str(site.files), "ports": list(site.ports), "version": number}
        said = json.dumps({**words, "socket": [str(site.fleet.directory)], "pause": pause})
        self.told: list[Told] = []
        self.left: list[Left] = []
        self.code: int | None = None
        """With what it ended."""
        self._cycles = len(cycles(realm, str(site.files), site.ports, number))
        path = os.pathsep.join((str(ROOT / "tests"), str(ROOT / ".cache")))
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, said], env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._thread = threading.Thread(target=self._listen, name="worker")

    def wait_round(self) -> None:
        """Until each cycle has been done once: what is loaded and remembered once and for all is so by then."""
        wait_until(
            lambda: len(self.left) >= self._cycles or self.code is not None,
            ROUND_SECONDS,
            lambda: f"the worker does not get through its cycles: {len(self.left)} of {self._cycles}",
        )

    def _listen(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            said: dict[str, Any] = json.loads(line)
            if "wrong" in said:
                self.told.append(Told(**said))
            else:
                self.left.append(Left(**said))
        self.code = self._process.wait()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        with suppress(BrokenPipeError), self._process:
            if self._process.stdin:
                self._process.stdin.close()
            self._thread.join()


class Ansible:
    """Playbooks of one module each, in turn, in a thread, while the context lasts and until the last one has ended.

    It rests between them, so that it does not use a whole processor.
    """

    def __init__(self, site: Site, realm: str, interpreter: Sequence[str] = INTERPRETER) -> None:
        """`interpreter` is the command of the Python that runs the modules."""
        self.wrong: list[str] = []
        """What was said by playbooks that failed."""
        self._folder = site.files / "ansible"
        self._folder.mkdir()
        found = cycles(realm, str(site.files), site.ports, site.fleet.version.number)
        self._playbooks = written(self._folder, found, [str(site.fleet.directory)], interpreter)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ansible")

    @property
    def measured(self) -> list[Measured]:
        """What each process of a module used, in the order of their ends."""
        return measured(self._folder)

    def _run(self) -> None:
        while True:
            for file in self._playbooks:
                self.wrong += playbook(self._folder, file, PLAYBOOK_SECONDS)
                if self._over.wait(REST_SECONDS):
                    return

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._over.set()
        self._thread.join()
