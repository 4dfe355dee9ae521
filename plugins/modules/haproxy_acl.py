#!/usr/bin/python
# Copyright (c) 2026, haproxyadmin.haproxy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_acl
short_description: Entries of an ACL in a running HAProxy
version_added: 1.0.0
author:
  - haproxyadmin.haproxy contributors (@haproxyadmin)
description:
  - Adds and deletes entries of an ACL in the memory of HAProxy 2.2 and newer, or replaces all of them. No file is
    written unless O(persist) says so; a reload brings the entries of the file back.
  - All processes of O(socket) are read first. Only processes whose entries are not as wished get a command, and
    afterwards the entries are read again. Every process that has the ACL ends with the wished entries; one that lacks it
    is named in a warning.
  - One entry that HAProxy does not take fails the task, and nothing changes on any process. HAProxy 2.2 may take some
    entries beside the one that it refuses; they are taken back.
  - HAProxy 3.3 and newer show and change ACLs on sockets of level C(admin) only, older ones on sockets of any level.
extends_documentation_fragment:
  - haproxyadmin.haproxy.fleet
  - haproxyadmin.haproxy.patterns
  - haproxyadmin.haproxy.fleet.attributes
  - haproxyadmin.haproxy.fleet.actiongroup
options:
  acl:
    description:
      - The ACL, by the name of its file as C(show acl) of HAProxy tells it, or by its virtual name (C(virt@…)).
        C(file@) and C(opt@) before a file's name do not count.
      - V(#5) means the number that HAProxy gave it, which changes with the configuration; refused when processes mean
        different ACLs by it. It is the only way to an ACL whose patterns stand in the configuration.
      - An ACL that no configuration loads fails the task. So does one that is a map, too, as its entries have values;
        use M(haproxyadmin.haproxy.haproxy_map).
    type: str
    required: true
    aliases: [file, path]
  entries:
    description:
      - A list of patterns. With O(state=absent) those that are to go.
      - A pattern is there when it is there exactly as it is written; C(10.0.0.1) and C(10.0.0.1/32) are two. One that
        is given twice counts once.
      - Patterns are texts; a whole number is taken in decimal. C(true), C(1.5) and C(null) are refused, as they may
        have been meant otherwise. So is what HAProxy would not store as it is, namely an empty pattern, one with a
        leading blank, control characters except for a tab, and a pattern that begins with C(#0x).
      - When omitted, O(src) has them.
      - On a command line it is written as JSON.
    type: raw
"""

EXAMPLES = r"""
- name: Two addresses more, now and after the next start of HAProxy
  haproxyadmin.haproxy.haproxy_acl:
    acl: /etc/haproxy/blocked.acl
    entries:
      - 192.0.2.7
      - 198.51.100.0/24
    persist: true

- name: One address less
  haproxyadmin.haproxy.haproxy_acl:
    acl: /etc/haproxy/blocked.acl
    state: absent
    entries: [192.0.2.7]

- name: Exactly these, as the file on the managed host has them
  haproxyadmin.haproxy.haproxy_acl:
    acl: /etc/haproxy/blocked.acl
    src: /etc/haproxy/blocked.acl
    exclusive: true

- name: Nobody is blocked
  haproxyadmin.haproxy.haproxy_acl:
    acl: /etc/haproxy/blocked.acl
    state: empty
"""

RETURN = r"""
acl:
  description: The ACL, as the task names it.
  returned: success
  type: str
  sample: /etc/haproxy/blocked.acl
added:
  description: How many entries were added, on one process at least; in check mode would be.
  returned: success
  type: int
  sample: 1
removed:
  description: How many entries were deleted, on one process at least.
  returned: success
  type: int
  sample: 0
updated:
  description: How many patterns that were there in another number were made anew, on one process at least.
  returned: success
  type: int
  sample: 0
reordered:
  description: Whether entries were not in the wished order, on one process at least.
  returned: success
  type: bool
  sample: false
entry_count:
  description:
    - How many entries there are afterwards; a dictionary of process and number where they are not as many on each.
  returned: success
  type: raw
  sample: 3
atomic:
  description: Whether everything that changed on a process changed at once; V(true), too, where nothing changed.
  returned: success
  type: bool
  sample: false
consistent:
  description: Whether all processes that have it end with the same entries; a warning says so where they do not.
  returned: success
  type: bool
  sample: true
per_process:
  description: The counts of each process that has the ACL.
  returned: success
  type: list
  elements: dict
  sample:
    - {process: /run/haproxy/admin.sock, added: 1, removed: 0, updated: 0, entry_count: 3}
file:
  description: The file that was written, or in check mode would be.
  returned: with O(persist), when the file did not hold the same
  type: str
  sample: /etc/haproxy/blocked.acl
backup_file:
  description: The copy of the file as it was.
  returned: with O(backup), when the file was written
  type: str
  sample: /etc/haproxy/blocked.acl.4711.2026-01-01@12:00:00~
commands:
  description:
    - Commands that were sent, or in check mode would be sent, in the order of sending within each process. A number
      that HAProxy gives out is written C(<version>); of entries that travel together only their number is shown.
  returned: success
  type: list
  elements: dict
  sample:
    - {process: /run/haproxy/admin.sock, command: add acl /etc/haproxy/blocked.acl 192.0.2.7}
processes:
  description: The processes that the task spoke to, by name.
  returned: success
  type: list
  elements: dict
  sample: []
old_workers:
  description: Names of processes that a reload replaced; V(unknown) without a master socket. They take no command.
  returned: always
  type: raw
  sample: unknown
also_done:
  description:
    - Commands that check mode does not predict, such as those that brought back what a refusal had left half done.
  returned: always
  type: list
  elements: dict
  sample: []
unconfirmed:
  description: What was sent and could not be read back.
  returned: always
  type: list
  elements: dict
  sample: []
skipped_sockets:
  description: Sockets that were found and left out, with the reason.
  returned: success
  type: list
  elements: dict
  sample: []
error:
  description: The kind of error; C(process), C(command), C(done), C(refused) and C(not_attempted) tell more.
  returned: failure
  type: str
  sample: InputError
"""

from functools import partial

from ..module_utils._changing import run
from ..module_utils._pattern_options import PATTERNS, RULES, naming
from ..module_utils._resources.patterns import patterns_of

ARGUMENTS = {**naming("acl"), **PATTERNS}


def main() -> None:
    run(ARGUMENTS, partial(patterns_of, "acl"), **RULES)


if __name__ == "__main__":
    main()
