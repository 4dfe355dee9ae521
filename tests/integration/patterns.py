# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration with maps and ACLs of every kind, each on a file of its own, and what is in them, read and written
without the collection's own code."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.config import bind_lines
from lab.fleet import Fleet, instances, nbproc
from lab.http_client import Answer, Connection
from lab.ports import free_port
from lab.processes import Workspace
from lab.prophecy import TOLD, obeyed
from lab.raw import ask
from lab.recorder import Recorders
from lab.tasks import Result, run
from lab.versions import Version, versions

MAP, ACL = "map", "acl"

LAYOUTS = [(version, count) for version in versions() for count in (1, 4)]
"""For the parameters of a fixture: each version, as one process and as four."""


def layout_id(param: tuple[Version, int]) -> str:
    """How such a parameter is called."""
    return f"haproxy={param[0]}-processes={param[1]}"


MAPS: dict[str, tuple[str, ...]] = {
    "str.map": ("path,map({})",),
    "beg.map": ("path,map_beg({})",),
    "sub.map": ("path,map_sub({})",),
    "dir.map": ("path,map_dir({})",),
    "dom.map": ("req.hdr(host),map_dom({})",),
    "end.map": ("path,map_end({})",),
    "reg.map": ("path,map_reg({})",),
    "regm.map": ("path,map_regm({})",),
    "int.map": ("dst_port,map_int({})",),
    "ip.map": ("src,map_ip({})",),
    "str_int.map": ("path,map_str_int({})",),
    "str_ip.map": ("path,map_str_ip({})",),
    "two.map": ("path,map({})", "path,map_beg({})"),
    "both.map": ("src,map_ip({})",),
    "spare.map": ("path,map({})",),
}
"""File → its uses. ``two.map`` is searched by two methods, ``both.map`` is an ACL as well."""

ACLS: dict[str, str] = {
    "str.acl": "path -f {}",
    "beg.acl": "path_beg -f {}",
    "sub.acl": "path_sub -f {}",
    "dir.acl": "path_dir -f {}",
    "dom.acl": "hdr_dom(host) -f {}",
    "end.acl": "path_end -f {}",
    "reg.acl": "path_reg -f {}",
    "int.acl": "dst_port -f {}",
    "ip.acl": "src -f {}",
    "icase.acl": "path -i -f {}",
    "both.map": "src -M -f {}",
}
"""File → its use."""

INLINE = "acl 'dst' "
"""What ``show acl`` says of the ACL whose patterns stand in the configuration."""

# A map of addresses on the fourth instance, of texts elsewhere; one that the first two instances load; one that only
# the fourth loads, before all others, so that numbers there mean other maps.
MIXED, SOME, FIRST = "mixed.map", "some.map", "first.map"

KEYS: dict[str, tuple[str, ...]] = {
    "str": ("a", "b", "c", "d", "e"),
    "beg": ("/a", "/b", "/a/b", "/d", "/e"),
    "sub": ("a", "b", "ab", "d", "e"),
    "dir": ("a", "b", "a/b", "d", "e"),
    "dom": ("a.example", "b.example", "example", "d.example", "e"),
    "end": (".a", ".b", ".a.b", ".d", ".e"),
    "reg": ("^/a", "^/b(x|y)?$", "^/a/.*[.]b", "d", "e{2}"),
    "regm": ("^/(a)", "^/b(x|y)?$", "^/a/.*[.]b", "d", "e{2}"),
    "int": ("1", "20", "3:7", "-5", "600:"),
    "ip": ("10.0.0.1", "10.0.0.0/8", "192.0.2.0/255.255.255.0", "fe80::/10", "::1"),
}
"""Method → keys that it takes, in an order that is not the sorted one."""
VALUES: dict[str, tuple[str, ...]] = {
    "str_int": ("1", "20", "-3", "0", "600", "7"),
    "str_ip": ("10.0.0.1", "10.0.0.2", "192.0.2.1", "::1", "fe80::2", "10.9.9.9"),
}


def keys_of(name: str) -> tuple[str, ...]:
    """Keys for the set of this name."""
    method = name.partition(".")[0]
    return KEYS[{"two": "str", "both": "ip", "icase": "str", "spare": "str"}.get(method, method.partition("_")[0])]


def values_of(name: str) -> tuple[str, ...]:
    """Six values for the map of this name."""
    return VALUES.get(name.partition(".")[0], ("v1", "v 2", "v3", "v4", "v5", "other"))


def is_ordered(name: str) -> bool:
    """Whether the order of keys counts: wherever HAProxy keeps them in a list and not in a tree."""
    return name.partition(".")[0] in ("sub", "dir", "dom", "end", "reg", "regm", "int", "icase")


