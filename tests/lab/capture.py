# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m lab.capture`` writes the replies that unit tests read, as real processes of every version give them.

Only what would differ on each machine is replaced, and nothing else: the lab's directory, pids and the node's name.
"""

from __future__ import annotations

import itertools
import re
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from .agent import Agent
from .apps import Apps
from .config import bind_lines, servers_body, settings_body
from .errors import LabError
from .fleet import MasterFleet, master_worker, nbproc, one
from .ports import free_port
from .processes import wait_until
from .raw import ask
from .resolver import Resolver
from .running import Fleet
from .sessions import hold_connection, hold_session
from .versions import Version, versions

REPLIES = Path(__file__).parents[1] / "unit" / "plugins" / "module_utils" / "replies"
# Else the first checks are spread over the longest interval there is.
GLOBAL = "max-spread-checks 100ms"
PREFIX = "set severity-output number;"
SECONDS = 10.0
TRIES = 10

_MORE = """
backend more
    balance roundrobin
    option httpchk
    http-check expect status 200 on-success "all \\"fine\\", really\u2028so"
    server said1 127.0.0.1:{port} check inter 100ms
    server slow1 127.0.0.1:{port} weight 100 check inter 100ms slowstart 600s
    server late1 127.0.0.1:{port} weight 40 check fall 1 inter 600s
    server mute1 127.0.0.1:{mute} check fall 1 inter 600s
"""


class Wanted(NamedTuple):
    """One reply to capture: its file's name, the line (after the prefix), and whether to ask the operator's socket."""

    name: str
    line: str
    operator: bool = False


FACTS = "show info;show cli level;show cli sockets;show pools"
STATE = "show backend;show servers state;show info"
CONNECTIONS = "show servers conn;show info"
AT_FIRST = (
    Wanted("facts", FACTS),
    Wanted("facts_operator", FACTS, operator=True),
    Wanted("state", STATE),
    Wanted("stat", "show stat -1 6 -1"),
    Wanted("stat_www", "show stat #2 6 -1"),
    Wanted("refused_proxy", "show stat #99 6 -1"),
    Wanted("info", "show info"),
    Wanted("info_typed", "show info typed"),
    Wanted("typed_backend", "show stat #2 2 -1 typed"),
    Wanted("typed_server", "show stat #2 4 1 typed"),
    Wanted("typed_said", "show stat #6 4 1 typed"),
    Wanted("errors", "show errors", operator=True),
    Wanted("conn", CONNECTIONS),
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
_DISABLED = """
backend on
    server web1 127.0.0.1:1
backend off
    disabled
    server web1 127.0.0.1:1
