#!/usr/bin/python
# Copyright (c) 2026, haproxyadmin.haproxy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_global
short_description: Limits and counters of a running HAProxy as a whole
version_added: 1.0.0
author:
  - haproxyadmin.haproxy contributors (@haproxyadmin)
description:
  - Sets the connection limit and the rate limits of HAProxy processes through the Runtime API of HAProxy 2.2 and newer, and
    lets their counters begin anew. Nothing is written to a file; a reload brings the configured values back.
  - Every value is of one process, never a sum. Four processes with O(maxconn=500) take 2000 connections.
  - All processes are read first, and whatever one of them would refuse is refused before anything is sent to any.
extends_documentation_fragment:
  - haproxyadmin.haproxy.fleet
  - haproxyadmin.haproxy.fleet.attributes
  - haproxyadmin.haproxy.fleet.actiongroup
options:
  maxconn:
    description:
      - Connections at once. V(0) goes back to the number that the process started with, which is also the most it takes.
      - When omitted, the limit is left as it is.
    type: int
  rate_limit_connections:
    description:
      - New connections a second; V(0) is unlimited.
      - When omitted, the limit is left as it is.
    type: int
  rate_limit_sessions:
    description:
      - New sessions a second; V(0) is unlimited.
      - When omitted, the limit is left as it is.
    type: int
  rate_limit_ssl_sessions:
    description:
      - New TLS sessions a second; V(0) is unlimited. Refused where HAProxy was built without TLS.
      - When omitted, the limit is left as it is.
    type: int
  rate_limit_http_compression:
    description:
      - Kilobytes a second that go into compression; V(0) is unlimited.
      - When omitted, the limit is left as it is.
    type: int
  clear_counters:
    description:
      - Let counters begin anew, V(max) only the peaks, V(all) all of them, which also takes them from whoever draws them.
      - A deed, done whenever asked, always a change, and told in RV(unconfirmed).
      - V(all) is refused on HAProxy 3.4.0, which crashes on it under traffic with rate limits.
      - When omitted, the counters go on.
    type: str
    choices: [max, all]
"""

EXAMPLES = r"""
- name: Fewer connections on each process, and no more than 100 new ones a second
  haproxyadmin.haproxy.haproxy_global:
    maxconn: 100
    rate_limit_connections: 100

- name: Back to what HAProxy started with
  haproxyadmin.haproxy.haproxy_global:
    maxconn: 0
    rate_limit_connections: 0

- name: Let the peaks begin anew
  haproxyadmin.haproxy.haproxy_global:
    clear_counters: max
"""

RETURN = r"""
before:
  description: What was found, by process.
  returned: success
  type: dict
  sample:
    /run/haproxy/admin.sock:
      maxconn: 2000
      rate_limit_connections: 0
      rate_limit_http_compression: 0
      rate_limit_sessions: 0
      rate_limit_ssl_sessions: 0
after:
  description: The same, read again after the commands; in check mode what would be read.
  returned: success
  type: dict
  sample:
    /run/haproxy/admin.sock:
      maxconn: 100
      rate_limit_connections: 100
      rate_limit_http_compression: 0
      rate_limit_sessions: 0
      rate_limit_ssl_sessions: 0
commands:
  description:
    - Commands that were sent, or in check mode would be sent, in the order of sending within each process.
  returned: success
  type: list
  elements: dict
  sample:
    - {process: /run/haproxy/admin.sock, command: set maxconn global 100}
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
  sample: InputError
"""

from ..module_utils._changing import run
from ..module_utils._resources.process_limits import OPTIONS, limits_of

ARGUMENTS = {
    **{option: {"type": "int"} for option in OPTIONS},
    "clear_counters": {"type": "str", "choices": ["max", "all"]},
}


def main() -> None:
    run(ARGUMENTS, limits_of)


if __name__ == "__main__":
    main()
