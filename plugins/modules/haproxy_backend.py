#!/usr/bin/python
# Copyright (c) 2026, haproxyadmin.haproxy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_backend
short_description: Which servers a backend of a running HAProxy has, and the backend itself
version_added: 1.0.0
author:
  - haproxyadmin.haproxy contributors (@haproxyadmin)
description:
  - Brings servers into a backend and takes others out, sets the weights of many at once, switches dynamic cookies, and
    publishes, creates and deletes backends through the Runtime API of HAProxy 2.2 and newer. Nothing is written to a file; a
    reload brings the configured servers and values back.
  - All processes of O(socket) are read first, and what one of them would refuse is refused before anything is sent. Servers
    that join come first, those that leave last.
  - Creating and deleting servers needs HAProxy 2.6, creating also a load-balancing algorithm that is not static. O(slots) works
    on 2.2, too.
extends_documentation_fragment:
  - haproxyadmin.haproxy.fleet
  - haproxyadmin.haproxy.fleet.attributes
  - haproxyadmin.haproxy.fleet.actiongroup
  - haproxyadmin.haproxy.fleet.wait
  - haproxyadmin.haproxy.server.members
options:
  name:
    description:
      - The backend (C(backend) or C(listen) section). One that no process has fails the task, unless it is to be created or
        O(state=absent).
    type: str
    required: true
    aliases: [backend]
  purge:
    description:
      - Whether the backend is to have exactly O(servers). All others are deleted, configured ones included, as
        O(haproxyadmin.haproxy.haproxy_server#module:state=absent) deletes them, that is after maintenance and after their last
        session; a reload brings configured ones back, and a warning says so. With O(slots) they go to maintenance instead.
      - An empty list of O(servers) with O(purge) empties the backend.
    type: bool
    default: false
  slots:
    description:
      - Put the addresses of O(servers) into the servers of a C(server-template) instead of creating and deleting servers. An
        address stays in the slot that has it, and comes back to the slot that had it; a new one gets the first slot that is
        in maintenance on every process. A slot that is filled becomes ready, unless its item says another state.
      - All processes get the same address in the same slot, so an item takes no values for single processes. More addresses
        than free slots are refused, and so are two items with one address of which one says no port.
    type: bool
    default: false
  slot_prefix:
    description:
      - What the names of the slots begin with, before their number.
      - When omitted, the servers of the backend whose name ends in a number; refused where they have several beginnings.
    type: str
  weights:
    description:
      - Names or globs of servers, and the weight of each, as O(haproxyadmin.haproxy.haproxy_server#module:weight). A server
        that two of them or O(servers) are about is refused. Not with O(purge) and O(slots), where each item has its weight.
      - When omitted, weights are left as they are.
    type: dict
  drain:
    description:
      - Whether a server that leaves drains first, and goes to maintenance after its last session. Without it, maintenance comes
        first, and then the wait for its sessions before it is deleted.
    type: bool
    default: false
  on_timeout:
    description:
      - What to do when sessions are left after O(wait_timeout). V(fail) fails the task; V(shutdown) ends them and goes on;
        V(continue) goes on with a warning.
    type: str
    choices: [fail, shutdown, continue]
    default: fail
  shutdown_sessions:
    description:
      - End the sessions of servers that leave instead of waiting for them; with O(drain), those that are left in maintenance.
    type: bool
    default: false
  min_up:
    description:
      - How many servers must stay in service, as O(haproxyadmin.haproxy.haproxy_server#module:min_up). Servers that the same
        task brings count, and where they are needed they are waited for before any other leaves; then the task fails when
        they do not come up, whatever O(on_timeout) says.
      - When omitted, every server may go.
    type: str
  dynamic_cookie:
    description:
      - Whether servers without a cookie of their own get a dynamic one. HAProxy shows it by the servers' cookies; where no
        server could show it, this is a deed, done whenever asked, always a change, and told in RV(unconfirmed).
      - V(enabled) needs a key, of the configuration or O(dynamic_cookie_key).
      - HAProxy 2.6 gives a server that is created none until they are enabled once more. RV(backend) then says C(partly), and
        V(enabled) or O(dynamic_cookie_key) repairs it.
      - When omitted, it is left as it is.
    type: str
    choices: [enabled, disabled]
  dynamic_cookie_key:
    description:
      - The secret from which dynamic cookies are computed. It is compared by computing the cookies that HAProxy shows; where it
        shows none, this is a deed.
      - When omitted, it is left as it is.
    type: str
  state:
    description:
      - V(present), the backend is there; a new one, which O(defaults) creates, is unpublished. V(published), it takes traffic;
        V(unpublished), it takes none but from clients that are bound to one of its servers. These need HAProxy 3.4 where there
        is something to do.
      - V(absent), the backend is gone. It is unpublished, its servers leave as with O(purge), and it is deleted. HAProxy is asked
        first whether it may be deleted; where the configuration needs it nothing is done. When its servers cannot leave, it
        is published again, but for O(drain), with which they keep draining. Needs HAProxy 3.4.
      - When omitted, it is left as it is.
    type: str
    choices: [published, unpublished, present, absent]
  defaults:
    description:
      - The name of the C(defaults) section that a backend is created from.
      - When omitted, no backend is created.
    type: str
  mode:
    description:
      - The mode of a backend that is created. One that exists is not compared with it.
      - When omitted, that of O(defaults).
    type: str
    choices: [http, tcp]
"""

EXAMPLES = r"""
# Needs HAProxy 2.6
- name: Exactly these two servers, checked and up before any other leaves
  haproxyadmin.haproxy.haproxy_backend:
    name: api
    purge: true
    drain: true
    wait: true
    min_up: "1"
    servers:
      - name: web1
      - name: green1
        address: 127.0.0.1
        port: 8081
        options: check inter 200ms

- name: Addresses in the slots of a server-template, and no others
  haproxyadmin.haproxy.haproxy_backend:
    name: pool
    slots: true
    purge: true
    servers:
      - address: 127.0.0.1
        port: 8081
      - address: 127.0.0.1
        port: 8082

- name: Five percent of its traffic for the canary, all of it for the others
  haproxyadmin.haproxy.haproxy_backend:
    name: www
    weights:
      web2: 5%
      web[134]: 100%

- name: Another key for dynamic cookies
  haproxyadmin.haproxy.haproxy_backend:
    name: sticky
    dynamic_cookie: enabled
    dynamic_cookie_key: "{{ cookie_key | default('not a secret') }}"

# Needs HAProxy 3.4
- name: A backend that takes no traffic for now
  haproxyadmin.haproxy.haproxy_backend:
    name: www
    state: unpublished
"""

RETURN = r"""
backend:
  description:
    - The backend as it was found (C(before)) and as it is afterwards (C(after)), in check mode as it would be; C(consistent)
      tells whether all processes have the same. Of cookies only where the task is about them; never the key.
  returned: success
  type: dict
  sample:
    name: www
    before: {name: www, state: published}
    after: {name: www, state: published}
    consistent: true
servers:
  description:
    - The servers that the task is about, as M(haproxyadmin.haproxy.haproxy_server) returns them.
  returned: success
  type: list
  elements: dict
  sample:
    - backend: www
      name: green1
      before: {backend: www, name: green1, state: absent}
      after: {backend: www, name: green1, state: ready, address: 127.0.0.1, port: 8081, weight: 1, maxconn: 0, ssl: false}
      initial_weight: 1
      consistent: true
      processes: [/run/haproxy/admin.sock]
      readings: {/run/haproxy/admin.sock: {sessions: 0, status: UP}}
drained_seconds:
  description: Seconds that the task waited for sessions and for servers to come up.
  returned: when a server leaves
  type: float
  sample: 1.5
commands:
  description:
    - Commands that were sent, or in check mode would be sent, in the order of sending within each process. A key is shown as
      stars.
  returned: success
  type: list
  elements: dict
  sample:
    - {process: /run/haproxy/admin.sock, command: set server www/web2 state maint}
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
  description: Commands that depended on time, such as repeated ones and those that brought a former state back.
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

from ..module_utils._backend_options import ARGUMENTS, backend_of
from ..module_utils._changing import run


def main() -> None:
    run(ARGUMENTS, backend_of)


if __name__ == "__main__":
    main()