"""
OF_DISABLED = (
    Wanted("state_disabled", STATE),
    Wanted("stat_disabled", "show stat #3 6 -1"),
    Wanted("refused_disabled", "set server off/web1 state drain"),
)
# Through a master to its worker; in the names of the files they begin with "through_".
THROUGH = (
    *(Wanted("facts", FACTS), Wanted("stat", "show stat -1 6 -1"), Wanted("conn", CONNECTIONS)),
    *(wanted for wanted in AT_FIRST if not wanted.operator and wanted.name.startswith(("refused_", "joined", "sil"))),
    Wanted("unknown_command", "frobnicate the server"),
)
# The same to a worker that a reload replaced and a session keeps, and to one that has ended: "old_", "gone_".
OLD = (Wanted("facts", FACTS), Wanted("conn", CONNECTIONS), Wanted("state", STATE))
# Of one with sessions of two servers, and a client that has sent half a request.
SESSIONS = (Wanted("sess", "show sess;show info"), Wanted("refused_session", "shutdown session 0x1"))
GONE = (Wanted("facts", FACTS), Wanted("silence", "set server www/web1 weight 10"))
# Servers of `settings_body`: all that a server can be given at run time, in this order.
GIVEN = (
    Wanted("set_addr", "set server set/plain1 addr 127.0.0.2"),
    Wanted("set_addr_again", "set server set/plain1 addr 127.0.0.2"),
    Wanted("set_addr_port", "set server set/plain1 addr 127.0.0.2 port 8081"),
    Wanted("set_addr_garbage", "set server set/plain1 addr 127.0.0.300"),
    Wanted("set_addr_unix", "set server set/unix1 addr 127.0.0.2"),
    Wanted("set_fqdn", "set server set/named1 fqdn b.example.test"),
    Wanted("set_fqdn_again", "set server set/named1 fqdn b.example.test"),
    Wanted("set_fqdn_refused", "set server set/plain1 fqdn b.example.test"),
    Wanted("set_ssl", "set server set/tlsable1 ssl on"),
    Wanted("set_ssl_again", "set server set/tlsable1 ssl on"),
    Wanted("set_ssl_refused", "set server set/plain1 ssl on"),
    Wanted("set_check_port", "set server set/checked1 check-port {port}"),
    Wanted("set_check_port_again", "set server set/checked1 check-port {port}"),
    Wanted("set_check_port_refused", "set server set/plain1 check-port {port}"),
    Wanted("set_check_addr", "set server set/checkat1 check-addr 127.0.0.1"),
    Wanted("set_check_addr_refused", "set server set/plain1 check-addr 127.0.0.1"),
    Wanted("set_agent_addr", "set server set/agented1 agent-addr 127.0.0.1"),
    Wanted("set_agent_addr_refused", "set server set/plain1 agent-addr 127.0.0.1"),
    Wanted("set_agent_port", "set server set/agented1 agent-port {agent}"),
    Wanted("set_agent_port_refused", "set server set/plain1 agent-port {agent}"),
    Wanted("set_agent_send", "set server set/agented1 agent-send lab"),
    Wanted("set_agent_send_refused", "set server set/plain1 agent-send lab"),
    Wanted("set_maxconn", "set maxconn server set/capped1 9"),
    Wanted("enable_health_refused", "enable health set/plain1"),
    Wanted("enable_agent_refused", "enable agent set/plain1"),
    Wanted("disable_health", "disable health set/checked1"),
    Wanted("disable_agent", "disable agent set/agented1"),
    Wanted("set_health", "set server set/libc1 health down"),
    Wanted("set_health_stopping", "set server set/v6 health stopping"),
    Wanted("set_agent_status_refused", "set server set/plain1 agent down"),
)
# Frontends and what a process as a whole is given, in this order; test_frontends_dialect.py has the commands.
FRONTENDS = (
    Wanted("frontends", "show stat -1 1 -1"),
    Wanted("frontend_enable_again", "enable frontend public"),
    Wanted("frontend_disable", "disable frontend private"),
    Wanted("frontend_disable_again", "disable frontend private"),
    Wanted("frontend_shutdown", "shutdown frontend closed"),
    Wanted("frontend_shutdown_again", "shutdown frontend closed"),
    Wanted("frontend_enable_shut", "enable frontend closed"),
    Wanted("frontend_maxconn", "set maxconn frontend public 50"),
    Wanted("refused_frontend", "disable frontend nowhere"),
    Wanted("frontends_changed", "show stat -1 1 -1"),
    Wanted("frontend_enable", "enable frontend private"),
    Wanted("global_maxconn", "set maxconn global 100"),
    Wanted("global_maxconn_refused", "set maxconn global 100000"),
    Wanted("rate_limit", "set rate-limit http-compression global 8"),
    Wanted("rate_limit_refused", "set rate-limit sessions global -1"),
    Wanted("global_info", "show info"),
    Wanted("clear_counters", "clear counters"),
    Wanted("clear_counters_all", "clear counters all"),
    Wanted("help", "help"),
)
# Servers that are added to the backend `set`, by what they are called; test_creation.py has the same table.
ADDED = {
    "plain": "127.0.0.1:8101",
    "portless": "127.0.0.1",
    "six": "[::1]:8101",
    "checked": "127.0.0.1:8101 check inter 200ms",
    "weighted": "127.0.0.1:8101 weight 5 maxconn 3",
    "twice": "127.0.0.1:8101 weight 5 weight 7 maxconn 3 maxconn 4",
    "light": "127.0.0.1:8101 weight 0",
    "checkat": "127.0.0.1:8101 check port 9000 addr 127.0.0.4",
    "checkat6": "127.0.0.1:8101 check port 9000 addr ::1",
    "unchecked": "127.0.0.1:8101 port 9000 addr 127.0.0.4",
    "agented": "127.0.0.1:8101 agent-check agent-port 9999 agent-addr 127.0.0.5",
    "both": "127.0.0.1:8101 check port 9000 addr 127.0.0.4 agent-check agent-port 9999 agent-addr 127.0.0.5",
    "turned": "127.0.0.1:8101 agent-check agent-port 9999 agent-addr 127.0.0.5 check port 9000 addr 127.0.0.4",
    "halfagent": "127.0.0.1:8101 check port 9000 addr 127.0.0.4 agent-check agent-port 9999",
    "tls": "127.0.0.1:8101 ssl verify none",
    "backup": "127.0.0.1:8101 backup",
    "tracking": "127.0.0.1:8101 track set/checked1",
    "on": "127.0.0.1:8101 enabled",
    "spaced": "127.0.0.1:8101 cookie a\\ b",
    "cookiecheck": "127.0.0.1:8101 cookie check",
    "cookiessl": "127.0.0.1:8101 cookie ssl",
    "cookiebackup": "127.0.0.1:8101 cookie backup",
    "cookieagent": "127.0.0.1:8101 cookie agent-check",
    "cookieweight": "127.0.0.1:8101 cookie weight maxconn 6",
    "nocheck": "127.0.0.1:8101 check no-check",
    "nobackup": "127.0.0.1:8101 backup no-backup",
}
# Backends and dynamic cookies, in this order; test_backends_dialect.py has the commands. The last line gives one key
# after the other, so long that hashing it takes each of its ways.
BACKENDS_STAT = "show stat -1 6 -1"
KEY_LENGTHS = (1, 23, 24, 31, 32, 33, 63, 64)
BACKENDS = (
    Wanted("backends_state", STATE),
    Wanted("backends_stat", BACKENDS_STAT),
    Wanted("cookie_key", "set dynamic-cookie-key backend sticky k2\\ x"),
    Wanted("cookie_key_stat", BACKENDS_STAT),
    Wanted("cookie_disable", "disable dynamic-cookie backend sticky"),
    Wanted("cookie_disable_again", "disable dynamic-cookie backend sticky"),
    Wanted("cookie_disabled_stat", BACKENDS_STAT),
    Wanted("cookie_enable", "enable dynamic-cookie backend sticky"),
    Wanted("cookie_enable_again", "enable dynamic-cookie backend sticky"),
    Wanted("cookie_enable_keyless", "enable dynamic-cookie backend plain"),
    Wanted("cookie_keyless_stat", BACKENDS_STAT),
    Wanted("refused_cookie", "enable dynamic-cookie backend nowhere"),
    Wanted("refused_cookie_key", "set dynamic-cookie-key backend nowhere k"),
    Wanted("cookies_of_keys", ";".join(
        f"set dynamic-cookie-key backend sticky {'k' * length};show stat sticky 4 -1" for length in KEY_LENGTHS
    )),
)  # fmt: skip
# From 2.6 on.
COOKIE_ADDED = (
    Wanted("cookie_added", "add server sticky/late 127.0.0.1:8004"),
    Wanted("cookie_added_stat", BACKENDS_STAT),
)
# From 3.4 on.
PUBLISHED = (
    Wanted("backend_add", "add backend fresh from lab mode http"),
    Wanted("backend_add_again", "add backend fresh from lab"),
    Wanted("backend_add_refused", "add backend other from nowhere"),
    Wanted("backend_added_stat", BACKENDS_STAT),
    Wanted("backend_publish", "publish backend fresh"),
    Wanted("backend_publish_again", "publish backend fresh"),
    Wanted("backend_unpublish", "unpublish backend plain"),
    Wanted("backend_unpublish_again", "unpublish backend plain"),
    Wanted("backend_published_stat", BACKENDS_STAT),
    Wanted("backend_publish_refused", "publish backend nowhere"),
    Wanted("backend_publish_disabled", "publish backend off"),
    Wanted("backend_del_published", "del backend fresh"),
    Wanted("backend_del_served", "unpublish backend served;del backend served"),
    Wanted("backend_del_needed", "del backend sticky"),
    Wanted("backend_del_nowhere", "del backend nowhere"),
    Wanted("backend_unpublish_fresh", "unpublish backend fresh"),
    Wanted("backend_del", "del backend fresh"),
    Wanted("backend_deleted_stat", BACKENDS_STAT),
)
_BACKENDS = """
defaults lab
    mode http
    timeout connect 2s
    timeout client 60s
    timeout server 60s

