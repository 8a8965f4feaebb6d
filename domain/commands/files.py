"""Intents about files: firmware that a charger fetches, logs that it uploads."""

from datetime import datetime
from enum import StrEnum

from domain.commands.intent import Intent


class UpdateFirmware(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Fetch and install firmware. 1.6 UpdateFirmware, or SignedUpdateFirmware with certificate and signature."""

    location: str
    """The URL to fetch from."""
    retrieve_at: datetime
    install_at: datetime | None = None
    """None: at once. Plain 1.6 cannot be told."""
    certificate: str = ""
    """PEM of the maker's certificate that the signature is checked against."""
    signature: str = ""
    """Base64."""
    retries: int | None = None
    """None: as often as the charger likes."""
    retry_interval_s: int | None = None
    request_id: int = 0


class PublishFirmware(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Have a local controller fetch firmware and offer it to the chargers behind it."""

    location: str
    checksum: str
    """MD5 of the file in hex; it also names the file for UnpublishFirmware."""
    retries: int | None = None
    retry_interval_s: int | None = None
    request_id: int = 0


class UnpublishFirmware(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Have a local controller no longer offer a firmware."""

    checksum: str
    """MD5 of the file in hex."""


class LogKind(StrEnum):
    """Which log."""

    DIAGNOSTICS = "diagnostics"
    SECURITY = "security"
    DATA_COLLECTOR = "data_collector"
    """2.1."""


class GetLog(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Have a log uploaded. 1.6 GetDiagnostics, or GetLog where the charger has the security extension."""

    location: str
    """The URL to upload to."""
    kind: LogKind = LogKind.DIAGNOSTICS
    oldest_at: datetime | None = None
    """None: from the beginning."""
    latest_at: datetime | None = None
    """None: until now."""
    retries: int | None = None
    retry_interval_s: int | None = None
    request_id: int = 0
