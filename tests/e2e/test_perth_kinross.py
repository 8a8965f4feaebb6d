"""Real sessions of real chargers through real sockets: the books of the server equal the file's."""

import pytest

from tests.e2e.conditions import until
from tests.e2e.perth import CSV, MONTH, Books, books_of_the_file, books_of_the_server, replay
from tests.e2e.zeus_process import ZeusProcess

pytestmark = pytest.mark.skipif(not CSV.exists(), reason="the field data folder (ZEUS_FIELD_DATA) is absent")


def of_the_file(charger: str) -> bool:
    """Its chargers have numbers; those of the other tests on the same server have names."""
    return charger.isdigit()


async def test_count_and_energy_are_those_of_the_file(server: ZeusProcess) -> None:
    expected = books_of_the_file(MONTH, of_the_file)
    assert expected.sessions > 1_000
    assert len(expected.by_charger) >= 30
    report = await replay(server, MONTH, of_the_file)
    assert report.fleet.given_up == 0
    assert report.fleet.errors == {}
    assert all(record.complete for record in report.sessions)

    def caught_up() -> Books | None:
        books = books_of_the_server(server, of_the_file)
        return books if books.sessions >= expected.sessions and books.unended <= expected.unended else None

    assert await until(caught_up, f"{expected.sessions} sessions in ocpp_sessions") == expected
