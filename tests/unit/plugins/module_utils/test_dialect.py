# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy's words, as captured from every version; cut short; and as no HAProxy ever said them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect import (
    connections,
    errors,
    info,
    lookups,
    master,
    patterns,
    servers,
    sessions,
    set_server,
    stat,
    typed,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.servers import Server
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import (
    HAProxyError,
    InputError,
    NotHAProxy,
    ReplyNotUnderstood,
)
from hypothesis import example, given
from hypothesis import strategies as st

from unit.plugins.module_utils.support import VERSIONS, commands_of, reply_of, tables_of, text_of, words_of

BACKENDS = ["www", "api", "fixed", "odd", "more"]
NEEDED = ("pxname", "svname", "status", "type")
STARTING = 1  # srv_op_state
COLUMNS = ("pxname", "svname", "type", "status", "scur", "last_chk", "tracked", "algo")

# What there is of junk: bytes, and lines made of the characters that mean something in a table.
JUNK = st.one_of(
    st.text(max_size=80),
    st.text(st.sampled_from("#1 ,\"'\n\r-:\u2028\x0bab"), max_size=80),
)


def _every(_backend: str, _name: str) -> bool:
    return True


def _rows(table: str) -> dict[tuple[str, str], Server]:
    """All servers of the table."""
    found = servers.parse_state(table, _every)
    assert list(dict.fromkeys(found.keys)) == list(found.wanted)
    return found.wanted


def _row(**fields: Any) -> Server:
    return Server("www", "web1", "3", servers.RUNNING, 0, 10, 10, 0, 0)._replace(**fields)


# show info and its companions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
class TestFactsOfEveryVersion:
    @pytest.mark.parametrize(("name", "level"), [("facts", "admin"), ("facts_operator", "operator")])
    def test_facts(self, version: str, name: str, level: str) -> None:
        facts = info.parse_facts(tables_of(version, name))
        assert f"{facts.version.major}.{facts.version.minor}" == version
        assert facts.pid == 4711
        assert facts.level == level
        assert facts.sockets == (
            "unix@/run/haproxy/run/p1.sock admin all",
            "unix@/run/haproxy/operator/p1.sock operator all",
        )
        assert facts.buffer_size == 16384
        assert facts.info["node"] == "lb1"
        assert facts.info["Version"].startswith(version)

    def test_two_sockets_of_one_process_have_one_identity(self, version: str) -> None:
        assert (
            info.parse_facts(tables_of(version, "facts")).identity
            == info.parse_facts(tables_of(version, "facts_operator")).identity
        )

    def test_tables_cut_short_are_an_error_of_the_tree_or_lack_only_the_buffer(self, version: str) -> None:
        whole = tables_of(version, "facts")
        for place in range(4):
            for end in range(min(len(whole[place]), 1500)):
                cut = [*whole[:place], whole[place][:end], *whole[place + 1 :]]
                try:
                    facts = info.parse_facts(cut)
                except HAProxyError:
                    continue
                assert facts.pid in (4, 47, 471, 4711)
                assert facts.buffer_size in (16384, info.CAUTIOUS_BUFFER)


@pytest.mark.parametrize("version", VERSIONS)
class TestWorkersOfEveryVersion:
    """As they speak through their master, before and after a reload."""

    def test_a_current_worker_is_not_old(self, version: str) -> None:
        facts = info.parse_facts(tables_of(version, "through_facts"))
        assert (facts.pid, facts.old, facts.nbproc) == (4711, False, 1)
        assert not info.is_old(info.parse_info(tables_of(version, "through_conn")[1]))

    def test_a_worker_that_a_reload_replaced_says_so(self, version: str) -> None:
        facts = info.parse_facts(tables_of(version, "old_facts"))
        assert (facts.pid, facts.old) == (4711, True)
        assert facts.level == "admin"
        assert facts.buffer_size == 16384
        assert f"{facts.version.major}.{facts.version.minor}" == version
        assert info.is_old(info.parse_info(tables_of(version, "old_conn")[1]))

    def test_where_its_memory_is_stays_the_same_through_a_reload(self, version: str) -> None:
        before, after = (info.parse_facts(tables_of(version, name)) for name in ("through_facts", "old_facts"))
        assert before.place == after.place
        assert before.place.startswith("0x")

    def test_its_sessions_are_in_its_table_of_connections(self, version: str) -> None:
        used = connections.parse_connections(tables_of(version, "old_conn")[0])
        assert {key: count for key, count in used.items() if count} == {("api", "web1"): 1}
        assert {key for key in used if key[0] != "MASTER"} == {
            key for key in _rows(tables_of(version, "state")[1]) if key[0] != "more"
        }

    def test_the_list_of_processes(self, version: str) -> None:
        (worker,) = master.parse_proc(text_of_master(version, "proc")).workers
        assert worker[:4] == (4711, False, 1, 0)
        assert f"{worker.version.major}.{worker.version.minor}" == version

    def test_the_list_of_processes_after_a_reload(self, version: str) -> None:
        current, old = master.parse_proc(text_of_master(version, "proc_old")).workers
        assert (current.pid, current.listed_old, current.reloads) == (4712, False, 0)
        assert (old.pid, old.listed_old, old.number, old.reloads) == (4711, True, 1, 1)

    def test_the_list_of_processes_after_a_reload_that_failed(self, version: str) -> None:
        """2.2, 3.2 and 3.4 list the worker that still serves as an old one."""
        serving, old = master.parse_proc(text_of_master(version, "proc_failed")).workers
        assert (serving.pid, serving.listed_old) == (4712, version in ("2.2", "3.2", "3.4"))
        assert (serving.number, serving.reloads) == (1, 1)
        assert (old.pid, old.listed_old, old.reloads) == (4711, True, 2)

    @pytest.mark.parametrize("name", ["proc", "proc_old", "proc_failed"])
    def test_a_list_cut_short_is_an_error_or_lacks_workers_at_its_end(self, version: str, name: str) -> None:
        table = text_of_master(version, name)
        whole = master.parse_proc(table).workers
        for end in range(len(table)):
            try:
                workers = master.parse_proc(table[:end]).workers
            except ReplyNotUnderstood:
                continue
            assert [worker.pid for worker in workers] == [worker.pid for worker in whole[: len(workers)]]


