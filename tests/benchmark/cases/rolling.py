# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rolling deploy under as much load as the machine gives beside Ansible."""

from __future__ import annotations

import time
from collections.abc import Iterator

from benchmark.findings import Finding
from lab.errors import LabError
from lab.hosts import Hosts
from lab.load_report import LoadReport
from scenario.ansible import deploy
from scenario.plan import APPLICATIONS, BALANCERS, SCENARIOS
from scenario.site import Site

CASE = "rolling"


def run() -> Iterator[Finding]:
    """Its time, and that no request failed. Raises LabError where one did, and where hosts cannot be had."""
    seconds, report = _deployed()
    if report.failed:
        raise LabError(f"the deploy lost requests: {report.sentence()}")
    name = f"{len(APPLICATIONS)} applications behind {len(BALANCERS)} load balancers"
    yield Finding(CASE, name, seconds, "s")
    yield Finding(CASE, f"{name}, each application", seconds / len(APPLICATIONS), "s")
    yield Finding(CASE, "requests meanwhile", report.requests, "requests")
    yield Finding(CASE, "requests meanwhile, a second", report.rate, "requests")
    yield Finding(CASE, "slow requests meanwhile", report.slow, "requests")
    yield Finding(CASE, "the longest request", report.longest, "s")
    yield Finding(CASE, "failed requests", report.failed, "requests")


def _deployed() -> tuple[float, LoadReport]:
    """The seconds of the deploy, and what became of the load."""
    scenario = SCENARIOS["bench"]
    with Hosts(scenario.plan()) as hosts:
        site = Site(scenario, hosts.place, hosts.balancers, hosts.place.client, hosts.inventory)
        try:
            site.begin()
            site.begin_traffic("traffic")
            begin = time.monotonic()
            run = deploy(site, "deploy", "app", {})
            seconds = time.monotonic() - begin
            report = site.end_traffic("traffic")
        finally:
            site.end()
    if run.code:
        raise LabError(f"the deploy ended with code {run.code}:\n{run.output}")
    return seconds, report
