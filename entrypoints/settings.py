"""Every setting, read from the environment once; `docs/configuration.md` is checked against this file."""

from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

VERSIONS = ("1.6", "2.0.1", "2.1")
Names = Annotated[tuple[str, ...], NoDecode]
"""Several names in one variable, separated by commas."""


class Settings(BaseSettings):
    """What an operator may choose; each field's variable is `ZEUS_` and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="ZEUS_", extra="ignore", frozen=True, populate_by_name=True)

    database_url: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("DATABASE_URL", "ZEUS_DATABASE_URL"),
        description="A PostgreSQL server to use (`postgresql://user@host/name`). Unset: the embedded one.",
    )
    gateway_database_url: SecretStr | None = Field(
        default=None,
        description="The address that sockets and API use: a role made by `zeus migrate`, which may add "
        "to the log and never change it. Unset: DATABASE_URL.",
    )
    data_dir: Path = Field(
        default=Path("var"),
        description="Where the embedded database and the made-up secrets live.",
    )
    host: str = Field(default="127.0.0.1", description="The address to listen on.")
    port: int = Field(default=8080, ge=0, le=65535, description="The port for chargers, API and pages.")
    tls_certificates: Names = Field(
        default=(),
        description="PEM files for a TLS listener of our own, each a chain and its key; one of RSA and one of "
        "ECDSA serve every charger. Unset: none, a proxy does TLS.",
    )
    tls_host: str | None = Field(
        default=None, description="The address to listen on with TLS. Unset: that of ZEUS_HOST."
    )
    tls_port: int = Field(default=8443, ge=0, le=65535, description="The port for the same with TLS.")
    tls_client_ca: Path | None = Field(
        default=None,
        description="PEM file of the authorities that certificates of chargers (security profile 3) may be of, "
        "beside our own.",
    )
    tls_client_crl: Path | None = Field(
        default=None, description="PEM file of the revocation lists of those authorities."
    )
    tls_client_organisation: str = Field(
        default="",
        description="The operator's name that certificates of chargers must bear as O. Unset: any.",
    )
    workers: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Gateway processes behind the port, a core each; `zeus serve --workers 2` says the same.",
    )
    write_budget: int = Field(
        default=50,
        ge=1,
        le=1000,
        description="Settings written to one charger in a day at most, by what is wanted of it: flash wears out.",
    )
    redis_url: SecretStr | None = Field(
        default=None,
        description="A Redis server (`redis://host:6379/0`) that carries commands between gateways, keys and "
        "rate limits. Unset: PostgreSQL does.",
    )
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^/?#@\s]+/?$",
        description="`https://host[:port]` as chargers reach this server; it is in the URLs they fetch firmware "
        "from and send logs to. Unset: `http://` with the host and the port listened on.",
    )
    api_token: SecretStr | None = Field(
        default=None,
        description="The bearer token of the API. Unset: made up at the first start, kept in the data directory.",
    )
    tenant: str = Field(
        default="default",
        pattern=r"^[a-z0-9][a-z0-9-]{0,30}$",
        description="The tenant of the token above, and of chargers whose address names none; it is part of every key.",
    )
    versions: Names = Field(default=VERSIONS, description="The OCPP versions that are switched on.")
    heartbeat_s: int = Field(
        default=300,
        ge=10,
        le=86400,
        description="Heartbeat interval told at boot; each charger gets it ± 10 %.",
    )
    accept_unknown_tokens: bool = Field(
        default=False, description="Free vending: tokens nobody registered may charge."
    )
    idle_timeout_s: float = Field(
        default=1200.0,
        ge=30,
        description="A connection silent for so long (no frame, no pong) is closed as dead.",
    )
    ping_interval_s: float = Field(
        default=60.0,
        ge=5,
        description="The server pings each charger this often; NAT boxes forget idle sockets.",
    )
    frames_per_s: float = Field(
        default=50.0, gt=0, description="Sustained frames of one charger; beyond it reading is delayed."
    )
    burst: int = Field(
        default=500, ge=1, description="Frames a charger may send at once, such as a backlog after an outage."
    )
    unknown_id_status: str = Field(
        default="404",
        pattern="^(404|401)$",
        description="What an unknown id is answered: `404` as OCPP-J wants it, or `401` as a wrong password, so "
        "that ids cannot be found out.",
    )
    wrong_per_charger: int = Field(
        default=10,
        ge=1,
        description="Wrong passwords for one charger in 10 minutes; then it has to wait. From the address it was "
        "let in from last it is counted apart.",
    )
    wrong_per_address: int = Field(
        default=100, ge=1, description="Wrong passwords from one address in 10 minutes; then it has to wait."
    )
    unknown_per_address: int = Field(
        default=20,
        ge=1,
        description="Different ids from one address in an hour that nobody registered; then it has to wait.",
    )
    refused_per_min: int = Field(
        default=60,
        ge=1,
        description="Refused handshakes from one address in a minute, at once twice as many; then it has to wait. "
        "Who is let in is never counted.",
    )
    frame_size: int = Field(
        default=65536, ge=4096, le=4194304, description="Bytes of one frame; larger ones are refused unread."
    )
    api_per_s: float = Field(default=20.0, gt=0, description="Sustained API requests a second of one token.")
    api_burst: int = Field(default=60, ge=1, description="API requests of one token at once, after a pause.")
    commands_per_s: float = Field(
        default=2.0, gt=0, description="Sustained commands a second to one charger, whoever asks."
    )
    commands_burst: int = Field(
        default=10, ge=1, description="Commands to one charger at once, after a pause."
    )
    trusted_proxies: Names = Field(
        default=(), description="Addresses of proxies whose X-Forwarded-For and -Proto are believed."
    )
    drift_alarm_minutes: int = Field(
        default=30,
        ge=1,
        description="A setting that is not as wanted for so long, once reached or given up, raises an alarm.",
    )
    message_retention_days: int = Field(
        default=90,
        ge=1,
        description="How long `ocpp_messages` keeps rows; the event log itself keeps everything.",
    )
    sample_retention_days: int = Field(
        default=400, ge=1, description="How long `ocpp_meter_samples` keeps raw rows."
    )
    artefacts_dir: Path | None = Field(
        default=None,
        description="Where firmware and uploads of chargers are kept. Unset: `artefacts` in the data directory.",
    )
    artefacts_bucket: str | None = Field(
        default=None,
        description="Keep them in this bucket instead (needs the extra `s3`; credentials as boto3 finds them, "
        "such as AWS_ACCESS_KEY_ID).",
    )
    artefacts_endpoint: str | None = Field(
        default=None, description="The address of a store that resembles S3. Unset: Amazon's own."
    )
    artefacts_region: str | None = Field(default=None, description="The region of the bucket.")
    artefacts_prefix: str = Field(default="zeus/", description="What the keys of our objects begin with.")
    firmware_size: int = Field(
        default=536_870_912, ge=1, description="Bytes of one firmware; larger ones are refused."
    )
    upload_size: int = Field(
        default=104_857_600,
        ge=1,
        description="Bytes of one log or diagnostics file; larger ones are refused.",
    )
    firmware_hosts: Names = Field(
        default=(),
        description="Hosts (`host` or `host:port`, by name) beside our own that chargers may be sent to for "
        "firmware. Unset: none, firmware comes from Zeus alone.",
    )
    log_format: str = Field(
        default="auto",
        pattern="^(auto|json|text)$",
        description="`json` lines, `text`, or by what stdout is.",
    )
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")

    @field_validator("versions", "trusted_proxies", "firmware_hosts", "tls_certificates", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("versions")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in value if name not in VERSIONS]
        if unknown or not value:
            raise ValueError(f"choose from {', '.join(VERSIONS)}; not {', '.join(unknown) or 'nothing'}")
        return value
