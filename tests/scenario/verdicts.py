# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a scenario ended as it should, read from sockets, files and the load generator's report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

from lab.load_report import LoadReport
from lab.load_streams import Load
from lab.processes import wait_until

from .findings import Finding, same
from .life import TRAFFIC
from .plan import APPLICATIONS, BALANCERS, NEW, PORT
from .site import Site
from .watch import HELD
from .witness import Drain, Event, drains_of, events_of

LEAST_RATE = 200.0
LONGEST_SECONDS = 3.0
"""The slowest page; some request of it has to be among them."""
ALLOWED_SECONDS = 0.3
"""Readings are a tenth of a second apart, and the clocks of file systems are coarse."""
CONTROL = "control"
CONTROL_LOAD = Load(rate=100.0, slow=40.0)
CONTROL_LINES = 20


def verify(site: Site) -> Iterator[Finding]:
    """All that is to be said in the end."""
    report = site.end_traffic(TRAFFIC)
    killed = [f"{site.place.addresses[name]}:{PORT}" for name in site.scenario.killed]
    yield from traffic(report, killed)
    for name in BALANCERS:
        yield from servers(site, name)
    yield from versions(site)
    if site.scenario.is_watched:
        log = events_of((site.directory / "watch.log").read_text(encoding="utf-8"))
        yield from waits(log, {name: site.touched(name) for name in APPLICATIONS})
    yield control(site)


def unfinished(site: Site) -> list[str]:
    """The applications that do not have the new version, or of which a balancer still keeps what they were."""
    found = site.versions()
    old = {name for each in found.values() for name, version in each.values() if version != NEW}
    kept = {file.removesuffix(".json").partition("@")[2] for name in BALANCERS for file in site.kept(name)}
    return sorted(old | kept)


def traffic(report: LoadReport, killed: list[str]) -> Iterator[Finding]:
    """None failed, but those that were sent to a balancer that was killed; and there was something to fail."""
    elsewhere = report.failed - report.failed_at(*killed)
    yield Finding(elsewhere == 0, report.sentence())
    if killed:
        yield Finding(elsewhere == 0, f"{elsewhere:,} failed but at the load balancer that was killed")
        yield Finding(report.failed_at(*killed) > 0, f"{report.failed_at(*killed):,} failed at that one")
    for failure in report.failures[:10]:
        if failure.target not in killed:
            yield Finding(is_good=False, words=failure.line().strip())
    yield Finding(report.rate >= LEAST_RATE, f"{report.rate:.0f} requests a second, at least {LEAST_RATE:.0f}")
    words = f"{report.slow:,} slow requests, the longest {report.longest:.1f} s"
    yield Finding(report.longest >= LONGEST_SECONDS, words)
    yield Finding(all(count.requests for count in report.targets.values()), "all load balancers had requests")


def servers(site: Site, balancer: str, but: str = "") -> Iterator[Finding]:
    """Every server is what it was, on every process, and nothing is kept; `but` an application that is not looked at."""
    wanted = _without(site.scenario.expected(balancer), but)
    seen = [_without(each, but) for each in site.servers(balancer)]
    special = ", ".join(f"{wish.server} {wish.state} {wish.weight}" for wish in site.scenario.wishes_on(balancer))
    yield same(f"{balancer}: servers are what they were ({special or 'all alike'})", seen, [wanted] * len(seen))
    kept = [name for name in site.kept(balancer) if not but or f"@{but}." not in name]
    yield same(f"{balancer}: nothing is kept any more", kept, [])


def versions(site: Site) -> Iterator[Finding]:
    """Every application answers with the new version through every balancer, unless it is in maintenance there."""
    found = site.versions()
    for balancer in BALANCERS:
        out = {wish.server for wish in site.scenario.wishes_on(balancer) if wish.state != "ready"}
        wanted = {name: (name, NEW) for name in APPLICATIONS if name not in out}
        seen = {name: answer for name, answer in found[balancer].items() if name not in out}
        yield same(f"{balancer}: {', '.join(wanted)} answer with {NEW}", seen, wanted)
        others = {name for server, name in found[balancer].items() if server in out}
        yield same(f"{balancer}: {NEW} answers for those in maintenance", {each for _s, each in others} | {NEW}, {NEW})


def waits(log: list[Event], touched: Mapping[str, float]) -> Iterator[Finding]:
    """No application was touched before every balancer had let go of it, and they did so at the same time."""
    drains = drains_of(log)
    yield same("all applications were drained", sorted(drains), sorted(touched))
    for name, drain in sorted(drains.items()):
        words = ", ".join(f"{balancer} {seconds:.1f} s" for balancer, seconds in sorted(drain.each.items()))
        wait = touched[name] - drain.begin
        yield Finding(drain.end <= touched[name] + ALLOWED_SECONDS, f"{name}: {words}; touched after {wait:.1f} s")
    order = sorted(drains, key=lambda name: drains[name].begin)
    apart = all(touched[first] <= drains[second].begin for first, second in pairwise(order))
    yield Finding(apart, "one host after the other")
    yield from held(log, drains.get(HELD, Drain()), touched[HELD])


def held(log: list[Event], drain: Drain, touched: float) -> Iterator[Finding]:
    """The application with a session that is held on every balancer, on one by an old worker."""
    yield same("no held session was cut off", sorted(event.balancer for event in log if event.what == "cut"), [])
    gone = {event.balancer: event for event in log if event.what == "let go"}
    yield same(f"a session of {HELD} was held on every load balancer", sorted(gone), sorted(BALANCERS))
    if not gone or not drain.drained:
        return
    yield Finding(any(event.old_workers for event in gone.values()), "one of them by an old worker")
    yield Finding(max(event.time for event in gone.values()) <= touched + ALLOWED_SECONDS, "until they were let go")
    together = max(drain.drained.values()) <= min(event.time for event in gone.values())
    # Who drains one after the other is not together: the sessions end when all were told, see watch.
    wait, slowest, total = touched - drain.begin, max(drain.each.values()), sum(drain.each.values())
    words = f"{HELD} waited {wait:.1f} s, the slowest drain took {slowest:.1f} s, all together {total:.1f} s"
    yield Finding(together, f"all were told within {drain.spread:.1f} s, before any had let go: {words}")


def control(site: Site) -> Finding:
    """The same deploy of one application without a drain has to lose requests, or nobody would see a missing drain."""
    site.begin_traffic(CONTROL, CONTROL_LOAD)
    log = site.directory / f"{CONTROL}.requests"

    def flows() -> bool:
        lines = log.read_text(encoding="utf-8").splitlines()
        return sum(f" {APPLICATIONS[0]} " in line and "/slow/" in line for line in lines) >= CONTROL_LINES

    wait_until(flows, 20.0, lambda: f"{APPLICATIONS[0]} has no slow requests")
    site.restart(APPLICATIONS[0], "control")
    report = site.end_traffic(CONTROL)
    return Finding(report.failed > 0, f"without a drain: {report.sentence()}")


def _without(found: Mapping[str, object], application: str) -> dict[str, object]:
    return {name: each for name, each in found.items() if not application or not name.endswith(f"/{application}")}
