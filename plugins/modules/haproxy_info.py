#!/usr/bin/python
# Copyright (c) 2026, haproxyadmin.haproxy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_info
short_description: What running HAProxy processes say of themselves and of what they serve
version_added: 1.0.0
author:
  - haproxyadmin.haproxy contributors (@haproxyadmin)
description:
  - Processes, frontends, backends and servers with everything in C(show info) and C(show stat), under HAProxy's own names,
    through the Runtime API of HAProxy 2.2 and newer. What a version does not have, or what does not apply to an object, is
    absent.
  - Each object is told per process and merged over all processes. The rule of a field follows from the nature that HAProxy
    itself gives it (C(show stat typed)), see the notes.
  - Old workers are those that a reload replaced and that live until their last session ends. Only a master socket shows
    them. They are rows like the others, as far as they tell anything; on HAProxy 2.2 they tell no statistics.
extends_documentation_fragment:
  - haproxyadmin.haproxy.fleet
  - haproxyadmin.haproxy.fleet.attributes_info
  - haproxyadmin.haproxy.fleet.actiongroup
options:
  gather_subset:
    description:
      - What to gather. V(all) is everything.
      - V(errors) and V(sessions) need a socket of level operator.
    type: list
    elements: str
    default: [process, frontends, backends, servers]
    choices: [process, frontends, backends, servers, errors, sessions, all]
  frontend:
    description:
      - Names or globs of frontends, for RV(frontends) and RV(sessions).
      - When omitted, all. When nothing has such a name, the list is empty, and that is no error.
    type: list
    elements: str
  backend:
    description:
      - Names or globs of backends, for RV(backends), RV(servers) and RV(sessions).
      - When omitted, all. When nothing has such a name, the list is empty, and that is no error.
    type: list
    elements: str
  server:
    description:
      - Names or globs of servers, for RV(servers) and RV(sessions).
      - When omitted, all. When nothing has such a name, the list is empty, and that is no error.
    type: list
    elements: str
notes:
  - "How the values of several processes become one. Texts, keys, states and configuration must agree: the one value, else
    a dict of process and value. What checks said last is the one value, too, but need not agree. Counters, gauges, rates
    and limits: the sum. Peaks: the greatest; minima: the least. Averages: weighted by requests (C(stot), else C(req_tot)).
    Ages (C(lastchg), C(lastsess)): the least, V(-1) only where there never was any. Durations: the greatest. Fields that
    end in C(_pct): the plain average."
  - "Exceptions: C(rate_max) of a backend and C(MaxSessRate), which HAProxy calls a gauge and a rate, are peaks; C(Stopping)
    and C(BusyPolling), which it calls gauges, must agree."
  - "The table with HAProxy's own words for these natures is in the guide
    R(statistics, ansible_collections.haproxyadmin.haproxy.docsite.statistics)."
"""

EXAMPLES = r"""
- name: Everything that all processes say, each object as one and per process
  haproxyadmin.haproxy.haproxy_info:
  register: haproxy

- name: Fail while workers from before a reload still have sessions
  ansible.builtin.assert:
    that: haproxy.old_workers in ['unknown', []]

- name: Sessions of each server of www, over all processes
  ansible.builtin.debug:
    msg: "{{ haproxy.servers | selectattr('backend', 'eq', 'www') | items2dict(key_name='name', value_name='stats') }}"

- name: All four processes of a HAProxy with one socket for each in a directory
  haproxyadmin.haproxy.haproxy_info:
    gather_subset: process
    socket: /run/haproxy/
    expected_processes: 4

- name: The web servers of one backend
  haproxyadmin.haproxy.haproxy_info:
    gather_subset: servers
    backend: www
    server: web*
  register: www

- name: Fail when a server is not the same on all processes, or out of service
  ansible.builtin.assert:
    that:
      - www.servers | rejectattr('consistent') | length == 0
      - www.servers | rejectattr('state', 'eq', 'ready') | length == 0

- name: Who is being served, and what broke the protocol last
  haproxyadmin.haproxy.haproxy_info:
    gather_subset: [sessions, errors]
    frontend: public
"""

RETURN = r"""
processes:
  description:
    - The processes, by name; old workers last.
    - Without V(process) in O(gather_subset), of each only what every module tells.
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
      description: All of C(show info), under HAProxy's own names and of the types that it gives them.
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
info:
  description: RV(processes[].info) of all processes as one, by the rules in the notes.
  returned: success, with V(process) in O(gather_subset)
  type: dict
  sample: {CurrConns: 48, Name: HAProxy, Nbthread: 4, Pid: {/run/haproxy/p1.sock: 4711, /run/haproxy/p2.sock: 4712}}
