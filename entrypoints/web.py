"""The web side of `zeus serve`: the application over the gateway, and what the server itself asks the board."""

import asyncio
import hashlib
import logging
from importlib.metadata import PackageNotFoundError, version

import psycopg

from adapters.http.access import OneToken
from adapters.http.app import WebApplication, WebSettings, build_app
from adapters.http.database import open_engine
from adapters.http.rate_limits import Limits
from domain.identity import ChargerId
from entrypoints.settings import Settings
from entrypoints.wiring import Core
from projections.positions import lag

log = logging.getLogger("zeus.serve")


class Web:
    """The application and the connections it reads with."""

    def __init__(self, database_url: str, settings: Settings, token: str, core: Core) -> None:
        self._database_url = database_url
        self._tenant = settings.tenant
        self._engine = open_engine(database_url)
        self.app: WebApplication = build_app(
            WebSettings(
                version=zeus_version(),
                cursor_secret=hashlib.sha256(b"cursor" + token.encode()).digest(),
                ocpp_versions=settings.versions,
                limits=Limits(
                    token_per_s=settings.api_per_s,
                    token_burst=settings.api_burst,
                    command_per_s=settings.commands_per_s,
                    command_burst=settings.commands_burst,
                ),
            ),
            engine=self._engine,
            access=OneToken(settings.tenant, token),
            gateway=core.gateway,
            store=core.store,
        )

    async def chargers_left_online(self, gateway: str) -> list[ChargerId]:
        """Chargers the board shows on another gateway, as soon as it has caught up with today's log."""
        while True:
            found = await asyncio.to_thread(self._left_online, gateway)
            if found is not None:
                return found
            await asyncio.sleep(1)

    def close(self) -> None:
        """Let go of the connections."""
        self.app.database.close()
        self._engine.dispose()

    def _left_online(self, gateway: str) -> list[ChargerId] | None:
        """None while the board is behind or the database is away."""
        try:
            with psycopg.connect(self._database_url, connect_timeout=5) as connection:
                board = [row for row in lag(connection) if row.name == "status_board"]
                if not board or any(row.behind for row in board):
                    return None
                rows = connection.execute(
                    "SELECT charger FROM ocpp_chargers WHERE tenant = %s AND online AND gateway <> %s",
                    (self._tenant, gateway),
                ).fetchall()
        except psycopg.OperationalError as error:
            log.warning("cannot look for chargers left online yet: %s", error)
            return None
        return [ChargerId(self._tenant, key) for (key,) in rows]


def zeus_version() -> str:
    """The installed version."""
    try:
        return version("zeus-csms")
    except PackageNotFoundError:
        return "unreleased"


def open_web(database_url: str, settings: Settings, token: str, core: Core) -> Web:
    """The web side, ready to be served."""
    return Web(database_url, settings, token, core)
