"""Facts about the charging profiles we want a charger to have, and those it took, refused and dropped.

They stand on `charging-profiles/<tenant>/<CPID>`. What a charger reports of its own accord stands on its stream.
"""

from enum import StrEnum

from domain.charging_profiles.profile import ChargingProfile
from domain.event import Fact


class Origin(StrEnum):
    """Who wants it."""

    OPERATOR = "operator"
    DLM = "dlm"
    """Dynamic load management."""
    TARIFF = "tariff"


class Ending(StrEnum):
    """Why a profile is over without anybody's word."""

    TRANSACTION_ENDED = "transaction_ended"
    """A TxProfile ceases with its transaction; the charger drops it by itself (1.6 §3.13.1)."""
    EXPIRED = "expired"
    """`valid_to` has passed; the charger may still hold it, and it takes up room."""


class Wanted(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger is to have this profile from now on."""

    TOPIC = "charging_profile.wanted"
    profile: ChargingProfile
    evse_id: int
    """0: the charger itself, or (TxDefaultProfile) each of its EVSEs."""
    origin: Origin = Origin.OPERATOR


class Installed(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger took this profile, or held it already when it was wanted again."""

    TOPIC = "charging_profile.installed"
    profile: ChargingProfile
    evse_id: int
    command: str = ""
    """The command it was sent with; empty where it held it already."""
    outdated: bool = False
    """By now it is not wanted any more, or not like that."""
    plain: bool = False
    """Somebody sent it without wanting it for good: it is left there until somebody wants it gone."""


class Refused(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger did not take the profile that is wanted."""

    TOPIC = "charging_profile.refused"
    profile_id: int
    status: str
    """Its own word, such as `Rejected` or `NotSupported`."""
    reason: str = ""
    command: str = ""


class Withdrawn(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Nobody wants the profile any more, or one that was never wanted for good is wanted gone."""

    TOPIC = "charging_profile.withdrawn"
    profile_id: int
    replaced_by: int | None = None
    """The profile that is wanted in its place."""


class Cleared(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger no longer holds a profile that nobody wants."""

    TOPIC = "charging_profile.cleared"
    profile_id: int
    command: str = ""
    replaced_by: int | None = None
    """The profile it took in its place."""


class ClearingRefused(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger cannot drop a profile: it is asked no more until somebody wants it gone anew."""

    TOPIC = "charging_profile.clearing_refused"
    profile_id: int
    status: str
    """The code of its error, or `NotPossible` where its version of OCPP has no words for it."""
    reason: str = ""
    command: str = ""


class Lapsed(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The profile is over by itself."""

    TOPIC = "charging_profile.lapsed"
    profile_id: int
    why: Ending


class Lost(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The charger does not hold a profile that is wanted, nor an older one of its id: it is installed anew."""

    TOPIC = "charging_profile.lost"
    profile_id: int
    command: str = ""
    """The command by which that became known, where it was one."""
