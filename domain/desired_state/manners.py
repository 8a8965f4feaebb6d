"""How a make of charger wants to be treated when it is configured: a small table of what was seen in the field."""

from fnmatch import fnmatchcase

import msgspec


class Manners(msgspec.Struct, frozen=True, kw_only=True):
    """The pace and the traps of a make."""

    pace_s: int = 2
    """Between two writes."""
    answer_within_s: int = 30
    """How long an answer may take."""
    probes: bool = True
    """May lists of measurands be found out by trying?"""
    tethered: bool = False
    """Fixed cable: nothing to unlock, and UnlockConnectorOnEVSideDisconnect is false for good (errata 3.85)."""


_MANNERS: tuple[tuple[str, str, Manners], ...] = (
    ("zjbeny", "bcp-at2n-p*", Manners(answer_within_s=60, tethered=True)),
    # Rapid changes of MeterValuesSampledData time out (firmware 1.0.23 to 1.0.34).
    ("zjbeny", "*", Manners(answer_within_s=60)),
    # Boots again and again when measurands are tried out.
    ("abb*", "*", Manners(probes=False)),
)
"""Vendor, model (globs in lower case; the first that fits counts), manners."""


def manners_of(vendor: str, model: str) -> Manners:
    """The manners of this make; of one we know nothing of, the ordinary ones."""
    for vendors, models, manners in _MANNERS:
        if fnmatchcase(vendor.strip().lower(), vendors) and fnmatchcase(model.strip().lower(), models):
            return manners
    return Manners()
