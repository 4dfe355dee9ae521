# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plugin of the pytest run that judges: it collects all tests once, and each mutant is tried in a copy of it.

The job is the file that MUTATION_JOB names. A change that is made at import is tried in a pytest run of its own, by
this plugin, too: then MUTATION_FRESH names the job.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import hypothesis
import pytest
from _pytest.runner import runtestprotocol

from mutation.forked import Ending, Task, run
from mutation.job import CAUGHT, HUNG, PYTEST, SURVIVED, UNREACHED, Fresh, Job, Verdict
from mutation.mutants import Mutant
from mutation.planting import Functions, plant_at_import
from mutation.reaching import Reached, Reaching
from mutation.watching import Watch

# Tests may take so many times their usual time under a mutant.
_SLOWER = 5
# Tests that look at the clock may fail on a busy machine.
_FAILED = 3
# One run in so many is done without its change, too.
_CONTROL = 20
_START = 30.0
"""Seconds of processor time within which a pytest run begins."""


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Plant before anything is imported; the first that imports the core may be a conftest.py."""
    if fresh := os.environ.get("MUTATION_FRESH"):
        early_config.stash[_FRESH] = job = Fresh.read(Path(fresh))
        early_config.stash[_PLANTED] = plant_at_import(job.core, job.mutant) if job.mutant else ["nothing to plant"]
    else:
        early_config.stash[_COLLECTING] = Collecting(Watch(Job.read(Path(os.environ["MUTATION_JOB"])).core), [])


class Collecting(NamedTuple):
    """What is executed while tests are collected: a table of cases may be made of what the core makes.

    :param files: of tests, in the order in which they were imported.
    """

    watch: Watch
    files: list[Path]

    def by_line(self) -> dict[tuple[str, int], set[Path]]:
        """File and line of the core → the files of tests that execute it when they are imported."""
        return {
            (file, line): {self.files[number] for number in numbers if number >= 0}
            for file, lines in self.watch.reached.items()
            for line, numbers in lines.items()
        }


_COLLECTING = pytest.StashKey[Collecting]()


def pytest_collectstart(collector: pytest.Collector) -> None:
    """A file of tests is imported next."""
    collecting = collector.config.stash.get(_COLLECTING, None)
    if collecting and isinstance(collector, pytest.Module):
        collecting.files.append(collector.path)
        collecting.watch.begin(len(collecting.files) - 1)


_FRESH = pytest.StashKey[Fresh]()
_PLANTED = pytest.StashKey[list[str]]()
# Exit code of a run that never imported what was to be changed.
_NOT_PLANTED = 77


@pytest.hookimpl(tryfirst=True)
def pytest_collection() -> None:
    """The same examples each time, and none from earlier runs. The first that fails is enough."""
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    same = hypothesis.settings(hypothesis.settings.default, derandomize=True, database=None, phases=phases)
    hypothesis.settings.register_profile("mutation", same)
    hypothesis.settings.load_profile("mutation")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of the tests with a real HAProxy one version is enough."""
    if "MUTATION_FRESH" not in os.environ:
        job = Job.read(Path(os.environ["MUTATION_JOB"]))
        items[:] = [item for item in items if job.real not in item.nodeid or job.layout in item.nodeid]


def pytest_runtestloop(session: pytest.Session) -> bool:
    if session.testsfailed:
        raise session.Interrupted("the tests cannot be collected")
    if fresh := session.config.stash.get(_FRESH, None):
        by_id = {item.nodeid: item for item in session.items}
        if failed := _first_failure([by_id[test] for test in fresh.tests]):
            os.write(fresh.writes, failed.encode())
            session.testsfailed = 1
        elif not session.config.stash[_PLANTED]:
            pytest.exit("the change was never imported", _NOT_PLANTED)
        return True
    job = Job.read(Path(os.environ["MUTATION_JOB"]))
    collecting = session.config.stash[_COLLECTING]
    collecting.watch.end()
    judge = _Judge(job, session.items, collecting.by_line())
    said = {"verdicts": list(judge.verdicts()), "controls": judge.controls}
    job.results.write_text(json.dumps({key: [verdict._asdict() for verdict in those] for key, those in said.items()}))
    return True


def _first_failure(items: Sequence[pytest.Item]) -> str:
    """Run these tests up to the first that fails; nothing: none does."""
    for item, following in pairwise([*items, None]):
        assert item
        if any(report.failed for report in runtestprotocol(item, log=False, nextitem=following)):
            return item.nodeid
    return ""


def _place(number: int) -> int:
    """From the number of a mutant to that of its control and back."""
    return ~number


