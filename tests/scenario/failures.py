# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploys in which something goes wrong, one after the other, and what has to be true after each.

Each begins with what the former one left. The last run, which brings everything to its end, is the scenario's own.
"""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Mapping

from lab.deployable import BROKEN
from lab.processes import wait_until

from .ansible import Run, deploy, interrupted
from .findings import Finding, same
from .plan import BACKENDS, BALANCERS, NEW, WEIGHT
from .site import TESTS, Site
from .verdicts import servers
from .witness import events_of

KILLED = "lb3"
KILL_SECONDS = 10.0
INTERRUPTED = 99
"""What ansible-playbook ends with after Ctrl-C."""
QUICKLY = {"haproxy_put_back_after": 1}
"""Checks are made three times a second here."""

Step = Callable[[Site], Iterator[Finding]]


def refused(site: Site) -> Iterator[Finding]:
    """Of the three balancers one, where app4 is in maintenance, would be left with too few."""
    before = site.touched("app2")
    run = deploy(site, "refused", "app2", {"haproxy_min_up": 3})
    yield _failed(run, "lb2", "min_up")
    yield from _untouched(site, "app2", before)
    yield same("app2 was drained nowhere", "app2" in _drained(site), wanted=False)


def refused_late(site: Site) -> Iterator[Finding]:
    """One balancer cannot keep what its servers are, and is noticed when others are drained already."""
    before = site.touched("app2")
    # Nothing is kept there, and no directory can be made there: that shows only when something is to be written.
    run = deploy(site, "refused_late", "app2", {}, {KILLED: {"haproxy_state_dir": "/proc/none"}})
    yield _failed(run, KILLED, "put back on")
    yield from _untouched(site, "app2", before)
    yield same("app2 was drained on lb1 meanwhile", "app2" in _drained(site), wanted=True)


def killed(site: Site) -> Iterator[Finding]:
    """A balancer dies while app3 is deployed, and is started again; app4 is not begun."""
    before = site.touched("app4")
    kill = [*_scenario("kill"), str(site.directory), KILLED]
    run = deploy(site, "killed", "app3,app4", QUICKLY, {"app3": {"app_meanwhile": kill}})
    yield _failed(run, "app3", KILLED)
    yield same("app4 was not touched", site.touched("app4"), before)
    for balancer in (name for name in BALANCERS if name != KILLED):
        yield from servers(site, balancer)
    site.balancers[KILLED].start()
    site.wait_checked([KILLED])
    yield same(f"{KILLED} forgot what app3 was", _weights(site, "app3"), [WEIGHT])
    yield same(f"{KILLED} keeps it in files", site.kept(KILLED), _files("app3"))


def broken(site: Site) -> Iterator[Finding]:
    """app2 does not come up, and app4 is not begun."""
    before = site.touched("app4")
    wish = {"haproxy_wait_timeout": 8, **QUICKLY}
    run = deploy(site, "broken", "app2,app4", wish, {"app2": {"app_version": BROKEN}})
    yield _failed(run, "app2", "stays drained")
    yield from _versions(site, {"app1": NEW, "app3": NEW})
    yield same("app4 was not touched", site.touched("app4"), before)
    for balancer in BALANCERS:
        yield from _kept(site, balancer, "app2")


def broken_off(site: Site) -> Iterator[Finding]:
    """Ctrl-C while app4 is deployed, which was in maintenance on a balancer."""
    marker = site.directory / "deploying"
    wait = f"touch {shlex.quote(str(marker))}; while [ -e {shlex.quote(str(marker))} ]; do sleep 0.1; done"
    own = {"app4": {"app_meanwhile": ["timeout", "60", "sh", "-c", wait]}}
    try:
        run = interrupted(site, "broken_off", "app4", own, marker.exists)
    finally:
        marker.unlink(missing_ok=True)
    yield same("ansible-playbook was broken off", run.code, INTERRUPTED)
    for balancer in BALANCERS:
        yield from _kept(site, balancer, "app4")


STEPS: Mapping[str, Step] = {
    "refused": refused,
    "refused_late": refused_late,
    "killed": killed,
    "broken": broken,
    "broken_off": broken_off,
}


def kill(site: Site, balancer: str) -> None:
    """SIGKILL to the HAProxy of a balancer; returns when it has ended."""
    running = site.balancers[balancer]
    inside = running.pids
    outside = site.place.processes(balancer)
    for pid in inside:
        os.kill(outside[pid], signal.SIGKILL)
    wait_until(
        lambda: not set(inside) & set(site.place.processes(balancer)), KILL_SECONDS, lambda: f"{balancer} survives"
    )


def _failed(run: Run, *words: str) -> Finding:
    """It failed, and said why."""
    said = run.output.rpartition("fatal:")[2]
    good = run.code == 2 and all(word in said for word in words)
    return Finding(good, f"failed, and named {', '.join(words)}" if good else f"exit code {run.code}:\n{run.output}")


def _untouched(site: Site, name: str, before: float) -> Iterator[Finding]:
    yield same(f"{name} was not touched", site.touched(name), before)
    for balancer in BALANCERS:
        yield from servers(site, balancer)


def _kept(site: Site, balancer: str, name: str) -> Iterator[Finding]:
    """It gets nothing on any process, and its former state is kept. Who was in maintenance may have stayed there."""
    wanted = site.scenario.expected(balancer)
    names = [f"{backend}/{name}" for backend in BACKENDS]
    seen = [(server, process[server].state) for process in site.servers(balancer) for server in names]
    out = all(state == "drain" or state == "maint" == wanted[server].state for server, state in seen)
    yield Finding(out, f"{balancer}: {name} gets nothing: {seen}")
    here = [file for file in site.kept(balancer) if f"@{name}." in file]
    yield same(f"{balancer}: what {name} was is kept", here, _files(name))


def _files(name: str) -> list[str]:
    return sorted(f"{backend}@{name}.json" for backend in BACKENDS)


def _versions(site: Site, wanted: Mapping[str, str]) -> Iterator[Finding]:
    for balancer, answers in site.versions().items():
        seen = {name: answers[name] for name in wanted}
        yield same(f"{balancer}: {dict(wanted)}", seen, {name: (name, version) for name, version in wanted.items()})


def _drained(site: Site) -> list[str]:
    """Whom the witness has seen drained on lb1 until now."""
    log = events_of((site.directory / "watch.log").read_text(encoding="utf-8"))
    return [event.application for event in log if event.what == "drained" and event.balancer == "lb1"]


def _weights(site: Site, name: str) -> list[int]:
    return [process[f"www/{name}"].weight for process in site.servers(KILLED)]


def _scenario(*words: str) -> list[str]:
    return ["env", f"PYTHONPATH={TESTS}", sys.executable, "-m", "scenario", *words]
