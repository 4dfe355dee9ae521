#!/usr/bin/python
# Copyright (c) 2026, haproxyadmin.haproxy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_info
short_description: What running HAProxy processes say of themselves
version_added: 0.1.0
author:
  - haproxyadmin.haproxy contributors (@haproxyadmin)
description:
  - One row for each process of the fleet, old workers included, through the Runtime API of HAProxy 2.2 and newer.
  - Old workers are those that a reload replaced and that live until their last session ends. Only a master socket shows
    them.
extends_documentation_fragment:
  - haproxyadmin.haproxy.fleet
  - haproxyadmin.haproxy.fleet.attributes_info
  - haproxyadmin.haproxy.fleet.actiongroup
options:
  gather_subset:
    description:
      - What to gather. V(process) is the first there is.
    type: list
    elements: str
    default: [process]
    choices: [process]
"""

EXAMPLES = r"""
- name: Which processes there are
  haproxyadmin.haproxy.haproxy_info:
  register: haproxy

- name: Fail while workers from before a reload still have sessions
  ansible.builtin.assert:
    that: haproxy.old_workers in ['unknown', []]

- name: All four processes of a HAProxy with one socket for each in a directory
  haproxyadmin.haproxy.haproxy_info:
    gather_subset: process
    socket: /run/haproxy/
    expected_processes: 4
"""

RETURN = r"""
processes:
  description: The processes, by name; old workers last.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The first of the addresses that reach it; C(MASTER@1) or, for an old worker, C(MASTER@!PID) where only a
        master socket does.
      type: str
    socket:
      description: The address that was used, the one with the highest level.
      type: str
    pid:
      description: Process id.
      type: int
    version:
      description: HAProxy's version, as it says it.
      type: str
    node:
      description: Name of the node.
      type: str
    worker:
      description: V(current), or V(old) when a reload replaced it.
      type: str
    level:
      description: Level of the socket, V(user), V(operator) or V(admin).
      type: str
    uptime_sec:
      description: Seconds since it started.
      type: int
    reloads:
      description: How often HAProxy was reloaded since this process started; null without a master socket.
      type: int
    connections:
      description: Connections at present.
      type: int
    info:
      description: All of C(show info), under HAProxy's own names; numbers as numbers.
      type: dict
  sample:
    - connections: 12
      info: {Name: HAProxy, Nbthread: 4, Pid: 4711, Version: 3.0.11}
      level: admin
      name: /run/haproxy/admin.sock
      node: lb1
      pid: 4711
      reloads: 0
      socket: /run/haproxy/admin.sock
      uptime_sec: 86400
      version: 3.0.11
      worker: current
old_workers:
  description: Names of old workers; V(unknown) without a master socket.
  returned: success
  type: raw
  sample: []
skipped_sockets:
  description: Sockets that were found and left out, with the reason.
  returned: success
  type: list
  elements: dict
  sample: []
error:
  description: The kind of error.
  returned: failure
  type: str
  sample: CannotConnect
process:
  description: Name of the process that the error is about, or nothing.
  returned: failure
  type: str
  sample: /run/haproxy/admin.sock
"""

from ..module_utils._resources.process_info import gather
from ..module_utils._runner import run_info

ARGUMENTS = {
    "gather_subset": {"type": "list", "elements": "str", "default": ["process"], "choices": ["process"]},
}


def main() -> None:
    run_info(ARGUMENTS, gather)


if __name__ == "__main__":
    main()
