# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configurations that cases run on."""

from __future__ import annotations

from benchmark.cases import drain, info


def test_a_backend_has_so_many_servers_each_with_its_own_name_and_place() -> None:
    servers = [line.split()[1:3] for line in info.body(5_000).splitlines() if line.strip().startswith("server ")]
    assert len(servers) == len({name for name, _place in servers}) == len({place for _name, place in servers}) == 5_000
    assert all(int(place.rpartition(":")[2]) < 65_536 for _name, place in servers)


def test_what_is_drained_is_behind_the_frontend() -> None:
    body = drain.body(8001, 8002)
    assert "bind 127.0.0.1:8002\n" in body
    assert "server web1 127.0.0.1:8001\n" in body
