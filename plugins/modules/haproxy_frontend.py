#!/usr/bin/python
# Copyright (c) 2026, haproxyadmin.haproxy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_frontend
short_description: Frontends of a running HAProxy, closed, opened and limited
version_added: 1.0.0
author:
  - haproxyadmin.haproxy contributors (@haproxyadmin)
description:
  - Disables and enables frontends and sets their connection limits through the Runtime API of HAProxy 2.2 and newer.
    Nothing is written to a file; a reload brings the configured values back.
  - All processes of O(socket) are read first. Only processes on which a frontend is not as wished get a command, and
    afterwards the state is read again.
  - Every value is of one process, never a sum over processes.
extends_documentation_fragment:
  - haproxyadmin.haproxy.fleet
  - haproxyadmin.haproxy.fleet.attributes
  - haproxyadmin.haproxy.fleet.actiongroup
options:
  name:
    description:
      - Names of frontends (C(frontend) and C(listen) sections), or globs such as V(public*). A name that matches nothing on
        any process fails the task.
    type: list
    elements: str
    required: true
  state:
    description:
      - V(disabled) closes the ports for new connections; those that are open go on. V(enabled) opens them again.
      - V(shutdown) closes the ports for good, until HAProxy is reloaded or restarted; it needs O(force=true). Afterwards
        every other wish fails.
      - A C(listen) section without C(bind) has no port to close; HAProxy 2.6 and newer refuse to disable it.
      - HAProxy 2.2 forgets a frontend that was shut down, so there V(shutdown) of a name that matches nothing is success,
        with a warning. HAProxy 2.3.0 to 2.6.11 may call a disabled frontend open, so there V(enabled) and V(disabled) are
        deeds, sent whenever asked, always a change, and told in RV(unconfirmed).
      - Under C(nbproc) (HAProxy up to 2.4), where several processes share one C(bind) line, disabling a frontend in one of
        them closes the port for all, and disabling and enabling it in all of them breaks it, whatever HAProxy says. No
        reply tells such a frontend from a safe one, so a warning says this. C(bind … process N) is safe.
      - When omitted, the state is left as it is.
    type: str
    choices: [enabled, disabled, shutdown]
  maxconn:
    description:
      - Connections at once, of each process, at least V(1). It goes with every O(state) but V(shutdown).
      - When omitted, the limit is left as it is.
    type: int
  force:
    description:
      - Whether O(state=shutdown), which cannot be undone, is meant.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Close a frontend for new connections
  haproxyadmin.haproxy.haproxy_frontend:
    name: public
    state: disabled

- name: Open it again, with fewer connections on each process
  haproxyadmin.haproxy.haproxy_frontend:
    name: public
    state: enabled
    maxconn: 500

- name: What there is, without changing anything
  haproxyadmin.haproxy.haproxy_frontend:
    name: "*"
"""

RETURN = r"""
frontends:
  description: The frontends that O(name) means, by name.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the frontend.
      type: str
    before:
      description: What was found; a dictionary of process and value where processes disagree.
      type: dict
      sample: {name: public, state: enabled, maxconn: 2000}
    after:
      description: The same, read again after the commands; in check mode what would be read.
      type: dict
      sample: {name: public, state: disabled, maxconn: 2000}
    consistent:
      description: Whether all processes that have the frontend now agree.
      type: bool
    processes:
      description: Names of the processes that have the frontend, or had it before it was shut down.
      type: list
      elements: str
    readings:
      description: HAProxy's own word for the state, for each process.
      type: dict
      sample: {/run/haproxy/admin.sock: {status: PAUSED}}
commands:
  description:
    - Commands that were sent, or in check mode would be sent, in the order of sending within each process.
  returned: success
  type: list
  elements: dict
  sample:
    - {process: /run/haproxy/admin.sock, command: disable frontend public}
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
  description: Commands that depended on time, such as those that were sent before a reload made the task plan again.
  returned: always
  type: list
  elements: dict
  sample: []
unconfirmed:
  description: What was sent and cannot be read back.
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
  sample: ObjectNotFound
"""

from ..module_utils._changing import run
from ..module_utils._resources.frontend import frontends_of

ARGUMENTS = {
    "name": {"type": "list", "elements": "str", "required": True},
    "state": {"type": "str", "choices": ["enabled", "disabled", "shutdown"]},
    "maxconn": {"type": "int"},
    "force": {"type": "bool", "default": False},
}


def main() -> None:
    run(ARGUMENTS, frontends_of)


if __name__ == "__main__":
    main()
