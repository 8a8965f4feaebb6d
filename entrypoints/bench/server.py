"""The server under measurement: `zeus serve` as a process of its own, on a data directory that goes away."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from adapters.audit import tree_schema
from adapters.eventstore import schema
from adapters.postgres import fleet_schema, vault_schema
from application import clock
from application.ports import EventStore
from application.registry import Registry
from domain.chargers.credentials import digest_of
from domain.chargers.events import CredentialIssued, Registered
from domain.event import Fact, Told, events_of
from domain.identity import ChargerId, IdToken
from entrypoints.bench.load import Target, cpid_of, password_of
from entrypoints.bench.messages import token_of
from entrypoints.bench.usage import Processes
from entrypoints.database import ADDRESS_FILE, opened_database
from entrypoints.listening import raise_file_limit
from entrypoints.privacy import open_sealed_store
from entrypoints.settings import Settings

TENANT = "default"
COMMAND = (sys.executable, "-m", "entrypoints.cli", "serve")
_START_S = 60.0


class ServerDidNotStart(RuntimeError):
    """`zeus serve` ended or kept silent; the message carries the end of what it said."""


class Server(msgspec.Struct, frozen=True):
    """A server that takes chargers."""

    process: "subprocess.Popen[bytes]"
    port: int
    data_dir: Path
    token: str

    @property
    def database_url(self) -> str:
        """Of its embedded Postgres."""
        return (self.data_dir / ADDRESS_FILE).read_text().strip()

    def processes(self) -> Processes:
        """Its processes, as they are now."""
        return Processes(self.process.pid, self.database_url)

    def target(self, *, deflate: bool = False) -> Target:
        """For the load."""
        return Target(self.port, deflate)


@contextmanager
def provisioned(chargers: int, security_profile: int = 1) -> Iterator[Path]:
    """A data directory with so many registered chargers and their drivers' tokens; removed at the end."""
    path = Path(tempfile.mkdtemp(prefix="zeus-bench-"))
    path.chmod(0o755)  # started as root, the database runs under an account of its own
    try:
        settings = Settings(data_dir=path, database_url=None)
        with opened_database(settings) as url:
            schema.create(url)
            fleet_schema.create(url)
            vault_schema.create(url)
            tree_schema.create(url)
            asyncio.run(_provision(url, settings, chargers, security_profile))
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def serving(data_dir: Path, extra: Mapping[str, str] | None = None) -> Iterator[Server]:
    """`zeus serve` on that directory, until the context ends. Raises ServerDidNotStart."""
    raise_file_limit()
    port, token = free_port(), "bench"
    environment = {
        **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
        "ZEUS_DATA_DIR": str(data_dir),
        "ZEUS_HOST": "127.0.0.1",
        "ZEUS_PORT": str(port),
        "ZEUS_API_TOKEN": token,
        "ZEUS_TENANT": TENANT,
        "ZEUS_FRAMES_PER_S": "1000000",
        "ZEUS_BURST": "1000000",
        "ZEUS_API_PER_S": "1000000",
        "ZEUS_API_BURST": "1000000",
        "ZEUS_COMMANDS_PER_S": "1000000",
        "ZEUS_COMMANDS_BURST": "1000000",
        "ZEUS_MASS_PER_MIN": "1000000",
        "ZEUS_MASS_BURST": "1000000",
        "ZEUS_LOG_LEVEL": "WARNING",
        **(extra or {}),
    }
    said = data_dir / "serve.log"
    with said.open("ab") as log:
        process = subprocess.Popen(  # noqa: S603 - ourselves
            COMMAND, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait_until_it_listens(process, port, said)
        yield Server(process, port, data_dir, token)
    finally:
        _stop(process)


def words_of(data_dir: Path) -> list[str]:
    """The warnings and errors the servers on that directory have logged."""
    said = data_dir / "serve.log"
    return said.read_text(errors="replace").splitlines() if said.exists() else []


async def _provision(url: str, settings: Settings, chargers: int, security_profile: int) -> None:
    store = open_sealed_store(url, settings)
    try:
        registry = Registry(store, TENANT, "zeus")
        await asyncio.gather(*(_register(store, n, security_profile) for n in range(chargers)))
        await asyncio.gather(*(registry.issue_token(IdToken(token_of(n))) for n in range(chargers)))
    finally:
        await store.close()


async def _register(store: EventStore, number: int, security_profile: int) -> None:
    """As the registry does it, without reading first."""
    cpid, salt = cpid_of(number), clock.salt()
    credential = CredentialIssued(salt=salt, digest=digest_of(salt, password_of(number).encode()))
    facts: list[Fact] = [Registered(cpid=cpid, security_profile=security_profile), credential]
    told = Told(recorded_at=clock.now(), actor="zeus")
    await store.append(events_of(ChargerId.of(TENANT, cpid).stream, 0, facts, told))


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_listens(process: "subprocess.Popen[bytes]", port: int, said: Path) -> None:
    until = clock.monotonic() + _START_S
    while clock.monotonic() < until:
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise ServerDidNotStart(f"`zeus serve` does not answer:\n{said.read_text(errors='replace')[-2000:]}")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(90)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