def text_of_master(version: str, name: str) -> str:
    """A table of the master itself, which is not asked for severities."""
    return reply_of(version, name).decode()[:-1]


@pytest.mark.parametrize(
    ("table", "workers"),
    [
        pytest.param(
            "#<PID>  <type>  <relative PID>  <reloads>  <uptime>  <version>\n"
            "9  master  0  0  0d  2.2.9-2\n# workers\n10  worker  1  0  0d  2.2.9-2\n11  worker  2  0  0d  2.2.9-2\n"
            "# old workers\n7  worker  [was: 1]  1  0d  2.2.9-2\n8  worker  [was: 2]  1  0d  2.2.9-2\n# programs\n",
            [(10, False, 1, 0), (11, False, 2, 0), (7, True, 1, 1), (8, True, 2, 1)],
            id="several workers of nbproc",
        ),
        pytest.param(
            "#<PID>\t<type>\t<reloads>\t<uptime>\t<version>\n9\tmaster\t3 [failed: 1]\t0d\t3.0.0\n"
            "10\tworker\t3 [failed: 1]\t0d\t3.0.0\n# programs\n12\tsidecar\t-\t0d\t-\n",
            [(10, False, 1, 3)],
            id="tabs, failed reloads and a program",
        ),
        pytest.param("#<PID>  <type>  <reloads>  <uptime>  <version>\n", [], id="nobody"),
    ],
)
def test_parse_proc(table: str, workers: list[tuple[int, bool, int, int]]) -> None:
    assert [worker[:4] for worker in master.parse_proc(table).workers] == workers


PROC = "#<PID>  <type>  <reloads>  <uptime>  <version>\n"


@pytest.mark.parametrize(
    "table",
    [
        pytest.param("", id="nothing"),
        pytest.param("Unknown command\n", id="a refusal"),
        pytest.param("#<PID>  <type>  <reloads>  <uptime>\n", id="a heading without versions"),
        pytest.param(PROC + "x  worker  0  0d  3.0.1\n", id="a pid that is no number"),
        pytest.param(PROC + "1  worker  many  0d  3.0.1\n", id="reloads that are no number"),
        pytest.param(PROC + "1  worker  0  0d\n", id="a short line"),
        pytest.param(PROC + "1  worker  0  0d  new\n", id="a version that is none"),
    ],
)
def test_a_list_of_processes_that_is_none_is_an_error(table: str) -> None:
    with pytest.raises(ReplyNotUnderstood):
        master.parse_proc(table)


CONN = "# bkname/svname bkid/svid addr port - purge_delay used_cur used_max\n"


@pytest.mark.parametrize(
    ("table", "used"),
    [
        pytest.param(CONN, {}, id="no server"),
        pytest.param(CONN + "www/web1 2/1 - 0 - 5000 7 9\n", {("www", "web1"): 7}, id="one"),
        pytest.param(
            "# bkname/svname used_cur - purge_delay\nwww/web1 3 - 1\n", {("www", "web1"): 3}, id="another order"
        ),
    ],
)
def test_parse_connections(table: str, used: dict[tuple[str, str], int]) -> None:
    assert connections.parse_connections(table) == used


@pytest.mark.parametrize(
    "table",
    [
        pytest.param("", id="nothing"),
        pytest.param("No such backend.\n", id="a refusal"),
        pytest.param("# bkname/svname bkid/svid\n", id="no such column"),
        pytest.param(CONN + "www/web1 2/1 - 0\n", id="a short line"),
        pytest.param(CONN + "www/web1 2/1 - 0 - 5000 some 9\n", id="no number"),
        pytest.param(CONN + "\n", id="an empty line"),
    ],
)
def test_connections_that_are_none_are_an_error(table: str) -> None:
    with pytest.raises(ReplyNotUnderstood):
        connections.parse_connections(table)


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        pytest.param({}, False, id="nothing"),
        pytest.param({"Pid": "4712"}, True, id="pid"),
        pytest.param({"node": "lb2"}, True, id="node"),
        pytest.param({"Version": "3.0.12"}, True, id="version"),
        pytest.param({"Start_time_sec": "1"}, True, id="start time"),
        pytest.param({"Uptime_sec": "5"}, False, id="uptime"),
        pytest.param({"CurrConns": "5"}, False, id="connections"),
    ],
)
def test_identity_is_what_does_not_change_while_a_process_lives(change: dict[str, str], differs: bool) -> None:
    tables = tables_of("3.0", "facts")
    first = info.parse_facts(tables)
    second = first._replace(info={**first.info, **change})
    assert (first.identity != second.identity) is differs


