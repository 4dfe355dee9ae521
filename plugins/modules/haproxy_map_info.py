#!/usr/bin/python
# Copyright (c) 2026, haproxyadmin.haproxy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_map_info
short_description: Maps of a running HAProxy, their entries, and lookups
version_added: 1.0.0
author:
  - haproxyadmin.haproxy contributors (@haproxyadmin)
description:
  - Tells which maps HAProxy has, which entries one of them holds, or what HAProxy finds in it, through the Runtime API
    of HAProxy 2.2 and newer. Nothing is changed.
  - HAProxy 3.3 and newer show maps on sockets of level C(admin) only, older ones on sockets of any level.
extends_documentation_fragment:
  - haproxyadmin.haproxy.fleet
  - haproxyadmin.haproxy.fleet.attributes_info
  - haproxyadmin.haproxy.fleet.actiongroup
options:
  map:
    description:
      - The map whose entries are wanted, named as for M(haproxyadmin.haproxy.haproxy_map). One that no process has
        fails the task.
      - When omitted, all maps are listed, without their entries.
    type: str
    aliases: [file, path]
  key:
    description:
      - A text that HAProxy is to look for in O(map), as it does for a request, in every way in which its configuration
        uses the map. A map of prefixes finds a longer text, so that this is no test for an entry of this name.
      - Needs O(map). When omitted, the entries are told.
    type: str
"""

EXAMPLES = r"""
- name: Which maps are there?
  haproxyadmin.haproxy.haproxy_map_info:
  register: all_maps

- name: What is in this one?
  haproxyadmin.haproxy.haproxy_map_info:
    map: /etc/haproxy/hosts.map
  register: hosts

- name: Which backend does this host get?
  haproxyadmin.haproxy.haproxy_map_info:
    map: /etc/haproxy/hosts.map
    key: a.example.com
  register: lookup
"""

RETURN = r"""
maps:
  description:
    - The maps, by name; those without a name, whose entries stand in the configuration, come last.
    - Each has the places of the configuration that use it (C(uses)) and, for each process that has it, its number. With
      O(map) there is one, with C(consistent), whether all these processes have the same entries in the same order, and
      for each process C(entry_count) and C(entries), in HAProxy's order.
  returned: unless O(key) is given
  type: list
  elements: dict
  sample:
    - name: /etc/haproxy/hosts.map
      uses: ["map at file '/etc/haproxy/haproxy.cfg' line 14"]
      consistent: true
      per_process:
        - process: /run/haproxy/admin.sock
          number: 0
          entry_count: 1
          entries:
            - {key: a.example.com, value: www}
found:
  description: Whether every process that has the map finds an entry for O(key).
  returned: with O(key)
  type: bool
  sample: true
key:
  description: The key of the first entry that was found; V(null) where none was, or where processes disagree.
  returned: with O(key)
  type: str
  sample: a.example.com
value:
  description: The value of the first entry that was found; V(null) where none was, or where processes disagree.
  returned: with O(key)
  type: str
  sample: www
type:
  description: The method that found it, such as V(str), V(beg), V(ip) or V(reg); V(null) where RV(key) is.
  returned: with O(key)
  type: str
  sample: str
consistent:
  description: Whether all processes answer the same.
  returned: with O(key)
  type: bool
  sample: true
lookups:
  description:
    - The answers of each process, one for each use of the map in its configuration. Where nothing was found, all behind
      C(case_sensitive) is V(null).
  returned: with O(key)
  type: list
  elements: dict
  sample:
    - process: /run/haproxy/admin.sock
      found: true
      type: str
      case_sensitive: true
      key: a.example.com
      value: www
      value_type: str
processes:
  description: The processes that the task spoke to, by name.
  returned: success
  type: list
  elements: dict
  sample: []
old_workers:
  description: Names of processes that a reload replaced; V(unknown) without a master socket. They are not asked.
  returned: always
  type: raw
  sample: unknown
skipped_sockets:
  description: Sockets that were found and left out, with the reason.
  returned: success
  type: list
  elements: dict
  sample: []
error:
  description: The kind of error; C(process) and C(command) tell more.
  returned: failure
  type: str
  sample: ObjectNotFound
"""

from functools import partial

from ..module_utils._gathering import run_info
from ..module_utils._resources.pattern_info import gather_of

ARGUMENTS = {
    "map": {"type": "str", "aliases": ["file", "path"]},
    "key": {"type": "str", "no_log": False},
}


def main() -> None:
    run_info(ARGUMENTS, partial(gather_of, "map"))


if __name__ == "__main__":
    main()
