# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every HAProxy version, as one process and as four, each behind recorders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from lab.apps import Apps
from lab.config import servers_body
from lab.fleet import Fleet, layout
from lab.recorder import Recorders
from lab.versions import Version, versions


@dataclass(frozen=True)
class Balancer:
    """One or four processes of one version; `sockets` is what a task gets as its option ``socket``."""

    fleet: Fleet
    recorders: Recorders

    @property
    def sockets(self) -> list[str]:
        """One path, or the directory of several sockets."""
        return [self.recorders.sockets[0] if len(self.recorders) == 1 else str(self.recorders.directory)]


@pytest.fixture(scope="session")
def apps() -> Iterator[Apps]:
    """Four applications."""
    with Apps(4) as running:
        yield running


@pytest.fixture(
    scope="module",
    params=[(version, count) for version in versions() for count in (1, 4)],
    ids=lambda param: f"haproxy={param[0]}-processes={param[1]}",
)
def balancer(request: pytest.FixtureRequest, apps: Apps) -> Iterator[Balancer]:
    """Each version, as one process and as four (nbproc on 2.2, instances elsewhere)."""
    version, count = request.param
    with layout(version, count, servers_body(apps.ports)) as fleet, Recorders(fleet) as recorders:
        yield Balancer(fleet, recorders)


@pytest.fixture(params=versions(), ids=lambda version: f"haproxy={version}")
def haproxy(request: pytest.FixtureRequest) -> Version:
    """Each HAProxy version in turn."""
    version: Version = request.param
    return version


@pytest.fixture(autouse=True)
def _told_version(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> None:
    """Write into the report which HAProxy a test ran against."""
    callspec = getattr(request.node, "callspec", None)
    for value in callspec.params.values() if callspec else ():
        version = value[0] if isinstance(value, tuple) else value
        if isinstance(version, Version):
            record_property("haproxy", version.name)
