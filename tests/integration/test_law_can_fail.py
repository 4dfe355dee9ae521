# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The law of prophecy.py is a check that can fail: break the code in each way it speaks of, and see it red."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils import _engine
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._plan import Step
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources import server
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._sending import Ledger

from lab.apps import Apps
from lab.config import servers_body
from lab.fleet import one
from lab.oracle import servers
from lab.prophecy import holds
from lab.recorder import Recorders
from lab.running import Fleet
from lab.versions import newest

DRAIN: dict[str, Any] = {"name": ["web1"], "backend": ["www"], "state": "drain"}


@pytest.fixture
def fleet(apps: Apps) -> Iterator[tuple[Fleet, Recorders]]:
    """One process of the newest version."""
    with one(newest(), servers_body(apps.ports)) as running, Recorders(running) as recorders:
        yield running, recorders


def _law(recorders: Recorders, **options: Any) -> None:
    holds("haproxy_server", {**DRAIN, **options, "socket": recorders.sockets}, recorders, "servers")


def test_the_law_holds_unbroken(fleet: tuple[Fleet, Recorders]) -> None:
    _law(fleet[1])


def test_a_check_mode_that_writes_is_seen(fleet: tuple[Fleet, Recorders], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        AnsibleModule, "check_mode", property(lambda _self: False, lambda _self, _value: None), raising=False
    )
    with pytest.raises(AssertionError, match="check mode wrote"):
        _law(fleet[1])


def test_a_prediction_that_is_wrong_is_seen(fleet: tuple[Fleet, Recorders], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.Servers, "predicted", lambda _self, now, _aimed: now)
    with pytest.raises(AssertionError, match="predicted something else"):
        _law(fleet[1])


def test_a_command_that_is_not_told_is_seen(fleet: tuple[Fleet, Recorders], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ledger, "lines", lambda _self: [])
    with pytest.raises(AssertionError, match="other commands than were sent"):
        _law(fleet[1])


def test_a_second_run_that_writes_is_seen(fleet: tuple[Fleet, Recorders], monkeypatch: pytest.MonkeyPatch) -> None:
    def always(rows: Any, now: Any, aimed: Any) -> Iterator[Any]:
        for key, target in aimed.items():
            for row in rows:
                if row.name in target.fields:
                    yield Step((key, row.name), row.say(now[key], target.record))

    monkeypatch.setattr(server, "route", always)
    with pytest.raises(AssertionError, match="the second run wrote"):
        _law(fleet[1])


def test_a_write_that_is_not_confirmed_is_seen(fleet: tuple[Fleet, Recorders], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the confirmation a socket that lies is believed; the second run shows it."""
    running, recorders = fleet
    monkeypatch.setattr(_engine, "_confirm", lambda *_arguments: None)
    recorders[0].swallow = lambda request: b"\n\n" if b"set server" in request else None
    with pytest.raises(AssertionError):
        _law(recorders)
    assert servers(running, 0)["www", "web1"].state == "ready"
