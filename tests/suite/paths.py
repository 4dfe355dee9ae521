# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where things are. All that is made lies in .venv and .cache."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"
VENV = ROOT / ".venv"
LOGS = CACHE / "logs"
# The checkout as Ansible sees it; ./dev makes the link.
COLLECTION = CACHE / "ansible_collections" / "haproxyadmin" / "haproxy"