def test_two_containers_with_one_pid_differ_by_their_sockets() -> None:
    tables = tables_of("3.0", "facts")
    other = [*tables[:2], tables[2].replace("/run/haproxy", "/run/other"), tables[3]]
    assert info.parse_facts(tables).identity != info.parse_facts(other).identity


@pytest.mark.parametrize(
    ("place", "table", "error"),
    [
        pytest.param(0, "", NotHAProxy, id="nothing"),
        pytest.param(0, "Name: nginx\nVersion: 3.0.1\nPid: 1\n", NotHAProxy, id="another program"),
        pytest.param(0, "Unknown command\n", NotHAProxy, id="a master"),
        pytest.param(0, "Name: HAProxy\nPid: 1\n", ReplyNotUnderstood, id="no version"),
        pytest.param(0, "Name: HAProxy\nVersion: 3.0.1\n", ReplyNotUnderstood, id="no pid"),
        pytest.param(0, "Name: HAProxy\nVersion: 3.0.1\nPid: one\n", ReplyNotUnderstood, id="a pid of letters"),
        pytest.param(0, "Name: HAProxy\nVersion: three\nPid: 1\n", ReplyNotUnderstood, id="a version of letters"),
        pytest.param(1, "", ReplyNotUnderstood, id="no level"),
        pytest.param(1, "[6]: root\n", ReplyNotUnderstood, id="an unheard-of level"),
    ],
)
def test_facts_of_no_haproxy(place: int, table: str, error: type[HAProxyError]) -> None:
    tables = tables_of("3.0", "facts")
    tables[place] = table
    with pytest.raises(error):
        info.parse_facts(tables)


@pytest.mark.parametrize(("said", "count"), [({}, 1), ({"Nbproc": "1"}, 1), ({"Nbproc": "4"}, 4)])
def test_number_of_processes(said: dict[str, str], count: int) -> None:
    about, *tables = tables_of("3.0", "facts")
    rest = [line for line in about.splitlines() if not line.startswith("Nbproc")]
    more = [f"{name}: {text}" for name, text in said.items()]
    assert info.parse_facts(["\n".join([*rest, *more]), *tables]).nbproc == count


@pytest.mark.parametrize(("said", "old"), [({}, False), ({"Stopping": "0"}, False), ({"Stopping": "1"}, True)])
def test_a_process_that_is_stopping_is_old(said: dict[str, str], old: bool) -> None:
    facts = info.parse_facts(tables_of("3.0", "facts"))
    rest = {name: text for name, text in facts.info.items() if name != "Stopping"}
    assert facts._replace(info={**rest, **said}).old is old
    assert info.is_old({**rest, **said}) is old


def test_two_containers_differ_by_where_their_memory_is() -> None:
    first = info.parse_facts(tables_of("3.0", "facts"))
    assert first.identity != first._replace(place="0x7f").identity
    assert first.identity == first._replace(level="user").identity


@pytest.mark.parametrize(
    ("pool", "place"),
    [
        (
            "  - Pool buffer (16384 bytes) : 3 allocated (49152 bytes), 1 users, @0x55e663e7cd00=16 [SHARED]",
            "0x55e663e7cd00",
        ),
        ("  - Pool buffer (16384 bytes/64) : 3 allocated, @0x1f [SHARED]", "0x1f"),
        ("  - Pool buffer (16384 bytes) : 3 allocated", ""),
        ("nothing of the kind", ""),
    ],
)
def test_place_in_memory(pool: str, place: str) -> None:
    tables = tables_of("3.4", "facts")
    assert info.parse_facts([*tables[:3], f"{pool}\nTotal: 1\n"]).place == place


def test_the_enterprise_edition_is_a_haproxy() -> None:
    assert info.parse_info("Name: hapee-lb\nVersion: 2.8.0\n")["Version"] == "2.8.0"


@pytest.mark.parametrize(
    ("pools", "buffer_size"),
    [
        pytest.param("  - Pool buffer (8192 bytes) : 3 allocated\n", 8192, id="up to 3.3"),
        pytest.param("  - Pool buffer (32768 bytes/64) : 3 allocated\n", 32768, id="from 3.4 on"),
        pytest.param("  - Pool stream (944 bytes) : 1\n", info.CAUTIOUS_BUFFER, id="unknown: the smallest that is run"),
        pytest.param("", 4096, id="nothing: the smallest that is run"),
    ],
)
def test_buffer_size(pools: str, buffer_size: int) -> None:
    assert info.parse_facts([*tables_of("3.4", "facts")[:3], pools]).buffer_size == buffer_size


# show servers state ----------------------------------------------------------------------------------------------

