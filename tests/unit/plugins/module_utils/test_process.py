# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One process: what it is asked, what it is told, and what becomes of each command."""

from __future__ import annotations

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._address import Address
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.connections import SHOW_CONNECTIONS
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.info import FACTS, SHOW_INFO
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.master import through_master
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.patterns import Ref
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.servers import (
    SHOW_BACKENDS,
    SHOW_STATE,
    Server,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.sessions import Session, shutdown_session
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.set_server import set_state, set_weight
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.settings import del_server
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import (
    CannotConnect,
    ClosedEarly,
    CommandRefused,
    FeatureMissing,
    HAProxyError,
    InputError,
    NotFound,
    NotHAProxy,
    PermissionDenied,
    ProcessReplaced,
    ReplyNotUnderstood,
    TimedOut,
    TransportError,
    UnknownCommand,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._process import (
    CAUTIOUS_LINE,
    GRACE,
    OLD_LIMIT,
    PROBE_GRACE,
    Process,
    ask_tables,
    facts_of,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._protocol import DIRECT, Command, decode
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._telling import Told, can, tell

from unit.plugins.module_utils.support import (
    VERSIONS,
    Reply,
    ScriptedConverse,
    facts,
    info_table,
    process,
    reply_of,
    said,
    tables_of,
    talk,
)

INFO = Command("show something")


def _server(number: int) -> Server:
    return Server("www", f"web{number}", "2", 2, 0, number, 10, 0, 0)


ONE, TWO, THREE = (set_weight(_server(number)) for number in (1, 2, 3))
WHOLE, EACH = through_master(4711, whole_line=True), through_master(4711, whole_line=False)
THROUGH = {version: WHOLE if tuple(map(int, version.split("."))) >= (3, 2) else EACH for version in VERSIONS}


def _worker(version: str, *, stopping: str = "0") -> Process:
    """The worker of the captured replies, behind its master."""
    known = facts(f"{version}.0", Stopping=stopping)
    return Process("/m@1", Address("/m", path="/m"), known, THROUGH[version], reloads=0)


# captured refusal → its kind and HAProxy's words
REFUSALS = {
    "refused_server": (NotFound, "No such server."),
    "refused_backend": (NotFound, "No such backend."),
    "refused_backend_state": (NotFound, "Can't find backend."),
    "refused_proxy": (NotFound, "No such proxy."),
    "refused_level": (PermissionDenied, "Permission denied"),
    "unknown_command": (UnknownCommand, "Unknown command"),
    "refused_weight": (CommandRefused, "Absolute weight can only be between 0 and 256 inclusive."),
    "refused_garbage": (CommandRefused, "Empty weight string empty or preceded by garbage"),
    "refused_static": (CommandRefused, "Backend is using a static LB algorithm"),
    "refused_state": (CommandRefused, "'set server <srv> state' expects"),
}


@pytest.mark.parametrize("version", VERSIONS)
class TestRepliesOfEveryVersion:
    def test_data_is_given_back(self, reply: Reply, version: str) -> None:
        whole = reply(version, "info")
        assert talk(process().ask(INFO), said(whole)) == decode(whole[1:-2])

    def test_tables_are_given_back(self, reply: Reply, version: str) -> None:
        tables = talk(process().ask_tables((SHOW_BACKENDS, SHOW_STATE)), reply(version, "state"))
        assert isinstance(tables, list)
        expected = tables_of(version, "state")[:2]
        assert [table.strip("\n") for table in tables] == [table.strip("\n") for table in expected]

    def test_tables_of_an_address_are_given_back(self, reply: Reply, version: str) -> None:
        tables = talk(ask_tables("a", Address("a", path="/a"), FACTS, DIRECT, 0.0), reply(version, "facts"))
        assert isinstance(tables, list)
        assert [table.strip("\n") for table in tables] == [table.strip("\n") for table in tables_of(version, "facts")]

    @pytest.mark.parametrize("name", REFUSALS)
    def test_a_refused_question_is_an_error_with_place_and_words(self, version: str, name: str) -> None:
        kind, words = REFUSALS[name]
        error = talk(process("p7").ask(INFO), reply_of(version, name))
        assert error.__class__ is kind
        assert (error.process, error.command) == ("p7", INFO.text)
        assert words in error.message
        assert INFO.text in error.message
        assert "\n" not in error.message
        assert error.answer.startswith(words)

    @pytest.mark.parametrize("name", REFUSALS)
    def test_a_refused_command_is_told_with_place_and_words(self, version: str, name: str) -> None:
        kind, words = REFUSALS[name]
        told = talk(tell(process("p7"), [ONE]), reply_of(version, name))
        assert isinstance(told, Told)
        assert told._replace(error=None) == Told(refused=(ONE,))
        assert told.error.__class__ is kind
        assert (told.error.process, told.error.command) == ("p7", ONE.shown)
        assert words in told.error.message

    @pytest.mark.parametrize("name", REFUSALS)
    def test_a_refusal_of_a_command_that_speaks(self, version: str, name: str) -> None:
        loud = Command("set server www/web1 addr 127.0.0.1", level="admin")
        told = talk(tell(process(), [loud, loud]), reply_of(version, name))
        assert isinstance(told, Told)
        assert told._replace(error=None) == Told(refused=(loud,), not_attempted=(loud,))
        assert told.error.__class__ is REFUSALS[name][0]

    def test_silence_is_success(self, reply: Reply, version: str) -> None:
        assert talk(tell(process(), [ONE]), reply(version, "silence")) == Told(done=(ONE,))

    def test_joined_silence_is_success_of_all(self, reply: Reply, version: str) -> None:
        commands = (ONE, TWO, THREE, ONE)
        assert talk(tell(process(), commands), reply(version, "joined")) == Told(done=commands)

    @pytest.mark.parametrize("name", ["joined_refused_middle", "joined_refused_garbage", "joined_refused_twice"])
    def test_a_refusal_in_the_middle_of_a_line(self, reply: Reply, version: str, name: str) -> None:
        told = talk(tell(process(), [ONE, TWO, THREE]), reply(version, name))
        assert isinstance(told, Told)
        assert told._replace(error=None) == Told(done=(ONE,), refused=(TWO,), unsure=(THREE,))
        assert isinstance(told.error, CommandRefused)
        assert told.error.command == TWO.shown

    def test_a_level_that_is_too_low_for_a_whole_line(self, reply: Reply, version: str) -> None:
        told = talk(tell(process(), [ONE, THREE]), reply(version, "joined_refused_level"))
        assert isinstance(told, Told)
        assert told._replace(error=None) == Told(refused=(ONE,), unsure=(THREE,))
        assert isinstance(told.error, PermissionDenied)

    @pytest.mark.parametrize("name", ["silence", "joined", "joined_refused_middle"])
    def test_cut_short_at_any_byte_no_command_counts_as_done_that_may_not_be(
        self, reply: Reply, version: str, name: str
    ) -> None:
        commands = {"silence": (ONE,), "joined": (ONE, TWO, THREE, ONE)}.get(name, (ONE, TWO, THREE))
        whole = reply(version, name)
        for end in range(len(whole)):
            told = talk(tell(process(), commands), whole[:end])
            assert isinstance(told, Told)
            assert told.error is not None
            assert told.done in ((), (ONE,) if name == "joined_refused_middle" else ())
            assert told.done + told.refused + told.unsure == commands

    @pytest.mark.parametrize(
        ("name", "commands"), [("conn", [SHOW_CONNECTIONS]), ("state", [SHOW_BACKENDS, SHOW_STATE])]
    )
    def test_tables_cut_short_are_an_error_with_its_place(
        self, reply: Reply, version: str, name: str, commands: list[Command]
    ) -> None:
        whole = reply(version, name)
        for end in range(0, len(whole), 7):
            error = talk(process("p7").ask_tables(commands), whole[:end])
            assert isinstance(error, (ClosedEarly, ReplyNotUnderstood))
            assert error.process == "p7"
            assert error.command


@pytest.mark.parametrize("version", VERSIONS)
class TestWorkersBehindTheMasterOfEveryVersion:
    def test_tables_are_given_back(self, reply: Reply, version: str) -> None:
        (table,) = _tables(_worker(version), [SHOW_CONNECTIONS], reply(version, "through_conn"))
        assert table.strip("\n") == tables_of(version, "through_conn")[0].strip("\n")

    def test_of_an_old_worker_too(self, reply: Reply, version: str) -> None:
        old = _worker(version, stopping="1")
        assert old.old
        (table,) = _tables(old, [SHOW_CONNECTIONS], reply(version, "old_conn"))
        assert table.strip("\n") == tables_of(version, "old_conn")[0].strip("\n")

    def test_a_worker_that_a_reload_made_old_meanwhile_is_replaced(self, reply: Reply, version: str) -> None:
        error = talk(_worker(version).ask_tables([SHOW_CONNECTIONS]), reply(version, "old_conn"))
        assert isinstance(error, ProcessReplaced)
        assert error.process == "/m@1"
        assert "process 4711 at /m@1 was replaced" in error.message

    def test_a_worker_that_has_ended_is_replaced(self, reply: Reply, version: str) -> None:
        gone = reply(version, "gone_facts")
        for error in (
            talk(_worker(version).ask_tables([SHOW_CONNECTIONS]), gone),
            talk(_worker(version).ask(INFO), gone),
        ):
            assert isinstance(error, ProcessReplaced)
            assert error.process == "/m@1"

    def test_a_worker_that_has_ended_took_no_command(self, reply: Reply, version: str) -> None:
        told = talk(tell(_worker(version), [ONE, TWO]), reply(version, "gone_silence"))
        assert isinstance(told, Told)
        assert told._replace(error=None) == Told(not_attempted=(ONE, TWO))
        assert isinstance(told.error, ProcessReplaced)

    def test_silence_is_success(self, reply: Reply, version: str) -> None:
        assert talk(tell(_worker(version), [ONE]), reply(version, "through_silence")) == Told(done=(ONE,))
        four = (ONE, TWO, THREE, ONE)
        assert talk(tell(_worker(version), four), reply(version, "through_joined")) == Told(done=four)

    @pytest.mark.parametrize("name", [name for name in REFUSALS if name != "refused_level"])
    def test_a_refused_command_is_told_with_place_and_words(self, version: str, name: str) -> None:
        kind, words = REFUSALS[name]
        told = talk(tell(_worker(version), [ONE]), reply_of(version, f"through_{name}"))
        assert isinstance(told, Told)
        assert told._replace(error=None) == Told(refused=(ONE,))
        assert told.error.__class__ is kind
        assert words in told.error.message

    def test_a_refusal_in_the_middle_of_a_line(self, reply: Reply, version: str) -> None:
        told = talk(tell(_worker(version), [ONE, TWO, THREE]), reply(version, "through_joined_refused_middle"))
        assert isinstance(told, Told)
        assert told._replace(error=None) == Told(done=(ONE,), refused=(TWO,), unsure=(THREE,))
        assert isinstance(told.error, NotFound)

    @pytest.mark.parametrize("name", ["refused_server", "refused_proxy", "unknown_command"])
    def test_a_refused_question_is_an_error(self, version: str, name: str) -> None:
        error = talk(_worker(version).ask(INFO), reply_of(version, f"through_{name}"))
        assert error.__class__ is REFUSALS[name][0]

    @pytest.mark.parametrize("name", ["through_silence", "through_joined", "through_joined_refused_middle"])
    def test_cut_short_at_any_byte_no_command_counts_as_done_that_may_not_be(
        self, reply: Reply, version: str, name: str
    ) -> None:
        commands = {"through_silence": (ONE,), "through_joined": (ONE, TWO, THREE, ONE)}.get(name, (ONE, TWO, THREE))
        whole = reply(version, name)
        for end in range(len(whole)):
            told = talk(tell(_worker(version), commands), whole[:end])
            assert isinstance(told, Told)
            assert told.error is not None
            assert told.done in ((), (ONE,) if name.endswith("middle") else ())
            assert told.done + told.refused + told.unsure == commands

    def test_what_is_sent(self, version: str) -> None:
        converse = ScriptedConverse(lambda _exchange: b"\n\n\n")
        converse([tell(_worker(version), [ONE, TWO])], 1.0)
        (exchange,) = converse.exchanges
        assert exchange.address.path == "/m"
        assert exchange.grace == GRACE
        assert exchange.request == (
            b"@@!4711 set severity-output number;set server www/web1 weight 1;set server www/web2 weight 2\n"
            if THROUGH[version].numbered
            else b"@!4711 set server www/web1 weight 1;@!4711 set server www/web2 weight 2\n"
        )


def _tables(one: Process, commands: list[Command], answer: bytes) -> list[str]:
    tables = talk(one.ask_tables(commands), answer)
    assert isinstance(tables, list)
    return tables


# Telling ---------------------------------------------------------------------------------------------------------


def _refused_connection() -> CannotConnect:
    return CannotConnect("cannot connect to p1: Connection refused", errno=111)


@pytest.mark.parametrize(
    ("answers", "expected", "kind"),
    [
        pytest.param([b"\n\n"] * 3, Told(done=(ONE, TWO, THREE)), type(None), id="all well"),
        pytest.param(
            [_refused_connection()], Told(not_attempted=(ONE, TWO, THREE)), CannotConnect, id="no connection at all"
        ),
        pytest.param(
            [b"\n\n", _refused_connection()],
            Told(done=(ONE,), not_attempted=(TWO, THREE)),
            CannotConnect,
            id="no connection any more",
        ),
        pytest.param(
            [b"\n\n", TimedOut("late")],
            Told(done=(ONE,), unsure=(TWO,), not_attempted=(THREE,)),
            TimedOut,
            id="no answer in time",
        ),
        pytest.param(
            [b"\n\n", ClosedEarly("reset")],
            Told(done=(ONE,), unsure=(TWO,), not_attempted=(THREE,)),
            ClosedEarly,
            id="broken off",
        ),
        pytest.param(
            [b"\n\n", b""], Told(done=(ONE,), unsure=(TWO,), not_attempted=(THREE,)), ClosedEarly, id="nothing said"
        ),
        pytest.param(
            [b"\n\n", b"\n"], Told(done=(ONE,), unsure=(TWO,), not_attempted=(THREE,)), ClosedEarly, id="cut short"
        ),
        pytest.param(
            [b"\n\n", b"HTTP/1.0 400\r\n"],
            Told(done=(ONE,), unsure=(TWO,), not_attempted=(THREE,)),
            HAProxyError,
            id="something else answers",
        ),
        pytest.param(
            [b"\n\n", b"\n[3]: No such server.\n\n"],
            Told(done=(ONE,), refused=(TWO,), not_attempted=(THREE,)),
            NotFound,
            id="refused",
        ),
        pytest.param(
            [b"\n\n", b"\n[5]: by the way\n\n"],
            Told(done=(ONE,), refused=(TWO,), not_attempted=(THREE,)),
            CommandRefused,
            id="words where silence is success",
        ),
    ],
)
def test_tell_in_several_lines(
    answers: list[bytes | TransportError], expected: Told, kind: type[HAProxyError | None]
) -> None:
    one_a_line = process("p1", facts(buffer_size=1384 + len(DIRECT.start) + len(ONE.text) + 5))
    script = iter(answers)
    converse = ScriptedConverse(lambda _exchange: next(script))
    (told,) = converse([tell(one_a_line, [ONE, TWO, THREE])], 1.0)
    assert isinstance(told, Told)
    assert told._replace(error=None) == expected
    assert isinstance(told.error, kind)
    if told.error is not None:
        assert told.error.process == "p1"
        assert told.error.command in (ONE.shown, TWO.shown)
    assert len(converse.exchanges) == len(answers)
    assert list(script) == []


@pytest.mark.parametrize(
    ("severity", "refused"),
    [(0, True), (1, True), (2, True), (3, True), (4, False), (5, False), (6, False), (7, False)],
)
def test_the_severity_decides_about_a_command_that_speaks(severity: int, refused: bool) -> None:
    loud = Command("set server www/web1 addr 127.0.0.1")
    told = talk(tell(process(), [loud]), b"\n[%d]: words\n\n" % severity)
    assert isinstance(told, Told)
    assert told.done == (() if refused else (loud,))
    assert told.refused == ((loud,) if refused else ())
    assert isinstance(told.error, CommandRefused) is refused
    assert told.words == ({} if refused else {loud: "words"})


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(b"\n\n", None, id="silence"),
        pytest.param(b"\n[4]: nothing changed\n\n", "nothing changed", id="words"),
        pytest.param(b"\n[4]: first\nsecond\n\n", "first", id="the first of two lines"),
        pytest.param(b"\n[4]: caf\xe9\n\n", "caf\\xe9", id="a byte that is no UTF-8"),
    ],
)
def test_what_haproxy_says_beside_a_success_is_kept(answer: bytes, words: str | None) -> None:
    loud = Command("set server www/web1 addr 127.0.0.1")
    told = talk(tell(process(), [loud, ONE]), answer, b"\n\n")
    assert told == Told(done=(loud, ONE), words={} if words is None else {loud: words})


def test_words_are_kept_where_a_later_command_is_refused() -> None:
    loud = Command("set server www/web1 addr 127.0.0.1")
    told = talk(tell(process(), [loud, ONE]), b"\n[4]: nothing changed\n\n", b"\n[3]: No such server.\n\n")
    assert isinstance(told, Told)
    assert told._replace(error=None) == Told(done=(loud,), refused=(ONE,), words={loud: "nothing changed"})


NOT_YET = Command("del server www/web1", not_yet="Server still has")
AS_GOOD = Command("shutdown session 0x1", as_good="No such session")


@pytest.mark.parametrize("severity", [3, 4, 6])
def test_words_that_say_not_yet_are_a_refusal_whatever_their_severity(severity: int) -> None:
    told = talk(tell(process(), [NOT_YET, ONE]), b"\n[%d]: Server still has connections.\n\n" % severity)
    assert isinstance(told, Told)
    assert told._replace(error=None) == Told(refused=(NOT_YET,), not_attempted=(ONE,))
    assert isinstance(told.error, CommandRefused)
    assert told.error.answer == "Server still has connections."


@pytest.mark.parametrize("severity", [3, 4, 6])
def test_words_that_are_as_good_are_a_success_whatever_their_severity(severity: int) -> None:
    assert talk(tell(process(), [AS_GOOD]), b"\n[%d]: No such session (use).\n\n" % severity) == Told(done=(AS_GOOD,))


@pytest.mark.parametrize("command", [NOT_YET, AS_GOOD])
def test_other_words_are_judged_by_their_severity(command: Command) -> None:
    for severity, refused in ((3, True), (4, False)):
        told = talk(tell(process(), [command]), b"\n[%d]: Something else.\n\n" % severity)
        assert isinstance(told, Told)
        assert bool(told.refused) is refused


@pytest.mark.parametrize("version", [version for version in VERSIONS if version != "2.2"])
class TestDeletingOnEveryVersion:
    """What the builder of the dialect takes for "not yet" is what HAProxy says."""

    COMMAND = del_server(_server(1))

    def test_a_server_that_is_still_used(self, reply: Reply, version: str) -> None:
        told = talk(tell(process(), [self.COMMAND]), reply(version, "del_busy"))
        assert isinstance(told, Told)
        assert isinstance(told.error, CommandRefused)
        assert told.error.answer.startswith(self.COMMAND.not_yet)

    def test_a_server_that_is_not_in_maintenance(self, reply: Reply, version: str) -> None:
        told = talk(tell(process(), [self.COMMAND]), reply(version, "del_ready"))
        assert isinstance(told, Told)
        assert isinstance(told.error, CommandRefused)
        assert told.error.answer == "Only servers in maintenance mode can be deleted."
        assert not told.error.answer.startswith(self.COMMAND.not_yet)

    def test_done(self, reply: Reply, version: str) -> None:
        told = talk(tell(process(), [self.COMMAND]), reply(version, "del_done"))
        assert told == Told(done=(self.COMMAND,), words={self.COMMAND: "Server deleted."})


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_that_has_ended_by_itself_is_as_good_as_one_that_was_ended(reply: Reply, version: str) -> None:
    command = shutdown_session(Session("0x1", ("www", "web1")))
    told = talk(tell(_worker(version), [command]), reply(version, "old_refused_session"))
    assert told == Told(done=(command,))


def test_nothing_to_tell_sends_nothing() -> None:
    converse = ScriptedConverse(lambda _exchange: b"")
    assert converse([tell(process(), [])], 1.0) == [Told()]
    assert converse.exchanges == []


def test_what_is_sent_begins_with_the_severity_and_ends_the_line() -> None:
    converse = ScriptedConverse(lambda _exchange: b"\n\n\n")
    converse([tell(process("p1"), [ONE, TWO])], 1.0)
    (exchange,) = converse.exchanges
    assert exchange.request == (
        b"set severity-output number;set server www/web1 weight 1;set server www/web2 weight 2\n"
    )
    assert exchange.address == Address("p1", path="/run/haproxy/p1")
    assert (exchange.grace, exchange.delay) == (GRACE, 0.0)


# Asking ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param(b"", ClosedEarly, id="nothing"),
        pytest.param(b"\nName: HAPr", ClosedEarly, id="cut short"),
        pytest.param(b"+OK ready\r\n", NotHAProxy, id="something else"),
        pytest.param(TimedOut("late"), TimedOut, id="no answer in time"),
        pytest.param(CannotConnect("gone", errno=111), CannotConnect, id="no connection"),
        pytest.param(b"\n[2]: crit\n\n", CommandRefused, id="refused"),
    ],
)
def test_a_question_without_an_answer_has_its_place(answer: bytes | TransportError, kind: type[HAProxyError]) -> None:
    error = talk(process("p3").ask(INFO), answer)
    assert error.__class__ is kind
    assert (error.process, error.command) == ("p3", INFO.text)


