"""What tests of tamper evidence share."""

from collections.abc import Iterator

import pytest

from tests.adapters.audit.logbook import Logbook


@pytest.fixture
def logbook(postgres_dsn: str) -> Iterator[Logbook]:
    """An empty log with the tables of the tree."""
    found = Logbook(postgres_dsn)
    yield found
    found.close()
