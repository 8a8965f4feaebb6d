"""What the follower does about events: fact → what it means for other books."""

from collections.abc import Mapping, Sequence

from application.charging_profiles import heard_transaction_end
from application.reported_settings import heard_variables
from application.reservations import heard_charger, heard_transaction
from domain.chargers.device_model import VariablesReported
from domain.chargers.drivers import ReservationEnded
from domain.chargers.events import StatusReported, TransactionClosed
from domain.charging_profiles import events as charging_profile
from domain.event import Fact
from domain.reservations import events as reservation
from domain.transactions.events import Started, TokenShown
from entrypoints.follower import Reaction

REACTIONS: Mapping[type[Fact], Sequence[Reaction]] = {
    Started: (Reaction(heard_transaction, "reservations"),),
    TokenShown: (Reaction(heard_transaction, "reservations"),),
    ReservationEnded: (Reaction(heard_charger, "reservations"),),
    StatusReported: (Reaction(heard_charger, "reservations"),),
    TransactionClosed: (Reaction(heard_transaction_end, "charging-profiles"),),
    VariablesReported: (Reaction(heard_variables),),
}
"""Each is harmless when it is repeated."""

OPENINGS: Mapping[str, frozenset[str]] = {
    "reservations": frozenset({reservation.Requested.TOPIC}),
    "charging-profiles": frozenset({charging_profile.Wanted.TOPIC, charging_profile.Installed.TOPIC}),
}
"""Kind of book → the facts by which a charger comes to have one."""
