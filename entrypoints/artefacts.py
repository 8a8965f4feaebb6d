"""The artefacts of a process: where its bytes are, and the address chargers are told."""

import socket
from pathlib import Path

from adapters.artefacts.local_disk import LocalDisk
from adapters.artefacts.s3 import S3, S3Settings
from application.artefact_rooms import ArtefactRooms
from application.artefacts import Artefacts, ArtefactSettings
from application.blobs import BlobStore
from application.ports import EventStore
from entrypoints.settings import Settings

EVERY_ADDRESS = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - compared with, not bound to


def open_artefacts(
    settings: Settings, home: Path, store: EventStore, secret: bytes, port: int
) -> ArtefactRooms:
    """`home` is the data directory, `secret` seals URLs and outlasts restarts, `port` is the one listened on.

    Raises BlobStoreUnavailable, S3ExtraMissing.
    """
    blobs = open_blobs(settings, home)

    def furnish(tenant: str, link_ending: str) -> Artefacts:
        choices = ArtefactSettings(
            tenant=tenant,
            public_url=public_url(settings, port),
            firmware_bytes=settings.firmware_size,
            upload_bytes=settings.upload_size,
            link_ending=link_ending,
        )
        return Artefacts(store, blobs, secret, choices)

    return ArtefactRooms(settings.tenant, secret, furnish)


def open_blobs(settings: Settings, home: Path) -> BlobStore:
    """A bucket where one is named, else a directory. Raises BlobStoreUnavailable, S3ExtraMissing."""
    if settings.artefacts_bucket is None:
        return LocalDisk(settings.artefacts_dir or home / "artefacts")
    return S3(
        S3Settings(
            bucket=settings.artefacts_bucket,
            endpoint=settings.artefacts_endpoint,
            region=settings.artefacts_region,
            prefix=settings.artefacts_prefix,
        )
    )


def public_url(settings: Settings, port: int) -> str:
    """As set, or a guess that is right where chargers reach this host by its name or address."""
    if settings.public_url is not None:
        return settings.public_url.rstrip("/")
    host = socket.gethostname() if settings.host in EVERY_ADDRESS else settings.host
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
