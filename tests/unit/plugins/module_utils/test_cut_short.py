# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every captured reply of up to 4 KB, cut at every byte, on every way by which replies are read.

Found by walking the folder: a reply that is captured tomorrow is cut tomorrow. What is the same in several versions is
cut once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.info import parse_facts, parse_info
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._dialect.master import through_master
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import HAProxyError
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._lines import Joined, read_joined
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._protocol import (
    DIRECT,
    Reply,
    Route,
    read_data,
    read_reply,
    read_tables,
)
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._witnessed import read_witnessed

from unit.plugins.module_utils.support import REPLIES, VERSIONS, info_table, reply_of

LONGEST = 4096
# Of facts, and of what a process is asked in one line.
COUNTS = (1, 2, 3, 4)

Reading = Callable[[bytes, Route], Any]


def _route(version: str, name: str) -> Route:
    """How the reply came."""
    if not name.startswith(("through_", "old_", "gone_")):
        return DIRECT
    return through_master(4711, whole_line=tuple(map(int, version.split("."))) >= (3, 2))


def _captured(version: str) -> Iterator[tuple[str, Route, bytes]]:
    """The replies of this version that no older version gave alike."""
    older = {
        (_route(other, name), raw) for other in VERSIONS[: VERSIONS.index(version)] for name, raw in _replies(other)
    }
    for name, raw in _replies(version):
        route = _route(version, name)
        if (route, raw) not in older:
            yield name, route, raw


def _replies(version: str) -> list[tuple[str, bytes]]:
    names = sorted({path.stem for path in (REPLIES / version).iterdir()})
    replies = ((name, reply_of(version, name)) for name in names)
    return [(name, raw) for name, raw in replies if len(raw) <= LONGEST]


def _outcome(reading: Reading, raw: bytes, route: Route) -> Any:
    """What is read; None: an error."""
    try:
        return reading(raw, route)
    except HAProxyError:
        return None


def _ends_by_nature(raw: bytes, route: Route) -> bool:
    """Whether a reply may end so: behind an empty line, or as a message, whose own line end may be its last."""
    if not route.numbered:
        return raw.endswith(b"\n\n") or raw == b"\n"
    return raw.endswith(b"\n\n") or (raw.endswith(b"\n") and raw[1:2] == b"[")


def _asked(raw: bytes, route: Route) -> tuple[bytes, dict[str, str]]:
    """As :meth:`Process.read` reads: the data, and who gave it."""
    data, last, begin = read_data(raw, route)
    info = parse_info(last)
    if begin.severity is not None or "Pid" not in info:
        raise HAProxyError("no proof of who answered")
    return data, info


def _is_proven(raw: bytes) -> bool:
    """Whether the last table of a reply says who gave it."""
    return b"\nPid: " in b"\n" + raw[:-1].rpartition(b"\n\n")[2]


def _joined(count: int) -> Callable[[bytes, Route], Joined]:
    return lambda raw, route: read_joined(raw, count, route)


def _tables(count: int) -> Callable[[bytes, Route], list[str]]:
    return lambda raw, route: read_tables(raw, count, route)


@pytest.mark.parametrize("version", VERSIONS)
class TestCutShort:
    def test_a_reply_is_an_error_or_whole_or_ends_there_by_nature(self, version: str) -> None:
        """What raw commands read; the same words are never taken for another verdict."""
        for name, route, raw in _captured(version):
            whole = _outcome(read_reply, raw, route)
            for end in range(len(raw)):
                cut = _outcome(read_reply, raw[:end], route)
                if cut is None or cut == whole:
                    continue
                assert _ends_by_nature(raw[:end], route), f"{name}, cut after {end} bytes, reads as {cut}"
                assert whole is None or _same_verdict(cut, whole, raw, end), f"{name}, cut after {end}: {cut}"

    def test_data_without_its_proof_is_an_error(self, version: str) -> None:
        """All that modules read is followed by who said it, so that no half of a table is ever believed."""
        for name, route, raw in _captured(version):
            proven = raw if _is_proven(raw) else raw + info_table()
            whole = _outcome(_asked, proven, route)
            for end in range(len(proven)):
                cut = _outcome(_asked, proven[:end], route)
                # Of who gave it and what follows, the first may be all: then the data is nothing, which nobody takes.
                nothing = raw.startswith((b"\nName: ", b"Name: ")) and cut is not None and cut[0] == b""
                assert cut is None or nothing, f"{name}, cut after {end} of {len(proven)} bytes: {cut}, not {whole}"

    def test_tables_are_all_there_or_an_error(self, version: str) -> None:
        """What is asked of an address of which nothing is known yet."""
        for name, route, raw in _captured(version):
            wholes = {count: _outcome(_tables(count), raw, route) for count in COUNTS}
            for count in (count for count, whole in wholes.items() if whole is not None):
                for end in range(len(raw)):
                    cut = _outcome(_tables(count), raw[:end], route)
                    assert cut in (None, wholes[count]), f"{name}, cut after {end} bytes, reads as {count} tables"

    def test_facts_are_all_there_or_an_error(self, version: str) -> None:
        """Also those longer than the others here: whatever a task does, it begins by them."""
        raw = reply_of(version, "facts")
        assert parse_facts(read_tables(raw, 4, DIRECT)).pid
        for end in range(len(raw)):
            assert _outcome(_tables(4), raw[:end], DIRECT) is None

    def test_no_more_commands_are_done_than_the_whole_reply_says(self, version: str) -> None:
        for name, route, raw in _captured(version):
            for count in COUNTS:
                whole = _outcome(_joined(count), raw, route)
                if whole is None:  # no reply to silent commands
                    continue
                for end in range(len(raw)):
                    cut = _outcome(_joined(count), raw[:end], route)
                    if cut is not None and cut != whole:
                        said = f"{name}, cut after {end} bytes, of {count} commands: {cut}, not {whole}"
                        assert cut.done <= whole.done, said
                        assert cut.refusal is not None or cut.done < whole.done or whole.refusal is None, said

    def test_what_is_read_before_a_command_is_whole_or_an_error(self, version: str) -> None:
        for name, route, raw in _captured(version):
            whole = _outcome(read_witnessed, raw, route)
            if whole is None or not raw.strip(b"\n"):  # nothing but silence may end anywhere
                continue
            for end in range(len(raw)):
                cut = _outcome(read_witnessed, raw[:end], route)
                if cut is None or cut == whole:
                    continue
                _seen, refusal = cut
                assert refusal is not None, f"{name}, cut after {end} bytes, reads as success: {cut}"


def _same_verdict(cut: Reply, whole: Reply, raw: bytes, end: int) -> bool:
    """Whether what is read of a part says nothing that the whole denies: the same severity, and no other text."""
    if cut == ("", None):  # an empty line at the start, as a silent command gives it
        return raw[:end] in (b"\n\n", b"\n")
    return cut.severity == whole.severity and whole.text.startswith(cut.text)
