"""The artefacts of every tenant: one room each, and the links of chargers lead to the right one."""

from collections.abc import Callable

from application.artefact_links import LinkSigner
from application.artefacts import Artefacts
from domain.artefacts.artefact import LinkUnusable
from domain.tenants.tenant import is_slug


class ArtefactRooms:
    """Rooms are made when they are first wanted; they share the place where the bytes are."""

    def __init__(self, default: str, secret: bytes, furnish: Callable[[str, str], Artefacts]) -> None:
        """`furnish(tenant, link_ending)` makes a room; the links of `default` name no tenant and stay short."""
        self._default = default
        self._secret = secret
        self._furnish = furnish
        self._rooms: dict[str, Artefacts] = {}

    def of(self, tenant: str) -> Artefacts:
        """The room of a tenant that exists."""
        room = self._rooms.get(tenant)
        if room is None:
            room = self._rooms[tenant] = self._furnish(tenant, self._ending(tenant))
        return room

    def behind(self, token: str) -> Artefacts:
        """The room that a charger's link leads to. Raises LinkUnusable for a link that we did not make."""
        slug = token.partition(".")[2]
        if slug and slug not in self._rooms:  # nobody opens a room by naming it
            if not is_slug(slug):
                raise LinkUnusable
            LinkSigner(self._secret, slug, self._ending(slug)).read(token)
        return self.of(slug or self._default)

    async def close(self) -> None:
        """Let go of the blob store's connections."""
        await self.of(self._default).close()

    def _ending(self, tenant: str) -> str:
        return "" if tenant == self._default else f".{tenant}"
