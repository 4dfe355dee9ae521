# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sentence of every kind of error, as a real HAProxy makes a task say it.

What no HAProxy does by itself is done to it: somebody else writes at the same moment, a reply is cut on its way.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._discovery import USUAL_PLACES
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import FleetError
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._failed import failed
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._unanswered import nobody

from lab.fakes import web_server
from lab.recorder import Recorder
from lab.sessions import hold_session
from lab.tasks import Result, run

from .site import Site, site

_NOBODY = 65534
# What differs from run to run, and what a site would have in its place.
_AS_AT_A_SITE = (
    (r"/tmp/\S+?/(?:run|user)/p1\.sock|/tmp/\S+?/(?:p1|shared)\.sock", "/run/haproxy/admin.sock"),
    (r"(process) \d+ (at)", r"\1 4711 \2"),
    (r"(within|after) [\d.]+ s\b", r"\1 {seconds} s"),
    (r"(use the master socket);.*", r"\1"),  # a site has no further sockets that could be away
    (r"(ECONNREFUSED returned by OS)(?! \()", r"\1 (Connection refused)"),  # HAProxy says it in both ways
    (r"(2\.2)\.\d+", r"\1.9"),
)
# What tasks are given that shall not wait long, and what they have by default.
_SECONDS = {"TimedOut": "10", "WaitTimedOut": "120"}


def _cannot_connect(at: Site) -> Result:
    return at.server(socket=[str(at.place / "admin.sock")])


def _cannot_read(at: Site) -> Result:
    """As root may connect to every socket, somebody else is asked to."""
    was, socket = os.geteuid(), Path(at.balancer.sockets[0])
    mode = socket.stat().st_mode
    socket.chmod(0)
    if was == 0:
        os.seteuid(_NOBODY)
    try:
        return at.server()
    finally:
        os.seteuid(was)
        socket.chmod(mode)


def _timed_out(at: Site) -> Result:
    with at.balancer.pause(0):
        return at.server(timeout=0.5)


def _closed_early(at: Site) -> Result:
    with Recorder(at.balancer.sockets[0], tamper=lambda _request, reply: reply[:700]) as recorder:
        return at.server(socket=[recorder.path])


def _not_haproxy(at: Site) -> Result:
    with web_server(str(at.place / "admin.sock")) as path:
        return at.server(socket=[path])


def _nobody_in_a_directory(at: Site) -> Result:
    empty = at.place / "run"
    empty.mkdir(exist_ok=True)
    return at.server(socket=[f"{empty}/"])


def _nobody_anywhere(_at: Site) -> Result:
    """Said without looking: this machine may have a HAProxy in one of the usual places."""
    return {"msg": str(nobody("", {}, USUAL_PLACES)), "error": FleetError.__name__, "failed": True}


def _shared(at: Site) -> Result:
    return at.server(socket=[at.shared])


def _another_number(at: Site) -> Result:
    return at.server(expected_processes=4)


def _not_understood(at: Site) -> Result:
    """As a HAProxy would answer that has another form of the table."""

    def other(_request: bytes, reply: bytes) -> bytes:
        return reply.replace(b"\n1\n# be_id", b"\n2\n# be_id")

    with Recorder(at.balancer.sockets[0], tamper=other) as recorder:
        return at.server(socket=[recorder.path])


def _input(at: Site) -> Result:
    return at.server(weight="150x")


def _too_few(at: Site) -> Result:
    return at.server(name=["web1", "web2", "web3"], state="drain", min_up="50%")


def _static(at: Site) -> Result:
    return at.server(name=["fixed1"], backend=["fixed"], weight="5")


def _no_server(at: Site) -> Result:
    return at.server(name=["wbe1"])


def _no_map(at: Site) -> Result:
    return run("haproxy_map", {"map": "/etc/haproxy/host.map", "entries": {"a": "b"}, "socket": at.balancer.sockets})


def _feature(at: Site) -> Result:
    wish = {"name": ["web9"], "state": "present", "address": "192.0.2.19", "port": 80}
    return at.server(**wish, socket=at.elder.sockets)


def _denied(at: Site) -> Result:
    return at.server(state="drain", socket=at.balancer.user_sockets)


def _unknown(at: Site) -> Result:
    return at.command("show statistics")


def _not_found(at: Site) -> Result:
    return at.command("set server www/web7 state drain")


def _refused(at: Site) -> Result:
    return at.command("set server www/web1 weight 257")


def _partly(at: Site) -> Result:
    """Somebody else deletes the server between the drain and the maintenance."""
    at.balancer.ask(0, "add server www/web9 127.0.0.1:80")
    at.balancer.ask(0, "set server www/web9 state ready")

    def delete(request: bytes) -> bytes | None:
        if b"state maint" in request:
            at.balancer.ask(0, "set server www/web9 state maint")
            at.balancer.ask(0, "del server www/web9")
        return None

    with Recorder(at.balancer.sockets[0], swallow=delete) as recorder:
        return at.server(name=["web9"], state="maint", drain=True, socket=[recorder.path])