def test_a_question_over_the_bounds_is_refused_before_it_is_sent() -> None:
    converse = ScriptedConverse(lambda _exchange: b"")
    (error,) = converse([process("p3").ask(Command("x" * 16000))], 1.0)
    assert isinstance(error, InputError)
    assert error.process == "p3"
    assert converse.exchanges == []


def test_an_unknown_address_is_asked_under_the_smallest_bounds() -> None:
    converse = ScriptedConverse(lambda _exchange: reply_of("3.0", "facts"))
    (known,) = converse([facts_of(Address("a", path="/a"), DIRECT)], 1.0)
    (exchange,) = converse.exchanges
    assert len(exchange.request) < 200 < CAUTIOUS_LINE
    assert (exchange.grace, exchange.delay) == (PROBE_GRACE, 0.0)
    assert exchange.whole is not None
    assert exchange.whole(b"SSH-2.0-OpenSSH_9\r\n"), "what is no HAProxy is not waited for"
    assert not isinstance(known, HAProxyError)
    assert known.pid == 4711
    (error,) = converse([ask_tables("a", Address("a", path="/a"), [Command("x" * CAUTIOUS_LINE)], DIRECT, 0.0)], 1.0)
    assert isinstance(error, InputError)
    assert error.process == "a"
    assert len(converse.exchanges) == 1


