#!/usr/bin/python
# Copyright (c) 2026, haproxyadmin.haproxy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_server
short_description: Servers of a running HAProxy, drained, switched, weighed, moved, made and deleted
version_added: 1.0.0
author:
  - haproxyadmin.haproxy contributors (@haproxyadmin)
description:
  - Takes servers out of service and brings them back, waits for their sessions, and changes whatever else a server can be
    given through the Runtime API of HAProxy 2.2 and newer. Nothing is written to a file and HAProxy is not reloaded; a
    reload brings the configured values back.
  - All processes of O(socket) are read first. Only processes on which a server is not as wished get a command, and
    afterwards the state is read again; a state that did not take fails the task, whatever HAProxy answered.
  - An option that is omitted leaves alone what it is about. A task that only names servers only reads them.
  - What HAProxy does not show, or what does not last by nature, is a deed, marked so in its option. It is done whenever
    asked, also when nothing else differs, and is always a change.
extends_documentation_fragment:
  - haproxyadmin.haproxy.fleet
  - haproxyadmin.haproxy.fleet.attributes
  - haproxyadmin.haproxy.fleet.actiongroup
  - haproxyadmin.haproxy.fleet.wait
  - haproxyadmin.haproxy.server
options:
  name:
    description:
      - Names of servers as they stand in the configuration, or globs such as V(web*).
      - Either this or O(servers) is required; they exclude each other.
    type: list
    elements: str
    aliases: [server, host]
  backend:
    description:
      - Names of backends, or globs. A backend that no process has always fails the task.
      - When omitted, every backend that has the server is meant. A server to be created needs its backend.
    type: list
    elements: str
  former:
    description:
      - Keeps what servers were in files on the target, one for each backend and server, so that they can become the same
        again in another task, after a deploy that was broken off, or by somebody else.
      - V(keep) writes state and weight of each server, as read on each process, to O(state_dir) before anything is sent. What is kept
        of it already stays, and so does the state before the first of several such tasks. The weight of a server whose
        agent check runs is the agent's and not kept.
      - With V(keep) or V(replace) and O(state=drain), a server in maintenance stays there, on each process, since drain would
        let bound clients in again. Its sessions are waited for all the same.
      - V(replace) does the same and forgets what was kept before.
      - V(restore) gives each server the state and the weight that were kept of it, whatever else the task says of them,
        and removes the file when everything has come true, with O(wait) when the server is up. Nothing is waited for
        where it was not ready. A server of which nothing is kept is given what the task says.
      - When omitted, nothing is kept and no file is looked at.
    type: str
    choices: [keep, replace, restore]
  former_share:
    description:
      - With O(former=restore), the percentage of the former weight that a server gets, rounded down and at least 1; the
        file stays until this is 100.
    type: int
    default: 100
  state_dir:
    description:
      - The directory of the files of O(former), made when it is missing.
      - When omitted, C(/var/lib/haproxyadmin), or where the user can write nothing there,
        C(~/.local/state/haproxyadmin).
    type: path
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

- name: Drain, end what is left after a minute, then maintenance, unless that leaves fewer than half of the servers
  haproxyadmin.haproxy.haproxy_server:
    name: web1
    backend: www
    state: maint
    drain: true
    wait_timeout: 60
    on_timeout: shutdown
    min_up: 50%

- name: Different wishes for many servers, in one task and under one wait
  haproxyadmin.haproxy.haproxy_server:
    servers:
      - name: web1
        backend: www
        state: ready
      - name: [web2, web3]
        backend: www
        state: drain
        weight: 100%
      - name: api*
        maxconn: 200
    wait: true

- name: Look at a server without changing anything
  haproxyadmin.haproxy.haproxy_server:
    name: web4
    backend: www
  register: before

- name: Deploy behind a drained server, and put it back as it was if that fails
  block:
    - name: Drain it
      haproxyadmin.haproxy.haproxy_server:
        name: web4
        backend: www
        state: drain
        wait: true

    - name: Deploy
      ansible.builtin.include_tasks: deploy.yml

    - name: Bring it back
      haproxyadmin.haproxy.haproxy_server:
        name: web4
        backend: www
        state: ready
        wait: true
  rescue:
    - name: Put it back as it was
      haproxyadmin.haproxy.haproxy_server:
        servers: "{{ before.servers | map(attribute='before') }}"

- name: Take a server out for a while, and remember what it was
  haproxyadmin.haproxy.haproxy_server:
    name: web4
    state: drain
    wait: true
    former: keep

