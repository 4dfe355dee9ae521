# Copyright (c) 2026, haproxyadmin.haproxy contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that the modules of maps and ACLs share."""

from __future__ import annotations


class ModuleDocFragment:
    """What a set should hold, and how it gets there."""

    DOCUMENTATION = r"""
options:
  src:
    description:
      - Path, on the managed host, of a file with the entries in HAProxy's own form, one a line. A C(#) in the first
        column makes a comment; blank lines do not count.
      - When omitted, O(entries) has them.
    type: path
  state:
    description:
      - V(present), the entries are there. V(absent), no entry with one of these keys is there. V(empty), no entry is
        there; it takes neither O(entries) nor O(src).
    type: str
    choices: [present, absent, empty]
    default: present
  exclusive:
    description:
      - With O(state=present), exactly these entries are there and no others, each as often as it is given, and in this
        order where the order counts for HAProxy (matching by regular expression, by part or by number, and whatever
        ignores case). An empty set needs O(state=empty).
      - When V(false), all other entries are left alone. A key that HAProxy has more than once gets the wished value in
        all its entries, and a warning says so.
    type: bool
    default: false
  atomic:
    description:
      - V(auto) replaces the whole set at once where that costs less than the single changes, or where repeated keys or
        the order have to be repaired. Else it changes entry by entry, each at once for its key, what is new first and
        what goes last. RV(atomic) tells which.
      - V(always) replaces the whole set at once, whatever changes. The new set is loaded beside the one that serves,
        read and compared on all processes, before it is committed on any.
      - Replacing at once needs HAProxy 2.4. On 2.2 V(always) is refused and V(auto) goes entry by entry; a key whose
        repeated entries or whose place is repaired is missing for a moment there.
      - A change that somebody else makes while a whole set is replaced is told with its keys. Where O(exclusive=false)
        would have kept it, the task plans again, once.
    type: str
    choices: [auto, always]
    default: auto
  persist:
    description:
      - Also bring the file from which HAProxy loads the set to everything that runs, once every process has it. The new
        file is written beside the old one and takes its place, owner, group, mode and SELinux context; comments stay.
      - The file is where HAProxy says, on the managed host. Where that is not so, as with HAProxy in a container, use
        M(ansible.builtin.copy). A set without a file, or with a relative path, is refused.
      - An entry of the file that does not run is part of the diff, and goes. This is looked at in every run.
      - Refused where processes hold other entries beside those of the task; O(exclusive) makes them the same.
    type: bool
    default: false
  backup:
    description:
      - With O(persist), keep a copy of the file as it was; RV(backup_file) tells where.
    type: bool
    default: false
"""
