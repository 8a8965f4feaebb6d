"""Does a 1.6 charger have the security extension (OCA white paper, edition 3)? Only its settings can tell."""

from domain.commands.intent import Abilities

SETTINGS = (
    "SecurityProfile",
    "AdditionalRootCertificateCheck",
    "CertificateSignedMaxChainSize",
    "CertificateStoreMaxLength",
    "CpoName",
)
"""Keys that the extension brings (white paper, appendix); a charger without it has none of them."""


def has_extension(abilities: Abilities) -> bool | None:
    """None where no such setting was told, and not all settings were read."""
    if any(name in abilities.settings for name in SETTINGS):
        return True
    return False if abilities.complete else None