@pytest.mark.parametrize(
    "early", [b"", ClosedEarly("it broke the connection off"), b"\ncut sh"], ids=["nothing", "broken off", "cut short"]
)
def test_a_question_is_asked_again_when_the_connection_ends_before_the_answer_does(early: bytes | ClosedEarly) -> None:
    """A master breaks connections off while it re-executes itself."""
    assert talk(process().ask(INFO), early, early, said(b"\nx\n\n")) == "x"
    assert talk(process().ask_tables([SHOW_BACKENDS]), early, b"\n# name\nwww\n\n" + info_table()) == ["# name\nwww"]
    counting = ScriptedConverse(lambda _exchange: early)
    (error,) = counting([process("p3").ask(INFO)], 1.0)
    assert isinstance(error, ClosedEarly)
    assert error.process == "p3"
    assert len(counting.exchanges) == 3


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(TimedOut("late"), id="late"),
        pytest.param(CannotConnect("gone", errno=111), id="no connection"),
        pytest.param(b"SSH-2.0\r\n", id="something else"),
        pytest.param(b"\n[3]: no\n\n", id="refused"),
        pytest.param(b"Can't find the target PID matching the prefix '@!1'\n", id="replaced"),
    ],
)
def test_a_question_is_asked_once_where_anything_else_goes_wrong(answer: bytes | TransportError) -> None:
    counting = ScriptedConverse(lambda _exchange: answer)
    counting([process().ask(INFO)], 1.0)
    assert len(counting.exchanges) == 1


