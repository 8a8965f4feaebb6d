"""The library's own cases for a recorder, on ours."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from eventsourcing.tests.persistence import ApplicationRecorderTestCase

from adapters.eventstore import schema
from adapters.eventstore.datastore import EventDatastore
from adapters.eventstore.recorder import EventRecorder


class TestOurRecorder(ApplicationRecorderTestCase[EventRecorder]):
    """Text ids; one database a case."""

    @pytest.fixture(autouse=True)
    def _datastore(self, postgres_dsn: str) -> Iterator[None]:
        self.datastore = EventDatastore(postgres_dsn, schema=schema.SCHEMA, connections=12, role="none")
        yield
        self.datastore.close()

    def create_recorder(self) -> EventRecorder:
        """On the tables of the fixture; creating them again is harmless."""
        recorder = EventRecorder(self.datastore)
        recorder.create_table()
        return recorder

    def new_originator_id(self) -> UUID | str:
        """Text."""
        return f"charger/test/{uuid4()}"

    def test_insert_subscribe(self) -> None:
        """The optional case."""
        self.optional_test_insert_subscribe()
