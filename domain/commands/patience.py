"""How long a charger may take to answer: half a minute, unless the operation is known to be slow."""

from domain.commands.intent import Intent

ANSWER_WITHIN_S = 30
SLOW_S = 90
SLOW = frozenset({"UpdateFirmware", "GetLog", "PublishFirmware", "SendLocalList"})
WRITING_S = 60
WRITING = frozenset({"ChangeSettings", "ChangePassword", "SetNetworkProfile"})
"""Chargers write their flash before they answer; some (Beny) take most of a minute."""


def answer_within_s(intent: Intent) -> int:
    """Seconds from the moment the frame leaves."""
    name = intent.name()
    if name in SLOW:
        return SLOW_S
    return WRITING_S if name in WRITING else ANSWER_WITHIN_S