frontend public
{binds}
    default_backend sticky

backend sticky
    balance roundrobin
    cookie SRV insert dynamic
    dynamic-cookie-key secret
    server four 127.0.0.1:8001
    server six [::1]:8003
    server own 127.0.0.1:8002 cookie mine

backend plain
    balance roundrobin
    server web1 127.0.0.1:8001

backend owned
    balance roundrobin
    cookie SRV insert
    server web1 127.0.0.1:8001 cookie one

backend local
    balance roundrobin
    cookie SRV insert dynamic
    dynamic-cookie-key secret
    server path unix@/nonexistent/path.sock

backend served
    balance roundrobin
    server web1 127.0.0.1:8001 disabled

backend off
    disabled
    server web1 127.0.0.1:8001
"""
# Maps and ACLs, the files first. What differs of the files' place on each machine is called this.
PATTERNS = "/etc/haproxy"
PATTERN_FILES = {
    "hosts.map": b"# hosts\na.example www\nb.example two words  and  more\nc.example caf\xe9\nd.example gr\xc3\xb6\xc3\x9fe\n"
    b'a.example again\n\n0x1f x\n #k v\nk;1 v;w\nb\\s \\w\nq"q "v", x\nlone\nt\tb\tc \t \nlong ' + b"v" * 4096 + b"\n",
    "empty.map": b"# nothing\n",
    "blank.map": b"",
    "nets.map": b"10.0.0.0/8 a\n10.1.0.0/16 b\n2001:db8::/32 c\n",
    "ints.map": b"1:99 low\n100: high\n",
    "regs.map": b"^/a x\n^/b y\n",
    "begs.map": b"/a x\n/a/b y\n",
    "codes.map": b"a 1\nb 2\n",
    "doms.map": b"example.com x\n",
    "odd ) map;.map": b"a b\n",
    "ips.acl": b"10.0.0.1\n10.9.0.0/16\n# no\n",
    "names.acl": b"www\n  two words  \nwww\n caf\xe9\n",
    "both.acl": b"a b\n",
    "empty.acl": b"",
}
_PATTERNS_BODY = """
frontend f
    mode http
    bind 127.0.0.1:{port}
    http-request set-header A %[path,map({folder}/hosts.map)]
    http-request set-header B %[path,map({folder}/empty.map)]
    http-request set-header C %[path,map({folder}/blank.map)]
    http-request set-header D %[src,map_ip({folder}/nets.map)]
    http-request set-header E %[dst_port,map_int({folder}/ints.map)]
    http-request set-header F %[path,map_reg({folder}/regs.map)]
    http-request set-header G %[path,map_beg({folder}/begs.map)]
    http-request set-header H %[path,map({folder}/begs.map)]
    http-request set-header I %[path,map_str_int({folder}/codes.map)]
    http-request set-header J %[path,map_dom({folder}/doms.map)]
    http-request set-header K "%[path,map('{folder}/odd ) map;.map')]"
    http-request set-header L %[path,map({folder}/both.acl)]
    acl ips src -f {folder}/ips.acl
    acl names hdr(host) -i -f {folder}/names.acl
    acl both path -M -f {folder}/both.acl
    acl none path_beg -f {folder}/empty.acl
    acl here src -u 77 10.0.0.1 10.0.0.2
    http-request deny if ips or names or both or none or here
