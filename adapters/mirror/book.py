"""How far a mirror has come with each charger, and what it found: the tables `fleet.mirrors` and `fleet.mirror_…`.

The connection holds the mirror's lock: one process at a time says what it has to say.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from adapters.mirror.lane import Found, Snapshot, Tally
from adapters.mirror.numbers import Numbers

_LOCK = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
_OPEN = """
    INSERT INTO fleet.mirrors AS m (tenant, name, url, chargers, position) VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (tenant, name) DO UPDATE SET url = excluded.url, chargers = excluded.chargers
    RETURNING position
"""
_POSITION = "SELECT position FROM fleet.mirrors WHERE tenant = %s AND name = %s"
_REACHED = """
    UPDATE fleet.mirrors SET position = %s, reached_at = clock_timestamp() WHERE tenant = %s AND name = %s
"""
_LANES = """
    SELECT charger, position, tally, numbers, waiting FROM fleet.mirror_chargers
    WHERE tenant = %s AND name = %s ORDER BY charger
"""
_KEEP_LANE = """
    INSERT INTO fleet.mirror_chargers (tenant, name, charger, position, tally, numbers, waiting)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (tenant, name, charger) DO UPDATE SET position = excluded.position, tally = excluded.tally,
        numbers = excluded.numbers, waiting = excluded.waiting
"""
_FOUND = """
    SELECT charger, action, path, times, first_position, last_position, ours, theirs
    FROM fleet.mirror_differences WHERE tenant = %(tenant)s AND name = %(name)s
        AND (%(charger)s::text IS NULL OR charger = %(charger)s)
    ORDER BY charger, action, path
"""
_KEEP_FOUND = """
    INSERT INTO fleet.mirror_differences
        (tenant, name, charger, action, path, times, first_position, last_position, ours, theirs)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (tenant, name, charger, action, path) DO UPDATE SET times = excluded.times,
        last_position = excluded.last_position, ours = excluded.ours, theirs = excluded.theirs
"""
_LIST = "SELECT name, url, chargers, position, reached_at FROM fleet.mirrors WHERE tenant = %s ORDER BY name"
_FORGET = "DELETE FROM fleet.mirrors WHERE tenant = %s AND name = %s"


class MirrorRunning(RuntimeError):
    """Another process runs this mirror; end it first."""


class MirrorUnknown(LookupError):
    """There is no mirror of this name; `zeus mirror list` shows those there are."""


class Kept(NamedTuple):
    """A mirror as the list shows it."""

    name: str
    url: str
    chargers: list[str]
    """Empty: all."""
    position: int
    reached_at: datetime | None


class KeptLane(msgspec.Struct, frozen=True):
    """What is known of a charger in a mirror."""

    charger: str
    position: int
    tally: Tally
    waiting: str


class KeptDifference(msgspec.Struct, frozen=True):
    """How often answers differed at one place."""

    charger: str
    action: str
    """Empty where it is about the connection."""
    path: str
    times: int
    first_position: int
    last_position: int
    ours: str
    theirs: str


class Book:
    """Of one tenant; for one thread."""

    def __init__(self, connection: "psycopg.Connection[Any]", tenant: str) -> None:
        """In autocommit."""
        self._connection = connection
        self._tenant = tenant

    def open(self, name: str, url: str, chargers: Iterable[str], after: int) -> int:
        """The place behind which it goes on; `after` for a new one. Raises MirrorRunning."""
        self._lock(name)
        values = [self._tenant, name, url, sorted(chargers), after]
        row = self._connection.execute(_OPEN, values).fetchone()
        return int(row[0]) if row else after

    def position(self, name: str) -> int | None:
        """The place up to which everything was said; None where there is no such mirror."""
        row = self._connection.execute(_POSITION, [self._tenant, name]).fetchone()
        return None if row is None else int(row[0])

    def keep(self, name: str, lanes: Iterable[Snapshot], position: int) -> None:
        """Write down how far everything is, in one transaction."""
        with self._connection.transaction():
            for lane in lanes:
                self._keep_lane(name, lane)
            self._connection.execute(_REACHED, [position, self._tenant, name])

    def _keep_lane(self, name: str, lane: Snapshot) -> None:
        key = (self._tenant, name, lane.charger)
        tally = Jsonb(msgspec.to_builtins(lane.tally))
        self._connection.execute(_KEEP_LANE, [*key, lane.position, tally, Jsonb(lane.numbers), lane.waiting])
        for (action, path), one in lane.found.items():
            self._connection.execute(_KEEP_FOUND, [*key, action, path, *msgspec.structs.astuple(one)])

    def numbers(self, name: str) -> dict[str, Numbers]:
        """By charger."""
        rows = self._connection.execute(_LANES, [self._tenant, name]).fetchall()
        return {charger: Numbers(map(tuple, pairs)) for charger, _, _, pairs, _ in rows}

    def lanes(self, name: str) -> list[KeptLane]:
        """Its chargers."""
        rows = self._connection.execute(_LANES, [self._tenant, name]).fetchall()
        return [
            KeptLane(charger, position, msgspec.convert(tally, Tally), waiting)
            for charger, position, tally, _, waiting in rows
        ]

    def differences(self, name: str, charger: str | None = None) -> list[KeptDifference]:
        """What differed, of all its chargers or of one. Raises MirrorUnknown."""
        if self.position(name) is None:
            raise MirrorUnknown(name)
        asked = {"tenant": self._tenant, "name": name, "charger": charger}
        with self._connection.cursor(row_factory=class_row(KeptDifference)) as cursor:
            return cursor.execute(_FOUND, asked).fetchall()

    def found(self, name: str) -> dict[str, dict[tuple[str, str], Found]]:
        """The same by charger, as a lane has it."""
        found: dict[str, dict[tuple[str, str], Found]] = {}
        for one in self.differences(name):
            figures = Found(one.times, one.first_position, one.last_position, one.ours, one.theirs)
            found.setdefault(one.charger, {})[one.action, one.path] = figures
        return found

    def all(self) -> list[Kept]:
        """Every mirror of the tenant."""
        return [Kept(*row) for row in self._connection.execute(_LIST, [self._tenant]).fetchall()]

    def let_go(self) -> None:
        """Of what is taken; the server does so too when the connection ends, but a moment later."""
        self._connection.execute("SELECT pg_advisory_unlock_all()")

    def take(self, name: str) -> None:
        """Nobody else runs it, or begins to, as long as the connection lasts. Raises MirrorRunning, MirrorUnknown."""
        self._lock(name)
        if self.position(name) is None:
            raise MirrorUnknown(name)

    def forget(self, name: str) -> None:
        """Everything that was found, and how far it was; it is taken."""
        self._connection.execute(_FORGET, [self._tenant, name])

    def _lock(self, name: str) -> None:
        lock = f"zeus.mirror/{self._tenant}/{name}"
        if self._connection.execute(_LOCK, [lock]).fetchone() != (True,):
            raise MirrorRunning(name)