CHANGED = {
    # own state, effective state, weight, initial weight
    ("www", "web1"): ("maint", "maint", 10, 10),
    ("www", "web2"): ("drain", "drain", 100, 100),
    ("www", "web3"): ("ready", "ready", 1, 1),
    ("api", "web1"): ("maint", "maint", 50, 50),
    ("api", "api1"): ("ready", "ready", 5, 50),
    ("api", "api2"): ("ready", "ready", 0, 50),
    ("odd", "off1"): ("ready", "ready", 1, 1),
    ("odd", "follow1"): ("ready", "maint", 1, 1),
    ("odd", "a.b:c-d_e"): ("ready", "ready", 30, 30),
}


@pytest.mark.parametrize("version", VERSIONS)
class TestServersOfEveryVersion:
    def test_backends(self, version: str) -> None:
        assert servers.parse_backends(tables_of(version, "state")[0]) == BACKENDS

    def test_the_master_of_2_2_is_no_backend(self, version: str) -> None:
        names, state, _info = tables_of(version, "state_master")
        assert servers.parse_backends(names) == BACKENDS + (["MASTER"] if version == "2.2" else [])
        assert {backend for backend, _name in _rows(state)} == set(BACKENDS)

    def test_servers_are_found_with_their_weights(self, version: str) -> None:
        rows = _rows(tables_of(version, "state")[1])
        assert len(rows) == 18
        assert [key for key in rows if key[0] == "www"] == [("www", f"web{number}") for number in range(1, 5)]
        assert [rows["www", f"web{number}"].weight for number in range(1, 5)] == [10, 100, 1, 256]
        assert all(row.weight == row.initial_weight for row in rows.values())
        assert all((row.backend, row.name) == key for key, row in rows.items())

    def test_checks_are_seen(self, version: str) -> None:
        rows = _rows(tables_of(version, "state")[1])
        checked = {name for (_backend, name), row in rows.items() if row.checked}
        assert checked == {"web1", "web2", "web3", "web4", "dead1", "said1", "slow1", "late1", "mute1"}
        assert not rows["api", "web1"].checked

    def test_a_server_that_the_configuration_disables_is_in_maintenance(self, version: str) -> None:
        row = _rows(tables_of(version, "state")[1])["odd", "off1"]
        assert (row.state, row.effective_state, row.admin_state) == ("maint", "maint", 5)

    def test_states_after_changes(self, version: str) -> None:
        rows = _rows(tables_of(version, "state_changed")[1])
        found = {
            key: (row.state, row.effective_state, row.weight, row.initial_weight)
            for key, row in rows.items()
            if key in CHANGED
        }
        assert found == CHANGED

    def test_a_slow_start_is_seen(self, version: str) -> None:
        rows = _rows(tables_of(version, "state_changed")[1])
        assert rows["more", "slow1"].op_state == STARTING
        assert rows["more", "late1"].op_state == servers.RUNNING

    def test_a_table_cut_short_never_makes_another_server_up(self, version: str) -> None:
        table = tables_of(version, "state_changed")[1]
        whole = _rows(table)
        names = {key[1] for key in whole}
        for end in range(len(table)):
            try:
                rows = _rows(table[:end])
            except ReplyNotUnderstood:
                continue
            assert {name for _backend, name in rows} <= names
            # The last line may end within a number; all before it are whole.
            for key in list(rows)[:-1]:
                assert rows[key] == whole[key]


@pytest.mark.parametrize(
    ("admin", "own", "effective"),
    [
        pytest.param(0, "ready", "ready", id="no flag"),
        pytest.param(1, "maint", "maint", id="own maintenance"),
        pytest.param(2, "ready", "maint", id="maintenance of the tracked server"),
        pytest.param(3, "maint", "maint", id="own and inherited maintenance"),
        pytest.param(4, "ready", "ready", id="disabled by configuration, enabled since"),
        pytest.param(5, "maint", "maint", id="disabled by configuration"),
        pytest.param(8, "drain", "drain", id="own drain"),
        pytest.param(9, "maint", "maint", id="maintenance covers drain"),
        pytest.param(10, "drain", "maint", id="own drain under inherited maintenance"),
        pytest.param(12, "drain", "drain", id="disabled by configuration, drained since"),
        pytest.param(16, "ready", "drain", id="drain of the tracked server"),
        pytest.param(24, "drain", "drain", id="own and inherited drain"),
        pytest.param(32, "ready", "maint", id="not resolved"),
        pytest.param(40, "drain", "maint", id="own drain, not resolved"),
        pytest.param(64, "ready", "ready", id="FQDN set at run time"),
    ],
)
def test_own_and_effective_state(admin: int, own: str, effective: str) -> None:
    row = _row(admin_state=admin)
    assert (row.state, row.effective_state) == (own, effective)


@pytest.mark.parametrize(
    ("check", "agent", "checked"),
    [
        pytest.param(0, 0, False, id="none"),
        pytest.param(8, 0, False, id="none, disabled by configuration"),
        pytest.param(6, 0, True, id="on"),
        pytest.param(7, 0, True, id="in flight"),
        pytest.param(2, 0, False, id="configured, disabled"),
        pytest.param(14, 0, True, id="on, paused by maintenance"),
        pytest.param(10, 0, False, id="disabled, paused by maintenance"),
        pytest.param(0, 22, True, id="agent on"),
        pytest.param(0, 18, False, id="agent disabled"),
        pytest.param(2, 22, True, id="health disabled, agent on"),
    ],
)
def test_checked(check: int, agent: int, checked: bool) -> None:
    assert _row(check_state=check, agent_state=agent).checked is checked


