# Copyright (c) 2026, haproxyadmin.haproxy contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mutator on a small project: what a test notices counts, and what none notices is told."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from mutation.changes import changes
from mutation.job import CAUGHT, HUNG, SURVIVED, UNREACHED, Project, Verdict, judged
from mutation.mutants import Home, Mutant, code_of, mutants, mutated
from mutation.report import lines, share

CORE = '''\
"""A small core."""

LIMIT = 10


class Table:
    """A class with a default."""

    def __init__(self, size: int = 3) -> None:
        self.size = size

    @property
    def large(self) -> bool:
        return self.size > LIMIT


def counted(text: str) -> int:
    """Count words."""
    count, left = 0, len(text)
    while left > 0:
        left -= 2
        count += 1
    return count


def unused(text: str) -> str:
    return text or "nothing"
'''

TESTS = """\
from small.core import LIMIT, Table, counted


def test_large():
    assert Table(LIMIT + 1).large
    assert not Table(LIMIT).large
    assert Table().size == 3
    assert LIMIT == 10


def test_counted():
    assert counted("a b c") == 3
    assert counted("a b ") == 2
    assert counted("") == 0
"""

NOTHING = """\
from small.core import LIMIT, large


def test_all_of_it_and_assert_nothing():
    large(LIMIT), large()
"""


def project(folder: Path, tests: str, core: str = CORE) -> tuple[Project, list[Mutant]]:
    (folder / "small").mkdir()
    (folder / "small" / "core.py").write_text(core)
    (folder / "test_small.py").write_text(tests)
    (folder / "conftest.py").write_text("import small.core\n")  # which is there before all tests are
    (folder / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["."]\n')
    found = mutants("core.py", core)
    return Project(folder, folder / "small", None, ("test_small.py",), Path(__file__).parents[2], patience=1.0), found


def outcomes(folder: Path, tests: str, core: str = CORE) -> dict[tuple[int, str], str]:
    """(Line, change) → what became of it."""
    it, found = project(folder, tests, core)
    (folder / "scratch").mkdir()
    verdicts, controls = judged(it, found, 2, folder / "scratch")
    assert [verdict.number for verdict in verdicts] == list(range(len(found)))
    assert {verdict.outcome for verdict in controls} <= {SURVIVED}
    return {(found[verdict.number].line, found[verdict.number].what): verdict.outcome for verdict in verdicts}


def test_what_tests_notice_is_caught_and_what_they_do_not_is_told(tmp_path: Path) -> None:
    said = outcomes(tmp_path, TESTS)
    expected = {
        (3, "10 → 11"): CAUGHT,  # a table, by a test that uses its name
        (9, "3 → 4"): CAUGHT,  # a default
        (10, "statement dropped"): CAUGHT,
        (14, "Gt → GtE"): CAUGHT,  # of a property
        (19, "0 → 1"): CAUGHT,
        (20, "Gt → GtE"): CAUGHT,
        (21, "statement dropped"): HUNG,
        (21, "2 → 3"): CAUGHT,
        (22, "1 → 2"): CAUGHT,
        (27, "or → and"): UNREACHED,
    }
    assert {key: said[key] for key in expected} == expected
    assert {outcome for (line, _what), outcome in said.items() if line < 27} <= {CAUGHT, HUNG}


def test_what_a_table_of_cases_is_made_of_counts(tmp_path: Path) -> None:
    tests = """\
import pytest
from small.core import unused


@pytest.mark.parametrize("said", [unused(""), unused("nothing")])
def test_said(said):
    assert said == "nothing"
"""
    said = outcomes(tmp_path, tests)
    assert said[27, "or → and"] == CAUGHT
    assert said[14, "Gt → GtE"] == UNREACHED


def test_a_suite_that_asserts_nothing_catches_nothing(tmp_path: Path) -> None:
    said = outcomes(tmp_path, NOTHING, "LIMIT = 10\n\n\ndef large(size: int = 3) -> bool:\n    return size > LIMIT\n")
    assert len(said) == 7
    assert set(said.values()) == {SURVIVED}


def test_tests_that_fail_by_themselves_catch_nothing(tmp_path: Path) -> None:
    wrong = "\n\ndef test_wrong():\n    assert unused('') == ''\n"
    said = outcomes(tmp_path, TESTS.replace("counted\n", "counted, unused\n", 1) + wrong)
    assert said[27, "or → and"] == UNREACHED
    assert said[14, "Gt → GtE"] == CAUGHT


# Passes twice: when it is measured, and before any change is judged.
MOODY = """\
from pathlib import Path
from small.core import LIMIT, counted


def runs():
    path = Path(__file__).with_name("runs")
    with path.open("a") as file:
        file.write("x")
    return len(path.read_text())


def test_mood():
    counted("a b")
    assert runs() < 3
"""


def test_a_test_that_fails_without_a_change_is_a_false_alarm(tmp_path: Path) -> None:
    it, found = project(tmp_path, MOODY)
    (tmp_path / "scratch").mkdir()
    those = [mutant for mutant in found if mutant.home == Home("counted", 17)]
    verdicts, controls = judged(it, those, 1, tmp_path / "scratch")
    assert {verdict.outcome for verdict in verdicts} <= {CAUGHT, HUNG}
    assert [(verdict.number, verdict.outcome, verdict.by) for verdict in controls] == [
        (0, CAUGHT, "test_small.py::test_mood")
    ]
    text = "\n".join(lines([], [(those[0], controls[0])], it.core))
    assert f"false alarm: test_small.py::test_mood is caught without the change of core.py:{those[0].line}" in text
    assert "1 runs without a change: 1 false alarms" in text


def test_what_hangs_has_a_column_of_its_own(tmp_path: Path) -> None:
    it, found = project(tmp_path, TESTS)
    said = [(found[0], Verdict(0, HUNG, "", 1)), (found[0], Verdict(1, CAUGHT, "test", 1))]
    assert f"{'core.py':40} {2:7} {2:7} {1:7} {100:6.1f}%" in list(lines(said, [], it.core))


def test_a_run_that_cannot_begin_judges_nothing(tmp_path: Path) -> None:
    it, found = project(tmp_path, "import small.nowhere\n")
    (tmp_path / "scratch").mkdir()
    with pytest.raises(RuntimeError, match="broke off"):
        judged(it, found, 1, tmp_path / "scratch")


def test_the_report_tells_each_change_that_was_not_caught(tmp_path: Path) -> None:
    it, found = project(tmp_path, "from small.core import LIMIT\n\n\ndef test_limit():\n    assert LIMIT\n")
    (tmp_path / "scratch").mkdir()
    those = [mutant for mutant in found if mutant.line in (3, 27)]
    result, controls = (
        [(those[verdict.number], verdict) for verdict in part] for part in judged(it, those, 1, tmp_path / "scratch")
    )
    text = "\n".join(lines(result, controls, it.core))
    assert "1 runs without a change: 0 false alarms" in text
    assert "core.py:3: 10 → 11 (1 tests pass): LIMIT = 10" in text
    assert 'core.py:27: or → and (no test executes it): return text or "nothing"' in text
    assert share(result) == 0.0


# What is changed -------------------------------------------------------------------------------------------------


def whats(source: str) -> list[str]:
    return [mutant.what for mutant in mutants("x.py", source)]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("a < b", ["Lt → LtE", "Lt → GtE"], id="comparison"),
        pytest.param("a and b", ["and → or"], id="and"),
        pytest.param("a + 1", ["Add → Sub", "1 → 2", "1 → 0"], id="sum"),
        pytest.param("a + 'x'", ["'x' → 'xX'"], id="texts can only be added"),
        pytest.param("not a", ["not taken away"], id="not"),
        pytest.param("f(True)", ["True → False"], id="flag"),
        pytest.param("f(None)", ["None → True"], id="None"),
        pytest.param("a is None", ["Is → IsNot"], id="only once"),
        pytest.param("any(a)", ["any → all"], id="rival"),
        pytest.param("'two words'", [], id="a text for people"),
        pytest.param("Command('two words')", ["'two words' → 'two wordsX'"], id="a text for HAProxy"),
        pytest.param("Command(f'two words {a}')", ["'two words ' → 'two words X'"], id="the same with a value"),
        pytest.param("f'two words {a}'", [], id="a sentence"),
        pytest.param("f'two words {a + 1}'", ["Add → Sub", "1 → 2", "1 → 0"], id="what is worked out for a sentence"),
        pytest.param("1 if a else b", ["condition turned round", "1 → 2", "1 → 0"], id="condition"),
        pytest.param("cast('int', a)", [], id="cast"),
    ],
)
def test_expressions(code: str, expected: list[str]) -> None:
    assert sorted(whats(f"x = {code}\n")) == sorted(expected)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("return a", ["returns None"], id="return"),
        pytest.param("return", ["return dropped"], id="bare return"),
        pytest.param("f()", ["statement dropped"], id="call"),
        pytest.param("a.b = c", ["statement dropped"], id="attribute"),
        pytest.param("a = c", [], id="name"),
        pytest.param("a += c", ["statement dropped"], id="more of a name"),
        pytest.param("raise Oops(f'{a[:60]} is wrong', 1)", ["statement dropped", "1 → 2", "1 → 0"], id="raise"),
        pytest.param("return InputError('wrong')", ["returns None"], id="an error's message"),
        pytest.param("assert a == 1", [], id="assert"),
        pytest.param('"""Words."""', [], id="docstring"),
        pytest.param("b: dict[str, None] = a", [], id="annotation"),
    ],
)
def test_statements(code: str, expected: list[str]) -> None:
    assert sorted(whats(f"def f(a: 'int') -> None:\n    {code}\n")) == sorted(expected)


