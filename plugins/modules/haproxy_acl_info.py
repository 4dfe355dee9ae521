#!/usr/bin/python
# Copyright (c) 2026, haproxyadmin.haproxy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_acl_info
short_description: ACLs of a running HAProxy, their entries, and lookups
version_added: 1.0.0
author:
  - haproxyadmin.haproxy contributors (@haproxyadmin)
description:
  - Tells which ACLs HAProxy has, which entries one of them holds, or what HAProxy finds in it, through the Runtime API
    of HAProxy 2.2 and newer. Nothing is changed.
  - HAProxy 3.3 and newer show ACLs on sockets of level C(admin) only, older ones on sockets of any level.
extends_documentation_fragment:
  - haproxyadmin.haproxy.fleet
  - haproxyadmin.haproxy.fleet.attributes_info
  - haproxyadmin.haproxy.fleet.actiongroup
options:
  acl:
    description:
      - The ACL whose entries are wanted, named as for M(haproxyadmin.haproxy.haproxy_acl). One that no process has
        fails the task.
      - When omitted, all ACLs are listed, without their entries.
    type: str
    aliases: [file, path]
  value:
    description:
      - A text that HAProxy is to look for in O(acl), as it does for a request, in every way in which its configuration
        uses the ACL. An ACL of networks finds an address, so that this is no test for an entry of this name.
      - Needs O(acl). When omitted, the entries are told.
    type: str
"""

EXAMPLES = r"""
- name: Which ACLs are there?
  haproxyadmin.haproxy.haproxy_acl_info:
  register: all_acls

- name: What is in this one?
  haproxyadmin.haproxy.haproxy_acl_info:
    acl: /etc/haproxy/blocked.acl
  register: blocked

- name: Is this address blocked?
  haproxyadmin.haproxy.haproxy_acl_info:
    acl: /etc/haproxy/blocked.acl
    value: 192.0.2.7
  register: lookup
"""

RETURN = r"""
acls:
  description:
    - The ACLs, by name; those without a name, whose entries stand in the configuration, come last.
    - Each has the places of the configuration that use it (C(uses)) and, for each process that has it, its number. With
      O(acl) there is one, with C(consistent), whether all these processes have the same entries in the same order, and
      for each process C(entry_count) and C(entries), in HAProxy's order.
    - An ACL that is a map, too, is told with its values, each behind its key.
  returned: unless O(value) is given
  type: list
  elements: dict
  sample:
    - name: /etc/haproxy/blocked.acl
      uses: ["acl at file '/etc/haproxy/haproxy.cfg' line 14"]
      consistent: true
      per_process:
        - process: /run/haproxy/admin.sock
          number: 0
          entry_count: 1
          entries:
            - 192.0.2.7
found:
  description: Whether every process that has the ACL finds an entry for O(value).
  returned: with O(value)
  type: bool
  sample: true
key:
  description: The key of the first entry that was found; V(null) where none was, or where processes disagree.
  returned: with O(value)
  type: str
  sample: 192.0.2.0/24
type:
  description: The method that found it, such as V(str), V(beg), V(ip) or V(reg); V(null) where RV(key) is.
  returned: with O(value)
  type: str
  sample: ip
consistent:
  description: Whether all processes answer the same.
  returned: with O(value)
  type: bool
  sample: true
lookups:
  description:
    - The answers of each process, one for each use of the ACL in its configuration. Where nothing was found, all behind
      C(case_sensitive) is V(null).
  returned: with O(value)
  type: list
  elements: dict
  sample:
    - process: /run/haproxy/admin.sock
      found: true
      type: ip
      case_sensitive: true
      key: 192.0.2.0/24
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
    "acl": {"type": "str", "aliases": ["file", "path"]},
    "value": {"type": "str"},
}


def main() -> None:
    run_info(ARGUMENTS, partial(gather_of, "acl"))


if __name__ == "__main__":
    main()