HEADING = (
    "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight "
    "srv_check_state srv_agent_state srv_fqdn srv_port\n"
)
LATER = " srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port\n"


@pytest.mark.parametrize(
    "table",
    [
        pytest.param("", id="nothing"),
        pytest.param("1\n", id="only a version"),
        pytest.param("2\n# be_id be_name\n", id="another version"),
        pytest.param("1\nbe_id be_name\n", id="no heading"),
        pytest.param("1\n# be_id be_name srv_name\n", id="other columns"),
        pytest.param("No such backend.\n", id="a refusal"),
        pytest.param(HEADING + "1 www 1 web1\n", id="a short line"),
        pytest.param(HEADING + "1 www 1 web1 - 2 0 1 1 6 0 -\n", id="a line without its last cell"),
        pytest.param(HEADING + "1 www 1 web1 - 2 - 1 1 6 0 - 80\n", id="no number"),
        pytest.param(HEADING + "1 www 1 web1 - 2 0 1 1 6 0 - -\n", id="a port that is no number"),
        pytest.param(HEADING + "\n", id="an empty line"),
        pytest.param(HEADING.replace(" srv_fqdn", ""), id="without the column of the host name"),
        pytest.param(
            HEADING[:-1] + LATER + "1 www 1 web1 - 2 0 1 1 6 0 - 80 0 x - - 0\n", id="a check port that is no number"
        ),
        pytest.param(
            HEADING[:-1] + " srv_use_ssl\n1 www 1 web1 - 2 0 1 1 6 0 - 80 0\n", id="some of the later columns"
        ),
    ],
)
def test_a_table_that_is_none_is_an_error(table: str) -> None:
    with pytest.raises(ReplyNotUnderstood):
        _rows(table)


def test_columns_are_found_by_name() -> None:
    names = (
        "srv_port srv_agent_state srv_name srv_fqdn srv_check_state srv_iweight srv_uweight srv_admin_state "
        "srv_op_state be_name be_id srv_addr"
    )
    rows = _rows(f"1\n# {names}\n80 7 web1 a.test 6 5 4 1 2 www 9 ::1\n")
    expected = Server("www", "web1", "9", 2, 1, 4, 5, 6, 7, address="::1", fqdn="a.test", port=80)
    assert rows == {("www", "web1"): expected}


@pytest.mark.parametrize(
    ("cells", "fields"),
    [
        pytest.param("127.0.0.1 - 80", {"address": "127.0.0.1", "fqdn": None, "port": 80}, id="an address"),
        pytest.param("- - 0", {"address": None, "fqdn": None, "port": 0}, id="a UNIX socket"),
        pytest.param("- a.test 80", {"address": None, "fqdn": "a.test", "port": 80}, id="not resolved"),
        pytest.param(
            "::1 - 80 1 81 ::2 ::3 82",
            {"ssl": True, "check_port": 81, "check_address": "::2", "agent_address": "::3", "agent_port": 82},
            id="all of it",
        ),
        pytest.param(
            "::1 - 80 0 0 - - 0",
            {"ssl": False, "check_port": 0, "check_address": "", "agent_address": "", "agent_port": 0},
            id="nothing of it",
        ),
        pytest.param("::1 - 80 -1 0 - - 0", {"ssl": False}, id="ssl prepared and off"),
        pytest.param(
            "::1 - 80",
            dict.fromkeys(("ssl", "check_port", "check_address", "agent_address", "agent_port")),
            id="2.2 does not say",
        ),
    ],
)
def test_addresses_of_a_line(cells: str, fields: dict[str, object]) -> None:
    address, fqdn, port, *later = cells.split(" ")
    heading = HEADING[:-1] + (LATER if later else "\n")
    line = " ".join(("1 www 1 web1", address, "2 0 1 1 6 0", fqdn, port, *later))
    server = _rows(f"{heading}{line}\n")["www", "web1"]
    assert {name: getattr(server, name) for name in fields} == fields


@pytest.mark.parametrize("version", VERSIONS)
def test_all_names_are_told_and_only_the_wanted_servers_read_whole(version: str) -> None:
    table = tables_of(version, "state")[1]
    found = servers.parse_state(table, lambda backend, name: backend == "www" and name != "web2")
    assert len(found.keys) == 18
    assert list(found.wanted) == [("www", "web1"), ("www", "web3"), ("www", "web4")]
    assert found.wanted["www", "web1"].backend_id == "2"


def test_without_servers_the_table_is_its_heading() -> None:
    assert servers.parse_state(HEADING, _every) == ([], {})


def test_a_server_that_nobody_wants_may_have_numbers_that_are_none() -> None:
    found = servers.parse_state(HEADING + "1 www 1 web1 - x x x x x x - x\n", lambda _backend, _name: False)
    assert found == ([("www", "web1")], {})


@pytest.mark.parametrize("cells", ["1 www 1 web1 - 2 0 1 1 6 0 - 80 more", "1 www 1 web1 - 2 0 1 1 6 0 -"])
def test_a_row_of_other_columns_than_the_heading_is_refused(cells: str) -> None:
    with pytest.raises(ReplyNotUnderstood):
        servers.parse_state(f"{HEADING}{cells}\n", _every)


