"""docs/analysis.md: its datasets are those of the code, and its questions are asked of an exported fixture."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from adapters.exports.datasets import DATASETS
from entrypoints.cli import app
from tests.adapters.exports.spring import ANN, live
from tests.projections.stories import Log, project

PAGE = (Path(__file__).parents[2] / "docs" / "analysis.md").read_text()
QUERIES = re.findall(r"^```sql\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def duck(
    module_postgres_dsn: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB in the folder above an export called `may`."""
    live(Log(module_postgres_dsn))
    project(module_postgres_dsn)
    home = tmp_path_factory.mktemp("analysis")
    words = (
        "export",
        "--from",
        "2026-03-28",
        "--to",
        "2026-04-02",
        "--all-tenants",
        "--out",
        str(home / "may"),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", module_postgres_dsn)
        patch.setenv("ZEUS_DATA_DIR", str(home / "data"))
        result = CliRunner().invoke(app, words, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        patch.chdir(home)
        connection = duckdb.connect()
        connection.execute(QUERIES[0])
        yield connection


def test_the_table_of_datasets_is_that_of_the_code() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    assert rows == [f"| `{one.name}` | {one.meaning} | {', '.join(one.read_models)} |" for one in DATASETS]


def test_utilisation(duck: duckdb.DuckDBPyConnection) -> None:
    rows = duck.execute(QUERIES[1]).fetchall()
    assert len(rows) == 6
    assert {row[-1] for row in rows} == {5.0}, "90 minutes on four days of five: 6 of 120 hours"


def test_energy_by_day_and_site(duck: duckdb.DuckDBPyConnection) -> None:
    rows = duck.execute(QUERIES[2]).fetchall()
    assert [row[1] for row in rows] == ["Hall", "Yard"] * 4
    assert {row[1:] for row in rows} == {("Hall", 28.8, 8, 4), ("Yard", 14.4, 4, 2)}


def test_start_success(duck: duckdb.DuckDBPyConnection) -> None:
    assert duck.execute(QUERIES[3]).fetchall() == [("M7", 24, 24, 100.0)]


def test_idle_share(duck: duckdb.DuckDBPyConnection) -> None:
    rows: list[Any] = duck.execute(QUERIES[4]).fetchall()
    assert len(rows) == 6
    assert {row[2:] for row in rows} == {(20, 4, 20.0)}, "of five whole quarters a session the last is idle"


def test_the_longest_sessions(duck: duckdb.DuckDBPyConnection) -> None:
    rows = duck.execute(QUERIES[5]).fetchall()
    assert len(rows) == 10
    assert {row[3].total_seconds() for row in rows} == {5400}
    assert ANN in {row[-1] for row in rows}


def test_availability(duck: duckdb.DuckDBPyConnection) -> None:
    rows = duck.execute(QUERIES[6]).fetchall()
    assert {row[3] for row in rows} == {"unknown"}, "nobody ever connected"
    assert {row[-2] for row in rows} == {5 * 1440.0}
    assert all(0 < row[-1] < row[-2] for row in rows), "some of it is proven by sessions"
