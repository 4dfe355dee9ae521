# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m lab.capture`` writes the replies that unit tests read, as real processes of every version give them.

Only what would differ on each machine is replaced, and nothing else: the lab's directory, pids and the node's name.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .apps import Apps
from .config import servers_body
from .fleet import master_worker, one
from .processes import wait_until
from .raw import ask
from .running import Fleet
from .versions import Version, versions

REPLIES = Path(__file__).parents[1] / "unit" / "plugins" / "module_utils" / "replies"
# Else the first checks are spread over the longest interval there is.
GLOBAL = "max-spread-checks 100ms"
PREFIX = "set severity-output number;"
SECONDS = 10.0

_MORE = """
backend more
    balance roundrobin
    option httpchk
    http-check expect status 200 on-success "all \\"fine\\", really so"
    server said1 127.0.0.1:{port} check inter 100ms
    server slow1 127.0.0.1:{port} weight 100 check inter 100ms slowstart 600s
    server late1 127.0.0.1:{port} weight 40 check fall 1 inter 600s
"""


class Wanted(NamedTuple):
    """One reply to capture: its file's name, the line (after the prefix), and whether to ask the operator's socket."""

    name: str
    line: str
    operator: bool = False


FACTS = "show info;show cli level;show cli sockets;show pools"
STATE = "show backend;show servers state"
AT_FIRST = (
    Wanted("facts", FACTS),
    Wanted("facts_operator", FACTS, operator=True),
    Wanted("state", STATE),
    Wanted("stat", "show stat -1 6 -1"),
    Wanted("stat_www", "show stat www 6 -1"),
    Wanted("refused_proxy", "show stat nowhere 6 -1"),
    Wanted("info", "show info"),
    Wanted("refused_server", "set server www/web9 state drain"),
    Wanted("refused_backend", "set server nowhere/web1 state drain"),
    Wanted("refused_level", "set server www/web1 state drain", operator=True),
    Wanted("refused_state", "set server www/web1 state asleep"),
    Wanted("refused_weight", "set server www/web1 weight 300"),
    Wanted("refused_garbage", "set server www/web1 weight abc"),
    Wanted("refused_static", "set server fixed/fixed1 weight 15"),
    Wanted("refused_backend_state", "show servers state nowhere"),
    Wanted("unknown_command", "frobnicate the server"),
    Wanted("silence", "set server www/web1 weight 10"),
    Wanted("joined", ";".join(f"set server www/{name} weight {weight}" for name, weight in
                              (("web1", 10), ("web2", 100), ("web3", 1), ("web4", 256)))),
    Wanted("joined_refused_first", "set server www/web9 weight 1;set server www/web1 weight 10"),
    Wanted("joined_refused_middle",
           "set server www/web1 weight 10;set server www/web9 weight 1;set server www/web3 weight 1"),
    Wanted("joined_refused_garbage",
           "set server www/web1 weight 10;set server www/web2 weight abc;set server www/web3 weight 1"),
    Wanted("joined_refused_last", "set server www/web1 weight 10;set server www/web9 weight 1"),
    Wanted("joined_refused_twice",
           "set server www/web1 weight 10;set server www/web9 weight 1;set server www/web8 weight 1"),
    Wanted("joined_refused_level", "set server www/web1 weight 10;set server www/web3 weight 1", operator=True),
)  # fmt: skip
CHANGES = (
    "set server www/web1 state maint",  # odd/follow1 tracks it
    "set server www/web2 state drain",
    "set server api/web1 state maint",
    "set server api/api1 weight 5",
    "set server api/api2 weight 0",
    "set server more/said1 weight 0",
    "set server odd/off1 state ready",
    "set server more/slow1 state maint",
    "set server more/late1 state maint",
    "set server more/slow1 state ready",
    "set server more/late1 state ready",
)
AFTERWARDS = (Wanted("state_changed", STATE), Wanted("stat_changed", "show stat -1 6 -1"))


def main() -> int:
    """Capture all replies of all versions."""
    with Apps(4) as apps:
        body = servers_body(apps.ports) + _MORE.format(port=apps.ports[0])
        for version in versions():
            folder = REPLIES / version.name
            folder.mkdir(parents=True, exist_ok=True)
            for file in folder.glob("*.txt"):
                file.unlink()
            _capture(version, body, folder)
            print(f"HAProxy {version}: {len(list(folder.glob('*.txt')))} replies")
    return 0


def _capture(version: Version, body: str, folder: Path) -> None:
    with one(version, body, operator=True, global_lines=GLOBAL) as fleet:
        wait_until(lambda: _all_checked(fleet), SECONDS, lambda: "not every check has a result")
        for wanted in AT_FIRST:
            _write(fleet, wanted, folder)
        for line in CHANGES:
            fleet.ask(0, line)
        wait_until(lambda: _is_slow(fleet), SECONDS, lambda: "more/slow1 does not start slowly")
        for wanted in AFTERWARDS:
            _write(fleet, wanted, folder)
    with master_worker(version, body) as fleet:
        _write(fleet, Wanted("state_master", STATE), folder)


def _all_checked(fleet: Fleet) -> bool:
    status = dict(_cells(fleet, 36)).values()
    return "fine" in fleet.ask(0, "show stat more 4 -1") and not any(w == "INI" or w[:1] == "*" for w in status)


def _is_slow(fleet: Fleet) -> bool:
    return dict(_cells(fleet, 5))["more/slow1"] == "1"


def _cells(fleet: Fleet, column: int) -> Iterator[tuple[str, str]]:
    """Server → a cell: 5 of ``show servers state``, 36 (check_status) of ``show stat``."""
    table, separator, names = ("show servers state", " ", (1, 3)) if column == 5 else ("show stat -1 4 -1", ",", (0, 1))
    for line in fleet.ask(0, table).splitlines():
        cells = line.split(separator)
        if len(cells) > column and not line.startswith("#"):
            yield f"{cells[names[0]]}/{cells[names[1]]}", cells[column]


def _write(fleet: Fleet, wanted: Wanted, folder: Path) -> None:
    address = fleet.operator_sockets[0] if wanted.operator else fleet.sockets[0]
    reply = ask(address, PREFIX + wanted.line)
    (folder / f"{wanted.name}.txt").write_bytes(_scrubbed(reply, fleet))


def _scrubbed(reply: bytes, fleet: Fleet) -> bytes:
    reply = reply.replace(str(fleet.base).encode(), b"/run/haproxy")
    reply = re.sub(rb"^(Pid: )\d+$", rb"\g<1>4711", reply, flags=re.MULTILINE)
    return re.sub(rb"^(node: ).*$", rb"\g<1>lb1", reply, flags=re.MULTILINE)


if __name__ == "__main__":
    sys.exit(main())