def _not_converged(at: Site) -> Result:
    """Somebody else says the opposite a moment later."""

    def undo(request: bytes, reply: bytes) -> bytes:
        if b"state drain" in request:
            at.balancer.ask(0, "set server www/web1 state ready")
        return reply

    with Recorder(at.balancer.sockets[0], tamper=undo) as recorder:
        return at.server(state="drain", socket=[recorder.path])


def _wait_timed_out(at: Site) -> Result:
    with hold_session(at.held):
        return at.server(name=["web5"], backend=["held"], state="drain", wait=True, wait_timeout=0.5)


def _not_up(at: Site) -> Result:
    """Its check fails."""
    at.balancer.ask(0, "set server odd/dead1 state maint")
    return at.server(name=["dead1"], backend=["odd"], state="ready", wait=True, wait_timeout=2)


def _hopeless(at: Site) -> Result:
    at.server(state="maint")
    return at.server(name=["follow1"], backend=["odd"], state="ready", wait=True)


def _replaced(at: Site) -> Result:
    """It is reloaded again and again."""

    def reload(request: bytes) -> bytes | None:
        if b"show servers state" in request:
            at.mastered.reload()
        return None

    with Recorder(at.mastered.sockets[0], swallow=reload) as recorder:
        return at.server(state="drain", socket=[recorder.path])


def _overtaken(at: Site) -> Result:
    """Somebody else adds entries each time that the task begins to replace the map."""
    theirs: list[str] = []

    def add(request: bytes) -> bytes | None:
        if b"prepare map" in request:
            theirs.append(f"theirs{len(theirs) + 1}.example.com")
            at.balancer.ask(0, f"add map {at.map_file} {theirs[-1]} api")
        return None

    with Recorder(at.balancer.sockets[0], swallow=add) as recorder:
        wish = {"map": str(at.map_file), "entries": {"ours.example.com": "www"}, "atomic": "always"}
        return run("haproxy_map", {**wish, "socket": [recorder.path]})


def _fault(_at: Site) -> Result:
    """No way to one is known, so what a task would make of an exception is asked for."""
    _warnings, told = failed(KeyError("web1"), {}, [])
    return {**told, "failed": True}


SCENES: Mapping[str, Callable[[Site], Result]] = {
    "CannotConnect": _cannot_connect,
    "CannotConnect, by permission": _cannot_read,
    "TimedOut": _timed_out,
    "ClosedEarly": _closed_early,
    "NotHAProxy": _not_haproxy,
    "ReplyNotUnderstood": _not_understood,
    "FleetError": _nobody_anywhere,
    "FleetError, nobody in a directory": _nobody_in_a_directory,
    "FleetError, a shared socket": _shared,
    "FleetError, another number": _another_number,
    "InputError": _input,
    "InputError, min_up": _too_few,
    "InputError, static": _static,
    "ObjectNotFound": _no_server,
    "ObjectNotFound, a map": _no_map,
    "FeatureMissing": _feature,
    "PermissionDenied": _denied,
    "UnknownCommand": _unknown,
    "NotFound": _not_found,
    "CommandRefused": _refused,
    "PartlyApplied": _partly,
    "NotConverged": _not_converged,
    "WaitTimedOut": _wait_timed_out,
    "WaitTimedOut, not up": _not_up,
    "Hopeless": _hopeless,
    "ProcessReplaced": _replaced,
    "Overtaken": _overtaken,
    "Fault": _fault,
}
"""What a capture is called, with the kind of its error before the comma → how it comes about."""


def failures() -> dict[str, str]:
    """The name of each scene → what its task says. Raises WrongFailureError where it is not the error of that name."""
    with site() as at:
        return {name: _sentence(at, name, scene(at)) for name, scene in SCENES.items()}


def kind_of(name: str) -> str:
    """The kind of error that a scene of this name shows."""
    return name.partition(",")[0]


class WrongFailureError(Exception):
    """A scene did not fail as it should."""


def _sentence(at: Site, name: str, told: Result) -> str:
    """The message of a failure as a site would see it, where nothing that differs from run to run is left."""
    if not told.get("failed") or told.get("error") != kind_of(name):
        raise WrongFailureError(f"{name}: {told}")
    text = str(told["msg"]).replace(str(at.place / "hosts.map"), "/etc/haproxy/hosts.map")
    text = text.replace(f"{at.place}/run", "/run/haproxy").replace(str(at.place), "/run/haproxy")
    for pattern, instead in _AS_AT_A_SITE:
        text = re.sub(pattern, instead.format(seconds=_SECONDS.get(kind_of(name), "")), text)
    return text
