# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What processes say of themselves, as results show it."""

from __future__ import annotations

import json

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._address import Address
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.info import parse_facts
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._process import Process
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.process_info import gather, typed

from unit.plugins.module_utils.support import VERSIONS, ScriptedConverse, fleet_of, tables_of


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-1", -1),
        ("4711", 4711),
        ("", ""),
        ("1.5", "1.5"),
        ("0d 0h00m01s", "0d 0h00m01s"),
        ("+1", "+1"),
        (" 1", " 1"),
        ("1\n", "1\n"),
        ("\u0661", "\u0661"),
        ("caf\udce9", "caf\\xe9"),
    ],
)
def test_a_number_is_a_number_and_all_else_a_text(text: str, value: object) -> None:
    assert typed(text) == value
    assert typed(text).__class__ is type(value)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_process_has_a_row_old_workers_included(version: str) -> None:
    current, old = (parse_facts(tables_of(version, name)) for name in ("facts_operator", "old_facts"))
    address = Address("/m", path="/m")
    fleet = fleet_of(
        [Process("p1", address, current)],
        ScriptedConverse(lambda _exchange: b""),
        old=[Process("/m@!4711", address, old, reloads=1)],
    )
    result = gather(fleet)
    first, second = result["processes"]
    assert (first["name"], first["socket"], first["pid"], first["node"]) == ("p1", "/m", 4711, "lb1")
    assert (first["worker"], first["level"], first["reloads"]) == ("current", "operator", None)
    assert first["version"].startswith(version)
    assert first["info"]["Pid"] == first["pid"]
    assert first["uptime_sec"] == first["info"]["Uptime_sec"]
    assert first["connections"] == first["info"]["CurrConns"]
    assert (second["name"], second["worker"], second["reloads"]) == ("/m@!4711", "old", 1)
    assert json.loads(json.dumps(result)) == result
