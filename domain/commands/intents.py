"""Every intent there is, in the words of OCPP 2.x where it has them; `AnyIntent` is their union."""

from typing import TypeAlias

from domain.commands.intent import Intent
from domain.identity import IdToken


class RemoteStart(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Start a transaction for a token (1.6 RemoteStartTransaction, 2.x RequestStartTransaction)."""

    id_token: IdToken
    evse_id: int | None = None
    request_id: int = 0
    """2.x remoteStartId; the transaction that follows carries it."""


class Reset(Intent, frozen=True, kw_only=True, omit_defaults=True):
    """Restart the charger, or one EVSE (2.x)."""

    hard: bool = False
    """1.6 Hard, 2.x Immediate; else Soft, OnIdle."""
    evse_id: int | None = None


AnyIntent: TypeAlias = RemoteStart | Reset
