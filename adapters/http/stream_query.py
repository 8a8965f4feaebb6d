"""What a listener may ask for: the parameters of a stream, which are the filter of a webhook too."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import ClassVar

from pydantic import Field

from adapters.http.problems import Fault, invalid
from adapters.http.route import Query
from adapters.live.places import BEGINNING
from adapters.live.selection import Meter, Selection
from projections.live.types import TYPES

MOST = 200
"""Names in one list."""


class StreamQuery(Query):
    """Lists are separated by commas; filters are combined with AND."""

    type: str = Field(
        "", max_length=2000, description="Names or globs such as `session.*`; empty: all but frames."
    )
    charger: str = Field("", max_length=8000, description="Ids, in any case.")
    connector: str = Field("", max_length=400, description="Numbers of EVSEs; 0 is the charger itself.")
    session: str = Field("", max_length=8000, description="Ids of sessions.")
    meter: Meter = Field(
        "coalesced", description="Readings of a connector once a second at most, `every` one, or `none`."
    )
    after: str | None = Field(
        None,
        max_length=40,
        description=f"The `id` of the last message you had, or `{BEGINNING}`; left out: from now on.",
    )

    NUMBERS: ClassVar[str] = "Numbers, separated by commas."

    def selection(self) -> Selection:
        """What is wanted. Raises a 422 Problem for what there is not."""
        connectors = _list("connector", self.connector)
        if not all(one.isascii() and one.isdigit() and len(one) < 6 for one in connectors):
            raise invalid(Fault("connector", self.NUMBERS))
        return selection_of(
            types=_list("type", self.type),
            chargers=_list("charger", self.charger),
            connectors=frozenset(map(int, connectors)),
            sessions=_list("session", self.session),
            meter=self.meter,
        )


def selection_of(
    *,
    types: Iterable[str],
    chargers: Iterable[str],
    connectors: Iterable[int],
    sessions: Iterable[str],
    meter: Meter,
) -> Selection:
    """A selection of messages that there are. Raises a 422 Problem that names the type that nobody tells."""
    wanted = frozenset(types)
    for one in sorted(wanted):
        if not any(fnmatchcase(kind, one) for kind in TYPES):
            raise invalid(Fault("type", f"There is no message `{one[:60]}`; docs/live.md has the table."))
    return Selection(
        types=wanted,
        chargers=frozenset(one.upper() for one in chargers),
        connectors=frozenset(connectors),
        sessions=frozenset(sessions),
        meter=meter,
    )


def _list(name: str, text: str) -> list[str]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) > MOST:
        raise invalid(Fault(name, f"At most {MOST} of them."))
    return parts