"""
_F = PATTERNS
OF_PATTERNS = (
    Wanted("map_lists", "show map;show acl;show info"),
    *(
        Wanted(f"map_{name}", f"show map {_F}/{name}.map;show info")
        for name in ("hosts", "empty", "blank", "nets", "ints", "regs", "begs", "codes")
    ),
    Wanted("map_odd", f"show map {_F}/odd\\ )\\ map\\;.map;show info"),
    *(Wanted(f"acl_{name}", f"show acl {_F}/{name}.acl;show info") for name in ("ips", "names", "both", "empty")),
    Wanted("acl_here", "show acl #77;show info"),
    Wanted("map_get", f"get map {_F}/hosts.map a.example;show info"),
    Wanted("map_get_none", f"get map {_F}/hosts.map nope;show info"),
    Wanted("map_get_8bit", f"get map {_F}/hosts.map c.example;show info"),
    Wanted("map_get_quotes", f'get map {_F}/hosts.map q"q;show info'),
    Wanted("map_get_novalue", f"get map {_F}/hosts.map lone;show info"),
    Wanted("map_get_empty", f"get map {_F}/empty.map x;show info"),
    Wanted("map_get_ip", f"get map {_F}/nets.map 10.1.2.3;show info"),
    Wanted("map_get_ip_none", f"get map {_F}/nets.map notanip;show info"),
    Wanted("map_get_int", f"get map {_F}/ints.map 7;show info"),
    Wanted("map_get_reg", f"get map {_F}/regs.map /bb;show info"),
    Wanted("map_get_two", f"get map {_F}/begs.map /a/bc;show info"),
    Wanted("map_get_prefix", f"get map {_F}/begs.map /a;show info"),
    Wanted("map_get_code", f"get map {_F}/codes.map b;show info"),
    Wanted("map_get_dom", f"get map {_F}/doms.map www.example.com;show info"),
    Wanted("acl_get", f"get acl {_F}/ips.acl 10.9.1.2;show info"),
    Wanted("acl_get_none", f"get acl {_F}/ips.acl 10.8.1.2;show info"),
    Wanted("acl_get_case", f"get acl {_F}/names.acl WWW;show info"),
    Wanted("acl_get_empty", f"get acl {_F}/empty.acl x;show info"),
    Wanted("map_unknown", f"show map {_F}/nowhere;show info"),
    Wanted("acl_unknown", f"show acl {_F}/nowhere;show info"),
    Wanted("map_unknown_get", f"get map {_F}/nowhere x;show info"),
    Wanted("map_unknown_add", f"add map {_F}/nowhere x y"),
    Wanted("acl_unknown_add", f"add acl {_F}/nowhere x"),
    Wanted("map_of_acl", f"show map {_F}/ips.acl;show info"),
    Wanted("acl_lists_operator", "show acl;show map;show info", operator=True),
    Wanted("map_lists_operator", "show map;show acl;show info", operator=True),
    Wanted("map_hosts_operator", f"show map {_F}/hosts.map;show info", operator=True),
    Wanted("map_add_operator", f"add map {_F}/blank.map o 1", operator=True),
)
# In this order; test_patterns_dialect.py has the commands.
PATTERNS_CHANGED = (
    Wanted("map_add", f"add map {_F}/hosts.map new some\\ value"),
    Wanted("map_set", f"set map {_F}/hosts.map new other\\;\\ value"),
    Wanted("map_set_none", f"set map {_F}/hosts.map nowhere x"),
    Wanted("map_del", f"del map {_F}/hosts.map new"),
    Wanted("map_del_none", f"del map {_F}/hosts.map new"),
    Wanted("map_add_bad_ip", f"add map {_F}/nets.map notanip x"),
    Wanted("map_add_bad_int", f"add map {_F}/ints.map one x"),
    Wanted("map_add_bad_reg", f"add map {_F}/regs.map ^(a x"),
    Wanted("map_add_bad_code", f"add map {_F}/codes.map x many"),
    Wanted("map_set_bad_code", f"set map {_F}/codes.map a many"),
    Wanted("map_add_lines", f"add map {_F}/begs.map <<\n/c one\n/d two words;\n\n"),
    Wanted("map_add_lines_refused", f"add map {_F}/nets.map <<\n10.2.0.0/16 x\nnotanip y\n10.3.0.0/16 z\n\n"),
    Wanted("acl_add", f"add acl {_F}/names.acl new\\ one"),
    Wanted("acl_add_bad_ip", f"add acl {_F}/ips.acl notanip"),
    Wanted("acl_add_of_map", f"add acl {_F}/both.acl x"),
    Wanted("acl_add_to_map", f"add acl {_F}/hosts.map x"),
    Wanted("acl_del", f"del acl {_F}/names.acl new\\ one"),
    Wanted("acl_del_none", f"del acl {_F}/names.acl nowhere"),
    Wanted("map_begs_changed", f"show map {_F}/begs.map;show info"),
    Wanted("map_nets_changed", f"show map {_F}/nets.map;show info"),
    Wanted("map_swallowed", f"add map {_F}/doms.map <<\na\nb c\n\n"),
    Wanted("map_doms_swallowed", f"show map {_F}/doms.map;show info"),
    Wanted("map_clear", f"clear map {_F}/begs.map"),
    Wanted("map_begs_cleared", f"show map {_F}/begs.map;show info"),
)
# The same where a set has versions; 2.2 knows no such command, and lists all it knows.
VERSIONED = (
    Wanted("map_prepare", f"prepare map {_F}/hosts.map"),
    Wanted("map_prepared_lines", f"add map @1 {_F}/hosts.map <<\na.example new\nz.example last one\n\n"),
    Wanted("map_prepared", f"show map @1 {_F}/hosts.map;show info"),
    Wanted("map_commit_range", f"show map {_F}/hosts.map;commit map @9 {_F}/hosts.map"),
    Wanted("map_commit", f"show map {_F}/hosts.map;commit map @1 {_F}/hosts.map"),
    Wanted("map_commit_again", f"show map {_F}/hosts.map;commit map @1 {_F}/hosts.map"),
    Wanted("map_commit_unknown", f"show map {_F}/nowhere;commit map @1 {_F}/nowhere"),
    Wanted("map_prepare_empty", f"prepare map {_F}/empty.map"),
    Wanted("map_prepared_empty", f"show map @1 {_F}/empty.map;show info"),
    Wanted("map_prepared_add", f"add map @1 {_F}/empty.map a b"),
    Wanted("map_commit_empty_range", f"show map {_F}/empty.map;commit map @9 {_F}/empty.map"),
    Wanted("map_commit_empty", f"show map {_F}/empty.map;commit map @1 {_F}/empty.map"),
    Wanted("map_prepare_regs", f"prepare map {_F}/regs.map"),
    Wanted("map_prepared_bad_reg", f"add map @1 {_F}/regs.map <<\n^/c z\n^(a x\n^/d z\n\n"),
    Wanted("map_prepared_regs", f"show map @1 {_F}/regs.map;show info"),
    Wanted("map_prepare_nets", f"prepare map {_F}/nets.map"),
    Wanted("map_prepared_bad_ip", f"add map @1 {_F}/nets.map 10.0.0.0/99 x"),
    Wanted("map_prepare_codes", f"prepare map {_F}/codes.map"),
    Wanted("map_prepared_bad_code", f"add map @1 {_F}/codes.map x many"),
    Wanted("acl_prepare", f"prepare acl {_F}/names.acl"),
    Wanted("acl_prepared_add", f"add acl @1 {_F}/names.acl new\\ one;add acl @1 {_F}/names.acl two"),
    Wanted("acl_prepared", f"show acl @1 {_F}/names.acl;show info"),
    Wanted("acl_commit", f"show acl {_F}/names.acl;commit acl @1 {_F}/names.acl"),
    Wanted("acl_committed", f"show acl {_F}/names.acl;show info"),
    Wanted("map_unknown_prepare", f"prepare map {_F}/nowhere"),
    Wanted("map_prepare_operator", f"prepare map {_F}/blank.map", operator=True),
    Wanted("map_commit_operator", f"show map {_F}/blank.map;commit map @1 {_F}/blank.map", operator=True),
)
# Through a master: "through_".
PATTERNS_THROUGH = (
    *(Wanted(f"map_{name}", f"show map {_F}/{name}.map;show info") for name in ("hosts", "empty")),
    Wanted("map_lists", "show map;show acl;show info"),
    Wanted("map_unknown", f"show map {_F}/nowhere;show info"),
)
VERSIONED_THROUGH = (
    Wanted("map_prepare", f"prepare map {_F}/hosts.map"),
    Wanted("map_prepared_lines", f"add map @1 {_F}/hosts.map <<\na.example new\nz.example last one\n\n"),
    Wanted("map_prepared", f"show map @1 {_F}/hosts.map;show info"),
    Wanted("map_commit_range", f"show map {_F}/hosts.map;commit map @9 {_F}/hosts.map"),
    Wanted("map_commit", f"show map {_F}/hosts.map;commit map @1 {_F}/hosts.map"),
    Wanted("map_commit_unknown", f"show map {_F}/nowhere;commit map @1 {_F}/nowhere"),
    Wanted("map_prepare_empty", f"prepare map {_F}/empty.map"),
    Wanted("map_commit_empty_range", f"show map {_F}/empty.map;commit map @9 {_F}/empty.map"),
    Wanted("map_commit_empty", f"show map {_F}/empty.map;commit map @1 {_F}/empty.map"),
)
AFTERWARDS = (Wanted("state_changed", STATE), Wanted("stat_changed", "show stat -1 6 -1"))


def main() -> int:
    """Capture all replies of all versions."""
    with Apps(4) as apps, socket.create_server(("127.0.0.1", 0)) as mute:  # takes connections, says nothing
        body = servers_body(apps.ports) + _MORE.format(
            port=apps.ports[0], mute=mute.getsockname()[1], separator="\u2028"
        )
        for version in versions():
            folder = REPLIES / version.name
            folder.mkdir(parents=True, exist_ok=True)
            for file in folder.iterdir():
                file.unlink()
            _capture(version, body, folder)
            _capture_settings(version, apps.ports, folder)
            _capture_master(version, apps.ports, folder)
            _capture_frontends(version, folder)
            _capture_backends(version, folder)
            _capture_patterns(version, folder)
            if version.has_nbproc:
                _capture_nbproc(version, servers_body(apps.ports), folder)
            print(f"HAProxy {version}: {len(list(folder.iterdir()))} replies")
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
    with one(version, _DISABLED) as fleet:
        for wanted in OF_DISABLED:
            _write(fleet, wanted, folder)
    with master_worker(version, body) as fleet:
        _write(fleet, Wanted("state_master", STATE), folder)


def _capture_settings(version: Version, apps: Sequence[int], folder: Path) -> None:
    """What a server can be given, made with and deleted for."""
    public = free_port()
    with Agent("up") as agent, Resolver(dict.fromkeys(("a.example.test", "b.example.test"), "127.0.0.1")) as names:
        ports = {port: str(number) for number, port in enumerate(apps, 8001)} | {agent.port: "8009"}
        body = settings_body(
            apps, agent_port=agent.port, check_port=apps[0], dns_port=names.port, binds=bind_lines(public)
        )

        def write(fleet: Fleet, *all_wanted: Wanted) -> None:
            for wanted in all_wanted:
                line = wanted.line.format(port=apps[0], agent=agent.port)
                wait_until(lambda: _is_quiet(fleet), SECONDS, lambda: "the checks never rest")
                _write(fleet, wanted._replace(line=line), folder, ports)

        with one(version, body, global_lines=GLOBAL) as fleet:
            wait_until(lambda: _all_settled(fleet), SECONDS, lambda: "not every check has a result")
            write(fleet, Wanted("settings_state", STATE), Wanted("settings_stat", "show stat -1 6 -1"))
            write(fleet, *GIVEN)
            write(fleet, Wanted("given_state", STATE), Wanted("given_stat", "show stat -1 6 -1"))
        with one(version, body, global_lines=GLOBAL) as fleet:
            wait_until(lambda: _all_settled(fleet), SECONDS, lambda: "not every check has a result")
            # 2.2 knows no such command, and lists all it knows.
            added = ADDED if version.number >= (2, 6) else {"plain": ADDED["plain"]}
            for name, rest in added.items():
                write(fleet, Wanted(f"add_{name}", f"add server set/{name} {rest}"))
            write(fleet, Wanted("added_state", STATE), Wanted("added_stat", "show stat -1 6 -1"))
            fleet.ask(0, "set server few/web2 state maint")
            with hold_session(public, "/few/hold"):
                write(fleet, Wanted("del_ready", "del server few/web1"))
                fleet.ask(0, "set server few/web1 state maint")
                write(fleet, Wanted("del_busy", "del server few/web1"), Wanted("del_done", "del server few/web2"))


def _capture_master(version: Version, apps: Sequence[int], folder: Path) -> None:
    """The master's own words, a worker's through it, an old worker's, and of one that is gone."""
    port = free_port()
    body = servers_body(apps, binds=bind_lines(port))
    with master_worker(version, body, operator=True) as fleet:
        (pid,) = fleet.pids
        pids = {fleet.master_pid: "4700", pid: "4711"}
        _to_master(fleet, "master_facts", PREFIX + FACTS, folder, pids)
        _to_master(fleet, "proc", "show proc", folder, pids)
        for wanted in THROUGH:
            _to_master(fleet, f"through_{wanted.name}", _through(version, pid, wanted.line), folder, pids)
        with hold_session(port, "/api/hold"):
            pids |= {fleet.reload()[0]: "4712"}
            _to_master(fleet, "proc_old", "show proc", folder, pids)
            for wanted in OLD:
                _to_master(fleet, f"old_{wanted.name}", _through(version, pid, wanted.line), folder, pids)
            _fail_to_reload(fleet, body)
            _to_master(fleet, "proc_failed", "show proc", folder, pids)
        fleet.wait_old_gone()
        wait_until(lambda: not _shows(fleet, pid), SECONDS, lambda: "the master still shows the old worker")
        for wanted in GONE:
            _to_master(fleet, f"gone_{wanted.name}", _through(version, pid, wanted.line), folder, pids)
        (pid,) = fleet.pids
        with hold_session(port, "/api/hold"), hold_session(port, "/fixed/hold"), hold_connection(port):
            fleet.reload(body)
            for wanted in SESSIONS:
                _to_master(fleet, f"old_{wanted.name}", _through(version, pid, wanted.line), folder, {pid: "4712"})


