"""From the answer of a charger to our words: did it agree, in which word, and why not?"""

from collections.abc import Mapping
from typing import Any

import msgspec

from domain.commands.intent import Answer, Verdict

AGREEING = frozenset(
    {
        "Accepted",
        "AcceptedCanceled",  # accepted, and an update or upload that was under way is given up
        "RebootRequired",  # accepted, in force after a restart
        "Scheduled",  # accepted, done when transactions have ended
        "Unlocked",
        "Unpublished",
    }
)
"""Every other status is a refusal: Rejected, NotSupported, Occupied, Unknown, NoProfiles …"""


def verdict_of(status: str) -> Verdict:
    """What a status word of any message means."""
    return Verdict.AGREED if status in AGREEING else Verdict.REFUSED


def answered(payload: Mapping[str, Any], result: Mapping[str, Any] | None = None) -> Answer:
    """The answer of a message with a `status`, and a `statusInfo` in 2.x; without a status it is consent."""
    status = payload.get("status", "")
    return Answer(
        verdict=verdict_of(status) if status else Verdict.AGREED,
        status=status,
        reason=reason_of(payload.get("statusInfo")),
        result=dict(result or {}),
    )


def reason_of(info: Mapping[str, Any] | None) -> str:
    """A 2.x statusInfo as `reasonCode additionalInfo`; empty where there is none."""
    if not info:
        return ""
    return f"{info.get('reasonCode', '')} {info.get('additionalInfo', '')}".strip()


def plain(value: Any) -> Any:
    """`value` in JSON's own types: a struct as an object, Decimal (exact, or a long number of a frame) as text."""
    return msgspec.json.decode(msgspec.json.encode(value))