def body_of(directory: Path, haproxy: Version, port: int, *, number: int = 1, processes: int = 1) -> str:
    """The sections of the instance with this number. Its frontend answers with what ``str.map`` has for the path, with
    403 when ``str.acl`` has it, or the client is in ``ip.acl``."""
    uses = [use.format(directory / name) for name, those in MAPS.items() for use in those]
    late = [f"{'src,map_ip' if number == 4 else 'path,map'}({directory / MIXED})"]
    if number < 3:
        late.append(f"path,map({directory / SOME})")
    if haproxy.number >= (3, 0):
        late += [
            "path,map(virt@hosts)",
            f"path,map(file@{directory / 'file.map'})",
            f"path,map(opt@{directory}/opt.map)",
        ]
    if number == 4:
        uses.insert(0, f"path,map({directory / FIRST})")
    lines = ["http-request deny if { path -f " + str(directory / "str.acl") + " }"]
    lines += ["http-request deny if { src -f " + str(directory / "ip.acl") + " }"]
    lines += [f"http-request set-header X-{place} %[{use}]" for place, use in enumerate(uses)]
    lines += ["acl inline dst 10.0.0.1 10.0.0.2", "http-request set-header X-A inline if inline"]
    for place, (name, use) in enumerate(ACLS.items()):
        lines += [f"acl a{place} {use.format(directory / name)}", f"http-request set-header X-A {place} if a{place}"]
    if haproxy.number >= (3, 0):
        lines += ["acl virtual path -f virt@blocked", "http-request set-header X-A virtual if virtual"]
    lines += [f"http-request set-header Y-{place} %[{use}]" for place, use in enumerate(late)]
    lines += [
        f"http-request return status 200 content-type text/plain lf-string %[path,map({directory / 'str.map'},none)]"
    ]
    body = "frontend public\n    mode http\n" + bind_lines(port, processes=processes)
    return body + "".join(f"    {line}\n" for line in lines)


Content = Sequence[str | bytes]


@dataclass(frozen=True)
class Sets:
    """One or four processes of one version with these sets; `files` is the directory of the sets' files."""

    fleet: Fleet
    recorders: Recorders
    files: Path
    port: int

    @property
    def version(self) -> Version:
        return self.fleet.version

    @property
    def has_versions(self) -> bool:
        """Whether a set can be replaced at once."""
        return self.version.number >= (2, 4)

    @property
    def count(self) -> int:
        return len(self.recorders)

    @property
    def sockets(self) -> list[str]:
        """What a task gets as its option ``socket``."""
        return [self.recorders.sockets[0] if self.count == 1 else str(self.recorders.directory)]

    def path(self, name: str) -> str:
        """The name of the set that is loaded from this file: its path, or if virtual the name itself."""
        return name if "@" in name or name.startswith("#") else str(self.files / name)

    def ask(self, index: int, command: str | bytes) -> bytes:
        return ask(self.fleet.sockets[index], command)

    def get(self, path: str) -> Answer:
        """What one of the processes answers to a request."""
        return asyncio.run(Connection(self.port, keep=False).get(path))

    def shown(self, index: int, kind: str, name: str) -> list[bytes]:
        """The entries that one process has, in its order."""
        return entries_at(self.fleet.sockets[index], kind, self.path(name))

    def contents(self, kind: str, name: str) -> list[list[bytes]]:
        """The same of each process."""
        return [self.shown(index, kind, name) for index in range(self.count)]

    def put(self, kind: str, name: str, *contents: Content) -> None:
        """Fill the set of each process; contents are used in turn where there are fewer than processes."""
        for index in range(self.count):
            self.fill(index, kind, name, contents[index % len(contents)])

    def fill(self, index: int, kind: str, name: str, content: Content) -> None:
        """Give the set of one process these entries, in this order."""
        called = self.path(name).encode()
        lines = [line.encode() if isinstance(line, str) else line for line in content]
        self.ask(index, b"clear " + kind.encode() + b" " + called)
        for those in _pieces(lines):
            if kind == MAP:
                reply = self.ask(index, b"add map " + called + b" <<\n" + b"\n".join(those) + b"\n\n")
            else:
                reply = self.ask(index, b";".join(b"add acl " + called + b" " + escaped(line) for line in those))
            assert not reply.strip(), reply
        assert self.shown(index, kind, name) == lines

    def write(self, name: str, data: str | bytes) -> Path:
        """Give a set's file this content; HAProxy does not look at it before its next start."""
        path = self.files / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    def number(self, index: int, kind: str, needle: str) -> str:
        """``#5`` of the first set of the list in whose line this stands."""
        reply = self.ask(index, f"show {kind}").decode()
        line = next(line for line in reply.splitlines() if needle in line)
        return f"#{line.split()[0]}"


