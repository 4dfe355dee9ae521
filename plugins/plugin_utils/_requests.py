# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests that a server got and that failed, counted from one reading of all load balancers to the next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Counters = Mapping[str, int]
"""HAProxy's name of a counter → its value."""

Seen = Mapping[str, Mapping[str, Counters]]
"""Load balancer → process → what it had counted when it was read last."""

_FAILURES = {
    "hrsp_5xx": "answered with 5xx",
    "econ": "not connected",
    "wredis": "sent to another server instead",
    "eresp": "without a whole answer",
}
_COUNTED = ("stot", "wretr", *_FAILURES)


def counted(before: Mapping[str, Any], results: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What was counted since the first call.

    :param before: what the call before returned; nothing for the first one, from which counting begins.
    :param results: load balancer → what ``haproxy_info`` returned there of the server, with processes and servers.
    """
    seen: Seen = before.get("seen", {})
    now = {balancer: _counters(result) for balancer, result in results.items()}
    news = {balancer: _sum(_since(seen.get(balancer), counters)) for balancer, counters in now.items()}
    former: Mapping[str, Counters] = before.get("balancers", {})
    each = {balancer: _sum([former.get(balancer, {}), news[balancer]]) for balancer in news}
    per_balancer = {balancer: {**counters, **_judged(counters)} for balancer, counters in each.items()}
    whole = _sum(each.values())
    down = sorted(balancer for balancer, result in results.items() if _is_down(result))
    told = {**whole, **_judged(whole)}
    return {
        # A process that is silent this once goes on from where it was.
        "seen": {balancer: {**seen.get(balancer, {}), **counters} for balancer, counters in now.items()},
        "balancers": per_balancer,
        "down": down,
        **told,
        "text": _text(told, per_balancer, down),
    }


def _counters(result: Mapping[str, Any]) -> dict[str, Counters]:
    """Process → its counters of the server, of all backends together. A reload changes names of processes, and no pid."""
    pids = {process["name"]: f"{process['node']} {process['pid']}" for process in result["processes"]}
    found: dict[str, Counters] = {}
    for server in result["servers"]:
        for each in server["per_process"]:
            if each["process"] in pids:
                pid = pids[each["process"]]
                found[pid] = _sum([found.get(pid, {}), each["stats"]])
    return found


def _since(before: Mapping[str, Counters] | None, now: Mapping[str, Counters]) -> list[Counters]:
    """What each process has counted since; a new one, and one whose counters were cleared, began at 0."""
    if before is None:
        return []
    return [_difference(before.get(pid, {}), counters) for pid, counters in now.items()]


def _difference(before: Counters, now: Counters) -> Counters:
    was_cleared = any(now[name] < before.get(name, 0) for name in _COUNTED)
    return {name: now[name] - (0 if was_cleared else before.get(name, 0)) for name in _COUNTED}


def _sum(several: Iterable[Counters]) -> dict[str, int]:
    total = dict.fromkeys(_COUNTED, 0)
    for counters in several:
        for name in _COUNTED:
            total[name] += int(counters.get(name) or 0)
    return total


def _judged(counters: Counters) -> dict[str, Any]:
    """Requests, and how many of them failed.

    A session counts again for each new try (2.2 to 3.4). A server that hangs up without an answer counts twice as
    ``eresp`` from 3.0 on, so that there may be less failures than this, and never more.
    """
    requests = max(counters["stot"] - counters["wretr"], 0)
    failures = sum(counters[name] for name in _FAILURES)
    requests = max(requests, 1) if failures else requests
    failed = min(failures, requests)
    return {"requests": requests, "failed": failed, "percent": round(100 * failed / requests, 2) if requests else 0.0}


def _is_down(result: Mapping[str, Any]) -> bool:
    """Whether a current process says that the server is down."""
    old = {process["name"] for process in result["processes"] if process["worker"] == "old"}
    return any(
        str(each["stats"].get("status", "")).startswith("DOWN")
        for server in result["servers"]
        for each in server["per_process"]
        if each["process"] not in old
    )


def _text(whole: Mapping[str, Any], balancers: Mapping[str, Mapping[str, Any]], down: Iterable[str]) -> str:
    kinds = ", ".join(f"{whole[name]} {words}" for name, words in _FAILURES.items() if whole[name])
    each = ", ".join(f"{it['failed']} of {it['requests']} on {balancer}" for balancer, it in balancers.items())
    text = f"{whole['failed']} of {whole['requests']} requests failed ({whole['percent']:g} %)"
    is_down = f"; it is down on {', '.join(down)}" if down else ""
    return f"{text}{': ' if kinds else ''}{kinds}; {each}{is_down}"