@pytest.mark.parametrize("admin", range(64))
@pytest.mark.parametrize("state", ["ready", "drain", "maint"])
def test_what_is_put_is_the_state_and_the_inherited_flags_stay(admin: int, state: str) -> None:
    row = _row(admin_state=admin)
    put = row.put(state)
    assert put.state == state
    own = servers.MAINT_FORCED | servers.DRAIN_FORCED
    assert put.admin_state & ~own == admin & ~own
    assert put.admin_state & own != own
    assert put._replace(admin_state=admin) == row


def test_a_server_has_a_name_for_people() -> None:
    assert _row().called == "www/web1"


@pytest.mark.parametrize("admin", [0, 1, 8])
def test_a_server_that_is_not_there_is_absent_whatever_its_flags(admin: int) -> None:
    assert _row(admin_state=admin)._replace(present=False).state == "absent"


def test_a_backend_called_master_of_the_users_own_is_kept() -> None:
    rows = _rows(HEADING + "1 MASTER 1 cur-1 - 0 0 1 1 0 0 - 0\n1 MASTER 2 web1 - 0 0 1 1 0 0 - 0\n")
    assert list(rows) == [("MASTER", "web1")]


# show stat -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
class TestStatisticsOfEveryVersion:
    def test_every_server_and_backend_has_a_row(self, version: str) -> None:
        rows = list(stat.parse_stat(text_of(version, "stat"), COLUMNS))
        assert [row["pxname"] for row in rows if row["type"] == stat.BACKEND] == BACKENDS
        found = {(row["pxname"], row["svname"]) for row in rows if row["type"] == stat.SERVER}
        assert found == set(_rows(tables_of(version, "state")[1]))
        assert all(set(row) == set(COLUMNS) for row in rows)

    def test_one_backend_alone(self, version: str) -> None:
        rows = list(stat.parse_stat(text_of(version, "stat_www"), COLUMNS))
        assert [row["svname"] for row in rows] == ["web1", "web2", "web3", "web4", "BACKEND"]

    def test_quotes_commas_and_unusual_line_ends_in_a_check_are_text(self, version: str) -> None:
        rows = {row["svname"]: row for row in stat.parse_stat(text_of(version, "stat"), COLUMNS)}
        assert rows["said1"]["last_chk"] == 'all "fine", really\u2028so'
        assert rows["late1"]["pxname"] == "more"

    def test_algorithms_and_states(self, version: str) -> None:
        rows = {
            (row["pxname"], row["svname"]): row for row in stat.parse_stat(text_of(version, "stat_changed"), COLUMNS)
        }
        assert rows["fixed", "BACKEND"]["algo"] == "static-rr"
        assert rows["www", "BACKEND"]["algo"] == "roundrobin"
        assert rows["www", "web1"]["status"] == "MAINT"
        assert rows["www", "web2"]["status"].startswith("DRAIN")  # 3.4: DRAIN 0/3 for a while
        assert rows["api", "api1"]["status"] == "no check"
        assert rows["odd", "follow1"]["status"] == "MAINT (via www/web1)"
        assert rows["odd", "follow1"]["tracked"] == "www/web1"
        assert re.fullmatch(r"UP -?\d/3", rows["more", "slow1"]["status"])

    def test_a_table_cut_short_is_an_error_or_lacks_rows_at_its_end(self, version: str) -> None:
        table = text_of(version, "stat_www")
        whole = list(stat.parse_stat(table, NEEDED))
        ends = range(0, len(table), 1)
        for end in ends:
            try:
                rows = list(stat.parse_stat(table[:end], NEEDED))
            except ReplyNotUnderstood:
                continue
            assert rows == whole[: len(rows)]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        pytest.param('a,b,"x, y",', ["x, y"], id="comma"),
        pytest.param('a,b,"say ""x""",', ['say "x"'], id="quotes"),
        pytest.param('a,b,"two\nlines",', ["two\nlines"], id="line end within quotes"),
        pytest.param("a,b,,", [""], id="empty"),
        pytest.param("a,b,x\x85y,", ["x\x85y"], id="C1 control"),
        pytest.param("a,b,x\u2028y,", ["x\u2028y"], id="line separator"),
        pytest.param("a,b,x\x0by\x0cz\x1c,", ["x\x0by\x0cz\x1c"], id="what Python takes for line ends"),
        pytest.param("a,b,\udcff,", ["\udcff"], id="no UTF-8"),
        pytest.param("a,b,1,\na,c,2,", ["1", "2"], id="two rows"),
    ],
)
def test_cells(rows: str, found: list[str]) -> None:
    table = f"# pxname,svname,last_chk,\n{rows}\n"
    assert [row["last_chk"] for row in stat.parse_stat(table, ("last_chk",))] == found


def test_of_a_long_row_that_does_not_fit_the_beginning_is_told() -> None:
    table = f"# pxname,svname,status,\n{'w' * 80},web1\n"
    with pytest.raises(ReplyNotUnderstood, match=f"a row of 2 cells in a table of 4: \\['{'w' * 58}$"):
        list(stat.parse_stat(table, ()))


