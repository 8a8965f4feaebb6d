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
        "to the log, never change it, and see the rows of the tenant it works for. Unset: DATABASE_URL.",
    )
    engine_database_url: SecretStr | None = Field(
        default=None,
        description="The address that the projector reads the log by and the follower works by: a role that is a "
        "member of `zeus_engine`. Unset: DATABASE_URL.",
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
    privacy_key: SecretStr | None = Field(
        default=None,
        description="The key that seals personal data: `<version>:<Base64 of 32 bytes>`, several separated by "
        "commas while one takes over from another. Unset: that of ZEUS_PRIVACY_KEY_FILE.",
    )
    privacy_key_file: Path | None = Field(
        default=None,
        description="A file with that key, a version a line; made at the first start where it is missing. Unset: "
        "`privacy-key` in the data directory.",
    )
    tenant: str = Field(
        default="default",
        pattern=r"^[a-z0-9][a-z0-9-]{0,30}$",
        description="The tenant of the token above, and of chargers whose address names none; it is part of every key.",
    )
    people_key: SecretStr | None = Field(
        default=None,
        description="What seals the secrets of people and names their logins, 32 random characters or more; several "
        "separated by commas: the first seals, all open, the last names. Unset: made up at the first start, kept in "
        "the data directory.",
    )
    second_factor: str = Field(
        default="required",
        pattern="^(required|optional)$",
        description="Whether people whose role may operate need an authenticator to sign in with a password; "
        "`optional` is for a laptop.",
    )
    allowed_origins: Names = Field(
        default=(),
        description="Origins (`https://host[:port]`) beside our own whose pages may use a session cookie.",
    )
    oidc_loopback: bool = Field(
        default=False,
        description="Providers (OpenID Connect) may be at http on this very machine: for trying out.",
    )
    oidc_private_hosts: Names = Field(
        default=(),
        description="Hosts of providers that are in an inner network, by name; others have to be at public addresses.",
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
        default=180.0,
        ge=30,
        description="A connection over which nothing comes, not even a pong, is closed as dead: after three "
        "heartbeats of its charger and three pings, and after so many seconds at least.",
    )
    close_sessions_after_h: float = Field(
        default=24.0,
        gt=0,
        description="A session whose end is waited for so long is closed with what was measured; an end that "
        "comes later still counts.",
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
    arrivals_per_min: int = Field(
        default=30,
        ge=1,
        description="Completed handshakes of one charger in a minute, at once twice as many; then it has to wait.",
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
    api_refused_per_min: int = Field(
        default=60,
        ge=1,
        description="API requests without a good token from one address in a minute, at once twice as many; then it "
        "has to wait. Good tokens are let pass.",
    )
    mass_per_min: int = Field(
        default=60,
        ge=1,
        description="Different chargers that one person or token may stop, restart, unlock, limit or take out of "
        "service in a minute. A program that stops sessions for drivers may need more.",
    )
    mass_burst: int = Field(default=100, ge=1, description="The same at once, after a pause.")
    streams_per_credential: int = Field(
        default=5,
        ge=1,
        le=10000,
        description="Live streams that one credential may have open, over all processes.",
    )
    streams_per_tenant: int = Field(
        default=200, ge=1, le=10000, description="Live streams of one tenant, over all processes."
    )
    webhooks_private: bool = Field(
        default=False,
        description="Webhooks may lead into our own networks, and by plain HTTP: for a laptop, never for a server "
        "with tenants.",
    )
    webhook_timeout_s: float = Field(
        default=15.0, gt=0, le=120, description="How long whoever gets a webhook may take to answer."
    )
    webhook_patience_days: float = Field(
        default=5.0, gt=0, description="A webhook whose deliveries all fail for so long is disabled."
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
    audit_origin: str = Field(
        default="",
        pattern=r"^[^\s+]{0,200}$",
        description="The name of this log on its checkpoints, such as `zeus.example.com/log`; it never changes. "
        "Unset: made of the first key.",
    )
    audit_key: SecretStr | None = Field(
        default=None,
        description="The key that signs checkpoints (`PRIVATE+KEY+…`). Unset: made at the first start, kept in "
        "the data directory.",
    )
    audit_checkpoint_min: int = Field(
        default=60, ge=1, le=1440, description="A checkpoint of the log is signed and published this often."
    )
    audit_publish_dir: Path | None = Field(
        default=None,
        description="The directory that checkpoints are written to; let others collect them. Unset: "
        "`audit/checkpoints` in the data directory.",
    )
    audit_publish_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s]+$",
        description="An address that each checkpoint is sent to as well (POST, text/plain).",
    )
    log_format: str = Field(
        default="auto",
        pattern="^(auto|json|text)$",
        description="`json` lines, `text`, or by what stdout is.",
    )
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")

    @field_validator(
        "versions",
        "trusted_proxies",
        "firmware_hosts",
        "tls_certificates",
        "allowed_origins",
        "oidc_private_hosts",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("people_key")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and any(len(one.strip()) < 32 for one in value.get_secret_value().split(",")):
            raise ValueError("each key has 32 characters or more; make one with `openssl rand -base64 32`")
        return value

    @field_validator("versions")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in value if name not in VERSIONS]
        if unknown or not value:
            raise ValueError(f"choose from {', '.join(VERSIONS)}; not {', '.join(unknown) or 'nothing'}")
        return value