def _through(version: Version, pid: int, line: str) -> str:
    if version.number >= (3, 2):
        return f"@@!{pid} {PREFIX}{line}"
    return ";".join(f"@!{pid} {command}" for command in line.split(";"))


def _to_master(fleet: MasterFleet, name: str, line: str, folder: Path, pids: Mapping[int, str]) -> None:
    _put(folder, name, _scrubbed(_said(fleet.master, line), fleet, pids))


def _said(master: str, line: str) -> bytes:
    """All that a master says; 3.2 and 3.4 may not hang up after saying that a worker is gone."""
    for _try in range(TRIES):
        with suppress(TimeoutError):
            return ask(master, line, 2.0, half_close=True)
    raise LabError(f"the master does not hang up after {line!r}")


def _fail_to_reload(fleet: MasterFleet, body: str) -> None:
    """Reload with a configuration that no HAProxy takes, and return when the master has come back from it."""
    log = fleet.base / "master.log"
    heard = len(log.read_bytes())
    with suppress(LabError):
        fleet.reload(f"{body}\nbackend broken\n    nonsense\n", seconds=1.0)
    wait_until(lambda: b"unknown keyword" in log.read_bytes()[heard:], SECONDS, lambda: "the reload did not fail")
    wait_until(lambda: _shows(fleet, fleet.pids[0]), SECONDS, lambda: "the master does not come back")


