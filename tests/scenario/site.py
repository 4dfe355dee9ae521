# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that run, and what is done to them and read from them without the collection."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab import deployable, load_report
from lab.errors import LabError
from lab.hosts import kernel
from lab.hosts.balancer import RunningBalancer
from lab.hosts.place import Place
from lab.load_report import LoadReport
from lab.load_streams import Load
from lab.packages import binary
from lab.processes import wait_until
from lab.versions import newest

from . import readings
from .plan import APPLICATION_PORT, APPLICATIONS, BALANCERS, HELD_PORT, NEW, OLD, PORT, Scenario
from .readings import Servers

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
DEPLOY = ROOT / "extensions/molecule/shared/tasks/deploy.yml"
START_SECONDS, END_SECONDS = 20.0, 20.0
APPLICATION, KEPT = "/srv", "/var/lib/haproxyadmin"
"""Where an application is on its host, and the collection's files on a balancer."""


@dataclass(frozen=True)
class Site:
    """The hosts of a scenario."""

    scenario: Scenario
    place: Place
    balancers: Mapping[str, RunningBalancer]
    directory: Path
    """Of logs and reports."""
    inventory: Path

    @property
    def targets(self) -> list[str]:
        """Where requests go."""
        return [f"{self.place.addresses[name]}:{PORT}" for name in BALANCERS]

    def begin(self) -> None:
        """Let the applications run, tell the inventory how, and wait until every balancer has found them well."""
        for name in APPLICATIONS:
            self.restart(name, NEW if name in self.scenario.deployed else OLD)
        told = json.loads(self.inventory.read_text(encoding="utf-8"))
        for name in APPLICATIONS:
            told["all"]["hosts"][name]["app_start"] = self.start_words(name)
        self.inventory.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
        self.wait_checked(BALANCERS)

    def wait_checked(self, balancers: Sequence[str]) -> None:
        """Wait until all servers are up. Raises LabError."""

        def unchecked() -> list[str]:
            replies = [reply for name in balancers for reply in self._replies(name, readings.SESSIONS)]
            return [server for reply in replies for server in readings.unchecked_of(reply)]

        wait_until(lambda: not unchecked(), START_SECONDS, lambda: f"not up: {', '.join(unchecked())}")

    def start_words(self, name: str) -> list[str]:
        """The command that starts an application on its host, without the version."""
        address = f"{self.place.addresses[name]}:{APPLICATION_PORT}"
        program = f"--haproxy={binary(newest())}"
        return deployable.command("start", program, self.place.path(name, APPLICATION), name, address)

    def restart(self, name: str, version: str) -> None:
        """Start another version at once, as a deploy without a drain does. Raises LabError."""
        self._run(self.place.inside([*self.start_words(name), version], name))

    def end(self) -> None:
        """Stop the applications where nothing else does: on loopback, whatever Ansible has started goes on."""
        for name in APPLICATIONS if self.place.kind == "loopback" else ():
            stop = deployable.command("stop", self.place.path(name, APPLICATION), name)
            with contextlib.suppress(LabError):
                self._run(self.place.inside(stop, name))

    def begin_beside(self, module: str, *words: str | Path) -> None:
        """Start a Python module in the network of the hosts that goes on, and ends with them."""
        path = f"PYTHONPATH={TESTS}"
        command = ["env", path, sys.executable, "-m", module, *map(str, words)]
        self.place.start(None, command, self.directory / f"{module}.log")

    def begin_traffic(self, name: str, load: Load | None = None) -> None:
        """Let a load flow, which `end_traffic` ends; returns when it does."""
        log = self.directory / f"{name}.requests"
        report = f"--report={self.directory / name}.json"
        words = (load or self.scenario.load).words()
        self.begin_beside("lab.traffic", *words, f"--log={log}", report, *self.targets)
        wait_until(lambda: log.stat().st_size > 0, START_SECONDS, lambda: "the load generator makes no requests")

    def end_traffic(self, name: str) -> LoadReport:
        """Let the requests under way end; what became of all. Raises LabError where nothing tells."""
        report = self.directory / f"{name}.json"
        for pid in kernel.mentioning(f"--report={report}"):
            os.kill(pid, signal.SIGTERM)
        wait_until(report.exists, END_SECONDS, lambda: f"the load generator makes no report {report.name}")
        return load_report.read(report.read_text(encoding="utf-8"))

    def begin_watch(self) -> None:
        """Let the witness look, and hold a connection to app1 through each balancer; returns when it does."""
        spec, log = self.directory / "watch.json", self.directory / "watch.log"
        sockets = {name: [str(path) for path in each.sockets] for name, each in self.balancers.items()}
        masters = {name: str(each.master) for name, each in self.balancers.items() if each.master is not None}
        held = {name: f"{self.place.addresses[name]}:{HELD_PORT}" for name in self.balancers}
        spec.write_text(json.dumps({"sockets": sockets, "masters": masters, "held": held, "log": str(log)}))
        self.begin_beside("scenario.watch", spec)
        wait_until(log.exists, START_SECONDS, lambda: "the witness sees nothing")

    def servers(self, balancer: str) -> list[Servers]:
        """How the servers are set, for each process. Raises OSError where one does not answer."""
        return [readings.servers_of(reply) for reply in self._replies(balancer, readings.STATES)]

    def kept(self, balancer: str) -> list[str]:
        """The files in which the collection keeps what servers were."""
        directory = self.place.outside(balancer, KEPT)
        return sorted(path.name for path in directory.iterdir())

    def touched(self, name: str) -> float:
        """When an application was deployed last, in seconds of the clock on the wall."""
        return (self.place.outside(name, APPLICATION) / f"{name}.cfg").stat().st_mtime

    def versions(self) -> dict[str, dict[str, tuple[str, str]]]:
        """Server and version that answer, by balancer and by the application that was asked for."""
        command = ["env", f"PYTHONPATH={TESTS}", sys.executable, "-m", "scenario.asking", *self.targets]
        said = json.loads(self._run(self.place.inside([*command, "--", *APPLICATIONS])))
        return {
            name: {app: (server, version) for app, (server, version) in said[target].items()}
            for name, target in zip(BALANCERS, self.targets, strict=True)
        }

    def _replies(self, balancer: str, command: str) -> list[str]:
        running = self.balancers[balancer]
        return [running.ask(command, number) for number in range(len(running.sockets))]

    @staticmethod
    def _run(command: Sequence[str]) -> str:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise LabError(f"{' '.join(command)}\n{done.stdout}{done.stderr}".strip())
        return done.stdout