frontends:
  description: The frontends, by name.
  returned: success, with V(frontends) in O(gather_subset)
  type: list
  elements: dict
  contains: &contains
    name:
      description: Its name.
      type: str
    stats:
      description: The columns of C(show stat) by HAProxy's own names, merged over the processes by the rules in the notes.
        Empty ones are absent.
      type: dict
    per_process:
      description: What each process says that has it; old workers last.
      type: list
      elements: dict
      contains:
        process:
          description: Name of the process.
          type: str
        stats:
          description: The columns of its row.
          type: dict
    consistent:
      description: Whether the current processes that have it agree on all that must agree. C(pid), C(iid) and C(sid), which
        number processes and objects, may differ. Of an object that only old workers have, whether these agree.
      type: bool
  sample: &sample
    - consistent: true
      name: public
      per_process:
        - process: /run/haproxy/admin.sock
          stats: {scur: 12, smax: 40, status: OPEN}
      stats: {scur: 12, smax: 40, status: OPEN}
backends:
  description: The backends, by name.
  returned: success, with V(backends) in O(gather_subset)
  type: list
  elements: dict
  contains: *contains
  sample: *sample
servers:
  description:
    - The servers, by backend and name. A backend that the configuration disables has no statistics, so its servers are not
      here.
    - Beside the keys below each has everything that M(haproxyadmin.haproxy.haproxy_server) could set and HAProxy shows, under
      the names of its options (C(state), C(weight), C(maxconn), C(address) or C(fqdn), C(port), C(ssl), C(health_check),
      C(check_port), …), as its current processes have it. Where these differ, the value is a dict of process and value.
  returned: success, with V(servers) in O(gather_subset)
  type: list
  elements: dict
  contains:
    <<: *contains
    backend:
      description: Its backend.
      type: str
    state:
      description: The server's own flag, V(ready), V(drain) or V(maint).
      type: raw
    weight:
      description: Its weight.
      type: raw
  sample:
    - address: 192.0.2.10
      backend: www
      consistent: true
      maxconn: 0
      name: web1
      per_process:
        - process: /run/haproxy/admin.sock
          stats: {scur: 3, status: UP, stot: 4711}
      port: 8080
      ssl: false
      state: ready
      stats: {scur: 3, status: UP, stot: 4711}
      weight: 100
errors:
  description: What each process says to C(show errors).
  returned: success, with V(errors) in O(gather_subset)
  type: list
  elements: dict
  contains:
    process:
      description: Name of the process.
      type: str
    count:
      description: Errors captured since it started.
      type: int
    lines:
      description: HAProxy's text, the last error of each proxy, by lines.
      type: list
      elements: str
  sample:
    - count: 0
      lines: ['Total events captured on [22/Nov/2026:22:05:42.453] : 0']
      process: /run/haproxy/admin.sock
sessions:
  description:
    - The sessions, those of stats sockets (frontend V(GLOBAL)) included.
    - Beside the keys below each has everything that this version says in its line of C(show sess), under HAProxy's own names
      (C(proto), C(src), C(age), C(exp), …).
  returned: success, with V(sessions) in O(gather_subset)
  type: list
  elements: dict
  contains:
    process:
      description: Name of the process.
      type: str
    id:
      description: What names it for HAProxy (C(shutdown session)).
      type: str
    frontend:
      description: Its frontend.
      type: str
    backend:
      description: Its backend; null where it has none yet.
      type: str
    server:
      description: Its server; null where it has none (yet).
      type: str
  sample:
    - {age: 5s, backend: www, be: www, fe: public, frontend: public, id: '0x7f952a67a200', process: /run/haproxy/admin.sock,
       proto: tcpv4, server: web4, src: '192.0.2.77:50222', srv: web4}
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

from ..module_utils._gathering import run_info
from ..module_utils._resources.info import ALL, DEFAULT, SUBSETS, gather_of

ARGUMENTS = {
    "gather_subset": {"type": "list", "elements": "str", "default": [*DEFAULT], "choices": [*SUBSETS, ALL]},
    "frontend": {"type": "list", "elements": "str"},
    "backend": {"type": "list", "elements": "str"},
    "server": {"type": "list", "elements": "str"},
}


def main() -> None:
    run_info(ARGUMENTS, gather_of)


if __name__ == "__main__":
    main()
