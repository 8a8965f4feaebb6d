"""The people of this installation: the keys behind their secrets, and whoever works with them."""

from adapters.http.session_access import SessionAccess
from adapters.oidc.fetching import Fetch
from adapters.oidc.providers import OpenIdConnect
from adapters.people.argon2_hashes import Argon2Hashes
from adapters.people.keyring import Keys
from adapters.postgres.link import PostgresLink
from adapters.postgres.sessions import PostgresSessions
from application.lockouts import Lockouts
from application.oidc import OidcDesk
from application.passwords import Passwords
from application.people import UserBook
from application.ports import EventStore
from application.session_door import SessionDoor
from application.sign_in import FrontDesk
from application.tenants import Directory
from entrypoints.database import people_keys
from entrypoints.settings import Settings

SESSION_CONNECTIONS = 2


class Reception:
    """Where people come in, of one process. Sessions are in Postgres, whichever broker carries the rest."""

    def __init__(
        self,
        database_url: str,
        settings: Settings,
        store: EventStore,
        directory: Directory,
        lockouts: Lockouts,
    ) -> None:
        self._link = PostgresLink(database_url, connections=SESSION_CONNECTIONS)
        self._hashes = Argon2Hashes()
        keys = Keys(people_keys(settings))
        self.sessions = PostgresSessions(self._link)
        self.desk = FrontDesk(
            UserBook(store, keys),
            directory,
            Passwords(keys, self._hashes),
            self.sessions,
            lockouts,
            code_needed=settings.second_factor == "required",
        )
        self._providers = open_providers(settings)
        self.oidc = OidcDesk(self.desk, directory, self._providers)
        self.access = SessionAccess(SessionDoor(store, directory, self.sessions), settings.allowed_origins)

    async def close(self) -> None:
        """What is to be put on record is; then let go of everything."""
        await self.desk.finish()
        self._hashes.close()
        await self._providers.close()
        await self._link.close()


def open_providers(settings: Settings) -> OpenIdConnect:
    """What speaks with providers; close it."""
    return OpenIdConnect(Fetch(loopback=settings.oidc_loopback, private_hosts=settings.oidc_private_hosts))


def open_book(store: EventStore, settings: Settings) -> UserBook:
    """People as they stand in the log."""
    return UserBook(store, Keys(people_keys(settings)))


def open_passwords(settings: Settings) -> tuple[Passwords, Argon2Hashes]:
    """For a short command; close the hashes."""
    hashes = Argon2Hashes(threads=1)
    return Passwords(Keys(people_keys(settings)), hashes), hashes
