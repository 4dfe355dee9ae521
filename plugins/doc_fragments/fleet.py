# Copyright (c) 2026, haproxyadmin.haproxy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that several modules share."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of every module: which processes, and what to do about those that do not answer."""

    DOCUMENTATION = r"""
options:
  socket:
    description:
      - Where the processes are. Each entry is the path of a stats socket, or a directory, which stands for every socket in
        it.
      - Several sockets of one process (another level, a link) count as one process, and the one with the highest level is
        used.
      - When omitted, the environment variable E(HAPROXY_SOCKET) of the managed host is used (entries separated by V(,)),
        else every live socket of the usual places, such as C(/run/haproxy/admin.sock).
    type: list
    elements: str
  timeout:
    description:
      - Seconds for one whole exchange with one process. All processes are asked at once, so a hung one costs this much once.
    type: float
    default: 10.0
  expected_processes:
    description:
      - Fail before anything is written when another number of processes answers.
      - When omitted, any number will do, but every entry of O(socket) must yield at least one.
    type: int
  on_unreachable:
    description:
      - What to do when a socket does not answer as a HAProxy does.
      - When omitted, a socket that is named in O(socket) must answer. Of what a directory turned up, sockets that are
        certainly no HAProxy (nobody listens, another protocol) are skipped with a warning; one that hangs or may not be
        read fails the task before anything is written.
      - V(fail) fails for every socket, V(warn) skips every one with a warning.
    type: str
    choices:
      - fail
      - warn
"""

    WAIT = r"""
options:
  wait:
    description:
      - Wait for what the wished state promises.
    type: bool
    default: false
  wait_timeout:
    description:
      - Fail when the wait takes longer than this many seconds. At least one reading is always made.
    type: float
    default: 120.0
  wait_interval:
    description:
      - Seconds between two readings of a wait.
    type: float
    default: 0.5
"""

    ATTRIBUTES = r"""
attributes:
  check_mode:
    description: Predicts exactly what would be done, sends no command that writes and never waits.
    support: full
  diff_mode:
    description: Shows what changes, from what is running to what was asked for.
    support: full
  idempotent:
    description: A second run with the same options sends no command that writes and reports no change.
    support: full
  platform:
    description: Systems on which the module runs.
    platforms: posix
    support: full
"""

    ACTIONGROUP = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/haproxyadmin.haproxy.haproxy) in C(module_defaults) to set the fleet once for all modules.
    support: full
    membership:
      - haproxyadmin.haproxy.haproxy
"""
