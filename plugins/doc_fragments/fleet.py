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
      - Where the processes are. Each entry is the path of a stats socket, a glob, a directory (every socket in it),
        C(unix@PATH), C(tcp://HOST:PORT), C(HOST:PORT), C([::1]:9999), C(ipv4@HOST:PORT), C(ipv6@HOST:PORT), or the path of
        a B(master socket), which stands for all of its workers.
      - Several addresses of one process (another level, a link, its master) count as one process, and the one with the
        highest level is used.
      - Under C(nbproc) (HAProxy up to 2.4), a socket that several processes share is never written through; the sockets
        that HAProxy itself names for the single processes are used instead. When some cannot be reached, a module that
        writes fails before it writes.
      - Only a master socket shows B(old workers), which a reload replaced and which live until their last session ends.
        They take no command any more; their sessions count where a module waits for sessions.
      - When omitted, the environment variable E(HAPROXY_SOCKET) of the managed host is used (entries separated by V(,)),
        else every live one of the usual stats sockets and master sockets, such as C(/run/haproxy/admin.sock) and
        C(/run/haproxy-master.sock).
      - When HAProxy is reloaded while the task runs, the task looks and plans again, once.
    type: list
    elements: str
  timeout:
    description:
      - Seconds for one whole exchange with one process. All processes are asked at once, so a hung one costs this much once.
    type: float
    default: 10.0
  expected_processes:
    description:
      - Fail before anything is written when another number of current processes answers.
      - When omitted, any number will do, but every entry of O(socket) must yield at least one.
    type: int
  on_unreachable:
    description:
      - What to do when a socket does not answer as a HAProxy does.
      - When omitted, a socket that is named in O(socket) must answer. Of what a directory or a glob turned up, sockets that
        are certainly no HAProxy (nobody listens, another protocol) are skipped with a warning; one that hangs or may not
        be read fails a module that can write, before it writes, and is skipped with a warning by one that only reads.
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
      - The seconds that all waits of the task may take together; what then is said by the module. At least one reading is
        always made.
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

    ATTRIBUTES_INFO = r"""
attributes:
  check_mode:
    description: Only reads, in check mode as otherwise.
    support: full
  diff_mode:
    description: Changes nothing, so there is nothing to show.
    support: N/A
  idempotent:
    description: Changes nothing, however often it runs.
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