@pytest.mark.parametrize(
    "early", [b"", ClosedEarly("it broke the connection off"), b"\ncut sh"], ids=["nothing", "broken off", "cut short"]
)
def test_what_writes_is_never_sent_twice(early: bytes | ClosedEarly) -> None:
    counting = ScriptedConverse(lambda _exchange: early)
    counting([tell(process(), [ONE])], 1.0)
    assert len(counting.exchanges) == 1


# Another process than before -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "said", "replaced"),
    [
        pytest.param({}, {}, False, id="the same"),
        pytest.param({}, {"Uptime_sec": "99"}, False, id="the same, older"),
        pytest.param({}, {"pid": 4712}, True, id="another pid"),
        pytest.param({}, {"Stopping": "1"}, True, id="stopping since"),
        pytest.param({"Stopping": "1"}, {"Stopping": "1"}, False, id="stopping before and still"),
        pytest.param({"Stopping": "1"}, {"pid": 4712}, True, id="another one in place of an old one"),
    ],
)
def test_another_process_than_before_is_told(known: dict[str, str], said: dict[str, str], replaced: bool) -> None:
    one = process("p1", facts(**known))  # type: ignore[arg-type]
    outcome = talk(one.ask_tables([SHOW_BACKENDS]), b"\n# name\nwww\n\n" + info_table(**said))  # type: ignore[arg-type]
    if replaced:
        assert isinstance(outcome, ProcessReplaced)
        assert outcome.process == "p1"
        assert "HAProxy was reloaded or restarted meanwhile" in str(outcome)
    else:
        assert outcome == ["# name\nwww"]


