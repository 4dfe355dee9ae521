# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbook block_addresses takes for an address."""

from __future__ import annotations

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.filter.not_addresses import not_addresses

ADDRESSES = [
    "192.0.2.7",
    "198.51.100.0/24",
    "198.51.100.7/24",
    "10.0.0.0/255.0.0.0",
    "2001:db8::1",
    "2001:db8::/32",
    "::1",
]


def test_addresses_and_networks_are() -> None:
    assert not_addresses(ADDRESSES) == []


@pytest.mark.parametrize(
    "entry", ["300.1.1.1", "10.0.0.0/33", "10.0.0", "", " 10.0.0.1", "example.com", "fe80::1%eth0", 7, None, True]
)
def test_others_are_not(entry: object) -> None:
    assert not_addresses(["192.0.2.7", entry]) == [entry]
