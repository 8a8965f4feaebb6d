"""Who may write a read model: session advisory locks, one per read model and place."""

from projections.positions import Place
from projections.read_model import Link

Role = tuple[str, Place]


class Leadership:
    """The roles one connection holds. Postgres frees them when the connection ends, however it ends."""

    def __init__(self, connection: Link) -> None:
        self._connection = connection
        self._held: set[Role] = set()

    def take(self, name: str, place: Place) -> bool:
        """Whether the role is ours now; never waits."""
        if (name, place) in self._held:
            return True
        if self._call("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", (name, place)):
            self._held.add((name, place))
        return (name, place) in self._held

    def keep(self, wanted: set[Role]) -> None:
        """Give back the roles that are not in `wanted`."""
        for role in self._held - wanted:
            self._call("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", role)
            self._held.discard(role)

    def _call(self, statement: str, role: Role) -> bool:
        row = self._connection.execute(
            statement.encode(), [f"zeus read model {role[0]} {role[1]}"]
        ).fetchone()
        return bool(row and row[0])
