"""Facts about a charger's firmware and the log files it uploads."""

from domain.event import Fact


class FirmwareStatusReported(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """How far an update of the charger's own firmware has come."""

    TOPIC = "firmware.status_reported"
    status: str
    """`Downloading`, `Downloaded`, `SignatureVerified`, `Installing`, `Installed`, `InstallationFailed` …"""
    request_id: int | None = None
    """The request it belongs to; None in plain 1.6 and where the status is `Idle`."""
    reason_code: str = ""
    """Why, where 2.1 tells."""
    info: str = ""


class FirmwarePublicationReported(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """How far a local controller has come in offering a firmware to its chargers."""

    TOPIC = "firmware.publication_reported"
    status: str
    """`Downloading`, `ChecksumVerified`, `Published`, `InvalidChecksum`, `PublishFailed` …"""
    request_id: int | None = None
    locations: tuple[str, ...] = ()
    """URLs where the published firmware can be fetched."""
    reason_code: str = ""
    info: str = ""


class LogUploadReported(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """How far the upload of a log file has come."""

    TOPIC = "log.upload_reported"
    status: str
    """`Uploading`, `Uploaded`, `UploadFailure`, `PermissionDenied`, `BadMessage`, `Idle` …"""
    request_id: int | None = None
    diagnostics: bool = False
    """1.6 GetDiagnostics: an upload that knows no request id and no kind of log."""
    reason_code: str = ""
    info: str = ""