def entries_at(socket: str, kind: str, called: str) -> list[bytes]:
    """The entries that the process behind this socket has, in its order."""
    reply = ask(socket, f"show {kind} {called}")
    assert reply.endswith(b"\n\n") or reply == b"\n", reply[:200]
    return re.findall(rb"(?m)^0x[0-9a-f]+ (.*)$", reply)


def escaped(word: bytes) -> bytes:
    """A word of a command line, every character that might mean something with a backslash before it."""
    return re.sub(rb"([^\w/.:-])", rb"\\\1", word)


def _pieces(lines: Sequence[bytes], bound: int = 6000) -> Iterator[list[bytes]]:
    """The lines in pieces that every version takes."""
    piece: list[bytes] = []
    size = 0
    for line in lines:
        if piece and size + 2 * len(line) + 160 > bound:
            yield piece
            piece, size = [], 0
        piece.append(line)
        size += 2 * len(line) + 160
    if piece:
        yield piece


@contextmanager
def started(haproxy: Version, count: int, **options: Any) -> Iterator[Sets]:
    """Start them: processes of ``nbproc`` where the version has it, else instances; all files are empty."""
    workspace = Workspace()
    files = workspace.directory / "sets"
    files.mkdir()
    for name in (*MAPS, *ACLS, MIXED, SOME, FIRST, "file.map"):
        (files / name).touch()
    port = free_port()
    try:
        if haproxy.has_nbproc and count > 1:
            fleet = nbproc(haproxy, count, body_of(files, haproxy, port, processes=count), **options)
        else:
            fleet = instances(haproxy, count, lambda number: body_of(files, haproxy, port, number=number), **options)
        with fleet, Recorders(fleet) as recorders:
            yield Sets(fleet, recorders, files, port)
    finally:
        workspace.stop()


def key_of(kind: str, entry: bytes) -> bytes:
    """The key of an entry as it is shown."""
    return entry.partition(b" ")[0] if kind == MAP else entry


def lines_of(kind: str, entries: Any) -> list[bytes]:
    """The option ``entries`` as HAProxy shows it."""
    if kind == ACL:
        return [str(key).encode() for key in entries]
    pairs = entries.items() if isinstance(entries, dict) else ((item["key"], item["value"]) for item in entries)
    return [f"{key} {value}".encode() for key, value in pairs]


def pairs(keys: Iterable[str], values: Iterable[str]) -> list[dict[str, str]]:
    """The option ``entries`` of a map as a list."""
    return [{"key": key, "value": value} for key, value in zip(keys, values, strict=False)]


# The law ---------------------------------------------------------------------------------------------------------

TOLD_OF_SETS = (*TOLD, "added", "removed", "updated", "reordered", "entry_count", "atomic", "per_process", "file")
"""Keys of a result that check mode tells as well; the name of a backup has the time in it."""
LISTED = 200
"""More commands of one kind for one process than this are one line with a count."""


def tells(result: Result) -> Result:
    """What a result says of the change."""
    assert not result.get("failed"), result["msg"]
    return {key: result.get(key) for key in TOLD_OF_SETS}


def shown(writes: list[str]) -> list[str]:
    """Commands that were sent, as a result shows them."""
    lines = []
    kinds = [re.match(r"(\w+ \w+)( @\d+)?", write) for write in writes]
    named = [found[1] + (" @<version>" if found[2] else "") for found in kinds if found]
    assert len(named) == len(writes), writes
    counts = Counter(named)
    for write, kind in zip(writes, named, strict=True):
        first, *payload = re.sub(r"^(\w+ \w+) @\d+ ", r"\1 @<version> ", write).split("\n")
        if counts[kind] > LISTED:
            lines.append(f"{kind} ({counts[kind]} times)")
        elif payload:
            lines.append(f"{first} ({len(payload)} line{'s' if len(payload) > 1 else ''})")
        else:
            lines.append(first)
    return list(dict.fromkeys(lines)) if max(counts.values(), default=0) > LISTED else lines


def expected(kind: str, options: dict[str, Any], old: Sequence[bytes]) -> list[bytes]:
    """What a set should hold after a task with these options, by the words of the contract."""
    state = options.get("state", "present")
    if state == "empty":
        return []
    if state == "absent":
        gone = {str(key).encode() for key in options["entries"]}
        return [entry for entry in old if key_of(kind, entry) not in gone]
    lines = lines_of(kind, options["entries"])
    if options.get("exclusive"):
        return lines
    wished = {key_of(kind, line): line for line in lines}
    there = {key_of(kind, entry) for entry in old}
    changed = [wished.get(key_of(kind, entry), entry) for entry in old]
    return changed + [line for line in lines if key_of(kind, line) not in there]


