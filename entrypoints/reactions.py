"""What the follower does about events: fact → what it means for other books."""

from collections.abc import Mapping, Sequence

from application.reservations import heard_charger, heard_transaction
from domain.chargers.drivers import ReservationEnded
from domain.chargers.events import StatusReported
from domain.event import Fact
from domain.transactions.events import Started, TokenShown
from entrypoints.follower import Reaction

REACTIONS: Mapping[type[Fact], Sequence[Reaction]] = {
    Started: (heard_transaction,),
    TokenShown: (heard_transaction,),
    ReservationEnded: (heard_charger,),
    StatusReported: (heard_charger,),
}
"""Each is harmless when it is repeated."""
