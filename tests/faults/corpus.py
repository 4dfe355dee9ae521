# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strings that nobody means well with. The same in each run: combinations come from a generator with a fixed seed.

What they aim at is a *witness*: a server, a map and an ACL of the same HAProxy that no task is about (``witness.map`` and
``witness.acl`` stand for the paths of its files). None of them is the path of a folder with sockets or a name that could be
looked up: some options take those.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import product

SEED = 9
COMBINATIONS = 620

# One string a line would be a thousand lines.
# fmt: off
# ruff: noqa: RUF001  characters that look like others are what this is about
# What should never arrive as a command of its own.
COMMANDS = (
    "disable server witness/w1", "set server witness/w1 state maint", "set weight witness/w1 1",
    "set maxconn server witness/w1 1", "shutdown sessions server witness/w1", "del server witness/w1",
    "add map witness.map x y", "clear map witness.map", "clear acl witness.acl", "set maxconn global 1",
    "set rate-limit connections global 1", "disable frontend edge", "clear counters all", "set severity-output none",
    "set timeout cli 1", "operator", "prompt", "quit", "@1 disable server witness/w1", "@!1 quit", "expert-mode on",
)
# What might end one command and begin another, for HAProxy, a shell, or a careless reader of Unicode.
SEPARATORS = (
    ";", " ; ", ";;", "\\;", "\\\\;", "\\\\\\;", "\n", "\r\n", "\r", "\\n", "\\\n", "\x00", "\x0b", "\x0c", "\x1b[2J",
    "\x85", "\u2028", "\u2029", "\uff1b", "\u037e", "\u204f", " <<\n", " <<\n\n", "\n\n", "\\", " && ", " | ",
    "\t;\t",
)
BLANKS = (" ", "\t", "  ", "\u00a0", "\u2003", "\u3000", "\u200b", "\u200d", "\ufeff", "\u2060", "\u180e", "\x1f")
UNICODE = (
    "é", "e\u0301", "\u1e9e", "İ", "ſ", "ﬁ", "Å", "𝒔𝒆𝒕", "ｓｅｔ", "日本語", "🦊", "👩‍👩‍👧", "\u202ereversed",
    "\u2066x\u2069", "а.example", "ѕet", "１２", "٣", "²", "Ⅷ", "\ue000", "\uffff", "\U0010ffff", "\ufffd",
    "a\u0300" * 40, "🦊" * 300,
    *("\udcff", "\udc80x", "caf\udce9", "\udcc0\udcaf", "\udced\udca0\udc80", "\ud800", "x\udfff", "\udcf5\udc80"),
)
MARKS = (
    "<<", "<< ", " <<", "a <<", "a<<", "<<a", "<<EOF", "<<%EOP%", "\\<<", "\\<\\<", "<", "<<<", "<<\n", "<<\nx y\n\n",
    "x <<\nx y\n\ndisable server witness/w1\n", "<<;quit", "＜＜", "<\\<", "a\t<<", "<<\\", "<<1234567", "<<12345678",
)
ESCAPES = (
    "\\", "\\\\", "\\\\\\", "a\\", "a\\\\", "\\ ", "\\a", "\\x3b", "\\073", "%3B", "%0a", "&#59;", "\\u003b",
    "\\;quit",
    *('"', "'", "''", '""', '"a b"', "'a b'", "`id`", "\"'", 'a"b', "a'b", "'; quit; '", '"; quit; "', "\\'", '\\"'),
)
SHELL = (
    "$(reboot)", "`reboot`", "; rm -rf .", "|| true", "> witness", "< witness", "${IFS}", "$HOME", "~", "~root",
    "$((1))", "%s%s%n", "%d", "%(x)s", "{0}", "{x.__class__}", "../../witness", "..", ".", "-", "--", "-rf", "--help",
    "&", "!!",
)
JINJA = (
    "{{ 7*7 }}", "{% raw %}", "{%", "{{", "}}", "{#", "{{ lookup('pipe', 'id') }}", "{{ omit }}", "{{ x", "#}",
    "{{''}}", "!unsafe x", "!!python/object:x", "null", "true", "yes", "None", "~", "[]", "{}", '{"a": 1}', "[1, 2]",
    "- a", "a: b",
)
NUMBERS = (
    "0", "-1", "+1", "1.5", "1e9", "0x10", "0o7", "1_0", "007", " 5", "5 ", "50%", "101%", "256", "257", "%", "5 0",
    "inf", "NaN", "99999999999999999999", "4294967296", "2147483648", "1" * 400, "-0", "1,2", "1;2", "50%;quit", "0%",
    "256%",
)
PLACES = (
    *("127.0.0.1;quit", "127.0.0.1 port 1", "::1", "[::1]", "127.1", "0177.0.0.1", "2130706433", "::ffff:127.0.0.1"),
    *("fe80::1%lo", "unix@x", "fd@0", "abns@x", "/", "//", "/nonexistent", "/nonexistent;quit", "unix@/nonexistent"),
    "witness/w1", "lab/probe", "/w1", "witness/", "lab/probe/x", "#1/#1", "#0x0", "#0x7f0000000000", "#99999999",
    "#٩٩",
    *("virt@x", "opt@x", "file@x", "@1", "@<version>", "@\\<version>", "<version>", "[::1", "::1]", "127.0.0.1:0", ":"),
)
GLOBS = (
    "*", "?", "[", "]", "[]", "[!a]", "[z-a]", "**", "*;quit", "[[:alpha:]]", "?" * 300, "[" * 300, "(?s:.*)", "^$",
    ".*",
)
WORDS = (
    "ready", "READY", "ready ", "maint\n", "ready;quit", "present", "check", "ssl verify none", "on", "off", "#",
    "#x", "",
)
_BOUNDS = (4096, 8000, 8192, 14990, 15000, 15360, 16384)
LONG = (
    *("a" * (bound + off) for bound in _BOUNDS for off in (-1, 0, 1)), "é" * 7500, "\\" * 7500, "\\" * 7499 + ";",
    ";" * 7500, " " * 15000, "<" * 7500, "a " * 7500, "a;" * 7500, "🦊" * 3750,
    *("a" * 14990 + ";quit", "a" * 15000 + "\nquit", "x\n" * 7500, "a" * 70000, "<<\n" * 5000, "\\;" * 5000),
)
TRICKS = tuple(text for command in COMMANDS[:3] for text in (f"x{separator}{command}" for separator in SEPARATORS))
ATOMS = (*SEPARATORS, *BLANKS, *UNICODE, *MARKS, *ESCAPES, *SHELL, *JINJA, *NUMBERS, *PLACES, *GLOBS, *WORDS, *COMMANDS)

