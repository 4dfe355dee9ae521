# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which test runs which block of the documentation. Each takes its blocks from here, so that what it claims it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum

from captures import WALKED
from captures.walk import INSTALLS
from suite.paths import ROOT

from .found import Block, blocks
from .kinds import Kind, commands_of, kind_of

RST = "docs/docsite/rst/"


class Runner(Enum):
    """A test that runs blocks."""

    EXAMPLES = "tests/integration/test_examples.py"
    FROM_HAPROXYADMIN = "tests/integration/test_from_haproxyadmin.py"
    CAPTURES = "tests/integration/test_captures.py"
    SITE = "tests/integration/test_documented_site.py"
    BALANCER = "tests/integration/test_documented_balancer.py"
    INSTALLING = "tests/integration/test_documented_installing.py"
    SUITE = "tests/unit/documented/test_documented_suite.py"


_INDEX = "a package index and half a minute: the tests run in such an environment, which ./dev has made"
# File and command line that nothing here can run → what makes it runnable. A test keeps it short.
EXCEPTED: Mapping[tuple[str, str], str] = {
    (f"{RST}guide.rst", "python3 -m venv .venv && . .venv/bin/activate"): _INDEX,
    (f"{RST}guide.rst", "pip install ansible-core"): _INDEX,
    (f"{RST}guide.rst", "ansible-galaxy collection install haproxyadmin.haproxy"): "a release on Ansible Galaxy",
    (f"{RST}fleet.rst", "sudo usermod --append --groups haproxy deploy"): (
        "root on a machine that has a user deploy and a group haproxy, and may be changed for good"
    ),
}
# The guides whose captures test_captures.py makes anew.
CAPTURED = tuple(f"{RST}{name}.rst" for name in (WALKED, "plans", "rolling", "troubleshooting"))
_WALKED = f"{RST}{WALKED}.rst"


def runnable(block: Block) -> list[str]:
    """Its command lines but those that cannot run here."""
    return [line for line in commands_of(block) if (block.file, line) not in EXCEPTED]


def _is_walked(block: Block) -> bool:
    """Whether a reader of getting started writes it into a file or types it."""
    is_typed = block.language == "console" and not any(line.startswith(INSTALLS) for line in commands_of(block))
    return block.file == _WALKED and (bool(block.caption) or is_typed)


def _speaks_of(block: Block, *commands: str) -> bool:
    """Whether it is lines of these commands."""
    lines = runnable(block) if kind_of(block) is Kind.COMMANDS else []
    return bool(lines) and all(line.startswith(commands) for line in lines)


def _is_of_a_site(block: Block) -> bool:
    """Plays, filters and playbooks, for which there are several load balancers and hosts."""
    if block.file.startswith("plugins/filter/") or _speaks_of(block, "ansible-playbook "):
        return True
    kinds = (Kind.INVENTORY, Kind.OUTPUT) if block.file == f"{RST}rolling.rst" else ()
    return kind_of(block) in (Kind.PLAYS, *kinds) and not block.captured


def _is_of_a_balancer(block: Block) -> bool:
    """HAProxy's own lines, and what is said to a single one."""
    if kind_of(block) in (Kind.CONFIGURATION, Kind.DEFAULTS) or _speaks_of(block, "ansible ", "haproxy "):
        return True
    return kind_of(block) is Kind.INVENTORY and block.file == _WALKED


_CLAIMS: Mapping[Runner, Callable[[Block], bool]] = {
    Runner.FROM_HAPROXYADMIN: lambda block: block.file == f"{RST}from_haproxyadmin.rst",
    Runner.CAPTURES: lambda block: (bool(block.captured) and block.file in CAPTURED) or _is_walked(block),
    Runner.EXAMPLES: lambda block: (
        kind_of(block) is Kind.TASKS and block.file.startswith((RST, "plugins/modules/"))
        and not block.file.endswith("/from_haproxyadmin.rst")
    ),
    Runner.SITE: lambda block: not _is_walked(block) and _is_of_a_site(block),
    Runner.BALANCER: lambda block: not _is_walked(block) and _is_of_a_balancer(block),
    Runner.INSTALLING: lambda block: _speaks_of(block, "ansible-galaxy ", "ansible-doc ", "mkdir "),
    Runner.SUITE: lambda block: _speaks_of(block, "./dev "),
}  # fmt: skip


def runners_of(block: Block) -> list[Runner]:
    """Who runs it."""
    return [runner for runner, claims in _CLAIMS.items() if claims(block)]


def claimed(runner: Runner) -> list[Block]:
    """What this one is to run."""
    return [block for block in blocks(ROOT) if runner in runners_of(block)]


def unclaimed(all_blocks: Iterable[Block]) -> Iterator[str]:
    """Blocks that not exactly one test runs, with file and line."""
    for block in all_blocks:
        runners = [runner.value for runner in runners_of(block)]
        is_excepted = kind_of(block) is Kind.COMMANDS and not runnable(block)
        if len(runners) != 1 - is_excepted:
            said = f"is run by {' and by '.join(runners)}" if runners else "is run by nothing"
            yield f"{block.place} ({kind_of(block).value}) {said}"
