"""Refusals in 2.x: the status of the message's own list, and why in the specification's words."""

from typing import Any

UNSUPPORTED = "UnsupportedRequest"
"""2.x appendix, reason codes: "This request is not supported"."""


def refusal(status: str, words: str) -> dict[str, Any]:
    """A payload with that status and the reason; `words` are for whoever reads the charger's log."""
    return {"status": status, "statusInfo": {"reasonCode": UNSUPPORTED, "additionalInfo": words}}
