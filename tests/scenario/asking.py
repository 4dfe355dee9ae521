# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks each balancer for each application: ``python -m scenario.asking ADDRESS:PORT... -- NAME...``, in their network.

Prints, as JSON, {target: {name: [server that answered, its version]}}.
"""

from __future__ import annotations

import http.client
import json
import sys

SECONDS = 10.0


def answer(target: str, name: str) -> tuple[str, str]:
    """Which server answered, and its version; the status where that is not 200."""
    connection = http.client.HTTPConnection(target, timeout=SECONDS)
    try:
        connection.request("GET", "/", headers={"X-Wanted": name, "Connection": "close"})
        reply = connection.getresponse()
        reply.read()
    finally:
        connection.close()
    return reply.getheader("X-Server", "-"), reply.getheader("X-Version", "-") if reply.status == 200 else str(
        reply.status
    )


if __name__ == "__main__":
    middle = sys.argv.index("--")
    targets, names = sys.argv[1:middle], sys.argv[middle + 1 :]
    print(json.dumps({target: {name: answer(target, name) for name in names} for target in targets}))
