# Copyright (c) 2026, haproxyadmin.haproxy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A filter of the playbook block_addresses: HAProxy itself tells a bad address only when it is to store it."""

from __future__ import annotations

DOCUMENTATION = r"""
name: not_addresses
short_description: What in a list is neither an IP address nor a network
version_added: 1.0.0
author:
  - haproxyadmin.haproxy contributors (@haproxyadmin)
description:
  - Leaves out of a list all that HAProxy takes as an entry of an ACL of addresses, IPv4 and IPv6 addresses and networks.
options:
  _input:
    description: The list.
    type: list
    elements: raw
    required: true
"""

EXAMPLES = r"""
- name: Stop when something is no address
  ansible.builtin.assert:
    that: blocked | haproxyadmin.haproxy.not_addresses == []
  vars:
    blocked: [192.0.2.7, 198.51.100.0/24, "2001:db8::/32"]
"""

RETURN = r"""
_value:
  description: What is no address, in the order of the list.
  type: list
  elements: raw
"""

import ipaddress
from collections.abc import Callable, Iterable
from typing import Any


def not_addresses(entries: Iterable[object]) -> list[object]:
    """What is no address and no network."""
    return [entry for entry in entries if not _is_address(entry)]


def _is_address(entry: object) -> bool:
    if not isinstance(entry, str) or "%" in entry:  # a number would be one, and HAProxy has no zones
        return False
    try:
        ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False
    return True


class FilterModule:
    """The filter, as Ansible finds it."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → function."""
        return {"not_addresses": not_addresses}