def holds(sets: Sets, kind: str, name: str, **options: Any) -> Result:
    """Assert the law for one task on the set of this name; returns the result of the real run.

    What every process has then is what the options say; the result's counts and diff are the difference.
    """
    before = sets.contents(kind, name)
    arguments = {"socket": sets.sockets, kind: sets.path(name), **options}
    result, again = obeyed(f"haproxy_{kind}", arguments, sets.recorders, tells, shown)
    after = sets.contents(kind, name)
    wished = [expected(kind, options, old) for old in before]
    assert [_comparable(name, those) for those in after] == [_comparable(name, those) for those in wished]
    counts = [row["entry_count"] for row in result["per_process"]]
    assert counts == [row["entry_count"] for row in again["per_process"]] == [len(those) for those in after]
    assert (again["added"], again["removed"], again["updated"], again["reordered"]) == (0, 0, 0, False)
    if all(len({key_of(kind, entry) for entry in those}) == len(those) for those in (*before, *wished)):
        _counts_right(kind, result, list(zip(before, wished, strict=True)))
        if max(abs(len(old) - len(new)) for old, new in zip(before, wished, strict=True)) < LISTED:
            _diff_right(result, list(zip(before, wished, strict=True)))
    return result


def _comparable(name: str, content: list[bytes]) -> list[bytes]:
    return content if is_ordered(name) else sorted(content)


Change = tuple[list[bytes], list[bytes]]


def _counts_right(kind: str, result: Result, changes: list[Change]) -> None:
    """The counts of a result, where no key is repeated."""
    rows = []
    for old, new in changes:
        was, now = ({key_of(kind, entry): entry for entry in those} for those in (old, new))
        updated = sum(was[key] != now[key] for key in was.keys() & now.keys())
        rows.append(
            {"added": len(now.keys() - was.keys()), "removed": len(was.keys() - now.keys()), "updated": updated}
        )
    assert [{key: row[key] for key in ("added", "removed", "updated")} for row in result["per_process"]] == rows
    if len(set(map(str, changes))) == 1:
        assert {key: result[key] for key in ("added", "removed", "updated")} == rows[0]


def _diff_right(result: Result, changes: list[Change]) -> None:
    """The diff of a result, where no key is repeated: each process's lines that go and that come."""
    found = {}
    for part in [result["diff"]] if isinstance(result["diff"], dict) else result["diff"]:
        names = re.fullmatch(r"running \((.*)\)", part["before_header"])
        if "file" in result and part["before_header"] == result["file"]:
            continue
        for name in names[1].split(", ") if names else [row["process"] for row in result["per_process"]]:
            found[name] = (part["before"], part["after"])
    for row, (old, new) in zip(result["per_process"], changes, strict=True):
        before, after = (_text(one, other) for one, other in ((old, new), (new, old)))
        if result["reordered"] and old != new and not (before or after):
            before = "(the same entries in another order)\n"
        shown_before, shown_after = found.get(row["process"], ("", ""))
        assert (sorted(shown_before.splitlines()), sorted(shown_after.splitlines())) == (
            sorted(before.splitlines()),
            sorted(after.splitlines()),
        )


def _text(lines: list[bytes], others: list[bytes]) -> str:
    return "".join(f"{line.decode()}\n" for line in lines if line not in others)


def warned(result: Result) -> list[str]:
    """The warnings of a result."""
    return [each if isinstance(each, str) else each["event"]["msg"] for each in result.get("warnings", [])]


def well(sets: Sets, kind: str, name: str, *, check: bool = False, **options: Any) -> Result:
    """The result of a task that must go well."""
    result = run(f"haproxy_{kind}", {"socket": sets.sockets, kind: sets.path(name), **options}, check=check)
    assert not result.get("failed"), result["msg"]
    return result


def fails(sets: Sets, kind: str, name: str, *, error: str = "InputError", **options: Any) -> Result:
    """The failure of a task that must fail; what every process has is as before."""
    before = sets.contents(kind, name) if name in (*MAPS, *ACLS) else None
    sets.recorders.clear()
    failure = run(f"haproxy_{kind}", {"socket": sets.sockets, kind: sets.path(name), **options})
    assert failure.get("failed"), failure
    assert "exception" not in failure, failure["exception"]
    assert failure["error"] == error, failure["msg"]
    assert before is None or sets.contents(kind, name) == before
    return failure


def nothing_sent(sets: Sets) -> bool:
    """Whether no process got a command that writes."""
    return sets.recorders.writes() == [[]] * sets.count
