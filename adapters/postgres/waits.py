"""Who has to wait, as rows of `fleet.waits`."""

from adapters.postgres.link import PostgresLink
from application.fleet import Waiting

_PUT = """
    INSERT INTO fleet.waits (name, until, kept_until, note)
    VALUES (%(name)s, clock_timestamp() + make_interval(secs => %(wait_s)s),
        clock_timestamp() + make_interval(secs => %(wait_s)s + %(kept_s)s), %(note)s)
    ON CONFLICT (name) DO UPDATE
    SET (until, kept_until, note) = (excluded.until, excluded.kept_until, excluded.note)
"""
_ALL = """
    SELECT name, extract(epoch FROM until - clock_timestamp())::double precision, note FROM fleet.waits
    WHERE starts_with(name, %(prefix)s) AND kept_until > clock_timestamp()
"""


class PostgresWaits:
    """The port `application.fleet.Waits` on Postgres."""

    def __init__(self, link: PostgresLink) -> None:
        """The tables exist (`fleet_schema.create`)."""
        self._link = link

    async def put(self, name: str, note: str, *, wait_s: float, kept_s: float) -> None:
        """By the database's clock."""
        await self._link.rows(_PUT, {"name": name, "note": note, "wait_s": wait_s, "kept_s": kept_s})

    async def all(self, prefix: str) -> list[Waiting]:
        """What is still kept."""
        return [Waiting(*row) for row in await self._link.rows(_ALL, {"prefix": prefix})]