@pytest.mark.parametrize(
    "table",
    [
        pytest.param("", id="nothing"),
        pytest.param("No such proxy.\n", id="a refusal"),
        pytest.param("pxname,svname\n", id="no heading"),
        pytest.param("# pxname,svname,status,\nwww,web1\n", id="a short row"),
        pytest.param("# pxname,svname,status,\nwww,web1,UP,x,y\n", id="a long row"),
        pytest.param('# pxname,svname,status,\nwww,web1,"UP\n', id="an open quote"),
        pytest.param('# pxname,svname,status,\nwww,web1,"UP"x,\n', id="text behind a quote"),
        pytest.param("# pxname,svname,status,\n\n", id="an empty row"),
        pytest.param("# pxname,svname,status,\nwww,web1,\0,\n", id="NUL"),
        pytest.param('# pxname,svname,"status', id="an open quote in the heading"),
    ],
)
def test_statistics_that_are_none_are_an_error(table: str) -> None:
    try:
        rows = list(stat.parse_stat(table, ("pxname", "svname", "status")))
    except ReplyNotUnderstood:
        return
    # From Python 3.11 on, NUL is a character of CSV like any other.
    assert rows == [{"pxname": "www", "svname": "web1", "status": "\0"}]


def test_a_column_that_is_needed_and_not_there_is_an_error_and_one_that_is_wanted_is_left_out() -> None:
    table = "# pxname,svname,status,\nwww,web1,UP,\n"
    assert list(stat.parse_stat(table, ("status",), ("algo",))) == [{"status": "UP"}]
    assert list(stat.parse_stat(table, ("status",), ("svname",))) == [{"svname": "web1", "status": "UP"}]
    with pytest.raises(ReplyNotUnderstood, match="lacks algo, scur"):
        list(stat.parse_stat(table, ("status", "scur", "algo")))


def test_a_cell_of_any_length_that_fits_into_a_buffer_is_read() -> None:
    long = "x" * 20_000
    assert list(stat.parse_stat(f"# pxname,svname,last_chk,\nw,s,{long},\n", ("last_chk",))) == [{"last_chk": long}]


def test_a_cell_over_the_limit_of_the_csv_reader_is_an_error_of_the_tree() -> None:
    with pytest.raises(ReplyNotUnderstood):
        list(stat.parse_stat(f'# pxname,svname,last_chk,\nw,s,"{"x" * 200_000}",\n', ("last_chk",)))


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        pytest.param("plain words", "plain words", id="as it stands"),
        pytest.param('"a,b"', "a,b", id="a comma"),
        pytest.param('"a ""b"""', 'a "b"', id="quotes"),
        pytest.param('"a\nb"', "a\nb", id="a line's end"),
    ],
)
def test_a_text_is_read_as_it_was_meant(cell: str, text: str) -> None:
    table = f"# pxname,svname,last_chk,\nw,s,first,\nw,t,{cell},\nw,u,last,\n"
    assert [row["last_chk"] for row in stat.parse_stat(table, ("last_chk",))] == ["first", text, "last"]


@pytest.mark.parametrize("row", ["w,s,a,b,", "w,s,", "", 'w,s,"a"b,', 'w,s,"a,'])
def test_a_row_of_another_width_or_an_open_quote_is_an_error(row: str) -> None:
    table = f"# pxname,svname,last_chk,\nw,s,a,\n{row}\n"
    with pytest.raises(ReplyNotUnderstood):
        list(stat.parse_stat(table, ("last_chk",)))


# Junk ------------------------------------------------------------------------------------------------------------

PARSERS: dict[str, Callable[[str], object]] = {
    "info": info.parse_info,
    "facts": lambda text: info.parse_facts([text, text, text, text]),
    "facts after info": lambda text: info.parse_facts(["Name: HAProxy\n" + text, text, text, text]),
    "state": _rows,
    "state rows": lambda text: _rows(tables_of("3.0", "state")[1] + text),
    "backends": servers.parse_backends,
    "processes": master.parse_proc,
    "processes' lines": lambda text: master.parse_proc(PROC + text),
    "connections": connections.parse_connections,
    "connections' lines": lambda text: connections.parse_connections(CONN + text),
    "sessions": lambda text: list(sessions.parse_sessions(text)),
    "stat": lambda text: list(stat.parse_stat(text, COLUMNS)),
    "stat heading": lambda text: list(stat.parse_stat("# pxname,svname," + text, COLUMNS)),
    "stat rows": lambda text: list(stat.parse_stat(text_of("2.2", "stat_www") + text, COLUMNS)),
}


OTHER = f"No such thing, but {'x' * 300}"
TOLD = repr(OTHER[:60])


