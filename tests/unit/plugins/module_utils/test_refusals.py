# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which commands HAProxy has instead of one that it does not know, as it lists them itself."""

from __future__ import annotations

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import UnknownCommand
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._protocol import Command, Reply
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._refusals import refusal_of

from unit.plugins.module_utils.support import VERSIONS, text_of


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("said", "near"), [
    ("frobnicate the server", ""), ("ad server www/web5", "; it has 'add server'"),
    ("enable servers", "; it has 'enable server', 'disable server', 'set server'"),
])  # fmt: skip
def test_commands_that_resemble_it_are_named(version: str, said: str, near: str) -> None:
    answer = text_of(version, "unknown_command").partition(": ")[2]
    error = refusal_of(Command(said), Reply(answer, 6), "p1")
    assert isinstance(error, UnknownCommand)
    words = "Unknown command" + (": 'frobnicate'" if version not in ("2.2", "2.6") else "")
    if version == "2.2":  # which makes no servers
        near = near.replace("; it has 'add server'", "")
    assert error.message == f"HAProxy refused {said!r}: {words}{near}"
    assert error.answer.startswith("Unknown command")


@pytest.mark.parametrize(("before", "near"), [(0, "; it has 'set weight'"), (6000, "")])
def test_what_no_haproxy_lists_is_not_looked_through(before: int, near: str) -> None:
    answer = "Unknown command\n" + "  a b c d e : f\n" * before + "  set weight : g\n"
    assert refusal_of(Command("set weigt"), Reply(answer, 6), "p1").message.endswith(f"Unknown command{near}")
