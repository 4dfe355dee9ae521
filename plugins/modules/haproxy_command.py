#!/usr/bin/python
# Copyright (c) 2026, haproxyadmin.haproxy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_command
short_description: Raw Runtime API commands to every process of a HAProxy
version_added: 1.0.0
author:
  - haproxyadmin.haproxy contributors (@haproxyadmin)
description:
  - Sends commands of the Runtime API as they are written to every current process, one after the other, each to all
    processes at once, and returns what each process answers. For what the other modules of this collection do not know.
  - Nothing is compared and nothing is confirmed. Commands whose first word is C(show), C(get) or C(help) read; every other
    is a change whenever it is sent.
  - Each command has a connection of its own, so that C(experimental-mode on), C(set severity-output) and the like mean nothing
    to the next. C(prompt) and C(quit) are refused, C(wait) ends at once.
  - A refusal fails the task, and the commands behind it are not sent. A worker behind a master socket of HAProxy before 3.2
    does not say which of its answers are refusals; there only those that everybody knows (unknown command, permission
    denied, no such object) are recognised, and a warning tells of every other answer to a command that changes something.
extends_documentation_fragment:
  - haproxyadmin.haproxy.fleet
  - haproxyadmin.haproxy.fleet.actiongroup
attributes:
  check_mode:
    description: Sends only commands that read, and tells which others would be sent.
    support: partial
    details:
      - What a command that changes something would answer cannot be known.
  diff_mode:
    description: Nothing is compared.
    support: none
  idempotent:
    description: Commands are sent whenever asked.
    support: none
  platform:
    description: Systems on which the module runs.
    platforms: posix
    support: full
options:
  command:
    description:
      - Commands, each exactly one. An unescaped C(;), a C(<<) or a line end is refused; C(\;) is a semicolon within a word,
        C(\ ) a blank, C(\<\<) two less-than signs.
      - An item may also be a dictionary of V(command) and V(payload), lines that HAProxy reads after the command. A payload
        cannot hold an empty line, nor one with nothing but a carriage return.
      - A command with its payload may be as long as HAProxy takes it without harm, that is 15,000 bytes with its default
        settings (8,000 before 2.6).
    type: list
    elements: raw
    required: true
"""

EXAMPLES = r"""
- name: What HAProxy knows of its memory
  haproxyadmin.haproxy.haproxy_command:
    command: show pools
  register: pools

- name: Two commands, one after the other, to every process
  haproxyadmin.haproxy.haproxy_command:
    command:
      - clear counters
      - show info
"""

RETURN = r"""
results:
  description: The answers, by command and process.
  returned: success
  type: list
  elements: dict
  contains:
    process:
      description: Name of the process.
      type: str
    command:
      description: The command, without its payload.
      type: str
    stdout:
      description: The answer, without the lines that end it. Bytes that are not UTF-8 are shown as C(\xe9).
      type: str
    stdout_lines:
      description: The same, line by line.
      type: list
      elements: str
    severity:
      description: HAProxy's own severity of a message, from 0 to 7; nothing for data, for silence, and behind older masters.
      type: int
  sample:
    - {process: /run/haproxy/admin.sock, command: clear counters, stdout: "", stdout_lines: [], severity: null}
commands:
  description: Commands that change something and were sent, or in check mode would be sent.
  returned: success
  type: list
  elements: dict
  sample:
    - {process: /run/haproxy/admin.sock, command: clear counters}
processes:
  description: The processes that the task spoke to, by name.
  returned: success
  type: list
  elements: dict
  sample: []
old_workers:
  description: Names of processes that a reload replaced; V(unknown) without a master socket. They get no command.
  returned: always
  type: raw
  sample: unknown
skipped_sockets:
  description: Sockets that were found and left out, with the reason.
  returned: success
  type: list
  elements: dict
  sample: []
error:
  description: The kind of error; C(process), C(command) and C(done) tell more.
  returned: failure
  type: str
  sample: UnknownCommand
"""

from ..module_utils._gathering import run_commands
from ..module_utils._resources.raw import answers, commands_of

ARGUMENTS = {"command": {"type": "list", "elements": "raw", "required": True}}


def main() -> None:
    run_commands(ARGUMENTS, commands_of, answers)


if __name__ == "__main__":
    main()
