# Copyright (c) 2026, haproxyadmin.haproxy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter behind the playbook canary."""

from __future__ import annotations

DOCUMENTATION = r"""
name: counted_requests
short_description: Requests that HAProxy servers got since a first reading, and how many failed
version_added: 1.0.0
author:
  - haproxyadmin.haproxy contributors (@haproxyadmin)
description:
  - Counts from one reading to the next, each with M(haproxyadmin.haproxy.haproxy_info) on all load balancers, the
    requests that the servers in it got on all processes, old workers included.
  - Counters that begin again, as those of a new worker after a reload, are no negative numbers. What a worker counted
    between the last reading and its end is not known.
  - A request has failed when the answer was a 5xx, when no connection came about, when it was sent to another server
    for that (C(option redispatch)), or when the answer was missing or not whole. HAProxy 3.0 and newer count a missing
    answer twice.
options:
  _input:
    description:
      - A dictionary of load balancer and what M(haproxyadmin.haproxy.haproxy_info) returned there, with V(process) and
        V(servers) gathered, for the servers that are meant.
    type: dict
    required: true
  before:
    description:
      - What this filter returned for the reading before.
      - When omitted, this is the first reading, from which counting begins.
    type: dict
    default: {}
seealso:
  - module: haproxyadmin.haproxy.haproxy_info
"""

EXAMPLES = r"""
- name: How many requests of web1 failed between two readings on lb1
  ansible.builtin.debug:
    msg: "{{ {'lb1': second} | haproxyadmin.haproxy.counted_requests(begun) }}"
  vars:
    begun: "{{ {'lb1': first} | haproxyadmin.haproxy.counted_requests }}"
"""

RETURN = r"""
_value:
  description:
    - C(requests), C(failed) and C(percent) since the first reading; the same for each load balancer in C(balancers);
      C(down), the load balancers on which a server is down; C(text), all of it in words; C(seen), what the next call
      goes on from.
    - C(hrsp_5xx), C(econ), C(eresp), C(wredis), C(wretr) and C(stot) are HAProxy's own counters since the first reading.
  type: dict
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.haproxyadmin.haproxy.plugins.plugin_utils._requests import counted


def _counted(results: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return counted(before or {}, results)


class FilterModule:
    """The filter, as Ansible finds it."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → function."""
        return {"counted_requests": _counted}
