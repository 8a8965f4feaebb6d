"""docs/security.md has the roles and rights as the code has them."""

import re
from pathlib import Path

from adapters.http.api.routes import ROUTES
from domain.tenants.roles import Right, Role

PAGE = (Path(__file__).parents[2] / "docs" / "security.md").read_text()


def table() -> list[list[str]]:
    """The cells of the table of roles, its head first and without the line below it."""
    part = PAGE.split("## Roles and rights")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    cells = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines]
    return [cells[0], *cells[2:]]


def test_the_table_of_roles_is_that_of_the_code() -> None:
    head, *rows = table()
    rights = [Right(name) for name in head[1:]]
    assert set(rights) == set(Right)
    assert [row[0] for row in rows] == list(Role)
    for role, *cells in rows:
        granted = {right for right, cell in zip(rights, cells, strict=True) if cell}
        assert granted == Role(role).rights, role
        assert set(cells) <= {"", "yes"}


def test_every_right_is_explained_and_wanted_by_a_route() -> None:
    assert re.findall(r"^\* `(\w+)`: ", PAGE, re.MULTILINE) == list(Right)
    assert {row.right for row in ROUTES} == set(Right)