def _shows(fleet: MasterFleet, pid: int) -> bool:
    rows = fleet.ask(fleet.master, "show proc", 2.0).splitlines()
    return any(row.split()[:1] == [str(pid)] for row in rows)


def _capture_frontends(version: Version, folder: Path) -> None:
    """Three frontends, of which one is disabled and one shut down, and the process's own limits."""
    names = ("public", "private", "closed")
    body = "".join(f"frontend {name}\n{bind_lines(free_port())}    maxconn 100\n" for name in names)
    with one(version, body) as fleet:
        for wanted in FRONTENDS:
            _write(fleet, wanted, folder)


def _capture_backends(version: Version, folder: Path) -> None:
    """Dynamic cookies of servers that nobody connects to, and backends that come and go."""
    with one(version, _BACKENDS.format(binds=bind_lines(free_port()))) as fleet:
        later = ((COOKIE_ADDED, (2, 6)), (PUBLISHED, (3, 4)))
        for wanted in (*BACKENDS, *(it for those, since in later if version.number >= since for it in those)):
            _write(fleet, wanted, folder)


def _capture_patterns(version: Version, folder: Path) -> None:
    """Maps and ACLs: what is listed and looked up, what is changed, and versions of sets; directly and by a master."""
    with tempfile.TemporaryDirectory() as place:
        for name, data in PATTERN_FILES.items():
            (Path(place) / name).write_bytes(data)
        body = _PATTERNS_BODY.format(port=free_port(), folder=place)

        def write(name: str, reply: bytes, fleet: Fleet) -> None:
            reply = _counted_pointers(_scrubbed(reply, fleet).replace(place.encode(), PATTERNS.encode()))
            _put(folder, name, reply)

        versioned = version.number >= (2, 4)
        with one(version, body, operator=True) as fleet:
            for wanted in (*OF_PATTERNS, *PATTERNS_CHANGED, *(VERSIONED if versioned else ())):
                address = fleet.operator_sockets[0] if wanted.operator else fleet.sockets[0]
                write(wanted.name, ask(address, PREFIX + wanted.line.replace(PATTERNS, place)), fleet)
        with master_worker(version, body) as fleet:
            (pid,) = fleet.pids
            for wanted in (*PATTERNS_THROUGH, *(VERSIONED_THROUGH if versioned else ())):
                line = _through(version, pid, wanted.line.replace(PATTERNS, place))
                write(f"through_{wanted.name}", _said(str(fleet.master), line), fleet)


