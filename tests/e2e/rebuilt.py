"""Live read models against a fresh rebuild from the log."""

from collections.abc import Sequence

from adapters.privacy.key_ring import KeyRing
from adapters.privacy.opening import decoding, open_subjects
from domain.catalogue import FACTS
from projections.catalogue import READ_MODELS
from projections.engine import connect_projector
from projections.log import PostgresLog
from projections.read_model import ReadModel
from projections.rebuild import rebuild
from tests.e2e.zeus_process import PRIVACY_KEY


def differences(dsn: str, models: Sequence[ReadModel] = READ_MODELS) -> list[str]:
    """Rebuild these read models beside the live one and compare; empty when all rows are the same."""
    subjects = open_subjects(dsn, KeyRing({1: PRIVACY_KEY}))
    log = PostgresLog(dsn, decoding(FACTS, subjects))
    found: list[str] = []
    for model in models:
        with connect_projector(dsn) as connection:
            result = rebuild(connection, log, model, lambda _: None, verify=True, fresh=True)
        if not result.tables:
            found.append(f"{model.name}: nothing was compared")
        found += [f"{model.name}: {table}" for table in result.tables if not table.same]
    log.close()
    subjects.close()
    return found