def test_every_reading_of_tables_asks_who_answers() -> None:
    converse = ScriptedConverse(lambda _exchange: b"\n# name\nwww\n\n" + info_table())
    converse([process().ask_tables([SHOW_BACKENDS])], 1.0)
    assert converse.lines == [f"show backend;{SHOW_INFO.text}"]


@pytest.mark.parametrize(("stopping", "limit"), [("0", float("inf")), ("1", OLD_LIMIT)])
def test_an_old_worker_has_less_time_to_answer(stopping: str, limit: float) -> None:
    converse = ScriptedConverse(lambda _exchange: b"\n# name\nwww\n\n" + info_table(Stopping=stopping))
    converse([process(known=facts(Stopping=stopping)).ask_tables([SHOW_BACKENDS])], 1.0)
    (exchange,) = converse.exchanges
    assert (exchange.limit, exchange.grace) == (limit, GRACE)


# What can be told beforehand -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("has", "needs", "allowed"),
    [
        ("user", "user", True),
        ("user", "operator", False),
        ("user", "admin", False),
        ("operator", "user", True),
        ("operator", "operator", True),
        ("operator", "admin", False),
        ("admin", "user", True),
        ("admin", "operator", True),
        ("admin", "admin", True),
    ],
)
def test_level(has: str, needs: str, allowed: bool) -> None:
    command = Command("set x", kind="set …", level=needs)
    one = process("/run/op.sock", facts(level=has))
    if allowed:
        can(one, [command])
        return
    with pytest.raises(PermissionDenied) as caught:
        can(one, [command])
    message = str(caught.value)
    assert f"the socket /run/op.sock has level {has}" in message
    assert f"level {needs}" in message
    assert (caught.value.process, caught.value.command) == ("/run/op.sock", "set x")
    assert caught.value.answer == "", "HAProxy was not asked"


