# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""haproxy_info of thousands of servers: the work grows as the tables do."""

from __future__ import annotations

import csv
import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._discovery import Policy, discover
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._fleet import Fleet as Addressed
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.info import DEFAULT, gather_of
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._transport import converse

from lab.fleet import Fleet, one
from lab.raw import ask
from lab.recorder import Recorders
from lab.tasks import MODULES, Result, run
from lab.versions import newest

MODULE = "haproxy_info"
BACKENDS = 50
# What is not in proportion to the table: exchanges, learning, the first run of code. Generous, as other tests run too.
CONSTANT_SECONDS = 1.0
TIMES = 3


def body(servers: int) -> str:
    """So many servers without checks, in 50 backends."""
    return "".join(
        f"backend b{backend}\n"
        + "".join(f"    server s{number} 127.0.0.1:1\n" for number in range(servers // BACKENDS))
        for backend in range(BACKENDS)
    )


@pytest.fixture(scope="module")
def large() -> Iterator[Fleet]:
    with one(newest(), body(5000)) as fleet:
        yield fleet


def seconds(work: Callable[[], object], *, times: int = 3) -> float:
    """The least of some measurements, in seconds of the processor, which other work on the machine disturbs least."""
    taken = []
    for _time in range(times):
        begin = time.process_time()
        work()
        taken.append(time.process_time() - begin)
    return min(taken)


def addressed(fleet: Fleet) -> Addressed:
    return discover(fleet.sockets, Policy(None, False, None), converse, 60.0)


def gathered(fleet: Addressed) -> dict[str, Any]:
    ask_all = gather_of({"gather_subset": list(DEFAULT), "frontend": None, "backend": None, "server": None})
    return ask_all(fleet)


def read_raw(fleet: Fleet) -> None:
    """The table as CSV and nothing else, with HAProxy's own state of the servers."""
    for command in ("show stat", "show servers state"):
        list(csv.reader(io.StringIO(ask(fleet.sockets[0], command, 60.0).decode())))


def test_all_servers_are_there_and_only_few_rows_were_asked_twice(large: Fleet) -> None:
    with Recorders(large) as recorders:
        result = run(MODULE, {"socket": recorders.sockets, "timeout": 60})
        assert len(result["servers"]) == 5000
        assert len(result["backends"]) == BACKENDS
        assert all(row["consistent"] and row["state"] == "ready" for row in result["servers"])
        assert recorders.writes() == [[]]


def test_the_time_is_that_of_the_table_a_few_times(large: Fleet) -> None:
    fleet = addressed(large)
    assert seconds(lambda: gathered(fleet)) <= TIMES * seconds(lambda: read_raw(large)) + CONSTANT_SECONDS


def test_the_time_grows_as_the_number_of_servers(large: Fleet) -> None:
    with one(newest(), body(1000)) as small:
        few, many = (addressed(fleet) for fleet in (small, large))
        assert seconds(lambda: gathered(many)) <= 5 * 2 * seconds(lambda: gathered(few)) + CONSTANT_SECONDS


# The whole module ------------------------------------------------------------------------------------------------

SERVERS_ONLY = "show stat -1 4 -1"


def raw_main() -> None:
    """The least that a module could do: the table as csv reads it, and out through Ansible, which walks every value."""
    module = AnsibleModule(argument_spec={"socket": {"type": "str"}}, supports_check_mode=True)
    table = ask(module.params["socket"], SERVERS_ONLY, 60.0).decode().removeprefix("# ").strip("\n")
    module.exit_json(rows=list(csv.DictReader(io.StringIO(table))))


@pytest.fixture
def raw(monkeypatch: pytest.MonkeyPatch, large: Fleet) -> Callable[[], Result]:
    """Run this module as all others are run."""
    monkeypatch.setitem(sys.modules, f"{MODULES}.raw", SimpleNamespace(main=raw_main))
    return lambda: run("raw", {"socket": large.sockets[0]})


def servers_of(fleet: Fleet) -> Result:
    return run(MODULE, {"socket": fleet.sockets, "gather_subset": "servers", "timeout": 60})


def size(value: object) -> int:
    """Bytes of JSON, as Ansible prints it."""
    return len(json.dumps(value))


def test_the_whole_module_stays_within_the_raw_rows_a_few_times(large: Fleet, raw: Callable[[], Result]) -> None:
    """Measured: a sixth of the time, as nearly all of the raw one is Ansible's walk over every value; half as large, as
    empty cells are left out, and twice as large as the raw rows without them: merged, and per process.
    """
    results: dict[str, Result] = {}
    ours = seconds(lambda: results.update(ours=servers_of(large)), times=2)
    least = seconds(lambda: results.update(raw=raw()), times=2)
    assert ours <= least / 2
    rows = results["raw"]["rows"]
    assert len(results["ours"]["servers"]) == len(rows) == 5000
    filled = [{name: text for name, text in row.items() if text} for row in rows]
    assert size(results["ours"]) <= TIMES * size(filled) <= TIMES * size(rows)
