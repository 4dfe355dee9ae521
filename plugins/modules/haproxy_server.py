#!/usr/bin/python
# Copyright (c) 2026, haproxyadmin.haproxy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_server
short_description: State and weight of servers of a running HAProxy
version_added: 0.1.0
author:
  - haproxyadmin.haproxy contributors (@haproxyadmin)
description:
  - Takes servers out of service and brings them back, and sets their weights, through the Runtime API of HAProxy 2.2 and
    newer. Nothing is written to a file and HAProxy is not reloaded; a reload brings the configured values back.
  - All processes of O(socket) are read first. Only processes on which a server is not as wished get a command, and
    afterwards the state is read again; a state that did not take fails the task, whatever HAProxy answered.
  - What counts is what was said to the server itself. What it inherits from a server that it tracks, or from a resolver,
    is told in RV(servers[].readings) and never changed by this module.
extends_documentation_fragment:
  - haproxyadmin.haproxy.fleet
  - haproxyadmin.haproxy.fleet.attributes
  - haproxyadmin.haproxy.fleet.actiongroup
  - haproxyadmin.haproxy.fleet.wait
options:
  name:
    description:
      - Names of servers as they stand in the configuration, or globs such as V(web*).
    type: list
    elements: str
    required: true
    aliases: [server, host]
  backend:
    description:
      - Names of backends, or globs. A backend that no process has always fails the task.
      - When omitted, every backend that has the server is meant.
    type: list
    elements: str
  state:
    description:
      - V(ready) lets the server take traffic. V(drain) takes it out of load balancing while clients that are bound to it
        by a cookie or a stick table still reach it. V(maint) takes it out altogether, and its checks stop.
      - V(enabled) is another word for V(ready), V(disabled) one for V(maint).
      - When omitted, the state is left as it is.
    type: str
    choices: [ready, drain, maint, enabled, disabled]
  weight:
    description:
      - A whole number from V(0) to V(256), or a whole percentage of the configured weight, rounded down and at most V(256).
      - A percentage above V(0%) that comes to 0 is refused. A backend with a static algorithm takes only V(0%) and V(100%).
        C(static-rr) is known beforehand; of the hash algorithms only HAProxy knows, and refuses the weight when it is sent.
      - With O(state=ready) the weight is set and read back before the server comes back.
      - When omitted, the weight is left as it is.
    type: str
  wait:
    description:
      - Wait for what O(state) promises. With V(ready), that the server is up on every process, or has no check, and a slow
        start is over. A server that this task brings back counts as up only with the result of a check, and when it is
        still up O(wait_interval) later. Where one failed check takes it down (C(fall 1)), HAProxy calls it up before it
        has checked; then a check must be seen to end, or 2.2 seconds must pass, so let O(wait_interval) be longer than the
        C(inter) of such a server.
      - With V(drain), that no session is left on the server and no request in its own queue, on any process. Sessions on
        old workers count when O(socket) has the master socket; else a warning says that they are unknown.
      - With V(maint), and without O(state), there is nothing to wait for.
      - Waiting for V(ready) fails at once, naming the cause, when the server inherits maintenance or drain.
    type: bool
    default: false
  fail_on_not_found:
    description:
      - Whether a name in O(name) that matches no server on any process fails the task.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Take web1 out of every backend that has it, and wait until its last session has ended
  haproxyadmin.haproxy.haproxy_server:
    name: web1
    state: drain
    wait: true

- name: Bring it back, and go on when its health check says that it is up
  haproxyadmin.haproxy.haproxy_server:
    name: web1
    state: ready
    wait: true
    wait_timeout: 30

- name: Half of the usual traffic for two servers of one backend
  haproxyadmin.haproxy.haproxy_server:
    name: [web1, web2]
    backend: www
    weight: 50%

- name: All servers of one backend, on all processes of a HAProxy with one socket for each in a directory
  haproxyadmin.haproxy.haproxy_server:
    name: "*"
    backend: api
    state: maint
    socket: /run/haproxy/
    expected_processes: 4