def test_what_a_version_lacks_is_said_with_the_version_that_has_it() -> None:
    with pytest.raises(FeatureMissing, match=r"needs HAProxy 3\.0, process p1 runs 2\.2\.9"):
        can(process("p1", facts("2.2.9")), [Command("x", feature="long_lines")])
    can(process("p1", facts("3.0.0")), [Command("x", feature="long_lines")])


def test_a_command_over_the_bounds_of_a_process_is_refused_beforehand() -> None:
    """Else the other processes of the fleet get theirs before this one fails."""
    with pytest.raises(InputError, match="over the bound"):
        can(process("p1", facts("2.2.9")), [Command("x" * 8000, level="admin")])


@pytest.mark.parametrize("place", [0, 1, 2])
def test_of_many_commands_none_may_be_one_that_cannot_be(place: int) -> None:
    commands = [Command("show a"), Command("show b")]
    commands.insert(place, Command("set x", kind="set …", level="admin"))
    with pytest.raises(PermissionDenied) as caught:
        can(process("p1", facts(level="operator")), commands)
    assert caught.value.command == "set x"
    commands[place] = Command("x", feature="long_lines")
    with pytest.raises(FeatureMissing):
        can(process("p1", facts("2.2.9")), commands)
    commands[place] = Command("x" * 8000)
    with pytest.raises(InputError, match="over the bound"):
        can(process("p1", facts("2.2.9")), commands)


