# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""For each module a task in which strings are put, and the commands that each of its options may send.

A module without a row here fails the tests. So does an option that sends a command and has no row in ``MAY_SEND``.
"""

from __future__ import annotations

from typing import Any

Options = dict[str, Any]

MAP, ACL, PROCESS = "{map}", "{acl}", "{process}"
"""Stand for the files of the map and of the ACL that tasks may change, and for the name of the process."""
DROP: Any = object()
"""As the value of a companion: the task is without this option."""

TASKS: dict[str, Options] = {
    "haproxy_acl": {"acl": ACL, "entries": ["fixed"]},
    "haproxy_acl_info": {"acl": ACL},
    "haproxy_backend": {"name": "lab"},
    "haproxy_command": {"command": ["get weight lab/probe"]},
    "haproxy_frontend": {"name": ["edge"]},
    "haproxy_global": {"rate_limit_sessions": 0},
    "haproxy_info": {"gather_subset": ["servers"]},
    "haproxy_map": {"map": MAP, "entries": {"fixed": "old"}},
    "haproxy_map_info": {"map": MAP},
    "haproxy_server": {"name": ["probe"], "backend": ["lab"]},
}

_FRESH = {"state": "present", "address": "127.0.0.1", "port": 9}
SERVERS: dict[str, Options] = {
    "haproxy_server": {"name": DROP, "backend": DROP, "servers": [{"name": ["probe"], "backend": ["lab"]}]},
    "haproxy_backend": {"name": "lab", "servers": [{"name": "probe"}]},
}
_LEAVES = {"state": "drain"}

# Option → what must stand beside it, each of several ways to meet it. Below `servers` it stands beside it in the item.
COMPANIONS: dict[str, dict[str, tuple[Options, ...]]] = {
    "haproxy_acl": {
        "acl": ({},),
        "entries": ({}, {"state": "absent"}, {"exclusive": True}, {"exclusive": True, "atomic": "always"}),
        "src": ({"entries": DROP},),
        "backup": ({"persist": True},),
        "persist": ({},),
    },
    "haproxy_map": {
        "entries": (
            {"entries": {"fixed": "v"}},
            {"entries": [{"key": "fixed", "value": "v"}], "state": "absent"},
            {"entries": {"other": "v"}, "exclusive": True, "atomic": "always"},
        ),
        "src": ({"entries": DROP},),
        "backup": ({"persist": True},),
    },
    "haproxy_backend": {
        "name": ({"state": "present", "defaults": "models"}, {"state": "present"}, {"dynamic_cookie": "enabled"}),
        "defaults": ({"name": "fresh", "state": "present"},),
        "mode": ({"name": "fresh", "state": "present", "defaults": "models"},),
        "dynamic_cookie_key": ({"name": "cookies"},),
        "dynamic_cookie": ({"name": "cookies"},),
        "weights": ({"weights": {"probe": "10"}},),
        "slot_prefix": ({"name": "slotted", "slots": True, "servers": [{"address": "127.0.0.1", "port": 9}]},),
        "slots": ({"name": "slotted", "servers": [{"address": "127.0.0.1", "port": 9}]},),
        "min_up": ({"servers": [{"name": "probe", "state": "drain"}]},),
    },
    "haproxy_server": {
        "name": ({"weight": "11"}, _FRESH),
        "backend": ({"weight": "11"},),  # a server that is made in every backend is one in the witness, too
        "options": ({"name": ["fresh"], **_FRESH},),
        "fqdn": ({"name": ["named"]},),
        "min_up": (_LEAVES,),
        "state_dir": ({**_LEAVES, "former": "keep"},),
        # In the test's own directory.
        "former": ({**_LEAVES, "state_dir": "former"},),
        "former_share": ({**_LEAVES, "former": "keep", "state_dir": "former"},),
    },
    "haproxy_frontend": {"name": ({"maxconn": 60},)},
}
BESIDE_ITEM: dict[str, Options] = {
    "name": _FRESH,
    "backend": {"weight": "11"},
    "options": {"name": "fresh", **_FRESH},
    "fqdn": {"name": "named"},
    "min_up": _LEAVES,
    "address": {"port": 9},
}

# Module → option → the commands that it may send; see `expected.py`. "*": whatever the option.
_MADE = ("add server SERVER ADDRESS:9", "set server SERVER addr ADDRESS port NUMBER", "READY")
_SETTINGS: dict[str, tuple[str, ...]] = {
    "name": (*_MADE, "set server SERVER weight NUMBER"),
    "backend": ("set server SERVER weight NUMBER",),
    "state": ("READY", "set server SERVER state drain", "set server SERVER state maint"),
    "weight": ("set server SERVER weight NUMBER",),
    "address": ("set server SERVER addr ADDRESS", "set server SERVER addr ADDRESS port NUMBER"),
    "port": ("set server SERVER addr ADDRESS port NUMBER",),
    "fqdn": ("set server SERVER fqdn LOWER",),
    "maxconn": ("set maxconn server SERVER NUMBER",),
    "ssl": ("set server SERVER ssl on", "set server SERVER ssl off"),
    "check_address": ("set server SERVER check-addr ADDRESS",),
    "check_port": ("set server SERVER check-port NUMBER",),
    "agent_address": ("set server SERVER agent-addr ADDRESS",),
    "agent_port": ("set server SERVER agent-port NUMBER",),
    "agent_send": ("set server SERVER agent-send TEXT",),
    "health_check": ("enable health SERVER", "disable health SERVER"),
    "agent_check": ("enable agent SERVER", "disable agent SERVER"),
    "health_status": tuple(f"set server SERVER health {word}" for word in ("up", "down", "stopping")),
    "agent_status": tuple(f"set server SERVER agent {word}" for word in ("up", "down")),
    "options": ("add server SERVER ADDRESS:9 OPTIONS", "enable health SERVER", "enable agent SERVER", "READY"),
    "shutdown_sessions": ("shutdown sessions server SERVER",),
    "min_up": ("set server SERVER state drain", "set server SERVER state maint", "del server SERVER"),
    "state_dir": ("set server SERVER state drain",),
    "former": ("set server SERVER state drain",),
    "former_share": ("set server SERVER state drain",),
}
_ENTRIES = {
    "map": (
        *("add map MAP TEXT TEXT", "set map MAP TEXT TEXT", "del map MAP TEXT", "add map MAP << PAIR"),
        *("prepare map MAP", "add map VERSION MAP TEXT TEXT", "add map VERSION MAP << PAIR", "commit map VERSION MAP"),
        *("clear map MAP", "del map MAP fixed"),
    ),
    "acl": (
        *(
            "add acl ACL TEXT",
            "del acl ACL TEXT",
            "prepare acl ACL",
            "add acl VERSION ACL TEXT",
            "commit acl VERSION ACL",
        ),
        *("clear acl ACL", "del acl ACL fixed"),
    ),
}
_OF_SETS = {
    kind: {
        "entries": shapes,
        "src": tuple(shape.replace("TEXT", "PART").replace("PAIR", "PARTS") for shape in shapes),
        **dict.fromkeys(("state", "exclusive", "atomic", "persist", "backup"), shapes),
    }
    for kind, shapes in _ENTRIES.items()
}
_PURGED = ("set server SERVER state maint", "del server SERVER")
MAY_SEND: dict[str, dict[str, tuple[str, ...]]] = {
    "haproxy_acl": _OF_SETS["acl"],
    "haproxy_map": _OF_SETS["map"],
    "haproxy_server": _SETTINGS,
    "haproxy_backend": {
        **_SETTINGS,
        "servers.name": _SETTINGS["name"],
        "servers.state": (*_SETTINGS["state"], *_PURGED),
        "name": ("add backend NAME from models", "enable dynamic-cookie backend NAME"),
        "backend": (),
        "defaults": ("add backend fresh from TEXT",),
        "mode": ("add backend fresh from models mode http", "add backend fresh from models mode tcp"),
        "state": ("publish backend lab", "unpublish backend lab"),
        "dynamic_cookie": ("enable dynamic-cookie backend cookies", "disable dynamic-cookie backend cookies"),
        "dynamic_cookie_key": ("set dynamic-cookie-key backend cookies TEXT",),
        "weights": ("set server SERVER weight NUMBER",),
        "min_up": _SETTINGS["min_up"],
        "slot_prefix": ("set server SERVER addr ADDRESS port NUMBER", "READY"),
        "slots": ("set server SERVER addr ADDRESS port NUMBER", "READY"),
    },
    "haproxy_command": {"command": ("COMMAND",)},
    "haproxy_frontend": {
        "name": ("set maxconn frontend edge 60",),
        "state": ("enable frontend edge", "disable frontend edge"),
        "maxconn": ("set maxconn frontend edge NUMBER",),
    },
    "haproxy_global": {
        "maxconn": ("set maxconn global NUMBER",),
        "clear_counters": ("clear counters", "clear counters all"),
        **{
            f"rate_limit_{what.replace('-', '_')}": (f"set rate-limit {what} global NUMBER",)
            for what in ("connections", "sessions", "ssl-sessions", "http-compression")
        },
    },
}

# Options that HAProxy is asked about, as they are.
LOOKUPS = (("haproxy_map_info", "key"), ("haproxy_acl_info", "value"))

# What can stand in options of which Ansible knows only that anything may; `[{x}]`: the key x of a dictionary in a list.
FORMS: dict[tuple[str, str], dict[str, Options]] = {
    ("haproxy_map", "entries"): {"[{key}]": {"value": "v"}, "[{value}]": {"key": "other"}},
    ("haproxy_command", "command"): {
        "[{command}]": {"payload": "other v"},
        "[{payload}]": {"command": f"add map {MAP}"},
    },
}

# Options whose value only HAProxy can judge: it may refuse what is sent, or read it otherwise than it was written.
JUDGED_BY_HAPROXY = frozenset({"options", "defaults", "command", "fqdn", "check_address", "agent_address"})
