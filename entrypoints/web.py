"""The web side of `zeus serve`: the application over the gateway, and what the server itself asks the board."""

import hashlib
import logging
from collections.abc import Collection
from importlib.metadata import PackageNotFoundError, version

import psycopg

from adapters.http.access import OneToken
from adapters.http.app import WebApplication, WebSettings, build_app
from adapters.http.artefacts import artefact_routes
from adapters.http.certificate_status import certificate_status_routes
from adapters.http.database import open_engine
from adapters.http.install_card_route import install_card_routes
from adapters.http.naming import Naming
from adapters.http.rate_limits import Limits
from adapters.http.tokens import StoredTokens
from application import clock
from domain.identity import ChargerId
from entrypoints.certificates import ending_probe, expiries
from entrypoints.settings import Settings
from entrypoints.wiring import Core
from projections.positions import lag
from projections.row_security import CROSS

log = logging.getLogger("zeus.serve")


class Web:
    """The application and the connections it reads with."""

    def __init__(self, database_url: str, settings: Settings, token: str, core: Core) -> None:
        self._database_url = database_url
        self._engine = open_engine(database_url)
        self.app: WebApplication = build_app(
            WebSettings(
                version=zeus_version(),
                cursor_secret=hashlib.sha256(b"cursor" + token.encode()).digest(),
                ocpp_versions=settings.versions,
                public_url=settings.public_url or "",
                limits=Limits(
                    token_per_s=settings.api_per_s,
                    token_burst=settings.api_burst,
                    command_per_s=settings.commands_per_s,
                    command_burst=settings.commands_burst,
                ),
                trusted_proxies=frozenset(settings.trusted_proxies),
            ),
            engine=self._engine,
            access=StoredTokens(OneToken(settings.tenant, token), core.token_door),
            gateway=core.gateway,
            store=core.store,
            services=core.services,
            keys=core.fleet.keys,
            rates=core.fleet.limits,
            strangers=core.strangers,
            sessions=core.people.access,
            notes={"certificates_ending": ending_probe(core.tls)},
            expiries=lambda: expiries(core.tls, core.certificates.book.known, clock.now()),
            naming=Naming(core.subjects),
            beside=[
                *artefact_routes(core.artefacts.behind, trusted_proxies=settings.trusted_proxies),
                *install_card_routes(core.cards),
                *certificate_status_routes(core.certificate_status()),
            ],
        )

    def chargers_left_online(self, living: Collection[str]) -> list[ChargerId]:
        """Chargers the board shows on a gateway that is not among the living; none while the board is behind."""
        try:
            with psycopg.connect(self._database_url, connect_timeout=5) as connection:
                connection.execute(CROSS)
                board = [row for row in lag(connection) if row.name == "status_board"]
                if not board or any(row.behind for row in board):
                    return []
                rows = connection.execute(
                    "SELECT tenant, charger FROM ocpp_chargers WHERE online AND gateway <> ALL(%s)",
                    (list(living),),
                ).fetchall()
        except psycopg.OperationalError as error:
            log.warning("cannot look for chargers left online yet: %s", error)
            return []
        return [ChargerId(tenant, key) for tenant, key in rows]

    def close(self) -> None:
        """Let go of the connections."""
        self.app.database.close()
        self._engine.dispose()


def zeus_version() -> str:
    """The installed version."""
    try:
        return version("zeus-csms")
    except PackageNotFoundError:
        return "unreleased"


def open_web(database_url: str, settings: Settings, token: str, core: Core) -> Web:
    """The web side, ready to be served."""
    return Web(database_url, settings, token, core)
