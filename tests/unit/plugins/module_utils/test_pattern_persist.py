# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file with the same content as what runs: what is written, what stays of it, and when nothing can be written."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._errors import InputError, PartlyApplied
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._fleet import PerProcess
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._keyed import Wish
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.pattern_diff import ORDER, SHOWN
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.pattern_held import Types
from ansible_collections.haproxyadmin.haproxy.plugins.module_utils._resources.pattern_persist import (
    FileOfSet,
    file_of,
    rewritten,
)
from hypothesis import example, given
from hypothesis import strategies as st

from unit.plugins.module_utils.pattern_sets import REG, STR, absent, held
from unit.plugins.module_utils.test_pattern_files import haproxy_reads

# Rewriting -------------------------------------------------------------------------------------------------------

KEYS = st.sampled_from([b"a", b"b", b"#c", b"d"])
ENTRIES = st.builds(lambda key, value: key + b" " + value, KEYS, st.sampled_from([b"1", b"2", b"two words"]))
FILES = st.tuples(
    st.lists(
        st.one_of(
            ENTRIES.map(lambda entry: b" " + entry if entry.startswith(b"#") else entry),
            st.sampled_from([b"# one", b"# two", b"#", b"", b" ", b"\r", b"  a  1 \r", b"\tb\ttwo words", b"lone"]),
        ),
        max_size=8,
    ),
    st.booleans(),
).map(lambda it: b"\n".join(it[0]) + (b"\n" if it[1] and it[0] else b""))


def _name(entry: bytes, *, valued: bool) -> bytes:
    return entry.partition(b" ")[0] if valued else entry


def _comments(data: bytes) -> list[bytes]:
    return [line for line in data.split(b"\n") if line.startswith(b"#")]


@given(FILES, st.lists(ENTRIES, max_size=6), st.booleans(), st.booleans())
@example(b"# one\n\na 1\n# two\nb 1\n", [b"b 1", b"a 1"], True, True)
@example(b"# one\na 1\n# two\nb 1", [b"c 1"], True, False)
def test_the_file_holds_the_entries_and_keeps_its_comments(
    data: bytes, lines: list[bytes], valued: bool, ordered: bool
) -> None:
    whole = Wish(lines, exclusive=True, valued=valued)
    made = rewritten(data, whole, ordered=ordered)
    found = haproxy_reads(made, valued=valued)
    if ordered or len({line.partition(b" ")[0] if valued else line for line in lines}) < len(lines):
        assert found == lines
    else:
        assert sorted(found) == sorted(lines)
        before = haproxy_reads(data, valued=valued)
        keys, wished = [_name(entry, valued=valued) for entry in before], {_name(line, valued=valued) for line in lines}
        stay = [key for key in dict.fromkeys(keys) if key in wished]
        assert [_name(entry, valued=valued) for entry in found][: len(stay)] == stay, (
            "those that stay keep the file's order"
        )
    assert sorted(_comments(made)) == sorted(_comments(data))
    assert made == b"" or made.endswith(b"\n")
    assert rewritten(made, whole, ordered=ordered) == made


@pytest.mark.parametrize(
    ("data", "lines", "ordered", "expected"),
    [
        pytest.param(b"", [b"a 1", b"b 2"], False, b"a 1\nb 2\n", id="into nothing"),
        pytest.param(b"a 1\n", [], False, b"", id="nothing"),
        pytest.param(b"# all\n\na 1\n", [], False, b"# all\n\n", id="nothing but what was said of it"),
        pytest.param(b"a 1", [b"a 1", b"b 2"], False, b"a 1\nb 2\n", id="no line's end at the end"),
        pytest.param(b"a 1\nb 2\n", [b"b 2"], False, b"b 2\n", id="removed"),
        pytest.param(b"a 1\nb 2\n", [b"a 3", b"b 2"], False, b"a 3\nb 2\n", id="changed in its place"),
        pytest.param(b"a 1\nb 2\n", [b"b 2", b"a 1", b"c 3"], False, b"a 1\nb 2\nc 3\n", id="the file's order"),
        pytest.param(b"a 1\nb 2\n", [b"b 2", b"a 1"], True, b"b 2\na 1\n", id="the set's order, where it counts"),
        pytest.param(
            b"# of a\na 1\n# of b\nb 2\n", [b"b 2", b"a 1"], True, b"# of a\n# of b\nb 2\na 1\n",
            id="comments before the first entry stay first, others with their entry",
        ),
        pytest.param(
            b"# all\na 1\n# of b\n\nb 2\nc 3\n", [b"a 1", b"c 3"], False, b"# all\na 1\n# of b\n\nc 3\n",
            id="comments of what goes stay where they are",
        ),
        pytest.param(b"a 1\n# end\n", [b"b 1"], False, b"b 1\n# end\n", id="and those at the end at the end"),
        pytest.param(b"  a \t 1 \r\n", [b"a 1", b"b 2"], False, b"  a \t 1 \r\nb 2\n", id="lines that stay stay as they are"),
        pytest.param(b"a 1\n", [b"#x 1"], False, b" #x 1\n", id="a hash that is no comment"),
        pytest.param(b"a 1\n#a\na 2\n", [b"a 1", b"a 3"], False, b"#a\na 1\na 3\n", id="a key twice"),
        pytest.param(b"caf\xe9 1\n", [b"caf\xe9 1", b"b \xff"], False, b"caf\xe9 1\nb \xff\n", id="bytes"),
    ],
)  # fmt: skip
def test_rewritten(data: bytes, lines: list[bytes], ordered: bool, expected: bytes) -> None:
    assert rewritten(data, Wish(lines, exclusive=True), ordered=ordered) == expected


