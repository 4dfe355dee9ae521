# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run of ansible-playbook spent: its one main process, and all that it started and waited for."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: spent
type: aggregate
short_description: CPU seconds of a run
description: Writes the CPU seconds of the main process and of its children to the file that SPENT names, at the end.
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]  # Ansible has no types
    """Writes ``{"main", "others", "megabytes", "worker"}``."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "spent"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_stats(self, stats: Any) -> None:  # noqa: ARG002 - the name is Ansible's
        """All tasks are done; a worker counts once it has ended, and the last one may be about to."""
        for worker in multiprocessing.active_children():
            worker.join(10.0)
        main, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        told = {
            "main": main.ru_utime + main.ru_stime,
            "others": others.ru_utime + others.ru_stime,
            "megabytes": main.ru_maxrss / 1024,
            "worker": others.ru_maxrss / 1024,
        }
        Path(os.environ["SPENT"]).write_text(json.dumps(told), encoding="ascii")
