# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One haproxy_server on one server, beside ansible.builtin.ping: a whole ad-hoc command, and a further task of a play."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median

from benchmark.ansible import OURS, PING, ad_hoc
from benchmark.findings import RATIO, Finding, alternating, paired
from benchmark.installed import PEER, collections
from benchmark.slopes import Task, Weights, further
from lab.fleet import Fleet, one
from lab.versions import newest

CASE = "task"
AD_HOC_RUNS, PLAY_RUNS = 11, 5
MODULE = f"{OURS}.haproxy_server"
_SERVER = "www/web1"
_BODY = "backend www\n    balance roundrobin\n    server web1 127.0.0.1:1 weight 256\n"


def run() -> Iterator[Finding]:
    with one(newest(), _BODY) as fleet:
        weights = Weights(fleet)
        yield from _whole(fleet, weights)
        yield from _further(fleet, weights)


def _whole(fleet: Fleet, weights: Weights) -> Iterator[Finding]:
    """Ad hoc, from the start of Ansible to its end."""
    place = {"socket": fleet.sockets, "backend": "www", "name": "web1"}
    found = alternating(
        {
            "ping": lambda: ad_hoc(PING),
            "unchanged": lambda: ad_hoc(MODULE, {**place, "state": "ready"}),
            "changed": lambda: ad_hoc(MODULE, {**place, "weight": weights.another()}),
        },
        AD_HOC_RUNS,
    )
    weights.arrived(_SERVER)
    yield Finding(CASE, "ansible.builtin.ping, ad hoc", median(found["ping"]), "s")
    for way in ("unchanged", "changed"):
        yield Finding(CASE, f"haproxy_server, ad hoc, {way}", median(found[way]), "s")
    for way in ("unchanged", "changed"):
        yield Finding(CASE, f"ad hoc, {way} / ping", paired(found[way], found["ping"]), RATIO)


def _further(fleet: Fleet, weights: Weights) -> Iterator[Finding]:
    """What each further task of a play costs; of the peer, too, which the same ansible-core runs."""
    peers = collections()
    place = {"socket": fleet.sockets, "backend": "www", "name": "web1"}

    def theirs() -> Task:
        place = {"socket": fleet.sockets[0], "backend": "www", "host": "web1"}
        return {PEER: {**place, "state": "enabled", "weight": weights.another()}}

    ways: dict[str, Callable[[], float]] = {
        "ping": lambda: further(lambda: {PING: {}}),
        "unchanged": lambda: further(lambda: {MODULE: {**place, "state": "ready"}}),
        "changed": lambda: further(lambda: {MODULE: {**place, "weight": weights.another()}}),
        "theirs": lambda: further(theirs, collections=peers),
    }
    found = alternating(ways, PLAY_RUNS)
    weights.arrived(_SERVER)
    names = {
        "ping": "ansible.builtin.ping",
        "unchanged": "haproxy_server, unchanged",
        "changed": "haproxy_server, changed",
        "theirs": f"{PEER}, changed",
    }
    for way, name in names.items():
        yield Finding(CASE, f"{name}, a further task", median(found[way]), "s")
    for way in ("unchanged", "changed"):
        yield Finding(CASE, f"a further task, {way} / ping's", paired(found[way], found["ping"]), RATIO)
    yield Finding(CASE, f"a further task, {PEER} / ping's", paired(found["theirs"], found["ping"]), RATIO)