@pytest.mark.parametrize(
    ("version", "buffer_size", "bound"),
    [
        ("2.2.9", 16384, 8000),
        ("2.5.0", 16384, 8000),
        ("2.6.12", 16384, 8000),
        ("3.4.7", 8192, 6808),
        ("2.2.9", 8192, 3904),
    ],
)
def test_the_bound_is_that_of_version_and_buffer(version: str, buffer_size: int, bound: int) -> None:
    assert process(known=facts(version, buffer_size=buffer_size)).bound == bound


@pytest.mark.parametrize("name", ["add_plain", "del_done"])
def test_2_2_knows_no_new_servers(reply: Reply, name: str) -> None:
    told = talk(tell(process(), [del_server(_server(1))]), reply("2.2", name))
    assert isinstance(told, Told)
    assert isinstance(told.error, UnknownCommand)


def test_state_and_weight_are_told_to_every_version() -> None:
    for version in ("2.2.9", "2.6.12", "3.4.7"):
        can(process(known=facts(version)), [set_state(_server(1).put("ready")), ONE])


# Reading what may be large ---------------------------------------------------------------------------------------

HOSTS = Ref("map", "/etc/haproxy/hosts.map", "user").show()


@pytest.mark.parametrize("version", VERSIONS)
class TestReadingOnEveryVersion:
    @pytest.mark.parametrize("name", ["map_hosts", "map_nets", "map_doms_swallowed", "acl_names"])
    def test_the_bytes_are_given_back(self, reply: Reply, version: str, name: str) -> None:
        data = talk(process().read(HOSTS), reply(version, name))
        assert data == reply(version, name)[1:].partition(b"\n\nName: HAProxy\n")[0]

    @pytest.mark.parametrize("name", ["map_empty", "map_blank", "acl_empty"])
    def test_an_empty_set_is_no_bytes(self, reply: Reply, version: str, name: str) -> None:
        assert talk(process().read(HOSTS), reply(version, name)) == b""

    def test_through_a_master(self, reply: Reply, version: str) -> None:
        direct = talk(process().read(HOSTS), reply(version, "map_hosts"))
        assert talk(_worker(version).read(HOSTS), reply(version, "through_map_hosts")) == direct
        assert talk(_worker(version).read(HOSTS), reply(version, "through_map_empty")) == b""
        error = talk(_worker(version).read(HOSTS), reply(version, "through_map_unknown"))
        assert isinstance(error, NotFound)
        assert error.process == "/m@1"

    @pytest.mark.parametrize("name", ["map_hosts", "map_empty", "map_unknown"])
    def test_cut_short_it_is_an_error_with_its_place(self, reply: Reply, version: str, name: str) -> None:
        whole = reply(version, name)
        through = reply(version, f"through_{name}")
        for one, raw in ((process("p7"), whole), (_worker(version), through)):
            for end in range(len(raw)):
                error = talk(one.read(HOSTS), raw[:end])
                assert isinstance(error, HAProxyError), f"{end} of {len(raw)} bytes are believed"
                assert (error.process, error.command) == (one.name, HOSTS.text)

    @pytest.mark.parametrize("name", ["map_unknown", "acl_unknown", "map_of_acl"])
    def test_a_refusal_is_an_error(self, reply: Reply, version: str, name: str) -> None:
        error = talk(process("p7").read(HOSTS), reply(version, name))
        assert isinstance(error, NotFound)
        assert (error.process, error.command) == ("p7", HOSTS.text)
        assert error.answer.startswith("Unknown ")

    def test_another_process_than_before_is_told(self, reply: Reply, version: str) -> None:
        error = talk(process(known=facts(pid=4712)).read(HOSTS), reply(version, "map_hosts"))
        assert isinstance(error, ProcessReplaced)

    def test_who_may_not_read(self, reply: Reply, version: str) -> None:
        outcome = talk(process().read(HOSTS), reply(version, "map_hosts_operator"))
        assert isinstance(outcome, PermissionDenied) == (version == "3.4")