# Which file, and whether it has to be written ---------------------------------------------------------------------


def _file(
    path: Path | str, wish: Wish, *nows: list[bytes], types: Types = STR, backup: bool = False
) -> FileOfSet | None:
    after = {f"p{n}": held(now, wish, types=types, name=str(path)) for n, now in enumerate(nows, 1)}
    return file_of(wish, PerProcess({**after, "none": absent(wish)}), backup=backup)


@pytest.mark.parametrize(
    ("data", "now", "wish", "types", "new"),
    [
        pytest.param(b"a 1\n", [], Wish([b"a 1"], exclusive=True), STR, None, id="the same already"),
        pytest.param(b"# x\n\n a  1", [], Wish([b"a 1"], exclusive=True), STR, None, id="the same in other words"),
        pytest.param(b"a 1\nb 1\n", [], Wish([b"b 1", b"a 1"], exclusive=True), STR, None, id="order does not count"),
        pytest.param(b"a 1\nb 1\n", [], Wish([b"b 1", b"a 1"], exclusive=True), REG, b"b 1\na 1\n", id="order counts"),
        pytest.param(b"a 1\na 1\n", [], Wish([b"a 1"], exclusive=True), STR, b"a 1\n", id="once too often"),
        pytest.param(
            b"a 1\na 2\n", [], Wish([b"a 2", b"a 1"], exclusive=True), STR, b"a 2\na 1\n", id="a key's own order counts"
        ),
        pytest.param(b"x 1\n", [b"x 1"], Wish([b"a 1"]), STR, b"x 1\na 1\n", id="what runs beside is in it"),
        pytest.param(b"y 1\n", [b"x 1"], Wish([b"a 1"]), STR, b"x 1\na 1\n", id="what does not run is not"),
        pytest.param(b"a 1\nb 1\n", [b"a 1", b"b 1"], Wish([], frozenset([b"a"])), STR, b"b 1\n", id="absent"),
        pytest.param(None, [], Wish([b"a 1"], exclusive=True), STR, b"a 1\n", id="no file yet"),
        pytest.param(None, [b"a 1"], Wish([], exclusive=True), STR, None, id="no file, and nothing for it"),
        pytest.param(b"a 1\n", [b"a 1"], Wish([], exclusive=True), STR, b"", id="empty"),
    ],
)
def test_the_file_is_written_when_it_would_load_something_else(
    folder: Path, data: bytes | None, now: list[bytes], wish: Wish, types: Types, new: bytes | None
) -> None:
    path = folder / "a.map"
    if data is not None:
        path.write_bytes(data)
    file = _file(path, wish, now, types=types)
    assert (file.new if file else None) == new
    assert file is None or (file.path, file.old) == (str(path), data or b"")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("maps/a.map", "maps/a.map is a relative path"),
        ("a@b.map", "a@b.map is no file"),
        ("virt@a", "virt@a is no file"),
        ("maps1@a", "maps1@a is a relative path"),
        ("#5", "#5 is no file"),
    ],
)
def test_a_set_without_a_file_whose_place_is_known(name: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        _file(name, Wish([b"a 1"], exclusive=True), [])


def test_processes_with_other_entries_beside_have_no_common_file(folder: Path) -> None:
    path = folder / "a.map"
    with pytest.raises(InputError, match="p1 and p2 hold other entries beside those of this task"):
        _file(path, Wish([b"a 1"]), [b"x 1"], [b"y 1"])
    same = _file(path, Wish([b"a 1"]), [b"x 1", b"y 1"], [b"y 1", b"x 1", b"a 2"])
    assert same
    assert same.new == b"x 1\ny 1\na 1\n"
    exact = _file(path, Wish([b"a 1"], exclusive=True), [b"x 1"], [b"y 1"])
    assert exact
    assert exact.new == b"a 1\n"


@pytest.mark.parametrize("entry", [b"a b ", b"a\nb c", b"a b\t", b"\tb c", b"a\rb c", b" b c"])
def test_an_entry_that_a_file_would_say_otherwise_is_refused(folder: Path, entry: bytes) -> None:
    with pytest.raises(InputError, match=r"^persist: entry 2, '.*', cannot be written to /"):
        _file(folder / "a.map", Wish([b"x 1"]), [b"y 1", entry])


def test_a_file_that_cannot_be_read_is_named(folder: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        _file(folder, Wish([b"x 1"], exclusive=True), [])


def test_a_folder_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(InputError, match="nothing can be written in"):
        _file(folder / "nowhere" / "a.map", Wish([b"x 1"], exclusive=True), [])


# Telling and writing ---------------------------------------------------------------------------------------------


def _diff(old: bytes, new: bytes) -> tuple[object, object]:
    file = FileOfSet("/f", old, new, backup=False)
    assert (file.diff["before_header"], file.diff["after_header"]) == ("/f", "/f")
    return file.diff["before"], file.diff["after"]


def test_the_diff_of_a_file() -> None:
    assert _diff(b"# c\na 1\nb 2\n", b"# c\na 1\nb 3\n") == ("b 2\n", "b 3\n")
    assert _diff(b"a 1\nb 1\n", b"b 1\na 1\n") == (f"{ORDER}\n", "")
    many = b"".join(b"a%d 1\n" % n for n in range(SHOWN + 7))
    before, after = _diff(many, b"x 1\n")
    assert str(before).endswith(f"\n… {SHOWN + 7} lines change in all\n")
    assert after == "x 1\n"


class Hands:
    """What Ansible lends: a copy for a backup, and a move that keeps owner and mode."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.moved: list[tuple[str, str]] = []

    def backup(self, path: str) -> str:
        shutil.copy(path, f"{path}.old")
        return f"{path}.old"

    def move(self, source: str, destination: str) -> None:
        self.moved.append((source, destination))
        if self.error:
            raise self.error
        os.replace(source, destination)  # noqa: PTH105 as Ansible does


def test_writing(folder: Path) -> None:
    path, hands = folder / "a.map", Hands()
    path.write_bytes(b"a 1\n")
    file = FileOfSet(str(path), b"a 1\n", b"a 2\n", backup=False)
    assert file.result(hands.backup, hands.move, [], writes=False) == {"file": str(path)}
    assert path.read_bytes() == b"a 1\n"
    assert file.result(hands.backup, hands.move, [], writes=True) == {"file": str(path)}
    assert path.read_bytes() == b"a 2\n"
    assert [one.name for one in folder.iterdir()] == ["a.map"]
    ((source, _destination),) = hands.moved
    assert Path(source).parent.resolve() == folder.resolve(), "a rename within one file system"


def test_a_backup(folder: Path) -> None:
    path, hands = folder / "a.map", Hands()
    file = FileOfSet(str(path), b"", b"a 2\n", backup=True)
    assert file.result(hands.backup, hands.move, [], writes=True) == {"file": str(path)}, "of nothing there is none"
    again = FileOfSet(str(path), b"a 2\n", b"a 3\n", backup=True)
    assert again.result(hands.backup, hands.move, [], writes=True)["backup_file"] == f"{path}.old"
    assert Path(f"{path}.old").read_bytes() == b"a 2\n"


def test_a_link_stays_one(folder: Path) -> None:
    real, link, hands = folder / "real.map", folder / "a.map", Hands()
    real.write_bytes(b"a 1\n")
    link.symlink_to(real)
    FileOfSet(str(link), b"a 1\n", b"a 2\n", backup=False).result(hands.backup, hands.move, [], writes=True)
    assert link.is_symlink()
    assert real.read_bytes() == b"a 2\n"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("x"), SystemError("x")])
def test_a_file_that_cannot_be_written_leaves_nothing_behind_and_tells_what_was_done(
    folder: Path, error: Exception
) -> None:
    path, hands = folder / "a.map", Hands(error)
    path.write_bytes(b"a 1\n")
    done = [{"process": "p1", "command": "set map"}]
    with pytest.raises(PartlyApplied, match=f"HAProxy has the entries, but {path} could not be written") as caught:
        FileOfSet(str(path), b"a 1\n", b"a 2\n", backup=False).result(hands.backup, hands.move, done, writes=True)
    assert caught.value.done == done
    assert path.read_bytes() == b"a 1\n"
    assert [one.name for one in folder.iterdir()] == ["a.map"]
