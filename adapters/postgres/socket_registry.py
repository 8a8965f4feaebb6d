"""Who owns a charger's socket, as rows of `fleet.sockets`; the database's clock says who lives."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from adapters.postgres.gathered import Gathered
from adapters.postgres.link import PostgresLink
from application.fleet import Owner
from domain.identity import ChargerId

# Many rows in one statement are locked in one order by all processes, so that none waits in a circle.
_CLAIM = """
    INSERT INTO fleet.sockets AS s (tenant, charger, generation, gateway, connection, protocol)
    SELECT tenant, charger, 1, gateway, connection, protocol
    FROM unnest(%(tenants)s::text[], %(chargers)s::text[], %(gateways)s::text[], %(connections)s::text[],
        %(protocols)s::text[]) AS told(tenant, charger, gateway, connection, protocol)
    ORDER BY tenant COLLATE "C", charger COLLATE "C"
    ON CONFLICT (tenant, charger) DO UPDATE SET generation = s.generation + 1, gateway = excluded.gateway,
        connection = excluded.connection, protocol = excluded.protocol
    RETURNING tenant, charger, generation
"""
_RELEASE = """
    WITH held AS MATERIALIZED (
        SELECT s.tenant, s.charger FROM fleet.sockets AS s
        JOIN unnest(%(tenants)s::text[], %(chargers)s::text[], %(generations)s::bigint[])
            AS told(tenant, charger, generation) USING (tenant, charger)
        WHERE s.generation = told.generation AND s.gateway IS NOT NULL
        ORDER BY s.tenant, s.charger FOR UPDATE OF s
    )
    UPDATE fleet.sockets AS s SET gateway = NULL, connection = NULL, protocol = NULL
    FROM held WHERE s.tenant = held.tenant AND s.charger = held.charger
    RETURNING s.tenant, s.charger
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
    WITH gone AS (DELETE FROM fleet.gateways WHERE gateway = %(gateway)s),
    held AS MATERIALIZED (
        SELECT tenant, charger FROM fleet.sockets WHERE gateway = %(gateway)s
        ORDER BY tenant, charger FOR UPDATE
    )
    UPDATE fleet.sockets AS s SET gateway = NULL, connection = NULL, protocol = NULL
    FROM held WHERE s.tenant = held.tenant AND s.charger = held.charger
"""
_DEAD = """
    SELECT tenant, charger, gateway, connection, generation, protocol FROM fleet.sockets
    WHERE gateway IS NOT NULL AND gateway NOT IN (SELECT gateway FROM fleet.living)
    ORDER BY tenant, charger
"""


class _Claim(NamedTuple):
    gateway: str
    connection: str
    protocol: str


class PostgresSocketRegistry:
    """The port `application.fleet.SocketRegistry` on Postgres."""

    def __init__(self, link: PostgresLink) -> None:
        """The tables exist (`fleet_schema.create`)."""
        self._link = link
        self._claims = Gathered(self._claim_all, patience_s=link.patience_s)
        self._releases = Gathered(self._release_all, patience_s=link.patience_s)

    async def claim(self, charger: ChargerId, gateway: str, connection: str, protocol: str) -> int:
        """One row a charger: whoever comes last stands in it."""
        return await self._claims.ask(charger, _Claim(gateway, connection, protocol))

    async def release(self, charger: ChargerId, generation: int) -> bool:
        """The row stays, and with it the generation."""
        return await self._releases.ask(charger, generation)

    async def _claim_all(self, claims: Mapping[ChargerId, _Claim]) -> dict[ChargerId, int]:
        gateways, connections, protocols = (list(column) for column in zip(*claims.values(), strict=True))
        told = {"gateways": gateways, "connections": connections, "protocols": protocols}
        rows = await self._link.rows(_CLAIM, {**_columns(claims), **told})
        return {ChargerId(tenant, key): generation for tenant, key, generation in rows}

    async def _release_all(self, releases: Mapping[ChargerId, int]) -> dict[ChargerId, bool]:
        told = {**_columns(releases), "generations": list(releases.values())}
        released = {ChargerId(tenant, key) for tenant, key in await self._link.rows(_RELEASE, told)}
        return {charger: charger in released for charger in releases}

    async def owner(self, charger: ChargerId) -> Owner | None:
        """By the primary key."""
        rows = await self._link.rows(_OWNER, {"tenant": charger.tenant, "charger": charger.key})
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


def _columns(chargers: Iterable[ChargerId]) -> dict[str, object]:
    tenants, keys = [], []
    for charger in chargers:
        tenants.append(charger.tenant)
        keys.append(charger.key)
    return {"tenants": tenants, "chargers": keys}
