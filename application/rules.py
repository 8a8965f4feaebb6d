"""The tenant's rules that decisions need, read once from the settings."""

import msgspec

from domain.id_tokens.id_token import TokenPolicy


class Rules(msgspec.Struct, frozen=True):
    """How this tenant wants its chargers treated."""

    heartbeat_s: int = 300
    """The interval told at boot; each charger gets its own within ± 10 %."""
    tokens: TokenPolicy = TokenPolicy()
    signs: bool = False
    """There is an authority that signs certificates of chargers."""
    organisation: str = ""
    """The operator's name, which certificates have to bear (A00.FR.404); empty: any."""