def _counted_pointers(reply: bytes) -> bytes:
    """Entries are shown behind their place in memory."""
    numbers = itertools.count(1)
    return re.sub(
        rb"^0x[0-9a-f]{6,}(?= )", lambda _found: b"0x55d0c0%06x" % (next(numbers) * 16), reply, flags=re.MULTILINE
    )


def _capture_nbproc(version: Version, body: str, folder: Path) -> None:
    with nbproc(version, 2, body, shared=True) as fleet:
        _write(fleet, Wanted("nbproc_facts", FACTS), folder)
        assert fleet.shared_socket is not None
        _put(folder, "nbproc_facts_shared", _scrubbed(ask(fleet.shared_socket, PREFIX + FACTS), fleet))


def _all_checked(fleet: Fleet) -> bool:
    """Whether every check has a result, but for the one of more/mute1, which is under way for good."""
    status = dict(_cells(fleet, 36))
    mute = status.pop("more/mute1")
    settled = not any(word == "INI" or word.startswith("*") for word in status.values())
    return settled and mute == "* INI" and "fine" in fleet.ask(0, "show stat more 4 -1")


def _all_settled(fleet: Fleet) -> bool:
    """Whether every check of `settings_body` has a result, and the agent and the resolver have been heard."""
    state, stat = fleet.ask(0, "show servers state"), fleet.ask(0, "show stat -1 4 -1")
    resolved = re.search(r" named1 127\.0\.0\.1 2 ", state)
    return bool(resolved) and "INI" not in dict(_cells(fleet, 36)).values() and "agent : up" in stat


