# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What scenarios read from HAProxy without the collection."""

from __future__ import annotations

import pytest

from scenario.readings import Server, old_workers_of, servers_of, sessions_of, unchecked_of

# 3.0.11; the tables without the columns that nobody reads here
STATES = """\
1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change
4 www 1 app1 10.217.0.14 2 0 7 10 0
4 www 2 app2 10.217.0.15 2 8 10 10 0
4 www 3 app3 10.217.0.16 0 1 10 10 0
4 www 4 app4 10.217.0.17 2 0 10 10 0
5 held 1 app1 10.217.0.14 0 1 10 10 0
5 held 2 app2 10.217.0.15 2 0 10 10 0

"""
STAT = """\
# pxname,svname,qcur,qmax,scur,smax,slim,stot,status,weight,check_status,check_code,
www,app1,0,0,1,2,,8,UP,7,L7OK,200,
www,app2,0,0,1,2,,8,DRAIN,10,L7OK,200,
www,app3,0,0,0,1,,8,MAINT,10,,,
held,app2,0,0,0,0,,0,UP,10,L4OK,,

"""
PROC = """\
#<PID>          <type>          <reloads>       <uptime>        <version>      
20              master          1 [failed: 0]   0d00h00m02s     3.0.11-1+deb13u3
# workers
25              worker          0               0d00h00m00s     3.0.11-1+deb13u3
# old workers
22              worker          1               0d00h00m02s     3.0.11-1+deb13u3
# programs

"""  # noqa: W291 - as it came


def test_the_state_of_a_server_is_its_own_flag() -> None:
    assert servers_of(STATES) == {
        "www/app1": Server("ready", 7),
        "www/app2": Server("drain", 10),
        "www/app3": Server("maint", 10),
        "www/app4": Server("ready", 10),
        "held/app1": Server("maint", 10),
        "held/app2": Server("ready", 10),
    }


@pytest.mark.parametrize("reply", ["", "\n", "Unknown command.\n"])
def test_what_is_no_table_is_no_fleet_without_servers(reply: str) -> None:
    with pytest.raises(ValueError, match="no table of servers"):
        servers_of(reply)


def test_sessions_are_counted_by_server() -> None:
    assert sessions_of(STAT) == {"www/app1": 1, "www/app2": 1, "www/app3": 0, "held/app2": 0}


def test_only_a_good_check_counts() -> None:
    assert unchecked_of(STAT) == ["www/app3"]


def test_old_workers_are_counted_and_nothing_else() -> None:
    assert old_workers_of(PROC) == 1
    assert old_workers_of(PROC.replace("22     ", "")) == 0
