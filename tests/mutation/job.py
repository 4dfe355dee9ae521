# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is handed to the pytest run that judges, and what it gives back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from mutation.mutants import Home, Mutant

PYTEST = ("-m", "pytest", "-q", "-s", "-p", "mutation.session", "--assert=plain", "--tb=no")

CAUGHT, HUNG, SURVIVED, UNREACHED = "caught", "hung", "survived", "unreached"


class Verdict(NamedTuple):
    """What became of a mutant.

    :param number: its place in the job.
    :param by: the test that noticed it.
    :param tests: how many execute it.
    """

    number: int
    outcome: str
    by: str
    tests: int

    @property
    def caught(self) -> bool:
        """A change that makes a test run for ever is noticed, too."""
        return self.outcome in (CAUGHT, HUNG)


class Judgement(NamedTuple):
    """Verdicts on mutants, and on some of the same runs without their change: one that is caught is a false alarm."""

    verdicts: list[Verdict]
    controls: list[Verdict]


@dataclass(frozen=True)
class Project:
    """Where code and tests are.

    :param folder: what pytest is started in.
    :param core: the folder that is changed.
    :param users: that of code that uses it.
    :param tests: what pytest is given.
    :param path: where this package and those of the tests are found.
    :param real: how the ids of tests begin that judge only lines that no other test executes.
    :param layout: of those only these.
    :param patience: seconds of processor time that tests may take under a change, beyond what is usual.
    """

    folder: Path
    core: Path
    users: Path | None
    tests: tuple[str, ...]
    path: Path
    real: str = "no such test"
    layout: str = ""
    patience: float = 10.0


@dataclass(frozen=True)
class Job:
    """Mutants that are to be judged; the verdicts go to a file."""

    core: Path
    users: Path | None
    real: str
    layout: str
    patience: float
    workers: int
    results: Path
    mutants: tuple[Mutant, ...]

    @classmethod
    def read(cls, path: Path) -> Job:
        said = json.loads(path.read_text())
        mutants = tuple(_mutant(each) for each in said["mutants"])
        users = Path(said["users"]) if said["users"] else None
        rest = (said["real"], said["layout"], said["patience"], said["workers"], Path(said["results"]), mutants)
        return cls(Path(said["core"]), users, *rest)

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), default=str))


@dataclass(frozen=True)
class Fresh:
    """One mutant for a pytest run of its own; None: no change.

    :param writes: the open file into which the name of the test goes that notices it.
    """

    core: Path
    writes: int
    tests: tuple[str, ...]
    mutant: Mutant | None

    @classmethod
    def read(cls, path: Path) -> Fresh:
        said = json.loads(path.read_text())
        mutant = _mutant(said["mutant"]) if said["mutant"] else None
        return cls(Path(said["core"]), said["writes"], tuple(said["tests"]), mutant)

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), default=str))


def _mutant(said: Any) -> Mutant:
    home = Home(*said["home"]) if said["home"] else None
    return Mutant(**{**said, "home": home, "names": tuple(said["names"])})


def judged(project: Project, mutants: Sequence[Mutant], workers: int, scratch: Path) -> Judgement:
    """What becomes of these mutants.

    :param scratch: an empty folder.
    :raises RuntimeError: when the tests do not pass without any change.
    """
    job, results = scratch / "job.json", scratch / "results.json"
    rest = (project.real, project.layout, project.patience, workers, results, tuple(mutants))
    Job(project.core.resolve(), project.users, *rest).write(job)
    env = {
        **os.environ,
        "MUTATION_JOB": str(job),
        "PYTHONPATH": str(project.path),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "HYPOTHESIS_STORAGE_DIRECTORY": str(scratch / "hypothesis"),
    }
    for name in ("LONG", "PYTEST_ADDOPTS"):  # the run is of the tests as CI runs them
        env.pop(name, None)
    code = subprocess.run(
        [sys.executable, *PYTEST, *project.tests], cwd=project.folder, env=env, check=False
    ).returncode
    if code or not results.exists():
        raise RuntimeError(f"the run that judges broke off with exit code {code}")
    said = json.loads(results.read_text())
    return Judgement(*(sorted(Verdict(**verdict) for verdict in said[key]) for key in Judgement._fields))
