# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A soak from its beginning to its end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass

from lab.load_report import LoadReport
from lab.processes import is_running
from lab.traffic import Load, Traffic
from lab.versions import Version

from .judged import (
    CONNECTIONS,
    FEWEST,
    HAPROXY,
    HAPROXY_FDS,
    HAPROXY_HEAP,
    HAPROXY_MEMORY,
    HAPROXY_POOLS,
    KB,
    KEPT,
    MODULE,
    NONE_MORE,
    PEAK,
    PUT_BACK,
    REQUESTS,
    STEADY_SECONDS,
    TALKS,
    TASKS,
    WORKER_BLOCKS,
    WORKER_HEAP,
    WORKER_MEMORY,
    Figure,
    growth,
    none,
    nothing_left,
    remains,
    shown,
    some,
)
from .playbooks import INTERPRETER, ROOT, Measured
from .samples import Sample, Sampling, sample, settled
from .site import REALMS, Site, site
from .strands import Ansible, Worker
from .worker import Left, Told

MODULES = {file.stem for file in (ROOT / "plugins" / "modules").glob("haproxy_*.py")}
SLOW_SHARE = 0.02
"""Of the requests, these are for slow pages."""
PATIENCE = 60.0
"""Seconds beyond its time that a short soak may last where the machine is busy."""
LEAST_RATE = 0.5
"""Of the rate that is asked for: a machine that is busy is late, and what did not flow tells nothing."""


@dataclass(frozen=True)
class Plan:
    """What a soak is to be."""

    version: Version
    processes: int = 1
    seconds: float = 600.0
    """After each cycle has been done once."""
    rate: float = 400.0
    """Requests a second."""
    pause: float = 0.05
    """Seconds between the tasks of the long-lived process."""
    interval: float = 3.0
    """Seconds between samples."""
    ansible: bool = True
    """Whether Ansible plays playbooks beside it."""
    worker: str = "soak.worker"
    """The program of the long-lived process."""
    interpreter: Sequence[str] = INTERPRETER
    """The command with which Ansible runs modules."""


@dataclass(frozen=True)
class Outcome:
    """What a soak showed."""

    plan: Plan
    seconds: float
    """From the first request to the last one."""
    load: LoadReport
    told: Sequence[Told]
    """The tasks of the long-lived process."""
    played: Sequence[Measured]
    """The tasks of Ansible."""
    wrong: Sequence[str]
    """What tasks, playbooks and processes said that failed; the first of each kind."""
    figures: Sequence[Figure]


Disturbance = Callable[[Site], AbstractContextManager[None]]


def soak(plan: Plan, disturbance: Disturbance = lambda _site: nullcontext()) -> Outcome:
    """Do it. The `disturbance` begins after the first round, and ends after everything."""
    with site(plan.version, plan.processes) as running:
        return _soaked(running, plan, disturbance)


def _soaked(running: Site, plan: Plan, disturbance: Disturbance) -> Outcome:
    sockets, pids, held = running.fleet.sockets, running.pids, running.held()
    before = [sample(*each) for each in zip(sockets, pids, strict=True)]
    traffic = Traffic(running.workspace, [f"127.0.0.1:{door}" for door in running.doors], _load(plan))
    worker = Worker(running, REALMS[0], plan.pause, plan.worker)
    ansible = Ansible(running, REALMS[1], plan.interpreter)
    with ExitStack() as disturbed:
        # The worker ends first: it has done enough when the last playbook is at work.
        with ansible if plan.ansible else nullcontext(), worker:
            worker.wait_round()
            told, left = len(worker.told), len(worker.left)
            disturbed.enter_context(disturbance(running))
            with Sampling(sockets, pids, plan.interval) as sampling:
                _pass(plan.seconds, sampling, worker, left + FEWEST)
        load = traffic.report()
        dead = [pid for pid in pids if not is_running(pid)]
        # The dead tell nothing.
        after, changed = (before, set()) if dead else (settled(sockets, pids, before), running.held() ^ held)
    wrong = [f"{each.module}, {each.cycle}: {each.wrong}" for each in worker.told if each.wrong]
    if worker.code:
        wrong.append(f"the worker ended with {worker.code}")
    if sampling.error:
        wrong.append(f"no more samples: {sampling.error!r}")
    played = ansible.measured
    figures = [
        *_of_load(load, plan),
        *_of_tasks(worker.told, played, [*wrong, *ansible.wrong], plan),
        *_of_haproxy(sampling, before, after, plan),
        *_of_worker(worker.told[told:], worker.left[left:], plan),
        *of_processes(played),
        none(PUT_BACK, "processes that ended", len(dead), len(pids)),
        none(PUT_BACK, "differences in what HAProxy holds", len(changed)),
    ]
    return Outcome(plan, load.seconds, load, worker.told, played, [*wrong, *ansible.wrong], figures)