# Every option sees these, on every version.
CORE = (
    *(f"x{separator}disable server witness/w1" for separator in SEPARATORS),
    *("x;", "a\\", "a\\\\", "", " ", " x", "x ", "a b", "a\tb", "x\r", "\x7f", "é", "\udcff", "\ud800"),
    *("🦊", "\u202ex", "<<", "a <<", "<<EOF", "\\<<", "#x", "#0x7f0000000000", '"a b"', "'a b'", "$(reboot)"),
    *("{{ 7*7 }}", "{% raw %}", "%s%n", "*", "[", "../../witness", "@1 quit", "@<version>", "50%", "NaN"),
    *("a" * 8000, "a" * 15001, "\\" * 7500, "plain-1.x:y_z", "::1", "7", "drain", "b.example.test"),
)
# For options that are numbers or switches, of which Ansible makes one of a string, or refuses.
NUMBERS_TOO = (*NUMBERS, "1;disable server witness/w1", "1\ndisable server witness/w1", "yes;quit", "true", "on", "x")

# fmt: on


def _combined(count: int) -> Iterator[str]:
    """Two to five pieces behind each other, and commands between any two separators."""
    chance = random.Random(SEED)
    for _number in range(count):
        pieces = [chance.choice(ATOMS) for _piece in range(chance.randint(2, 4))]
        if chance.random() < 0.4:
            pieces.insert(chance.randrange(len(pieces) + 1), chance.choice(SEPARATORS) + chance.choice(COMMANDS))
        yield "".join(pieces)


def corpus() -> tuple[str, ...]:
    """All strings, each once, those of the core first."""
    controls = (f"x{chr(number)}y" for number in (*range(32), *range(127, 160)))
    joined = (
        f"x{separator}{command}{end}" for separator, command, end in product(SEPARATORS[:8], COMMANDS, ("", "\n"))
    )
    everything = (*CORE, *ATOMS, *controls, *TRICKS, *joined, *LONG, *_combined(COMBINATIONS))
    return tuple(dict.fromkeys(everything))