def _is_quiet(fleet: Fleet) -> bool:
    """Whether no check is under way: bit 1 of ``srv_check_state`` and ``srv_agent_state``."""
    return not any(int(cell) & 1 for column in (13, 14) for _server, cell in _cells(fleet, column))


def _is_slow(fleet: Fleet) -> bool:
    return dict(_cells(fleet, 5))["more/slow1"] == "1"


def _cells(fleet: Fleet, column: int) -> Iterator[tuple[str, str]]:
    """Server → a cell: 5, 13 and 14 of ``show servers state``, 36 (check_status) of ``show stat``."""
    table, separator, names = (
        ("show stat -1 4 -1", ",", (0, 1)) if column == 36 else ("show servers state", " ", (1, 3))
    )
    for line in fleet.ask(0, table).splitlines():
        cells = line.split(separator)
        if len(cells) > column and not line.startswith("#"):
            yield f"{cells[names[0]]}/{cells[names[1]]}", cells[column]


def _write(fleet: Fleet, wanted: Wanted, folder: Path, ports: Mapping[int, str] | None = None) -> None:
    """
    :param ports: what to call the lab's ports.
    """
    address = fleet.operator_sockets[0] if wanted.operator else fleet.sockets[0]
    reply = ask(address, PREFIX + wanted.line)
    for port, name in (ports or {}).items():
        reply = re.sub(rb"(?<=[ :'])%d(?=[ ,'\n])" % port, name.encode(), reply)
    _put(folder, wanted.name, _scrubbed(reply, fleet))


def _put(folder: Path, name: str, reply: bytes) -> None:
    """As it is, or, where it is no UTF-8, as Python would write it: ansible-test reads every file as a text."""
    try:
        reply.decode()
        (folder / f"{name}.txt").write_bytes(reply)
    except UnicodeDecodeError:
        (folder / f"{name}.escaped").write_bytes(reply.decode("latin-1").encode("unicode_escape") + b"\n")


def _scrubbed(reply: bytes, fleet: Fleet, pids: Mapping[int, str] | None = None) -> bytes:
    """
    :param pids: what to call the processes; none: all are 4711.
    """
    reply = reply.replace(str(fleet.base).encode(), b"/run/haproxy")
    for pid, name in (pids or {}).items():
        reply = re.sub(rb"^%d\b(?= )" % pid, name.ljust(len(str(pid))).encode(), reply, flags=re.MULTILINE)
        reply = re.sub(rb"(?<=Pid: )%d$" % pid, name.encode(), reply, flags=re.MULTILINE)
        reply = re.sub(rb"(?<=@!)%d\b" % pid, name.encode(), reply)
    if not pids:
        reply = re.sub(rb"^(Pid: )\d+$", rb"\g<1>4711", reply, flags=re.MULTILINE)
    reply = re.sub(rb"^(\d+\.Pid\.1:[A-Z]+:u32:)\d+$", rb"\g<1>4711", reply, flags=re.MULTILINE)
    return re.sub(rb"^(node: |\d+\.node\.1:[A-Z]+:str:).*$", rb"\g<1>lb1", reply, flags=re.MULTILINE)


if __name__ == "__main__":
    sys.exit(main())
