"""Leases, as rows of `fleet.leases`; the function `fleet.take_lease` counts and takes in one round trip."""

from collections.abc import Sequence

from adapters.postgres.link import PostgresLink
from application.fleet import Room

_TAKE = "SELECT fleet.take_lease(%(lease)s, %(rooms)s, %(most)s, make_interval(secs => %(ttl_s)s))"
_GIVE_BACK = "DELETE FROM fleet.leases WHERE lease = %(lease)s"


class PostgresLeases:
    """The port `application.fleet.Leases` on Postgres."""

    def __init__(self, link: PostgresLink) -> None:
        """The tables exist (`fleet_schema.create`)."""
        self._link = link

    async def take(self, lease: str, rooms: Sequence[Room], *, ttl_s: float) -> str:
        """By the database's clock."""
        asked = {"rooms": [room.name for room in rooms], "most": [room.most for room in rooms]}
        [(full,)] = await self._link.rows(_TAKE, {**asked, "lease": lease, "ttl_s": ttl_s})
        return str(full)

    async def give_back(self, lease: str) -> None:
        """All its places."""
        await self._link.rows(_GIVE_BACK, {"lease": lease})
