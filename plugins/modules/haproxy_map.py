#!/usr/bin/python
# Copyright (c) 2026, haproxyadmin.haproxy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_map
short_description: Entries of a map in a running HAProxy
version_added: 1.0.0
author:
  - haproxyadmin.haproxy contributors (@haproxyadmin)
description:
  - Adds, changes and deletes entries of a map in the memory of HAProxy 2.2 and newer, or replaces all of them. No file
    is written unless O(persist) says so; a reload brings the entries of the file back.
  - All processes of O(socket) are read first. Only processes whose entries are not as wished get a command, and
    afterwards the entries are read again. Every process that has the map ends with the wished entries; one that lacks it
    is named in a warning.
  - One entry that HAProxy does not take fails the task, and nothing changes on any process. HAProxy 2.2 may take some
    entries beside the one that it refuses; they are taken back.
  - HAProxy 3.3 and newer show and change maps on sockets of level C(admin) only, older ones on sockets of any level.
extends_documentation_fragment:
  - haproxyadmin.haproxy.fleet
  - haproxyadmin.haproxy.patterns
  - haproxyadmin.haproxy.fleet.attributes
  - haproxyadmin.haproxy.fleet.actiongroup
options:
  map:
    description:
      - The map, by the name of its file as C(show map) of HAProxy tells it, or by its virtual name (C(virt@…)).
        C(file@) and C(opt@) before a file's name do not count.
      - V(#5) means the number that HAProxy gave it, which changes with the configuration; refused when processes mean
        different maps by it.
      - A map that no configuration loads fails the task.
    type: str
    required: true
    aliases: [file, path]
  entries:
    description:
      - A dictionary of keys and values, or a list of dictionaries with C(key) and C(value), where a key is to be there
        more than once. With O(state=absent) only keys count, and a list of keys will do.
      - An entry is there when its key is, exactly as it is written; C(10.0.0.1) and C(10.0.0.1/32) are two.
      - Keys and values are texts; a whole number is taken in decimal. C(true), C(1.5) and C(null) are refused, as they
        may have been meant otherwise. So is what HAProxy would not store as it is, namely an empty key or value, a key
        with a blank, a value with a leading blank, control characters except for a tab in a value, and a key that
        begins with C(#0x).
      - When omitted, O(src) has them.
      - On a command line it is written as JSON.
    type: raw
"""

EXAMPLES = r"""
- name: One more host, and another backend for one that is there already
  haproxyadmin.haproxy.haproxy_map:
    map: /etc/haproxy/hosts.map
    entries:
      a.example.com: www
      b.example.com: static

- name: One host less
  haproxyadmin.haproxy.haproxy_map:
    map: /etc/haproxy/hosts.map
    state: absent
    entries: [b.example.com]

- name: Exactly these hosts, and in the file for the next start of HAProxy
  haproxyadmin.haproxy.haproxy_map:
    map: /etc/haproxy/hosts.map
    exclusive: true
    persist: true
    backup: true
    entries:
      a.example.com: www
      www.example.com: www

# Needs HAProxy 2.4
- name: Other backends for all of them, all at once
  haproxyadmin.haproxy.haproxy_map:
    map: /etc/haproxy/hosts.map
    exclusive: true
    atomic: always
    entries:
      a.example.com: blue
      www.example.com: blue

- name: What the file on the managed host holds, without a reload
  haproxyadmin.haproxy.haproxy_map:
    map: /etc/haproxy/hosts.map
    exclusive: true
    src: /etc/haproxy/hosts.map

- name: Expressions, which HAProxy searches in this order
  haproxyadmin.haproxy.haproxy_map:
    map: /etc/haproxy/paths.map
    exclusive: true
    entries:
      ^/static/: static
      ^/: www
"""

RETURN = r"""
map:
  description: The map, as the task names it.
  returned: success
  type: str
  sample: /etc/haproxy/hosts.map
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
  description: How many keys got another value, or another number of entries, on one process at least.
  returned: success
  type: int
  sample: 1
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
  description: The counts of each process that has the map.
  returned: success
  type: list
  elements: dict
  sample:
    - {process: /run/haproxy/admin.sock, added: 1, removed: 0, updated: 1, entry_count: 3}
file:
  description: The file that was written, or in check mode would be.
  returned: with O(persist), when the file did not hold the same
  type: str
  sample: /etc/haproxy/hosts.map
backup_file:
  description: The copy of the file as it was.
  returned: with O(backup), when the file was written
  type: str
  sample: /etc/haproxy/hosts.map.4711.2026-01-01@12:00:00~
commands:
  description:
    - Commands that were sent, or in check mode would be sent, in the order of sending within each process. A number
      that HAProxy gives out is written C(<version>); of entries that travel together only their number is shown.
  returned: success
  type: list
  elements: dict
  sample:
    - {process: /run/haproxy/admin.sock, command: add map /etc/haproxy/hosts.map a.example.com www}
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

ARGUMENTS = {**naming("map"), **PATTERNS}


def main() -> None:
    run(ARGUMENTS, partial(patterns_of, "map"), **RULES)


if __name__ == "__main__":
    main()
