"""Facts of signed meter values: keys that were registered, and what the records of a session turned out to be."""

from decimal import Decimal

from domain.event import Fact


class MeterKeyRegistered(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A public key of the charger's meter, from the device itself or its papers, never from a message."""

    TOPIC = "meter_key.registered"
    key_id: str
    """Made of the key: 16 hex digits of its SHA-256."""
    key: str
    """Hex: SubjectPublicKeyInfo (DER), or the point alone."""
    curve: str
    meter: str = ""
    """The serial number of the meter, where it was told."""
    note: str = ""


class MeterKeyWithdrawn(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The key counts no more for what ends from now on; sessions that ended before keep it."""

    TOPIC = "meter_key.withdrawn"
    key_id: str
    reason: str = ""


class MeterKeyMissed(Fact, frozen=True, kw_only=True):
    """The signed values of a session fit no registered key: they are judged anew when one is registered."""

    TOPIC = "meter_key.missed"
    transaction: str
    """Its stream."""


class SignedValuesJudged(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The signed meter values of a transaction were verified; a later one takes the place of an earlier."""

    TOPIC = "transaction.signed_values_judged"
    state: str
    """`unverified`, `valid` or `invalid`."""
    reasons: tuple[str, ...] = ()
    energy_wh: Decimal | None = None
    """Of the signed register, exactly; null unless valid. This is what may be billed."""
    begin_wh: Decimal | None = None
    end_wh: Decimal | None = None
    meter: str = ""
    records: int = 0
    key_ids: tuple[str, ...] = ()