"""

RETURN = r"""
servers:
  description: The servers that O(name) and O(backend) mean, by backend and name.
  returned: success
  type: list
  elements: dict
  contains:
    backend:
      description: Name of the backend.
      type: str
    name:
      description: Name of the server.
      type: str
    before:
      description:
        - What was found, under the names of this module's options. Where processes disagree, a value is a dictionary of
          process and value.
      type: dict
      sample: {backend: www, name: web1, state: ready, weight: 100}
    after:
      description: The same, read again after the commands; in check mode what would be read.
      type: dict
      sample: {backend: www, name: web1, state: drain, weight: 100}
    initial_weight:
      description: The configured weight; a dictionary of process and value where processes disagree.
      type: raw
      sample: 100
    consistent:
      description: Whether all processes that have the server now agree on its state and weights.
      type: bool
    processes:
      description: Names of the processes that have the server.
      type: list
      elements: str
    readings:
      description: What moves by itself, as read last, for each process. It never counts as a change.
      type: dict
      sample:
        /run/haproxy/admin.sock:
          agent: null
          check_code: 200
          check_duration: 1
          check_status: L7OK
          effective_state: drain
          inherited_from: null
          last_check: null
          queue: 0
          sessions: 3
          status: DRAIN
commands:
  description:
    - Commands that were sent, or in check mode would be sent, in the order of sending within each process. More than 200 of
      one kind for one process are one line with a count.
  returned: success
  type: list
  elements: dict
  sample:
    - {process: /run/haproxy/admin.sock, command: set server www/web1 state drain}
processes:
  description: The processes that the task spoke to, by name.
  returned: success
  type: list
  elements: dict
  sample:
    - info: {Name: HAProxy, Nbproc: "1", Nbthread: "4", Process_num: "1", Release_date: 2026/05/20}
      name: /run/haproxy/admin.sock
      node: lb1
      pid: 4711
      socket: /run/haproxy/admin.sock
      version: 3.0.11
      worker: current
drained_seconds:
  description: How long the drain took; 0 in check mode.
  returned: with O(state=drain) and O(wait)
  type: float
  sample: 7.3
old_workers:
  description:
    - Names of processes that a reload replaced and that live until their last session ends; V(unknown) without a master
      socket.
  returned: always
  type: raw
  sample: unknown
also_done:
  description: Commands that depended on time, such as those that were sent before a reload made the task plan again.
  returned: always
  type: list
  elements: dict
  sample: []
unconfirmed:
  description: What was sent and cannot be read back, or of which no answer tells whether it was carried out.
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
  description: The kind of error.
  returned: failure
  type: str
  sample: PermissionDenied
process:
  description: Name of the process that the error is about, or nothing.
  returned: failure
  type: str
  sample: /run/haproxy/admin.sock
command:
  description: The command that the error is about, or nothing.
  returned: failure
  type: str
  sample: set server www/web1 state drain
done:
  description: What was carried out before or beside the error; empty when nothing was sent.
  returned: failure
  type: list
  elements: dict
  sample: []
refused:
  description: What was refused, with the answer.
  returned: failure
  type: list
  elements: dict
  sample: []
not_attempted:
  description: What was not sent any more.
  returned: failure
  type: list
  elements: dict
  sample: []
"""

from ..module_utils._argspec import WAIT
from ..module_utils._resources.server import STATES, Servers, wish_of
from ..module_utils._runner import run

ARGUMENTS = {
    "name": {"type": "list", "elements": "str", "required": True, "aliases": ["server", "host"]},
    "backend": {"type": "list", "elements": "str"},
    "state": {"type": "str", "choices": list(STATES)},
    "weight": {"type": "str"},
    "fail_on_not_found": {"type": "bool", "default": True},
    **WAIT,
}


def main() -> None:
    run(ARGUMENTS, lambda params: Servers(wish_of(params)))


if __name__ == "__main__":
    main()
