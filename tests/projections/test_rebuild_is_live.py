"""Whatever the batches were: rows built live, in pieces, and anew from the log are the same rows."""

import random
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from projections.catalogue import READ_MODELS
from projections.engine import connect_projector
from projections.log import PostgresLog
from projections.rebuild import rebuild
from projections.schemas import table_names
from tests.projections.stories import Fleet, Log, decode, engine, project

VIEWS = ["ocpp_meter_15m"]


def contents(dsn: str) -> dict[str, list[str]]:
    """All rows of all read models, as text, in order."""
    names = [name for model in READ_MODELS for name in table_names(model)]
    found = {}
    with psycopg.connect(dsn) as connection:
        connection.execute("SET timezone = 'UTC'")
        for name in [*names, *VIEWS]:
            query = SQL("SELECT t::text FROM {} t ORDER BY 1").format(Identifier(name))
            found[name] = [row[0] for row in connection.execute(query)]
    return found


def in_pieces(dsn: str, fleet: Fleet, dice: random.Random) -> None:
    """Append and project, in turns, with batches of any size."""
    fleet.log.append(fleet.arrive())
    for _ in range(12):
        fleet.log.append(fleet.live(dice.randrange(20, 250)))
        one = engine(dsn, batch=dice.choice((1, 3, 17, 100, 1000)))
        for _ in range(dice.randrange(0, 30)):
            one.step()
        one.close()
    project(dsn, batch=dice.choice((5, 50, 5000)))


@pytest.mark.parametrize("seed", range(4))
def test_rebuilt_is_live(postgres_dsn: str, seed: int) -> None:
    dice = random.Random(seed)
    in_pieces(postgres_dsn, Fleet(Log(postgres_dsn), seed, dice.choice((2, 7, 40))), dice)
    live = contents(postgres_dsn)
    assert all(live.values()), [name for name, found in live.items() if not found]
    log = PostgresLog(postgres_dsn, decode)
    for model in READ_MODELS:
        with connect_projector(postgres_dsn) as connection:
            result = rebuild(connection, log, model, lambda _: None, verify=True, batch=dice.choice((7, 333)))
        assert [table.table for table in result.tables if not table.same] == []
        assert len(result.tables) == len(table_names(model))
    log.close()
    assert contents(postgres_dsn) == live


def test_the_rollup_is_the_sum_of_the_samples(postgres_dsn: str) -> None:
    dice = random.Random(9)
    in_pieces(postgres_dsn, Fleet(Log(postgres_dsn), 9, 10), dice)
    keys = "tenant, charger, evse_id, connector_id"
    direct = (
        f"SELECT {keys}, date_bin('15 min', ts, '2000-01-03 00:00+00') AS bucket, count(*), count(power_w), "  # noqa: S608
        "sum(power_w::numeric), max(power_w), max(soc_pct), min(energy_wh), max(energy_wh) "
        "FROM ocpp_meter_samples GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5"
    )
    with psycopg.connect(postgres_dsn) as connection:
        summed: list[Any] = connection.execute(direct.encode()).fetchall()
        rolled = connection.execute("SELECT * FROM ocpp_meter_15m ORDER BY 1, 2, 3, 4, 5").fetchall()
        stored = connection.execute("SELECT count(*) FROM ocpp_meter_rolled_15m").fetchone()
    assert rolled == summed
    assert len(summed) > 20
    assert stored is not None
    assert 0 < stored[0] < len(summed)
