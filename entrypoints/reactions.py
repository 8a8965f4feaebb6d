"""What the follower does about events: fact → what it means for other books."""

from collections.abc import Mapping, Sequence

from application.alarms import (
    heard_end,
    heard_readings,
    heard_refusal,
    heard_security_event,
    heard_unknown_outcome,
)
from application.charging_profiles import heard_transaction_end
from application.reported_settings import heard_variables
from application.reservations import heard_charger, heard_transaction
from domain.chargers.device_model import VariablesReported
from domain.chargers.drivers import ReservationEnded
from domain.chargers.events import HandshakeRefused, Metered, StatusReported, TransactionClosed
from domain.chargers.security import SecurityEventReported
from domain.commands.events import OutcomeUnknown
from domain.event import Fact
from domain.transactions.events import Ended, Started, TokenShown
from entrypoints.follower import Reaction

REACTIONS: Mapping[type[Fact], Sequence[Reaction]] = {
    Started: (heard_transaction,),
    TokenShown: (heard_transaction,),
    ReservationEnded: (heard_charger,),
    StatusReported: (heard_charger,),
    TransactionClosed: (heard_transaction_end,),
    VariablesReported: (heard_variables,),
    SecurityEventReported: (heard_security_event,),
    HandshakeRefused: (heard_refusal,),
    OutcomeUnknown: (heard_unknown_outcome,),
    Ended: (heard_end,),
    Metered: (heard_readings,),
}
"""Each is harmless when it is repeated."""