@pytest.mark.parametrize(
    "source",
    [
        "__all__ = ['a', 'b']\n",
        "T = TypeVar('T', bound='x')\n",
        "Key = Callable[..., None]\n",
        "if TYPE_CHECKING:\n    x = 1\n",
        "class P(Protocol):\n    x: int = 1\n",
        "@dataclass(frozen=True)\nclass C:\n    x: int\n",
    ],
)
def test_what_is_only_for_types_is_left_alone(source: str) -> None:
    assert whats(source) == []


def test_a_change_is_the_only_one() -> None:
    for mutant in mutants("core.py", CORE):
        before, after = ast.unparse(ast.parse(CORE)).split("\n"), ast.unparse(mutated(CORE, mutant.number)).split("\n")
        differing = [number for number, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]
        assert len(differing) == 1, mutant


def test_a_change_knows_its_function() -> None:
    homes = {mutant.line: mutant.home for mutant in mutants("core.py", CORE)}
    assert homes[3] is None
    assert homes[9] is None  # a default is made when the class is
    assert homes[14] == Home("Table.large", 12)
    code = compile(CORE, "core.py", "exec")
    assert code_of(code, Home("Table.large", 12)).co_name == "large"
    with pytest.raises(LookupError):
        code_of(code, Home("Table.small", 12))


def test_names_of_what_is_made_at_import() -> None:
    names = {mutant.line: mutant.names for mutant in mutants("core.py", CORE)}
    assert names[3] == ("LIMIT",)
    assert names[9] == ("Table", "__init__")


def test_no_change_is_made_of_a_node_without_one() -> None:
    assert list(changes(ast.parse("x").body[0])) != []  # an expression as a statement can be dropped
    assert list(changes(ast.Load())) == []