def _load(plan: Plan) -> Load:
    return Load(rate=plan.rate * (1 - SLOW_SHARE), clients=32, slow=plan.rate * SLOW_SHARE)


def _pass(seconds: float, sampling: Sampling, worker: Worker, values: int) -> None:
    """Let so much time pass, and on a busy machine more until the worker has told so many values of itself; less where
    there is nothing more to be seen."""
    end = time.monotonic() + seconds
    while sampling.error is None and worker.code is None:
        now = time.monotonic()
        if now >= end and (len(worker.left) >= values or now >= end + PATIENCE):
            break
        time.sleep(0.1)


def _of_load(load: LoadReport, plan: Plan) -> Iterator[Figure]:
    yield none(REQUESTS, "failed requests", load.failed, load.requests)
    yield some(REQUESTS, "requests", load.requests, round(plan.rate * LEAST_RATE * plan.seconds))
    yield some(REQUESTS, "of them slow", load.slow, 1)


def _of_tasks(told: Sequence[Told], played: Sequence[Measured], wrong: Sequence[str], plan: Plan) -> Iterator[Figure]:
    yield none(TASKS, "failed tasks", len(wrong), len(told) + len(played))
    yield none(TASKS, "modules without a task", len(MODULES - {each.module for each in told}), len(MODULES))
    if plan.ansible:
        yield some(TASKS, "tasks that Ansible ran", len(played), 1)
    if plan.ansible and plan.seconds >= STEADY_SECONDS:
        count = Counter(each.module for each in played)
        few = [module for module in MODULES if count[module] < FEWEST]
        yield none(TASKS, "modules that Ansible ran too seldom to judge", len(few), len(MODULES))


def _of_haproxy(sampling: Sampling, before: Sequence[Sample], after: Sequence[Sample], plan: Plan) -> Iterator[Figure]:
    is_steady = plan.seconds >= STEADY_SECONDS
    heap, pools = HAPROXY_MEMORY if is_steady else HAPROXY_HEAP, HAPROXY_POOLS
    for index, (first, last) in enumerate(zip(before, after, strict=True)):
        who = f"HAProxy {index + 1}" if plan.processes > 1 else "HAProxy"
        name, values = f"{who}: memory of its own", sampling.series(index, "memory")
        yield growth(HAPROXY, name, values, heap, shown(first.memory, heap), shown(last.memory, heap))
        name, values = f"{who}: pools in use", sampling.series(index, "pools")
        if is_steady:
            yield growth(HAPROXY, name, values, pools, shown(first.pools, pools), shown(last.pools, pools))
        else:
            yield remains(HAPROXY, name, values, pools, first.pools, last.pools, KEPT)
        for what, words, bound in (
            ("fds", "descriptors", HAPROXY_FDS),
            ("connections", "connections of clients", HAPROXY_FDS),
            ("talks", "stats connections", TALKS),
        ):
            ends = getattr(first, what), getattr(last, what)
            judged = nothing_left if is_steady else remains
            yield judged(CONNECTIONS, f"{who}: {words}", sampling.series(index, what), bound, *ends)


def _of_worker(told: Sequence[Told], left: Sequence[Left], plan: Plan) -> Iterator[Figure]:
    heap = WORKER_MEMORY if plan.seconds >= STEADY_SECONDS else WORKER_HEAP
    yield growth(MODULE, "one process: memory of its own", [each.memory for each in left], heap)
    yield growth(MODULE, "one process: pieces of memory", [each.blocks for each in left], WORKER_BLOCKS)
    yield growth(CONNECTIONS, "one process: descriptors", [each.fds for each in told], NONE_MORE)
    yield growth(MODULE, "one process: threads", [each.threads for each in told], NONE_MORE)


def of_processes(played: Sequence[Measured]) -> Iterator[Figure]:
    """A process for each task: none of them may need more because of those before it."""
    for module in sorted({each.module for each in played}):
        values = [each.memory for each in played if each.module == module]
        most = f"{max(values) / KB:,.0f} KB"
        yield growth(MODULE, f"{module}: peak of a process", values, PEAK, after=f"most {most}")
