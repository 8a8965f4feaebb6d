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
    """None where the charger's settings were never read."""
    if not abilities.settings:
        return None
    return any(name in abilities.settings for name in SETTINGS)
