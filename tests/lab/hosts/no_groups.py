# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets programs believe that they set their supplementary groups, where an ordinary user cannot give them any.

In a user namespace that an ordinary user makes, setgroups(2) is forbidden for good, and sshd, which calls it, gives up.
There is but one user and one group in there, so nothing is lost when the call does nothing and says that all is well.
A seccomp filter, which every process started from this one keeps, does that.

``python -I -S no_groups.py COMMAND...`` executes the command so.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, PRETEND = 0x7FFF0000, 0x00050000
"""SECCOMP_RET_ALLOW; SECCOMP_RET_ERRNO with error 0, which is success."""

CALLS = {"x86_64": (0xC000003E, 116), "aarch64": (0xC00000B7, 159), "riscv64": (0xC00000F3, 159)}
"""Machine → (AUDIT_ARCH, the number of setgroups), from the kernel's tables."""


def pretend() -> None:
    """Install the filter for this process and all that it starts. Raises OSError where the kernel does not want to."""
    machine = os.uname().machine
    if machine not in CALLS:
        raise OSError(f"the number of setgroups on {machine} is not known to the lab")
    architecture, number = CALLS[machine]
    program = b"".join(
        struct.pack("HBBI", *each)
        for each in (
            (LOAD, 0, 0, 4),  # the architecture
            (JUMP_IF_EQUAL, 0, 3, architecture),
            (LOAD, 0, 0, 0),  # the number of the call
            (JUMP_IF_EQUAL, 0, 1, number),
            (RETURN, 0, 0, PRETEND),
            (RETURN, 0, 0, ALLOW),
        )
    )
    text = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(text)))
    libc = ctypes.CDLL(None, use_errno=True)
    word = ctypes.c_ulong
    if libc.prctl(PR_SET_NO_NEW_PRIVS, word(1), word(0), word(0), word(0)) != 0:
        raise OSError(ctypes.get_errno(), "the kernel does not give up privileges")
    if libc.prctl(PR_SET_SECCOMP, word(SECCOMP_MODE_FILTER), header, word(0), word(0)) != 0:
        raise OSError(ctypes.get_errno(), "the kernel takes no seccomp filter")


if __name__ == "__main__":
    pretend()
    os.execvp(sys.argv[1], sys.argv[1:])
