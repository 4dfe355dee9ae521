# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What processes say of themselves, as results show it."""

from __future__ import annotations

import json

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._address import Address
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.info import parse_facts
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._process import Process
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.process_info import gather

from unit.plugins.module_utils.support import VERSIONS, ScriptedConverse, fleet_of, reply_of, said, tables_of


@pytest.mark.parametrize("version", VERSIONS)
def test_every_process_has_a_row_old_workers_included(version: str) -> None:
    current, old = (parse_facts(tables_of(version, name)) for name in ("facts_operator", "old_facts"))
    address = Address("/m", path="/m")
    fleet = fleet_of(
        [Process("p1", address, current)],
        ScriptedConverse(lambda _exchange: said(reply_of(version, "info_typed"))),
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
    assert result["info"]["CurrConns"] == first["info"]["CurrConns"] + second["info"]["CurrConns"]
    assert result["info"]["Stopping"] == {"p1": 0, "/m@!4711": 1}
    assert json.loads(json.dumps(result)) == result
