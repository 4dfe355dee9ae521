# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all tests of the target's side share."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

# Before hypothesis is imported; ./dev test says it too.
os.environ.setdefault(
    "HYPOTHESIS_STORAGE_DIRECTORY", str(Path(__file__).resolve().parents[3] / ".cache" / "hypothesis")
)

import pytest
from hypothesis import HealthCheck, settings

from unit.plugins.module_utils.support import Reply, reply_of

# No time limit for one example: two test areas share two processors.
settings.register_profile("unit", deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unit")


@pytest.fixture
def reply() -> Reply:
    """The loader of captured replies: ``reply("3.0", "facts")``."""
    return reply_of


@pytest.fixture
def folder() -> Iterator[Path]:
    """A directory with a path so short that sockets fit into it: their paths hold 107 bytes."""
    made = Path(tempfile.mkdtemp(prefix="ha."))
    yield made
    shutil.rmtree(made)
