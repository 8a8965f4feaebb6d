"""What the settings make of the artefact store."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.artefacts.local_disk import LocalDisk
from adapters.artefacts.s3 import S3
from entrypoints.artefacts import open_artefacts, open_blobs, public_url
from entrypoints.settings import Settings
from tests.adapters.http.artefact_world import NOON, pieces
from tests.fakes.event_store import InMemoryEventStore


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ({"public_url": "https://zeus.example/"}, "https://zeus.example"),
        ({"public_url": "http://10.0.0.1:81"}, "http://10.0.0.1:81"),
        ({"host": "192.0.2.1"}, "http://192.0.2.1:9000"),
        ({"host": "2001:db8::1"}, "http://[2001:db8::1]:9000"),
        ({"host": "0.0.0.0"}, "http://depot:9000"),  # noqa: S104
    ],
)
def test_the_address_chargers_are_told(
    monkeypatch: pytest.MonkeyPatch, choices: dict[str, Any], expected: str
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "depot")
    assert public_url(Settings(**choices), 9000) == expected


@pytest.mark.parametrize(
    "url", ["zeus.example", "ftp://zeus.example", "https://a:b@zeus.example", "https://x/y"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        Settings(public_url=url)


async def test_the_disk_unless_a_bucket_is_named(tmp_path: Path) -> None:
    store = InMemoryEventStore()
    artefacts = open_artefacts(Settings(firmware_size=3), tmp_path, store, b"secret", 1).of("default")
    content = await artefacts.store_firmware(pieces(b"abc"), lambda: "f", actor="a")
    link = await artefacts.link_for_download(content.artefact, "CP1", expires_at=NOON.replace(year=2999))
    assert link.url.startswith("http://127.0.0.1:1/artefacts/")
    assert (tmp_path / "artefacts").is_dir()
    elsewhere = open_blobs(Settings(artefacts_dir=tmp_path / "other"), tmp_path)
    assert isinstance(elsewhere, LocalDisk)
    assert (tmp_path / "other").is_dir()
    bucket = open_blobs(
        Settings(artefacts_bucket="b", artefacts_endpoint="http://127.0.0.1:1", artefacts_region="x"),
        tmp_path,
    )
    assert isinstance(bucket, S3)
    await bucket.close()
