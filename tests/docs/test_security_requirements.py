"""docs/security-requirements.md names files and tests that exist, and says of each requirement how it stands."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security-requirements.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if re.match(r"\| SEC-\d\d \|", line)
]
CODE = re.compile(r"`([^`]+)`")


def names_of_tests(path: Path) -> set[str]:
    """The names of test functions, in classes too."""
    tree = ast.parse(path.read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {one.name for one in ast.walk(tree) if isinstance(one, kinds) and one.name.startswith("test_")}


def test_each_requirement_from_1_to_30_is_there_once() -> None:
    names = [row[0] for row in ROWS]
    assert sorted(set(names)) == sorted(names)
    assert {f"SEC-{n:02}" for n in range(1, 31)} <= set(names)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_requirement_says_how_it_stands_and_names_what_exists(row: list[str]) -> None:
    _, words, code, tests, state, lacking = row
    assert len(words) > 20
    assert state in ("done", "partly", "missing")
    for name in CODE.findall(code):
        assert (ROOT / name).is_file(), name
    for name in CODE.findall(tests):
        path, _, test = name.partition("::")
        assert test in names_of_tests(ROOT / path), name
    if state == "done":
        assert CODE.findall(code)
        assert CODE.findall(tests)
    else:
        assert lacking, "what is lacking?"


def test_every_test_that_names_a_requirement_is_about_one_of_this_page() -> None:
    named = {
        f"SEC-{number}"
        for path in (ROOT / "tests").rglob("test_*.py")
        for number in re.findall(r"def test_sec_(\d\d)_", path.read_text())
    }
    assert named
    assert named <= {row[0] for row in ROWS}
