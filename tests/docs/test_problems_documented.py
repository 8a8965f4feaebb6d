"""docs/api.md lists every kind of problem with its status, and no other."""

import re
from pathlib import Path

from adapters.http.access import Right
from adapters.http.problems import KINDS

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
ROW = re.compile(r"^\| (\d{3}) \| `(\w+)` \| (.+) \|$", re.MULTILINE)


def test_every_problem_is_documented_with_its_status() -> None:
    told = {code: int(status) for status, code, _ in ROW.findall(PAGE)}
    assert told == {code: kind.status for code, kind in KINDS.items()}


def test_problems_are_in_the_order_of_their_statuses() -> None:
    rows = [(status, code) for status, code, _ in ROW.findall(PAGE)]
    assert rows == sorted(rows)


def test_every_right_is_documented() -> None:
    conventions = PAGE.partition("## Conventions")[2].partition("\n## ")[0]
    assert {right for right in Right if f"`{right}`" not in conventions} == set()
