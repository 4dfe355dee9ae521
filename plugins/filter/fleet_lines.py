# Copyright (c) 2026, haproxyadmin.haproxy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter behind the playbook status."""

from __future__ import annotations

DOCUMENTATION = r"""
name: fleet_lines
short_description: What HAProxy load balancers serve, as lines of a table
version_added: 1.0.0
author:
  - haproxyadmin.haproxy contributors (@haproxyadmin)
description:
  - Makes a table for a terminal of what M(haproxyadmin.haproxy.haproxy_info) returned on several load balancers.
  - A server is one line, with the sums of its sessions and of its queue, where all processes agree on it; else one for
    each load balancer, and one for each process of those whose processes do not agree among themselves.
  - A line begins with C(!) when a server is down, draining, in maintenance or of weight 0, when state, weight or address
    are not the same everywhere, when the server is missing somewhere, when an old worker still has sessions of it, or
    when the load balancer does not answer.
options:
  _input:
    description:
      - A dictionary of load balancer and what M(haproxyadmin.haproxy.haproxy_info) returned there, or how it failed.
        V(process), V(backends) and V(servers) must have been gathered.
    type: dict
    required: true
  kept:
    description:
      - A dictionary of load balancer and the files in which M(haproxyadmin.haproxy.haproxy_server) keeps former states
        there, one after the other as one text.
    type: dict
    default: {}
seealso:
  - module: haproxyadmin.haproxy.haproxy_info
"""

EXAMPLES = r"""
- name: Show www on two load balancers
  ansible.builtin.debug:
    msg: "{{ {'lb1': hostvars.lb1.found, 'lb2': hostvars.lb2.found} | haproxyadmin.haproxy.fleet_lines }}"
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
  elements: str
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.haproxyadmin.haproxy.plugins.plugin_utils._fleet_lines import fleet_lines
from ansible_collections.haproxyadmin.haproxy.plugins.plugin_utils._fleet_seen import Result


def _lines(results: Mapping[str, Result], kept: Mapping[str, str] | None = None) -> list[str]:
    return fleet_lines(results, kept or {})


class FilterModule:
    """The filter, as Ansible finds it."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → function."""
        return {"fleet_lines": _lines}
