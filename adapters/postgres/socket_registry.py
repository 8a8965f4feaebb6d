"""Who owns a charger's socket, as rows of `fleet.sockets`; the database's clock says who lives."""

from adapters.postgres.link import PostgresLink
from application.fleet import Owner
from domain.identity import ChargerId

_CLAIM = """
    INSERT INTO fleet.sockets AS s (tenant, charger, generation, gateway, connection, protocol)
    VALUES (%(tenant)s, %(charger)s, 1, %(gateway)s, %(connection)s, %(protocol)s)
    ON CONFLICT (tenant, charger) DO UPDATE SET generation = s.generation + 1, gateway = excluded.gateway,
        connection = excluded.connection, protocol = excluded.protocol
    RETURNING generation
"""
_RELEASE = """
    UPDATE fleet.sockets SET gateway = NULL, connection = NULL, protocol = NULL
    WHERE tenant = %(tenant)s AND charger = %(charger)s AND generation = %(generation)s
        AND gateway IS NOT NULL
    RETURNING true
"""
_OWNER = """
    SELECT gateway, connection, generation, protocol FROM fleet.sockets
    WHERE tenant = %(tenant)s AND charger = %(charger)s AND gateway IN (SELECT gateway FROM fleet.living)
"""
# The select sees the table as it was before the insert of the same statement.
_BEAT = """
    WITH beat AS (
        INSERT INTO fleet.gateways AS g (gateway, lives_until, ttl)
        VALUES (%(gateway)s, clock_timestamp() + make_interval(secs => %(ttl_s)s),
            make_interval(secs => %(ttl_s)s))
        ON CONFLICT (gateway) DO UPDATE SET lives_until = excluded.lives_until, ttl = excluded.ttl
    )
    SELECT EXISTS (SELECT FROM fleet.living WHERE gateway = %(gateway)s)
"""
_LEAVE = """
    WITH gone AS (DELETE FROM fleet.gateways WHERE gateway = %(gateway)s)
    UPDATE fleet.sockets SET gateway = NULL, connection = NULL, protocol = NULL WHERE gateway = %(gateway)s
"""
_DEAD = """
    SELECT tenant, charger, gateway, connection, generation, protocol FROM fleet.sockets
    WHERE gateway IS NOT NULL AND gateway NOT IN (SELECT gateway FROM fleet.living)
    ORDER BY tenant, charger
"""


class PostgresSocketRegistry:
    """The port `application.fleet.SocketRegistry` on Postgres."""

    def __init__(self, link: PostgresLink) -> None:
        """The tables exist (`fleet_schema.create`)."""
        self._link = link

    async def claim(self, charger: ChargerId, gateway: str, connection: str, protocol: str) -> int:
        """One row a charger: whoever comes last stands in it."""
        claimed = {"gateway": gateway, "connection": connection, "protocol": protocol}
        [(generation,)] = await self._link.rows(_CLAIM, {**_named(charger), **claimed})
        return int(generation)

    async def release(self, charger: ChargerId, generation: int) -> bool:
        """The row stays, and with it the generation."""
        return bool(await self._link.rows(_RELEASE, {**_named(charger), "generation": generation}))

    async def owner(self, charger: ChargerId) -> Owner | None:
        """By the primary key."""
        rows = await self._link.rows(_OWNER, {**_named(charger)})
        return Owner(*rows[0]) if rows else None

    async def beat(self, gateway: str, ttl_s: float) -> bool:
        """Counted from the database's present."""
        [(lived,)] = await self._link.rows(_BEAT, {"gateway": gateway, "ttl_s": ttl_s})
        return bool(lived)

    async def living(self) -> frozenset[str]:
        """The view `fleet.living`."""
        return frozenset(
            gateway for (gateway,) in await self._link.rows("SELECT gateway FROM fleet.living", {})
        )

    async def leave(self, gateway: str) -> None:
        """In one transaction."""
        await self._link.rows(_LEAVE, {"gateway": gateway})

    async def owned_by_the_dead(self) -> list[tuple[ChargerId, Owner]]:
        """In order of the chargers' ids."""
        rows = await self._link.rows(_DEAD, {})
        return [(ChargerId(tenant, key), Owner(*owner)) for tenant, key, *owner in rows]


def _named(charger: ChargerId) -> dict[str, object]:
    return {"tenant": charger.tenant, "charger": charger.key}
