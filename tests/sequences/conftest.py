# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes of each version for sequences of tasks, and how many steps there were, printed at the end of the run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab import by_version
from lab.agent import Agent
from lab.apps import Apps
from lab.versions import Version, versions

from .report import print_table
from .world import World, started

# A fixture, which pytest knows by this name.
told_version = by_version.told_version


@pytest.fixture(scope="session")
def apps() -> Iterator[Apps]:
    """Four applications."""
    with Apps(4) as running:
        yield running


@pytest.fixture(scope="session")
def agent() -> Iterator[Agent]:
    """One that says that all is well."""
    with Agent() as running:
        yield running


@pytest.fixture(
    params=[(version, count) for version in versions() for count in (1, 4)],
    ids=lambda param: f"haproxy={param[0]}-processes={param[1]}",
)
def world(request: pytest.FixtureRequest, apps: Apps, agent: Agent) -> Iterator[World]:
    """Each version, as one process behind a master and as four."""
    version, count = request.param
    assert isinstance(version, Version)
    with started(version, count, apps, agent) as running:
        yield running


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Per module and version: the tasks, and what came of them."""
    print_table(terminalreporter)
