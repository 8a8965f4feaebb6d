"""What the follower does about events: fact → what it means for other books."""

from collections.abc import Mapping, Sequence

from application.alarms import (
    heard_end,
    heard_lock,
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
from domain.charging_profiles import events as charging_profile
from domain.commands.events import OutcomeUnknown
from domain.event import Fact
from domain.people.events import Locked
from domain.reservations import events as reservation
from domain.transactions.events import Ended, Started, TokenShown
from entrypoints.follower import Reaction

REACTIONS: Mapping[type[Fact], Sequence[Reaction]] = {
    Started: (Reaction(heard_transaction, "reservations"),),
    TokenShown: (Reaction(heard_transaction, "reservations"),),
    ReservationEnded: (Reaction(heard_charger, "reservations"),),
    StatusReported: (Reaction(heard_charger, "reservations"),),
    TransactionClosed: (Reaction(heard_transaction_end, "charging-profiles"),),
    VariablesReported: (Reaction(heard_variables),),
    SecurityEventReported: (Reaction(heard_security_event),),
    HandshakeRefused: (Reaction(heard_refusal),),
    Locked: (Reaction(heard_lock),),
    OutcomeUnknown: (Reaction(heard_unknown_outcome),),
    Ended: (Reaction(heard_end),),
    Metered: (Reaction(heard_readings),),
}
"""Each is harmless when it is repeated."""

OPENINGS: Mapping[str, frozenset[str]] = {
    "reservations": frozenset({reservation.Requested.TOPIC}),
    "charging-profiles": frozenset({charging_profile.Wanted.TOPIC, charging_profile.Installed.TOPIC}),
}
"""Kind of book → the facts by which a charger comes to have one."""
