# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of maps and ACLs; documented in plugins/doc_fragments/patterns.py."""

from __future__ import annotations

from typing import Any

PATTERNS: dict[str, dict[str, Any]] = {
    "entries": {"type": "raw"},
    "src": {"type": "path"},
    "state": {"type": "str", "choices": ["present", "absent", "empty"], "default": "present"},
    "exclusive": {"type": "bool", "default": False},
    "atomic": {"type": "str", "choices": ["auto", "always"], "default": "auto"},
    "persist": {"type": "bool", "default": False},
    "backup": {"type": "bool", "default": False},
}
RULES = {"mutually_exclusive": [("entries", "src")]}


def naming(kind: str) -> dict[str, dict[str, Any]]:
    """The option that names the map or the ACL."""
    return {kind: {"type": "str", "required": True, "aliases": ["file", "path"]}}
