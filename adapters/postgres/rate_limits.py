"""Leaky buckets in `fleet.rate_limits`, one statement a request (the generic cell rate algorithm)."""

from adapters.postgres.link import PostgresLink
from application.fleet import check_rate

# `empty_at` is when everything taken so far will have leaked out. A refused request leaves it as it was.
# The clock is read once, after the row is locked.
_TAKE = """
    INSERT INTO fleet.rate_limits AS l (name, empty_at, wait_s)
    VALUES (%(name)s, clock_timestamp() + make_interval(secs => %(cost_s)s), 0)
    ON CONFLICT (name) DO UPDATE SET (empty_at, wait_s) = (
        SELECT CASE WHEN missing_s > 0 THEN l.empty_at ELSE later.empty_at END, greatest(missing_s, 0)
        FROM (SELECT clock_timestamp() AS now) AS clock,
            LATERAL (
                SELECT greatest(l.empty_at, now) + make_interval(secs => %(cost_s)s) AS empty_at
            ) AS later,
            LATERAL (
                SELECT extract(epoch FROM later.empty_at - now)::double precision - %(burst_s)s AS missing_s
            ) AS need
    )
    RETURNING wait_s
"""


class PostgresRateLimits:
    """The port `application.fleet.RateLimits` on Postgres."""

    def __init__(self, link: PostgresLink) -> None:
        """The tables exist (`fleet_schema.create`)."""
        self._link = link

    async def take(self, name: str, *, per_s: float, burst: int, cost: int = 1) -> float:
        """By the database's clock."""
        check_rate(per_s, burst, cost)
        asked = {"name": name, "cost_s": cost / per_s, "burst_s": burst / per_s}
        [(wait_s,)] = await self._link.rows(_TAKE, {**asked})
        return float(wait_s)
