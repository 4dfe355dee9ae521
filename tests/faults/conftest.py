# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A HAProxy to be attacked for each version, and what was tried, printed at the end of the run."""

from __future__ import annotations

import socket
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lab import by_version
from lab.versions import Version

from .choice import chosen_versions
from .matrix import FAULTS
from .report import print_table
from .witness import Target, started

# Hooks and fixtures, which pytest knows by these names.
pytest_collection_modifyitems = by_version.pytest_collection_modifyitems
told_version = by_version.told_version

TRIED = "hostile"
"""Property of a test: module, option, then the count of each verdict, separated by blanks."""
_COLUMNS = ("options", "places", "strings", "stored", "sent", "nothing", "refused", "by HAProxy")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@pytest.fixture(scope="session", params=chosen_versions(), ids=lambda version: f"haproxy={version}")
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A HAProxy of each version; the tests run in the one folder that tasks may write to, and no name is looked up."""
    version: Version = request.param
    with started(version, tmp_path_factory.mktemp("hostile")) as running, pytest.MonkeyPatch.context() as patch:
        patch.chdir(running.folder)
        patch.setenv("HOME", str(running.folder))
        patch.setattr(socket, "getaddrinfo", _without_network(socket.getaddrinfo))
        before = running.uptime()
        yield running
        assert running.witness() == running.first
        assert running.uptime() >= before


def _without_network(real: Callable[..., Any]) -> Callable[..., Any]:
    def known(host: str, *rest: Any, **more: Any) -> Any:
        if host not in _LOOPBACK:
            raise socket.gaierror(socket.EAI_NONAME, "no name is looked up in this test")
        return real(host, *rest, **more)

    return known


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Per module and over all versions: options, places in their values, strings, and what came of them; the faults."""
    print_table(terminalreporter, list(FAULTS))
    verdicts: dict[str, Counter[str]] = defaultdict(Counter)
    options: dict[str, set[str]] = defaultdict(set)
    places: dict[str, set[str]] = defaultdict(set)
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()) if getattr(report, "when", "") == "call" else ():
                if name == TRIED:
                    module, option, shape, *counts = str(value).split("|")
                    options[module].add(option)
                    places[module].add(option + shape)
                    for count in counts:
                        verdict, _equals, number = count.partition("=")
                        verdicts[module][verdict] += int(number)
    if not verdicts:
        return
    terminalreporter.section("strings that nobody means well with")
    terminalreporter.write_line(f"{'':18}" + "".join(f"{column:>11}" for column in _COLUMNS))
    for module in sorted(verdicts):
        found = verdicts[module]
        known = [len(options[module]), len(places[module]), found.total(), *(found[it] for it in _COLUMNS[3:])]
        terminalreporter.write_line(f"{module:18}" + "".join(f"{number:>11}" for number in known))