class _Judge:
    """Tries the mutants of a job on these tests.

    :param collected: file and line of the core → the files of tests that execute it when they are imported.
    """

    def __init__(self, job: Job, items: Sequence[pytest.Item], collected: Mapping[tuple[str, int], set[Path]]) -> None:
        self._job = job
        self._items = items
        self._collected = collected
        self._functions = Functions(job.core)
        self._reached, self._seconds, self._failed = self._measured()
        self._tests: list[list[int]] = []
        self.controls: list[Verdict] = []

    def verdicts(self) -> Iterator[Verdict]:
        """One for each mutant.

        :raises UsageError: when a run without a change does not pass.
        """
        mutants, began = self._job.mutants, time.monotonic()
        files: dict[Path, set[int]] = defaultdict(set)
        for number, item in enumerate(self._items):
            if number not in self._failed:
                files[item.path].add(number)
        reaching = Reaching(self._job.core, self._job.users, self._reached, files)
        slow = {number for number, item in enumerate(self._items) if self._job.real in item.nodeid}
        only = 0
        for mutant in mutants:
            able = set(reaching.tests_of(mutant))
            for path in self._collected.get((mutant.file, mutant.line), ()):
                able |= files[path]
            only += bool(able) and able <= slow
            self._tests.append(sorted(able - slow or able, key=self._seconds.__getitem__))
        if slow:
            print(f"  {only} are on lines that none but {len(slow)} tests with a real HAProxy execute", flush=True)
        passing = [number for number in range(len(self._items)) if number not in self._failed]
        (plain,) = run([self._fresh(-1, None, passing[:1])], 1)
        if plain.code:
            raise pytest.UsageError(f"a pytest run without any change fails: {plain}")
        for count, ending in enumerate(run(self._tasks(), self._job.workers)):
            if count % 100 == 99:
                used = sum(os.times()[:4])
                after = f"{time.monotonic() - began:.0f} s, {used:.0f} s of processor time"
                print(f"  {count + 1} of {len(mutants)} after {after}", flush=True)
            if ending.number < 0:
                self.controls.append(self._verdict(ending._replace(number=_place(ending.number))))
                continue
            verdict = self._verdict(ending)
            if not verdict.caught:
                print(f"  not caught: {mutants[verdict.number]}", flush=True)
            yield verdict
        for number, tests in enumerate(self._tests):
            if not tests:
                yield Verdict(number, UNREACHED, "", 0)

    def _verdict(self, ending: Ending) -> Verdict:
        tests = len(self._tests[ending.number])
        if ending.code == _NOT_PLANTED:
            return Verdict(ending.number, UNREACHED, "", tests)
        if ending.code is None:
            return Verdict(ending.number, HUNG, "", tests)
        if ending.code or ending.said:
            return Verdict(ending.number, CAUGHT, ending.said, tests)
        return Verdict(ending.number, SURVIVED, "", tests)

    def _tasks(self) -> Iterator[Task]:
        """One for each mutant that a test can notice; controls have numbers below 0."""
        for place, number in enumerate(number for number, tests in enumerate(self._tests) if tests):
            yield self._task(number, number, planted=True)
            if place % _CONTROL == 0:
                yield self._task(_place(number), number, planted=False)

    def _task(self, number: int, place: int, *, planted: bool) -> Task:
        mutant, tests = self._job.mutants[place], self._tests[place]
        if not self._functions.have(mutant) or self._collected.get((mutant.file, mutant.line)):
            return self._fresh(number, mutant if planted else None, tests)

        def work(_writes: int) -> str:
            if planted:
                self._functions.plant(mutant)
            return _first_failure([self._items[test] for test in tests])

        return Task(number, work, self._allowed(tests))

    def _allowed(self, tests: Sequence[int]) -> float:
        return self._job.patience + _SLOWER * sum(self._seconds[test] for test in tests)

    def _fresh(self, number: int, mutant: Mutant | None, tests: Sequence[int]) -> Task:
        """The same in a process that imports everything anew."""
        names = [self._items[test].nodeid for test in tests]
        files = list(dict.fromkeys(name.partition("::")[0] for name in names))

        def work(writes: int) -> NoReturn:
            os.set_inheritable(writes, True)
            path = self._job.results.with_name(f"fresh-{number}.json")
            Fresh(self._job.core, writes, tuple(names), mutant).write(path)
            os.environ["MUTATION_FRESH"] = str(path)
            os.execv(sys.executable, [sys.executable, *PYTEST, *files])

        return Task(number, work, _START + self._allowed(tests))

    def _measured(self) -> tuple[Reached, list[float], list[int]]:
        """Which tests execute which line, the seconds that each takes, and those that fail.

        :raises UsageError: when more than a few do not pass.
        """
        path = self._job.results.with_name("measured.json")
        (ending,) = run([Task(0, lambda _writes: self._measure(path), 1800)], 1)
        if ending.code != 0:
            raise pytest.UsageError(f"the run that measures broke off: {ending}")
        measured: Any = json.loads(path.read_text())
        for test in measured["failed"]:
            print(f"fails without any change, and is left out: {self._items[test].nodeid}", flush=True)
        if len(measured["failed"]) > min(_FAILED, len(self._items) - 1):
            raise pytest.UsageError("too many tests fail without any change")
        reached = {
            file: {int(line): frozenset(tests) for line, tests in lines.items()}
            for file, lines in measured["reached"].items()
        }
        return reached, measured["seconds"], measured["failed"]

    def _measure(self, path: Path) -> str:
        watch = Watch(self._job.core)
        seconds: list[float] = []
        failed: list[int] = []
        for number, (item, following) in enumerate(pairwise([*self._items, None])):
            assert item
            watch.begin(number)
            began = time.process_time()
            if any(report.failed for report in runtestprotocol(item, log=False, nextitem=following)):
                failed.append(number)
            seconds.append(time.process_time() - began)
        lines_of = {
            file: {line: sorted(tests.difference(failed)) for line, tests in lines.items()}
            for file, lines in watch.reached.items()
        }
        path.write_text(json.dumps({"reached": lines_of, "seconds": seconds, "failed": failed}))
        return ""
