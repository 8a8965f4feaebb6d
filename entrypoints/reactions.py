"""What the follower does about events: fact → what it means for other books."""

from collections.abc import Mapping, Sequence

from application.charging_profiles import heard_transaction_end
from application.reported_settings import heard_variables
from application.reservations import heard_charger, heard_transaction
from domain.chargers.device_model import VariablesReported
from domain.chargers.drivers import ReservationEnded
from domain.chargers.events import StatusReported, TransactionClosed
from domain.event import Fact
from domain.transactions.events import Started, TokenShown
from entrypoints.follower import Reaction

REACTIONS: Mapping[type[Fact], Sequence[Reaction]] = {
    Started: (heard_transaction,),
    TokenShown: (heard_transaction,),
    ReservationEnded: (heard_charger,),
    StatusReported: (heard_charger,),
    TransactionClosed: (heard_transaction_end,),
    VariablesReported: (heard_variables,),
}
"""Each is harmless when it is repeated."""
