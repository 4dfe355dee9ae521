# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m mutation``: the share of changes to the core that its unit tests notice."""

from __future__ import annotations

import argparse
import fnmatch
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from mutation.job import Project, judged
from mutation.mutants import Mutant, mutants
from mutation.report import lines, share

ROOT = Path(__file__).resolve().parents[2]
_CORE, _USERS = "plugins/module_utils", "plugins/modules"
_TESTS = ("tests/unit/plugins", "tests/unit/test_every_module_is_tested.py")
# Lines that only modules execute that run are judged by modules that run, on one process of one version.
_REAL = "tests/integration/"
_RUN = tuple(
    f"{_REAL}test_{name}.py"
    for name in (
        *("fleet", "haproxy_acl", "haproxy_backend", "haproxy_command", "haproxy_frontend", "haproxy_info"),
        *("haproxy_map", "haproxy_server", "haproxy_server_dynamic", "haproxy_server_servers"),
    )
)
_LAYOUT = "haproxy=3.0-processes=1"

# Below this share, in percent, the run fails.
FLOOR = 85.0


def main(words: list[str]) -> int:
    options = _options().parse_args(words)
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mutation.") as name:
        project = copied(ROOT, Path(name) / "tree")
        (Path(name) / "scratch").mkdir()
        known = _mutants(project.core, options.file)
        chosen = sorted(random.Random(seed).sample(range(len(known)), min(options.sample or len(known), len(known))))
        print(f"{len(chosen)} of {len(known)} changes, seed {seed}", flush=True)
        those = [known[number] for number in chosen]
        judgement = judged(project, those, options.workers, Path(name) / "scratch")
        result, controls = ([(those[verdict.number], verdict) for verdict in part] for part in judgement)
        print("\n".join(lines(result, controls, project.core)))
    print(f"\n{len(result)} changes, seed {seed}: {share(result):.1f}% caught in {time.monotonic() - began:.0f} s")
    return int(share(result) < FLOOR)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mutation", description=__doc__)
    parser.add_argument("--sample", type=int, default=1500, metavar="N", help="so many changes; 0: all (default: 1500)")
    parser.add_argument("--file", default="*", metavar="GLOB", help=f"only in these files below {_CORE}")
    parser.add_argument("--seed", type=int, metavar="S", help="chooses the sample; one that was printed repeats it")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="processes at a time")
    return parser


def _mutants(core: Path, pattern: str) -> list[Mutant]:
    files = [(path, path.relative_to(core).as_posix()) for path in sorted(core.rglob("*.py"))]
    return [
        mutant
        for path, file in files
        if fnmatch.fnmatch(file, pattern)
        for mutant in mutants(file, path.read_text(encoding="utf-8"))
    ]


def copied(root: Path, folder: Path) -> Project:
    """The tree once more: others may edit this one meanwhile."""
    shutil.copytree(root, folder, ignore=shutil.ignore_patterns(".*", "__pycache__"), symlinks=True)
    link = folder / ".cache/ansible_collections/haproxyadmin/haproxy"
    link.parent.mkdir(parents=True)
    link.symlink_to("../../..")
    (folder / ".cache/haproxy").symlink_to(root / ".cache/haproxy")
    return Project(folder, folder / _CORE, folder / _USERS, (*_TESTS, *_RUN), folder / "tests", _REAL, _LAYOUT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