def test_reading_asks_who_answers_on_the_same_line() -> None:
    converse = ScriptedConverse(lambda _exchange: b"\n\n" + info_table())
    assert converse([process().read(HOSTS)], 1.0) == [b""]
    assert converse.lines == ["show map /etc/haproxy/hosts.map;show info"]


@pytest.mark.parametrize(
    ("version", "buffer_size", "bound", "whole"),
    [
        ("2.2.9", 16384, 8000, 15000),
        ("2.6.12", 16384, 8000, 15000),
        ("2.2.9", 8192, 3904, 6808),
        ("3.4.7", 32768, 15000, 15000),
    ],
)
def test_a_payload_has_a_bound_of_its_own(version: str, buffer_size: int, bound: int, whole: int) -> None:
    one = process(known=facts(version, buffer_size=buffer_size))
    assert (one.bound, one.whole_bound) == (bound, whole)
    around = len("set severity-output number;add map /f <<\n\n\n")
    can(one, [Command("add map /f", silent=True, payload="x" * (whole - around))])
    with pytest.raises(InputError, match="over the bound"):
        can(one, [Command("add map /f", silent=True, payload="x" * (whole - around + 1))])
    with pytest.raises(InputError, match="over the bound"):
        can(one, [Command("a" * bound, silent=True, payload="x")])
