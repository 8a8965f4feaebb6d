"""Real sessions of real chargers through real sockets: the books of the server equal the file's."""

import pytest

from tests.e2e.conditions import until
from tests.e2e.perth import CSV, MONTH, Books, books_of_the_file, books_of_the_server, replay
from tests.e2e.zeus_process import ZeusProcess

pytestmark = pytest.mark.skipif(not CSV.exists(), reason="the field data folder (ZEUS_FIELD_DATA) is absent")


def everybody(charger: str) -> bool:
    """Every charger of the month; `python -m tests.e2e.perth_month` tells any month and rebuilds after it."""
    return True


async def test_count_and_energy_are_those_of_the_file(server: ZeusProcess) -> None:
    expected = books_of_the_file(MONTH, everybody)
    assert expected.sessions > 1_000
    assert len(expected.by_charger) >= 30
    report = await replay(server, MONTH, everybody)
    assert report.fleet.given_up == 0
    assert report.fleet.errors == {}
    assert all(record.complete for record in report.sessions)

    def caught_up() -> Books | None:
        books = books_of_the_server(server, everybody)
        return books if books.sessions >= expected.sessions and books.unended <= expected.unended else None

    assert await until(caught_up, f"{expected.sessions} sessions in ocpp_sessions") == expected
