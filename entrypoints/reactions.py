"""What the follower does about events: fact → what it means for other books."""

from collections.abc import Mapping, Sequence

from adapters.signatures.ocmf import OcmfSignatures
from application.alarms import (
    heard_certificate,
    heard_end,
    heard_judgement,
    heard_lock,
    heard_mass_commands,
    heard_offline,
    heard_profile_not_taken,
    heard_profile_taken,
    heard_readings,
    heard_refusal,
    heard_return,
    heard_security_event,
    heard_strangers,
    heard_unknown_outcome,
)
from application.asked_numbers import heard_number, heard_request
from application.charging_profiles import heard_transaction_end
from application.reported_settings import heard_variables
from application.reservations import heard_charger, heard_transaction
from application.signed_values import SignedValues
from domain.alarms.events import AlarmRaised
from domain.certificates.events import Issued
from domain.chargers.absence import WentOffline
from domain.chargers.der import DerControlsReported
from domain.chargers.device_model import MonitorsReported, VariablesReported
from domain.chargers.drivers import (
    BatterySwapped,
    CustomerInformationReported,
    DisplayMessagesReported,
    ReservationEnded,
)
from domain.chargers.events import Connected, HandshakeRefused, Metered, StatusReported, TransactionClosed
from domain.chargers.firmware import FirmwarePublicationReported, FirmwareStatusReported, LogUploadReported
from domain.chargers.profile_upgrade import ProfileFellBack, ProfileUpgradeAdopted, ProfileUpgradeEnded
from domain.chargers.security import SecurityEventReported, SignatureRequested
from domain.chargers.smart_charging import ProfilesReported
from domain.charging_profiles import events as charging_profile
from domain.commands.events import OutcomeUnknown, Requested
from domain.event import Fact
from domain.people.events import Locked
from domain.reservations import events as reservation
from domain.safeguards.events import AddressHeld, MassCommandsRefused
from domain.signed_values.events import MeterKeyRegistered, SignedValuesJudged
from domain.transactions.events import Ended, EnergySettled, Started, TokenShown
from entrypoints.follower import Reaction

SIGNED_VALUES = SignedValues(OcmfSignatures())
NAMES_A_NUMBER = Reaction(heard_number)
"""The charger names a request or a reservation: is it its own?"""

REACTIONS: Mapping[type[Fact], Sequence[Reaction]] = {
    Started: (Reaction(heard_transaction, "reservations"), NAMES_A_NUMBER),
    TokenShown: (Reaction(heard_transaction, "reservations"),),
    ReservationEnded: (Reaction(heard_charger, "reservations"), NAMES_A_NUMBER),
    StatusReported: (Reaction(heard_charger, "reservations"),),
    TransactionClosed: (Reaction(heard_transaction_end, "charging-profiles"),),
    VariablesReported: (Reaction(heard_variables), NAMES_A_NUMBER),
    Requested: (Reaction(heard_request),),
    **dict.fromkeys(
        (
            FirmwareStatusReported,
            FirmwarePublicationReported,
            LogUploadReported,
            SignatureRequested,
            MonitorsReported,
            DisplayMessagesReported,
            CustomerInformationReported,
            BatterySwapped,
            ProfilesReported,
            DerControlsReported,
        ),
        (NAMES_A_NUMBER,),
    ),
    SecurityEventReported: (Reaction(heard_security_event),),
    HandshakeRefused: (Reaction(heard_refusal),),
    WentOffline: (Reaction(heard_offline),),
    Connected: (Reaction(heard_return, "alarms"),),
    AddressHeld: (Reaction(heard_strangers),),
    MassCommandsRefused: (Reaction(heard_mass_commands),),
    Locked: (Reaction(heard_lock),),
    OutcomeUnknown: (Reaction(heard_unknown_outcome),),
    Issued: (Reaction(heard_certificate),),
    ProfileFellBack: (Reaction(heard_profile_not_taken),),
    ProfileUpgradeAdopted: (Reaction(heard_profile_taken),),
    ProfileUpgradeEnded: (Reaction(heard_profile_not_taken),),
    Ended: (Reaction(heard_end),),
    Metered: (Reaction(heard_readings),),
    EnergySettled: (Reaction(SIGNED_VALUES.heard_settled),),
    MeterKeyRegistered: (Reaction(SIGNED_VALUES.heard_key),),
    SignedValuesJudged: (Reaction(heard_judgement),),
}
"""Each is harmless when it is repeated."""

OPENINGS: Mapping[str, frozenset[str]] = {
    "alarms": frozenset({AlarmRaised.TOPIC}),
    "reservations": frozenset({reservation.Requested.TOPIC}),
    "charging-profiles": frozenset({charging_profile.Wanted.TOPIC, charging_profile.Installed.TOPIC}),
}
"""Kind of book → the facts by which a charger comes to have one."""
