"""A read model of one's own: how many cards were shown at each charger on each day, and how many were refused.

zeus rebuild --from-file docs/examples/refused_cards.py
psql "$DATABASE_URL" -c "SELECT * FROM own_refused_cards.refused_cards ORDER BY refused DESC LIMIT 10"
"""

from collections.abc import Iterable

from sqlalchemy import BigInteger, Column, Date, MetaData, Table, Text

from domain.chargers.events import TokenPresented
from domain.event import Fact, Recorded
from projections.read_model import ReadModel
from projections.streams import subject_of
from projections.writes import Increment, Write

METADATA = MetaData()

CARDS = Table(
    "refused_cards",
    METADATA,
    Column("tenant", Text, primary_key=True),
    Column("charger", Text, primary_key=True),
    Column("day", Date, primary_key=True),  # of our clock, UTC
    Column("shown", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
)


class RefusedCards(ReadModel):
    """Cards shown and refused, by charger and day."""

    name, version = "refused_cards", 1
    tables = METADATA
    topics = frozenset((TokenPresented.TOPIC,))

    def project(self, recorded: Recorded[Fact]) -> Iterable[Write]:
        """One more card shown, and perhaps one more refused."""
        event = recorded.event
        assert isinstance(event.fact, TokenPresented)  # noqa: S101 - `topics` names no other
        tenant, charger = subject_of(event.originator_id)
        refused = int(event.fact.verdict != "Accepted")
        key = (tenant, charger, event.told.recorded_at.date())
        return [Increment(CARDS, key, {"shown": 1, "refused": refused})]
