# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""For each module the task that faults happen to: what it writes and what each of its commands does."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from lab.commands import is_write

from .tasks import ACL, MAP, TASKS, Options

SECRET = "s3cret-Key-that-nobody-may-see"
MASKED = "********"
"""What results show in its place."""

Effects = Mapping[str, Mapping[str, str]]
"""The shape of a command, with the file left out → what a process holds after it; ``*``: something else than before."""


class Deed(NamedTuple):
    """A task about the sample. It changes something on every process, or only reads.

    :param last_question: what it asks immediately before its first write; empty where it asks nothing.
    """

    module: str
    options: Options
    effects: Effects = MappingProxyType({})
    last_question: bytes = b""

    @property
    def writes(self) -> bool:
        return bool(self.effects)

    def effect_of(self, command: str) -> tuple[str, dict[str, str | None]]:
        """The shape of a command that this task may send, and what a process holds after it (None: no more).

        Raises KeyError for any other.
        """
        shape = re.sub(r"/\S+/target\.(map|acl)", "FILE", command)
        undone = re.fullmatch(r"del (map|acl) FILE (\S+)", shape)
        if undone:  # what was added is taken back where another process could not have it
            return shape, {f"{undone[1]} {undone[2]}": None}
        return shape, {**self.effects[shape]} if is_write(command) else {}

    def task(self, map_file: str, acl_file: str, **more: Any) -> Options:
        """Its options on a sample with these files."""
        files = {MAP: map_file, ACL: acl_file}
        return {
            **{
                name: files.get(value, value) if isinstance(value, str) else value
                for name, value in self.options.items()
            },
            **more,
        }


# Beside the options of `tasks.py`, and what comes of them.
_CHANGES: dict[str, tuple[Options, Effects]] = {
    "haproxy_server": (
        {"name": ["probe", "second"], "state": "drain", "weight": "5"},
        {
            "set server lab/probe state drain": {"lab/probe state": "drain"},
            "set server lab/probe weight 5": {"lab/probe weight": "5"},
            "set server lab/second state drain": {"lab/second state": "drain"},
            "set server lab/second weight 5": {"lab/second weight": "5"},
        },
    ),
    "haproxy_backend": (
        {"name": "cookies", "dynamic_cookie_key": SECRET, "weights": {"c1": "7", "c2": "9"}},
        {
            f"set dynamic-cookie-key backend cookies {MASKED}": {"cookies/c1 cookie": "*", "cookies/c2 cookie": "*"},
            "set server cookies/c1 weight 7": {"cookies/c1 weight": "7"},
            "set server cookies/c2 weight 9": {"cookies/c2 weight": "9"},
        },
    ),
    "haproxy_frontend": (
        {"maxconn": 60, "state": "disabled"},
        {
            "set maxconn frontend edge 60": {"edge maxconn": "60"},
            "disable frontend edge": {"edge status": "*"},
        },
    ),
    "haproxy_global": (
        {"rate_limit_sessions": 7, "rate_limit_connections": 8},
        {
            "set rate-limit sessions global 7": {"SessRateLimit": "7"},
            "set rate-limit connections global 8": {"ConnRateLimit": "8"},
        },
    ),
    "haproxy_map": (
        {"entries": {"a.example": "one", "b.example": "two"}},
        {
            "add map FILE a.example one": {"map a.example": "one"},
            "add map FILE b.example two": {"map b.example": "two"},
        },
    ),
    "haproxy_acl": (
        {"entries": ["a.example", "b.example"]},
        {"add acl FILE a.example": {"acl a.example": ""}, "add acl FILE b.example": {"acl b.example": ""}},
    ),
    "haproxy_command": (
        {"command": ["set server lab/probe weight 5", "set server lab/second weight 6", "show servers state lab"]},
        {
            "set server lab/probe weight 5": {"lab/probe weight": "5"},
            "set server lab/second weight 6": {"lab/second weight": "6"},
        },
    ),
}
_READS: dict[str, Options] = {
    "haproxy_info": {"gather_subset": ["process", "servers", "frontends", "backends"]},
    "haproxy_map_info": {},
    "haproxy_acl_info": {},
}

_LAST_QUESTIONS = {
    "haproxy_server": b"show stat",
    "haproxy_backend": b"show stat -1 6",
    "haproxy_frontend": b"show stat",
    "haproxy_global": b"show info;show info",
    "haproxy_map": b"get map",
    "haproxy_acl": b"get acl",
    "haproxy_command": b"",
}

DEEDS: dict[str, Deed] = {
    **{
        name: Deed(name, {**TASKS[name], **more}, effects, _LAST_QUESTIONS[name])
        for name, (more, effects) in _CHANGES.items()
    },
    **{name: Deed(name, {**TASKS[name], **more}) for name, more in _READS.items()},
}