@pytest.mark.parametrize(
    ("parse", "before", "sentence"),
    [
        pytest.param(info.parse_info, "", f"no HAProxy answers there, but something that says {TOLD}", id="info"),
        pytest.param(servers.parse_backends, "", f"not a list of backends: {TOLD}", id="backends"),
        pytest.param(_rows, "", f"not a server state table of version 1: {TOLD}", id="state"),
        pytest.param(_rows, HEADING, f"a line of the server state table: {OTHER[:200]!r}", id="a row of the state"),
        pytest.param(master.parse_proc, "", f"not a list of processes: {TOLD}", id="processes"),
        pytest.param(PARSERS["stat"], "", f"not a table of statistics: {TOLD}", id="statistics"),
        pytest.param(
            connections.parse_connections, "", f"not a table of the servers' connections: {TOLD}", id="connections"
        ),
        pytest.param(
            connections.parse_connections,
            CONN,
            f"a line of the servers' connections: {OTHER[:200]!r}",
            id="a connection",
        ),
        pytest.param(PARSERS["sessions"], "", f"a line of the sessions: {OTHER[:80]!r}", id="a session"),
        pytest.param(typed.parse_info_natures, "", f"not a typed table: {TOLD}", id="natures"),
        pytest.param(errors.parse_errors, "", f"not the captured errors: {TOLD}", id="errors"),
        pytest.param(lookups.parse_lookups, "", f"a lookup that tells no type: {OTHER[:200]!r}", id="a lookup"),
        pytest.param(
            patterns.parse_list, "", f"show map: a line that names no map or ACL: {OTHER[:200]!r}", id="a map"
        ),
    ],
)
def test_what_another_command_would_say_is_told_by_its_beginning(
    parse: Callable[[str], object], before: str, sentence: str
) -> None:
    with pytest.raises((ReplyNotUnderstood, NotHAProxy)) as caught:
        parse(f"{before}{OTHER}\n")
    assert caught.value.message == sentence


def _outcome(parse: Callable[[], object]) -> object:
    """What comes of it, an error of the tree being one of the things that can come."""
    try:
        return parse()
    except HAProxyError as error:
        return error


@pytest.mark.parametrize("name", PARSERS)
@given(junk=JUNK)
@example(junk="")
@example(junk="\n")
@example(junk='"')
@example(junk="Version: \u0663.\u0660\nPid: \u0661")
def test_junk_gives_errors_of_the_tree_only(name: str, junk: str) -> None:
    outcome = _outcome(lambda: PARSERS[name](junk))
    assert not isinstance(outcome, HAProxyError) or 0 < len(outcome.message) < 400 + len(junk)


@given(st.data(), st.sampled_from(VERSIONS))
def test_captured_tables_with_a_changed_character_give_errors_of_the_tree_only(
    data: st.DataObject, version: str
) -> None:
    name = data.draw(st.sampled_from(["state", "facts", "stat_www"]))
    tables = [text_of(version, name)] if name == "stat_www" else tables_of(version, name)
    parse: Callable[[list[str]], object] = {
        "state": lambda all_of: _rows(all_of[1]),
        "facts": info.parse_facts,
        "stat_www": lambda all_of: list(stat.parse_stat(all_of[0], COLUMNS)),
    }[name]
    table = data.draw(st.integers(0, len(tables) - 1))
    place = data.draw(st.integers(0, max(len(tables[table]) - 1, 0)))
    put = data.draw(st.text(max_size=2))
    tables[table] = tables[table][:place] + put + tables[table][place + 1 :]
    outcome = _outcome(lambda: parse(tables))
    assert not isinstance(outcome, HAProxyError) or outcome.message


# Commands --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["ready", "drain", "maint"])
def test_set_state(state: str) -> None:
    command = set_server.set_state(_row().put(state))
    assert command.text == f"set server www/web1 state {state}"
    assert command.kind == f"set server … state {state}"
    assert (command.level, command.silent, command.feature) == ("admin", True, None)


def test_set_weight() -> None:
    command = set_server.set_weight(_row(weight=0)._replace(name="a.b:c-d_e"))
    assert command.text == "set server www/a.b:c-d_e weight 0"
    assert command.kind == "set server … weight"
    assert (command.level, command.silent, command.feature) == ("admin", True, None)


@pytest.mark.parametrize(
    ("backend", "name"),
    [("w w", "web1"), ("www", "web1;shutdown frontend f"), ("www", "a\\"), ("www", "web1\tstate"), ("#1", "#2")],
)
def test_names_stay_one_word_of_one_command(backend: str, name: str) -> None:
    command = set_server.set_state(_row()._replace(backend=backend, name=name).put("maint"))
    assert commands_of(command.text) == [command.text]
    assert words_of(command.text) == (["set", "server", f"{backend}/{name}", "state", "maint"], False)


@pytest.mark.parametrize("name", ["", "a\nb", "a\0"])
def test_names_that_no_command_can_say_are_refused(name: str) -> None:
    with pytest.raises(InputError):
        set_server.set_state(_row()._replace(name=name))


@pytest.mark.parametrize(
    ("ids", "lines"),
    [
        pytest.param((), [], id="none"),
        pytest.param(("3", "2"), ["show stat #2 6 -1", "show stat #3 6 -1"], id="few: one each, sorted"),
        pytest.param([f"{n}" for n in range(1, 9)], [f"show stat #{n} 6 -1" for n in range(1, 9)], id="eight"),
        pytest.param([f"{n}" for n in range(9)], ["show stat -1 6 -1"], id="many: one for all"),
    ],
)
def test_show_stat_of(ids: list[str], lines: list[str]) -> None:
    commands = stat.show_stat_of(ids)
    assert [command.text for command in commands] == lines
    assert all(command.level == "user" and not command.silent for command in commands)