- name: Let it be what it was, with the weight that it had, and forget that
  haproxyadmin.haproxy.haproxy_server:
    name: web4
    state: ready
    wait: true
    former: restore

- name: Send a server's traffic to another machine
  haproxyadmin.haproxy.haproxy_server:
    name: api2
    backend: api
    address: 192.0.2.12
    port: 8081

# Needs HAProxy 2.6
- name: Add a server until the next reload, checked before it takes traffic
  haproxyadmin.haproxy.haproxy_server:
    name: web9
    backend: www
    state: present
    address: 192.0.2.19
    port: 8080
    options: check inter 2s weight 50

- name: Remove it again, when its last session has ended
  haproxyadmin.haproxy.haproxy_server:
    name: web9
    backend: www
    state: absent
    drain: true

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
  description:
    - The servers that O(name) and O(backend), or O(servers), mean, by backend and name. Of a task that failed after its
      first reading only C(backend), C(name) and C(before), which is enough to bring them back.
  returned: success, and failure after the first reading
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
        - What was found, as an item of O(servers), so that it can be fed back unchanged.
        - It holds what can be read and set again on that version, that is C(state), C(weight), C(maxconn) (0 is
          unlimited), C(address) or, where the server has a host name, C(fqdn), C(port), C(ssl) from HAProxy 2.4 on; of a
          server with health checks C(health_check), C(check_address), C(check_port), of one with agent checks
          C(agent_check), C(agent_address), C(agent_port), the addresses and ports from HAProxy 2.4 on; and what the task
          speaks of.
        - Where processes disagree, a value is a dictionary of process and value. A server that is not there has
          C(state=absent) and nothing else.
      type: dict
      sample:
        address: 192.0.2.11
        backend: www
        check_port: 0
        health_check: enabled
        maxconn: 0
        name: web1
        port: 8080
        ssl: false
        state: ready
        weight: 100
    after:
      description: The same, read again after the commands; in check mode what would be read.
      type: dict
      sample:
        address: 192.0.2.11
        backend: www
        check_port: 0
        health_check: enabled
        maxconn: 0
        name: web1
        port: 8080
        ssl: false
        state: drain
        weight: 100
    initial_weight:
      description: The configured weight; a dictionary of process and value where processes disagree; nothing without a
        server.
      type: raw
      sample: 100
    consistent:
      description: Whether all processes that have the server now agree on everything that C(after) holds and on the
        configured weight.
      type: bool
    processes:
      description: Names of the processes that have the server; of one that was deleted, those that had it.
      type: list
      elements: str
    readings:
      description:
        - What moves by itself, as read last, for each process. It never counts as a change.
        - C(effective_state) is the state with what the server inherits, C(inherited_from) says from where. C(agent) is
          the last word of its agent. C(check_duration) is in milliseconds.
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
former:
  description:
    - What is kept, or was given back, of each server, by backend and name, with C(state) and C(weight). Where processes
      disagree, a value is a dictionary of process and value.
  returned: with O(former), on success and on failure after the first reading
  type: list
  elements: dict
  sample:
    - {backend: www, name: web1, state: ready, weight: 100}
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
  description: How long was waited, for sessions and for whatever else the task waited for; 0 in check mode.
  returned: when sessions were waited for, with O(state=drain) and O(wait), with O(drain), or with O(state=absent)
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
  description:
    - Commands that only time called for, which no check mode can foresee. Those that HAProxy refused for the moment and
      that were sent again, those that ended sessions after O(wait_timeout), those that restored a former state after a
      failure, and those that were sent before a reload made the task plan again.
  returned: always
  type: list
  elements: dict
  sample:
    - {process: /run/haproxy/admin.sock, command: shutdown sessions server www/web1}
unconfirmed:
  description:
    - Deeds, which cannot be read back. After a failure, commands of which no answer tells whether they were carried out.
  returned: always
  type: list
  elements: dict
  sample:
    - {process: /run/haproxy/admin.sock, command: set server www/web1 agent-send web1}
warnings:
  description:
    - Sentences about what will not last (a server made or deleted at run time, an agent or a resolver that may undo the
      change), about old workers that are unknown while sessions are waited for, about what was no longer waited for, and
      about a reload that made the task plan again.
  returned: when there are any
  type: list
  elements: str
  sample:
    - "old workers are unknown: add the master socket, so that their sessions are waited for, too"
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

from ..module_utils._changing import run
from ..module_utils._server_options import ARGUMENTS, RULES, servers_of


def main() -> None:
    run(ARGUMENTS, servers_of, **RULES)


if __name__ == "__main__":
    main()
