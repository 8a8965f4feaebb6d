"""The job that makes checkpoints: between two looks of the sealer, when one is due, and never to the sealer's harm."""

import logging
import threading
from pathlib import Path

import psycopg
import pytest

from adapters.audit.sealer import seal
from entrypoints import audit
from entrypoints.settings import Settings
from tests.adapters.audit.logbook import Logbook


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """With a data directory of their own."""
    return Settings(data_dir=tmp_path, tenant="t")


def test_the_one_who_seals_makes_the_checkpoints(
    postgres_dsn: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "LOOK_EVERY_S", 0.0)
    logbook = Logbook(postgres_dsn)
    logbook.add(300)
    stop = threading.Event()
    thread = threading.Thread(
        target=seal, args=(postgres_dsn, stop, audit.checkpointing(postgres_dsn, settings))
    )
    thread.start()
    published = settings.data_dir / "audit" / "checkpoints" / "checkpoint.txt"
    while not published.exists():
        stop.wait(0.05)
    stop.set()
    thread.join(20)
    with psycopg.connect(postgres_dsn) as connection:
        rows = connection.execute(
            "SELECT topic FROM eventstore.stored_events WHERE topic LIKE 'audit.%' ORDER BY notification_id"
        ).fetchall()
    assert rows == [("audit.key_adopted",), ("audit.checkpoint_published",)]
    assert published.read_text().splitlines()[1] == "301"
    logbook.close()


def test_what_is_in_the_way_is_told_and_tried_again(
    postgres_dsn: str, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(audit, "LOOK_EVERY_S", 0.0)
    keys = settings.data_dir / "audit" / "keys"
    keys.mkdir(parents=True)
    (keys / "0.key").write_text("rubbish")
    with caplog.at_level(logging.WARNING):
        audit.checkpointing(postgres_dsn, settings)()
    assert "no checkpoint was made" in caplog.text
