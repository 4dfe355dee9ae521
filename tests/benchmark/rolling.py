# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rolling deploy under as much load as the machine gives beside Ansible."""

from __future__ import annotations

import time
from pathlib import Path

from lab.errors import LabError
from lab.hosts import Hosts
from scenario.ansible import deploy
from scenario.plan import APPLICATIONS, BALANCERS, SCENARIOS
from scenario.site import Site


def rolling() -> bool:
    """Print what became of it; whether it ended well and no request failed. Raises LabError where hosts cannot be had."""
    scenario = SCENARIOS["bench"]
    with Hosts(scenario.plan()) as hosts:
        directory: Path = hosts.place.client
        site = Site(scenario, hosts.place, hosts.balancers, directory, hosts.inventory)
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
    print(
        f"rolling deploy of {len(APPLICATIONS)} applications behind {len(BALANCERS)} load balancers, {hosts.kind}\n"
        f"  {report.sentence()}, {report.slow:,} of them slow ones, the longest {report.longest:.1f} s\n"
        f"  {seconds:.1f} s, {seconds / len(APPLICATIONS):.1f} s a host"
    )
    return not report.failed
