"""The idTagInfo of 1.6 (§7.27): what a charger is told of a token."""

from collections.abc import Mapping
from typing import Any

from adapters.ocpp.timestamps import write_timestamp
from domain.id_tokens.id_token import Authorization, Verdict

LONGEST = 20
"""1.6 §7.28: an idToken has at most 20 characters."""

STATUS: Mapping[Verdict, str] = {
    Verdict.ACCEPTED: "Accepted",
    Verdict.BLOCKED: "Blocked",
    Verdict.EXPIRED: "Expired",
    Verdict.CONCURRENT: "ConcurrentTx",
    Verdict.UNKNOWN: "Invalid",
    Verdict.EMPTY: "Invalid",
    Verdict.UNPROVEN: "Invalid",
}
"""Our verdict → AuthorizationStatus (1.6 §7.2: Invalid is "identifier is unknown")."""


def id_tag_info(authorization: Authorization) -> dict[str, Any]:
    """`{"status": …}` with `expiryDate` and `parentIdTag` where there are any.

    A group name too long for 1.6 is left out: cut short it would name another token.
    """
    info: dict[str, Any] = {"status": STATUS[authorization.verdict]}
    if authorization.expires_at is not None:
        info["expiryDate"] = write_timestamp(authorization.expires_at)
    if authorization.group and len(authorization.group) <= LONGEST:
        info["parentIdTag"] = authorization.group
    return info
