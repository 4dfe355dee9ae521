# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The peers, in an environment of their own."""

from __future__ import annotations

import sys
from pathlib import Path

from suite.environment import made
from suite.paths import CACHE

PEER = "community.general.haproxy"


def python() -> Path:
    """The Python that has the peers; the first time it is made from requirements-peers.txt."""
    return made(CACHE / "peers", Path(sys.executable), "requirements-peers.txt")


def collections() -> Path:
    """The folder with the bundle's ansible_collections, for our own ansible-core, so that all are run by the same."""
    (found,) = python().parents[1].glob("lib/python*/site-packages/ansible_collections/community/general")
    return found.parents[2]
